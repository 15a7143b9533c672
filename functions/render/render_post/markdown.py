"""Blocks to CommonMark, by html2text for the blocks; what stands within a line is set here.

html2text knows headings, lists, quotes and tables, but escapes what needs none, leaves what does, and sets emphasis that
CommonMark does not close where Chinese punctuation borders on it. So it is handed text whose special characters are replaced
by stand-ins; in its result each becomes itself, with a backslash only where it would be markup. Code, and paragraphs that stand
in nothing else, are each handed as the number of a text that is set already: there is nothing in them for html2text to do.
"""

import re
from collections.abc import Iterator

import html2text

from render_post import escapes
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
    Table,
)
from render_post.emphasis import EMPHASES, closable
from render_post.escapes import SET
from render_post.origin import ascii_form

_ADDRESS = str.maketrans({"(": "%28", ")": "%29", "\\": "%5C", "<": "%3C", ">": "%3E", " ": "%20"})
_DELIMITERS = {Mark.BOLD: "**", Mark.ITALIC: "*", Mark.STRUCK: "~~"}
_SET_LINE = re.compile(rf"([> ]*){SET}(\d+){SET}")
_SET_WITHIN = re.compile(rf"{SET}(\d+){SET}")
_ODD_ADDRESS = re.compile(r"[()\\<> ]")
_SET = frozenset(EMPHASES)
_BACKTICKS = re.compile("`{3,}")

_BLANK_LINES = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)*")


def commonmark(blocks: list[Block]) -> str:
    """Give the article as CommonMark (with tables and strike-through as GitHub has them)."""
    ready: list[str] = []
    parts = list(_top(blocks, ready))
    if not parts:
        return ""
    if len(parts) == 1 and parts[0].startswith(f"<p>{SET}"):  # paragraphs alone
        return ready[-1] + "\n"
    html = "".join(parts)
    converter = html2text.HTML2Text(bodywidth=0)
    converter.unicode_snob = True
    converted = _BLANK_LINES.sub("\n\n", converter.handle(html)).strip("\n").rstrip()
    return "\n".join(_ready(line, ready) or _restored(line, ready) for line in converted.split("\n")) + "\n"


def _ready(line: str, ready: list[str]) -> str:
    """The text that a line stands for; "" for any other line."""
    found = _SET_LINE.fullmatch(line)
    if found is None:
        return ""
    prefix, text = found[1], ready[int(found[2])]
    return "\n".join((prefix + part).rstrip() for part in text.split("\n")) if prefix else text


def _restored(line: str, ready: list[str]) -> str:
    line = escapes.restore(line)
    return _SET_WITHIN.sub(lambda match: ready[int(match[1])], line) if SET in line else line


def _fenced(text: str) -> str:
    fence = "`" * max(3, *(len(run) + 1 for run in _BACKTICKS.findall(text)), 3)
    return "\n".join(line.rstrip() for line in (fence, *text.split("\n"), fence))


def _set_aside(text: str, ready: list[str]) -> str:
    ready.append(text)
    return f"<p>{SET}{len(ready) - 1}{SET}</p>"


def _top(blocks: list[Block], ready: list[str]) -> Iterator[str]:
    """The blocks that are in no other; paragraphs that follow each other as one."""
    plain: list[str] = []
    for block in blocks:
        if isinstance(block, Paragraph) and not block.level and (text := _paragraph(block.inlines, ready)):
            plain.append(text)
            continue
        if plain:
            yield _set_aside("\n\n".join(plain), ready)
            plain = []
        yield from _html([block], ready)
    if plain:
        yield _set_aside("\n\n".join(plain), ready)


def _paragraph(inlines: list[Inline], ready: list[str]) -> str:
    """A paragraph that stands in nothing else; "" where html2text has to decide what an empty line in it means."""
    if len(inlines) == 1 and isinstance(run := inlines[0], Run) and run.style == PLAIN and (line := escapes.plain_line(run.text)):
        return line
    # White space is collapsed as html2text does it.
    lines = [" ".join(line.split()) for line in _inline(inlines, ready).split("<br>")]
    return "  \n".join(_restored(line, ready) for line in lines) if all(lines) else ""


def _html(blocks: list[Block], ready: list[str]) -> list[str]:
    found: list[str] = []
    for block in blocks:
        match block:
            case Paragraph(level=0):
                found.append(f"<p>{_inline(block.inlines, ready)}</p>")
            case Paragraph():
                found.append(f"<h{block.level}>{_inline(_on_one_line(block.inlines), ready)}</h{block.level}>")
            case Preformatted():
                # html2text would indent it, which after a list does not make code.
                found.append(_set_aside(_fenced(block.text), ready))
            case Divider():
                found.append("<hr>")
            case Quote():
                found += ["<blockquote>", *_html(block.blocks, ready), "</blockquote>"]
            case Listing():
                found += _listing(block, ready)
            case Table():
                found += _table(block, ready)
    return found


