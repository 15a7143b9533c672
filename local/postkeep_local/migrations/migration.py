"""What a migration is: a description for people, and steps that may be the last one at any point."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from postkeep.upgrades import Progress

type Told = Callable[[int, str], None]
"""Is told how many things were looked at, and a few words; it says that the run is alive, and raises where it lost its turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What people are told of a migration.

    Attributes:
        number: its place in the order, from 1, without gaps; never given to another one.
        name: a word or two, as ``--again`` takes it.
        changes: what it changes.
        why: what is amiss without it.
        needed_by: which archives need it.
        meanwhile: why functions of the version before, and of this one, may run while it does.
        cost: in US dollars for 100,000 posts, and what of; see docs/upgrading.md.
        afterwards: what is left to do for whoever ran it; "" for nothing.
    """

    number: int
    name: str
    changes: str
    why: str
    needed_by: str
    meanwhile: str
    cost: str
    afterwards: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One stretch of the work, which is done.

    Attributes:
        position: where the next one begins: a run that dies now goes on there.
        looked: things looked at.
        changed: of these, those that were changed, or asked for.
        left: those that are still as they were although they had been asked for.
        keys: of some posts that ``changed`` or ``left`` counts, for people.
        waiting: whether nothing can be done but wait for functions that are at work.
    """

    position: str
    looked: int = 0
    changed: int = 0
    left: int = 0
    keys: tuple[str, ...] = ()
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Survey:
    """What a migration would do.

    Attributes:
        looked: things looked at.
        due: of these, those that it would change.
    """

    looked: int
    due: int


class Migration(Protocol):
    """A migration.

    Its steps are idempotent, and change an item only on the conditions that the pipeline's own writes have, or ask the pipeline.
    """

    @property
    def description(self) -> Description:
        """What people are told of it."""
        ...

    def survey(self, told: Told) -> Survey:
        """Look at everything, and change nothing."""
        ...

    def steps(self, progress: Progress, told: Told) -> Iterator[Step]:
        """Do the work, from where an earlier run was: ``progress`` has its last step's position, and what was counted by then."""
        ...
