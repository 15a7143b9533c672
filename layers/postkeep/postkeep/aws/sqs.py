"""A queue to send to."""

from collections.abc import Sequence
from itertools import batched
from typing import TYPE_CHECKING

from postkeep import correlation
from postkeep.aws.session import client
from postkeep.errors import SendFailed

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_BATCH = 10
"""Source: Amazon SQS API Reference, SendMessageBatch. Ten of our messages (64 KB at most each) stay under its 1 MiB."""


class SqsQueue:
    """:class:`postkeep.ports.Queue` on one SQS queue."""

    def __init__(self, url: str, sqs: "SQSClient | None" = None) -> None:
        self._url = url
        self._sqs = sqs or client("sqs")

    def send(self, bodies: Sequence[str], *, delays: Sequence[int] = ()) -> None:
        """See the port. The messages carry the correlation id of the work that sends them, as an attribute.

        Raises:
            SendFailed: if the queue refused some of them; some may have been sent.
        """
        delayed = [{"DelaySeconds": delay} for delay in delays] or [{}] * len(bodies)
        found = correlation.attributes(correlation.current())
        more = {"MessageAttributes": found} if found else {}
        for batch in batched(zip(bodies, delayed, strict=True), _BATCH, strict=False):
            entries = [{"Id": str(n), "MessageBody": body, **delay, **more} for n, (body, delay) in enumerate(batch)]
            answer = self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries)  # type: ignore[arg-type]
            if failed := answer.get("Failed"):
                raise SendFailed(len(failed), failed[0]["Code"])
