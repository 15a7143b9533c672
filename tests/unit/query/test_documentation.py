"""docs/api.md says what the API does."""

import re

import pytest

from postkeep.web.cursor import LIFE
from query_posts.browse import FURTHER_STRETCHES, SMALL, STRETCH
from query_posts.filters import FILTERS
from query_posts.routes import application
from support.template import ROOT, resource, template

PAGE = (ROOT / "docs" / "api.md").read_text("utf-8")


def listing_parameters() -> list[str]:
    found = application().find("/posts")
    assert found
    return [parameter.name for parameter in found[0].parameters]


@pytest.mark.parametrize("name", listing_parameters())
def test_every_parameter_of_the_listing_is_documented(name: str) -> None:
    assert re.search(rf"^\|[^|]*`{name}`", PAGE, re.MULTILINE), name


def test_the_filters_that_have_listings_are_told_in_the_order_of_the_table() -> None:
    places = [PAGE.index(f"`{name}`") for name, entry in FILTERS.items() if entry.counted]
    assert places == sorted(places)


def test_the_numbers_are_those_of_the_code() -> None:
    assert FURTHER_STRETCHES * STRETCH == SMALL == 300
    assert f"at {FURTHER_STRETCHES * STRETCH} more" in PAGE
    assert f"at most {-(-50_000 // (20 + FURTHER_STRETCHES * STRETCH))}" in PAGE
    assert LIFE.days == 7
    assert "good\nfor seven days" in PAGE


def test_cursors_are_signed_with_what_only_the_account_knows() -> None:
    key = resource("QueryFunction")["Properties"]["Environment"]["Variables"]["CURSOR_KEY"]
    assert key == {"Fn::Sub": "${AWS::StackId}/${CursorSecret}"}
    secret = template()["Parameters"]["CursorSecret"]
    assert (secret["NoEcho"], secret["Default"]) == (True, "")
