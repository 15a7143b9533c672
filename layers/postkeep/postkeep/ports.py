"""What the use cases need from the outside, as small protocols.

Each has two implementations that pass the same contract tests: the adapter in ``postkeep.aws``, and an in-memory fake.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from postkeep.post import Picture, PictureId, Post, PostId, Rendition


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object that was read: its bytes and which state of it they are."""

    body: bytes
    version_id: str
    etag: str


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

    def put(self, key: str, body: bytes, *, content_type: str) -> None:
        """Write an object."""
        ...

    def keys(self, prefix: str) -> Iterator[str]:
        """The keys under a prefix, in the order of their bytes."""
        ...

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; absent ones are no error."""
        ...


class Queue(Protocol):
    """One queue, from the sender's side."""

    def send(self, bodies: Sequence[str]) -> None:
        """Send messages, each at least once, or raise."""
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
            Conflict: if the stored record is not ``replacing`` any more.
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
        """All pictures of a post, in the order of their ids (a consistent read)."""
        ...

    def picture(self, post_id: PostId, picture_id: PictureId) -> Picture | None:
        """One picture of a post (a consistent read), or None."""
        ...

    def arrange(self, post: Post, *, add: Sequence[Picture], remove: Iterable[PictureId]) -> None:
        """Add and remove pictures of a post, on condition that the post is still of the generation that was read.

        A picture that is there already is left as it is.

        Raises:
            Superseded: if the stored record has another generation.
        """
        ...

    def record(self, post_id: PostId, picture: Picture) -> None:
        """Write a picture's outcome on its own item.

        Raises:
            Superseded: if the post has no such picture any more.
        """
        ...


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a listing: where it stands in the order, and whose it is."""

    order: str
    post_id: PostId


class Listings(Protocol):
    """The posts' records, as the query function needs them."""

    def rows(self, listing: str, *, after: str | None, low: str | None, high: str | None, limit: int) -> list[Row]:
        """One stretch of a listing, newest first.

        Args:
            listing: see :mod:`postkeep.listing`.
            after: the order of the last row seen; only rows that come later in the listing are given.
            low: the least order, inclusive.
            high: the greatest order, exclusive.
            limit: how many rows at most.
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
