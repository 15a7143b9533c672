"""The nodes of the article to blocks. One pass with a stack of its own, so that no nesting is too deep."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from selectolax.lexbor import LexborNode

from render_post import elements, pictures
from render_post.blocks import (
    PLAIN,
    Block,
    Break,
    Divider,
    Dropped,
    Image,
    Inline,
    Listing,
    Mark,
    Paragraph,
    Preformatted,
    Quote,
    Run,
    Style,
    Table,
    inline_text,
)
from render_post.captions import with_caption
from render_post.clean import SILENT, Article, visible_text
from render_post.inlines import collapse, is_visible, lines, split_at_blank_lines
from render_post.origin import absolute
from render_post.pictures import Place

_MAX_NESTING = 8
"""Lists and quotes within each other, beyond which the inner ones are taken as plain paragraphs."""

_MAX_COLUMNS = 20
_MAX_TABLES = 50
_MOST_IN_FIGURE = 20
"""Blocks of one figure, beyond which its text is no caption."""

_MAX_ALT = 500
_CJK = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")


@dataclass(slots=True)
class _Context:
    """What an element's content takes from what is around it. Never changed once it is made, but not frozen: that takes time."""

    style: Style = PLAIN
    level: int = 0
    figure: int = 0
    caption: bool = False
    preformatted: bool = False
    nesting: int = 0
    listing: Listing | None = None
    in_cell: bool = False
    _marked: "dict[str, _Context]" = field(default_factory=dict)

    def but(self, **changes: Any) -> "_Context":
        """The same with changes."""
        return replace(self, _marked={}, **changes)

    def styled(self, marks: frozenset[Mark], link: str) -> "_Context":
        """The same in another style; written out, since links are many."""
        style = Style(marks, link)
        return _Context(style, self.level, self.figure, self.caption, self.preformatted, self.nesting, self.listing, self.in_cell)

    def marked(self, tag: str) -> "_Context":
        """The same within an element that sets text apart. Some posts have one around every word, so each is made once."""
        if tag not in self._marked:
            self._marked[tag] = self.styled(self.style.marks | {elements.MARKS[tag]}, self.style.link)
        return self._marked[tag]


_CONTAINERS = frozenset({"pre", "blockquote", "ul", "ol", "table"})
"""Their content is set apart from what surrounds it."""

_END: Iterator[LexborNode] = iter(())
"""In the place of nodes: the paragraph ends here."""


