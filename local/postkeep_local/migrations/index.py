"""The search index is made where it lacks posts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import batched

from postkeep.errors import ManifestInvalid, ObjectMissing, SegmentInvalid
from postkeep.listing import name
from postkeep.ports import Listings
from postkeep.post import PostId
from postkeep.upgrades import Progress
from postkeep_local.migrations.migration import Description, Step, Survey, Told
from search_posts.engine import Index
from search_posts.indexing import living
from search_posts.rebuilding import Rebuilding
from search_posts.store import IndexStore

_PAGE = 1_000
_BATCH = 100
"""Records a BatchGetItem. Source: Amazon DynamoDB API Reference."""


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """The migration and what it works on.

    Attributes:
        listings: the posts' records.
        store: the index.
        rebuilding: makes the index again.
    """

    listings: Listings
    store: IndexStore
    rebuilding: Callable[[], Rebuilding[Index]]

    @property
    def description(self) -> Description:
        """See the protocol."""
        return Description(
            number=2,
            name="search",
            changes="makes the search index again, where posts that have a text are not in it",
            why="render tells the index of texts as they are made: of those that were there before it knows nothing",
            needed_by="archives from before search",
            meanwhile="as `postkeep search rebuild`: it is swapped at the end, and posts that come meanwhile are read again",
            cost="$0.06: a read of each record and each text",
        )

    def survey(self, told: Told) -> Survey:
        """See the protocol."""
        indexed = self._indexed()
        looked = due = 0
        for some in batched(self._listed(), _BATCH, strict=False):
            looked += len(some)
            missing = [post_id for post_id in some if post_id not in indexed]
            # A post that has no text yet is in no index; render tells when it has one.
            due += sum(post.rendition is not None for post in self.listings.posts(missing).values()) if missing else 0
            told(looked, f"{due:,} not found")
        return Survey(looked, due)

    def steps(self, progress: Progress, told: Told) -> Iterator[Step]:
        """See the protocol. What was made of it when a run died is no part of the index, and is begun anew."""
        found = self.survey(told)
        yield Step(position=progress.position, looked=found.looked)
        if found.due:
            rebuilt = self.rebuilding()(lambda so_far: told(so_far.looked, f"{so_far.posts:,} indexed"))
            yield Step(position="", changed=rebuilt.posts, left=len(rebuilt.failed), keys=tuple(rebuilt.failed))

    def _indexed(self) -> set[PostId]:
        """The posts that can be found; none of a segment that cannot be used."""
        try:
            manifest = self.store.standing().manifest
            return {post_id for post_id, _ in living(manifest, {one.id: self.store.marks(one) for one in manifest.segments})}
        except (ManifestInvalid, ObjectMissing, SegmentInvalid):
            return set()

    def _listed(self) -> Iterator[PostId]:
        after: str | None = None
        while rows := self.listings.rows(name("all"), after=after, low=None, high=None, limit=_PAGE):
            yield from (row.post_id for row in rows)
            after = rows[-1].order
