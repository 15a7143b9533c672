"""Queue: the same cases for the fake and for SQS."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from fakes.memory import MemoryQueue
from postkeep import correlation
from postkeep.aws.sqs import SqsQueue
from postkeep.errors import SendFailed
from postkeep.ports import Queue


def test_sends_all_messages(queue: tuple[Queue, list[str]]) -> None:
    port, received = queue
    bodies = [f"{n} 茶" for n in range(23)]
    port.send(bodies)
    assert sorted(received) == sorted(bodies)


def test_sends_nothing(queue: tuple[Queue, list[str]]) -> None:
    port, received = queue
    port.send([])
    assert received == []


def test_a_refused_message_is_an_error() -> None:
    class Refusing:
        def send_message_batch(self, **_: Any) -> dict[str, Any]:
            return {"Successful": [], "Failed": [{"Id": "0", "Code": "InternalError", "SenderFault": False}]}

    with pytest.raises(SendFailed) as caught:
        SqsQueue("url", Refusing()).send(["a"])  # type: ignore[arg-type]
    assert (caught.value.count, caught.value.code) == (1, "InternalError")


@pytest.fixture(params=["memory", "moto"])
def delaying(request: pytest.FixtureRequest) -> Iterator[tuple[Queue, Callable[[], int]]]:
    """A queue, and how many of its messages nobody receives yet."""
    if request.param == "memory":
        memory = MemoryQueue()
        yield memory, lambda: sum(delay > 0 for delay in memory.delays.values())
        return
    with mock_aws():
        sqs = boto3.client("sqs")
        url = sqs.create_queue(QueueName="thumbnail")["QueueUrl"]

        def delayed() -> int:
            name: Any = "ApproximateNumberOfMessagesDelayed"
            return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])

        yield SqsQueue(url), delayed


def test_delays_each_message_by_itself(delaying: tuple[Queue, Callable[[], int]]) -> None:
    port, delayed = delaying
    port.send([str(n) for n in range(23)], delays=[n * 40 for n in range(23)])
    assert delayed() == 22


def test_sends_at_once_what_has_no_delay(queue: tuple[Queue, list[str]]) -> None:
    port, received = queue
    port.send(["now", "later"], delays=[0, 0])
    assert sorted(received) == ["later", "now"]


@pytest.mark.parametrize("delays", [[1], [1, 2, 3]])
def test_there_is_a_delay_for_each_message_or_none(queue: tuple[Queue, list[str]], delays: list[int]) -> None:
    port, _ = queue
    with pytest.raises(ValueError, match="zip"):
        port.send(["a", "b"], delays=delays)


def test_messages_carry_the_cause_of_the_work_that_sends_them() -> None:
    with mock_aws():
        sqs = boto3.client("sqs")
        url = sqs.create_queue(QueueName="render")["QueueUrl"]
        with correlation.caused_by("4E2F6A0B"):
            SqsQueue(url).send([str(n) for n in range(12)], delays=[0] * 12)
        found: list[str] = []
        while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]).get("Messages"):
            found += [correlation.of_attributes(message["MessageAttributes"]) for message in batch]
    assert found == ["4E2F6A0B"] * 12


def test_a_queue_that_delays_by_itself_is_left_to_it() -> None:
    asked: list[Any] = []

    class Recording:
        def send_message_batch(self, **request: Any) -> dict[str, Any]:
            asked.extend(request["Entries"])
            return {"Successful": []}

    SqsQueue("url", Recording()).send(["a"])  # type: ignore[arg-type]
    SqsQueue("url", Recording()).send(["b"], delays=[900])  # type: ignore[arg-type]
    assert asked == [{"Id": "0", "MessageBody": "a"}, {"Id": "0", "MessageBody": "b", "DelaySeconds": 900}]
