"""DuePictures: the same cases on the table in memory and on moto's."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from fakes.memory import MemoryTable
from postkeep.aws.due import DynamoDuePictures
from postkeep.aws.dynamodb import DynamoPictures
from postkeep.errors import Superseded
from postkeep.ports import DuePicture, DuePictures, PictureStore
from postkeep.post import Picture, PictureStatus, edition, picture_id, post_id
from support.posts import EPOCH
from support.template import table_definition

ONE, OTHER = post_id("a.md"), post_id("b.md")


@dataclass
class Table:
    due: DuePictures
    pictures: PictureStore

    def have(self, owner: str, *pictures: Picture) -> None:
        self.pictures.arrange(owner, add=pictures, remove=[])

    def found(self, until: datetime, limit: int = 100) -> list[DuePicture]:
        """All that is due, stretch by stretch."""
        found: list[DuePicture] = []
        after: str | None = ""
        while after is not None:
            stretch = self.due.due(until=until, after=after, limit=limit)
            found += stretch.pictures
            after = stretch.after
        return found


@pytest.fixture(params=["memory", "moto"])
def table(request: pytest.FixtureRequest) -> Iterator[Table]:
    if request.param == "memory":
        memory = MemoryTable()
        client: Any = memory.dynamodb
        yield Table(DynamoDuePictures("posts", client), memory)
        return
    with mock_aws():
        boto3.client("dynamodb").create_table(TableName="posts", **table_definition())
        yield Table(DynamoDuePictures("posts"), DynamoPictures("posts"))


def picture(n: int, minutes: int | None = 0, status: PictureStatus = PictureStatus.WAITING, **more: Any) -> Picture:
    """Picture ``n``, whose next try is so many minutes after the epoch."""
    address = f"https://p.example/{n}.jpg"
    next_try = None if minutes is None else EPOCH + timedelta(minutes=minutes)
    return Picture(id=picture_id(address), address=address, status=status, attempts=1, next_try=next_try, **more)


def test_gives_what_is_due_the_longest_overdue_first(table: Table) -> None:
    first, second, last, later = picture(1, 1), picture(2, 2), picture(3, 3), picture(4, 4)
    asked = replace(picture(5, 2, PictureStatus.PENDING), edition=edition(2, 1))
    table.have(ONE, last, first, later)
    table.have(OTHER, second, asked, picture(6, None), picture(7, None, PictureStatus.READY))
    found = table.found(EPOCH + timedelta(minutes=3))
    assert [due.picture.next_try for due in found] == [EPOCH + timedelta(minutes=n) for n in (1, 2, 2, 3)]
    assert found[0] == DuePicture(ONE, first)
    assert DuePicture(OTHER, asked) in found
    assert found[-1] == DuePicture(ONE, last)


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_goes_on_where_the_stretch_before_ended(table: Table, limit: int) -> None:
    pictures = [picture(n, n % 3) for n in range(7)]
    table.have(ONE, *pictures[:4])
    table.have(OTHER, *pictures[4:])
    found = [due.picture.id for due in table.found(EPOCH + timedelta(hours=1), limit)]
    assert sorted(found) == sorted(one.id for one in pictures)


def test_nothing_is_due(table: Table) -> None:
    table.have(ONE, picture(1, 1))
    assert table.found(EPOCH) == []
    assert table.found(EPOCH + timedelta(seconds=59, milliseconds=999)) == []
    assert table.due.number() == 1
    assert table.due.number(until=EPOCH) == 0


def test_counts_what_is_due_and_what_is_not_yet(table: Table) -> None:
    table.have(ONE, *[picture(n, n) for n in range(5)], picture(9, None))
    assert (table.due.number(), table.due.number(until=EPOCH + timedelta(minutes=2))) == (5, 3)


def test_revises_the_picture_that_was_read(table: Table) -> None:
    for n, before in enumerate([picture(1, 1), picture(2, None, PictureStatus.FAILED)]):
        after = replace(before, status=PictureStatus.PENDING, attempts=0, next_try=EPOCH + timedelta(hours=n))
        table.have(ONE, before)
        table.due.revise(ONE, after, replacing=before)
        assert table.pictures.picture(ONE, before.edition, before.id) == after
    assert table.due.number() == 2
    table.due.revise(ONE, replace(after, next_try=None), replacing=after)
    assert table.due.number() == 1


@pytest.mark.parametrize(
    "there",
    [
        None,
        picture(1, 1, PictureStatus.PENDING),
        replace(picture(1, 1), attempts=2),
        picture(1, 2),
        picture(1, None),
        picture(1, None, PictureStatus.READY),
    ],
)
def test_does_not_revise_what_is_not_as_it_was(table: Table, there: Picture | None) -> None:
    read = picture(1, 1)
    if there:
        table.have(ONE, there)
    with pytest.raises(Superseded, match="not as it was"):
        table.due.revise(ONE, replace(read, attempts=9), replacing=read)
    assert table.pictures.picture(ONE, read.edition, read.id) == there


def test_does_not_revise_what_got_a_next_try(table: Table) -> None:
    read = picture(1, None)
    table.have(ONE, picture(1, 1))
    with pytest.raises(Superseded):
        table.due.revise(ONE, replace(read, attempts=9), replacing=read)


# ---- What an index that is behind shows, and what AWS refuses ----


class Behind(DynamoDuePictures):
    """On a table whose index knows of other items than there are."""

    def __init__(self, memory: MemoryTable, index: MemoryTable) -> None:
        client: Any = memory.dynamodb
        super().__init__("posts", client)
        self._index = index

    def due(self, *, until: datetime, after: str = "", limit: int) -> Any:
        items = self._dynamodb.items  # type: ignore[attr-defined]
        query = self._index.dynamodb.query
        self._dynamodb.query = query  # type: ignore[method-assign, assignment]
        assert items is not self._index.dynamodb.items
        return super().due(until=until, after=after, limit=limit)


@pytest.mark.parametrize(
    "now",
    [
        picture(1, None, PictureStatus.READY),
        picture(1, 61),
        picture(1, None),
        picture(1, 0, PictureStatus.SKIPPED),
    ],
)
def test_an_entry_of_what_is_not_due_any_more_is_left_out(now: Picture) -> None:
    items, index = MemoryTable(), MemoryTable()
    index.arrange(ONE, add=[picture(1), picture(2)], remove=[])
    items.arrange(ONE, add=[now], remove=[])
    stretch = Behind(items, index).due(until=EPOCH + timedelta(hours=1), limit=2)
    assert stretch.pictures == []
    assert stretch.after, "what is left out must not end the walk"


class Refusing:
    """A client that reads no item of a batch."""

    def __init__(self) -> None:
        self.asked = 0

    def query(self, **_: Any) -> dict[str, Any]:
        entry = {"pk": {"S": f"PICTURES#{ONE}"}, "sk": {"S": "e#p"}, "due_order": {"S": "2021#"}}
        return {"Items": [entry], "Count": 1, "LastEvaluatedKey": entry}

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        self.asked += 1
        return {"Responses": {}, "UnprocessedKeys": request["RequestItems"]}

    def put_item(self, **_: Any) -> dict[str, Any]:
        raise ClientError({"Error": {"Code": "InternalServerError", "Message": ""}}, "PutItem")


def test_a_batch_that_is_never_read_is_an_error() -> None:
    client: Any = Refusing()
    with pytest.raises(ClientError, match="ThrottlingException"):
        DynamoDuePictures("posts", client).due(until=EPOCH, limit=1)
    assert client.asked == 8


def test_another_error_is_not_taken_for_a_refusal() -> None:
    client: Any = Refusing()
    with pytest.raises(ClientError, match="InternalServerError"):
        DynamoDuePictures("posts", client).revise(ONE, picture(1), replacing=picture(1))


def test_very_many_are_not_counted_to_the_end() -> None:
    client: Any = Refusing()
    assert DynamoDuePictures("posts", client).number() == 20
