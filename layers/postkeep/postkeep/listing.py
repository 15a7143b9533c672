"""The listings that a post appears in, and where the table keeps them.

A listing is a partition of an index of the table. What a post has one of (its author, its host, its content …) is an attribute of
its own record; of its tags and categories the first is, and each further one is a *row*, a thin item beside the record. See
``docs/decisions/0002-key-schema.md``.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import urlsplit

from postkeep.address import canonical
from postkeep.post import Post, PostId, Status, digest

MAX_VALUES = 20
"""Tags and categories listed, each: a record, its old rows and its new ones stay under DynamoDB's 100 items a transaction."""

SHARDS = 4
"""Partitions of what every post goes into, since one takes 1,000 writes a second. Changing it is a migration."""

UNKNOWN = "0000-00-00T00:00:00.000Z"
"""The order of posts without a date: after all others, newest first."""

_VALUE_BYTES = 512
"""A partition key has 2,048 bytes at most; a longer value is listed under its digest."""


@dataclass(frozen=True, slots=True)
class Index:
    """Where a kind of listing is kept.

    Attributes:
        name: of the table's index.
        attribute: its partition key.
        spread: whether a listing is spread over :data:`SHARDS` partitions.
    """

    name: str
    attribute: str
    spread: bool = False


INDEXES: Mapping[str, Index] = {
    "all": Index("by_published", "shelf", spread=True),
    "status": Index("by_published", "shelf"),
    "archive": Index("by_archive", "archive", spread=True),
    "author": Index("by_author", "author"),
    "host": Index("by_host", "host"),
    "address": Index("by_address", "article"),
    "content": Index("by_content", "content"),
    "tag": Index("by_tag", "tag"),
    "category": Index("by_category", "category"),
}
"""By kind of listing."""


def instant(moment: datetime | None) -> str:
    """A moment in the form that listings sort by: UTC, milliseconds, so that strings compare as instants do."""
    if moment is None:
        return UNKNOWN
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Sort(StrEnum):
    """What a listing can be sorted by; posts of the same instant are sorted by their ids."""

    PUBLISHED = "published"
    ADDED = "added"


SORTED_BY_ADDED = "by_added"
"""The index that has what :data:`INDEXES` has in ``by_published``, by :attr:`Sort.ADDED`."""


def order(post: Post, sort: Sort = Sort.PUBLISHED) -> str:
    """Where a post stands in its listings: by publication, or by when it was added; then by id."""
    moment = post.added if sort is Sort.ADDED else post.metadata.published
    return f"{instant(moment)}#{post.id}"


def name(kind: str, value: str = "") -> str:
    """The name of a listing.

    Args:
        kind: one of :data:`INDEXES`.
        value: the author's name, the tag, and so on; a long one is named by its digest, and an address always is; of content
            the SHA-256 in hex.
    """
    raw = value.encode()
    if kind == "address":
        value = digest(value)
    elif kind == "content":
        value = base64.urlsafe_b64encode(bytes.fromhex(value)).decode().rstrip("=")
    elif len(raw) > _VALUE_BYTES:
        value = "sha256:" + hashlib.sha256(raw).hexdigest()
    return f"{kind}#{value}"


def content_hash(partition: str) -> str:
    """The SHA-256 in hex that a partition of content listings stands for: what :func:`name` made shorter by a third."""
    return base64.urlsafe_b64decode(partition + "=").hex()


def address_name(url: str) -> str:
    """The name of the listing of an article's address, however the address is written."""
    return name("address", canonical(url))


def partitions(listing: str) -> tuple[Index, list[str]]:
    """The index that keeps a listing, and the partitions of it that the listing is spread over."""
    kind, _, value = listing.partition("#")
    index = INDEXES[kind]
    value = value or "live" if kind == "all" else value
    return index, [f"{value}#{n}" for n in range(SHARDS)] if index.spread else [value]


def partition_of(listing: str, post_id: PostId) -> tuple[Index, str]:
    """The index that keeps a listing, and the one partition that a post is in."""
    index, parts = partitions(listing)
    return index, parts[shard(post_id) % len(parts)]


def shard(post_id: PostId) -> int:
    """The number, below :data:`SHARDS`, of a post's partition of what every post goes into."""
    return int.from_bytes(post_id.encode()[:8], "big") % SHARDS


_VALUES: Mapping[str, Callable[[Post], Sequence[str]]] = {
    "all": lambda _: ("",),
    "archive": lambda post: (post.archive,),
    "content": lambda post: (post.content_hash,),
    "author": lambda post: _given(post.metadata.author),
    "tag": lambda post: post.metadata.tags[:MAX_VALUES],
    "category": lambda post: post.metadata.categories[:MAX_VALUES],
    "address": lambda post: _given(canonical(post.metadata.source_url) if post.metadata.source_url else ""),
    "host": lambda post: _given(source_host(post.metadata.source_url or "")),
}
"""By kind of listing, the values that a live post has; the first of a kind is kept by the record itself."""


def _given(value: str) -> Sequence[str]:
    return (value,) if value else ()


def own_listings(post: Post) -> list[str]:
    """The names of the listings that a post's record itself is in, one of a kind at most.

    Live posts are in all of them; a rejected one only among the rejected (and under its content, for copies); a tombstone among
    the deleted.
    """
    if post.status is Status.DELETED:
        return [name("status", post.status)]
    if post.status is Status.REJECTED:
        return [name("status", post.status), *([name("content", post.content_hash)] if post.content_hash else [])]
    return [name(kind, value) for kind, values in _VALUES.items() for value in values(post)[:1]]


def further_listings(post: Post) -> list[str]:
    """The names of the listings that a post is in by rows: its tags and categories but the first of each."""
    if post.status in {Status.DELETED, Status.REJECTED}:
        return []
    return [name(kind, value) for kind in ("tag", "category") for value in _VALUES[kind](post)[1:]]


def listings(post: Post) -> frozenset[str]:
    """The names of all listings that a post appears in."""
    return frozenset(own_listings(post) + further_listings(post))


def is_in(listing: str, post: Post) -> bool:
    """Whether a post appears in a listing, without naming all others that it is in."""
    if post.status in {Status.DELETED, Status.REJECTED}:
        return listing in listings(post)
    kind = listing.partition("#")[0]
    return kind in _VALUES and any(name(kind, value) == listing for value in _VALUES[kind](post))


def source_host(url: str) -> str:
    """The host of an address in lower case, without ``www.``; "" where there is none."""
    try:
        # Of what follows a percent sign, urllib leaves capitals.
        host = (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
    return host.removeprefix("www.")
