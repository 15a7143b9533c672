"""What CloudFormation is given: aliases, versions and canaries. AWS was never asked; SAM's own transform was."""

import re
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from itertools import chain
from typing import Any

import pytest
from samtranslator.model.exceptions import InvalidDocumentException

from support.template import ROOT, template
from support.transform import circle, references, transformed
from support.watching import CANARIES, counted

CANARY = {"DeploymentPreference": "Canary10Percent5Minutes"}
FUNCTIONS = sorted(name for name, found in template()["Resources"].items() if found["Type"] == "AWS::Serverless::Function")
DEPLOYING = (ROOT / "docs" / "deploying.md").read_text("utf-8")


@cache
def plain() -> Any:
    """As it is deployed by default."""
    return transformed(template())


@cache
def canaried() -> Any:
    """As it is deployed with canaries."""
    return transformed(template(), CANARY)


def of_type(kind: str, made: Any) -> dict[str, Any]:
    return {name: found["Properties"] for name, found in made["Resources"].items() if found["Type"] == kind}


def version_of(function: str, made: Any) -> str:
    (name,) = [
        name for name, found in of_type("AWS::Lambda::Version", made).items() if found["FunctionName"] == {"Ref": function}
    ]
    return str(name)


def changed(edit: Callable[[Any], Any]) -> Any:
    """The template with a change."""
    given = deepcopy(template())
    edit(given)
    return given


# ---- The alias ----


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_functions_alias_leads_to_its_version(function: str) -> None:
    for made in (plain(), canaried()):
        alias = made["Resources"][f"{function}Aliaslive"]["Properties"]
        assert alias == {
            "Name": "live",
            "FunctionName": {"Ref": function},
            "FunctionVersion": {"Fn::GetAtt": [version_of(function, made), "Version"]},
        }


def test_whatever_calls_a_function_calls_its_alias() -> None:
    resources = plain()["Resources"]
    called: dict[str, set[str]] = {name: set() for name in FUNCTIONS}
    for kind in ("AWS::Lambda::EventSourceMapping", "AWS::Lambda::Permission"):
        for found in of_type(kind, plain()).values():
            called[found["FunctionName"]["Ref"].removesuffix("Aliaslive")].add(found["FunctionName"]["Ref"])
    for rule in of_type("AWS::Events::Rule", plain()).values():
        for target in rule["Targets"]:
            called[target["Arn"]["Ref"].removesuffix("Aliaslive")].add(target["Arn"]["Ref"])
    notified = resources["PostsBucket"]["Properties"]["NotificationConfiguration"]["LambdaConfigurations"]
    assert {one["Function"]["Ref"] for one in notified} == {"ParseFunctionAliaslive"}
    assert called == {name: {f"{name}Aliaslive"} for name in FUNCTIONS}


def test_each_route_of_the_api_leads_to_an_alias() -> None:
    paths = plain()["Resources"]["HttpApi"]["Properties"]["Body"]["paths"]
    uris = [method["x-amazon-apigateway-integration"]["uri"] for methods in paths.values() for method in methods.values()]
    assert {name for uri in uris for name in references(uri) if "::" not in name} == {
        "QueryFunctionAliaslive",
        "SearchFunctionAliaslive",
    }
    assert len(uris) > 5


