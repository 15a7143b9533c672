"""The process that decodes: ``python -m make_thumbnail.workshop PICTURE OUTCOME``, with the descriptors of two open files.

It loads libvips once and then waits. For each byte on its standard input it forks. The fork decodes the one picture that lies in
the first file, writes the outcome into the second, and ends; its exit status, four bytes, is the answer on the standard output.
So each picture meets a decoder that no other one has touched, for the price of a fork. At the end of its input the process ends.
"""

import os
import resource
import signal
import sys

from make_thumbnail import limits
from make_thumbnail.resize import resize
from make_thumbnail.resizing import STATUS, WITH_AVIF, pack
from postkeep.errors import PictureRefused


def main(picture: int, outcome: int) -> None:
    """Serve until the input ends."""
    while wanted := os.read(0, 1):
        child = os.fork()
        if child == 0:
            _work(wanted, picture, outcome)
        _, status = os.waitpid(child, 0)
        os.write(1, STATUS.pack(status))


def _work(wanted: bytes, picture: int, outcome: int) -> None:  # pragma: no cover - in the fork
    """Make one picture's thumbnails within the limits, and end."""
    status = 1
    try:
        os.closerange(0, 2)  # the waiting process's own conversation
        resource.setrlimit(resource.RLIMIT_CPU, (limits.CPU_SECONDS, limits.CPU_SECONDS + 1))
        _limit_memory()
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # which Python ignores
        resource.setrlimit(resource.RLIMIT_FSIZE, (limits.MAX_RESULT, limits.MAX_RESULT))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with open(outcome, "wb", closefd=False) as file:
            file.write(make(picture, avif=wanted == WITH_AVIF))
        status = 0
    except MemoryError:
        os.abort()  # the same as when libvips runs into the limit, and not a bug of ours
    except BaseException:  # noqa: BLE001 - whatever it is, nothing may run on in what is a copy of the waiting process
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)


def _limit_memory() -> None:  # pragma: no cover - in the fork
    """Limit the address space, where the system does; macOS refuses to."""
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (limits.MEMORY, limits.MEMORY))


def make(picture: int, *, avif: bool) -> bytes:
    """Make the thumbnails of the picture in a file, and pack what became of it.

    Args:
        picture: the descriptor of the file.
        avif: whether to make AVIF as well.
    """
    try:
        return pack(resize(os.pread(picture, os.fstat(picture).st_size, 0), avif=avif))
    except PictureRefused as refused:
        return pack(refused)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
