"""Pictures asked for again, with the real handler of retry and what the command line does, on moto."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

import retry_pictures.handler
from integration.conftest import Aws, Context
from postkeep import correlation
from postkeep.aws.due import DynamoDuePictures
from postkeep.aws.dynamodb import DynamoListings, DynamoPictures, DynamoPosts
from postkeep.aws.sqs import SqsQueue
from postkeep.errors import SendFailed
from postkeep.messages import ThumbnailRequest
from postkeep.ports import DuePicture, Queue
from postkeep.post import Picture, PictureStatus, Post, Rendition, Status, picture_id
from postkeep_local.operations import retry as operations
from postkeep_local.operations.retry import Asked, PictureRetry, Selection, groups
from retry_pictures.pacing import Pacing
from retry_pictures.retrying import Retrying, Swept, silence
from support.logs import captured
from support.metering import Meter
from support.posts import a_post
from support.template import ROOT, table_definition

POST = a_post(status=Status.READY, rendition=Rendition("renditions/x/1.json", 1, 100, 2))
NOW = datetime.now(UTC).replace(microsecond=0)


def picture(n: int = 1, host: str = "p.example", **changes: Any) -> Picture:
    address = f"https://{host}/{n}.jpg"
    waiting = Picture(
        id=picture_id(address),
        address=address,
        edition=POST.edition,
        status=PictureStatus.WAITING,
        reason="timeout",
        attempts=1,
        next_try=NOW - timedelta(minutes=n),
    )
    return replace(waiting, **changes)


def failed(n: int = 1, host: str = "p.example", reason: str = "gave-up", **changes: Any) -> Picture:
    return picture(n, host, **{"status": PictureStatus.FAILED, "reason": reason, "attempts": 6, "next_try": None, **changes})


def have(*pictures: Picture, post: Post = POST) -> None:
    if DynamoPosts("posts").get(post.id) is None:
        DynamoPosts("posts").offer(post)
    DynamoPictures("posts").arrange(post.id, add=pictures, remove=[])


def there() -> dict[str, Picture]:
    return {one.id: one for one in DynamoPictures("posts").of_post(POST.id)}


def handle() -> dict[str, int]:
    context: Any = Context()
    event = json.loads((ROOT / "events" / "retry-scheduled.json").read_text("utf-8"))
    answer: dict[str, int] = retry_pictures.handler.handler(event, context)
    return answer


def asked(aws: Aws) -> list[str]:
    """The addresses of the pictures that are asked for without delay."""
    return [ThumbnailRequest.decode(message["Body"]).address for message in aws.messages(aws.thumbnail_queue)]


def delayed(aws: Aws) -> int:
    name = "ApproximateNumberOfMessagesDelayed"
    return int(aws.sqs.get_queue_attributes(QueueUrl=aws.thumbnail_queue, AttributeNames=[name])["Attributes"][name])


# ---- The scheduled sweep ----


def test_what_is_due_is_sent_and_marked_once(aws: Aws) -> None:
    later = picture(3, next_try=NOW + timedelta(hours=1))
    have(picture(1), picture(2, "other.example"), later)
    assert handle() == {"sent": 2, "silent": 0, "put_off": 0, "given_up": 0, "waiting": 3}
    assert sorted(asked(aws)) == ["https://other.example/2.jpg", "https://p.example/1.jpg"]
    found = there()
    assert found[later.id] == later
    marked = found[picture(1).id]
    assert (marked.status, marked.attempts) == (PictureStatus.PENDING, 1)
    assert marked.next_try is not None
    assert NOW + silence(1) <= marked.next_try <= datetime.now(UTC) + silence(1)
    assert handle()["sent"] == 0
    assert asked(aws) == []


def test_pictures_of_one_host_are_delayed(aws: Aws) -> None:
    have(*[picture(n) for n in range(1, 6)])
    assert handle()["sent"] == 5
    assert (len(asked(aws)), delayed(aws)) == (1, 4)


def test_metrics_and_logs_tell_of_it(aws: Aws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    silent = picture(3, status=PictureStatus.PENDING, attempts=5, reason="")
    have(picture(1), picture(2, next_try=NOW + timedelta(hours=1)))
    with captured(monkeypatch) as logged:
        handle()
        have(silent)
        handle()
    cause = f"retry-{Context.aws_request_id}"
    first, given_up = logged.values(message="due", post_id=POST.id, correlation_id=cause, step="retry")
    assert first.items() >= {"picture_id": picture(1).id, "outcome": "sent", "reason": "timeout", "tries": 1}.items()
    assert given_up.items() >= {"picture_id": silent.id, "outcome": "given-up", "reason": "pending"}.items()
    assert [line["sent"] for line in logged.values(message="swept")] == [1, 0]
    (message,) = aws.messages(aws.thumbnail_queue)
    assert correlation.of_attributes(message["MessageAttributes"]) == cause
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    metrics, _ = [line for line in lines if "_aws" in line]
    assert {name: metrics[name] for name in metrics if name.startswith("Pictures")} == {
        "PicturesSentAgain": [1.0],
        "PicturesUnheard": [0.0],
        "PicturesGivenUp": [0.0],
        "PicturesWaiting": [2.0],
    }


def test_fetching_may_be_off(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    have(picture(1))
    monkeypatch.setenv("FETCH_PICTURES", "false")
    assert (handle()["sent"], asked(aws)) == (0, [])


class Dying:
    """A queue after which the function ends, before it marks anything."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue

    def send(self, bodies: Any, *, delays: Any = ()) -> None:
        self.queue.send(bodies, delays=delays)
        raise KeyboardInterrupt


