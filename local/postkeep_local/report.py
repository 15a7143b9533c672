"""What the demonstration shows, as tables and text. Everything in it may be a stranger's: nothing is taken as markup."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from postkeep.post import PictureStatus, Status
from postkeep_local.folder import printable
from postkeep_local.watch import PostState

_LONG = 48
"""Characters of a text within a shortened answer."""

_ENTRIES = 2
"""Elements of a list within a shortened answer."""

_WIDTH = 100
"""Columns of a line of a shortened answer."""

_LINES = 40
"""Lines of a sample or of a shortened answer."""


@dataclass(frozen=True, slots=True)
class Call:
    """A question to the API and its answer.

    Attributes:
        path: with the query, readable: not percent-encoded.
        status: the HTTP status.
        content_type: of the answer.
        body: of the answer.
    """

    path: str
    status: int
    content_type: str
    body: bytes


def posts_table(title: str, states: Sequence[PostState], *, shown: int | None = None) -> RenderableType:
    """The posts with what became of them.

    Args:
        title: of the table.
        states: of the posts.
        shown: only so many of them; all by default.
    """
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("post", overflow="fold", ratio=1)
    table.add_column("status")
    for name in ("characters", "pictures", "thumbnails", "failed", "skipped"):
        table.add_column(name, justify="right")
    for state in states[:shown]:
        table.add_row(
            _cell(state.title or state.key),
            _status(state),
            *(
                Text(f"{number:,}" if state.status == Status.READY else "")
                for number in (
                    state.characters,
                    state.expected,
                    state.thumbnails,
                    state.count(PictureStatus.FAILED, PictureStatus.WAITING),
                    state.count(PictureStatus.SKIPPED),
                )
            ),
        )
    left_out = len(states) - len(states[:shown])
    return Group(table, Text(f"… and {left_out:,} more")) if left_out else table


def rejected_table(states: Sequence[PostState], *, shown: int | None = None) -> RenderableType:
    """The rejected posts with their reasons."""
    rejected = [state for state in states if state.status == Status.REJECTED]
    if not rejected:
        return Text("No post was rejected.")
    table = Table(title="Rejected: their authors must act", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("file", overflow="fold", ratio=1)
    table.add_column("reason", no_wrap=True)
    table.add_column("what is the matter", overflow="fold", ratio=1)
    for state in rejected[:shown]:
        table.add_row(_cell(state.key), _cell(state.reason), _cell(state.detail))
    left_out = len(rejected) - len(rejected[:shown])
    return Group(table, Text(f"… and {left_out:,} more")) if left_out else table


def pictures_table(states: Sequence[PostState], *, shown: int = 10) -> RenderableType:
    """The pictures that were not to be had, with their reasons; those that were not asked for are counted."""
    failed = [p for state in states for p in state.pictures if p["status"] in {PictureStatus.FAILED, PictureStatus.WAITING}]
    skipped = sum(state.count(PictureStatus.SKIPPED) for state in states)
    note = [Text(f"{skipped:,} pictures on other hosts were not asked for.")] if skipped else []
    if not failed:
        return Group(Text("No picture failed."), *note)
    table = Table(title="Pictures that were not to be had", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("picture", overflow="fold", ratio=1)
    table.add_column("status")
    table.add_column("reason", no_wrap=True)
    table.add_column("what is the matter", overflow="fold", ratio=1)
    for picture in failed[:shown]:
        table.add_row(*(_cell(str(picture[name])) for name in ("address", "status", "reason", "detail")))
    left_out = [Text(f"… and {len(failed) - shown:,} more")] if len(failed) > shown else []
    return Group(table, *left_out, *note)


def counts(states: Sequence[PostState]) -> Text:
    """How many posts and pictures are in each state."""
    posts = Counter(state.status or "unknown" for state in states)
    pictures = Counter(str(picture["status"]) for state in states for picture in state.pictures)
    thumbnails = sum(state.thumbnails for state in states)
    return Text(
        f"Posts: {len(states):,} ({_counted(posts)})\n"
        f"Pictures: {pictures.total():,} ({_counted(pictures)}); thumbnails: {thumbnails:,}"
    )


def sample(title: str, text: str) -> RenderableType:
    """The beginning of a post's text."""
    return Group(Text(printable(title), style="bold"), _lines(text.splitlines()))


def answer(call: Call) -> RenderableType:
    """A question with its answer, shortened."""
    head = Text(f"GET {printable(call.path)} → {call.status} {call.content_type}", style="bold")
    if "json" in call.content_type:
        lines = laid_out(shortened(json.loads(call.body)))
    elif call.content_type.startswith("text/"):
        lines = call.body.decode("utf-8", "replace").splitlines()
    else:
        lines = [f"({len(call.body):,} bytes)"]
    return Group(head, _lines(lines, wrap=False))


def shortened(value: Any) -> Any:
    """A JSON value with its long texts and lists cut."""
    match value:
        case str() if len(value) > _LONG:
            return value[:_LONG] + "…"
        case list() if len(value) > _ENTRIES:
            return [*map(shortened, value[:_ENTRIES]), f"… and {len(value) - _ENTRIES} more"]
        case list():
            return [shortened(entry) for entry in value]
        case dict():
            return {name: shortened(entry) for name, entry in value.items() if entry not in ("", [], {}, None)}
        case _:
            return value


def laid_out(value: Any, indent: str = "") -> list[str]:
    """A JSON value as lines: what fits on one line stays on one."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or cell_len(indent + flat) <= _WIDTH:
        return [indent + flat]
    names = [f"{json.dumps(name, ensure_ascii=False)}: " for name in value] if isinstance(value, dict) else [""] * len(value)
    entries = list(value.values()) if isinstance(value, dict) else value
    opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
    lines = [indent + opening]
    for n, (name, entry) in enumerate(zip(names, entries, strict=True), start=1):
        first, *rest = laid_out(entry, indent + " ")
        inner = [f"{indent} {name}{first.removeprefix(indent + ' ')}", *rest]
        lines += [*inner[:-1], inner[-1] + ("," if n < len(entries) else "")]
    return [*lines, indent + closing]


def _lines(lines: Sequence[str], *, wrap: bool = True) -> RenderableType:
    more = [f"… {len(lines) - _LINES} more lines"] if len(lines) > _LINES else []
    text = "\n".join(printable(line) for line in [*lines[:_LINES], *more])
    return Padding(Text(text, no_wrap=not wrap, overflow="fold" if wrap else "ellipsis"), (0, 0, 1, 2), expand=False)


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in sorted(counter.items())) or "none"


def _cell(text: str) -> Text:
    return Text(printable(text))


def _status(state: PostState) -> Text:
    if not state.final:
        return Text(f"{state.status or 'unknown'} (not done)", style="bold red")
    return Text(state.status, style="yellow" if state.status == Status.REJECTED else "green")
