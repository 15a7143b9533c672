"""How Posts and Pictures are written as DynamoDB items. The key schema is in ``docs/decisions/0002-key-schema.md``."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from postkeep.listing import instant
from postkeep.post import Metadata, Picture, PictureStatus, Post, PostId, Rendition, Revision, Status, Thumbnail

type Item = dict[str, Any]
"""Attribute values by name, in the client's typed form (``{"S": …}``)."""

FEED_SHARDS = 4
"""Partitions of the change feed: every write of every Post moves a row of it, and one partition takes 1,000 writes a second."""

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


def typed(value: Mapping[str, Any]) -> Item:
    """Python values to DynamoDB's."""
    return {name: _serialize(entry) for name, entry in value.items()}


def plain(item: Mapping[str, Any]) -> dict[str, Any]:
    """DynamoDB's values to Python's."""
    return {name: _deserialize(entry) for name, entry in item.items()}


def post_key(post_id: PostId) -> Item:
    """The primary key of a Post."""
    return typed({"pk": f"POST#{post_id}", "sk": "POST"})


def pictures_partition(post_id: PostId) -> str:
    """The partition of a post's pictures. It is not the Post's own, so that a role can be held to pictures by leading key."""
    return f"PICTURES#{post_id}"


def picture_key(post_id: PostId, picture_id: str) -> Item:
    """The primary key of a Picture."""
    return typed({"pk": pictures_partition(post_id), "sk": picture_id})


def feed_of(post_id: PostId) -> str:
    """The partition of the change feed that a post's row is in."""
    return f"FEED#{ord(post_id[0]) % FEED_SHARDS}"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def post_item(post: Post) -> Item:
    """A Post as an item, with the attributes that the change feed is indexed by."""
    meta = post.metadata
    item: dict[str, Any] = {
        "pk": f"POST#{post.id}",
        "sk": "POST",
        "feed": feed_of(post.id),
        "change_order": f"{instant(post.changed)}#{post.id}",
        "key": post.key,
        "status": post.status.value,
        "sequencer": post.revision.sequencer,
        "version_id": post.revision.version_id,
        "etag": post.revision.etag,
        "generation": post.generation,
        "added": instant(post.added),
        "changed": instant(post.changed),
        "title": meta.title,
        "author": meta.author,
        "published": instant(meta.published) if meta.published else None,
        "date_source": meta.date_source,
        "source_url": meta.source_url,
        "tags": list(meta.tags),
        "categories": list(meta.categories),
        # As JSON text: DynamoDB has no floats, and nobody queries inside.
        "extra": json.dumps(meta.extra, ensure_ascii=False),
        "size": post.size,
        "content_hash": post.content_hash,
        "reason": post.reason,
        "detail": post.detail,
        "warnings": list(post.warnings),
        "rendition": rendition_value(post.rendition) if post.rendition else None,
        "summary": post.summary,
        "expires": int(post.expires.timestamp()) if post.expires else None,
    }
    return typed({name: value for name, value in item.items() if value is not None})


def rendition_value(rendition: Rendition) -> dict[str, Any]:
    """A Rendition as a map."""
    return {"key": rendition.key, "rules": rendition.rules, "characters": rendition.characters, "pictures": rendition.pictures}


def post_of(item: Mapping[str, Any]) -> Post:
    """The Post that an item holds."""
    value = plain(item)
    rendition = value.get("rendition")
    return Post(
        key=value["key"],
        status=Status(value["status"]),
        revision=Revision(value["sequencer"], value["version_id"], value["etag"]),
        generation=int(value["generation"]),
        added=_moment(value["added"]),
        changed=_moment(value["changed"]),
        metadata=Metadata(
            title=value["title"],
            author=value["author"],
            published=_moment(value["published"]) if "published" in value else None,
            date_source=value["date_source"],
            source_url=value.get("source_url"),
            tags=tuple(value["tags"]),
            categories=tuple(value["categories"]),
            extra=json.loads(value["extra"]),
        ),
        size=int(value["size"]),
        content_hash=value["content_hash"],
        reason=value["reason"],
        detail=value["detail"],
        warnings=tuple(value["warnings"]),
        rendition=Rendition(rendition["key"], rendition["rules"], int(rendition["characters"]), int(rendition["pictures"]))
        if rendition
        else None,
        summary=value["summary"],
        expires=datetime.fromtimestamp(int(value["expires"]), UTC) if "expires" in value else None,
    )


def picture_item(post_id: PostId, picture: Picture) -> Item:
    """A Picture as an item; one to be tried again has the attributes that the sweep is indexed by."""
    item: dict[str, Any] = {
        "pk": pictures_partition(post_id),
        "sk": picture.id,
        "address": picture.address,
        "status": picture.status.value,
        "reason": picture.reason,
        "detail": picture.detail,
        "thumbnails": [
            {"address": t.address, "width": t.width, "height": t.height, "bytes": t.bytes} for t in picture.thumbnails
        ],
        "width": picture.width,
        "height": picture.height,
        "attempts": picture.attempts,
    }
    if picture.next_try:
        item |= {
            "next_try": instant(picture.next_try),
            "due": "DUE",
            "due_order": f"{instant(picture.next_try)}#{post_id}#{picture.id}",
        }
    return typed(item)


def picture_of(item: Mapping[str, Any]) -> Picture:
    """The Picture that an item holds."""
    value = plain(item)
    return Picture(
        id=value["sk"],
        address=value["address"],
        status=PictureStatus(value["status"]),
        reason=value["reason"],
        detail=value["detail"],
        thumbnails=tuple(
            Thumbnail(t["address"], int(t["width"]), int(t["height"]), int(t["bytes"])) for t in value["thumbnails"]
        ),
        width=int(value["width"]),
        height=int(value["height"]),
        attempts=int(value["attempts"]),
        next_try=_moment(value["next_try"]) if "next_try" in value else None,
    )
