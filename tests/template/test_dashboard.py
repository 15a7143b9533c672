"""The dashboard: it answers its questions, with metrics and logs that there are."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from postkeep.post import PictureStatus
from support.template import ROOT, template
from support.watching import FUNCTIONS, RESOURCES, Metric, check

WATCHING = (ROOT / "docs" / "watching.md").read_text("utf-8")

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


def test_the_saved_query_is_the_documented_one_over_all_functions() -> None:
    query = RESOURCES["TraceQuery"]["Properties"]
    assert query["LogGroupNames"] == [function["LoggingConfig"]["LogGroup"] for function in FUNCTIONS.values()]
    assert "\n".join(f"    {line}" for line in query["QueryString"].splitlines()) in WATCHING


def test_a_gigabyte_second_costs_what_the_processor_costs() -> None:
    assert SUBSTITUTION[1] == {"GigabyteSecond": {"Fn::If": ["OnArm", "0.0000133334", "0.0000166667"]}}
    assert template()["Conditions"]["OnArm"] == {"Fn::Equals": [{"Ref": "Architecture"}, "arm64"]}
