"""Whatever indexers, merges, rebuilds and sweeps do, and wherever they die: the index comes to say what the records say."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from convergence.actors import Fault
from convergence.drawing import PATIENT, draw
from convergence.search_world import NAMES, SearchWorld, check
from fakes.memory import MemoryBucket
from postkeep.errors import IndexUnavailable
from search_posts.indexing import Indexing
from search_posts.manifest import Manifest
from search_posts.merging import Merging
from search_posts.rebuilding import Rebuilding
from search_posts.store import IndexStore, segment_key

NAME = st.sampled_from(NAMES)
WHICH = st.integers(0, 7)
CALLS = st.one_of(st.none(), st.integers(1, 9), st.integers(1, 4))
FAULT = st.sampled_from([Fault.NONE, Fault.NONE, Fault.REFUSED, Fault.LOST, Fault.REPEATED])


class Machine(RuleBasedStateMachine):
    """The schedules; their end compares the index with the records."""

    def __init__(self) -> None:
        super().__init__()
        self.world = SearchWorld()

    @initialize(life=st.sampled_from([20, 60, 600]), names=st.sets(NAME))
    def begin(self, life: int, names: set[str]) -> None:
        self.world.life = life
        for name in sorted(names):
            self.world.put(name)

    @rule(name=NAME)
    def put(self, name: str) -> None:
        self.world.put(name)

    @rule(name=NAME)
    def delete(self, name: str) -> None:
        self.world.delete(name)

    @rule(which=WHICH)
    def duplicate(self, which: int) -> None:
        self.world.duplicate(which)

    @rule(name=NAME, many=st.integers(1, 3), calls=CALLS, fault=FAULT)
    def put_and_index(self, name: str, many: int, calls: int | None, fault: Fault) -> None:
        self.world.put(name)
        self.world.run(self.world.index(len(self.world.messages) - 1, many), calls, fault)

    @rule(which=WHICH, many=st.integers(1, 4), calls=CALLS, fault=FAULT)
    def index(self, which: int, many: int, calls: int | None, fault: Fault) -> None:
        self.world.run(self.world.index(which, many), calls, fault)

    @rule(calls=CALLS, fault=FAULT)
    def look_after(self, calls: int | None, fault: Fault) -> None:
        self.world.run(self.world.look_after(), calls, fault)

    @rule(calls=CALLS, fault=FAULT)
    def rebuild(self, calls: int | None, fault: Fault) -> None:
        self.world.run(self.world.rebuild(), calls, fault)

    @rule(which=st.integers(0, 1))
    def read(self, which: int) -> None:
        self.world.run(self.world.read(which), None)

    @rule(which=WHICH, calls=CALLS, fault=FAULT)
    def resume(self, which: int, calls: int | None, fault: Fault) -> None:
        self.world.run(self.world.resume(which), calls, fault)

    @rule(which=WHICH)
    def let_end(self, which: int) -> None:
        self.world.run(self.world.resume(which), None)

    @rule(which=WHICH)
    def kill(self, which: int) -> None:
        self.world.kill(which)

    @rule()
    def sweep(self) -> None:
        self.world.sweep()

    def teardown(self) -> None:
        try:
            self.world.drain()
            check(self.world)
        finally:
            self.world.close()


@PATIENT
def test_the_index_comes_to_say_what_the_records_say(capsys: pytest.CaptureFixture[str]) -> None:
    draw(Machine, "schedules of the index", capsys, schedules=400, steps=40, fates=["refused", "lost", "repeated", "killed"])


# ---- Why each condition is there: a schedule that goes wrong without it ----
#
# An indexer's calls on one post: the manifest, the marks of each segment, the record, the text, the segment, the manifest.


def two_indexers(world: SearchWorld) -> None:
    """Of two commits on one manifest, the second must not write over the first."""
    world.put("a")
    slow = world.index(0, 1)
    world.run(slow, 4)  # has written its segment, and stands before its commit
    world.put("b")
    world.run(world.index(0, 1), None)
    world.run(slow, None)


def late_record(world: SearchWorld) -> None:
    """A record that was read before the manifest may be older than a commit that the manifest knows of."""
    world.put("a")
    slow = world.index(0, 1)
    world.run(slow, 2)  # has read one of the manifest and the record, and then the other
    world.put("a")
    world.run(world.index(0, 1), None)
    world.put("b")
    world.run(slow, None)


def dead_while_merged(world: SearchWorld) -> None:
    """What dies in a segment while it is merged must be dead in what the segment becomes."""
    for name in ("a", "b", "c", "d"):
        world.put(f"{name}1")
        world.put(f"{name}2")
        world.run(world.index(0, 2), None)
    merge = world.look_after()
    world.run(merge, 6)  # has read the manifest and four segments, and written what they become
    world.delete("a1")
    world.put("b1")
    world.run(world.index(0, 2), None)
    world.run(merge, None)


def merged_twice(world: SearchWorld) -> None:
    """Two merges of the same segments must not both be put in place."""
    for name in NAMES:
        world.put(name)
        world.run(world.index(0, 1), None)
    first, second = world.look_after(), world.look_after()
    world.run(first, 6)
    world.run(second, 6)
    world.run(first, None)
    world.run(second, None)


def deleted_while_rebuilt(world: SearchWorld) -> None:
    """A post that was deleted after a rebuild read it must not come back, though its deletion changed nothing in the index."""
    world.archive.put("a", "its message was lost, so that the index never had it")
    rebuild = world.rebuild()
    world.run(rebuild, 6)  # has announced itself, and read the listing, the record and the text
    world.delete("a")
    world.run(world.index(0, 1), None)
    world.run(rebuild, None)


def not_listed_yet(world: SearchWorld) -> None:
    """A post that the table's indexes do not know of yet must not be lost by a rebuild."""
    world.put("a")
    world.put("b")
    world.run(world.index(0, 2), None)
    world.archive.records.unlisted = set(list(world.archive.records.posts)[:1])
    world.run(world.rebuild(), None)


