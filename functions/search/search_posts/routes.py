"""The routes of search."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Literal, cast

from msgspec import Meta, Struct

from postkeep.errors import IndexUnavailable, QueryInvalid
from postkeep.listing import instant
from postkeep.web.cursor import Cursors
from postkeep.web.cursor import Place as Mark
from postkeep.web.problems import Problem
from postkeep.web.routing import JSON, Router
from search_posts.counting import Counts
from search_posts.engine import Index
from search_posts.highlights import Span
from search_posts.language import MAX_LENGTH, parse
from search_posts.searching import MAX_LIMIT, Hit, Place, SearchRequest, Sort, search
from search_posts.shelf import Opened
from search_posts.suggesting import MAX_SUGGESTIONS, suggest

_KEPT = "max-age=5"
"""An index is some seconds behind the posts anyway; and who goes back a page need not search again."""

type QueryParameter = Annotated[
    str, Meta(min_length=1, max_length=MAX_LENGTH, description="What to search for: docs/search.md has the language.")
]


SuggestionKind = Literal["author", "tag", "title"]


class SpanView(Struct, frozen=True, kw_only=True):
    """A part of a text, in characters (Unicode code points)."""

    start: int
    end: Annotated[int, Meta(description="The character before which it ends.")]


class SnippetView(Struct, frozen=True, kw_only=True):
    """A piece of a post's text."""

    text: Annotated[str, Meta(description="As it stands there.")]
    start: Annotated[int, Meta(description="Where in the plain text it begins.")]
    cut: Annotated[bool, Meta(description="Whether the text goes on behind it.")]
    highlights: Annotated[list[SpanView], Meta(description="What was searched for, in the piece.")]


class HitView(Struct, frozen=True, kw_only=True):
    """A post that was found."""

    id: str
    title: str
    title_highlights: Annotated[list[SpanView], Meta(description="What was searched for, in the title.")]
    snippet: SnippetView
    author: str
    published: Annotated[str | None, Meta(description="ISO 8601, UTC; null where no date is known.")]
    tags: list[str]
    categories: list[str]
    source_url: str | None
    archive: str
    language: str
    has_image: bool
    score: Annotated[float | None, Meta(description="Comparable within one answer; null by date.")]


class ValueCount(Struct, frozen=True, kw_only=True):
    """How many of the posts that were found have a value."""

    value: str
    posts: int


class CountsView(Struct, frozen=True, kw_only=True):
    """All posts that were found, counted."""

    authors: Annotated[list[ValueCount], Meta(description="The 20 with most posts.")]
    tags: Annotated[list[ValueCount], Meta(description="The 20 with most posts.")]
    years: Annotated[list[ValueCount], Meta(description="Of publication, UTC, the latest first.")]
    undated: int


class SearchPage(Struct, frozen=True, kw_only=True):
    """A page of what was found."""

    understood: Annotated[str, Meta(description="A query that means what the query was understood to mean.")]
    notes: Annotated[list[str], Meta(description="Sentences on what was left out of it.")]
    sort: Annotated[Literal["relevance", "newest", "oldest"], Meta(description="By date where there is nothing to rank by.")]
    total: Annotated[int, Meta(description="How many posts were found.")]
    since: Annotated[
        str, Meta(description="The first month that was searched, where the index is larger than a reader holds; empty for all.")
    ]
    posts: list[HitView]
    next: Annotated[str | None, Meta(description="The cursor of the next page, good for seven days; null at the end.")]
    counts: Annotated[CountsView | None, Meta(description="Null where they were not asked for.")]


class SuggestionView(Struct, frozen=True, kw_only=True):
    """What may be meant."""

    kind: SuggestionKind
    text: str
    posts: int
    id: Annotated[str | None, Meta(description="Of a title's post; null otherwise.")]


class Suggestions(Struct, frozen=True, kw_only=True):
    """What a text may be the beginning of."""

    suggestions: list[SuggestionView]


@dataclass(frozen=True, slots=True)
class Sources:
    """What the routes search in.

    Attributes:
        open: gives the index, or the part of it that may hold posts from one month to another.
        cursors: makes and reads cursors.
    """

    open: Callable[[str, str], Opened[Index]]
    cursors: Cursors


