"""Taking a post down, with the real handlers on moto."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

import parse_post.handler
import render_post.handler
import search_posts.handler
import search_posts.index_handler
from integration.conftest import Aws, Context, s3_event, sqs_event
from postkeep.aws.dynamodb import DynamoPictures, DynamoPosts
from postkeep.aws.s3 import Bucket
from postkeep.aws.sqs import SqsQueue
from postkeep.messages import ThumbnailRequest
from postkeep.ports import RecordChecker
from postkeep.post import Original, PictureStatus, Status, Thumbnail, post_id
from postkeep.thumbnails import folder, made_key, original_key, source_key
from postkeep_local.operations import purge as module
from postkeep_local.operations.purge import NotFound, Purge, Unfinished
from search_posts.engines import Tantivy
from search_posts.merging import Merging
from search_posts.store import SEGMENTS, IndexStore
from search_posts.working import scratch
from support.posts import EPOCH

KEY = "tea/_posts/a b+c%20\u3000🍵#?.md"
NEIGHBOUR = KEY + ".md"
OTHER = "tea/_posts/other.md"
SHARED, OWN = Thumbnail(folder("a" * 64) + "320.webp", 320, 200, 9), Thumbnail(folder("b" * 64) + "320.webp", 320, 200, 9)
OLD = Thumbnail("c" * 64 + ".webp", 320, 200, 9)
"""As thumbnails were named before there were other formats."""


class Parse:
    """RecordChecker: parse's and render's handlers, at once."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws

    def check(self, keys: Sequence[str]) -> None:
        for key in keys:
            parse_post.handler.handler(s3_event(self.aws.posts, key, None), Context())
        self.render()

    def render(self) -> None:
        if messages := self.aws.messages(self.aws.render_queue):
            render_post.handler.handler(sqs_event(messages), Context())


def purge(aws: Aws, parse: RecordChecker | None = None, **changes: Any) -> Purge:
    return replace(
        Purge(
            aws.s3,
            aws.dynamodb,
            aws.posts,
            aws.archive,
            aws.table,
            parse or Parse(aws),
            SqsQueue(aws.thumbnail_queue),
            Merging(IndexStore(Bucket(aws.archive), lambda: uuid4().hex), Tantivy(), lambda: EPOCH, scratch).forget,
        ),
        **changes,
    )


def drop(aws: Aws, key: str, text: str, number: int) -> None:
    aws.put(key, f"---\ntitle: 茶\n---\n<p>{text}</p><img src='https://p.example/1.jpg'><img src='https://p.example/{text}.jpg'>")
    parse_post.handler.handler(s3_event(aws.posts, key, f"{number:X}"), Context())
    Parse(aws).render()


def finish_pictures(aws: Aws, key: str, *thumbnails: Thumbnail) -> None:
    """Have each of a post's pictures fetched."""
    pictures = DynamoPictures(aws.table, aws.dynamodb)
    for picture in pictures.of_post(post_id(key)):
        original = Original(sha256=thumbnails[-1].name[:64], bytes=9, kind="jpeg", fetched=EPOCH)
        ready = replace(picture, status=PictureStatus.READY, thumbnails=thumbnails, original=original)
        pictures.record(post_id(key), ready)
        put(aws, source_key(picture.address), original_key(original.sha256))
    for thumbnail in thumbnails:
        put(aws, thumbnail.object_key, made_key(thumbnail.name[:67]))


def put(aws: Aws, *keys: str) -> None:
    for key in keys:
        aws.s3.put_object(Bucket=aws.archive, Key=key, Body=b"x")


@pytest.fixture
def archive(aws: Aws) -> Aws:
    for n, key in enumerate([KEY, NEIGHBOUR, OTHER], start=1):
        drop(aws, key, f"text {n}", n)
    drop(aws, KEY, "edited", 4)
    finish_pictures(aws, KEY, OLD, SHARED, OWN)
    finish_pictures(aws, OTHER, SHARED)
    return aws


def objects(aws: Aws) -> set[str]:
    return {entry["Key"] for entry in aws.s3.list_objects_v2(Bucket=aws.archive).get("Contents", [])}


def versions(aws: Aws) -> list[str]:
    answer = aws.s3.list_object_versions(Bucket=aws.posts)
    return [entry["Key"] for entry in [*answer.get("Versions", []), *answer.get("DeleteMarkers", [])]]


@pytest.mark.parametrize("name", [KEY, post_id(KEY)])
def test_a_survey_says_what_there_is(archive: Aws, name: str) -> None:
    archive.s3.delete_object(Bucket=archive.posts, Key=KEY)
    remains = purge(archive).survey(name)
    assert (remains.key, remains.title, remains.status) == (KEY, "茶", Status.READY)
    assert (len(remains.versions), len(remains.pictures)) == (3, 2)
    assert remains.thumbnails == {SHARED.name, OWN.name, OLD.name}
    assert remains.bytes > 100


def test_nothing_remains_but_the_tombstone(archive: Aws) -> None:
    case = purge(archive)
    purged = case(case.survey(KEY))
    assert (purged.versions, purged.thumbnails) == (2, 2)
    assert sorted(versions(archive)) == sorted([NEIGHBOUR, OTHER])
    post = DynamoPosts(archive.table, archive.dynamodb).get(post_id(KEY))
    assert post is not None
    assert (post.status, post.settled, post.metadata.title, post.leftovers) == (Status.DELETED, True, "", ())
    assert DynamoPictures(archive.table, archive.dynamodb).of_post(post_id(KEY)) == []
    kept = objects(archive)
    assert SHARED.object_key in kept
    assert made_key(folder("a" * 64)) in kept
    assert kept.isdisjoint({OWN.object_key, OLD.object_key, made_key(folder("b" * 64)), original_key("b" * 64)})
    assert source_key("https://p.example/edited.jpg") not in kept
    assert not [key for key in kept if post_id(KEY) in key]
    assert len([key for key in kept if key.startswith("renditions/")]) == 2
    # Again, it is done already.
    assert case(case.survey(post_id(KEY))).versions == 0


