from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from support.metering import READS, S3_GETS, S3_PUTS, SQS, WRITES, Meter

TABLE: dict[str, Any] = {
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "added_order")],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by_added",
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "added_order", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
    ],
    "BillingMode": "PAY_PER_REQUEST",
}


@dataclass
class Metered:
    meter: Meter
    dynamodb: Any
    s3: Any
    sqs: Any
    queue: str

    def units(self) -> tuple[float, float]:
        """Read and write units since the last time."""
        amounts = self.meter.take()[""].amounts
        return amounts.get(READS, 0), amounts.get(WRITES, 0)


@pytest.fixture
def aws() -> Iterator[Metered]:
    with mock_aws():
        plain = boto3.client("dynamodb")
        plain.create_table(TableName="posts", **TABLE)
        boto3.client("s3").create_bucket(Bucket="bucket")
        queue = boto3.client("sqs").create_queue(QueueName="queue")["QueueUrl"]
        meter = Meter({"posts": TABLE}, plain)
        session = boto3.Session()
        meter.watch(session.events)
        yield Metered(meter, session.client("dynamodb"), session.client("s3"), session.client("sqs"), queue)


def key(name: str = "a") -> dict[str, Any]:
    return {"pk": {"S": name}, "sk": {"S": "1"}}


def item(name: str = "a", size: int = 0, **attributes: str) -> dict[str, Any]:
    return {**key(name), **{n: {"S": v} for n, v in attributes.items()}, **({"fill": {"S": "x" * size}} if size else {})}


def test_puts_updates_and_deletions(aws: Metered) -> None:
    aws.dynamodb.put_item(TableName="posts", Item=item(size=1500))
    assert aws.units() == (0, 2)
    aws.dynamodb.put_item(TableName="posts", Item=item(size=10))
    assert aws.units() == (0, 2), "by the larger one, the one that was replaced"
    aws.dynamodb.update_item(
        TableName="posts",
        Key=key(),
        UpdateExpression="SET added_order = :a",
        ExpressionAttributeValues={":a": {"S": "2021"}},
    )
    assert aws.units() == (0, 1 + 1), "an entry of by_added comes to be"
    aws.dynamodb.put_item(TableName="posts", Item=item(added_order="2022"))
    assert aws.units() == (0, 1 + 2), "and moves"
    aws.dynamodb.delete_item(TableName="posts", Key=key())
    assert aws.units() == (0, 1 + 1)
    aws.dynamodb.delete_item(TableName="posts", Key=key())
    assert aws.units() == (0, 1)


def test_a_failed_condition_costs_and_writes_no_index(aws: Metered) -> None:
    aws.dynamodb.put_item(TableName="posts", Item=item(size=1500))
    aws.meter.take()
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        aws.dynamodb.put_item(
            TableName="posts", Item=item(size=3000, added_order="1"), ConditionExpression="attribute_not_exists(pk)"
        )
    assert aws.units() == (0, 3)
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        aws.dynamodb.delete_item(TableName="posts", Key=key(), ConditionExpression="attribute_not_exists(pk)")
    assert aws.units() == (0, 2)


def test_what_is_refused_otherwise_costs_nothing(aws: Metered) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        aws.dynamodb.update_item(TableName="posts", Key=key(), UpdateExpression="SET")
    assert aws.units() == (0, 0)


def test_transactions(aws: Metered) -> None:
    aws.dynamodb.put_item(TableName="posts", Item=item("c", size=1500))
    aws.dynamodb.put_item(TableName="posts", Item=item("d", size=2500))
    aws.meter.take()
    actions: list[dict[str, Any]] = [
        {"Put": {"TableName": "posts", "Item": item("a", added_order="1")}},
        {"Update": {"TableName": "posts", "Key": key("b"), "UpdateExpression": "SET x = :x"}},
        {"ConditionCheck": {"TableName": "posts", "Key": key("c"), "ConditionExpression": "attribute_exists(pk)"}},
        {"Delete": {"TableName": "posts", "Key": key("d")}},
    ]
    actions[1]["Update"]["ExpressionAttributeValues"] = {":x": {"S": "1"}}
    aws.dynamodb.transact_write_items(TransactItems=actions)
    assert aws.units() == (0, (2 + 1) + 2 + 4 + 6)
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        aws.dynamodb.transact_write_items(
            TransactItems=[{"Put": {"TableName": "posts", "Item": item("c"), "ConditionExpression": "attribute_not_exists(pk)"}}]
        )
    assert aws.units() == (0, 4)
    gets = [{"Get": {"TableName": "posts", "Key": key(name)}} for name in ("c", "nothing")]
    aws.dynamodb.transact_get_items(TransactItems=gets)
    assert aws.units() == (4, 0)


