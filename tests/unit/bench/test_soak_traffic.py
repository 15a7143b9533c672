"""The soak's readers and writers: which answers do not hold, and what is done and waited for."""

import sys
import threading
import time
from queue import SimpleQueue
from typing import Any

import httpx
import pytest

from support.template import ROOT

if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from bench.soak_asking import Asking
from bench.soak_load import Load, _until
from bench.soak_posts import Plan
from bench.soak_readers import Readers

from postkeep.post import post_id

# ---- What is asked ---------------------------------------------------------------------------------------------------------


def asking(answer: Any, *, excused: bool = False) -> Asking:
    transport = httpx.MockTransport(answer)
    return Asking(httpx.Client(base_url="http://api", transport=transport), lambda *_: excused)


def test_a_failure_is_wrong_unless_it_is_excused() -> None:
    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away")

    for answer in (lambda _: httpx.Response(500, text="oh"), away):
        made = asking(answer)
        assert made.get("/posts", "listing") is None
        assert (made.failed["listing"], len(made.wrong)) == (1, 1)
        assert asking(answer, excused=True).get("/posts", "listing") is None
    excused = asking(away, excused=True)
    excused.get("/posts", "listing")
    assert (excused.failed["listing"], excused.wrong) == (1, [])


def test_a_text_that_is_pending_is_no_failure() -> None:
    made = asking(lambda _: httpx.Response(503, json={"type": "urn:postkeep:problem:text-pending"}))
    assert made.get("/posts/a/text", "text") is not None
    assert (made.failed.total(), made.wrong) == (0, [])


def test_an_answer_that_nobody_expects_is_wrong() -> None:
    made = asking(lambda _: httpx.Response(400, text="bad"))
    assert made.get("/posts", "listing", {"a": "b"}) is not None
    assert "400" in made.wrong[0]
    told: list[str] = []
    made.told = told.append
    made.note("x")
    assert told == ["an answer does not hold: x"]


def view(key: str, **values: Any) -> dict[str, Any]:
    return {
        "id": post_id(key),
        "key": key,
        "status": "ready",
        "published": "2021",
        "content_hash": "x",
        "picture_items": [],
    } | values


def readers(answer: Any, **versions: set[str]) -> Readers:
    plan = Plan(1)
    plan.versions.update(versions)
    return Readers(asking(answer), plan, 1.0, 1)


def pages(*some: list[dict[str, Any]]) -> Any:
    def answer(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("cursor", "0"))
        following = str(number + 1) if number + 1 < len(some) else None
        return httpx.Response(
            200, json={"posts": some[number], "next": following, "more": following is not None}, headers={"etag": "e"}
        )

    return answer


