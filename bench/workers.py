"""The functions as they were built, each in a process of its own under Lambda's runtime client, and what they use."""

import base64
import json
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.footprint import Footprint

from postkeep_local.stack.invocation import Invocation
from postkeep_local.stack.log import BoundedLog
from postkeep_local.stack.processes import Spawner
from postkeep_local.stack.template import FunctionSpec
from postkeep_local.stack.worker import Environment, Function, Worker
from sam.services import Services
from support.template import resource

ROOMY = 8_192
"""MiB that a function is given here, so that what it takes is seen and not what it may take."""

PATIENT = 900
"""Seconds that an invocation may take here, on the clock of a busy machine: what counts is the processor's time."""

COLD = 5
"""Fresh processes of each function."""

BAD = 400
"""From here on an HTTP status says that the request failed."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a kind of invocation takes.

    Attributes:
        invocations: of the kind.
        cpu: seconds of CPU an invocation, on average.
        peak: bytes, the most that the process and its children held until then.
        log: bytes that an invocation writes to its log, on average.
        lines: events of the log that these are.
        answer: bytes of what it answers as a client gets them, on average; 0 where it answers nobody.
    """

    invocations: int
    cpu: float
    peak: int
    log: float
    lines: float
    answer: float


@dataclass(slots=True)
class Started:
    """What a function takes to start, medians over :data:`COLD` processes.

    Attributes:
        init: seconds of CPU until it asks for its first event.
        peak: bytes by then.
    """

    init: float
    peak: int


@dataclass(frozen=True, slots=True)
class Hand:
    """A worker and what it has used.

    Attributes:
        name: of the function.
        worker: the process.
        footprint: of it.
        log: where its output goes.
    """

    name: str
    worker: Worker
    footprint: Footprint
    log: Path

    def __call__(self, event: Any) -> Any:
        """Invoke it; gives the answer.

        Raises:
            SystemExit: if it fails: a failure's figures would say nothing.
        """
        with self.footprint.watched():
            outcome = self.worker.invoke(Invocation(json.dumps(event).encode()))
        value = outcome.value()
        if outcome.failed or (
            isinstance(value, dict) and (value.get("batchItemFailures") or value.get("statusCode", 200) >= BAD)
        ):
            sys.exit(f"{self.name} failed: {outcome.payload.decode()[:2000]}")
        return value


@dataclass
class Bench:
    """Functions' workers beside an emulator.

    Attributes:
        found: what was measured, by function and kind of invocation.
        started: likewise, of starting.
        merged: posts that the largest merge indexed again.
    """

    services: Services
    specs: Mapping[str, FunctionSpec]
    common: Environment
    spawner: Spawner
    variables: Mapping[str, str]
    found: dict[str, dict[str, Measured]] = field(default_factory=dict)
    started: dict[str, Started] = field(default_factory=dict)
    merged: int = 0

    def function(self, name: str, **variables: str) -> Function:
        """A function with room."""
        own = resource(name)["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
        told = {**self.variables, "POWERTOOLS_SERVICE_NAME": own, **variables}
        arn = f"arn:aws:lambda:us-east-1:000000000000:function:{name}"
        return Function(replace(self.specs[name], memory=ROOMY, timeout=PATIENT), name, arn, told)

    @contextmanager
    def worker(self, name: str, **variables: str) -> Iterator["Hand"]:
        """A process of a function."""
        log = BoundedLog(self.common.logs / f"{name}.log")
        worker = Worker(self.function(name, **variables), self.common, self.spawner, log)
        try:
            if error := worker.start():
                sys.exit(f"{name} does not start: {error.payload.decode()}")
            yield Hand(name, worker, Footprint(worker.pid or 0), self.common.logs / f"{name}.log")
        finally:
            worker.close()
            log.close()

    def run(self, hand: "Hand", kind: str, events: Sequence[Any]) -> None:
        """Have a worker handle events of a kind, and write down what it took."""
        before, number = hand.footprint.seconds(), len(events)
        written = len(hand.log.read_bytes())
        answered = sum(map(_length, map(hand, events)))
        spent = hand.footprint.seconds() - before
        log = hand.log.read_bytes()[written:]
        self.found.setdefault(hand.name, {})[kind] = Measured(
            invocations=number,
            cpu=spent / number,
            peak=hand.footprint.peak,
            log=len(log) / number,
            lines=log.count(b"\n") / number,
            answer=answered / number,
        )
        told = f"{hand.name:18} {kind:42} {1000 * spent / number:9.1f} ms {hand.footprint.peak / 2**20:6.0f} MB"
        print(told, file=sys.stderr, flush=True)

    def cold(self, name: str) -> None:
        """Start fresh processes of a function, one after the other."""
        inits, peaks = [], []
        for _ in range(COLD):
            with self.worker(name) as hand:
                inits.append(hand.footprint.seconds())
                peaks.append(hand.footprint.peak)
        self.started[name] = Started(statistics.median(inits), max(peaks))

    def messages(self, queue: str) -> list[dict[str, Any]]:
        """Take all messages off a queue, as an event source mapping gives them."""
        bodies = self.services.messages(queue)
        return [{"MessageId": str(n), "ReceiptHandle": "r", "Body": json.dumps(body)} for n, body in enumerate(bodies)]


def _length(answer: Any) -> int:
    """Bytes of an HTTP API's answer, with its fields; 0 for what is none."""
    if not isinstance(answer, dict) or "statusCode" not in answer:
        return 0
    body = answer.get("body", "")
    fields = sum(len(f"{name}: {value}\r\n") for name, value in answer.get("headers", {}).items())
    return fields + (len(base64.b64decode(body)) if answer.get("isBase64Encoded") else len(body.encode()))
