"""Dead letters: what a message that was given up says, and looking at messages without taking them."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import batched
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from postkeep import correlation
from postkeep.errors import MessageInvalid
from postkeep.messages import IndexRequest, RenderRequest, ThumbnailRequest

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

BATCH = 10
"""Source: Amazon SQS API Reference: the most messages of a ReceiveMessage and entries of a batch."""

_WAIT_SECONDS = 1
"""Without waiting, SQS asks some of its servers only, and may answer that a queue with few messages has none."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An asynchronous invocation that failed for good, as Lambda's record tells.

    Source: AWS Lambda Developer Guide, «Capturing records of Lambda asynchronous invocations».

    Attributes:
        function: the function's physical name.
        keys: of the objects that the event told about.
        condition: why Lambda gave up, such as ``RetriesExhausted``.
        attempts: how often it was tried.
        error: the type of the last error; "" where there was no answer.
        message: of the last error.
        payload: the event, as JSON: what the function is to be invoked with again.
    """

    function: str
    keys: tuple[str, ...]
    condition: str
    attempts: int
    error: str
    message: str
    payload: str


type Content = RenderRequest | ThumbnailRequest | IndexRequest | Failure


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it was received from a dead-letter queue.

    Attributes:
        id: SQS's message id.
        receipt: for deleting it or giving it back.
        body: as it was sent.
        sent: when it was first sent (UTC): SQS keeps that when it moves a message to a dead-letter queue.
        receives: how often it was received, in the queue that it came from as well.
        source: the ARN of the queue that it came from; "" where SQS does not tell.
        content: what it says; None where that is not understood.
        trouble: why it is not understood, or "".
        correlation_id: of what it is part of; "" where it carries none.
    """

    id: str
    receipt: str
    body: str
    sent: datetime
    receives: int
    source: str
    content: Content | None
    trouble: str
    correlation_id: str = ""

    @property
    def reason(self) -> str:
        """What it has in common with others that failed alike, in a few words."""
        match self.content:
            case Failure(error=error, condition=condition):
                return error or condition or "failed invocation"
            case None:
                return f"not understood: {self.trouble}"
            case request:
                return f"{request.kind} request"


def read(body: str) -> Content:
    """What a dead letter says.

    Raises:
        MessageInvalid: if it is none of the messages that Postkeep's functions take, nor Lambda's record of one.
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MessageInvalid("not JSON") from error
    match value:
        case {"kind": RenderRequest.kind}:
            return RenderRequest.decode(body)
        case {"kind": ThumbnailRequest.kind}:
            return ThumbnailRequest.decode(body)
        case {"kind": IndexRequest.kind}:
            return IndexRequest.decode(body)
        case {"requestContext": {"functionArn": str(arn)} as context, "requestPayload": dict(payload)}:
            return _failure(arn, context, payload, value.get("responsePayload"))
    raise MessageInvalid("neither a request nor a failed invocation")


def _failure(arn: str, context: Mapping[str, Any], payload: Mapping[str, Any], response: Any) -> Failure:
    keys = _keys(payload)
    if not keys:
        raise MessageInvalid("a failed invocation, but not with an event of the posts bucket")
    try:
        again = json.dumps(payload, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise MessageInvalid("a failed invocation with an event that is not JSON") from error
    response = response if isinstance(response, dict) else {"errorMessage": response}
    attempts = context.get("approximateInvokeCount")
    return Failure(
        function=_function_name(arn),
        keys=keys,
        condition=_text(context.get("condition")),
        attempts=attempts if isinstance(attempts, int) else 0,
        error=_text(response.get("errorType")),
        message=_text(response.get("errorMessage")),
        payload=again,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _function_name(arn: str) -> str:
    """The name in ``arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]``."""
    return arn.partition(":function:")[2].partition(":")[0]


def _keys(payload: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys of an S3 event's objects, decoded; none where a record is no such event's."""
    found: list[str] = []
    records = payload.get("Records")
    for record in records if isinstance(records, list) else ():
        match record:
            case {"s3": {"object": {"key": str(key)}}}:
                found.append(unquote_plus(key))
            case _:
                return ()
    return tuple(found)


def receive(sqs: "SQSClient", url: str, most: int, *, seconds: int) -> list[Letter]:
    """Take up to ``most`` (at most :data:`BATCH`) messages; nobody else sees them for so many seconds."""
    answer = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=min(most, BATCH),
        VisibilityTimeout=seconds,
        WaitTimeSeconds=_WAIT_SECONDS,
        AttributeNames=["All"],
        MessageAttributeNames=[correlation.ATTRIBUTE],
    )
    return [_letter(message) for message in answer.get("Messages", [])]


def _letter(message: "MessageTypeDef") -> Letter:
    attributes = message.get("Attributes", {})
    content, trouble = None, ""
    try:
        content = read(message["Body"])
    except MessageInvalid as error:
        trouble = str(error)
    return Letter(
        id=message["MessageId"],
        receipt=message["ReceiptHandle"],
        body=message["Body"],
        sent=datetime.fromtimestamp(int(attributes["SentTimestamp"]) / 1000, UTC),
        receives=int(attributes["ApproximateReceiveCount"]),
        source=attributes.get("DeadLetterQueueSourceArn", ""),
        content=content,
        trouble=trouble,
        correlation_id=correlation.of_attributes(message.get("MessageAttributes")),
    )


class Held:
    """Messages that are kept from others, and must be given back unless they are deleted."""

    def __init__(self, sqs: "SQSClient", url: str) -> None:
        self._sqs = sqs
        self._url = url
        self._receipts: dict[str, str] = {}

    def take(self, most: int, *, seconds: int) -> list[Letter]:
        """Receive messages, and hold them; those that are held already come again with a new receipt."""
        letters = receive(self._sqs, self._url, most, seconds=seconds)
        self._receipts |= {letter.id: letter.receipt for letter in letters}
        return letters

    def forget(self, letter: Letter) -> None:
        """Hold a message no more, since it was deleted."""
        del self._receipts[letter.id]

    def give_back(self) -> None:
        """Let everyone see again what is held. What is not held any more, since its time was over, is left alone."""
        for some in batched(self._receipts.values(), BATCH, strict=False):
            self._sqs.change_message_visibility_batch(
                QueueUrl=self._url,
                Entries=[{"Id": str(n), "ReceiptHandle": receipt, "VisibilityTimeout": 0} for n, receipt in enumerate(some)],
            )
        self._receipts.clear()


@contextmanager
def holding(sqs: "SQSClient", url: str) -> Iterator[Held]:
    """Hold messages while the context lasts; however it ends, they are given back."""
    held = Held(sqs, url)
    try:
        yield held
    finally:
        held.give_back()


def look(sqs: "SQSClient", url: str, most: int, *, seconds: int = 60) -> list[Letter]:
    """Up to so many messages of a dead-letter queue, all of which stay in it; in the order in which they were sent.

    Args:
        sqs: a client.
        url: the queue's.
        most: how many.
        seconds: how long they are kept from others if this process is killed before it gave them back.
    """
    seen: dict[str, Letter] = {}
    with holding(sqs, url) as held:
        while len(seen) < most and (letters := held.take(most - len(seen), seconds=seconds)):
            seen |= {letter.id: letter for letter in letters}
    return sorted(seen.values(), key=lambda letter: (letter.sent, letter.id))
