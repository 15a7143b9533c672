"""The part of awslambdaric that is a C extension, in Python: for systems where that extension does not build (macOS).

Workers have this folder last on their path, so that the extension is taken wherever it is there. The functions and what they
send are those of ``awslambdaric/runtime_client.cpp`` of awslambdaric 4.2.
"""

import os
from email.message import Message
from http import HTTPStatus
from http.client import HTTPConnection

_BASE = "/2018-06-01/runtime/invocation"
_agent = {"User-Agent": "aws-lambda-python"}


def initialize_client(user_agent: str) -> None:
    """Take note of the name to give in requests."""
    _agent["User-Agent"] = user_agent


def next() -> tuple[bytes, Message]:  # noqa: A001 (the name that the runtime client calls)
    """Wait for an event: its bytes, and the headers that say whose it is.

    Raises:
        RuntimeError: if the Runtime API gives none.
    """
    return _ask("GET", f"{_BASE}/next", None, {}, HTTPStatus.OK)


def post_invocation_result(invoke_id: str, body: bytes, content_type: str, invocation_id: str | None = None) -> None:
    """Hand over an answer.

    Raises:
        RuntimeError: if it is not accepted.
    """
    headers = {"Content-Type": content_type, **_invocation(invocation_id)}
    _ask("POST", f"{_BASE}/{invoke_id}/response", body, headers, HTTPStatus.ACCEPTED)


def post_error(invoke_id: str, error: str | bytes, cause: str, invocation_id: str | None = None) -> None:
    """Hand over an error, as JSON, and its cause as X-Ray has it.

    Raises:
        RuntimeError: if it is not accepted.
    """
    # Header values are Latin-1; the cause is JSON, in which anything else can be escaped.
    escaped = cause.encode("ascii", "backslashreplace").decode("ascii").replace("\n", " ")
    headers = {
        "Content-Type": "application/json",
        "Lambda-Runtime-Function-XRay-Error-Cause": escaped,
        **_invocation(invocation_id),
    }
    body = error.encode() if isinstance(error, str) else error
    _ask("POST", f"{_BASE}/{invoke_id}/error", body, headers, HTTPStatus.ACCEPTED)


def _invocation(invocation_id: str | None) -> dict[str, str]:
    return {"Lambda-Runtime-Invocation-Id": invocation_id} if invocation_id else {}


def _ask(method: str, path: str, body: bytes | None, headers: dict[str, str], expected: HTTPStatus) -> tuple[bytes, Message]:
    # No time limit: the next event may be days away, and the stack ends a worker that should not go on waiting.
    connection = HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        connection.request(method, path, body, {**_agent, **headers})
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status != expected:
        raise RuntimeError(f"the Runtime API answered {answer.status} to {method} {path}")
    return content, answer.headers
