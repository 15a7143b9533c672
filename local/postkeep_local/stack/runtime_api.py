"""The Lambda Runtime API for one worker process.

The protocol is AWS's («Using the Lambda runtime API for custom runtimes», version 2018-06-01): the process asks for the next
event, handles it, posts its response or its error, and asks again. One port serves one process, so that a request tells by
itself which process it comes from.
"""

import threading
import time
from http import HTTPStatus

from postkeep_local.stack.invocation import MAX_RESPONSE, Invocation, Outcome, failure, too_large
from postkeep_local.stack.loopback import Handler, LoopbackServer

_PREFIX = "/2018-06-01/runtime"
_CHUNK = 65_536


class RuntimeApi:
    """The server's side of one worker: what it is to do next, and what came of it.

    One caller at a time uses it; the process's requests come in on the server's threads.
    """

    def __init__(self, arn: str) -> None:
        """Start serving on a free port of loopback.

        Args:
            arn: the function's ARN, which the process is told with every event.
        """
        self._arn = arn
        self._changed = threading.Condition()
        self._asked = False
        self._next: tuple[Invocation, float] | None = None
        self._current: Invocation | None = None
        self._outcome: Outcome | None = None
        self._init_error: Outcome | None = None
        self._exit_status: int | None = None
        self._closed = False
        self._server = LoopbackServer(0, type("_Bound", (_Requests,), {"runtime": self}))
        self.address = self._server.address

    # What the worker's owner does.

    def await_start(self, seconds: float) -> Outcome | None:
        """Wait until the process asks for its first event; None if it does, else the error that it ended with.

        Args:
            seconds: how long it may take to import the function.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._asked or self._init_error or self._exit_status is not None, seconds)
            if self._asked:
                return None
            if self._init_error:
                return self._init_error
            if self._exit_status is not None:
                return failure("Runtime.ExitError", f"Runtime exited during init: status {self._exit_status}", worker_lost=True)
            return failure("Sandbox.Timedout", f"Init timed out after {seconds:.2f} seconds", worker_lost=True)

    def run(self, invocation: Invocation, seconds: float) -> Outcome | int | None:
        """Give the process an event and wait for what comes of it.

        Args:
            invocation: the event.
            seconds: the function's timeout.

        Returns:
            the outcome, the exit status of a process that ended, or None when the time is over.
        """
        with self._changed:
            self._outcome = None
            self._next = (invocation, seconds)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._outcome or self._exit_status is not None, seconds)
            self._next = self._current = None
            return self._outcome or self._exit_status

    def exited(self, status: int) -> None:
        """Record that the process ended."""
        with self._changed:
            self._exit_status = status
            self._changed.notify_all()

    @property
    def alive(self) -> bool:
        """Whether the process has not ended, as far as is known."""
        return self._exit_status is None

    def close(self) -> None:
        """Stop serving."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._server.close()

    # What the process asks for and posts.

    def next(self) -> tuple[Invocation, float, str] | None:
        """Wait for an event; gives it with its deadline (epoch seconds) and the function's ARN, or None at the end."""
        with self._changed:
            self._asked = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._next is not None or self._closed or self._exit_status is not None)
            if self._next is None:
                return None
            self._current, seconds = self._next
            self._next = None
            return self._current, time.time() + seconds, self._arn

    def post(self, request_id: str, outcome: Outcome) -> bool:
        """Take an outcome; False if the process is not handling that event (any more)."""
        with self._changed:
            if self._current is None or self._current.request_id != request_id:
                return False
            self._outcome, self._current = outcome, None
            self._changed.notify_all()
            return True

    def post_init_error(self, outcome: Outcome) -> None:
        """Take the error that the function's import ended with."""
        with self._changed:
            self._init_error = outcome
            self._changed.notify_all()


class _Requests(Handler):
    runtime: RuntimeApi
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # noqa: N802 - the base class's name
        if self.path != f"{_PREFIX}/invocation/next":
            self.answer(HTTPStatus.NOT_FOUND, b'{"errorType": "InvalidResource"}')
            return
        following = self.runtime.next()
        if following is None:
            self.close_connection = True
            return
        invocation, deadline, arn = following
        self.send_response(HTTPStatus.OK)
        self.send_header("Lambda-Runtime-Aws-Request-Id", invocation.request_id)
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int(deadline * 1000)))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", arn)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(invocation.payload)))
        self.end_headers()
        self.wfile.write(invocation.payload)

    def do_POST(self) -> None:  # noqa: N802 - the base class's name
        body = self._body(MAX_RESPONSE)
        parts = self.path.removeprefix(_PREFIX).strip("/").split("/")
        match parts:
            case ["invocation", request_id, "response"]:
                self._posted(self.runtime.post(request_id, too_large() if body is None else Outcome(body)))
            case ["invocation", request_id, "error"]:
                self._posted(self.runtime.post(request_id, Outcome(body or b"{}", failed=True)))
            case ["init", "error"]:
                self.runtime.post_init_error(Outcome(body or b"{}", failed=True, worker_lost=True))
                self._posted(accepted=True)
            case _:
                self.answer(HTTPStatus.NOT_FOUND, b'{"errorType": "InvalidResource"}')

    def _body(self, limit: int) -> bytes | None:
        """The request's body; None, with nothing of it kept, if it is longer than the limit."""
        length = int(self.headers.get("Content-Length") or 0)
        if length <= limit:
            return self.rfile.read(length)
        while length > 0:
            length -= len(self.rfile.read(min(length, _CHUNK))) or length
        return None

    def _posted(self, accepted: bool) -> None:  # noqa: FBT001 - the answer to one question
        if accepted:
            self.answer(HTTPStatus.ACCEPTED, b'{"status": "OK"}')
        else:
            self.answer(HTTPStatus.BAD_REQUEST, b'{"errorType": "InvalidRequestID"}')
