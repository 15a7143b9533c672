"""A posts table in memory that is read only, as large as a real one, and counts what reading it costs by AWS's rules."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from support.request_units import Schema, item_size, read_units
from support.template import table_definition

type Item = Mapping[str, Any]


@dataclass(slots=True)
class Reads:
    """What was read.

    Attributes:
        queries: calls of Query.
        scanned: entries that they went over: the sum of their ScannedCount.
        entry_bytes: of these.
        batches: calls of BatchGetItem.
        items: that they asked for.
        item_bytes: of those that were there.
        units: read request units of all.
    """

    queries: int = 0
    scanned: int = 0
    entry_bytes: int = 0
    batches: int = 0
    items: int = 0
    item_bytes: int = 0
    units: float = 0.0


@dataclass
class SortedDynamo:
    """The two reads of the listing: a Query between two orders of an index, and BatchGetItem.

    It is :class:`fakes.dynamodb.MemoryDynamo`'s equal in what it answers (a test holds it to that), and keeps its indexes sorted.
    """

    items: dict[tuple[str, str], Item] = field(default_factory=dict)
    reads: Reads = field(default_factory=Reads)
    _indexes: dict[tuple[str, str], list[tuple[str, tuple[str, str]]]] = field(default_factory=dict)
    _partitions: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    _schema: Schema = field(default_factory=lambda: Schema.of(table_definition()))

    def fill(self, items: Iterable[Item]) -> None:
        """Have these items, and no others hereafter."""
        self.items = {_key(item): item for item in items}
        partitions = defaultdict(list)
        for key in self.items:
            partitions[key[0]].append(key)
        self._partitions = partitions
        found = defaultdict(list)
        for index in table_definition()["GlobalSecondaryIndexes"]:
            hash_key, range_key = (element["AttributeName"] for element in index["KeySchema"])
            for key, item in self.items.items():
                if hash_key in item and range_key in item:
                    found[index["IndexName"], item[hash_key]["S"]].append((item[range_key]["S"], key))
        self._indexes = {name: sorted(entries) for name, entries in found.items()}

    def under(self, partition: str) -> Iterable[tuple[tuple[str, str], Item]]:
        """The items of a partition of the table."""
        return ((key, self.items[key]) for key in self._partitions.get(partition, ()))

    def query(self, **request: Any) -> dict[str, Any]:
        assert request["KeyConditionExpression"] == "#partition = :partition AND #order BETWEEN :low AND :high"
        partition, low, high = (request["ExpressionAttributeValues"][name]["S"] for name in (":partition", ":low", ":high"))
        assert partition, "DynamoDB takes no empty key"
        entries = self._indexes.get((request["IndexName"], partition), [])
        begin, end = bisect_left(entries, low, key=_order), bisect_right(entries, high, key=_order)
        limit = request["Limit"]
        if request["ScanIndexForward"]:
            found = entries[begin : min(end, begin + limit)]
        else:
            found = entries[max(begin, end - limit) : end][::-1]
        items = [self.items[key] for _, key in found]
        size = sum(item_size(self._schema.indexes[request["IndexName"]].entry(item) or {}) for item in items)
        self.reads.queries += 1
        self.reads.scanned += len(items)
        self.reads.entry_bytes += size
        self.reads.units += read_units(size)
        return {"Count": len(items), "ScannedCount": len(items), "Items": items}

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 (AWS's name)
        ((table, wanted),) = RequestItems.items()
        keys = [_key(key) for key in wanted["Keys"]]
        assert 0 < len(keys) <= 100
        assert len(set(keys)) == len(keys), "DynamoDB takes no key twice"
        sizes = [item_size(self.items.get(key, {})) for key in keys]
        self.reads.batches += 1
        self.reads.items += len(keys)
        self.reads.item_bytes += sum(sizes)
        self.reads.units += sum(map(read_units, sizes))
        return {"Responses": {table: [self.items[key] for key in keys if key in self.items]}}

    def take(self) -> Reads:
        """What was read since the last time."""
        taken, self.reads = self.reads, Reads()
        return taken


def _order(entry: tuple[str, tuple[str, str]]) -> str:
    return entry[0]


def _key(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]
