"""Parameters that several routes have, and what they mean."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from msgspec import Meta

from postkeep.web.problems import Problem
from query_posts.views import PostState

EXAMPLE_POST = "uwy6pjjmvdttqznuzjrwctxstm"
"""A post of the small archive that the examples of the OpenAPI document are taken from."""
EXAMPLE_URL = "https://tea.example.org/2021/06/29/boiling"
"""The address of its article."""

type PostIdParameter = Annotated[str, Meta(pattern="^[a-z2-7]{26}$", description="The post's id.")]
type CursorParameter = Annotated[str, Meta(min_length=1, max_length=600, description="The `next` of the page before.")]
type YearParameter = Annotated[int, Meta(ge=1, le=9998, description="Published in this year, UTC.")]
type MonthParameter = Annotated[
    str,
    Meta(pattern=r"^(\d{4}-)?(0?[1-9]|1[0-2])$", description="Published in this month, UTC: `2021-06`, or `6` beside `year`."),
]
_DATED = {"anyOf": [{"format": "date"}, {"format": "date-time"}]}
"""What RFC 3339 has of ISO 8601, for programs that write them; all the rest of it is read as well."""

type FromParameter = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=40,
        description="Published at or after: a date or an instant, ISO 8601.",
        extra_json_schema=_DATED,
    ),
]
type ToParameter = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=40,
        description="Published before this instant, or on this date or before.",
        extra_json_schema=_DATED,
    ),
]
type StatusParameter = Annotated[PostState, Meta(description="Posts of this status; by default those that are pending or ready.")]

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def earliest(value: str | None) -> datetime | None:
    """The instant that ``from`` names: an ISO 8601 date (its midnight, UTC) or instant.

    Raises:
        Problem: 400 ``date-invalid``.
    """
    return _instant("from", value)


def latest(value: str | None) -> datetime | None:
    """The instant before which ``to`` ends: an instant as it is, a date with its whole day.

    Raises:
        Problem: 400 ``date-invalid``.
    """
    found = _instant("to", value)
    return found + timedelta(days=1) if found and value and _DATE.fullmatch(value) else found


def period(year: int | None, month: str | None) -> tuple[datetime | None, datetime | None]:
    """The instants between which a year, or a month of it, lies: the first one inclusive, the second one not.

    Args:
        year: from 1 to 9998.
        month: ``2021-06``, or ``6`` or ``06`` of that year.

    Raises:
        Problem: 400 ``month-invalid``: a month of no year, of year 0 or 9999, or of another year than ``year``.
    """
    if month is None:
        return (None, None) if year is None else (_first(year, 1), _first(year + 1, 1))
    named, _, number = month.rpartition("-")
    of = int(named) if named else year
    if of is None:
        raise Problem("month-invalid", f"of which year? Say it in `year`, or as in `month=2021-{number:0>2}`")
    if year not in {None, of} or not 1 <= of < 9999:  # noqa: PLR2004 (as below)
        raise Problem("month-invalid", f"there is no month {month} in the year {year or of}")
    return _first(of, int(number)), _first(of + int(number) // 12, int(number) % 12 + 1)


def _first(year: int, month: int) -> datetime:
    return datetime(year, month, 1, tzinfo=UTC)


def _instant(name: str, value: str | None) -> datetime | None:
    if not value:
        return None
    try:
        if _DATE.fullmatch(value):
            day = date.fromisoformat(value)
            # The year's bounds keep the arithmetic of a day more and of offsets in range.
            found = datetime(day.year, day.month, day.day, tzinfo=UTC)
        else:
            # A plus sign that was not encoded arrives as a space.
            found = datetime.fromisoformat(value.replace(" ", "+"))
            found = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        if not 1 < found.year < 9999:  # noqa: PLR2004 (the years that datetime can count a day beyond)
            raise ValueError  # noqa: TRY301 (one complaint for all that is no date)
    except (ValueError, OverflowError):
        detail = f"`{name}` is not a date or an instant in ISO 8601, such as 2021-06-29 or 2021-06-29T01:39:02Z: {value[:40]}"
        raise Problem("date-invalid", detail) from None
    return found
