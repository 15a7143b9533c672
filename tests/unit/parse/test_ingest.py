from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from fakes.memory import MemoryBucket, MemoryQueue, MemoryTable
from parse_post.ingest import Ingest, Outcome
from postkeep.errors import Conflict, Superseded
from postkeep.messages import RenderRequest
from postkeep.ports import Filed, Rendered, StoredObject
from postkeep.post import Post, PostId, Rendition, Revision, Status, post_id
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
        found = self.table.get(ID)
        assert found is not None
        return found

    @property
    def requests(self) -> list[int]:
        return [RenderRequest.decode(body).generation for body in self.queue.sent]

    def finish(self) -> None:
        self.table.settle(Filed(self.post, {}), Rendered(Rendition("r", 1, 1, 0), "s"), changed=self.clock)


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
    assert (world.post.status, world.post.expires) == (Status.DELETED, (world.clock + timedelta(days=90)).replace(microsecond=0))
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
    assert world.table.get(ID) is None
    world.put("一")
    assert world.event(None) is Outcome.RECORDED
    assert world.post.revision.sequencer == "0" * 32
    world.event(7)
    world.put("二")
    assert world.event(None) is Outcome.RECORDED
    assert (world.post.metadata.title, world.post.revision.sequencer) == ("二", f"{7:032X}")
    world.bucket.delete([KEY])
    assert world.event(None) is Outcome.DELETED


class Interfering(MemoryTable):
    """A table on which somebody else acts just before each replacement."""

    def __init__(self, table: MemoryTable, meanwhile: list[Callable[[], object]]) -> None:
        super().__init__()
        self.dynamodb.items = table.dynamodb.items
        self.meanwhile = meanwhile

    def replace(self, post: Post, *, replacing: Post) -> None:
        if self.meanwhile:
            self.meanwhile.pop(0)()
        super().replace(post, replacing=replacing)


def interfere(world: World, times: int) -> None:
    """Make another handler of the same event win the next races with content of its own."""
    other = world.table

    def win() -> None:
        stored = other.get(ID)
        assert stored is not None
        other.replace(replace(stored, generation=stored.generation + 1, saying=str(stored.generation)), replacing=stored)

    world.table = Interfering(other, [win] * times)


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
    later = World(world.table, world.bucket, world.queue)

    def overtake() -> None:
        world.put("三")
        later.event(3)

    world.table = Interfering(world.table, [overtake])
    with pytest.raises(Superseded):
        world.event(2)
    assert world.post.metadata.title == "三"


class Recounting(MemoryTable):
    """A table that remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def get(self, post_id: PostId) -> Post | None:
        self.asked.append("get")
        return super().get(post_id)

    def offer(self, post: Post) -> Post | None:
        self.asked.append("offer")
        return super().offer(post)

    def replace(self, post: Post, *, replacing: Post) -> None:
        self.asked.append("replace")
        super().replace(post, replacing=replacing)


def test_new_and_repeated_content_cost_one_conditional_write_and_no_read_of_the_record(world: World) -> None:
    world.table = table = Recounting()
    world.put("一")
    world.event(1)
    assert table.asked == ["offer"]
    world.finish()
    table.asked.clear()
    world.put("一")
    world.event(2)
    assert table.asked == ["offer"]
    table.asked.clear()
    world.put("二")
    world.event(3)
    assert table.asked == ["offer", "replace"]


def test_a_check_that_reads_the_object_before_another_records_it_does_not_put_it_back(world: World) -> None:
    world.put("一")

    class Slow(MemoryBucket):
        """Between this read of the object and the write, another check finds newer content."""

        def get(self, key: str, *, limit: int, version_id: str | None = None) -> StoredObject:
            found = world.bucket.get(key, limit=limit, version_id=version_id)
            if not meanwhile:
                meanwhile.append(True)
                world.put("二")
                world.event(None)
            return found

    meanwhile: list[bool] = []
    Ingest(world.table, world.queue, 1000, timedelta(days=90), lambda: world.clock)(KEY, None, Slow())
    assert world.post.metadata.title == "二"


def test_what_a_replaced_text_leaves_is_named_until_it_is_gone(world: World) -> None:
    world.put("一")
    world.event(1)
    world.finish()
    for number, title in enumerate(("二", "三"), start=2):
        world.put(title)
        world.event(number)
        assert (world.post.leftovers, world.post.settled) == (("r",), False)
