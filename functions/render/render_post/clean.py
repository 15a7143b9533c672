"""Which parts of a page are the article. The page is not changed: the answer is where to begin, and what to pass over."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser, LexborNode

from render_post.blocks import Block, Paragraph, inline_text
from render_post.pictures import address_of
from render_post.rules import NOT_CONTENT, WIDGETS, SourceRules

_MOST = 0.5
"""A widget by its class that holds more than this part of the page's text is none."""

_MAX_WIDGETS = 500
_MAX_WARNINGS = 10
_MAX_NAME = 80
_NOTICE_LENGTH = 200

_FOOTER = re.compile(r"\s*[获獲]取更多RSS\s*[：:]")
"""What feed mirrors put below each article, before links to all of their own domains."""

_FOOTER_LENGTH = 400
_FEED_DATE = re.compile(
    r"(?:[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d(?::\d\d)? (?:GMT|UTC|[+-]\d{4})"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)"
    r"|\d{1,2}/\d{1,2}/\d{4} - \d\d:\d\d)"
)
_TITLE_SEPARATORS = (" - ", " | ", " – ", " — ", "|", "｜")


@dataclass(frozen=True, slots=True)
class Article:
    """The article within a parsed page.

    Attributes:
        page: the parsed page, which owns the nodes.
        roots: the nodes that hold the article, in order.
        passed_over: the ids (``mem_id``) of the nodes that are no part of it, with all they hold.
        warnings: machine-readable words, each with what it concerns.
    """

    page: LexborHTMLParser
    roots: list[LexborNode]
    passed_over: set[int] = field(default_factory=set)
    warnings: tuple[str, ...] = ()


def find_article(html: str, rules: SourceRules, base: str | None) -> Article:
    """Parse a page, or a part of one, and find the article in it."""
    page = LexborHTMLParser(html, is_fragment=True, options=int(LexborDocumentOptions.WO_EVENTS))
    warnings: list[str] = []
    passed_over = {node.mem_id for node in page.css(NOT_CONTENT)}
    widgets = page.css(WIDGETS)[:_MAX_WIDGETS]
    if widgets:
        limit = len(page.text()) * _MOST
        for node in widgets:
            if len(node.text()) > limit:
                warnings.append(f"widget-kept: {(node.attributes.get('class') or node.tag or '')[:_MAX_NAME]}")
            else:
                passed_over.add(node.mem_id)
    passed_over.update(_copies(page, base))
    if rules.drop:
        passed_over.update(node.mem_id for node in page.css(rules.drop))
    if "取更多RSS" in html:
        _pass_over_footer(page, passed_over)
    return Article(
        page, _roots(page, rules, passed_over) or _top(page), passed_over, tuple(dict.fromkeys(warnings))[:_MAX_WARNINGS]
    )


def _top(page: LexborHTMLParser) -> list[LexborNode]:
    # The root of a fragment stands for all of its top nodes.
    return [] if page.root is None else list(page.root.iter(include_text=True))


def _copies(page: LexborHTMLParser, base: str | None) -> Iterator[int]:
    """The ``noscript`` elements that hold what the page shows elsewhere by script, or a word about scripts."""
    within = {image.mem_id for image in page.css("noscript img")}
    shown = {address_of(image, base) for image in page.css("img") if image.mem_id not in within} if within else set()
    for noscript in page.css("noscript"):
        images = {address_of(image, base) for image in noscript.css("img")} - {None}
        if images <= shown if images else len(noscript.text(strip=True)) <= _NOTICE_LENGTH:
            yield noscript.mem_id


def _roots(page: LexborHTMLParser, rules: SourceRules, passed_over: set[int]) -> list[LexborNode]:
    if not rules.article:
        return []
    found: list[LexborNode] = []
    inside: set[int] = set()
    for node in page.css(rules.article):
        ancestor = node.parent
        hidden = node.mem_id in passed_over
        while ancestor is not None and not hidden:
            hidden = ancestor.mem_id in inside or ancestor.mem_id in passed_over
            ancestor = ancestor.parent
        if not hidden:
            inside.add(node.mem_id)
            found.append(node)
    return found if any(node.text(strip=True) for node in found) else []


def _pass_over_footer(page: LexborHTMLParser, passed_over: set[int]) -> None:
    for node in chain.from_iterable(top.traverse(include_text=True) for top in _top(page)):
        if not node.is_text_node or not _FOOTER.match(node.text_content or ""):
            continue
        top = node
        while (parent := top.parent) is not None and _is_footer(parent):
            top = parent
        if top is node:
            _pass_over_siblings(node, passed_over)
        passed_over.add(top.mem_id)
        before = top.prev
        while before is not None and (before.tag in {"hr", "br"} or before.is_empty_text_node):
            passed_over.add(before.mem_id)
            before = before.prev
        return


def _is_footer(node: LexborNode) -> bool:
    text = node.text()
    return len(text) <= _FOOTER_LENGTH and _FOOTER.match(text) is not None


def _pass_over_siblings(node: LexborNode, passed_over: set[int]) -> None:
    # The footer is not in an element of its own: it goes as far as the links to the mirror's domains do.
    after = node.next
    while after is not None and (after.tag in {"a", "br"} or after.is_empty_text_node):
        passed_over.add(after.mem_id)
        after = after.next


def without_fixed_parts(blocks: list[Block], title: str, rules: SourceRules) -> list[Block]:
    """Leave out what is no part of the article and shows only in its place or its wording.

    That is, before the first words: the feed's date line, a literal ``null``, and the title once more; anywhere, the
    paragraphs that the source's rules name.
    """
    kept: list[Block] = []
    begun = False
    for block in blocks:
        if isinstance(block, Paragraph):
            text = inline_text(block.inlines).strip()
            if not begun and text and (text == "null" or _FEED_DATE.fullmatch(text) or _is_title(block, text, title)):
                continue
            if any(pattern.fullmatch(text) for pattern in rules.drop_paragraphs):
                continue
            begun = begun or bool(text)
        else:
            begun = True
        kept.append(block)
    return kept


def _is_title(block: Paragraph, text: str, title: str) -> bool:
    text = " ".join(text.split())
    title = " ".join(title.split())
    return bool(block.level) and (text == title or any(title.startswith(text + separator) for separator in _TITLE_SEPARATORS))
