"""Queue: the same cases for the fake and for SQS."""

from typing import Any

import pytest

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
