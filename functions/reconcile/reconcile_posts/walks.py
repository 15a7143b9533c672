"""The four walks of a run, a page at a time: each finds, and changes nothing.

Nothing is held against a state that may only just be coming about: a message has an hour, a rendition an hour to be pointed to.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched

from postkeep.listing import instant
from postkeep.ports import Listed, Listings, ObjectStore
from postkeep.post import Post, PostId, Status, is_post_key, post_id
from reconcile_posts.names import Names
from reconcile_posts.progress import Finding

RENDITIONS = "renditions/"
"""Where render puts its texts in the archive bucket: ``renditions/<post>/<generation>-<rules>.json``."""

_PATIENCE = timedelta(hours=1)
"""After five receives of 12 minutes a message of the render queue is in the dead-letter queue."""

_SKEW = timedelta(minutes=5)
"""How far two functions' clocks may be apart."""

_PAGE = 1000
_BATCH = 100
"""Records a BatchGetItem. Source: Amazon DynamoDB API Reference."""

_FEED_START = "0"
"""Before every order in the change feed: they begin with a year."""


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that does not agree.

    Attributes:
        finding: what.
        key: of the post object, or, for a stray rendition, of that.
        post: the record, for what render is to mend.
    """

    finding: Finding
    key: str
    post: Post | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What one page brought.

    Attributes:
        position: where the next page begins; None where there is none.
        looked: how many things were looked at.
        found: what does not agree.
    """

    position: str | None
    looked: int
    found: tuple[Found, ...] = ()


@dataclass(frozen=True, slots=True)
class Walks:
    """The walks, and what they go over.

    Attributes:
        objects: the posts bucket.
        archive: the archive bucket.
        records: the posts' records.
        started: when the run began (UTC); what changed later is the next run's.
        everything: whether every object counts as stale.
        renditions: the keys of the renditions that there are, filled by the first walk.
        posts: the ids of the posts that have an object, filled by the second.
        pointed: the keys of the renditions that records point to, filled by the second.
    """

    objects: ObjectStore
    archive: ObjectStore
    records: Listings
    started: datetime
    everything: bool
    renditions: Names
    posts: Names
    pointed: Names

    def list_renditions(self, position: str) -> Step:
        """Note which renditions there are, so that the next walk knows those that are gone."""
        page = self.archive.page(RENDITIONS, after=position, limit=_PAGE)
        for entry in page.objects:
            self.renditions.add(entry.key)
        return Step(page.objects[-1].key if page.more else None, len(page.objects))

    def compare_objects(self, position: str) -> Step:
        """Hold the posts bucket's objects against their records."""
        page = self.objects.page("", after=position, limit=_PAGE)
        matching = [entry for entry in page.objects if is_post_key(entry.key)]
        found = [Found(Finding.UNMATCHED, entry.key) for entry in page.objects if not is_post_key(entry.key)]
        for batch in batched(matching, _BATCH, strict=False):
            entries = {post_id(entry.key): entry for entry in batch}
            posts = self.records.posts(list(entries))
            for identity, entry in entries.items():
                self.posts.add(identity)
                post = posts.get(identity)
                for key in _pointed(post):
                    self.pointed.add(key)
                if finding := self._judge(entry, post):
                    found.append(Found(finding, entry.key, post))
        return Step(page.objects[-1].key if page.more else None, len(matching), tuple(found))

    def _judge(self, entry: Listed, post: Post | None) -> Finding | None:
        if post is None or post.status is Status.DELETED:
            return Finding.MISSING
        # The record of an object that was too large to be read has no ETag.
        if self.everything or post.size != entry.size or (post.revision.etag or entry.etag) != entry.etag:
            return Finding.STALE
        if self._unfinished(post):
            return Finding.UNFINISHED
        if post.rendition and post.changed < self.started - _SKEW and post.rendition.key not in self.renditions:
            return Finding.TEXTLESS
        return None

    def _unfinished(self, post: Post) -> bool:
        return not post.settled and post.changed < self.started - _PATIENCE

    def compare_records(self, position: str) -> Step:
        """Hold all records that had no object in the walk before against the posts bucket: only those are read."""
        rows = self.records.changes(after=position or _FEED_START, until=instant(self.started), limit=_PAGE)
        found = []
        for post in self._posts([row.post_id for row in rows if row.post_id not in self.posts]).values():
            if post.status is not Status.DELETED:
                found.append(Found(Finding.ORPHANED, post.key))
            elif self._unfinished(post):
                found.append(Found(Finding.UNFINISHED, post.key, post))
        return Step(rows[-1].order if len(rows) == _PAGE else None, len(rows), tuple(found))

    def find_strays(self, position: str) -> Step:
        """Find the renditions that no record points to; those that no record pointed to before are held against it once more.

        The rendition of a post that is being rendered is not pointed to yet: what is not settled is left alone.
        """
        page = self.archive.page(RENDITIONS, after=position, limit=_PAGE)
        old = [e.key for e in page.objects if e.modified < self.started - _PATIENCE and e.key not in self.pointed]
        owners = {key: key.split("/")[1] for key in old}
        posts = self._posts(sorted(set(owners.values())))
        found = []
        for key, owner in owners.items():
            post = posts.get(owner)
            if post is None or (post.settled and key not in _pointed(post)):
                found.append(Found(Finding.STRAY, key))
        return Step(page.objects[-1].key if page.more else None, len(page.objects), tuple(found))

    def _posts(self, post_ids: Sequence[PostId]) -> Mapping[PostId, Post]:
        """The records of any number of posts, as they are or were a moment ago."""
        found: dict[PostId, Post] = {}
        for batch in batched(post_ids, _BATCH, strict=False):
            found |= self.records.posts(batch)
        return found


def _pointed(post: Post | None) -> Iterator[str]:
    """The renditions that a record points to."""
    if post is not None:
        yield from post.leftovers
        if post.rendition:
            yield post.rendition.key
