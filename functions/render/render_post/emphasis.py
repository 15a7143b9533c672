"""Emphasis that CommonMark opens and closes where the page did, also between Chinese letters and punctuation."""

import unicodedata

from render_post.blocks import Break, Inline, Mark, Run, Style

EMPHASES = (Mark.BOLD, Mark.ITALIC, Mark.STRUCK)
_EMPHASES = frozenset(EMPHASES)


def closable(inlines: list[Inline]) -> list[Inline]:
    """Simplify and narrow emphasis until CommonMark opens and closes it.

    Delimiters of two kinds that meet can be read in several ways, so kinds that overlap without one lying within the other
    are cut down to one. And a closing delimiter after punctuation must be followed by white space or punctuation, the
    reverse holding for an opening one (CommonMark 0.31, «left- and right-flanking delimiter runs»): between Chinese letters
    they are not, so the punctuation at the edge is put outside of the emphasis.
    """
    if not any(isinstance(part, Run) and part.style.marks for part in inlines):
        return inlines
    found: list[Inline] = []
    region: list[Run] = []
    for part in inlines:
        emphasized = isinstance(part, Run) and bool(part.style.marks & _EMPHASES)
        if region and not (emphasized and isinstance(part, Run) and part.style.link == region[-1].style.link):
            found += _nested(region)
            region = []
        if emphasized and isinstance(part, Run):
            region.append(part)
        else:
            found.append(part)
    found += _nested(region)
    used = frozenset[Mark]().union(*(part.style.marks for part in found if isinstance(part, Run)))
    for mark in EMPHASES:
        if mark in used:
            found = _narrowed(found, mark)
    return found


def _nested(region: list[Run]) -> list[Run]:
    """Leave of the emphasis of runs that touch what all of them have, and one kind within that (or one kind alone)."""
    if len(region) < 2:  # noqa: PLR2004  # a single run cannot conflict with itself
        return region
    common = frozenset.intersection(*(run.style.marks for run in region))
    rest = [mark for mark in EMPHASES if mark not in common]
    heaviest = max(rest, key=lambda mark: sum(len(run.text) for run in region if mark in run.style.marks), default=None)
    dropped = frozenset(rest) - {heaviest}
    return [Run(run.text, Style(run.style.marks - dropped, run.style.link)) for run in region]


def _narrowed(inlines: list[Inline], mark: Mark) -> list[Inline]:
    found: list[Inline] = []
    position = 0
    while position < len(inlines):
        part = inlines[position]
        if not (isinstance(part, Run) and mark in part.style.marks):
            found.append(part)
            position += 1
            continue
        end = position
        while (
            end < len(inlines)
            and isinstance(run := inlines[end], Run)
            and mark in run.style.marks
            and run.style.link == part.style.link
        ):
            end += 1
        runs = [run for run in inlines[position:end] if isinstance(run, Run)]
        before = _edge(found[-1], -1, part.style.link) if found else ""
        after = _edge(inlines[end], 0, part.style.link) if end < len(inlines) else ""
        found += _with_edges_outside(runs, mark, before, after)
        position = end
    return found


def _with_edges_outside(runs: list[Run], mark: Mark, before: str, after: str) -> list[Inline]:
    text = "".join(run.text for run in runs)
    start, end = 0, len(text)
    while start < end and (
        text[start].isspace() or (_may_be_punctuation(text[start]) and not _opens_after(text[start - 1] if start else before))
    ):
        start += 1
    while end > start and (
        text[end - 1].isspace()
        or (_may_be_punctuation(text[end - 1]) and not _opens_after(text[end] if end < len(text) else after))
    ):
        end -= 1
    found: list[Inline] = []
    offset = 0
    for run in runs:
        plain = Style(run.style.marks - {mark}, run.style.link)
        low, high = max(start - offset, 0), max(end - offset, 0)
        pieces = (Run(run.text[:low], plain), Run(run.text[low:high], run.style), Run(run.text[max(high, low) :], plain))
        found.extend(piece for piece in pieces if piece.text)
        offset += len(run.text)
    return found


def _opens_after(character: str) -> bool:
    return not character or character.isspace() or (unicodedata.category(character)[0] == "P")


def _may_be_punctuation(character: str) -> bool:
    # Whether symbols count as punctuation differs between versions of CommonMark.
    return unicodedata.category(character)[0] in "PS"


def _edge(part: Inline, index: int, link: str) -> str:
    """The character that borders on emphasis within ``link``: that of the neighbour, or the bracket between them."""
    if isinstance(part, Run):
        return part.text[index] if part.style.link == link else "["
    return "" if isinstance(part, Break) else "!"
