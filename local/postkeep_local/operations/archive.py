"""An archive that a command works on: a running local stack, or a stack that CloudFormation deployed to AWS."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError, PartialCredentialsError

from postkeep.errors import PostkeepError
from postkeep_local.clients import make_client
from postkeep_local.folder import printable
from postkeep_local.stack import control

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

POSTS_BUCKET, ARCHIVE_BUCKET, POSTS_TABLE = "PostsBucket", "ArchiveBucket", "PostsTable"
"""Logical ids in ``template.yaml``."""

_ALIAS = ":live"
"""What follows a function's name where it is called, in ``template.yaml``."""

_API_URL, _VERSION = "ApiUrl", "Version"
"""The template's outputs."""


class ArchiveUnknown(PostkeepError):
    """No archive is to be had under that name; the text says why, for the person who asked."""


@dataclass(frozen=True, slots=True)
class Archive:
    """Where an archive's parts are, by their logical ids in ``template.yaml``.

    Attributes:
        name: for messages: the stack's name, or that it is the local one.
        region: the AWS region that it is in, or that the emulator plays.
        api_url: of the query API; "" where the stack has none.
        buckets: names.
        tables: names.
        queues: URLs.
        functions: what to call them by: the name, and behind a colon the alias where the stack has one.
        endpoint_url: where AWS's services are played; None for AWS itself.
        profile: of the user's AWS configuration; None for the one that is chosen there.
        state: the folder of the local stack; None for a deployed one.
        log_groups: names; none for the local stack, whose logs are files.
        version: of Postkeep that a deployed stack runs; "" where the stack does not say it.
    """

    name: str
    region: str
    api_url: str
    buckets: Mapping[str, str]
    tables: Mapping[str, str]
    queues: Mapping[str, str]
    functions: Mapping[str, str]
    endpoint_url: str | None = None
    profile: str | None = None
    state: Path | None = None
    log_groups: Mapping[str, str] = field(default_factory=dict)
    version: str = ""

    @property
    def local(self) -> bool:
        """Whether it is the local stack."""
        return self.state is not None

    @property
    def posts_bucket(self) -> str:
        """The bucket that posts are dropped into."""
        return self.buckets[POSTS_BUCKET]

    @property
    def archive_bucket(self) -> str:
        """The bucket of renditions and thumbnails."""
        return self.buckets[ARCHIVE_BUCKET]

    @property
    def posts_table(self) -> str:
        """The table of records, listings and pictures."""
        return self.tables[POSTS_TABLE]

    @overload
    def client(self, service: Literal["cloudwatch"], *, connections: int = 10) -> "CloudWatchClient": ...
    @overload
    def client(self, service: Literal["dynamodb"], *, connections: int = 10) -> "DynamoDBClient": ...
    @overload
    def client(self, service: Literal["lambda"], *, connections: int = 10) -> "LambdaClient": ...
    @overload
    def client(self, service: Literal["logs"], *, connections: int = 10) -> "CloudWatchLogsClient": ...
    @overload
    def client(self, service: Literal["s3"], *, connections: int = 10) -> "S3Client": ...
    @overload
    def client(self, service: Literal["sqs"], *, connections: int = 10) -> "SQSClient": ...
    def client(self, service: str, *, connections: int = 10) -> Any:
        """A client of a service, as :func:`postkeep_local.clients.make_client` makes it, for ``connections`` threads."""
        return make_client(
            service, self.endpoint_url, self.region, profile=self.profile, local=self.local, connections=connections
        )


def local_archive(state: Path) -> Archive:
    """The archive of the local stack that runs on a state folder.

    Raises:
        ArchiveUnknown: if none runs.
    """
    outputs = control.outputs(state)
    if outputs is None:
        raise ArchiveUnknown("No local stack is running: start one with `make up`, or name a deployed one with --stack.")
    return archive_of(outputs, state)


