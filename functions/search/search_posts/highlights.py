"""Where a text has what was searched for, and the piece of it that shows most."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice, pairwise
from typing import Final

from search_posts.elements import CHARACTERS, MAX_WORD, Element, elements, placed
from search_posts.folding import fold, marks
from search_posts.query import Phrase, Prefix

SNIPPET: Final = 160
"""Characters of a snippet: two or three lines."""

_LEAD = 40
"""Characters of it before the first thing found, unless a sentence begins sooner."""

_MAX_PLACES = 100
"""Places in a text that are looked at for one word: a snippet shows a few of them."""

_MAX_CANDIDATES = 1_000
"""Places in a text that may be such a one and are looked at: pieces of longer words, most of them."""

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
        self._everywhere = [_Pattern(node) for node in wanted]
        self._in_text = [_Pattern(node) for node in wanted if not node.in_title]

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


class _Pattern:
    """Finds a phrase or the beginning of a word in bare texts as the index does.

    A pattern that knew all letters would take longer to compile than the rest of the search. So what compiles quickly finds what
    may be meant, and what is compiled once tells whether it is.
    """

    def __init__(self, node: Phrase | Prefix) -> None:
        self._row = elements(fold(node.text))
        self._is_open = isinstance(node, Prefix) or len(self._row[-1].text) == MAX_WORD
        pieces = [""]
        for previous, element in pairwise(self._row):
            pieces += [re.escape(previous.text), _gap(previous, element)]
        before = "(?<![0-9a-z])" if not self._row[0].is_character else ""
        after = "(?![0-9a-z])" if not self._row[-1].is_character and not self._is_open else ""
        self._quick = re.compile(before + "".join([*pieces, re.escape(self._row[-1].text)]) + after)

    def places(self, bare: str) -> Iterator[tuple[int, int]]:
        """Where it begins and ends, at most :data:`_MAX_PLACES` times."""
        return islice(self._all(bare), _MAX_PLACES)

    def _all(self, bare: str) -> Iterator[tuple[int, int]]:
        start = 0
        for _ in range(_MAX_CANDIDATES):
            match = self._quick.search(bare, start)
            if match is None:
                return
            place = self._checked(bare, *match.span())
            if place is None:
                start = match.start() + 1  # another one may begin within it
            else:
                yield place
                start = place[1]

    def _checked(self, bare: str, start: int, end: int) -> tuple[int, int] | None:
        if not self._row[0].is_character and _is_within_word(bare, start):
            return None
        if not self._row[-1].is_character and (rest := _rest().match(bare, end)):
            if not self._is_open:
                return None
            end = rest.end()
        if len(self._row) > 1:
            found = elements(bare[start:end])
            if _shape(found) != _shape(self._row):
                return None
        return start, end


def _gap(previous: Element, element: Element) -> str:
    """What may stand between two elements, and a little more."""
    if element.breaks or not (previous.is_character or element.is_character):
        return r"[\W_]++"
    return "" if previous.is_character and element.is_character else r"[\W_]*+"


def _shape(row: Sequence[Element]) -> list[tuple[str, bool]]:
    """What two rows have in common that are the same phrase: the last element was compared already, and may be begun only."""
    return [*((element.text, element.breaks) for element in row[:-1]), ("", row[-1].breaks)]


def _is_within_word(bare: str, place: int) -> bool:
    """Whether what stands right before a place is of a word: a letter, or marks behind one."""
    before = place - 1
    while before > max(0, place - MAX_WORD) and _mark().match(bare, before):
        before -= 1
    return before >= 0 and _letter().match(bare, before) is not None


@cache
def _letter() -> re.Pattern[str]:
    return re.compile(rf"[^\W_{CHARACTERS}]")


@cache
def _mark() -> re.Pattern[str]:
    return re.compile(f"[{marks()}]")


@cache
def _rest() -> re.Pattern[str]:
    """The rest of a word, from somewhere within it."""
    return re.compile(rf"(?:[^\W_{CHARACTERS}]|[{marks()}])+")


def _places(text: str, patterns: Sequence[_Pattern]) -> list[tuple[Span, int]]:
    """Where the patterns are found, with their numbers, in the order of the text."""
    if not patterns:
        return []
    bare, at = placed(fold(text))
    found = [(Span(at[start], at[end]), number) for number, pattern in enumerate(patterns) for start, end in pattern.places(bare)]
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
