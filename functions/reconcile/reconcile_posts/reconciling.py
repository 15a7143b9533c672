"""The use case of reconcile: find what does not agree with the posts bucket, and have it mended the normal way.

It decides nothing itself. A record that seems wrong is checked by parse, against the object as it is then; a text that seems
missing is asked of render; only renditions that nobody points to are deleted here, since they can be made again. So a finding
that is out of date by the time it is acted on does no harm, and nor do two runs at the same time.
"""

import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from postkeep.counts import WORK_KEY
from postkeep.errors import ObjectMissing, ReconcileUnderway
from postkeep.messages import RenderRequest
from postkeep.ports import Listings, ObjectStore, Queue, RecordChecker
from reconcile_posts.names import Names
from reconcile_posts.progress import Finding, Order, Phase, Progress, Report
from reconcile_posts.walks import Found, Step, Walks

FOLDER = "reconcile/"
REPORT = FOLDER + "report.json"
"""Where the last run's report lies in the archive bucket."""

_PROGRESS = FOLDER + "progress.json"
_MOST_BYTES = 1 << 30
_JSON = "application/json"

_LEASE = timedelta(minutes=5)
_NO_TIME = timedelta(0)
_SAVE = timedelta(minutes=1)
"""How often a run says how far it is, and that it is alive. A page takes seconds."""

_LIFE = timedelta(days=7)
"""An unfinished run that is older is begun anew."""

_MARGIN = 60.0
"""Seconds: a page of 1,000 posts that are all to be checked takes some 50 invocations, 10 reads and 100 messages."""

_CHECKED = frozenset({Finding.MISSING, Finding.STALE, Finding.ORPHANED})
_NEXT = dict(zip(Phase, list(Phase)[1:], strict=False))


def _forever() -> float:
    return float("inf")


def _nobody(_progress: Progress) -> None:
    """Is told nothing."""


def _no_one(_found: Found) -> None:
    """Likewise."""


@dataclass(frozen=True, slots=True)
class Reconciling:
    """The use case and what it works on.

    Attributes:
        objects: the posts bucket.
        archive: the archive bucket, where its progress and its report are kept as well.
        records: the posts' records.
        parse: checks records.
        renders: the queue for texts that nobody waits for.
        now: the clock (aware, UTC).
        mended: is told of each thing that is being mended, for the logs.
    """

    objects: ObjectStore
    archive: ObjectStore
    records: Listings
    parse: RecordChecker
    renders: Queue
    now: Callable[[], datetime]
    mended: Callable[[Found], None] = _no_one

    def __call__(
        self,
        order: Order | None = None,
        *,
        time_left: Callable[[], float] = _forever,
        told: Callable[[Progress], None] = _nobody,
    ) -> Report | None:
        """Make a run, or go on with one that ran out of time or was killed.

        Args:
            order: what it is to do.
            time_left: how many seconds are left; the run stops in good time.
            told: told the progress after each page.

        Returns:
            the report; None where the time was over, and the next call goes on.

        Raises:
            ReconcileUnderway: if another run is alive. The guard is no lock: two that begin in the same instant do the same
                work twice, which costs money and nothing else.
        """
        run = self._begin(order or Order())
        try:
            while run.progress.phase is not Phase.DONE:
                if time_left() < _MARGIN:
                    run.save(self.now(), hold=_NO_TIME)
                    return None
                self._advance(run)
                told(run.progress)
            return self._finish(run)
        except BaseException:
            # Also where somebody interrupts it at a terminal: the next call need not wait for the lease to end.
            with suppress(Exception):
                run.save(self.now(), hold=_NO_TIME)
            raise

    def _begin(self, order: Order) -> "_Run":
        now = self.now()
        saved = self._saved()
        if saved and saved.held_until > now:
            raise ReconcileUnderway(saved.run, saved.held_until)
        names = self._names(saved) if saved and saved.order == order and saved.started > now - _LIFE else None
        if saved and names is not None:
            run = _Run(self, saved, names)
        else:
            self._clear()
            begun = Progress(run=uuid.uuid4().hex, order=order, started=now, held_until=now)
            run = _Run(self, begun, {name: Names() for name in _Run.SETS})
        run.save(now, hold=_LEASE)
        return run

    def _saved(self) -> Progress | None:
        """How far an unfinished run was; None where there is none, or another version of the function wrote it otherwise."""
        try:
            return Progress.decode(self.archive.get(_PROGRESS, limit=_MOST_BYTES).body)
        except (ObjectMissing, ValueError, KeyError, TypeError):
            return None

    def _names(self, saved: Progress) -> dict[str, Names] | None:
        """The sets as they were when the progress was saved; None where one is gone.

        They are written before the progress, so that they may have more names by now: those do not count.
        """
        found = {}
        for name in _Run.SETS:
            count = saved.names.get(name, 0)
            try:
                body = self.archive.get(_names_key(saved.run, name), limit=_MOST_BYTES).body if count else b""
            except ObjectMissing:
                return None
            found[name] = Names(body, count)
        return found

    def _advance(self, run: "_Run") -> None:
        phase = run.progress.phase
        step = run.walk()
        if not run.progress.order.check_only:
            self._repair(step.found)
        run.record(step)
        if run.progress.phase is not phase or self.now() >= run.saved_at + _SAVE:
            run.save(self.now(), hold=_LEASE)

    def _repair(self, found: Sequence[Found]) -> None:
        if keys := [f.key for f in found if f.finding in _CHECKED]:
            self.parse.check(keys)
        requests = [
            RenderRequest(f.post.id, f.post.generation, force=f.finding is Finding.TEXTLESS)
            for f in found
            if f.post and f.finding in {Finding.UNFINISHED, Finding.TEXTLESS}
        ]
        if requests:
            self.renders.send([request.encode() for request in requests])
        if strays := [f.key for f in found if f.finding is Finding.STRAY]:
            self.archive.delete(strays)
        for one in found:
            if one.finding is not Finding.UNMATCHED:
                self.mended(one)

    def _finish(self, run: "_Run") -> Report:
        progress = run.progress
        report = Report(
            run=progress.run, order=progress.order, started=progress.started, finished=self.now(), tally=progress.tally
        )
        self.archive.put(REPORT, report.encode(), content_type=_JSON)
        if not progress.order.check_only and (report.count(Finding.MISSING) or report.count(Finding.ORPHANED)):
            # Records may have been lost that the counts still know: everything is counted anew.
            self.archive.delete([WORK_KEY])
        self._clear()
        return report

    def _clear(self) -> None:
        """Delete the progress of this run or an earlier one."""
        if keys := [key for key in self.archive.keys(FOLDER) if key != REPORT]:
            self.archive.delete(keys)