@pytest.mark.parametrize(
    ("some", "said"),
    [
        ([[view("a")], [view("b")]], None),
        ([[view("a")], [view("a")]], "meets 'a' 2 times"),
        ([[view("a")], [view("c")]], "which nobody dropped"),
        ([[view("a", published="2020")], [view("b", published="2021")]], "out of order"),
        ([[view("a", status="deleted")]], "does not fit"),
    ],
)
def test_a_walk_is_checked(some: list[list[dict[str, Any]]], said: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    made = readers(pages(*some), a={"x"}, b={"x"})
    monkeypatch.setattr(Readers, "_filter", lambda _: ({}, lambda post: post["status"] == "ready"))
    made._walk()
    assert (said is None) is (made.asking.wrong == [])
    assert said is None or said in made.asking.wrong[0]
    if said is None:
        made._list()
        made._walk_of_search()
        assert made.asking.wrong == []


def test_a_search_is_checked() -> None:
    made = readers(pages([view("a")], [view("a")]), a={"x"})
    made._walk_of_search()
    assert "2 times" in made.asking.wrong[0]
    made = readers(pages([view("c")]), a={"x"})
    made._search()
    assert "nobody dropped" in made.asking.wrong[0]


def test_what_is_told_of_a_post_was_once_put() -> None:
    made = readers(lambda _: httpx.Response(200, json=view("a")), a={"x"})
    made._post()
    assert made.asking.wrong == []
    for other in (view("a", content_hash="y"), view("b")):
        made = readers(lambda _, other=other: httpx.Response(200, json=other), a={"x"})
        made._post()
        assert "nobody put" in made.asking.wrong[0]


def test_a_thumbnail_has_its_bytes() -> None:
    post = view("a", picture_items=[{"thumbnails": [{"url": "/thumbnails/x", "bytes": 3}]}])
    made = readers(
        lambda request: httpx.Response(200, content=b"12") if "thumb" in request.url.path else httpx.Response(200, json=post),
        a={"x"},
    )
    made._post()
    assert "2 bytes" in made.asking.wrong[0]


def test_a_file_and_a_history_are_checked() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/raw"):
            return httpx.Response(307, headers={"location": "http://bucket/a"})
        if request.url.path.endswith("/revisions"):
            return httpx.Response(200, json={"revisions": [{"version": "1"}, {"version": "1"}]})
        return httpx.Response(200, content=b"what nobody put")

    made = readers(answer, a={"x"})
    made._history()
    assert [said.rpartition("/")[2] for said in made.asking.wrong] == ["revisions has one twice", "raw leads to what nobody put"]


def test_a_mirror_follows_to_the_end() -> None:
    made = readers(pages([view("a"), view("b")], [view("a", status="deleted")]))
    assert made.follow()
    assert {key: post["status"] for key, post in made.mirror.items()} == {"a": "deleted", "b": "ready"}
    away = asking(lambda _: httpx.Response(500), excused=True)
    made.asking = away
    assert not made.follow()


def test_what_nobody_counts_is_wrong() -> None:
    made = readers(lambda _: httpx.Response(200, json={"counts": [{"value": "a", "posts": 0}], "statuses": {}}))
    for _ in range(20):
        made._count()
    assert "what is not there" in made.asking.wrong[0]


def test_readers_tell_of_answers_of_another_shape() -> None:
    made = readers(lambda _: httpx.Response(200, json={}, headers={"etag": "e"}), a={"x"})
    made.rate = 1000.0
    with made.running():
        time.sleep(0.2)
    assert any("KeyError" in said for said in made.asking.wrong)


# ---- What is dropped -------------------------------------------------------------------------------------------------------


class Bucket:
    """S3's client, as far as a load calls it."""

    def __init__(self) -> None:
        self.held: dict[str, bytes | None] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803 - AWS's names
        if b"zq9x" in Body:
            raise OSError(Bucket)
        self.held[Key] = Body

    def delete_object(self, *, Bucket: str, Key: str) -> None:  # noqa: N803
        self.held[Key] = None


def load(answer: Any, rate: float = 400.0) -> tuple[Load, Bucket]:
    bucket = Bucket()
    s3: Any = bucket
    return Load(s3, "b", Plan(3), asking(answer), rate, lambda: "quiet", lambda: 0), bucket


def test_a_load_does_what_was_drawn_and_waits_for_posts() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        identity = request.url.path.rpartition("/")[2]
        if identity == "search":
            return httpx.Response(200, json={"posts": [{"id": post_id(key)} for key in made.plan.versions]})
        return httpx.Response(200, json={"status": "ready"})

    made, bucket = load(answer)
    with made.running():
        time.sleep(0.5)
    state = made.plan.state
    refused = [key for key, content in state.items() if bucket.held.get(key) != content]
    assert made.done.total() > 20
    assert len(made.failures) == 1
    assert len(refused) <= 1
    assert made.waited["quiet"].ready
    assert made.waited["quiet"].findable
    assert made.waited["quiet"].never == []


def test_a_post_that_is_edited_before_it_is_found_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.soak_load._PATIENCE", 0.05)
    monkeypatch.setattr("bench.soak_load._LOOK_SECONDS", 0.01)
    monkeypatch.setattr("bench.soak_load._PAUSE_SECONDS", 0.0)

    def answer(request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/search"):
            return httpx.Response(200, json={"status": "ready"})
        if edited:
            made.plan.known[operation.key].content = b"another"
        return httpx.Response(200, json={"posts": []})

    for edited in (True, False):
        made, _ = load(answer)
        made.warm(20)  # of which nothing is waited for
        operation = next(one for one in iter(made.plan.following, None) if one.kind == "new")
        probes: SimpleQueue[Any] = SimpleQueue()
        made._do(operation, probes)
        made._do(operation, probes)
        assert probes.qsize() == 1, "nobody stands in line"
        probes.put(None)
        made._probe(threading.Event(), probes)
        assert made.waited["quiet"].never == ([] if edited else [operation.key])
        made._do(operation, probes)
        assert probes.qsize() == 1, "the next one's turn"


def test_writers_hold_back_where_too_much_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.soak_load._LOAD_SECONDS", 0.01)
    made, _ = load(lambda _: httpx.Response(404))
    said = iter([81, 60, 41, 39, 41, 80])
    made.waiting = lambda: next(said)
    made._hold_back(threading.Event())
    assert made.held > 0.02
    assert next(said) == 41, "until half of it is done"
    before = made.held
    made._hold_back(threading.Event())
    assert made.held == before
    stop = threading.Event()
    stop.set()
    made.waiting = lambda: 1000
    made._hold_back(stop)


def test_what_never_comes_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    monkeypatch.setattr("bench.soak_load._PATIENCE", -1.0)
    found = _until(lambda: False, time.monotonic(), stop)
    assert found is not None
    assert found < 0
    assert _until(lambda: None, time.monotonic(), stop) is None
    stop.set()
    assert _until(lambda: False, time.monotonic(), stop) is None
