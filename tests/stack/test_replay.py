import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws
from mypy_boto3_s3 import S3Client

from postkeep_local.stack.deployment import DeployedFunction, Deployment
from postkeep_local.stack.emulator import Clients
from postkeep_local.stack.events import EventQueue, objects_of, parse
from postkeep_local.stack.replay import replay

_ARN = "arn:aws:lambda:us-east-1:123456789012:function:parse"
_DEPLOYED = Deployment(
    functions={"Parse": DeployedFunction("Parse", "parse", _ARN, {}, "")}, buckets={"Posts": "posts", "Archive": "archive"}
)


@pytest.fixture
def s3() -> Iterator[S3Client]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="archive")
        client.create_bucket(Bucket="posts")
        client.put_bucket_versioning(Bucket="posts", VersioningConfiguration={"Status": "Enabled"})
        yield client
        client.close()


@pytest.fixture
def events(tmp_path: Path) -> Iterator[EventQueue]:
    queue = EventQueue(tmp_path / "events.sqlite3")
    yield queue
    queue.close()


class _Notified:
    """moto's S3 with a notification configuration that moto, which wants a real function for it, would not take."""

    def __init__(self, s3: S3Client, configurations: list[dict[str, Any]]) -> None:
        self._s3 = s3
        self._configurations = configurations

    def get_bucket_notification_configuration(self, *, Bucket: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        return {"LambdaFunctionConfigurations": self._configurations} if Bucket == "posts" else {}

    def get_paginator(self, name: str) -> Any:
        return self._s3.get_paginator(cast("Any", name))


def _clients(s3: S3Client, *events: str) -> Clients:
    filtered = {"Key": {"FilterRules": [{"Name": "Prefix", "Value": "tea/"}, {"Name": "Suffix", "Value": ".md"}]}}
    configurations = [{"LambdaFunctionArn": _ARN, "Events": [event], "Filter": filtered} for event in events]
    return cast("Clients", SimpleNamespace(s3=_Notified(s3, configurations)))


def _queued(events: EventQueue, count: int) -> list[Any]:
    found = []
    for _ in range(count):
        event = events.take("Parse")
        assert event
        found.append(parse(event.payload))
    return found


def test_after_a_kill_each_current_object_is_handled_again(s3: S3Client, events: EventQueue) -> None:
    for key in ("tea/雨 #1.md", "tea/a.md", "tea/gone.md", "tea/note.txt", "milk/a.md"):
        s3.put_object(Bucket="posts", Key=key, Body=b"1")
    newest = s3.put_object(Bucket="posts", Key="tea/a.md", Body=b"22")
    s3.delete_object(Bucket="posts", Key="tea/gone.md")

    count = replay(_clients(s3, "s3:ObjectCreated:*", "s3:ObjectRemoved:*"), _DEPLOYED, events, everything=True)

    assert count == 2
    queued = {objects_of(event)[0][1]: event["Records"][0] for event in _queued(events, count)}
    assert set(queued) == {"tea/雨 #1.md", "tea/a.md"}
    record = queued["tea/a.md"]
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["s3"]["bucket"]["name"] == "posts"
    assert record["s3"]["object"] == {
        "key": "tea/a.md",
        "size": 2,
        "eTag": newest["ETag"].strip('"'),
        "versionId": newest["VersionId"],
    }
    assert queued["tea/雨 #1.md"]["s3"]["object"]["key"] == "tea/%E9%9B%A8+%231.md"


def test_after_a_clean_stop_only_what_never_arrived_is_handled(s3: S3Client, events: EventQueue) -> None:
    def put(key: str) -> str:
        return s3.put_object(Bucket="posts", Key=key, Body=b"1")["VersionId"]

    events.put("Parse", "r", b"{}", seen=[("posts", "tea/known.md", put("tea/known.md"), "1")])
    events.put("Parse", "r", b"{}", seen=[("posts", "tea/changed.md", put("tea/changed.md"), "2")])
    put("tea/changed.md")
    put("tea/new.md")
    events.put("Parse", "r", b"{}", seen=[("posts", "tea/removed.md", put("tea/removed.md"), "3")])
    s3.delete_object(Bucket="posts", Key="tea/removed.md")
    _queued(events, 3)

    clients = _clients(s3, "s3:ObjectCreated:*", "s3:ObjectRemoved:*")
    assert replay(clients, _DEPLOYED, events, everything=False) == 3
    names = {(objects_of(event)[0][1], event["Records"][0]["eventName"]) for event in _queued(events, 3)}
    assert names == {
        ("tea/changed.md", "ObjectCreated:Put"),
        ("tea/new.md", "ObjectCreated:Put"),
        ("tea/removed.md", "ObjectRemoved:DeleteMarkerCreated"),
    }

    assert replay(clients, _DEPLOYED, events, everything=False) == 0


def test_a_function_is_told_only_what_it_asked_for(s3: S3Client, events: EventQueue) -> None:
    s3.put_object(Bucket="posts", Key="tea/a.md", Body=b"1")
    s3.put_object(Bucket="posts", Key="tea/b.md", Body=b"1")
    s3.delete_object(Bucket="posts", Key="tea/b.md")
    assert replay(_clients(s3, "s3:ObjectRemoved:*"), _DEPLOYED, events, everything=False) == 1
    assert objects_of(_queued(events, 1)[0])[0][1] == "tea/b.md"
    assert replay(_clients(s3), _DEPLOYED, events, everything=True) == 0


def test_a_bucket_without_versions(s3: S3Client, events: EventQueue) -> None:
    s3.put_bucket_versioning(Bucket="posts", VersioningConfiguration={"Status": "Suspended"})
    s3.put_object(Bucket="posts", Key="tea/a.md", Body=b"1")
    clients = _clients(s3, "s3:ObjectCreated:*")
    assert replay(clients, _DEPLOYED, events, everything=False) == 1
    event = _queued(events, 1)[0]
    assert event["Records"][0]["s3"]["object"]["versionId"] == ""
    assert replay(clients, _DEPLOYED, events, everything=False) == 0


def test_replayed_events_are_json_of_plain_text(s3: S3Client, events: EventQueue) -> None:
    key = "tea/\u200b😀 +%25.md"
    s3.put_object(Bucket="posts", Key=key, Body=b"1")
    replay(_clients(s3, "s3:ObjectCreated:*"), _DEPLOYED, events, everything=True)
    (event,) = _queued(events, 1)
    assert objects_of(json.loads(json.dumps(event)))[0][1] == key
