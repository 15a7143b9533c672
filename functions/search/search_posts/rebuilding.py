"""The index made again from nothing but the records and the texts, and put in the place of the one that is there.

Indexers go on meanwhile. What is put in place must not be older than what they found, even where they found nothing to do. So
the manifest says from the beginning that an index is being made; indexers name in it each post that they work on; and in the end
these posts are read once more, after the manifest that is replaced.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import batched

from postkeep.errors import Conflict, IndexUnavailable, ManifestInvalid, ObjectChanged, ObjectMissing, SegmentInvalid
from postkeep.listing import name
from postkeep.ports import Listings
from postkeep.post import Post, PostId
from search_posts.engines import Assembled
from search_posts.indexing import Indexing, Outcome, living
from search_posts.manifest import REBUILD_GIVES_UP, Manifest, Rebuild, Segment
from search_posts.packing import Stamp
from search_posts.store import Standing

_PAGE = 1000
_BATCH = 200
"""Posts that are read at the same time."""

_INDEX = "the search index"
_ROUNDS = 20
"""How often the swap is tried again; each time only what was committed meanwhile is read again."""

TEXT = 5_500_000
"""Characters of a segment's texts, which make some 30 MB (5.6 bytes each, measured on 8,000 real posts): see
:data:`search_posts.merging.FULL`."""


@dataclass(slots=True)
class Rebuilt:
    """How far a rebuild is, and in the end what came of it.

    Attributes:
        looked: posts that were looked at.
        posts: in the new index.
        segments: of it.
        size: of these, in bytes.
        reread: posts that were read once more, since others were at work meanwhile.
        failed: posts whose entry could not be made, and why.
    """

    looked: int = 0
    posts: int = 0
    segments: int = 0
    size: int = 0
    reread: int = 0
    failed: dict[PostId, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Made:
    rebuild: Rebuild
    segments: list[Segment] = field(default_factory=list)
    stamps: dict[PostId, Stamp] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rebuilding[Found: Assembled]:
    """The use case and what it works on.

    Attributes:
        listings: the posts' listings.
        indexing: makes entries, and knows the index.
        text: characters of a segment's texts.
    """

    listings: Listings
    indexing: Indexing[Found]
    text: int = TEXT

    def __call__(self, told: Callable[[Rebuilt], None] = lambda _: None) -> Rebuilt:
        """Make the index again.

        Args:
            told: is told how far it is, now and then.

        Raises:
            Conflict: if others won every race.
            IndexUnavailable: if it took too long, or somebody else began to make it again.
        """
        made = _Made(self._announce())
        rebuilt, outcome = Rebuilt(), Outcome()
        waiting: list[Post] = []
        for some in batched(self._everything(), _BATCH, strict=False):
            for look in self.indexing.each(self.indexing.look, some):
                if look.error is not None:
                    outcome.failed[look.post_id] = look.error
                elif look.post is not None and not look.waits:
                    waiting.append(look.post)
            rebuilt.looked += len(some)
            if sum(post.rendition.characters for post in waiting if post.rendition) >= self.text:
                self._add(made, waiting, outcome, closed=True)
                waiting = []
            self._tell(told, rebuilt, made)
        self._add(made, waiting, outcome, closed=False)
        self._swap(made, rebuilt, outcome)
        rebuilt.failed = {post_id: repr(error) for post_id, error in outcome.failed.items()}
        told(rebuilt)
        return rebuilt

    def _announce(self) -> Rebuild:
        """Have indexers tell what they work on from now on."""
        store = self.indexing.store
        for _ in range(_ROUNDS):
            standing, now = self._standing(), self.indexing.now()
            mine = Rebuild(store.token(), now)
            new = standing.manifest.following(standing.manifest.segments, now)
            try:
                store.swap(replace(new, rebuild=mine, touched=frozenset()), standing)
            except ObjectChanged:
                continue
            return mine
        raise Conflict(_INDEX)

    def _everything(self) -> Iterator[PostId]:
        """All posts that are listed, the newest first, so that a segment is of few months."""
        after: str | None = None
        seen = set[PostId]()
        while rows := self.listings.rows(name("all"), after=after, low=None, high=None, limit=_PAGE):
            for row in rows:
                # A post whose date changes meanwhile may be met twice.
                if row.post_id not in seen:
                    seen.add(row.post_id)
                    yield row.post_id
            after = rows[-1].order

    def _add(self, made: _Made, posts: list[Post], outcome: Outcome, *, closed: bool) -> None:
        written, stamps = self.indexing.write(posts, outcome, closed=closed)
        made.segments += written
        made.stamps |= stamps

    def _tell(self, told: Callable[[Rebuilt], None], rebuilt: Rebuilt, made: _Made) -> None:
        rebuilt.posts, rebuilt.segments = len(made.stamps), len(made.segments)
        rebuilt.size = sum(segment.bytes for segment in made.segments)
        told(rebuilt)

    def _standing(self) -> Standing:
        """The manifest that is there; one that cannot be read counts as empty."""
        try:
            return self.indexing.store.standing()
        except ManifestInvalid:
            return Standing(Manifest(), self.indexing.store.etag())

    def _swap(self, made: _Made, rebuilt: Rebuilt, outcome: Outcome) -> None:
        store = self.indexing.store
        for _ in range(_ROUNDS):
            standing, now = self._standing(), self.indexing.now()
            if standing.manifest.rebuild is None or standing.manifest.rebuild.token != made.rebuild.token:
                raise IndexUnavailable("somebody else began to make it again meanwhile, or it was lost")
            if now - made.rebuild.begun > REBUILD_GIVES_UP:
                raise IndexUnavailable(f"making it again took {now - made.rebuild.begun}, which is too long to be put in place")
            wanted = sorted(standing.manifest.touched | self._unlisted(made, standing.manifest))
            rebuilt.reread = max(rebuilt.reread, len(wanted))
            revised = self.indexing.revise(Manifest(segments=tuple(made.segments)), wanted)
            left = (revised.manifest or Manifest().following(made.segments, now)).segments
            new = replace(standing.manifest.following(left, now), rebuilt=made.rebuild.begun, rebuild=None, touched=frozenset())
            try:
                store.swap(new, standing)
            except ObjectChanged:
                store.drop(revised.written)
                continue
            outcome.failed |= revised.outcome.failed
            rebuilt.posts, rebuilt.segments, rebuilt.size = new.posts, len(new.segments), new.size
            return
        raise Conflict(_INDEX)

    def _unlisted(self, made: _Made, manifest: Manifest) -> set[PostId]:
        """Posts that are in the index and that no listing named: the table's indexes follow it a moment later."""
        found = set[PostId]()
        for segment in manifest.segments:
            try:
                marks = {segment.id: self.indexing.store.marks(segment)}
            except (ObjectMissing, SegmentInvalid):
                continue  # why the index is made again, as likely as not
            found |= {post_id for post_id, _ in living(Manifest(segments=(segment,)), marks)}
        return found - made.stamps.keys()