def add_search(router: Router, sources: Callable[[], Sources]) -> None:
    """Add the routes.

    Args:
        router: the API's.
        sources: gives what they search in, once a request comes.
    """

    @router.get(
        "/search",
        summary="Find posts by what they say",
        description="In titles and cleaned texts; Chinese words of any length, Traditional and Simplified alike.",
        tag="search",
        gives={JSON: SearchPage},
        says="What was found.",
        problems=("query-invalid", "cursor-invalid", "cursor-expired", "index-unavailable"),
        cache=_KEPT,
        example={"q": "山水 OR rain", "limit": "2"},
    )
    def search_posts(
        q: QueryParameter,
        sort: Annotated[Literal["relevance", "newest", "oldest"], Meta(description="The best first, or by date.")] = "relevance",
        limit: Annotated[int, Meta(ge=1, le=MAX_LIMIT, description="Posts on a page, at most.")] = 20,
        counts: Annotated[bool, Meta(description="Whether to count what was found by author, tag and year.")] = True,  # noqa: FBT002 (a parameter of the query string)
        cursor: Annotated[str, Meta(min_length=1, max_length=600, description="The `next` of the page before.")] | None = None,
    ) -> SearchPage:
        bound = {"search": q, "sort": sort}
        with _problems():
            after = Place.parse(sources().cursors.decode(cursor, bound).after) if cursor else None
            opened = sources().open(*parse(q).months)
            found = search(opened.index, SearchRequest(query=q, sort=Sort(sort), limit=limit, after=after, with_counts=counts))
        return SearchPage(
            understood=found.understood,
            notes=list(found.notes),
            sort=found.sort.value,
            total=found.total,
            since=opened.since,
            posts=[_hit(hit) for hit in found.hits],
            next=sources().cursors.encode(Mark(str(found.next), ""), bound) if found.next else None,
            counts=_counts(found.counts) if found.counts else None,
        )

    @router.get(
        "/suggest",
        summary="Say what a text may be the beginning of",
        description="Authors, tags and titles, while somebody is still writing.",
        tag="search",
        gives={JSON: Suggestions},
        says="What may be meant: authors, then tags, those with most posts first; then titles, the best first.",
        problems=("index-unavailable",),
        cache=_KEPT,
        example={"q": "陆"},
    )
    def suggest_values(
        q: QueryParameter,
        limit: Annotated[int, Meta(ge=1, le=MAX_SUGGESTIONS, description="Of each kind, at most.")] = 5,
    ) -> Suggestions:
        with _problems():
            found = suggest(sources().open("", "").index, q, limit)
        return Suggestions(
            suggestions=[
                SuggestionView(kind=cast("SuggestionKind", one.kind), text=one.text, posts=one.posts, id=one.post_id)
                for one in found
            ]
        )


@contextmanager
def _problems() -> Iterator[None]:
    try:
        yield
    except QueryInvalid as error:
        raise Problem("query-invalid", error.detail, position=error.position) from error
    except IndexUnavailable as error:
        raise Problem("index-unavailable", "the index is not to be had now", retry_after=5) from error


def _hit(hit: Hit) -> HitView:
    document, snippet = hit.document, hit.snippet
    return HitView(
        id=document.post_id,
        title=document.title,
        title_highlights=_spans(hit.title),
        snippet=SnippetView(text=snippet.text, start=snippet.start, cut=snippet.is_cut, highlights=_spans(snippet.highlights)),
        author=document.author,
        published=instant(document.published) if document.published else None,
        tags=list(document.tags),
        categories=list(document.categories),
        source_url=document.source_url,
        archive=document.archive,
        language=document.language,
        has_image=document.has_image,
        score=hit.score,
    )


def _spans(spans: tuple[Span, ...]) -> list[SpanView]:
    return [SpanView(start=span.start, end=span.end) for span in spans]


def _counts(counts: Counts) -> CountsView:
    authors, tags, years = (
        [ValueCount(value=one.value, posts=one.posts) for one in kind] for kind in (counts.authors, counts.tags, counts.years)
    )
    return CountsView(authors=authors, tags=tags, years=years, undated=counts.undated)
