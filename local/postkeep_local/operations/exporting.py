"""Posts read out of an archive: their records, texts and files, a few at a time whatever the archive's size."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched

from postkeep.aws.dynamodb import DynamoListings
from postkeep.aws.s3 import Bucket
from postkeep.errors import ObjectMissing, ObjectTooLarge
from postkeep.listing import instant, name
from postkeep.ports import Listings, ObjectStore
from postkeep.post import PictureId, PictureStatus, Post, PostId, Status, Thumbnail, is_post_key
from postkeep.renditions import RenditionObject
from postkeep_local.operations.archive import Archive

WORKERS = 8
"""Reads at a time: as many as uploads."""

_AHEAD = 2 * WORKERS
"""Posts that are read before they are asked for: what is in memory at a time."""

_PAGE = 1000
_BATCH = 100
"""Records a BatchGetItem. Source: Amazon DynamoDB API Reference."""

_LARGEST_FILE = 64 * 1024 * 1024
"""Bytes of a post file; the template takes posts of 20 MB at most. A rejected one may have any size."""

_LARGEST_TEXT = 256 * 1024 * 1024
"""Bytes of a rendition: four times a post's size at most, seen of hostile ones."""

_LARGEST_PICTURE = 16 * 1024 * 1024

_WIDEST = 1_000
"""Pixels of a picture in a book, where there is no JPEG of it: more than most readers' screens are wide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which posts; all conditions hold together, and none of them takes all.

    Attributes:
        author: the exact name, as the API takes it; None for any.
        tag: a tag, likewise.
        since: published at this instant or later (UTC); None for any, undated posts included.
        until: published before this instant (UTC); likewise.
    """

    author: str | None = None
    tag: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def everything(self) -> bool:
        """Whether it takes all posts, those included that say nothing: rejected ones."""
        return (self.author, self.tag, self.since, self.until) == (None, None, None, None)

    def listing(self) -> str:
        """The narrowest listing that holds them."""
        if self.author is not None:
            return name("author", self.author)
        return name("all") if self.tag is None else name("tag", self.tag)

    def takes(self, post: Post) -> bool:
        """Whether a live post is one of them."""
        if post.status not in {Status.PENDING, Status.READY}:
            return False
        published = post.metadata.published
        if (self.since or self.until) and published is None:
            return False
        return (
            self.author in (None, post.metadata.author)
            and (self.tag is None or self.tag in post.metadata.tags)
            and (self.since is None or published is None or published >= self.since)
            and (self.until is None or published is None or published < self.until)
        )


