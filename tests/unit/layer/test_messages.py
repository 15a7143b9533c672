import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postkeep.errors import MessageInvalid
from postkeep.messages import IndexRequest, RenderRequest, ThumbnailRequest


@given(st.text(), st.integers(0))
def test_a_render_request_survives_the_queue(post_id: str, generation: int) -> None:
    request = RenderRequest(post_id, generation)
    assert RenderRequest.decode(request.encode()) == request


@given(st.lists(st.text(), min_size=5, max_size=5))
def test_a_thumbnail_request_survives_the_queue(values: list[str]) -> None:
    request = ThumbnailRequest(*values)
    assert ThumbnailRequest.decode(request.encode()) == request


def test_an_index_request_survives_the_queue() -> None:
    assert IndexRequest.decode(IndexRequest("a").encode()) == IndexRequest("a")
    with pytest.raises(MessageInvalid):
        IndexRequest.decode(RenderRequest("a", 1).encode())


def test_the_form_never_changes_without_its_version() -> None:
    # Messages wait in queues while a new version is deployed.
    assert RenderRequest("a", 2).encode() == '{"kind":"render","v":1,"post_id":"a","generation":2}'
    assert RenderRequest("a", 2, force=True).encode() == '{"kind":"render","v":1,"post_id":"a","generation":2,"force":true}'
    assert RenderRequest.decode(RenderRequest("a", 2, force=True).encode()).force
    assert RenderRequest("a", 2, rules=7).encode() == '{"kind":"render","v":1,"post_id":"a","generation":2,"rules":7}'
    assert RenderRequest.decode(RenderRequest("a", 2, rules=7).encode()).rules == 7
    assert IndexRequest("a").encode() == '{"kind":"index","v":1,"post_id":"a"}'
    assert ThumbnailRequest("a", "b", "e", "c", "d").encode() == (
        '{"kind":"thumbnail","v":1,"post_id":"a","picture_id":"b","edition":"e","address":"c","referer":"d"}'
    )


GOOD = {"kind": "render", "v": 1, "post_id": "a", "generation": 1}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 50_000,
        "x" * 70_000,
        json.dumps({**GOOD, "v": 2}),
        json.dumps({**GOOD, "kind": "thumbnail"}),
        json.dumps({**GOOD, "generation": "1"}),
        json.dumps({**GOOD, "generation": True}),
        json.dumps({**GOOD, "more": 1}),
        json.dumps({**GOOD, "force": 1}),
        json.dumps({**GOOD, "rules": "7"}),
        json.dumps({"kind": "render", "v": 1, "post_id": "a"}),
    ],
)
def test_what_is_no_request_is_refused(body: str) -> None:
    with pytest.raises(MessageInvalid):
        RenderRequest.decode(body)
