"""template.yaml holds what its head says, and agrees with the code."""

import importlib
import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from render_post.bundle import FOLDER
from search_posts.index_handler import MERGING
from search_posts.merging import FAN, FULL
from support.template import ROOT, resource, template

RESOURCES: dict[str, Any] = template()["Resources"]
PSEUDO = {"AWS::AccountId", "AWS::NoValue", "AWS::Partition", "AWS::Region", "AWS::StackId", "AWS::StackName", "AWS::URLSuffix"}
# SAM makes a role for each function that has none.
GENERATED = {f"{name}Role" for name, found in RESOURCES.items() if found["Type"] == "AWS::Serverless::Function"}
KNOWN = set(RESOURCES) | set(template()["Parameters"]) | GENERATED | PSEUDO


def of_type(kind: str) -> dict[str, Any]:
    return {name: found["Properties"] for name, found in RESOURCES.items() if found["Type"] == kind}


FUNCTIONS = of_type("AWS::Serverless::Function")
QUEUES = of_type("AWS::SQS::Queue")
DEAD_LETTERS = {name for name in QUEUES if "RedrivePolicy" not in QUEUES[name]}


def references(value: Any) -> Iterator[str]:
    """The logical names that a part of the template refers to."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "Ref":
                yield inner.split(".")[0]
            elif name == "Fn::GetAtt":
                yield inner[0] if isinstance(inner, list) else inner.split(".")[0]
            elif name == "Fn::Sub":
                text, own = inner if isinstance(inner, list) else (inner, {})
                yield from (found for match in re.findall(r"\$\{([^!}]+)\}", text) if (found := match.split(".")[0]) not in own)
                yield from references(own)
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def statements(value: Any) -> Iterator[dict[str, Any]]:
    """The allowing IAM statements in a part of the template."""
    if isinstance(value, dict):
        if value.get("Effect") == "Allow":
            yield value
        for inner in value.values():
            yield from statements(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from statements(inner)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("part", ["Resources", "Outputs", "Globals"])
def test_every_reference_resolves(part: str) -> None:
    assert set(references(template()[part])) - KNOWN == set()


def test_every_parameter_is_used_described_and_defaulted() -> None:
    used = {name for part in ("Resources", "Globals", "Conditions") for name in references(template()[part])}
    parameters = template()["Parameters"]
    assert set(parameters) == used & set(parameters)
    assert len(parameters) <= 25
    for found in parameters.values():
        assert found["Description"].endswith(".")
        assert "Default" in found


def test_parameters_are_shown_in_groups() -> None:
    groups = template()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert sorted(name for group in groups for name in group["Parameters"]) == sorted(template()["Parameters"])


def test_no_resource_is_named() -> None:
    names = {"BucketName", "TableName", "QueueName", "FunctionName", "LayerName", "LogGroupName", "RoleName", "AlarmName", "Name"}
    for found in RESOURCES.values():
        # A saved query has no other name, and it begins with the stack's; AppConfig asks for a name, and takes one that there is.
        if found["Type"] == "AWS::Logs::QueryDefinition":
            assert found["Properties"]["Name"]["Fn::Sub"].startswith("${AWS::StackName}/")
        elif not found["Type"].startswith("AWS::AppConfig::"):
            assert not names & set(found["Properties"])


def test_no_concurrency_is_reserved() -> None:
    assert "ReservedConcurrentExecutions" not in str(template())


def test_every_queue_has_its_dead_letters_and_they_have_an_alarm() -> None:
    assert {
        "RenderDeadLetterQueue",
        "RenderBacklogDeadLetterQueue",
        "ThumbnailDeadLetterQueue",
        "IndexDeadLetterQueue",
        "ParseFailureQueue",
    } == DEAD_LETTERS
    for name in set(QUEUES) - DEAD_LETTERS:
        policy = QUEUES[name]["RedrivePolicy"]
        assert policy["deadLetterTargetArn"]["Fn::GetAtt"][0] in DEAD_LETTERS
        assert policy["maxReceiveCount"] == 5
    targets = [QUEUES[name]["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0] for name in set(QUEUES) - DEAD_LETTERS]
    assert len(targets) == len(set(targets)), "where a dead letter lies says where it goes back to"
    depths = [
        alarm["Dimensions"][0]["Value"]["Fn::GetAtt"][0]
        for alarm in of_type("AWS::CloudWatch::Alarm").values()
        if alarm.get("MetricName") == "ApproximateNumberOfMessagesVisible"
    ]
    assert sorted(depths) == sorted(DEAD_LETTERS)


def test_dead_letters_are_kept_longest_of_all() -> None:
    kept = {name: queue["MessageRetentionPeriod"] for name, queue in QUEUES.items()}
    assert {kept[name] for name in DEAD_LETTERS} == {14 * 24 * 3600}
    assert max(kept[name] for name in set(QUEUES) - DEAD_LETTERS) < 14 * 24 * 3600
    # A message that waits longest of all still meets its post's tombstone.
    assert template()["Parameters"]["TombstoneDays"]["MinValue"] * 24 * 3600 > max(kept.values())


@pytest.mark.parametrize("function", ["RenderFunction", "ThumbnailFunction", "IndexFunction"])
def test_an_event_source_reports_single_failures_and_is_bounded(function: str) -> None:
    for source in FUNCTIONS[function]["Events"].values():
        mapping = source["Properties"]
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert list(mapping["ScalingConfig"]) == ["MaximumConcurrency"]
        queue = mapping["Queue"]["Fn::GetAtt"][0]
        assert QUEUES[queue]["VisibilityTimeout"] >= 6 * FUNCTIONS[function]["Timeout"]


def test_what_nobody_waits_for_is_rendered_more_slowly() -> None:
    events = FUNCTIONS["RenderFunction"]["Events"]
    assert events["Backlog"]["Properties"]["Queue"] == {"Fn::GetAtt": ["RenderBacklogQueue", "Arn"]}
    most = template()["Parameters"]["RenderConcurrency"]["Default"]
    assert events["Backlog"]["Properties"]["ScalingConfig"]["MaximumConcurrency"] < most


def test_one_picture_a_batch() -> None:
    assert FUNCTIONS["ThumbnailFunction"]["Events"]["Requests"]["Properties"]["BatchSize"] == 1


def test_the_bucket_calls_parse_for_created_and_removed_posts() -> None:
    function = FUNCTIONS["ParseFunction"]
    for event in function["Events"].values():
        assert event["Properties"]["Bucket"] == {"Ref": "PostsBucket"}
        assert event["Properties"]["Events"] == ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]
    destination = function["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]
    assert destination == {"Type": "SQS", "Destination": {"Fn::GetAtt": ["ParseFailureQueue", "Arn"]}}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_functions_handler_exists_where_its_code_is(function: str) -> None:
    properties = FUNCTIONS[function]
    module, _, name = properties["Handler"].rpartition(".")
    loaded = importlib.import_module(module)
    assert callable(getattr(loaded, name))
    assert str(loaded.__file__).startswith(str(ROOT / properties["CodeUri"]))
    assert properties["LoggingConfig"]["LogGroup"]["Ref"] in of_type("AWS::Logs::LogGroup")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_there_is_an_example_event_for_each_function(function: str) -> None:
    name = function.removesuffix("Function").lower()
    prefix = {"parse": "s3-", "query": "api-"}.get(name, f"{name}-")
    found = list((ROOT / "events").glob(f"{prefix}*.json"))
    assert found
    for file in found:
        assert json.loads(file.read_text("utf-8"))


def test_roles_name_what_they_reach() -> None:
    found = [statement for name in RESOURCES for statement in statements(RESOURCES[name]["Properties"])]
    assert len(found) >= 10
    for statement in found:
        assert all("*" not in action for action in listed(statement["Action"]))
        for target in listed(statement["Resource"]):
            assert target != "*"
            assert set(references(target)) <= {*RESOURCES, "KmsKeyArn"}


def actions_on(function: str, target: str) -> set[str]:
    policy = RESOURCES["ParsePolicy"]["Properties"] if function == "Parse" else FUNCTIONS[f"{function}Function"]["Policies"]
    return {
        action
        for statement in statements(policy)
        if any(target in references(one) for one in listed(statement["Resource"]))
        for action in listed(statement["Action"])
    }


def leading_keys(function: str) -> set[str]:
    policy = RESOURCES["ParsePolicy"]["Properties"] if function == "Parse" else FUNCTIONS[f"{function}Function"]["Policies"]
    return {
        key
        for statement in statements(policy)
        for key in statement.get("Condition", {}).get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys", [])
    }


def test_the_function_that_talks_to_strangers_reaches_no_post() -> None:
    assert actions_on("Thumbnail", "PostsBucket") == set()
    assert actions_on("Thumbnail", "ArchiveBucket") == {"s3:PutObject", "s3:GetObject", "s3:ListBucket"}
    archive = [s for s in statements(FUNCTIONS["ThumbnailFunction"]["Policies"]) if "ArchiveBucket" in str(s["Resource"])]
    assert not [s for s in archive if "renditions" in str(s["Resource"]) or "rules" in str(s["Resource"])]
    assert leading_keys("Thumbnail") == {"PICTURES#*"}
    assert actions_on("Thumbnail", "RenderQueue") == set()


def test_query_changes_nothing() -> None:
    for target in ("PostsTable", "ArchiveBucket", "PostsBucket"):
        for action in actions_on("Query", target):
            assert action.split(":")[1].startswith(("Get", "List", "Query", "BatchGet"))


def test_reconcile_reads_and_asks_and_deletes_renditions_alone() -> None:
    assert actions_on("Reconcile", "PostsBucket") == {"s3:ListBucket"}
    assert actions_on("Reconcile", "PostsTable") == {"dynamodb:BatchGetItem", "dynamodb:Query"}
    assert leading_keys("Reconcile") == {"POST#*", "UPGRADE"}
    assert actions_on("Reconcile", "RenderQueue") == set()
    by_place = {
        target["Fn::Sub"].rpartition("}/")[2]: set(listed(statement["Action"]))
        for statement in statements(FUNCTIONS["ReconcileFunction"]["Policies"])
        for target in listed(statement["Resource"])
        if "ArchiveBucket" in str(target.get("Fn::Sub", ""))
    }
    assert by_place == {
        "renditions/*": {"s3:DeleteObject"},
        "counts/work.json": {"s3:DeleteObject"},
        "reconcile/*": {"s3:GetObject", "s3:PutObject", "s3:DeleteObject"},
    }


def test_render_writes_renditions_alone_and_reads_published_rules() -> None:
    by_place = {
        target["Fn::Sub"].rpartition("}/")[2]: set(listed(statement["Action"]))
        for statement in statements(FUNCTIONS["RenderFunction"]["Policies"])
        for target in listed(statement["Resource"])
        if "ArchiveBucket" in str(target.get("Fn::Sub", ""))
    }
    written = {"s3:PutObject", "s3:DeleteObject"}
    assert by_place == {"renditions/*": written, "staged/*": written, f"{FOLDER}*": {"s3:GetObject"}}
    # S3 tells whoever may not list a bucket that an absent object is forbidden. A condition on the prefix would not hold then.
    (listing,) = [s for s in statements(FUNCTIONS["RenderFunction"]["Policies"]) if listed(s["Action"]) == ["s3:ListBucket"]]
    assert listing["Resource"] == {"Fn::GetAtt": ["ArchiveBucket", "Arn"]}
    assert "Condition" not in listing


def test_retry_reads_posts_and_marks_pictures_alone() -> None:
    assert actions_on("Retry", "PostsBucket") == actions_on("Retry", "ArchiveBucket") == set()
    assert actions_on("Retry", "ThumbnailQueue") == {"sqs:SendMessage"}
    on_table = {
        key: set(listed(statement["Action"]))
        for statement in statements(FUNCTIONS["RetryFunction"]["Policies"])
        for key in statement.get("Condition", {}).get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys", ["index"])
        if "PostsTable" in references(statement["Resource"])
    }
    assert on_table == {
        "index": {"dynamodb:Query"},
        "POST#*": {"dynamodb:BatchGetItem"},
        "PICTURES#*": {"dynamodb:BatchGetItem", "dynamodb:PutItem"},
    }
    (index,) = [s for s in statements(FUNCTIONS["RetryFunction"]["Policies"]) if s["Action"] == "dynamodb:Query"]
    assert index["Resource"] == {"Fn::Sub": "${PostsTable.Arn}/index/by_due"}


@pytest.mark.parametrize(
    ("function", "parameter"),
    [("Count", "CountSchedule"), ("Reconcile", "ReconcileSchedule"), ("Retry", "RetrySchedule")],
)
def test_what_runs_on_a_schedule_is_not_repeated_by_lambda(function: str, parameter: str) -> None:
    properties = FUNCTIONS[f"{function}Function"]
    (event,) = properties["Events"].values()
    assert event == {"Type": "Schedule", "Properties": {"Schedule": {"Ref": parameter}, "Enabled": True}}
    assert properties["EventInvokeConfig"] == {"MaximumRetryAttempts": 0}


def test_the_index_is_written_by_index_alone_which_reads_records_and_texts() -> None:
    def places(function: str) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for statement in statements(FUNCTIONS[f"{function}Function"]["Policies"]):
            for target in listed(statement["Resource"]):
                if "Fn::Sub" in target:
                    found.setdefault(target["Fn::Sub"].rpartition("}/")[2], set()).update(listed(statement["Action"]))
        return found

    assert places("Index") == {
        "renditions/*": {"s3:GetObject"},
        "search/*": {"s3:GetObject", "s3:PutObject", "s3:DeleteObject"},
    }
    assert places("Search") == {"search/*": {"s3:GetObject"}}
    assert actions_on("Index", "PostsTable") == {"dynamodb:GetItem"}
    assert leading_keys("Index") == {"POST#*"}
    assert actions_on("Search", "PostsTable") == set()
    for name in ("Index", "Search"):
        assert actions_on(name, "PostsBucket") == set()
    for name in ("Parse", "Thumbnail", "Retry", "Count", "Reconcile"):
        assert actions_on(name, "IndexQueue") == set()
    assert actions_on("Render", "IndexQueue") == {"sqs:SendMessage"}


def test_what_search_holds_fits_its_disk() -> None:
    properties = FUNCTIONS["SearchFunction"]
    space = int(properties["Environment"]["Variables"]["SEARCH_SPACE_BYTES"])
    assert space < properties["EphemeralStorage"]["Size"] * 1024**2 * 0.9


def test_a_merge_fits_the_function_that_does_it() -> None:
    properties = FUNCTIONS["IndexFunction"]
    assert properties["EphemeralStorage"]["Size"] * 1024**2 > FAN * FULL * 3
    assert properties["Timeout"] * 1000 > MERGING


def test_count_reads_records_and_writes_counts_alone() -> None:
    assert actions_on("Count", "PostsBucket") == set()
    assert actions_on("Count", "PostsTable") == {"dynamodb:BatchGetItem", "dynamodb:Query"}
    assert leading_keys("Count") == {"POST#*"}
    writing = [
        statement["Resource"]["Fn::Sub"].rpartition("}/")[2]
        for statement in statements(FUNCTIONS["CountFunction"]["Policies"])
        if "s3:PutObject" in listed(statement["Action"])
    ]
    assert writing == ["counts/*"]


def test_no_other_function_writes_what_is_not_its_own() -> None:
    assert leading_keys("Parse") == {"POST#*"}
    assert leading_keys("Render") == {"POST#*", "PICTURES#*"}
    assert actions_on("Parse", "ArchiveBucket") == set()
    for name in ("Parse", "Render"):
        assert not any(action.startswith(("s3:Put", "s3:Delete")) for action in actions_on(name, "PostsBucket"))


def test_what_cannot_be_had_again_outlives_the_stack() -> None:
    for name in ("PostsBucket", "PostsTable", "ArchiveBucket"):
        assert (resource(name)["DeletionPolicy"], resource(name)["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert resource("PostsBucket")["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert resource("PostsTable")["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert resource("PostsTable")["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}


def test_the_functions_are_traced_and_run_on_python_3_13() -> None:
    everyone = template()["Globals"]["Function"]
    assert (everyone["Runtime"], everyone["Tracing"]) == ("python3.13", "Active")
    assert (ROOT / ".python-version").read_text("utf-8").strip() == "3.13"


def test_the_api_answers_before_its_gateway_gives_up() -> None:
    assert FUNCTIONS["QueryFunction"]["Timeout"] < 30


def test_sam_has_a_profile_for_this_machine_and_one_for_aws() -> None:
    profiles = tomllib.loads((ROOT / "samconfig.toml").read_text("utf-8"))
    assert profiles["aws"]["deploy"]["parameters"]["capabilities"] == "CAPABILITY_IAM"
    assert {"build", "validate", "local_invoke", "local_start_api"} <= set(profiles["default"])


def test_readers_of_the_changes_stay_behind_the_slowest_writer() -> None:
    """docs/decisions/0005-changes-and-counts.md: a writer reads the clock and may write as long after that as it lives."""
    slowest = max(resource(f"{name}Function")["Properties"]["Timeout"] for name in ("Parse", "Render"))
    assert template()["Parameters"]["ChangesLagSeconds"]["Default"] >= slowest + 30
