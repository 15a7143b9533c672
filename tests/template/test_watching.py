"""Alarms, their pages in docs/runbooks/, and the dashboard: each agrees with the others, and with what is counted."""

import ast
import json
import re
import shlex
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import botocore.session
import click
import pytest

from parse_post.ingest import Outcome as Parsed
from postkeep.post import PictureStatus
from postkeep_local.cli import main
from reconcile_posts.progress import Finding
from render_post.rendering import Outcome as Rendered
from support.template import ROOT, template

RESOURCES: dict[str, Any] = template()["Resources"]
ALARMS = {name: found["Properties"] for name, found in RESOURCES.items() if found["Type"] == "AWS::CloudWatch::Alarm"}
FUNCTIONS = {name: found["Properties"] for name, found in RESOURCES.items() if found["Type"] == "AWS::Serverless::Function"}
QUEUES = {name: found["Properties"] for name, found in RESOURCES.items() if found["Type"] == "AWS::SQS::Queue"}
WORK = {name for name, queue in QUEUES.items() if "RedrivePolicy" in queue}
PAGES = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
WATCHING = (ROOT / "docs" / "watching.md").read_text("utf-8")
OWN = "Postkeep/${AWS::StackName}"

PARTS = ["What it means", "How to look", "What to do", "When it is over"]

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


# ---- What is counted -------------------------------------------------------------------------------------------------------


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


