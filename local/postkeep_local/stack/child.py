"""Run a command so that it dies with its parent, under a cap of memory: ``child.py PARENT DATA_BYTES COMMAND…``.

It is run as a script by a bare interpreter, sets what outlives ``exec``, and becomes the command. Doing this between fork and
exec in the parent instead would run Python code in a forked copy of a process with many threads.
"""

import os
import sys


def die_with_parent(parent: int) -> None:
    """Ask Linux to kill this process when the thread that started it ends (prctl(2), PR_SET_PDEATHSIG); elsewhere nothing.

    The setting survives exec. Systems without it are cleaned up at the next start, by process group.
    """
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - only Linux needs it, and a bare interpreter starts sooner without

        set_parent_death_signal, kill = 1, 9
        ctypes.CDLL(None).prctl(set_parent_death_signal, kill)
    if os.getppid() != parent:
        sys.exit(1)  # the parent died before the request took effect


def cap_memory(data: int) -> None:
    """Limit what the process may allocate, in bytes; 0 is no limit. macOS does not enforce RLIMIT_DATA, so nothing there."""
    if data and sys.platform == "linux":
        import resource  # noqa: PLC0415 - absent on some systems

        resource.setrlimit(resource.RLIMIT_DATA, (data, data))


def main(arguments: list[str]) -> None:
    """Set the limits and become the command."""
    parent, data, *command = arguments
    die_with_parent(int(parent))
    cap_memory(int(data))
    os.execvp(command[0], command)  # noqa: S606 - the command comes from the stack itself


if __name__ == "__main__":
    main(sys.argv[1:])
