import json
from dataclasses import replace
from pathlib import Path

import pytest

from postkeep_local.stack.errors import StackFailed
from postkeep_local.stack.template import BuiltTemplate, Route, bucket_name, concurrency, pool_size
from support.template import ROOT


def test_the_functions_of_a_template(toy_build: Path) -> None:
    functions = BuiltTemplate(toy_build).functions()
    assert set(functions) == {"ParseFunction", "RenderFunction", "QueryFunction"}

    parse = functions["ParseFunction"]
    assert parse.handler == "parse.handler"
    assert parse.code == toy_build / "ParseFunction"
    assert parse.layers == (toy_build / "Layer" / "python",)
    assert (parse.timeout, parse.memory, parse.batches, parse.retries, parse.event_age) == (20, 512, (), 1, 21_600)

    render = functions["RenderFunction"]
    assert (render.batches, render.reports_failures, render.layers) == ((3,), True, ())


def test_parameters_are_resolved(toy_build: Path) -> None:
    assert BuiltTemplate(toy_build, {"Readers": "7"}).functions()["RenderFunction"].batches == (7,)


def test_the_routes_of_a_template(toy_build: Path) -> None:
    assert BuiltTemplate(toy_build).routes() == [
        Route("GET", "/hello", "QueryFunction"),
        Route("ANY", "/posts/{id}", "QueryFunction"),
    ]


def test_what_the_emulator_is_given(toy_build: Path) -> None:
    resources = json.loads(BuiltTemplate(toy_build).for_emulator("stack", "http://127.0.0.1:1/", workers=2))["Resources"]

    parse = resources["ParseFunction"]["Properties"]
    assert parse["CodeUri"] == {"Bucket": "stack", "Key": "ParseFunction"}
    assert parse["Timeout"] == 80
    assert parse["Environment"]["Variables"] == {
        "QUEUE_URL": {"Ref": "RenderQueue"},
        "MINISTACK_LAMBDA_PROXY_URL": "http://127.0.0.1:1/",
    }
    assert resources["RenderFunction"]["Properties"]["Events"]["Requests"]["Properties"]["ScalingConfig"] == {
        "MaximumConcurrency": 2
    }
    assert resources["Layer"]["Properties"]["ContentUri"] == {"Bucket": "stack", "Key": "Layer"}
    assert resources["ArchiveBucket"]["Properties"]["BucketName"] == "stack-archivebucket"
    assert resources["RenderQueue"]["Properties"]["RedrivePolicy"]["deadLetterTargetArn"] == {
        "Fn::GetAtt": ["RenderDeadLetterQueue", "Arn"]
    }


def test_the_emulator_is_given_nothing_that_watches_and_takes_the_rest(tmp_path: Path) -> None:
    """CloudFormation's quota for a body, which the emulator keeps: 51,200 bytes."""
    watched = {
        "Alarm": "AWS::CloudWatch::Alarm",
        "Dashboard": "AWS::CloudWatch::Dashboard",
        "Query": "AWS::Logs::QueryDefinition",
        "Queue": "AWS::SQS::Queue",
    }
    template = {"Metadata": {"x": 1}, "Resources": {name: {"Type": kind, "Metadata": {"x": 1}} for name, kind in watched.items()}}
    (tmp_path / "template.yaml").write_text(json.dumps(template))
    given = json.loads(BuiltTemplate(tmp_path).for_emulator("stack", "p", workers=2))
    assert given == {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {}}}}

    given = BuiltTemplate(ROOT).for_emulator("stack", "http://127.0.0.1:65535/", workers=2)
    assert len(given.encode()) < 45_000


