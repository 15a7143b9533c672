from typing import Annotated, Any

import pytest
from msgspec import Meta

from postkeep.web.problems import Problem
from postkeep.web.routing import Parameter

type Word = Annotated[str, Meta(pattern="^[a-z]+$")]
type Spaced = Annotated[str, Meta(pattern=r"^\s*[a-z]+\s*$")]
type Begun = Annotated[str, Meta(pattern="^[a-z]+:")]
type Natural = Annotated[int, Meta(ge=0)]
type Few = Annotated[int, Meta(ge=1, le=100)]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Word, "tea", "tea"),
        (Spaced, "tea\n", "tea\n"),
        (Spaced, "tea\r\n \n", "tea\r\n \n"),
        (Begun, "tea:\n", "tea:\n"),
        (Natural, "0", 0),
        (Natural, "9" * 19, int("9" * 19)),
        pytest.param(Natural, "9" * 4000, int("9" * 4000), id="4,000 digits"),
    ],
)
def test_what_the_document_allows_is_read(kind: Any, text: str, value: Any) -> None:
    assert Parameter("given", kind).read(text) == value


@pytest.mark.parametrize(
    ("kind", "text", "wanted"),
    [
        (Word, "tea\n", "no line feed"),
        (Word, "tea\n\n", "no line feed"),
        (Spaced, "te a\n", "no line feed"),
        (Begun, "tea\n", "regex"),
        (Natural, "-" + "9" * 30, ">= 0"),
        (Natural, "1.0", "int"),
        (Natural, "٣", "int"),  # a digit to Python, not to JSON
        pytest.param(Natural, "9" * 4001, "int", id="4,001 digits"),
        (Few, "9" * 30, "<= 100"),
    ],
)
def test_what_it_does_not_allow_is_refused(kind: Any, text: str, wanted: str) -> None:
    with pytest.raises(Problem) as caught:
        Parameter("given", kind).read(text)
    assert caught.value.kind == "parameter-invalid"
    assert wanted in caught.value.detail
