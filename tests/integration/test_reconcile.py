"""The reconcile function and the events that it sends to parse, on moto."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes import S3Event

import parse_post.handler
import reconcile_posts.handler
import render_post.handler
from integration.conftest import Aws, Context, s3_event, sqs_event
from postkeep import correlation
from postkeep.aws import functions
from postkeep.aws.functions import ParseFunction
from postkeep.aws.ledger import DynamoLedger
from postkeep.post import post_id
from postkeep.upgrades import LATEST, Finished, Ledger
from support.logs import captured
from support.posts import EPOCH
from support.template import ROOT

KEYS = ["tea/_posts/2021-06-29-一杯茶的 路 #1.md", "a+b%20c\u3000🍵?&.md", "e\u0301\\\"'<>\t.html", "x" * 1021 + ".md"]


class Functions:
    """Lambda's client: invocations of parse are kept until they are delivered."""

    class meta:  # noqa: N801 (the client's name)
        region_name = "us-east-1"

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: str) -> dict[str, Any]:  # noqa: N803
        assert (FunctionName, InvocationType) == ("parse", "Event")
        assert len(Payload.encode()) < 128 * 1024
        self.events.append(json.loads(Payload))
        return {"StatusCode": 202}

    def deliver(self) -> list[str]:
        events, self.events = self.events, []
        return [outcome for event in events for outcome in parse_post.handler.handler(event, Context())["outcomes"]]


@pytest.fixture
def parse(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Functions]:
    client = Functions()
    monkeypatch.setattr(functions, "client", lambda _service: client)
    monkeypatch.setenv("PARSE_FUNCTION", "parse")
    monkeypatch.setenv("RENDER_BACKLOG_QUEUE_URL", aws.backlog_queue)
    reconcile_posts.handler.wiring.cache_clear()
    yield client
    reconcile_posts.handler.wiring.cache_clear()


def reconcile(**event: Any) -> dict[str, Any]:
    scheduled = json.loads((ROOT / "events" / "reconcile-scheduled.json").read_text("utf-8"))
    answer: dict[str, Any] = reconcile_posts.handler.handler({**scheduled, **event}, Context())
    return answer


def render(aws: Aws) -> None:
    answer = render_post.handler.handler(sqs_event(aws.messages(aws.render_queue)), Context())
    assert not answer["batchItemFailures"]


def status(aws: Aws, key: str) -> str:
    item = aws.dynamodb.get_item(TableName=aws.table, Key={"pk": {"S": f"POST#{post_id(key)}"}, "sk": {"S": "POST"}})["Item"]
    return str(item["status"]["S"])


def test_the_events_are_s3s_own_without_a_sequencer() -> None:
    client: Any = Functions()
    ParseFunction("parse", "posts-bucket", client).check([f"{n} {KEYS[n % 4]}" for n in range(45)])
    assert [len(event["Records"]) for event in client.events] == [20, 20, 5]
    event = S3Event(client.events[0])
    assert event.bucket_name == "posts-bucket"
    assert event.object_key == f"0 {KEYS[0]}"
    record = s3_event("posts-bucket", f"0 {KEYS[0]}", None)["Records"][0]
    sent = client.events[0]["Records"][0]
    assert sent["s3"]["object"]["key"] == record["s3"]["object"]["key"]
    assert "sequencer" not in sent["s3"]["object"]
    ParseFunction("parse", "posts-bucket", client).check([])
    assert len(client.events) == 3


def test_lost_events_are_mended(aws: Aws, parse: Functions) -> None:
    for key in KEYS:
        aws.put(key, "---\ntitle: 茶\n---\n<p>text</p>")
    aws.put("notes.htm", "")
    report = reconcile()
    assert (report["counts"]["missing"], report["counts"]["unmatched"], report["repaired"]) == (4, 1, 4)
    assert parse.deliver() == ["recorded"] * 4
    render(aws)
    assert {status(aws, key) for key in KEYS} == {"ready"}
    aws.s3.delete_object(Bucket=aws.posts, Key=KEYS[1])
    assert reconcile(check_only=True)["counts"]["orphaned"] == 1
    assert not parse.events
    assert reconcile()["counts"]["orphaned"] == 1
    assert parse.deliver() == ["deleted"]
    render(aws)
    assert status(aws, KEYS[1]) == "deleted"
    assert sum(reconcile()["counts"].values()) == 1, "the object that is no post"
    assert reconcile(everything=True)["counts"]["stale"] == 3
    assert parse.deliver() == ["unchanged"] * 3


