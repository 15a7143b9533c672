"""Each port's two implementations: the fake, and the adapter on moto."""

from collections.abc import Iterator, Sequence

import boto3
import pytest
from moto import mock_aws

from fakes.memory import MemoryBucket, MemoryQueue, MemoryTable
from postkeep.aws.dynamodb import DynamoListings, DynamoPictures, DynamoPosts
from postkeep.aws.s3 import Bucket
from postkeep.aws.sqs import SqsQueue
from postkeep.ports import Listings, ObjectStore, PictureStore, PostStore, Queue
from support.template import table_definition

type Table = tuple[PostStore, PictureStore, Listings]


@pytest.fixture(params=["memory", "moto"])
def table(request: pytest.FixtureRequest) -> Iterator[Table]:
    if request.param == "memory":
        memory = MemoryTable()
        yield memory, memory, memory
        return
    with mock_aws():
        boto3.client("dynamodb").create_table(TableName="posts", **table_definition())
        yield DynamoPosts("posts"), DynamoPictures("posts"), DynamoListings("posts")


@pytest.fixture(params=["memory", "moto"])
def objects(request: pytest.FixtureRequest) -> Iterator[ObjectStore]:
    if request.param == "memory":
        yield MemoryBucket()
        return
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="posts")
        s3.put_bucket_versioning(Bucket="posts", VersioningConfiguration={"Status": "Enabled"})
        yield Bucket("posts")


@pytest.fixture(params=["memory", "moto"])
def queue(request: pytest.FixtureRequest) -> Iterator[tuple[Queue, list[str]]]:
    """A queue, and (after the messages were sent) what is in it."""
    received: list[str] = []
    if request.param == "memory":
        yield MemoryQueue(received), received
        return
    with mock_aws():
        sqs = boto3.client("sqs")
        url = sqs.create_queue(QueueName="render")["QueueUrl"]

        class Receiving(SqsQueue):
            def send(self, bodies: Sequence[str], *, delays: Sequence[int] = ()) -> None:
                super().send(bodies, delays=delays)
                while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
                    received.extend(message["Body"] for message in batch)

        yield Receiving(url), received
