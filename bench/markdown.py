"""Tables and amounts of money as the measurements' pages have them."""

import math
import textwrap
from collections.abc import Iterable, Sequence


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose columns but the first are right-aligned, where they hold figures alone; ends in a line feed.

    Raises:
        ValueError: if a row has another number of cells.
    """
    known = [list(row) for row in rows]
    if any(len(row) != len(heads) for row in known):
        raise ValueError("a row has another number of cells than the table has columns")
    figures = [all(_is_figure(row[place]) for row in known) for place in range(len(heads))]
    marks = ["---:" if figure and place else "---" for place, figure in enumerate(figures)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in [list(heads), marks, *known])


def _is_figure(cell: str) -> bool:
    return not cell or cell.lstrip("*$–+−").startswith(tuple("0123456789")) or cell == "–"


def money(dollars: float) -> str:
    """Dollars, to the cent, or to two digits where that says more: $12.30, $0.0047; – for nothing."""
    if dollars == 0:
        return "–"
    digits = max(2, 1 - math.floor(math.log10(abs(dollars))))
    return f"${dollars:,.{digits}f}"


WIDTH = 130
"""Columns of a paragraph."""

_BULLET = "- "
_WHOLE = ("|", "#", "    ")
"""What begins a line that is left as it is: of a table, a heading, code."""


def filled(document: str) -> str:
    """A document whose paragraphs and lists are filled to :data:`WIDTH`, with one empty line at most between its parts."""
    found: list[str] = []
    text: list[str] = []
    for line in [*document.splitlines(), ""]:
        if not line or line.startswith((*_WHOLE, _BULLET)):
            found += _paragraph(text)
            text = []
        if line.startswith(_WHOLE):
            found.append(line)
        elif line:
            text.append(line)
        elif found and found[-1]:
            found.append("")
    return "\n".join(found).strip("\n") + "\n"


def _paragraph(lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    indent = " " * len(_BULLET) if lines[0].startswith(_BULLET) else ""
    return textwrap.wrap(" ".join(lines), WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
