"""What goes wrong while a soak runs: workers are killed, and once AWS's table and queues are away altogether."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

from bench.soak_processes import Census, Life

from postkeep_local.stack import faults

_LOOK_SECONDS = 2.0

_MARGIN = 2.0
"""Seconds around a mishap in which a question may still feel it."""

_ANSWERING = frozenset({"query_posts.handler", "search_posts.handler"})
"""Workers that answer questions."""

_ERAS = 4
"""Parts of a run. In each, half of the functions are spared one worker, so that its memory is followed for as long; and the
worker that is spared is the one that works most, so that in the other parts those that work are killed."""


@dataclass(slots=True)
class Mishaps:
    """Injects what goes wrong, and remembers when.

    Attributes:
        census: of the stack's processes, which is taken all along.
        faults_url: of the proxy.
        rules: by which requests fail, but for the outage.
        seconds: of the whole run.
        calm: seconds at its beginning in which nothing is injected.
        kill_every: seconds between two kills; 0 for none.
        outage: seconds that the table and the queues are away in the middle; 0 for none.
        seed: of whom it hits.
        phase: ``quiet``, ``faults`` or ``outage``.
    """

    census: Census
    faults_url: str
    rules: Sequence[faults.Rule]
    seconds: float
    calm: float
    kill_every: float
    outage: float
    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    phase: str = "quiet"
    away: tuple[float, float] | None = None
    _answering: list[float] = field(default_factory=list)

    def excused(self, begun: float, ended: float) -> bool:
        """Whether a question from one monotonic second to another may have felt something."""
        if self.away and begun < self.away[1] + _MARGIN and ended > self.away[0] - _MARGIN:
            return True
        return any(begun - _MARGIN < at < ended + _MARGIN for at in self._answering)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Inject while the context lasts; at its end nothing fails any more."""
        stop = Event()
        thread = Thread(target=self._run, args=(stop,), name="mishaps")
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            faults.change(self.faults_url)

    def _run(self, stop: Event) -> None:
        draw = random.Random(self.seed)  # noqa: S311 - the same whenever the machine is as quick
        begun = time.monotonic()
        spared: set[tuple[int, int]] = set()
        era, next_kill = -1, begun + self.calm + self.kill_every
        while not stop.wait(_LOOK_SECONDS):
            there = [life for life in self.census.look() if "." in life.kind]
            now = time.monotonic()
            if now < begun + self.calm:
                continue
            if (now_in := int((now - begun) * _ERAS / self.seconds)) != era:
                era, spared = now_in, spare(there, now_in)
            self._switch(now, begun + (self.calm + self.seconds - self.outage) / 2)
            if self.kill_every and now >= next_kill:
                next_kill = now + self.kill_every
                self._kill([life for life in there if (life.pid, life.began) not in spared], draw)

    def _switch(self, now: float, outage_at: float) -> None:
        """Have fail what is to fail now."""
        gone = [faults.outage(10**9, service=service) for service in ("dynamodb", "sqs")]
        if self.phase == "quiet":
            self.phase = "faults"
            faults.change(self.faults_url, self.rules)
        elif self.outage and self.away is None and now >= outage_at:
            self.phase, self.away = "outage", (now, now + self.outage)
            faults.change(self.faults_url, [*gone, *self.rules])
        elif self.phase == "outage" and self.away and now >= self.away[1]:
            self.phase, self.away = "faults", (self.away[0], now)
            faults.change(self.faults_url, self.rules)

    def _kill(self, there: Sequence[Life], draw: random.Random) -> None:
        """Kill a worker: one that is at work if there is any."""
        working = [life for life in there if len(life.samples) > 1 and life.samples[-1].cpu > life.samples[-2].cpu]
        if not (some := working or list(there)):
            return
        # By function first, so that the few that work all the time do not take all kills.
        kind = draw.choice(sorted({life.kind for life in some}))
        life = draw.choice([life for life in some if life.kind == kind])
        if kind in _ANSWERING:
            self._answering.append(time.monotonic())
        os.kill(life.pid, signal.SIGKILL)
        self.kills[kind] += 1


def spare(there: Sequence[Life], era: int) -> set[tuple[int, int]]:
    """The workers that are not to be killed in a part of the run."""
    kinds = sorted({life.kind for life in there})
    chosen = [
        max((life for life in there if life.kind == kind), key=lambda life: life.samples[-1].cpu)
        for number, kind in enumerate(kinds)
        if number % 2 == era % 2
    ]
    return {(life.pid, life.began) for life in chosen}
