"""The first sentences of an article."""

import re

from render_post.blocks import Block, Paragraph, Run, inline_text, paragraphs

MAX_LENGTH = 200
"""Characters."""

_ENOUGH = 60
"""Characters that the sentences must come to, for the rest of the room to be left empty."""

_END = re.compile(r"(?:[。！？!?…]+|\.(?=\s|[”’\"')\]」』）]|\Z))[”’\"')\]」』）》]*")
_LONGEST_END = 3
_CLAUSE_END = re.compile(r"[，、；：,;:\s]+")


def summarize(blocks: list[Block]) -> str:
    """Give the first sentences of the article, at most 200 characters, cut at the end of a sentence where there is one.

    Headings, captions and paragraphs that are a single link come last resort: they are taken where there is nothing else.
    """
    return _first([p for p in paragraphs(blocks) if _is_prose(p)]) or _first(list(paragraphs(blocks)))


def _is_prose(paragraph: Paragraph) -> bool:
    runs = [part for part in paragraph.inlines if isinstance(part, Run)]
    return not paragraph.level and not paragraph.figure and any(not run.style.link for run in runs)


def _first(candidates: list[Paragraph]) -> str:
    text = ""
    for paragraph in candidates:
        words = " ".join(inline_text(paragraph.inlines).split())
        # Sentences of Chinese follow each other without a space.
        text += (" " if text and words and (text[-1].isascii() or not _END.search(text[-_LONGEST_END:])) else "") + words
        if len(text) > MAX_LENGTH:
            return _cut(text)
    return text


def _cut(text: str) -> str:
    head = text[: MAX_LENGTH + 1]
    ends = [match.end() for match in _END.finditer(head) if match.end() <= MAX_LENGTH]
    if ends and ends[-1] >= _ENOUGH:
        return head[: ends[-1]].rstrip()
    # No sentence ends in time: break at a clause, or where need be within one, and say so.
    breaks = [match.start() for match in _CLAUSE_END.finditer(head) if _ENOUGH <= match.start() < MAX_LENGTH]
    return head[: breaks[-1] if breaks else MAX_LENGTH - 1].rstrip() + "…"
