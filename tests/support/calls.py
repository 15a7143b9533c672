"""The calls that functions make, by botocore's own events, and what IAM asks of whoever makes them.

The map from calls to actions follows AWS's documents: the Service Authorization Reference, and for each service the page that is
named beside its part. A call that is not in it raises, so that a new one must be thought about.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from support.grants import Need

if TYPE_CHECKING:
    from botocore.hooks import BaseEventHooks

_CONTEXT = "postkeep-calls"


@dataclass(slots=True)
class Call:
    """A call to AWS, or an address that was signed for somebody else to call.

    Attributes:
        part: the function that made it.
        service: as botocore names it.
        operation: likewise.
        params: what it was called with.
        error: the code that it was answered with; "" where it succeeded or was not made.
    """

    part: str
    service: str
    operation: str
    params: Mapping[str, Any]
    error: str = ""

    def __str__(self) -> str:
        return f"{self.part}: {self.service}.{self.operation}({dict(self.params)}) {self.error}".rstrip()


@dataclass(slots=True)
class Recorder:
    """Writes down the calls of a session's clients, under the function that is at work.

    One function is at work at a time; it may have several threads.
    """

    calls: list[Call] = field(default_factory=list)
    _part: str = ""

    def watch(self, events: "BaseEventHooks") -> None:
        """Record what the clients call that a session makes hereafter (``session.events``)."""
        events.register("provide-client-params", self._before)
        events.register("after-call", self._after)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Record under a function's name while the context lasts; otherwise nothing is recorded."""
        before, self._part = self._part, name
        try:
            yield
        finally:
            self._part = before

    def _before(self, params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        if self._part:
            call = Call(self._part, model.service_model.service_name, model.name, params)
            self.calls.append(call)
            context[_CONTEXT] = call

    def _after(self, parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        if call := context.pop(_CONTEXT, None):
            call.error = parsed.get("Error", {}).get("Code", "")


def needs(call: Call, arns: Mapping[str, str], queues: Mapping[str, str], keys: Mapping[str, str]) -> list[Need]:
    """What IAM asks of whoever makes a call.

    Args:
        call: which.
        arns: of buckets, tables and functions, by the name that calls give them.
        queues: their ARNs by their names.
        keys: the partition key of the table, under "", and of each of its indexes.

    Raises:
        LookupError: if there is no rule for the call, or it goes to something else.
    """
    params = call.params
    match call.service:
        case "s3":
            return _s3(call, arns[params["Bucket"]])
        case "dynamodb":
            return _dynamodb(call.operation, params, arns, keys)
        case "sqs" if call.operation in {"SendMessage", "SendMessageBatch"}:
            # Amazon SQS Developer Guide, «Amazon SQS API permissions»: the batch's action is that of the single call.
            return [Need("sqs:SendMessage", queues[params["QueueUrl"].rpartition("/")[2]])]
        case "lambda" if call.operation == "Invoke":
            return [Need("lambda:InvokeFunction", arns[params["FunctionName"].rpartition(":function:")[2]])]
    raise LookupError(f"no rule tells what this needs: {call}")


_WITH_KEY = {
    # Amazon S3 User Guide, «Using server-side encryption with AWS KMS keys», Permissions: to download, and to upload in one part.
    "s3:GetObject": ("kms:Decrypt",),
    "s3:GetObjectVersion": ("kms:Decrypt",),
    "s3:PutObject": ("kms:GenerateDataKey",),
    # AWS KMS Developer Guide, «How Amazon DynamoDB uses AWS KMS»: the table's key, which is made once, is decrypted for whoever
    # reads or writes items, those of indexes too.
    **dict.fromkeys(
        (f"dynamodb:{name}Item" for name in ("Get", "Put", "Update", "Delete", "BatchGet", "BatchWrite", "ConditionCheck")),
        ("kms:Decrypt",),
    ),
    "dynamodb:Query": ("kms:Decrypt",),
    # Amazon SQS Developer Guide, «Configuring KMS permissions»: a producer's are both.
    "sqs:SendMessage": ("kms:GenerateDataKey", "kms:Decrypt"),
    # To list and to delete is not to read; a function has no data of its own there.
    "s3:ListBucket": (),
    "s3:ListBucketVersions": (),
    "s3:DeleteObject": (),
    "lambda:InvokeFunction": (),
}
"""The actions of KMS that an action needs beside itself where what it is on is encrypted with a customer's key."""


def key_needs(found: Iterable[Need], key: str) -> list[Need]:
    """What is asked of whoever makes a call, of the key that everything is encrypted with.

    Args:
        found: what :func:`needs` gave.
        key: its ARN.

    Raises:
        KeyError: for an action that nobody thought about.
    """
    return [Need(action, key) for need in found for action in _WITH_KEY[need.action]]


def _s3(call: Call, bucket: str) -> list[Need]:
    """Amazon S3 User Guide, «Required permissions for Amazon S3 API operations»."""
    params = call.params
    match call.operation:
        case "GetObject":
            found = [Need("s3:GetObjectVersion" if "VersionId" in params else "s3:GetObject", f"{bucket}/{params['Key']}")]
            # Amazon S3 API Reference, GetObject: without ListBucket an absent object is answered with 403; of an absent version
            # S3 lets those who may list the versions know.
            if call.error in {"NoSuchKey", "NoSuchVersion"}:
                found.append(Need("s3:ListBucket", bucket))
            if call.error == "NoSuchVersion":
                found.append(Need("s3:ListBucketVersions", bucket))
            return found
        case "PutObject":
            found = [Need("s3:PutObject", f"{bucket}/{params['Key']}")]
            # Amazon S3 User Guide, «How to prevent object overwrites with conditional writes»: to compare is to read.
            return [*found, Need("s3:GetObject", found[0].resource)] if "IfMatch" in params else found
        case "DeleteObjects" if not any("VersionId" in one for one in params["Delete"]["Objects"]):
            return [Need("s3:DeleteObject", f"{bucket}/{one['Key']}") for one in params["Delete"]["Objects"]]
        case "ListObjectsV2":
            return [Need("s3:ListBucket", bucket)]
        case "ListObjectVersions":
            return [Need("s3:ListBucketVersions", bucket)]
    raise LookupError(f"no rule tells what this needs: {call}")


def _dynamodb(operation: str, params: Mapping[str, Any], arns: Mapping[str, str], keys: Mapping[str, str]) -> list[Need]:
    """Amazon DynamoDB Developer Guide, «DynamoDB API permissions», and for transactions «Using IAM with transactions»."""

    def need(action: str, table: str, *named: Mapping[str, Any]) -> Need:
        return Need(f"dynamodb:{action}", arns[table], frozenset(item[keys[""]]["S"] for item in named))

    match operation:
        case "GetItem" | "UpdateItem" | "DeleteItem":
            return [need(operation, params["TableName"], params["Key"])]
        case "PutItem":
            return [need(operation, params["TableName"], params["Item"])]
        case "BatchGetItem":
            return [need(operation, table, *wanted["Keys"]) for table, wanted in params["RequestItems"].items()]
        case "BatchWriteItem":
            return [
                need(operation, table, *(one[kind].get("Key") or one[kind]["Item"] for one in written for kind in one))
                for table, written in params["RequestItems"].items()
            ]
        case "TransactWriteItems":
            # There is no action of the transaction's own: each part needs that of the single call.
            parts = [next(iter(part.items())) for part in params["TransactItems"]]
            names = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
            return [need(names[kind], one["TableName"], one.get("Key") or one["Item"]) for kind, one in parts]
        case "Query":
            index = params.get("IndexName", "")
            place = arns[params["TableName"]] + (f"/index/{index}" if index else "")
            return [Need("dynamodb:Query", place, frozenset({_asked(params, keys[index])}))]
    raise LookupError(f"no rule tells what dynamodb.{operation} needs")


def _asked(params: Mapping[str, Any], key: str) -> str:
    """The partition that a query asks: its condition begins with «key = :value», as this project writes it."""
    name, equals, value, *_ = params["KeyConditionExpression"].split()
    if params.get("ExpressionAttributeNames", {}).get(name, name) != key or equals != "=":
        raise LookupError(f"a query's condition does not begin with its partition: {params['KeyConditionExpression']}")
    found: str = params["ExpressionAttributeValues"][value]["S"]
    return found
