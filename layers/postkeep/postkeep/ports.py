"""What the use cases need from the outside, as small protocols.

Each has two implementations that pass the same contract tests: the adapter in ``postkeep.aws``, and an in-memory fake.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from postkeep.listing import Sort
from postkeep.post import Edition, Picture, PictureId, Post, PostId, Rendition
from postkeep.upgrades import Ledger


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object that was read: its bytes and which state of it they are."""

    body: bytes
    version_id: str
    etag: str


@dataclass(frozen=True, slots=True)
class Listed:
    """What a listing says of an object.

    Attributes:
        key: the object's key.
        etag: its ETag without quotes.
        size: in bytes.
        modified: when it was written (UTC).
    """

    key: str
    etag: str
    size: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a bucket's listing.

    Attributes:
        objects: in the order of their keys' bytes.
        more: whether others come after them.
    """

    objects: tuple[Listed, ...]
    more: bool


class ObjectStore(Protocol):
    """One bucket."""

    def get(self, key: str, *, limit: int, version_id: str | None = None) -> StoredObject:
        """Read an object, the current version unless told.

        Args:
            key: the object's key.
            limit: in bytes; a larger object is not read.
            version_id: a version other than the current one.

        Raises:
            ObjectMissing: if there is none, or the version is gone, or is a delete marker.
            ObjectTooLarge: if it has more than ``limit`` bytes; carries the size.
        """
        ...

    def newer(self, key: str, *, limit: int, than: str) -> StoredObject | None:
        """Read an object, unless it is the one that is known; None where it is.

        Args:
            key: the object's key.
            limit: in bytes; a larger object is not read.
            than: the ETag of the one that is known.

        Raises:
            ObjectMissing: if there is none.
            ObjectTooLarge: if it has more than ``limit`` bytes; carries the size.
        """
        ...

    def part(self, key: str, *, length: int) -> bytes:
        """Read an object's first bytes; fewer where it has fewer.

        Args:
            key: the object's key.
            length: how many bytes, one at least.

        Raises:
            ObjectMissing: if there is none.
        """
        ...

    def put(self, key: str, body: bytes, *, content_type: str, immutable: bool = False) -> None:
        """Write an object.

        Args:
            key: the object's key.
            body: its bytes.
            content_type: a media type.
            immutable: whether nothing else is ever written under this key: caches are told so.
        """
        ...

    def swap(self, key: str, body: bytes, *, replacing: str | None) -> None:
        """Write a JSON object on condition that nobody else did.

        Args:
            key: the object's key.
            body: its new bytes.
            replacing: the ETag of the object that was read; None where none was there.

        Raises:
            ObjectChanged: if another object is there by now. The write may have been made all the same, and then replaced: where
                an answer is lost, a client tries again.
        """
        ...

    def keys(self, prefix: str) -> Iterator[str]:
        """The keys under a prefix, in the order of their bytes."""
        ...

    def page(self, prefix: str, *, after: str = "", limit: int = 1000) -> Page:
        """One page of the objects under a prefix, in the order of their keys' bytes.

        Args:
            prefix: what the keys begin with.
            after: only keys that come after this one; it need not be there.
            limit: how many at most; S3 gives 1,000 at most.
        """
        ...

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; absent ones are no error."""
        ...


class Queue(Protocol):
    """One queue, from the sender's side."""

    def send(self, bodies: Sequence[str], *, delays: Sequence[int] = ()) -> None:
        """Send messages, each at least once, or raise.

        Args:
            bodies: the messages.
            delays: for how many seconds each of them is kept from receivers, from 0 to 900; none for no delay.

        Raises:
            ValueError: if there are delays, but not one for each message.
        """
        ...


class RecordChecker(Protocol):
    """Who makes records agree with the bucket: parse, from the caller's side."""

    def check(self, keys: Sequence[str]) -> None:
        """Have the records of post objects checked against the bucket, each at least once and some time, or raise.

        Args:
            keys: of the objects, which may be absent.
        """
        ...


