"""The use case of the indexer: make the index agree with the records of some posts.

The order of its steps is what makes the index converge. The manifest is read first, then the records, consistently, and the
commit holds only where the manifest is still the one that was read: so what is committed is at least as new as every commit
before it. A message is a hint; it does not matter how often, how late or in which order it comes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from shutil import rmtree

from postkeep.errors import Conflict, ObjectChanged, ObjectMissing
from postkeep.ports import ObjectStore, PostStore
from postkeep.post import Post, PostId, Status
from postkeep.renditions import RenditionObject
from search_posts.documents import Document
from search_posts.engines import Assembled, Engine
from search_posts.entries import entry_of, stamp_of
from search_posts.manifest import Manifest, Segment, month
from search_posts.packing import Marks, Stamp
from search_posts.store import IndexStore

ATTEMPTS = 40
"""How often a race is run within an invocation. Each has a winner, but one of two indexers may lose many in a row to batches that
are made faster than its own; given up, its messages would wait for the queue's visibility timeout."""

_RENDITION_BYTES = 256 * 1024 * 1024
"""As query's limit: a text of the longest body has a tenth of it."""

_BUILT = "built"


class Fate(StrEnum):
    """What became of a post that did not fail.

    WAITING: it has no text yet, or not that any more which its record named; render tells when there is one.
    """

    INDEXED = "indexed"
    REMOVED = "removed"
    UNCHANGED = "unchanged"
    WAITING = "waiting"


type Each = Callable[[Callable[[PostId], "Look"], Iterable[PostId]], Iterable["Look"]]


@dataclass(frozen=True, slots=True)
class Look:
    """What a record says of a post's entry.

    Attributes:
        post_id: whose.
        post: the record, where the post is to be found; None where it is not.
        waits: whether nothing is to be done: there is no text yet, and render tells when there is.
        error: what kept the record from being read, or None.
    """

    post_id: PostId
    post: Post | None = None
    waits: bool = False
    error: Exception | None = None


