"""Where the emulator forwards every invocation to."""

import json
import logging
import threading
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from postkeep_local.stack.errors import Busy
from postkeep_local.stack.events import EventQueue, is_asynchronous, objects_of, parse
from postkeep_local.stack.invocation import Invocation, Outcome, failure
from postkeep_local.stack.loopback import Handler, LoopbackServer
from postkeep_local.stack.worker import Runner

_LOG = logging.getLogger(__name__)

_START_PATIENCE = 120.0
_BATCH_PATIENCE = 20.0
"""Seconds that a batch waits for a worker. There is one for each batch that the emulator has in flight, so that only direct
invocations can make it wait; and the emulator waits 60 s longer than the function's timeout, so that this is not the limit."""


class Invoker:
    """Takes invocations: asynchronous events are put on disk and answered at once, the others are answered with their outcome."""

    def __init__(self, events: EventQueue) -> None:
        """Listen on a free port of loopback. Until :meth:`open`, invocations wait."""
        self._events = events
        self._pools: Mapping[str, Runner] = {}
        self._open = threading.Event()
        self._changed = threading.Condition()
        self._running = 0
        self._server = LoopbackServer(0, type("_Bound", (_Requests,), {"owner": self}))
        self.address = f"http://{self._server.address}/"

    def open(self, pools: Mapping[str, Runner]) -> None:
        """Begin to serve.

        Args:
            pools: the workers, by the function's physical name.
        """
        self._pools = pools
        self._open.set()

    def invoke(self, physical_name: str, request_id: str, payload: bytes) -> Outcome:
        """Handle an invocation that the emulator forwards.

        Raises:
            Busy: if no worker became free in time.
        """
        if not self._open.wait(_START_PATIENCE):
            raise Busy(physical_name, _START_PATIENCE)
        pool = self._pools.get(physical_name)
        if pool is None:
            return failure("ResourceNotFoundException", f"Function not found: {physical_name}")
        event = parse(payload)
        if is_asynchronous(event):
            self._events.put(pool.function.spec.name, request_id, payload, seen=objects_of(event))
            return Outcome(b"null")
        with self._changed:
            self._running += 1
        try:
            outcome = pool.invoke(Invocation(payload, request_id), patience=_BATCH_PATIENCE)
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()
        if not outcome.failed and pool.function.spec.reports_failures and is_batch(event):
            return checked(event, outcome)
        return outcome

    def await_idle(self, seconds: float) -> bool:
        """Wait until no invocation is being answered; whether that came about."""
        with self._changed:
            return self._changed.wait_for(lambda: self._running == 0, seconds)

    def close(self) -> None:
        """Stop listening."""
        self._server.close()


def is_batch(event: Any) -> bool:
    """Whether an event is a batch of SQS messages."""
    records = event.get("Records") if isinstance(event, Mapping) else None
    return (
        isinstance(records, list)
        and all(isinstance(record, Mapping) for record in records)
        and bool(records)
        and (records[0].get("eventSource") == "aws:sqs")
    )


def checked(event: Mapping[str, Any], outcome: Outcome) -> Outcome:
    """Hold a batch's answer to AWS's rules: one that cannot be understood fails the whole batch.

    The emulator would delete messages where AWS keeps them. Source: AWS Lambda Developer Guide, «Handling errors for an SQS
    event source»: null, empty or absent failures mean success; an unknown, empty or null identifier means that all failed.
    """
    value = outcome.value()
    if value is None or value == {}:
        return outcome
    failures = value.get("batchItemFailures") if isinstance(value, dict) else ()
    if failures is None:
        return outcome
    known = [record.get("messageId") for record in event["Records"]]
    if not isinstance(failures, list) or any(
        not isinstance(item, dict) or item.get("itemIdentifier") not in known for item in failures
    ):
        return failure("InvalidBatchResponse", "batchItemFailures does not name messages of this batch: all of it failed")
    return outcome


class _Requests(Handler):
    owner: Invoker

    def do_POST(self) -> None:  # noqa: N802 - the base class's name
        name = self.headers.get("X-Amzn-Lambda-Function-Name", "")
        payload = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            outcome = self.owner.invoke(name, self.headers.get("X-Amzn-Lambda-Request-Id", ""), payload)
        except Busy as busy:
            self.answer(HTTPStatus.TOO_MANY_REQUESTS, json.dumps({"errorMessage": str(busy)}).encode())
        except Exception:  # noqa: BLE001 - the caller is to be answered whatever happened
            _LOG.exception("an invocation of %s", name)
            self.answer(HTTPStatus.INTERNAL_SERVER_ERROR, b'{"errorMessage": "see the stack\'s log"}')
        else:
            self.answer(HTTPStatus.BAD_GATEWAY if outcome.failed else HTTPStatus.OK, outcome.payload)
