"""Merging: few segments instead of many, by indexing their posts again.

Segments are of classes by their size, each four times the one before. When a class has four, they are merged, together with all
that are smaller: so there are three of a class at most, and their number grows as the logarithm of the archive's size, while a
post is indexed again once a class. A segment that is as large as they get is *closed*, and merged no more.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from postkeep.errors import Conflict, ObjectChanged
from postkeep.post import PostId
from search_posts.documents import Document
from search_posts.engine import Part
from search_posts.engines import Assembled, Engine
from search_posts.manifest import Manifest, Segment, month
from search_posts.packing import Marks, Stamp
from search_posts.store import IndexStore, Standing

FAN = 4
"""Segments of a class that are merged, and how much larger the next class is."""

LEAST = 64 * 1024
"""Bytes of the largest segment of the first class: about ten posts."""

FULL = 32 * 1024 * 1024
"""Bytes of a segment that is merged no more."""

_MOST_DEAD = 3
"""A segment of which more than a third is dead is made anew; one of the first class is merged soon enough."""

_INDEX = "the search index"

_MOST_HOLDING = 100
"""Segments that may hold a post, in one or the other state, and races that may be lost, until it is forgotten."""

ATTEMPTS = 8
"""How often a merge is tried to be committed while indexers go on."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, see :data:`LEAST` and :data:`FULL`."""

    least: int = LEAST
    full: int = FULL


def size_class(size: int, limits: Limits) -> int:
    """The class of a segment of some bytes, from 0."""
    found, most = 0, limits.least
    while size > most:
        found, most = found + 1, most * FAN
    return found


def due(segments: Sequence[Segment], limits: Limits = Limits()) -> tuple[Segment, ...]:
    """The segments that are to be merged next; none where all is well."""
    dying = [one for one in segments if one.bytes > limits.least and len(one.dead) * _MOST_DEAD > one.posts]
    if dying:
        # By itself: what it is merged with next, its new size says.
        return (min(dying, key=lambda segment: segment.bytes),)
    found = {segment.id: size_class(segment.bytes, limits) for segment in segments if not segment.closed}
    full = [one for one in set(found.values()) if list(found.values()).count(one) >= FAN]
    if not full:
        return ()
    return tuple(segment for segment in segments if found.get(segment.id, max(full) + 1) <= max(full))


