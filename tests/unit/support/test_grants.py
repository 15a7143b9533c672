"""What decides whether a role allows a call: it must refuse as well as allow."""

from typing import Any

import pytest

from support import grants as module
from support.calls import Call, key_needs, needs
from support.grants import Grant, Need, grants, matches
from support.roles import ARNS, refused, unused
from support.roles import KEY as OWNERS

TABLE, INDEX = ARNS["PostsTable"], ARNS["PostsTable"] + "/index/by_due"
POSTS, ARCHIVE = ARNS["PostsBucket"], ARNS["ArchiveBucket"]
NAMES = {"posts": TABLE, "posts-bucket": POSTS, "parse:live": f"{ARNS['ParseFunction']}:live"}
KEY = {"pk": {"S": "POST#a"}, "sk": {"S": "POST"}}
PICTURE = {"pk": {"S": "PICTURES#a"}, "sk": {"S": "1"}}


def asked(service: str, operation: str, error: str = "", **params: Any) -> list[Need]:
    queues = {"render": ARNS["RenderQueue"]}
    return needs(Call("Parse", service, operation, params, error), NAMES, queues, {"": "pk", "by_due": "due"})


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("arn:aws:s3:::b/counts/*", "arn:aws:s3:::b/counts/shards/a.json", True),
        ("arn:aws:s3:::b/counts/*", "arn:aws:s3:::b/count", False),
        ("arn:aws:s3:::b", "arn:aws:s3:::b/a", False),
        ("a/*/made.json", "a/b/c/made.json", True),
        ("a/*/made.json", "a/made.json", False),
        ("a[bc]", "ab", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("POST#*", "post#a", False),
        ("a*", "a\nb", True),
    ],
)
def test_wildcards_are_iams(pattern: str, text: str, *, expected: bool) -> None:
    assert matches(pattern, text) is expected


def test_a_grant_holds_all_keys_of_a_call_to_its_patterns() -> None:
    grant = Grant("x", "dynamodb:BatchGetItem", "PostsTable.Arn", TABLE, ("POST#*",))
    one, both = frozenset({"POST#a"}), frozenset({"POST#a", "PICTURES#a"})
    assert grant.allows(Need("dynamodb:BatchGetItem", TABLE, one))
    assert not grant.allows(Need("dynamodb:BatchGetItem", TABLE, both))
    assert not grant.allows(Need("dynamodb:GetItem", TABLE, one))
    assert not grant.allows(Need("dynamodb:BatchGetItem", INDEX, one))
    assert grant.uses(Need("dynamodb:BatchGetItem", TABLE, one), "POST#*")
    assert not grant.uses(Need("dynamodb:BatchGetItem", TABLE), "POST#*")


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (("GetObject", ""), ["s3:GetObject"]),
        (("GetObject", "NoSuchKey"), ["s3:GetObject", "s3:ListBucket"]),
        (("ListObjectsV2", ""), ["s3:ListBucket"]),
        (("ListObjectVersions", ""), ["s3:ListBucketVersions"]),
        (("PutObject", ""), ["s3:PutObject"]),
    ],
)
def test_what_calls_to_s3_need(call: tuple[str, str], expected: list[str]) -> None:
    found = asked("s3", *call, Bucket="posts-bucket", Key="a")
    assert [need.action for need in found] == expected
    assert {need.resource for need in found} <= {POSTS, f"{POSTS}/a"}


def test_versions_conditions_and_batches_need_their_own() -> None:
    version = {"Bucket": "posts-bucket", "Key": "a", "VersionId": "v"}
    assert [need.action for need in asked("s3", "GetObject", **version)] == ["s3:GetObjectVersion"]
    absent = asked("s3", "GetObject", "NoSuchVersion", **version)
    assert [need.action for need in absent] == ["s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions"]
    swap = asked("s3", "PutObject", Bucket="posts-bucket", Key="a", IfMatch="e")
    assert [need.action for need in swap] == ["s3:PutObject", "s3:GetObject"]
    deleted = asked("s3", "DeleteObjects", Bucket="posts-bucket", Delete={"Objects": [{"Key": "a"}, {"Key": "b"}]})
    assert deleted == [Need("s3:DeleteObject", f"{POSTS}/{key}") for key in "ab"]


def test_what_calls_to_the_table_need() -> None:
    post, picture = frozenset({"POST#a"}), frozenset({"PICTURES#a"})
    assert asked("dynamodb", "GetItem", TableName="posts", Key=KEY) == [Need("dynamodb:GetItem", TABLE, post)]
    assert asked("dynamodb", "PutItem", TableName="posts", Item=PICTURE) == [Need("dynamodb:PutItem", TABLE, picture)]
    batch = {"posts": {"Keys": [KEY, PICTURE]}}
    assert asked("dynamodb", "BatchGetItem", RequestItems=batch) == [Need("dynamodb:BatchGetItem", TABLE, post | picture)]
    written = {"posts": [{"PutRequest": {"Item": KEY}}, {"DeleteRequest": {"Key": PICTURE}}]}
    assert asked("dynamodb", "BatchWriteItem", RequestItems=written) == [Need("dynamodb:BatchWriteItem", TABLE, post | picture)]
    parts = [{"Update": {"TableName": "posts", "Key": KEY}}, {"Put": {"TableName": "posts", "Item": PICTURE}}]
    assert asked("dynamodb", "TransactWriteItems", TransactItems=parts) == [
        Need("dynamodb:UpdateItem", TABLE, post),
        Need("dynamodb:PutItem", TABLE, picture),
    ]
    query: dict[str, Any] = {
        "TableName": "posts",
        "IndexName": "by_due",
        "KeyConditionExpression": "#d = :d AND x < :x",
        "ExpressionAttributeNames": {"#d": "due"},
        "ExpressionAttributeValues": {":d": {"S": "DUE"}, ":x": {"S": "1"}},
    }
    assert asked("dynamodb", "Query", **query) == [Need("dynamodb:Query", INDEX, frozenset({"DUE"}))]


