"""The built SAM template: what the local stack runs from it, and what of it the emulator is given."""

import copy
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from postkeep_local.stack.errors import StackFailed

PROXY_VARIABLE = "MINISTACK_LAMBDA_PROXY_URL"
"""The function variable by which ministack forwards invocations to an address; see its ``services/lambda_svc.py``."""

_EMULATOR_PATIENCE = 60
"""Seconds that the emulator waits beyond a function's timeout. Its clock starts before a worker does, the function's after."""

_MAXIMUM_TIMEOUT = 900
"""AWS Lambda's quota for a function's timeout, in seconds."""

_LEAST_CONCURRENCY = 2
"""AWS Lambda's least MaximumConcurrency of an SQS event source."""

_LEFT_OUT = ("AWS::CloudWatch::", "AWS::Logs::QueryDefinition", "AWS::AppConfig::")
"""Types of resources that the emulator is not given: what watches, and what tells CloudFormation of other parameters."""

_RELEASE = (
    "AutoPublishAlias",
    "AutoPublishAliasAllProperties",
    "VersionDescription",
    "VersionDeletionPolicy",
    "DeploymentPreference",
)
"""Properties of a function that say how its new version comes into use. Here every call gets the newest at once."""

_ALIAS = re.compile(r"(\$\{\w+\}|\$\{\w+\.Arn\}):live$")
"""A function's alias in a Fn::Sub of ``template.yaml``: what is before it is the function."""


_KEYED = "HasKmsKey"
"""The template's condition on a customer's key."""

_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Route:
    """One route of an HTTP API.

    Attributes:
        method: an HTTP method, or ``ANY``.
        path: such as ``/posts/{id}`` or ``/{proxy+}``; ``$default`` for every request that no other route takes.
        function: the logical id of the function that answers.
    """

    method: str
    path: str
    function: str


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """What is needed to run a function.

    Attributes:
        name: its logical id.
        handler: such as ``package.handler.handler``.
        code: the folder that ``sam build`` made of it.
        layers: the folders of its layers, the first listed first.
        timeout: seconds.
        memory: MiB.
        batches: for each queue that it reads, the most batches of messages that it is given at the same time.
        reports_failures: whether it names the failed messages of a batch.
        retries: how often an asynchronous event is retried.
        event_age: how long an asynchronous event is retried at most, in seconds.
    """

    name: str
    handler: str
    code: Path
    layers: tuple[Path, ...]
    timeout: int
    memory: int
    batches: tuple[int, ...]
    reports_failures: bool
    retries: int
    event_age: int


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms (``!Ref``) as their long ones."""


def _intrinsic(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _intrinsic)


class BuiltTemplate:
    """The template that ``sam build`` wrote, with the folders that it names."""

    def __init__(self, build: Path, parameters: Mapping[str, str] | None = None) -> None:
        """Read it.

        Args:
            build: the folder.
            parameters: the template's parameters; the others have their defaults.

        Raises:
            StackFailed: if there is none.
        """
        path = build / "template.yaml"
        if not path.is_file():
            raise StackFailed(f"{path} is missing: run `sam build` first")
        self._build = build
        self._template: dict[str, Any] = yaml.load(path.read_text(), Loader=_Loader)  # noqa: S506 - a SafeLoader
        declared = self._template.get("Parameters", {})
        self._parameters = {name: declaration.get("Default") for name, declaration in declared.items()} | dict(parameters or {})
        self._globals: dict[str, Any] = self._template.get("Globals", {}).get("Function", {})

    def _resources(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, resource in self._template["Resources"].items():
            if resource["Type"] == kind:
                yield name, resource.get("Properties") or {}

    def functions(self) -> dict[str, FunctionSpec]:
        """Every function by its logical id."""
        return {name: self._function(name, properties) for name, properties in self._resources("AWS::Serverless::Function")}

    def _function(self, name: str, properties: Mapping[str, Any]) -> FunctionSpec:
        def of(key: str, default: Any) -> Any:
            return self._plain(properties.get(key, self._globals.get(key, default)))

        queues = [event["Properties"] for event in _events(properties) if event["Type"] == "SQS"]
        asynchronous = of("EventInvokeConfig", {})
        return FunctionSpec(
            name=name,
            handler=of("Handler", ""),
            code=self._build / properties["CodeUri"],
            layers=tuple(self._layers([*(self._globals.get("Layers") or []), *(properties.get("Layers") or [])])),
            timeout=int(of("Timeout", 3)),
            memory=int(of("MemorySize", 128)),
            batches=tuple(self._most(queue) for queue in queues),
            reports_failures=any("ReportBatchItemFailures" in queue.get("FunctionResponseTypes", []) for queue in queues),
            retries=int(asynchronous.get("MaximumRetryAttempts", 2)),
            event_age=int(asynchronous.get("MaximumEventAgeInSeconds", 21_600)),
        )

    def _most(self, queue: Mapping[str, Any]) -> int:
        """The MaximumConcurrency of an SQS event."""
        return int((self._plain(queue.get("ScalingConfig")) or {}).get("MaximumConcurrency", 5))

    def _layers(self, references: list[Any]) -> Iterator[Path]:
        built = dict(self._resources("AWS::Serverless::LayerVersion"))
        for reference in references:
            if isinstance(reference, Mapping) and reference.get("Ref") in built:
                yield self._build / built[reference["Ref"]]["ContentUri"] / "python"

    def _plain(self, value: Any) -> Any:
        """A value in which references to parameters are replaced by what they stand for."""
        if isinstance(value, Mapping):
            if set(value) == {"Ref"} and value["Ref"] in self._parameters:
                return self._parameters[value["Ref"]]
            return {key: self._plain(item) for key, item in value.items()}
        return value

    def routes(self) -> list[Route]:
        """The routes of the HTTP API, from the functions' events."""
        found = []
        for name, properties in self._resources("AWS::Serverless::Function"):
            for event in _events(properties):
                if event["Type"] == "HttpApi":
                    route = event.get("Properties") or {}
                    found.append(Route(str(route.get("Method", "ANY")).upper(), route.get("Path", "$default"), name))
        return found

    def for_emulator(self, stack: str, proxy: str, workers: int) -> str:
        """The template for the emulator, as JSON.

        It differs from the built one in what a single machine needs: invocations are forwarded to ``proxy``, code and layers
        are not packed (they are run from the build folder), buckets have fixed names (so that they are found again after a
        kill), and no more batches are in flight than there are workers. Alarms, the dashboard and the saved query, which
        nobody looks at here, are left out, and metadata is, and what is there for a customer's key alone, since KMS is not
        played: an emulator takes a body of 51,200 bytes, as CloudFormation does (where SAM uploads it instead, which allows a
        megabyte). Functions have no versions and no alias here: what calls an alias calls the function.
        """
        template = _keyless(copy.deepcopy(self._template))
        template.pop("Metadata", None)
        left_out = {name for name, resource in template["Resources"].items() if resource["Type"].startswith(_LEFT_OUT)}
        template["Resources"] = {name: found for name, found in template["Resources"].items() if name not in left_out}
        _without_release(template.get("Globals", {}).get("Function", {}), left_out)
        for name, resource in template["Resources"].items():
            resource.pop("Metadata", None)
            properties = resource.setdefault("Properties", {})
            match resource["Type"]:
                case "AWS::Serverless::Function":
                    spec = self._function(name, properties)
                    _without_release(properties, left_out)
                    properties["CodeUri"] = {"Bucket": stack, "Key": name}
                    properties["Timeout"] = min(_MAXIMUM_TIMEOUT, spec.timeout + _EMULATOR_PATIENCE)
                    variables = properties.setdefault("Environment", {}).setdefault("Variables", {})
                    variables[PROXY_VARIABLE] = proxy
                    for event in _events(properties):
                        if event["Type"] == "SQS":
                            most = concurrency(self._most(event["Properties"]), workers)
                            event["Properties"]["ScalingConfig"] = {"MaximumConcurrency": most}
                case "AWS::Serverless::LayerVersion":
                    properties.pop("PublishLambdaVersion", None)
                    properties["ContentUri"] = {"Bucket": stack, "Key": name}
                case "AWS::DynamoDB::Table":
                    properties.pop("DeletionProtectionEnabled", None)  # what lies here is a copy, and may be thrown away
                case "AWS::S3::Bucket":
                    properties.setdefault("BucketName", bucket_name(stack, name))
        return json.dumps(_unaliased(template), separators=(",", ":"))


