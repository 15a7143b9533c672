"""A post's body as it was written, to HTML: the fixed head taken off, Markdown converted."""

import html as html_text
import re
from dataclasses import dataclass

from postkeep.post import Metadata
from render_post.bounds import MAX_TAGS, excessive, flatten
from render_post.pictures import youtube_id

_COMMENT = re.compile(r"\s*<!--[^>]{0,200}-->")
_HEAD = re.compile(r"\s*\[(?P<title>[^\n]{0,2000})\]\((?P<address>[^\n]{0,4000})\)[ \t]*\r?\n-{3,}[ \t]*(?:\r?\n|\Z)")

_BLOCK_NAMES = (
    "address|article|aside|audio|blockquote|body|center|dd|details|div|dl|dt|embed|figcaption|figure|footer|h[1-6]|header|hr|html"
    "|iframe|img|li|main|nav|object|ol|p|picture|pre|section|table|tbody|td|th|tr|ul|video"
)
_ANY_BLOCK = re.compile(rf"</?(?:{_BLOCK_NAMES}|br|a|span)(?=[\s/>])", re.IGNORECASE)
_MARK = re.compile(r"^(?:#{1,6}[ \t]|[*+-][ \t]|\d{1,9}[.)][ \t]|>|```|~~~)|\]\(|\*\*(?=\S)", re.MULTILINE)
_SELF_CLOSED = re.compile(r"<(iframe|script|style|noscript|audio|video)(\s[^<>]*)?/>", re.IGNORECASE)

_TAG = re.compile(r"</?([A-Za-z][^\s/>]*)")

_RAW = re.compile(
    r"<(/?)(?=[bimnstxBIMNSTX])"  # the first letters of these, which settle it for most tags
    r"((?i:script|style|title|textarea|iframe|xmp|noembed|noframes|template|noscript|svg|math|select|button))(?=[\s/>])[^>]*>"
)

_MAX_MARKDOWN = 1_000_000
"""Characters; a longer text without HTML is taken line by line."""

_DEEP = re.compile(r"^[ \t]*(?:(?:>|[*+-]|\d{1,9}[.)])[ \t]*){16}", re.MULTILINE)
"""markdown-it leaves out what is nested deeper than its limit of 20 levels."""

_RUNS = re.compile(r"[\[*_`~<!&\\(]{200}")
"""Runs of markup such as no author writes, on which a Markdown parser may take quadratic time."""


_INLINE_MARK = re.compile(r"[*_`\[~!<&\\]|^[ \t]*(?:[-+>#]|[0-9]{1,9}[.)])", re.MULTILINE)
_MOST_MARKS = MAX_TAGS
"""Marks of which each may become an element; the pages of 8,000 real posts have 8,745 such characters at most."""


@dataclass(frozen=True, slots=True)
class Source:
    """A body as HTML.

    Attributes:
        head: what was taken off it, see :func:`without_head`; "" for nothing.
        html: bounded, see :mod:`render_post.bounds`.
        form: what it was: ``html``, ``markdown`` or ``plain``.
        flattened: whether it was flattened to stay within the bounds.
    """

    head: str
    html: str
    form: str
    flattened: bool


def read(body: str, metadata: Metadata, key: str) -> Source:
    """Take the fixed head off a body and give the rest as HTML."""
    rest = without_head(body, metadata)
    head = _COMMENT.sub("", body[: len(body) - len(rest)])
    if "<![CDATA[" in rest:
        rest = rest.replace("<![CDATA[", "").replace("]]>", "")
    form = form_of(rest, key)
    if form == "html":
        markup = _with_lines(rest) if youtube_id(metadata.source_url or "") else rest
    elif form == "markdown":
        markup = _from_markdown(rest)
    else:
        markup = _from_lines(rest)
    markup = _closed(markup)
    flattened = excessive(markup)
    return Source(head.strip(), flatten(markup) if flattened else markup, form, flattened)


def _with_lines(markup: str) -> str:
    """The description of a video, which is plain text within an element or two: where it has line feeds, they are its lines."""
    if "\n" in markup.strip() and {tag[1].lower() for tag in _TAG.finditer(markup)} <= {"div", "a", "span"}:
        return markup.strip().replace("\n", "<br>")
    return markup


def _closed(markup: str) -> str:
    """Mend what would hide the rest of the page from an HTML parser: comments, scripts and the like that are never closed."""
    markup = _SELF_CLOSED.sub(r"<\1\2></\1>", markup)
    unclosed = markup.find("<!--", markup.rfind("-->") + 1)
    if unclosed >= 0:
        markup = markup[:unclosed] + markup[unclosed:].replace("<!--", "&lt;!--")
    last: dict[str, re.Match[str]] = {}
    for tag in _RAW.finditer(markup):
        last[tag[2].lower()] = tag
    for tag in sorted(last.values(), key=lambda match: -match.start()):
        if not tag[1]:
            # A tag is left in its place, since within another one it may be what ends that, before words that are seen.
            markup = f"{markup[: tag.start()]}<span>{markup[tag.end() :]}"
    return markup


def without_head(body: str, metadata: Metadata) -> str:
    """Take off what the archives' generator wrote before each article: a comment, ``[title](from)`` and a line of hyphens.

    The line counts as this head where it stands below the comment, or repeats the post's own title or address; so a
    linked heading that somebody wrote stays.
    """
    comment = _COMMENT.match(body)
    start = comment.end() if comment else 0
    head = _HEAD.match(body, start)
    if head is None:
        return body[start:]
    same_title = bool(metadata.title) and html_text.unescape(head["title"]).strip() == metadata.title.strip()
    if comment or same_title or html_text.unescape(head["address"]).strip() == metadata.source_url:
        return body[head.end() :]
    return body[start:]


def form_of(text: str, key: str) -> str:
    """Decide what a body, less its fixed head, is written in.

    A key ending in ``.html`` is HTML. So is what one block element encloses as a whole. Else it is HTML where it has tags,
    and at least as many as marks of Markdown; and Markdown where it has more marks than tags, or no tags at all. A ``.txt``
    without tags is plain text.
    """
    stripped = text.strip()
    if key.endswith(".html") or _is_wrapped(stripped):
        return "html"
    tags = sum(1 for _ in _ANY_BLOCK.finditer(stripped))
    if tags and tags >= sum(1 for _ in _MARK.finditer(stripped)):
        return "html"
    if key.endswith(".txt") or _is_too_much_markdown(text):
        return "html" if tags else "plain"
    return "markdown"


def _is_too_much_markdown(text: str) -> bool:
    if len(text) > _MAX_MARKDOWN or _DEEP.search(text) or _RUNS.search(text):
        return True
    return sum(1 for _ in _INLINE_MARK.finditer(text)) > _MOST_MARKS


def _is_wrapped(text: str) -> bool:
    opening = re.match(rf"<({_BLOCK_NAMES})(?=[\s/>])", text, re.IGNORECASE)
    return opening is not None and re.search(rf"</{opening[1]}\s*>\Z", text[-40:], re.IGNORECASE) is not None


def _from_markdown(text: str) -> str:
    # Imported here: most posts are HTML, and a cold start need not pay for the Markdown parser.
    from markdown_it import MarkdownIt  # noqa: PLC0415

    return str(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text))


def _from_lines(text: str) -> str:
    paragraphs = re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(
        "<p>" + html_text.escape(paragraph.strip("\n"), quote=False).replace("\n", "<br>") + "</p>" for paragraph in paragraphs
    )
