"""What repeats from post to post, as ``postkeep learn`` found it: the file of it, and its removal from a post.

docs/learning.md is the reference of the form.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from postkeep.errors import RulesInvalid
from render_post.blocks import Block, Break, Dropped, Image, Inline, Listing, Paragraph, Quote, Run, inline_text
from render_post.recovery import Piece, blocks_of, plain_words
from render_post.units import Kind, Unit, fingerprint, split

VERSION = 1
OF_AUTHOR = "learnt/author"
OF_HOST = "learnt/host"

MAX_BYTES = 4 * 1024 * 1024
"""Of a file; what 8,000 real posts gave has under 0.1 MB without the texts."""

_MAX_GROUPS = 20_000
_MAX_UNITS = 5_000
_FINGERPRINT = re.compile(r"[0-9a-f]{16}\Z")
_FIELDS = {"v", "made", "posts", "groups"}

_TINY = 8
"""Letters and digits; units of fewer go with those that they stand between."""

_LONGEST_PARAGRAPH = 50_000
"""Characters. Longer ones are left alone: nobody's notices stand in them, and they would take their time."""

_LEAST_RUN = 12
"""Letters and digits of a run at the edge of a paragraph, below which it stays."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """Fingerprints of what repeats.

    Attributes:
        authors: by the author's name, as front matter has it.
        hosts: by the host of the post's address.
    """

    authors: Mapping[str, frozenset[int]] = field(default_factory=dict)
    hosts: Mapping[str, frozenset[int]] = field(default_factory=dict)

    @classmethod
    def read(cls, body: bytes, name: str) -> "Learnt":
        """Read a file of learnt repetition.

        Args:
            body: JSON in UTF-8.
            name: the file's, for messages.

        Raises:
            RulesInvalid: if it cannot be used; with what is wrong, and in which group.
        """
        if len(body) > MAX_BYTES:
            raise RulesInvalid(name, f"it has {len(body):,} bytes; at most {MAX_BYTES:,} are read")
        try:
            fields = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise RulesInvalid(name, f"it is not JSON in UTF-8: {str(error)[:200]}") from None
        if not isinstance(fields, dict) or fields.get("v") != VERSION:
            raise RulesInvalid(name, f"v: this version of Postkeep reads {VERSION}")
        if unknown := sorted(set(fields) - _FIELDS):
            raise RulesInvalid(name, f"{unknown[0]}: no such field; there are {', '.join(sorted(_FIELDS))}")
        groups = fields.get("groups")
        if not isinstance(groups, list) or len(groups) > _MAX_GROUPS:
            raise RulesInvalid(name, f"groups: give a list, of at most {_MAX_GROUPS:,}")
        found: dict[str, dict[str, frozenset[int]]] = {"author": {}, "host": {}}
        for number, group in enumerate(groups, 1):
            kind, whose, units = _group(group, f"group {number}", name)
            if whose in found[kind]:
                raise RulesInvalid(name, f"group {number}: there is another one of the {kind} {whose!r}")
            found[kind][whose] = units
        return cls(found["author"], found["host"])

    def of(self, author: str, host: str) -> frozenset[int]:
        """The fingerprints for a post: those of its author, or of its host where the author has none.

        Args:
            author: as its front matter names it.
            host: of its address, in small letters, without ``www.``; "" for none.
        """
        own = self.authors.get(author)
        return self.hosts.get(host, frozenset()) if own is None else own

    def rule(self, author: str) -> str:
        """The name of the rule by which text of this author's posts goes."""
        return OF_AUTHOR if author in self.authors else OF_HOST

    def joined(self, other: "Learnt") -> "Learnt":
        """What either has."""
        return Learnt(_joined(self.authors, other.authors), _joined(self.hosts, other.hosts))


NOTHING_LEARNT = Learnt()


def _joined(one: Mapping[str, frozenset[int]], other: Mapping[str, frozenset[int]]) -> dict[str, frozenset[int]]:
    return {whose: one.get(whose, frozenset()) | other.get(whose, frozenset()) for whose in (*one, *other)}


def _group(group: Any, where: str, name: str) -> tuple[str, str, frozenset[int]]:
    if not isinstance(group, dict):
        raise RulesInvalid(name, f"{where}: give an object")
    kinds = [kind for kind in ("author", "host") if kind in group]
    if len(kinds) != 1 or not isinstance(whose := group[kinds[0]], str) or not whose:
        raise RulesInvalid(name, f"{where}: give either author or host, as a text")
    units = group.get("units")
    if not isinstance(units, list) or len(units) > _MAX_UNITS:
        raise RulesInvalid(name, f"{where}: units: give a list, of at most {_MAX_UNITS:,}")
    found: set[int] = set()
    for number, unit in enumerate(units, 1):
        print_ = unit.get("fingerprint") if isinstance(unit, dict) else None
        if not isinstance(print_, str) or not _FINGERPRINT.match(print_):
            raise RulesInvalid(name, f"{where}: unit {number}: fingerprint: give 16 digits of 0-9 and a-f")
        found.add(int(print_, 16))
    return kinds[0], whose, frozenset(found)


