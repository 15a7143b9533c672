"""What a post costs in calls to AWS: nobody adds one unknowingly."""

from collections.abc import Iterator

import boto3
import pytest

import render_post.handler
from integration.conftest import Aws, s3_event
from integration.test_pipeline import KEY, POST, parse, render
from support.metering import Meter
from support.template import table_definition

TWO_TAGS = POST.replace("[ 茶 ]", "[ 茶, 山 ]").replace('<p><img src="https://pictures.example/1.jpg" alt="茶园"></p>', "")
ONE_TAG = TWO_TAGS.replace("[ 茶, 山 ]", "[ 茶 ]")

READ = ["dynamodb.Query", "dynamodb.Query", "s3.DeleteObjects", "s3.GetObject", "s3.PutObject", "sqs.SendMessageBatch"]
"""What render does for any text: the record with its rows, the pictures that are known, the object; the rendition; the search
index is told. A text that a delivery may have left which died under the cleaning before is deleted, of new posts too: S3 does it
for nothing."""


@pytest.fixture
def meter(aws: Aws) -> Iterator[Meter]:
    """Counts the handlers' calls."""
    meter = Meter({aws.table: table_definition()}, aws.dynamodb)
    boto3.setup_default_session()
    session = boto3.DEFAULT_SESSION
    assert session is not None
    meter.watch(session.events)
    # Once a minute render looks for published rules: that belongs to no post.
    render_post.handler.wiring().rules(0)
    yield meter
    boto3.setup_default_session()


def drop(aws: Aws, meter: Meter, content: str | None, sequencer: str) -> tuple[list[str], list[str]]:
    """Have something happen to the post; gives the calls of parse and of render."""
    meter.take()
    if content is None:
        aws.s3.delete_object(Bucket=aws.posts, Key=KEY)
    else:
        aws.put(KEY, content)
    with meter.part("parse") as parsing:
        parse(s3_event(aws.posts, KEY, sequencer))
    with meter.part("render") as rendering:
        messages = aws.messages(aws.render_queue)
        assert not messages or render(messages) == []
    return sorted(parsing.calls.elements()), sorted(rendering.calls.elements())


def test_calls_a_post(aws: Aws, meter: Meter) -> None:
    new = ["dynamodb.UpdateItem", "s3.GetObject", "sqs.SendMessageBatch"]
    replaced = ["dynamodb.PutItem", *new]
    assert drop(aws, meter, TWO_TAGS, "01") == (new, sorted([*READ, "dynamodb.TransactWriteItems"]))
    assert drop(aws, meter, TWO_TAGS, "02") == (["dynamodb.UpdateItem", "s3.GetObject"], [])
    changed = sorted([*READ, "dynamodb.TransactWriteItems", "s3.DeleteObjects"])
    assert drop(aws, meter, ONE_TAG, "03") == (replaced, changed)
    again = sorted([*READ, "dynamodb.UpdateItem", "s3.DeleteObjects"])
    assert drop(aws, meter, ONE_TAG.replace("最香", "最淡"), "04") == (replaced, again)
    cleared = ["dynamodb.Query", "dynamodb.Query", "dynamodb.UpdateItem", "s3.DeleteObjects", "sqs.SendMessageBatch"]
    assert drop(aws, meter, None, "05") == (replaced, cleared)


def test_pictures_cost_a_batch_and_their_messages(aws: Aws, meter: Meter) -> None:
    _, rendering = drop(aws, meter, POST, "01")
    assert rendering == sorted([*READ, "dynamodb.UpdateItem", "dynamodb.BatchWriteItem", "sqs.SendMessageBatch"])


def test_request_units_a_post(aws: Aws, meter: Meter) -> None:
    """One for a small record and for each of its nine index entries; settled: one more, and two for moving in the feed."""
    meter.take()
    aws.put(KEY, ONE_TAG)
    with meter.part("parse") as parsing:
        parse(s3_event(aws.posts, KEY, "01"))
    with meter.part("render") as rendering:
        assert render(aws.messages(aws.render_queue)) == []
    assert parsing.amounts["dynamodb-write-units"] == 10
    assert rendering.amounts["dynamodb-write-units"] == 3
    assert rendering.amounts["dynamodb-read-units"] == 2