def test_failures_of_an_alias_go_where_its_functions_should() -> None:
    """Lambda keeps these for each alias by itself: an unqualified call would be given up without a trace."""
    configured = of_type("AWS::Lambda::EventInvokeConfig", plain())
    assert {found["Qualifier"] for found in configured.values()} == {"live"}
    parse = configured["ParseFunctionEventInvokeConfig"]
    assert parse["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["ParseFailureQueue", "Arn"]}
    assert plain()["Resources"]["ParseFunctionEventInvokeConfig"]["DependsOn"] == ["ParseFunctionAliaslive"]


def test_reconcile_calls_the_alias_of_parse_and_may_call_nothing_else() -> None:
    properties = plain()["Resources"]["ReconcileFunction"]["Properties"]
    assert properties["Environment"]["Variables"]["PARSE_FUNCTION"] == {"Fn::Sub": "${ParseFunction}:live"}
    policies = plain()["Resources"]["ReconcileFunctionRole"]["Properties"]["Policies"]
    statements = chain.from_iterable(policy["PolicyDocument"]["Statement"] for policy in policies)
    (calls,) = [one for one in statements if one.get("Action") == "lambda:InvokeFunction"]
    assert calls["Resource"] == {"Fn::Sub": "${ParseFunction.Arn}:live"}


def test_an_alarm_watches_a_function_whatever_it_was_called_by() -> None:
    """By FunctionName alone, calls of all versions and aliases count. Source: AWS Lambda Developer Guide, «Metrics»."""
    for name, found in of_type("AWS::CloudWatch::Alarm", plain()).items():
        dimensions = [one["Name"] for one in found.get("Dimensions", [])]
        if name not in CANARIES and "FunctionName" in dimensions:
            assert dimensions == ["FunctionName"]


# ---- What publishes a version ----


def versions(**changes: Any) -> dict[str, tuple[str, Any]]:
    """By function, what CloudFormation tells its version by: another logical name or description is another version."""
    made = transformed(changes.pop("given", template()), **changes)
    found = {function: version_of(function, made) for function in FUNCTIONS}
    return {function: (name, made["Resources"][name]["Properties"]["Description"]) for function, name in found.items()}


def differing(**changes: Any) -> list[str]:
    before, after = versions(), versions(**changes)
    return [function for function in FUNCTIONS if before[function] != after[function]]


def test_the_same_again_publishes_nothing() -> None:
    assert differing() == []


def test_other_code_publishes_a_version() -> None:
    assert differing(code="2") == FUNCTIONS


def test_another_layer_alone_publishes_a_version_of_every_function() -> None:
    assert differing(layer="2") == FUNCTIONS


@pytest.mark.parametrize("missing", ["PublishLambdaVersion", "AutoPublishAliasAllProperties"])
def test_which_takes_both_of_what_the_template_says(missing: str) -> None:
    """The layer's new logical name is not known yet when SAM takes the function's hash."""

    def without(given: Any) -> None:
        for entry in given["Resources"].values():
            entry.get("Properties", {}).pop(missing, None)

    given = changed(without)
    assert versions(given=given) == versions(given=given, layer="2")


def test_other_properties_alone_publish_a_version() -> None:
    def edit(given: Any) -> None:
        given["Resources"]["ParseFunction"]["Properties"]["Timeout"] = 59
        given["Resources"]["QueryFunction"]["Properties"]["MemorySize"] = 1025

    assert differing(given=changed(edit)) == ["ParseFunction", "QueryFunction"]


def test_sam_does_not_see_another_value_of_a_parameter() -> None:
    """It hashes the reference. Without Settings the alias would stay with the old value, and nobody would be told."""
    assert [name for name, _ in versions().values()] == [
        name for name, _ in versions(parameters={"MaxPostBytes": "1024", "ReadAccess": "jwt", "LogLevel": "DEBUG"}).values()
    ]


def test_cloudformation_sees_it_by_the_description() -> None:
    """A version's description is replaced with it: of AWS::Lambda::Version, nothing can be updated."""
    for _, description in versions().values():
        assert description == {"Fn::Sub": "Settings ${Settings}"}
    assert template()["Resources"]["Settings"]["Type"] == "AWS::AppConfig::HostedConfigurationVersion"


def test_settings_hold_every_parameter_that_a_function_is_given() -> None:
    parameters = set(template()["Parameters"])
    given = {
        name
        for function in of_type("AWS::Lambda::Function", plain()).values()
        for name in references(function)
        if name in parameters
    }
    held = [one["Ref"] for one in template()["Resources"]["Settings"]["Properties"]["Content"]["Fn::Join"][1]]
    assert held == sorted(given)


def test_a_function_changes_with_them_or_no_version_could_be_published() -> None:
    """Lambda publishes none of what is as it was; CloudFormation then fails with «A version for this Lambda function exists»."""
    for function in of_type("AWS::Lambda::Function", plain()).values():
        assert function["Environment"]["Variables"]["SETTINGS_VERSION"] == {"Ref": "Settings"}


def test_a_version_that_is_taken_back_is_deleted() -> None:
    """Else the same release could not be tried again: its code would be that of the last version published."""
    for name in of_type("AWS::Lambda::Version", plain()):
        assert plain()["Resources"][name]["DeletionPolicy"] == "Delete"


# ---- Canaries ----


def code_deploy(made: Any) -> set[str]:
    return {name for name, found in made["Resources"].items() if found["Type"].startswith("AWS::CodeDeploy::")}


def test_at_once_is_without_codedeploy() -> None:
    assert code_deploy(plain()) == set()
    assert "CodeDeployServiceRole" not in plain()["Resources"]
    for function in FUNCTIONS:
        assert "UpdatePolicy" not in plain()["Resources"][f"{function}Aliaslive"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_canary_is_taken_back_when_an_alarm_of_its_version_rings(function: str) -> None:
    resources = canaried()["Resources"]
    group = f"{function}DeploymentGroup"
    assert resources[f"{function}Aliaslive"]["UpdatePolicy"] == {
        "CodeDeployLambdaAliasUpdate": {
            "ApplicationName": {"Ref": "ServerlessDeploymentApplication"},
            "DeploymentGroupName": {"Ref": group},
        }
    }
    properties = resources[group]["Properties"]
    assert properties["DeploymentConfigName"]["Fn::Sub"][1] == {"ConfigName": "Canary10Percent5Minutes"}
    assert properties["AutoRollbackConfiguration"]["Enabled"]
    assert "DEPLOYMENT_STOP_ON_ALARM" in properties["AutoRollbackConfiguration"]["Events"]
    condition, made, otherwise = properties["AlarmConfiguration"]["Fn::If"]
    assert (condition, otherwise, made["Enabled"]) == ("Canaries", {}, True)
    alarms = [one["Name"]["Ref"] for one in made["Alarms"]]
    assert 1 <= len(alarms) <= 10, "CodeDeploy API Reference, AlarmConfiguration"
    assert f"{function.removesuffix('Function')}CanaryAlarm" in alarms
    for alarm in alarms:
        watched = CANARIES[alarm]
        if watched["Namespace"] == "AWS/Lambda":
            assert resources[alarm]["Properties"]["Dimensions"] == [
                {"Name": "FunctionName", "Value": {"Ref": function}},
                {"Name": "Resource", "Value": {"Fn::Sub": f"${{{function}}}:live"}},
                {"Name": "ExecutedVersion", "Value": {"Fn::GetAtt": [version_of(function, canaried()), "Version"]}},
            ]
        else:
            (dimension,) = watched["Dimensions"]
            assert (watched["MetricName"], dimension["Value"]) in counted()
            assert function == f"{dimension['Value'].capitalize()}Function"


def test_every_canary_alarm_is_somebodys() -> None:
    named = [
        one["Name"]["Ref"]
        for group in of_type("AWS::CodeDeploy::DeploymentGroup", canaried()).values()
        for one in group["AlarmConfiguration"]["Fn::If"][1]["Alarms"]
    ]
    assert sorted(named) == sorted(CANARIES)


def test_a_canary_alarm_tells_within_the_shortest_of_them() -> None:
    for alarm in CANARIES.values():
        assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (60, 1, "notBreaching")
        assert "AlarmActions" not in alarm
        assert alarm["AlarmDescription"].endswith(" See docs/deploying.md.")
    for name in ("Query", "Search"):
        timeout = template()["Resources"][f"{name}Function"]["Properties"]["Timeout"]
        assert CANARIES[f"{name}CanarySlowAlarm"]["Threshold"] == timeout * 1000 * 4 // 5


@pytest.mark.parametrize("preference", template()["Parameters"]["DeploymentPreference"]["AllowedValues"])
def test_each_kind_of_canary_is_one_that_sam_knows(preference: str) -> None:
    made = transformed(template(), {"DeploymentPreference": preference})
    assert bool(code_deploy(made)) is (preference != "AllAtOnce")
    for group in of_type("AWS::CodeDeploy::DeploymentGroup", made).values():
        assert group["DeploymentConfigName"]["Fn::Sub"] == ["CodeDeployDefault.Lambda${ConfigName}", {"ConfigName": preference}]
    assert set(template()["Mappings"]["Canaries"]) == set(template()["Parameters"]["DeploymentPreference"]["AllowedValues"])


def test_an_emulator_is_asked_for_no_canary() -> None:
    rule = template()["Rules"]["CanariesAreForAws"]
    assert rule["RuleCondition"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "EndpointUrl"}, ""]}]}
    assert rule["Assertions"][0]["Assert"] == {"Fn::Equals": [{"Ref": "DeploymentPreference"}, "AllAtOnce"]}
    assert template()["Parameters"]["DeploymentPreference"]["Default"] == "AllAtOnce"