def test_every_function_counts_something() -> None:
    services = {p["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] for p in FUNCTIONS.values()}
    assert {service for _, service in counted()} == services


def test_nothing_is_counted_elsewhere() -> None:
    """Or `counted` would not know of it."""
    using = [
        p
        for folder in ("functions", "layers")
        for p in ROOT.glob(f"{folder}/**/*.py")
        if re.search(r"observability import .*\bcount\b", p.read_text())
    ]
    assert all(path.name.endswith("handler.py") or path.name == "delivery.py" for path in using)


def test_each_stack_has_metrics_of_its_own() -> None:
    assert template()["Globals"]["Function"]["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"] == {"Fn::Sub": OWN}


def check(metric: Metric) -> None:
    """That a metric exists."""
    if metric.namespace == OWN:
        assert metric.dimension == "service"
        assert (metric.name, metric.value) in counted()
        return
    dimension, kind, names = AWS_METRICS[metric.namespace]
    assert (metric.dimension, RESOURCES[metric.value]["Type"]) == (dimension, kind)
    assert metric.name in names


# ---- Alarms ----------------------------------------------------------------------------------------------------------------


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


def of(metric: str) -> dict[str, set[str]]:
    """By alarm, what it watches a metric of."""
    return {name: {one.value for one in watched(name)} for name in ALARMS if {one.name for one in watched(name)} == {metric}}


def always(name: str) -> bool:
    return "Condition" not in RESOURCES[name]


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_tells_its_topic_when_it_begins_and_when_it_is_over(name: str) -> None:
    alarm = ALARMS[name]
    topic: Any = [{"Ref": "AlarmTopicArn"}]
    if always(name):
        topic = {"Fn::If": ["HasAlarmTopic", topic, {"Ref": "AWS::NoValue"}]}
    else:
        assert RESOURCES[name]["Condition"] == "HasAlarmTopic"
    assert alarm["AlarmActions"] == alarm["OKActions"] == topic
    assert alarm["TreatMissingData"] == "notBreaching"


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_watches_what_there_is(name: str) -> None:
    for metric in watched(name):
        check(metric)


def test_without_a_topic_alarms_cost_nothing() -> None:
    """CloudWatch asks nothing for ten metrics of alarms; no emulator makes an alarm of an expression."""
    made = [name for name in ALARMS if always(name)]
    assert sum(len(watched(name)) for name in made) <= 10
    assert made == list(of("ApproximateNumberOfMessagesVisible"))


def test_the_age_of_every_queue_is_watched_and_tells_in_time() -> None:
    ages = of("ApproximateAgeOfOldestMessage")
    assert sorted(name for queues in ages.values() for name in queues) == sorted(WORK)
    for alarm, (queue,) in ages.items():
        assert 3 * QUEUES[queue]["VisibilityTimeout"] < ALARMS[alarm]["Threshold"] < QUEUES[queue]["MessageRetentionPeriod"] / 3
    ((alarm, functions),) = of("AsyncEventAge").items()
    assert functions == {"ParseFunction"}
    longest = FUNCTIONS["ParseFunction"]["EventInvokeConfig"]["MaximumEventAgeInSeconds"]
    assert ALARMS[alarm]["Threshold"] < longest * 1000 / 3


def test_the_errors_of_every_function_are_watched() -> None:
    errors = of("Errors")
    assert errors == {name.replace("Function", "ErrorsAlarm"): {name} for name in FUNCTIONS}
    for alarm, (function,) in errors.items():
        runs = (
            "EventInvokeConfig" in FUNCTIONS[function] and FUNCTIONS[function]["EventInvokeConfig"]["MaximumRetryAttempts"] == 0
        )
        assert ALARMS[alarm]["Threshold"] == (1 if runs else 5)


def test_the_throttles_of_every_function_are_watched() -> None:
    ((alarm, functions),) = of("Throttles").items()
    assert functions == set(FUNCTIONS)
    assert set(re.findall(r"FILL\((\w+), 0\)", expression(alarm))) == {one["Id"] for one in ALARMS[alarm]["Metrics"][1:]}


def test_the_duration_of_every_function_is_held_against_its_timeout() -> None:
    alarms = of("Duration")
    assert sorted(name for functions in alarms.values() for name in functions) == sorted(FUNCTIONS)
    for alarm in alarms:
        percents = dict(re.findall(r"FILL\((\w+), 0\) / (\d+)", expression(alarm)))
        timeouts = {
            one["Id"]: FUNCTIONS[metric_in(one["MetricStat"]["Metric"]).value]["Timeout"] for one in ALARMS[alarm]["Metrics"][1:]
        }
        assert percents == {name: str(seconds * 10) for name, seconds in timeouts.items()}
    assert {one["MetricStat"]["Stat"] for one in ALARMS["SlowFunctionsAlarm"]["Metrics"][1:]} == {"p99"}


def test_a_run_that_ends_by_itself_raises_no_alarm() -> None:
    """Reconcile begins nothing with less than a minute left, and what it has begun takes 20 s at most; count the same."""
    for function in ("CountFunction", "ReconcileFunction"):
        timeout = FUNCTIONS[function]["Timeout"]
        assert (timeout - 60 + 20) / timeout * 100 < ALARMS["LongRunsAlarm"]["Threshold"] < 100


def expression(alarm: str) -> str:
    return str(ALARMS[alarm]["Metrics"][0]["Expression"])


@pytest.mark.parametrize("name", [name for name in ALARMS if "Metrics" in ALARMS[name]])
def test_an_expression_is_one_that_cloudwatch_takes(name: str) -> None:
    """Ten metrics at most, one result, and nothing that is not used."""
    first, *metrics = ALARMS[name]["Metrics"]
    assert "ReturnData" not in first
    assert all(one["ReturnData"] is False for one in metrics)
    assert 1 < len(metrics) <= 10
    assert set(re.findall(r"\b[a-z]+\b", first["Expression"])) == {one["Id"] for one in metrics}
    assert len({(one["MetricStat"]["Period"], one["MetricStat"]["Stat"]) for one in metrics}) == 1


def test_what_the_api_search_rules_posts_and_reconcile_say_is_watched() -> None:
    assert of("5xx") == {"ApiErrorsAlarm": {"HttpApi"}}
    assert of("ApiFaults") == {"ApiFaultsAlarm": {service for name, service in counted() if name == "ApiFaults"}}
    assert of("SearchIndexNotRead") == {"SearchIndexAlarm": {"search"}}
    assert of("RulesNotRead") == {"PublishedRulesAlarm": {"render"}}
    assert of("ReconcileFindings") == {"ReconcileFindingsAlarm": {"reconcile"}}
    assert {one.name for one in watched("RejectedPostsAlarm")} == {"PostsRejected", "PostsRecorded"}


def test_the_stack_keeps_cloudformations_limits() -> None:
    """500 resources once SAM has written it out: a role for each function, and two for each event at most; a megabyte."""
    events = sum(len(function.get("Events", {})) for function in FUNCTIONS.values())
    assert len(RESOURCES) + 2 * len(FUNCTIONS) + 2 * events < 500 / 2
    assert (ROOT / "template.yaml").stat().st_size < 1_000_000 / 4


# ---- Runbooks --------------------------------------------------------------------------------------------------------------


def page_of(name: str) -> str:
    (page,) = re.findall(r" See docs/runbooks/([a-z-]+\.md)\.$", ALARMS[name]["AlarmDescription"])
    return str(page)


def test_each_alarm_has_a_page_and_each_page_alarms() -> None:
    assert {page_of(name) for name in ALARMS} == {page.name for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_its_alarms_and_no_others(page: Path) -> None:
    head = page.read_text("utf-8").partition("\n## ")[0]
    assert set(re.findall(r"`(\w+Alarm)`", head)) == {name for name in ALARMS if page_of(name) == page.name}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_has_its_four_parts(page: Path) -> None:
    parts = re.split(r"^## (.+)\n", page.read_text("utf-8"), flags=re.MULTILINE)
    assert parts[1::2] == PARTS
    assert all(part.strip() for part in parts[2::2])
    assert "    " in dict(zip(parts[1::2], parts[2::2], strict=True))["How to look"]


def test_the_overview_leads_to_each_page() -> None:
    assert sorted(set(re.findall(r"\]\(runbooks/([a-z-]+\.md)\)", WATCHING))) == [page.name for page in PAGES]


def lines() -> list[tuple[str, str]]:
    """The command lines of the pages and the overview."""
    found = []
    for page in [*PAGES, ROOT / "docs" / "watching.md"]:
        text = page.read_text("utf-8").replace("\\\n", " ")
        found += [
            (page.name, line.strip()) for line in re.findall(r"^ {4,}(?:\w+\(\) \{ )?((?:postkeep|aws) .+)$", text, re.MULTILINE)
        ]
    return found


def test_there_are_commands_of_both_kinds() -> None:
    assert {line.split()[0] for _, line in lines()} == {"postkeep", "aws"}


@pytest.mark.parametrize(("page", "line"), [one for one in lines() if one[1].startswith("postkeep")])
def test_a_line_is_one_that_postkeep_takes(page: str, line: str) -> None:
    del page
    words = shlex.split(line, comments=True)[1:]
    command: click.Command = main
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    command.make_context("postkeep", [word.replace("POST", "a.md") for word in words])


@pytest.mark.parametrize(("page", "line"), [one for one in lines() if one[1].startswith("aws")])
def test_a_line_is_one_that_the_aws_cli_takes(page: str, line: str) -> None:
    """The CLI's operations and options are botocore's; what it names otherwise is little (awscli/customizations)."""
    del page
    words = shlex.split(line.partition(" ; }")[0].removesuffix("; }"), comments=True)
    service, operation = words[1:3]
    options = {word.removeprefix("--") for word in words if word.startswith("--")} - {"query", "output", "region", "profile"}
    if (service, operation) == ("logs", "tail"):
        assert options <= {"since", "follow", "filter-pattern", "format"}
        return
    if (service, operation) == ("sns", "subscribe"):
        options = {word.replace("notification-endpoint", "endpoint") for word in options}
    model = botocore.session.get_session().get_service_model(service.replace("s3api", "s3"))
    (name,) = [one for one in model.operation_names if botocore.xform_name(one, "-") == operation]
    shape = model.operation_model(name).input_shape
    assert shape is not None
    assert options <= {botocore.xform_name(one, "-") for one in shape.members}


def test_the_resources_that_the_pages_ask_for_exist() -> None:
    asked = {name for _, line in lines() for name in re.findall(r"\$\(name (\w+)\)", line)}
    assert asked
    assert asked <= set(RESOURCES)


def test_the_overview_tells_what_alarms_cost() -> None:
    metrics = sum(len(watched(name)) for name in ALARMS)
    assert f"{len(ALARMS)} alarms watch {metrics} metrics" in WATCHING
    assert f"**${metrics * 0.1:.2f} a month**, or ${(metrics - 10) * 0.1:.2f} where" in WATCHING


# ---- The dashboard ---------------------------------------------------------------------------------------------------------

SUBSTITUTION = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
WIDGETS: list[dict[str, Any]] = json.loads(SUBSTITUTION[0])["widgets"]
GRAPHS = [widget["properties"] for widget in WIDGETS if widget["type"] == "metric"]
TABLES = [widget["properties"] for widget in WIDGETS if widget["type"] == "log"]
INDEXES = len(RESOURCES["PostsTable"]["Properties"]["GlobalSecondaryIndexes"])


def graphed(graph: dict[str, Any]) -> Iterator[Metric]:
    for entry in graph["metrics"]:
        if isinstance(entry[0], str):
            namespace, name, dimension, value = entry[:4]
            yield Metric(namespace, name, dimension, re.sub(r"^\$\{(\w+)(?:\.QueueName)?\}$", r"\1", value))


def test_the_dashboard_is_of_graphs_and_tables() -> None:
    assert len(GRAPHS) + len(TABLES) == len(WIDGETS)
    assert all(one["region"] == "${AWS::Region}" for one in [*GRAPHS, *TABLES])


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph["title"])
def test_a_graph_shows_what_there_is(graph: dict[str, Any]) -> None:
    found = list(graphed(graph))
    assert found
    for metric in found:
        check(metric)


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph["title"])
def test_an_expression_uses_what_its_graph_has(graph: dict[str, Any]) -> None:
    expressions = [re.sub(r"'[^']*'", "", entry[0]["expression"]) for entry in graph["metrics"] if isinstance(entry[0], dict)]
    used = {name for one in expressions for name in re.findall(r"\b[a-z]+\b", one)}
    hidden = {entry[-1]["id"] for entry in graph["metrics"] if isinstance(entry[0], str) and "id" in entry[-1]}
    assert used == hidden


@pytest.mark.parametrize("question", ["posts arriving", "they final", "oldest unfinished", "fails", "Why", "cost"])
def test_the_dashboard_answers(question: str) -> None:
    assert [one for one in [*GRAPHS, *TABLES] if question in one["title"]]
    assert question in WATCHING


def test_the_dashboard_has_as_many_metrics_as_cost_nothing() -> None:
    searched = sum("SEARCH(" in json.dumps(graph) for graph in GRAPHS) * INDEXES
    assert len({metric for graph in GRAPHS for metric in graphed(graph)}) + searched <= 50


def test_widgets_lie_beside_each_other() -> None:
    for one, other in combinations(WIDGETS, 2):
        apart = any(
            a[at] + a[size] <= b[at] for a, b in [(one, other), (other, one)] for at, size in [("x", "width"), ("y", "height")]
        )
        assert apart, (one["properties"]["title"], other["properties"]["title"])
    assert max(widget["x"] + widget["width"] for widget in WIDGETS) == 24


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table["title"])
def test_a_table_reads_logs_that_there_are(table: dict[str, Any]) -> None:
    *sources, first = re.match(r"((?:SOURCE '\$\{\w+\}' \| )+)(\w+)", table["query"]).groups()  # type: ignore[union-attr]
    names = re.findall(r"\$\{(\w+)\}", sources[0])
    assert names
    assert {RESOURCES[name]["Type"] for name in names} == {"AWS::Logs::LogGroup"}
    assert first == "filter"
    if len(names) > 1:
        assert names == [function["LoggingConfig"]["LogGroup"]["Ref"] for function in FUNCTIONS.values()]


def test_a_table_asks_for_what_is_logged() -> None:
    """The fields of the pictures' outcomes, as thumbnail logs them."""
    (line,) = [
        one for one in (ROOT / "functions/thumbnail/make_thumbnail/handler.py").read_text().splitlines() if '"recorded"' in one
    ]
    assert {"outcome=", "reason="} <= set(re.findall(r"\w+=", line))
    (table,) = [one for one in TABLES if "message = 'recorded'" in one["query"]]
    (outcomes,) = re.findall(r"outcome in \[([^\]]+)\]", table["query"])
    assert set(re.findall(r"\w+", outcomes)) == {PictureStatus.FAILED, PictureStatus.WAITING}


def test_a_gigabyte_second_costs_what_the_processor_costs() -> None:
    assert SUBSTITUTION[1] == {"GigabyteSecond": {"Fn::If": ["OnArm", "0.0000133334", "0.0000166667"]}}
    assert template()["Conditions"]["OnArm"] == {"Fn::Equals": [{"Ref": "Architecture"}, "arm64"]}