def test_other_calls() -> None:
    assert asked("sqs", "SendMessageBatch", QueueUrl="https://sqs/1/render") == [Need("sqs:SendMessage", ARNS["RenderQueue"])]
    alias = f"{ARNS['ParseFunction']}:live"
    for name in ("parse:live", alias):
        assert asked("lambda", "Invoke", FunctionName=name) == [Need("lambda:InvokeFunction", alias)]


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("s3", "CopyObject", {"Bucket": "posts-bucket"}),
        ("s3", "DeleteObjects", {"Bucket": "posts-bucket", "Delete": {"Objects": [{"Key": "a", "VersionId": "v"}]}}),
        ("s3", "GetObject", {"Bucket": "another", "Key": "a"}),
        ("dynamodb", "Scan", {"TableName": "posts"}),
        ("dynamodb", "Query", {"TableName": "posts", "KeyConditionExpression": "sk = :a"}),
        ("sqs", "ReceiveMessage", {"QueueUrl": "https://sqs/1/render"}),
        ("lambda", "ListFunctions", {}),
        ("sns", "Publish", {}),
    ],
)
def test_a_call_that_nobody_thought_about_is_told_of(service: str, operation: str, params: dict[str, Any]) -> None:
    with pytest.raises(LookupError):
        asked(service, operation, **params)


def test_what_a_role_refuses_and_what_it_allows_for_nobody() -> None:
    calls = [
        Call("Search", "s3", "GetObject", {"Bucket": "archive-bucket", "Key": "search/1/manifest.json"}),
        Call("Search", "s3", "GetObject", {"Bucket": "archive-bucket", "Key": "renditions/a/1.json"}),
        Call("Search", "s3", "PutObject", {"Bucket": "archive-bucket", "Key": "search/1/manifest.json"}),
    ]
    # Of the last it has neither the right nor that to the key.
    assert [one.partition(" needs ")[2].split("'")[1] for one in refused(calls)] == [
        "s3:GetObject",
        "s3:PutObject",
        "kms:GenerateDataKey",
    ]
    assert refused(calls[:1]) == []
    assert unused("Search", calls).keys() == {("s3:ListBucket", "ArchiveBucket.Arn", None)}
    assert unused("Parse", calls).keys() == unused("Parse", []).keys()


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("s3:GetObject", ["kms:Decrypt"]),
        ("s3:GetObjectVersion", ["kms:Decrypt"]),
        ("s3:PutObject", ["kms:GenerateDataKey"]),
        ("s3:ListBucket", []),
        ("s3:DeleteObject", []),
        ("dynamodb:UpdateItem", ["kms:Decrypt"]),
        ("dynamodb:Query", ["kms:Decrypt"]),
        ("sqs:SendMessage", ["kms:GenerateDataKey", "kms:Decrypt"]),
        ("lambda:InvokeFunction", []),
    ],
)
def test_what_is_asked_of_the_key(action: str, expected: list[str]) -> None:
    assert key_needs([Need(action, "x")], OWNERS) == [Need(one, OWNERS) for one in expected]


def test_an_action_that_nobody_thought_about_is_told_of() -> None:
    with pytest.raises(KeyError):
        key_needs([Need("s3:GetObjectTagging", "x")], OWNERS)


KEYED = {"Sid": "x", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": {"Ref": "KmsKeyArn"}}


def with_policy(statement: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    part = {"Properties": {"Policies": [{"Statement": [statement]}]}}
    monkeypatch.setattr(module, "resource", lambda _name: part)
    monkeypatch.setattr(module, "template", lambda: {"Resources": {}})


def test_what_hangs_on_the_key_is_there_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with_policy({"Fn::If": ["HasKmsKey", KEYED, {"Ref": "AWS::NoValue"}]}, monkeypatch)
    (found,) = grants("Search", ARNS)
    assert (found.action, found.place, found.resource) == ("kms:Decrypt", "KmsKeyArn", OWNERS)


@pytest.mark.parametrize(
    "condition",
    [["OnArm", KEYED, {"Ref": "AWS::NoValue"}], ["HasKmsKey", KEYED, KEYED], ["HasKmsKey", {"Ref": "AWS::NoValue"}, KEYED]],
)
def test_what_hangs_on_something_else_is_not_understood(condition: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with_policy({"Fn::If": condition}, monkeypatch)
    with pytest.raises(ValueError, match="understood"):
        grants("Search", ARNS)


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Deny"},
        {"NotAction": "s3:*"},
        {"Condition": {"StringEquals": {"dynamodb:LeadingKeys": ["a"]}}},
        {"Condition": {"ForAllValues:StringLike": {"dynamodb:Attributes": ["a"]}}},
        {"Resource": "*"},
        {"Resource": {"Fn::Sub": "${PostsTable.Arn}/${PostsBucket}"}},
    ],
)
def test_what_is_not_understood_is_told_of(statement: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {"Sid": "x", "Effect": "Allow", "Action": "s3:GetObject", "Resource": {"Fn::GetAtt": ["PostsBucket", "Arn"]}}
    monkeypatch.setattr(module, "_statements", lambda _function: [whole])
    (found,) = grants("Parse", ARNS)
    assert (found.resource, found.leading) == (POSTS, None)
    monkeypatch.setattr(module, "_statements", lambda _function: [{**whole, **statement}])
    with pytest.raises(ValueError, match=r"understood"):
        grants("Parse", ARNS)
