"""The query language: text → tree.

::

    query  = and ("OR" and)*
    and    = not+                       AND may stand between them
    not    = "-"? atom
    atom   = "(" query ")" | name ":" value | value
    value  = '"' text '"' | word

A word without quotation marks is split where a text would be broken, and each piece must be found; between quotation marks, the
pieces must follow each other. Full-width parentheses, colons and signs and Chinese quotation marks count as the plain ones.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from postkeep.errors import QueryInvalid
from postkeep.listing import source_host
from search_posts.elements import Element, elements, pieces
from search_posts.folding import fold
from search_posts.query import And, Dated, Field, Node, Not, Or, Phrase, Prefix, Query

MAX_LENGTH: Final = 500
"""Characters of a query."""

MAX_TERMS: Final = 32
"""Words, phrases and filters of a query."""

MAX_DEPTH: Final = 8
"""Parentheses within parentheses."""

MIN_PREFIX: Final = 2
"""Characters before a ``*``: fewer stand for thousands of words."""

NAMES: Final = ("author", "tag", "category", "site", "before", "after", "has", "title")
"""What may stand before a colon."""

_QUOTES: Final = {'"': '"', "＂": "＂", "“": "”", "„": "“", "「": "」", "『": "』", "«": "»"}
_MARKS: Final = ('"', "'")
"""A mark that the tree's own text could not hold, within other quotation marks, and one that is read like it."""

_OPEN: Final = "(（"
_CLOSE: Final = ")）"
_COLONS: Final = ":："
_MINUS: Final = "-－−"
_STARS: Final = "*＊"
_OR: Final = frozenset({"OR", "|", "｜"})
_AND: Final = frozenset({"AND", "&", "＆"})
_DATE: Final = re.compile(r"([0-9]{4})(?:[-/.]([0-9]{1,2})(?:[-/.]([0-9]{1,2}))?)?")
_HOST: Final = re.compile(r"[\w.-]+")
_HAS: Final = {"image": "image", "images": "image", "picture": "image", "pictures": "image"}


def parse(text: str) -> Query:
    """Understand a query.

    Raises:
        QueryInvalid: with the position of what is at fault.
    """
    if len(text) > MAX_LENGTH:
        raise QueryInvalid(MAX_LENGTH, f"A search has at most {MAX_LENGTH} characters; this one has {len(text)}.")
    return _Parser(text).query()


