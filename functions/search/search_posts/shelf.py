"""A reader's copy of the index: the segments that it needs, on its own disk, kept warm and up to date.

Segments are immutable, so that one which is there is never read again. A new manifest costs what is new in it.
"""

import shutil
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock

from postkeep.errors import IndexUnavailable, ManifestInvalid, ObjectMissing, SegmentInvalid
from search_posts.engine import Part
from search_posts.engines import Assembled, Engine
from search_posts.manifest import Manifest, Segment
from search_posts.store import IndexStore, Standing

FRESH = timedelta(seconds=2)
"""How long a manifest counts as the newest. Looking costs a GET, which mostly answers that nothing is new."""

PARALLEL = 8
"""Segments that are loaded at the same time: a function has about 75 MB/s, and a GET waits for some 30 ms."""

_MOST_OPEN = 8
"""Stretches of months that are open at the same time; and of an older manifest as many, in case the newest cannot be had."""

_UNAVAILABLE = (ManifestInvalid, ObjectMissing, SegmentInvalid)
_SEGMENTS = "segments"

type _Months = tuple[str, str]

_ROUNDS = 3
"""How often a segment that is gone or damaged has the manifest read anew: merging may have replaced it meanwhile."""


@dataclass(frozen=True, slots=True)
class Opened[Found: Assembled]:
    """An index to search in.

    Attributes:
        index: the engine's.
        manifest: which it was made of.
        segments: those of them that are in it.
        since: the first month that is wholly in it, such as ``2021-06``, where not all could be; "" where all are. Posts
            without a date are only in it where all are.
    """

    index: Found
    manifest: Manifest
    segments: tuple[Segment, ...]
    since: str = ""


