"""What may be meant, while somebody is still writing: authors, tags and titles."""

from dataclasses import dataclass
from typing import Final

from search_posts.elements import elements, pieces
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
        # A name that begins so in two places is there twice, with the same posts.
        posts = {term.split("\t", 2)[2]: count for term, count in index.names(f"{kind}\t{beginning}")}
        best = sorted(posts.items(), key=lambda item: (-item[1], item[0]))[:limit]
        found += [Suggestion(kind, name, count) for name, count in best]
    for hit in index.ranked(index.query(_title(text[:MAX_LENGTH])), limit):
        document = index.document(hit)
        found.append(Suggestion("title", document.title, 1, document.post_id))
    return found


def _title(text: str) -> Node:
    """Titles with these words, of which the last may be only begun."""
    parts = [(word, piece) for word in text.split() for piece in pieces(elements(fold(word)))]
    last = parts[-1][1][-1]
    nodes: list[Node] = []
    if not last.is_character and len(last.text) >= MIN_PREFIX:
        parts[-1][1].pop()
        nodes.append(Prefix(last.text, in_title=True))
    elif not last.is_character and len(parts) > 1:
        # Too short to be a beginning, and hardly meant as a word: whoever writes on goes on to see what the words before find.
        parts.pop()
    nodes += [Phrase(word[piece[0].start : piece[-1].end], in_title=True) for word, piece in parts if piece]
    return nodes[0] if len(nodes) == 1 else And(tuple(nodes))
