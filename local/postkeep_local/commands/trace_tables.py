"""A post's way as a table for people and as values for JSON. What the logs say is text, never markup, and steers no terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import click
from rich import box
from rich.table import Table
from rich.text import Text

from postkeep.listing import instant
from postkeep.post import PostId, Status
from postkeep_local.commands.tables import clipped, show, span
from postkeep_local.operations.standing import Standing
from postkeep_local.operations.traces import Found, Line, Subject

_TEXT = 300
"""Characters of a value that are shown."""

_WORD = 40
"""Characters of a function's name, a step and an outcome that are shown."""

_PICTURE = 6
"""Characters of a picture's id that tell it from a post's others."""

_SECOND = 1_000.0


def tell(
    subject: Subject,
    since: timedelta,
    found: Found,
    posts: Sequence[PostId],
    stand: Mapping[PostId, Standing],
    *,
    others: int,
) -> None:
    """Print a trace.

    Args:
        subject: what was looked for.
        since: how far back.
        found: what the logs say.
        posts: the posts that are shown.
        stand: how those stand that have a record.
        others: how many further posts the logs name.
    """
    if found.lines:
        causes = list(dict.fromkeys(line.correlation_id for line in found.lines if line.correlation_id))
        show(_table(found.lines, {cause: n for n, cause in enumerate(causes, start=1)}))
        for number, cause in enumerate(causes, start=1):
            click.echo(f"cause {number}  {clipped(cause, _TEXT)}")
        if found.more:
            click.echo(f"Only the newest {len(found.lines):,} are shown: there are earlier ones.")
    else:
        click.echo(f"The logs of the last {span(since.total_seconds())} say nothing of {subject.text}.")
        click.echo("It was looked for in:")
        for place in found.looked_in:
            click.echo(f"  {clipped(place, _TEXT)}")
        click.echo(
            "Lines come some moments late, at LogLevel INFO or DEBUG alone, and stay for LogRetentionDays. See also --since."
        )
    if found.unread:
        click.echo(f"Left out: {found.unread:,} that names it and is no line of Postkeep's form.")
    for post_id in posts:
        click.echo()
        for line in _now(post_id, stand.get(post_id)):
            click.echo(line)
    if others:
        click.echo(f"\n{others:,} further posts are named; trace one by its id.")


def _table(lines: Sequence[Line], causes: Mapping[str, int]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("time (UTC)", no_wrap=True)
    table.add_column("function", no_wrap=True)
    table.add_column("step", overflow="fold")
    table.add_column("attempt", justify="right", no_wrap=True)
    table.add_column("took", justify="right", no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    table.add_column("reason", overflow="fold")
    table.add_column("cause", justify="right", no_wrap=True)
    for line in lines:
        table.add_row(
            f"{line.at:%Y-%m-%d %H:%M:%S}.{line.at.microsecond // 1000:03}",
            Text(clipped(line.service, _WORD)),
            Text(_step(line)),
            "" if line.attempt is None else f"{line.attempt:,}",
            "" if line.duration_ms is None else _took(line.duration_ms),
            Text(clipped(line.outcome or line.level.lower(), _WORD)),
            Text(_reason(line)),
            str(causes.get(line.correlation_id, "")),
        )
    return table


def _step(line: Line) -> str:
    """What was done: where the function's name says it, the event or the picture alone."""
    step = line.step or line.message
    more = line.event_name or (f"picture {line.picture_id[:_PICTURE]}" if line.picture_id else "")
    words = [more] if more and step == line.service else [step, more]
    return clipped(" ".join(filter(None, words)), _WORD)


def _took(milliseconds: float) -> str:
    return f"{milliseconds:,.0f} ms" if milliseconds < _SECOND else f"{milliseconds / _SECOND:,.1f} s"


def _reason(line: Line) -> str:
    """Why; of an error what it says, and of a line that ends nothing what it is."""
    return clipped(line.error or line.reason or ("" if line.outcome else line.message), _TEXT)


def _now(post_id: PostId, stand: Standing | None) -> list[str]:
    if stand is None:
        return [f"now       {post_id} has no record"]
    post = stand.post
    status = post.status.value
    if post.status is Status.REJECTED:
        status += f" ({clipped(post.reason, _WORD)})"
    settled = "settled" if post.settled else "not settled yet"
    pictures = ", ".join(f"{number:,} {name}" for name, number in stand.pictures.items())
    if pictures and stand.next_try:
        pictures += f"; the next try at {instant(stand.next_try)}"
    rows = [
        ("now", f"{status}, generation {post.generation:,}, {settled}; changed {instant(post.changed)}"),
        ("detail", clipped(post.detail, _TEXT)),
        ("pictures", pictures),
        ("key", clipped(post.key, _TEXT)),
        ("version", clipped(post.revision.version_id, _TEXT)),
        ("id", post_id),
    ]
    return [f"{name:<9} {value}" for name, value in rows if value]


def values(
    subject: Subject, since: timedelta, found: Found, posts: Sequence[PostId], stand: Mapping[PostId, Standing]
) -> dict[str, Any]:
    """A trace as JSON values."""
    return {
        "post_id": subject.post_id or None,
        "correlation_id": subject.correlation_id or None,
        "since_seconds": int(since.total_seconds()),
        "looked_in": list(found.looked_in),
        "more": found.more,
        "unread": found.unread,
        "lines": [_line(line) for line in found.lines],
        "posts": [_state(post_id, stand.get(post_id)) for post_id in posts],
    }


def _line(line: Line) -> dict[str, Any]:
    said = {name: value if value != "" else None for name, value in asdict(line).items()}
    return {**said, "at": instant(line.at)}


def _state(post_id: PostId, stand: Standing | None) -> dict[str, Any]:
    if stand is None:
        return {"id": post_id, "status": None}
    post = stand.post
    return {
        "id": post_id,
        "status": post.status.value,
        "reason": post.reason or None,
        "detail": post.detail or None,
        "generation": post.generation,
        "settled": post.settled,
        "changed": instant(post.changed),
        "key": post.key,
        "version": post.revision.version_id or None,
        "pictures": dict(stand.pictures),
        "next_try": instant(stand.next_try) if stand.next_try else None,
    }
