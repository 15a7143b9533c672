"""The use case of a post's history: its versions as S3 keeps them, what each said, and what changed between two."""

import codecs
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from postkeep.errors import ObjectDeleted, ObjectMissing, ObjectTooLarge, PostRejected
from postkeep.listing import instant
from postkeep.ports import ObjectVersion, VersionStore
from postkeep.post import Metadata
from query_posts import sentences
from query_posts.difference import Hunk, hunks

MAX_LISTED = 1024 * 1024
"""Bytes of a version that is read to list it, so that a page reads 20 MB at most. The largest of 50,547 real posts has 680 kB."""

MAX_COMPARED = 5 * 1024 * 1024
"""Bytes of a version that is compared: what the template lets a post have unless told otherwise."""

_REJECTION = ("status", "reason", "detail")

_READERS = 8
"""Reads at a time. A read waits for S3 for 20 to 50 ms; what is held of them in memory is bounded by this."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a version's file said.

    Attributes:
        status: ``ok``; ``rejected``; ``deleted`` for a delete marker; ``unread`` where it was not looked into.
        reason: the word of a rejection; ``too-large`` or ``purged`` for ``unread``; "" otherwise.
        detail: the sentence of it, or "".
        metadata: for ``ok``; None otherwise.
        body: what follows the front matter, for ``ok``; "" otherwise.
    """

    status: str
    reason: str = ""
    detail: str = ""
    metadata: Metadata | None = None
    body: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a history.

    Attributes:
        entries: each version and what it said, the newest first.
        after: the version after which the next page begins; None at the end.
    """

    entries: list[tuple[ObjectVersion, Said]]
    after: str | None


@dataclass(frozen=True, slots=True)
class Side:
    """One of two versions that are compared.

    Attributes:
        version_id: its name; None for what was before the first version, which is nothing.
        modified: when it was written (UTC); None where that is not known: for nothing, and for a delete marker named by a caller.
        content: its bytes; None for nothing and for a delete marker.
    """

    version_id: str | None = None
    modified: datetime | None = None
    content: bytes | None = None

    @property
    def deleted(self) -> bool:
        """Whether it is a delete marker."""
        return self.version_id is not None and self.content is None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from one version to another.

    Attributes:
        before: the one.
        after: the other.
        fields: the metadata that differ, by name: the old value and the new one; None where there is none.
        hunks: what changed of the text. Of the bodies, or of the whole files where one of them was rejected.
        breaks_alone: whether the texts differ, but in line ends and white space between lines alone.
    """

    before: Side
    after: Side
    fields: Mapping[str, tuple[Any, Any]]
    hunks: list[Hunk]
    breaks_alone: bool


def understand(content: bytes, key: str) -> Said:
    """What a file says, as parse would understand it today."""
    # Here, since a cold start that answers anything else should not pay for a YAML parser (50 ms).
    from postkeep.frontmatter import parse  # noqa: PLC0415

    try:
        parsed = parse(content, key)
    except PostRejected as error:
        return Said("rejected", error.reason, error.detail)
    return Said("ok", metadata=parsed.metadata, body=parsed.body)


def page(store: VersionStore, key: str, *, after: str | None, limit: int) -> Page:
    """Read a page of a history: one listing, and as many reads as it has versions.

    Args:
        store: the posts bucket's versions.
        key: the post object's key.
        after: where the page before ended; None for the first.
        limit: versions at most.

    Raises:
        ObjectMissing: if ``after`` can be no version.
    """
    stretch = store.versions(key, after=after, limit=limit)
    with ThreadPoolExecutor(max_workers=_READERS) as pool:
        said = pool.map(lambda version: _look_into(store, key, version), stretch.versions)
        return Page(list(zip(stretch.versions, said, strict=True)), stretch.after)


