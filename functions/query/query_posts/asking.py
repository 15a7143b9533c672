"""What listings and feeds alike are asked with: the filters, the status, and when the posts were published."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from postkeep.listing import Sort
from postkeep.post import Status
from postkeep.web.routing import Parameter
from query_posts.browse import Criteria
from query_posts.filters import FILTERS, normal
from query_posts.parameters import (
    FromParameter,
    MonthParameter,
    StatusParameter,
    ToParameter,
    YearParameter,
    earliest,
    latest,
    period,
)

PARAMETERS = (
    *(Parameter(name, entry.type, None) for name, entry in FILTERS.items()),
    Parameter("status", StatusParameter, None),
    Parameter("year", YearParameter, None),
    Parameter("month", MonthParameter, None),
    Parameter("from_", FromParameter, None),
    Parameter("to", ToParameter, None),
)


def criteria_of(given: Mapping[str, Any], sort: Sort, *, ascending: bool = False) -> Criteria:
    """What is asked for.

    Args:
        given: the values of :data:`PARAMETERS`.
        sort: what the posts are sorted by.
        ascending: whether the oldest come first.

    Raises:
        Problem: 400 ``date-invalid``, ``month-invalid``.
    """
    first, end = period(given["year"], given["month"])
    return Criteria(
        filters={name: normal(name, given[name]) for name in FILTERS if given[name] is not None},
        status=Status(given["status"]) if given["status"] else None,
        since=_tightest(max, first, earliest(given["from_"])),
        until=_tightest(min, end, latest(given["to"])),
        sort=sort,
        ascending=ascending,
    )


def _tightest(choose: Callable[[list[datetime]], datetime], *bounds: datetime | None) -> datetime | None:
    there = [bound for bound in bounds if bound]
    return choose(there) if there else None
