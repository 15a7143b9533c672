"""The real handlers on moto: resources made from the template, events from ``events/``."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

import boto3
import pytest
from moto import mock_aws

import count_posts.handler
import make_thumbnail.handler
import parse_post.handler
import query_posts.handler
import query_posts.routes
import render_post.handler
import retry_pictures.handler
import search_posts.handler
import search_posts.index_handler
from support.calls import Recorder
from support.roles import recorded_handlers, refused
from support.template import ROOT, table_definition


class Context:
    """Lambda's context, as much of it as the handlers read."""

    function_name = "function"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:function"
    aws_request_id = "00000000-0000-0000-0000-000000000000"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 60_000


@dataclass(frozen=True)
class Aws:
    """Clients of the mocked AWS and the names of what is in it."""

    s3: Any
    sqs: Any
    dynamodb: Any
    posts: str
    archive: str
    table: str
    render_queue: str
    thumbnail_queue: str
    index_queue: str
    backlog_queue: str

    def put(self, key: str, body: bytes | str) -> str:
        answer = self.s3.put_object(Bucket=self.posts, Key=key, Body=body if isinstance(body, bytes) else body.encode())
        return str(answer["VersionId"])

    def messages(self, url: str) -> list[dict[str, Any]]:
        """Take all messages off a queue, as an event source mapping would give them."""
        taken: list[dict[str, Any]] = []
        while batch := self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]).get(
            "Messages"
        ):
            for message in batch:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                taken.append(message)
        return taken


def s3_event(
    bucket: str,
    key: str,
    sequencer: str | None = "00A1",
    name: str = "ObjectCreated:Put",
    request_id: str = "C3D13FE58DE4C810",
) -> dict[str, Any]:
    """An event as S3 sends it."""
    entry = {"key": quote_plus(key, safe="/"), "size": 1, "eTag": "e", "versionId": "v"}
    if sequencer is not None:
        entry["sequencer"] = sequencer
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": "us-east-1",
                "eventTime": "2026-01-01T00:00:00.000Z",
                "eventName": name,
                "responseElements": {"x-amz-request-id": request_id, "x-amz-id-2": "FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S"},
                "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"}, "object": entry},
            }
        ]
    }


def sqs_event(messages: list[dict[str, Any]], attempt: int = 1) -> dict[str, Any]:
    """A batch as an event source mapping hands it over."""
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": {"ApproximateReceiveCount": str(attempt), "SentTimestamp": "1", "SenderId": "x"},
                "messageAttributes": {
                    name: {"stringValue": value["StringValue"], "dataType": value["DataType"]}
                    for name, value in message.get("MessageAttributes", {}).items()
                },
                "md5OfBody": message.get("MD5OfBody", ""),
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:queue",
                "awsRegion": "us-east-1",
            }
            for message in messages
        ]
    }


def api_event(path: str, query: str = "", method: str = "GET", headers: dict[str, str] | None = None) -> dict[str, Any]:
    """A request as an HTTP API hands it over: the file's, with another path."""
    event: dict[str, Any] = json.loads((ROOT / "events" / "api-posts.json").read_text("utf-8"))
    event |= {"rawPath": path, "rawQueryString": query, "headers": {"accept": "*/*", **(headers or {})}}
    event["queryStringParameters"] = dict(pair.split("=", 1) for pair in query.split("&")) if query else None
    event["requestContext"]["http"] |= {"path": path, "method": method}
    return event


@contextlib.contextmanager
def standing(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Aws, Recorder]]:
    """AWS as the template would leave it, the handlers told of it, and their calls written down."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(mock_aws())
        s3, sqs, dynamodb = boto3.client("s3"), boto3.client("sqs"), boto3.client("dynamodb")
        # The tests' own clients are older than the recorder, which does not hear of them.
        recorder = stack.enter_context(recorded_handlers(monkeypatch))
        for bucket in ("posts-bucket", "archive-bucket"):
            s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket="posts-bucket", VersioningConfiguration={"Status": "Enabled"})
        queues = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("render", "thumbnail", "index", "backlog")]
        dynamodb.create_table(TableName="posts", **table_definition())
        settings = {
            "TABLE_NAME": "posts",
            "POSTS_BUCKET": "posts-bucket",
            "ARCHIVE_BUCKET": "archive-bucket",
            "KEEP_ORIGINALS": "false",
            "THUMBNAIL_AVIF": "false",
            "RENDER_QUEUE_URL": queues[0],
            "THUMBNAIL_QUEUE_URL": queues[1],
            "INDEX_QUEUE_URL": queues[2],
            "MAX_POST_BYTES": str(5 * 1024 * 1024),
            "TOMBSTONE_DAYS": "90",
            "CHANGES_LAG_SECONDS": "0",
            "CURSOR_KEY": "a key",
            "READ_ACCESS": "public",
            "FETCH_PICTURES": "true",
            "SEARCH_SPACE_BYTES": "1000000000",
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        _forget()
        yield Aws(s3, sqs, dynamodb, "posts-bucket", "archive-bucket", "posts", *queues), recorder
        _forget()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """AWS and the handlers; whatever these call must be what their own roles allow."""
    with standing(monkeypatch) as (stack, recorder):
        yield stack
    # What goes to no bucket at all, as a test has it, is no question of roles.
    assert refused(call for call in recorder.calls if call.error != "NoSuchBucket") == []


def _forget() -> None:
    """The handlers keep their clients for life; each test has an AWS of its own."""
    for cached in (
        parse_post.handler.wiring,
        parse_post.handler.bucket,
        render_post.handler.wiring,
        make_thumbnail.handler.wiring,
        count_posts.handler.wiring,
        retry_pictures.handler.wiring,
        search_posts.handler.wiring,
        search_posts.handler.app,
        search_posts.index_handler.wiring,
        query_posts.routes.wiring,
        query_posts.handler.app,
    ):
        cached.cache_clear()
