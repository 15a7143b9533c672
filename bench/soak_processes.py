"""What a stack's processes hold, sampled while they live, and whether it grows: read from Linux's /proc."""

import os
import re
import statistics
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

SUPERVISOR, EMULATOR, PROXY, DECODER = "supervisor", "emulator", "fault proxy", "decoder"

NOT_OURS = frozenset({EMULATOR, PROXY})
"""Told apart, and no leak of ours: the emulator has what was put into it in memory; the proxy is a library for tests."""

_WORKER = re.compile(r"-m awslambdaric (\w+)\.(\w+)\.")
_KINDS = {"postkeep_local.stack.fault_proxy": PROXY, "ministack": EMULATOR, "make_thumbnail.workshop": DECODER}

WARM_SECONDS = 60.0
"""Of a process's life, that never count: imports, the first use of everything."""

FILLING_SECONDS = 600.0
"""Of a process's life, in which it comes to hold what it goes on holding: caches, the first merges of the index, and the arenas
of the allocator, each of which keeps the most that its threads took at once. Growth in them says nothing of what comes later:
where a process was followed for half as long beyond, what is beyond counts alone."""

_LEAST_SECONDS = 30.0
"""Between the two samples of a pair, at least: nearer ones tell of noise alone."""

_MOST_SAMPLES = 150
"""Of one process, that are paired with each other; more are thinned out evenly."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What a process held.

    Attributes:
        at: monotonic seconds.
        memory: bytes of anonymous memory. Files that are mapped are not counted: the system takes them back as it likes.
        files: open file descriptors.
        cpu: seconds of the processor that it used so far.
    """

    at: float
    memory: int
    files: int
    cpu: float


@dataclass(slots=True)
class Life:
    """A process, for as long as it was seen.

    Attributes:
        pid: its number.
        kind: what it is: the package of a worker's function with its module, or one of the names above.
        began: when the system started it, in ticks since boot: with the number it names a process for good.
        samples: in the order of time.
    """

    pid: int
    kind: str
    began: int
    samples: list[Sample] = field(default_factory=list)

    def settled(self, after: float, since: float = 0.0) -> list[Sample]:
        """The samples after so many seconds of its life, and a minute after a moment (monotonic seconds)."""
        begin = max(self.samples[0].at + after, since + WARM_SECONDS) if self.samples else since
        return [sample for sample in self.samples if sample.at >= begin]


@dataclass(frozen=True, slots=True)
class Growth:
    """How one kind of process grew.

    Attributes:
        kind: see :class:`Life`.
        processes: how many were seen.
        seconds: that the longest of them was followed, of what counts.
        filled: whether that is what comes after :data:`FILLING_SECONDS` of a life.
        memory: the median held, in bytes.
        most: the most held, in bytes.
        per_hour: bytes an hour, by the median of the slopes between two samples of one process.
        files: the median number of open files.
        files_per_hour: likewise.
    """

    kind: str
    processes: int
    seconds: float
    filled: bool
    memory: float
    most: int
    per_hour: float
    files: float
    files_per_hour: float

    def leaks(self, share: float = 0.05, most: int = 10_000_000, files: float = 40) -> list[str]:
        """What it grew by while it was followed beyond what is allowed, as sentences.

        Args:
            share: of its memory, that it may grow by; half of it while it fills.
            most: bytes that it may grow by, whatever its share; 60 MB while it fills.
            files: open files that it may grow by: each client of AWS keeps up to 16 connections, once it has needed as many.
        """
        if self.kind in NOT_OURS:
            return []
        found = []
        hours = self.seconds / 3600
        if not self.filled:
            share, most = max(share, 0.5), max(most, 60_000_000)
        if self.per_hour * hours > max(share * self.memory, most):
            grown, held = self.per_hour * hours / 1e6, self.memory / 1e6
            found.append(f"{self.kind}: {grown:.1f} MB more within {self.seconds:.0f} s, of {held:.0f} MB")
        if self.files_per_hour * hours > files:
            found.append(f"{self.kind}: {self.files_per_hour * hours:.0f} more open files within {self.seconds:.0f} s")
        return found


def kind_of(command: str) -> str:
    """What a process of a stack is, by its command line; "" for what it is not known."""
    if found := _WORKER.search(command):
        return f"{found[1]}.{found[2]}"
    return next((kind for module, kind in _KINDS.items() if f"-m {module}" in command), "")


