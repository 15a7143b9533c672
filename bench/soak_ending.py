"""The end of a soak: all comes to rest, and is held against the posts bucket, before anything is mended and after."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from bench import soak_checks
from bench.soak_archive import Verification
from bench.soak_checks import Difference
from bench.soak_posts import Plan
from bench.soak_readers import Readers
from bench.soak_report import Figures

from postkeep_local.operations.archive import Archive
from postkeep_local.operations.letters import Letter, look
from postkeep_local.operations.queues import QueueState, queue_states
from postkeep_local.operations.recovery import reconciling
from postkeep_local.operations.redrive import Redrive
from postkeep_local.stack import control
from reconcile_posts.progress import Finding, Order, Report

_REST_SECONDS = 300.0
"""Until all must have come to rest: a worker that was killed last costs a minute, an event that failed one and a half."""

_COUNT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Ending:
    """Verifies, and mends what an operator would have to.

    Attributes:
        archive: the stack's.
        api: with the API's address as its base.
        state: the stack's folder.
        lag: seconds that readers of changes stay behind.
        figures: are told what came of it.
        tell: told each step.
    """

    archive: Archive
    api: httpx.Client
    state: Path
    lag: float
    figures: Figures
    tell: Callable[[str], None]

    def __call__(self, plan: Plan, readers: Readers) -> None:
        """Hold everything against the bucket. What is wrong in the end becomes the figures' problems."""
        figures = self.figures
        figures.idle = self._rest()
        begun = time.monotonic()
        letters = self._letters()
        figures.dead_letters = {queue.name: len(some) for queue, some in letters if some}
        for queue, some in letters:
            for letter in some:
                self.tell(f"dead letter in {queue.name}: {letter.reason}, {letter.content}"[:600])
        wrong = self._verified(plan, readers)
        report = self._reconciled(check_only=True)
        for difference in wrong:
            self.tell(f"before anything is mended: {difference}")
        if any(some for _, some in letters):
            # Until it is redriven, a dead letter explains what is wrong; nothing that is wrong after that.
            self._redrive(letters)
            before, wrong = wrong, self._verified(plan, readers)
            figures.mended["redrive"] = len(set(before) - set(wrong))
            report = self._reconciled(check_only=True)
        figures.problems += [str(difference) for difference in wrong]
        figures.problems += [f"reconcile finds {number} {name}" for name, number in found_by(report).items()]
        if wrong or found_by(report):
            self._reconciled(check_only=False)
            self._rest()
            left = self._verified(plan, readers)
            figures.mended["reconcile"] = len(set(wrong) - set(left))
            figures.problems += [f"not mended by reconcile: {difference}" for difference in left]
        figures.verification = time.monotonic() - begun

    def _redrive(self, letters: list[tuple[QueueState, list[Letter]]]) -> None:
        """As `postkeep dlq redrive --all` does, and wait until all has come to rest again."""
        for queue, some in letters:
            if some:
                stayed = Redrive(self.archive, queue)().stayed
                self.figures.problems += [f"{queue.name} keeps a letter: {reason}" for _, reason in stayed]
        self._rest()

    def _rest(self) -> float:
        """Wait until nothing is left to do; gives the seconds that it took."""
        begun = time.monotonic()
        self.tell("waiting until all has come to rest")
        backlog = control.await_idle(self.state, seconds=_REST_SECONDS)
        if not backlog.idle:
            self.figures.problems.append(f"not at rest after {_REST_SECONDS:.0f} s: {backlog}")
        return time.monotonic() - begun

    def _letters(self) -> list[tuple[QueueState, list[Letter]]]:
        sqs = self.archive.client("sqs")
        queues = [queue for queue in queue_states(self.archive) if queue.dead_letters]
        return [(queue, look(sqs, queue.url, queue.waiting) if queue.waiting else []) for queue in queues]

    def _verified(self, plan: Plan, readers: Readers) -> list[Difference]:
        verification = Verification(self.archive, self.api, self.tell)
        there, wanted = verification.truth()
        found = list(soak_checks.bucket(plan.state, there))
        self.figures.bucket = {}
        for clean in wanted.values():
            status = clean.post.status.value
            self.figures.bucket[status] = self.figures.bucket.get(status, 0) + 1
        found += verification.inside(there, wanted)
        self._follow(verification.newest, readers)
        found += verification.outside(wanted, plan.tokens)
        found += verification.followed(wanted, readers.mirror)
        return found

    def _follow(self, newest: datetime, readers: Readers) -> None:
        """Have the readers of the changes come as far as the last change."""
        pause = max(0.0, (newest + timedelta(seconds=self.lag + 1) - datetime.now(UTC)).total_seconds())
        self.tell(f"waiting {pause:.0f} s for those who follow the changes")
        time.sleep(pause)
        if not readers.follow():
            self.figures.problems.append("the mirror cannot follow")
        self.archive.client("lambda").invoke(
            FunctionName=self.archive.functions["CountFunction"], InvocationType="Event", Payload=b'{"source": "aws.events"}'
        )
        deadline = time.monotonic() + _COUNT_SECONDS
        while self._counted() <= newest:
            if time.monotonic() > deadline:
                self.figures.problems.append("the counts do not come up to date")
                return
            time.sleep(0.5)

    def _counted(self) -> datetime:
        found = self.api.get("/counts")
        as_of: Any = found.json().get("as_of") if found.is_success else None
        return datetime.fromisoformat(as_of) if as_of else datetime.min.replace(tzinfo=UTC)

    def _reconciled(self, *, check_only: bool) -> Report:
        self.tell("reconcile" + (" (looks only)" if check_only else ""))
        report = reconciling(self.archive)(Order(check_only=check_only))
        if report is None:
            raise AssertionError
        return report


def found_by(report: Report) -> dict[str, int]:
    """What reconcile found, but for objects that are no posts."""
    return {name: number for name, number in report.tally.counts.items() if number and name != Finding.UNMATCHED}
