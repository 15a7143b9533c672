"""What DynamoDB charges for a read or a write, by AWS's published rules.

Emulators misreport consumed capacity, so measurements compute it from the items themselves. Sources: Amazon DynamoDB Developer
Guide, «DynamoDB item sizes and formats», «DynamoDB read and write operations» (what each operation consumes, failed conditions
included), «Using Global Secondary Indexes in DynamoDB» (provisioned throughput considerations), «Amazon DynamoDB Transactions:
How it works» (two underlying reads or writes an item). The guide leaves open whether that doubling holds for a table's indexes
(it does not) and what a condition check is charged as (a write): the conformance suite paritysuite/dynamodb-conformance and the
emulator nubo-db/dynoxide have measured both on DynamoDB.
"""

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

type Item = Mapping[str, Any]
"""Attribute values by name, in the client's typed form (``{"S": …}``)."""

_WRITE_UNIT = 1024
_READ_UNIT = 4096
_TRANSACTIONAL = 2


@dataclass(frozen=True, slots=True)
class Index:
    """A global secondary index.

    Attributes:
        name: the index's.
        keys: its key attributes.
        projected: what an entry holds, the table's and the index's keys included; None for all attributes.
    """

    name: str
    keys: frozenset[str]
    projected: frozenset[str] | None

    def entry(self, item: Item | None) -> dict[str, Any] | None:
        """An item's entry in the index; None where it has none."""
        if item is None or not self.keys <= item.keys():
            return None
        return {name: value for name, value in item.items() if self.projected is None or name in self.projected}


@dataclass(frozen=True, slots=True)
class Schema:
    """What a table's charges depend on.

    Attributes:
        keys: the primary key's attributes.
        indexes: the global secondary indexes, by name.
    """

    keys: frozenset[str]
    indexes: Mapping[str, Index]

    @classmethod
    def of(cls, definition: Mapping[str, Any]) -> Self:
        """Read what CreateTable takes."""
        keys = _names(definition["KeySchema"])
        indexes = {}
        for index in definition.get("GlobalSecondaryIndexes", ()):
            name, own, projection = index["IndexName"], _names(index["KeySchema"]), index["Projection"]
            included = keys | own | frozenset(projection.get("NonKeyAttributes", ()))
            indexes[name] = Index(name, own, None if projection["ProjectionType"] == "ALL" else included)
        return cls(keys, indexes)


def _names(key_schema: Collection[Mapping[str, str]]) -> frozenset[str]:
    return frozenset(element["AttributeName"] for element in key_schema)


def item_size(item: Item) -> int:
    """An item's size in bytes, as throughput is counted by: the names and the values of its attributes."""
    return sum(len(name.encode()) + value_size(value) for name, value in item.items())


def value_size(value: Mapping[str, Any]) -> int:
    """The size of an attribute's value in bytes.

    Raises:
        ValueError: if it is of no type that DynamoDB has.
    """
    ((kind, content),) = value.items()
    match kind:
        case "S":
            size = len(content.encode())
        case "N":
            size = _number_size(content)
        case "B":
            size = _binary_size(content)
        case "BOOL" | "NULL":
            size = 1
        case "SS" | "NS" | "BS":
            size = sum(value_size({kind[0]: member}) for member in content)
        case "L":
            size = 3 + sum(1 + value_size(member) for member in content)
        case "M":
            size = 3 + sum(1 + len(name.encode()) + value_size(member) for name, member in content.items())
        case _:
            raise ValueError(f"{kind} is no type of DynamoDB's")
    return size


def _number_size(text: str) -> int:
    """A byte for each two significant digits, and one more; the guide calls this approximate."""
    digits = "".join(map(str, Decimal(text).as_tuple().digits)).strip("0") or "0"
    return (len(digits) + 1) // 2 + 1


def _binary_size(content: bytes | str) -> int:
    return len(base64.b64decode(content)) if isinstance(content, str) else len(content)


def read_units(size: int, *, consistent: bool = False, transactional: bool = False) -> float:
    """Read request units of reading so many bytes.

    Args:
        size: of one item, or of all items that a query or scan went over; 0 for an item that is not there, which costs as much
            as a small one.
        consistent: a strongly consistent read.
        transactional: a read of TransactGetItems.
    """
    units = max(1, -(-size // _READ_UNIT))
    if transactional:
        return float(units * _TRANSACTIONAL)
    return float(units) if consistent else units / 2


def write_units(size: int, *, transactional: bool = False) -> float:
    """Write request units of one write to a table or an index, or of a condition check.

    Args:
        size: in bytes, the larger of before and after; 0 for the deletion of an item that is not there, which costs as much as a
            small one.
        transactional: an action of TransactWriteItems.
    """
    units = max(1, -(-size // _WRITE_UNIT))
    return float(units * _TRANSACTIONAL if transactional else units)


def index_units(schema: Schema, before: Item | None, after: Item | None) -> float:
    """Write request units of what a change of an item does to the table's indexes; the same within a transaction."""
    units = 0.0
    for index in schema.indexes.values():
        old, new = index.entry(before), index.entry(after)
        if old == new:
            continue
        if old is not None and new is not None and _identity(schema, index, old) == _identity(schema, index, new):
            units += write_units(max(item_size(old), item_size(new)))
            continue
        units += sum(write_units(item_size(entry)) for entry in (old, new) if entry is not None)
    return units


def _identity(schema: Schema, index: Index, entry: Item) -> list[Any]:
    """An entry with another one is deleted and put, not updated."""
    return [entry[name] for name in sorted(schema.keys | index.keys)]


def change_units(schema: Schema, before: Item | None, after: Item | None, *, transactional: bool = False) -> float:
    """Write request units of a put, an update or a deletion: the table's and its indexes'.

    Args:
        schema: the table's.
        before: the item before; None where there was none.
        after: the item after; None where there is none.
        transactional: whether it is an action of TransactWriteItems.
    """
    size = max(item_size(before or {}), item_size(after or {}))
    return write_units(size, transactional=transactional) + index_units(schema, before, after)
