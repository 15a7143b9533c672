"""Starting child processes, and clearing away those that a killed stack left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

_LAUNCHER = Path(__file__).with_name("child.py")

INTERPRETER = Path(sys.executable).resolve()
"""The interpreter that the virtual environment was made from: functions must not see what is installed for development."""

_CHILDREN = ("ministack", "awslambdaric", "postkeep_local.stack.fault_proxy")
"""What a stack starts, as Python modules."""


class Spawner:
    """Starts child processes from one thread that lives as long as the stack.

    Linux delivers the death signal of :mod:`postkeep_local.stack.child` when the *thread* that forked ends, so a child must
    not be started by a thread that only serves one request.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")

    def start(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        output: IO[bytes] | int,
        data_limit: int = 0,
    ) -> subprocess.Popen[bytes]:
        """Start a command in the stack's own process group.

        Args:
            command: the program and its arguments.
            environment: the whole of its environment; nothing is inherited.
            folder: its working folder.
            output: where its standard output and error go.
            data_limit: in bytes, for RLIMIT_DATA; 0 for none.
        """
        launch = [str(INTERPRETER), "-I", "-S", str(_LAUNCHER), str(os.getpid()), str(data_limit), *command]
        return self._thread.submit(
            lambda: subprocess.Popen(
                launch,
                env=dict(environment),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        ).result()

    def close(self) -> None:
        """End the thread, and on Linux with it every child that is still there."""
        self._thread.shutdown()


def leftovers(group: int) -> list[int]:
    """The processes of a stack's process group that are still there although the stack is gone.

    A process group's number is not given out again while it has members, but a group that ended altogether may have been
    followed by a stranger's; therefore only the two commands that a stack starts are named.
    """
    listing = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,pgid=,command="],  # noqa: S607 - ps is where the user's system has it
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = []
    for line in listing.splitlines():
        pid, pgid, command = line.split(None, 2)
        if int(pgid) == group and any(f"-m {module}" in command for module in _CHILDREN):
            found.append(int(pid))
    return found


def kill_leftovers(group: int) -> int:
    """Kill what :func:`leftovers` finds; returns how many there were."""
    pids = leftovers(group)
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:  # it ended meanwhile
            continue
    return len(pids)