def test_dying_between_message_and_mark_repeats_the_message_alone(aws: Aws) -> None:
    have(picture(1))
    parts = DynamoDuePictures("posts"), DynamoListings("posts")
    queue = SqsQueue(aws.thumbnail_queue)
    with pytest.raises(KeyboardInterrupt):
        Retrying(*parts, Dying(queue), fetch_pictures=True, now=lambda: NOW)()
    assert there() == {picture(1).id: picture(1)}
    assert Retrying(*parts, queue, fetch_pictures=True, now=lambda: NOW)() == Swept(sent=1, waiting=1)
    assert asked(aws) == ["https://p.example/1.jpg"] * 2


def test_calls_a_picture(aws: Aws) -> None:
    """Two queries, two batches and a message for up to a hundred pictures or ten, and a write each."""
    have(*[picture(n, f"h{n}.example") for n in range(1, 31)])
    retry_pictures.handler.wiring.cache_clear()
    boto3.setup_default_session()
    session = boto3.DEFAULT_SESSION
    assert session is not None
    meter = Meter({aws.table: table_definition()}, aws.dynamodb)
    meter.watch(session.events)
    with meter.part("retry") as part:
        assert handle()["sent"] == 30
    boto3.setup_default_session()
    assert part.calls == {
        "dynamodb.Query": 2,
        "dynamodb.BatchGetItem": 2,
        "sqs.SendMessageBatch": 3,
        "dynamodb.PutItem": 30,
    }


# ---- The command line ----


@pytest.fixture
def case(aws: Aws) -> PictureRetry:
    return PictureRetry(aws.dynamodb, aws.table, SqsQueue(aws.thumbnail_queue), now=lambda: NOW)


def quiet(*_: int) -> None:
    return


def select(case: PictureRetry, **conditions: Any) -> set[str]:
    return {due.picture.id for due in case.survey(Selection(**conditions), told=quiet)}


def all_of(case: PictureRetry, found: list[DuePicture]) -> Asked:
    total = Asked()
    for some in case(found):
        total = Asked(total.sent + some.sent, total.later + some.later, total.passed_over + some.passed_over)
    return total


def test_pictures_are_selected(case: PictureRetry) -> None:
    gone, gave_up, elsewhere = failed(1, reason="gone"), failed(2), failed(3, "Other.example")
    waiting = picture(4)
    fresh = picture(5, status=PictureStatus.PENDING, next_try=None)
    unheard = picture(6, status=PictureStatus.PENDING)
    under_way = picture(7, status=PictureStatus.PENDING, next_try=NOW + timedelta(hours=1))
    done, skipped = picture(8, status=PictureStatus.READY), picture(9, status=PictureStatus.SKIPPED, next_try=None)
    have(gone, gave_up, elsewhere, waiting, fresh, unheard, under_way, done, skipped)
    other = a_post("other.md")
    have(failed(1, reason="gone"), post=other)
    assert select(case) == {gone.id, gave_up.id, elsewhere.id}
    assert select(case, reasons=frozenset({"gone", "not-found"})) == {gone.id}
    assert select(case, host="other.example") == {elsewhere.id}
    assert select(case, host="other.example", reasons=frozenset({"gone"})) == set()
    assert select(case, status=PictureStatus.WAITING) == {waiting.id}
    assert select(case, status=PictureStatus.PENDING) == {fresh.id, unheard.id}
    assert select(case, status=PictureStatus.SKIPPED) == {skipped.id}
    assert select(case, post=POST.id) == {gone.id, gave_up.id, elsewhere.id}
    assert select(case, post="no such post") == set()
    assert len(select(case, limit=2)) == 2
    found = case.survey(Selection(), told=quiet)
    assert sorted(due.post_id for due in found) == sorted([POST.id] * 3 + [other.id])
    assert groups(found) == [("gone", "p.example", 2), ("gave-up", "other.example", 1), ("gave-up", "p.example", 1)]


