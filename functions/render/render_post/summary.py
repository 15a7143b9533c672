"""The first sentences of an article."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from render_post.blocks import Block, Divider, Image, Mark, Paragraph, Quote, Run, inline_text, paragraphs
from render_post.preamble import bare, is_note, is_preamble, without_dateline
from render_post.text import plain_text

MAX_LENGTH = 200
"""Characters."""

_ENOUGH = 60
"""Characters that the sentences must come to, for the rest of the room to be left empty."""

_TOO_SHORT = 15
"""Characters. Less than this tells a reader less than what was passed over."""

_MOST_READ = 4_000
"""Characters of a paragraph that are looked at: a whole article may be one."""

_LONGEST_LINE = 40
"""Characters of a line without a sentence that is a caption if it stands below a picture, and a heading if it is all bold."""

_LONGEST_NOTE = 5
"""Paragraphs of an editor's note that ends in a rule, a picture or a heading."""

_INVISIBLE = re.compile("[\u200b\u2060\ufeff]")
"""Zero-width characters but the joiners, which emoji are made with."""

_CLOSING = "”’\"')\\]」』）》】〉"
_END = re.compile(rf"(?:[。！？!?…｡]+|\.(?=\s|[{_CLOSING}]|\Z))[{_CLOSING}]*")
_LONGEST_END = 3
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Za-z]|Mr|Mrs|Ms|Dr|Prof|Rev|Gen|Col|Lt|Sgt|Capt|Gov|Sen|Rep|St|Mt|Jr|Sr|vs|cf|No|Nos|Vol|pp|Fig|Inc|Ltd|Co|Corp|Bros|Dept"
    r"|Univ|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|Ph\.D)|(?:\A|\s)\d{1,2})\.\Z"
)
_LONGEST_ABBREVIATION = 8
_PAUSE = re.compile("[，；]|[,;] ")
_CLAUSE_END = re.compile(r"[，、；：]+|[,;:]+(?=\s)|\s+")
_ADDRESS = re.compile(r"(?:https?://|www\.)[!-~]+", re.ASCII)
_QUOTES = {"「": "」", "『": "』", "“": "”", "‘": "’", "《": "》", "（": "）", "【": "】", "〈": "〉"}
_MISTAKEN = {"”": "“", "’": "‘"}
"""Opening marks that stand for the closing ones by mistake, since they do not stand within their like."""

_JOINER = "\u200d"
_LONGEST_CLUSTER = 16
"""Characters of an emoji that is made of several, or of a letter with its marks."""


def summarize(blocks: list[Block], title: str = "", author: str = "") -> str:
    """Give the first sentences of the article, at most 200 characters, cut at the end of a sentence where there is one.

    What is no beginning of an article is passed over (see :mod:`render_post.preamble`): headings, captions, paragraphs that are
    a single link, bylines, dates, sources, an editor's note. Where that leaves nothing, it is taken after all: the summary is ""
    only where the text is.

    Args:
        blocks: the article.
        title: the post's, which the article may repeat; "" for none.
        author: likewise.
    """
    best = _first(_beginnings(_paragraphs(_without_notes(blocks)), bare(title), bare(author)))
    if len(best) >= _TOO_SHORT:
        return best
    everything = list(paragraphs(blocks))
    return (
        _first(_text(paragraph) for paragraph in everything if _is_prose(paragraph))
        or _first(_text(paragraph) for paragraph in everything)
        or _first([plain_text(blocks)])
    )


def _is_prose(paragraph: Paragraph) -> bool:
    runs = [part for part in paragraph.inlines if isinstance(part, Run)]
    return not paragraph.level and not paragraph.figure and any(not run.style.link for run in runs)


def _text(paragraph: Paragraph) -> str:
    return _INVISIBLE.sub("", inline_text(paragraph.inlines)[:_MOST_READ])


def _paragraphs(blocks: Iterable[Block]) -> Iterator[Paragraph]:
    # Of a long article only the beginning is ever looked at.
    for block in blocks:
        yield from paragraphs([block])


def _without_notes(blocks: list[Block]) -> Iterator[Block]:
    """The article without the words of an editor: a paragraph that says so, and what follows it up to what ends the note."""
    position = 0
    while position < len(blocks):
        block = blocks[position]
        position += 1
        if isinstance(block, Quote) and block.blocks and _is_note(block.blocks[0]):
            continue
        if not _is_note(block):
            yield block
            continue
        rest = blocks[position : position + _LONGEST_NOTE]
        position += next((length for length, following in enumerate(rest) if _ends_note(following)), 0)


def _is_note(block: Block) -> bool:
    return isinstance(block, Paragraph) and is_note(_text(block).lstrip())


