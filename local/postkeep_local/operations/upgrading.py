"""Bringing an archive's data up to this version: migrations in their order, each from where an earlier run was."""

from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from postkeep.errors import Conflict, UpgradeUnderway
from postkeep.ports import LedgerStore
from postkeep.upgrades import Finished, Ledger, Progress
from postkeep_local.migrations.migration import Migration, Step

LEASE = timedelta(minutes=2)
"""For how long a run counts as alive after it last said so; the longest step between two words takes seconds."""


@dataclass(frozen=True, slots=True)
class Event:
    """What is told of a run.

    Attributes:
        migration: the one under way.
        progress: how far it is.
        note: a few words.
        keys: of posts that the last step changed or left.
        finished: set where it is done with this.
        waiting: whether nothing can be done but wait for functions that are at work.
    """

    migration: Migration
    progress: Progress
    note: str = ""
    keys: tuple[str, ...] = ()
    finished: Finished | None = None
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Upgrading:
    """The use case and what it works on.

    Attributes:
        ledger: where it is written down what is done.
        migrations: all of them, in their order.
        now: the clock (aware, UTC).
        token: gives a name that no other run has.
    """

    ledger: LedgerStore
    migrations: Sequence[Migration]
    now: Callable[[], datetime]
    token: Callable[[], str]

    def standing(self) -> Ledger:
        """What the archive has had; nothing is written."""
        return look(self.ledger, self.now())

    def __call__(self, *, again: Collection[int] = (), told: Callable[[Event], None] = lambda _: None) -> Generator[Event]:
        """Do what is due, and give an event for each step.

        Whoever stops asking for events stops the run there; the next one goes on. A step is written down after it is done, so
        that one that dies in between is done twice.

        Args:
            again: numbers of migrations that are done once more although they are done.
            told: told of what comes between two steps.

        Raises:
            UpgradeUnderway: if somebody else is at work, or took over.
        """
        turn = _Turn(self.ledger, self.token(), self.now)
        turn.take()
        try:
            if again:
                turn.write(replace(turn.ledger, done={n: one for n, one in turn.ledger.done.items() if n not in again}))
            for migration in self.migrations:
                if migration.description.number not in turn.ledger.done:
                    yield from self._run(migration, turn, told)
        finally:
            turn.release()

    def _run(self, migration: Migration, turn: "_Turn", told: Callable[[Event], None]) -> Iterator[Event]:
        number = migration.description.number
        before = turn.ledger.progress
        progress = before if before and before.number == number else Progress(number=number, begun=self.now())
        if progress != before:
            turn.write(replace(turn.ledger, progress=progress))

        def alive(looked: int, note: str) -> None:
            turn.keep()
            told(Event(migration, replace(progress, looked=progress.looked + looked), note))

        for step in migration.steps(progress, alive):
            progress = _after(progress, step)
            if progress != turn.ledger.progress:
                turn.write(replace(turn.ledger, progress=progress))
            turn.keep()
            yield Event(migration, progress, keys=step.keys, waiting=step.waiting)
        finished = Finished(at=self.now(), looked=progress.looked, changed=progress.changed, left=progress.left)
        turn.write(turn.ledger.finished([number], finished))
        yield Event(migration, progress, finished=finished)


def look(store: LedgerStore, now: datetime) -> Ledger:
    """What an archive has had: one with nothing in it has nothing to catch up with.

    Only the absence of everything tells: what a post's record looks like does not say whether older ones lie beside it.
    """
    found = store.read()
    if found.recorded or not store.is_empty():
        return found
    return found.finished(found.due, Finished(at=now))


def begin(store: LedgerStore, now: datetime) -> Ledger:
    """What an archive has had; of one with nothing in it, it is written down that it has had everything."""
    found = look(store, now)
    if found.recorded or found.due:
        return found
    try:
        return store.swap(found, replacing=Ledger())
    except Conflict:
        return store.read()


def _after(progress: Progress, step: Step) -> Progress:
    return replace(
        progress,
        position=step.position,
        looked=progress.looked + step.looked,
        changed=progress.changed + step.changed,
        left=progress.left + step.left,
    )


@dataclass(slots=True)
class _Turn:
    """A run's turn at the ledger.

    It is no lock on the data, whose writes have conditions of their own: it keeps two operators from doing everything twice.
    """

    store: LedgerStore
    holder: str
    now: Callable[[], datetime]
    ledger: Ledger = field(default_factory=Ledger)

    def take(self) -> None:
        found = begin(self.store, self.now())
        if found.held_until is not None and found.held_until > self.now():
            raise UpgradeUnderway(found.held_until)
        self.ledger = found
        self.write(found)

    def write(self, ledger: Ledger) -> None:
        """Write it, and say that the run is alive.

        Raises:
            UpgradeUnderway: if somebody else wrote it since.
        """
        new = replace(ledger, holder=self.holder, held_until=self.now() + LEASE)
        try:
            self.ledger = self.store.swap(new, replacing=self.ledger)
        except Conflict:
            found = self.store.read()
            if found.holder == self.holder and found == replace(new, turn=found.turn):
                self.ledger = found  # it was written, and the answer was lost
                return
            raise UpgradeUnderway(found.held_until or self.now()) from None

    def keep(self) -> None:
        """Say that the run is alive, where that was not said for a while."""
        held = self.ledger.held_until
        if held is not None and held - self.now() < LEASE / 2:
            self.write(self.ledger)

    def release(self) -> None:
        """Let others in at once. Whatever keeps it from being said is not what the run failed of."""
        with suppress(Exception):
            if self.ledger.holder == self.holder:
                self.store.swap(replace(self.ledger, holder="", held_until=None), replacing=self.ledger)