def _keyless(value: Any) -> Any:
    """A part of the template as it is where no ``KmsKeyArn`` is given; :data:`_ABSENT` where it is not there then."""
    match value:
        case {"Fn::If": [str(condition), _, otherwise]} if condition == _KEYED:
            return _ABSENT if otherwise == {"Ref": "AWS::NoValue"} else _keyless(otherwise)
        case dict():
            return {name: kept for name, inner in value.items() if (kept := _keyless(inner)) is not _ABSENT}
        case list():
            return [kept for inner in value if (kept := _keyless(inner)) is not _ABSENT]
    return value


def concurrency(most: int, workers: int) -> int:
    """Batches of one queue in flight, at most: what the template says, or as many as workers are asked for."""
    return max(_LEAST_CONCURRENCY, min(workers, most))


def pool_size(spec: FunctionSpec, workers: int) -> int:
    """Workers of a function, at most: as asked for, and one for each batch that may be in flight from all of its queues."""
    return max(workers, sum(concurrency(most, workers) for most in spec.batches))


def bucket_name(stack: str, logical_id: str) -> str:
    """A bucket's name in the local stack."""
    return f"{stack}-{re.sub(r'[^a-z0-9]', '', logical_id.lower())}"


def _without_release(properties: dict[str, Any], left_out: Collection[str]) -> None:
    """Take out of a function's properties what is about its versions, and the variables that name what is left out."""
    for key in _RELEASE:
        properties.pop(key, None)
    variables = properties.get("Environment", {}).get("Variables", {})
    for key in [key for key, value in variables.items() if isinstance(value, Mapping) and value.get("Ref") in left_out]:
        del variables[key]


def _unaliased(value: Any) -> Any:
    """A part of a template in which functions are called by themselves and not by their alias."""
    if isinstance(value, dict):
        if isinstance(value.get("Fn::Sub"), str):
            return value | {"Fn::Sub": _ALIAS.sub(r"\1", value["Fn::Sub"])}
        return {key: _unaliased(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_unaliased(item) for item in value]
    return value


def _events(properties: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list((properties.get("Events") or {}).values())
