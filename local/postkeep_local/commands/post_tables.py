"""Posts as the API shows them, laid out for a terminal. Strangers' words are text, never markup, and steer no terminal."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.markdown import Markdown
from rich.rule import Rule
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from postkeep.post import Status
from postkeep_local.api import Listed
from postkeep_local.commands.tables import clipped, span
from postkeep_local.folder import printable

_DATE, _NUMBER, _PICTURES, _ID = 10, 7, 4, 26
"""Columns of a listing, in cells: a day, up to 999,999 words, up to 9,999 pictures, an id."""

_GAP = 2
_AUTHOR, _LEAST_AUTHOR, _LEAST_TITLE = 16, 6, 16
_LINE = 300
"""Characters of one value that are shown; titles have up to 200."""

_LAID_OUT = 500_000
"""Characters of a text that Markdown is laid out of: a second; the longest real text has half as many. A longer one is plain."""

_COLUMNS = 100
"""Cells of a line of text at most: a longer one is hard to read."""


def listing(posts: Sequence[Listed], width: int, *, heading: bool) -> Table:
    """Rows of a listing. All pages of it are equally wide, so that one can be printed before the next is there.

    Args:
        posts: of one page.
        width: of the terminal, in cells; a Chinese character takes two.
        heading: whether the columns' names come first.
    """
    rest = width - (_DATE + _NUMBER + _PICTURES + _ID + 5 * _GAP)
    author = min(_AUTHOR, max(_LEAST_AUTHOR, rest // 3))
    title = max(_LEAST_TITLE, rest - author)
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, show_header=heading, header_style="bold")
    for name, cells, justify in (
        ("published", _DATE, "left"),
        ("author", author, "left"),
        ("title", title, "left"),
        ("words", _NUMBER, "right"),
        ("pics", _PICTURES, "right"),
        ("id", _ID, "left"),
    ):
        table.add_column(name, width=cells, justify=justify, no_wrap=True, overflow="ellipsis")  # type: ignore[arg-type]
    for post in posts:
        table.add_row(
            Text(_clip(post, "published")[:_DATE]),
            Text(_clip(post, "author")),
            _title(post),
            _number(post, "words"),
            _number(post, "pictures"),
            Text(_clip(post, "id"), style="dim"),
        )
    return table


def counts_table(kind: str, counts: Iterable[Listed]) -> Table:
    """Values and how many posts have them."""
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("posts", justify="right", no_wrap=True)
    table.add_column(kind, overflow="fold")
    for entry in counts:
        table.add_row(_number(entry, "posts"), Text(_clip(entry, "value")))
    return table


def card(post: Listed, removed: str, history: str) -> RenderableType:
    """What is known of a post.

    Args:
        post: with its pictures, as ``GET /posts/{id}`` gives it.
        removed: what is said of that which is not in its text.
        history: what is said of its revisions.
    """
    grid = Table.grid(padding=(0, _GAP, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    status = _clip(post, "status")
    if why := _clip(post, "reason"):
        status += f" ({why}): {_clip(post, 'detail')}"
    words = f"{_number(post, 'words')} words, {_number(post, 'characters')} characters, {_clip(post, 'language')}"
    for name, value in (
        ("author", _clip(post, "author")),
        ("published", " ".join(filter(None, (_clip(post, "published"), _source(post))))),
        ("article", _clip(post, "source_url")),
        ("tags", _joined(post, "tags")),
        ("categories", _joined(post, "categories")),
        ("status", status),
        ("text", f"{words}, {_reading(post)} to read" if post.get("words") else ""),
        ("pictures", _pictures(pictures_of(post))),
        ("removed", removed),
        ("history", history),
        ("warnings", _joined(post, "warnings")),
        ("key", _clip(post, "key")),
        ("id", _clip(post, "id")),
    ):
        if value:
            grid.add_row(name, Text(value))
    return Group(Text(_clip(post, "title") or "without a title", style="bold"), grid)


def pictures_table(pictures: Sequence[Listed]) -> Table:
    """A post's pictures, in the order of the article, each with what became of it."""
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("picture", overflow="fold", ratio=1)
    table.add_column("status", no_wrap=True)
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("thumbnails", justify="right", no_wrap=True)
    table.add_column("what is the matter", overflow="fold", ratio=1)
    for picture in pictures:
        made = picture.get("thumbnails")
        why = ": ".join(filter(None, (_clip(picture, "reason"), _clip(picture, "detail"))))
        size = f"{_number(picture, 'width')} × {_number(picture, 'height')}" if picture.get("width") else ""
        table.add_row(
            Text(_clip(picture, "address")),
            Text(_clip(picture, "status")),
            Text(size),
            str(len(made)) if isinstance(made, list) else "",
            Text(why),
        )
    return table


