"""The pictures of the posts table that are to be asked for again, by the index ``by_due``."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from postkeep.aws.items import picture_item, picture_of, typed
from postkeep.aws.session import client
from postkeep.errors import Superseded
from postkeep.listing import instant
from postkeep.ports import DuePicture, DueStretch
from postkeep.post import Picture, PictureStatus, PostId

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_INDEX = "by_due"
_FIRST = "0"
"""Before every order: orders begin with a year."""

_ROUNDS = 8
"""How often a batch is continued that DynamoDB did not read as a whole."""

_COUNTED_PAGES = 20
"""Of 1 MB, which hold some 5,000 entries each."""

_ASKED_FOR = frozenset({PictureStatus.WAITING, PictureStatus.PENDING})


class DynamoDuePictures:
    """:class:`postkeep.ports.DuePictures` on the posts table."""

    def __init__(self, name: str, dynamodb: "DynamoDBClient | None" = None) -> None:
        self._name = name
        self._dynamodb = dynamodb or client("dynamodb")

    def due(self, *, until: datetime, after: str = "", limit: int) -> DueStretch:
        """See the port.

        The index holds keys and is some moments behind, so the items themselves are read, consistently.
        """
        entries = self._dynamodb.query(
            **self._between(f"{after} " if after else _FIRST, until), ProjectionExpression="pk, sk, due_order", Limit=limit
        )["Items"]
        items = self._items([{"pk": entry["pk"], "sk": entry["sk"]} for entry in entries]) if entries else {}
        found = []
        for entry in entries:
            item = items.get((entry["pk"]["S"], entry["sk"]["S"]))
            picture = picture_of(item) if item else None
            if picture and picture.status in _ASKED_FOR and picture.next_try and picture.next_try <= until:
                found.append(DuePicture(entry["pk"]["S"].partition("#")[2], picture))
        return DueStretch(found, entries[-1]["due_order"]["S"] if len(entries) == limit else None)

    def revise(self, post_id: PostId, picture: Picture, *, replacing: Picture) -> None:
        """See the port."""
        values: dict[str, Any] = {":status": replacing.status.value, ":attempts": replacing.attempts}
        condition = "#status = :status AND attempts = :attempts"
        if replacing.next_try:
            values[":next_try"] = instant(replacing.next_try)
            condition += " AND next_try = :next_try"
        else:
            condition += " AND attribute_not_exists(next_try)"
        try:
            self._dynamodb.put_item(
                TableName=self._name,
                Item=picture_item(post_id, picture),
                ConditionExpression=condition,
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues=typed(values),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                raise Superseded(post_id, f"the picture {picture.id} is not as it was") from error
            raise

    def number(self, *, until: datetime | None = None) -> int:
        """See the port."""
        request = self._between(_FIRST, until)
        count = 0
        for _ in range(_COUNTED_PAGES):
            answer = self._dynamodb.query(**request, Select="COUNT")
            count += answer["Count"]
            if "LastEvaluatedKey" not in answer:
                break
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        return count

    def _between(self, low: str, until: datetime | None) -> dict[str, Any]:
        """The query of a part of the index; an order is an instant, ``#``, and whose it is."""
        high = f"{instant(until)}$" if until else ":"
        return {
            "TableName": self._name,
            "IndexName": _INDEX,
            "KeyConditionExpression": "due = :due AND due_order BETWEEN :low AND :high",
            "ExpressionAttributeValues": typed({":due": "DUE", ":low": low, ":high": high}),
        }

    def _items(self, keys: list[dict[str, Any]]) -> Mapping[tuple[str, str], Mapping[str, Any]]:
        wanted: Any = {self._name: {"Keys": keys, "ConsistentRead": True}}
        found: dict[tuple[str, str], Mapping[str, Any]] = {}
        for _ in range(_ROUNDS):
            answer = self._dynamodb.batch_get_item(RequestItems=wanted)
            found |= {(item["pk"]["S"], item["sk"]["S"]): item for item in answer["Responses"].get(self._name, [])}
            wanted = answer.get("UnprocessedKeys")
            if not wanted:
                return found
        raise ClientError(
            {"Error": {"Code": "ThrottlingException", "Message": "some stayed unprocessed"}},
            "BatchGetItem",
        )
