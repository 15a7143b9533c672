"""A run of migrations: its order, where it goes on, and who may be at work."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.memory import MemoryTable
from postkeep.aws.items import post_item
from postkeep.aws.ledger import DynamoLedger
from postkeep.errors import Conflict, UpgradeUnderway
from postkeep.upgrades import LATEST, Finished, Ledger, Progress
from postkeep_local.migrations.migration import Description, Step, Survey, Told
from postkeep_local.operations.upgrading import LEASE, Event, Upgrading, begin, look
from support.posts import EPOCH, a_post


class Killed(BaseException):
    """What kill -9 is to a run, but for what it could still do: see :class:`World`."""


@dataclass
class Counting:
    """A migration over numbered things: each is changed once, however often it is tried.

    Attributes:
        changed: the things that were changed, in the order.
        waits: steps at the end in which it only waits.
    """

    number: int
    things: int = 4
    changed: list[int] = field(default_factory=list)
    tried: list[int] = field(default_factory=list)
    waits: int = 0
    seconds: float = 0
    world: Any = None

    @property
    def description(self) -> Description:
        return Description(
            number=self.number, name=f"m{self.number}", changes="", why="", needed_by="", meanwhile="", cost="", afterwards=""
        )

    def survey(self, told: Told) -> Survey:
        return Survey(self.things, self.things - len(self.changed))

    def steps(self, progress: Progress, told: Told) -> Iterator[Step]:
        for thing in range(int(progress.position or 0), self.things):
            self.world.pass_by()
            self.tried.append(thing)
            if thing not in self.changed:
                self.changed.append(thing)
            self.world.clock += timedelta(seconds=self.seconds)
            told(thing, "at work")
            yield Step(position=str(thing + 1), looked=1, changed=1, keys=(str(thing),))
        for _ in range(self.waits):
            yield Step(position=str(self.things), waiting=True)


@dataclass
class World:
    """An archive with a record, a clock, and a moment at which the process dies.

    Attributes:
        dies: before how many writes and steps; None for never.
    """

    table: MemoryTable = field(default_factory=MemoryTable)
    clock: datetime = EPOCH
    tokens: int = 0
    dies: int | None = None
    dead: bool = False

    def __post_init__(self) -> None:
        self.table.dynamodb.put_item(Item=post_item(a_post()))
        self.migrations = [Counting(number, world=self) for number in range(1, LATEST + 1)]

    def pass_by(self) -> None:
        if self.dead:
            raise Killed
        if self.dies is not None:
            if self.dies == 0:
                self.dead = True
                raise Killed
            self.dies -= 1

    def now(self) -> datetime:
        return self.clock

    def token(self) -> str:
        self.tokens += 1
        return f"run {self.tokens}"

    def ledger(self) -> DynamoLedger:
        world, dynamodb = self, self.table.dynamodb

        class Mortal:
            def put_item(self, **request: Any) -> Any:
                world.pass_by()
                answer = dynamodb.put_item(**request)
                world.pass_by()
                return answer

            def __getattr__(self, name: str) -> Any:
                return getattr(dynamodb, name)

        return DynamoLedger("posts", Mortal())  # type: ignore[arg-type]

    def case(self) -> Upgrading:
        return Upgrading(self.ledger(), self.migrations, self.now, self.token)

    def run(self, **options: Any) -> list[Event]:
        return list(self.case()(**options))

    def standing(self) -> Ledger:
        return DynamoLedger("posts", self.table.dynamodb).read()  # type: ignore[arg-type]


@pytest.fixture
def world() -> World:
    return World()


def test_all_that_is_due_is_done_in_its_order(world: World) -> None:
    events = world.run()
    assert [event.migration.description.number for event in events if event.finished] == [1, 2, 3]
    assert [migration.tried for migration in world.migrations] == [[0, 1, 2, 3]] * LATEST
    ledger = world.standing()
    assert ledger.due == ()
    assert ledger.progress is None
    assert ledger.held_until is None
    assert ledger.done[2] == Finished(at=EPOCH, looked=4, changed=4)
    assert world.run() == []


def test_only_what_is_not_done_is_done(world: World) -> None:
    world.case().ledger.swap(Ledger(done={1: Finished(at=EPOCH), 3: Finished(at=EPOCH)}), replacing=Ledger())
    world.run()
    assert [migration.tried for migration in world.migrations] == [[], [0, 1, 2, 3], []]


def test_what_is_done_is_done_again_where_that_is_asked_for(world: World) -> None:
    world.run()
    events = world.run(again={2})
    assert [migration.tried.count(0) for migration in world.migrations] == [1, 2, 1]
    assert {event.migration.description.number for event in events} == {2}
    assert world.standing().due == ()


def test_an_archive_with_nothing_in_it_is_of_this_version(world: World) -> None:
    world.table.dynamodb.items.clear()
    store = world.ledger()
    assert look(store, EPOCH).due == ()
    assert not store.read().recorded, "looking writes nothing"
    assert begin(store, EPOCH).due == ()
    assert world.standing().done == dict.fromkeys(range(1, LATEST + 1), Finished(at=EPOCH))
    world.table.dynamodb.put_item(Item=post_item(a_post()))
    assert world.run() == []


def test_an_archive_of_which_nothing_is_known_is_looked_through(world: World) -> None:
    assert begin(world.ledger(), EPOCH) == look(world.ledger(), EPOCH) == Ledger()


def test_of_two_that_begin_a_new_archive_both_find_it_begun(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.table.dynamodb.items.clear()
    store = world.ledger()
    empty = store.is_empty

    def meanwhile() -> bool:
        found = empty()
        monkeypatch.undo()
        begin(world.ledger(), EPOCH)
        return found

    monkeypatch.setattr(store, "is_empty", meanwhile)
    assert begin(store, EPOCH + timedelta(days=1)) == world.standing()
    assert world.standing().turn == 1


@given(st.lists(st.integers(0, 40), max_size=12))
def test_a_run_that_dies_anywhere_is_gone_on_with(deaths: list[int]) -> None:
    world = World()
    for dies in deaths:
        world.dies, world.dead = dies, False
        try:
            world.run()
        except Killed:
            held = world.standing().held_until
            if held is not None and held > world.clock:
                world.dead, world.dies = False, None
                with pytest.raises(UpgradeUnderway):
                    world.run()
            world.clock += LEASE + timedelta(seconds=1)
    world.dies, world.dead = None, False
    world.run()
    assert world.standing().due == ()
    assert [migration.changed for migration in world.migrations] == [[0, 1, 2, 3]] * LATEST
    # A step is written down after it is done: each death repeats one at most.
    assert sum(len(migration.tried) for migration in world.migrations) <= 4 * LATEST + len(deaths)


def test_each_death_in_turn_leads_to_the_same_end() -> None:
    whole = World()
    whole.run()
    for moment in range(60):
        world = World(dies=moment)
        try:
            world.run()
        except Killed:
            world.dies, world.dead = None, False
            world.clock += LEASE + timedelta(seconds=1)
            world.run()
        assert [m.changed for m in world.migrations] == [m.changed for m in whole.migrations]
        assert world.standing().due == ()
        assert {n: one.changed for n, one in world.standing().done.items()} == dict.fromkeys((1, 2, 3), 4), (
            "a step that was not written down is counted when it is done again"
        )


def test_whoever_stops_asking_lets_the_next_one_in_at_once(world: World) -> None:
    events = world.case()()
    assert [next(events).progress.position for _ in range(2)] == ["1", "2"]
    assert world.standing().held_until == EPOCH + LEASE
    events.close()
    assert world.standing().held_until is None
    world.run()
    assert world.migrations[0].tried == [0, 1, 2, 3]


def test_two_at_once_do_not_work_side_by_side(world: World) -> None:
    first = world.case()()
    next(first)
    with pytest.raises(UpgradeUnderway, match="01:41:02"):
        world.run()
    assert len(list(first)) == 14
    assert [migration.tried for migration in world.migrations] == [[0, 1, 2, 3]] * LATEST


def test_one_that_was_taken_for_dead_ends_when_it_comes_back(world: World) -> None:
    first = world.case()()
    next(first)
    world.clock += LEASE + timedelta(seconds=1)
    second = world.case()()
    assert next(second).progress.position == "2"
    with pytest.raises(UpgradeUnderway):
        next(first)
    list(second)
    assert world.standing().due == ()
    assert world.migrations[0].changed == [0, 1, 2, 3]
    assert world.migrations[0].tried == [0, 1, 1, 2, 3]


def test_of_two_that_begin_in_the_same_instant_one_ends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    case = world.case()
    read = case.ledger.read

    def meanwhile() -> Ledger:
        found = read()
        monkeypatch.undo()
        world.run()
        return found

    monkeypatch.setattr(case.ledger, "read", meanwhile)
    with pytest.raises(UpgradeUnderway):
        list(case())
    assert [migration.tried for migration in world.migrations] == [[0, 1, 2, 3]] * LATEST


def test_a_write_whose_answer_was_lost_counts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    case = world.case()
    swap = case.ledger.swap

    def lost(ledger: Ledger, *, replacing: Ledger) -> Ledger:
        swap(ledger, replacing=replacing)
        raise Conflict("UPGRADE")

    monkeypatch.setattr(case.ledger, "swap", lost)
    list(case())
    assert world.standing().due == ()


def test_long_steps_say_that_they_are_alive(world: World) -> None:
    world.migrations[0].seconds = LEASE.total_seconds() * 0.6
    told: list[str] = []
    world.run(told=lambda event: told.append(f"{event.migration.description.name} {event.progress.looked} {event.note}"))
    assert told[:2] == ["m1 0 at work", "m1 2 at work"]
    assert world.standing().due == ()


def test_a_run_that_only_waits_may_be_left(world: World) -> None:
    world.migrations[1].waits = 3
    events = world.case()()
    waiting = next(event for event in events if event.waiting)
    assert waiting.migration.description.number == 2
    events.close()
    assert world.standing().progress == replace(waiting.progress)
    assert len(world.run()) == 1 + 3 + 5
    assert world.migrations[1].tried == [0, 1, 2, 3]


def test_a_release_that_fails_hides_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    case = world.case()
    events = case()
    next(events)

    def broken(*_: Any, **__: Any) -> Ledger:
        raise OSError("no network")

    monkeypatch.setattr(case.ledger, "swap", broken)
    with pytest.raises(OSError, match="no network"):
        next(events)
