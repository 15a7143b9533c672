"""In-memory implementations of the ports. They pass the same contract tests as the adapters."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from postkeep.errors import Conflict, ObjectMissing, ObjectTooLarge, Superseded
from postkeep.listing import listings, order
from postkeep.ports import Row, StoredObject
from postkeep.post import Picture, PictureId, Post, PostId, Rendition, Status


@dataclass
class MemoryTable:
    """PostStore, PictureStore and Listings over dictionaries."""

    records: dict[PostId, Post] = field(default_factory=dict)
    items: dict[PostId, dict[PictureId, Picture]] = field(default_factory=dict)

    def get(self, post_id: PostId) -> Post | None:
        return self.records.get(post_id)

    def save(self, post: Post, *, replacing: Post | None) -> None:
        self._check(post, replacing)
        self.records[post.id] = post

    def touch(self, post: Post, *, replacing: Post) -> None:
        self._check(post, replacing)
        self.records[post.id] = replace(self.records[post.id], revision=post.revision)

    def finish(self, post: Post, rendition: Rendition, *, summary: str, changed: datetime) -> None:
        self._check_generation(post)
        self.records[post.id] = replace(
            self.records[post.id], status=Status.READY, rendition=rendition, summary=summary, changed=changed
        )

    def of_post(self, post_id: PostId) -> list[Picture]:
        return [picture for _, picture in sorted(self.items.get(post_id, {}).items())]

    def picture(self, post_id: PostId, picture_id: PictureId) -> Picture | None:
        return self.items.get(post_id, {}).get(picture_id)

    def arrange(self, post: Post, *, add: Sequence[Picture], remove: Iterable[PictureId]) -> None:
        gone, added = list(remove), list(add)
        if gone or added:
            self._check_generation(post)
        mine = self.items.setdefault(post.id, {})
        for picture_id in gone:
            mine.pop(picture_id, None)
        for picture in added:
            mine.setdefault(picture.id, picture)

    def record(self, post_id: PostId, picture: Picture) -> None:
        if picture.id not in self.items.get(post_id, {}):
            raise Superseded(post_id, f"the picture {picture.id} is gone")
        self.items[post_id][picture.id] = picture

    def rows(self, listing: str, *, after: str | None, low: str | None, high: str | None, limit: int) -> list[Row]:
        orders = sorted((order(post) for post in self.records.values() if listing in listings(post)), reverse=True)
        fit = [o for o in orders if (not after or o < after) and (not low or o >= low) and (not high or o < high)]
        return [Row(o, o.partition("#")[2]) for o in fit[:limit]]

    def posts(self, post_ids: Sequence[PostId]) -> Mapping[PostId, Post]:
        return {post_id: self.records[post_id] for post_id in post_ids if post_id in self.records}

    def pictures(self, post_id: PostId) -> list[Picture]:
        return self.of_post(post_id)

    def _check(self, post: Post, replacing: Post | None) -> None:
        stored = self.records.get(post.id)
        if stored and stored.revision.sequencer > post.revision.sequencer:
            raise Superseded(post.id, "a later revision is recorded")
        if (stored is None) != (replacing is None) or (stored and replacing and stored.generation != replacing.generation):
            raise Conflict(post.id)

    def _check_generation(self, post: Post) -> None:
        stored = self.records.get(post.id)
        if stored is None or stored.generation != post.generation:
            raise Superseded(post.id, f"generation {post.generation} is not the current one")


@dataclass
class MemoryBucket:
    """ObjectStore: a versioned bucket."""

    versions: dict[str, list[tuple[str, bytes | None]]] = field(default_factory=dict)
    content_types: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def get(self, key: str, *, limit: int, version_id: str | None = None) -> StoredObject:
        history = self.versions.get(key, [])
        found = next((v for v in reversed(history) if version_id in (None, v[0])), None)
        if found is None or found[1] is None:
            raise ObjectMissing(key, version_id)
        if len(found[1]) > limit:
            raise ObjectTooLarge(key, len(found[1]), limit)
        return StoredObject(found[1], found[0], hashlib.md5(found[1], usedforsecurity=False).hexdigest())

    def put(self, key: str, body: bytes, *, content_type: str) -> None:
        self._add(key, body)
        self.content_types[key] = content_type

    def keys(self, prefix: str) -> Iterator[str]:
        live = [key for key, history in self.versions.items() if history[-1][1] is not None]
        yield from sorted((key for key in live if key.startswith(prefix)), key=lambda key: key.encode())

    def delete(self, keys: Iterable[str]) -> None:
        for key in list(keys):
            if key in self.versions:
                self._add(key, None)

    def _add(self, key: str, body: bytes | None) -> None:
        self.count += 1
        self.versions.setdefault(key, []).append((f"v{self.count}", body))


@dataclass
class MemoryQueue:
    """Queue: a list of what was sent."""

    sent: list[str] = field(default_factory=list)

    def send(self, bodies: Sequence[str]) -> None:
        self.sent += bodies
