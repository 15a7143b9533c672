"""Which migrations an archive's data has had: the ledger, as frozen values. See ``docs/upgrading.md``.

The migrations themselves are the command line's. What lies here is what a function may ask: whether one is due.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

LATEST = 3
"""The number of the last migration that there is; a test holds it to the registry of the command line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A migration that was brought to its end.

    Attributes:
        at: when (UTC).
        looked: things that it looked at.
        changed: of these, those that it changed or asked others to change.
        left: those that are still as they were although it asked.
    """

    at: datetime
    looked: int = 0
    changed: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The migration that is under way.

    Attributes:
        number: which.
        begun: when (UTC).
        position: how far it is, in its own words; "" at its beginning.
        looked: as in :class:`Finished`, so far.
        changed: likewise.
        left: likewise.
    """

    number: int
    begun: datetime
    position: str = ""
    looked: int = 0
    changed: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """All of it.

    Attributes:
        turn: how often it was written; 0 where it never was.
        done: by number.
        progress: the one under way; None where none is.
        holder: who is at work, by a name that no other run has; "" where nobody is.
        held_until: until when they count as alive (UTC); None where nobody is at work.
    """

    turn: int = 0
    done: Mapping[int, Finished] = field(default_factory=dict)
    progress: Progress | None = None
    holder: str = ""
    held_until: datetime | None = None

    @property
    def recorded(self) -> bool:
        """Whether it is known at all what the archive has had."""
        return self.turn > 0

    @property
    def due(self) -> tuple[int, ...]:
        """The numbers of the migrations that are not done, of those that this version knows of."""
        return tuple(number for number in range(1, LATEST + 1) if number not in self.done)

    def finished(self, numbers: Iterable[int], finished: Finished) -> Self:
        """With some more done, and none under way."""
        return replace(self, done={**self.done, **dict.fromkeys(numbers, finished)}, progress=None)
