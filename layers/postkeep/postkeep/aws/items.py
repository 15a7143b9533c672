"""How Posts and Pictures are written as DynamoDB items. The key schema is in ``docs/decisions/0002-key-schema.md``."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from postkeep.listing import SHARDS, UNKNOWN, content_hash, instant, order, own_listings, partition_of, shard
from postkeep.post import (
    Edition,
    Metadata,
    Original,
    Picture,
    PictureId,
    PictureStatus,
    Post,
    PostId,
    Rendition,
    Revision,
    Status,
    Thumbnail,
)

type Item = dict[str, Any]
"""Attribute values by name, in the client's typed form (``{"S": …}``)."""

NO_TEXT = "-"
"""The edition of a record without a text: conditions are on it, so that it is always there."""

_DATE_SOURCE = "front-matter"
"""Where the date of all but a few posts is found; it goes without saying."""

ROW = "ROW#"
"""What the sort keys of a record's rows begin with."""

_RENDITION = frozenset(field.name for field in fields(Rendition))

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


def typed(value: Mapping[str, Any]) -> Item:
    """Python values to DynamoDB's."""
    return {name: _serialize(entry) for name, entry in value.items()}


def plain(item: Mapping[str, Any]) -> dict[str, Any]:
    """DynamoDB's values to Python's."""
    # Most are strings; the way through boto3 takes ten times as long.
    return {name: entry["S"] if "S" in entry else _deserialize(entry) for name, entry in item.items()}


def post_key(post_id: PostId) -> Item:
    """The primary key of a Post."""
    return typed({"pk": f"POST#{post_id}", "sk": "POST"})


def pictures_partition(post_id: PostId) -> str:
    """The partition of a post's pictures. It is not the Post's own, so that a role can be held to pictures by leading key."""
    return f"PICTURES#{post_id}"


def picture_key(post_id: PostId, edition: Edition, picture_id: PictureId) -> Item:
    """The primary key of a Picture."""
    return typed({"pk": pictures_partition(post_id), "sk": f"{edition}#{picture_id}"})


def feed_of(post_id: PostId) -> str:
    """The partition of the change feed that a post is in."""
    return feeds()[shard(post_id)]


def feeds() -> list[str]:
    """The partitions of the change feed: every write of every record moves a row of it."""
    return [f"FEED#{n}" for n in range(SHARDS)]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def changed_values(post_id: PostId, changed: datetime) -> dict[str, str]:
    """The attributes that the change feed is indexed by."""
    return {"feed": feed_of(post_id), "changed": f"{instant(changed)}#{post_id}"}


def row_values(listing: str, position: str) -> dict[str, str]:
    """A row: a thin item beside a record that puts the post into one more listing.

    Args:
        listing: its name.
        position: where the post stands in it (see :func:`postkeep.listing.order`).
    """
    post_id = position.rpartition("#")[2]
    index, partition = partition_of(listing, post_id)
    return {"pk": f"POST#{post_id}", "sk": f"{ROW}{listing}", index.attribute: partition, "published": position}


def post_values(post: Post) -> dict[str, Any]:
    """A Post's attributes, without those that say nothing.

    What can be told from another attribute has none of its own (the times from the orders, the archive and the id from the key):
    an item of up to 1,024 bytes costs half of a larger one.
    """
    meta = post.metadata
    values: dict[str, Any] = {
        "pk": f"POST#{post.id}",
        "sk": "POST",
        **changed_values(post.id, post.changed),
        "published": order(post),
        "added": f"{instant(post.added)}#{post.id}",
        "key": post.key,
        "status": post.status.value,
        "saying": post.saying,
        "sequencer": post.revision.sequencer,
        "version_id": post.revision.version_id,
        "etag": post.revision.etag,
        "generation": post.generation,
        "settled": post.settled,
        "edition": post.edition or NO_TEXT,
        "title": meta.title,
        "date_source": meta.date_source if meta.published and meta.date_source != _DATE_SOURCE else None,
        "source_url": meta.source_url,
        # As JSON text: DynamoDB has no floats, and nobody queries inside.
        "extra": json.dumps(meta.extra, ensure_ascii=False, separators=(",", ":")) if meta.extra else None,
        "size": post.size,
        "reason": post.reason,
        "detail": post.detail,
        "warnings": list(post.warnings),
        "rendition": rendition_value(post.rendition) if post.rendition else None,
        "summary": post.summary,
        "expires": int(post.expires.timestamp()) if post.expires else None,
        "leftovers": list(post.leftovers),
    }
    for listing in own_listings(post):
        index, partition = partition_of(listing, post.id)
        values[index.attribute] = partition
    # What an index lists as it is needs no second place.
    if meta.author != values.get("author"):
        values["author_name"] = meta.author
    if meta.tags != (values.get("tag"),):
        values["tags"] = list(meta.tags)
    if meta.categories != (values.get("category"),):
        values["categories"] = list(meta.categories)
    return {name: value for name, value in values.items() if value not in (None, "", [], False)}


