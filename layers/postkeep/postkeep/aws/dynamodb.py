"""The posts table: Posts, their listing rows and their pictures, each behind its own port."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import batched
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from postkeep.aws.items import (
    Item,
    feed_of,
    picture_item,
    picture_key,
    picture_of,
    pictures_partition,
    post_item,
    post_key,
    post_of,
    rendition_value,
    typed,
)
from postkeep.aws.session import client
from postkeep.errors import Conflict, Superseded
from postkeep.listing import instant, listings, order, shard_of, shards
from postkeep.ports import Row
from postkeep.post import Picture, PictureId, Post, PostId, Rendition

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

_TRANSACTION = 100
"""Items a transaction. Source: Amazon DynamoDB Developer Guide, «Managing complex workflows with transactions»."""

_FIRST, _LAST = "0", ":"
"""Bounds around every order: orders begin with a digit."""

_ROUNDS = 8
"""How often a batch read is continued; each round brings up to 16 MB, so 100 items of 400 KB take three."""


class _Table:
    def __init__(self, name: str, dynamodb: "DynamoDBClient | None" = None) -> None:
        self._name = name
        self._dynamodb = dynamodb or client("dynamodb")

    def _pictures(self, post_id: PostId, *, consistent: bool) -> list[Picture]:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._name,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=typed({":pk": pictures_partition(post_id)}),
            ConsistentRead=consistent,
        )
        return [picture_of(item) for page in pages for item in page["Items"]]


class DynamoPosts(_Table):
    """:class:`postkeep.ports.PostStore` on the posts table."""

    def get(self, post_id: PostId) -> Post | None:
        """See the port."""
        answer = self._dynamodb.get_item(TableName=self._name, Key=post_key(post_id), ConsistentRead=True)
        return post_of(answer["Item"]) if "Item" in answer else None

    def save(self, post: Post, *, replacing: Post | None) -> None:
        """See the port."""
        rows, stale = _rows(post), _rows(replacing) if replacing else {}
        actions: list[Any] = [{"Put": {"TableName": self._name, "Item": post_item(post), **_unchanged(post, replacing)}}]
        actions += [{"Delete": {"TableName": self._name, "Key": _row_key(row)}} for key, row in stale.items() if key not in rows]
        actions += [{"Put": {"TableName": self._name, "Item": row}} for key, row in rows.items() if stale.get(key) != row]
        self._transact(post, actions)

    def touch(self, post: Post, *, replacing: Post) -> None:
        """See the port."""
        condition = _unchanged(post, replacing)
        condition["ExpressionAttributeValues"] |= typed({":version_id": post.revision.version_id, ":etag": post.revision.etag})
        try:
            self._dynamodb.update_item(
                TableName=self._name,
                Key=post_key(post.id),
                UpdateExpression="SET sequencer = :sequencer, version_id = :version_id, etag = :etag",
                **condition,
            )
        except ClientError as error:
            _raise_conflict(post, error, [error.response])
            raise

    def finish(self, post: Post, rendition: Rendition, *, summary: str, changed: "datetime") -> None:
        """See the port."""
        values = {
            ":ready": "ready",
            ":rendition": rendition_value(rendition),
            ":summary": summary,
            ":generation": post.generation,
            ":changed": instant(changed),
            ":feed": feed_of(post.id),
            ":order": f"{instant(changed)}#{post.id}",
        }
        try:
            self._dynamodb.update_item(
                TableName=self._name,
                Key=post_key(post.id),
                UpdateExpression="SET #status = :ready, rendition = :rendition, summary = :summary, changed = :changed, "
                "feed = :feed, change_order = :order",
                ConditionExpression="generation = :generation",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues=typed(values),
            )
        except ClientError as error:
            if _code(error) == "ConditionalCheckFailedException":
                raise _outdated(post) from error
            raise

    def _transact(self, post: Post, actions: list[Any]) -> None:
        try:
            self._dynamodb.transact_write_items(TransactItems=actions)
        except ClientError as error:
            _raise_conflict(post, error, error.response.get("CancellationReasons", []))
            raise


class DynamoPictures(_Table):
    """:class:`postkeep.ports.PictureStore` on the posts table."""

    def of_post(self, post_id: PostId) -> list[Picture]:
        """See the port."""
        return self._pictures(post_id, consistent=True)

    def picture(self, post_id: PostId, picture_id: PictureId) -> Picture | None:
        """See the port."""
        answer = self._dynamodb.get_item(TableName=self._name, Key=picture_key(post_id, picture_id), ConsistentRead=True)
        return picture_of(answer["Item"]) if "Item" in answer else None

    def arrange(self, post: Post, *, add: Sequence[Picture], remove: Iterable[PictureId]) -> None:
        """See the port."""
        current = {
            "ConditionCheck": {
                "TableName": self._name,
                "Key": post_key(post.id),
                "ConditionExpression": "generation = :generation",
                "ExpressionAttributeValues": typed({":generation": post.generation}),
            }
        }
        actions: list[Any] = [
            {"Delete": {"TableName": self._name, "Key": picture_key(post.id, picture_id)}} for picture_id in remove
        ]
        actions += [{"Update": {"TableName": self._name, **_unless_there(post.id, picture)}} for picture in add]
        for batch in batched(actions, _TRANSACTION - 1, strict=False):
            try:
                self._dynamodb.transact_write_items(TransactItems=[current, *batch])  # type: ignore[list-item]
            except ClientError as error:
                reasons = error.response.get("CancellationReasons", [])
                if reasons and reasons[0].get("Code") == "ConditionalCheckFailed":
                    raise _outdated(post) from error
                if _is_conflict(error):
                    raise Conflict(post.id) from error
                raise

    def record(self, post_id: PostId, picture: Picture) -> None:
        """See the port."""
        try:
            self._dynamodb.put_item(
                TableName=self._name, Item=picture_item(post_id, picture), ConditionExpression="attribute_exists(pk)"
            )
        except ClientError as error:
            if _code(error) == "ConditionalCheckFailedException":
                raise Superseded(post_id, f"the picture {picture.id} is gone") from error
            raise


class DynamoListings(_Table):
    """:class:`postkeep.ports.Listings` on the posts table."""

    def rows(self, listing: str, *, after: str | None, low: str | None, high: str | None, limit: int) -> list[Row]:
        """See the port.

        Reads ``limit + 1`` thin rows from each of the listing's partitions at most.
        """
        top = min(filter(None, (after, high)), default=_LAST)
        values = {":low": low or _FIRST, ":top": top}
        found: list[str] = []
        if values[":low"] > top:
            return []
        for shard in shards(listing):
            answer = self._dynamodb.query(
                TableName=self._name,
                KeyConditionExpression="pk = :pk AND sk BETWEEN :low AND :top",
                ExpressionAttributeValues=typed({":pk": shard, **values}),
                ProjectionExpression="sk",
                ScanIndexForward=False,
                # BETWEEN includes its upper end, which is the last row seen: one more, to leave it out.
                Limit=limit + 1,
            )
            found += [item["sk"]["S"] for item in answer["Items"] if item["sk"]["S"] != top]
        found.sort(reverse=True)
        return [Row(sk, sk.partition("#")[2]) for sk in found[:limit]]

    def posts(self, post_ids: Sequence[PostId]) -> Mapping[PostId, Post]:
        """See the port."""
        wanted: Any = {self._name: {"Keys": [post_key(post_id) for post_id in dict.fromkeys(post_ids)]}}
        found: dict[PostId, Post] = {}
        for _ in range(_ROUNDS):
            if not wanted or not wanted[self._name]["Keys"]:
                return found
            answer = self._dynamodb.batch_get_item(RequestItems=wanted)
            for item in answer["Responses"].get(self._name, []):
                post = post_of(item)
                found[post.id] = post
            wanted = answer.get("UnprocessedKeys")
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "keys stayed unprocessed"}}, "BatchGetItem")

    def pictures(self, post_id: PostId) -> list[Picture]:
        """See the port."""
        return self._pictures(post_id, consistent=False)


def _rows(post: Post) -> dict[tuple[str, str], Item]:
    """The listing rows that a record calls for, by their keys."""
    position = order(post)
    partitions = [shard_of(listing, post.id) for listing in listings(post)]
    return {
        (partition, position): typed({"pk": partition, "sk": position, "added_order": f"{instant(post.added)}#{post.id}"})
        for partition in sorted(partitions)
    }


def _row_key(row: Item) -> Item:
    return {"pk": row["pk"], "sk": row["sk"]}


def _unchanged(post: Post, replacing: Post | None) -> dict[str, Any]:
    """The condition of every write of a Post: nobody wrote its content since it was read, nor a later revision."""
    if replacing is None:
        return {"ConditionExpression": "attribute_not_exists(pk)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    return {
        "ConditionExpression": "generation = :generation AND sequencer <= :sequencer",
        "ExpressionAttributeValues": typed({":generation": replacing.generation, ":sequencer": post.revision.sequencer}),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def _unless_there(post_id: PostId, picture: Picture) -> dict[str, Any]:
    """An update that creates a picture's item and leaves one that is there as it is."""
    item = picture_item(post_id, picture)
    attributes = [name for name in item if name not in {"pk", "sk"}]
    return {
        "Key": {"pk": item["pk"], "sk": item["sk"]},
        "UpdateExpression": "SET " + ", ".join(f"#{name} = if_not_exists(#{name}, :{name})" for name in attributes),
        "ExpressionAttributeNames": {f"#{name}": name for name in attributes},
        "ExpressionAttributeValues": {f":{name}": item[name] for name in attributes},
    }


def _outdated(post: Post) -> Superseded:
    return Superseded(post.id, f"generation {post.generation} is not the current one")


def _code(error: ClientError) -> str:
    return error.response["Error"]["Code"]


def _is_conflict(error: ClientError) -> bool:
    """Whether a transaction met another writer of the same items."""
    reasons = error.response.get("CancellationReasons", [])
    return _code(error) == "TransactionConflictException" or any(r.get("Code") == "TransactionConflict" for r in reasons)


def _raise_conflict(post: Post, error: ClientError, reasons: Sequence[Any]) -> None:
    """Raise what a failed condition on a Post means; return where the error is another."""
    failed = next((r for r in reasons if r.get("Item")), None)
    if failed is not None and post_of(failed["Item"]).revision.sequencer > post.revision.sequencer:
        raise Superseded(post.id, "a later revision is recorded") from error
    refused = _code(error) == "ConditionalCheckFailedException" or any(r.get("Code") == "ConditionalCheckFailed" for r in reasons)
    if refused or _is_conflict(error):
        raise Conflict(post.id) from error