def test_batches(aws: Metered) -> None:
    requests = [{"PutRequest": {"Item": item("a", size=1500)}}, {"PutRequest": {"Item": item("b")}}]
    aws.dynamodb.batch_write_item(RequestItems={"posts": requests})
    assert aws.units() == (0, 3)
    aws.dynamodb.batch_write_item(RequestItems={"posts": [{"DeleteRequest": {"Key": key("b")}}]})
    assert aws.units() == (0, 1)
    aws.dynamodb.batch_get_item(RequestItems={"posts": {"Keys": [key("a"), key("b")], "ConsistentRead": True}})
    assert aws.units() == (2, 0)
    aws.dynamodb.batch_get_item(RequestItems={"posts": {"Keys": [key("a"), key("b")]}})
    assert aws.units() == (1, 0)


def test_gets(aws: Metered) -> None:
    aws.dynamodb.put_item(TableName="posts", Item=item(size=5000))
    aws.meter.take()
    aws.dynamodb.get_item(TableName="posts", Key=key(), ConsistentRead=True, ProjectionExpression="sk")
    assert aws.units() == (2, 0), "what is projected does not matter"
    aws.dynamodb.get_item(TableName="posts", Key=key("nothing"))
    assert aws.units() == (0.5, 0)


def test_a_query_costs_what_it_goes_over(aws: Metered) -> None:
    for number in range(4):
        row = {"pk": {"S": "L"}, "sk": {"S": str(number)}, "added_order": {"S": str(number)}, "fill": {"S": "x" * 3000}}
        aws.dynamodb.put_item(TableName="posts", Item=row)
    aws.meter.take()
    asked: dict[str, Any] = {
        "TableName": "posts",
        "KeyConditionExpression": "#p = :p",
        "ExpressionAttributeNames": {"#p": "pk", "#f": "fill"},
        "ExpressionAttributeValues": {":p": {"S": "L"}, ":n": {"S": "nothing"}},
        "ProjectionExpression": "sk",
        "FilterExpression": "#f = :n",
    }
    aws.dynamodb.query(**asked)
    assert aws.units() == (1.5, 0), "12 KB, though the answer is empty"
    aws.dynamodb.query(**asked, ConsistentRead=True)
    assert aws.units() == (3, 0)
    aws.dynamodb.query(**asked, Limit=1)
    assert aws.units() == (0.5, 0)
    aws.dynamodb.query(**asked, IndexName="by_added")
    assert aws.units() == (0.5, 0), "thin entries"
    aws.dynamodb.scan(TableName="posts")
    assert aws.units() == (1.5, 0)


def test_s3_requests_by_class_and_sqs_requests_by_size(aws: Metered) -> None:
    with aws.meter.part("render") as usage:
        aws.s3.put_object(Bucket="bucket", Key="k", Body=b"x")
        aws.s3.list_objects_v2(Bucket="bucket")
        aws.s3.get_object(Bucket="bucket", Key="k")
        aws.s3.head_object(Bucket="bucket", Key="k")
        aws.s3.delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": "k"}]})
        aws.s3.delete_object(Bucket="bucket", Key="k")
        aws.sqs.send_message_batch(QueueUrl=aws.queue, Entries=[{"Id": str(n), "MessageBody": "茶"} for n in range(10)])
        aws.sqs.send_message(QueueUrl=aws.queue, MessageBody="x" * 65_537)
        aws.meter.polled(2)
    assert usage.amounts == {S3_PUTS: 2, S3_GETS: 2, SQS: 1 + 2 + 4}
    assert usage.calls == {
        "s3.PutObject": 1,
        "s3.ListObjectsV2": 1,
        "s3.GetObject": 1,
        "s3.HeadObject": 1,
        "s3.DeleteObjects": 1,
        "s3.DeleteObject": 1,
        "sqs.SendMessageBatch": 1,
        "sqs.SendMessage": 1,
    }
    aws.s3.head_bucket(Bucket="bucket")
    taken = aws.meter.take()
    assert set(taken) == {"render", ""}
    assert aws.meter.take() == {}


def test_one_client_may_be_watched_alone(aws: Metered) -> None:
    client = boto3.client("s3")
    client.head_bucket(Bucket="bucket")
    aws.meter.watch(client.meta.events)
    client.head_bucket(Bucket="bucket")
    assert aws.meter.take()[""].calls == {"s3.HeadBucket": 1}


def test_other_operations_of_a_table_cost_no_units(aws: Metered) -> None:
    aws.dynamodb.describe_table(TableName="posts")
    assert aws.units() == (0, 0)


def test_a_paused_meter_counts_nothing(aws: Metered) -> None:
    with aws.meter.paused():
        aws.dynamodb.put_item(TableName="posts", Item=item())
    assert aws.meter.take() == {}
    aws.dynamodb.put_item(TableName="posts", Item=item())
    assert aws.units() == (0, 1)