_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def _listing(listing: Listing, ready: list[str]) -> list[str]:
    if not all(isinstance(block, Paragraph | Listing) for item in listing.items for block in item):
        # html2text cannot set code, tables and quotes within an item: the items become plain blocks.
        return [part for item in listing.items for part in _html(item, ready)]
    found = [f'<ol start="{listing.start}">' if listing.ordered else "<ul>"]
    for item in _opened(listing):
        lines: list[Inline] = []
        found.append("<li>")
        for block in item:
            if isinstance(block, Paragraph):
                lines += [Break(), *block.inlines] if lines else block.inlines
            elif isinstance(block, Listing):
                found += [_inline(lines, ready), *_listing(block, ready)]
                lines = []
        found.append(_inline(lines, ready) + "</li>")
    return [*found, "</ol>" if listing.ordered else "</ul>"]


def _opened(listing: Listing) -> Iterator[list[Block]]:
    """The items; of one that begins with a list itself, its items: a marker directly after a marker makes code of the rest."""
    for item in listing.items:
        rest = item
        while rest and isinstance(inner := rest[0], Listing):
            yield from _opened(inner)
            rest = rest[1:]
        if rest:
            yield rest


def _table(table: Table, ready: list[str]) -> list[str]:
    width = max(len(row) for row in table.rows)
    found = ["<table>"]
    for row in table.rows:
        cells = [_inline(_on_one_line(cell), ready) for cell in row]
        cells = [escapes.backslashed(cell.replace(escapes.literal("|"), escapes.literal("\\|")), "|") for cell in cells]
        cells += [""] * (width - len(cells))
        found.append("<tr>" + "".join(f"<td>{cell or escapes.text('\u00a0')}</td>" for cell in cells) + "</tr>")
    return [*found, "</table>"]


def _on_one_line(inlines: list[Inline]) -> list[Inline]:
    return [Run(" ") if isinstance(part, Break) else part for part in inlines]


def _inline(inlines: list[Inline], ready: list[str]) -> str:
    if len(inlines) == 1 and isinstance(run := inlines[0], Run) and run.style == PLAIN:
        return escapes.text(run.text)
    found: list[str] = []
    opened: list[Mark] = []
    link = ""
    last = PLAIN
    parts = _whole_code(closable(inlines))
    for position, part in enumerate(parts):
        style = part.style if isinstance(part, Run) else PLAIN
        if style != last:
            last = style
            wanted = style.marks & _SET
            keep = 0
            while link == style.link and keep < len(opened) and opened[keep] in wanted:
                keep += 1
            found += [_DELIMITERS[mark] for mark in reversed(opened[keep:])]
            opened = opened[:keep]
            if link != style.link:
                found.append((f"]({_address(link, ready)})" if link else "") + ("[" if style.link else ""))
                link = style.link
            new = sorted(wanted - set(opened), key=lambda mark: (-_extent(parts, position, mark), mark))
            found += [_DELIMITERS[mark] for mark in new]
            opened += new
        found.append(_part(part, ready, in_link=bool(link)))
    found += [_DELIMITERS[mark] for mark in reversed(opened)]
    found.append(f"]({_address(link, ready)})" if link else "")
    return "".join(found)


def _whole_code(inlines: list[Inline]) -> list[Inline]:
    """Code that was divided, as by emphasis that is narrowed, as one again.

    The backticks of two pieces that touch would be one row, which closes neither: what stands in them would be markup.
    """
    found: list[Inline] = []
    for part in inlines:
        last = found[-1] if found else None
        if isinstance(part, Run) and isinstance(last, Run) and part.style == last.style and Mark.CODE in part.style.marks:
            found[-1] = Run(last.text + part.text, part.style)
        else:
            found.append(part)
    return found


def _extent(parts: list[Inline], start: int, mark: Mark) -> int:
    """How many runs from here on are set like this; what lasts longer has to be opened first."""
    end = start
    while end < len(parts) and isinstance(run := parts[end], Run) and mark in run.style.marks:
        end += 1
    return end - start


def _part(part: Inline, ready: list[str], *, in_link: bool) -> str:
    if isinstance(part, Break):
        return "<br>"
    if isinstance(part, Image):
        alt = escapes.RESERVED.sub(_REPLACEMENT, part.alt)
        return f"![{escapes.backslashed(escapes.text(alt), '[]')}]({_address(part.written or part.address, ready)})"
    if part.style.marks and Mark.CODE in part.style.marks:
        return _code(part.text)
    text = escapes.text(part.text)
    return escapes.backslashed(text, "[]") if in_link else text


def _code(text: str) -> str:
    text = text.replace("\n", " ")
    fence = "`"
    while fence in text:
        fence += "`"
    space = " " if text[:1] in "` " or text[-1:] in "` " else ""
    return escapes.literal(fence + space + text + space + fence)


def _address(address: str, ready: list[str]) -> str:
    """The number of an address that is set already: nothing in it is markup, wherever it stands."""
    address = ascii_form(address)
    ready.append(address.translate(_ADDRESS) if _ODD_ADDRESS.search(address) else address)
    return f"{SET}{len(ready) - 1}{SET}"
