"""What may be meant, while somebody is still writing: authors, tags and titles."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from search_posts.elements import Element, elements
from search_posts.engine import Index
from search_posts.folding import fold
from search_posts.language import MAX_LENGTH, MIN_PREFIX
from search_posts.query import And, Node, Phrase, Prefix

MAX_SUGGESTIONS: Final = 10
"""Of each kind."""

_KINDS = ("author", "tag")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What may be meant.

    Attributes:
        kind: ``author``, ``tag`` or ``title``.
        text: as it is written.
        posts: how many posts have it; 1 for a title.
        post_id: of a title's post; None for the others.
    """

    kind: str
    text: str
    posts: int
    post_id: str | None = None


def suggest(index: Index, text: str, limit: int = 5) -> list[Suggestion]:
    """What a text may be the beginning of: names with most posts first, then the best titles; nothing of a text without letters.

    A name counts from each of its words on, or from each of its characters where it is Chinese.

    Args:
        index: where.
        text: what was written so far; what is behind the first :data:`search_posts.language.MAX_LENGTH` characters is left out.
        limit: of each kind, at most :data:`MAX_SUGGESTIONS`.
    """
    row = elements(fold(text[:MAX_LENGTH]))
    if not row:
        return []
    limit = min(max(limit, 1), MAX_SUGGESTIONS)
    beginning = " ".join(element.text for element in row)
    found = []
    for kind in _KINDS:
        posts: dict[str, int] = {}
        for term, count in index.names(f"{kind}\t{beginning}"):
            name = term.split("\t", 2)[2]
            posts[name] = max(posts.get(name, 0), count)
        best = sorted(posts.items(), key=lambda item: (-item[1], item[0]))[:limit]
        found += [Suggestion(kind, name, count) for name, count in best]
    for hit in index.ranked(index.query(_title(text[:MAX_LENGTH], row)), limit):
        document = index.document(hit)
        found.append(Suggestion("title", document.title, 1, document.post_id))
    return found


def _title(text: str, row: Sequence[Element]) -> Node:
    """Titles with these elements, of which the last may be the beginning of a word."""
    last = row[-1]
    if last.is_character or len(last.text) < MIN_PREFIX:
        return Phrase(text, in_title=True)
    prefix = Prefix(last.text, in_title=True)
    return prefix if len(row) == 1 else And((Phrase(text[: last.start], in_title=True), prefix))
