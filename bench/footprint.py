"""What a process and its children have used: processor time and memory, as Linux tells it."""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PROC = Path("/proc")

_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)
_EVERY = 0.004
"""Seconds between two looks: a child that decodes a picture lives for some tens of milliseconds."""

_USED = slice(11, 15)
"""utime, stime, cutime and cstime, the 14th to 17th of all fields: proc_pid_stat(5). The latter are of children that ended."""


@dataclass(slots=True)
class Footprint:
    """A process and all its descendants, over its life.

    Attributes:
        pid: the process.
        peak: bytes, the highest sum of the processes' own peaks: pages that they share count for each of them, so that it is
            never too little.
        proc: where the system tells of processes.
    """

    pid: int
    peak: int = 0
    proc: Path = field(default=PROC)

    def seconds(self) -> float:
        """Seconds of CPU so far, to a hundredth; children that ended and were waited for included. Looks at the peak, too."""
        ticks = 0
        peak = 0
        for pid in self._family(self.pid):
            try:
                fields = (self.proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
                status = (self.proc / str(pid) / "status").read_text()
            except OSError:  # it has ended
                continue
            ticks += sum(map(int, fields[_USED]))
            found = _PEAK.search(status)
            peak += int(found[1]) * 1024 if found else 0
        self.peak = max(self.peak, peak)
        return ticks / os.sysconf("SC_CLK_TCK")

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look at the peak again and again while the context lasts, since a child takes its own with it when it ends."""
        ended = threading.Event()

        def look() -> None:
            while not ended.wait(_EVERY):
                self.seconds()

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            self.seconds()

    def _family(self, pid: int) -> Iterator[int]:
        yield pid
        for children in (self.proc / str(pid) / "task").glob("*/children"):
            try:
                found = children.read_text().split()
            except OSError:
                continue
            for child in found:
                yield from self._family(int(child))
