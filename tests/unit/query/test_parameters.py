from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from postkeep.web.problems import Problem
from query_posts.parameters import earliest, latest


def test_dates_and_instants_are_read() -> None:
    assert earliest("2021-06-29") == datetime(2021, 6, 29, tzinfo=UTC)
    assert earliest("2021-06-29T03:39:02 02:00") == datetime(2021, 6, 29, 1, 39, 2, tzinfo=UTC)
    assert earliest("2021-06-29T01:39:02") == datetime(2021, 6, 29, 1, 39, 2, tzinfo=UTC)
    assert earliest(None) is latest("") is None


def test_the_last_day_is_whole_and_the_last_instant_is_not_included() -> None:
    assert latest("2021-06-29") == datetime(2021, 6, 30, tzinfo=UTC)
    assert latest("2021-06-29T00:00:00Z") == datetime(2021, 6, 29, tzinfo=UTC)


@given(st.text(max_size=40) | st.from_regex(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(Z|[+-]\d{2}:\d{2}))?", fullmatch=True))
def test_any_text_is_a_date_or_a_problem(text: str) -> None:
    for read in (earliest, latest):
        try:
            found = read(text)
        except Problem as problem:
            assert (problem.status, problem.kind) == (400, "date-invalid")  # noqa: PT017 (some texts are dates)
        else:
            assert found is None or found.tzinfo is UTC