@dataclass(frozen=True, slots=True)
class Unread:
    """A post that could not be read.

    Attributes:
        key: its object's key.
        reason: a few words.
    """

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class RawFile:
    """A post's file as it is in the posts bucket."""

    key: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Document:
    """A post with its text.

    Attributes:
        post: the record.
        rendition: its text; None while it is not made, and for a rejected post.
        pictures: a thumbnail of each picture of the text that has one, and its bytes; empty unless asked for.
    """

    post: Post
    rendition: RenditionObject | None = None
    pictures: Mapping[PictureId, tuple[Thumbnail, bytes]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Exporting:
    """The use case and what it works on.

    Attributes:
        records: the posts' records.
        posts: the posts bucket.
        archive: the archive bucket.
    """

    records: Listings
    posts: ObjectStore
    archive: ObjectStore

    def files(self, selection: Selection) -> Iterator[RawFile | Unread]:
        """The posts' files; of everything in the order of their keys, else the newest first."""
        keys = self._stored() if selection.everything else (post.key for post in self._selected(selection))
        return _ahead(self._file, keys)

    def documents(self, selection: Selection, *, pictures: bool = False) -> Iterator[Document | Unread]:
        """The posts with their texts, the newest first; rejected ones come last, where everything is asked for.

        Args:
            selection: which.
            pictures: whether thumbnails are read as well.
        """
        return _ahead(lambda post: self._document(post, pictures=pictures), self._selected(selection))

    def _stored(self) -> Iterator[str]:
        return (key for key in self.posts.keys("") if is_post_key(key))

    def _selected(self, selection: Selection) -> Iterator[Post]:
        low = instant(selection.since) if selection.since else None
        high = instant(selection.until) if selection.until else None
        seen: set[PostId] = set()  # a post whose date or state changes meanwhile is met again further on
        for post in self._listed(selection.listing(), low, high):
            if selection.takes(post) and post.id not in seen:
                seen.add(post.id)
                yield post
        if selection.everything:
            for post in self._listed(name("status", Status.REJECTED), None, None):
                if post.status is Status.REJECTED and post.id not in seen:
                    seen.add(post.id)
                    yield post

    def _listed(self, listing: str, low: str | None, high: str | None) -> Iterator[Post]:
        for ids in batched(self._ids(listing, low, high), _BATCH, strict=False):
            found = self.records.posts(ids)
            yield from (found[post_id] for post_id in ids if post_id in found)

    def _ids(self, listing: str, low: str | None, high: str | None) -> Iterator[PostId]:
        after: str | None = None
        while rows := self.records.rows(listing, after=after, low=low, high=high, limit=_PAGE):
            yield from (row.post_id for row in rows)
            after = rows[-1].order

    def _file(self, key: str) -> RawFile | Unread:
        try:
            return RawFile(key, self.posts.get(key, limit=_LARGEST_FILE).body)
        except ObjectMissing:
            return Unread(key, "it was deleted meanwhile")
        except ObjectTooLarge as large:
            return Unread(key, f"it has {large.size:,} bytes; {large.limit:,} are read")

    def _document(self, post: Post, *, pictures: bool) -> Document | Unread:
        if post.rendition is None or post.status is not Status.READY:
            return Document(post)
        try:
            rendition = RenditionObject.decode(self.archive.get(post.rendition.key, limit=_LARGEST_TEXT).body)
        except ObjectMissing:
            return Document(post)  # it is being made again
        except ObjectTooLarge as large:
            return Unread(post.key, f"its text has {large.size:,} bytes; {large.limit:,} are read")
        except (ValueError, TypeError, KeyError) as error:  # a fault of ours, which costs the others nothing
            return Unread(post.key, f"its text cannot be read ({type(error).__name__}): `postkeep reprocess` makes it anew")
        return Document(post, rendition, self._pictures(post) if pictures and rendition.pictures else {})

    def _pictures(self, post: Post) -> dict[PictureId, tuple[Thumbnail, bytes]]:
        found: dict[PictureId, tuple[Thumbnail, bytes]] = {}
        for picture in self.records.pictures(post.id):
            chosen = chosen_thumbnail(picture.thumbnails)
            if chosen and picture.edition == post.edition and picture.status is PictureStatus.READY:
                try:
                    found[picture.id] = chosen, self.archive.get(chosen.object_key, limit=_LARGEST_PICTURE).body
                except (ObjectMissing, ObjectTooLarge):
                    continue  # the book has a link in its place
        return found


def chosen_thumbnail(thumbnails: Iterable[Thumbnail]) -> Thumbnail | None:
    """The thumbnail for a book: the JPEG, which every reader shows, else the largest WebP that is not too wide (EPUB 3.3)."""
    by_format: dict[str, list[Thumbnail]] = {}
    for thumbnail in sorted(thumbnails, key=lambda thumbnail: thumbnail.width):
        by_format.setdefault(thumbnail.format, []).append(thumbnail)
    if jpegs := by_format.get("jpeg"):
        return jpegs[-1]
    webps = by_format.get("webp", [])
    return next((webp for webp in reversed(webps) if webp.width <= _WIDEST), webps[0] if webps else None)


def exporting(archive: Archive) -> Exporting:
    """Reading posts out of an archive."""
    s3 = archive.client("s3", connections=WORKERS)
    return Exporting(
        DynamoListings(archive.posts_table, archive.client("dynamodb", connections=WORKERS)),
        Bucket(archive.posts_bucket, s3),
        Bucket(archive.archive_bucket, s3),
    )


def _ahead[Asked, Found](read: Callable[[Asked], Found], asked: Iterable[Asked]) -> Iterator[Found]:
    """What is read, in the order in which it is asked for, by several threads that are only so far ahead."""
    with ThreadPoolExecutor(WORKERS) as pool:
        under_way: deque[Future[Found]] = deque()
        try:
            for one in asked:
                under_way.append(pool.submit(read, one))
                if len(under_way) >= _AHEAD:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