def _ends_note(block: Block) -> bool:
    return isinstance(block, Divider) or (isinstance(block, Paragraph) and (block.level > 0 or _has_picture(block)))


def _has_picture(paragraph: Paragraph) -> bool:
    return any(isinstance(part, Image) for part in paragraph.inlines)


def _beginnings(everything: Iterable[Paragraph], title: str, author: str) -> Iterator[str]:
    """The paragraphs that may begin a summary, without the lines that may not."""
    first, below_picture, label = True, False, ""
    for paragraph in everything:
        lines = []
        for line in filter(None, map(str.strip, _text(paragraph).split("\n"))):
            # A label may stand on a line of its own, above what it is for.
            if is_preamble(line, title, author) or (label and is_preamble(label + line, title, author)):
                label = line if line[-1] in ":：" else ""
            else:
                lines.append(line)
                label = ""
        kept = " ".join(lines)
        if (
            kept
            and _is_prose(paragraph)
            and not (_is_line(kept) and ((below_picture and not _PAUSE.search(kept)) or _is_bold(paragraph)))
        ):
            yield without_dateline(kept) if first else kept
            first = False
        below_picture = _has_picture(paragraph)


def _is_bold(paragraph: Paragraph) -> bool:
    runs = [part for part in paragraph.inlines if isinstance(part, Run) and not part.text.isspace()]
    return all(Mark.BOLD in run.style.marks for run in runs)


def _is_line(text: str) -> bool:
    return len(text) <= _LONGEST_LINE and not _END.search(text[-_LONGEST_END:])


def _first(candidates: Iterable[str]) -> str:
    text = ""
    for candidate in candidates:
        words = " ".join(candidate[:_MOST_READ].split())
        # Sentences of Chinese follow each other without a space.
        text += (" " if text and words and (text[-1].isascii() or not _END.search(text[-_LONGEST_END:])) else "") + words
        if len(text) > MAX_LENGTH:
            return _cut(text)
    return text


def _cut(text: str) -> str:
    addresses = [(match.start(), match.end()) for match in _ADDRESS.finditer(text)]
    ends = [match.end() for match in _END.finditer(text[: MAX_LENGTH + 1]) if _ends_sentence(text, match, addresses)]
    for end in (end for end in reversed(ends) if end >= _ENOUGH and not _unclosed(text[:end])):
        return text[:end].rstrip()
    for end in reversed(ends):
        # Within a quotation of several sentences: it is closed here.
        closed = text[:end].rstrip() + _unclosed(text[:end])
        if end >= _ENOUGH and len(closed) <= MAX_LENGTH:
            return closed
    # No sentence ends in time: break at a clause, or where need be within one, and say so.
    breaks = [match.start() for match in _CLAUSE_END.finditer(text, _ENOUGH, MAX_LENGTH) if not _within(match.start(), addresses)]
    return text[: breaks[-1] if breaks else _between_letters(text, addresses)].rstrip() + "…"


def _ends_sentence(text: str, match: re.Match[str], addresses: list[tuple[int, int]]) -> bool:
    if match.end() > MAX_LENGTH or _within(match.start(), addresses):
        return False
    if text[match.start()] != ".":
        return True
    before = text[max(match.start() - _LONGEST_ABBREVIATION, 0) : match.start() + 1]
    return not _ABBREVIATION.search(before) and not text[match.end() : match.end() + 2].strip()[:1].islower()


def _unclosed(text: str) -> str:
    """The marks that close the quotations which are open at the end."""
    opened: list[str] = []
    for character in text:
        if opened and character in {opened[-1], _MISTAKEN.get(opened[-1])}:
            opened.pop()
        elif character in _QUOTES:
            opened.append(_QUOTES[character])
    return "".join(reversed(opened))


def _within(position: int, spans: list[tuple[int, int]]) -> bool:
    return any(start < position < end for start, end in spans)


def _between_letters(text: str, addresses: list[tuple[int, int]]) -> int:
    """Where a text without any pause can be cut: not in an address, if anything stands before it, nor in an emoji."""
    position = MAX_LENGTH - 1
    position = next((start for start, end in addresses if 0 < start < position < end), position)
    for _ in range(_LONGEST_CLUSTER):
        if not _continues(text[position - 1], text[position]):
            break
        position -= 1
    return position


def _continues(before: str, after: str) -> bool:
    """Whether two characters make one letter or emoji (the cases of Unicode Standard Annex 29 that are at hand)."""
    return (
        _JOINER in {before, after}
        or unicodedata.category(after).startswith("M")
        or "\U0001f3fb" <= after <= "\U0001f3ff"
        or ("\U0001f1e6" <= after <= "\U0001f1ff" and "\U0001f1e6" <= before <= "\U0001f1ff")
    )