def test_the_emulator_is_given_functions_without_versions(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text("""
Globals:
  Function:
    AutoPublishAlias: live
    VersionDeletionPolicy: Delete
    DeploymentPreference: {Enabled: !FindInMap [A, B, C], Type: AllAtOnce}
    Environment: {Variables: {SETTINGS_VERSION: !Ref Settings, TABLE: !Ref Table}}
Resources:
  Settings: {Type: "AWS::AppConfig::HostedConfigurationVersion"}
  Layer: {Type: "AWS::Serverless::LayerVersion", Properties: {ContentUri: L, PublishLambdaVersion: true}}
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: F
      AutoPublishAliasAllProperties: true
      VersionDescription: !Sub "Settings ${Settings}"
      DeploymentPreference: {Alarms: [!Ref Alarm]}
      Environment: {Variables: {G: !Sub "${G}:live", OTHER: !Sub ["${a}:live", {a: 1}], PLAIN: "${G}:live", S: !Ref Settings}}
      Policies: [{Statement: [{Resource: !Sub "${G.Arn}:live"}, {Resource: !Sub "${G.Arn}:alive"}]}]
""")
    given = BuiltTemplate(tmp_path).for_emulator("stack", "p", workers=2)
    template = json.loads(given)
    assert template["Globals"]["Function"] == {"Environment": {"Variables": {"TABLE": {"Ref": "Table"}}}}
    assert set(template["Resources"]) == {"Layer", "F"}
    assert template["Resources"]["Layer"]["Properties"] == {"ContentUri": {"Bucket": "stack", "Key": "Layer"}}
    assert template["Resources"]["F"]["Properties"] == {
        "CodeUri": {"Bucket": "stack", "Key": "F"},
        "Timeout": 63,
        "Environment": {
            "Variables": {
                "G": {"Fn::Sub": "${G}"},
                "OTHER": {"Fn::Sub": ["${a}:live", {"a": 1}]},
                "PLAIN": "${G}:live",
                "MINISTACK_LAMBDA_PROXY_URL": "p",
            }
        },
        "Policies": [{"Statement": [{"Resource": {"Fn::Sub": "${G.Arn}"}}, {"Resource": {"Fn::Sub": "${G.Arn}:alive"}}]}],
    }


def test_nothing_of_versions_reaches_the_emulator() -> None:
    given = BuiltTemplate(ROOT).for_emulator("stack", "p", workers=2)
    for word in (
        "DeletionProtection",
        ":live",
        "AutoPublish",
        "VersionDe",
        "PublishLambdaVersion",
        "AppConfig",
        "SETTINGS_VERSION",
        '"DeploymentPreference":{"Enabled',
    ):
        assert word not in given


def test_the_template_itself_stays_as_it_was(toy_build: Path) -> None:
    template = BuiltTemplate(toy_build)
    before = template.functions()
    template.for_emulator("stack", "http://127.0.0.1:1/", workers=2)
    assert template.functions() == before


def test_short_forms_and_defaults(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text("""
Resources:
  Named: {Type: "AWS::S3::Bucket", Properties: {BucketName: !Sub "${AWS::StackName}-x"}}
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: F
      Handler: f.handler
      Timeout: 900
      Layers: [!Ref Elsewhere, "arn:aws:lambda:us-east-1:1:layer:x:1"]
      Environment: {Variables: {A: !Join ["", [a, !GetAtt Named.Arn]], B: !If [C, 1, 2], D: !Condition E}}
      Events:
        All: {Type: HttpApi}
        Queue: {Type: SQS, Properties: {Queue: "arn:aws:sqs:us-east-1:1:q"}}
""")
    template = BuiltTemplate(tmp_path)
    spec = template.functions()["F"]
    assert (spec.timeout, spec.memory, spec.batches, spec.retries, spec.layers) == (900, 128, (5,), 2, ())
    assert template.routes() == [Route("ANY", "$default", "F")]
    resources = json.loads(template.for_emulator("stack", "p", workers=9))["Resources"]
    properties = resources["F"]["Properties"]
    assert properties["Timeout"] == 900
    assert properties["Events"]["Queue"]["Properties"]["ScalingConfig"] == {"MaximumConcurrency": 5}
    assert resources["Named"]["Properties"]["BucketName"] == {"Fn::Sub": "${AWS::StackName}-x"}
    assert properties["Environment"]["Variables"] == {
        "A": {"Fn::Join": ["", ["a", {"Fn::GetAtt": ["Named", "Arn"]}]]},
        "B": {"Fn::If": ["C", 1, 2]},
        "D": {"Condition": "E"},
        "MINISTACK_LAMBDA_PROXY_URL": "p",
    }


@pytest.mark.parametrize(("workers", "expected"), [(1, 2), (2, 2), (3, 3), (8, 3)])
def test_batches_in_flight_are_bounded_by_workers_and_by_the_template(toy_build: Path, workers: int, expected: int) -> None:
    spec = BuiltTemplate(toy_build).functions()["RenderFunction"]
    (most,) = spec.batches
    assert concurrency(most, workers) == expected
    assert pool_size(spec, workers) == max(workers, expected)


@pytest.mark.parametrize(("workers", "expected"), [(1, 4), (2, 4), (3, 5), (8, 8)])
def test_there_is_a_worker_for_each_batch_of_all_queues(toy_build: Path, workers: int, expected: int) -> None:
    spec = replace(BuiltTemplate(toy_build).functions()["RenderFunction"], batches=(5, 2))
    assert pool_size(spec, workers) == expected
    assert pool_size(replace(spec, batches=()), workers) == workers


def test_bucket_names_are_names_that_s3_takes() -> None:
    assert bucket_name("postkeep", "PostsBucket2") == "postkeep-postsbucket2"


def test_without_a_build_the_reason_is_told(tmp_path: Path) -> None:
    with pytest.raises(StackFailed, match="run `sam build` first"):
        BuiltTemplate(tmp_path)
