"""What the index is worked on with, in the function and at the command line: a clock, a folder for a moment, several threads."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

_PARALLEL = 16
"""Records and texts that are read at the same time: as many as a client keeps connections."""


def now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for a moment."""
    with tempfile.TemporaryDirectory(prefix="postkeep-index-") as folder:
        yield Path(folder)


def in_parallel[Given, Taken](work: Callable[[Given], Taken], given: Iterable[Given]) -> list[Taken]:
    """``map``, with several threads."""
    with ThreadPoolExecutor(_PARALLEL) as pool:
        return list(pool.map(work, given))
