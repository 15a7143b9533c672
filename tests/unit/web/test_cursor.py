import base64
import json
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postkeep.errors import CursorExpired, CursorInvalid
from postkeep.web.cursor import LIFE, Cursors, Place, decode, encode
from support.posts import EPOCH

QUERIES = st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3)
ORDERS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
PLACE = Place("2021-06-29T01:39:02.123Z#abc", "tag")
URL_SAFE = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def cursors(key: str = "key", now: datetime = EPOCH) -> Cursors:
    return Cursors(key, lambda: now)


@given(ORDERS, st.sampled_from(["", "author", "tag"]), QUERIES)
def test_a_signed_cursor_gives_back_its_place(after: str, chosen: str, query: dict[str, str]) -> None:
    made = cursors().encode(Place(after, chosen), query)
    assert cursors().decode(made, query) == Place(after, chosen)
    assert set(made) <= URL_SAFE


@given(QUERIES, QUERIES)
def test_a_signed_cursor_holds_for_its_own_query_alone(one: dict[str, str], other: dict[str, str]) -> None:
    if one != other:
        with pytest.raises(CursorInvalid, match="other filters, or in another order"):
            cursors().decode(cursors().encode(PLACE, one), other)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_signed_cursor_that_was_changed_anywhere_is_refused(at: int, flip: int) -> None:
    raw = bytearray(base64.urlsafe_b64decode(cursors().encode(PLACE, {}) + "=="))
    raw[at % len(raw)] ^= flip
    changed = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    with pytest.raises(CursorInvalid, match="damaged"):
        cursors().decode(changed, {})


@given(st.text(max_size=600))
def test_any_text_is_refused_as_a_signed_cursor(text: str) -> None:
    with pytest.raises(CursorInvalid):
        cursors().decode(text, {})


def test_a_signed_cursor_is_refused_once_the_key_is_another() -> None:
    made = cursors("old").encode(PLACE, {})
    with pytest.raises(CursorInvalid, match="before the key of cursors was changed; begin anew"):
        cursors("new").decode(made, {})


def test_a_cursor_of_before_they_were_signed_is_refused() -> None:
    with pytest.raises(CursorInvalid, match="begin anew"):
        cursors().decode(encode(PLACE.after, {}), {})


def test_a_signed_cursor_is_no_unsigned_one() -> None:
    with pytest.raises(CursorInvalid):
        decode(cursors().encode(PLACE, {}), {})


def test_a_cursor_of_a_later_version_is_refused() -> None:
    raw = json.dumps([3, "something else"]).encode()
    made = base64.urlsafe_b64encode(cursors()._mac(raw) + raw).decode().rstrip("=")
    with pytest.raises(CursorInvalid, match="another version"):
        cursors().decode(made, {})


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\xff", b"null", b"[]", b"{}", b"[2]", b"[2,1,2,3,4]", b'[2,"1","a","","b"]', b'[2,true,"a","","b"]',
        b'[2,NaN,"a","","b"]', b'[2,1,"a","",null]', b'[2,1,"a",[],"b"]', b'[2,1,"a","","b",0]', b"[" * 300,
    ],
)  # fmt: skip
def test_what_is_signed_and_no_cursor_is_refused(content: bytes) -> None:
    # Whoever has found the key gets no faults by it.
    made = base64.urlsafe_b64encode(cursors()._mac(content) + content).decode().rstrip("=")
    with pytest.raises(CursorInvalid):
        cursors().decode(made, {})


def test_a_signed_cursor_is_good_for_days() -> None:
    made = cursors().encode(PLACE, {})
    assert cursors(now=EPOCH + LIFE - timedelta(seconds=2)).decode(made, {}) == PLACE
    with pytest.raises(CursorExpired, match="older than 7 days"):
        cursors(now=EPOCH + LIFE).decode(made, {})


def test_the_longest_cursor_is_taken() -> None:
    longest = Place("2021-06-29T01:39:02.123Z#" + "a" * 26, "has_image")
    assert len(cursors().encode(longest, {})) < 250


@given(ORDERS, QUERIES)
def test_a_cursor_gives_back_its_place(after: str, query: dict[str, str]) -> None:
    assert decode(encode(after, query), query) == after


@given(QUERIES, QUERIES)
def test_a_cursor_holds_for_its_own_query_alone(one: dict[str, str], other: dict[str, str]) -> None:
    if one != other:
        with pytest.raises(CursorInvalid, match="other filters"):
            decode(encode("a", one), other)


@given(st.text(max_size=600))
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    with pytest.raises(CursorInvalid):
        decode(text, {})


@pytest.mark.parametrize("raw", ["bnVsbA", "W10", "WzEsMl0", "WzEsImEiLDNd", "WzIsImEiLCJiIl0", "e30", "A" * 601])
def test_what_only_looks_like_a_cursor_is_refused(raw: str) -> None:
    with pytest.raises(CursorInvalid):
        decode(raw, {})


def test_a_cursor_is_safe_in_an_address() -> None:
    assert set(encode("2021-06-29T01:39:02.123Z#~~~???", {})) <= URL_SAFE
