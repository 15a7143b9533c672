"""How long an article is: in characters, in words, in reading time."""

import re
from dataclasses import dataclass

from render_post.scripts import HAN, KANA, KANA_MARKS

_CHARACTERS_A_MINUTE = 400
"""Chinese and Japanese. Read aloud it is 255 (IReST: Trauzettel-Klosinski and Dietz, doi:10.1167/iovs.11-8284), silently some 330
with the ratio that Brysbaert found for English; estimates of reading time on the web have 400 to 500."""

_WORDS_A_MINUTE = 238
"""English non-fiction, read silently by adults: Brysbaert 2019, doi:10.1016/j.jml.2019.104047."""

_SECONDS = 60

_EAST_ASIAN = HAN + KANA + KANA_MARKS
# Spaces of no width, dashes, dots and quotation marks that words stand next to without a space, and full-width punctuation.
_BREAKS = (
    r"\s\u200b\u2014\u2015\u201c\u201d\u2026\u3001-\u3004\u3008-\u3030\u3036-\u303f\u30fb"
    r"\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
)
_CHARACTERS = re.compile(f"[{_EAST_ASIAN}]+")
_WORD = re.compile(rf"[^\W_{_EAST_ASIAN}][^{_BREAKS}{_EAST_ASIAN}]*+")


@dataclass(frozen=True, slots=True)
class Length:
    """How long a text is.

    Attributes:
        characters: Unicode code points, white space included.
        words: as word processors count: each Chinese character and each Kana is one; of other scripts, Korean among them, what
            stands between white space, punctuation of East Asia, dashes or the like, and holds a letter or a digit. An address is
            one word. Thai and its neighbours, which put no spaces between words, count by their spaces all the same.
        reading_seconds: whole seconds; at least 1, but 0 for a text of nothing or of white space.
    """

    characters: int
    words: int
    reading_seconds: int


def measure(text: str) -> Length:
    """Measure a plain text. Linear in its length."""
    characters = sum(map(len, _CHARACTERS.findall(text)))
    words = len(_WORD.findall(text))
    seconds = round(_SECONDS * (characters / _CHARACTERS_A_MINUTE + words / _WORDS_A_MINUTE))
    return Length(len(text), characters + words, max(seconds, 1) if text.strip() else 0)
