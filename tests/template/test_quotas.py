"""CloudFormation's quotas, and those of what it makes, with room to grow.

Source: AWS CloudFormation User Guide, «Understand CloudFormation quotas»; where others are meant, they are named.
"""

import json
import re
from functools import cache
from typing import Any

import pytest
import yaml

from support.template import ROOT, read, template
from support.transform import transformed

BODY = 1_000_000
"""Bytes of a template that comes from S3, as `sam deploy` has it (51,200 where it comes with the request)."""

GITHUB_ROLE = read(ROOT / "deploy" / "github-role.yaml")


@cache
def made() -> Any:
    """What has the most resources: with canaries."""
    return transformed(template(), {"DeploymentPreference": "Canary10Percent5Minutes"})


def without_spaces(policy: Any) -> int:
    """A policy's size as IAM counts it: without white space outside of strings; a reference counts what may stand for it."""
    text = json.dumps(policy, separators=(",", ":"))
    return len(text) + 60 * len(re.findall(r'"(?:Ref|Fn::GetAtt|Fn::Sub)"', text))


def resources(kind: str) -> dict[str, Any]:
    found = {name: entry["Properties"] for name, entry in made()["Resources"].items() if entry["Type"] == kind}
    assert found
    return found


def test_the_body_is_far_below_what_is_taken() -> None:
    given = yaml.safe_dump(template(), allow_unicode=True)  # long forms and without anchors, as `sam package` writes it
    uploads = sum(
        "CodeUri" in e.get("Properties", {}) or "ContentUri" in e.get("Properties", {}) for e in template()["Resources"].values()
    )
    assert len(given.encode()) + uploads * 1100 < BODY / 4  # s3://, a bucket's name of 63, a key of 1,024 at most
    assert len(json.dumps(made(), indent=2).encode()) < BODY / 4, "after the transform"


def test_there_are_few_resources_parameters_outputs_and_mappings() -> None:
    assert len(made()["Resources"]) < 500 / 2
    assert len(template()["Parameters"]) < 200 / 4
    assert len(template()["Outputs"]) < 200 / 4
    assert len(template().get("Mappings", {})) < 200 / 4
    assert all(len(values) < 200 / 4 for mapping in template()["Mappings"].values() for values in [mapping, *mapping.values()])


def test_logical_names_are_letters_and_digits() -> None:
    for part in ("Resources", "Parameters", "Outputs", "Conditions", "Mappings"):
        for name in made()[part]:
            assert re.fullmatch(r"[A-Za-z0-9]{1,255}", name)


def test_names_that_are_made_up_stay_different() -> None:
    """A function's name has 64 characters: of the stack's and its own, what fits is kept, and twelve added at random."""
    own = [name for name, entry in made()["Resources"].items() if entry["Type"] in {"AWS::Lambda::Function", "AWS::IAM::Role"}]
    assert max(map(len, own)) <= 64 - 14 - len("postkeep-archive")


def test_descriptions_are_as_short_as_each_is_taken() -> None:
    assert len(template()["Description"].encode()) <= 1024
    assert len(GITHUB_ROLE["Description"].encode()) <= 1024
    for parameter in template()["Parameters"].values():
        assert len(parameter["Description"].encode()) <= 4000
        assert len(str(parameter["Default"])) <= 4096
        assert parameter.get("MaxLength", 0) <= 4096
    for output in template()["Outputs"].values():
        assert len(output["Description"].encode()) <= 1024
    for kind, most in (("AWS::Lambda::Function", 256), ("AWS::Lambda::LayerVersion", 256), ("AWS::ApiGatewayV2::Api", 1024)):
        for properties in resources(kind).values():
            assert len(properties.get("Description", "")) <= most
    for alarm in resources("AWS::CloudWatch::Alarm").values():
        assert len(alarm["AlarmDescription"]) <= 1024


@pytest.mark.parametrize("part", ["template.yaml", "deploy/github-role.yaml"])
def test_policies_fit_their_roles(part: str) -> None:
    """IAM User Guide, «IAM and AWS STS quotas»: a role's own policies 10,240 characters together, who may take it on 2,048."""
    entries = made()["Resources"] if part == "template.yaml" else GITHUB_ROLE["Resources"]
    roles = {name: entry["Properties"] for name, entry in entries.items() if entry["Type"] == "AWS::IAM::Role"}
    assert roles
    beside = [entry["Properties"] for entry in entries.values() if entry["Type"] == "AWS::IAM::Policy"]
    for name, role in roles.items():
        own = [policy["PolicyDocument"] for policy in role["Policies"]] if "Policies" in role else []
        own += [policy["PolicyDocument"] for policy in beside if {"Ref": name} in policy["Roles"]]
        assert sum(map(without_spaces, own)) < 10_240
        assert without_spaces(role["AssumeRolePolicyDocument"]) < 2_048
        assert len(role.get("ManagedPolicyArns", [])) <= 10


def test_policies_fit_their_buckets_and_queues() -> None:
    """A bucket's policy has 20 KB (Amazon S3 User Guide), a queue's 64 KB as its attributes have."""
    for kind, most in (("AWS::S3::BucketPolicy", 20_480), ("AWS::SQS::QueuePolicy", 65_536)):
        for properties in resources(kind).values():
            assert without_spaces(properties["PolicyDocument"]) < most / 4


def test_a_functions_variables_fit() -> None:
    """AWS Lambda Developer Guide, «Lambda quotas»: 4 KB for all. ARNs and addresses count 150 here, the hashes of keys 649."""
    for function in resources("AWS::Lambda::Function").values():
        variables = function["Environment"]["Variables"]
        sizes = {name: len(value) if isinstance(value, str) else 150 for name, value in variables.items()}
        sizes |= {"READ_KEYS": 649} if "READ_KEYS" in variables else {}
        sizes |= {"CURSOR_KEY": 150 + 4 * 200} if "CURSOR_KEY" in variables else {}
        assert sum(sizes.values()) + sum(map(len, variables)) < 4096


def test_a_versions_description_fits() -> None:
    for version in resources("AWS::Lambda::Version").values():
        assert len(version["Description"]["Fn::Sub"]) + 100 <= 256
