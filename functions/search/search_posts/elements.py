"""A folded text as a row of elements: characters of scripts that are written without spaces, and words of the others.

What stands between two elements either *joins* them, as if nothing stood there, or *breaks* the row:

- between two words, everything joins: ``covid-19`` is «covid» and then «19»;
- between two characters, everything breaks: in ``中。国`` is no «中国»;
- between a word and a character, spaces within a line join, since people write both ``iPhone手机`` and ``iPhone 手机``;
  punctuation and a new line break.

What has no width (zero-width space, soft hyphen, variation selectors) is nothing at all, wherever it stands.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from search_posts.folding import marks

MAX_WORD = 100
"""Characters by which a word is known. Longer ones are encoded bytes and the like; a term of the engine has 65,530 bytes."""

CHARACTERS: Final = (
    "\u3005-\u3007\u3105-\u312f\u31a0-\u31bf\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
    "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
    "\u1100-\u11ff\u3131-\u318e\ua960-\ua97f\uac00-\ud7ff"
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e80-\u0ede\u1000-\u103f\u1050-\u108f\u1780-\u17d3\ua000-\ua48c"
)
"""Chinese with Bopomofo, Kana, Hangul, Thai and Lao, Myanmar, Khmer, Yi, as Unicode's blocks have them: the inside of a character
class, of folded texts."""

INLINE: Final = " \\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
"""Spaces within a line: likewise."""

_NOTHING = (
    "\u00ad\u0300-\u036f\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef"
)
_SUSPECT = re.compile(f"[\u3099\u309a{_NOTHING}]")
_CHANGED = re.compile(f"([\u3042-\u30ff])[{_NOTHING}]*([\u3099\u309a])|[{_NOTHING}]+")
_INLINE = re.compile(f"[{INLINE}]*")


@dataclass(frozen=True, slots=True)
class Element:
    """A character or a word.

    Attributes:
        text: as the index knows it.
        start: its place in the text, from 0.
        end: where it ends, with whatever has no width and stands within it or behind it.
        is_character: whether it is one of a script that is written without spaces.
        breaks: whether the row is broken before it.
    """

    text: str
    start: int
    end: int
    is_character: bool
    breaks: bool


@dataclass(frozen=True, slots=True)
class Run:
    """Characters that follow each other without anything between them, or one word."""

    text: str
    start: int
    is_characters: bool
    breaks: bool


def bare(folded: str) -> str:
    """A folded text without what has no width, and with voiced Kana as one character each."""
    return placed(folded)[0]


def runs(text: str) -> Iterator[Run]:
    """The elements of a bare text, characters by the run."""
    previous: bool | None = None
    end = 0
    for match in _pattern().finditer(text):
        characters = match[1] is not None
        yield Run(
            match[0],
            match.start(),
            characters,
            previous is not None and _is_broken(text, end, match.start(), from_word=not previous, to_word=not characters),
        )
        previous, end = characters, match.end()


def elements(folded: str) -> list[Element]:
    """The elements of a folded text, with their places in it."""
    text, places = placed(folded)
    found = []
    for run in runs(text):
        if run.is_characters:
            for index, character in enumerate(run.text, run.start):
                breaks = run.breaks and index == run.start
                found.append(Element(character, places[index], places[index + 1], is_character=True, breaks=breaks))
        else:
            start, end = places[run.start], places[run.start + len(run.text)]
            found.append(Element(run.text[:MAX_WORD], start, end, is_character=False, breaks=run.breaks))
    return found


def pieces(row: Sequence[Element]) -> list[list[Element]]:
    """Elements up to each break."""
    found: list[list[Element]] = []
    for element in row:
        if element.breaks or not found:
            found.append([])
        found[-1].append(element)
    return found


def _is_broken(text: str, start: int, end: int, *, from_word: bool, to_word: bool) -> bool:
    if from_word and to_word:
        return False
    if not from_word and not to_word:
        return True  # a run ends only where something stands
    return not _INLINE.fullmatch(text, start, end)


def placed(folded: str) -> tuple[str, Sequence[int]]:
    """A folded text bare, and where each of its characters stands; its end, too, as if one stood there."""
    if folded.isascii() or _SUSPECT.search(folded) is None:
        return folded, range(len(folded) + 1)
    pieces: list[str] = []
    places: list[int] = []
    end = 0
    for match in _CHANGED.finditer(folded):
        pieces.append(folded[end : match.start()])
        places += range(end, match.start())
        if match[1]:
            voiced = unicodedata.normalize("NFC", match[1] + match[2])
            pieces.append(voiced)
            places += [match.start(), match.end() - 1][: len(voiced)]  # two where there is no such Kana
        end = match.end()
    places += range(end, len(folded) + 1)
    return "".join([*pieces, folded[end:]]), places


@cache
def _pattern() -> re.Pattern[str]:
    letters = rf"[^\W_{CHARACTERS}]"
    return re.compile(rf"([{CHARACTERS}]+)|{letters}(?:{letters}|[{marks()}])*")
