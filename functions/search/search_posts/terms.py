"""Elements → the engine's terms. A phrase of elements becomes a phrase of terms, and is exactly that.

One character is too common a term, and Chinese has no words that a program could find; so two neighbouring characters are a term.
Each place of the row of terms holds one term:

- two neighbouring characters, ``中国``, at the place of the first;
- a word, ``iphone``;
- a character before a word, ``机+``, and a character after one, ``+手``;
- a character before a break, ``好|``, and a character after one, ``|世``.

``你好，iPhone手机`` is ``你好 好| iphone +手 手机``. Whatever piece of the row is asked for, its terms are the same ones and
follow each other in the same way: with one exception, a single character, which has a field of its own.
"""

from search_posts.elements import MAX_WORD, bare, runs
from search_posts.folding import fold

BOUNDARY = "||"
"""Stands between title and text; no phrase holds it."""


def terms(text: str) -> list[str]:
    """The terms of a text, or of a phrase, each at its place. Empty for a single character, and where there are no elements."""
    found: list[str] = []
    last: str | None = None  # the last character of the run before, where it is one of characters
    is_first = True
    for run in runs(bare(fold(text))):
        if last is not None:
            found.append(last + ("|" if run.breaks else "+"))
        if run.is_characters:
            characters = run.text
            if not is_first:
                found.append(("|" if run.breaks else "+") + characters[0])
            found.extend(map(str.__add__, characters, characters[1:]))
            last = characters[-1]
        else:
            found.append(run.text[:MAX_WORD])
            last = None
        is_first = False
    return found


def characters(text: str) -> list[str]:
    """The single characters of a text, as often as they occur."""
    return list("".join(run.text for run in runs(bare(fold(text))) if run.is_characters))