def removed_passages(removed: Sequence[Listed]) -> RenderableType:
    """What is not in a post's text, in the order of the page, under the rule that removed it."""
    if not removed:
        return Text("Nothing was removed.")
    parts: list[RenderableType] = []
    for passage in removed:
        parts += [Text(_clip(passage, "rule"), style="bold"), Text(harmless(str(passage.get("text", "")).strip())), Text("")]
    return Group(*parts[:-1])


def removed_summary(removed: Sequence[Listed], characters: object) -> str:
    """What is not in a post's text, by rules, on one line."""
    if not removed:
        return "nothing"
    rules = Counter(_clip(passage, "rule") for passage in removed)
    named = ", ".join(f"{rule} ({number:,})" if number > 1 else rule for rule, number in rules.most_common())
    amount = f"{characters:,} characters" if isinstance(characters, int) else f"{len(removed):,} passages"
    return f"{amount}, by {named}"


def article(markdown: str, *, plain: bool = False) -> RenderableType:
    """A post's text.

    Args:
        markdown: or plain text.
        plain: take it as it is.
    """
    if plain or len(markdown) > _LAID_OUT:
        return Text(harmless(markdown))
    # Addresses are shown rather than hidden in the terminal's own links: who follows one shall see where it leads.
    return _Harmless(Markdown(markdown, hyperlinks=False))


def ruled(*parts: RenderableType) -> Group:
    """Parts one below the other, with lines between them."""
    found: list[RenderableType] = []
    for part in parts:
        found += [Rule(style="dim"), part] if found else [part]
    return Group(*found)


def text_width(console: Console) -> int:
    """How wide text is laid out on a console, in cells."""
    return min(console.width, _COLUMNS)


def harmless(text: str) -> str:
    """Text of several lines that a terminal may see."""
    return "\n".join(printable(line.replace("\t", "    ")) for line in text.splitlines())


def pictures_of(post: Listed) -> list[Listed]:
    """A post's pictures; none where the API names none."""
    found = post.get("picture_items")
    return [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []


class _Harmless:
    """What a renderable gives, with escapes for what would steer the terminal.

    Looking at the Markdown would not do: its character references become characters only when it is read.
    """

    def __init__(self, inner: RenderableType) -> None:
        self._inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self._inner, options):
            if not segment.control:
                yield Segment("\n".join(map(printable, segment.text.split("\n"))), segment.style)


def _title(post: Listed) -> Text:
    title = Text(_clip(post, "title") or _clip(post, "key"))
    status = _clip(post, "status")
    if status in {"", Status.READY}:
        return title
    why = _clip(post, "reason")
    return Text.assemble((f"[{why or status}] ", "yellow"), title)


def _pictures(pictures: Sequence[Listed]) -> str:
    states = Counter(_clip(picture, "status") for picture in pictures)
    return ", ".join(f"{number:,} {status}" for status, number in states.most_common())


def _source(post: Listed) -> str:
    source = _clip(post, "date_source")
    return f"(from the {source.replace('-', ' ')})" if source not in {"", "unknown", "front-matter"} else ""


def _reading(post: Listed) -> str:
    seconds = post.get("reading_seconds")
    return span(seconds) if isinstance(seconds, int | float) else "unknown"


def _joined(post: Listed, name: str) -> str:
    found = post.get(name)
    return ", ".join(clipped(str(entry), _LINE) for entry in found) if isinstance(found, list) else ""


def _clip(post: Listed, name: str) -> str:
    """A value as one harmless line; "" for what is not there, and for what is no text."""
    found: Any = post.get(name)
    return clipped(found, _LINE) if isinstance(found, str) else ""


def _number(post: Listed, name: str) -> str:
    found = post.get(name)
    return f"{found:,}" if isinstance(found, int) else ""
