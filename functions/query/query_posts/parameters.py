"""Query parameters and headers → values, with clear complaints."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from query_posts.problems import Problem

type PostIdParameter = Annotated[str, Path(pattern="^[a-z2-7]{26}$", description="The post's id.")]

# No type statements: their schemas would stand apart, without a description.
YearParameter = Annotated[int | None, Query(ge=1, le=9998, description="Published in this year, UTC.")]
MonthParameter = Annotated[
    str | None,
    Query(pattern=r"^(\d{4}-)?(0?[1-9]|1[0-2])$", description="Published in this month, UTC: `2021-06`, or `6` beside `year`."),
]

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_QUALITY = re.compile(r"\s*q=([01](?:\.\d{0,3})?)\s*")


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
        raise Problem(
            HTTPStatus.BAD_REQUEST, "month-invalid", f"of which year? Say it in `year`, or as in `month=2021-{number:0>2}`"
        )
    if year not in {None, of} or not 1 <= of < 9999:  # noqa: PLR2004 (as below)
        raise Problem(HTTPStatus.BAD_REQUEST, "month-invalid", f"there is no month {month} in the year {year or of}")
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
        raise Problem(HTTPStatus.BAD_REQUEST, "date-invalid", detail) from None
    return found


def preferred(accept: str, offers: Sequence[str]) -> str | None:
    """The offer that an Accept header likes best (RFC 9110, 12.5.1); the first of equals; None where it accepts none.

    Args:
        accept: the header's value; "" accepts everything.
        offers: media types such as ``text/plain``, the server's favourite first.
    """
    if not accept.strip():
        return offers[0]
    ranges = [_media_range(entry) for entry in accept.split(",")[:50]]
    best, quality = None, 0.0
    for offer in offers:
        # The most specific range that covers the offer says its quality.
        covering = [(len(kind.rstrip("*")), q) for kind, q in ranges if offer == kind or _covers(kind, offer)]
        liked = max(covering, default=(0, 0.0))[1]
        if liked > quality:
            best, quality = offer, liked
    return best


def media_type(given: str | None, accept: str, offers: Mapping[str, str], what: str) -> str:
    """The media type of an answer that is there in several.

    Args:
        given: the parameter ``format``, a name of an offer; it overrides the header.
        accept: the Accept header; "" for none.
        offers: media types by name, the server's favourite first.
        what: what is asked for, in a word.

    Raises:
        Problem: 406 ``format-unknown``.
    """
    kind = offers[given] if given else preferred(accept, list(offers.values()))
    if kind is None:
        detail = f"the {what} is there as {' and as '.join(offers.values())}"
        raise Problem(HTTPStatus.NOT_ACCEPTABLE, "format-unknown", detail)
    return kind


def _covers(kind: str, offer: str) -> bool:
    return kind == "*/*" or (kind.endswith("/*") and offer.startswith(kind[:-1]))


def _media_range(entry: str) -> tuple[str, float]:
    kind, *parameters = entry.split(";")
    matches = (_QUALITY.fullmatch(parameter) for parameter in parameters)
    quality = next((float(match[1]) for match in matches if match), 1.0)
    return kind.strip().lower(), min(quality, 1.0)
