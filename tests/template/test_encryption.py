"""What is encrypted with whose key, and what the buckets' and the queues' own policies refuse.

On AWS none of this was tried; the policies are evaluated here by IAM's rules, as far as they use them.
"""

import json
import re
from typing import Any

import pytest

from postkeep_local.stack.template import BuiltTemplate
from support.grants import functions, grants
from support.roles import ARNS, KEY
from support.template import ROOT, resource, template, translated

RESOURCES: dict[str, Any] = template()["Resources"]
BUCKETS = ["PostsBucket", "ArchiveBucket"]
REMOVED = object()
TEXT = (ROOT / "docs" / "encryption.md").read_text("utf-8")


def resolved(value: Any, *, key: bool) -> Any:
    """A part of the template, with a key of the owner's or without."""
    match value:
        case {"Fn::If": ["HasKmsKey", given, otherwise]}:
            return resolved(given if key else otherwise, key=key)
        case {"Ref": "AWS::NoValue"}:
            return REMOVED
        case {"Ref": "KmsKeyArn"}:
            return KEY
        case dict():
            return {name: new for name, inner in value.items() if (new := resolved(inner, key=key)) is not REMOVED}
        case list():
            return [new for inner in value if (new := resolved(inner, key=key)) is not REMOVED]
    return value


def properties(name: str, *, key: bool) -> dict[str, Any]:
    found: dict[str, Any] = resolved(resource(name)["Properties"], key=key)
    return found


def of_type(kind: str) -> list[str]:
    return [name for name, found in RESOURCES.items() if found["Type"] == kind]


# ---- whose key ----


