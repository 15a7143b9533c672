"""How much memory a function should have: what each size would cost, and how long it would take, from what was measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.assumptions import FETCH_SECONDS
from bench.bills import Bills, logical
from bench.costs import dollars, duration, running

from support.template import resource

MEMORIES = (128, 256, 512, 768, 1024, 1536, 1769, 2048, 3008)
"""MB."""

MARGIN = 1.25
"""What a function is given beyond the most that it was seen to take: pages that arm64 lays out otherwise, what a process
gathers in its life, and an input that is worse than all that were tried."""

INIT_SECONDS = 10.0
"""What starting may take. Source: AWS Lambda Developer Guide, «Lambda execution environment lifecycle»."""

HALF = 2.0
"""The worst case is to take no more than half of the time there is."""

PATIENCE = 2.0
"""Seconds that a reader may wait for a function to start: a choice."""

WAITED_FOR = frozenset({"query", "search"})
"""Functions that a reader waits for."""

MILLION = 1_000_000

_MERGE_CALLS = 10
"""To read the segments of the largest merge, and to write what they become."""

_DUE_CALLS = 210
"""To mark 200 pictures, one by one, and to read and send them."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked of a function.

    Attributes:
        name: of the function.
        usual: the kind of invocation that it mostly gets.
        worst: the kind that takes longest.
        calls: to AWS, of the usual one.
        worst_calls: of the worst.
        floor: the least memory for another reason than what was measured, in MB; 0 for none.
        reason: why it has what it has, where that is not the cheapest that fits; or why there is a floor.
    """

    name: str
    usual: str
    worst: str
    calls: float
    worst_calls: float
    floor: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Size:
    """A function with some memory.

    Attributes:
        memory: MB.
        usual: seconds of the usual invocation.
        worst: of the worst.
        start: of starting.
        dollars: of a million usual invocations, requests included.
        fits: whether it can do with it.
    """

    memory: int
    usual: float
    worst: float
    start: float
    dollars: float
    fits: bool


@dataclass(frozen=True, slots=True)
class Tuned:
    """A function at all sizes.

    Attributes:
        case: what is asked of it.
        peak: the most memory that was seen, in bytes.
        init: seconds of CPU that it takes to start.
        setting: the template's, in MB.
        sizes: by memory, the template's among them.
    """

    case: Case
    peak: int
    init: float
    setting: int
    sizes: Sequence[Size]

    @property
    def now(self) -> Size:
        """With the template's setting."""
        return next(size for size in self.sizes if size.memory == self.setting)

    @property
    def reason(self) -> str:
        """Why the setting is what it is."""
        return self.case.reason if self.case.floor or self.now.memory != self.cheapest.memory else "the cheapest that fits"

    @property
    def cheapest(self) -> Size:
        """The cheapest that fits.

        Raises:
            ValueError: if none does.
        """
        return min((size for size in self.sizes if size.fits), key=lambda size: (size.dollars, size.memory))


def cases(measured: Mapping[str, Any]) -> list[Case]:
    """The functions, with their calls as counted."""
    found, scheduled = measured["ingest"], measured["scheduled"]
    at_once, single = found["at once"]["pictures"]["new"]["calls"], found["one by one"]["pictures"]["new"]["calls"]
    records = measured["power"]["records"]
    run = scheduled["reconcile"]["50000"]["calls"] * records / 50_000
    counting = scheduled["count, everything"]["50000"]["calls"] * records / 50_000
    lists = measured["queries"]["list 20"]["50000"]["calls"]
    index, picture = single["index"], measured["pictures"]
    return [
        Case(
            "parse",
            "a post",
            "a post of 5 MiB",
            at_once["parse"],
            at_once["parse"],
            reason="a post that comes alone waits for its start",
        ),
        Case(
            "render",
            "5 posts",
            "5 of the worst posts known",
            5 * at_once["render"],
            5 * at_once["render"],
            reason="a whole processor, which keeps the worst batch known well below the timeout",
        ),
        Case(
            "thumbnail",
            "0.5 MP JPEG",
            "24 MP JPEG, with AVIF",
            picture["usual"]["calls"],
            picture["with AVIF"]["calls"],
            floor=1024,
            reason="a decoder may take 832 MB for a hostile picture, beside what the function takes",
        ),
        Case(
            "index",
            "a post",
            "a post, and the largest merge",
            index,
            index + _MERGE_CALLS,
            floor=768,
            reason="the largest merge took 290 to 445 MB, from one measurement to the next; and posts are found the sooner",
        ),
        Case("search", "a search", "the first search, which loads the index", 1, 1 + _MERGE_CALLS, reason="readers wait for it"),
        Case("query", "list 20", "list 100", lists, lists, reason="readers wait for it"),
        Case("retry", "nothing due", "200 due", scheduled["retry, nothing"]["calls"], _DUE_CALLS),
        Case(
            "count",
            "nothing new",
            "everything anew",
            scheduled["count, nothing"]["50000"]["calls"],
            counting,
            reason="counting anew takes the less time",
        ),
        Case(
            "reconcile",
            "an archive that agrees",
            "an archive that agrees",
            run,
            run,
            reason="a run gets over many more posts within its time",
        ),
    ]


def tuned(bills: Bills, case: Case) -> Tuned:
    """A function at all sizes."""
    power = bills.measured["power"]
    kinds, started = power["found"][logical(case.name)], power["started"][logical(case.name)]
    peak = max(started["peak"], *(kind["peak"] for kind in kinds.values()))
    setting = int(bills.memory(case.name))
    properties = resource(logical(case.name))["Properties"]
    least = max(case.floor, MARGIN * peak / 2**20)
    start = PATIENCE if case.name in WAITED_FOR else INIT_SECONDS / HALF
    other = FETCH_SECONDS if case.name == "thumbnail" else 0.0

    def size(memory: int) -> Size:
        usual = duration(memory, kinds[case.usual]["cpu"], case.calls, other)
        worst = duration(memory, kinds[case.worst]["cpu"], case.worst_calls, other)
        init = duration(memory, started["init"], 0)
        disk = float(properties.get("EphemeralStorage", {}).get("Size", 0))
        cost = sum(dollars(running(memory, usual * MILLION, MILLION, disk)).values())
        fits = memory >= least and init <= start and worst * HALF <= properties["Timeout"]
        return Size(memory, usual, worst, init, cost, fits)

    return Tuned(case, peak, started["init"], setting, [size(memory) for memory in sorted({*MEMORIES, setting})])
