"""What a running stack still has to do."""

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from postkeep_local.stack.emulator import Clients
from postkeep_local.stack.errors import StackFailed
from postkeep_local.stack.events import pending
from postkeep_local.stack.state import StateFolder


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """Messages of a queue: that wait, and that are being worked on or wait for their next try."""

    visible: int
    in_flight: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """What a stack still has to do.

    Attributes:
        waiting: asynchronous events that wait, those between two tries among them.
        running: asynchronous events that are being worked on.
        queues: the queues that functions read, by logical id.
        dead_letters: messages that nobody will work on by itself, by the logical id of the queue that holds them.
    """

    waiting: int
    running: int
    queues: Mapping[str, QueueDepth]
    dead_letters: Mapping[str, int]

    @property
    def idle(self) -> bool:
        """Whether nothing is left to do.

        An event may be on its way between two of its stations for some milliseconds: only two idle answers in a row, half a
        second apart, are to be relied on. :func:`await_idle` does that.
        """
        return not (self.waiting or self.running or any(depth.visible or depth.in_flight for depth in self.queues.values()))


def backlog(state: Path) -> Backlog:
    """What the running stack still has to do.

    Raises:
        StackFailed: if none runs.
    """
    folder = StateFolder(state.resolve())
    record = _required(folder)
    with closing(_clients(record)) as clients:
        return _backlog(folder, record, clients)


def _required(folder: StateFolder) -> dict[str, Any]:
    record = folder.record()
    if record is None:
        raise StackFailed(f"no stack runs on {folder.path}")
    return record


def _clients(record: Mapping[str, Any]) -> Clients:
    return Clients(int(record["endpoint_url"].rsplit(":", 1)[1]))


def _backlog(folder: StateFolder, record: Mapping[str, Any], clients: Clients) -> Backlog:
    waiting, running = pending(folder.events)
    read: dict[str, QueueDepth] = {}
    dead: dict[str, int] = {}
    for name, url in record["queues"].items():
        attributes = clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        visible = int(attributes["ApproximateNumberOfMessages"]) + int(attributes["ApproximateNumberOfMessagesDelayed"])
        # What no function reads holds what was given up: dead-letter queues and on-failure destinations.
        if name in record["read_queues"]:
            read[name] = QueueDepth(visible, int(attributes["ApproximateNumberOfMessagesNotVisible"]))
        else:
            dead[name] = visible
    return Backlog(waiting, running, read, dead)


def await_idle(state: Path, *, seconds: float, progress: Callable[[Backlog], None] = lambda _: None) -> Backlog:
    """Wait until the stack has nothing left to do.

    Args:
        state: the state folder.
        seconds: how long to wait at most.
        progress: told the backlog twice a second.

    Returns:
        the last backlog seen: not idle if the time was over.

    Raises:
        StackFailed: if none runs, or it ends meanwhile.
    """
    folder = StateFolder(state.resolve())
    deadline = time.monotonic() + seconds
    idle_before = False
    with closing(_clients(_required(folder))) as clients:
        while True:
            now = _backlog(folder, _required(folder), clients)
            progress(now)
            if (now.idle and idle_before) or time.monotonic() > deadline:
                return now
            idle_before = now.idle
            time.sleep(0.5)
