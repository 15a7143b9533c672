"""Paragraphs of plain text taken apart into pieces and put together again, some of them dropped, with the lines that they had."""

from collections.abc import Iterable
from dataclasses import dataclass

from render_post.blocks import PLAIN, Block, Break, Dropped, Inline, Paragraph, Run, inline_text
from render_post.glued import may_have_address
from render_post.units import glued_lines


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a paragraph.

    Attributes:
        text: its characters.
        line: whether a line begins with it.
        rule: the name of the rule that drops it; "" for what stays.
    """

    text: str
    line: bool
    rule: str = ""


def plain_words(block: Block) -> str | None:
    """The text of a paragraph of plain text, with a line feed for each break; None for any other block."""
    if not isinstance(block, Paragraph) or block.level or block.figure:
        return None
    if any(not isinstance(part, Break) and not (isinstance(part, Run) and part.style == PLAIN) for part in block.inlines):
        return None
    return inline_text(block.inlines)


def blocks_of(pieces: Iterable[Piece]) -> list[Block]:
    """Put pieces together: what stays in paragraphs with breaks, what goes, in its place, between them.

    Neighbours that the same rule drops are one :class:`Dropped`. But for white space at the edges of lines nothing is lost.
    """
    found: list[Block] = []
    lines: list[str] = []
    gone: list[str] = []
    rule = ""
    for piece in pieces:
        if piece.rule:
            _paragraph(found, lines)
            if gone and piece.rule != rule:
                _dropped(found, gone, rule)
            rule = piece.rule
            gone.append("\n" + piece.text if piece.line and gone else piece.text)
            continue
        _dropped(found, gone, rule)
        for number, line in enumerate(piece.text.split("\n")):
            if number or piece.line or not lines:
                lines.append(line)
            else:
                lines[-1] += line
    _paragraph(found, lines)
    _dropped(found, gone, rule)
    return found


def _dropped(found: list[Block], gone: list[str], rule: str) -> None:
    text = "".join(gone).strip()
    gone.clear()
    if text:
        found.append(Dropped(rule, text))


def _paragraph(found: list[Block], lines: list[str]) -> None:
    inlines: list[Inline] = []
    for line in lines:
        if text := line.strip():
            inlines += [Break(), Run(text)] if inlines else [Run(text)]
    lines.clear()
    if inlines:
        found.append(Paragraph(inlines))


def recover_lines(blocks: list[Block]) -> list[Block]:
    """Break lines where an address is glued to what is certain to have begun another line, in paragraphs of plain text."""
    return [_recovered(block) for block in blocks]


def _recovered(block: Block) -> Block:
    if not isinstance(block, Paragraph) or not any(
        isinstance(part, Run) and may_have_address(part.text) for part in block.inlines
    ):
        return block
    text = plain_words(block)
    if text is None:
        return block
    lines = glued_lines(text)
    if len(lines) < 2:  # noqa: PLR2004 (nothing is glued)
        return block
    (recovered,) = blocks_of(Piece(line, line=True) for line in lines) or (block,)
    return recovered
