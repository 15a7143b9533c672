"""What is gathered: ages that are learnt without receiving, dead letters that are looked at, counts that the API gives."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from postkeep.messages import RenderRequest
from postkeep_local.operations import ages, overview
from postkeep_local.operations.archive import Archive
from postkeep_local.operations.overview import PostCounts, count_posts, peek
from postkeep_local.operations.queues import QueueState, dead_letter_queue
from postkeep_local.stack.events import EventQueue
from postkeep_local.stack.state import StateFolder
from unit.cli.deployed import REGION, failure_record, http_server, s3_event, send, waiting

DEAD = "RenderDeadLetterQueue"
LOCAL = Archive("the local stack", "us-east-1", "", {}, {}, {}, {}, state=Path("state"))


def queue(name: str, waiting: int = 1, in_flight: int = 0) -> QueueState:
    return QueueState(name, f"http://127.0.0.1:4566/0/{name}", f"arn:{name}", waiting, in_flight, 345_600, {}, {})


# ---- Ages ----


def emulator_says(*sent: float) -> bytes:
    messages = [{"Body": "x", "Attributes": {"SentTimestamp": str(int(at * 1000))}} for at in sent]
    return json.dumps({"messages": {"0": {"us-east-1": {"http://x": messages}}}}).encode()


def test_the_emulator_tells_the_age_of_its_messages() -> None:
    now = time.time()
    with http_server({"/_ministack/sqs/messages": (200, emulator_says(now - 5, now - 90, now))}) as (address, asked):
        found = ages.oldest_messages(replace(LOCAL, endpoint_url=address), [queue("A"), queue("B", 0, 1), queue("empty", 0)])
    assert found == {"A": pytest.approx(90, abs=5), "B": pytest.approx(90, abs=5)}
    assert len(asked) == 2
    assert "QueueUrl=http%3A%2F%2F127.0.0.1%3A4566%2F0%2FA" in asked[0]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"messages": 1}',
        b'{"messages": {"0": {"r": {"u": [1]}}}}',
        b'{"messages": {"0": {"r": {"u": [{}]}}}}',
    ],
)
def test_an_emulator_of_another_release_tells_nothing(body: bytes) -> None:
    with http_server({"/_ministack/sqs/messages": (200, body)}) as (address, _):
        assert ages.oldest_messages(replace(LOCAL, endpoint_url=address), [queue("A")]) == {}


def test_an_emulator_that_does_not_answer_tells_nothing() -> None:
    assert ages.oldest_messages(replace(LOCAL, endpoint_url="http://127.0.0.1:1"), [queue("A")]) == {}
    with http_server({}) as (address, _):
        assert ages.oldest_messages(replace(LOCAL, endpoint_url=address), [queue("A")]) == {}


def test_messages_that_went_meanwhile_have_no_age() -> None:
    with http_server({"/_ministack/sqs/messages": (200, emulator_says())}) as (address, _):
        assert ages.oldest_messages(replace(LOCAL, endpoint_url=address), [queue("A")]) == {}


def test_the_emulator_is_not_asked_for_a_listing_of_very_many() -> None:
    with http_server({}) as (address, asked):
        assert ages.oldest_messages(replace(LOCAL, endpoint_url=address), [queue("A", 20_000, 1)]) == {}
        assert asked == []


def test_cloudwatch_tells_the_age_on_aws(deployed: Archive) -> None:
    cloudwatch = boto3.client("cloudwatch", REGION)
    now = datetime.now(UTC)
    for name, minutes, value in (("A", 3, 70.0), ("A", 1, 130.0), ("B", 2, 4.0), ("old", 40, 9.0)):
        cloudwatch.put_metric_data(
            Namespace="AWS/SQS",
            MetricData=[
                {
                    "MetricName": "ApproximateAgeOfOldestMessage",
                    "Dimensions": [{"Name": "QueueName", "Value": name}],
                    "Timestamp": now - timedelta(minutes=minutes),
                    "Value": value,
                }
            ],
        )
    queues = [queue("A"), queue("B"), queue("old"), queue("unknown"), queue("empty", 0)]
    assert ages.oldest_messages(deployed, queues) == {"A": 130.0, "B": 4.0}


@pytest.mark.usefixtures("deployed")
def test_who_may_not_read_metrics_knows_no_ages(deployed: Archive) -> None:
    nowhere = replace(deployed, endpoint_url="http://127.0.0.1:1")
    assert ages.oldest_messages(nowhere, [queue("A")]) == {}
    assert ages.oldest_messages(deployed, []) == {}


def test_the_oldest_event_is_known_without_taking_it(tmp_path: Path) -> None:
    events = EventQueue(tmp_path / "events")
    assert ages.oldest_event(tmp_path / "events") is None
    events.put("ParseFunction", "1", b"{}")
    age = ages.oldest_event(tmp_path / "events")
    events.close()
    assert age is not None
    assert 0 <= age < 60


# ---- Dead letters ----


def test_dead_letters_are_grouped_by_their_reasons(deployed: Archive) -> None:
    send(deployed, DEAD, *(RenderRequest("a" * 26, n).encode() for n in range(3)), failure_record(s3_event("a.md")), "x")
    found = peek(deployed.client("sqs"), dead_letter_queue(deployed, DEAD))
    assert found.looked_at == 5
    assert next(iter(found.reasons.items())) == ("render request", 3)
    assert found.reasons == {"render request": 3, "ReadTimeout": 1, "not understood: not JSON": 1}
    assert found.oldest is not None
    assert overview.since(found.oldest) < 60
    assert found.lost == found.oldest + timedelta(days=14)
    assert waiting(deployed, DEAD) == 5


def test_of_very_many_dead_letters_some_are_looked_at(deployed: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "PEEKED", 12)
    send(deployed, DEAD, *(str(n) for n in range(15)))
    assert peek(deployed.client("sqs"), dead_letter_queue(deployed, DEAD)).looked_at == 12


def test_a_queue_without_dead_letters_has_no_oldest(deployed: Archive) -> None:
    found = peek(deployed.client("sqs"), dead_letter_queue(deployed, DEAD))
    assert (found.looked_at, found.oldest, found.lost, found.reasons) == (0, None, None, {})


def test_a_clock_that_is_ahead_makes_nothing_negative() -> None:
    assert overview.since(datetime.now(UTC) + timedelta(hours=1)) == 0


# ---- Counts ----

COUNTS = {"as_of": "2026-01-02T03:04:05.678Z", "statuses": {"ready": 12, "rejected": 1}, "tags": {"茶": 3}}


def counted(status: int, body: bytes) -> PostCounts | None:
    with http_server({"/counts": (status, body)}) as (address, asked):
        found = count_posts(replace(LOCAL, api_url=address))
    assert asked == ["/counts"]
    return found


def test_the_api_counts_posts() -> None:
    found = counted(200, json.dumps(COUNTS).encode())
    assert found == PostCounts("2026-01-02T03:04:05.678Z", {"pending": 0, "ready": 12, "rejected": 1, "deleted": 0})


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, json.dumps(COUNTS).encode()),
        (500, b"{}"),
        (200, b""),
        (200, b"[" * 100_000),
        (200, b"[]"),
        (200, b'{"as_of": "x"}'),
        (200, b'{"as_of": 1, "statuses": {}}'),
        (200, b'{"as_of": "x", "statuses": {"ready": "many"}}'),
        (200, b'{"as_of": "x", "statuses": {"ready": true}}'),
        (200, b'{"as_of": "x", "statuses": {}, "more": "' + b"x" * 7_000_000 + b'"}'),
    ],
)
def test_what_the_api_does_not_count_is_not_known(status: int, body: bytes) -> None:
    assert counted(status, body) is None


@pytest.mark.parametrize("address", ["", "http://127.0.0.1:1", "http://[", "ftp://127.0.0.1"])
def test_an_api_that_is_not_to_be_had_counts_nothing(address: str) -> None:
    assert count_posts(replace(LOCAL, api_url=address)) is None


# ---- All of it ----


def test_everything_is_gathered_of_a_deployed_stack(deployed: Archive) -> None:
    send(deployed, "RenderQueue", "1")
    send(deployed, DEAD, "2")
    found = overview.overview(deployed)
    assert found.events is None
    assert [(state.name, state.waiting) for state in found.queues] == [("RenderQueue", 1), ("ThumbnailQueue", 0)]
    assert {letters.queue.name: letters.looked_at for letters in found.dead_letters} == {
        "ParseFailureQueue": 0,
        DEAD: 1,
        "ThumbnailDeadLetterQueue": 0,
    }
    assert (found.oldest, found.posts) == ({}, None)


def test_the_local_stacks_events_are_counted(deployed: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_ages(*_: Any) -> dict[str, float]:
        return {}

    monkeypatch.setattr(ages, "oldest_messages", no_ages)
    events = EventQueue(StateFolder(tmp_path).events)
    for n in range(3):
        events.put("ParseFunction", str(n), b"{}")
    events.take("ParseFunction")
    found = overview.overview(replace(deployed, state=tmp_path)).events
    events.close()
    assert found is not None
    assert (found.waiting, found.running) == (2, 1)
    assert found.oldest is not None
