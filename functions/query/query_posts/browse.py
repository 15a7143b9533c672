"""The use case of listing: a page of posts that costs a page, whatever the archive's size and whatever the filters match."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched
from typing import TypeGuard

from postkeep.listing import Sort, instant, is_in, name, order
from postkeep.ports import Listings, Row
from postkeep.post import Post, PostId, Status
from query_posts.filters import FILTERS

FURTHER_STRETCHES = 3
"""Stretches read for one page after the first, where filters left less than a page of that; then the page is short."""

STRETCH = 100
"""Posts in each of them: what one call reads. The first stretch has as many as were asked for, which suffices where all fit."""

SMALL = FURTHER_STRETCHES * STRETCH
"""Posts of a listing by publication that is read as a whole and sorted by when they were added: no index sorts both ways."""

type Sizes = Callable[[str, str], int | None]
"""Tells how many posts the listing of a filter's value has, by the filter's kind of counts; None where that is not known."""


def _unknown(_kind: str, _value: str) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What is asked for.

    Attributes:
        filters: by name (see :mod:`query_posts.filters`), the value in its normal form.
        status: only posts of this status; None for live ones (pending and ready).
        since: the earliest publication, inclusive.
        until: the latest publication, exclusive; posts without a date count as earlier than all.
        sort: what the posts are sorted by.
        ascending: whether the oldest come first.
    """

    filters: Mapping[str, str] = field(default_factory=dict)
    status: Status | None = None
    since: datetime | None = None
    until: datetime | None = None
    sort: Sort = Sort.PUBLISHED
    ascending: bool = False

    @property
    def listed(self) -> list[str]:
        """The filters that have a listing, the more selective first."""
        return [name for name, entry in FILTERS.items() if name in self.filters and entry.counted]

    def choose(self, sizes: Sizes = _unknown) -> str:
        """The filter whose listing is read, while the others sift it; "" for none.

        It is the one with the fewest posts, where that is known of all; otherwise the first of the table. Only the listings of
        all posts and of a status have what is rejected or deleted, and only they are kept by when posts were added, so that of
        others only small ones serve for that.
        """
        chosen = self.listed
        if not chosen or self.status in {Status.REJECTED, Status.DELETED}:
            return ""
        by_addition = self.sort is Sort.ADDED
        if len(chosen) == 1 and not by_addition:
            return chosen[0]
        counts = [sizes(FILTERS[name].counted, self.filters[name]) for name in chosen]
        known = [count for count in counts if count is not None]
        if len(known) < len(chosen):
            return chosen[0]
        return "" if by_addition and min(known) > SMALL else chosen[known.index(min(known))]

    def listing(self, chosen: str | None = None) -> str:
        """The listing that is read for this.

        Args:
            chosen: the filter whose listing it is; None for what :meth:`choose` says.
        """
        if self.status in {Status.REJECTED, Status.DELETED}:
            return name("status", self.status)
        chosen = self.choose() if chosen is None else chosen
        return name(chosen, self.filters[chosen]) if chosen else name("all")

    def fits(self, post: Post) -> bool:
        """Whether a post is asked for, but for its place in a listing by publication."""
        return (self.status is None or post.status is self.status) and all(
            FILTERS[kind].test(post, value) for kind, value in self.filters.items()
        )

    def shows(self, post: Post | None, row: Row, listing: str, sort: Sort) -> TypeGuard[Post]:
        """Whether the post of a row is asked for: a row may be a moment older than the record, and the record decides.

        Args:
            post: the record; None where it is gone.
            row: the row.
            listing: where the row was.
            sort: what the row's order is of.
        """
        return (
            post is not None and self.fits(post) and self.covers(post) and order(post, sort) == row.order and is_in(listing, post)
        )

    def covers(self, post: Post) -> bool:
        """Whether a post was published within the bounds."""
        published = post.metadata.published
        if published is None:
            return self.since is None
        return (self.since is None or self.since <= published) and (self.until is None or published < self.until)

    def fingerprint(self) -> dict[str, str]:
        """What a cursor is bound to."""
        return {
            # Apart from the rest, since a filter may be named like one of them.
            **{f"filter {name}": value for name, value in self.filters.items()},
            "status": self.status or "",
            "since": instant(self.since),
            "until": instant(self.until),
            "sort": self.sort,
            "ascending": str(self.ascending),
        }


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a listing.

    Attributes:
        posts: at most as many as asked for.
        after: the order after which the next page begins; None at the end of the listing.
        searched: how many posts were looked at for it.
    """

    posts: list[Post]
    after: str | None
    searched: int = 0


def browse(store: Listings, criteria: Criteria, *, after: str | None, limit: int, chosen: str | None = None) -> Page:
    """Read a page.

    It looks at ``limit`` posts, and where few of them fit at :data:`FURTHER_STRETCHES` times :data:`STRETCH` more: that many
    records are read at most, and of each partition of the listing as many thin entries and two more a stretch. (A listing that
    turns out not to be :data:`SMALL` costs as many entries once more.)

    A place in a listing is an instant and an id, not a number: whatever is added or goes elsewhere meanwhile, following pages
    show no post twice, and pass over none that stays where it is.

    Args:
        store: the records.
        criteria: what is asked for.
        after: where the page before ended; None for the first.
        limit: posts at most, 1 to 100.
        chosen: the filter whose listing is read; all pages of one answer read the same. None for what the criteria say.
    """
    chosen = criteria.choose() if chosen is None else chosen
    low, high = (instant(bound) if bound else None for bound in (criteria.since, criteria.until))
    if criteria.sort is Sort.ADDED:
        if chosen and (page := _sorted_here(store, criteria, criteria.listing(chosen), after, limit)):
            return page
        # No index sorts this way what was published in between.
        chosen, low, high = "", None, None
    listing = criteria.listing(chosen)
    found: list[Post] = []
    searched = 0
    for stretch in (limit, *(STRETCH for _ in range(FURTHER_STRETCHES))):
        # One more than is looked at, to know whether there is more.
        rows = store.rows(
            listing,
            after=after,
            low=low,
            high=high,
            limit=stretch + 1,
            sort=criteria.sort,
            ascending=criteria.ascending,
        )
        posts = store.posts([row.post_id for row in rows[:stretch]]) if rows else {}
        for n, row in enumerate(rows[:stretch], start=1):
            after, searched = row.order, searched + 1
            if criteria.shows(post := posts.get(row.post_id), row, listing, criteria.sort):
                found.append(post)
                if len(found) == limit:
                    return Page(found, after if n < len(rows) else None, searched)
        if len(rows) <= stretch:
            return Page(found, None, searched)
    return Page(found, after, searched)


def _sorted_here(store: Listings, criteria: Criteria, listing: str, after: str | None, limit: int) -> Page | None:
    """A page by when posts were added, out of a listing by publication; None where that is not small."""
    low, high = (instant(bound) if bound else None for bound in (criteria.since, criteria.until))
    rows = store.rows(listing, after=None, low=low, high=high, limit=SMALL + 1)
    if len(rows) > SMALL:
        return None
    posts: dict[PostId, Post] = {}
    for batch in batched(rows, STRETCH, strict=False):
        posts |= store.posts([row.post_id for row in batch])
    places = {
        order(post, Sort.ADDED): post
        for row in rows
        if criteria.shows(post := posts.get(row.post_id), row, listing, Sort.PUBLISHED)
    }
    left = [
        place
        for place in sorted(places, reverse=not criteria.ascending)
        if after is None or (place > after if criteria.ascending else place < after)
    ]
    return Page([places[place] for place in left[:limit]], left[limit - 1] if len(left) > limit else None, len(rows))