class Shelf[Found: Assembled]:
    """The reader. It may be used by several threads; each process has a folder of its own."""

    def __init__(
        self,
        store: IndexStore,
        engine: Engine[Found],
        folder: Path,
        *,
        space: int,
        now: Callable[[], datetime],
        told: Callable[[Exception], None] = lambda _: None,
    ) -> None:
        """Make a reader; nothing is read yet.

        Args:
            store: the index in its bucket.
            engine: what reads segments.
            folder: of this reader alone; what is in it from before is deleted.
            space: bytes of segments that the folder may hold. Where the index has more, the newest months are read.
            now: the clock (aware, UTC).
            told: is told why an older state is still in use, where the newest could not be had.
        """
        self._store, self._engine, self._folder, self._space, self._now, self._told = store, engine, folder, space, now, told
        self._lock = Lock()
        self._standing = Standing(Manifest(), None)
        self._looked: datetime | None = None
        self._opened: dict[_Months, Opened[Found]] = {}
        self._before: dict[_Months, Opened[Found]] = {}
        self._assembled = 0
        shutil.rmtree(folder, ignore_errors=True)
        (folder / _SEGMENTS).mkdir(parents=True)

    def open(self, first: str = "", last: str = "") -> Opened[Found]:
        """The index as of a moment ago, or the part of it that may hold posts of some months.

        Args:
            first: the first month that is asked for, such as ``2021-06``; "" for all, posts without a date among them.
            last: the last month; "" for all.

        Raises:
            IndexUnavailable: if it is not to be had, and never was.
        """
        with self._lock:
            try:
                return self._newest((first, last))
            except Exception as error:
                # What is open stays good, and the next request looks again.
                self._told(error)
                if kept := self._opened.get((first, last)) or self._before.get((first, last)):
                    return kept
                if isinstance(error, _UNAVAILABLE):
                    raise IndexUnavailable(str(error)) from error
                raise

    def _newest(self, months: "_Months") -> Opened[Found]:
        for attempt in range(1, _ROUNDS + 1):
            self._look(again=attempt > 1)
            if found := self._opened.get(months):
                return found
            try:
                return self._of(months)
            except (ObjectMissing, SegmentInvalid):
                if attempt == _ROUNDS:
                    raise
        raise AssertionError  # pragma: no cover (the loop returns or raises)

    def _look(self, *, again: bool) -> None:
        """Read the manifest, where it is time to, or where the one that is known is of no use."""
        now = self._now()
        if self._looked is not None and not again and timedelta(0) <= now - self._looked < FRESH:
            return
        if found := self._store.newer(self._standing):
            self._standing = found
            # The latest last, whichever was there before: of what nobody asks for any more neither memory nor disk is kept.
            before = [(months, kept) for months, kept in self._before.items() if months not in self._opened]
            self._before = dict([*before, *self._opened.items()][-_MOST_OPEN:])
            self._opened = {}
        self._looked = now

    def _of(self, months: "_Months") -> Opened[Found]:
        chosen, since = choose(self._standing.manifest, *months, self._space)
        found = next((one for one in self._opened.values() if one.segments == chosen), None)
        if found is None:
            if len(self._opened) >= _MOST_OPEN:
                self._opened = {}
            self._make_room(chosen)
            self._load(chosen)
            found = Opened(self._assemble(chosen), self._standing.manifest, chosen, since)
        self._opened[months] = found
        self._before.pop(months, None)
        return found

    def _make_room(self, wanted: Sequence[Segment]) -> None:
        """Delete segments that no manifest names any more, and others until those that are wanted fit.

        Folders of indexes go too, since they hold links to the same files; what is open stays readable.
        """
        for index in self._folder.glob("index-*"):
            shutil.rmtree(index)
        sizes = {segment.id: segment.bytes for segment in self._standing.manifest.segments}
        needed = {segment.id for segment in wanted}
        excess = sum(segment.bytes for segment in wanted) - self._space
        others = [path for path in (self._folder / _SEGMENTS).iterdir() if path.name not in needed]
        excess += sum(sizes.get(path.name, 0) for path in others)
        for path in sorted(others, key=lambda path: (path.name in sizes, path.stat().st_mtime)):
            if path.name not in sizes or excess > 0:
                shutil.rmtree(path)
                excess -= sizes.get(path.name, 0)

    def _load(self, segments: Iterable[Segment]) -> None:
        missing = [segment for segment in segments if not (self._folder / _SEGMENTS / segment.id).exists()]
        if not missing:
            return
        with ThreadPoolExecutor(min(PARALLEL, len(missing))) as pool:
            for _ in pool.map(self._fetch, missing):
                pass

    def _fetch(self, segment: Segment) -> None:
        """Have a segment there wholly or not at all."""
        partial = self._folder / f"loading-{segment.id}"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        try:
            self._store.fetch(segment, partial)
            partial.rename(self._folder / _SEGMENTS / segment.id)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _assemble(self, segments: Sequence[Segment]) -> Found:
        """Lay segments side by side."""
        parts = []
        for segment in segments:
            dead = frozenset(self._store.marks(segment).post_ids(segment.dead)) if segment.dead else frozenset[str]()
            parts.append(Part(folder=self._folder / _SEGMENTS / segment.id, dead=dead))
        self._assembled += 1
        at = self._folder / f"index-{self._assembled}"
        try:
            return self._engine.assemble(parts, at)
        except SegmentInvalid:
            for segment in segments:
                shutil.rmtree(self._folder / _SEGMENTS / segment.id, ignore_errors=True)
            raise


def choose(manifest: Manifest, first: str, last: str, space: int) -> tuple[tuple[Segment, ...], str]:
    """The segments that may hold posts of some months, and since which month they hold all there is.

    Args:
        manifest: names them.
        first: the first month; "" for all, and for posts without a date.
        last: the last month; "" for all.
        space: bytes that they may have together; where there are more, the newest are chosen.

    Returns:
        the segments in the manifest's order; and the first month that is wholly in them, "" where all that was asked for is.
    """
    fit = [one for one in manifest.segments if (not first or one.last >= first) and (not last or one.first <= last)]
    chosen, left_out = set[str](), ""
    for segment in sorted(fit, key=lambda one: one.last, reverse=True):
        if segment.bytes <= space:
            space -= segment.bytes
            chosen.add(segment.id)
        else:
            left_out = max(left_out, segment.last or _NO_MONTH)
    return tuple(one for one in fit if one.id in chosen), _next_month(left_out) if left_out else ""


_NO_MONTH = "0001-01"
"""Stands for the posts without a date, which come before all others."""


def _next_month(month: str) -> str:
    year, number = map(int, month.split("-"))
    return f"{year + number // 12:04d}-{number % 12 + 1:02d}"