@dataclass(frozen=True, slots=True)
class Filed:
    """A record, and the rows that stand beside it.

    Attributes:
        post: the record.
        rows: the order of each row, by the name of its listing.
    """

    post: Post
    rows: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rendered:
    """What settling records of a text.

    Attributes:
        rendition: where the text lies, and its counts.
        summary: its first words.
        leftovers: rendition objects that it replaces, by their keys: still to be deleted.
    """

    rendition: Rendition
    summary: str
    leftovers: tuple[str, ...] = ()


class PostStore(Protocol):
    """The posts' records, as parse and render need them."""

    def get(self, post_id: PostId) -> Post | None:
        """The record as last written (a consistent read), or None."""
        ...

    def filed(self, post_id: PostId) -> "Filed | None":
        """The record as last written, with its rows (one consistent read), or None."""
        ...

    def offer(self, post: Post) -> Post | None:
        """Write the first record of a key, or, where the stored one says the same, advance its revision alone.

        One conditional write, which needs no read before it.

        Returns:
            the record that was there and says the same; None where there was none.

        Raises:
            Superseded: if the stored record is of a later sequencer.
            Differs: if the stored record says something else; carries it.
        """
        ...

    def replace(self, post: Post, *, replacing: Post) -> None:
        """Write a record over the one that was read.

        Raises:
            Superseded: if the stored record is of a later sequencer.
            Conflict: if the stored record is not ``replacing`` any more: its content or its text is another.
        """
        ...

    def settle(self, filed: "Filed", outcome: Rendered | None, *, changed: datetime) -> None:
        """Record that what is derived from a post agrees with it, and make its rows those that it calls for.

        Args:
            filed: the record and the rows that were read.
            outcome: the text that was made of it, which makes it READY; None for a tombstone or a rejection.
            changed: now (UTC), for readers of the changes; only a text is a change.

        Raises:
            Superseded: if the stored record has another generation.
            Conflict: if another writer of the same items was in the way.
        """
        ...


class PictureStore(Protocol):
    """The pictures' items."""

    def of_post(self, post_id: PostId) -> list[Picture]:
        """All pictures of a post, of whatever edition, in the order of their editions and ids (a consistent read)."""
        ...

    def picture(self, post_id: PostId, edition: Edition, picture_id: PictureId) -> Picture | None:
        """One picture of a post (a consistent read), or None."""
        ...

    def arrange(self, post_id: PostId, *, add: Sequence[Picture], remove: Iterable[Picture]) -> None:
        """Write and delete pictures of a post, each by itself: a caller that dies may have done a part of it.

        No condition is needed: an edition's pictures are its own, and whoever finds the edition outdated deletes them.
        """
        ...

    def record(self, post_id: PostId, picture: Picture) -> None:
        """Write a picture's outcome on its own item.

        Raises:
            Superseded: if the post has no such picture any more.
        """
        ...


@dataclass(frozen=True, slots=True)
class DuePicture:
    """A picture that is to be asked for, and whose it is."""

    post_id: PostId
    picture: Picture


@dataclass(frozen=True, slots=True)
class DueStretch:
    """One stretch of the pictures that are due.

    Attributes:
        pictures: as they are now; one that is gone, or not due any more, is left out.
        after: where the next stretch begins; None at the end.
    """

    pictures: list[DuePicture]
    after: str | None


