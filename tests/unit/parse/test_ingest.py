from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from fakes.memory import MemoryBucket, MemoryQueue, MemoryTable
from parse_post.ingest import Ingest, Outcome
from postkeep.errors import Conflict, Superseded
from postkeep.messages import RenderRequest
from postkeep.post import Post, Rendition, Revision, Status, post_id
from support.posts import EPOCH

KEY = "tea/_posts/2021-06-29-雨.md"
ID = post_id(KEY)
TEXT = "---\ntitle: {}\ntags: [茶]\n---\n<p>正文</p>\n"


@dataclass
class World:
    """A bucket, a table, a queue and the use case between them."""

    table: MemoryTable = field(default_factory=MemoryTable)
    bucket: MemoryBucket = field(default_factory=MemoryBucket)
    queue: MemoryQueue = field(default_factory=MemoryQueue)
    clock: datetime = EPOCH

    def put(self, title: str) -> None:
        self.bucket.put(KEY, TEXT.format(title).encode(), content_type="")

    def event(self, number: int | None) -> Outcome:
        self.clock += timedelta(seconds=1)
        ingest = Ingest(self.table, self.queue, 1000, timedelta(days=90), lambda: self.clock)
        return ingest(KEY, None if number is None else f"{number:X}", self.bucket)

    @property
    def post(self) -> Post:
        return self.table.records[ID]

    @property
    def requests(self) -> list[int]:
        return [RenderRequest.decode(body).generation for body in self.queue.sent]

    def finish(self) -> None:
        self.table.finish(self.post, Rendition("r", "1", 1, 0), summary="s", changed=self.clock)


@pytest.fixture
def world() -> World:
    return World()


def test_a_new_object_is_recorded_and_its_rendition_asked_for(world: World) -> None:
    world.put("一")
    assert world.event(1) is Outcome.RECORDED
    post = world.post
    assert (post.status, post.generation, post.metadata.title) == (Status.PENDING, 1, "一")
    assert post.revision == Revision(f"{1:032X}", "v1", world.bucket.get(KEY, limit=1000).etag)
    assert post.added == post.changed == world.clock
    assert world.queue.sent == [RenderRequest(ID, 1).encode()]


def test_the_current_object_counts_and_not_the_event(world: World) -> None:
    world.put("一")
    world.put("二")
    world.event(1)
    assert world.post.metadata.title == "二"
    assert world.event(2) is Outcome.UNCHANGED
    assert world.post.revision.sequencer == f"{2:032X}"


def test_changed_content_is_a_new_generation(world: World) -> None:
    world.put("一")
    world.event(1)
    added = world.post.added
    world.finish()
    world.put("二")
    assert world.event(2) is Outcome.RECORDED
    assert (world.post.generation, world.post.status, world.post.rendition) == (2, Status.PENDING, None)
    assert world.post.added == added < world.post.changed
    assert world.requests == [1, 2]


def test_an_absent_object_is_a_tombstone(world: World) -> None:
    assert world.event(5) is Outcome.DELETED
    assert (world.post.status, world.post.expires) == (Status.DELETED, world.clock + timedelta(days=90))
    assert world.requests == [1]


def test_deletion_wins_over_a_late_creation(world: World) -> None:
    world.put("一")
    world.event(1)
    world.bucket.delete([KEY])
    assert world.event(2) is Outcome.DELETED
    with pytest.raises(Superseded):
        world.event(1)
    assert world.post.status is Status.DELETED
    assert world.requests == [1, 2]


def test_a_post_that_comes_again_is_added_anew(world: World) -> None:
    world.put("一")
    world.event(1)
    first = world.post.added
    world.bucket.delete([KEY])
    world.event(2)
    world.put("一")
    world.event(3)
    assert (world.post.status, world.post.generation, world.post.expires) == (Status.PENDING, 3, None)
    assert world.post.added > first


def test_a_repeated_event_sends_its_message_again_until_the_text_is_there(world: World) -> None:
    world.put("一")
    world.event(1)
    assert world.event(1) is Outcome.UNCHANGED
    assert world.requests == [1, 1]
    world.finish()
    assert world.event(1) is Outcome.UNCHANGED
    assert world.requests == [1, 1]


