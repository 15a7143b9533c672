"""Which parts of a page are the article. The page is not changed: the answer is what to read, and what to pass over."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser, LexborNode

from render_post import elements
from render_post.pictures import Place, address_of
from render_post.rulebook import PostRules
from render_post.rules import NOT_CONTENT

SILENT = ""
"""The rule's name for what no reader of the page saw as text: it is passed over, and not listed."""

_MOST = 0.5
"""Of a page's text: a widget by its class that holds more is none. What holds most of the text is the article's frame."""

_MAX_WIDGETS = 500
_MAX_WARNINGS = 10
_MAX_NAME = 80
_NOTICE_LENGTH = 200

_FOOTER = re.compile(r"\s*[获獲]取更多RSS\s*[：:]")
"""What feed mirrors put below each article, before links to all of their own domains."""

_FOOTER_LENGTH = 400

_FRAMES = frozenset({"div", "article", "section", "main", "body", "center", "td", "tr", "tbody", "table", "form"})
_FRAME_SHARE = 0.7
_MAX_FRAMES = 40
_BESIDE = re.compile(
    r"(?:^|[-_ ])(?:meta|byline|share|sharing|shares|social|related|recommend(?:ed|ation|ations)?|comments?|footer|nav|navigation"
    r"|breadcrumbs?|author|avatar|tags?|tagcloud|categories|promo|promoted|sidebar|widget|subscribe|subscription|newsletter|donate|donation"
    r"|copyright|toolbar|readmore|more|prev|previous|next|ads?|advert|sponsor(?:ed)?|posted|published|pubdate|date|time|like|likes|reactions?"
    r"|hot|popular|trending|copy|qrcode|wechat|column)(?:$|[-_ ])"
)
"""Words in the class or id of what stands beside an article, not in it: of publishing systems' themes."""

_BESIDE_SHARE = 0.25
_LINK_DENSITY = 0.5
_LINE = "\0"
"""No text of a page has this character: HTML puts U+FFFD in its place."""

_WORDS = re.compile(r"([a-z])([A-Z])")


