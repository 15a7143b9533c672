"""Redriving over moto: everything arrives where it failed, and nothing is lost."""

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from postkeep import correlation
from postkeep.messages import IndexRequest, RenderRequest, ThumbnailRequest
from postkeep_local.operations.archive import Archive
from postkeep_local.operations.queues import QueueState, QueueUnknown, dead_letter_queue, queue_states
from postkeep_local.operations.redrive import Redrive, Redriven
from unit.cli.deployed import add_function, bodies, fail_into, failure_record, s3_event, send, waiting

if TYPE_CHECKING:
    from collections.abc import Callable

RENDERS = [RenderRequest("a" * 26, n).encode() for n in range(23)]
EVENTS = [s3_event("tea/%E8%8C%B6+1.md"), s3_event("b.md", "c.md")]
DEAD, LIVE, FAILURES = "RenderDeadLetterQueue", "RenderQueue", "ParseFailureQueue"


def redrive(archive: Archive, queue: str, limit: int | None = None, *, dry_run: bool = False) -> Redriven:
    return Redrive(archive, dead_letter_queue(archive, queue), dry_run=dry_run)(limit)


def reasons(outcome: Redriven) -> Counter[str]:
    return Counter(reason for _, reason in outcome.stayed)


def intercept(monkeypatch: pytest.MonkeyPatch, operation: str, change: "Callable[[dict[str, Any]], None]") -> None:
    """Look at the parameters of every call of an operation, and fail it by raising."""
    made = Archive.client

    def client(archive: Archive, service: Any, **more: Any) -> Any:
        found: Any = made(archive, service, **more)
        found.meta.events.register(f"provide-client-params.*.{operation}", lambda params, **_: change(params))
        return found

    monkeypatch.setattr(Archive, "client", client)


