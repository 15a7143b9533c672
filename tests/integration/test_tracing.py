"""A post's way through the real handlers, as their logs tell it."""

import json
import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

import count_posts.handler
import make_thumbnail.handler
import parse_post.handler
import query_posts.handler
import render_post.handler
import retry_pictures.handler
import search_posts.index_handler
from integration.conftest import Aws, Context, api_event, s3_event, sqs_event
from postkeep.aws.functions import ParseFunction
from postkeep.correlation import caused_by
from postkeep.post import picture_id, post_id
from retry_pictures.retrying import Swept
from support.logs import Lines, captured
from support.template import ROOT

KEY = "tea/_posts/2021-06-29-一杯茶.md"
ID = post_id(KEY)
BODY = "清晨的第一杯茶，总是最香的。"
POST = f"""---
title: "一杯茶"
date: 2021-06-29T01:39:02.000Z
from: https://tea.example/1?token=xyzzy
---
<p>{BODY}</p><p><img src="https://pictures.example/1.jpg?key=plugh"></p><p><img src="https://pictures.example/2.jpg"></p>
"""
CAUSE = "4E2F6A0B9C8D7E61"


@pytest.fixture
def lines(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    monkeypatch.setenv("POSTKEEP_PICTURE_HOSTS", json.dumps({"*": ""}))  # nothing is fetched
    with captured(monkeypatch) as found:
        yield found


def parse(aws: Aws, content: str | None, sequencer: str = "01", cause: str = CAUSE, key: str = KEY) -> None:
    if content is not None:
        aws.put(key, content)
    parse_post.handler.handler(s3_event(aws.posts, key, sequencer, request_id=cause), Context())


def render(aws: Aws, attempt: int = 1) -> None:
    render_post.handler.handler(sqs_event(aws.messages(aws.render_queue), attempt), Context())


def whole_way(aws: Aws) -> None:
    render(aws)
    make_thumbnail.handler.handler(sqs_event(aws.messages(aws.thumbnail_queue)), Context())
    search_posts.index_handler.handler(sqs_event(aws.messages(aws.index_queue)), Context())


def test_one_change_is_followed_through_every_function(aws: Aws, lines: Lines) -> None:
    parse(aws, POST)
    whole_way(aws)
    count_posts.handler.handler({}, Context())
    query_posts.handler.handler(api_event(f"/posts/{ID}/text", "format=plain"), Context())
    found = lines.values(correlation_id=CAUSE)
    assert [(line["step"], line["outcome"]) for line in found] == [
        ("parse", "recorded"),
        ("render", "rendered"),
        ("thumbnail", "skipped"),
        ("thumbnail", "skipped"),
        ("index", "indexed"),
    ]
    assert all(line["post_id"] == ID and line["duration_ms"] > 0 for line in found)
    assert [line.get("attempt") for line in found] == [None, 1, 1, 1, 1]
    addresses = ["https://pictures.example/1.jpg?key=plugh", "https://pictures.example/2.jpg"]
    assert {line["picture_id"] for line in found[2:4]} == set(map(picture_id, addresses))
    version = aws.s3.head_object(Bucket=aws.posts, Key=KEY)["VersionId"]
    assert [(line["key"], line["version"]) for line in found[:2]] == [(KEY, version)] * 2
    # What has another cause, a schedule or a reader, is the post's all the same.
    others = [line for line in lines.values(post_id=ID) if line["correlation_id"] != CAUSE]
    assert [(line["step"], line["outcome"]) for line in others] == [("count", "counted"), ("answer", "answered")]
    assert others[0]["correlation_id"] == f"count-{Context.aws_request_id}"
    assert others[1].items() >= {"route": "/posts/{post_id}/text", "status": 200}.items()


def test_each_line_carries_ids_and_none_says_what_a_post_says(aws: Aws, lines: Lines) -> None:
    parse(aws, POST)
    whole_way(aws)
    count_posts.handler.handler({}, Context())
    retry_pictures.handler.handler({}, Context())
    headers = {"authorization": "Bearer hush", "cookie": "hush"}
    query_posts.handler.handler(api_event("/posts", "author=somebody", headers=headers), Context())
    assert {line["step"] for line in lines.values()} >= {
        "parse",
        "render",
        "thumbnail",
        "commit",
        "index",
        "count",
        "retry",
        "answer",
    }
    for line in lines.values():
        assert line["correlation_id"]
        assert line["step"]
    documented = set(re.findall(r"`(\w+)`", (ROOT / "docs" / "watching.md").read_text("utf-8")))
    powertools = {"location", "cold_start", "function_name", "function_memory_size", "function_arn"}
    runs = {"messages", "added", "removed", "unchanged", "failed", "posts", "segments", "changes", *Swept.__dataclass_fields__}
    assert {name for line in lines.values() for name in line} <= documented | powertools | runs
    for secret in (BODY, '一杯茶"', "xyzzy", "plugh", "tea.example", "pictures.example", "somebody", "hush"):
        assert secret not in lines.getvalue()


def test_each_message_of_a_batch_has_lines_of_its_own(aws: Aws, lines: Lines) -> None:
    keys = {f"a/{n}.md": f"4E2F6A0B9C8D7E6{n}" for n in range(3)}
    for key, cause in keys.items():
        parse(aws, POST, cause=cause, key=key)
    messages = aws.messages(aws.render_queue)
    broken = {**messages[0], "Body": "{", "MessageId": "m-broken", "MessageAttributes": {}}
    render_post.handler.handler(sqs_event([*messages[:2], broken, messages[2]]), Context())
    found = lines.values(step="render")
    assert [line["outcome"] for line in found] == ["rendered", "rendered", "failed", "rendered"]
    assert {line["post_id"]: line["correlation_id"] for line in found if "post_id" in line} == {
        post_id(key): cause for key, cause in keys.items()
    }
    bad = found[2]
    assert bad.items() >= {"message": "not rendered", "reason": "MessageInvalid", "correlation_id": "message-m-broken"}.items()
    assert not {"post_id", "key", "version", "generation"} & set(bad)


@pytest.mark.filterwarnings("ignore:No application metrics to publish:UserWarning")
def test_a_retry_tells_its_attempt_and_a_failure_its_error(aws: Aws, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    parse(aws, POST)
    messages = aws.messages(aws.render_queue)
    archive = render_post.handler.wiring().archive

    def refuse(*_: Any, **__: Any) -> None:
        raise ClientError({"Error": {"Code": "SlowDown", "Message": "later"}}, "PutObject")

    with monkeypatch.context() as patches:
        patches.setattr(type(archive), "put", refuse)
        answer = render_post.handler.handler(sqs_event(messages), Context())
    assert len(answer["batchItemFailures"]) == 1
    render_post.handler.handler(sqs_event(messages, attempt=2), Context())
    first, second = lines.values(step="render")
    assert first.items() >= {"attempt": 1, "outcome": "failed", "reason": "ClientError", "post_id": ID, "key": KEY}.items()
    assert second.items() >= {"attempt": 2, "outcome": "rendered", "correlation_id": CAUSE}.items()


def test_a_rejected_post_tells_why(aws: Aws, lines: Lines) -> None:
    parse(aws, "---\ntitle: [\n---\n")
    render(aws)
    parsed, rendered = lines.values(post_id=ID)
    assert parsed.items() >= {"outcome": "rejected", "reason": "front-matter-invalid", "level": "INFO"}.items()
    assert rendered.items() >= {"outcome": "cleared", "reason": "deleted or rejected"}.items()


def test_what_is_passed_over_tells_why(aws: Aws, lines: Lines) -> None:
    parse(aws, POST, "02")
    parse(aws, None, "02", "AAAA")  # again
    parse(aws, POST.replace("最香", "最淡"), "01", "BBBB")  # too late
    requests = aws.messages(aws.render_queue)
    render_post.handler.handler(sqs_event(requests), Context())
    again, late = lines.values(correlation_id="AAAA", step="parse"), lines.values(correlation_id="BBBB")
    assert [(line["outcome"], line["reason"]) for line in again] == [("unchanged", "its record says the same")]
    assert [line["outcome"] for line in late] == ["superseded"]
    assert late[0]["reason"]
    # The record was not settled, so that the text was asked for twice: one request was enough.
    outcomes = [(line["correlation_id"], line["outcome"], line.get("reason")) for line in lines.values(step="render")]
    assert sorted(outcomes) == sorted([(CAUSE, "rendered", None), ("AAAA", "resumed", "its text was there")])


def test_an_object_that_is_no_post_is_told_of(aws: Aws, lines: Lines) -> None:
    parse(aws, "x", key="notes.json")
    (line,) = lines.values(step="parse")
    assert line.items() >= {"key": "notes.json", "outcome": "ignored", "correlation_id": CAUSE}.items()


@pytest.mark.filterwarnings("ignore:No application metrics to publish:UserWarning")
def test_a_failed_event_is_told_of_with_its_key(aws: Aws, lines: Lines) -> None:
    event = s3_event("no-such-bucket", KEY, request_id="")
    with pytest.raises(ExceptionGroup):
        parse_post.handler.handler(event, Context())
    (line,) = lines.values(step="parse")
    expected = {"message": "record failed", "outcome": "failed", "key": KEY, "event_name": "ObjectCreated:Put"}
    assert line.items() >= {**expected, "correlation_id": f"event-{Context.aws_request_id}"}.items()


def test_a_commit_that_fails_is_told_of_each_post(aws: Aws, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    parse(aws, POST)
    render(aws)
    messages = aws.messages(aws.index_queue)

    def fail(*_: Any) -> None:
        raise RuntimeError("no manifest")

    with monkeypatch.context() as patches:
        patches.setattr(type(search_posts.index_handler.wiring().indexing), "__call__", fail)
        answer = search_posts.index_handler.handler(sqs_event(messages, attempt=3), Context())
    assert len(answer["batchItemFailures"]) == 1
    (line,) = lines.values(step="index")
    expected = {"message": "not indexed", "outcome": "failed", "reason": "RuntimeError", "attempt": 3, "correlation_id": CAUSE}
    assert line.items() >= {**expected, "post_id": ID}.items()
    (commit,) = lines.values(step="commit")
    assert commit.items() >= {"outcome": "failed", "correlation_id": f"index-{Context.aws_request_id}"}.items()


def test_a_check_carries_the_cause_of_who_asks(aws: Aws, lines: Lines) -> None:
    aws.put(KEY, POST)
    sent: list[dict[str, Any]] = []

    class Functions:
        meta = boto3.client("lambda").meta

        def invoke(self, **request: Any) -> None:
            sent.append(json.loads(request["Payload"]))

    with caused_by("reconcile-1a2b3c"):
        ParseFunction("parse", aws.posts, Functions()).check([KEY])  # type: ignore[arg-type]
    parse_post.handler.handler(sent[0], Context())
    whole_way(aws)
    found = lines.values(correlation_id="reconcile-1a2b3c")
    assert [line["step"] for line in found] == ["parse", "render", "thumbnail", "thumbnail", "index"]


def test_metrics_have_the_service_for_their_only_dimension(aws: Aws, lines: Lines, capsys: pytest.CaptureFixture[str]) -> None:
    del lines
    parse(aws, POST)
    whole_way(aws)
    count_posts.handler.handler({}, Context())
    retry_pictures.handler.handler({}, Context())
    query_posts.handler.handler(api_event("/posts"), Context())
    written = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "CloudWatchMetrics" in line]
    assert len(written) == 7
    for value in written:
        for metrics in value["_aws"]["CloudWatchMetrics"]:
            assert metrics["Dimensions"] == [["service"]]
        names = {metric["Name"] for metrics in value["_aws"]["CloudWatchMetrics"] for metric in metrics["Metrics"]}
        assert set(value) == {"_aws", "service", *names}