def test_a_thumbnail_that_comes_to_be_used_meanwhile_is_made_again(archive: Aws) -> None:
    case = purge(archive)
    remains = case.survey(KEY)

    deleting = archive.s3.delete_objects
    pictures = DynamoPictures(archive.table, archive.dynamodb)

    def delete(**request: Any) -> Any:
        answer = deleting(**request)
        if any(entry["Key"] == OWN.object_key for entry in request["Delete"]["Objects"]):
            finish_pictures(archive, NEIGHBOUR, OWN)
            deleting(**request)
        return answer

    archive.messages(archive.thumbnail_queue)
    archive.s3.delete_objects = delete
    try:
        case(remains)
    finally:
        archive.s3.delete_objects = deleting
    found = pictures.of_post(post_id(NEIGHBOUR))
    assert {(picture.status, picture.thumbnails) for picture in found} == {(PictureStatus.PENDING, ())}
    requests = [ThumbnailRequest.decode(message["Body"]) for message in archive.messages(archive.thumbnail_queue)]
    assert {request.picture_id for request in requests} == {picture.id for picture in found}


def test_a_picture_that_is_gone_by_then_is_left_alone(archive: Aws) -> None:
    case = purge(archive)
    case._make_again(post_id(OTHER), "00000001-0001#none")
    case._make_again("nobody", "00000001-0001#none")
    (picture, *_) = DynamoPictures(archive.table, archive.dynamodb).of_post(post_id(OTHER))
    assert picture.status is PictureStatus.READY


def test_an_object_without_a_record_is_taken_down(archive: Aws) -> None:
    archive.put("new.md", "x")
    case = purge(archive)
    remains = case.survey("new.md")
    assert (remains.status, remains.title, remains.pictures) == (None, "", ())
    assert case(remains).versions == 1
    assert "new.md" not in versions(archive)


@pytest.mark.parametrize("name", ["none.md", "a" * 26, "", "notes.htm", "茶"])
def test_what_is_not_there_is_not_found(archive: Aws, name: str) -> None:
    with pytest.raises(NotFound):
        purge(archive).survey(name)


class Deaf:
    """Parse that never does anything."""

    def check(self, keys: Sequence[str]) -> None:
        del keys


def test_a_tombstone_that_does_not_come_is_waited_for_so_long_and_no_longer(archive: Aws) -> None:
    time = [0.0]

    def sleep(seconds: float) -> None:
        time[0] += seconds

    case = purge(archive, Deaf(), now=lambda: time[0], sleep=sleep)
    with pytest.raises(Unfinished, match="still ready after 180 s"):
        case(case.survey(KEY))
    assert 180 < time[0] < 182


def test_an_object_that_is_written_all_the_time_is_given_up(archive: Aws) -> None:
    case = purge(archive)
    remains = case.survey(KEY)
    deleting = archive.s3.delete_object

    def delete(**request: Any) -> Any:
        answer = deleting(**request)
        archive.put(KEY, "again")
        return answer

    archive.s3.delete_object = delete
    try:
        with pytest.raises(Unfinished, match="keeps writing"):
            case(remains)
    finally:
        archive.s3.delete_object = deleting


@pytest.mark.parametrize("deleted", [False, True])
def test_no_earlier_version_is_the_post_meanwhile(archive: Aws, monkeypatch: pytest.MonkeyPatch, *, deleted: bool) -> None:
    archive.put(KEY, "---\ntitle: the last\n---\nlast")
    if deleted:
        archive.s3.delete_object(Bucket=archive.posts, Key=KEY)
    current = {"deleted"} if deleted else {"---\ntitle: the last\n---\nlast"}
    case, seen = purge(archive), set()
    remains = case.survey(KEY)
    deleting = archive.s3.delete_object

    def delete(**request: Any) -> Any:
        answer = deleting(**request)
        try:
            seen.add(archive.s3.get_object(Bucket=archive.posts, Key=KEY)["Body"].read().decode())
        except archive.s3.exceptions.NoSuchKey:
            seen.add("deleted")
        return answer

    monkeypatch.setattr(archive.s3, "delete_object", delete)
    case(remains)
    assert seen == current | {"deleted"}
    assert KEY not in versions(archive)


def test_versions_are_found_on_every_page(archive: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAGE", 7)
    case = purge(archive)
    for n in range(30):
        archive.put("many.md", str(n))
        if n == 0:
            archive.put("many.md.md", "x")
    remains = case.survey("many.md")
    assert len(remains.versions) == 30


def test_the_search_index_forgets_it(archive: Aws) -> None:
    messages = sqs_event(archive.messages(archive.index_queue))
    assert search_posts.index_handler.handler(messages, Context()) == {"batchItemFailures": []}
    assert len([key for key in objects(archive) if key.startswith(SEGMENTS)]) == 1
    case = purge(archive)
    assert case(case.survey(KEY)).segments == 1
    titles = [document.post_id for document in search_posts.handler.wiring().open().index.documents()]
    assert sorted(titles) == sorted([post_id(NEIGHBOUR), post_id(OTHER)])
    assert len([key for key in objects(archive) if key.startswith(SEGMENTS)]) == 1