@pytest.fixture
def invoked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What Lambda was called with."""
    seen: list[dict[str, Any]] = []
    intercept(monkeypatch, "Invoke", lambda params: seen.append(dict(params)))
    return seen


# ---- Which queues there are ----


def test_the_queues_know_what_comes_into_them(deployed: Archive) -> None:
    states = {state.name: state for state in queue_states(deployed)}
    assert list(states) == sorted(deployed.queues)
    assert [name for name, state in states.items() if state.dead_letters] == [FAILURES, DEAD, "ThumbnailDeadLetterQueue"]
    assert states[DEAD].sources == {states[LIVE].arn: deployed.queues[LIVE]}
    assert states[DEAD].retention == 1_209_600
    assert states["ThumbnailDeadLetterQueue"].retention == 345_600
    assert states[FAILURES].functions == {"ParseFunction": deployed.functions["ParseFunction"]}


def test_messages_are_counted_by_where_they_are(deployed: Archive) -> None:
    send(deployed, LIVE, "1", "2", "3")
    sqs, url = deployed.client("sqs"), deployed.queues[LIVE]
    sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=600)
    sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)
    state = next(state for state in queue_states(deployed) if state.name == LIVE)
    assert (state.waiting, state.in_flight) == (3, 1)


def test_a_function_without_a_destination_is_no_reason_to_stop(deployed: Archive) -> None:
    add_function(deployed, "other")
    more = replace(deployed, functions={**deployed.functions, "OtherFunction": "other"})
    assert dead_letter_queue(more, FAILURES).functions.keys() == {"ParseFunction"}


def test_lambdas_refusals_are_not_hidden(deployed: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetFunctionEventInvokeConfig")

    intercept(monkeypatch, "GetFunctionEventInvokeConfig", refuse)
    with pytest.raises(ClientError, match="AccessDenied"):
        queue_states(deployed)


@pytest.mark.parametrize("name", [LIVE, "nothing"])
def test_only_dead_letter_queues_are_redriven(deployed: Archive, name: str) -> None:
    with pytest.raises(QueueUnknown, match=rf"keep has no dead-letter queue {name}; there are: {FAILURES}, {DEAD}, Thumb"):
        dead_letter_queue(deployed, name)


# ---- Requests ----


def test_requests_go_back_to_the_queue_that_they_failed_in(deployed: Archive) -> None:
    thumbnail = ThumbnailRequest("a" * 26, "b" * 26, "00000001-0001", "https://pictures.postkeep.example/茶.jpg", "").encode()
    send(deployed, DEAD, *RENDERS)
    index = IndexRequest("a" * 26).encode()
    send(deployed, "ThumbnailDeadLetterQueue", thumbnail, index)
    assert redrive(deployed, DEAD) == Redriven(23, [])
    assert redrive(deployed, "ThumbnailDeadLetterQueue") == Redriven(2, [])
    assert sorted(bodies(deployed, LIVE)) == sorted(RENDERS)
    assert sorted(bodies(deployed, "ThumbnailQueue")) == sorted([thumbnail, index])
    assert bodies(deployed, DEAD) == bodies(deployed, "ThumbnailDeadLetterQueue") == []


def test_requests_keep_the_cause_that_they_had(deployed: Archive) -> None:
    sqs = deployed.client("sqs")
    attributes: Any = correlation.attributes("4E2F6A0B")
    sqs.send_message(QueueUrl=deployed.queues[DEAD], MessageBody=RENDERS[0], MessageAttributes=attributes)
    send(deployed, DEAD, RENDERS[1])  # of a version that knew of none
    with correlation.caused_by("redrive-1"):
        assert redrive(deployed, DEAD) == Redriven(2, [])
    found = sqs.receive_message(QueueUrl=deployed.queues[LIVE], MaxNumberOfMessages=10, MessageAttributeNames=["All"])["Messages"]
    causes = {message["Body"]: correlation.of_attributes(message["MessageAttributes"]) for message in found}
    assert causes == {RENDERS[0]: "4E2F6A0B", RENDERS[1]: "redrive-1"}


def test_progress_is_told(deployed: Archive) -> None:
    send(deployed, DEAD, *RENDERS)
    totals: list[int] = []
    told: list[int] = []
    Redrive(deployed, dead_letter_queue(deployed, DEAD))(started=totals.append, done=told.append)
    assert (totals, told) == ([23], [10, 20, 23])


def test_no_more_than_asked_for(deployed: Archive) -> None:
    send(deployed, DEAD, *RENDERS)
    assert redrive(deployed, DEAD, 12).sent == 12
    assert (waiting(deployed, DEAD), waiting(deployed, LIVE)) == (11, 12)
    assert redrive(deployed, DEAD, 100).sent == 11


def test_an_empty_queue_is_no_trouble(deployed: Archive) -> None:
    assert redrive(deployed, DEAD) == Redriven()


def test_a_dry_run_moves_nothing(deployed: Archive, invoked: list[dict[str, Any]]) -> None:
    send(deployed, DEAD, *RENDERS, "hello")
    send(deployed, FAILURES, failure_record(EVENTS[0]))
    outcome = redrive(deployed, DEAD, dry_run=True)
    assert (outcome.sent, reasons(outcome)) == (23, {"not understood: not JSON": 1})
    assert redrive(deployed, FAILURES, dry_run=True).sent == 1
    assert invoked == []
    assert (waiting(deployed, DEAD), waiting(deployed, LIVE), waiting(deployed, FAILURES)) == (24, 0, 1)


def test_what_cannot_be_understood_stays(deployed: Archive) -> None:
    later = RENDERS[0].replace('"v":1', '"v":2')
    send(deployed, DEAD, "hello", RENDERS[0], later, RENDERS[1])
    outcome = redrive(deployed, DEAD)
    assert outcome.sent == 2
    assert reasons(outcome) == {"not understood: not JSON": 1, "not understood: not a render of version 1": 1}
    assert waiting(deployed, DEAD) == 2
    assert sorted(bodies(deployed, DEAD)) == sorted(["hello", later])


def test_what_fails_again_at_once_does_not_keep_it_running(deployed: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    send(deployed, DEAD, *RENDERS)
    again = deployed.client("sqs")

    def fail_again(params: dict[str, Any]) -> None:
        for entry in params["Entries"]:
            again.send_message(QueueUrl=deployed.queues[DEAD], MessageBody=entry["MessageBody"])

    intercept(monkeypatch, "SendMessageBatch", fail_again)
    assert redrive(deployed, DEAD).sent == 23
    assert waiting(deployed, DEAD) == 23


def test_many_that_stay_are_met_once(deployed: Archive) -> None:
    send(deployed, DEAD, *(f"no {n}" for n in range(15)), *RENDERS)
    outcome = redrive(deployed, DEAD)
    assert (outcome.sent, len(outcome.stayed)) == (23, 15)
    assert len({letter.id for letter, _ in outcome.stayed}) == 15
    assert waiting(deployed, DEAD) == 15


def test_a_message_that_stays_and_comes_again_is_counted_once(deployed: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the time is over for which messages are held."""
    send(deployed, DEAD, "no")
    redriving = Redrive(deployed, replace(dead_letter_queue(deployed, DEAD), waiting=5))
    made = redriving._sqs.receive_message
    rounds: list[int] = []

    def receive(**parameters: Any) -> Any:
        rounds.append(1)
        return made(**{**parameters, "VisibilityTimeout": 0 if len(rounds) < 3 else 60})

    monkeypatch.setattr(redriving._sqs, "receive_message", receive)
    outcome = redriving()
    assert (outcome.sent, len(outcome.stayed), len(rounds)) == (0, 1, 4)
    assert waiting(deployed, DEAD) == 1


