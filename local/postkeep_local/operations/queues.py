"""An archive's queues: how much lies in them, and which of them hold what was given up."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from postkeep.errors import PostkeepError
from postkeep_local.folder import printable
from postkeep_local.operations.archive import Archive

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs.literals import QueueAttributeFilterType
    from mypy_boto3_sqs.type_defs import GetQueueAttributesResultTypeDef

_RETENTION = 345_600
"""Seconds. Source: Amazon SQS API Reference, SetQueueAttributes: MessageRetentionPeriod is 4 days by default."""


class QueueUnknown(PostkeepError):
    """The archive has no such dead-letter queue; the text names those that it has."""


@dataclass(frozen=True, slots=True)
class QueueState:
    """A queue as it is now. The counts are SQS's, which calls them approximate.

    Attributes:
        name: the logical id.
        url: its URL.
        arn: its ARN.
        waiting: messages that wait, those that are delayed among them.
        in_flight: messages that were received and are neither deleted nor given back.
        retention: seconds after it was first sent that SQS drops a message.
        sources: the URLs of the queues whose dead letters come here, by their ARNs.
        functions: what to call the functions by whose failed asynchronous invocations come here, by their logical ids.
    """

    name: str
    url: str
    arn: str
    waiting: int
    in_flight: int
    retention: int
    sources: Mapping[str, str]
    functions: Mapping[str, str]

    @property
    def dead_letters(self) -> bool:
        """Whether it holds what was given up, which nobody works on by itself."""
        return bool(self.sources or self.functions)


def queue_states(archive: Archive) -> list[QueueState]:
    """All queues of an archive, in the order of their names.

    Raises:
        botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError: if a service is not to be asked.
    """
    sqs, functions = archive.client("sqs"), archive.client("lambda")
    attributes = {
        name: _typed(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])) for name, url in archive.queues.items()
    }
    arns = {values["QueueArn"]: name for name, values in attributes.items()}
    sources: dict[str, dict[str, str]] = {name: {} for name in attributes}
    for name, values in attributes.items():
        if target := arns.get(json.loads(values.get("RedrivePolicy", "{}")).get("deadLetterTargetArn", "")):
            sources[target][values["QueueArn"]] = archive.queues[name]
    failing: dict[str, dict[str, str]] = {name: {} for name in attributes}
    for name, physical in archive.functions.items():
        if target := arns.get(_on_failure(functions, physical)):
            failing[target][name] = physical
    return [
        _state(name, archive.queues[name], values, sources[name], failing[name]) for name, values in sorted(attributes.items())
    ]


def depth(archive: Archive, name: str) -> int:
    """How many messages a queue has by SQS's counts: those that wait, are delayed, or are being worked on."""
    names: Sequence[QueueAttributeFilterType] = (
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesDelayed",
        "ApproximateNumberOfMessagesNotVisible",
    )
    answer = archive.client("sqs").get_queue_attributes(QueueUrl=archive.queues[name], AttributeNames=names)
    return sum(int(count) for count in answer["Attributes"].values())


def _typed(answer: "GetQueueAttributesResultTypeDef") -> dict[str, str]:
    return {str(name): value for name, value in answer["Attributes"].items()}


def _on_failure(functions: "LambdaClient", called: str) -> str:
    """The ARN of what takes a function's failed asynchronous invocations, or "": each alias has its own."""
    name, _, alias = called.partition(":")
    try:
        configured = functions.get_function_event_invoke_config(FunctionName=name, Qualifier=alias or "$LATEST")
    except ClientError as error:
        if error.response["Error"].get("Code") != "ResourceNotFoundException":
            raise
        return ""
    return configured.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", "")


def _state(
    name: str, url: str, values: Mapping[str, str], sources: Mapping[str, str], functions: Mapping[str, str]
) -> QueueState:
    return QueueState(
        name=name,
        url=url,
        arn=values["QueueArn"],
        waiting=int(values["ApproximateNumberOfMessages"]) + int(values.get("ApproximateNumberOfMessagesDelayed", 0)),
        in_flight=int(values.get("ApproximateNumberOfMessagesNotVisible", 0)),
        retention=int(values.get("MessageRetentionPeriod", _RETENTION)),
        sources=sources,
        functions=functions,
    )


def dead_letter_queue(archive: Archive, name: str) -> QueueState:
    """The dead-letter queue of a name.

    Raises:
        QueueUnknown: if there is none.
    """
    there = [queue for queue in queue_states(archive) if queue.dead_letters]
    found = next((queue for queue in there if queue.name == name), None)
    if found is None:
        names = ", ".join(queue.name for queue in there) or "none"
        raise QueueUnknown(f"{archive.name} has no dead-letter queue {printable(name)}; there are: {names}.")
    return found