@dataclass(frozen=True, slots=True)
class Article:
    """The article within a parsed page.

    Attributes:
        page: the parsed page, which owns the nodes.
        tops: the nodes to read, in the order of the page.
        passed_over: the ids (``mem_id``) of the nodes that are no part of the article, with all they hold; each with the name of
            the rule, :data:`SILENT` for what is no text.
        warnings: machine-readable words, each with what it concerns.
        captioned: whether there may be elements with a class of :data:`render_post.elements.CAPTION_CLASSES`.
    """

    page: LexborHTMLParser
    tops: list[LexborNode]
    passed_over: dict[int, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    captioned: bool = True


def find_article(html: str, rules: PostRules, base: str | None, key: str = "") -> Article:
    """Parse a page, or a part of one, and find the article in it.

    Args:
        html: the page.
        rules: what to keep and to drop.
        base: the article's own address.
        key: the post object's, for the archive's own pictures.
    """
    page = LexborHTMLParser(html, is_fragment=True, options=int(LexborDocumentOptions.WO_EVENTS))
    tops = [] if page.root is None else list(page.root.iter(include_text=True))
    passed_over = {node.mem_id: SILENT for node in page.css(NOT_CONTENT)}
    kept = {node.mem_id for node in page.css(rules.keep)} if rules.keep else set()
    warnings = _drop_by_selectors(page, html, rules, kept, passed_over)
    if "<noscript" in html or "<NOSCRIPT" in html:
        passed_over.update(_copies(page, Place(base, key)))
    if "取更多RSS" in html:
        _pass_over_footer(tops, passed_over)
    roots = _roots(page, rules.article, passed_over)
    if roots:
        tops = list(_with_outside(tops, roots, passed_over, rules.outside))
    elif "class=" in html or "id=" in html:
        _pass_over_beside(tops, kept, passed_over)
    return Article(page, tops, passed_over, warnings, captioned=any(name in html for name in elements.CAPTION_CLASSES))


def visible_text(node: LexborNode, passed_over: dict[int, str]) -> str:
    """The text of a node as a reader saw it: white space collapsed, a line for each block."""
    if node.is_text_node:
        return " ".join((node.text_content or "").split())
    pieces: list[str] = []
    # A stack of its own, so that no nesting is too deep.
    todo: list[tuple[Iterator[LexborNode], bool]] = [(iter((node,)), False)]
    while todo:
        nodes, block = todo.pop()
        for step in nodes:
            tag = step.tag or ""
            if tag == "-text":
                pieces.append(step.text_content or "")
            elif tag == "br":
                pieces.append(_LINE)
            elif passed_over.get(step.mem_id) != SILENT and tag not in {"-comment", "iframe"}:
                inner = tag in elements.BLOCKS or tag in elements.HEADINGS
                if inner:
                    pieces.append(_LINE)
                todo += [(nodes, block), (step.iter(include_text=True), inner)]
                break
        else:
            if block:
                pieces.append(_LINE)
    lines = (" ".join(line.split()) for line in "".join(pieces).split(_LINE))
    return "\n".join(line for line in lines if line)


def _drop_by_selectors(
    page: LexborHTMLParser, html: str, rules: PostRules, kept: set[int], passed_over: dict[int, str]
) -> tuple[str, ...]:
    warnings: list[str] = []
    for drop in rules.own:
        for node in page.css(drop.select) if drop.select else ():
            if node.mem_id not in kept:
                passed_over.setdefault(node.mem_id, drop.name)
    limit = -1.0
    for node, name in islice(rules.generic.widgets.of(page, html), _MAX_WIDGETS):
        if node.mem_id in kept or node.mem_id in passed_over:
            continue
        if limit < 0:
            limit = len(page.text()) * _MOST
        if len(node.text()) > limit:
            warnings.append(f"widget-kept: {(node.attributes.get('class') or node.tag or '')[:_MAX_NAME]}")
        else:
            passed_over[node.mem_id] = name
    return tuple(dict.fromkeys(warnings))[:_MAX_WARNINGS]


def _copies(page: LexborHTMLParser, place: Place) -> Iterator[tuple[int, str]]:
    """The ``noscript`` elements that hold what the page shows elsewhere by script, or a word about scripts."""
    within = {image.mem_id for image in page.css("noscript img")}
    shown = {address_of(image, place) for image in page.css("img") if image.mem_id not in within} if within else set()
    for noscript in page.css("noscript"):
        images = {address_of(image, place) for image in noscript.css("img")} - {None}
        if images <= shown if images else len(noscript.text(strip=True)) <= _NOTICE_LENGTH:
            yield noscript.mem_id, "generic/noscript"


def _roots(page: LexborHTMLParser, selector: str, passed_over: dict[int, str]) -> dict[int, LexborNode]:
    """The outermost nodes that an article's selector matches, where they hold any text, by their ids."""
    found: dict[int, LexborNode] = {}
    for node in page.css(selector) if selector else ():
        hidden = node.mem_id in passed_over
        ancestor = node.parent
        while ancestor is not None and not hidden:
            hidden = ancestor.mem_id in found or ancestor.mem_id in passed_over
            ancestor = ancestor.parent
        if not hidden:
            found[node.mem_id] = node
    return found if any(node.text(strip=True) for node in found.values()) else {}


def _with_outside(
    tops: list[LexborNode], roots: dict[int, LexborNode], passed_over: dict[int, str], rule: str
) -> Iterator[LexborNode]:
    """The roots and all that is outside of them, in the order of the page; the latter is passed over from now on."""
    holders: set[int] = set()
    for root in roots.values():
        ancestor = root.parent
        while ancestor is not None and ancestor.mem_id not in holders:
            holders.add(ancestor.mem_id)
            ancestor = ancestor.parent
    todo = list(reversed(tops))
    while todo:
        node = todo.pop()
        if node.mem_id in roots or node.mem_id in passed_over:
            yield node
        elif node.mem_id in holders:
            todo.extend(reversed(list(node.iter(include_text=True))))
        elif not node.is_empty_text_node and node.tag != "-comment":
            passed_over[node.mem_id] = rule
            yield node


def _pass_over_beside(tops: list[LexborNode], kept: set[int], passed_over: dict[int, str]) -> None:
    """Where nobody wrote rules: what stands beside the frame that holds most of the text, by its class or its links.

    The frame is the innermost element with at least 70 % of the text. Beside it go, of a quarter of the text at most: elements
    whose class or id has one of the words that themes use for such things; and below it, lists of links.
    """
    level = [node for node in tops if not node.is_text_node and node.mem_id not in passed_over]
    total = sum(len(node.text()) for node in tops)
    for _ in range(_MAX_FRAMES):
        frame = next((node for node in level if node.tag in _FRAMES and len(node.text()) >= total * _FRAME_SHARE), None)
        if frame is None:
            return
        below = False
        for node in level:
            if node.mem_id == frame.mem_id:
                below = True
            elif node.mem_id not in kept and _is_beside(node, total, below=below):
                passed_over[node.mem_id] = "generic/below-article" if below else "generic/above-article"
        if frame.mem_id in kept:
            return
        level = [node for node in frame.iter() if node.mem_id not in passed_over]


def _is_beside(node: LexborNode, total: int, *, below: bool) -> bool:
    text = node.text(strip=True)
    if not text or len(text) > total * _BESIDE_SHARE or node.tag in {"p", "figure", "blockquote", "pre", "h1", "h2"}:
        return False
    attributes = node.attributes
    words = _WORDS.sub(r"\1-\2", f"{attributes.get('class') or ''} {attributes.get('id') or ''}").lower()
    if _BESIDE.search(words):
        return True
    links = node.css("a[href]") if below else []
    return len(links) > 1 and sum(len(link.text(strip=True)) for link in links) >= len(text) * _LINK_DENSITY


def _pass_over_footer(tops: list[LexborNode], passed_over: dict[int, str]) -> None:
    for node in chain.from_iterable(top.traverse(include_text=True) for top in tops):
        if not node.is_text_node or not _FOOTER.match(node.text_content or ""):
            continue
        top = node
        while (parent := top.parent) is not None and _is_footer(parent):
            top = parent
        if top is node:
            _pass_over_siblings(node, passed_over)
        passed_over[top.mem_id] = "generic/feed-footer"
        before = top.prev
        while before is not None and (before.tag in {"hr", "br"} or before.is_empty_text_node):
            passed_over[before.mem_id] = SILENT
            before = before.prev
        return


def _is_footer(node: LexborNode) -> bool:
    text = node.text()
    return len(text) <= _FOOTER_LENGTH and _FOOTER.match(text) is not None


def _pass_over_siblings(node: LexborNode, passed_over: dict[int, str]) -> None:
    # The footer is not in an element of its own: it goes as far as the links to the mirror's domains do.
    after = node.next
    while after is not None and (after.tag in {"a", "br"} or after.is_empty_text_node):
        passed_over[after.mem_id] = "generic/feed-footer"
        after = after.next
