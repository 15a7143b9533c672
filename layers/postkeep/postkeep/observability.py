"""The logger and the metrics that all functions share, from Powertools, and the form that each piece of work has in the logs.

Their settings are the standard variables that the template declares (``POWERTOOLS_SERVICE_NAME``,
``POWERTOOLS_METRICS_NAMESPACE``, ``POWERTOOLS_LOG_LEVEL``). There is no tracer: the X-Ray SDK takes 130 ms of every cold start,
and is itself no longer developed.

A piece of work (a record of an event, a message, a request) ends with one line, which says what came of it; ``docs/watching.md``
has the fields, ``postkeep trace`` reads them. Logs carry ids, keys, counts and reasons; never bodies, texts or titles, never
addresses, queries or header fields, never whole events.
"""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from postkeep import correlation

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

logger = Logger(utc=True)
metrics = Metrics()

FAILED = "failed"
"""The outcome of work that ended with an error, which somebody repeats."""

SUPERSEDED = "superseded"
"""The outcome of work that something newer made idle."""

_CALLER = 3
"""Frames above Powertools' own: the line's location is the handler's."""


def count(name: str, value: int = 1) -> None:
    """Add to a metric that counts, such as ``PostsRejected``. Its one dimension is ``service``; nothing adds another."""
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


def knows(**ids: object) -> None:
    """Have the lines of the piece of work that is being done carry these from now on; what is empty goes from them."""
    logger.remove_keys(ids)
    logger.append_keys(**_said(ids))


class Work:
    """A piece of work that is being done."""

    def __init__(self) -> None:
        self._began = time.perf_counter()

    @property
    def duration_ms(self) -> float:
        """Since it began, in milliseconds."""
        return round((time.perf_counter() - self._began) * 1000, 1)

    def ends(self, message: str, outcome: str, reason: str = "", **more: object) -> None:
        """Write the line that says what came of it.

        Args:
            message: what the line is found by.
            outcome: a word.
            reason: why; "" where the outcome says it all.
            more: counts and the like.
        """
        told = {"outcome": outcome, "reason": reason, "duration_ms": self.duration_ms, **more}
        logger.info(message, stacklevel=_CALLER, extra=_said(told))


@contextmanager
def working(step: str, correlation_id: str, *, failure: str, attempt: int | None = None, **ids: object) -> Iterator[Work]:
    """Do a piece of work: what is logged meanwhile carries its ids, and what is sent its correlation id.

    Pieces may lie in one another; after the inner one, lines carry the outer one's ids again, and no others.

    Args:
        step: what is done, such as ``render``.
        correlation_id: of what caused it.
        failure: the message of the line that is written if it raises; the error goes on.
        attempt: which attempt it is, from 1; None where that is not told.
        ids: what else is known; what is empty is left out.
    """
    work = Work()
    before = dict(logger.get_current_keys())
    with correlation.caused_by(correlation_id):
        logger.append_keys(**_said({correlation.ATTRIBUTE: correlation_id, "step": step, "attempt": attempt, **ids}))
        try:
            yield work
        except Exception as error:
            logger.exception(failure, outcome=FAILED, reason=type(error).__name__, duration_ms=work.duration_ms)
            raise
        finally:
            logger.remove_keys(logger.get_current_keys().keys() - before.keys())
            logger.append_keys(**before)


def received(step: str, record: "SQSRecord", *, failure: str) -> AbstractContextManager[Work]:
    """Do what a message asks for: see :func:`working`.

    A message of a sender that knows of no correlation ids has that of the message itself.
    """
    return working(
        step,
        cause_of(record),
        failure=failure,
        attempt=attempt_of(record),
        message_id=record.message_id,
    )


def cause_of(record: "SQSRecord") -> str:
    """The correlation id of a message."""
    return correlation.of_attributes(record.get("messageAttributes")) or correlation.born("message", record.message_id)


def attempt_of(record: "SQSRecord") -> int:
    """Which attempt a message's delivery is, from 1, as far as SQS knows."""
    return int(record.attributes.approximate_receive_count)


def _said(values: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value not in (None, "")}
