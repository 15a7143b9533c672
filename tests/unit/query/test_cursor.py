import pytest
from hypothesis import given
from hypothesis import strategies as st

from postkeep.errors import CursorInvalid
from query_posts.cursor import decode, encode

QUERIES = st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), QUERIES)
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
    assert set(encode("2021-06-29T01:39:02.123Z#~~~???", {})) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    )
