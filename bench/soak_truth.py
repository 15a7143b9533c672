"""What the posts bucket says must be there: each object read by Postkeep's own use cases, on a table and buckets in memory.

This is the clean run that everything is held against: one event, no fault, nobody else at work.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import Any

import msgspec

from fakes.memory import MemoryBucket, MemoryQueue, MemoryTable
from parse_post.ingest import Ingest
from postkeep.aws.items import ROW
from postkeep.messages import RenderRequest
from postkeep.post import Picture, Post, post_id
from postkeep.renditions import RenditionObject
from query_posts.views import post_detail, post_view
from render_post.rendering import Rendering
from support.posts import EPOCH

_MAX_BYTES = 5_242_880
"""The template's ``MaxPostBytes``."""

_VOLATILE = ("added", "changed")
"""What depends on when a post was recorded."""


@dataclass(frozen=True, slots=True)
class Held:
    """The newest version of a key in the posts bucket.

    Attributes:
        version: its id.
        content: None for a delete marker.
    """

    version: str
    content: bytes | None


@dataclass(frozen=True, slots=True)
class Clean:
    """What must be there of one key.

    Attributes:
        post: the record.
        text: the rendition; None where there is none to be.
        pictures: the pictures' items.
        rows: of the table, beside the record: sort keys and attributes.
    """

    post: Post
    text: RenditionObject | None = None
    pictures: tuple[Picture, ...] = ()
    rows: Mapping[str, Any] = field(default_factory=dict)

    @property
    def described(self) -> dict[str, dict[str, str]]:
        """The alt and the caption of each picture, in the order of the article."""
        found = self.text.pictures if self.text else ()
        return {picture.id: {"alt": picture.alt, "caption": picture.caption} for picture in found}

    def view(self) -> dict[str, Any]:
        """As a listing of the API shows it, but for what depends on when it was recorded, and the picture."""
        return lasting(msgspec.to_builtins(post_view(self.post)))

    def detail(self) -> dict[str, Any]:
        """As the API shows it by itself, likewise; of the pictures what the article says of them."""
        shown = lasting(msgspec.to_builtins(post_detail(self.post, list(self.pictures), self.described)))
        return shown | {"picture_items": [told(picture) for picture in shown["picture_items"]]}


def lasting(shown: Mapping[str, Any]) -> dict[str, Any]:
    """What the API shows of a post, without what depends on when it was recorded."""
    return {name: value for name, value in shown.items() if name not in _VOLATILE and name != "picture"}


def told(picture: Mapping[str, Any]) -> dict[str, Any]:
    """What the API shows of a picture, of that what the article says of it."""
    return {name: picture[name] for name in ("id", "address", "alt", "caption")}


def clean(key: str, content: bytes | None) -> Clean:
    """What must be there of a key with this content; None for one that was deleted."""
    table, objects, archive = MemoryTable(), MemoryBucket(), MemoryBucket()
    renders, others = MemoryQueue(), MemoryQueue()
    objects.put(key, content or b"", content_type="")
    if content is None:
        objects.delete([key])
    Ingest(table, renders, _MAX_BYTES, timedelta(days=90), lambda: EPOCH)(key, "1", objects)
    rendering = Rendering(
        posts=table,
        pictures=table,
        objects=objects,
        archive=archive,
        thumbnails=others,
        max_bytes=_MAX_BYTES,
        fetch_pictures=True,
        now=lambda: EPOCH,
        index=others,
    )
    for body in renders.sent:
        rendering(RenderRequest.decode(body))
    post = table.get(post_id(key))
    if post is None:
        raise AssertionError(key)
    text = RenditionObject.decode(archive.get(post.rendition.key, limit=2**40).body) if post.rendition else None
    return Clean(post, text, tuple(table.of_post(post.id)), rows_of(table.dynamodb.items.values()))


def rows_of(items: Any) -> dict[str, Any]:
    """A post's rows among items of the table, by their sort keys."""
    return {item["sk"]["S"]: item for item in items if item["sk"]["S"].startswith(ROW)}


def essence(post: Post) -> dict[str, Any]:
    """All that a record says, without what depends on when and how often it was written."""
    said = asdict(replace(post, generation=1, added=EPOCH, changed=EPOCH, expires=None))
    said["revision"] = post.revision.etag
    if post.rendition:
        said["rendition"] = asdict(replace(post.rendition, key=""))
    return said


def wording(text: RenditionObject) -> dict[str, Any]:
    """All that a rendition says, without which generation of its post it is of."""
    return asdict(replace(text, generation=1))
