"""What holds data outlives a mistake: a deletion, a replacement, a template that has lost it."""

import json
import re

import botocore.session
import pytest
from botocore.validate import validate_parameters

from support.template import ROOT, resource, template
from support.transform import transformed

DATA = {"AWS::S3::Bucket", "AWS::DynamoDB::Table"}
"""Types that hold what cannot be had again, or only with much work."""

WORK = {"AWS::SQS::Queue", "AWS::Serverless::HttpApi"}
"""Types that hold messages, which reconcile asks for again, and an address, which readers know: retained, of no use."""

NOTHING = {
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Stage",
    "AWS::AppConfig::Application",
    "AWS::AppConfig::ConfigurationProfile",
    "AWS::AppConfig::HostedConfigurationVersion",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::Events::Rule",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::Logs::QueryDefinition",
    "AWS::Logs::LogGroup",  # ids, counts and reasons, which go by themselves after LogRetentionDays
    "AWS::S3::BucketPolicy",
    "AWS::SQS::QueuePolicy",
}
"""Types that the template makes again as they were."""

STACK_POLICY = json.loads((ROOT / "deploy" / "stack-policy.json").read_text("utf-8"))
DEPLOYING = (ROOT / "docs" / "deploying.md").read_text("utf-8")


def named(kinds: set[str]) -> list[str]:
    return sorted(name for name, found in template()["Resources"].items() if found["Type"] in kinds)


def test_of_each_type_it_is_known_whether_it_holds_data() -> None:
    made = transformed(template(), {"DeploymentPreference": "Canary10Percent5Minutes"})
    assert {found["Type"] for found in made["Resources"].values()} - DATA - WORK == NOTHING


@pytest.mark.parametrize("name", named(DATA))
def test_what_holds_data_is_retained(name: str) -> None:
    assert (resource(name)["DeletionPolicy"], resource(name)["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_the_stack_policy_keeps_it_from_being_replaced_or_deleted() -> None:
    allowed, denied = STACK_POLICY["Statement"]
    assert allowed == {"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"}
    assert denied["Effect"] == "Deny"
    assert denied["Principal"] == "*"
    assert sorted(denied["Action"]) == ["Update:Delete", "Update:Replace"]
    assert sorted(denied["Resource"]) == sorted(f"LogicalResourceId/{name}" for name in named(DATA | WORK))
    made = transformed(template())["Resources"]
    assert {one.partition("/")[2] for one in denied["Resource"]} <= set(made), "by the names that CloudFormation knows"
    assert len(json.dumps(STACK_POLICY)) < 16_384, "CloudFormation API Reference, SetStackPolicy"


def test_a_table_is_deleted_by_two_steps() -> None:
    assert resource("PostsTable")["Properties"]["DeletionProtectionEnabled"] is True


def test_the_rules_that_empty_a_bucket_are_ones_that_s3_takes() -> None:
    (rules,) = re.findall(r"^    rules='(.+?)'$", DEPLOYING, re.MULTILINE | re.DOTALL)
    operation = "PutBucketLifecycleConfiguration"
    shape = botocore.session.get_session().get_service_model("s3").operation_model(operation).input_shape
    assert shape is not None
    validate_parameters({"Bucket": "posts", "LifecycleConfiguration": json.loads(rules)}, shape)
    everything = json.loads(rules)["Rules"][0]
    assert (everything["Filter"], everything["Expiration"]) == ({}, {"Days": 1})


def test_the_teardown_says_what_stays() -> None:
    section = DEPLOYING.partition("\n## Taking it down\n")[2].partition("\n## ")[0]
    for name in named(DATA):
        assert f"`{name}`" in section or f"$(name {name})" in section
    assert "no-deletion-protection-enabled" in section
    assert "set-stack-policy" in DEPLOYING
