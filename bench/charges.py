"""Amounts that need no measurement: what goes by the clock, by the template or by bytes."""

from collections.abc import Callable, Mapping
from typing import Any

from bench.assumptions import ACCESS_BYTES, DAYS, GIGABYTE
from bench.costs import added, constant

from reconcile_posts.progress import Finding
from support.template import template
from support.watching import ALARMS, counted, watched


def grown(measured: Mapping[str, Any], of: Callable[[Any], float], posts: int) -> float:
    """A figure of an archive of some posts: as measured, or on the straight line through the two that were measured.

    Args:
        measured: what was measured of two archives, by their size.
        of: gives the figure.
        posts: of the archive that is asked for.
    """
    (few, small), (many, large) = sorted((int(size), float(of(found))) for size, found in measured.items())
    return small + (large - small) * (posts - few) / (many - few)


def amount(name: str) -> Callable[[Any], float]:
    """What takes a charged quantity from what was measured."""
    return lambda found: float(found["amounts"][name])


def logged(written: float) -> dict[str, float]:
    """Bytes into a log, and kept for as long as LogRetentionDays says by default."""
    months = template()["Parameters"]["LogRetentionDays"]["Default"] / DAYS
    return {"log-gigabytes": written / GIGABYTE, "log-storage-gigabytes": written / GIGABYTE * months}


def requested(answer: float) -> dict[str, float]:
    """A request to the API, and its answer of some bytes."""
    return added(
        {"api-requests": max(1.0, -(-answer // constant("api_request_bytes"))), "transfer-gigabytes": answer / GIGABYTE},
        logged(ACCESS_BYTES + constant("log_event_bytes")),
    )


def mappings() -> int:
    """The queues that Lambda asks for messages, each by a mapping of its own."""
    functions = (
        found["Properties"] for found in template()["Resources"].values() if found["Type"] == "AWS::Serverless::Function"
    )
    return sum(event["Type"] == "SQS" for function in functions for event in function.get("Events", {}).values())


def polled() -> dict[str, float]:
    """A month of asking empty queues: each mapping's pollers, one after another for as long as SQS waits."""
    each = constant("pollers") * DAYS * 86_400 / constant("poll_seconds")
    return {"sqs-requests": mappings() * each}


def watching(*, topic: bool) -> dict[str, float]:
    """A month of alarms, of the dashboard, and of the metrics of what runs on a schedule.

    Args:
        topic: whether there is an AlarmTopicArn.
    """
    alarms = [name for name in ALARMS if topic or "Condition" not in template()["Resources"][name]]
    hourly = sum(service in {"count", "retry"} for _, service in counted())
    daily = len(Finding) + 1  # and ReconcileFindings
    return {
        "alarm-metrics": float(sum(len(watched(name)) for name in alarms)),
        "dashboards": 1.0,
        "metrics": hourly + daily / 24,
    }
