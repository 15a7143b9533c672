"""What was measured of several tools as text: a table in Markdown, and its place in a document."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat

from bench.timing import Speed

from support.scoring import Score

BEGIN = "<!-- made by bench/text.py -->\n"
END = "<!-- end of what bench/text.py made -->\n"

_HEADS = (
    "tool",
    "perfect",
    "text right",
    "kept",
    "leaked",
    "softly",
    "first picture",
    "no text",
    "CPU",
    "× html2text",
    "median",
    "p99",
    "slowest",
)
_NOT_TOLD = "–"
_FIRST = ": first picture"


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of one tool.

    Attributes:
        name: the tool's.
        score: what the gold says of its texts.
        speed: on the posts in HTML.
        empty: how many of these it gave no text of, or failed on.
    """

    name: str
    score: Score
    speed: Speed
    empty: int


def table(rows: Sequence[Row]) -> str:
    """The rows as a table in Markdown, the numbers right-aligned, ending in a line feed."""
    return aligned(_HEADS, [_cells(row) for row in rows])


def aligned(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells as a table in Markdown, all but the first column right-aligned, ending in a line feed."""
    lines = [heads, ("---", *repeat("---:", len(heads) - 1)), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _cells(row: Row) -> tuple[str, ...]:
    score, speed = row.score, row.speed
    told = score.firsts > 0
    return (
        row.name,
        f"{score.perfect}/{score.posts}" if told else _NOT_TOLD,
        f"{score.textual}/{score.posts}",
        f"{score.kept}/{score.must}",
        f"{score.leaked}/{score.must_not}",
        f"{score.soft_leaked}/{score.soft}",
        f"{score.first_right}/{score.firsts}" if told else _NOT_TOLD,
        str(row.empty),
        f"{speed.total:.2f} s",
        f"{speed.ratio:.2f} ({speed.low:.2f}–{speed.high:.2f})",
        *(f"{seconds * 1000:.1f} ms" for seconds in (speed.median, speed.p99, speed.longest)),
    )


def advantages(ours: Score, theirs: Score) -> list[str]:
    """What another tool keeps, or which first picture it finds, where we do not: a line each, as the faults name it."""
    lacking = set(_lacks(theirs))
    compared = _lacks(ours) if theirs.firsts else (lack for lack in _lacks(ours) if not lack.endswith(_FIRST))
    return [lack for lack in compared if lack not in lacking]


def _lacks(score: Score) -> Iterator[str]:
    for fault in score.faults:
        post, kind, _ = fault.split(": ", 2)
        if kind == "lost":
            yield fault
        elif f": {kind}" == _FIRST:
            yield f"{post}{_FIRST}"  # not which wrong one there is instead


def replaced(document: str, made: str) -> str:
    """A document with what was made between its two marks.

    Raises:
        ValueError: if it does not have both marks, once each, in this order.
    """
    if document.count(BEGIN) != 1 or document.count(END) != 1 or document.index(BEGIN) > document.index(END):
        raise ValueError(f"the document needs the lines {BEGIN.strip()} and {END.strip()}, once each")
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{made.strip()}\n\n{END}{after}"
