"""Asking for posts' texts anew, after the rules of the cleaning changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import batched

from postkeep.listing import instant, name
from postkeep.messages import RenderRequest
from postkeep.ports import Listings, ObjectStore, Queue
from postkeep.post import Post, PostId, Status, is_post_key, post_id

_PAGE = 1000
_BATCH = 100
"""Records a BatchGetItem. Source: Amazon DynamoDB API Reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which posts; all conditions hold together, and none of them takes every post that has a text or should have one.

    Attributes:
        prefix: what the keys begin with.
        tag: a tag, as the API takes it; None for any.
        since: published at this instant or later (UTC); None for any, undated posts included.
        rendered_before: made by rules of an earlier version than this, or not made yet; None for any.
    """

    prefix: str = ""
    tag: str | None = None
    since: datetime | None = None
    rendered_before: int | None = None

    def takes(self, post: Post) -> bool:
        """Whether it is one of them; the tag is the listing's business."""
        if post.status not in {Status.PENDING, Status.READY} or not post.key.startswith(self.prefix):
            return False
        published = post.metadata.published
        if self.since is not None and (published is None or published < self.since):
            return False
        return self.rendered_before is None or post.rendition is None or post.rendition.rules < self.rendered_before


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of up to a hundred posts.

    Attributes:
        looked: how many were looked at.
        keys: of those whose texts were asked for.
        position: the last key that was looked at, where all are gone through; "" where a listing is.
    """

    looked: int
    keys: tuple[str, ...]
    position: str = ""


@dataclass(frozen=True, slots=True)
class Reprocessing:
    """The use case and what it works on.

    Attributes:
        objects: the posts bucket.
        records: the posts' records.
        renders: the queue for texts that nobody waits for.
        force: whether texts that render's present rules made are made again.
        rules: the version of the published rules that is known of, which render is to have looked for.
        dry_run: whether nothing is sent.
    """

    objects: ObjectStore
    records: Listings
    renders: Queue
    force: bool = False
    rules: int = 0
    dry_run: bool = False

    def __call__(self, selection: Selection, *, after: str = "") -> Iterator[Asked]:
        """Ask for the texts of the selected posts, up to a hundred at a time.

        Args:
            selection: which.
            after: the position to go on from, where all keys are gone through; "" for all of them.
        """
        for some in batched(self._candidates(selection, after), _BATCH, strict=False):
            ids = [post_id for post_id, _ in some]
            posts = [post for post in self.records.posts(ids).values() if selection.takes(post)]
            if posts and not self.dry_run:
                requests = [RenderRequest(post.id, post.generation, force=self.force, rules=self.rules) for post in posts]
                self.renders.send([request.encode() for request in requests])
            yield Asked(len(ids), tuple(post.key for post in posts), some[-1][1])

    def _candidates(self, selection: Selection, after: str) -> Iterator[tuple[PostId, str]]:
        """The ids to look at, by the narrowest way there is: a listing where one fits, else the bucket's keys; with positions."""
        if selection.tag is not None:
            return self._listed(name("tag", selection.tag), selection.since)
        if selection.since is not None and not selection.prefix:
            return self._listed(name("all"), selection.since)
        return self._stored(selection.prefix, after)

    def _listed(self, listing: str, since: datetime | None) -> Iterator[tuple[PostId, str]]:
        low = instant(since) if since else None
        after: str | None = None
        while rows := self.records.rows(listing, after=after, low=low, high=None, limit=_PAGE):
            yield from ((row.post_id, "") for row in rows)
            after = rows[-1].order

    def _stored(self, prefix: str, after: str) -> Iterator[tuple[PostId, str]]:
        more = True
        while more:
            page = self.objects.page(prefix, after=after, limit=_PAGE)
            keys: Sequence[str] = [entry.key for entry in page.objects]
            yield from ((post_id(key), key) for key in keys if is_post_key(key))
            after, more = keys[-1] if keys else "", page.more
