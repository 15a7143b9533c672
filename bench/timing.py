"""CPU time of several ways to do the same, in turn on each piece, so that a noisy machine disturbs all of them alike."""

import gc
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

type Times = Mapping[str, Sequence[Sequence[float]]]
"""Seconds, by name, round and piece."""

_WARM = 10
"""Pieces, evenly spaced, that each way does before anything is timed."""


@dataclass(frozen=True, slots=True)
class Speed:
    """What was measured of one way.

    Attributes:
        total: seconds for all pieces, each at its median over the rounds.
        ratio: the total divided by the baseline's.
        low: the lowest of that and of the single rounds' ratios.
        high: likewise the highest.
        median: seconds a piece.
        p99: 99 of 100 pieces take no longer.
        longest: the slowest piece.
    """

    total: float
    ratio: float
    low: float
    high: float
    median: float
    p99: float
    longest: float


def measure[Piece](
    ways: Mapping[str, Callable[[Piece], object]],
    pieces: Sequence[Piece],
    rounds: int,
    clock: Callable[[], float] = time.process_time,
) -> Times:
    """Time each way on each piece, ``rounds`` times.

    A piece is done by all ways before the next piece, and another way begins each time. The garbage collector is off while a way
    is timed, so that none pays for another's garbage, and runs in between.

    Args:
        ways: by name; what one raises ends the measurement.
        pieces: at least one.
        rounds: at least one.
        clock: seconds.
    """
    names = list(ways)
    for piece in pieces[:: max(1, len(pieces) // _WARM)]:
        for name in names:
            ways[name](piece)
    times: dict[str, list[list[float]]] = {name: [] for name in names}
    was_enabled = gc.isenabled()
    gc.collect()
    gc.freeze()  # what is there already need not be looked at by each collection in between
    gc.disable()
    try:
        for turn in range(rounds):
            for name in names:
                times[name].append([])
            for number, piece in enumerate(pieces):
                first = (turn + number) % len(names)
                for name in [*names[first:], *names[:first]]:
                    begun = clock()
                    made = ways[name](piece)
                    times[name][turn].append(clock() - begun)
                    del made
                    gc.collect()
    finally:
        gc.unfreeze()
        if was_enabled:
            gc.enable()
    return times


def medians(rounds: Sequence[Sequence[float]]) -> list[float]:
    """The median over the rounds, by piece."""
    return [statistics.median(seconds) for seconds in zip(*rounds, strict=True)]


def speed(times: Times, name: str, baseline: str) -> Speed:
    """The figures of one way beside another's."""
    pieces = sorted(medians(times[name]))
    base = math.fsum(medians(times[baseline]))
    single = [math.fsum(ours) / math.fsum(theirs) for ours, theirs in zip(times[name], times[baseline], strict=True)]
    total = math.fsum(pieces)
    return Speed(
        total=total,
        ratio=total / base,
        low=min(total / base, *single),
        high=max(total / base, *single),
        median=statistics.median(pieces),
        p99=pieces[math.ceil(0.99 * len(pieces)) - 1],
        longest=pieces[-1],
    )
