"""The use case of listing: a page of posts, newest first, that costs a page whatever the archive's size."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from postkeep.listing import instant, listings, name, order, source_host
from postkeep.ports import Listings
from postkeep.post import Post, Status

_ROUNDS = 4
"""Stretches read for one page. Where filters leave less than a page of them, the page is short and its cursor goes on."""

_LEAST_STRETCH = 20

_TESTS: Mapping[str, Callable[[Post, str], bool]] = {
    "author": lambda post, value: post.metadata.author == value,
    "tag": lambda post, value: value in post.metadata.tags,
    "category": lambda post, value: value in post.metadata.categories,
    "host": lambda post, value: source_host(post.metadata.source_url or "") == value,
    "archive": lambda post, value: post.archive == value,
}
"""The filters, the most selective first: the first one given is the listing that is read, the others sift it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What is asked for.

    Attributes:
        filters: by name (author, tag, category, host, archive), the exact value.
        status: only posts of this status; None for live ones (pending and ready).
        since: the earliest publication, inclusive.
        until: the latest publication, exclusive.
    """

    filters: Mapping[str, str] = field(default_factory=dict)
    status: Status | None = None
    since: datetime | None = None
    until: datetime | None = None

    def listing(self) -> str:
        """The listing that is read for this."""
        if self.status in {Status.REJECTED, Status.DELETED}:
            return name("status", self.status)
        chosen = next((kind for kind in _TESTS if kind in self.filters), None)
        return name(chosen, self.filters[chosen]) if chosen else name("all")

    def fits(self, post: Post) -> bool:
        """Whether a post is asked for, but for its place in the listing."""
        return (self.status is None or post.status is self.status) and all(
            _TESTS[kind](post, value) for kind, value in self.filters.items()
        )

    def fingerprint(self) -> dict[str, str]:
        """What a cursor is bound to."""
        return {**self.filters, "status": self.status or "", "since": instant(self.since), "until": instant(self.until)}


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a listing.

    Attributes:
        posts: at most as many as asked for.
        after: the order after which the next page begins; None at the end of the listing.
    """

    posts: list[Post]
    after: str | None


def browse(store: Listings, criteria: Criteria, *, after: str | None, limit: int) -> Page:
    """Read a page.

    Args:
        store: the records.
        criteria: what is asked for.
        after: where the page before ended; None for the first.
        limit: posts at most, 1 to 100.
    """
    listing = criteria.listing()
    low = instant(criteria.since) if criteria.since else None
    high = instant(criteria.until) if criteria.until else None
    stretch = max(limit, _LEAST_STRETCH)
    found: list[Post] = []
    for _ in range(_ROUNDS):
        rows = store.rows(listing, after=after, low=low, high=high, limit=stretch)
        posts = store.posts([row.post_id for row in rows])
        for row in rows:
            after = row.order
            post = posts.get(row.post_id)
            # A row may be a moment older than the record: the record decides.
            if post and order(post) == row.order and listing in listings(post) and criteria.fits(post):
                found.append(post)
                if len(found) == limit:
                    return Page(found, after)
        if len(rows) < stretch:
            return Page(found, None)
    return Page(found, after)
