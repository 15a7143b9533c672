"""The figures of a soak: as JSON, and as a table."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.tables import aligned


@dataclass
class Figures:
    """What came of a run.

    Attributes:
        settings: how it was run.
        operations: done, by kind.
        questions: asked, by kind.
        answers: seconds.
        failed: questions that failed of what was injected.
        injected: faults, by service, operation and kind.
        kills: by function.
        outage: seconds.
        held: seconds that writers held back, since too much waited.
        waited: seconds until new posts were ready and to be found, by phase.
        bucket: how many keys are live, rejected and deleted.
        dead_letters: by queue, when all had come to rest.
        mended: what was not right before, by what mended it.
        idle: seconds until all had come to rest.
        verification: seconds.
        growth: of each kind of process.
        sizes: bytes of the state folder's parts.
        problems: everything that is not as it must be, as sentences.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    operations: dict[str, int] = field(default_factory=dict)
    questions: dict[str, int] = field(default_factory=dict)
    answers: dict[str, float] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    injected: dict[str, int] = field(default_factory=dict)
    kills: dict[str, int] = field(default_factory=dict)
    outage: float = 0.0
    held: float = 0.0
    waited: dict[str, dict[str, Any]] = field(default_factory=dict)
    bucket: dict[str, int] = field(default_factory=dict)
    dead_letters: dict[str, int] = field(default_factory=dict)
    mended: dict[str, int] = field(default_factory=dict)
    idle: float = 0.0
    verification: float = 0.0
    growth: list[dict[str, Any]] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def quantiles(seconds: Sequence[float]) -> dict[str, float]:
    """The median, the time that 95 of 100 keep, and the longest."""
    if not seconds:
        return {}
    ordered = sorted(seconds)

    def at(share: float) -> float:
        return round(ordered[math.ceil(share * len(ordered)) - 1], 3)

    return {"number": len(ordered), "median": at(0.5), "p95": at(0.95), "longest": round(ordered[-1], 3)}


def _sum(counts: Mapping[str, int]) -> str:
    parts = ", ".join(f"{name} {number:,}" for name, number in sorted(counts.items(), key=lambda entry: -entry[1]))
    return f"{sum(counts.values()):,} ({parts})" if counts else "0"


def _times(found: Mapping[str, float]) -> str:
    if not found:
        return "–"
    return f"{found['median']:.2f} / {found['p95']:.2f} / {found['longest']:.2f} s ({found['number']:,})"


def told(figures: Figures) -> str:
    """The figures as tables in Markdown."""
    settings = figures.settings
    rows = [
        (
            "run",
            f"{settings['minutes']:g} minutes, {settings['rate']:g} operations and {settings['queries']:g} questions a second",
        ),
        ("operations", _sum(figures.operations)),
        ("writers held back", f"{figures.held:.0f} s"),
        ("questions", _sum(figures.questions)),
        ("answered after: median / p95 / longest", _times(figures.answers)),
        ("questions that failed of what was injected", _sum(figures.failed)),
        ("faults injected", _sum(figures.injected)),
        ("workers killed", _sum(figures.kills)),
        ("table and queues away", f"{figures.outage:.0f} s"),
    ]
    for phase, found in figures.waited.items():
        rows.append((f"put → ready, {phase}", _times(found["ready"])))
        rows.append((f"put → found by search, {phase}", _times(found["findable"])))
    rows += [
        ("keys in the bucket", _sum(figures.bucket)),
        ("at rest after", f"{figures.idle:.0f} s"),
        ("dead letters", _sum(figures.dead_letters)),
        ("mended", _sum(figures.mended)),
        ("verified in", f"{figures.verification:.0f} s"),
        ("state folder", ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in sorted(figures.sizes.items()))),
        ("wrong", str(len(figures.problems))),
    ]
    lives = [
        (
            str(entry["kind"]),
            str(entry["processes"]),
            f"{entry['seconds']:.0f} s",
            f"{entry['memory'] / 1e6:.1f} MB",
            f"{entry['most'] / 1e6:.1f} MB",
            f"{entry['per_hour'] / 1e6:+.2f} MB",
            f"{entry['files']:.0f}",
            f"{entry['files_per_hour']:+.1f}",
        )
        for entry in figures.growth
    ]
    heads = ("processes", "seen", "followed for", "memory, median", "most", "growth an hour", "files", "growth an hour")
    return aligned(("what", "figure"), rows) + "\n" + aligned(heads, lives)
