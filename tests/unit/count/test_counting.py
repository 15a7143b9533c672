import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import count_posts.counting
from count_posts.counting import RECOUNT, SHARDS, Counting, Step, shard_of
from fakes.memory import MemoryBucket, MemoryTable
from postkeep.counts import KINDS, TOTALS_KEY, WORK_KEY, Totals, contribution
from postkeep.errors import ObjectChanged
from postkeep.post import Post, Rendition, Status
from support.posts import EPOCH, METADATA, a_post, next_of

LAG = timedelta(seconds=60)
LIVE = Rendition("renditions/x/1.json", 1, 10, 0, "zh-Hant")


@dataclass
class World:
    """A table, an archive and the use case between them."""

    table: MemoryTable = field(default_factory=MemoryTable)
    archive: MemoryBucket = field(default_factory=MemoryBucket)
    now: datetime = EPOCH
    tokens: int = 0

    def record(self, post: Post) -> None:
        self.now += timedelta(seconds=1)
        stored = self.table.get(post.id)
        post = replace(post, changed=self.now)
        if stored is None:
            self.table.offer(post)
        else:
            self.table.replace(replace(post, generation=stored.generation + 1), replacing=stored)

    def token(self) -> str:
        self.tokens += 1
        return f"{self.tokens:032x}"

    def step(self) -> Step:
        return Counting(self.table, self.archive, LAG, lambda: self.now, self.token)()

    def catch_up(self) -> int:
        self.now += LAG + timedelta(seconds=1)
        counted = 0
        while True:
            step = self.step()
            counted += step.counted
            if step.caught_up:
                return counted

    @property
    def totals(self) -> Totals:
        return Totals.decode(self.archive.get(TOTALS_KEY, limit=10**7).body)

    def shards(self) -> set[str]:
        return set(self.archive.keys("counts/shards/"))


@pytest.fixture
def world() -> World:
    return World()


def expected(posts: Iterable[Post]) -> Totals:
    totals = Totals()
    for post in posts:
        totals.add(contribution(post))
    return totals


def test_each_post_counts_towards_all_that_it_is_listed_under(world: World) -> None:
    world.record(a_post("tea/_posts/1.md"))
    world.record(a_post("river/2.md", metadata=replace(METADATA, tags=("茶",), author="")))
    world.record(a_post("tea/3.md", status=Status.REJECTED))
    world.record(a_post("tea/4.md", status=Status.DELETED))
    assert world.catch_up() == 4
    counts = world.totals.counts
    assert counts["statuses"] == {"pending": 2, "rejected": 1, "deleted": 1}
    assert counts["authors"] == {"陆羽": 1}
    assert counts["tags"] == {"茶": 2, "山": 1}
    assert counts["categories"] == {"随笔": 2}
    assert counts["months"] == {"2021-06": 2}
    assert counts["archives"] == {"tea": 1, "river": 1}
    assert counts["hosts"] == {"tea.example": 2}
    assert counts["languages"] == {}
    assert contribution(a_post(rendition=LIVE))["languages"] == ("zh-Hant",)


def test_what_changed_just_now_is_counted_later(world: World) -> None:
    world.record(a_post())
    assert world.step() == Step(0, caught_up=True)
    assert world.totals.counts["statuses"] == {}
    world.now += LAG + timedelta(seconds=1)
    assert world.step() == Step(1, caught_up=True)
    assert world.totals.counts["statuses"] == {"pending": 1}


def test_a_changed_post_leaves_what_it_has_left(world: World) -> None:
    world.record(a_post())
    world.catch_up()
    world.record(a_post(metadata=replace(METADATA, tags=("海",), published=None)))
    world.catch_up()
    assert world.totals.counts["tags"] == {"海": 1}
    assert world.totals.counts["months"] == {}
    world.record(a_post(status=Status.DELETED))
    world.catch_up()
    assert {kind: dict(c) for kind, c in world.totals.counts.items() if c} == {"statuses": {"deleted": 1}}


def test_nothing_is_written_while_nothing_changes(world: World) -> None:
    world.record(a_post())
    world.catch_up()
    before = world.archive.count
    assert world.catch_up() == 0
    assert world.archive.count == before


def test_steps_follow_each_other_and_the_totals_show_when_all_is_counted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(count_posts.counting, "ROWS", 3)
    for n in range(7):
        world.record(a_post(f"k{n}.md"))
    world.now += LAG + timedelta(seconds=1)
    assert world.step() == Step(3, caught_up=False)
    assert TOTALS_KEY not in world.archive.keys("")
    assert world.step() == Step(3, caught_up=False)
    assert world.step() == Step(1, caught_up=True)
    assert world.totals.counts["statuses"] == {"pending": 7}


def test_of_two_steps_at_the_same_time_one_counts(world: World) -> None:
    world.record(a_post())
    world.now += LAG + timedelta(seconds=1)
    work = world.archive.swap

    def overtaken(key: str, body: bytes, *, replacing: str | None) -> None:
        if key == WORK_KEY and not done:
            done.append(True)
            assert world.step().counted == 1
        work(key, body, replacing=replacing)

    done: list[bool] = []
    world.archive.swap = overtaken  # type: ignore[method-assign]
    with pytest.raises(ObjectChanged):
        world.step()
    assert world.totals.counts["statuses"] == {"pending": 1}
    named = json.loads(world.archive.get(WORK_KEY, limit=10**6).body)["shards"].values()
    assert world.shards() == set(named)


