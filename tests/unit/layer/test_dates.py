from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postkeep.dates import publication, read

INSTANT = datetime(2021, 6, 29, 1, 39, 2, tzinfo=UTC)
MINUTE = datetime(2021, 6, 29, 8, 5, tzinfo=UTC)
DAY = datetime(2021, 6, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2021-06-29T01:39:02.000Z",
        "2021-06-29T01:39:02Z",
        "2021-06-29T01:39:02.000000123Z",
        "2021-06-29T03:39:02+02:00",
        "2021-06-29 03:39:02 +0200",
        "2021-06-29 03:39:02 +02:00",
        "2021-06-29 09:39:02 +08",
        "2021-06-29 09:39:02 +0800 CST",
        "2021-06-29 09:39:02 +0800 +0800",
        "2021-06-29 01:39:02 UTC",
        "2021-06-29 01:39:02 gmt",
        "2021-06-29 01:39:02",
        " 2021-06-29 01:39:02 ",
        "2021/06/29 1:39:02",
        "2021年6月29日 01:39:02",
        "20210629T013902Z",
        "Tue, 29 Jun 2021 01:39:02 GMT",
        "Tue, 29 Jun 2021 03:39:02 +0200",
        "29 Jun 2021 01:39:02",
        "1624930742",
        "1624930742000",
    ],
)
def test_an_instant_is_read_however_it_is_written(written: str) -> None:
    assert read(written) == INSTANT


@pytest.mark.parametrize(
    "written",
    [
        "2021-06-29 08:05",
        "2021-06-29T08:05",
        "2021/6/29 8:05",
        "2021.06.29 8:05",
        "2021年6月29日08:05",
        "2021 年 06 月 29 日 8：05",
        "2021年6月29號 8:05",
        "2021-06-29 16:05 +0800",
    ],
)
def test_seconds_may_be_missing(written: str) -> None:
    assert read(written) == MINUTE


@pytest.mark.parametrize(
    "written", ["2021-06-29", "2021-6-29", "2021/06/29", "2021.6.29", "2021年6月29日", "20210629", "2021-W26-2"]
)
def test_a_plain_date_is_its_midnight(written: str) -> None:
    assert read(written) == DAY


def test_milliseconds_are_kept_and_no_more() -> None:
    assert read("2021-06-29T01:39:02.123456Z") == INSTANT.replace(microsecond=123000)
    assert read("1624930742123") == INSTANT.replace(microsecond=123000)


def test_instants_before_1970_are_read() -> None:
    assert read("-1000000000") == datetime(1938, 4, 24, 22, 13, 20, tzinfo=UTC)
    assert read("1911-10-10") == datetime(1911, 10, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "soon",
        "29/06/2021",
        "06-29-2021",
        "2021-06/29",
        "2021-13-01",
        "2021-02-30",
        "2021-06-29 25:00",
        "2021年6月",
        "2021-06-29 01:39:02 CST",
        "0000-06-29",
        "2021",
        "123456",
        "20210629013902",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "2021-06-29" + " " * 80 + "08:05",
        "Tue, 29 Jun 2021 01:39:02 +99999999999999999999",
    ],
)
def test_what_is_no_date_is_none(written: str) -> None:
    assert read(written) is None


def test_the_sources_are_tried_in_order() -> None:
    comment, key = "<!--1624930742000-->\n茶", "tea/_posts/2020-02-03-a.md"
    assert publication("2021-01-01", comment, key, []) == (datetime(2021, 1, 1, tzinfo=UTC), "front-matter")
    assert publication(["2021-01-01"], comment, key, []) == (datetime(2021, 1, 1, tzinfo=UTC), "front-matter")
    assert publication("", comment, key, []) == (INSTANT, "comment")
    assert publication(None, "<!--NaN-->", key, []) == (datetime(2020, 2, 3, tzinfo=UTC), "file-name")
    assert publication(None, "", "tea/2020-02-03/a.md", []) == (None, "unknown")


@pytest.mark.parametrize("value", [None, "", "  "])
def test_an_empty_date_is_nothing_to_speak_of(value: Any) -> None:
    warnings: list[str] = []
    assert publication(value, "<!--NaN-->", "a.md", warnings) == (None, "unknown")
    assert warnings == []


@pytest.mark.parametrize("name", ["2020-02-03-a.md", "2020-2-3-a.md", "2020-02-03.md", "2020-02-03 a.md", "2020-02-03_a.md"])
def test_file_names_begin_with_dates(name: str) -> None:
    assert publication(None, "", f"tea/{name}", []) == (datetime(2020, 2, 3, tzinfo=UTC), "file-name")


@pytest.mark.parametrize("name", ["2020-02-031.md", "x2020-02-03.md", "2020-02.md", "2020-02-30-a.md"])
def test_other_file_names_do_not(name: str) -> None:
    assert publication(None, "", f"tea/{name}", []) == (None, "unknown")


@pytest.mark.parametrize(
    ("value", "warning"),
    [
        ("last week", "date: not understood: last week"),
        ("明" * 90, f"date: not understood: {'明' * 39}…"),
        (["a", "b"], "date: not a text, and left out"),
        ({"a": "b"}, "date: not a text, and left out"),
        ("0001-01-01T00:00:00Z", "date: 0001-01-01 is not believed: the years are 1000 to 2999"),
        ("0999-12-31", "date: 0999-12-31 is not believed: the years are 1000 to 2999"),
        ("9999-12-31", "date: 9999-12-31 is not believed: the years are 1000 to 2999"),
        ("3000-01-01", "date: 3000-01-01 is not believed: the years are 1000 to 2999"),
        ("0000-00-00 00:00:00", "date: not understood: 0000-00-00 00:00:00"),
    ],
)
def test_a_date_that_cannot_be_used_is_named_and_passed_over(value: Any, warning: str) -> None:
    warnings: list[str] = []
    assert publication(value, "", "2020-02-03-a.md", warnings) == (datetime(2020, 2, 3, tzinfo=UTC), "file-name")
    assert warnings == [warning]


@pytest.mark.parametrize("year", [1000, 2999])
def test_the_first_and_the_last_year_are_believed(year: int) -> None:
    assert publication(f"{year}-12-31", "", "a.md", []) == (datetime(year, 12, 31, tzinfo=UTC), "front-matter")


def test_comments_and_file_names_are_not_believed_either() -> None:
    warnings: list[str] = []
    assert publication(None, "<!--99999999999999-->", "9999-12-31-a.md", warnings) == (None, "unknown")
    assert [warning.partition(":")[0] for warning in warnings] == ["comment", "file name"]


def test_a_comment_may_be_before_1970() -> None:
    assert publication(None, " <!-- -86400000000 -->", "a.md", []) == (datetime(1967, 4, 7, tzinfo=UTC), "comment")


@pytest.mark.parametrize("body", ["<!--123-->", "x<!--1624930742000-->", "<!--NaN-->", "<!---->", "<!---99999999999999-->"])
def test_a_comment_that_is_no_instant_is_passed_over(body: str) -> None:
    warnings: list[str] = []
    assert publication(None, body, "a.md", warnings) == (None, "unknown")
    assert warnings == []


@given(st.one_of(st.text(max_size=70), st.text("0123456789-/.:年月日 TZ+JunMo,", max_size=40)))
def test_any_text_is_a_date_or_none(written: str) -> None:
    found = read(written)
    assert found is None or found.tzinfo is UTC
