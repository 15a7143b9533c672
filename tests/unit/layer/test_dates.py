from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postkeep.dates import publication, read

INSTANT = datetime(2021, 6, 29, 1, 39, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2021-06-29T01:39:02.000Z",
        "2021-06-29T01:39:02Z",
        "2021-06-29 03:39:02 +0200",
        "2021-06-29 03:39:02 +02:00",
        "2021-06-29T03:39:02+02:00",
        "2021-06-29 01:39:02 UTC",
        "2021-06-29 01:39:02",
        " 2021-06-29 01:39:02 ",
        "Tue, 29 Jun 2021 01:39:02 GMT",
        "Tue, 29 Jun 2021 03:39:02 +0200",
    ],
)
def test_an_instant_is_read_however_it_is_written(written: str) -> None:
    assert read(written) == INSTANT


def test_a_plain_date_is_its_midnight() -> None:
    assert read("2021-06-29") == datetime(2021, 6, 29, tzinfo=UTC)


def test_milliseconds_are_kept_and_no_more() -> None:
    assert read("2021-06-29T01:39:02.123456Z") == INSTANT.replace(microsecond=123000)


@pytest.mark.parametrize(
    "written", ["", "soon", "29/06/2021", "2021-13-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"]
)
def test_what_is_no_date_is_none(written: str) -> None:
    assert read(written) is None


def test_the_sources_are_tried_in_order() -> None:
    comment, key = "<!--1624930742000-->\n茶", "tea/_posts/2020-02-03-a.md"
    assert publication("2021-01-01", comment, key, []) == (datetime(2021, 1, 1, tzinfo=UTC), "front-matter")
    assert publication("", comment, key, []) == (INSTANT, "comment")
    assert publication(None, "<!--NaN-->", key, []) == (datetime(2020, 2, 3, tzinfo=UTC), "file-name")
    assert publication(None, "", "tea/2020-02-03/a.md", []) == (None, "unknown")


def test_a_date_that_is_not_understood_is_named_and_passed_over() -> None:
    warnings: list[str] = []
    assert publication("last week", "", "2020-02-03-a.md", warnings) == (datetime(2020, 2, 3, tzinfo=UTC), "file-name")
    assert warnings == ["date: not understood: last week"]


@pytest.mark.parametrize("body", ["<!--99999999999999-->", "<!--123-->", "x<!--1624930742000-->", "<!--NaN-->"])
def test_a_comment_that_is_no_instant_of_ours_is_passed_over(body: str) -> None:
    found, source = publication(None, body, "a.md", [])
    assert source == ("comment" if found else "unknown")
    assert (found is None) == (body != "<!--99999999999999-->")


@given(st.text(max_size=60))
def test_any_text_is_a_date_or_none(written: str) -> None:
    found = read(written)
    assert found is None or found.tzinfo is UTC
