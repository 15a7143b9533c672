"""Where the index lies in the archive bucket: its manifest and its segments."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from postkeep.errors import ManifestInvalid, ObjectMissing, SegmentInvalid
from postkeep.ports import Listed, ObjectStore
from postkeep.post import PostId
from search_posts.manifest import GRACE, Manifest, Segment
from search_posts.packing import Marks, head_length, pack, read_marks, unpack
from search_posts.schema import VERSION as SCHEMA

_ROOT = "search/"
FOLDER = f"{_ROOT}{SCHEMA}/"
"""Where the index of this schema lies. That of another lies elsewhere, so that two versions of the code never share one."""

MANIFEST_KEY = f"{FOLDER}manifest.json"
SEGMENTS = f"{FOLDER}segments/"

MOST_BYTES = 512 * 1024 * 1024
"""Of a segment that is read. What indexers make has a twelfth of it: see :mod:`search_posts.merging`."""

_MANIFEST_BYTES = 32 * 1024 * 1024
_MARKS_KEPT = 256
"""Segments whose marks a process keeps: 24 bytes a post."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The manifest that is there.

    Attributes:
        manifest: an empty one where none is there.
        etag: of its object; None where none is there.
    """

    manifest: Manifest
    etag: str | None


def segment_key(segment_id: str) -> str:
    """Where a segment lies."""
    return f"{SEGMENTS}{segment_id}"


@dataclass(frozen=True, slots=True)
class IndexStore:
    """The index in its bucket.

    Attributes:
        archive: the archive bucket.
        token: gives a name that no other segment has.
    """

    archive: ObjectStore
    token: Callable[[], str]
    _marks: dict[str, Marks] = field(default_factory=dict, repr=False)

    def standing(self) -> Standing:
        """The manifest as it is now.

        Raises:
            ManifestInvalid: if it cannot be read.
        """
        try:
            found = self.archive.get(MANIFEST_KEY, limit=_MANIFEST_BYTES)
        except ObjectMissing:
            return Standing(Manifest(), None)
        return Standing(Manifest.decode(found.body), found.etag)

    def etag(self) -> str | None:
        """Which manifest is there, readable or not; None for none. What replaces a manifest that cannot be read asks this."""
        try:
            return self.standing().etag
        except ManifestInvalid:
            return self.archive.get(MANIFEST_KEY, limit=_MANIFEST_BYTES).etag

    def newer(self, than: Standing) -> Standing | None:
        """The manifest, where it is another than the one that is known.

        Raises:
            ManifestInvalid: if it cannot be read.
        """
        if than.etag is None:
            now = self.standing()
            return now if now.etag else None
        try:
            found = self.archive.newer(MANIFEST_KEY, limit=_MANIFEST_BYTES, than=than.etag)
        except ObjectMissing:
            return Standing(Manifest(), None)
        return Standing(Manifest.decode(found.body), found.etag) if found else None

    def swap(self, manifest: Manifest, replacing: Standing) -> None:
        """Commit.

        Raises:
            ObjectChanged: if somebody else did since the manifest was read that is to be replaced.
        """
        self.archive.swap(MANIFEST_KEY, manifest.encode(), replacing=replacing.etag)

    def marks(self, segment: Segment) -> Marks:
        """Which posts are in a segment.

        Raises:
            ObjectMissing: if its object is gone.
            SegmentInvalid: if its object begins no such segment.
        """
        found = self._marks.get(segment.id)
        if found is None:
            key = segment_key(segment.id)
            found = read_marks(key, self.archive.part(key, length=head_length(segment.posts)))
            if len(found.ids) != segment.posts:
                raise SegmentInvalid(key, f"it has {len(found.ids):,} posts, not {segment.posts:,}")
            self._keep(segment.id, found)
        return found

    def _keep(self, segment_id: str, marks: Marks) -> None:
        while len(self._marks) >= _MARKS_KEPT:
            del self._marks[next(iter(self._marks))]
        self._marks[segment_id] = marks

    def add(self, folder: Path, marks: Marks, months: Iterable[str], *, closed: bool = False) -> Segment:
        """Write a segment, which nobody knows of until a manifest names it.

        Args:
            folder: the engine's files.
            marks: of the posts in it.
            months: in which they were published, see :func:`search_posts.manifest.month`.
            closed: see :class:`Segment`.
        """
        body = pack(folder, marks)
        known = set(months)
        segment = Segment(
            id=self.token(),
            posts=len(marks.ids),
            bytes=len(body),
            digest=sha256(body).hexdigest(),
            first=min(known, default=""),
            last=max(known, default=""),
            closed=closed,
        )
        self.archive.put(segment_key(segment.id), body, content_type="application/octet-stream", immutable=True)
        self._keep(segment.id, marks)
        return segment

    def fetch(self, segment: Segment, folder: Path) -> None:
        """Write a segment's files into a folder, which is there and empty.

        Raises:
            ObjectMissing: if its object is gone.
            SegmentInvalid: if its object is not what the manifest says.
        """
        key = segment_key(segment.id)
        body = self.archive.get(key, limit=MOST_BYTES).body
        if sha256(body).hexdigest() != segment.digest:
            raise SegmentInvalid(key, f"its {len(body):,} bytes are not those that were written")
        unpack(key, body, folder)
        self._keep(segment.id, read_marks(key, body))

    def drop(self, segments: Iterable[Segment]) -> None:
        """Delete segments, but for those that the manifest which is there now names.

        A commit that was refused may have been made all the same: where its answer is lost, the client tries again, and is
        refused because of its own first try, or because of somebody who has committed on top of it.

        Raises:
            ManifestInvalid: if the manifest cannot be read: nothing is deleted then.
        """
        if given := [segment.id for segment in segments]:
            named = {segment.id for segment in self.standing().manifest.segments}
            self.archive.delete(segment_key(one) for one in given if one not in named)

    def drop_unnamed(self, manifest: Manifest, post_id: PostId) -> int:
        """Delete the segments that the manifest does not name and that hold a post; gives how many."""
        named = {segment.id for segment in manifest.segments}
        held = []
        for found in list(self._listed(SEGMENTS)):
            segment_id = found.key.removeprefix(SEGMENTS)
            if segment_id not in named and self._holds(found.key, post_id):
                self._marks.pop(segment_id, None)
                held.append(found.key)
        self.archive.delete(held)
        return len(held)

    def _holds(self, key: str, post_id: PostId) -> bool:
        try:
            return read_marks(key, self.archive.get(key, limit=MOST_BYTES).body).place(post_id) is not None
        except (ObjectMissing, SegmentInvalid):
            return False  # somebody else deleted it; or it is nothing that could be searched in

    def sweep_older(self, now: datetime) -> int:
        """Delete the indexes of earlier schemas, which an older version of the code left; gives how many objects."""
        old = [found.key for found in self._listed(_ROOT) if _schema(found.key) < SCHEMA and now - found.modified > GRACE]
        self.archive.delete(old)
        return len(old)

    def _listed(self, prefix: str) -> Iterator[Listed]:
        after, more = "", True
        while more:
            page = self.archive.page(prefix, after=after)
            yield from page.objects
            after, more = page.objects[-1].key if page.objects else "", page.more

    def sweep(self, manifest: Manifest, now: datetime, *, grace: timedelta = GRACE) -> int:
        """Delete the segments that the manifest does not name, and did not name lately; gives how many.

        Args:
            manifest: the one that was read or committed last. What a later one names is younger than the grace time.
            now: the clock (aware, UTC).
            grace: see :data:`search_posts.manifest.GRACE`.
        """
        named = {segment.id for segment in manifest.segments}
        old: list[str] = []
        for found in self._listed(SEGMENTS):
            segment_id = found.key.removeprefix(SEGMENTS)
            since = max(found.modified, manifest.retired.get(segment_id, found.modified))
            if segment_id not in named and now - since > grace:
                old.append(found.key)
        self.archive.delete(old)
        return len(old)


def _schema(key: str) -> int:
    """The schema whose index an object belongs to; that of the code for what is none's."""
    said = key.removeprefix(_ROOT).partition("/")[0]
    return int(said) if said.isascii() and said.isdigit() else SCHEMA
