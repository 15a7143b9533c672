"""A search and its answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

import tantivy

from postkeep.errors import CursorInvalid
from search_posts.counting import Counts, counts
from search_posts.counting import request as counted
from search_posts.documents import MAX_ORDER, Document
from search_posts.engine import Found, Index
from search_posts.highlights import Highlighter, Snippet, Span
from search_posts.language import parse

MAX_LIMIT: Final = 100
"""Posts of a page."""

MAX_RANKED: Final = 1_000
"""Posts that can be had by relevance: the engine ranks all those before a page anew. By date there is no end."""

_MAX_PLACE = 40
"""Characters of a place; ours have 25."""


class Sort(StrEnum):
    """The order of a search's posts; those that are equal stand as by NEWEST, which is by date and then by chance."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended.

    By date, the next one begins with what is later in that order, whatever has changed meanwhile: a post that stays as it is
    comes once. By relevance, it begins behind the last post seen, wherever this stands now, or where it stood if it is gone:
    nothing is repeated or left out while the index stays the same; when it changes, posts may move over a page's border.

    Attributes:
        order: of the last post, see :attr:`search_posts.documents.Document.order`.
        seen: posts up to there.
    """

    order: int
    seen: int

    def __str__(self) -> str:
        return f"{self.order}.{self.seen}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what ``str`` made of a place.

        Raises:
            CursorInvalid: if it is none.
        """
        order, _, seen = text.partition(".")
        if text.isascii() and order.isdigit() and seen.isdigit() and len(text) <= _MAX_PLACE and int(order) < MAX_ORDER:
            return cls(int(order), int(seen))
        raise CursorInvalid("the cursor is none of a search")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """What is asked.

    Attributes:
        query: see :mod:`search_posts.language`.
        sort: the order; a query without words to rank by is answered by NEWEST where RELEVANCE is asked for.
        limit: posts, 1 to :data:`MAX_LIMIT`.
        after: where the page before ended; of the same query and order.
        with_counts: whether to count by author, tag and year.
    """

    query: str
    sort: Sort = Sort.RELEVANCE
    limit: int = 20
    after: Place | None = None
    with_counts: bool = True


@dataclass(frozen=True, slots=True)
class Hit:
    """A post that was found.

    Attributes:
        document: the post; its text is the whole one.
        score: by relevance, comparable within one answer; None by date.
        title: what was searched for in the title.
        snippet: a piece of the text.
    """

    document: Document
    score: float | None
    title: tuple[Span, ...]
    snippet: Snippet


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The answer.

    Attributes:
        understood: a query that means what the query was understood to mean, see :mod:`search_posts.query`.
        notes: sentences on what was left out of it.
        sort: the order.
        total: how many posts there are.
        hits: those of this page.
        next: where the next page begins; None where there is none.
        counts: of all posts of the search; None where they were not asked for.
    """

    understood: str
    notes: tuple[str, ...]
    sort: Sort
    total: int
    hits: tuple[Hit, ...]
    next: Place | None
    counts: Counts | None


def search(index: Index, request: SearchRequest) -> SearchResult:
    """Answer a search.

    Raises:
        QueryInvalid: if the query cannot be understood.
    """
    query = parse(request.query)
    sort = Sort.NEWEST if request.sort is Sort.RELEVANCE and not query.wanted else request.sort
    limit = min(max(request.limit, 1), MAX_LIMIT)
    asked = index.query(query.node)
    page, following = (
        _ranked(index, asked, limit, request.after)
        if sort is Sort.RELEVANCE
        else _dated(index, asked, sort, limit, request.after)
    )
    highlighter = Highlighter(query.wanted)
    return SearchResult(
        str(query),
        query.notes,
        sort,
        index.count(asked),
        tuple(_hit(index, found, highlighter) for found in page),
        following,
        counts(index.aggregate(asked, counted())) if request.with_counts else None,
    )


def _hit(index: Index, found: Found, highlighter: Highlighter) -> Hit:
    document = index.document(found)
    return Hit(document, found.score, highlighter.title(document.title), highlighter.snippet(document.text))


def _ranked(index: Index, asked: tantivy.Query, limit: int, after: Place | None) -> tuple[Sequence[Found], Place | None]:
    """A page by relevance, and where the next one begins."""
    seen = 0 if after is None else min(after.seen, MAX_RANKED)
    # One page more than what is needed, in case that the last post seen stands lower now.
    top = index.ranked(asked, min(seen + 2 * limit, MAX_RANKED))
    begin = seen if after is None else next((place for place, found in enumerate(top, 1) if found.order == after.order), seen)
    page = top[begin : begin + limit]
    end = begin + len(page)
    return page, Place(page[-1].order, end) if page and end < len(top) else None


def _dated(
    index: Index, asked: tantivy.Query, sort: Sort, limit: int, after: Place | None
) -> tuple[Sequence[Found], Place | None]:
    """A page by date, and where the next one begins."""
    found = index.dated(asked, limit, None if after is None else after.order, newest_first=sort is Sort.NEWEST)
    end = limit
    while 0 < end < len(found) and found[end].order == found[end - 1].order:
        end += 1  # two posts of one order, which is a matter of chance, are never parted
    page = found[:end]
    return page, Place(page[-1].order, (after.seen if after else 0) + end) if end < len(found) else None
