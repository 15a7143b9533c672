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


class PostStore(Protocol):
    """The posts' records, as parse and render need them."""

    def get(self, post_id: PostId) -> Post | None:
        """The record as last written (a consistent read), or None."""
        ...

    def save(self, post: Post, *, replacing: Post | None) -> None:
        """Write the record and exactly the listing rows that it calls for, in one transaction.

        Args:
            post: the new record.
            replacing: the record that was read; its rows that the new one no longer calls for are deleted.

        Raises:
            Superseded: if a record with a later sequencer is stored.
            Conflict: if the stored record is not ``replacing`` any more.
        """
        ...

    def touch(self, post: Post, *, replacing: Post) -> None:
        """Write only the revision of a record whose content is unchanged: one conditional write.

        Raises:
            Superseded: as for :meth:`save`.
            Conflict: as for :meth:`save`.
        """
        ...

    def finish(self, post: Post, rendition: Rendition, *, summary: str, changed: datetime) -> None:
        """Record the rendition on the post that was read, and make it READY.

        Args:
            post: the record that was read.
            rendition: the text that was made of it.
            summary: the first words of the text.
            changed: now (UTC).

        Raises:
            Superseded: if the stored record has another generation.
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

    def posts(self, post_ids: Sequence[PostId]) -> Mapping[PostId, Post]:
        """The records of up to 100 posts; the absent ones are left out."""
        ...

    def pictures(self, post_id: PostId) -> list[Picture]:
        """All pictures of a post, in the order of their ids."""
        ...
