"""DynamoDB in memory: what the adapters ask of it, by AWS's rules, at a hundredth of an emulator's cost.

It evaluates the very expressions that the adapters send, so that a model test can step between two of its calls, and can take a
condition out of one. It passes the adapters' contract tests together with moto.
"""

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

type Item = dict[str, Any]

_deserialize = TypeDeserializer().deserialize
_TOKEN = re.compile(r"\s*(<=|>=|[=()<>,]|AND\b|OR\b|BETWEEN\b|[#:]?[\w.#]+)")
_MOST_ACTIONS, _MOST_WRITES = 100, 25


class Expression:
    """A condition or an update, as DynamoDB writes them."""

    def __init__(self, text: str, names: Mapping[str, str], values: Mapping[str, Any]) -> None:
        self._tokens = _TOKEN.findall(text)
        self._names, self._values = names, values

    def holds(self, item: Item | None) -> bool:
        """Whether a condition is true of an item."""
        self._at = 0
        found = self._either(item or {})
        assert self._at == len(self._tokens), f"not understood: {self._tokens[self._at :]}"
        return found

    def _next(self) -> str:
        self._at += 1
        return cast("str", self._tokens[self._at - 1])

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _either(self, item: Item) -> bool:
        found = self._both(item)
        while self._peek() == "OR":
            self._next()
            found = self._both(item) or found
        return found

    def _both(self, item: Item) -> bool:
        found = self._term(item)
        while self._peek() == "AND":
            self._next()
            found = self._term(item) and found
        return found

    def _term(self, item: Item) -> bool:
        first = self._next()
        if first == "(":
            found = self._either(item)
            assert self._next() == ")"
            return found
        if first in {"attribute_exists", "attribute_not_exists"}:
            assert self._next() == "("
            there = self._value(self._next(), item) is not None
            assert self._next() == ")"
            return there is (first == "attribute_exists")
        left, operator = self._value(first, item), self._next()
        right = self._value(self._next(), item)
        if operator == "BETWEEN":
            assert self._next() == "AND"
            high = self._value(self._next(), item)
            return left is not None and right <= left <= high
        if left is None or right is None:
            return False
        compare: dict[str, Callable[[Any, Any], bool]] = {
            "=": lambda a, b: a == b,
            "<=": lambda a, b: a <= b,
            ">=": lambda a, b: a >= b,
            "<": lambda a, b: a < b,
            ">": lambda a, b: a > b,
        }
        return bool(compare[operator](left, right))

    def _raw(self, token: str, item: Item) -> Any:
        """The typed value that a token stands for; None for an attribute that is not there."""
        if token.startswith(":"):
            return self._values[token]
        found: Any = {"M": item}
        for part in token.split("."):
            found = found.get("M", {}).get(self._names.get(part, part)) if found else None
        return found

    def _value(self, token: str, item: Item) -> Any:
        raw = self._raw(token, item)
        return None if raw is None else _deserialize(raw)

    def update(self, item: Item) -> Item:
        """The item after a SET (with if_not_exists) and a REMOVE."""
        new, verb = dict(item), ""
        tokens: Iterator[str] = iter(self._tokens)
        for token in tokens:
            if token in {"SET", "REMOVE"}:
                verb = token
            elif token == ",":
                continue
            elif verb == "REMOVE":
                new.pop(self._names.get(token, token), None)
            else:
                assert (verb, next(tokens)) == ("SET", "=")
                source = next(tokens)
                name = self._names.get(token, token)
                if source == "if_not_exists":
                    _, kept, _, default, _ = (next(tokens) for _ in range(5))
                    source = kept if self._raw(kept, item) is not None else default
                new[name] = self._raw(source, item)
        return new


def _error(code: str, operation: str, **more: Any) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": code}, **more}
    return ClientError(response, operation)


