"""What is written below a picture: captions that no markup tells of."""

import re
from dataclasses import replace

from render_post.blocks import Block, Break, Dropped, Image, Inline, Paragraph, inline_text

_LONGEST = 160
"""Characters of a caption that is told by its words."""

_LONGEST_IN_FIGURE = 400
"""Characters of a figure's text that is taken for its caption, where no ``figcaption`` is."""

_MAX_CAPTION = 1_000

_LABEL = (
    "[上下左右]?[图圖](?:片|源|文|说|說|注|註)?(?:[来來]源|提供)?|[资資]料(?:照片?|[图圖]片?)|(?:[摄攝]影?|拍[摄攝])者?|照片(?:[来來]源|提供)?"
    "|[题題][图圖]|封面[图圖]?|配[图圖]|[来來]源|(?:Photo(?:graph)?s?|Image|Picture)(?: credits?| source)?|Credits?"
)
_CAPTION = re.compile(
    rf"[（(【\[]?\s*(?:{_LABEL})\s*[:：/／|｜©].*"
    r"|[▲△▼▽↑◎].+"
    r"|(?:[图圖]片[来來]源|[图圖]片提供|[资資]料照片)\s.+"
    r"|[（(【\[]?[图圖][为為].*"
    r"|(?:Photo(?:graph)?s?|Image|Picture|Illustration)s? (?:by|courtesy of|via) .+"
    rf"|.*[（(\s，。](?:{_LABEL})\s*[:：/／©]\s*[^。！？：:]{{1,60}}"
    r"|.*[（(][^（）()]{0,40}(?:[摄攝]|[图圖]|供[图圖]|[资資]料(?:照片?|[图圖]片?))\s*[）)]",
    re.DOTALL,
)
"""Of news and blogs in both scripts: a label with a source behind it, at the beginning or the end; an arrow that points up."""


def is_caption(text: str) -> bool:
    """Whether a paragraph directly below a picture says by its words what it shows, or whose it is."""
    return 0 < len(text) <= _LONGEST and not text.endswith((":", "：")) and _CAPTION.fullmatch(text) is not None


def captions_of(parts: list[Paragraph], figures: set[int]) -> dict[int | str, str]:
    """The captions of an article's pictures, by the number of the figure, or by the picture's address where it is in none.

    A caption belongs to its figure; one in a figure without a picture, one without a figure, and one that only its words tell, to
    the picture before it.

    Args:
        parts: all paragraphs of the article, in its order.
        figures: the numbers of the figures with a picture.
    """
    found: dict[int | str, list[str]] = {}
    last = ""
    for paragraph in parts:
        for part in paragraph.inlines:
            if isinstance(part, Image):
                last = part.address
        number = paragraph.figure
        if not number and not last:
            continue
        text = inline_text(paragraph.inlines).strip()
        if number in figures and number:
            found.setdefault(number, []).append(text)
        elif number:
            if last:
                found.setdefault(last, []).append(text)
        elif text:
            if not paragraph.level and is_caption(text):
                found.setdefault(last, []).append(text)
            last = ""
    return {owner: " ".join(texts)[:_MAX_CAPTION] for owner, texts in found.items()}


def with_caption(blocks: list[Block], number: int) -> list[Block]:
    """What a figure holds, with its text as its caption where it has no other, and is pictures and a few words.

    Args:
        blocks: what the figure holds.
        number: the figure's.
    """
    made: list[Block] = []
    length = 0
    pictured = False
    for block in blocks:
        if isinstance(block, Dropped):
            made.append(block)
            continue
        if not isinstance(block, Paragraph) or block.level or block.figure:
            return blocks
        pictures, words = _parted(block.inlines)
        text = inline_text(words)
        length += len(text)
        pictured = pictured or bool(pictures)
        if length > _LONGEST_IN_FIGURE or any(isinstance(part, Image) for part in words):
            return blocks
        if pictures:
            made.append(replace(block, inlines=pictures))
        if words:
            made.append(Paragraph(words, 0, number))
    return made if pictured and length else blocks


def _parted(inlines: list[Inline]) -> tuple[list[Inline], list[Inline]]:
    """The pictures that a paragraph begins with, and what follows them."""
    end = 0
    for position, part in enumerate(inlines):
        if isinstance(part, Image):
            end = position + 1
        elif not isinstance(part, Break) and not inline_text([part]).isspace():
            break
    words = inlines[end:]
    while words and (isinstance(words[0], Break) or not inline_text(words[:1]).strip()) and not isinstance(words[0], Image):
        words = words[1:]
    return inlines[:end], words
