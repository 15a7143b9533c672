"""Records are given the edition that their writes are conditioned on."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from postkeep.aws.items import NO_TEXT, plain, typed
from postkeep.errors import Conflict
from postkeep.post import edition
from postkeep.upgrades import Progress
from postkeep_local.migrations.migration import Description, Step, Survey, Told

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_RACES = 10
"""How often a record that is written meanwhile is read again."""

_PAGE = 2_000
"""Items read at a time: records have 1,500 bytes, and a page of DynamoDB's 1 MB."""


@dataclass(frozen=True, slots=True)
class Editions:
    """The migration and what it works on.

    Attributes:
        dynamodb: a client.
        table: the posts table's name.
    """

    dynamodb: "DynamoDBClient"
    table: str

    @property
    def description(self) -> Description:
        """See the protocol."""
        return Description(
            number=1,
            name="editions",
            changes="writes onto each record the edition of its text, where it is not there or is another's",
            why="a record without it cannot be replaced: a changed file ends among the parse failures",
            needed_by="archives from before rules could be published",
            meanwhile=(
                "each write holds the record to what was read of it, generation and text; the version before does not read the "
                "edition, and what it writes without one is found by `--again`"
            ),
            cost="$0.01 for reading, up to $0.15 where every record is written",
            afterwards="postkeep dlq redrive ParseFailureQueue, if files were changed since the deployment",
        )

    def survey(self, told: Told) -> Survey:
        """See the protocol."""
        looked = due = 0
        for page in self._pages(None):
            looked += len(page.records)
            due += sum(_is_due(record) for record in page.records)
            told(looked, f"{due:,} due")
        return Survey(looked, due)

    def steps(self, progress: Progress, told: Told) -> Iterator[Step]:
        """See the protocol."""
        for page in self._pages(json.loads(progress.position) if progress.position else None):
            due = [record for record in page.records if _is_due(record)]
            for done, record in enumerate(due, start=1):
                self._mend(record)
                told(len(page.records), f"{done:,} written")
            keys = tuple(str(record["key"]) for record in due)
            yield Step(position=json.dumps(page.after), looked=len(page.records), changed=len(due), keys=keys)

    def _pages(self, after: Any) -> Iterator["_Page"]:
        """The records, a page of the table at a time; a scan meets each item that is there all the while."""
        more: dict[str, Any] = {"ExclusiveStartKey": after} if after else {}
        while True:
            answer = self.dynamodb.scan(
                TableName=self.table,
                Limit=_PAGE,
                FilterExpression="sk = :post",
                ExpressionAttributeValues=typed({":post": "POST"}),
                **more,
            )
            key = answer.get("LastEvaluatedKey")
            yield _Page([plain(item) for item in answer["Items"]], key)
            if not key:
                return
            more = {"ExclusiveStartKey": key}

    def _mend(self, record: Mapping[str, Any]) -> None:
        """Write the edition, unless the record is another by then: whoever wrote it is looked at again.

        Raises:
            Conflict: if it is another each time.
        """
        key = typed({"pk": record["pk"], "sk": record["sk"]})
        for _ in range(_RACES):
            if not _is_due(record):
                return
            try:
                self.dynamodb.update_item(TableName=self.table, Key=key, **_update(record))
            except ClientError as error:
                if error.response["Error"]["Code"] not in {"ConditionalCheckFailedException", "TransactionConflictException"}:
                    raise
            else:
                return
            found = self.dynamodb.get_item(TableName=self.table, Key=key, ConsistentRead=True).get("Item")
            if found is None:
                return
            record = plain(found)
        raise Conflict(str(record["pk"]).partition("#")[2])


@dataclass(frozen=True, slots=True)
class _Page:
    records: list[dict[str, Any]]
    after: Any


def _edition(record: Mapping[str, Any]) -> str:
    """What :func:`postkeep.aws.items.post_values` writes for it."""
    rendition = record.get("rendition")
    return edition(int(record["generation"]), int(rendition["rules"])) if rendition else NO_TEXT


def _is_due(record: Mapping[str, Any]) -> bool:
    return record.get("edition") != _edition(record)


def _update(record: Mapping[str, Any]) -> dict[str, Any]:
    """The write, on condition that the record is as it was read: of this generation and this text, with this edition."""
    values: dict[str, Any] = {":generation": record["generation"], ":new": _edition(record)}
    names = {"#edition": "edition", "#rendition": "rendition"}
    terms = ["generation = :generation"]
    if "edition" in record:
        terms.append("#edition = :old")
        values[":old"] = record["edition"]
    else:
        terms.append("attribute_not_exists(#edition)")
    if "rendition" in record:
        terms.append("#rendition.#rules = :rules")
        names["#rules"] = "rules"
        values[":rules"] = record["rendition"]["rules"]
    else:
        terms.append("attribute_not_exists(#rendition)")
    return {
        "UpdateExpression": "SET #edition = :new",
        "ConditionExpression": " AND ".join(terms),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": typed(values),
    }