class _Run:
    """A run that is at work."""

    SETS = ("renditions", "posts", "pointed")

    def __init__(self, case: Reconciling, progress: Progress, names: dict[str, Names]) -> None:
        self.progress = progress
        self.saved_at = progress.started
        self._archive = case.archive
        self._names = names
        self._walks = Walks(
            objects=case.objects,
            archive=case.archive,
            records=case.records,
            started=progress.started,
            everything=progress.order.everything,
            **names,
        )

    def walk(self) -> Step:
        """Look at the next page."""
        walks = self._walks
        page: dict[Phase, Callable[[str], Step]] = {
            Phase.RENDITIONS: walks.list_renditions,
            Phase.OBJECTS: walks.compare_objects,
            Phase.RECORDS: walks.compare_records,
            Phase.STRAYS: walks.find_strays,
        }
        return page[self.progress.phase](self.progress.position)

    def record(self, step: Step) -> None:
        """Count what a page brought, and go on to the next one."""
        progress = self.progress
        tally = progress.tally.found((found.finding, found.key) for found in step.found)
        match progress.phase:
            case Phase.OBJECTS:
                tally = replace(tally, objects=tally.objects + step.looked)
            case Phase.RECORDS:
                tally = replace(tally, records=tally.records + step.looked)
            case Phase.STRAYS:
                tally = replace(tally, renditions=tally.renditions + step.looked)
        if not progress.order.check_only:
            mended = sum(found.finding is not Finding.UNMATCHED for found in step.found)
            tally = replace(tally, repaired=tally.repaired + mended)
        if step.position is None:
            self.progress = replace(progress, tally=tally, phase=_NEXT[progress.phase], position="")
        else:
            self.progress = replace(progress, tally=tally, position=step.position)

    def save(self, now: datetime, *, hold: timedelta) -> None:
        """Write down how far the run is: the sets that grew, then the progress, which says how much of them counts."""
        for name, names in self._names.items():
            if len(names) != self.progress.names.get(name, 0):
                key = _names_key(self.progress.run, name)
                self._archive.put(key, names.encode(), content_type="application/octet-stream")
        counts = {name: len(names) for name, names in self._names.items()}
        self.progress = replace(self.progress, names=counts, held_until=now + hold)
        self.saved_at = now
        self._archive.put(_PROGRESS, self.progress.encode(), content_type=_JSON)


def _names_key(run: str, name: str) -> str:
    return f"{FOLDER}{run}-{name}.bin"
