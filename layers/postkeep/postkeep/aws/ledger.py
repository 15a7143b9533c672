"""The ledger of migrations, as one item of the posts table."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from postkeep.aws.items import plain, typed
from postkeep.aws.session import client
from postkeep.errors import Conflict
from postkeep.listing import instant
from postkeep.upgrades import Finished, Ledger, Progress

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PARTITION = "UPGRADE"
"""The item's partition key; nothing else begins so."""

_KEY = {"pk": PARTITION, "sk": "LEDGER"}


class DynamoLedger:
    """:class:`postkeep.ports.LedgerStore` on the posts table."""

    def __init__(self, name: str, dynamodb: "DynamoDBClient | None" = None) -> None:
        self._name = name
        self._dynamodb = dynamodb or client("dynamodb")

    def read(self) -> Ledger:
        """See the port."""
        # A batch of one: the call that reconcile's role has for records.
        answer = self._dynamodb.batch_get_item(RequestItems={self._name: {"Keys": [typed(_KEY)], "ConsistentRead": True}})
        if answer.get("UnprocessedKeys"):
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "it stayed unprocessed"}}, "BatchGetItem")
        items = answer["Responses"].get(self._name, [])
        return ledger_of(items[0]) if items else Ledger()

    def swap(self, ledger: Ledger, *, replacing: Ledger) -> Ledger:
        """See the port."""
        new = replace(ledger, turn=replacing.turn + 1)
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if replacing.recorded:
            condition = {
                "ConditionExpression": "turn = :turn",
                "ExpressionAttributeValues": typed({":turn": replacing.turn}),
            }
        try:
            self._dynamodb.put_item(TableName=self._name, Item=typed(ledger_values(new)), **condition)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                raise Conflict(PARTITION) from error
            raise
        return new

    def is_empty(self) -> bool:
        """See the port."""
        return not self._dynamodb.scan(TableName=self._name, Limit=1, ConsistentRead=True)["Items"]


def ledger_values(ledger: Ledger) -> dict[str, Any]:
    """A Ledger's attributes."""
    values: dict[str, Any] = {
        **_KEY,
        "turn": ledger.turn,
        "done": {str(number): asdict(one) | {"at": instant(one.at)} for number, one in ledger.done.items()},
    }
    if ledger.progress:
        values["progress"] = asdict(ledger.progress) | {"begun": instant(ledger.progress.begun)}
    if ledger.held_until:
        values |= {"holder": ledger.holder, "held_until": instant(ledger.held_until)}
    return values


def ledger_of(item: Mapping[str, Any]) -> Ledger:
    """The Ledger that an item holds."""
    value = plain(item)
    progress = value.get("progress")
    return Ledger(
        turn=int(value["turn"]),
        done={int(number): Finished(at=_moment(one["at"]), **_counts(one)) for number, one in value["done"].items()},
        progress=Progress(
            number=int(progress["number"]),
            begun=_moment(progress["begun"]),
            position=progress["position"],
            **_counts(progress),
        )
        if progress
        else None,
        holder=value.get("holder", ""),
        held_until=_moment(value["held_until"]) if "held_until" in value else None,
    )


def _counts(value: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(value[name]) for name in ("looked", "changed", "left")}


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
