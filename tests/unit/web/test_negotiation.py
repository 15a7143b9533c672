import pytest
from hypothesis import given
from hypothesis import strategies as st

from postkeep.web.negotiation import preferred

OFFERS = ["text/markdown", "text/plain"]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "text/markdown"),
        ("*/*", "text/markdown"),
        ("text/*", "text/markdown"),
        ("text/plain", "text/plain"),
        ("TEXT/Plain; charset=utf-8", "text/plain"),
        ("text/markdown;q=0.5, text/plain;q=0.9", "text/plain"),
        ("text/plain;q=0, */*", "text/markdown"),
        ("text/markdown;q=0,text/*;q=0.1", "text/plain"),
        ("text/html, */*;q=0.1", "text/markdown"),
        ("image/*", None),
        ("text/html", None),
        ("*/*;q=0", None),
        (",;=,", None),
    ],
)
def test_the_preferred_offer_is_chosen(accept: str, expected: str | None) -> None:
    assert preferred(accept, OFFERS) == expected


@given(st.text("*/;,=q01.textplin ", max_size=60))
def test_any_header_has_an_answer(accept: str) -> None:
    assert preferred(accept, OFFERS) in {*OFFERS, None}
