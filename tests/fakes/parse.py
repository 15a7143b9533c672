"""RecordChecker in memory: parse's own use case, at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fakes.memory import MemoryBucket, MemoryQueue, MemoryTable
from parse_post.ingest import Ingest


@dataclass
class MemoryChecker:
    """Checks records, and remembers which."""

    table: MemoryTable
    bucket: MemoryBucket
    renders: MemoryQueue
    now: Callable[[], datetime]
    checked: list[str] = field(default_factory=list)

    def check(self, keys: Sequence[str]) -> None:
        ingest = Ingest(self.table, self.renders, 10_000, timedelta(days=90), self.now)
        for key in keys:
            self.checked.append(key)
            ingest(key, None, self.bucket)
