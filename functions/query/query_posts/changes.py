"""The use case of following: what was created, changed, rejected or deleted since a position of the change feed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from postkeep.listing import instant
from postkeep.ports import Listings
from postkeep.post import Post
from postkeep.web.problems import Problem

START = "0"
"""Before everything."""


@dataclass(frozen=True, slots=True)
class Changes:
    """A stretch of the change feed.

    Attributes:
        posts: the records as they are now, tombstones and rejections among them, in the order of their changes.
        after: where the next stretch begins.
        more: whether more can be read at once.
        until: everything before this instant has been told (ISO 8601).
    """

    posts: list[Post]
    after: str
    more: bool
    until: str


@dataclass(frozen=True, slots=True)
class Following:
    """The use case and what it works on.

    A record stands in the feed where it was last written, by the clock of the function that wrote it, and may be written as long
    after that as the function lives. So a reader stays behind by more than that, and passes over nothing.

    Attributes:
        listings: the records and their change feed.
        lag: how far a reader stays behind.
        tombstone_life: how long deletions are told; a reader that was away for longer must begin anew.
        now: the clock (aware, UTC).
    """

    listings: Listings
    lag: timedelta
    tombstone_life: timedelta
    now: Callable[[], datetime]

    def __call__(self, after: str, limit: int) -> Changes:
        """Read a stretch.

        Args:
            after: where the last one ended; :data:`START` for everything.
            limit: changes at most, 1 to 100.

        Raises:
            Problem: 410 ``cursor-expired`` if deletions since then may have been forgotten.
        """
        now = self.now()
        if after != START and after < instant(now - self.tombstone_life):
            days = self.tombstone_life.days
            detail = f"the cursor is older than {days} days, for which deletions are told: begin anew, without a cursor"
            raise Problem("cursor-expired", detail)
        until = instant(now - self.lag)
        rows = self.listings.changes(after=after, until=until, limit=limit)
        found = self.listings.posts([row.post_id for row in rows])
        more = len(rows) == limit
        # One that changed since then is told as it is now, and again where it stands by now.
        return Changes(
            posts=[found[row.post_id] for row in rows if row.post_id in found],
            after=rows[-1].order if more else max(after, until),
            more=more,
            until=rows[-1].order.partition("#")[0] if more else until,
        )