@dataclass(slots=True)
class Outcome:
    """What became of the posts.

    Attributes:
        added: entries that were made, in place of earlier ones too.
        removed: entries that went and have none in their place.
        unchanged: posts whose entry was right, or waits for a text.
        failed: posts whose entry could not be made, and why: they are to be tried again.
        posts: in the index, after it.
        segments: likewise.
        fates: of each post that did not fail.
    """

    added: int = 0
    removed: int = 0
    unchanged: int = 0
    failed: dict[PostId, Exception] = field(default_factory=dict)
    posts: int = 0
    segments: int = 0
    fates: dict[PostId, Fate] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Revised:
    """A manifest that is not committed yet.

    Attributes:
        manifest: None where nothing is to be done.
        written: the segment that was written for it.
        outcome: what becomes of the posts with it.
    """

    manifest: Manifest | None
    written: tuple[Segment, ...]
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Indexing[Found: Assembled]:
    """The use case and what it works on.

    Attributes:
        posts: the records.
        archive: the archive bucket, for the texts.
        store: the index.
        engine: what makes segments.
        now: the clock (aware, UTC).
        scratch: gives a folder that is there, empty, and goes in the end.
        each: does something for each of some posts, several at the same time where it can.
        pause: waits a moment after so many lost races, so that those who lose do not all begin again at once.
    """

    posts: PostStore
    archive: ObjectStore
    store: IndexStore
    engine: Engine[Found]
    now: Callable[[], datetime]
    scratch: Callable[[], AbstractContextManager[Path]]
    each: Each = map
    pause: Callable[[int], None] = lambda _: None

    def __call__(self, post_ids: Iterable[PostId]) -> Outcome:
        """Make the index agree with the records of some posts, in one commit.

        Raises:
            Conflict: if other indexers won every race.
            ManifestInvalid: if the manifest cannot be read.
            ObjectMissing, SegmentInvalid: if a segment that the manifest names is gone or damaged.
        """
        wanted = list(dict.fromkeys(post_ids))
        for lost in range(ATTEMPTS):
            standing = self.store.standing()
            revised = self.revise(standing.manifest, wanted)
            new = self._told(revised, standing.manifest, wanted)
            if new is None:
                return revised.outcome
            try:
                self.store.swap(new, standing)
            except ObjectChanged:
                self.store.drop(revised.written)
                self.pause(lost + 1)
                continue
            return revised.outcome
        raise Conflict("the search index")

    def _told(self, revised: Revised, manifest: Manifest, post_ids: Sequence[PostId]) -> Manifest | None:
        """What to commit, or None for nothing.

        While the index is made again, there is always something to: whoever does that may have read a post before its record
        became what was found here, and is told to read it once more.
        """
        new = revised.manifest
        if manifest.rebuild is None or not post_ids:
            return new
        now = self.now()
        return (new or manifest.following(manifest.segments, now)).touching(post_ids, now)

    def revise(self, manifest: Manifest, post_ids: Sequence[PostId]) -> Revised:
        """Make the manifest that follows one, with the entries of some posts as their records have them now.

        Args:
            manifest: was read before this is called.
            post_ids: each once.

        Raises:
            ObjectMissing, SegmentInvalid: if a segment that the manifest names is gone or damaged.
        """
        marks = {segment.id: self.store.marks(segment) for segment in manifest.segments}
        outcome = Outcome()
        places = {post_id: _place(manifest, marks, post_id) for post_id in post_ids}
        changed: list[Post] = []
        gone: list[PostId] = []
        for look in self.each(self.look, post_ids):
            place = places[look.post_id]
            if look.error is not None:
                outcome.failed[look.post_id] = look.error
            elif look.waits or (look.post is None and place is None):
                outcome.unchanged += 1
                outcome.fates[look.post_id] = Fate.WAITING if look.waits else Fate.UNCHANGED
            elif look.post is None:
                gone.append(look.post_id)
                outcome.fates[look.post_id] = Fate.REMOVED
            elif place is not None and marks[place[0]].stamps[place[1]] == stamp_of(look.post):
                outcome.unchanged += 1
                outcome.fates[look.post_id] = Fate.UNCHANGED
            else:
                changed.append(look.post)
        outcome.removed = len(gone)
        written, made = self.write(changed, outcome)
        outcome.added = len(made)
        outcome.fates |= dict.fromkeys(made, Fate.INDEXED)
        dead = _by_segment(places[post_id] for post_id in [*gone, *made])
        if not written and not dead:
            outcome.posts, outcome.segments = manifest.posts, len(manifest.segments)
            return Revised(None, (), outcome)
        segments = [segment.without(dead.get(segment.id, ())) for segment in manifest.segments]
        new = manifest.following([*segments, *written], self.now())
        outcome.posts, outcome.segments = new.posts, len(new.segments)
        return Revised(new, written, outcome)

    def look(self, post_id: PostId) -> Look:
        """What a post's record says now."""
        try:
            post = self.posts.get(post_id)
        except Exception as error:  # noqa: BLE001 (the other posts of the batch must not wait for this one)
            return Look(post_id, error=error)
        if post is None or post.status in {Status.DELETED, Status.REJECTED}:
            return Look(post_id)
        return Look(post_id, post, waits=post.rendition is None)

    def _entries(self, posts: Mapping[PostId, Post], outcome: Outcome) -> list[Document]:
        """The entries of posts; those that cannot be had are counted as failed or as waiting."""
        texts: dict[PostId, str] = {}

        def read(post_id: PostId) -> Look:
            try:
                texts[post_id] = self._text(posts[post_id])
            except ObjectMissing:
                # The record has moved on, and whoever moved it tells; or the text is lost, and reconcile has it made again.
                return Look(post_id, waits=True)
            except Exception as error:  # noqa: BLE001 (as above)
                return Look(post_id, error=error)
            return Look(post_id)

        for look in self.each(read, posts):
            if look.error is not None:
                outcome.failed[look.post_id] = look.error
            elif look.waits:
                outcome.unchanged += 1
                outcome.fates[look.post_id] = Fate.WAITING
        return [entry_of(posts[post_id], texts[post_id]) for post_id in posts if post_id in texts]

    def _text(self, post: Post) -> str:
        rendition = post.rendition
        if rendition is None:  # pragma: no cover (such a post waits)
            raise AssertionError
        return RenditionObject.decode(self.archive.get(rendition.key, limit=_RENDITION_BYTES).body).text

    def write(
        self, posts: Sequence[Post], outcome: Outcome, *, closed: bool = False
    ) -> tuple[tuple[Segment, ...], dict[PostId, Stamp]]:
        """Write a segment of posts.

        Args:
            posts: their records, just read.
            outcome: is told of those whose entry cannot be made.
            closed: see :class:`search_posts.manifest.Segment`.

        Returns:
            the segment, where any entry could be made; and what is in it.
        """
        by_id = {post.id: post for post in posts}
        documents = self._entries(by_id, outcome)
        if not documents:
            return (), {}
        with self.scratch() as folder:
            sound = self._build(documents, folder, outcome)
            if not sound:
                return (), {}
            stamps = {document.post_id: stamp_of(by_id[document.post_id]) for document in sound}
            months = [month(document.published) for document in sound]
            written = self.store.add(folder / _BUILT, Marks.of(stamps), months, closed=closed)
        return (written,), stamps

    def _build(self, documents: list[Document], folder: Path, outcome: Outcome) -> list[Document]:
        """Build a segment of those that the engine takes: one that it refuses must not keep the others out."""
        try:
            self.engine.build(documents, folder / _BUILT)
        except Exception:  # noqa: BLE001 (whatever the engine does not like, it is one of these)
            rmtree(folder / _BUILT, ignore_errors=True)
            sound = [document for document in documents if self._is_sound(document, folder, outcome)]
            if sound:
                self.engine.build(sound, folder / _BUILT)
            return sound
        return documents

    def _is_sound(self, document: Document, folder: Path, outcome: Outcome) -> bool:
        try:
            self.engine.build([document], folder / document.post_id)
        except Exception as error:  # noqa: BLE001 (as above)
            outcome.failed[document.post_id] = error
            return False
        finally:
            rmtree(folder / document.post_id, ignore_errors=True)
        return True


def _place(manifest: Manifest, marks: Mapping[str, Marks], post_id: PostId) -> tuple[str, int] | None:
    """The segment in which a post is alive, and its place there."""
    for segment in manifest.segments:
        place = marks[segment.id].place(post_id)
        if place is not None and place not in segment.dead:
            return segment.id, place
    return None


def _by_segment(places: Iterable[tuple[str, int] | None]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for place in places:
        if place is not None:
            found.setdefault(place[0], []).append(place[1])
    return found


def living(manifest: Manifest, marks: Mapping[str, Marks]) -> Iterator[tuple[PostId, Stamp]]:
    """All posts that are to be found, and what their entries are made of."""
    for segment in manifest.segments:
        for place, (post_id, made_of) in enumerate(marks[segment.id].items()):
            if place not in segment.dead:
                yield post_id, made_of
