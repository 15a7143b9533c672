"""Queues and dead letters, as tables for people and as values for JSON. Strangers' words are text, never markup."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click
from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from postkeep.listing import instant
from postkeep_local.folder import printable
from postkeep_local.operations.overview import DeadLetters, Events, since
from postkeep_local.operations.queues import QueueState

_REASONS = 5
_REASON = 80
"""Characters of a reason that are shown: error types are short, but nobody holds strangers to that."""

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def show(*renderables: RenderableType) -> None:
    """Print tables and text; not narrower than 120 columns where nobody looks at the width."""
    console = Console(width=None if sys.stdout.isatty() else 120, soft_wrap=False, highlight=False)
    for renderable in renderables:
        console.print(renderable)


def show_json(value: Any) -> None:
    """Print a value as JSON, in ASCII: what strangers wrote may hold what would steer a terminal."""
    click.echo(json.dumps(value, indent=2))


def span(seconds: float) -> str:
    """A length of time for people, in its two largest units at most."""
    whole = int(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def clipped(text: str, most: int) -> str:
    """Strangers' text, printable and not longer than so many characters."""
    return printable(text if len(text) <= most else text[: most - 1] + "…")


def work_table(events: Events | None, queues: Sequence[QueueState], oldest: Mapping[str, float]) -> Table:
    """What is still to be done."""
    table = Table(title="To be done", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("queue", no_wrap=True)
    for name in ("waiting", "being worked on", "oldest"):
        table.add_column(name, justify="right")
    if events is not None:
        table.add_row(
            "events", f"{events.waiting:,}", f"{events.running:,}", "" if events.oldest is None else span(events.oldest)
        )
    for queue in queues:
        age = span(oldest[queue.name]) if queue.name in oldest else "unknown" if queue.waiting or queue.in_flight else ""
        table.add_row(queue.name, f"{queue.waiting:,}", f"{queue.in_flight:,}", age)
    return table


def dead_letters_table(found: Sequence[DeadLetters]) -> Table:
    """What was given up."""
    table = Table(title="Dead letters", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("queue", no_wrap=True)
    table.add_column("messages", justify="right")
    table.add_column("oldest", justify="right", no_wrap=True)
    table.add_column("dropped on", no_wrap=True)
    table.add_column("reasons", overflow="fold")
    for letters in found:
        queue = letters.queue
        more = f", {queue.in_flight:,} held" if queue.in_flight else ""
        table.add_row(
            queue.name,
            f"{queue.waiting:,}{more}",
            "" if letters.oldest is None else span(since(letters.oldest)),
            "" if letters.lost is None else f"{letters.lost:%Y-%m-%d}",
            Text(_reasons(letters)),
        )
    return table


def _reasons(letters: DeadLetters) -> str:
    shown = [f"{count:,} × {clipped(reason, _REASON)}" for reason, count in list(letters.reasons.items())[:_REASONS]]
    if len(letters.reasons) > _REASONS:
        shown.append(f"{len(letters.reasons) - _REASONS:,} other reasons")
    partly = f" (of {letters.looked_at:,} looked at)" if letters.looked_at < letters.queue.waiting else ""
    return ", ".join(shown) + partly


def work_values(events: Events | None, queues: Sequence[QueueState], oldest: Mapping[str, float]) -> dict[str, Any]:
    """What is still to be done, as JSON values: ``events`` and ``queues``."""
    return {
        "events": None
        if events is None
        else {"waiting": events.waiting, "running": events.running, "oldest_seconds": _rounded(events.oldest)},
        "queues": [
            {
                "name": queue.name,
                "waiting": queue.waiting,
                "in_flight": queue.in_flight,
                "oldest_seconds": _rounded(oldest.get(queue.name)),
            }
            for queue in queues
        ],
    }


def dead_letters_values(found: Sequence[DeadLetters]) -> list[dict[str, Any]]:
    """What was given up, as JSON values."""
    return [
        {
            "name": letters.queue.name,
            "messages": letters.queue.waiting,
            "in_flight": letters.queue.in_flight,
            "oldest": _instant(letters.oldest),
            "dropped": _instant(letters.lost),
            "looked_at": letters.looked_at,
            "reasons": dict(letters.reasons),
        }
        for letters in found
    ]


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else instant(moment)