def _look_into(store: VersionStore, key: str, version: ObjectVersion) -> Said:
    if version.deleted:
        return Said("deleted")
    if version.size > MAX_LISTED:
        return Said("unread", "too-large", f"it has {version.size:,} bytes; up to {MAX_LISTED:,} are read for a listing")
    try:
        return understand(store.read(key, version.version_id, limit=MAX_LISTED).body, key)
    except ObjectMissing:
        return Said("unread", "purged", "it was purged a moment ago")


def compare(store: VersionStore, key: str, *, before: str | None, after: str | None) -> Comparison:
    """Compare two versions.

    Args:
        store: the posts bucket's versions.
        key: the post object's key.
        before: the one version; None for the one before ``after``, or for nothing where ``after`` is the first.
        after: the other version; None for the current one.

    Raises:
        ObjectMissing: if there is no such version, or none at all.
        ObjectTooLarge: if one has more than :data:`MAX_COMPARED` bytes.
    """
    new = _named(store, key, after) if after else _newest(store, key, None)
    if new.version_id is None:
        raise ObjectMissing(key)
    old = _named(store, key, before) if before else _newest(store, key, new.version_id)
    return _compared(old, new, key)


def _named(store: VersionStore, key: str, version_id: str) -> Side:
    try:
        found = store.read(key, version_id, limit=MAX_COMPARED)
    except ObjectDeleted:
        return Side(version_id)
    return Side(version_id, found.modified, found.body)


def _newest(store: VersionStore, key: str, after: str | None) -> Side:
    """The newest version, or the newest before ``after``; nothing where there is none."""
    versions = store.versions(key, after=after, limit=1).versions
    if not versions:
        return Side()
    (version,) = versions
    if version.deleted:
        return Side(version.version_id, version.modified)
    if version.size > MAX_COMPARED:
        raise ObjectTooLarge(key, version.size, MAX_COMPARED)
    return Side(version.version_id, version.modified, store.read(key, version.version_id, limit=MAX_COMPARED).body)


def _compared(before: Side, after: Side, key: str) -> Comparison:
    old, new = _said(before, key), _said(after, key)
    fields, new_fields = _fields(old), _fields(new)
    text, new_text = old.body, new.body
    if "rejected" in {old.status, new.status}:
        # What a rejected file means is not known: its front matter is compared as the text that it is.
        fields, new_fields = ({name: side[name] for name in _REJECTION if name in side} for side in (fields, new_fields))
        text, new_text = _source(before.content), _source(after.content)
    finely = max(len(text), len(new_text)) <= sentences.MAX_CHARACTERS
    found = list(hunks(sentences.split(text, finely=finely), sentences.split(new_text, finely=finely)))
    return Comparison(before, after, dict(_differing(fields, new_fields)), found, not found and text != new_text)


def _said(side: Side, key: str) -> Said:
    if side.content is not None:
        return understand(side.content, key)
    return Said("deleted" if side.deleted else "none")


def _fields(said: Said) -> dict[str, Any]:
    """What a version says, but for its text, in the order and by the names of the API's posts."""
    if said.status == "none":
        return {}
    meta = said.metadata
    if meta is None:
        return {"status": said.status, "reason": said.reason or None, "detail": said.detail or None}
    return {
        "status": said.status,
        "title": meta.title,
        "author": meta.author,
        "published": instant(meta.published) if meta.published else None,
        "date_source": meta.date_source,
        "source_url": meta.source_url,
        "tags": list(meta.tags),
        "categories": list(meta.categories),
        # No name of a stranger's can be taken for one of those above.
        **{f"extra.{name}": value for name, value in meta.extra.items()},
    }


def _differing(fields: Mapping[str, Any], new_fields: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for name in dict.fromkeys([*fields, *new_fields]):
        old, new = fields.get(name), new_fields.get(name)
        if old != new:
            yield name, (old, new)


def _source(content: bytes | None) -> str:
    """A whole file as text, whatever it is: bytes that are no UTF-8 show as their escapes."""
    text = (content or b"").removeprefix(codecs.BOM_UTF8).decode("utf-8", "backslashreplace")
    return text.replace("\r\n", "\n").replace("\r", "\n")