def test_the_log_says_whether_an_upgrade_is_due(aws: Aws, parse: Functions, caplog: pytest.LogCaptureFixture) -> None:
    def told() -> list[Any]:
        caplog.clear()
        reconcile()
        return [vars(record)["migrations"] for record in caplog.records if "upgrade" in record.getMessage()]

    aws.put(KEYS[0], "---\ntitle: 茶\n---\n<p>text</p>")
    assert told() == [], "nothing is recorded, and nothing can be old"
    parse.deliver()
    render(aws)
    assert told() == [tuple(range(1, LATEST + 1))]
    store = DynamoLedger(aws.table)
    store.swap(Ledger(done=dict.fromkeys(range(1, LATEST), Finished(at=EPOCH))), replacing=Ledger())
    assert told() == [(LATEST,)]
    store.swap(store.read().finished([LATEST], Finished(at=EPOCH)), replacing=store.read())
    assert told() == []


def test_a_run_out_of_time_is_gone_on_with(aws: Aws, parse: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Context, "get_remaining_time_in_millis", staticmethod(lambda: 59_999))
    assert reconcile() == {"unfinished": True}
    assert reconcile() == {"unfinished": True}
    monkeypatch.undo()
    monkeypatch.setattr(functions, "client", lambda _service: parse)
    reconcile_posts.handler.wiring.cache_clear()


def test_a_run_beside_another_one_ends(aws: Aws, parse: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = []

    def meanwhile() -> int:
        monkeypatch.setattr(Context, "get_remaining_time_in_millis", staticmethod(lambda: 900_000))
        answers.append(reconcile())
        return 900_000

    monkeypatch.setattr(Context, "get_remaining_time_in_millis", staticmethod(meanwhile))
    report = reconcile()
    assert answers == [{"underway": report["run"]}]


def test_what_is_mended_is_told_and_carries_its_cause(aws: Aws, parse: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.put(KEYS[0], "x")
    aws.put("unmatched.htm", "x")
    stray = f"renditions/{'a' * 26}/00000001-0001.json"
    aws.s3.put_object(Bucket=aws.archive, Key=stray, Body=b"{}")
    later = datetime.now(UTC) + timedelta(hours=2)
    case = replace(reconcile_posts.handler.wiring(), now=lambda: later)
    cause = f"reconcile-{Context.aws_request_id}"
    with captured(monkeypatch) as logged, monkeypatch.context() as patches:
        patches.setattr(reconcile_posts.handler, "wiring", lambda: case)
        reconcile(check_only=True)
        assert not logged.values(message="asked for")
        reconcile()
        parse.deliver()
    (asked,) = logged.values(message="asked for")
    assert asked.items() >= {"key": KEYS[0], "post_id": post_id(KEYS[0]), "reason": "missing", "correlation_id": cause}.items()
    (swept,) = logged.values(message="swept")
    assert swept.items() >= {"post_id": "a" * 26, "rendition": stray, "reason": "stray", "step": "reconcile"}.items()
    assert [line["outcome"] for line in logged.values(step="parse", correlation_id=cause)] == ["rejected"]
    (message,) = aws.messages(aws.render_queue)
    assert correlation.of_attributes(message["MessageAttributes"]) == cause


def test_the_findings_are_metrics(aws: Aws, parse: Functions, capsys: pytest.CaptureFixture[str]) -> None:
    aws.put(KEYS[0], "x")
    reconcile()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "CloudWatchMetrics" in line]
    (metrics,) = [line for line in lines if "ReconcileMissing" in line]
    assert metrics["ReconcileMissing"] == [1.0]
    assert metrics["ReconcileOrphaned"] == [0.0]


def test_what_is_no_error_is_no_finding_that_is_told_of(aws: Aws, parse: Functions, capsys: pytest.CaptureFixture[str]) -> None:
    aws.put(KEYS[0], "x")
    aws.put("unmatched.htm", "x")
    reconcile()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "CloudWatchMetrics" in line]
    (metrics,) = [line for line in lines if "ReconcileFindings" in line]
    assert (metrics["ReconcileUnmatched"], metrics["ReconcileFindings"]) == ([1.0], [1.0])
