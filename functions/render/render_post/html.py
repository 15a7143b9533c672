"""Blocks to HTML that may be shown on a page of anybody's: a few elements, fewer attributes, no styles, no scripts.

Two walls stand before what a stranger wrote. The writer makes every tag and attribute itself, and puts strangers' characters
nowhere but into text and quoted values, with entities. Its result then goes through nh3 (the sanitizer ammonia, on the parser
html5ever), which leaves of any page what :data:`ELEMENTS`, :data:`ATTRIBUTES` and :data:`SCHEMES` allow.
"""

import re
from functools import cache

import nh3

from render_post.blocks import (
    PLAIN,
    Block,
    Break,
    Divider,
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
from render_post.origin import ascii_form

ELEMENTS = frozenset(
    "p h1 h2 h3 h4 h5 h6 ul ol li blockquote pre hr br wbr table tbody tr td figure figcaption img a strong em s code".split()  # noqa: SIM905  # as a list, one name after the other
)
"""All elements that there are in the result."""

ATTRIBUTES = {"a": frozenset({"href"}), "img": frozenset({"src", "alt"}), "ol": frozenset({"start"})}
"""Attributes with values from the post, by element."""

FIXED_ATTRIBUTES = {"img": {"loading": "lazy", "referrerpolicy": "no-referrer"}, "a": {"rel": "noopener noreferrer nofollow"}}
"""Attributes that each such element has, with the one value of each.

A page with many pictures loads those that are seen; no host learns from a picture or a link which post is read, and those that
refuse pictures to other sites' pages mostly let a request without a referrer pass.
"""

SCHEMES = frozenset({"http", "https", "mailto"})
"""Schemes of addresses."""

_WEB = re.compile(r"https?:/", re.IGNORECASE)
_LINK = re.compile(r"(?:https?:/|mailto:)", re.IGNORECASE)
_MARKS = {Mark.BOLD: "strong", Mark.ITALIC: "em", Mark.STRUCK: "s", Mark.CODE: "code"}
_ENTITIES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\u00a0", "&nbsp;"))
"""Those of HTML's serialization, so that nh3 gives back what it is given (HTML Standard, 13.3)."""

_FIXED = {tag: "".join(f' {name}="{value}"' for name, value in fixed.items()) for tag, fixed in FIXED_ATTRIBUTES.items()}

_MOST_ENTITIES = 1_000
"""Ampersands and no-break spaces in one text; 2,300 real posts have 20 at most.

nh3's time (0.3.8) grows with their number times the length of the text: two million take 22 seconds. So a text with more is
divided by ``wbr``, which says nothing.
"""

_PIECES = re.compile(rf"(?:[^&\u00a0]*+[&\u00a0]){{1,{_MOST_ENTITIES}}}+|[^&\u00a0]++")


@cache
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(ELEMENTS),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        tag_attribute_values={"img": {name: {value} for name, value in FIXED_ATTRIBUTES["img"].items()}},
        link_rel=FIXED_ATTRIBUTES["a"]["rel"],
        url_schemes=set(SCHEMES),
        url_relative="deny",
    )


def safe_html(blocks: list[Block]) -> str:
    """Give the article as an HTML fragment; "" for an empty article.

    A paragraph of nothing but pictures is a ``figure``, with the captions that stand beside it and belong to it. Addresses are
    absolute and in ASCII; one that browsers cannot read is left out, and so is its picture's or link's attribute.
    """
    return _cleaner().clean(written(blocks))


def written(blocks: list[Block]) -> str:
    """The HTML as it is written here, before nh3 has seen it."""
    # Recursion goes as deep as lists and quotes are nested, which the reader of the page has bounded.
    found: list[str] = []
    position = 0
    while position < len(blocks):
        block = blocks[position]
        if isinstance(block, Paragraph):
            end = _figure_end(blocks, position)
            if end:
                found.append(_figure([part for part in blocks[position:end] if isinstance(part, Paragraph)]))
                position = end
                continue
            tag = f"h{block.level}" if block.level else "p"
            found.append(f"<{tag}>{_inline(block.inlines)}</{tag}>\n")
        else:
            found.append(_set_apart(block))
        position += 1
    return "".join(found)


def _set_apart(block: Block) -> str:
    match block:
        case Preformatted():
            # Parsers take a line feed directly behind the tag for the author's, who wanted to see it in the source alone.
            return f"<pre>{_text(block.text.lstrip('\r\n'))}</pre>\n"
        case Divider():
            return "<hr>\n"
        case Quote():
            return f"<blockquote>\n{written(block.blocks)}</blockquote>\n"
        case Listing():
            return _listing(block)
        case Table():
            rows = ("".join(f"<td>{_inline(cell)}</td>" for cell in row) for row in block.rows)
            return f"<table><tbody>\n{''.join(f'<tr>{row}</tr>\n' for row in rows)}</tbody></table>\n"
        case _:
            return ""