class _Reader:
    """Reads nodes into blocks."""

    def __init__(self, article: Article, place: Place) -> None:
        self._article = article
        self._base = place.base
        self._place = place
        self._containers: list[list[Block]] = [[]]
        self._inlines: list[Inline] = []
        self._dropped: list[Dropped] = []
        """What was passed over since the last paragraph ended."""
        self._kind: tuple[int, int, bool] = (0, 0, False)
        self._figures = 0
        self._tables = 0
        self._todo: list[tuple[Iterator[LexborNode], _Context] | Callable[[], None]] = []

    def read(self) -> list[Block]:
        passed_over = self._article.passed_over
        self._todo = [(iter(self._article.tops), _Context())]
        while self._todo:
            step = self._todo.pop()
            if not isinstance(step, tuple):
                step()
                continue
            nodes, context = step
            if nodes is _END:
                if self._inlines or self._dropped:
                    self._flush(context)
                continue
            for node in nodes:
                tag = node.tag or ""
                if passed_over and (rule := passed_over.get(node.mem_id)) is not None:
                    if rule != SILENT:
                        self._drop(rule, node)
                elif tag == "-text":
                    self._text(node.text_content or "", context)
                elif tag == "br":
                    self._append(Run("\n") if context.preformatted else Break(), context)
                else:
                    self._todo.append(step)
                    self._element(node, tag, context)
                    break
        self._flush()
        return self._containers[0]

    def _drop(self, rule: str, node: LexborNode) -> None:
        if text := visible_text(node, self._article.passed_over):
            self._dropped.append(Dropped(rule, text))

    def _element(self, node: LexborNode, tag: str, context: _Context) -> None:
        if tag in elements.MARKS:
            self._children(node, context.marked(tag))
        elif tag in elements.BLOCKS:
            self._block(node, tag, context)
        elif tag == "a":
            href = node.attributes.get("href") or ""
            address = "" if href.startswith("#") else absolute(href, self._base)
            self._children(node, context.styled(context.style.marks, address) if address else context)
        elif tag in {"img", "amp-img"}:
            self._image(node, tag, context)
        elif tag in elements.MEDIA:
            self._media(node, context)
        elif tag in elements.HEADINGS:
            self._bounded(node, context.but(level=elements.HEADINGS[tag]), context)
        elif tag != "-comment":
            self._other(node, tag, context)

    def _other(self, node: LexborNode, tag: str, context: _Context) -> None:
        if tag == "hr":
            self._flush(context)
            if not context.in_cell:
                self._containers[-1].append(Divider())
            return
        if tag == "q":
            self._append(Run('"', context.style), context)
            self._todo.append(lambda: self._append(Run('"', context.style), context))
        self._children(node, context)

    def _block(self, node: LexborNode, tag: str, context: _Context) -> None:
        if tag == "figure":
            self._figure(node, context)
        elif tag == "figcaption" or (self._article.captioned and _is_caption(node)):
            self._bounded(node, context.but(caption=True), context)
        elif tag == "li" and context.listing is not None:
            self._item(node, context, context.listing)
        elif context.preformatted or context.in_cell or tag not in _CONTAINERS or not self._container(node, tag, context):
            self._bounded(node, context, context)

    def _figure(self, node: LexborNode, context: _Context) -> None:
        self._figures += 1
        number = self._figures
        if self._inlines or self._dropped:
            self._flush(context)
        blocks = self._containers[-1]
        start = len(blocks)

        def leave() -> None:
            made = blocks[start : start + _MOST_IN_FIGURE]
            if start + len(made) == len(blocks) and (len(made) > 1 or (made and _has_company(made[0]))):
                blocks[start:] = with_caption(made, number)

        self._todo.append(leave)
        self._bounded(node, context.but(figure=number), context)

    def _container(self, node: LexborNode, tag: str, context: _Context) -> bool:
        """Read an element whose content is set apart from what surrounds it; False where it is none."""
        if tag == "pre":
            self._flush()
            self._todo.append(self._preformatted)
            self._children(node, context.but(preformatted=True))
        elif context.nesting >= _MAX_NESTING:
            return False
        elif tag == "blockquote":
            self._quote(node, context)
        elif tag in {"ul", "ol"}:
            self._listing(node, tag, context)
        elif self._is_data(node):
            self._table(node, context)
        else:
            return False
        return True

    def _children(self, node: LexborNode, context: _Context) -> None:
        self._todo.append((node.iter(include_text=True), context))

    def _bounded(self, node: LexborNode, context: _Context, outer: _Context) -> None:
        if self._inlines or self._dropped:
            self._flush(outer)
        self._todo.append((_END, context))
        self._children(node, context)

    def _quote(self, node: LexborNode, context: _Context) -> None:
        self._flush()
        quote = Quote()

        def leave() -> None:
            self._flush()
            self._containers.pop()
            if quote.blocks:
                self._containers[-1].append(quote)

        self._containers.append(quote.blocks)
        self._todo.append(leave)
        self._children(node, context.but(nesting=context.nesting + 1, listing=None))

    def _listing(self, node: LexborNode, tag: str, context: _Context) -> None:
        self._flush()
        start = (node.attributes.get("start") or "").strip()
        listing = Listing(ordered=tag == "ol", start=int(start) if re.fullmatch(r"\d{1,6}", start, re.ASCII) else 1)
        stray: list[Block] = []

        def leave() -> None:
            self._end_stray(listing)
            self._containers.pop()
            if listing.items:
                self._containers[-1].append(listing)

        self._containers.append(stray)
        self._todo.append(leave)
        self._children(node, context.but(nesting=context.nesting + 1, listing=listing))

    def _end_stray(self, listing: Listing) -> None:
        # What stands in a list outside of its items, a nested list mostly, continues the item before it.
        self._flush()
        stray = self._containers[-1]
        if stray:
            if listing.items:
                listing.items[-1].extend(stray)
            else:
                listing.items.append(list(stray))
            stray.clear()

    def _item(self, node: LexborNode, context: _Context, listing: Listing) -> None:
        self._end_stray(listing)
        item: list[Block] = []

        def leave() -> None:
            self._flush()
            self._containers.pop()
            if item:
                listing.items.append(item)

        self._containers.append(item)
        self._todo.append(leave)
        self._children(node, context.but(listing=None))

    def _is_data(self, node: LexborNode) -> bool:
        """Whether a table holds data: rows of several short cells, and not the layout of a page."""
        self._tables += 1
        if (
            self._tables > _MAX_TABLES
            or len(node.css("table")) > 1
            or node.css_first("ul, ol, blockquote, pre, figure, h1, h2, h3, iframe")
        ):
            return False
        columns = [sum(1 for cell in row.iter() if cell.tag in {"td", "th"}) for row in node.css("tr")]
        return len(columns) > 1 and min(columns) >= 1 and 1 < max(columns) <= _MAX_COLUMNS

    def _table(self, node: LexborNode, context: _Context) -> None:
        self._flush()
        table = Table([])
        inner = context.but(in_cell=True, listing=None)

        def leave() -> None:
            if any(table.rows):
                self._containers[-1].append(table)
            self._end_drops()

        self._todo.append(leave)
        groups: set[int] = set()
        for row in reversed(node.css("tr")):
            if hidden := self._hidden(row, node):
                if hidden.mem_id not in groups:
                    self._todo.append((iter((hidden,)), context))
                groups.add(hidden.mem_id)
                continue
            cells = [cell for cell in row.iter() if cell.tag in {"td", "th"}]
            for cell in reversed(cells):
                if cell.mem_id in self._article.passed_over:
                    self._todo.append((iter((cell,)), context))
                else:
                    self._cell(cell, inner, table)
            self._todo.append(lambda: table.rows.append([]))
        for caption in reversed(node.css("caption")):
            self._todo.append((iter((caption,)), context))

    def _hidden(self, row: LexborNode, table: LexborNode) -> LexborNode | None:
        """The row, or the group of rows that it is in, where that is passed over."""
        if row.mem_id in self._article.passed_over:
            return row
        group = row.parent
        if group is None or group.mem_id == table.mem_id or group.mem_id not in self._article.passed_over:
            return None
        return group

    def _cell(self, cell: LexborNode, context: _Context, table: Table) -> None:
        def leave() -> None:
            self._flush()
            blocks = self._containers.pop()
            inlines: list[Inline] = []
            for block in blocks:
                if isinstance(block, Paragraph):
                    inlines.extend([Break(), *block.inlines] if inlines else block.inlines)
                elif isinstance(block, Dropped):
                    self._dropped.append(block)
            table.rows[-1].append(inlines)

        self._todo.append(leave)
        self._todo.append((iter((cell,)), context))
        self._todo.append(lambda: self._containers.append([]))

    def _image(self, node: LexborNode, tag: str, context: _Context) -> None:
        attributes = node.attributes
        if emoji := pictures.emoji_of(attributes):
            self._append(Run(emoji, context.style), context)
        elif isinstance(found := pictures.look_at(node, attributes, self._place, context.style.link), pictures.Found):
            alt = " ".join((attributes.get("alt") or "").split())[:_MAX_ALT]
            self._append(Image(found.address, alt, context.figure, found.fallbacks, found.own, found.written), context)
        if tag != "img":  # which holds nothing
            self._children(node, context)

    def _media(self, node: LexborNode, context: _Context) -> None:
        address = pictures.media_address(node, self._base)
        if address and not context.preformatted:
            title = " ".join((node.attributes.get("title") or "").split())[:_MAX_ALT]
            self._flush(context)
            self._append(Run(title or address, Style(link=address)), context)
            self._flush(context)
        if node.tag == "iframe":
            return
        if any(child.tag not in elements.MEDIA_PARTS for child in node.iter(include_text=True)):
            self._children(node, context)
        else:
            # The sentence that a browser shows where it cannot play.
            self._drop("generic/fallback", node)

    def _text(self, text: str, context: _Context) -> None:
        if text and (context.preformatted or self._inlines or not text.isspace()):
            self._append(Run(text, context.style), context)

    def _append(self, inline: Inline, context: _Context) -> None:
        if not self._inlines:
            self._kind = (context.level, context.figure if context.caption else 0, context.caption)
        self._inlines.append(inline)

    def _flush(self, context: _Context | None = None) -> None:
        """End the paragraph."""
        if context is not None and context.preformatted:
            if self._inlines and not inline_text(self._inlines[-1:]).endswith("\n"):
                self._inlines.append(Run("\n"))
            return
        if not self._inlines:
            self._end_drops()
            return
        level, figure, caption = self._kind
        inlines, self._inlines = collapse(self._inlines), []
        parts = [inlines] if level else split_at_blank_lines(inlines)
        for part in parts:
            if is_visible(part):
                self._containers[-1].append(Paragraph(part, level, figure or (-1 if caption else 0)))
        self._end_drops()

    def _end_drops(self) -> None:
        if self._dropped:
            self._containers[-1] += self._dropped
            self._dropped.clear()

    def _preformatted(self) -> None:
        inlines, self._inlines = self._inlines, []
        text = inline_text(inlines).replace("\r\n", "\n").strip("\n").rstrip()
        if len(_CJK.findall(text)) * 3 > len(text):
            # Prose that an editor put into a code block: its lines are kept, its markup too.
            self._inlines = [part for run in inlines for part in lines(run)]
            self._flush()
            return
        if text.strip():
            self._containers[-1].append(Preformatted(text))
        images: list[Inline] = [part for part in inlines if isinstance(part, Image)]
        if images:
            self._containers[-1].append(Paragraph(images))


def _has_company(block: Block) -> bool:
    return isinstance(block, Paragraph) and len(block.inlines) > 1


def _is_caption(node: LexborNode) -> bool:
    return not elements.CAPTION_CLASSES.isdisjoint((node.attributes.get("class") or "").split())


def read_blocks(article: Article, base: str | None, key: str = "") -> list[Block]:
    """Read the article into blocks.

    Args:
        article: see :func:`render_post.clean.find_article`.
        base: the article's own address, to which relative addresses are resolved.
        key: the post object's, beside which the archive's own pictures lie.
    """
    return _Reader(article, Place(base, key)).read()
