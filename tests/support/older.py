"""Archives as earlier versions of Postkeep wrote them: items and texts by hand, out of those versions' code.

EDITIONS: records without the attribute ``edition``; texts by the cleaning 1, under a number of four digits, without HTML;
pictures that are ``done``, with thumbnails named after their own bytes. NUMBERED: records with the attribute; texts by the
cleaning 2, whole; pictures as before; no first picture. SEARCHLESS: as NUMBERED, with pictures of now and the first one named.
None of them had a search index.
"""

import hashlib
import json
from dataclasses import replace
from enum import StrEnum
from typing import Any

from postkeep.aws.items import feed_of, typed
from postkeep.frontmatter import parse
from postkeep.listing import instant, own_listings, partition_of
from postkeep.post import Post, Revision, Status, edition, pad_sequencer, picture_id, post_id
from support.posts import EPOCH

ADDRESS = "https://pictures.example/1.jpg"
"""The one picture of the posts that have one."""


class Age(StrEnum):
    """Which version wrote an archive."""

    EDITIONS = "editions"
    NUMBERED = "numbered"
    SEARCHLESS = "searchless"


def record(age: Age, post: Post, *, pictures: int = 0) -> dict[str, Any]:
    """A record's item. ``post`` says what parse would say of the file now, which is what it said then."""
    meta = post.metadata
    values: dict[str, Any] = {
        "pk": f"POST#{post.id}",
        "sk": "POST",
        "feed": feed_of(post.id),
        "changed": f"{instant(post.changed)}#{post.id}",
        "published": f"{instant(meta.published)}#{post.id}",
        "added": f"{instant(post.added)}#{post.id}",
        "key": post.key,
        "status": post.status.value,
        "saying": post.saying,
        "sequencer": post.revision.sequencer,
        "version_id": post.revision.version_id,
        "etag": post.revision.etag,
        "generation": post.generation,
        "settled": post.settled,
        "title": meta.title,
        "source_url": meta.source_url,
        "size": post.size,
        "reason": post.reason,
        "detail": post.detail,
        "warnings": list(post.warnings),
        "summary": post.summary,
    }
    for listing in own_listings(post):
        index, partition = partition_of(listing, post.id)
        values[index.attribute] = partition
    if meta.author != values.get("author"):
        values["author_name"] = meta.author
    for name, given in (("tag", meta.tags), ("category", meta.categories)):
        if given != (values.get(name),):
            values["tags" if name == "tag" else "categories"] = list(given)
    text = post.status.value == "ready"
    if text:
        values["rendition"] = {
            "key": text_key(age, post),
            "rules": _rules(age),
            "characters": 12,
            "pictures": pictures,
            "language": "zh",
            "words": 12,
            "reading_seconds": 2,
        }
        if pictures and age is Age.SEARCHLESS:
            values["rendition"]["lead"] = picture_id(ADDRESS)
    if age is not Age.EDITIONS:
        values["edition"] = edition(post.generation, _rules(age)) if text else "-"
    return typed({name: value for name, value in values.items() if value not in (None, "", [], False)})


def picture(age: Age, post: Post) -> dict[str, Any]:
    """The item of a picture that has its thumbnail."""
    thumbnail = {"width": 320, "height": 200, "bytes": 1000}
    values: dict[str, Any] = {
        "pk": f"PICTURES#{post.id}",
        "sk": f"{edition(post.generation, _rules(age))}#{picture_id(ADDRESS)}",
        "address": ADDRESS,
        "status": "done",
        "reason": "",
        "detail": "",
        "thumbnails": [{"address": "ab" * 32, **thumbnail}],
        "width": 1600,
        "height": 1000,
        "attempts": 0,
    }
    if age is Age.SEARCHLESS:
        values |= {
            "status": "ready",
            "thumbnails": [{"name": f"{'ab' * 32}-1/320.webp", **thumbnail}],
            "original": {
                "sha256": "ab" * 32,
                "bytes": 5000,
                "kind": "jpeg",
                "fetched": instant(EPOCH),
                "address": ADDRESS,
                "media_type": "image/jpeg",
                "animated": False,
                "partial": False,
                "placeholder": "1QcSHQRnh493V4dIh4eXh1h4kJUI",
                "colour": "#804020",
            },
        }
    return typed(values)


def text_key(age: Age, post: Post) -> str:
    """Where a text lies."""
    return f"renditions/{post.id}/{edition(post.generation, _rules(age))}.json"


def text(age: Age, post: Post, *, pictures: int = 0) -> bytes:
    """The object of a text: what it says is not what this version makes of the file, so that one sees which is there."""
    fields: dict[str, Any] = {
        "v": 1 if age is Age.EDITIONS else 2,
        "post_id": post.id,
        "generation": post.generation,
        "rules": _rules(age),
        "markdown": "旧的茶文。\n",
        "text": "旧的茶文。",
        "pictures": [{"id": picture_id(ADDRESS), "address": ADDRESS, "alt": "", "caption": ""}] * pictures,
        "summary": "旧的茶文。",
        "warnings": [],
    }
    if age is not Age.EDITIONS:
        fields |= {"html": "<p>旧的茶文。</p>", "removed": []}
    return json.dumps(fields, ensure_ascii=False).encode()


def recorded(key: str, body: bytes, **changes: Any) -> Post:
    """What is recorded of a file that can be read."""
    post = Post(
        key=key,
        status=Status.READY,
        revision=Revision(pad_sequencer("A1"), "v1", hashlib.md5(body, usedforsecurity=False).hexdigest()),
        generation=1,
        added=EPOCH,
        changed=EPOCH,
        metadata=parse(body, key).metadata,
        size=len(body),
        content_hash=hashlib.sha256(body).hexdigest(),
        summary="旧的茶文。",
        settled=True,
    )
    assert post.id == post_id(key)
    return replace(post, **changes)


def _rules(age: Age) -> int:
    return 1 if age is Age.EDITIONS else 20_000