def _listing(listing: Listing) -> str:
    start = f' start="{listing.start}"' if listing.ordered and listing.start != 1 else ""
    items = "".join(f"<li>{_item(item)}</li>\n" for item in listing.items)
    return f"<ol{start}>\n{items}</ol>\n" if listing.ordered else f"<ul>\n{items}</ul>\n"


def _item(item: list[Block]) -> str:
    first, rest = item[0] if item else None, item[1:]
    plain = isinstance(first, Paragraph) and not first.level and not _is_pictures(first)
    if isinstance(first, Paragraph) and plain and all(isinstance(block, Listing) for block in rest):
        return _inline(first.inlines) + written(rest)
    return written(item)


def _is_pictures(paragraph: Paragraph) -> bool:
    if len(paragraph.inlines) == 1:
        return isinstance(paragraph.inlines[0], Image)
    return any(isinstance(part, Image) for part in paragraph.inlines) and not inline_text(paragraph.inlines).strip()


def _figure_end(blocks: list[Block], start: int) -> int:
    """Where the figure that begins at a paragraph ends; 0 where none begins.

    A figure is a paragraph of pictures with those of the same number that follow, the captions of that number before and after
    them, and captions without a number after them, which :func:`render_post.rendition.render` takes for theirs too.
    """
    number, pictures, end = 0, False, start
    while end < len(blocks) and isinstance(block := blocks[end], Paragraph):
        if _is_pictures(block):
            own = next(part.figure for part in block.inlines if isinstance(part, Image))
            if end > start and (own != number or not own):
                break
            number, pictures = own, True
        elif block.figure > 0 and (end == start or block.figure == number):
            number = block.figure
        elif block.figure >= 0 or not pictures:
            break
        end += 1
    return end if pictures else 0


def _figure(parts: list[Paragraph]) -> str:
    pictures = "".join(_inline(part.inlines) for part in parts if _is_pictures(part))
    caption = "<br>".join(_inline(part.inlines) for part in parts if not _is_pictures(part))
    if not caption:
        return f"<figure>{pictures}</figure>\n"
    # HTML has one caption in a figure, as its first or its last child.
    if not _is_pictures(parts[0]) and _is_pictures(parts[-1]):
        return f"<figure><figcaption>{caption}</figcaption>{pictures}</figure>\n"
    return f"<figure>{pictures}<figcaption>{caption}</figcaption></figure>\n"


def _inline(inlines: list[Inline]) -> str:
    if len(inlines) == 1 and isinstance(run := inlines[0], Run) and run.style == PLAIN:
        return _text(run.text)
    found: list[str] = []
    opened: list[str] = []
    style = PLAIN
    for position, part in enumerate(inlines):
        wanted = _style(part, inlines, position)
        if wanted != style:
            tags = _tags(wanted)
            keep = 0
            while keep < len(opened) and opened[keep] in tags:
                keep += 1
            found += [_end(tag) for tag in reversed(opened[keep:])]
            new = [tag for tag in tags if tag not in opened[:keep]]
            found += new
            opened, style = opened[:keep] + new, wanted
        found.append(_part(part))
    return "".join(found + [_end(tag) for tag in reversed(opened)])


def _style(part: Inline, inlines: list[Inline], position: int) -> Style:
    """How a part is set: a line break as what is around it, where both sides are set alike."""
    if isinstance(part, Run):
        return part.style
    around = [neighbour.style for neighbour in inlines[max(position - 1, 0) : position + 2] if isinstance(neighbour, Run)]
    return around[0] if isinstance(part, Break) and len(around) == 2 and around[0] == around[1] else PLAIN  # noqa: PLR2004  # sides


def _end(tag: str) -> str:
    return f"</{tag[1:-1].partition(' ')[0]}>"


def _part(part: Inline) -> str:
    match part:
        case Run():
            return _text(part.text)
        case Break():
            return "<br>"
        case Image():
            address = f' src="{_value(ascii_form(part.address))}"' if _WEB.match(part.address) else ""
            return f'<img{address} alt="{_value(part.alt)}"{_FIXED["img"]}>'


def _tags(style: Style) -> list[str]:
    """The start tags of a style, the outermost first."""
    link = [f'<a href="{_value(ascii_form(style.link))}"{_FIXED["a"]}>'] if _LINK.match(style.link) else []
    return link + [f"<{tag}>" for mark, tag in _MARKS.items() if mark in style.marks]


def _text(text: str) -> str:
    """Text with entities."""
    if text.count("&") + text.count("\u00a0") > _MOST_ENTITIES:
        return "<wbr>".join(_escaped(piece) for piece in _PIECES.findall(text))
    return _escaped(text)


def _value(text: str) -> str:
    """Text for between quotation marks."""
    return _escaped(text).replace('"', "&quot;")


def _escaped(text: str) -> str:
    # Four searches for what is rarely there cost less than one for any of it.
    for character, entity in _ENTITIES:
        if character in text:
            text = text.replace(character, entity)
    return text
