"""The AWS emulator (ministack) as a child process on loopback."""

import http.client
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import IO

import boto3
import botocore.session
from botocore.config import Config

from postkeep_local.stack.errors import StackFailed
from postkeep_local.stack.processes import Spawner

REGION = "us-east-1"
ACCOUNT = "000000000000"
_START_SECONDS = 60.0
_SAVE_SECONDS = 120.0
"""How long a clean stop may take: the emulator writes its tables then."""


def free_port(preferred: int) -> int:
    """The preferred port if nobody listens on it, else one that the system chooses."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise StackFailed("this machine has no free port")


class Clients:
    """boto3 clients for one emulator."""

    def __init__(self, port: int) -> None:
        endpoint = f"http://127.0.0.1:{port}"
        # The user's AWS_PROFILE has no say here.
        core = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
        session = boto3.Session("test", "test", region_name=REGION, botocore_session=core)
        patient = Config(
            retries={"mode": "standard", "max_attempts": 3},
            read_timeout=120,
            proxies={},  # nor has the user's HTTP_PROXY: this is loopback
            s3={"addressing_style": "path"},
        )
        self.endpoint = endpoint
        self.cloudformation = session.client("cloudformation", endpoint_url=endpoint, config=patient)
        self.functions = session.client("lambda", endpoint_url=endpoint, config=patient)
        self.s3 = session.client("s3", endpoint_url=endpoint, config=patient)
        self.sqs = session.client("sqs", endpoint_url=endpoint, config=patient)

    def close(self) -> None:
        """Close the connections."""
        for client in (self.cloudformation, self.functions, self.s3, self.sqs):
            client.close()


class Emulator:
    """One run of ministack."""

    def __init__(self, spawner: Spawner, port: int, *, objects: Path, tables: Path, temporary: Path, log: Path) -> None:
        """Start it and wait until it answers.

        Args:
            spawner: starts the process.
            port: where it listens, on loopback.
            objects: where the buckets' objects are written through.
            tables: where its other state is read from now and written to at a clean stop.
            temporary: its TMPDIR.
            log: its log, appended to.

        Raises:
            StackFailed: if it does not come up, with the end of its log.
        """
        self.port = port
        self._log = log
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(temporary),
            "TMPDIR": str(temporary),
            "LANG": "C.UTF-8",
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "MINISTACK_REGION": REGION,
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(objects),
            "PERSIST_STATE": "1",
            "STATE_DIR": str(tables),
            # Every invocation only waits here for a bounded worker elsewhere; above its own bound, events would be dropped.
            "LAMBDA_ACCOUNT_CONCURRENCY": "0",
            # An event whose delivery to the stack failed must not be given up while the stack is busy.
            "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.2",
            # Servers on fixed ports that nobody here asks for, and containers that are none of its business.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "DOCKER_HOST": f"unix://{temporary}/no-docker.sock",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "LOG_LEVEL": "WARNING",
        }
        with log.open("ab") as output:
            self._process = spawner.start(
                # Not the interpreter behind the environment: ministack is installed for development, where this runs.
                [sys.executable, "-m", "ministack"],
                environment=environment,
                folder=temporary,
                output=output,
            )
        await_answer(self._process, self._answers, "the emulator", seconds=_START_SECONDS, log=log)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/_ministack/health")
            return connection.getresponse().status == HTTPStatus.OK
        except OSError:
            return False
        finally:
            connection.close()

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The child process."""
        return self._process

    def stop(self) -> bool:
        """Stop it cleanly, its state written; False if it had to be killed or had ended already."""
        if self._process.poll() is not None:
            return False
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(_SAVE_SECONDS) == 0
        except subprocess.TimeoutExpired:
            self.kill()
            return False

    def kill(self) -> None:
        """End it at once, its state not written."""
        self._process.kill()
        self._process.wait()


def await_answer(process: subprocess.Popen[bytes], answers: Callable[[], bool], name: str, *, seconds: float, log: Path) -> None:
    """Wait until a server that was started answers.

    Args:
        process: the server; it is killed where it does not answer in time.
        answers: whether it does.
        name: of it, for a person to read.
        seconds: how long it may take.
        log: its log.

    Raises:
        StackFailed: if it ended or does not answer, with the last lines of its log.
    """
    deadline = time.monotonic() + seconds
    while not answers():
        if process.poll() is not None:
            raise StackFailed(f"{name} ended while starting", tail(log))
        if time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise StackFailed(f"{name} does not answer", tail(log))
        time.sleep(0.05)


def tail(log: Path, lines: int = 30) -> str:
    """The last lines of a log, for an error message."""
    try:
        with log.open("rb") as file:
            _seek_near_end(file)
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""


def _seek_near_end(file: IO[bytes], limit: int = 32_768) -> None:
    size = file.seek(0, 2)
    file.seek(max(0, size - limit))