def post_item(post: Post) -> Item:
    """A Post as an item."""
    return typed(post_values(post))


def rendition_value(rendition: Rendition) -> dict[str, Any]:
    """A Rendition as a map, without a lead where there is none."""
    return {name: value for name, value in asdict(rendition).items() if name != "lead" or value}


def post_of(item: Mapping[str, Any]) -> Post:
    """The Post that an item holds."""
    value = plain(item)
    rendition = value.get("rendition")
    published = value["published"].partition("#")[0]
    return Post(
        key=value["key"],
        status=Status(value["status"]),
        revision=Revision(value["sequencer"], value.get("version_id", ""), value.get("etag", "")),
        generation=int(value["generation"]),
        added=_moment(value["added"].partition("#")[0]),
        changed=_moment(value["changed"].partition("#")[0]),
        metadata=Metadata(
            title=value.get("title", ""),
            author=value.get("author_name", value.get("author", "")),
            published=None if published == UNKNOWN else _moment(published),
            date_source=value.get("date_source", "unknown" if published == UNKNOWN else _DATE_SOURCE),
            source_url=value.get("source_url"),
            tags=tuple(value.get("tags", [value["tag"]] if "tag" in value else ())),
            categories=tuple(value.get("categories", [value["category"]] if "category" in value else ())),
            extra=json.loads(value.get("extra", "{}")),
        ),
        size=int(value.get("size", 0)),
        content_hash=content_hash(value["content"]) if "content" in value else "",
        reason=value.get("reason", ""),
        detail=value.get("detail", ""),
        warnings=tuple(value.get("warnings", ())),
        rendition=_rendition(rendition) if rendition else None,
        summary=value.get("summary", ""),
        expires=datetime.fromtimestamp(int(value["expires"]), UTC) if "expires" in value else None,
        saying=value.get("saying", ""),
        settled=value.get("settled", False),
        leftovers=tuple(value.get("leftovers", ())),
    )


def _rendition(value: Mapping[str, Any]) -> Rendition:
    # While a new version is rolled out, functions of the old one read what it has written.
    known: dict[str, Any] = {name: entry for name, entry in value.items() if name in _RENDITION}
    known |= {name: int(entry) for name, entry in known.items() if isinstance(entry, Decimal)}
    return Rendition(**known)


def picture_item(post_id: PostId, picture: Picture) -> Item:
    """A Picture as an item; one to be tried again has the attributes that the sweep is indexed by."""
    item: dict[str, Any] = {
        "address": picture.address,
        "status": picture.status.value,
        "reason": picture.reason,
        "detail": picture.detail,
        "thumbnails": [{"name": t.name, "width": t.width, "height": t.height, "bytes": t.bytes} for t in picture.thumbnails],
        "width": picture.width,
        "height": picture.height,
        "attempts": picture.attempts,
    }
    if picture.fallbacks:
        item["fallbacks"] = list(picture.fallbacks)
    if picture.staged:
        item["staged"] = picture.staged
    if picture.original:
        item["original"] = asdict(picture.original) | {"fetched": instant(picture.original.fetched)}
    if picture.next_try:
        item |= {
            "next_try": instant(picture.next_try),
            "due": "DUE",
            "due_order": f"{instant(picture.next_try)}#{post_id}#{picture.id}",
        }
    return picture_key(post_id, picture.edition, picture.id) | typed(item)


def picture_of(item: Mapping[str, Any]) -> Picture:
    """The Picture that an item holds."""
    value = plain(item)
    edition, _, identity = value["sk"].partition("#")
    return Picture(
        id=identity,
        edition=edition,
        address=value["address"],
        status=PictureStatus(value["status"]),
        reason=value["reason"],
        detail=value["detail"],
        thumbnails=tuple(map(thumbnail_of, value["thumbnails"])),
        width=int(value["width"]),
        height=int(value["height"]),
        attempts=int(value["attempts"]),
        next_try=_moment(value["next_try"]) if "next_try" in value else None,
        original=_original(value["original"]) if "original" in value else None,
        fallbacks=tuple(value.get("fallbacks", ())),
        staged=value.get("staged", ""),
    )


def thumbnail_of(value: Mapping[str, Any]) -> Thumbnail:
    """The Thumbnail that an entry of a picture's item holds."""
    # Before there were other formats than WebP, thumbnails were named after their own bytes.
    name = value.get("name") or f"{value['address']}.webp"
    return Thumbnail(name, int(value["width"]), int(value["height"]), int(value["bytes"]))


def _original(value: Mapping[str, Any]) -> Original:
    return Original(**{**value, "bytes": int(value["bytes"]), "fetched": _moment(value["fetched"])})