def test_dying_between_the_commit_and_the_totals_is_made_good(world: World) -> None:
    world.record(a_post())
    world.catch_up()
    world.archive.delete([TOTALS_KEY])
    assert world.catch_up() == 0
    assert world.totals.counts["statuses"] == {"pending": 1}


def test_what_a_step_that_died_left_is_swept_when_it_is_old(world: World) -> None:
    world.record(a_post())
    world.archive.put("counts/shards/00-left.json", b"{}", content_type="")
    world.archive.modified["counts/shards/00-left.json"] = EPOCH - timedelta(hours=2)
    world.archive.put("counts/shards/01-young.json", b"{}", content_type="")
    world.archive.modified["counts/shards/01-young.json"] = EPOCH
    world.catch_up()
    assert "counts/shards/00-left.json" not in world.shards()
    assert "counts/shards/01-young.json" in world.shards()


@pytest.mark.parametrize("lost", ["work", "shard", "all"])
def test_lost_objects_are_made_again(world: World, lost: str) -> None:
    posts = [a_post(f"k{n}.md") for n in range(5)]
    for post in posts:
        world.record(post)
    world.catch_up()
    world.archive.delete({"work": [WORK_KEY], "shard": sorted(world.shards()), "all": list(world.archive.keys(""))}[lost])
    world.record(next_of(posts[0], 2, metadata=replace(METADATA, author="蔡襄")))
    if lost == "shard":
        with pytest.raises(ObjectChanged):
            world.catch_up()
    world.catch_up()
    assert world.totals.counts["authors"] == {"陆羽": 4, "蔡襄": 1}


def test_everything_is_counted_anew_now_and_then(world: World) -> None:
    world.record(a_post(status=Status.DELETED))
    world.record(a_post("live.md"))
    world.catch_up()
    del world.table.dynamodb.items[f"POST#{a_post().id}", "POST"]  # its time was up
    world.now += RECOUNT
    world.catch_up()
    assert world.totals.counts["statuses"] == {"pending": 1}


def test_a_post_that_is_gone_meanwhile_counts_no_more(world: World) -> None:
    world.record(a_post())
    row = world.table.changes(after="0", until="9", limit=1)[0]

    class Late(MemoryTable):
        def changes(self, *, after: str, until: str, limit: int) -> list[object]:  # type: ignore[override]
            return [row] if after < row.order else []

    world.table = Late()
    assert world.catch_up() == 1
    assert world.totals.counts["statuses"] == {}


def test_ids_are_spread_over_the_shards() -> None:
    assert {shard_of(a_post(f"{n}.md").id) for n in range(2000)} == {f"{n:02x}" for n in range(SHARDS)}


POSTS = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.sampled_from(list(Status)),
        st.lists(st.sampled_from(["茶", "山", "水", "\x00", "'\""]), unique=True),
        st.sampled_from(["", "陆羽", "蔡襄"]),
        st.booleans(),
    ),
    max_size=30,
)


@given(POSTS)
def test_the_totals_are_those_of_a_scan_of_the_records(writes: list[tuple[int, Status, list[str], str, bool]]) -> None:
    world = World()
    for n, status, tags, author, count in writes:
        metadata = replace(METADATA, tags=tuple(tags), author=author)
        world.record(a_post(f"{'tea' if n % 2 else 'river'}/{n}.md", status=status, metadata=metadata))
        if count:
            world.catch_up()
    world.catch_up()
    stored = [post for n in range(6) if (post := world.table.get(a_post(f"{'tea' if n % 2 else 'river'}/{n}.md").id))]
    assert world.totals.counts == expected(stored).counts
    assert set(world.totals.counts) == set(KINDS)


def test_totals_of_another_version_are_not_read() -> None:
    with pytest.raises(ValueError, match="version"):
        Totals.decode(b'{"v": 2}')


def test_a_swap_that_was_tried_again_keeps_what_it_names(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer was lost, so the client tried again, and was refused because of its own first try."""
    world.record(a_post("a.md"))
    world.now += LAG + timedelta(seconds=1)
    swap = MemoryBucket.swap

    def twice(self: MemoryBucket, key: str, body: bytes, *, replacing: str | None) -> None:
        swap(self, key, body, replacing=replacing)
        swap(self, key, body, replacing=replacing)

    with monkeypatch.context() as patched:
        patched.setattr(MemoryBucket, "swap", twice)
        with pytest.raises(ObjectChanged):
            world.step()
    assert world.shards() == set(json.loads(world.archive.get(WORK_KEY, limit=10**7).body)["shards"].values())
    assert len(world.shards()) == 1
    world.record(a_post("b.md"))
    world.catch_up()
    assert world.totals.counts["statuses"] == {"pending": 2}


def test_a_swap_that_met_nothing_at_all_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.record(a_post("a.md"))
    world.now += LAG + timedelta(seconds=1)

    def refused(self: MemoryBucket, key: str, body: bytes, *, replacing: str | None) -> None:
        raise ObjectChanged(key)

    with monkeypatch.context() as patched:
        patched.setattr(MemoryBucket, "swap", refused)
        with pytest.raises(ObjectChanged):
            world.step()
    assert world.shards() == set()