@dataclass
class MemoryDynamo:
    """The client's methods that the adapters call.

    Attributes:
        indexes: of the table: partition key and sort key by name.
        items: by primary key.
        waive: told an operation and its condition, gives the one that is looked at instead: so a model test takes one out.
    """

    indexes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    items: dict[tuple[str, str], Item] = field(default_factory=dict)
    waive: Callable[[str, str], str] = lambda _operation, condition: condition

    def get_item(self, *, Key: Item, **_: Any) -> dict[str, Any]:  # noqa: N803 (AWS's names)
        found = self.items.get(_key(Key))
        return {"Item": copy.copy(found)} if found else {}

    def put_item(self, *, Item: Item, **request: Any) -> dict[str, Any]:  # noqa: N803
        self._check("PutItem", Item, request)
        self.items[_key(Item)] = copy.copy(Item)
        return {}

    def update_item(self, *, Key: Item, **request: Any) -> dict[str, Any]:  # noqa: N803
        self._check("UpdateItem", Key, request)
        old = self.items.get(_key(Key))
        self._update(Key, request)
        return {"Attributes": old} if old and request.get("ReturnValues") == "ALL_OLD" else {}

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        assert 0 < len(TransactItems) <= _MOST_ACTIONS
        entries = [(kind, request, request.get("Item") or request["Key"]) for t in TransactItems for kind, request in t.items()]
        assert len({_key(key) for _, _, key in entries}) == len(entries), "two actions on one item"
        reasons = [self._reason(f"Transact{kind}", request, key) for kind, request, key in entries]
        if any(reasons):
            raise _error(
                "TransactionCanceledException",
                "TransactWriteItems",
                CancellationReasons=[reason or {"Code": "None"} for reason in reasons],
            )
        for kind, request, key in entries:
            match kind:
                case "Put":
                    self.items[_key(key)] = copy.copy(key)
                case "Delete":
                    self.items.pop(_key(key), None)
                case "Update":
                    self._update(key, request)
        return {}

    def query(self, **request: Any) -> dict[str, Any]:
        hash_key, range_key = self.indexes[request["IndexName"]] if "IndexName" in request else ("pk", "sk")
        condition = _expression(request, "KeyConditionExpression")
        fit = [i for i in self.items.values() if hash_key in i and range_key in i and condition.holds(i)]
        fit.sort(key=lambda i: (i[range_key]["S"], i["pk"]["S"], i["sk"]["S"]), reverse=not request.get("ScanIndexForward", True))
        found = fit[: request.get("Limit")]
        return {"Count": len(found), "Items": [copy.copy(i) for i in found]}

    def scan(self, **request: Any) -> dict[str, Any]:
        """A page of the items by primary key; as DynamoDB does, it is cut before it is filtered."""
        after = request.get("ExclusiveStartKey")
        keys = [key for key in sorted(self.items) if after is None or key > _key(after)]
        page = keys[: request.get("Limit")]
        items = [self.items[key] for key in page]
        if "FilterExpression" in request:
            items = [item for item in items if _expression(request, "FilterExpression").holds(item)]
        more = (
            {"LastEvaluatedKey": {n: {"S": v} for n, v in zip(("pk", "sk"), page[-1], strict=True)}}
            if len(page) < len(keys)
            else {}
        )
        return {"Count": len(items), "Items": [copy.copy(item) for item in items], **more}

    def get_paginator(self, operation: str) -> "_Pages":
        assert operation == "query"
        return _Pages(self.query)

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        ((table, wanted),) = RequestItems.items()
        assert len(wanted["Keys"]) <= _MOST_ACTIONS
        found = [self.items[_key(k)] for k in wanted["Keys"] if _key(k) in self.items]
        return {"Responses": {table: copy.copy(found)}}

    def batch_write_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        ((_, requests),) = RequestItems.items()
        assert 0 < len(requests) <= _MOST_WRITES
        keys = [_key(r["PutRequest"]["Item"] if "PutRequest" in r else r["DeleteRequest"]["Key"]) for r in requests]
        assert len(set(keys)) == len(keys), "two requests for one item"
        for key, request in zip(keys, requests, strict=True):
            if "PutRequest" in request:
                self.items[key] = copy.copy(request["PutRequest"]["Item"])
            else:
                self.items.pop(key, None)
        return {}

    def _update(self, key: Item, request: Mapping[str, Any]) -> None:
        old = self.items.get(_key(key), dict(key))
        self.items[_key(key)] = _expression(request, "UpdateExpression").update(old)

    def _reason(self, operation: str, request: Mapping[str, Any], key: Item) -> dict[str, Any] | None:
        if "ConditionExpression" not in request:
            return None
        stored = self.items.get(_key(key))
        condition = self.waive(operation, request["ConditionExpression"])
        if not condition or _expression({**request, "ConditionExpression": condition}, "ConditionExpression").holds(stored):
            return None
        there = {"Item": copy.copy(stored)} if stored and request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" else {}
        return {"Code": "ConditionalCheckFailed", **there}

    def _check(self, operation: str, key: Item, request: Mapping[str, Any]) -> None:
        if reason := self._reason(operation, request, key):
            raise _error("ConditionalCheckFailedException", operation, **{n: v for n, v in reason.items() if n == "Item"})


class _Pages:
    def __init__(self, query: Callable[..., dict[str, Any]]) -> None:
        self._query = query

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        yield self._query(**request)


def _expression(request: Mapping[str, Any], name: str) -> Expression:
    return Expression(request[name], request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {}))


def _key(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]
