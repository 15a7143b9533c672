"""Where each visible character of a body went: into the text, or into what was removed, and nowhere else."""

import html
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser, LexborNode

from postkeep.post import Metadata
from render_post import source
from render_post.rendition import RenderedText

_UNSEEN = frozenset({"script", "style", "template", "title", "iframe", "-comment"})
"""Elements whose text no reader of the page sees; ``title`` stands for the window's, and for a tip in a drawing."""

_PLAYERS = "iframe, audio, video, embed, object, audio source, video source"
_VIDEO_PAGE = "https://www.youtube.com/watch?v="
"""What a player's address becomes; one without a scheme gets one."""

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Account:
    """What does not add up in one post.

    Attributes:
        lost: letters, digits, punctuation and symbols of the body that are neither in the text nor in what was removed.
        invented: letters that are in either and not in the body.
    """

    lost: Counter[str]
    invented: Counter[str]

    def __bool__(self) -> bool:
        return bool(self.lost or self.invented)

    def __str__(self) -> str:
        return " and ".join(
            f"{word} {''.join(sorted(some.elements()))[:60]!r}"
            for word, some in (("lost", self.lost), ("invented", self.invented))
            if some
        )


def account(body: str, metadata: Metadata, key: str, rendered: RenderedText, *, mended: bool = False) -> Account:
    """Hold what was made of a body against the body.

    White space and invisible characters are left aside. The text may hold more digits and punctuation than the body: numbers
    of list items, the marks around ``q``. It may hold the letters of what players show, which is no text of the page: titles
    and addresses; and of the words that pictures of emoji stand for.

    Args:
        body: as it was written.
        metadata: of the post.
        key: of the post.
        rendered: what was made of it.
        mended: whether the page is taken that render reads, in which what is never closed hides nothing.
    """
    page = LexborHTMLParser(_mended(body, metadata, key) if mended else _as_html(body, metadata, key))
    seen = _marks(visible_text(page))
    made = _marks(rendered.text) + _marks("".join(dropped.text for dropped in rendered.removed))
    shown = _marks("".join(value for node in page.css(f"{_PLAYERS}, img") for value in _told(node)))
    letters = Counter({mark: number for mark, number in made.items() if mark.isalpha()})
    return Account(lost=seen - made, invented=letters - seen - shown)


def _as_html(body: str, metadata: Metadata, key: str) -> str:
    """A body as the page that a reader sees: in the form that render takes it for, but made by other means."""
    body = body.replace("\0", "").replace("<![CDATA[", "").replace("]]>", "")
    rest = source.without_head(body, metadata)
    head = f"<p>{html.escape(_COMMENT.sub('', body[: len(body) - len(rest)]))}</p>"
    match source.form_of(rest, key):
        case "html":
            return head + rest
        case "markdown":
            return head + str(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(rest))
        case _:
            return f"{head}<p>{html.escape(rest, quote=False)}</p>"


def _mended(body: str, metadata: Metadata, key: str) -> str:
    read = source.read(body.replace("\0", ""), metadata, key)
    return f"<p>{html.escape(read.head)}</p>{read.html}"


def visible_text(page: LexborHTMLParser) -> str:
    """All text of a page but that of scripts, style sheets, comments and what stands in frames."""
    pieces: list[str] = []
    todo = [page.body] if page.body else []
    while todo:
        node = todo.pop()
        if node.is_text_node:
            pieces.append(node.text_content or "")
        elif node.tag not in _UNSEEN:
            todo.extend(reversed(list(node.iter(include_text=True))))
    return "".join(pieces)


def _told(node: LexborNode) -> list[str]:
    attributes = node.attributes
    if node.tag == "img":
        return [attributes.get("alt") or ""]
    told = [value for name, value in attributes.items() if value and (name == "title" or name.startswith(("src", "data")))]
    return [*told, _VIDEO_PAGE, "https:"]


def _marks(text: str) -> Counter[str]:
    counted = Counter(text)
    return Counter({mark: number for mark, number in counted.items() if unicodedata.category(mark)[0] in "LNPS"})
