"""The elements that rules for every page select: looked for only on pages that can have them."""

import re
from collections.abc import Iterable, Iterator

import re2
from selectolax.lexbor import LexborHTMLParser, LexborNode

from render_post.rules import DropRule

_SELECTOR = re.compile(r"(?P<tag>[\w-]+)?(?P<names>(?:[.#][\w-]+)*)(?:\[[\w-]+[~|^$*]?=['\"]?(?P<value>[\w-]+))?")
"""The beginning of a selector: of its first element, a name, classes and ids, and the value of an attribute."""


class Widgets:
    """The selectors of several rules.

    A rule's are tried on a page only where a word stands that one of them cannot match without: a class, an id, or the name of an
    element. One search for all of the words costs a fraction of trying all of the selectors, of which most pages have nothing. A
    class that is written with character references is not found; no program writes them so.

    Args:
        drops: the rules; those without a selector do not matter.
    """

    def __init__(self, drops: Iterable[DropRule]) -> None:
        self._drops = [drop for drop in drops if drop.select]
        self._words = re2.Set.SearchSet()
        for drop in self._drops:
            self._words.Add("(?i)" + "|".join(_word(selector) for selector in drop.select.split(", ")))
        if self._drops:
            self._words.Compile()

    def of(self, page: LexborHTMLParser, html: str) -> Iterator[tuple[LexborNode, str]]:
        """Find the elements on a page, each with the name of the rule that selects it.

        Args:
            page: the page.
            html: what it was parsed from.
        """
        for number in sorted(self._words.Match(html) or ()) if self._drops else ():
            drop = self._drops[number]
            for node in page.css(drop.select):
                yield node, drop.name


def _word(selector: str) -> str:
    """A pattern for what has to be on a page that a selector, or the first part of one, matches; "" where that is not certain."""
    found = _SELECTOR.match(selector.strip())
    if found is None:
        return ""
    names: list[str] = [*re.findall(r"[\w-]+", found["names"]), *filter(None, (found["value"],))]
    if names:
        return re.escape(max(names, key=len))
    return f"<{re.escape(found['tag'])}" if found["tag"] else ""
