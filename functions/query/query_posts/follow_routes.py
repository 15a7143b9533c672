"""The routes of those who follow or survey the archive: changes, related posts, counts."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Literal, Protocol

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import BaseModel, Field

from postkeep.counts import TOTALS_KEY, Totals
from postkeep.errors import CursorInvalid, ObjectMissing
from postkeep.listing import address_name, name
from postkeep.ports import Listings, ObjectStore
from postkeep.post import Post
from query_posts import cursor as cursors
from query_posts.changes import START, Following
from query_posts.parameters import PostIdParameter
from query_posts.problems import Problem
from query_posts.views import PostView, post_view

_BOUND = {"feed": "changes"}
"""What a cursor of the changes is bound to, so that a listing's is refused."""

_MOST_RELATED = 100
_MOST_BYTES = 64 * 1024 * 1024

type Kind = Literal["authors", "tags", "categories", "months", "archives", "hosts", "languages"]


class ChangePage(BaseModel):
    """A stretch of the changes, the oldest first."""

    posts: list[PostView] = Field(
        description="Each post as it is now, in the order of its last change; a deleted one has the status `deleted`. "
        "A post may come again: what comes later counts."
    )
    next: str = Field(description="The cursor to go on with, now or later.")
    more: bool = Field(description="Whether more can be read at once; otherwise ask again in a while.")
    until: str = Field(description="Everything that changed before this instant has been told.")


class Related(BaseModel):
    """Posts that have something in common with one."""

    same_address: list[PostView] = Field(description="Of the same article's address, however it is written; newest first.")
    same_content: list[PostView] = Field(description="Of the same bytes; newest first.")
    truncated: bool = Field(description=f"Whether a list was cut at {_MOST_RELATED}.")


class Counts(BaseModel):
    """How many posts there are."""

    as_of: str = Field(description="The instant that the counts are as of.")
    statuses: dict[str, int] = Field(description="Posts by status.")
    values: dict[str, int] = Field(description="How many different authors, tags and so on the live posts have.")


class Count(BaseModel):
    """A value, and how many live posts have it."""

    value: str
    posts: int


class CountPage(BaseModel):
    """Values and their counts."""

    as_of: str = Field(description="The instant that the counts are as of.")
    counts: list[Count] = Field(description="The most frequent first; months by date, the latest first.")
    total: int = Field(description="How many values there are.")


class Sources(Protocol):
    """What the routes read from."""

    @property
    def listings(self) -> Listings:
        """The posts' records."""
        ...

    @property
    def archive(self) -> ObjectStore:
        """The archive bucket."""
        ...

    @property
    def following(self) -> Following:
        """The use case of following."""
        ...

    def post(self, post_id: str) -> Post:
        """A post that is there, or the Problem that there is none."""
        ...


def add_follow(app: APIGatewayHttpResolver, sources: Callable[[], Sources]) -> None:
    """Add the routes.

    Args:
        app: the API.
        sources: gives what they read from.
    """

    @app.get("/changes", summary="Follow what was created, changed, rejected or deleted", tags=["changes"])
    def follow_changes(
        cursor: Annotated[str | None, Query(max_length=600, description="The `next` of the time before.")] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 100,
    ) -> ChangePage:
        try:
            after = cursors.decode(cursor, _BOUND) if cursor else START
        except CursorInvalid as error:
            raise Problem(HTTPStatus.BAD_REQUEST, "cursor-invalid", str(error)) from error
        found = sources().following(after, limit)
        return ChangePage(
            posts=[post_view(post) for post in found.posts],
            next=cursors.encode(found.after, _BOUND),
            more=found.more,
            until=found.until,
        )

    @app.get("/posts/<post_id>/related", summary="Find copies of a post", tags=["posts"])
    def show_related(post_id: PostIdParameter) -> Related:
        post = sources().post(post_id)
        url = post.metadata.source_url
        same_address = _others(sources().listings, address_name(url), post) if url else []
        same_content = _others(sources().listings, name("content", post.content_hash), post) if post.content_hash else []
        return Related(
            same_address=[post_view(other) for other in same_address[:_MOST_RELATED]],
            same_content=[post_view(other) for other in same_content[:_MOST_RELATED]],
            truncated=max(len(same_address), len(same_content)) > _MOST_RELATED,
        )

    @app.get("/counts", summary="Count the posts", tags=["counts"])
    def show_counts() -> Counts:
        totals = _totals(sources().archive)
        values = {kind: len(counter) for kind, counter in totals.counts.items() if kind != "statuses"}
        return Counts(as_of=totals.as_of, statuses=dict(totals.counts["statuses"]), values=values)

    @app.get("/counts/<kind>", summary="Count the posts by author, tag and so on", tags=["counts"])
    def show_counts_of(
        kind: Annotated[Kind, Path(description="What to count by.")],
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        offset: Annotated[int, Query(ge=0, le=10_000_000, description="How many values to pass over.")] = 0,
    ) -> CountPage:
        totals = _totals(sources().archive)
        counter = totals.counts[kind]
        if kind == "months":
            entries = sorted(counter.items(), reverse=True)
        else:
            entries = sorted(counter.items(), key=lambda entry: (-entry[1], entry[0]))
        counts = [Count(value=value, posts=posts) for value, posts in entries[offset : offset + limit]]
        return CountPage(as_of=totals.as_of, counts=counts, total=len(entries))


def _others(listings: Listings, listing: str, post: Post) -> list[Post]:
    """The other posts of a listing, one more than are shown."""
    rows = listings.rows(listing, after=None, low=None, high=None, limit=_MOST_RELATED + 2)
    ids = [row.post_id for row in rows if row.post_id != post.id]
    found = dict(listings.posts(ids[:_MOST_RELATED]))
    if more := ids[_MOST_RELATED:]:
        found |= listings.posts(more)
    return [found[post_id] for post_id in ids if post_id in found]


def _totals(archive: ObjectStore) -> Totals:
    try:
        return Totals.decode(archive.get(TOTALS_KEY, limit=_MOST_BYTES).body)
    except ObjectMissing:
        detail = "nothing was counted yet; it is done every few minutes"
        raise Problem(HTTPStatus.NOT_FOUND, "counts-none", detail, retry_after=300) from None
