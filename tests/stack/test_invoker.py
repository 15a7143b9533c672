import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postkeep_local.stack.errors import Busy
from postkeep_local.stack.events import EventQueue, pending
from postkeep_local.stack.invocation import Invocation, Outcome, failure
from postkeep_local.stack.invoker import Invoker, checked, is_batch
from postkeep_local.stack.worker import Function

type MakeFunction = Callable[..., Function]

_S3 = {
    "Records": [
        {
            "eventSource": "aws:s3",
            "s3": {"bucket": {"name": "b"}, "object": {"key": "%E9%9B%A8.md", "versionId": "v", "sequencer": "1"}},
        }
    ]
}
_BATCH = {"Records": [{"eventSource": "aws:sqs", "messageId": "m1"}, {"eventSource": "aws:sqs", "messageId": "m2"}]}


class FakeRunner:
    """Gives one answer, or raises it."""

    size = 1

    def __init__(self, function: Function, answer: Outcome | Exception) -> None:
        self.function = function
        self.answer = answer
        self.seen: list[Invocation] = []

    def invoke(self, invocation: Invocation, *, patience: float) -> Outcome:
        self.seen.append(invocation)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def events(tmp_path: Path) -> Iterator[EventQueue]:
    queue = EventQueue(tmp_path / "events.sqlite3")
    yield queue
    queue.close()


@pytest.fixture
def runner(make_function: MakeFunction) -> FakeRunner:
    return FakeRunner(make_function("", batch=2), Outcome(b'{"a": 1}'))


@pytest.fixture
def invoker(events: EventQueue, runner: FakeRunner) -> Iterator[Invoker]:
    made = Invoker(events)
    made.open({"postkeep-Toy": runner})
    yield made
    made.close()


def _post(invoker: Invoker, event: Any, name: str = "postkeep-Toy") -> tuple[int, Any]:
    """What the emulator does with an invocation."""
    headers = {"X-Amzn-Lambda-Function-Name": name, "X-Amzn-Lambda-Request-Id": "1-2-3"}
    request = urllib.request.Request(invoker.address, json.dumps(event).encode(), headers)  # noqa: S310 - http on loopback
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - http on loopback
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_an_event_of_s3_is_on_disk_before_it_is_answered(
    invoker: Invoker, events: EventQueue, runner: FakeRunner, tmp_path: Path
) -> None:
    assert _post(invoker, _S3) == (200, None)
    assert runner.seen == []
    assert pending(tmp_path / "events.sqlite3") == (1, 0)
    event = events.take("ToyFunction")
    assert event
    assert (event.request_id, json.loads(event.payload)) == ("1-2-3", _S3)
    assert events.seen("b") == {"雨.md": "v"}


def test_other_events_are_answered_with_their_outcome(invoker: Invoker, runner: FakeRunner) -> None:
    assert _post(invoker, {"hello": "雨"}) == (200, {"a": 1})
    assert runner.seen[0].request_id == "1-2-3"
    assert json.loads(runner.seen[0].payload) == {"hello": "雨"}


def test_a_functions_error_is_no_success(invoker: Invoker, runner: FakeRunner) -> None:
    runner.answer = failure("ValueError", "no such tea")
    assert _post(invoker, {}) == (502, {"errorType": "ValueError", "errorMessage": "no such tea"})


def test_a_batch_that_finds_no_worker_is_refused(invoker: Invoker, runner: FakeRunner) -> None:
    runner.answer = Busy("ToyFunction", 20)
    status, body = _post(invoker, _BATCH)
    assert status == 429
    assert "no worker became free" in body["errorMessage"]


def test_an_error_of_the_stacks_own_is_answered_and_logged(
    invoker: Invoker, runner: FakeRunner, caplog: pytest.LogCaptureFixture
) -> None:
    runner.answer = OSError("no process")
    assert _post(invoker, {})[0] == 500
    assert "no process" in caplog.text


def test_an_unknown_function_is_an_error(invoker: Invoker) -> None:
    assert _post(invoker, {}, name="another")[1]["errorType"] == "ResourceNotFoundException"


def test_an_invocation_that_comes_too_early_waits(events: EventQueue, runner: FakeRunner) -> None:
    invoker = Invoker(events)
    with ThreadPoolExecutor(1) as executor:
        early = executor.submit(_post, invoker, {})
        invoker.open({"postkeep-Toy": runner})
        assert early.result(30) == (200, {"a": 1})
    invoker.close()


def test_a_stack_that_never_opens_refuses(events: EventQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postkeep_local.stack.invoker._START_PATIENCE", 0.01)
    invoker = Invoker(events)
    assert _post(invoker, {})[0] == 429
    invoker.close()


def test_waiting_for_the_last_invocation(events: EventQueue, make_function: MakeFunction) -> None:
    begun, release = threading.Event(), threading.Event()

    class Slow(FakeRunner):
        def invoke(self, invocation: Invocation, *, patience: float) -> Outcome:
            begun.set()
            release.wait(30)
            return super().invoke(invocation, patience=patience)

    invoker = Invoker(events)
    invoker.open({"postkeep-Toy": Slow(make_function(""), Outcome(b"{}"))})
    assert invoker.await_idle(0)
    with ThreadPoolExecutor(1) as executor:
        running = executor.submit(_post, invoker, {})
        assert begun.wait(10)
        assert not invoker.await_idle(0.01)
        release.set()
        assert invoker.await_idle(10)
        assert running.result(10)[0] == 200
    invoker.close()


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        {"another": 1},
        {"batchItemFailures": None},
        {"batchItemFailures": []},
        {"batchItemFailures": [{"itemIdentifier": "m2"}]},
    ],
)
def test_answers_that_lambda_understands(invoker: Invoker, runner: FakeRunner, answer: Any) -> None:
    runner.answer = Outcome(json.dumps(answer).encode())
    assert _post(invoker, _BATCH) == (200, answer)


@pytest.mark.parametrize(
    "answer",
    [
        "done",
        [],
        7,
        {"batchItemFailures": "m1"},
        {"batchItemFailures": ["m1"]},
        {"batchItemFailures": [{}]},
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": None}]},
        {"batchItemFailures": [{"itemIdentifier": ["m1"]}]},
        {"batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "m3"}]},
    ],
)
def test_answers_that_fail_the_whole_batch_as_on_aws(invoker: Invoker, runner: FakeRunner, answer: Any) -> None:
    runner.answer = Outcome(json.dumps(answer).encode())
    status, body = _post(invoker, _BATCH)
    assert status == 502
    assert body["errorType"] == "InvalidBatchResponse"


_JSON = st.recursive(
    st.none() | st.integers() | st.sampled_from(["m1", "m2", "aws:sqs", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["batchItemFailures", "itemIdentifier", "Records", "eventSource"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(_JSON)
def test_no_answer_deletes_a_message_that_it_does_not_account_for(answer: Any) -> None:
    outcome = checked(_BATCH, Outcome(json.dumps(answer).encode()))
    if not outcome.failed and answer:
        named = answer.get("batchItemFailures") or []
        assert all(item["itemIdentifier"] in {"m1", "m2"} for item in named)


@given(_JSON)
def test_no_event_upsets_the_question_whether_it_is_a_batch(event: Any) -> None:
    assert is_batch(event) in {True, False}
