"""Two OpenAPI documents of the API → what of the first one a reader can no longer count on."""

from collections.abc import Callable, Iterator, Mapping
from operator import gt, lt
from typing import Any

type Json = Mapping[str, Any]

_TIGHTER: Mapping[str, Callable[[int, int], bool]] = {"minimum": gt, "maximum": lt, "minLength": gt, "maxLength": lt}
"""Bounds of a parameter's value, and when another one refuses what the first one took."""


def breaking(old: Json, new: Json) -> list[str]:
    """Tell what a reader who goes by the old document trips over in the new one; nothing where it only grew.

    Args:
        old: a document of :mod:`postkeep_local.contract.document`, as it was published.
        new: as it is now.
    """
    return [*_paths(old, new), *_shapes(old["components"]["schemas"], new["components"]["schemas"])]


def _paths(old: Json, new: Json) -> Iterator[str]:
    for path, item in old["paths"].items():
        for method, operation in item.items():
            there = new["paths"].get(path, {}).get(method)
            where = f"{method.upper()} {path}"
            if there is None:
                yield f"{where}: is gone"
                continue
            yield from _parameters(where, operation, there)
            yield from _answers(where, operation["responses"], there["responses"])


def _parameters(where: str, old: Json, new: Json) -> Iterator[str]:
    before = {parameter["name"]: parameter for parameter in old.get("parameters", [])}
    after = {parameter["name"]: parameter for parameter in new.get("parameters", [])}
    for name, parameter in before.items():
        if name not in after:
            yield f"{where}: the parameter {name} is gone"
        else:
            yield from _values(f"{where}: {name}", parameter, after[name])
    for name in after.keys() - before.keys():
        if after[name]["required"]:
            yield f"{where}: the parameter {name} is new, and required"


def _values(where: str, old: Json, new: Json) -> Iterator[str]:
    if new["required"] and not old["required"]:
        yield f"{where} is required now"
    before, after = old["schema"], new["schema"]
    if before.get("type") != after.get("type"):
        yield f"{where} was of type {before.get('type')}, and is of type {after.get('type')}"
    if before.get("default") != after.get("default"):
        yield f"{where} was {before.get('default')!r} by default, and is {after.get('default')!r}"
    if "enum" in after and (lost := sorted(set(before.get("enum", ())) - set(after["enum"]))):
        yield f"{where} takes no {', '.join(map(repr, lost))} any more"
    elif "enum" in after and "enum" not in before:
        yield f"{where} takes a few values alone now"
    for bound, tighter in _TIGHTER.items():
        if bound in after and (bound not in before or tighter(after[bound], before[bound])):
            yield f"{where} has another {bound}: {after[bound]}"
    if after.get("pattern", before.get("pattern")) != before.get("pattern"):
        yield f"{where} has another pattern: {after['pattern']}"


def _answers(where: str, old: Json, new: Json) -> Iterator[str]:
    for status, answer in old.items():
        if not status.startswith(("2", "30")):
            continue  # a problem that does not come any more is none
        if status not in new:
            yield f"{where}: does not answer {status} any more"
            continue
        for media, content in answer.get("content", {}).items():
            there = new[status].get("content", {}).get(media)
            if there is None:
                yield f"{where}: {status} is not there as {media} any more"
            elif _kind(content.get("schema", {})) != _kind(there.get("schema", {})):
                yield f"{where}: {status} as {media} is of another shape"


def _shapes(old: Json, new: Json) -> Iterator[str]:
    for name, schema in old.items():
        if name not in new:
            continue  # what answered with it is told to have another shape
        after = new[name]
        for field, said in schema.get("properties", {}).items():
            there = after.get("properties", {}).get(field)
            if there is None:
                yield f"{name}.{field}: is gone"
            elif _kind(said) != _kind(there):
                yield f"{name}.{field}: was {_kind(said)}, and is {_kind(there)}"
            elif field in schema.get("required", ()) and field not in after.get("required", ()):
                yield f"{name}.{field}: is not always there any more"


def _kind(schema: Json) -> str:
    """What a value is. Words that it can be may become more: a reader passes over what it does not know."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(sorted(map(_kind, schema["anyOf"])))
    if "enum" in schema:
        return "string"
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    if isinstance(schema.get("additionalProperties"), Mapping):
        return f"object of {_kind(schema['additionalProperties'])}"
    return str(schema.get("type", "anything"))
