"""Two lists of lines → what changed between them, as the hunks of a unified diff. Pure, and bounded: the lines are a stranger's.

Lines that both begin and end with are set aside; the lines that occur once in each of the rest and in the same order hold it
together («patience»); where there are none, difflib finds the longest run that both have; and so on in what lies between. difflib
alone would take more than quadratic time of hostile lines. What is left when a budget is spent counts as replaced as a whole: the
answer stays true, and is no longer the shortest.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher

MAX_LINES = 50_000
"""Lines of both sides together, between what they begin and end with; more are not compared. The largest real body has 10,000."""

MAX_WORK = 500_000
"""Lines looked at, for one pair of texts: half a second. Two real versions need a few times their number of lines."""

MAX_SHOWN = 600_000
"""Characters of all hunks' lines, so that an answer stays under Lambda's 6 MB even where each is escaped twice (7 bytes). A real
body that is replaced as a whole fits."""

MAX_SHOWN_LINE = 2_000
"""Characters of a line; of a longer one, which is no sentence but such as a picture in base64, the middle is left out."""

CONTEXT = 3
"""Lines shown around a change, as diff does."""

_LINE_COSTS = 4
"""Characters that a line costs in JSON besides its own."""

_PAIRS = 4
"""Pairs of equal lines that difflib looks at in the time that a line takes otherwise."""


@dataclass(frozen=True, slots=True)
class Change:
    """A stretch of lines that another takes the place of, counted from 0, ends excluded.

    Attributes:
        before: where the lines that are gone begin.
        before_end: where they end.
        after: where the lines that came begin.
        after_end: where they end.
        compared: whether its lines were compared; if not, some of them may be the same.
    """

    before: int
    before_end: int
    after: int
    after_end: int
    compared: bool = True


@dataclass(frozen=True, slots=True)
class Hunk:
    """A stretch of both texts around changes that are near each other.

    Attributes:
        before: where it begins in the one text, from 0.
        before_count: how many of its lines it has.
        after: where it begins in the other text, from 0.
        after_count: how many of its lines it has.
        lines: each with its mark: a space for both, ``-`` for the one, ``+`` for the other; none where they are too many.
        compared: see :class:`Change`.
    """

    before: int
    before_count: int
    after: int
    after_count: int
    lines: tuple[str, ...]
    compared: bool = True


def hunks(before: Sequence[str], after: Sequence[str], context: int = CONTEXT) -> Iterator[Hunk]:
    """What changed, from the first to the last.

    Args:
        before: the lines of the one text.
        after: the lines of the other.
        context: lines that both have to be shown around a change.
    """
    left = MAX_SHOWN
    for group in _grouped(changes(before, after), 2 * context):
        hunk = _hunk(before, after, group, context)
        left -= sum(map(len, hunk.lines)) + _LINE_COSTS * len(hunk.lines)
        if left < 0:
            hunk, left = replace(hunk, lines=()), 0
        yield hunk


def _grouped(found: Sequence[Change], near: int) -> Iterator[list[Change]]:
    """Changes with at most so many lines between one and the next."""
    group: list[Change] = []
    for change in found:
        if group and change.before - group[-1].before_end > near:
            yield group
            group = []
        group.append(change)
    if group:
        yield group


def _hunk(before: Sequence[str], after: Sequence[str], group: list[Change], context: int) -> Hunk:
    begin = max(group[0].before - context, 0)
    after_begin = group[0].after - (group[0].before - begin)
    end = min(group[-1].before_end + context, len(before))
    after_end = group[-1].after_end + (end - group[-1].before_end)
    compared = all(change.compared for change in group)
    count, after_count = end - begin, after_end - after_begin
    if _LINE_COSTS * (count + after_count) > 2 * MAX_SHOWN:
        return Hunk(begin, count, after_begin, after_count, (), compared)
    lines: list[str] = []
    place = begin
    for change in group:
        lines += [" " + _shown(line) for line in before[place : change.before]]
        lines += ["-" + _shown(line) for line in before[change.before : change.before_end]]
        lines += ["+" + _shown(line) for line in after[change.after : change.after_end]]
        place = change.before_end
    lines += [" " + _shown(line) for line in before[place:end]]
    return Hunk(begin, count, after_begin, after_count, tuple(lines), compared)


def _shown(line: str) -> str:
    if len(line) <= MAX_SHOWN_LINE:
        return line
    part = MAX_SHOWN_LINE // 2
    return f"{line[:part]} […{len(line) - 2 * part:,} characters…] {line[-part:]}"


def changes(before: Sequence[str], after: Sequence[str]) -> list[Change]:
    """The changed stretches, in order; none touches the next."""
    whole = _trimmed(before, after, Change(0, len(before), 0, len(after)))
    size = whole.before_end - whole.before + whole.after_end - whole.after
    if size > MAX_LINES:
        return [replace(whole, compared=False)]
    comparison = _Comparison(before, after, MAX_WORK)
    comparison.run(whole)
    return comparison.found


def _trimmed(before: Sequence[str], after: Sequence[str], stretch: Change) -> Change:
    """A stretch without the lines that both sides begin and end with."""
    low, high, after_low, after_high = stretch.before, stretch.before_end, stretch.after, stretch.after_end
    while low < high and after_low < after_high and before[low] == after[after_low]:
        low, after_low = low + 1, after_low + 1
    while low < high and after_low < after_high and before[high - 1] == after[after_high - 1]:
        high, after_high = high - 1, after_high - 1
    return Change(low, high, after_low, after_high)


@dataclass(slots=True)
class _Comparison:
    """One run over two texts, and the work that it may still do."""

    before: Sequence[str]
    after: Sequence[str]
    work: int
    found: list[Change] = field(default_factory=list)

    def run(self, whole: Change) -> None:
        """Find the changes of a stretch, in order; a stack rather than recursion, whose depth a stranger would choose."""
        waiting = [whole]
        while waiting:
            stretch = _trimmed(self.before, self.after, waiting.pop())
            size = stretch.before_end - stretch.before + stretch.after_end - stretch.after
            if stretch.before == stretch.before_end or stretch.after == stretch.after_end:
                self._add(stretch)
            elif self._affords(size):
                waiting.extend(reversed(self._between(stretch)))
            else:
                self._add(replace(stretch, compared=False))

    def _affords(self, work: int) -> bool:
        if work > self.work:
            return False
        self.work -= work
        return True

    def _add(self, change: Change) -> None:
        if change.before == change.before_end and change.after == change.after_end:
            return
        last = self.found[-1] if self.found else None
        if last and last.before_end == change.before and last.after_end == change.after:
            self.found.pop()
            both = last.compared and change.compared
            change = Change(last.before, change.before_end, last.after, change.after_end, both)
        self.found.append(change)

    def _between(self, stretch: Change) -> list[Change]:
        """The stretches between what holds a stretch together; none where nothing does, and it is one change."""
        mine = self.before[stretch.before : stretch.before_end]
        theirs = self.after[stretch.after : stretch.after_end]
        counts, their_counts = Counter(mine), Counter(theirs)
        once = {line for line, count in counts.items() if count == 1 and their_counts.get(line) == 1}
        if once:
            places = {line: n for n, line in enumerate(mine) if line in once}
            runs = [(n, place, 1) for n, place in _rising([(places[line], n) for n, line in enumerate(theirs) if line in once])]
        else:
            pairs = sum(count * their_counts[line] for line, count in counts.items())
            if not self._affords(pairs // _PAIRS):
                self._add(replace(stretch, compared=False))
                return []
            if not pairs:
                self._add(stretch)
                return []
            match = SequenceMatcher(None, mine, theirs, autojunk=False).find_longest_match()
            runs = [(match.a, match.b, match.size)]
        found, low, after_low = [], stretch.before, stretch.after
        for place, after_place, size in runs:
            found.append(Change(low, stretch.before + place, after_low, stretch.after + after_place))
            low, after_low = stretch.before + place + size, stretch.after + after_place + size
        return [*found, Change(low, stretch.before_end, after_low, stretch.after_end)]


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest selection of pairs whose first numbers rise, given pairs whose second numbers do (patience sorting)."""
    tops: list[int] = []
    tails: list[int] = []
    previous: list[int] = []
    for n, (place, _) in enumerate(pairs):
        pile = bisect_left(tops, place)
        previous.append(tails[pile - 1] if pile else -1)
        if pile == len(tops):
            tops.append(place)
            tails.append(n)
        else:
            tops[pile], tails[pile] = place, n
    chosen = []
    n = tails[-1] if tails else -1
    while n >= 0:
        chosen.append(pairs[n])
        n = previous[n]
    return chosen[::-1]
