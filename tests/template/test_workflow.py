""".github/workflows/deploy.yml and the roles that it works in: nobody but who set it up, and no key."""

import re
import shlex
import subprocess
from fnmatch import fnmatchcase
from typing import Any

import pytest
import yaml
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from support.template import ROOT, read, template
from support.transform import transformed

TEXT = (ROOT / ".github" / "workflows" / "deploy.yml").read_text("utf-8")
WORKFLOW: dict[Any, Any] = yaml.safe_load(TEXT)
JOB = WORKFLOW["jobs"]["deploy"]
STEPS: list[dict[str, Any]] = JOB["steps"]
BASH = "/bin/bash"
COMMANDS = [step["run"] for step in STEPS if "run" in step]
ROLES = read(ROOT / "deploy" / "github-role.yaml")["Resources"]
CANARIED = transformed(template(), {"DeploymentPreference": "Canary10Percent5Minutes"})
DEPLOYING = (ROOT / "docs" / "deploying.md").read_text("utf-8")


def test_it_is_started_by_hand_alone() -> None:
    assert WORKFLOW[True] == {"workflow_dispatch": None}  # which YAML 1.1 reads `on` as
    assert list(WORKFLOW["jobs"]) == ["deploy"]
    assert WORKFLOW["concurrency"]["cancel-in-progress"] is False


def test_it_may_ask_for_a_token_and_read_the_code() -> None:
    assert WORKFLOW["permissions"] == {}
    assert JOB["permissions"] == {"contents": "read", "id-token": "write"}
    assert JOB["environment"] == "aws"


def test_it_knows_no_secret() -> None:
    assert "secrets" not in TEXT
    assert not re.search(r"access.key|AKIA", TEXT, re.IGNORECASE)


