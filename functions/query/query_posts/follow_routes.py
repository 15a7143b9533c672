"""The routes of those who follow or survey the archive: changes, related posts, counts."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Protocol

from msgspec import Meta, Struct

from postkeep.counts import TOTALS_KEY, Totals
from postkeep.errors import ObjectMissing
from postkeep.listing import address_name, name
from postkeep.ports import Listings, ObjectStore
from postkeep.post import Post
from postkeep.web import cursor as cursors
from postkeep.web.exchange import Answer
from postkeep.web.problems import Problem
from postkeep.web.routing import JSON, Router
from postkeep.web.validators import modified
from query_posts.changes import START, Following
from query_posts.parameters import EXAMPLE_POST, PostIdParameter
from query_posts.views import PostView, post_view

_BOUND = {"feed": "changes"}
"""What a cursor of the changes is bound to, so that a listing's is refused."""

_MOST_RELATED = 100
_MOST_BYTES = 64 * 1024 * 1024

_COUNTED = "max-age=60"
"""Counts are made every five minutes."""

_COUNTS = {
    "authors": "authors",
    "tags": "tags",
    "categories": "categories",
    "months": "months of publication",
    "hosts": "hosts of the articles' addresses",
    "languages": "languages of the texts",
    "archives": "archives",
}
_ORDER = {"months": "the latest first"}


class ChangePage(Struct, frozen=True, kw_only=True):
    """A stretch of the changes, the oldest first."""

    posts: Annotated[
        list[PostView],
        Meta(
            description="Each post as it is now, in the order of its last change; a deleted one has the status `deleted`. "
            "A post may come again: what comes later counts."
        ),
    ]
    next: Annotated[str, Meta(description="The cursor to go on with, now or later.")]
    more: Annotated[bool, Meta(description="Whether more can be read at once; otherwise ask again in a while.")]
    until: Annotated[str, Meta(description="Everything that changed before this instant has been told.")]


class Related(Struct, frozen=True, kw_only=True):
    """Posts that have something in common with one."""

    same_address: Annotated[
        list[PostView], Meta(description="Of the same article's address, however it is written; newest first.")
    ]
    same_content: Annotated[list[PostView], Meta(description="Of the same bytes; newest first.")]
    truncated: Annotated[bool, Meta(description=f"Whether a list was cut at {_MOST_RELATED}.")]


class Counts(Struct, frozen=True, kw_only=True):
    """How many posts there are."""

    as_of: Annotated[str, Meta(description="The instant that the counts are as of; empty where there was nothing to count yet.")]
    statuses: Annotated[dict[str, int], Meta(description="Posts by status.")]
    values: Annotated[dict[str, int], Meta(description="How many different authors, tags and so on the live posts have.")]


class Count(Struct, frozen=True, kw_only=True):
    """A value, and how many live posts have it."""

    value: str
    posts: int


class CountPage(Struct, frozen=True, kw_only=True):
    """Values and their counts."""

    as_of: Annotated[str, Meta(description="The instant that the counts are as of; empty where there was nothing to count yet.")]
    counts: Annotated[list[Count], Meta(description="The most frequent first; months by date, the latest first.")]
    total: Annotated[int, Meta(description="How many values there are.")]


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


def add_follow(router: Router, sources: Callable[[], Sources]) -> None:
    """Add the routes.

    Args:
        router: the API's.
        sources: gives what they read from.
    """

    @router.get(
        "/changes",
        summary="Follow what was created, changed, rejected or deleted",
        tag="changes",
        gives={JSON: ChangePage},
        says="A stretch of the changes.",
        problems=("cursor-invalid",),
        cache="no-store",  # each answer says until when it tells, and is never the same
        example={"limit": "2"},
    )
    def follow_changes(
        cursor: Annotated[str, Meta(min_length=1, max_length=600, description="The `next` of the time before.")] | None = None,
        limit: Annotated[int, Meta(ge=1, le=100, description="Posts, at most.")] = 100,
    ) -> ChangePage:
        after = cursors.decode(cursor, _BOUND) if cursor else START
        found = sources().following(after, limit)
        return ChangePage(
            posts=[post_view(post) for post in found.posts],
            next=cursors.encode(found.after, _BOUND),
            more=found.more,
            until=found.until,
        )

    @router.get(
        "/posts/{post_id}/related",
        summary="Find copies of a post",
        tag="posts",
        gives={JSON: Related},
        says="The copies.",
        problems=("post-unknown", "post-deleted"),
        example={"post_id": EXAMPLE_POST},
    )
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

    _add_counts(router, sources)


def _add_counts(router: Router, sources: Callable[[], Sources]) -> None:
    @router.get(
        "/counts",
        summary="Count the posts",
        tag="counts",
        gives={JSON: Counts},
        says="The counts.",
        fields=("Last-Modified",),
        problems=("counts-none",),
        cache=_COUNTED,
    )
    def show_counts() -> Answer:
        totals = read_totals(sources().archive)
        values = {kind: len(counter) for kind, counter in totals.counts.items() if kind != "statuses"}
        return _counted(Counts(as_of=totals.as_of, statuses=dict(totals.counts["statuses"]), values=values))

    def add(kind: str, what: str) -> None:
        @router.get(
            f"/{kind}",
            summary=f"List the {what}",
            description="With the number of live posts of each. The counts are exact as of `as_of`.",
            tag="counts",
            gives={JSON: CountPage},
            says=f"The {what}: {_ORDER.get(kind, 'the most frequent first')}.",
            fields=("Last-Modified",),
            problems=("counts-none",),
            cache=_COUNTED,
            example={"limit": "3"},
        )
        def show_counts_of(
            limit: Annotated[int, Meta(ge=1, le=1000, description="Values, at most.")] = 100,
            offset: Annotated[int, Meta(ge=0, le=10_000_000, description="How many values to pass over.")] = 0,
        ) -> Answer:
            totals = read_totals(sources().archive)
            counter = totals.counts[kind]
            if kind in _ORDER:
                entries = sorted(counter.items(), reverse=True)
            else:
                entries = sorted(counter.items(), key=lambda entry: (-entry[1], entry[0]))
            counts = [Count(value=value, posts=posts) for value, posts in entries[offset : offset + limit]]
            return _counted(CountPage(as_of=totals.as_of, counts=counts, total=len(entries)))

        show_counts_of.__name__ = f"list_{kind}"  # as the API's document names it

    for kind, what in _COUNTS.items():
        add(kind, what)


def _counted(view: Counts | CountPage) -> Answer:
    return Answer.json(view, modified(datetime.fromisoformat(view.as_of)) if view.as_of else None)


def _others(listings: Listings, listing: str, post: Post) -> list[Post]:
    """The other posts of a listing, one more than are shown."""
    rows = listings.rows(listing, after=None, low=None, high=None, limit=_MOST_RELATED + 2)
    ids = [row.post_id for row in rows if row.post_id != post.id]
    found = dict(listings.posts(ids[:_MOST_RELATED]))
    if more := ids[_MOST_RELATED:]:
        found |= listings.posts(more)
    return [found[post_id] for post_id in ids if post_id in found]


def read_totals(archive: ObjectStore) -> Totals:
    """The counts.

    Raises:
        Problem: 404 ``counts-none``.
    """
    try:
        return Totals.decode(archive.get(TOTALS_KEY, limit=_MOST_BYTES).body)
    except ObjectMissing:
        detail = "nothing was counted yet; it is done every few minutes"
        raise Problem("counts-none", detail, retry_after=300) from None