def drop_learnt(blocks: list[Block], fingerprints: frozenset[int], rule: str, *, description: bool) -> list[Block]:
    """Put :class:`Dropped` in the place of what repeats.

    In a description any unit that is learnt goes, a tiny one only beside another. In an article a paragraph goes where all of it
    is learnt, and a learnt run at its beginning or its end; what is learnt within it stays, since there it is quoted or told.

    Args:
        blocks: as they were read, less what other rules dropped.
        fingerprints: see :meth:`Learnt.of`.
        rule: see :meth:`Learnt.rule`.
        description: whether the post is a video's description, see :func:`render_post.description.is_description`.
    """
    if not fingerprints:
        return blocks
    # Recursion goes as deep as lists and quotes are nested, which the reader of the page has bounded.
    found: list[Block] = []
    for block in blocks:
        text = plain_words(block)
        if description and text is not None:
            found += blocks_of(_judged(split(text), fingerprints, rule))
        elif isinstance(block, Paragraph) and not any(isinstance(part, Image) for part in block.inlines):
            found += _from_paragraph(block, fingerprints, rule)
        elif isinstance(block, Quote):
            block.blocks = drop_learnt(block.blocks, fingerprints, rule, description=description)
            found.append(block)
        elif isinstance(block, Listing):
            block.items = [drop_learnt(item, fingerprints, rule, description=description) for item in block.items]
            found.append(block)
        else:
            found.append(block)
    return found


def _judged(units: list[Unit], fingerprints: frozenset[int], rule: str) -> Iterator[Piece]:
    learnt = [unit.kind is Kind.TEXT and fingerprint(unit.text) in fingerprints for unit in units]
    goes = [known and _size(unit) >= _TINY for unit, known in zip(units, learnt, strict=True)]
    # A greeting repeats in any text: it goes with what is learnt beside it.
    for order in (range(1, len(units)), range(len(units) - 2, -1, -1)):
        for number in order:
            goes[number] = goes[number] or (learnt[number] and goes[number - order.step])
    for unit, gone in zip(units, goes, strict=True):
        yield Piece(unit.text, unit.line, rule if gone else "")


def _size(unit: Unit) -> int:
    return sum(1 for character in unit.text if character.isalnum())


def _from_paragraph(block: Paragraph, fingerprints: frozenset[int], rule: str) -> list[Block]:
    text = inline_text(block.inlines)
    if len(text) > _LONGEST_PARAGRAPH:
        return [block]
    units = split(text)
    learnt = [fingerprint(unit.text) in fingerprints for unit in units]
    if not any(learnt):
        return [block]
    begin = _run(units, learnt)
    if begin == len(units):
        return [Dropped(rule, text.strip())]
    end = len(units) - _run(units[::-1], learnt[::-1])
    start, stop = _length(units[:begin]), _length(units[:end])
    found: list[Block] = []
    if start:
        found.append(Dropped(rule, text[:start].strip()))
    found.append(
        Paragraph(_sliced(block.inlines, start, stop), block.level, block.figure) if start or stop < len(text) else block
    )
    if stop < len(text):
        found.append(Dropped(rule, text[stop:].strip()))
    return found


def _run(units: list[Unit], learnt: list[bool]) -> int:
    """How many units from the first on are learnt, or so small that they go with what is."""
    last = weight = 0
    for number, (unit, known) in enumerate(zip(units, learnt, strict=True), 1):
        size = _size(unit)
        if not known and size >= _TINY:
            return last if weight >= _LEAST_RUN else 0
        if known:
            last, weight = number, weight + size
    return len(units) if weight >= _LEAST_RUN else 0


def _length(units: list[Unit]) -> int:
    return sum(len(unit.text) for unit in units)


def _sliced(inlines: list[Inline], start: int, stop: int) -> list[Inline]:
    """The inlines between two places of their text."""
    found: list[Inline] = []
    place = 0
    for inline in inlines:
        if isinstance(inline, Run):
            text = inline.text[max(0, start - place) : max(0, stop - place)]
            place += len(inline.text)
            if text:
                found.append(Run(text, inline.style))
        elif isinstance(inline, Break):
            if start < place < stop - 1:
                found.append(inline)
            place += 1
    return found
