"""Documents → the formats of an export that have one text a post: a line of JSON, or a Markdown file with front matter."""

import json
from typing import Any

import yaml

from postkeep.characters import decoded, in_xml
from postkeep.listing import instant
from postkeep_local.operations.exporting import Document

_MARKDOWN = (".md", ".markdown")


def line(document: Document) -> bytes:
    """A post as a line of JSON; ``docs/cli.md`` lists the fields. A lone surrogate has no UTF-8; JSON's escape stands for it."""
    post, rendition = document.post, document.rendition
    meta, counted = post.metadata, post.rendition
    value: dict[str, Any] = {
        "id": post.id,
        "key": post.key,
        "archive": post.archive,
        "status": post.status.value,
        "title": meta.title,
        "author": meta.author,
        "published": instant(meta.published) if meta.published else None,
        "date_source": meta.date_source,
        "source_url": meta.source_url,
        "tags": list(meta.tags),
        "categories": list(meta.categories),
        "extra": dict(meta.extra),
        "summary": post.summary,
        "text": rendition.text if rendition else None,
        "markdown": rendition.markdown if rendition else None,
        "html": rendition.html if rendition and rendition.is_whole else None,
        "removed": [{"rule": removal.rule, "text": removal.text} for removal in rendition.removed] if rendition else [],
        "pictures": [
            {"id": picture.id, "address": picture.address, "alt": picture.alt, "caption": picture.caption}
            for picture in (rendition.pictures if rendition else ())
        ],
        "language": counted.language if counted else None,
        "words": counted.words if counted else 0,
        "size": post.size,
        "content_hash": post.content_hash,
        "added": instant(post.added),
        "changed": instant(post.changed),
        "rejected": post.reason or None,
        "detail": post.detail or None,
        "warnings": list(post.warnings),
    }
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def markdown(document: Document) -> tuple[str, bytes]:
    """A post's cleaned text as a post file of its own: its path and its bytes.

    Its front matter says of title, author, date, address, tags and categories what the record says.

    Args:
        document: with a text.
    """
    post, meta = document.post, document.post.metadata
    said: dict[str, Any] = {
        "title": meta.title,
        "date": instant(meta.published) if meta.published else "",
        "author": meta.author,
        "from": meta.source_url or "",
        "tags": list(meta.tags),
        "categories": list(meta.categories),
    }
    front_matter = yaml.safe_dump(
        {key: _plain(value) for key, value in said.items() if value}, allow_unicode=True, sort_keys=False, width=2**20
    )
    body = document.rendition.markdown if document.rendition else ""
    text = f"---\n{front_matter if any(said.values()) else ''}---\n{body.rstrip()}\n"
    key = post.key if post.key.endswith(_MARKDOWN) else f"{post.key}.md"
    return key, text.encode("utf-8", "replace")


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    text = in_xml(value)
    # Whoever reads it decodes character references.
    return text if decoded(text) == text else text.replace("&", "&amp;")
