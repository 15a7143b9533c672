"""AWS's worked examples, from the pages that the module names."""

from typing import Any

import pytest

from support.request_units import Schema, change_units, index_units, item_size, read_units, value_size, write_units

DEFINITION: dict[str, Any] = {
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "thin",
            "KeySchema": [{"AttributeName": "colour", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
    ],
}
SCHEMA = Schema.of(DEFINITION)
PLAIN = Schema.of({"KeySchema": DEFINITION["KeySchema"]})


def projecting(kind: str, *attributes: str) -> Schema:
    (index,) = DEFINITION["GlobalSecondaryIndexes"]
    projection = {"ProjectionType": kind} | ({"NonKeyAttributes": list(attributes)} if attributes else {})
    return Schema.of(DEFINITION | {"GlobalSecondaryIndexes": [index | {"Projection": projection}]})


def item(size: int = 0, **attributes: str) -> dict[str, Any]:
    """An item of just so many bytes, where a size is given."""
    made: dict[str, Any] = {"pk": {"S": "k"}, **{name: {"S": value} for name, value in attributes.items()}}
    if size:
        made["fill"] = {"S": "x" * (size - item_size(made) - len("fill"))}
        assert item_size(made) == size
    return made


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": ""}, 0),
        ({"S": "茶"}, 3),
        ({"S": "🍵"}, 4),
        ({"N": "0"}, 2),
        ({"N": "27"}, 2),
        ({"N": "-271"}, 3),
        ({"N": "1500000"}, 2),  # zeroes at the end are trimmed
        ({"N": "0.0015"}, 2),
        ({"N": "1" * 38}, 20),
        ({"B": b"12345"}, 5),
        ({"B": "MTIzNDU="}, 5),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"SS": ["ab", "cde"]}, 5),
        ({"NS": ["12", "3456"]}, 5),
        ({"BS": [b"1", b"22"]}, 3),
        ({"L": []}, 3),
        ({"L": [{"S": "ab"}, {"S": "c"}]}, 8),
        ({"M": {}}, 3),
        ({"M": {"name": {"S": "ab"}, "n": {"N": "1"}}}, 3 + (1 + 4 + 2) + (1 + 1 + 2)),
        ({"L": [{"L": []}]}, 7),
    ],
)
def test_a_values_size(value: dict[str, Any], size: int) -> None:
    assert value_size(value) == size


def test_a_type_that_there_is_not() -> None:
    with pytest.raises(ValueError, match="X is no type"):
        value_size({"X": 1})


def test_an_items_size_counts_its_names() -> None:
    assert item_size({"Artist": {"S": "No One"}, "年": {"N": "2021"}}) == 6 + 6 + 3 + 3
    assert item_size({}) == 0


@pytest.mark.parametrize(
    ("size", "eventual", "consistent", "transactional"),
    [(0, 0.5, 1, 2), (1, 0.5, 1, 2), (4096, 0.5, 1, 2), (4097, 1, 2, 4), (8192, 1, 2, 4), (10 * 1024, 1.5, 3, 6)],
)
def test_reads(size: int, eventual: float, consistent: float, transactional: float) -> None:
    assert read_units(size) == eventual
    assert read_units(size, consistent=True) == consistent
    assert read_units(size, transactional=True) == transactional


@pytest.mark.parametrize(("size", "units"), [(0, 1), (1, 1), (512, 1), (1024, 1), (1025, 2), (3584, 4), (310 * 1024, 310)])
def test_writes(size: int, units: float) -> None:
    assert write_units(size) == units
    assert write_units(size, transactional=True) == 2 * units


def test_the_larger_of_before_and_after_is_charged() -> None:
    assert change_units(PLAIN, item(3000), item(100)) == 3
    assert change_units(PLAIN, item(100), item(3000)) == 3
    assert change_units(PLAIN, item(3000), None) == 3
    assert change_units(PLAIN, None, None) == 1, "the deletion of nothing"
    assert change_units(PLAIN, None, item(3000), transactional=True) == 6


def test_index_entries_by_the_guides_five_cases() -> None:
    without, red, blue = item(), item(colour="red"), item(colour="blue")
    assert index_units(SCHEMA, None, red) == 1, "a new entry"
    assert index_units(SCHEMA, without, red) == 1, "the attribute is defined now"
    assert index_units(SCHEMA, red, blue) == 2, "a deletion and a put"
    assert index_units(SCHEMA, red, without) == 1, "the attribute is gone"
    assert index_units(SCHEMA, red, None) == 1, "the item is gone"
    assert index_units(SCHEMA, None, without) == index_units(SCHEMA, without, None) == 0, "never there"
    assert index_units(SCHEMA, red, red) == 0
    assert index_units(SCHEMA, red, item(colour="red", note="x")) == 0, "not projected"
    noted = projecting("INCLUDE", "note")
    assert index_units(noted, red, item(colour="red", note="x")) == 1, "projected, and the keys are the same"
    assert index_units(noted, red, item(colour="red", other="x")) == 0


def test_an_entry_costs_by_what_is_projected() -> None:
    large = item(5000, colour="red")
    assert index_units(SCHEMA, None, large) == 1
    assert index_units(projecting("ALL"), None, large) == 5
    assert index_units(projecting("ALL"), large, item(100, colour="red")) == 5
    assert change_units(SCHEMA, None, large) == 5 + 1


def test_a_transaction_doubles_the_table_and_not_the_index() -> None:
    assert change_units(SCHEMA, None, item(colour="red"), transactional=True) == 2 + 1
    assert change_units(SCHEMA, item(colour="red"), item(colour="blue"), transactional=True) == 2 + 2
