"""AWS's services where containers reach them: an emulator on the containers' own network."""

import contextlib
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from sam.cli import REGION
from support.template import ROOT, table_definition

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

POSTS = "posts-bucket"
"""As the events in events/ name it."""

ARCHIVE = "archive-bucket"
TABLE = "posts"

_START_SECONDS = 60.0


@dataclass(frozen=True)
class Services:
    """S3, SQS and DynamoDB with the stack's resources.

    Attributes:
        endpoint: what containers call the emulator.
        queues: the queues' addresses by name.
    """

    endpoint: str
    s3: "S3Client"
    sqs: "SQSClient"
    dynamodb: "DynamoDBClient"
    queues: dict[str, str]

    def variables(self) -> dict[str, str]:
        """The functions' variables that name resources."""
        return {
            "TABLE_NAME": TABLE,
            "POSTS_BUCKET": POSTS,
            "ARCHIVE_BUCKET": ARCHIVE,
            "RENDER_QUEUE_URL": self.queues["render"],
            "THUMBNAIL_QUEUE_URL": self.queues["thumbnail"],
            "INDEX_QUEUE_URL": self.queues["index"],
        }

    def messages(self, queue: str) -> list[dict[str, Any]]:
        """Take all messages off a queue: their bodies."""
        bodies = []
        while batch := self.sqs.receive_message(QueueUrl=self.queues[queue], MaxNumberOfMessages=10).get("Messages"):
            for message in batch:
                self.sqs.delete_message(QueueUrl=self.queues[queue], ReceiptHandle=message["ReceiptHandle"])
                bodies.append(json.loads(message["Body"]))
        return bodies

    def item(self, pk: str, sk: str) -> dict[str, Any]:
        """An item of the posts table, as DynamoDB writes it."""
        return self.dynamodb.get_item(TableName=TABLE, Key={"pk": {"S": pk}, "sk": {"S": sk}}).get("Item", {})


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=60, check=False)  # noqa: S607 - the user's docker


def bridge() -> tuple[str, str]:
    """Where a server must listen to be reached by containers, and what these call that place; skips without an engine."""
    if shutil.which("docker") is None:
        pytest.skip("no Docker engine: there is no docker command")
    info = _docker("info", "--format", "{{.OperatingSystem}}")
    if info.returncode != 0:
        pytest.skip(f"no Docker engine: {' '.join((info.stderr or info.stdout).split())[:200]}")
    if "Docker Desktop" in info.stdout or platform.system() != "Linux":
        return "127.0.0.1", "host.docker.internal"
    network = json.loads(_docker("network", "inspect", "bridge").stdout)[0]["IPAM"]["Config"][0]
    # An engine that has run no container yet may not name its gateway, which is the network's first address.
    address = network.get("Gateway") or str(next(ip_network(network["Subnet"]).hosts()))
    return address, address


def free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def emulator(address: str, folder: Path) -> Iterator[str]:
    """Run the emulator that the local stack runs on, with nothing kept, and give its endpoint."""
    port = free_port(address)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "BIND_HOST": address,
        "MINISTACK_HOST": address,
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "SERVICES": "s3,sqs,dynamodb",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{folder}/no-docker.sock",
        "LOG_LEVEL": "WARNING",
    }
    log = folder / "emulator.log"
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-m", "ministack"], env=environment, cwd=folder, stdout=output, stderr=output)
    try:
        _await_health(f"http://{address}:{port}", process, log)
        yield f"http://{address}:{port}"
    finally:
        end(process, 20)


def end(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Ask a process to end, and end it where it has not after so many seconds."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _await_health(endpoint: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _answers(f"{endpoint}/_ministack/health"):
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"the emulator did not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - http on this machine
            answer.read()
    except OSError:
        return False
    return True


def fill(endpoint: str, name: str) -> Services:
    """Make the stack's resources, as the template describes them.

    Args:
        endpoint: where the emulator listens.
        name: what the containers call that host.
    """
    session = boto3.Session("any", "any", region_name=REGION)
    s3 = session.client("s3", endpoint_url=endpoint)
    sqs = session.client("sqs", endpoint_url=endpoint)
    dynamodb = session.client("dynamodb", endpoint_url=endpoint)
    s3.create_bucket(Bucket=POSTS)
    s3.put_bucket_versioning(Bucket=POSTS, VersioningConfiguration={"Status": "Enabled"})
    s3.create_bucket(Bucket=ARCHIVE)
    dynamodb.create_table(TableName=TABLE, **table_definition())
    queues = {queue: sqs.create_queue(QueueName=queue)["QueueUrl"] for queue in ("render", "thumbnail", "index")}
    port = endpoint.rpartition(":")[2]
    return Services(f"http://{name}:{port}", s3, sqs, dynamodb, queues)


def event(name: str) -> dict[str, Any]:
    """An event of events/."""
    loaded: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text("utf-8"))
    return loaded
