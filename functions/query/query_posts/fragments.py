"""The beginning of an HTML fragment that is too long to be shown as a whole: as many of its blocks as there is room for."""

import re
from collections.abc import Callable, Iterator

# Of what nh3 writes: every attribute has its value between double quotation marks, and no text holds a bare «<».
_TAG = re.compile(r'<(/?)([a-zA-Z][a-zA-Z0-9]*+)(?:[^<>"]++|"[^"]*+")*+>')
_VOID = frozenset({"br", "hr", "img", "wbr"})
"""Elements without an end tag (HTML Standard, 13.1.2), of those that are in a text."""


def beginning(html: str, room: int, cost: Callable[[str], int]) -> str:
    """As many of a fragment's outermost blocks, from the first on, as there is room for; "" where the first is too large.

    Args:
        html: what nh3 wrote, whose tags are balanced.
        room: what they may cost together.
        cost: what a piece of it costs.
    """
    found: list[str] = []
    for block in _blocks(html):
        room -= cost(block)
        if room < 0:
            break
        found.append(block)
    return "".join(found)


def _blocks(html: str) -> Iterator[str]:
    """The outermost elements, each with the text before it."""
    depth = begin = 0
    for tag in _TAG.finditer(html):
        if tag[1]:
            depth -= 1
        elif tag[2].lower() not in _VOID:
            depth += 1
        if depth == 0:
            yield html[begin : tag.end()]
            begin = tag.end()
    if rest := html[begin:]:
        yield rest
