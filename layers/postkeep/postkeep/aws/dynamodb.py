"""The posts table: Posts, their listing rows and their pictures, each behind its own port."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import batched
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from postkeep.aws.items import (
    NO_TEXT,
    ROW,
    Item,
    changed_values,
    feeds,
    picture_item,
    picture_key,
    picture_of,
    pictures_partition,
    post_item,
    post_key,
    post_of,
    post_values,
    rendition_value,
    row_values,
    typed,
)
from postkeep.aws.session import client
from postkeep.errors import Conflict, Differs, Superseded
from postkeep.listing import SORTED_BY_ADDED, Sort, further_listings, order, partitions
from postkeep.ports import Filed, Rendered, Row
from postkeep.post import Edition, Picture, PictureId, Post, PostId, Status, edition

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

_BATCH_WRITE = 25
"""Items a batch. Source: Amazon DynamoDB API Reference, BatchWriteItem."""

_FIRST, _LAST = "0", ":"
"""Bounds around every order: orders begin with a digit."""

_ROUNDS = 8
"""How often a batch is continued; each round of a read brings up to 16 MB, so 100 items of 400 KB take three."""


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

    def filed(self, post_id: PostId) -> Filed | None:
        """See the port."""
        items = self._dynamodb.query(
            TableName=self._name,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=typed({":pk": f"POST#{post_id}"}),
            # A record of 100 KB and 38 thin rows are far from the page's 1 MB.
            ConsistentRead=True,
        )["Items"]
        post = next((post_of(item) for item in items if item["sk"]["S"] == "POST"), None)
        rows = {i["sk"]["S"].removeprefix(ROW): i["published"]["S"] for i in items if i["sk"]["S"].startswith(ROW)}
        return Filed(post, rows) if post else None

    def offer(self, post: Post) -> Post | None:
        """See the port."""
        values = {name: value for name, value in post_values(post).items() if name not in {"pk", "sk"}}
        expression = _assignments(values, keep=_KEPT)
        expression["ConditionExpression"] = "attribute_not_exists(pk) OR (saying = :saying AND sequencer <= :sequencer)"
        try:
            answer = self._dynamodb.update_item(
                TableName=self._name,
                Key=post_key(post.id),
                **expression,
                ReturnValues="ALL_OLD",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            _refuse(post, error)
            if stored := _stored(error):
                raise Differs(stored) from error
            raise
        return post_of(answer["Attributes"]) if answer.get("Attributes") else None

    def replace(self, post: Post, *, replacing: Post) -> None:
        """See the port."""
        try:
            self._dynamodb.put_item(
                TableName=self._name,
                Item=post_item(post),
                ConditionExpression="generation = :generation AND edition = :edition AND sequencer <= :sequencer",
                ExpressionAttributeValues=typed(
                    {
                        ":generation": replacing.generation,
                        ":edition": replacing.edition or NO_TEXT,
                        ":sequencer": post.revision.sequencer,
                    }
                ),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            _refuse(post, error)
            if _code(error) == _FAILED:
                raise Conflict(post.id) from error
            raise

    def settle(self, filed: Filed, outcome: Rendered | None, *, changed: "datetime") -> None:
        """See the port."""
        post = filed.post
        values: dict[str, Any] = {"settled": True}
        if outcome is not None:
            values |= {
                "status": Status.READY.value,
                "rendition": rendition_value(outcome.rendition),
                "edition": edition(post.generation, outcome.rendition.rules),
                "summary": outcome.summary,
                **changed_values(post.id, changed),
            }
        leftovers = list(outcome.leftovers) if outcome else []
        if leftovers:
            values["leftovers"] = leftovers
        update: Any = {
            "TableName": self._name,
            "Key": post_key(post.id),
            **_assignments(values),
            "ConditionExpression": "generation = :generation",
        }
        update["ExpressionAttributeValues"] |= typed({":generation": post.generation})
        if not leftovers:
            update["UpdateExpression"] += " REMOVE leftovers"
        if outcome is not None:
            # While a new version of the cleaning is rolled out, the old one may still be at work on the same generation.
            update["ConditionExpression"] += " AND (attribute_not_exists(#rendition) OR #rendition.#rules <= :rules)"
            update["ExpressionAttributeNames"]["#rules"] = "rules"
            update["ExpressionAttributeValues"] |= typed({":rules": outcome.rendition.rules})
        wanted = dict.fromkeys(further_listings(post), order(post))
        actions: list[Any] = [
            {"Delete": {"TableName": self._name, "Key": {**post_key(post.id), "sk": {"S": f"{ROW}{listing}"}}}}
            for listing in filed.rows.keys() - wanted.keys()
        ]
        actions += [
            {"Put": {"TableName": self._name, "Item": typed(row_values(listing, position))}}
            for listing, position in wanted.items()
            if filed.rows.get(listing) != position
        ]
        try:
            if actions:
                self._dynamodb.transact_write_items(TransactItems=[{"Update": update}, *actions])
            else:
                self._dynamodb.update_item(**update)
        except ClientError as error:
            _raise_outdated(post, error)
            raise


class DynamoPictures(_Table):
    """:class:`postkeep.ports.PictureStore` on the posts table."""

    def of_post(self, post_id: PostId) -> list[Picture]:
        """See the port."""
        return self._pictures(post_id, consistent=True)

    def picture(self, post_id: PostId, edition: Edition, picture_id: PictureId) -> Picture | None:
        """See the port."""
        key = picture_key(post_id, edition, picture_id)
        answer = self._dynamodb.get_item(TableName=self._name, Key=key, ConsistentRead=True)
        return picture_of(answer["Item"]) if "Item" in answer else None

    def arrange(self, post_id: PostId, *, add: Sequence[Picture], remove: Iterable[Picture]) -> None:
        """See the port."""
        requests: list[Any] = [{"DeleteRequest": {"Key": picture_key(post_id, p.edition, p.id)}} for p in remove]
        requests += [{"PutRequest": {"Item": picture_item(post_id, picture)}} for picture in add]
        for batch in batched(requests, _BATCH_WRITE, strict=False):
            unprocessed: Any = {self._name: list(batch)}
            for _ in range(_ROUNDS):
                unprocessed = self._dynamodb.batch_write_item(RequestItems=unprocessed).get("UnprocessedItems")
                if not unprocessed:
                    break
            else:
                raise _throttled("BatchWriteItem")

    def record(self, post_id: PostId, picture: Picture) -> None:
        """See the port."""
        try:
            self._dynamodb.put_item(
                TableName=self._name, Item=picture_item(post_id, picture), ConditionExpression="attribute_exists(pk)"
            )
        except ClientError as error:
            if _code(error) == _FAILED:
                raise Superseded(post_id, f"the picture {picture.id} is gone") from error
            raise


class DynamoListings(_Table):
    """:class:`postkeep.ports.Listings` on the posts table."""

    def rows(
        self,
        listing: str,
        *,
        after: str | None,
        low: str | None,
        high: str | None,
        limit: int,
        sort: Sort = Sort.PUBLISHED,
        ascending: bool = False,
    ) -> list[Row]:
        """See the port.

        Reads ``limit + 1`` thin entries from each of the listing's partitions at most.
        """
        seen = after or ""
        bottom = max(low or _FIRST, seen) if ascending else low or _FIRST
        top = high or _LAST if ascending else min(high or _LAST, seen or _LAST)
        if bottom > top:
            return []
        index, parts = partitions(listing)
        if sort is Sort.ADDED and index.attribute != "shelf":
            raise ValueError(f"{listing} is not kept by when posts were added")
        keys = (SORTED_BY_ADDED if sort is Sort.ADDED else index.name, index.attribute, sort.value)
        between, backwards = (bottom, top), not ascending
        found = [row for part in parts for row in self._stretch(keys, part, between, limit, newest_first=backwards)]
        found.sort(key=lambda row: row.order, reverse=backwards)
        return found[:limit]

    def changes(self, *, after: str, until: str, limit: int) -> list[Row]:
        """See the port.

        Reads ``limit + 1`` thin entries from each of the feed's partitions at most.
        """
        keys = ("by_change", "feed", "changed")
        found = [row for feed in feeds() for row in self._stretch(keys, feed, (after, until), limit, newest_first=False)]
        found.sort(key=lambda row: row.order)
        return found[:limit]

    def _stretch(
        self, keys: tuple[str, str, str], partition: str, between: tuple[str, str], limit: int, *, newest_first: bool
    ) -> list[Row]:
        """The rows of one partition between two orders, both exclusive but for the one that is not begun from; each once.

        While a post changes, it may stand in a listing twice, in the same place: as its record, which parse has written, and as
        a row beside it that render has not deleted yet (a tag of several has become the first).
        """
        index, attribute, orders = keys
        begin = between[1] if newest_first else between[0]
        # BETWEEN includes its ends, and one of them is the last row seen: one more, to leave it out.
        most = limit + 1
        while True:
            answer = self._dynamodb.query(
                TableName=self._name,
                IndexName=index,
                KeyConditionExpression="#partition = :partition AND #order BETWEEN :low AND :high",
                ExpressionAttributeNames={"#partition": attribute, "#order": orders},
                ExpressionAttributeValues=typed({":partition": partition, ":low": between[0], ":high": between[1]}),
                ProjectionExpression="#order",
                ScanIndexForward=not newest_first,
                Limit=most,
            )
            places = dict.fromkeys(item[orders]["S"] for item in answer["Items"])
            places.pop(begin, None)
            if len(places) >= limit or len(answer["Items"]) < most:
                return [Row(position, position.rpartition("#")[2]) for position in places]
            most *= 2  # what stands twice took the place of others, which must not look like the listing's end

    def posts(self, post_ids: Sequence[PostId]) -> Mapping[PostId, Post]:
        """See the port."""
        items = self._items([post_key(post_id) for post_id in dict.fromkeys(post_ids)])
        return {post.id: post for post in map(post_of, items)}

    def pictures(self, post_id: PostId) -> list[Picture]:
        """See the port."""
        return self._pictures(post_id, consistent=False)

    def leads(self, posts: Sequence[Post]) -> Mapping[PostId, Picture]:
        """See the port. One call, whatever the posts have."""
        keys = [
            picture_key(post.id, post.edition, post.rendition.lead) for post in posts if post.rendition and post.rendition.lead
        ]
        return {item["pk"]["S"].partition("#")[2]: picture_of(item) for item in self._items(keys)}

    def _items(self, keys: Sequence[Item]) -> list[Item]:
        """The items of up to 100 different keys, in no order; the absent ones are left out."""
        wanted: Any = {self._name: {"Keys": list(keys)}}
        found: list[Item] = []
        for _ in range(_ROUNDS):
            if not wanted or not wanted[self._name]["Keys"]:
                return found
            answer = self._dynamodb.batch_get_item(RequestItems=wanted)
            found += answer["Responses"].get(self._name, [])
            wanted = answer.get("UnprocessedKeys")
        raise _throttled("BatchGetItem")


_KEPT = frozenset({"status", "generation", "added", "feed", "changed", "expires", "settled", "edition"})
"""What a record keeps when the same content is put again."""

_FAILED, _CONFLICT = "ConditionalCheckFailedException", "TransactionConflictException"


def _assignments(values: Mapping[str, Any], *, keep: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The update that sets attributes.

    Args:
        values: by name.
        keep: those of them that stay as they are where they are there.
    """
    terms = [f"#{name} = if_not_exists(#{name}, :{name})" if name in keep else f"#{name} = :{name}" for name in values]
    return {
        "UpdateExpression": "SET " + ", ".join(terms),
        "ExpressionAttributeNames": {f"#{name}": name for name in values},
        "ExpressionAttributeValues": {f":{name}": value for name, value in typed(values).items()},
    }


