"""Posts that a search found, laid out for a terminal. Strangers' words are text, never markup, and steer no terminal."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Group
from rich.text import Text

from postkeep_local.api import Listed
from postkeep_local.folder import printable

_FOUND = "bold yellow"
_LINE = 300
"""Characters of a title or a piece of text that are shown."""


def hits(posts: Iterable[Listed]) -> Group:
    """Each post in three lines: its title; when, by whom and its id; a piece of its text."""
    return Group(*(part for post in posts for part in (_title(post), _source(post), _snippet(post), Text())))


def _title(post: Listed) -> Text:
    return _marked(_said(post, "title") or "without a title", post.get("title_highlights"), "bold")


def _source(post: Listed) -> Text:
    said = [_said(post, "published")[:10] or "undated", _said(post, "author"), _said(post, "id")]
    return Text("  ".join(printable(one[:_LINE]) for one in said if one), style="dim")


def _snippet(post: Listed) -> Text:
    snippet = post.get("snippet")
    if not isinstance(snippet, Mapping):
        return Text()
    return _marked(str(snippet.get("text", "")), snippet.get("highlights"), "")


def _said(post: Listed, name: str) -> str:
    value = post.get(name)
    return value if isinstance(value, str) else ""


def _marked(text: str, highlights: Any, style: str) -> Text:
    """A text with what was found in it marked; what is written as an escape takes more room than it did."""
    line = text[:_LINE].replace("\n", " ")
    shown, at = Text(style=style), 0
    for begin, end in _spans(highlights, len(line)):
        if begin < at:
            continue
        shown.append(printable(line[at:begin]))
        shown.append(printable(line[begin:end]), style=_FOUND)
        at = end
    shown.append(printable(line[at:]))
    return shown


def _spans(highlights: Any, length: int) -> Sequence[tuple[int, int]]:
    """The places, of an answer that may be anything."""
    found = [one for one in highlights if isinstance(one, Mapping)] if isinstance(highlights, list) else []
    places = [(one.get("start"), one.get("end")) for one in found]
    whole = [(begin, end) for begin, end in places if isinstance(begin, int) and isinstance(end, int)]
    return [(begin, end) for begin, end in whole if 0 <= begin < end <= length]