@dataclass(frozen=True, slots=True)
class Merging[Found: Assembled]:
    """The use case and what it works on.

    Attributes:
        store: the index.
        engine: what makes segments.
        now: the clock (aware, UTC).
        scratch: gives a folder that is there, empty, and goes in the end.
        limits: of sizes.
    """

    store: IndexStore
    engine: Engine[Found]
    now: Callable[[], datetime]
    scratch: Callable[[], AbstractContextManager[Path]]
    limits: Limits = Limits()

    def __call__(self) -> int:
        """Merge once, where it is due; gives how many segments were merged.

        Indexers may go on meanwhile: what dies in a segment while it is merged is carried over into what it becomes.

        Raises:
            Conflict: if indexers won every race.
            ManifestInvalid: if the manifest cannot be read.
            ObjectMissing, SegmentInvalid: if a segment that the manifest names is gone or damaged.
        """
        standing = self.store.standing()
        sources = due(standing.manifest.segments, self.limits)
        if not sources:
            return 0
        return len(sources) if self._replace(standing, sources) else 0

    def forget(self, post_id: PostId) -> int:
        """Have no object hold anything of a post any more, as an entry that is dead or alive; gives how many did.

        Segments that hold it are made anew without it, and deleted at once, as are those that no manifest names any more and that
        readers might still be loading: these read the manifest again. Afterwards its record must not be one that is to be found.

        Raises:
            Conflict: if indexers won every race; what was done so far is.
            ManifestInvalid: if the manifest cannot be read.
            ObjectMissing, SegmentInvalid: if a segment that the manifest names is gone or damaged.
        """
        forgotten = 0
        for _ in range(_MOST_HOLDING):
            standing = self.store.standing()
            holding = [one for one in standing.manifest.segments if self.store.marks(one).place(post_id) is not None]
            if not holding:
                return forgotten + self.store.drop_unnamed(standing.manifest, post_id)
            if self._replace(standing, holding[:1], without=post_id):
                self.store.drop(holding[:1])
                forgotten += 1
        raise Conflict(_INDEX)

    def _replace(self, standing: Standing, sources: Sequence[Segment], *, without: PostId | None = None) -> bool:
        """Put segments of the same posts in the place of some; gives whether that was to be done.

        Raises:
            Conflict: if indexers won every race.
        """
        with self.scratch() as folder:
            made = list(self._make(sources, folder, without))
        for _ in range(ATTEMPTS):
            new = self._following(standing.manifest, sources, made)
            if new is None:
                self.store.drop(made)
                return False
            try:
                self.store.swap(new, standing)
            except ObjectChanged:
                standing = self.store.standing()
                continue
            return True
        self.store.drop(made)
        raise Conflict(_INDEX)

    def _make(self, sources: Sequence[Segment], folder: Path, without: PostId | None) -> Iterator[Segment]:
        """Write what the sources become."""
        left_out = frozenset[PostId]() if without is None else frozenset({without})
        stamps: dict[PostId, Stamp] = {}
        parts = []
        for source in sources:
            at = folder / source.id
            at.mkdir()
            self.store.fetch(source, at)
            marks = self.store.marks(source)
            stamps.update(marks.items())
            parts.append(Part(folder=at, dead=left_out.union(marks.post_ids(source.dead))))
        documents = self.engine.assemble(parts, folder / "assembled").documents()
        left = sum(source.bytes * source.living // source.posts for source in sources)
        pieces = max(1, round(left / self.limits.full))
        # What is made anew for another reason than its size stays of its class.
        kept = without is not None and sources[0].closed
        for number, piece in enumerate(cut(documents, pieces)):
            built = folder / f"built-{number}"
            self.engine.build(piece, built)
            marks = Marks.of({document.post_id: stamps[document.post_id] for document in piece})
            months = [month(document.published) for document in piece]
            yield self.store.add(built, marks, months, closed=pieces > 1 or left >= self.limits.full or kept)

    def _following(self, manifest: Manifest, sources: Sequence[Segment], made: Sequence[Segment]) -> Manifest | None:
        """The manifest in which what was made stands in place of the sources; None where one of them is gone by now."""
        named = {segment.id: segment for segment in manifest.segments}
        if any(source.id not in named for source in sources):
            return None
        died = [
            post_id
            for source in sources
            for post_id in self.store.marks(source).post_ids(sorted(named[source.id].dead - source.dead))
        ]
        merged = {source.id for source in sources}
        kept = [segment for segment in manifest.segments if segment.id not in merged]
        return manifest.following([*kept, *(_without(one, self.store.marks(one), died) for one in made)], self.now())


def _without(segment: Segment, marks: Marks, post_ids: Iterable[PostId]) -> Segment:
    return segment.without(place for post_id in post_ids if (place := marks.place(post_id)) is not None)


def cut(documents: Iterable[Document], pieces: int) -> Iterator[list[Document]]:
    """Documents in pieces of about the same size; of several, each has months of its own, so that readers can pass over some."""
    known = list(documents)
    if pieces == 1:
        yield known
        return
    by_month: dict[str, list[Document]] = {}
    for document in known:
        by_month.setdefault(month(document.published), []).append(document)
    whole = sum(map(_size, known))
    piece: list[Document] = []
    done = 0
    for _, some in sorted(by_month.items()):
        piece += some
        done += sum(map(_size, some))
        if done * pieces >= whole:
            yield piece
            piece, whole, done, pieces = [], whole - done, 0, pieces - 1
    if piece:  # pragma: no cover (the last month makes the last piece whole)
        raise AssertionError


def _size(document: Document) -> int:
    return len(document.title) + len(document.text) + 200