def slope(lives: Iterable[Sequence[tuple[float, float]]]) -> float:
    """The median slope between any two points of one life, a second; 0 where there are none far enough apart.

    It is Theil and Sen's estimator over several processes: what one process holds more than another says nothing, a worker that
    was replaced takes no growth with it, and a third of the samples may be far off without moving it.
    """
    found = []
    for points in lives:
        thinned = points[:: max(1, len(points) // _MOST_SAMPLES)]
        found += [
            (second[1] - first[1]) / (second[0] - first[0])
            for first, second in combinations(thinned, 2)
            if second[0] - first[0] >= _LEAST_SECONDS
        ]
    return statistics.median(found) if found else 0.0


def growth(lives: Sequence[Life], since: float = 0.0) -> list[Growth]:
    """How each kind of process grew; kinds of which none lived long enough to tell are left out.

    Args:
        lives: the processes.
        since: when the archive was as large as it gets (monotonic seconds): before, memory grows with it.
    """
    kinds: dict[str, list[Life]] = {}
    for life in lives:
        kinds.setdefault(life.kind, []).append(life)
    found = []
    for kind, some in sorted(kinds.items()):
        warm = [settled for life in some if len(settled := life.settled(WARM_SECONDS, since)) > 1]
        filled = [settled for life in some if len(settled := life.settled(FILLING_SECONDS, since)) > 1]
        filled = [settled for settled in filled if settled[-1].at - settled[0].at >= FILLING_SECONDS / 2]
        warm = filled or warm
        if not warm:
            continue
        samples = [sample for settled in warm for sample in settled]
        found.append(
            Growth(
                kind=kind,
                processes=len(some),
                seconds=max(settled[-1].at - settled[0].at for settled in warm),
                filled=bool(filled),
                memory=statistics.median(sample.memory for sample in samples),
                most=max(sample.memory for life in some for sample in life.samples),
                per_hour=3600 * slope([[(s.at, s.memory) for s in settled] for settled in warm]),
                files=statistics.median(sample.files for sample in samples),
                files_per_hour=3600 * slope([[(s.at, s.files) for s in settled] for settled in warm]),
            )
        )
    return found


class Census:
    """Follows the processes of one stack."""

    def __init__(self, owner: int, proc: Path = Path("/proc")) -> None:
        """Follow a supervisor and everything below it.

        Args:
            owner: the supervisor's process id.
            proc: where the system tells of its processes.
        """
        self._owner, self._proc = owner, proc
        self.lives: dict[tuple[int, int], Life] = {}

    def look(self) -> list[Life]:
        """Take a sample of each process that is there; gives those that there are."""
        now = time.monotonic()
        found = []
        for pid, began, cpu in self._tree():
            life = self.lives.get((pid, began))
            if life is None:
                kind = SUPERVISOR if pid == self._owner else kind_of(self._command(pid))
                if not kind:  # a process that is only just becoming what it is to be, or a fork of a decoder
                    continue
                life = self.lives[pid, began] = Life(pid, kind, began)
            held = self._held(pid)
            if held is not None:
                life.samples.append(Sample(now, *held, cpu))
                found.append(life)
        return found

    def left(self) -> list[Life]:
        """Those of all that were ever seen that are still there."""
        return [life for life in self.lives.values() if (there := self._stat(life.pid)) and there[1] == life.began]

    def _tree(self) -> Iterator[tuple[int, int, float]]:
        below: dict[int, list[int]] = {}
        stats: dict[int, tuple[int, int, float]] = {}
        for entry in self._proc.iterdir():
            if entry.name.isdecimal() and (stat := self._stat(int(entry.name))):
                stats[int(entry.name)] = stat
                below.setdefault(stat[0], []).append(int(entry.name))
        wanted = [self._owner] if self._owner in stats else []
        while wanted:
            pid = wanted.pop()
            wanted += below.get(pid, [])
            yield pid, stats[pid][1], stats[pid][2]

    def _stat(self, pid: int) -> tuple[int, int, float] | None:
        """The parent, the start and the seconds used of a process that has not ended; proc(5), fields 3, 4, 14, 15 and 22."""
        try:
            fields = (self._proc / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            return None
        if fields[0] in "ZX":
            return None
        return int(fields[1]), int(fields[19]), (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _command(self, pid: int) -> str:
        try:
            return (self._proc / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""

    def _held(self, pid: int) -> tuple[int, int] | None:
        try:
            status = (self._proc / str(pid) / "status").read_text()
            files = len(list((self._proc / str(pid) / "fd").iterdir()))
        except OSError:
            return None
        anonymous = re.search(r"RssAnon:\s+(\d+) kB", status)
        return (int(anonymous[1]) * 1024, files) if anonymous else None


def sizes(folder: Path) -> Mapping[str, int]:
    """Bytes below each entry of a folder, by its name."""
    found = {}
    for entry in folder.iterdir():
        files = [entry] if entry.is_file() else entry.rglob("*")
        total = 0
        for path in files:
            try:
                total += path.lstat().st_size if path.is_file() else 0
            except OSError:  # it went meanwhile
                continue
        found[entry.name] = total
    return found
