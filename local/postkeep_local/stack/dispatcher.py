"""Runs asynchronous events as Lambda does: retries with pauses, then the on-failure destination."""

import json
import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from postkeep_local.stack.events import EventQueue, QueuedEvent
from postkeep_local.stack.invocation import Invocation, Outcome
from postkeep_local.stack.worker import Runner

_LOG = logging.getLogger(__name__)

Send = Callable[[str, str], None]
"""Sends a message: the queue's URL, the body."""

_FOREVER = 1e6


class Dispatcher:
    """Takes one function's events from the queue, as many at a time as the function has workers."""

    def __init__(self, events: EventQueue, pool: Runner, *, on_failure: str, send: Send, retry_seconds: float) -> None:
        """Start working.

        Args:
            events: the queue.
            pool: the function's workers.
            on_failure: the URL of the queue for events that failed for good; "" for none: they are logged and dropped, as on AWS.
            send: sends a message there.
            retry_seconds: the pause before the first retry, doubled before the second (AWS: one minute, then two).
        """
        self._events = events
        self._pool = pool
        self._on_failure = on_failure
        self._send = send
        self._retry_seconds = retry_seconds
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(pool.size)]
        for thread in self._threads:
            thread.start()

    def join(self, seconds: float) -> bool:
        """After the queue was stopped, wait until the events that were being worked on are done; whether they are."""
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _work(self) -> None:
        while event := self._events.take(self._pool.function.spec.name):
            try:
                self._handle(event)
            except Exception:  # noqa: BLE001 - whatever it is, the event must be tried again and the others must go on
                _LOG.exception("event %s of %s", event.request_id, event.function)
                self._events.postpone(event, self._retry_seconds, failure=event.failure or "")

    def _handle(self, event: QueuedEvent) -> None:
        if event.failure:
            self._deliver(event, event.failure)
            return
        outcome = self._pool.invoke(Invocation(event.payload, event.request_id), patience=_FOREVER)
        if not outcome.failed:
            self._events.done(event)
            return
        spec = self._pool.function.spec
        pause = self._retry_seconds * 2**event.attempts
        _LOG.warning(
            "%s: attempt %d of event %s failed: %.300s",
            spec.name,
            event.attempts + 1,
            event.request_id,
            outcome.payload.decode(errors="replace"),
        )
        too_old = time.time() + pause > event.received + spec.event_age
        if event.attempts < spec.retries and not too_old:
            self._events.postpone(event, pause)
            return
        condition = "EventAgeExceeded" if too_old and event.attempts < spec.retries else "RetriesExhausted"
        self._deliver(event, failure_record(event, outcome, self._pool.function.arn, condition))

    def _deliver(self, event: QueuedEvent, record: str) -> None:
        if self._on_failure:
            try:
                self._send(self._on_failure, record)
            except Exception:  # noqa: BLE001 - every way in which sending can fail is answered alike
                _LOG.exception("the failure of event %s could not be sent to %s", event.request_id, self._on_failure)
                self._events.postpone(event, self._retry_seconds, failure=record)
                return
        else:
            _LOG.error("%s: event %s is given up; the function has no on-failure destination", event.function, event.request_id)
        self._events.done(event)


def failure_record(event: QueuedEvent, outcome: Outcome, arn: str, condition: str) -> str:
    """The message for the on-failure destination, in AWS's form.

    Source: AWS Lambda Developer Guide, «Capturing records of Lambda asynchronous invocations».
    """
    return json.dumps(
        {
            "version": "1.0",
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "requestContext": {
                "requestId": event.request_id,
                "functionArn": f"{arn}:$LATEST",
                "condition": condition,
                "approximateInvokeCount": event.attempts + 1,
            },
            "requestPayload": Outcome(event.payload).value(),
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "responsePayload": outcome.value(),
        },
        ensure_ascii=False,
    )
