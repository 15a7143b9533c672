"""Those who write while a soak runs: what a plan draws is put and deleted at an even pace, and some new posts are waited for."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from queue import SimpleQueue
from threading import Event, Lock, Semaphore, Thread
from typing import TYPE_CHECKING
from zlib import crc32

from bench.soak_asking import Asking
from bench.soak_posts import Operation, Plan

from postkeep.post import post_id

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_WRITERS = 4
"""Each key has one of them: what is put last is what the plan drew last."""

_PATIENCE = 300.0
"""Seconds after which a post that is waited for counts as never found."""

_LOOK_SECONDS = 0.2

_MOST_WAITING = 80
"""Events and messages: as many as come in half a minute."""

_LOAD_SECONDS = 3.0
"""Between two looks at how many wait."""

_PAUSE_SECONDS = 2.0
"""Between two posts that are waited for: looking is load too."""


@dataclass(slots=True)
class Waited:
    """How long some new posts took.

    Attributes:
        ready: seconds until the API had the text.
        findable: seconds until search found it.
        never: keys of posts for which that did not come about.
    """

    ready: list[float] = field(default_factory=list)
    findable: list[float] = field(default_factory=list)
    never: list[str] = field(default_factory=list)


@dataclass
class Load:
    """Does what a plan draws, until it is stopped.

    Attributes:
        s3: of the emulator: writers are no part of Postkeep, and no faults are injected into what they do.
        bucket: the posts bucket.
        plan: what is drawn.
        asking: asks the API for the posts that are waited for.
        rate: operations a second.
        phase: what goes wrong now, in a word.
        waiting: how many events and messages wait to be handled. Where the machine cannot keep up, writers hold back: what a
            growing queue would show is the machine's speed.
    """

    s3: "S3Client"
    bucket: str
    plan: Plan
    asking: Asking
    rate: float
    phase: Callable[[], str]
    waiting: Callable[[], int]
    done: Counter[str] = field(default_factory=Counter)
    waited: dict[str, Waited] = field(default_factory=dict)
    held: float = 0.0
    full_at: float = 0.0
    failures: list[str] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)
    _idle: Semaphore = field(default_factory=Semaphore)
    """Free while no post is waited for: one that had to stand in line would have waited for the line."""

    def warm(self, number: int) -> None:
        """Do so many operations at once, before anything is measured: functions begin, and import what they need."""
        for _ in range(number):
            self._do(self.plan.following(), None)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Write while the context lasts; at its end everything that was drawn is done."""
        stop = Event()
        probes: SimpleQueue[tuple[Operation, float, str] | None] = SimpleQueue()
        pacing = Thread(target=self._pace, args=(stop, probes), name="writers")
        probing = Thread(target=self._probe, args=(stop, probes), name="probe")
        pacing.start()
        probing.start()
        try:
            yield
        finally:
            stop.set()
            pacing.join()
            probes.put(None)
            probing.join()

    def _pace(self, stop: Event, probes: "SimpleQueue[tuple[Operation, float, str] | None]") -> None:
        pools = [ThreadPoolExecutor(1) for _ in range(_WRITERS)]
        due = looked = time.monotonic()
        while not stop.wait(max(0.0, due - time.monotonic())):
            if (now := time.monotonic()) > looked + _LOAD_SECONDS:
                self._hold_back(stop)
                looked = time.monotonic()
                due += looked - now
            operation = self.plan.following()
            if self.plan.full and not self.full_at:
                self.full_at = time.monotonic()
            pools[crc32(operation.key.encode()) % _WRITERS].submit(self._do, operation, probes)
            due += 1 / self.rate
        for pool in pools:
            pool.shutdown()

    def _hold_back(self, stop: Event) -> None:
        """Wait where too much waits already, until half of it is done."""
        begun, most = time.monotonic(), _MOST_WAITING
        while self.waiting() > most and not stop.wait(_LOAD_SECONDS):
            most = _MOST_WAITING // 2
        if most < _MOST_WAITING:
            self.held += time.monotonic() - begun

    def _do(self, operation: Operation, probes: "SimpleQueue[tuple[Operation, float, str] | None] | None") -> None:
        try:
            for content in operation.contents:
                if content is None:
                    self.s3.delete_object(Bucket=self.bucket, Key=operation.key)
                else:
                    self.s3.put_object(Bucket=self.bucket, Key=operation.key, Body=content)
        except Exception as error:  # noqa: BLE001 - the emulator is not to fail; if it does, that must be told
            self.failures.append(f"{operation.kind} of {operation.key!r}: {error!r}")
        with self._lock:
            self.done[operation.kind] += 1
        if probes is not None and operation.kind in {"new", "large"} and self._idle.acquire(blocking=False):
            probes.put((operation, time.monotonic(), self.phase()))

    def _probe(self, stop: Event, probes: "SimpleQueue[tuple[Operation, float, str] | None]") -> None:
        while (probe := probes.get()) is not None:
            operation, begun, before = probe
            identity = post_id(operation.key)

            def stands(operation: Operation = operation) -> bool:
                """Whether nothing else has been put since: an edit takes what is searched for away."""
                return self.plan.known[operation.key].content == operation.contents[-1]

            def ready(identity: str = identity) -> bool | None:
                answer = self.asking.get(f"/posts/{identity}", "probe")
                if answer is None or answer.status_code == HTTPStatus.NOT_FOUND:
                    return False
                # Whatever else it is by now, it is not the post that was put any more.
                return {"ready": True, "pending": False}.get(answer.json().get("status", ""))

            def findable(identity: str = identity, token: str = operation.token) -> bool | None:
                answer = self.asking.get("/search", "probe", {"q": token, "counts": "false"})
                if answer is not None and any(post["id"] == identity for post in answer.json().get("posts", ())):
                    return True
                return False if stands() and ready() else None

            for looks, what in ((ready, "ready"), (findable, "findable")):
                outcome = _until(looks, begun, stop)
                if outcome is None:
                    break
                # By the worst that it met.
                phase = "outage" if before == "outage" else self.phase()
                waited = self.waited.setdefault(phase, Waited())
                if outcome < 0:
                    waited.never.append(operation.key)
                    break
                getattr(waited, what).append(outcome)
            stop.wait(_PAUSE_SECONDS)
            self._idle.release()


def _until(looks: Callable[[], bool | None], begun: float, stop: Event) -> float | None:
    """Seconds since then until something is so; None where it can no more be told, negative where it did not come about."""
    while True:
        found = looks()
        if found:
            return time.monotonic() - begun
        if found is None or stop.is_set():
            return None
        if time.monotonic() > begun + _PATIENCE:
            return -1.0
        time.sleep(_LOOK_SECONDS)
