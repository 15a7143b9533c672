"""How long the oldest of what waits has been waiting, learnt without receiving anything."""

import sqlite3
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import batched
from pathlib import Path

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from postkeep_local.operations.archive import Archive
from postkeep_local.operations.queues import QueueState

_SECONDS = 10.0
"""How long the emulator may take to answer."""

_LISTED = 20_000
"""Messages of a queue, at most, whose listing the emulator is asked for: it gives all of them with their bodies."""

_RECENT = timedelta(minutes=15)
"""An older datum says nothing about now. Source: Amazon SQS Developer Guide, «Available CloudWatch metrics for Amazon SQS»: a
queue's metrics come once a minute; after six idle hours they start with a delay of up to 15 minutes."""

_QUERIES = 500
"""Source: Amazon CloudWatch API Reference, GetMetricData."""


def oldest_messages(archive: Archive, queues: Iterable[QueueState]) -> Mapping[str, float]:
    """Seconds since the oldest message of each queue was sent, by the queues' names.

    A queue is left out that has none, or of which it cannot be known: CloudWatch is not to be asked, or the emulator.
    """
    used = [queue for queue in queues if queue.waiting or queue.in_flight]
    if not used:
        return {}
    return _of_emulator(archive, used) if archive.local else _of_cloudwatch(archive, used)


def _of_emulator(archive: Archive, queues: Iterable[QueueState]) -> dict[str, float]:
    """As the emulator lists messages for inspection, which SQS itself has no way to do."""
    found: dict[str, float] = {}
    now = time.time()
    with httpx.Client(base_url=archive.endpoint_url or "", timeout=_SECONDS, trust_env=False) as emulator:
        for queue in queues:
            if queue.waiting + queue.in_flight > _LISTED:
                continue
            try:
                answer = emulator.get("/_ministack/sqs/messages", params={"QueueUrl": queue.url}).raise_for_status().json()
                sent = [
                    int(message["Attributes"]["SentTimestamp"]) / 1000
                    for regions in answer["messages"].values()
                    for urls in regions.values()
                    for messages in urls.values()
                    for message in messages
                ]
            except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError):
                continue  # an emulator of another release
            if sent:
                found[queue.name] = max(0.0, now - min(sent))
    return found


def _of_cloudwatch(archive: Archive, queues: Iterable[QueueState]) -> dict[str, float]:
    found: dict[str, float] = {}
    now = datetime.now(UTC)
    try:
        cloudwatch = archive.client("cloudwatch")
        for some in batched(queues, _QUERIES, strict=False):
            answer = cloudwatch.get_metric_data(
                MetricDataQueries=[
                    {
                        "Id": f"q{n}",
                        "MetricStat": {
                            "Metric": {
                                "Namespace": "AWS/SQS",
                                "MetricName": "ApproximateAgeOfOldestMessage",
                                "Dimensions": [{"Name": "QueueName", "Value": queue.url.rsplit("/", 1)[-1]}],
                            },
                            "Period": 60,
                            "Stat": "Maximum",
                        },
                    }
                    for n, queue in enumerate(some)
                ],
                StartTime=now - _RECENT,
                EndTime=now + timedelta(minutes=1),  # this very minute's datum
                ScanBy="TimestampDescending",
            )
            for result in answer["MetricDataResults"]:
                if result["Values"]:
                    found[some[int(result["Id"][1:])].name] = result["Values"][0]
    except (BotoCoreError, ClientError):  # most likely the user may not read metrics: then they are not known
        return found
    return found


def oldest_event(queue: Path) -> float | None:
    """Seconds since the oldest asynchronous event came that the local stack still has to handle; None where there is none.

    Args:
        queue: the file of the stack's :class:`postkeep_local.stack.events.EventQueue`.
    """
    with closing(sqlite3.connect(f"file:{queue}?mode=ro", uri=True)) as database:
        (received,) = database.execute("SELECT min(received) FROM event").fetchone()
    return None if received is None else max(0.0, time.time() - received)
