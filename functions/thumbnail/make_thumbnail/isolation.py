"""Strangers' pictures are decoded in a process of their own.

Codecs are written in C and C++, and now and then one can be made to crash, to loop, to fill the memory or to run what a stranger
likes. In the function's own process that would end the invocation without an outcome: the message would come back four times,
crash again, and end among what only people can mend. And it would happen beside the function's credentials. So each picture has
a process that was given none, is limited in time and memory, and may die: then that is the picture's outcome. What this costs
stands in docs/decisions/0007-picture-library.md.
"""

import atexit
import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from typing import IO

from make_thumbnail import limits
from make_thumbnail.resizing import PLAIN, STATUS, WITH_AVIF, Resizing, unpack
from postkeep.errors import DecoderLost, PictureRefused

_PASSED = ("PATH", "LD_LIBRARY_PATH", "LANG", "TMPDIR")
"""Variables of the environment that the process gets: where the runtime's libraries are, and no credentials."""

_SETTINGS = {
    "VIPS_CONCURRENCY": "1",  # a function has about half a processor
    "MALLOC_ARENA_MAX": "1",  # each further arena reserves 64 MiB of address space, which is limited
    "PYTHONDONTWRITEBYTECODE": "1",
}

_CRASHES = frozenset({signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP, signal.SIGSYS})
_TOO_MUCH = {
    signal.SIGXCPU: f"more than {limits.CPU_SECONDS} seconds of the processor",
    signal.SIGABRT: f"more than {limits.MEMORY >> 20} MiB, or a codec that gave up",  # GLib and C++ abort without memory
    signal.SIGXFSZ: f"more than {limits.MAX_RESULT >> 20} MiB of thumbnails",
}


class Workshop:
    """A process that decodes pictures, one after the other; started when it is first needed, and again when it was lost.

    Args:
        wall_seconds: after which a picture is given up.
        environment: where the variables that the process gets are taken from.
        command: what is run.
    """

    def __init__(
        self,
        wall_seconds: float = limits.WALL_SECONDS,
        environment: Mapping[str, str] = os.environ,
        command: tuple[str, ...] = (sys.executable, "-m", "make_thumbnail.workshop"),
    ) -> None:
        self._wall_seconds = wall_seconds
        self._environment = environment
        self._command = command
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._files: list[IO[bytes]] = []

    def start(self) -> None:
        """Start the process, if it is not there: worth doing before a picture has come, since loading takes its time."""
        if self._process is None or self._process.poll() is not None:
            self.close()
            # The picture and the outcome. Without buffers, since another process writes into them.
            self._files = [tempfile.TemporaryFile(buffering=0) for _ in range(2)]  # noqa: SIM115 - close() closes them
            self._process = self._started([file.fileno() for file in self._files])

    def close(self) -> None:
        """End the process, and whatever it started."""
        process, self._process = self._process, None
        for file in self._files:
            file.close()
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()

    def resize(self, content: bytes, *, avif: bool = False) -> Resizing:
        """Make the thumbnails of a picture, as :func:`make_thumbnail.resize.resize` does.

        Args:
            content: the file.
            avif: whether to make AVIF as well.

        Raises:
            PictureRefused: as there; ``too-complex`` too where it took too much time or memory, and ``codec-crashed``.
            DecoderLost: if the process cannot be started, or was killed by somebody else, or failed by a bug of ours.
        """
        if not content:
            raise PictureRefused("not-a-picture", "0 bytes")
        with self._lock:
            self.start()
            picture, outcome = self._files
            for file in self._files:
                file.seek(0)
                file.truncate()
            picture.write(content)
            status = os.waitstatus_to_exitcode(self._ask(WITH_AVIF if avif else PLAIN))
            if status != 0:
                raise _failure(status)
            outcome.seek(0)
            packed = outcome.read(limits.MAX_RESULT)
        try:
            return unpack(packed)
        except ValueError as error:
            raise PictureRefused("codec-crashed", f"what it left is no outcome: {error}") from error

    def _started(self, files: Sequence[int]) -> subprocess.Popen[bytes]:
        passed = {name: self._environment[name] for name in _PASSED if name in self._environment}
        environment = {**passed, **_SETTINGS, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        return subprocess.Popen(  # noqa: S603 - a command of our own
            [*self._command, *map(str, files)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            pass_fds=files,
            start_new_session=True,
        )

    def _ask(self, wanted: bytes) -> int:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:  # pragma: no cover - for the type checker
            raise DecoderLost("not started")
        try:
            os.write(process.stdin.fileno(), wanted)
        except BrokenPipeError as error:
            self.close()
            raise DecoderLost("the process ended while it was started") from error
        answer = process.stdout.fileno()
        ready, _, _ = select.select([answer], [], [], self._wall_seconds)
        if not ready:
            self.close()
            raise PictureRefused("too-complex", f"not done after {self._wall_seconds:g} seconds")
        status = os.read(answer, STATUS.size)
        if len(status) < STATUS.size:
            self.close()
            raise DecoderLost("the process ended")
        return int(STATUS.unpack(status)[0])


def _failure(code: int) -> PictureRefused | DecoderLost:
    """What the end of a fork means, by its exit code, which is negative for a signal."""
    if -code in _TOO_MUCH:
        return PictureRefused("too-complex", _TOO_MUCH[signal.Signals(-code)])
    if -code in _CRASHES:
        return PictureRefused("codec-crashed", signal.Signals(-code).name)
    return DecoderLost(f"exit code {code}")


@cache
def workshop() -> Workshop:
    """The function's one workshop."""
    made = Workshop()
    atexit.register(made.close)
    return made


def resize(content: bytes, *, avif: bool = False) -> Resizing:
    """Make the thumbnails of a picture in the function's workshop; see :meth:`Workshop.resize`."""
    return workshop().resize(content, avif=avif)
