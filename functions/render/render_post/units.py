"""A text whose line breaks are lost, cut into units: lines where their beginnings are certain, and sentences within them.

The units' texts, joined, are the text exactly. What repeats is counted and removed unit by unit.
"""

import re
import unicodedata
from dataclasses import dataclass
from hashlib import blake2b

from render_post.cuts import CREDIT, Cuts, Kind
from render_post.glued import Address, addresses

_UNSEEN = re.compile(
    "[\\s\\x00-\\x1f\\x7f-\\x9f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\u3164"
    "\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff9-\\ufffb\\U000e0000-\\U000e0fff]+"
)
"""White space, controls, and what Unicode calls default-ignorable: https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point."""

__all__ = ["CREDIT", "Kind", "Unit", "fingerprint", "glued_lines", "split"]


@dataclass(frozen=True, slots=True)
class Unit:
    """A part of a text.

    Attributes:
        text: its characters; those of all units are the text.
        line: whether a line begins with it.
        kind: words, a run of signs that rules a line, or a run of hashtags that stands by itself.
        addresses: in it; ends are relative to its text.
    """

    text: str
    line: bool
    kind: Kind = Kind.TEXT
    addresses: tuple[Address, ...] = ()


def split(text: str) -> list[Unit]:
    """Cut a text into units. Deterministic, and linear in the text's length but for a logarithm.

    Returns:
        Units, none of them empty; none for an empty text.
    """
    found = addresses(text)
    cuts = Cuts(text, found)
    cuts.everywhere()
    units: list[Unit] = []
    number = 0
    for start, end, line, kind in cuts.parts():
        own: list[Address] = []
        while number < len(found) and found[number].start < end:
            address = found[number]
            own.append(Address(address.start - start, address.end - start, address.certain))
            number += 1
        units.append(Unit(text[start:end], line, kind, tuple(own)))
    return units


def glued_lines(text: str) -> list[str]:
    """Cut a text only where an address is glued to what begins another line."""
    found = addresses(text)
    if not found:
        return [text]
    cuts = Cuts(text, found)
    cuts.after_addresses()
    return [text[start:end] for start, end in cuts.lines()]


def fingerprint(text: str) -> int:
    """64 bits that tell texts apart: the same where they differ in white space, width, case and the unseen alone."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return int.from_bytes(blake2b(_UNSEEN.sub("", plain).encode("utf-8", "replace"), digest_size=8).digest())
