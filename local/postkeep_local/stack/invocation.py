"""What goes into a function and what comes out, in AWS Lambda's own words."""

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

MAX_RESPONSE = 6 * 1024 * 1024 + 100
"""Lambda refuses a longer response; the number is the one in its error message."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One event for one function.

    Attributes:
        payload: the event, as JSON.
        request_id: a new one for every event; kept over its retries.
    """

    payload: bytes
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of an invocation.

    Attributes:
        payload: the response as JSON, or the error in Lambda's shape.
        failed: whether it is an error.
        worker_lost: whether the process cannot be used again.
    """

    payload: bytes
    failed: bool = False
    worker_lost: bool = False

    def value(self) -> Any:
        """The payload, decoded; text where it is not JSON."""
        try:
            return json.loads(self.payload)
        except ValueError:
            return self.payload.decode(errors="replace")


def failure(kind: str, message: str, *, request_id: str = "", worker_lost: bool = False) -> Outcome:
    """An error that the service reports, not the function, in the shape that Lambda gives it."""
    text = f"RequestId: {request_id} Error: {message}" if request_id else message
    return Outcome(json.dumps({"errorType": kind, "errorMessage": text}).encode(), failed=True, worker_lost=worker_lost)


def timed_out(request_id: str, seconds: float) -> Outcome:
    """The function ran longer than its timeout, and its process was killed."""
    return failure("Sandbox.Timedout", f"Task timed out after {seconds:.2f} seconds", request_id=request_id, worker_lost=True)


def exited(request_id: str, status: int) -> Outcome:
    """The function's process ended by itself or was killed: ``status`` as :attr:`subprocess.Popen.returncode` gives it."""
    if status == 0:
        return failure("Runtime.ExitError", "Runtime exited without providing a reason", request_id=request_id, worker_lost=True)
    how = f"signal: {-status}" if status < 0 else f"exit status {status}"
    return failure("Runtime.ExitError", f"Runtime exited with error: {how}", request_id=request_id, worker_lost=True)


def too_large() -> Outcome:
    """The response is longer than Lambda carries."""
    return failure(
        "Function.ResponseSizeTooLarge",
        f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE} bytes).",
    )