def test_a_survey_says_how_far_it_is_and_ends_at_its_limit(case: PictureRetry, monkeypatch: pytest.MonkeyPatch) -> None:
    have(*[failed(n) for n in range(3)])
    pages = list(case._pages(Selection()))
    monkeypatch.setattr(PictureRetry, "_pages", lambda *_: iter(pages * 3))
    told: list[tuple[int, int]] = []
    assert len(case.survey(Selection(limit=5), told=lambda *numbers: told.append(numbers))) == 5
    assert told == [(3, 3), (6, 6)]


def test_failed_pictures_are_asked_for_as_if_untried(aws: Aws, case: PictureRetry) -> None:
    have(failed(1), failed(2), failed(3, "other.example"))
    assert all_of(case, case.survey(Selection(), told=quiet)) == Asked(sent=3)
    assert (len(asked(aws)), delayed(aws)) == (2, 1)
    assert {(one.status, one.attempts) for one in there().values()} == {(PictureStatus.PENDING, 0)}
    # Should a message be lost, the sweep asks for the picture when its time is over.
    assert DynamoDuePictures("posts").number() == 3
    assert case.survey(Selection(), told=quiet) == []
    assert case.survey(Selection(status=PictureStatus.PENDING), told=quiet) == []


def test_those_whose_turn_is_far_off_are_left_to_the_sweep(aws: Aws, case: PictureRetry) -> None:
    have(*[failed(n) for n in range(200)])
    assert all_of(case, case.survey(Selection(), told=quiet)) == Asked(sent=181, later=19)
    left = [one for one in there().values() if one.status is PictureStatus.WAITING]
    assert (len(left), {one.attempts for one in left}) == (19, {0})
    assert min(one.next_try or NOW for one in left) == NOW + timedelta(seconds=905)
    retrying = Retrying(
        DynamoDuePictures("posts"),
        DynamoListings("posts"),
        SqsQueue(aws.thumbnail_queue),
        fetch_pictures=True,
        now=lambda: NOW + timedelta(minutes=30),
    )
    assert retrying().sent == 19


def test_what_changed_meanwhile_is_passed_over(aws: Aws, case: PictureRetry) -> None:
    have(failed(1), failed(2), failed(3, edition="00000009-00010000"))
    have(failed(4), post=a_post("without-a-text.md"))
    found = case.survey(Selection(), told=quiet)
    done = replace(failed(1), status=PictureStatus.READY, reason="")
    DynamoPictures("posts").record(POST.id, done)
    DynamoPictures("posts").arrange(POST.id, add=[], remove=[failed(2)])
    assert all_of(case, found) == Asked(passed_over=4)
    assert there() == {done.id: done, failed(3).id: failed(3, edition="00000009-00010000")}
    assert (asked(aws), delayed(aws)) == ([], 0)


class Interrupting(DynamoDuePictures):
    """Somebody presses Ctrl-C at the third picture."""

    left = 2

    def revise(self, *args: Any, **kwargs: Any) -> None:
        if Interrupting.left == 0:
            raise KeyboardInterrupt
        Interrupting.left -= 1
        super().revise(*args, **kwargs)


def test_what_was_marked_is_asked_for_whatever_comes(aws: Aws, case: PictureRetry, monkeypatch: pytest.MonkeyPatch) -> None:
    have(*[failed(n, f"h{n}.example") for n in range(5)])
    found = case.survey(Selection(), told=quiet)
    with monkeypatch.context() as patched:
        patched.setattr(operations, "DynamoDuePictures", Interrupting)
        with pytest.raises(KeyboardInterrupt):
            all_of(case, found)
    marked = {one.address for one in there().values() if one.status is PictureStatus.PENDING}
    assert (len(marked), set(asked(aws))) == (2, marked)
    again = replace(case, pacing=Pacing())
    assert all_of(again, again.survey(Selection(), told=quiet)) == Asked(sent=3)
    assert len(asked(aws)) == 3


def test_what_the_queue_refuses_is_found_by_the_sweep(case: PictureRetry) -> None:
    have(failed(1))

    class Refusing:
        def send(self, bodies: Any, *, delays: Any = ()) -> None:
            raise SendFailed(len(bodies), "InternalError")

    with pytest.raises(SendFailed):
        all_of(replace(case, thumbnails=Refusing()), case.survey(Selection(), told=quiet))
    (marked,) = there().values()
    assert marked.next_try == NOW + silence(0)
    due = DynamoDuePictures("posts").due(until=NOW + silence(0), limit=1).pictures
    assert due == [DuePicture(POST.id, marked)]
