"""The search index, wired to an archive, and looked at."""

from dataclasses import dataclass
from uuid import uuid4

from postkeep.aws.dynamodb import DynamoListings, DynamoPosts
from postkeep.aws.s3 import Bucket
from postkeep.counts import TOTALS_KEY, Totals
from postkeep.errors import ManifestInvalid, ObjectMissing, SegmentInvalid
from postkeep_local.operations.archive import Archive
from search_posts.engine import Index
from search_posts.engines import Tantivy
from search_posts.indexing import Indexing
from search_posts.manifest import Manifest
from search_posts.merging import Merging
from search_posts.rebuilding import Rebuilding
from search_posts.schema import VERSION as SCHEMA
from search_posts.store import IndexStore
from search_posts.working import in_parallel, now, scratch

_TOTALS_BYTES = 64 * 1024 * 1024


def store_of(archive: Archive) -> IndexStore:
    """An archive's search index."""
    return IndexStore(Bucket(archive.archive_bucket, archive.client("s3")), lambda: uuid4().hex)


def rebuilding(archive: Archive) -> Rebuilding[Index]:
    """Making the index again."""
    dynamodb = archive.client("dynamodb")
    objects = Bucket(archive.archive_bucket, archive.client("s3"))
    posts = DynamoPosts(archive.posts_table, dynamodb)
    indexing = Indexing(posts, objects, store_of(archive), Tantivy(), now, scratch, in_parallel)
    return Rebuilding(DynamoListings(archive.posts_table, dynamodb), indexing)


def merging(archive: Archive) -> Merging[Index]:
    """Making segments anew."""
    return Merging(store_of(archive), Tantivy(), now, scratch)


@dataclass(frozen=True, slots=True)
class IndexState:
    """The index as it is now.

    Attributes:
        manifest: what it is made of; an empty one where there is none, or it cannot be read.
        problem: what is wrong with it, as a sentence; "" where nothing is.
        counted: what the archive counted, among it the posts that have a text; None where nothing is counted.
        schema: of the code that looked.
    """

    manifest: Manifest
    problem: str
    counted: Totals | None
    schema: int = SCHEMA

    @property
    def dead(self) -> int:
        """Entries that are in segments and not to be found any more."""
        return sum(len(segment.dead) for segment in self.manifest.segments)


def state_of(store: IndexStore) -> IndexState:
    """Look at the index: its manifest, and the beginning of each segment."""
    counted = _counted(store)
    try:
        manifest = store.standing().manifest
    except ManifestInvalid as error:
        return IndexState(Manifest(), str(error), counted)
    for segment in manifest.segments:
        try:
            store.marks(segment)
        except (ObjectMissing, SegmentInvalid) as error:
            return IndexState(manifest, str(error), counted)
    return IndexState(manifest, "", counted)


def _counted(store: IndexStore) -> Totals | None:
    try:
        return Totals.decode(store.archive.get(TOTALS_KEY, limit=_TOTALS_BYTES).body)
    except ObjectMissing:
        return None


def collect(store: IndexStore) -> tuple[int, int]:
    """Delete what nobody names any more: segments, and the objects of indexes of earlier schemas; gives how many of each.

    Raises:
        ManifestInvalid: if the manifest cannot be read: nothing is deleted then.
    """
    return store.sweep(store.standing().manifest, now()), store.sweep_older(now())
