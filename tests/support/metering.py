"""Counting what AWS would charge for, by botocore's own events: calls, request units, requests by class."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING, Any

from support.request_units import Item, Schema, change_units, item_size, read_units, write_units

if TYPE_CHECKING:
    from botocore.hooks import BaseEventHooks
    from mypy_boto3_dynamodb import DynamoDBClient

READS, WRITES = "dynamodb-read-units", "dynamodb-write-units"
S3_PUTS, S3_GETS, SQS = "s3-put-requests", "s3-get-requests", "sqs-requests"

_LISTING = ("Put", "Copy", "Post", "List", "CreateMultipart", "UploadPart", "CompleteMultipart")
_FREE = ("Delete", "AbortMultipart")
"""Amazon S3 pricing, «Requests & data retrievals»: PUT, COPY, POST, LIST; GET, SELECT and all others; DELETE and CANCEL free."""

_MESSAGE_CHUNK = 64 * 1024
"""Amazon SQS pricing: every 64 KB of a payload is a request."""

_CHARGED_FAILURES = frozenset({"ConditionalCheckFailedException", "TransactionCanceledException"})
"""Failed conditions cost what they would have cost; a request that was refused otherwise costs nothing."""

_READ_BATCH = 100
"""Items of a BatchGetItem. Source: Amazon DynamoDB API Reference. The fakes answer all of them at once."""

_CONTEXT = "postkeep-metering"


@dataclass(slots=True)
class Usage:
    """What one part of the system used.

    Attributes:
        calls: API calls by ``service.Operation``; an SDK's own retries are one call.
        amounts: charged quantities by the names of this module and of ``bench/prices.toml``.
    """

    calls: Counter[str] = field(default_factory=Counter)
    amounts: dict[str, float] = field(default_factory=dict)

    def add(self, name: str, amount: float) -> None:
        """Add to a charged quantity."""
        self.amounts[name] = self.amounts.get(name, 0.0) + amount


@dataclass(frozen=True, slots=True)
class _Write:
    table: str
    kind: str
    key: Item
    proposed: Item | None


class Meter:
    """Counts the calls of clients, each under the part that is at work.

    Items before and after a write, and items that a query went over, are read by a client of the meter's own; it may be used by
    one thread at a time, on data that nobody else writes.
    """

    def __init__(self, tables: Mapping[str, Mapping[str, Any]], plain: "DynamoDBClient") -> None:
        """Make a meter.

        Args:
            tables: the tables' definitions, as CreateTable takes them, by name.
            plain: a client that is not watched.
        """
        self._schemas = {name: Schema.of(definition) for name, definition in tables.items()}
        self._plain = plain
        self._part = ""
        self._paused = False
        self.usage: dict[str, Usage] = {}

    def watch(self, events: "BaseEventHooks") -> None:
        """Count the calls of a client (``client.meta.events``), or of all that a session makes hereafter (``session.events``)."""
        events.register("provide-client-params", self._before)
        events.register("after-call", self._after)

    @contextmanager
    def part(self, name: str) -> Iterator[Usage]:
        """Count under a name while the context lasts."""
        before, self._part = self._part, name
        try:
            yield self._usage()
        finally:
            self._part = before

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Count nothing while the context lasts."""
        self._paused = True
        try:
            yield
        finally:
            self._paused = False

    def polled(self, batches: int = 1) -> None:
        """Count what an event source mapping asks of a queue for its batches: to receive each, and to delete it."""
        self._usage().add(SQS, 2 * batches)

    def take(self) -> dict[str, Usage]:
        """What was counted since the last time, by part."""
        taken, self.usage = self.usage, {}
        return taken

    def _usage(self) -> Usage:
        return self.usage.setdefault(self._part, Usage())

    def _before(self, params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        if self._paused:
            return
        service, operation = model.service_model.service_name, model.name
        self._usage().calls[f"{service}.{operation}"] += 1
        if service == "s3":
            self._count_s3(operation)
        elif service == "sqs":
            self._usage().add(SQS, max(1, -(-_payload(params) // _MESSAGE_CHUNK)))
        elif service == "dynamodb":
            writes = _writes(operation, params, self._schemas)
            context[_CONTEXT] = params, writes, self._items([(write.table, write.key) for write in writes])

    def _count_s3(self, operation: str) -> None:
        if operation.startswith(_LISTING):
            self._usage().add(S3_PUTS, 1)
        elif not operation.startswith(_FREE):
            self._usage().add(S3_GETS, 1)

    def _after(self, parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        if _CONTEXT not in context:
            return
        params, writes, before = context.pop(_CONTEXT)
        code = parsed.get("Error", {}).get("Code")
        if code is not None and code not in _CHARGED_FAILURES:
            return
        after = before if code else self._items([(write.table, write.key) for write in writes])
        units = (self._written(*change, model.name, failed=bool(code)) for change in zip(writes, before, after, strict=True))
        self._usage().add(WRITES, sum(units))
        if not code:
            self._usage().add(READS, self._read(model.name, params))

    def _written(self, write: _Write, before: Item | None, after: Item | None, operation: str, *, failed: bool) -> float:
        transactional = operation == "TransactWriteItems"
        if failed or write.kind == "ConditionCheck":
            # What a refused update would have made of the item is not known: its size before stands for it.
            size = max(item_size(before or {}), item_size(write.proposed or {}))
            return write_units(size, transactional=transactional)
        return change_units(self._schemas[write.table], before, after, transactional=transactional)

    def _read(self, operation: str, params: dict[str, Any]) -> float:
        consistent = bool(params.get("ConsistentRead"))
        match operation:
            case "GetItem":
                (size,) = self._sizes([(params["TableName"], params["Key"])])
                return read_units(size, consistent=consistent)
            case "TransactGetItems":
                gets = [(action["Get"]["TableName"], action["Get"]["Key"]) for action in params["TransactItems"]]
                return sum(read_units(size, transactional=True) for size in self._sizes(gets))
            case "BatchGetItem":
                units = 0.0
                for table, wanted in params["RequestItems"].items():
                    sizes = self._sizes([(table, key) for key in wanted["Keys"]])
                    units += sum(read_units(size, consistent=bool(wanted.get("ConsistentRead"))) for size in sizes)
                return units
            case "Query" | "Scan":
                return read_units(self._gone_over(operation, params), consistent=consistent)
        return 0.0

    def _gone_over(self, operation: str, params: dict[str, Any]) -> int:
        """The bytes that a query or a scan read: whole items or index entries, those that a filter left out included."""
        left_out = {"ProjectionExpression", "FilterExpression", "Select", "ExpressionAttributeNames", "ExpressionAttributeValues"}
        again = {name: value for name, value in params.items() if name not in left_out}
        condition = params.get("KeyConditionExpression", "")
        for name in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
            if used := {word: value for word, value in params.get(name, {}).items() if word in condition}:
                again[name] = used
        items = getattr(self._plain, operation.lower())(**again)["Items"]
        if "IndexName" in params:
            index = self._schemas[params["TableName"]].indexes[params["IndexName"]]
            items = [index.entry(item) or {} for item in items]
        return sum(map(item_size, items))

    def _items(self, wanted: Sequence[tuple[str, Item]]) -> list[Item | None]:
        """Items as they are now, in the order of their keys."""
        found: dict[tuple[str, str], Item] = {}
        for batch in batched(wanted, _READ_BATCH, strict=False):
            keys: dict[str, Any] = {}
            for table, key in batch:
                keys.setdefault(table, {"Keys": [], "ConsistentRead": True})["Keys"].append(dict(key))
            for table, items in self._plain.batch_get_item(RequestItems=keys)["Responses"].items():
                names = self._schemas[table].keys
                found |= {(table, _identity({name: item[name] for name in names})): item for item in items}
        return [found.get((table, _identity(key))) for table, key in wanted]

    def _sizes(self, wanted: Sequence[tuple[str, Item]]) -> list[int]:
        return [item_size(item or {}) for item in self._items(wanted)]


def _identity(key: Item) -> str:
    return json.dumps(key, sort_keys=True)


def _payload(params: Mapping[str, Any]) -> int:
    """The bytes of the messages that a call to SQS sends; the product's have no attributes."""
    return sum(len(entry.get("MessageBody", "").encode()) for entry in params.get("Entries", [params]))


def _writes(operation: str, params: Mapping[str, Any], schemas: Mapping[str, Schema]) -> list[_Write]:
    """What a call to DynamoDB may change, or checks as a write."""

    def write(table: str, kind: str, action: Mapping[str, Any]) -> _Write:
        item = action.get("Item")
        key = action["Key"] if item is None else {name: item[name] for name in schemas[table].keys}
        return _Write(table, kind, key, item)

    match operation:
        case "PutItem" | "UpdateItem" | "DeleteItem":
            return [write(params["TableName"], operation.removesuffix("Item"), params)]
        case "TransactWriteItems":
            actions = [next(iter(action.items())) for action in params["TransactItems"]]
            return [write(action["TableName"], kind, action) for kind, action in actions]
        case "BatchWriteItem":
            return [
                write(table, kind.removesuffix("Request"), action)
                for table, requests in params["RequestItems"].items()
                for request in requests
                for kind, action in request.items()
            ]
    return []