@pytest.mark.parametrize("bucket", BUCKETS)
def test_a_buckets_objects(bucket: str) -> None:
    def encryption(*, key: bool) -> Any:
        return properties(bucket, key=key)["BucketEncryption"]["ServerSideEncryptionConfiguration"]

    assert encryption(key=False) == [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    by_key = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
    assert encryption(key=True) == [{"BucketKeyEnabled": True, "ServerSideEncryptionByDefault": by_key}]


def test_the_table() -> None:
    assert properties("PostsTable", key=False)["SSESpecification"] == {"SSEEnabled": False}
    assert properties("PostsTable", key=True)["SSESpecification"] == {
        "SSEEnabled": True,
        "SSEType": "KMS",
        "KMSMasterKeyId": KEY,
    }


@pytest.mark.parametrize("queue", of_type("AWS::SQS::Queue"))
def test_a_queue_has_one_of_the_two(queue: str) -> None:
    without, having = properties(queue, key=False), properties(queue, key=True)
    assert (without["SqsManagedSseEnabled"], without.get("KmsMasterKeyId")) == (True, None)
    assert (having["SqsManagedSseEnabled"], having["KmsMasterKeyId"]) == (False, KEY)


@pytest.mark.parametrize("group", of_type("AWS::Logs::LogGroup"))
def test_a_log(group: str) -> None:
    assert "KmsKeyId" not in properties(group, key=False)
    assert properties(group, key=True)["KmsKeyId"] == KEY


def test_nothing_else_keeps_data() -> None:
    """A new kind of resource must be thought about."""
    encrypted = {"AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::Logs::LogGroup"}
    without_data = {
        # What the functions' variables hold too; both are encrypted with AWS's own keys.
        "AWS::AppConfig::Application",
        "AWS::AppConfig::ConfigurationProfile",
        "AWS::AppConfig::HostedConfigurationVersion",
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::Dashboard",
        "AWS::IAM::Policy",
        "AWS::Logs::QueryDefinition",
        "AWS::S3::BucketPolicy",
        "AWS::SQS::QueuePolicy",
        "AWS::Serverless::Function",
        "AWS::Serverless::HttpApi",
        "AWS::Serverless::LayerVersion",
    }
    assert {found["Type"] for found in RESOURCES.values()} <= encrypted | without_data


@pytest.mark.parametrize("arn", ["", KEY, KEY.replace("arn:aws:", "arn:aws-cn:"), f"{KEY[: KEY.index('key/')]}key/mrk-12ab"])
def test_a_key_is_named_by_its_arn(arn: str) -> None:
    assert re.fullmatch(template()["Parameters"]["KmsKeyArn"]["AllowedPattern"], arn)


@pytest.mark.parametrize(
    "arn", ["alias/postkeep", KEY.replace("key/", "alias/"), KEY.rpartition("/")[2], f"{KEY}\n", f"{KEY},*", "*"]
)
def test_nothing_else_names_one(arn: str) -> None:
    assert not re.fullmatch(template()["Parameters"]["KmsKeyArn"]["AllowedPattern"], arn)


# ---- who may use it ----


@pytest.mark.parametrize("function", functions())
def test_a_role_uses_that_key_alone_as_far_as_it_must(function: str) -> None:
    """That each needs what it has, and has what it needs, tests/integration/test_roles.py shows."""
    having = {grant.action: grant.resource for grant in grants(function, ARNS) if grant.action.startswith("kms:")}
    reading = {"kms:Decrypt": KEY}
    assert having == (reading if function in {"Search", "Query"} else {**reading, "kms:GenerateDataKey": KEY})


@pytest.mark.parametrize("function", functions())
def test_without_a_key_a_role_has_nothing_of_it(function: str) -> None:
    own = properties(f"{function}Function", key=False).get("Policies", [])
    others = [properties(name, key=False) for name in of_type("AWS::IAM::Policy")]
    assert "kms:" not in json.dumps([own, others])


@pytest.mark.parametrize("function", functions())
def test_the_right_to_the_key_is_there_before_the_function(function: str) -> None:
    """It is the role's own, so that no event source begins without it; but for parse, which reads no queue."""
    if function == "Parse":
        return
    role = translated()["Resources"][f"{function}FunctionRole"]["Properties"]
    (own,) = role["Policies"]
    having = resolved(own["PolicyDocument"]["Statement"], key=True)
    assert [statement["Resource"] for statement in having if "kms:Decrypt" in str(statement["Action"])] == [KEY]
    assert "kms:" not in json.dumps(resolved(role, key=False))


def test_the_emulator_is_given_none_of_it() -> None:
    given = BuiltTemplate(ROOT).for_emulator("stack", "http://127.0.0.1:1/", workers=2)
    assert "kms:Decrypt" not in given
    assert given.count("HasKmsKey") == 1, "the condition itself"
    assert json.loads(given)["Resources"]["RenderQueue"]["Properties"]["SqsManagedSseEnabled"] is True
    assert "AWS::NoValue" in given, "what other conditions leave out is theirs"


# ---- what the policies refuse ----

SSE, SSE_KEY, SSE_C = (
    "s3:x-amz-server-side-encryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3:x-amz-server-side-encryption-customer-algorithm",
)
OTHER = KEY.replace("1234abcd", "abcd1234")


def holds(condition: dict[str, dict[str, str]], asked: dict[str, str]) -> bool:
    """IAM User Guide, «IAM JSON policy elements: Condition operators»: all must hold; a negated one holds of what is absent."""

    def one(operator: str, name: str, value: str) -> bool:
        match operator:
            case "Bool" | "StringEquals":
                return asked.get(name) == value
            case "StringNotEquals":
                return asked.get(name) != value
            case "Null":
                return (name not in asked) is (value == "true")
        raise LookupError(operator)

    return all(one(operator, name, value) for operator, pairs in condition.items() for name, value in pairs.items())


def denied(bucket: str, action: str, asked: dict[str, str], *, key: bool) -> set[str]:
    """The statements of a bucket's policy that refuse a request."""
    found = set()
    for statement in properties(f"{bucket}Policy", key=key)["PolicyDocument"]["Statement"]:
        assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
        if statement["Action"] in {"s3:*", action} and holds(statement["Condition"], asked):
            found.add(statement["Sid"])
    return found


TLS = {"aws:SecureTransport": "true"}
PUTS = [
    # What is asked for, and which statements refuse it without a key of the owner's and with one.
    ("a plain `aws s3 cp`", {}, set(), set()),
    ("--sse", {SSE: "AES256"}, set(), {"NoOtherEncryption"}),
    ("--sse aws:kms", {SSE: "aws:kms"}, set(), {"NoUnnamedKey"}),
    ("--sse aws:kms, the key", {SSE: "aws:kms", SSE_KEY: KEY}, set(), set()),
    ("--sse aws:kms, another key", {SSE: "aws:kms", SSE_KEY: OTHER}, set(), {"NoOtherKey"}),
    ("two layers", {SSE: "aws:kms:dsse", SSE_KEY: KEY}, set(), {"NoOtherEncryption"}),
    ("--sse-c", {SSE_C: "AES256"}, {"NoKeysOfCallers"}, {"NoKeysOfCallers"}),
]


@pytest.mark.parametrize("bucket", BUCKETS)
@pytest.mark.parametrize(("asked", "without", "having"), [put[1:] for put in PUTS], ids=[put[0] for put in PUTS])
def test_a_put_is_refused_where_the_functions_could_not_read_it(
    bucket: str, asked: dict[str, str], without: set[str], having: set[str]
) -> None:
    assert denied(bucket, "s3:PutObject", TLS | asked, key=False) == without
    assert denied(bucket, "s3:PutObject", TLS | asked, key=True) == having


@pytest.mark.parametrize("bucket", BUCKETS)
@pytest.mark.parametrize(
    "action", ["s3:PutObject", "s3:GetObject", "s3:DeleteObjectVersion", "s3:ListBucket", "s3:PutBucketPolicy"]
)
@pytest.mark.parametrize("key", [False, True])
def test_what_is_not_tls_is_refused_and_nothing_else(bucket: str, action: str, *, key: bool) -> None:
    """The owner may do everything that they may otherwise: purge a post, publish rules, mend a policy."""
    assert denied(bucket, action, {"aws:SecureTransport": "false"}, key=key) == {"TlsOnly"}
    assert denied(bucket, action, TLS, key=key) == set()


@pytest.mark.parametrize("bucket", BUCKETS)
def test_a_policy_speaks_of_its_bucket_and_all_in_it(bucket: str) -> None:
    policy = properties(f"{bucket}Policy", key=True)
    assert policy["Bucket"] == {"Ref": bucket}
    inside = {"Fn::Sub": f"${{{bucket}.Arn}}/*"}
    for statement in policy["PolicyDocument"]["Statement"]:
        whole = [{"Fn::GetAtt": [bucket, "Arn"]}, inside]
        assert statement["Resource"] == (whole if statement["Sid"] == "TlsOnly" else inside)


@pytest.mark.parametrize("bucket", BUCKETS)
def test_a_bucket_is_private_and_its_owners(bucket: str) -> None:
    found = properties(bucket, key=False)
    assert found["PublicAccessBlockConfiguration"] == dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    )
    assert found["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_every_bucket_and_every_queue_has_a_policy() -> None:
    assert of_type("AWS::S3::Bucket") == BUCKETS
    assert {entry["Ref"] for entry in resource("QueuePolicy")["Properties"]["Queues"]} == set(of_type("AWS::SQS::Queue"))


def test_queues_refuse_what_is_not_tls() -> None:
    (statement,) = resource("QueuePolicy")["Properties"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "sqs:*")
    assert holds(statement["Condition"], {"aws:SecureTransport": "false"})
    assert not holds(statement["Condition"], TLS)


# ---- the policy of the key, which users copy ----


def key_policy() -> dict[str, Any]:
    (block,) = re.findall(r"^```json\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    found: dict[str, Any] = json.loads(block)
    return found


def test_the_keys_policy_lets_the_account_and_the_logs_use_it() -> None:
    by_sid = {statement["Sid"]: statement for statement in key_policy()["Statement"]}
    assert set(by_sid) == {"TheAccountDecidesByItsOwnPolicies", "CloudWatchLogs"}
    assert by_sid["TheAccountDecidesByItsOwnPolicies"]["Principal"] == {"AWS": "arn:aws:iam::ACCOUNT:root"}
    logs = by_sid["CloudWatchLogs"]
    assert logs["Principal"] == {"Service": "logs.REGION.amazonaws.com"}
    assert logs["Condition"] == {
        "ArnLike": {"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:REGION:ACCOUNT:log-group:STACK-*"}
    }
    assert {"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"} == set(logs["Action"])


def test_no_service_of_aws_sends_to_a_queue_itself() -> None:
    """Else it would need the key, and the page would have to name it: buckets, schedules and alarms call functions and topics."""
    assert not of_type("AWS::SNS::Topic")
    for bucket in BUCKETS:
        assert "NotificationConfiguration" not in resource(bucket)["Properties"]
    for name in functions():
        for event in resource(f"{name}Function")["Properties"].get("Events", {}).values():
            assert event["Type"] in {"S3", "SQS", "Schedule", "HttpApi"}