def swept_before_commit(world: SearchWorld) -> None:
    """A segment must not go whose writer is about to name it."""
    world.put("a")
    world.run(world.index(0, 1), None)
    world.put("b")
    slow = world.index(0, 1)
    world.run(slow, 5)  # has written its segment, and stands before its commit
    world.archive.store().sweep(world.archive.store().standing().manifest, world.archive.now(), grace=world.grace)
    world.run(slow, None)


def tried_again(world: SearchWorld) -> None:
    """A commit whose answer was lost, and that was tried again, is refused because of itself: what it names must stay."""
    world.put("a")
    world.run(world.index(0, 1), 5, Fault.REPEATED)
    world.run(world.resume(0), None)


def merged_and_tried_again(world: SearchWorld) -> None:
    """The same of a merge."""
    for name in NAMES:
        world.put(name)
        world.run(world.index(0, 1), None)
    world.run(world.look_after(), 7, Fault.REPEATED)
    world.run(world.resume(0), None)


def run(schedule: Callable[[SearchWorld], None], world: SearchWorld) -> None:
    try:
        schedule(world)
        world.drain()
        check(world)
    finally:
        world.close()


def unconditional(monkeypatch: pytest.MonkeyPatch) -> None:
    def swap(self: MemoryBucket, key: str, body: bytes, *, replacing: str | None) -> None:
        del replacing
        self.put(key, body, content_type="application/json")

    monkeypatch.setattr(MemoryBucket, "swap", swap)


def records_first(monkeypatch: pytest.MonkeyPatch) -> None:
    original = Indexing.__call__

    def call(self: Indexing[Any], post_ids: Any) -> Any:
        known = {one: self.look(one) for one in post_ids}
        monkeypatch.setattr(Indexing, "look", lambda _, post_id: known[post_id])
        try:
            return original(self, known)
        finally:
            monkeypatch.setattr(Indexing, "look", look)

    look = Indexing.look
    monkeypatch.setattr(Indexing, "__call__", call)


def nothing_carried_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search_posts.merging._without", lambda segment, *_: segment)


def sources_unlooked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def following(self: Merging[Any], manifest: Manifest, sources: Any, made: Any) -> Manifest:
        merged = {source.id for source in sources}
        return manifest.following([*(one for one in manifest.segments if one.id not in merged), *made], self.now())

    monkeypatch.setattr(Merging, "_following", following)


def nobody_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Manifest, "touching", lambda self, *_: self)


def dropped_unlooked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def drop(self: IndexStore, segments: Any) -> None:
        self.archive.delete(segment_key(segment.id) for segment in segments)

    monkeypatch.setattr(IndexStore, "drop", drop)


def nothing_unlisted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Rebuilding, "_unlisted", lambda *_: set())


@pytest.mark.parametrize(
    ("schedule", "without"),
    [
        (two_indexers, unconditional),
        (late_record, records_first),
        (dead_while_merged, nothing_carried_over),
        (merged_twice, sources_unlooked_for),
        (deleted_while_rebuilt, nobody_tells),
        (not_listed_yet, nothing_unlisted),
        (tried_again, dropped_unlooked_for),
        (merged_and_tried_again, dropped_unlooked_for),
    ],
    ids=lambda found: found.__name__,
)
def test_without_any_one_condition_it_would_not(
    schedule: Callable[[SearchWorld], None], without: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(schedule, SearchWorld())
    with monkeypatch.context() as patched:
        without(patched)
        with pytest.raises((AssertionError, IndexUnavailable)):
            run(schedule, SearchWorld())


def test_without_the_grace_time_a_segment_would_go_that_is_about_to_be_named() -> None:
    run(swept_before_commit, SearchWorld())
    with pytest.raises(IndexUnavailable):
        run(swept_before_commit, SearchWorld(grace=timedelta(0)))
