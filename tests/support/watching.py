"""What watches a stack: the alarms of template.yaml, and the metrics that there are."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from parse_post.ingest import Outcome as Parsed
from postkeep.post import PictureStatus
from reconcile_posts.progress import Finding
from render_post.rendering import Outcome as Rendered
from support.template import ROOT, template

RESOURCES: dict[str, Any] = template()["Resources"]
_EVERY = {name: found for name, found in RESOURCES.items() if found["Type"] == "AWS::CloudWatch::Alarm"}
CANARIES = {name: found["Properties"] for name, found in _EVERY.items() if found.get("Condition") == "Canaries"}
"""The alarms that tell CodeDeploy alone."""

ALARMS = {name: found["Properties"] for name, found in _EVERY.items() if name not in CANARIES}
"""The alarms that tell a person."""

FUNCTIONS = {name: found["Properties"] for name, found in RESOURCES.items() if found["Type"] == "AWS::Serverless::Function"}
OWN = "Postkeep/${AWS::StackName}"
"""The namespace of a stack's own metrics."""

AWS_METRICS = {
    "AWS/Lambda": ("FunctionName", "AWS::Serverless::Function", {"AsyncEventAge", "Duration", "Errors", "Throttles"}),
    "AWS/SQS": ("QueueName", "AWS::SQS::Queue", {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"}),
    "AWS/ApiGateway": ("ApiId", "AWS::Serverless::HttpApi", {"5xx", "Count"}),
    "AWS/DynamoDB": ("TableName", "AWS::DynamoDB::Table", {"ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"}),
}
"""The dimension, the type of the resource that it names, and the metrics that are used.

Source: each service's documentation, «CloudWatch metrics»; an HTTP API's is spelled 5xx, unlike a REST API's 5XXError."""

VALUES = {"parse": Parsed, "render": Rendered, "thumbnail": PictureStatus, "reconcile": Finding}
"""What a function's metric ends with, where its name is put together."""


class Metric(NamedTuple):
    """A metric with its one dimension; the value is a resource's name, or a service's."""

    namespace: str
    name: str
    dimension: str
    value: str


def service_of(handler: str) -> str:
    (found,) = [
        p["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
        for p in FUNCTIONS.values()
        if p["Handler"] == f"{handler}.handler"
    ]
    return str(found)


def counts_in(path: Path, service: str) -> Iterator[str]:
    """The metrics that a module counts."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "count"):
            continue
        match node.args[0]:
            case ast.Constant(value=str(name)):
                yield name
            case ast.JoinedStr(values=[ast.Constant(value=str(prefix)), ast.FormattedValue()]):
                yield from (f"{prefix}{one.value.capitalize()}" for one in VALUES[service])
            case other:
                raise AssertionError(ast.dump(other))


@cache
def counted() -> frozenset[tuple[str, str]]:
    """Every metric that the code counts, with the service that counts it."""
    found = set()
    delivery = ROOT / "layers/postkeep/postkeep/web/delivery.py"
    for path in ROOT.glob("functions/*/*/*handler.py"):
        service = service_of(f"{path.parent.name}.{path.stem}")
        shared = [delivery] if "postkeep.web.delivery" in path.read_text("utf-8") else []
        found |= {(name, service) for module in [path, *shared] for name in counts_in(module, service)}
    return frozenset(found)


def check(metric: Metric) -> None:
    """That a metric exists."""
    if metric.namespace == OWN:
        assert metric.dimension == "service"
        assert (metric.name, metric.value) in counted()
        return
    dimension, kind, names = AWS_METRICS[metric.namespace]
    assert (metric.dimension, RESOURCES[metric.value]["Type"]) == (dimension, kind)
    assert metric.name in names


def resource_in(value: Any) -> str:
    """What a dimension's value refers to."""
    match value:
        case {"Ref": str(name)}:
            return name
        case {"Fn::GetAtt": [str(name), "QueueName"]}:
            return name
        case str(text):
            return text
    raise AssertionError(value)


def metric_in(part: dict[str, Any]) -> Metric:
    (dimension,) = part["Dimensions"]
    namespace = part["Namespace"]
    return Metric(
        namespace["Fn::Sub"] if isinstance(namespace, dict) else namespace,
        part["MetricName"],
        dimension["Name"],
        resource_in(dimension["Value"]),
    )


def watched(name: str) -> list[Metric]:
    """The metrics that an alarm watches."""
    alarm = ALARMS[name]
    if "Metrics" not in alarm:
        return [metric_in(alarm)]
    return [metric_in(one["MetricStat"]["Metric"]) for one in alarm["Metrics"] if "MetricStat" in one]