def test_actions_are_pinned_to_commits() -> None:
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert [one.partition("@")[0] for one in used] == [
        "actions/checkout",
        "actions/setup-python",
        "aws-actions/configure-aws-credentials",
    ]
    assert all(re.fullmatch(r"[a-z/-]+@[0-9a-f]{40}", one) for one in used)
    assert len(re.findall(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", TEXT, re.MULTILINE)) == len(used)


def test_what_is_built_sees_no_credentials() -> None:
    kinds = [step.get("uses", step.get("run", "")) for step in STEPS]
    (credentials,) = [n for n, kind in enumerate(kinds) if "configure-aws-credentials" in kind]
    builds = [n for n, kind in enumerate(kinds) if re.search(r"^make |sam build", kind, re.MULTILINE)]
    assert builds
    assert max(builds) < credentials
    assert STEPS[1]["with"] == {"persist-credentials": False}


def test_no_variable_is_written_into_a_script() -> None:
    """What is put together from them would be run."""
    assert not any("${{" in command for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_its_scripts_are_scripts(command: str) -> None:
    subprocess.run([BASH, "-n"], input=command, text=True, check=True)


def test_its_commands_exist() -> None:
    for command in COMMANDS:
        for target in re.findall(r"^make (\S+)", command, re.MULTILINE):
            assert re.search(rf"^{re.escape(target)}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    for file in re.findall(r"file://(\S+)", TEXT):
        assert (ROOT / file).is_file()
    assert any(
        "sam deploy" in command and "--no-confirm-changeset --no-fail-on-empty-changeset" in command for command in COMMANDS
    )


def test_sam_has_the_options_that_are_given() -> None:
    sam = ROOT / ".venv-sam" / "bin" / "sam"
    if not sam.exists():
        pytest.skip("there is no SAM CLI in .venv-sam: make build")
    lines = [line for command in COMMANDS for line in command.replace("\\\n", " ").splitlines() if "bin/sam " in line]
    lines += re.findall(r"^ {4,}(sam .+)$", DEPLOYING.replace("\\\n", " "), re.MULTILINE)
    assert len(lines) > 3
    for verb in ("build", "deploy"):
        known = subprocess.run([sam, verb, "--help"], capture_output=True, text=True, check=True).stdout
        known = re.sub(r"\x1b\[[0-9;]*m", "", known)
        for line in lines:
            if f"sam {verb}" in line:
                options = re.findall(r"(?<=\s)--[a-z0-9-]+", line.partition("--parameter-overrides")[0])
                assert all(option in known for option in options), line


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", []),
        ("LogLevel=DEBUG", ["--parameter-overrides", "LogLevel=DEBUG"]),
        (
            'CountSchedule="rate(1 hour)"\r\nLogLevel=INFO',
            ["--parameter-overrides", 'CountSchedule="rate(1 hour)"', "LogLevel=INFO"],
        ),
        ("A=$(touch /tmp/never); *", ["--parameter-overrides", "A=$(touch /tmp/never); *"]),
    ],
)
def test_parameters_are_one_a_line_and_nothing_else(given: str, expected: list[str]) -> None:
    (command,) = [command for command in COMMANDS if "sam deploy" in command]
    head = command.partition(".venv-sam/bin/sam")[0]
    script = f'{head}\nprintf "%s\\n" "${{overrides[@]}}"'
    shown = subprocess.run([BASH, "-ec", script], env={"PARAMETERS": given}, capture_output=True, text=True, check=True).stdout
    assert shown.splitlines() == (expected or [""])


def test_it_stops_where_it_is_not_set_up() -> None:
    command = COMMANDS[0]
    there = {"REGION": "eu-west-1", "DEPLOY_ROLE": "a", "CLOUDFORMATION_ROLE": "b"}
    assert subprocess.run([BASH, "-eo", "pipefail", "-c", command], env=there, check=False).returncode == 0
    for name in there:
        lacking = there | {name: ""}
        refused = subprocess.run(
            [BASH, "-eo", "pipefail", "-c", command], env=lacking, capture_output=True, text=True, check=False
        )
        assert refused.returncode == 1
        assert f"docs/deploying.md: {name}" in refused.stderr


def test_the_page_names_each_variable() -> None:
    for name in re.findall(r"vars\.([A-Z_]+)", TEXT):
        assert f"`{name}`" in DEPLOYING


# ---- The roles ----


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(role: str) -> list[dict[str, Any]]:
    (policy,) = ROLES[role]["Properties"]["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def test_the_role_is_one_repositorys_and_environments() -> None:
    (statement,) = ROLES["DeployRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": {"Fn::Sub": "repo:${Repository}:environment:${Environment}"},
        }
    }
    parameters = read(ROOT / "deploy" / "github-role.yaml")["Parameters"]
    assert parameters["Environment"]["Default"] == JOB["environment"]
    for bad in ("o/*", "o/n:x", "*", "o/n/e", ""):
        assert not re.search(parameters["Repository"]["AllowedPattern"], bad)


def test_it_makes_nothing_itself() -> None:
    actions = {
        action
        for one in statements("DeployRole")
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
    }
    assert not any("*" in action for action in actions)
    assert {action for action in actions if action.startswith("iam:")} == {"iam:PassRole"}
    assert not any(action.endswith(("DeleteStack", "UpdateStack", "CreateStack")) for action in actions)


def test_cloudformation_attaches_no_other_policy_than_sam_does() -> None:
    attached = {
        arn
        for found in CANARIED["Resources"].values()
        if found["Type"] == "AWS::IAM::Role"
        for arn in found["Properties"].get("ManagedPolicyArns", [])
    }
    (statement,) = [one for one in statements("CloudFormationRole") if one["Sid"] == "AttachWhatSamAttaches"]
    allowed = {arn["Fn::Sub"].replace("${AWS::Partition}", "aws") for arn in statement["Condition"]["ArnEquals"]["iam:PolicyARN"]}
    assert attached == allowed


def test_no_deployment_deletes_posts() -> None:
    (denied,) = [one for one in statements("CloudFormationRole") if one["Sid"] == "NeverLosePosts"]
    assert denied["Effect"] == "Deny"
    assert {"dynamodb:DeleteTable", "s3:DeleteBucket", "s3:DeleteObject", "s3:DeleteObjectVersion"} <= set(denied["Action"])
    assert "Condition" not in denied


NOT_USED = ("ec2:", "elasticfilesystem:", "firehose:", "kinesis:", "kms:", "s3files:", "s3tables:", "iam:CreateServiceLinkedRole")
"""Networks, keys of one's own, streams and the like, which CloudFormation needs for a template that has them."""


@pytest.mark.parametrize("kind", sorted({found["Type"] for found in CANARIED["Resources"].values()}))
def test_cloudformation_may_do_what_it_does_to_make_a_type(kind: str) -> None:
    """By each type's own description, its handlers' permissions; on which resources, only AWS can tell."""
    handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema["handlers"]
    needed = {
        action for verb in ("create", "read", "update", "delete") for action in handlers.get(verb, {}).get("permissions", ())
    }
    needed = {one for one in needed if not one.startswith(NOT_USED) and not re.search(r"^iam:.*(?:User|Group|Boundary)", one)}
    allowed = [action for one in statements("CloudFormationRole") if one["Effect"] == "Allow" for action in listed(one["Action"])]
    assert {one for one in needed if not any(fnmatchcase(one.lower(), pattern.lower()) for pattern in allowed)} == set()


def test_the_line_that_makes_the_roles_names_their_parameters() -> None:
    (line,) = re.findall(r"^ {4,}(aws cloudformation deploy .+)$", DEPLOYING.replace("\\\n", " "), re.MULTILINE)
    words = shlex.split(line)
    given = {word.partition("=")[0] for word in words[words.index("--parameter-overrides") + 1 :] if "=" in word}
    assert given <= set(read(ROOT / "deploy" / "github-role.yaml")["Parameters"])
    assert "Repository" in given
    assert "deploy/github-role.yaml" in words
