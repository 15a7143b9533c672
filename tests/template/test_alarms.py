"""Alarms: what there is to watch is watched, by metrics that there are, and tells in time."""

import re
from typing import Any

import botocore.session
import pytest
from botocore.validate import validate_parameters

from support.template import ROOT, template
from support.watching import ALARMS, FUNCTIONS, OWN, RESOURCES, check, counted, metric_in, watched

QUEUES = {name: found["Properties"] for name, found in RESOURCES.items() if found["Type"] == "AWS::SQS::Queue"}
WORK = {name for name, queue in QUEUES.items() if "RedrivePolicy" in queue}


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


def of(metric: str) -> dict[str, set[str]]:
    """By alarm, what it watches a metric of."""
    return {name: {one.value for one in watched(name)} for name in ALARMS if {one.name for one in watched(name)} == {metric}}


def always(name: str) -> bool:
    return "Condition" not in RESOURCES[name]


def expression(alarm: str) -> str:
    return str(ALARMS[alarm]["Metrics"][0]["Expression"])


def resolved(value: Any) -> Any:
    match value:
        case {"Ref": _} | {"Fn::GetAtt": _} | {"Fn::Sub": _}:
            return "arn:aws:sns:us-east-1:123456789012:name"
        case {"Fn::If": [_, then, _]}:
            return resolved(then)
        case dict():
            return {name: resolved(inner) for name, inner in value.items()}
        case list():
            return [resolved(inner) for inner in value]
    return value


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


@pytest.mark.parametrize("name", [name for name in ALARMS if "Metrics" in ALARMS[name]])
def test_an_expression_is_one_that_cloudwatch_takes(name: str) -> None:
    """Ten metrics at most, one result, and nothing that is not used."""
    first, *metrics = ALARMS[name]["Metrics"]
    assert "ReturnData" not in first
    assert all(one["ReturnData"] is False for one in metrics)
    assert 1 < len(metrics) <= 10
    assert set(re.findall(r"\b[a-z_]+\b", first["Expression"])) == {one["Id"] for one in metrics}
    assert len({(one["MetricStat"]["Period"], one["MetricStat"]["Stat"]) for one in metrics}) == 1


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_is_of_cloudwatchs_form(name: str) -> None:
    """As botocore's model of PutMetricAlarm has it, once references are resolved."""
    shape = botocore.session.get_session().get_service_model("cloudwatch").operation_model("PutMetricAlarm").input_shape
    assert shape is not None
    validate_parameters({"AlarmName": name, **resolved(ALARMS[name])}, shape)


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