def _throttled(operation: str) -> ClientError:
    return ClientError({"Error": {"Code": "ThrottlingException", "Message": "some stayed unprocessed"}}, operation)


def _code(error: ClientError) -> str:
    return error.response["Error"]["Code"]


def _stored(error: ClientError) -> Post | None:
    """The record whose condition failed."""
    item: Any = error.response.get("Item")
    return post_of(item) if _code(error) == _FAILED and item else None


def _refuse(post: Post, error: ClientError) -> None:
    """Raise where a later revision is stored, or a transaction on the record is under way; return where it is another error."""
    stored = _stored(error)
    if stored and stored.revision.sequencer > post.revision.sequencer:
        raise Superseded(post.id, "a later revision is recorded") from error
    if _code(error) == _CONFLICT:
        raise Conflict(post.id) from error


def _raise_outdated(post: Post, error: ClientError) -> None:
    """Raise what a failed condition on a post's generation means; return where the error is another."""
    reasons = error.response.get("CancellationReasons", [])
    if _code(error) == _FAILED or any(r.get("Code") == "ConditionalCheckFailed" for r in reasons):
        raise Superseded(post.id, f"generation {post.generation} is not the current one") from error
    if _code(error) == _CONFLICT or any(r.get("Code") == "TransactionConflict" for r in reasons):
        raise Conflict(post.id) from error
