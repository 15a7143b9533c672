"""The listings that a post appears in: which partitions of the table, and in what order.

A listing is a partition of thin rows ``(order, post id)``, written in the same transaction as the Post. A multi-valued
attribute such as a tag needs one row a value, which an index over the Post item cannot give. See
``docs/decisions/0002-key-schema.md``.
"""

import hashlib
from datetime import UTC, datetime
from urllib.parse import urlsplit

from postkeep.post import Post, Status

MAX_VALUES = 20
"""Tags and categories listed, each: a Post, its old rows and its new ones stay under DynamoDB's 100 items a transaction."""

SHARDS = {"all": 4, "archive": 4}
"""Listings that every post goes into are spread, since one partition key takes 1,000 writes a second."""

UNKNOWN = "0000-00-00T00:00:00.000Z"
"""The order of posts without a date: after all others, newest first."""

_VALUE_BYTES = 512
"""A partition key has 2,048 bytes at most; a longer value is listed under its digest."""


def instant(moment: datetime | None) -> str:
    """A moment in the form that listings sort by: UTC, milliseconds, so that strings compare as instants do."""
    if moment is None:
        return UNKNOWN
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def order(post: Post) -> str:
    """Where a post stands in its listings: by publication, then by id."""
    return f"{instant(post.metadata.published)}#{post.id}"


def name(kind: str, value: str = "") -> str:
    """The name of a listing.

    Args:
        kind: ``all``, ``archive``, ``author``, ``tag``, ``category``, ``host``, ``url``, ``content`` or ``status``.
        value: the author's name, the tag, and so on.
    """
    raw = value.encode()
    if len(raw) > _VALUE_BYTES:
        value = "sha256:" + hashlib.sha256(raw).hexdigest()
    return f"{kind}#{value}"


def shards(listing: str) -> list[str]:
    """The partition keys that hold a listing."""
    count = SHARDS.get(listing.partition("#")[0], 1)
    return [f"LIST#{listing}"] if count == 1 else [f"LIST#{listing}#{n}" for n in range(count)]


def shard_of(listing: str, post_id: str) -> str:
    """The partition key that holds a post's row of a listing."""
    parts = shards(listing)
    return parts[int.from_bytes(post_id.encode()[:8], "big") % len(parts)]


def listings(post: Post) -> frozenset[str]:
    """The names of the listings that a post appears in.

    Live posts appear in all of them; a rejected one only among the rejected (and under its content, for copies); a
    tombstone among the deleted.
    """
    if post.status is Status.DELETED:
        return frozenset({name("status", "deleted")})
    if post.status is Status.REJECTED:
        return frozenset(
            {name("status", "rejected"), name("content", post.content_hash)}
            if post.content_hash
            else {name("status", "rejected")}
        )
    meta = post.metadata
    names = {name("all"), name("archive", post.archive), name("content", post.content_hash)}
    if meta.author:
        names.add(name("author", meta.author))
    names.update(name("tag", tag) for tag in meta.tags[:MAX_VALUES])
    names.update(name("category", category) for category in meta.categories[:MAX_VALUES])
    if meta.source_url:
        names.add(name("url", meta.source_url))
        if host := source_host(meta.source_url):
            names.add(name("host", host))
    return frozenset(names)


def source_host(url: str) -> str:
    """The host of an address in lower case, without ``www.``; "" where there is none."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return host.removeprefix("www.")
