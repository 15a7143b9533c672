import json
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postkeep_local.stack.events import EventQueue, is_asynchronous, objects_of, parse, pending


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.sqlite3"


@pytest.fixture
def events(path: Path) -> Iterator[EventQueue]:
    queue = EventQueue(path)
    yield queue
    queue.close()


def _put(events: EventQueue, number: int, function: str = "Parse") -> None:
    events.put(function, f"request {number}", f"{number}".encode())


def test_events_come_out_in_their_order_once_each(events: EventQueue, path: Path) -> None:
    for number in range(3):
        _put(events, number)
    _put(events, 9, "Other")
    taken = [events.take("Parse") for _ in range(3)]
    assert [event.payload for event in taken if event] == [b"0", b"1", b"2"]
    assert pending(path) == (1, 3)
    for event in taken:
        assert event
        events.done(event)
    assert pending(path) == (1, 0)


def test_a_taker_waits_for_an_event(events: EventQueue) -> None:
    with ThreadPoolExecutor(1) as executor:
        taking = executor.submit(events.take, "Parse")
        _put(events, 1)
        event = taking.result(10)
    assert event
    assert (event.request_id, event.attempts, event.failure) == ("request 1", 0, None)


def test_a_postponed_event_comes_back_with_its_attempt_counted(events: EventQueue) -> None:
    _put(events, 1)
    first = events.take("Parse")
    assert first
    events.postpone(first, 0.01, failure="record")
    again = events.take("Parse")
    assert again
    assert (again.id, again.attempts, again.failure, again.received) == (first.id, 1, "record", first.received)


def test_one_that_is_not_due_lets_others_pass(events: EventQueue) -> None:
    _put(events, 1)
    first = events.take("Parse")
    assert first
    events.postpone(first, 3600)
    _put(events, 2)
    second = events.take("Parse")
    assert second
    assert second.payload == b"2"


def test_stopping_ends_the_waiting_and_keeps_the_events(events: EventQueue, path: Path) -> None:
    with ThreadPoolExecutor(2) as executor:
        taking = [executor.submit(events.take, "Parse") for _ in range(2)]
        events.stop()
        assert [future.result(10) for future in taking] == [None, None]
    _put(events, 1)
    assert events.take("Parse") is None
    assert pending(path) == (1, 0)


def test_nothing_is_lost_when_the_owner_is_gone(path: Path) -> None:
    first = EventQueue(path)
    _put(first, 1)
    _put(first, 2)
    assert first.take("Parse")
    # It is not closed: this is all that a killed owner leaves behind.
    second = EventQueue(path)
    assert pending(path) == (2, 0)
    taken = [second.take("Parse"), second.take("Parse")]
    assert [event.payload for event in taken if event] == [b"1", b"2"]
    second.close()
    first.close()


def test_many_takers_share_the_events_out(events: EventQueue) -> None:
    count = 200
    taken: list[bytes] = []
    lock = threading.Lock()

    def work() -> None:
        while event := events.take("Parse"):
            with lock:
                taken.append(event.payload)
                finished = len(taken) == count
            events.done(event)
            if finished:
                events.stop()

    with ThreadPoolExecutor(4) as executor:
        workers = [executor.submit(work) for _ in range(4)]
        for number in range(count):
            _put(events, number)
        for worker in workers:
            worker.result(60)
    assert sorted(map(int, taken)) == list(range(count))


def test_the_last_event_of_an_object_is_known_however_they_arrive(events: EventQueue) -> None:
    def see(version: str, sequencer: str) -> None:
        events.put("Parse", "r", b"{}", seen=[("bucket", "a.md", version, sequencer)])

    see("two", "0B")
    see("one", "0A")
    assert events.seen("bucket") == {"a.md": "two"}
    see("three", "0C")
    assert events.seen("bucket") == {"a.md": "three"}
    see("four", "")  # what a listing showed is the newest there is
    assert events.seen("bucket") == {"a.md": "four"}
    see("five", "0D")
    assert events.seen("bucket") == {"a.md": "five"}
    assert events.seen("another") == {}


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"not a database, but long enough to be read as one" * 20)
    with pytest.raises(sqlite3.DatabaseError):
        EventQueue(path)


def _s3_event(key: str, **item: Any) -> dict[str, Any]:
    return {"Records": [{"eventSource": "aws:s3", "s3": {"bucket": {"name": "b"}, "object": {"key": key, **item}}}]}


def test_objects_are_named_as_they_are() -> None:
    event = _s3_event("a/%E9%9B%A8+%231.md", versionId="v", sequencer="0a")
    assert objects_of(event) == [("b", "a/雨 #1.md", "v", "0A".rjust(32, "0"))]
    assert objects_of(_s3_event("x", versionId="")) == [("b", "x", "", "0" * 32)]
    assert objects_of(_s3_event("x", sequencer="1")) == [("b", "x", "", "1".rjust(32, "0"))]
    assert objects_of(_s3_event("x")) == [], "it asks for a check, and tells of no state"
    assert objects_of({"Records": [{"eventSource": "aws:sqs"}]}) == []


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (_s3_event("a"), True),
        ({"Records": [{"EventSource": "aws:sns"}]}, True),
        ({"source": "aws.events", "detail-type": "Scheduled Event"}, True),
        ({"Records": [{"eventSource": "aws:sqs"}]}, False),
        ({"version": "2.0", "rawPath": "/"}, False),
        ({"Records": []}, False),
        ({"Records": "aws:s3"}, False),
        ({"Records": ["aws:s3"]}, False),
        (None, False),
        (["aws:s3"], False),
    ],
)
def test_which_events_are_asynchronous(event: Any, expected: bool) -> None:
    assert is_asynchronous(event) is expected


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["Records", "source", "eventSource"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(_JSON)
def test_no_event_upsets_the_question(event: Any) -> None:
    assert is_asynchronous(event) in {True, False}
    assert parse(json.dumps(event).encode()) == event


def test_what_is_no_json_is_nothing() -> None:
    assert parse(b"{") is None
    assert parse(b"\xff") is None
