"""Redriving: dead letters go back to where they failed. At least once, and never lost: deleted only after they were sent."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from postkeep import correlation
from postkeep.errors import PostkeepError
from postkeep_local.operations.archive import Archive
from postkeep_local.operations.letters import BATCH, Failure, Held, Letter, holding
from postkeep_local.operations.queues import QueueState

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

_HOLD_SECONDS = 120
"""How long messages are kept from others while they are sent again; ten take a second."""

_BATCH_BYTES = 200_000
"""Under SQS's limit for a batch, which was 256 KB for years and is still in emulators."""

_ITS_OWN_FAULT = frozenset({"RequestTooLargeException", "RequestEntityTooLargeException", "InvalidRequestContentException"})
"""Lambda's refusals of one event, as opposed to those of any. Source: AWS Lambda API Reference, Invoke."""


class _Stays(PostkeepError):
    """A message that cannot be sent again; the text says why."""


@dataclass(slots=True)
class Redriven:
    """What became of a dead-letter queue's messages.

    Attributes:
        sent: how many were sent again and deleted, or would be in a dry run.
        stayed: those that stay, each with its reason.
    """

    sent: int = 0
    stayed: list[tuple[Letter, str]] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many were looked at."""
        return self.sent + len(self.stayed)


class Redrive:
    """Sends one dead-letter queue's messages back to where they failed."""

    def __init__(self, archive: Archive, queue: QueueState, *, dry_run: bool = False) -> None:
        """Take what is needed.

        Args:
            archive: whose queue it is.
            queue: the dead-letter queue.
            dry_run: only say what would be done.
        """
        self._sqs: SQSClient = archive.client("sqs")
        self._functions: LambdaClient = archive.client("lambda")
        self._queue = queue
        self._dry_run = dry_run

    def __call__(
        self,
        limit: int | None = None,
        *,
        started: Callable[[int], None] = lambda _: None,
        done: Callable[[int], None] = lambda _: None,
    ) -> Redriven:
        """Send again what is there now.

        A message that fails again meanwhile comes back to the same queue: no more messages are handled than there were at the
        start, so that this ends.

        Args:
            limit: handle so many at most.
            started: told once how many messages there are to handle.
            done: told how many were handled, now and then.

        Raises:
            botocore.exceptions.ClientError: if a service refuses; what was not sent by then is still there.
        """
        most = self._queue.waiting if limit is None else min(limit, self._queue.waiting)
        started(most)
        outcome = Redriven()
        seen: set[str] = set()
        with holding(self._sqs, self._queue.url) as held:
            while outcome.count < most and (letters := held.take(most - outcome.count, seconds=_HOLD_SECONDS)):
                new = [letter for letter in letters if letter.id not in seen]
                seen.update(letter.id for letter in new)
                self._handle(new, held, outcome)
                done(outcome.count)
        return outcome

    def _handle(self, letters: Sequence[Letter], held: Held, outcome: Redriven) -> None:
        requests: dict[str, list[Letter]] = {}
        events: list[tuple[Letter, Failure, str]] = []
        for letter in letters:
            try:
                if isinstance(letter.content, Failure):
                    events.append((letter, letter.content, self._function_of(letter.content)))
                else:
                    requests.setdefault(self._source_of(letter), []).append(letter)
            except _Stays as why:
                outcome.stayed.append((letter, str(why)))
        if self._dry_run:
            outcome.sent += len(events) + sum(map(len, requests.values()))
            return
        for url, some in requests.items():
            for batch in _batches(some):
                self._delete(self._send(url, batch, outcome), held, outcome)
        for letter, failure, function in events:
            if self._invoke(letter, function, failure.payload, outcome):
                self._delete([letter], held, outcome)

    def _source_of(self, letter: Letter) -> str:
        """The URL of the queue that a request failed in."""
        if letter.content is None:
            raise _Stays(letter.reason)
        sources = self._queue.sources
        if letter.source in sources:
            return sources[letter.source]
        if len(sources) != 1:
            raise _Stays("it is not known which queue it came from")
        return next(iter(sources.values()))

    def _function_of(self, failure: Failure) -> str:
        """What to call the function by that an event failed in: one of this archive's, whatever else a record names.

        After a deployment that replaced the function it has another name than in the record.
        """
        names = list(self._queue.functions.values())
        if found := [name for name in names if name.partition(":")[0] == failure.function]:
            return found[0]
        if len(names) != 1:
            raise _Stays(f"no function {failure.function} fails into this queue")
        return names[0]

    def _send(self, url: str, letters: Sequence[Letter], outcome: Redriven) -> list[Letter]:
        """Send requests under the correlation ids that they had: it is the same work, begun again."""
        entries: list[SendMessageBatchRequestEntryTypeDef] = []
        for n, letter in enumerate(letters):
            entries.append({"Id": str(n), "MessageBody": letter.body})
            if attributes := correlation.attributes(letter.correlation_id or correlation.current()):
                entries[-1]["MessageAttributes"] = attributes
        answer = self._sqs.send_message_batch(QueueUrl=url, Entries=entries)
        refused = {entry["Id"]: entry["Code"] for entry in answer.get("Failed", [])}
        outcome.stayed += [(letters[int(n)], f"it could not be sent: {code}") for n, code in refused.items()]
        return [letter for n, letter in enumerate(letters) if str(n) not in refused]

    def _invoke(self, letter: Letter, function: str, payload: str, outcome: Redriven) -> bool:
        """Whether Lambda took the event."""
        try:
            self._functions.invoke(FunctionName=function, InvocationType="Event", Payload=payload)
        except ClientError as error:
            code = error.response["Error"].get("Code", "")
            if code not in _ITS_OWN_FAULT:
                raise
            outcome.stayed.append((letter, f"Lambda does not take it: {code}"))
            return False
        return True

    def _delete(self, letters: Sequence[Letter], held: Held, outcome: Redriven) -> None:
        """Delete what was sent. What cannot be deleted will be sent once more, which does no harm."""
        if not letters:
            return
        answer = self._sqs.delete_message_batch(
            QueueUrl=self._queue.url,
            Entries=[{"Id": str(n), "ReceiptHandle": letter.receipt} for n, letter in enumerate(letters)],
        )
        failed = {entry["Id"]: entry["Code"] for entry in answer.get("Failed", [])}
        for n, letter in enumerate(letters):
            if code := failed.get(str(n)):
                outcome.stayed.append((letter, f"it was sent again, but could not be deleted here: {code}"))
            else:
                held.forget(letter)
                outcome.sent += 1


def _batches(letters: Iterable[Letter]) -> Iterator[list[Letter]]:
    """As many messages as one call carries."""
    batch: list[Letter] = []
    size = 0
    for letter in letters:
        length = len(letter.body.encode("utf-8", "surrogatepass"))
        if batch and (len(batch) == BATCH or size + length > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(letter)
        size += length
    if batch:
        yield batch
