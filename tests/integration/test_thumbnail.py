"""The thumbnail function's real handler on moto, with a picture host on loopback and the events of ``events/``."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

import make_thumbnail.handler
from integration.conftest import Aws, Context
from postkeep.aws.dynamodb import DynamoPictures, DynamoPosts
from postkeep.messages import ThumbnailRequest
from postkeep.post import Picture, PictureStatus
from support.posts import a_post
from support.template import ROOT
from unit.thumbnail.picture_host import PictureHost, answer

POST = a_post("river/_posts/2019-07-08-活字的重量.md")


def event(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text("utf-8"))
    return loaded


def requests(name: str) -> list[ThumbnailRequest]:
    return [ThumbnailRequest.decode(record["body"]) for record in event(name)["Records"]]


def handle(name: str) -> list[str]:
    context: Any = Context()
    answered = make_thumbnail.handler.handler(event(name), context)
    return [failure["itemIdentifier"] for failure in answered["batchItemFailures"]]


def pictures() -> dict[str, Picture]:
    return {picture.address.rpartition("/")[2]: picture for picture in DynamoPictures("posts").of_post(POST.id)}


@pytest.fixture
def host(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[PictureHost]:
    """The pictures' host, known to the function, and a post whose pictures the events ask for."""
    del aws
    running = PictureHost()
    file = io.BytesIO()
    Image.new("RGB", (1_000, 500), "red").save(file, "JPEG")
    running.scripts = {"/movable-type.jpg": answer(file.getvalue()), "/gone.jpg": answer(status="410 Gone")}
    monkeypatch.setenv("POSTKEEP_PICTURE_HOSTS", json.dumps({"pictures.postkeep.example": running.origin}))
    DynamoPosts("posts").offer(POST)
    asked = requests("thumbnail-batch")
    DynamoPictures("posts").arrange(POST.id, add=[Picture(id=r.picture_id, address=r.address) for r in asked], remove=[])
    yield running
    running.close()


def test_a_batch(aws: Aws, host: PictureHost) -> None:
    assert handle("thumbnail-batch") == []
    found = pictures()
    done, gone = found["movable-type.jpg"], found["gone.jpg"]
    assert (done.status, done.width, done.height) == (PictureStatus.READY, 1_000, 500)
    assert [(t.format, t.width, t.height) for t in done.thumbnails] == [
        ("webp", 320, 160),
        ("webp", 640, 320),
        ("webp", 1000, 500),
        ("jpeg", 640, 320),
    ]
    for thumbnail in done.thumbnails:
        stored = aws.s3.get_object(Bucket=aws.archive, Key=thumbnail.object_key)
        assert stored["ContentType"] == f"image/{thumbnail.format}"
        assert stored["CacheControl"] == "public, max-age=31536000, immutable"
        assert Image.open(io.BytesIO(stored["Body"].read())).size == (thumbnail.width, thumbnail.height)
    assert (gone.status, gone.reason, gone.attempts) == (PictureStatus.FAILED, "gone", 1)
    assert host.field("Referer") == requests("thumbnail-batch")[0].referer
    assert DynamoPosts("posts").get(POST.id) == POST


def test_a_batch_that_comes_twice(aws: Aws, host: PictureHost) -> None:
    handle("thumbnail-batch")
    before = pictures()["movable-type.jpg"]
    assert handle("thumbnail-batch") == []
    assert pictures()["movable-type.jpg"] == before
    assert sum(request.startswith("GET /movable-type.jpg") for request in host.requests) == 1


def test_only_what_has_no_outcome_is_received_again(aws: Aws, host: PictureHost) -> None:
    invalid = [record["messageId"] for record in event("thumbnail-partial")["Records"][1:]]
    assert handle("thumbnail-partial") == invalid
    assert pictures()["movable-type.jpg"].status is PictureStatus.READY
    assert pictures()["gone.jpg"].status is PictureStatus.PENDING


def test_a_host_that_is_busy_is_put_off_and_acknowledged(aws: Aws, host: PictureHost) -> None:
    host.scripts["/movable-type.jpg"] = answer(status="503 Service Unavailable", Retry_After="7200")
    assert handle("thumbnail-batch") == []
    waiting = pictures()["movable-type.jpg"]
    assert (waiting.status, waiting.reason, waiting.attempts) == (PictureStatus.WAITING, "server-error", 1)
    assert waiting.next_try is not None


def test_pictures_of_a_deleted_post_are_acknowledged(aws: Aws, host: PictureHost) -> None:
    DynamoPictures("posts").arrange(POST.id, add=[], remove=pictures().values())
    assert handle("thumbnail-batch") == []
    assert not host.requests
    assert "Contents" not in aws.s3.list_objects_v2(Bucket=aws.archive)


@pytest.mark.filterwarnings("ignore:No application metrics")
def test_a_failure_of_aws_is_no_outcome(aws: Aws, host: PictureHost) -> None:
    aws.s3.delete_bucket(Bucket=aws.archive)
    failed = handle("thumbnail-batch")
    assert failed == [record["messageId"] for record in event("thumbnail-batch")["Records"]]
    assert pictures()["movable-type.jpg"] == Picture(
        id=pictures()["movable-type.jpg"].id, address=requests("thumbnail-batch")[0].address
    )


def test_the_events_are_what_the_examples_lead_to() -> None:
    asked = requests("thumbnail-batch")
    assert {request.post_id for request in asked} == {POST.id}
    text = (ROOT / "examples" / "posts" / POST.key).read_text("utf-8")
    for request in asked:
        assert request.address in text or request.address.removeprefix("https://").replace("/", "%2F") in text
        assert request.referer in text


def test_without_the_setting_no_host_is_exempt(aws: Aws, host: PictureHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POSTKEEP_PICTURE_HOSTS")
    address = "http://127.0.0.1/a.jpg"
    (first, *_) = requests("thumbnail-batch")
    DynamoPictures("posts").arrange(POST.id, add=[Picture(id=first.picture_id, address=address)], remove=[])
    picture = make_thumbnail.handler.wiring()(first)
    assert (picture.status, picture.reason) == (PictureStatus.FAILED, "address-not-public")
    assert not host.requests