def archive_of(outputs: control.Outputs, state: Path) -> Archive:
    """The archive that a running local stack tells about."""
    return Archive(
        name="the local stack",
        region=outputs.region,
        api_url=outputs.api_url,
        buckets={POSTS_BUCKET: outputs.posts_bucket, ARCHIVE_BUCKET: outputs.archive_bucket},
        tables={POSTS_TABLE: outputs.table},
        queues=outputs.queues,
        functions=outputs.functions,
        endpoint_url=outputs.endpoint_url,
        state=state,
    )


def deployed_archive(
    stack: str, *, region: str | None = None, profile: str | None = None, endpoint_url: str | None = None
) -> Archive:
    """The archive of a stack that CloudFormation deployed, with the user's own credentials.

    Args:
        stack: its name or id.
        region: None for the configured one.
        profile: of the user's AWS configuration; None for the one that is chosen there.
        endpoint_url: where AWS's services are played; None for AWS itself.

    Raises:
        ArchiveUnknown: if there is no such stack, it is none of Postkeep's, or CloudFormation is not to be asked.
        EndpointInvalid: if the endpoint's URL is none.
    """
    try:
        cloudformation: CloudFormationClient = make_client("cloudformation", endpoint_url, region, profile=profile)
        (described,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
        by_type: dict[str, dict[str, str]] = {}
        for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack):
            for resource in page["StackResourceSummaries"]:
                physical = resource.get("PhysicalResourceId", "")  # which one that could not be made lacks
                by_type.setdefault(resource["ResourceType"], {})[resource["LogicalResourceId"]] = physical
    except (BotoCoreError, ClientError) as error:
        raise ArchiveUnknown(_why_not(error, stack, region)) from error
    buckets, tables = by_type.get("AWS::S3::Bucket", {}), by_type.get("AWS::DynamoDB::Table", {})
    if missing := [name for name in (POSTS_BUCKET, ARCHIVE_BUCKET, POSTS_TABLE) if not (buckets | tables).get(name)]:
        raise ArchiveUnknown(f"The stack {printable(stack)} is no archive of Postkeep: it has no {missing[0]}.")
    outputs = {output.get("OutputKey", ""): output.get("OutputValue", "") for output in described.get("Outputs", [])}
    return Archive(
        name=described["StackName"],
        region=cloudformation.meta.region_name,
        api_url=outputs.get(_API_URL, "").rstrip("/"),
        buckets=buckets,
        tables=tables,
        queues=by_type.get("AWS::SQS::Queue", {}),
        functions=called(by_type.get("AWS::Lambda::Function", {}), by_type.get("AWS::Lambda::Alias", {}).values()),
        log_groups=by_type.get("AWS::Logs::LogGroup", {}),
        endpoint_url=endpoint_url,
        profile=profile,
        version=outputs.get(_VERSION, ""),
    )


def called(functions: Mapping[str, str], aliases: Iterable[str]) -> dict[str, str]:
    """What to call a stack's functions by, so that it is the version in use which runs, and its failures go where they should.

    Args:
        functions: names, by logical ids.
        aliases: ARNs, ``…:function:NAME:ALIAS``; none for a stack from before there were any.
    """
    aliased = {arn.rpartition(":function:")[2] for arn in aliases}
    return {logical: name + _ALIAS if name + _ALIAS in aliased else name for logical, name in functions.items()}


def _why_not(error: Exception, stack: str, region: str | None) -> str:
    if isinstance(error, ClientError) and "does not exist" in error.response["Error"].get("Message", ""):
        return f"No stack {printable(stack)} is deployed in {region or 'the configured region'}, for this account."
    return explain(error)


def explain(error: Exception) -> str:
    """What went wrong with AWS, for the person at the terminal."""
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return "No credentials for AWS: set them up with `aws configure` or `aws sso login`, or name a profile with --profile."
    if isinstance(error, NoRegionError):
        return "No AWS region is configured: name one with --region."
    return printable(str(error))
