"""A deployed archive in moto, of the product's shape: two queues with their dead letters, a function with its failures."""

import io
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import boto3

from postkeep_local.operations.archive import Archive, deployed_archive

REGION = "eu-west-1"
STACK = "keep"

_KEYS = ("pk", "sk", "due", "due_order")
_TABLE = {
    "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in _KEYS],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by_due",
            "KeySchema": [{"AttributeName": "due", "KeyType": "HASH"}, {"AttributeName": "due_order", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
    ],
}


def queue_with(dead_letters: str) -> dict[str, Any]:
    policy = {"deadLetterTargetArn": {"Fn::GetAtt": [dead_letters, "Arn"]}, "maxReceiveCount": 5}
    return {"Type": "AWS::SQS::Queue", "Properties": {"RedrivePolicy": policy}}


def template(api_url: str) -> dict[str, Any]:
    return {
        "Resources": {
            "PostsBucket": {"Type": "AWS::S3::Bucket"},
            "ArchiveBucket": {"Type": "AWS::S3::Bucket"},
            "PostsTable": {"Type": "AWS::DynamoDB::Table", "Properties": _TABLE},
            "RenderQueue": queue_with("RenderDeadLetterQueue"),
            "RenderDeadLetterQueue": {"Type": "AWS::SQS::Queue", "Properties": {"MessageRetentionPeriod": 1_209_600}},
            "ThumbnailQueue": queue_with("ThumbnailDeadLetterQueue"),
            "ThumbnailDeadLetterQueue": {"Type": "AWS::SQS::Queue"},
            "ParseFailureQueue": {"Type": "AWS::SQS::Queue"},
            "ParseLogs": {"Type": "AWS::Logs::LogGroup"},
            "ApiLogs": {"Type": "AWS::Logs::LogGroup"},
            "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}},
            "ParseFunction": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Runtime": "python3.13",
                    "Handler": "index.handler",
                    "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                    "Code": {"ZipFile": "handler = print"},
                },
            },
        },
        "Outputs": {"ApiUrl": {"Value": api_url}} if api_url else {},
    }


def deploy(api_url: str = "") -> Archive:
    """Deploy it; moto must be at work."""
    cloudformation = boto3.client("cloudformation", REGION)
    cloudformation.create_stack(StackName=STACK, TemplateBody=json.dumps(template(api_url)), Capabilities=["CAPABILITY_IAM"])
    archive = deployed_archive(STACK, region=REGION)
    fail_into(archive, "ParseFunction", "ParseFailureQueue")
    return archive


def fail_into(archive: Archive, function: str, queue: str) -> None:
    """Have a function's failed asynchronous invocations go to a queue."""
    attributes = archive.client("sqs").get_queue_attributes(QueueUrl=archive.queues[queue], AttributeNames=["QueueArn"])
    destination: Any = {"OnFailure": {"Destination": attributes["Attributes"]["QueueArn"]}}
    archive.client("lambda").put_function_event_invoke_config(
        FunctionName=archive.functions[function], DestinationConfig=destination
    )


def add_function(archive: Archive, name: str) -> None:
    """Make one more function, beside the stack."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("index.py", "handler = print")
    role = boto3.client("iam", REGION).list_roles()["Roles"][0]["Arn"]
    code: Any = {"ZipFile": packed.getvalue()}
    archive.client("lambda").create_function(
        FunctionName=name, Runtime="python3.13", Handler="index.handler", Role=role, Code=code
    )


def send(archive: Archive, queue: str, *bodies: str) -> None:
    sqs = archive.client("sqs")
    for body in bodies:
        sqs.send_message(QueueUrl=archive.queues[queue], MessageBody=body)


def waiting(archive: Archive, queue: str) -> int:
    """Messages that anyone could receive now."""
    names: Any = ["ApproximateNumberOfMessages"]
    answer = archive.client("sqs").get_queue_attributes(QueueUrl=archive.queues[queue], AttributeNames=names)
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def bodies(archive: Archive, queue: str) -> list[str]:
    """What lies in a queue; it is taken."""
    found: list[str] = []
    sqs, url = archive.client("sqs"), archive.queues[queue]
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [message["Body"] for message in messages]
    return found


def failure_record(payload: Any, function: str = "parse", **more: Any) -> str:
    """Lambda's record of an asynchronous invocation that failed for good."""
    return json.dumps(
        {
            "version": "1.0",
            "timestamp": "2026-01-02T03:04:05.678Z",
            "requestContext": {
                "requestId": "e4b46cbf-b738-xmpl-8880-a18cdf61200e",
                "functionArn": f"arn:aws:lambda:{REGION}:123456789012:function:{function}:$LATEST",
                "condition": "RetriesExhausted",
                "approximateInvokeCount": 3,
            },
            "requestPayload": payload,
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "responsePayload": {"errorMessage": "茶 is not available", "errorType": "ReadTimeout", "stackTrace": []},
        }
        | more
    )


def s3_event(*keys: str) -> dict[str, Any]:
    """An event of the bucket, with keys as S3 encodes them."""
    return {"Records": [{"eventSource": "aws:s3", "s3": {"bucket": {"name": "b"}, "object": {"key": key}}} for key in keys]}


@contextmanager
def http_server(answers: dict[str, tuple[int, bytes]]) -> Iterator[tuple[str, list[str]]]:
    """A server on loopback that answers by path; gives its address, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, body = answers.get(urlsplit(self.path).path, (404, b"{}"))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