@dataclass(frozen=True, slots=True)
class _Value:
    """A value, and whether it stood between quotation marks."""

    text: str
    position: int
    is_quoted: bool


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._terms = 0
        self._notes: list[str] = []

    def query(self) -> Query:
        node = self._or(0)
        if self._at < len(self._text):
            raise QueryInvalid(self._at, "This parenthesis closes none that was opened.")
        if node is None:
            raise QueryInvalid(0, "There is nothing to search for: write a word, or a filter such as author:name.")
        return Query(node, tuple(dict.fromkeys(self._notes)))

    def _or(self, depth: int) -> Node | None:
        nodes = [self._and(depth)]
        while self._takes(_OR):
            nodes.append(self._and(depth, after="OR"))
        return _joined(nodes, Or)

    def _and(self, depth: int, after: str = "") -> Node | None:
        begun = self._skip()
        if after and (self._ends() or self._next(_OR)):
            raise QueryInvalid(begun, f"After {after} something to search for is missing.")
        if self._next(_OR) or self._next(_AND):
            raise QueryInvalid(begun, 'Before OR and AND something to search for is missing; the word itself is written "or".')
        nodes = []
        while not self._ends() and not self._next(_OR):
            nodes.append(self._not(depth))
            if self._takes(_AND) and (self._ends() or self._next(_OR) or self._next(_AND)):
                raise QueryInvalid(self._at, "After AND something to search for is missing.")
        return _joined(nodes, And)

    def _not(self, depth: int) -> Node | None:
        begun = self._skip()
        if self._text[self._at] not in _MINUS:
            return self._atom(depth)
        while self._at < len(self._text) and self._text[self._at] in _MINUS:
            self._at += 1
        signs = self._text[begun : self._at]
        if self._ends() or self._text[self._at - 1].isspace() or len(signs) > 1:
            self._notes.append(f"«{signs}» was left out: to exclude a word, write one «-» right before it.")
            return None
        node = self._atom(depth)
        return None if node is None else Not(node)

    def _atom(self, depth: int) -> Node | None:
        if self._text[self._at] in _OPEN:
            return self._group(depth)
        begun = self._at
        if self._text[self._at] in _QUOTES:
            return self._searched(self._value())
        name = self._name()
        if name is None:
            return self._searched(self._value())
        if self._at == len(self._text) or self._text[self._at].isspace() or self._text[self._at] in _CLOSE:
            raise QueryInvalid(self._at, f"A value is missing after «{name}:»; it follows without a space.")
        if self._text[self._at] in _OPEN:
            raise QueryInvalid(self._at, f"«{name}:» takes one value; write (… OR …) around several of them.")
        return self._field(name, self._value(), begun)

    def _group(self, depth: int) -> Node | None:
        begun = self._at
        if depth == MAX_DEPTH:
            raise QueryInvalid(begun, f"Parentheses stand at most {MAX_DEPTH} deep.")
        self._at += 1
        node = self._or(depth + 1)
        if self._at == len(self._text):
            raise QueryInvalid(begun, "This parenthesis is not closed.")
        self._at += 1
        if node is None:
            self._notes.append("Parentheses with nothing to search for in them were left out.")
        return node

    def _name(self) -> str | None:
        """The name before a colon, and go behind it; None where there is none."""
        end = self._at
        while end < len(self._text) and (self._text[end].isascii() and self._text[end].isalpha()):
            end += 1
        if end == self._at or end == len(self._text) or self._text[end] not in _COLONS:
            return None
        name = self._text[self._at : end].lower()
        if name not in NAMES:
            if not self._text.startswith("//", end + 1):
                self._notes.append(f"«{name}:» is no filter, and was searched as a word; filters are {', '.join(NAMES)}.")
            return None
        self._at = end + 1
        return name

    def _value(self) -> _Value:
        begun = self._at
        closing = _QUOTES.get(self._text[begun])
        if closing is not None:
            end = self._text.find(closing, begun + 1)
            if end < 0:
                raise QueryInvalid(begun, "This quotation mark is not closed.")
            self._at = end + 1
            return _Value(self._text[begun + 1 : end], begun + 1, is_quoted=True)
        while self._at < len(self._text) and not _stops(self._text[self._at]):
            self._at += 1
        return _Value(self._text[begun : self._at], begun, is_quoted=False)

    def _field(self, name: str, value: _Value, begun: int) -> Node | None:
        if name == "title":
            return self._searched(value, in_title=True)
        self._count(begun)
        text = value.text.strip().replace(*_MARKS)
        if name in {"before", "after"}:
            return Dated(name, _moment(text, value.position))
        if name == "has":
            if text.lower() not in _HAS:
                raise QueryInvalid(value.position, "«has:» knows has:image alone.")
            return Field(name, _HAS[text.lower()])
        if name == "site":
            host = _host(text)
            if not host:
                raise QueryInvalid(value.position, "«site:» takes a host, such as site:news.example.")
            return Field(name, host)
        if not elements(fold(text)):
            raise QueryInvalid(value.position, f"«{name}:» takes a name with letters or digits in it.")
        return Field(name, text)

    def _searched(self, value: _Value, *, in_title: bool = False) -> Node | None:
        """A word or a phrase to search for."""
        found = elements(fold(value.text))
        if not found:
            if value.text.strip():
                self._notes.append(f"«{value.text.strip()}» has no letters or digits, and was left out.")
            return None
        if value.is_quoted:
            return self._phrase(value, found, in_title=in_title)
        parts = pieces(found)
        star = found[-1].end
        prefixed = None
        if value.text[star:].startswith(tuple(_STARS)):
            prefixed = self._prefix(found[-1], value.position + star, in_title=in_title)
        if prefixed is not None:
            parts[-1].pop()
        nodes: list[Node | None] = [self._phrase(value, piece, in_title=in_title) for piece in parts if piece]
        return _joined([*nodes, prefixed], And)

    def _phrase(self, value: _Value, found: Sequence[Element], *, in_title: bool) -> Phrase:
        self._count(value.position + found[0].start)
        return Phrase(value.text[found[0].start : found[-1].end].replace(*_MARKS), in_title)

    def _prefix(self, last: Element, position: int, *, in_title: bool) -> Prefix | None:
        if last.is_character:
            self._notes.append(
                "«*» was left out: what follows a Chinese, Japanese, Korean or Thai character is left open anyway."
            )
            return None
        if len(last.text) < MIN_PREFIX:
            raise QueryInvalid(position, f"Before «*» at least {MIN_PREFIX} letters or digits are needed.")
        self._count(position)
        return Prefix(last.text, in_title)

    def _count(self, position: int) -> None:
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise QueryInvalid(position, f"A search has at most {MAX_TERMS} words and filters.")

    def _skip(self) -> int:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1
        return self._at

    def _ends(self) -> bool:
        """Whether this part of the query is over, white space aside."""
        return self._skip() == len(self._text) or self._text[self._at] in _CLOSE

    def _next(self, words: Collection[str]) -> int:
        """The length of the one of some words that comes next, on its own; 0 if none does."""
        self._skip()
        end = self._at
        while end < len(self._text) and not _stops(self._text[end]):
            end += 1
        return end - self._at if self._text[self._at : end] in words else 0

    def _takes(self, words: Collection[str]) -> bool:
        length = self._next(words)
        self._at += length
        return length > 0


def _stops(character: str) -> bool:
    """Whether a word ends before a character."""
    return character.isspace() or character in _OPEN or character in _CLOSE or character in _QUOTES


def _joined(nodes: Sequence[Node | None], kind: type[And | Or]) -> Node | None:
    """Nodes as one; None where there are none."""
    flat: list[Node] = []
    for node in nodes:
        if isinstance(node, kind):
            flat += node.nodes
        elif node is not None:
            flat.append(node)
    different = tuple(dict.fromkeys(flat))
    if len(different) > 1:
        return kind(different)
    return different[0] if different else None


def _moment(text: str, position: int) -> datetime:
    """The beginning of a day, a month or a year."""
    match = _DATE.fullmatch(fold(text))
    try:
        if match is not None:
            year, month, day = (int(part or 1) for part in match.groups())
            return datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        pass  # there is no such day
    raise QueryInvalid(position, "A date is written 2021, 2021-06 or 2021-06-29.")


def _host(text: str) -> str:
    """A host of a host or an address; "" where it is neither."""
    host = source_host(text if "//" in text else f"https://{text}")
    return host if _HOST.fullmatch(host) else ""
