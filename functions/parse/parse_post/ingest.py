"""The use case of parse: make the record of a key agree with the object that is there now.

An event is a hint. It may come late, twice or out of order, so what is recorded is what the bucket holds when the handler
looks, and the event's sequencer only guards the write: see ``docs/decisions/0003-convergence.md``.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from postkeep.errors import Conflict, Differs, ObjectMissing, ObjectTooLarge, PostRejected
from postkeep.frontmatter import parse
from postkeep.listing import instant
from postkeep.messages import RenderRequest
from postkeep.ports import ObjectStore, PostStore, Queue
from postkeep.post import Post, Revision, Status, digest, pad_sequencer, post_id


def _nobody(_post: Post) -> None:
    """Is told nothing."""


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
        told: is told what the bucket holds, for the logs.
    """

    posts: PostStore
    renders: Queue
    max_bytes: int
    tombstone_life: timedelta
    now: Callable[[], datetime]
    told: Callable[[Post], None] = _nobody

    def __call__(self, key: str, sequencer: str | None, objects: ObjectStore) -> Outcome:
        """Record the current state of the object at ``key``.

        A post that is not known yet costs three calls: its object is read, its record is offered, its text is asked for. The same
        content put again costs the first two.

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
                return self._check(key, objects) if padded is None else self._event(self._read(key, padded, objects))
            except Conflict:
                if attempt == _ATTEMPTS:
                    raise
        raise AssertionError  # pragma: no cover (the loop returns or raises)

    def _event(self, post: Post) -> Outcome:
        """With a sequencer, which tells the later of two reads, no record is read: the refusal of the offer brings it."""
        try:
            return self._offer(post)
        except Differs as differs:
            return self._replace(post, differs.stored)

    def _check(self, key: str, objects: ObjectStore) -> Outcome:
        """Without a sequencer, the record is read before the object: what is recorded in between is never overwritten.

        The write carries the sequencer that was read, so that its condition becomes «no event was recorded since».
        """
        stored = self.posts.get(post_id(key))
        post = self._read(key, stored.revision.sequencer if stored else Revision().sequencer, objects)
        if stored is None and post.status is Status.DELETED:
            return Outcome.ABSENT
        if stored is not None and stored.saying != post.saying:
            return self._replace(post, stored)
        if stored is not None and stored.settled and stored.revision == post.revision:
            return Outcome.UNCHANGED
        try:
            return self._offer(post)
        except Differs:
            raise Conflict(post.id) from None

    def _offer(self, post: Post) -> Outcome:
        there = self.posts.offer(post)
        if there is None:
            self._request(post)
            return _outcome(post)
        if not there.settled:
            # The message may have been lost between the write and its sending.
            self._request(there)
        return Outcome.UNCHANGED

    def _replace(self, post: Post, stored: Post) -> Outcome:
        new = _following(post, stored)
        self.posts.replace(new, replacing=stored)
        self._request(new)
        return _outcome(new)

    def _request(self, post: Post) -> None:
        self.renders.send([RenderRequest(post.id, post.generation).encode()])

    def _read(self, key: str, sequencer: str, objects: ObjectStore) -> Post:
        """The first-generation record of what the bucket holds now."""
        post = self._judge(key, sequencer, objects)
        self.told(post)
        return replace(post, saying=_saying(post))

    def _judge(self, key: str, sequencer: str, objects: ObjectStore) -> Post:
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


def _following(post: Post, stored: Post) -> Post:
    """The record that comes after the stored one."""
    lives_on = Status.DELETED not in {stored.status, post.status}
    return replace(
        post,
        generation=stored.generation + 1,
        added=stored.added if lives_on else post.added,
        leftovers=stored.leftovers + ((stored.rendition.key,) if stored.rendition else ()),
    )


def _saying(post: Post) -> str:
    """The digest of what a record says of its object's content, without its revision and its progress."""
    said = [
        post.status is Status.DELETED,
        post.size,
        post.content_hash,
        {**asdict(post.metadata), "published": instant(post.metadata.published)},
        post.reason,
        post.detail,
        post.warnings,
    ]
    return digest(json.dumps(said, sort_keys=True))


def _outcome(post: Post) -> Outcome:
    return {Status.DELETED: Outcome.DELETED, Status.REJECTED: Outcome.REJECTED}.get(post.status, Outcome.RECORDED)
