"""Where it is written down which migrations an archive has had: on a table in memory and on moto."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from fakes.memory import MemoryTable
from postkeep.aws.items import post_item
from postkeep.aws.ledger import DynamoLedger
from postkeep.errors import Conflict
from postkeep.upgrades import LATEST, Finished, Ledger, Progress
from support.posts import EPOCH, a_post
from support.template import table_definition


@pytest.fixture(params=["memory", "moto"])
def table(request: pytest.FixtureRequest) -> Iterator[Any]:
    if request.param == "memory":
        yield MemoryTable().dynamodb
        return
    with mock_aws():
        dynamodb = boto3.client("dynamodb")
        dynamodb.create_table(TableName="posts", **table_definition())
        yield dynamodb


@pytest.fixture
def store(table: Any) -> DynamoLedger:
    return DynamoLedger("posts", table)


FULL = Ledger(
    done={1: Finished(at=EPOCH, looked=10**6, changed=2, left=1), 99: Finished(at=EPOCH)},
    progress=Progress(number=2, begun=EPOCH, position='ask:茶/a"b.md', looked=3, changed=2, left=1),
    holder="me",
    held_until=EPOCH + timedelta(minutes=2),
)


def test_what_was_never_written_has_nothing_done(store: DynamoLedger) -> None:
    found = store.read()
    assert found == Ledger()
    assert not found.recorded
    assert found.due == tuple(range(1, LATEST + 1))


@pytest.mark.parametrize("ledger", [Ledger(), FULL, replace(FULL, progress=None, holder="", held_until=None)])
def test_what_is_written_is_read(store: DynamoLedger, ledger: Ledger) -> None:
    written = store.swap(ledger, replacing=Ledger())
    assert written == replace(ledger, turn=1)
    assert store.read() == written
    assert written.recorded


def test_a_later_versions_migrations_are_kept_and_not_due(store: DynamoLedger) -> None:
    written = store.swap(FULL, replacing=Ledger())
    again = store.swap(written.finished([2], Finished(at=EPOCH)), replacing=written)
    assert set(again.done) == {1, 2, 99}
    assert 99 not in again.due


def test_of_two_that_write_at_once_one_is_refused(store: DynamoLedger) -> None:
    first = store.swap(Ledger(holder="a", held_until=EPOCH), replacing=Ledger())
    with pytest.raises(Conflict):
        store.swap(Ledger(holder="b", held_until=EPOCH), replacing=Ledger())
    second = store.swap(replace(first, holder="b"), replacing=first)
    with pytest.raises(Conflict):
        store.swap(replace(first, holder="a"), replacing=first)
    assert store.read() == second


def test_a_table_is_empty_until_something_is_in_it(store: DynamoLedger, table: Any) -> None:
    assert store.is_empty()
    table.put_item(TableName="posts", Item=post_item(a_post()))
    assert not store.is_empty()


def test_what_dynamodb_did_not_read_is_an_error() -> None:
    class Busy:
        def batch_get_item(self, **request: Any) -> dict[str, Any]:
            return {"Responses": {}, "UnprocessedKeys": request["RequestItems"]}

    with pytest.raises(ClientError, match="Throttling"):
        DynamoLedger("posts", cast("Any", Busy())).read()


def test_other_refusals_go_through() -> None:
    class Refusing:
        def put_item(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "PutItem")

    with pytest.raises(ClientError, match="AccessDenied"):
        DynamoLedger("posts", cast("Any", Refusing())).swap(Ledger(), replacing=Ledger())
