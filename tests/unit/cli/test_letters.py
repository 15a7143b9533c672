"""What dead letters say, and that looking takes nothing."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from postkeep.errors import MessageInvalid
from postkeep.messages import IndexRequest, RenderRequest, ThumbnailRequest, _Message
from postkeep_local.operations.archive import Archive
from postkeep_local.operations.letters import Failure, holding, look, read
from unit.cli.deployed import bodies, failure_record, s3_event, send, waiting

RENDER = RenderRequest("a" * 26, 3)
THUMBNAIL = ThumbnailRequest("a" * 26, "b" * 26, "00000001-0001", "https://pictures.postkeep.example/茶.jpg", "")
QUEUE = "RenderDeadLetterQueue"


def deep(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


def test_requests_of_every_kind_are_read() -> None:
    requests = [RENDER, THUMBNAIL, IndexRequest("a" * 26)]
    assert [read(request.encode()) for request in requests] == requests
    assert {type(request).__name__ for request in requests} == {kind.__name__ for kind in _Message.__subclasses__()}


def test_a_failed_invocation_is_read() -> None:
    found = read(failure_record(s3_event("tea/%E8%8C%B6+1.md", "b.md")))
    assert isinstance(found, Failure)
    assert (found.function, found.keys) == ("parse", ("tea/茶 1.md", "b.md"))
    assert (found.condition, found.attempts) == ("RetriesExhausted", 3)
    assert (found.error, found.message) == ("ReadTimeout", "茶 is not available")
    assert json.loads(found.payload) == s3_event("tea/%E8%8C%B6+1.md", "b.md")


@pytest.mark.parametrize(
    ("response", "error", "message"),
    [
        (None, "", ""),
        ("it broke", "", "it broke"),
        ({}, "", ""),
        ({"errorType": 1, "errorMessage": ["x"]}, "", ""),
        ([], "", ""),
    ],
)
def test_an_answer_of_any_form_is_taken(response: Any, error: str, message: str) -> None:
    found = read(failure_record(s3_event("a.md"), responsePayload=response))
    assert isinstance(found, Failure)
    assert (found.error, found.message) == (error, message)


def test_an_event_that_was_never_tried_has_no_answer() -> None:
    record = json.loads(failure_record(s3_event("a.md")))
    del record["responsePayload"]
    record["requestContext"] = {"functionArn": "x", "approximateInvokeCount": "many", "condition": None}
    found = read(json.dumps(record))
    assert isinstance(found, Failure)
    assert (found.function, found.condition, found.attempts) == ("", "", 0)


@pytest.mark.parametrize(
    ("body", "trouble"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("1" * 5_000, "not JSON"),
        ("null", "neither"),
        ("[]", "neither"),
        ('{"kind":["render"]}', "neither"),
        ('{"kind":"sing"}', "neither"),
        ('{"kind":"render"}', "not a render of version 1"),
        ('{"kind":"render","v":2,"post_id":"a","generation":1}', "not a render of version 1"),
        ('{"kind":"render","v":1,"post_id":7,"generation":1}', "fields"),
        ('{"kind":"thumbnail","v":1}', "fields"),
        (RenderRequest("a" * 70_000, 1).encode(), "characters"),
        (failure_record([]), "neither"),
        (failure_record("x"), "neither"),
        (failure_record({}), "posts bucket"),
        (failure_record({"Records": []}), "posts bucket"),
        (failure_record({"Records": {"s3": 1}}), "posts bucket"),
        (failure_record({"Records": [*s3_event("a.md")["Records"], {"s3": {"object": {"key": 1}}}]}), "posts bucket"),
        (failure_record(s3_event("a.md") | {"x": float("nan")}), "not JSON"),
        (failure_record(s3_event("a.md") | {"x": 1}).replace('"x": 1', '"x": 1e999'), "not JSON"),
        (failure_record(s3_event("a.md"), requestContext=None), "neither"),
        (failure_record(s3_event("a.md"), requestContext={"functionArn": 1}), "neither"),
    ],
)
def test_what_cannot_be_understood_is_said(body: str, trouble: str) -> None:
    with pytest.raises(MessageInvalid, match=trouble):
        read(body)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_any_payload_is_read_or_refused(payload: Any) -> None:
    for body in (
        json.dumps(payload),
        failure_record(payload),
        failure_record({"Records": payload}),
        failure_record(s3_event("a"), x=payload),
    ):
        try:
            found = read(body)
        except MessageInvalid:
            continue
        assert isinstance(found, Failure)


def test_a_payload_nested_deeply_harms_nobody() -> None:
    for levels in (500, 5_000, 50_000):
        body = failure_record(s3_event("a.md") | {"x": 1}).replace('"x": 1', f'"x": {deep(levels)}')
        try:
            assert isinstance(read(body), Failure)
        except MessageInvalid as error:
            assert "not JSON" in str(error)  # noqa: PT017 (either is right, by the depth)


# ---- Looking ----


def test_looking_takes_nothing_and_may_be_repeated(deployed: Archive) -> None:
    sent = [RenderRequest("a" * 26, n).encode() for n in range(23)]
    send(deployed, QUEUE, *sent)
    sqs, url = deployed.client("sqs"), deployed.queues[QUEUE]
    for round_ in (1, 2):
        letters = look(sqs, url, 100)
        assert sorted(letter.body for letter in letters) == sorted(sent)
        assert {letter.receives for letter in letters} == {round_}
        assert [letter.sent for letter in letters] == sorted(letter.sent for letter in letters)
    assert waiting(deployed, QUEUE) == 23
    assert sorted(bodies(deployed, QUEUE)) == sorted(sent)


@pytest.mark.parametrize(("most", "seen"), [(1, 1), (12, 12), (15, 15), (40, 15), (0, 0)])
def test_looking_stops_where_it_is_told(deployed: Archive, most: int, seen: int) -> None:
    send(deployed, QUEUE, *(str(n) for n in range(15)))
    assert len(look(deployed.client("sqs"), deployed.queues[QUEUE], most)) == seen
    assert waiting(deployed, QUEUE) == 15


def test_what_is_held_is_given_back_if_something_fails(deployed: Archive) -> None:
    send(deployed, QUEUE, *(str(n) for n in range(12)))
    sqs, url = deployed.client("sqs"), deployed.queues[QUEUE]

    def fail() -> None:
        with holding(sqs, url) as held:
            assert [len(held.take(10, seconds=60)) for _ in range(2)] == [10, 2]
            assert waiting(deployed, QUEUE) == 0
            raise ClientError({}, "x")

    with pytest.raises(ClientError):
        fail()
    assert waiting(deployed, QUEUE) == 12


def test_a_letter_says_why_it_is_here(deployed: Archive) -> None:
    expired = failure_record(s3_event("a.md"), responsePayload=None)
    nameless = failure_record(s3_event("a.md"), responsePayload=None, requestContext={"functionArn": ""})
    send(deployed, QUEUE, RENDER.encode(), THUMBNAIL.encode(), failure_record(s3_event("a.md")), expired, nameless, "hello")
    reasons = {letter.reason for letter in look(deployed.client("sqs"), deployed.queues[QUEUE], 10)}
    assert reasons == {
        "render request",
        "thumbnail request",
        "ReadTimeout",
        "RetriesExhausted",
        "failed invocation",
        "not understood: not JSON",
    }
