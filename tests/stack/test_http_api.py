import http.client
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from postkeep_local.stack.errors import Busy
from postkeep_local.stack.http_api import HttpApi
from postkeep_local.stack.http_event import MAX_REQUEST
from postkeep_local.stack.invocation import Invocation, Outcome, failure
from postkeep_local.stack.template import Route
from postkeep_local.stack.worker import Function


class FakeRunner:
    """Answers as it is told to."""

    size = 1

    def __init__(self, function: Function) -> None:
        self.function = function
        self.answer: Callable[[Any], Outcome] = lambda event: Outcome(json.dumps(event).encode())

    def invoke(self, invocation: Invocation, *, patience: float) -> Outcome:
        return self.answer(json.loads(invocation.payload))


@pytest.fixture
def runner(make_function: Callable[..., Function]) -> FakeRunner:
    return FakeRunner(make_function(""))


@pytest.fixture
def connection(runner: FakeRunner) -> Iterator[http.client.HTTPConnection]:
    api = HttpApi(0, [Route("ANY", "/{proxy+}", "Query")], {"Query": runner})
    made = http.client.HTTPConnection(api.address, timeout=30)
    yield made
    made.close()
    api.close()


def _answer(connection: http.client.HTTPConnection) -> tuple[int, bytes]:
    response = connection.getresponse()
    return response.status, response.read()


def test_requests_and_answers_pass_through(connection: http.client.HTTPConnection, runner: FakeRunner) -> None:
    connection.request("POST", "/posts/%E9%9B%A8?a=1", b'{"b": 2}', {"Content-Type": "application/json"})
    status, body = _answer(connection)
    seen = json.loads(body)
    assert status == 200
    assert (seen["rawPath"], seen["rawQueryString"], seen["body"]) == ("/posts/雨", "a=1", '{"b": 2}')

    runner.answer = lambda _: Outcome(
        json.dumps(
            {"statusCode": 418, "headers": {"X-Tea": "雨"}, "cookies": ["a=1", "b=2"], "body": "/w==", "isBase64Encoded": True}
        ).encode()
    )
    connection.request("GET", "/tea")  # on the same connection
    response = connection.getresponse()
    assert (response.status, response.read()) == (418, b"\xff")
    assert response.headers.get_all("set-cookie") == ["a=1", "b=2"]
    assert (response.headers["x-tea"] or "").encode("latin-1").decode() == "雨"


def test_characters_that_nobody_escaped_are_read_as_utf_8(connection: http.client.HTTPConnection) -> None:
    connection.connect()
    connection.sock.sendall("GET /posts/雨?tag=茶&a=%E8 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    response = http.client.HTTPResponse(connection.sock)
    response.begin()
    seen = json.loads(response.read())
    assert (seen["rawPath"], seen["queryStringParameters"]) == ("/posts/雨", {"tag": "茶", "a": "\ufffd"})
    assert seen["rawQueryString"] == "tag=%E8%8C%B6&a=%E8"


def test_head_has_no_body(connection: http.client.HTTPConnection, runner: FakeRunner) -> None:
    runner.answer = lambda _: Outcome(b'{"statusCode": 200, "body": "four"}')
    connection.request("HEAD", "/tea")
    response = connection.getresponse()
    assert (response.status, response.headers["content-length"], response.read()) == (200, "4", b"")
    connection.request("GET", "/tea")
    assert _answer(connection) == (200, b"four")


def test_an_unknown_route(connection: http.client.HTTPConnection) -> None:
    connection.request("GET", "/")
    assert _answer(connection) == (404, b'{"message":"Not Found"}')


def test_a_failing_function_is_an_internal_error_that_tells_nothing(
    connection: http.client.HTTPConnection, runner: FakeRunner, caplog: pytest.LogCaptureFixture
) -> None:
    runner.answer = lambda _: failure("ValueError", "a secret")
    connection.request("GET", "/a")
    assert _answer(connection) == (500, b'{"message":"Internal Server Error"}')
    assert "a secret" in caplog.text


def test_a_function_without_a_free_worker(connection: http.client.HTTPConnection, runner: FakeRunner) -> None:
    def busy(_: Any) -> Outcome:
        raise Busy("Query", 30)

    runner.answer = busy
    connection.request("GET", "/a")
    assert _answer(connection) == (503, b'{"message":"Service Unavailable"}')


def test_a_body_that_is_too_long_is_refused_unread(connection: http.client.HTTPConnection) -> None:
    connection.putrequest("POST", "/a")
    connection.putheader("Content-Length", str(MAX_REQUEST + 1))
    connection.endheaders()
    assert _answer(connection) == (413, b'{"message":"Request Entity Too Large"}')


def test_a_body_that_makes_too_long_an_event_is_refused(connection: http.client.HTTPConnection) -> None:
    connection.request("POST", "/a", b"\0" * (5 * 1024 * 1024), {"Content-Type": "image/webp"})
    assert _answer(connection) == (413, b'{"message":"Request Entity Too Large"}')


@pytest.mark.parametrize(
    ("header", "value", "expected"),
    [("Content-Length", "-1", 400), ("Content-Length", "many", 400), ("Transfer-Encoding", "chunked", 411)],
)
def test_a_body_of_unknown_length_ends_the_connection(
    connection: http.client.HTTPConnection, header: str, value: str, expected: int
) -> None:
    connection.putrequest("POST", "/a")
    connection.putheader(header, value)
    connection.endheaders()
    response = connection.getresponse()
    response.read()
    assert (response.status, response.headers["connection"]) == (expected, "close")
