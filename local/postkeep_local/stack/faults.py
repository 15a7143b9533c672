"""Faults of AWS's API between the functions and the emulator: throttling, server errors, conflicts, lost connections and answers.

A stack that is brought up with ``faults`` has its workers talk to a proxy; everybody else talks to the emulator as ever. The
rules are microburst's (its README, «Rules»); of its ``response`` faults only ``abort_bytes: 0`` is had here, an answer that is
lost after the service did what was asked, and of its ``request`` faults none.
"""

import http.client
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from postkeep_local.stack.emulator import await_answer, free_port
from postkeep_local.stack.errors import StackFailed
from postkeep_local.stack.processes import Spawner

type Rule = Mapping[str, Any]

_START_SECONDS = 60.0

_FIRED = re.compile(r'microburst_faults_total\{service="([^"]*)",operation="([^"]*)",action="([^"]*)"\} (\d+)')

LOST_ANSWER: Rule = {"response": {"abort_bytes": 0}}
"""The connection ends after the service did what was asked, before the answer came."""


def _error(service: str, code: str, probability: float, **more: Any) -> Rule:
    return {"service": service, "probability": probability, "error": {"code": code, "message": "injected"}, **more}


def storm(probability: float = 0.2) -> list[Rule]:
    """Rules by which each request fails with about this probability, in one of the ways in which its service fails.

    Codes: Amazon DynamoDB Developer Guide, «Error handling with DynamoDB»; Amazon S3 API Reference, «Error responses»; Amazon SQS
    API Reference, «Common errors». Rules are tried in turn and each draws for itself, so shares come out a little smaller.
    """
    share = probability / 5
    conflict = {
        "code": "TransactionCanceledException",
        "message": "Transaction cancelled, please refer cancellation reasons for specific reasons [TransactionConflict]",
        "fields": {"CancellationReasons": [{"Code": "TransactionConflict", "Message": "injected"}]},
    }
    return [
        _error("dynamodb", "ThrottlingException", share),
        _error("dynamodb", "ProvisionedThroughputExceededException", share / 2),
        _error("dynamodb", "InternalServerError", share),
        {"service": "dynamodb", "operation": "TransactWriteItems", "probability": share, "error": conflict},
        _error("dynamodb", "TransactionConflictException", share, operation="UpdateItem"),
        _error("s3", "SlowDown", share),
        _error("s3", "InternalError", share),
        # With the namespace that it comes in, botocore does not try it again: the function that calls fails. It comes now and
        # then, so that no event meets it at each of its tries.
        {"service": "sqs", "sequence": {"fail": 1, "pass": 30}, "error": {"code": "RequestThrottled", "message": "injected"}},
        _error("sqs", "ServiceUnavailable", share),
        {"service": "*", "probability": share, "reset": True},
        {"service": "*", "probability": share, **LOST_ANSWER},
    ]


def outage(requests: int, *, service: str = "dynamodb", code: str = "InternalServerError") -> Rule:
    """A rule by which a service's first requests all fail, and then none does by this rule."""
    return {"service": service, "times": requests, "error": {"code": code, "message": "injected"}}


class Proxy:
    """The proxy as a child process on loopback."""

    def __init__(self, spawner: Spawner, upstream: str, faults: Mapping[str, Any], *, folder: Path, log: Path) -> None:
        """Start it and wait until it answers.

        Args:
            spawner: starts the process.
            upstream: the emulator's address.
            faults: ``rules``, see :func:`storm`, and ``seed`` of the draws, 0 by default. The draws are the same at each run, and
                so is what fails, as far as the requests come in the same order.
            folder: its working folder and TMPDIR.
            log: its log, appended to.

        Raises:
            StackFailed: if it does not come up, with the end of its log.
        """
        self._log = log
        port = free_port(0)
        self.endpoint = f"http://127.0.0.1:{port}"
        rules = json.dumps(faults.get("rules", []))
        with log.open("ab") as output:
            self._process = spawner.start(
                [sys.executable, "-m", f"{__package__}.fault_proxy", upstream, str(port), rules, str(faults.get("seed", 0))],
                environment={"PATH": "/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder), "LANG": "C.UTF-8"},
                folder=folder,
                output=output,
            )
        await_answer(self._process, self._answers, "the proxy for faults", seconds=_START_SECONDS, log=log)

    def _answers(self) -> bool:
        try:
            _ask(self.endpoint, "GET", "health")
        except (OSError, StackFailed):
            return False
        return True

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The child process."""
        return self._process

    def kill(self) -> None:
        """End it at once; it holds nothing."""
        self._process.kill()
        self._process.wait()


def fired(endpoint: str) -> Counter[tuple[str, str, str]]:
    """How many faults a proxy has injected, by service, operation and kind.

    Kinds are as microburst names them: ``error:`` and a code, ``reset``, ``response:`` and what is done to the answer.

    Raises:
        StackFailed: if it does not answer as it should.
        OSError: if it does not answer at all.
    """
    found = _FIRED.findall(_ask(endpoint, "GET", "metrics"))
    return Counter({(service, operation, kind): int(number) for service, operation, kind, number in found})


def change(endpoint: str, rules: Sequence[Rule] = ()) -> None:
    """Have a proxy follow other rules from now on, by default none: it passes everything.

    Raises:
        StackFailed, OSError: as :func:`fired`.
    """
    _ask(endpoint, "POST", "rules", json.dumps(list(rules)))


def _ask(endpoint: str, method: str, path: str, body: str | None = None) -> str:
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=10)
    try:
        connection.request(method, f"/_microburst/{path}", body)
        answer = connection.getresponse()
        text = answer.read().decode()
    except http.client.HTTPException as error:
        raise StackFailed(f"the proxy for faults speaks no HTTP: {error!r}") from error
    finally:
        connection.close()
    if answer.status != HTTPStatus.OK:
        raise StackFailed(f"the proxy for faults refuses {method} {path}: {answer.status} {text}")
    return text