def test_large_messages_go_in_calls_of_their_own(deployed: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    large = [
        ThumbnailRequest("a" * 26, "b" * 26, "00000001-0001", "https://x.example/" + "茶" * 20_000, str(n)).encode()
        for n in range(7)
    ]
    calls: list[int] = []
    intercept(monkeypatch, "SendMessageBatch", lambda params: calls.append(len(params["Entries"])))
    send(deployed, "ThumbnailDeadLetterQueue", *large)
    assert redrive(deployed, "ThumbnailDeadLetterQueue").sent == 7
    assert calls == [3, 3, 1]
    assert sorted(bodies(deployed, "ThumbnailQueue")) == sorted(large)


@pytest.mark.parametrize("taken", [0, 2])
def test_what_a_queue_refuses_stays(deployed: Archive, monkeypatch: pytest.MonkeyPatch, taken: int) -> None:
    send(deployed, DEAD, *RENDERS[: taken + 1])
    redriving = Redrive(deployed, dead_letter_queue(deployed, DEAD))
    made = redriving._sqs.send_message_batch

    def refuse(**parameters: Any) -> Any:
        *others, refused = parameters["Entries"]
        for entry in others:
            made(QueueUrl=parameters["QueueUrl"], Entries=[entry])
        return {"Successful": others, "Failed": [{"Id": refused["Id"], "Code": "InternalError", "SenderFault": False}]}

    monkeypatch.setattr(redriving._sqs, "send_message_batch", refuse)
    outcome = redriving()
    assert (outcome.sent, reasons(outcome)) == (taken, {"it could not be sent: InternalError": 1})
    assert (waiting(deployed, DEAD), waiting(deployed, LIVE)) == (1, taken)


def test_what_cannot_be_deleted_is_said_to_be_there_still(deployed: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    send(deployed, DEAD, RENDERS[0])
    redriving = Redrive(deployed, dead_letter_queue(deployed, DEAD))
    failed = {"Failed": [{"Id": "0", "Code": "InternalError", "SenderFault": False}]}
    monkeypatch.setattr(redriving._sqs, "delete_message_batch", lambda **_: failed)
    outcome = redriving()
    assert reasons(outcome) == {"it was sent again, but could not be deleted here: InternalError": 1}
    assert (waiting(deployed, DEAD), waiting(deployed, LIVE)) == (1, 1)


@pytest.mark.parametrize("operation", ["SendMessageBatch", "DeleteMessageBatch"])
def test_a_service_that_refuses_costs_no_message(deployed: Archive, monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    def refuse(_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, operation)

    send(deployed, DEAD, *RENDERS)
    intercept(monkeypatch, operation, refuse)
    with pytest.raises(ClientError, match="AccessDenied"):
        redrive(deployed, DEAD)
    assert waiting(deployed, DEAD) == 23


def two_sources(deployed: Archive) -> QueueState:
    """The same queue, if another one's dead letters came into it too."""
    queue = dead_letter_queue(deployed, DEAD)
    return replace(queue, sources={**queue.sources, "arn:other": deployed.queues["ThumbnailQueue"]})


def test_where_several_queues_fail_into_one_and_sqs_does_not_say_which_it_stays(deployed: Archive) -> None:
    send(deployed, DEAD, RENDERS[0])
    outcome = Redrive(deployed, replace(two_sources(deployed), waiting=1))()
    assert reasons(outcome) == {"it is not known which queue it came from": 1}
    assert waiting(deployed, DEAD) == 1


def test_the_source_that_sqs_names_is_believed(deployed: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    send(deployed, DEAD, RENDERS[0])
    redriving = Redrive(deployed, replace(two_sources(deployed), waiting=1))
    made = redriving._sqs.receive_message

    def name_source(**parameters: Any) -> Any:
        answer = made(**parameters)
        for message in answer.get("Messages", []):
            message["Attributes"]["DeadLetterQueueSourceArn"] = "arn:other"
        return answer

    monkeypatch.setattr(redriving._sqs, "receive_message", name_source)
    assert redriving().sent == 1
    assert bodies(deployed, "ThumbnailQueue") == [RENDERS[0]]


# ---- Failed invocations ----


def test_failed_events_are_given_to_their_function_again(deployed: Archive, invoked: list[dict[str, Any]]) -> None:
    send(deployed, FAILURES, *(failure_record(event) for event in EVENTS))
    assert redrive(deployed, FAILURES) == Redriven(2, [])
    assert {call["FunctionName"] for call in invoked} == {deployed.functions["ParseFunction"]}
    assert {call["InvocationType"] for call in invoked} == {"Event"}
    assert sorted((json.loads(call["Payload"]) for call in invoked), key=str) == sorted(EVENTS, key=str)
    assert bodies(deployed, FAILURES) == []


def test_a_function_is_called_by_its_alias_whose_failures_these_are(
    deployed: Archive, invoked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []
    intercept(monkeypatch, "GetFunctionEventInvokeConfig", lambda call: asked.append((call["FunctionName"], call["Qualifier"])))
    name = deployed.functions["ParseFunction"]
    aliased = replace(deployed, functions={"ParseFunction": f"{name}:live"})
    send(deployed, FAILURES, failure_record(EVENTS[0], name), failure_record(EVENTS[1], "replaced"))
    queue = dead_letter_queue(aliased, FAILURES)
    assert asked == [(name, "live")]
    assert Redrive(aliased, queue)().sent == 2
    assert [call["FunctionName"] for call in invoked] == [f"{name}:live"] * 2


def test_only_the_archives_own_functions_are_invoked(deployed: Archive, invoked: list[dict[str, Any]]) -> None:
    """A record that names another function cannot have that one invoked."""
    add_function(deployed, "other")
    more = replace(deployed, functions={**deployed.functions, "OtherFunction": "other"})
    fail_into(more, "OtherFunction", FAILURES)
    send(deployed, FAILURES, failure_record(EVENTS[0], "strangers"), failure_record(EVENTS[1], "other"))
    outcome = redrive(more, FAILURES)
    assert (outcome.sent, reasons(outcome)) == (1, {"no function strangers fails into this queue": 1})
    assert [call["FunctionName"] for call in invoked] == ["other"]
    assert waiting(deployed, FAILURES) == 1


@pytest.mark.parametrize(("code", "stays"), [("RequestTooLargeException", True), ("TooManyRequestsException", False)])
def test_an_event_that_lambda_refuses_stays(deployed: Archive, monkeypatch: pytest.MonkeyPatch, code: str, stays: bool) -> None:
    def refuse(params: dict[str, Any]) -> None:
        if json.loads(params["Payload"]) == EVENTS[0]:
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "Invoke")

    send(deployed, FAILURES, failure_record(EVENTS[1]), failure_record(EVENTS[0]))
    intercept(monkeypatch, "Invoke", refuse)
    if stays:
        outcome = redrive(deployed, FAILURES)
        assert (outcome.sent, reasons(outcome)) == (1, {f"Lambda does not take it: {code}": 1})
    else:
        with pytest.raises(ClientError, match=code):
            redrive(deployed, FAILURES)
    assert [json.loads(body)["requestPayload"] for body in bodies(deployed, FAILURES)] == [EVENTS[0]]