# ---- The page ----


def test_the_page_says_what_each_parameter_decides() -> None:
    section = DEPLOYING.partition("\n### The parameters\n")[2].partition("\n## ")[0]
    named = {name for row in re.findall(r"^\| (`.+?) \|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert named == set(template()["Parameters"])


def test_the_page_says_what_each_output_is() -> None:
    for name in template()["Outputs"]:
        assert f"| `{name}` |" in DEPLOYING


def test_the_page_says_what_canaries_cost() -> None:
    assert f"watch {len(CANARIES)} metrics: ${len(CANARIES) * 0.1:.2f} a month" in DEPLOYING


def test_what_shows_nothing_and_takes_no_empty_answer_takes_one_word() -> None:
    """SAM CLI asks for a NoEcho parameter without offering its default, until it is told something (guided_context.py)."""
    for name, parameter in template()["Parameters"].items():
        if parameter.get("NoEcho"):
            assert re.fullmatch(parameter.get("AllowedPattern", ".*"), "none")
            assert f"`Parameter {name}`" in DEPLOYING


# ---- What does not work, so that nobody tries it again ----


def with_preference(**preference: Any) -> Any:
    def edit(given: Any) -> None:
        given["Resources"]["ParseFunction"]["Properties"]["DeploymentPreference"] |= preference

    return changed(edit)


def test_sam_takes_any_condition_in_enabled_for_yes() -> None:
    made = transformed(with_preference(Enabled={"Fn::If": ["Canaries", True, False]}))
    assert "ParseFunctionDeploymentGroup" in made["Resources"]


def test_sam_takes_no_novalue_in_the_place_of_all_alarms() -> None:
    given = with_preference(Alarms={"Fn::If": ["Canaries", [{"Ref": "ParseCanaryAlarm"}], {"Ref": "AWS::NoValue"}]})
    with pytest.raises(InvalidDocumentException) as refused:
        transformed(given, CANARY)
    assert "Alarms must be a list" in str(refused.value.causes)


def test_sam_counts_no_alarms() -> None:
    """CodeDeploy would refuse the eleventh, in the middle of a deployment."""
    made = transformed(with_preference(Alarms=[{"Ref": "ParseCanaryAlarm"}] * 11), CANARY)
    assert len(made["Resources"]["ParseFunctionDeploymentGroup"]["Properties"]["AlarmConfiguration"]["Alarms"]) == 11


def test_nothing_waits_for_itself() -> None:
    assert circle(plain()) == circle(canaried()) == set()


@pytest.mark.parametrize(
    ("function", "alarm", "through"),
    [
        ("QueryFunction", "ApiErrorsAlarm", "HttpApi"),  # its body leads to the alias
        ("ParseFunction", "SlowFunctionsAlarm", "PostsBucket"),  # its events do, and other functions know the bucket's name
        ("ParseFunction", "ThrottlesAlarm", "PostsBucket"),
    ],
)
def test_the_alarms_for_people_would_wait_for_what_waits_for_them(function: str, alarm: str, through: str) -> None:
    def edit(given: Any) -> None:
        given["Resources"][function]["Properties"]["DeploymentPreference"] = {"Alarms": [{"Ref": alarm}]}

    waiting = circle(transformed(changed(edit), CANARY))
    assert {alarm, through, f"{function}Aliaslive", f"{function}DeploymentGroup"} <= waiting
