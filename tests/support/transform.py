"""What the SAM transform makes of a template, as AWS runs it in the middle of a deployment."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator


def transformed(
    template: Mapping[str, Any], parameters: Mapping[str, str] | None = None, *, code: str = "1", layer: str = "1"
) -> Any:
    """The CloudFormation template.

    Args:
        template: with SAM's resources; it stays as it is.
        parameters: those that differ from their defaults.
        code: stands for the contents of the functions, by which `sam package` names what it uploads.
        layer: stands for the contents of the layer.

    Raises:
        samtranslator.model.exceptions.InvalidDocumentException: if SAM refuses it.
    """
    given = deepcopy(dict(template))
    for name, entry in given["Resources"].items():
        properties = entry.get("Properties", {})
        if "CodeUri" in properties:
            properties["CodeUri"] = f"s3://bucket/{name}-{code}"
        if "ContentUri" in properties:
            properties["ContentUri"] = f"s3://bucket/{name}-{layer}"
    return Translator({}, Parser()).translate(given, {"AWS::Region": "us-east-1", "AWS::Partition": "aws", **(parameters or {})})


def references(value: Any) -> Iterator[str]:
    """The logical names that a part of a CloudFormation template waits for."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            yield name
        case {"Fn::Sub": str(text)} | {"Fn::Sub": [str(text), _]}:
            yield from (part.partition("}")[0].partition(".")[0] for part in text.split("${")[1:])
            yield from (name for inner in value["Fn::Sub"][1:] if isinstance(inner, dict) for name in references(inner))
        case dict():
            yield from (name for inner in value.values() for name in references(inner))
        case list():
            yield from (name for inner in value for name in references(inner))


def waits(made: Mapping[str, Any]) -> dict[str, set[str]]:
    """By resource, the others that CloudFormation makes first: what it refers to in properties and policies, and says."""
    names = set(made["Resources"])
    found = {}
    for name, entry in made["Resources"].items():
        depends = entry.get("DependsOn", [])
        said = {depends} if isinstance(depends, str) else set(depends)
        found[name] = ({*references(entry.get("Properties")), *references(entry.get("UpdatePolicy"))} | said) & names - {name}
    return found


def circle(made: Mapping[str, Any]) -> set[str]:
    """The resources that wait for each other, or nothing: what CloudFormation calls a circular dependency."""
    left = waits(made)
    while ready := {name for name, needed in left.items() if not needed & left.keys()}:
        left = {name: needed for name, needed in left.items() if name not in ready}
    while ends := {name for name in left if not any(name in needed for needed in left.values())}:
        left = {name: needed for name, needed in left.items() if name not in ends}
    return set(left)
