"""template.yaml as data: tests hold the code against what is deployed."""

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, given in their long form."""


def _intrinsic(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _intrinsic)


def read(path: Path) -> dict[str, Any]:
    """A template of CloudFormation's."""
    loaded: dict[str, Any] = yaml.load(path.read_text("utf-8"), Loader=_Loader)  # noqa: S506 (a safe loader)
    return loaded


@cache
def template() -> dict[str, Any]:
    """The template."""
    return read(ROOT / "template.yaml")


@cache
def translated() -> dict[str, Any]:
    """What the SAM transform makes of it, as CloudFormation gets it."""
    from samtranslator.parser.parser import Parser  # noqa: PLC0415 (half a second, which most tests need not wait for)
    from samtranslator.translator.translator import Translator  # noqa: PLC0415

    given = deepcopy(template())
    for entry in given["Resources"].values():
        for name in {"CodeUri", "ContentUri"} & set(entry.get("Properties", ())):
            entry["Properties"][name] = "s3://bucket/key"  # as if it had been packaged
    made: dict[str, Any] = Translator({}, Parser()).translate(given, {"AWS::Region": "us-east-1", "AWS::Partition": "aws"})
    return made


def resource(name: str) -> dict[str, Any]:
    """A resource of the template."""
    found: dict[str, Any] = template()["Resources"][name]
    return found


def table_definition() -> dict[str, Any]:
    """What CreateTable takes for the posts table."""
    properties = resource("PostsTable")["Properties"]
    return {name: properties[name] for name in ("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes", "BillingMode")}
