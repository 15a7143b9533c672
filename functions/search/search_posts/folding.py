"""What search reads as the same: width, case, accents, Traditional and Simplified Chinese.

Folding goes character by character and keeps the length, so that a place in the folded text is the same place in the text.
"""

import json
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("folding.json")


def fold(text: str) -> str:
    """A text as search reads it: as long as the text, character for character.

    Full width as half width (NFKC where it makes one character of one), capitals as small letters, letters without their accents,
    Traditional characters as Simplified ones. Made by ``bench/folding_table.py``, which names its sources.
    """
    return text.translate(_pairs())


@cache
def marks() -> str:
    """Marks that are parts of words, such as the vowels of Hindi, as the inside of a character class."""
    return str(_table()["marks"])


@cache
def _pairs() -> dict[int, str]:
    table = _table()
    return {ord(left): right for left, right in zip(table["from"], table["to"], strict=True)}


@cache
def _table() -> dict[str, str]:
    table: dict[str, str] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return table
