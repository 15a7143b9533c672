import json
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from postkeep_local.clients import EndpointInvalid, make_client
from postkeep_local.operations.archive import Archive, ArchiveUnknown, archive_of, called, deployed_archive, local_archive
from postkeep_local.stack import control
from unit.cli.deployed import REGION, STACK, template

OUTPUTS = control.Outputs(
    "http://127.0.0.1:8080",
    "http://127.0.0.1:4566",
    "posts-1",
    "archive-1",
    "table-1",
    "us-east-1",
    {"RenderQueue": "http://127.0.0.1:4566/0/render"},
    functions={"ParseFunction": "parse-1"},
)


def credentials(client: object) -> str:
    return str(client._request_signer._credentials.access_key)  # type: ignore[attr-defined]


def test_a_deployed_stack_is_known_by_its_logical_ids(deployed: Archive) -> None:
    assert (deployed.name, deployed.region, deployed.api_url, deployed.local) == (STACK, REGION, "", False)
    s3, sqs = deployed.client("s3"), deployed.client("sqs")
    assert s3.head_bucket(Bucket=deployed.posts_bucket)
    assert s3.head_bucket(Bucket=deployed.archive_bucket)
    assert deployed.client("dynamodb").describe_table(TableName=deployed.posts_table)
    assert set(deployed.queues) == {
        "ParseFailureQueue",
        "RenderDeadLetterQueue",
        "RenderQueue",
        "ThumbnailDeadLetterQueue",
        "ThumbnailQueue",
    }
    assert sqs.get_queue_attributes(QueueUrl=deployed.queues["RenderQueue"])
    assert deployed.client("lambda").get_function(FunctionName=deployed.functions["ParseFunction"])
    assert deployed.client("cloudwatch").meta.region_name == REGION


def test_functions_are_called_by_their_alias_where_they_have_one() -> None:
    functions = {"ParseFunction": "keep-parse-1", "QueryFunction": "keep-query-1"}
    assert called(functions, []) == functions
    aliases = [f"arn:aws:lambda:eu-west-1:123456789012:function:{name}" for name in ("keep-parse-1:live", "keep-query-1:other")]
    assert called(functions, aliases) == functions | {"ParseFunction": "keep-parse-1:live"}


def test_the_stacks_output_is_the_apis_address(deployed: Archive) -> None:
    client = boto3.client("cloudformation", REGION)
    client.create_stack(
        StackName="other", TemplateBody=json.dumps(template("https://x.example/")), Capabilities=["CAPABILITY_IAM"]
    )
    assert deployed_archive("other", region=REGION).api_url == "https://x.example"
    assert deployed.name != "other"


def test_no_such_stack_is_said_with_its_region() -> None:
    with mock_aws(), pytest.raises(ArchiveUnknown, match="No stack nobodys is deployed in eu-west-1"):
        deployed_archive("nobodys", region=REGION)


def test_a_stack_of_something_else_is_no_archive() -> None:
    other = {"Resources": {"PostsBucket": {"Type": "AWS::S3::Bucket"}}}
    with mock_aws():
        boto3.client("cloudformation", REGION).create_stack(StackName="other", TemplateBody=json.dumps(other))
        with pytest.raises(ArchiveUnknown, match="The stack other is no archive of Postkeep: it has no ArchiveBucket"):
            deployed_archive("other", region=REGION)


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without any configuration of AWS."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))


@pytest.mark.usefixtures("nobody")
def test_without_credentials_it_says_what_to_do() -> None:
    with pytest.raises(ArchiveUnknown, match=r"No credentials for AWS: set them up .* --profile"):
        deployed_archive(STACK, region=REGION)


@pytest.mark.usefixtures("nobody")
def test_without_a_region_it_says_what_to_do() -> None:
    with pytest.raises(ArchiveUnknown, match="--region"):
        deployed_archive(STACK)


@pytest.mark.usefixtures("nobody")
def test_a_profile_that_is_not_there_is_named() -> None:
    with pytest.raises(ArchiveUnknown, match="mine"):
        deployed_archive(STACK, profile="mine")


def test_an_endpoint_that_is_no_address_is_named() -> None:
    with pytest.raises(EndpointInvalid, match="nowhere is no URL"):
        deployed_archive(STACK, region=REGION, endpoint_url="nowhere")


def test_a_region_that_is_none_is_named() -> None:
    with pytest.raises(ArchiveUnknown, match="not a region"):
        deployed_archive(STACK, region="not a region")


def test_an_emulator_that_does_not_answer_is_named() -> None:
    with pytest.raises(ArchiveUnknown, match=r"127\.0\.0\.1:1"):
        deployed_archive(STACK, region=REGION, endpoint_url="http://127.0.0.1:1")


def test_the_local_stack_is_known_by_what_it_tells(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(control, "outputs", lambda _state: OUTPUTS)
    archive = local_archive(tmp_path)
    assert archive == archive_of(OUTPUTS, tmp_path)
    assert (archive.posts_bucket, archive.archive_bucket, archive.posts_table) == ("posts-1", "archive-1", "table-1")
    assert archive.functions == {"ParseFunction": "parse-1"}
    assert archive.local
    assert archive.state == tmp_path


def test_without_a_local_stack_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ArchiveUnknown, match="make up"):
        local_archive(tmp_path)


def test_the_local_stacks_clients_take_nothing_of_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "the-users-own")
    monkeypatch.setenv("AWS_PROFILE", "not-there")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    client = archive_of(OUTPUTS, tmp_path).client("sqs", connections=3)
    assert credentials(client) == "test"
    assert client.meta.endpoint_url == "http://127.0.0.1:4566"
    assert client.meta.config.proxies == {}  # type: ignore[attr-defined]
    assert client.meta.config.max_pool_connections == 3  # type: ignore[attr-defined]


def test_a_deployed_stacks_clients_are_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    configured = tmp_path / "credentials"
    configured.write_text("[mine]\naws_access_key_id = of-the-profile\naws_secret_access_key = x\n", "utf-8")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(configured))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "the-users-own")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    assert credentials(make_client("s3", None, REGION)) == "the-users-own"
    assert credentials(make_client("s3", None, REGION, profile="mine")) == "of-the-profile"