def test_the_same_bytes_again_render_nothing(world: World) -> None:
    world.put("一")
    world.event(1)
    world.finish()
    before = world.post
    world.put("一")
    assert world.event(2) is Outcome.UNCHANGED
    assert world.post == replace(before, revision=Revision(f"{2:032X}", "v2", before.revision.etag))
    assert world.requests == [1]


def test_a_repeated_deletion_asks_for_the_clearing_again(world: World) -> None:
    world.put("一")
    world.event(1)
    world.bucket.delete([KEY])
    world.event(2)
    assert world.event(2) is Outcome.UNCHANGED
    assert world.requests == [1, 2, 2]
    assert world.post.generation == 2


def test_a_file_at_fault_is_recorded_with_its_reason(world: World) -> None:
    world.bucket.put(KEY, b"no front matter", content_type="")
    assert world.event(1) is Outcome.REJECTED
    assert (world.post.status, world.post.reason) == (Status.REJECTED, "no-front-matter")
    assert world.post.detail == "the file does not begin with a line of ---"
    assert world.requests == [1]
    world.put("一")
    assert world.event(2) is Outcome.RECORDED
    assert (world.post.status, world.post.reason) == (Status.PENDING, "")


def test_a_file_that_is_too_large_is_recorded_unread(world: World) -> None:
    world.bucket.put(KEY, b"x" * 1001, content_type="")
    assert world.event(1) is Outcome.REJECTED
    assert (world.post.reason, world.post.size) == ("too-large", 1001)
    assert world.post.detail == "the file has 1,001 bytes; the limit is 1,000"


def test_without_a_sequencer_the_record_is_checked_against_the_bucket(world: World) -> None:
    assert world.event(None) is Outcome.ABSENT
    assert ID not in world.table.records
    world.put("一")
    assert world.event(None) is Outcome.RECORDED
    assert world.post.revision.sequencer == "0" * 32
    world.event(7)
    world.put("二")
    assert world.event(None) is Outcome.RECORDED
    assert (world.post.metadata.title, world.post.revision.sequencer) == ("二", f"{7:032X}")
    world.bucket.delete([KEY])
    assert world.event(None) is Outcome.DELETED


@dataclass
class Interfering(MemoryTable):
    """A table on which somebody else acts just before each save."""

    meanwhile: list[Callable[[], object]] = field(default_factory=list)

    def save(self, post: Post, *, replacing: Post | None) -> None:
        if self.meanwhile:
            self.meanwhile.pop(0)()
        super().save(post, replacing=replacing)


def interfere(world: World, times: int) -> None:
    """Make another handler of the same event win the next races with content of its own."""
    table = Interfering(world.table.records)
    other = MemoryTable(world.table.records)

    def win() -> None:
        stored = other.get(ID)
        assert stored is not None
        other.save(replace(stored, generation=stored.generation + 1, content_hash=str(stored.generation)), replacing=stored)

    table.meanwhile = [win] * times
    world.table = table


def test_a_lost_race_is_run_again(world: World) -> None:
    world.put("一")
    world.event(1)
    world.put("二")
    interfere(world, 4)
    assert world.event(2) is Outcome.RECORDED
    assert (world.post.metadata.title, world.post.generation) == ("二", 6)


def test_losing_every_race_is_left_to_the_retry_of_the_event(world: World) -> None:
    world.put("一")
    world.event(1)
    world.put("二")
    interfere(world, 5)
    with pytest.raises(Conflict):
        world.event(2)


def test_a_slow_handler_cannot_overwrite_a_later_event(world: World) -> None:
    world.put("一")
    world.event(1)
    world.put("二")
    table = Interfering(world.table.records)
    later = World(MemoryTable(world.table.records), world.bucket, world.queue)

    def overtake() -> None:
        world.put("三")
        later.event(3)

    table.meanwhile = [overtake]
    world.table = table
    with pytest.raises(Superseded):
        world.event(2)
    assert world.post.metadata.title == "三"
