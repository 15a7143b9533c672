"""In-memory implementations of the ports. They pass the same contract tests as the adapters."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from fakes.dynamodb import MemoryDynamo
from postkeep.aws.dynamodb import DynamoListings, DynamoPictures, DynamoPosts
from postkeep.errors import ObjectChanged, ObjectMissing, ObjectTooLarge
from postkeep.ports import Listed, Page, StoredObject
from postkeep.post import Post
from support.posts import EPOCH
from support.template import table_definition


class MemoryTable(DynamoPosts, DynamoPictures, DynamoListings):
    """PostStore, PictureStore and Listings: the adapters themselves, on a table in memory."""

    def __init__(self) -> None:
        self.dynamodb = MemoryDynamo(_INDEXES)
        super().__init__("posts", cast("Any", self.dynamodb))

    def add(self, *posts: Post) -> None:
        """Have records that are settled as far as they can be without a text: their rows are there."""
        for post in posts:
            self.offer(post)
            if filed := self.filed(post.id):
                self.settle(filed, None, changed=post.changed)


_INDEXES = {
    index["IndexName"]: (index["KeySchema"][0]["AttributeName"], index["KeySchema"][1]["AttributeName"])
    for index in table_definition()["GlobalSecondaryIndexes"]
}


@dataclass
class MemoryBucket:
    """ObjectStore: a versioned bucket."""

    versions: dict[str, list[tuple[str, bytes | None]]] = field(default_factory=dict)
    content_types: dict[str, str] = field(default_factory=dict)
    immutable: set[str] = field(default_factory=set)
    count: int = 0
    modified: dict[str, datetime] = field(default_factory=dict)
    now: datetime = EPOCH

    def get(self, key: str, *, limit: int, version_id: str | None = None) -> StoredObject:
        history = self.versions.get(key, [])
        found = next((v for v in reversed(history) if version_id in (None, v[0])), None)
        if found is None or found[1] is None:
            raise ObjectMissing(key, version_id)
        if len(found[1]) > limit:
            raise ObjectTooLarge(key, len(found[1]), limit)
        return StoredObject(found[1], found[0], hashlib.md5(found[1], usedforsecurity=False).hexdigest())

    def newer(self, key: str, *, limit: int, than: str) -> StoredObject | None:
        found = self.get(key, limit=2**62)
        if found.etag == than:
            return None
        return self.get(key, limit=limit)

    def part(self, key: str, *, length: int) -> bytes:
        assert length > 0
        return self.get(key, limit=2**62).body[:length]

    def put(self, key: str, body: bytes, *, content_type: str, immutable: bool = False) -> None:
        self._add(key, body)
        self.content_types[key] = content_type
        if immutable:
            self.immutable.add(key)

    def swap(self, key: str, body: bytes, *, replacing: str | None) -> None:
        try:
            there: str | None = self.get(key, limit=2**40).etag
        except ObjectMissing:
            there = None
        if there != replacing:
            raise ObjectChanged(key)
        self.put(key, body, content_type="application/json")

    def keys(self, prefix: str) -> Iterator[str]:
        live = [key for key, history in self.versions.items() if history[-1][1] is not None]
        yield from sorted((key for key in live if key.startswith(prefix)), key=lambda key: key.encode())

    def page(self, prefix: str, *, after: str = "", limit: int = 1000) -> Page:
        keys = [key for key in self.keys(prefix) if key.encode() > after.encode()]
        return Page(tuple(map(self._listed, keys[:limit])), len(keys) > limit)

    def _listed(self, key: str) -> Listed:
        found = self.get(key, limit=2**62)
        return Listed(key, found.etag, len(found.body), self.modified[key])

    def delete(self, keys: Iterable[str]) -> None:
        for key in list(keys):
            if key in self.versions:
                self._add(key, None)

    def _add(self, key: str, body: bytes | None) -> None:
        self.count += 1
        self.modified[key] = self.now
        self.versions.setdefault(key, []).append((f"v{self.count}", body))


@dataclass
class MemoryQueue:
    """Queue: a list of what was sent, and of the delays of what was delayed."""

    sent: list[str] = field(default_factory=list)
    delays: dict[str, int] = field(default_factory=dict)

    def send(self, bodies: Sequence[str], *, delays: Sequence[int] = ()) -> None:
        if delays:
            self.delays |= dict(zip(bodies, delays, strict=True))
        self.sent += bodies
