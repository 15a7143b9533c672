"""The sweep: what is asked for, what is marked, and what is left to others."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from fakes.memory import MemoryQueue, MemoryTable
from make_thumbnail import thumbnailing
from make_thumbnail.thumbnailing import Thumbnailing
from postkeep.aws.due import DynamoDuePictures
from postkeep.errors import PictureUnavailable, SendFailed, Superseded
from postkeep.messages import ThumbnailRequest
from postkeep.post import Picture, PictureStatus, Post, Rendition, Status, picture_id
from retry_pictures import retrying
from retry_pictures.pacing import GAP
from retry_pictures.retrying import MAX_ATTEMPTS, PUT_OFF, Retrying, Swept, silence
from support.posts import EPOCH, METADATA, a_post
from support.template import resource

RENDITION = Rendition("renditions/x/1.json", 1, 100, 2)
POST = a_post(status=Status.READY, rendition=RENDITION)
NOW = EPOCH + timedelta(days=1)


def picture(n: int = 1, host: str = "p.example", **changes: Any) -> Picture:
    """A picture that has been due for ``n`` minutes."""
    address = f"https://{host}/{n}.jpg"
    waiting = Picture(
        id=picture_id(address),
        address=address,
        edition=POST.edition,
        status=PictureStatus.WAITING,
        reason="timeout",
        detail="20 s",
        attempts=1,
        next_try=NOW - timedelta(minutes=n),
    )
    return replace(waiting, **changes)


class Queue(MemoryQueue):
    """Runs something just after messages were sent, and may refuse them."""

    then: Callable[[], None] | None = None
    refusing: bool = False

    def send(self, bodies: Any, *, delays: Any = ()) -> None:
        if bodies and self.refusing:
            raise SendFailed(1, "InternalError")
        super().send(bodies, delays=delays)
        if bodies and self.then:
            self.then()


@dataclass
class Setting:
    table: MemoryTable = field(default_factory=MemoryTable)
    queue: Queue = field(default_factory=Queue)
    now: datetime = NOW
    fetch_pictures: bool = True

    def have(self, *pictures: Picture, post: Post | None = POST) -> None:
        if post and self.table.get(post.id) is None:
            self.table.offer(post)
        self.table.arrange(POST.id, add=pictures, remove=[])

    def sweep(self) -> Swept:
        client: Any = self.table.dynamodb
        due = DynamoDuePictures("posts", client)
        return Retrying(due, self.table, self.queue, self.fetch_pictures, lambda: self.now)()

    def asked(self) -> list[ThumbnailRequest]:
        return [ThumbnailRequest.decode(body) for body in self.queue.sent]

    def there(self) -> dict[str, Picture]:
        return {one.id: one for one in self.table.of_post(POST.id)}


@pytest.fixture
def setting() -> Setting:
    return Setting()


def test_a_picture_that_is_due_is_asked_for_and_marked(setting: Setting) -> None:
    due, later = picture(1), picture(2, next_try=NOW + timedelta(milliseconds=1))
    setting.have(due, later)
    assert setting.sweep() == Swept(sent=1, waiting=2)
    referer = METADATA.source_url or ""
    assert setting.asked() == [ThumbnailRequest(POST.id, due.id, due.edition, due.address, referer)]
    marked = replace(due, status=PictureStatus.PENDING, next_try=NOW + silence(1))
    assert setting.there() == {due.id: marked, later.id: later}


def test_a_post_without_an_address_has_no_referer(setting: Setting) -> None:
    setting.have(picture(), post=replace(POST, metadata=replace(METADATA, source_url=None)))
    setting.sweep()
    assert [request.referer for request in setting.asked()] == [""]


def test_a_picture_is_not_asked_for_twice(setting: Setting) -> None:
    setting.have(picture())
    assert setting.sweep().sent == 1
    setting.now += timedelta(minutes=15)
    assert setting.sweep() == Swept(waiting=1)
    assert len(setting.queue.sent) == 1


def test_an_outcome_that_is_quicker_than_the_mark_stays(setting: Setting) -> None:
    done = picture(status=PictureStatus.READY, next_try=None, reason="", detail="")
    again = picture(2, attempts=2, next_try=NOW + timedelta(hours=1))
    setting.have(picture(1), picture(2))

    def outcome() -> None:
        for one in (done, again):
            setting.table.record(POST.id, one)

    setting.queue.then = outcome
    assert setting.sweep().sent == 2
    assert setting.there() == {done.id: done, again.id: again}


def test_a_picture_that_was_deleted_meanwhile_does_not_come_back(setting: Setting) -> None:
    setting.have(picture())
    setting.queue.then = lambda: setting.table.arrange(POST.id, add=[], remove=[picture()])
    setting.sweep()
    assert setting.there() == {}


def test_what_the_queue_refuses_is_not_marked(setting: Setting) -> None:
    setting.have(picture())
    setting.queue.refusing = True
    with pytest.raises(SendFailed):
        setting.sweep()
    assert setting.there() == {picture().id: picture()}
    setting.queue.refusing = False
    assert setting.sweep().sent == 1


def test_pictures_of_one_host_are_asked_for_one_after_the_other(setting: Setting) -> None:
    setting.have(*[picture(n) for n in range(1, 4)], picture(5, "other.example"))
    setting.sweep()
    order = [(request.address, setting.queue.delays[request.encode()]) for request in setting.asked()]
    assert order == [
        ("https://other.example/5.jpg", 0),
        ("https://p.example/3.jpg", 0),
        ("https://p.example/2.jpg", 5),
        ("https://p.example/1.jpg", 10),
    ]
    assert setting.there()[picture(1).id].next_try == NOW + 2 * GAP + silence(1)


def test_those_whose_turn_is_too_far_off_wait_for_it(setting: Setting) -> None:
    setting.have(*[picture(n) for n in range(1, 201)])
    assert setting.sweep() == Swept(sent=181, put_off=19, waiting=200)
    assert max(setting.queue.delays.values()) == 900
    waiting = [one for one in setting.there().values() if one.status is PictureStatus.WAITING]
    assert sorted((one.next_try or NOW) - NOW for one in waiting) == [GAP * n for n in range(181, 200)]
    assert {one.attempts for one in waiting} == {1}
    setting.now += timedelta(minutes=30)
    assert setting.sweep().sent == 19
    assert len(set(setting.queue.sent)) == 200


def test_a_run_is_bounded(setting: Setting) -> None:
    setting.have(*[picture(n, f"h{n}.example") for n in range(1, 521)])
    assert setting.sweep() == Swept(sent=500, waiting=520)
    assert setting.sweep() == Swept(sent=20, waiting=520)
    assert len(set(setting.queue.sent)) == 520


@pytest.mark.parametrize(
    "post",
    [
        None,
        a_post(status=Status.DELETED),
        replace(POST, generation=2),
        replace(POST, rendition=replace(RENDITION, rules=2)),
        a_post(),
    ],
    ids=["gone", "deleted", "other content", "other rules", "being rendered"],
)
def test_a_picture_of_no_text_or_of_another_one_is_left_to_render(setting: Setting, post: Post | None) -> None:
    setting.have(picture(), post=post)
    assert setting.sweep() == Swept(put_off=1, waiting=1)
    assert setting.queue.sent == []
    assert setting.there() == {picture().id: picture(next_try=NOW + PUT_OFF)}


def test_a_picture_of_which_nothing_was_heard_is_asked_for_again_and_it_counts(setting: Setting) -> None:
    setting.have(picture())
    setting.sweep()
    setting.now += silence(1)
    assert setting.sweep() == Swept(sent=1, silent=1, waiting=1)
    (marked,) = setting.there().values()
    assert (marked.status, marked.attempts, marked.next_try) == (PictureStatus.PENDING, 2, setting.now + silence(2))


def test_a_picture_of_which_nothing_is_ever_heard_is_given_up(setting: Setting) -> None:
    setting.have(picture())
    for _ in range(2 * MAX_ATTEMPTS):
        setting.sweep()
        setting.now += timedelta(days=5)
    assert len(setting.queue.sent) == MAX_ATTEMPTS - 1
    (given_up,) = setting.there().values()
    assert (given_up.status, given_up.reason, given_up.attempts) == (PictureStatus.FAILED, "gave-up", MAX_ATTEMPTS)
    assert given_up.next_try is None
    assert setting.sweep() == Swept()


def test_nothing_is_asked_for_where_fetching_is_off(setting: Setting) -> None:
    setting.have(picture())
    setting.fetch_pictures = False
    assert setting.sweep() == Swept(waiting=1)
    assert (setting.queue.sent, setting.there()) == ([], {picture().id: picture()})


def test_the_thumbnail_function_takes_what_was_marked(setting: Setting) -> None:
    setting.have(picture())
    setting.sweep()
    (request,) = setting.asked()

    def refuse(*_: Any) -> Any:
        raise PictureUnavailable("timeout", "20 s")

    make = Thumbnailing(setting.table, refuse, lambda: NOW)
    recorded = make(request)
    assert (recorded.status, recorded.attempts) == (PictureStatus.WAITING, 2)
    assert setting.there() == {recorded.id: recorded}
    with pytest.raises(Superseded, match="not due"):
        make(request)


def test_silence_grows_to_what_the_queue_keeps() -> None:
    assert [silence(n).total_seconds() / 3600 for n in range(7)] == [6, 12, 24, 48, 96, 96, 96]
    assert silence(10**6) == retrying.LONGEST_SILENCE
    assert retrying.LONGEST_SILENCE.total_seconds() == resource("ThumbnailQueue")["Properties"]["MessageRetentionPeriod"]
    receives = resource("ThumbnailQueue")["Properties"]["RedrivePolicy"]["maxReceiveCount"]
    dead = receives * resource("ThumbnailQueue")["Properties"]["VisibilityTimeout"]
    assert retrying.FIRST_SILENCE.total_seconds() > 2 * dead
    assert thumbnailing.MAX_ATTEMPTS == MAX_ATTEMPTS
