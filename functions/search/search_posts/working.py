"""What the index is worked on with, in the function and at the command line: a clock, a folder for a moment, several threads."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

INDEXING, SEARCHING = "index", "search"
"""Whose folders there are: each function's processes look after their own kind."""

_PARALLEL = 16
"""Records and texts that are read at the same time: as many as a client keeps connections."""


def now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for a moment."""
    with tempfile.TemporaryDirectory(prefix=_prefix(INDEXING)) as folder:
        yield Path(folder)


def own_folder() -> Path:
    """A folder that is this process's as long as it lives."""
    return Path(tempfile.mkdtemp(prefix=_prefix(SEARCHING)))


def clear(kind: str) -> None:
    """Delete the folders of processes that are gone: to be called when a process begins, before it has any.

    A process that is killed, as one is that takes longer than its function may, leaves its folders. Lambda gives its successor
    the same disk («Understanding the Lambda execution environment lifecycle»: /tmp is not cleared when a runtime is reset), which
    a few copies of the index would fill.

    Args:
        kind: :data:`INDEXING` or :data:`SEARCHING`.
    """
    for path in Path(tempfile.gettempdir()).glob(f"postkeep-{kind}-*-*"):
        pid = path.name.split("-")[2]
        if pid.isdecimal() and (int(pid) == os.getpid() or not _lives(int(pid))):
            shutil.rmtree(path, ignore_errors=True)


def _prefix(kind: str) -> str:
    return f"postkeep-{kind}-{os.getpid()}-"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def in_parallel[Given, Taken](work: Callable[[Given], Taken], given: Iterable[Given]) -> list[Taken]:
    """``map``, with several threads."""
    with ThreadPoolExecutor(_PARALLEL) as pool:
        return list(pool.map(work, given))
