"""Where a text has what was searched for, and the piece of it that shows most."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from search_posts.elements import CHARACTERS, INLINE, MAX_WORD, Element, elements, placed
from search_posts.folding import fold, marks
from search_posts.query import Phrase, Prefix

SNIPPET: Final = 160
"""Characters of a snippet: two or three lines."""

_LEAD = 40
"""Characters of it before the first thing found, unless a sentence begins sooner."""

_MAX_PLACES = 100
"""Places in a text that are looked at for one word: a snippet shows a few of them."""

_SENTENCE_END = re.compile(r"[。！？!?…][」』”’\"]*\s*|\n+|\.\s+")


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a text, from ``start`` to before ``end``, in characters."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a post's text.

    Attributes:
        text: as it stands there.
        start: where.
        is_cut: whether the text goes on behind it.
        highlights: what was searched for, as places in the piece.
    """

    text: str
    start: int
    is_cut: bool
    highlights: tuple[Span, ...]


class Highlighter:
    """Finds what one query wants in the texts of its results.

    Args:
        wanted: see :attr:`search_posts.query.Query.wanted`.
    """

    def __init__(self, wanted: Iterable[Phrase | Prefix]) -> None:
        wanted = list(wanted)
        self._everywhere = [_pattern(node) for node in wanted]
        self._in_text = [_pattern(node) for node in wanted if not node.in_title]

    def title(self, title: str) -> tuple[Span, ...]:
        """What was searched for in a title."""
        return _merged(span for span, _ in _places(title, self._everywhere))

    def snippet(self, text: str) -> Snippet:
        """The piece of a text with most of what was searched for; its beginning where it has none."""
        places = _places(text, self._in_text)
        start = _beginning(text, _best(places)) if places else 0
        end = _ending(text, start)
        inside = _merged(span for span, _ in places if start <= span.start and span.end <= end)
        highlights = tuple(Span(span.start - start, span.end - start) for span in inside)
        return Snippet(text[start:end], start, end < len(text), highlights)


def _places(text: str, patterns: Sequence[re.Pattern[str]]) -> list[tuple[Span, int]]:
    """Where the patterns are found, with their numbers, in the order of the text."""
    if not patterns:
        return []
    bare, at = placed(fold(text))
    found = []
    for number, pattern in enumerate(patterns):
        for match, _ in zip(pattern.finditer(bare), range(_MAX_PLACES), strict=False):
            found.append((Span(at[match.start()], at[match.end() - 1] + 1), number))
    return sorted(found, key=lambda place: (place[0].start, place[0].end))


def _best(places: Sequence[tuple[Span, int]]) -> int:
    """Where the piece of a snippet's length begins that has most different words, and then most words."""
    best, start = (0, 0), places[0][0].start
    window: Counter[int] = Counter()
    last = 0
    for first, (span, number) in enumerate(places):
        while last < len(places) and places[last][0].end <= span.start + SNIPPET - _LEAD:
            window[places[last][1]] += 1
            last += 1
        worth = (sum(count > 0 for count in window.values()), window.total())
        if worth > best:
            best, start = worth, span.start
        if last > first:
            window[number] -= 1
        else:
            last = first + 1  # longer than a snippet by itself
    return start


def _beginning(text: str, found: int) -> int:
    """Where a snippet begins that is to show what is at ``found``: with the sentence, or else with a word."""
    earliest = max(0, found - _LEAD)
    if earliest == 0:
        return 0
    ends = [match.end() for match in _SENTENCE_END.finditer(text, earliest, found)]
    if ends:
        return ends[0]
    space = text.find(" ", earliest, found)
    return space + 1 if 0 <= space < earliest + _LEAD // 2 else earliest


def _ending(text: str, start: int) -> int:
    end = min(len(text), start + SNIPPET)
    while end < len(text) and end < start + 2 * SNIPPET and unicodedata.combining(text[end]):
        end += 1
    return end


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans in order, those that overlap or touch as one."""
    found: list[Span] = []
    for span in spans:
        if found and span.start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return tuple(found)


def _pattern(node: Phrase | Prefix) -> re.Pattern[str]:
    """What finds a phrase in a bare text as the index does."""
    letter = rf"(?:[^\W_{CHARACTERS}]|[{marks()}])"
    pieces = []
    previous: Element | None = None
    for element in elements(fold(node.text)):
        if previous is not None:
            pieces.append(_gap(previous, element))
        text = re.escape(element.text)
        # The text comes first, since the search for it is quick; what stands before it is looked at where it is found.
        pieces.append(text if element.is_character else f"{text}(?<!{letter}{text})")
        if isinstance(node, Prefix) or len(element.text) == MAX_WORD:
            pieces.append(f"{letter}*+")
        elif not element.is_character:
            pieces.append(f"(?!{letter})")
        previous = element
    return re.compile("".join(pieces))


def _gap(previous: Element, element: Element) -> str:
    """What may stand between two elements of a phrase: see :mod:`search_posts.elements`."""
    between = rf"(?:(?![{CHARACTERS}])[\W_])++"
    if element.breaks:
        return (
            between if previous.is_character and element.is_character else rf"(?![{INLINE}]*+(?:[^\W_]|[{CHARACTERS}])){between}"
        )
    if previous.is_character != element.is_character:
        return f"[{INLINE}]*+"
    return "" if element.is_character else between
