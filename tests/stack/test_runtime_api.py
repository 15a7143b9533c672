"""The Runtime API's protocol, spoken by hand; :mod:`test_worker` shows AWS's own client speaking it."""

import http.client
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from postkeep_local.stack.invocation import Invocation, Outcome
from postkeep_local.stack.runtime_api import RuntimeApi

_PREFIX = "/2018-06-01/runtime"


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    made = RuntimeApi("arn:aws:lambda:us-east-1:000000000000:function:f")
    yield made
    made.close()


def _request(api: RuntimeApi, method: str, path: str, body: bytes = b"") -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection(api.address, timeout=30)
    connection.request(method, path, body)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, response.headers, content


def test_an_event_and_its_response(api: RuntimeApi) -> None:
    with ThreadPoolExecutor(1) as executor:
        running = executor.submit(api.run, Invocation(b'{"a": 1}', "1-2-3"), 30)
        status, headers, body = _request(api, "GET", f"{_PREFIX}/invocation/next")
        assert (status, body) == (200, b'{"a": 1}')
        assert headers["Lambda-Runtime-Aws-Request-Id"] == "1-2-3"
        assert headers["Lambda-Runtime-Invoked-Function-Arn"].endswith(":function:f")
        assert int(headers["Lambda-Runtime-Deadline-Ms"]) > 0

        assert _request(api, "POST", f"{_PREFIX}/invocation/another/response", b"1")[0] == 400
        assert _request(api, "POST", f"{_PREFIX}/invocation/1-2-3/response", b'"done"')[0] == 202
        assert running.result(30) == Outcome(b'"done"')
    assert _request(api, "POST", f"{_PREFIX}/invocation/1-2-3/response", b"twice")[0] == 400


def test_a_response_that_comes_after_the_timeout_is_refused(api: RuntimeApi) -> None:
    with ThreadPoolExecutor(1) as executor:
        asking = executor.submit(_request, api, "GET", f"{_PREFIX}/invocation/next")
        assert api.await_start(30) is None
        assert api.run(Invocation(b"{}", "1-2-3"), 0.2) is None
        assert asking.result(30)[0] == 200
    assert _request(api, "POST", f"{_PREFIX}/invocation/1-2-3/response", b"late")[0] == 400


def test_an_error_at_import(api: RuntimeApi) -> None:
    error = json.dumps({"errorType": "ValueError"}).encode()
    assert _request(api, "POST", f"{_PREFIX}/init/error", error)[0] == 202
    outcome = api.await_start(30)
    assert outcome
    assert (outcome.failed, outcome.payload) == (True, error)


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("GET", "/2018-06-01/runtime/else"), ("POST", "/else")])
def test_what_the_protocol_does_not_know(api: RuntimeApi, method: str, path: str) -> None:
    assert _request(api, method, path)[0] == 404


def test_whoever_waits_for_an_event_is_let_go_at_the_end(api: RuntimeApi) -> None:
    def ask() -> bool:
        try:
            _request(api, "GET", f"{_PREFIX}/invocation/next")
        except (http.client.HTTPException, OSError):
            return True
        return False

    with ThreadPoolExecutor(1) as executor:
        asking = executor.submit(ask)
        assert api.await_start(30) is None
        api.exited(0)
        assert asking.result(30)
    assert not api.alive
