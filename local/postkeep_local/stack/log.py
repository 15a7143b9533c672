"""A function's log file, of bounded size."""

import threading
from pathlib import Path
from typing import IO


class BoundedLog:
    """Appends whole lines; when the file is full it becomes ``<name>.1``, whose predecessor is dropped."""

    def __init__(self, path: Path, limit: int = 5_000_000) -> None:
        """Open it.

        Args:
            path: the file.
            limit: in bytes, of each of the two files.
        """
        self._path = path
        self._limit = limit
        self._lock = threading.Lock()
        self._file = path.open("ab")

    def write(self, line: bytes) -> None:
        """Append a line; after :meth:`close`, do nothing."""
        with self._lock:
            if self._file.closed:
                return
            if self._file.tell() + len(line) > self._limit:
                self._file.close()
                self._path.replace(self._path.with_name(self._path.name + ".1"))
                self._file = self._path.open("ab")
            self._file.write(line)
            self._file.flush()

    def copy(self, source: IO[bytes]) -> None:
        """Append all that comes from a pipe until its end. A line without end is cut into pieces."""
        piece = 65_536
        while line := source.readline(piece):
            self.write(line)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()
