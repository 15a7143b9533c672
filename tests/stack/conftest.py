"""Functions of a few lines, and a template of the product's shape around them, as ``sam build`` would leave them."""

import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from postkeep_local.stack.processes import Spawner
from postkeep_local.stack.template import FunctionSpec
from postkeep_local.stack.worker import Environment, Function, Pool

RUNTIME = Path(sysconfig.get_path("purelib"))
"""awslambdaric and boto3 as installed for development: the local stack's own tests need no folder of their own for them."""

type MakeFunction = Callable[..., Function]
type MakePool = Callable[..., Pool]


@pytest.fixture
def runtime() -> Path:
    return RUNTIME


@pytest.fixture
def spawner() -> Iterator[Spawner]:
    made = Spawner()
    yield made
    made.close()


@pytest.fixture
def common(tmp_path: Path) -> Environment:
    logs = tmp_path / "logs"
    logs.mkdir()
    return Environment(
        runtime=RUNTIME,
        endpoint="http://127.0.0.1:1",
        logs=logs,
        temporary=tmp_path,
        picture_hosts={},
        bytecode=tmp_path / "bytecode",
    )


@pytest.fixture
def make_function(tmp_path: Path) -> MakeFunction:
    def make(
        source: str, *, timeout: int = 20, memory: int = 256, batch: int = 0, retries: int = 2, age: int = 21_600
    ) -> Function:
        code = tmp_path / "code"
        code.mkdir(exist_ok=True)
        (code / "toy.py").write_text(source)
        spec = FunctionSpec(
            "ToyFunction", "toy.handler", code, (), timeout, memory, (batch,) * (batch > 0), batch > 0, retries, age
        )
        return Function(spec, "postkeep-Toy", "arn:aws:lambda:us-east-1:000000000000:function:postkeep-Toy", {"COLOUR": "green"})

    return make


@pytest.fixture
def make_pool(make_function: MakeFunction, common: Environment, spawner: Spawner) -> Iterator[MakePool]:
    pools = []

    def make(source: str, *, size: int = 1, timeout: int = 20, memory: int = 256) -> Pool:
        pools.append(Pool(make_function(source, timeout=timeout, memory=memory), common, spawner, size))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


_TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Folder: {Type: String}
  Readers: {Type: Number, Default: 3}
  Greeting: {Type: String, Default: hello}
Globals:
  Function:
    Runtime: python3.13
    Timeout: 20
    MemorySize: 512
    Environment: {Variables: {FOLDER: !Ref Folder, AWS_ENDPOINT_URL: ""}}
Resources:
  PostsBucket:
    Type: AWS::S3::Bucket
    Properties: {VersioningConfiguration: {Status: Enabled}}
  ArchiveBucket: {Type: AWS::S3::Bucket}
  PostsTable:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions:
        - {AttributeName: pk, AttributeType: S}
        - {AttributeName: sk, AttributeType: S}
        - {AttributeName: due, AttributeType: S}
        - {AttributeName: due_order, AttributeType: S}
      KeySchema: [{AttributeName: pk, KeyType: HASH}, {AttributeName: sk, KeyType: RANGE}]
      GlobalSecondaryIndexes:
        - IndexName: by_due
          KeySchema: [{AttributeName: due, KeyType: HASH}, {AttributeName: due_order, KeyType: RANGE}]
          Projection: {ProjectionType: KEYS_ONLY}
  RenderDeadLetterQueue: {Type: AWS::SQS::Queue}
  RenderQueue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 120
      RedrivePolicy: {deadLetterTargetArn: !GetAtt RenderDeadLetterQueue.Arn, maxReceiveCount: 5}
  ParseFailureQueue: {Type: AWS::SQS::Queue}
  Layer:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: Layer, CompatibleRuntimes: [python3.13]}
  ParseFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ParseFunction
      Handler: parse.handler
      Layers: [!Ref Layer]
      Environment: {Variables: {QUEUE_URL: !Ref RenderQueue}}
      EventInvokeConfig:
        MaximumRetryAttempts: 1
        DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt ParseFailureQueue.Arn}}
      Events:
        Posts:
          Type: S3
          Properties:
            Bucket: !Ref PostsBucket
            Events: ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]
            Filter: {S3Key: {Rules: [{Name: suffix, Value: .md}]}}
  RenderFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: RenderFunction
      Handler: render.handler
      Events:
        Requests:
          Type: SQS
          Properties:
            Queue: !GetAtt RenderQueue.Arn
            BatchSize: 10
            FunctionResponseTypes: [ReportBatchItemFailures]
            ScalingConfig: {MaximumConcurrency: !Ref Readers}
  HttpApi: {Type: AWS::Serverless::HttpApi}
  QueryFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: QueryFunction
      Handler: query.handler
      Environment: {Variables: {GREETING: !Ref Greeting}}
      Events:
        Hello: {Type: HttpApi, Properties: {ApiId: !Ref HttpApi, Path: /hello, Method: GET}}
        Post: {Type: HttpApi, Properties: {ApiId: !Ref HttpApi, Path: "/posts/{id}", Method: ANY}}
"""

_FILES = {
    "template.yaml": _TEMPLATE,
    "Layer/python/notes.py": """
import os

def note(kind, line):
    with open(os.path.join(os.environ["FOLDER"], kind), "a") as file:
        file.write(line + "\\n")
""",
    "ParseFunction/parse.py": """
import os
from urllib.parse import unquote_plus

import boto3
from notes import note

queue = boto3.client("sqs")

def handler(event, context):
    for record in event["Records"]:
        key = unquote_plus(record["s3"]["object"]["key"])
        note("attempted", key)
        if key.startswith("broken"):
            raise ValueError(key)
        note(record["eventName"].partition(":")[0], key)
        queue.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=key)
""",
    "RenderFunction/render.py": """
import os

def handler(event, context):
    with open(os.path.join(os.environ["FOLDER"], "rendered"), "a") as file:
        file.writelines(record["body"] + "\\n" for record in event["Records"])
    return {"batchItemFailures": []}
""",
    "QueryFunction/query.py": """
import os

def handler(event, context):
    return {"greeting": os.environ["GREETING"], "path": event["rawPath"], "table": "TABLE" in os.environ}
""",
}


@pytest.fixture(scope="session")
def toy_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``sam build`` would make of a small pipeline: bucket → parse → queue → render, and an HTTP API."""
    build = tmp_path_factory.mktemp("build")
    for name, content in _FILES.items():
        path = build / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return build
