import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from postkeep_local.stack.dispatcher import Dispatcher
from postkeep_local.stack.events import EventQueue, pending
from postkeep_local.stack.invocation import Invocation, Outcome, failure
from postkeep_local.stack.worker import Function

type Answer = Callable[[Invocation], Outcome]
type MakeFunction = Callable[..., Function]

_OK = Outcome(b"null")
_WRONG = failure("ValueError", "no such tea")


class FakeRunner:
    """Answers without any process, and remembers what it was asked."""

    def __init__(self, function: Function, answer: Answer, size: int = 1) -> None:
        self.function = function
        self.size = size
        self.seen: list[Invocation] = []
        self._answer = answer

    def invoke(self, invocation: Invocation, *, patience: float) -> Outcome:
        self.seen.append(invocation)
        return self._answer(invocation)


class Mailbox:
    """A queue that can be told to refuse."""

    def __init__(self, refusals: int = 0) -> None:
        self.messages: list[tuple[str, str]] = []
        self._refusals = refusals

    def send(self, url: str, body: str) -> None:
        if self._refusals:
            self._refusals -= 1
            raise ConnectionError
        self.messages.append((url, body))


@pytest.fixture
def events(tmp_path: Path) -> Iterator[EventQueue]:
    queue = EventQueue(tmp_path / "events.sqlite3")
    yield queue
    queue.close()


def _run(events: EventQueue, runner: FakeRunner, mailbox: Mailbox, tmp_path: Path, *, on_failure: str = "queue") -> None:
    """Dispatch until nothing is left."""
    dispatcher = Dispatcher(events, runner, on_failure=on_failure, send=mailbox.send, retry_seconds=0.01)
    pause = threading.Event()
    for _ in range(1000):
        if pending(tmp_path / "events.sqlite3") == (0, 0):
            break
        pause.wait(0.01)
    events.stop()
    assert dispatcher.join(10)
    assert pending(tmp_path / "events.sqlite3") == (0, 0)


def test_a_handled_event_is_forgotten(events: EventQueue, make_function: MakeFunction, tmp_path: Path) -> None:
    runner, mailbox = FakeRunner(make_function(""), lambda _: _OK), Mailbox()
    events.put("ToyFunction", "1-2-3", b'{"a": 1}')
    _run(events, runner, mailbox, tmp_path)
    assert runner.seen == [Invocation(b'{"a": 1}', "1-2-3")]
    assert mailbox.messages == []


def test_a_failing_event_is_retried_under_the_same_request(
    events: EventQueue, make_function: MakeFunction, tmp_path: Path
) -> None:
    answers = iter([_WRONG, _WRONG, _OK])
    runner, mailbox = FakeRunner(make_function("", retries=2), lambda _: next(answers)), Mailbox()
    events.put("ToyFunction", "1-2-3", b"{}")
    _run(events, runner, mailbox, tmp_path)
    assert [invocation.request_id for invocation in runner.seen] == ["1-2-3"] * 3
    assert mailbox.messages == []


def test_one_that_fails_for_good_goes_to_the_destination_in_awss_form(
    events: EventQueue, make_function: MakeFunction, tmp_path: Path
) -> None:
    runner, mailbox = FakeRunner(make_function("", retries=1), lambda _: _WRONG), Mailbox()
    events.put("ToyFunction", "1-2-3", '{"茶": 1}'.encode())
    _run(events, runner, mailbox, tmp_path)
    assert len(runner.seen) == 2
    ((url, body),) = mailbox.messages
    record = json.loads(body)
    assert url == "queue"
    assert record.pop("timestamp").endswith("Z")
    assert record == {
        "version": "1.0",
        "requestContext": {
            "requestId": "1-2-3",
            "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:postkeep-Toy:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 2,
        },
        "requestPayload": {"茶": 1},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorType": "ValueError", "errorMessage": "no such tea"},
    }


def test_an_old_event_is_given_up_early(events: EventQueue, make_function: MakeFunction, tmp_path: Path) -> None:
    runner, mailbox = FakeRunner(make_function("", retries=2, age=0), lambda _: _WRONG), Mailbox()
    events.put("ToyFunction", "1-2-3", b"{}")
    _run(events, runner, mailbox, tmp_path)
    assert len(runner.seen) == 1
    assert json.loads(mailbox.messages[0][1])["requestContext"]["condition"] == "EventAgeExceeded"


def test_a_destination_that_refuses_is_tried_again_without_another_attempt(
    events: EventQueue, make_function: MakeFunction, tmp_path: Path
) -> None:
    runner, mailbox = FakeRunner(make_function("", retries=0), lambda _: _WRONG), Mailbox(refusals=3)
    events.put("ToyFunction", "1-2-3", b"{}")
    _run(events, runner, mailbox, tmp_path)
    assert len(runner.seen) == 1
    assert len(mailbox.messages) == 1


def test_without_a_destination_a_failure_is_logged(
    events: EventQueue, make_function: MakeFunction, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    runner, mailbox = FakeRunner(make_function("", retries=0), lambda _: _WRONG), Mailbox()
    events.put("ToyFunction", "1-2-3", b"{}")
    _run(events, runner, mailbox, tmp_path, on_failure="")
    assert mailbox.messages == []
    assert "event 1-2-3 is given up" in caplog.text


def test_an_error_of_the_stacks_own_is_no_reason_to_lose_an_event(
    events: EventQueue, make_function: MakeFunction, tmp_path: Path
) -> None:
    answers: Iterator[Outcome | OSError] = iter([OSError("no process"), _OK])

    def answer(_: Invocation) -> Outcome:
        following = next(answers)
        if isinstance(following, OSError):
            raise following
        return following

    runner, mailbox = FakeRunner(make_function(""), answer), Mailbox()
    events.put("ToyFunction", "1-2-3", b"{}")
    _run(events, runner, mailbox, tmp_path)
    assert len(runner.seen) == 2


def test_as_many_events_at_a_time_as_there_is_room_for(events: EventQueue, make_function: MakeFunction, tmp_path: Path) -> None:
    together = threading.Barrier(3)

    def answer(_: Invocation) -> Outcome:
        together.wait(10)  # breaks, and fails the event, unless three come together
        return _OK

    runner, mailbox = FakeRunner(make_function("", retries=0), answer, size=3), Mailbox()
    for number in range(6):
        events.put("ToyFunction", str(number), b"{}")
    _run(events, runner, mailbox, tmp_path)
    assert mailbox.messages == []


def test_what_does_not_end_is_not_waited_for(events: EventQueue, make_function: MakeFunction) -> None:
    begun, release = threading.Event(), threading.Event()

    def answer(_: Invocation) -> Outcome:
        begun.set()
        release.wait(30)
        return _OK

    runner = FakeRunner(make_function(""), answer)
    dispatcher = Dispatcher(events, runner, on_failure="", send=Mailbox().send, retry_seconds=0.01)
    events.put("ToyFunction", "1", b"{}")
    assert begun.wait(10)
    events.stop()
    assert not dispatcher.join(0.05)
    release.set()
    assert dispatcher.join(10)
