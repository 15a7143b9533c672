"""The use case of parse: make the record of a key agree with the object that is there now.

An event is a hint. It may come late, twice or out of order, so what is recorded is what the bucket holds when the handler
looks, and the event's sequencer only guards the write: see ``docs/decisions/0003-convergence.md``.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from postkeep.errors import Conflict, ObjectMissing, ObjectTooLarge, PostRejected, Superseded
from postkeep.frontmatter import parse
from postkeep.messages import RenderRequest
from postkeep.ports import ObjectStore, PostStore, Queue
from postkeep.post import Metadata, Post, Revision, Status, pad_sequencer, post_id

_ATTEMPTS = 5
"""How often a lost race is run again within an invocation; after that the event is retried as a whole."""


class Outcome(StrEnum):
    """What became of an event."""

    RECORDED = "recorded"
    REJECTED = "rejected"
    DELETED = "deleted"
    UNCHANGED = "unchanged"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Ingest:
    """The use case and what it works on.

    Attributes:
        posts: the records.
        renders: the render queue.
        max_bytes: a larger object is rejected.
        tombstone_life: how long a tombstone is kept.
        now: the clock (aware, UTC).
    """

    posts: PostStore
    renders: Queue
    max_bytes: int
    tombstone_life: timedelta
    now: Callable[[], datetime]

    def __call__(self, key: str, sequencer: str | None, objects: ObjectStore) -> Outcome:
        """Record the current state of the object at ``key``.

        Args:
            key: the object's key, decoded.
            sequencer: the event's, as S3 wrote it; None where the caller only wants the record checked against the bucket.
            objects: the posts bucket.

        Raises:
            Superseded: if a later event was recorded already.
            Conflict: if other writers won every race.
        """
        padded = pad_sequencer(sequencer) if sequencer else None
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._attempt(key, padded, objects)
            except Conflict:
                if attempt == _ATTEMPTS:
                    raise
        raise AssertionError  # pragma: no cover (the loop returns or raises)

    def _attempt(self, key: str, sequencer: str | None, objects: ObjectStore) -> Outcome:
        stored = self.posts.get(post_id(key))
        seen = stored.revision.sequencer if stored else Revision().sequencer
        if sequencer is not None and seen > sequencer:
            raise Superseded(post_id(key), "a later event is recorded")
        post = self._read(key, sequencer or seen, objects)
        if post.status is Status.DELETED and stored is None and sequencer is None:
            return Outcome.ABSENT
        if stored is not None and _same(stored, post):
            return self._keep(stored, post)
        self.posts.save(self._follow(post, stored), replacing=stored)
        self._request(post, 1 if stored is None else stored.generation + 1)
        return _outcome(post)

    def _keep(self, stored: Post, post: Post) -> Outcome:
        """The content is what is recorded: one conditional write at most, and nothing is rendered again."""
        if stored.revision != post.revision:
            self.posts.touch(post, replacing=stored)
        if stored.status is not Status.READY:
            # The first delivery may have died between its save and its send.
            self._request(post, stored.generation)
        return Outcome.UNCHANGED

    def _request(self, post: Post, generation: int) -> None:
        self.renders.send([RenderRequest(post.id, generation).encode()])

    def _follow(self, post: Post, stored: Post | None) -> Post:
        """The record that comes after the stored one."""
        if stored is None:
            return post
        lives_on = Status.DELETED not in {stored.status, post.status}
        return replace(post, generation=stored.generation + 1, added=stored.added if lives_on else post.added)

    def _read(self, key: str, sequencer: str, objects: ObjectStore) -> Post:
        """The first-generation record of what the bucket holds now."""
        now = self.now()
        draft = Post(key=key, status=Status.DELETED, revision=Revision(sequencer), generation=1, added=now, changed=now)
        try:
            found = objects.get(key, limit=self.max_bytes)
        except ObjectMissing:
            return replace(draft, expires=now + self.tombstone_life)
        except ObjectTooLarge as error:
            detail = f"the file has {error.size:,} bytes; the limit is {error.limit:,}"
            return replace(draft, status=Status.REJECTED, size=error.size, reason="too-large", detail=detail)
        present = replace(
            draft,
            revision=Revision(sequencer, found.version_id, found.etag),
            size=len(found.body),
            content_hash=hashlib.sha256(found.body).hexdigest(),
        )
        try:
            parsed = parse(found.body, key)
        except PostRejected as error:
            return replace(present, status=Status.REJECTED, reason=error.reason, detail=error.detail)
        return replace(present, status=Status.PENDING, metadata=parsed.metadata, warnings=parsed.warnings)


def _content(post: Post) -> tuple[bool, int, str, Metadata, str, str, tuple[str, ...]]:
    """What a record says of its object's content, without its revision and its progress."""
    return post.status is Status.DELETED, post.size, post.content_hash, post.metadata, post.reason, post.detail, post.warnings


def _same(stored: Post, post: Post) -> bool:
    return _content(stored) == _content(post)


def _outcome(post: Post) -> Outcome:
    return {Status.DELETED: Outcome.DELETED, Status.REJECTED: Outcome.REJECTED}.get(post.status, Outcome.RECORDED)