class DuePictures(Protocol):
    """The pictures' items, as those need them who have pictures fetched again."""

    def due(self, *, until: datetime, after: str = "", limit: int) -> DueStretch:
        """One stretch of the pictures whose ``next_try`` is over, the longest overdue first.

        Args:
            until: the last instant that counts as over.
            after: where the stretch before ended; "" for the first one.
            limit: how many at most, up to 100.
        """
        ...

    def revise(self, post_id: PostId, picture: Picture, *, replacing: Picture) -> None:
        """Write a picture over the one that was read.

        Raises:
            Superseded: if the item is gone, or its status, its attempts or its next try are others by now.
        """
        ...

    def number(self, *, until: datetime | None = None) -> int:
        """How many pictures have a ``next_try``, or one that is over by an instant, as of some moments ago.

        Of very many it gives the number of those that it is willing to count, some 100,000.
        """
        ...


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a listing: where it stands in the order, and whose it is."""

    order: str
    post_id: PostId


class Listings(Protocol):
    """The posts' records, as the query function needs them."""

    def rows(
        self,
        listing: str,
        *,
        after: str | None,
        low: str | None,
        high: str | None,
        limit: int,
        sort: Sort = Sort.PUBLISHED,
        ascending: bool = False,
    ) -> list[Row]:
        """One stretch of a listing, newest first unless told.

        Args:
            listing: see :mod:`postkeep.listing`.
            after: the order of the last row seen; only rows that come later in the listing are given.
            low: the least order, inclusive.
            high: the greatest order, exclusive.
            limit: how many rows at most.
            sort: what the orders are of; by when posts were added there are the listings of all and of a status alone.
            ascending: whether the oldest come first.

        Raises:
            ValueError: if there is no such listing by ``sort``.
        """
        ...

    def changes(self, *, after: str, until: str, limit: int) -> list[Row]:
        """One stretch of the change feed, oldest first: where each record stands that was written last in between.

        Args:
            after: the order of the last row seen, exclusive; an instant or an instant with an id.
            until: the greatest order, inclusive.
            limit: how many rows at most.
        """
        ...

    def posts(self, post_ids: Sequence[PostId]) -> Mapping[PostId, Post]:
        """The records of up to 100 posts; the absent ones are left out."""
        ...

    def pictures(self, post_id: PostId) -> list[Picture]:
        """All pictures of a post, in the order of their ids."""
        ...

    def leads(self, posts: Sequence[Post]) -> Mapping[PostId, Picture]:
        """The first picture of each of up to 100 posts; left out where a post has none, or its record does not name it."""
        ...


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """A version of an object, as a listing of its versions shows it.

    Attributes:
        version_id: S3's name of it.
        modified: when it was written (aware, UTC; S3 says it to the second).
        current: whether it is what the key gives now.
        deleted: whether it is a delete marker, which has no bytes.
        size: in bytes; 0 for a delete marker.
        etag: without quotes; "" for a delete marker.
    """

    version_id: str
    modified: datetime
    current: bool
    deleted: bool
    size: int = 0
    etag: str = ""


@dataclass(frozen=True, slots=True)
class VersionStretch:
    """One stretch of an object's versions.

    Attributes:
        versions: the newest first.
        after: the version that the next stretch begins after; None at the end. The next stretch may be empty.
    """

    versions: list[ObjectVersion]
    after: str | None


@dataclass(frozen=True, slots=True)
class VersionContent:
    """A version that was read: its bytes and when it was written (aware, UTC)."""

    body: bytes
    modified: datetime


class Downloads(Protocol):
    """Gives out addresses at which anyone can read an object for a short while."""

    def address(self, key: str, *, version_id: str, name: str) -> str:
        """Make an address, whether or not the object is there.

        Args:
            key: the object's key.
            version_id: a version of it; "" for the current one.
            name: what a browser saves the file as.
        """
        ...


class VersionStore(Protocol):
    """The versions of the objects in one bucket."""

    def versions(self, key: str, *, after: str | None, limit: int) -> VersionStretch:
        """One stretch of an object's versions, delete markers among them; none for a key that was never written, or purged.

        Args:
            key: the object's key, exactly.
            after: the version after which the stretch begins; None for the newest.
            limit: how many versions at most.

        Raises:
            ObjectMissing: if ``after`` can be no version.
        """
        ...

    def read(self, key: str, version_id: str, *, limit: int) -> VersionContent:
        """Read a version.

        Args:
            key: the object's key.
            version_id: the version.
            limit: in bytes; a larger version is not read.

        Raises:
            ObjectMissing: if the key has no such version (any more).
            ObjectDeleted: if it is a delete marker, where the store can tell.
            ObjectTooLarge: if it has more than ``limit`` bytes; carries the size.
        """
        ...


class LedgerStore(Protocol):
    """Where it is written down which migrations an archive's data has had."""

    def read(self) -> Ledger:
        """The ledger as last written (a consistent read); an unrecorded one where there is none."""
        ...

    def swap(self, ledger: Ledger, *, replacing: Ledger) -> Ledger:
        """Write the ledger over the one that was read; gives it as it is then.

        Raises:
            Conflict: if somebody else wrote it meanwhile.
        """
        ...

    def is_empty(self) -> bool:
        """Whether there is nothing at all beside it: no record, no picture, no ledger (a consistent read)."""
        ...
