"""The use case of count: follow the change feed, and keep exact counts of what it tells.

Counts are not kept where posts are written: a popular tag's counter would be in every transaction's way. Count is a reader of the
change feed like any mirror. It remembers what each post counted towards, so that the totals are a function of the records alone,
however often it was told of one. Its state is a set of immutable shard objects, and one small object that names them: swapping
that one, on condition that nobody else did, is the only commit point.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import batched
from typing import Any
from zlib import crc32

from postkeep.counts import TOTALS_KEY, WORK_KEY, Contribution, Totals, contribution
from postkeep.errors import ObjectChanged, ObjectMissing
from postkeep.listing import instant
from postkeep.ports import Listings, ObjectStore
from postkeep.post import Post, PostId

SHARDS = 64
"""Objects that the posts' contributions are spread over by id: 200 KB each for an archive of 100,000 posts."""

ROWS = 5_000
"""Changes taken on in one step: their records fit the memory of a small function."""

RECOUNT = timedelta(days=7)
"""After which everything is counted anew: tombstones that DynamoDB dropped are in no feed."""

_STRAY = timedelta(hours=1)
"""An unnamed shard object that is older belongs to no step under way: a function lives for 15 minutes at most."""

_FOLDER = "counts/shards/"
_BATCH = 100
_MOST_BYTES = 256 * 1024 * 1024
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Step:
    """What a step did.

    Attributes:
        counted: changes taken on.
        caught_up: whether no further ones can be read yet.
        posts: whose changes these were.
    """

    counted: int
    caught_up: bool
    posts: tuple[PostId, ...] = field(default=(), compare=False)


@dataclass(slots=True)
class _Work:
    """How far counting is.

    Attributes:
        begun: when it began at the feed's beginning (ISO 8601).
        totals: of everything so far.
        shards: the keys of the shard objects, by shard.
        etag: of the object that says so; None where there is none yet.
    """

    begun: str
    totals: Totals = field(default_factory=Totals)
    shards: dict[str, str] = field(default_factory=dict)
    etag: str | None = None

    def encode(self) -> bytes:
        value = {"v": _VERSION, "begun": self.begun, "totals": self.totals.value(), "shards": self.shards}
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Counting:
    """The use case and what it works on.

    Attributes:
        listings: the records and their change feed.
        archive: the archive bucket.
        lag: how far a reader of the changes stays behind (see ``ChangesLagSeconds``).
        now: the clock (aware, UTC).
        token: gives a name that no other step has.
    """

    listings: Listings
    archive: ObjectStore
    lag: timedelta
    now: Callable[[], datetime]
    token: Callable[[], str]

    def __call__(self) -> Step:
        """Take one step along the change feed.

        Raises:
            ObjectChanged: if another step was taken meanwhile; nothing is lost, and nothing was done here.
        """
        work = self._work()
        until = instant(self.now() - self.lag)
        rows = self.listings.changes(after=work.totals.to, until=until, limit=ROWS)
        if not rows:
            self._publish(work.totals)
            return Step(0, caught_up=True)
        changed = list(dict.fromkeys(row.post_id for row in rows))
        records = {post_id: post for batch in batched(changed, _BATCH, strict=False) for post_id, post in self._read(batch)}
        replaced = set(work.shards.values())
        written = self._count(work, changed, records)
        caught_up = len(rows) < ROWS
        work.totals.to, work.totals.as_of = (until if caught_up else rows[-1].order), until
        try:
            self.archive.swap(WORK_KEY, work.encode(), replacing=work.etag)
        except ObjectChanged:
            # The swap may have been made all the same: where its answer is lost, the client tries again, and is refused because
            # of its own first try.
            named = self._named()
            self.archive.delete(key for key in written if key not in named)
            raise
        if caught_up:
            self._publish(work.totals)
        self._sweep(work, replaced)
        return Step(len(changed), caught_up, tuple(changed))

    def _named(self) -> set[str]:
        """The shard objects that are in use now."""
        try:
            found = self.archive.get(WORK_KEY, limit=_MOST_BYTES)
        except ObjectMissing:
            return set()
        return set(json.loads(found.body).get("shards", {}).values())

    def _read(self, post_ids: tuple[PostId, ...]) -> list[tuple[PostId, Post]]:
        return list(self.listings.posts(post_ids).items())

    def _work(self) -> _Work:
        new = _Work(instant(self.now()))
        try:
            found = self.archive.get(WORK_KEY, limit=_MOST_BYTES)
        except ObjectMissing:
            return new
        value: dict[str, Any] = json.loads(found.body)
        if value["v"] != _VERSION or self.now() - datetime.fromisoformat(value["begun"]) > RECOUNT:
            new.etag = found.etag
            return new
        return _Work(value["begun"], Totals.of(value["totals"]), value["shards"], found.etag)

    def _count(self, work: _Work, changed: list[PostId], records: dict[PostId, Post]) -> list[str]:
        """Bring the shards and the totals up to date; gives the keys that were written."""
        by_shard: dict[str, list[PostId]] = {}
        for post_id in changed:
            by_shard.setdefault(shard_of(post_id), []).append(post_id)
        token, written = self.token(), []
        for shard, post_ids in by_shard.items():
            posts = self._shard(work, shard)
            for post_id in post_ids:
                if before := posts.pop(post_id, None):
                    work.totals.add(before, -1)
                if record := records.get(post_id):
                    posts[post_id] = contribution(record)
                    work.totals.add(posts[post_id])
            work.shards[shard] = key = f"{_FOLDER}{shard}-{token}.json"
            self.archive.put(
                key, json.dumps(posts, ensure_ascii=False, separators=(",", ":")).encode(), content_type="application/json"
            )
            written.append(key)
        return written

    def _shard(self, work: _Work, shard: str) -> dict[PostId, Contribution]:
        if shard not in work.shards:
            return {}
        try:
            found = self.archive.get(work.shards[shard], limit=_MOST_BYTES)
        except ObjectMissing:
            # Another step replaced it, or somebody deleted it: without the object that names it, the next step begins anew.
            if self._work().etag == work.etag:
                self.archive.delete([WORK_KEY])
            raise ObjectChanged(work.shards[shard]) from None
        posts: dict[PostId, Contribution] = json.loads(found.body)
        return posts

    def _sweep(self, work: _Work, replaced: set[str]) -> None:
        """Delete the shard objects that this step replaced, and those that a step left which died before its swap."""
        named = set(work.shards.values())
        old = self.now() - _STRAY
        strays = {o.key for o in self.archive.page(_FOLDER).objects if o.modified < old}
        self.archive.delete(sorted((replaced | strays) - named))

    def _publish(self, totals: Totals) -> None:
        """Show the totals, unless later ones are shown."""
        try:
            found = self.archive.get(TOTALS_KEY, limit=_MOST_BYTES)
        except ObjectMissing:
            shown, etag = None, None
        else:
            shown, etag = Totals.decode(found.body), found.etag
        if shown is None or shown.to < totals.to:
            self.archive.swap(TOTALS_KEY, totals.encode(), replacing=etag)


def shard_of(post_id: PostId) -> str:
    """The name of the shard that a post is in."""
    return f"{crc32(post_id.encode()) % SHARDS:02x}"
