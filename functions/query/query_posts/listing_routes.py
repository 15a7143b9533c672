"""The route of the listing."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from inspect import Parameter, Signature
from typing import Annotated, Any, Literal, Protocol

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from postkeep.errors import CursorExpired, CursorInvalid
from postkeep.listing import UNKNOWN, Sort, order
from postkeep.ports import Listings
from postkeep.post import Post, Status
from query_posts.answers import MAX_ANSWER, size
from query_posts.browse import Criteria, browse
from query_posts.cursor import Cursors, Place
from query_posts.filters import FILTERS, normal
from query_posts.parameters import MonthParameter, YearParameter, earliest, latest, period
from query_posts.problems import Problem
from query_posts.sizes import ListingSizes
from query_posts.views import ListedPost, PostPage, listed_post

_FIELDS = tuple(ListedPost.model_fields)
_PICTURE = "picture"

_OTHERS: dict[str, tuple[Any, Any]] = {
    "status": (
        Annotated[
            Literal["pending", "ready", "rejected", "deleted"] | None,
            Query(description="Posts of this status; by default those that are pending or ready."),
        ],
        None,
    ),
    "year": (YearParameter, None),
    "month": (MonthParameter, None),
    "from_": (
        Annotated[str | None, Query(alias="from", max_length=40, description="Published at or after: a date or an instant.")],
        None,
    ),
    "to": (
        Annotated[str | None, Query(max_length=40, description="Published before this instant, or on this date or before.")],
        None,
    ),
    "sort": (Annotated[Literal["published", "added"], Query(description="What the posts are sorted by.")], "published"),
    "order": (Annotated[Literal["desc", "asc"], Query(description="The newest first, or the oldest.")], "desc"),
    "limit": (Annotated[int, Query(ge=1, le=100, description="Posts on a page, at most.")], 20),
    "fields": (
        Annotated[
            str | None,
            Query(max_length=400, description=f"What is told of each post, with commas between: {', '.join(_FIELDS)}."),
        ],
        None,
    ),
    "cursor": (Annotated[str | None, Query(max_length=600, description="The `next` of the page before.")], None),
}
"""The parameters beside the filters: type and default."""


class Sources(Protocol):
    """What the route reads from."""

    @property
    def listings(self) -> Listings:
        """The posts' records."""
        ...

    @property
    def cursors(self) -> Cursors:
        """Makes and reads cursors."""
        ...

    @property
    def sizes(self) -> ListingSizes:
        """Tells how long listings are."""
        ...


@dataclass(frozen=True, slots=True)
class _Request:
    """What is asked for, understood.

    Attributes:
        criteria: which posts, and how they are sorted.
        limit: how many at most.
        fields: what is told of each; None for all.
        cursor: where the page before ended; None for the first.
    """

    criteria: Criteria
    limit: int
    fields: Sequence[str] | None
    cursor: str | None


def add_listing(app: APIGatewayHttpResolver, sources: Callable[[], Sources]) -> None:
    """Add the route.

    Args:
        app: the API.
        sources: gives what it reads from, once a request comes.
    """

    def list_posts(**given: Any) -> Response[str]:
        request = _request(given)
        return Response(200, "application/json", _answer(sources(), request))

    # Powertools reads the parameters off the signature: the table of filters gives most of them.
    list_posts.__signature__ = _signature()  # type: ignore[attr-defined]
    app.get(
        "/posts",
        summary="List posts",
        description="Posts that fit all filters that are given, newest first unless asked otherwise. A page looks at a number of "
        "posts that depends on its limit alone; where few of them fit, it is short, and its `next` goes on with the search.",
        tags=["posts"],
        responses={200: {"description": "A page.", "content": {"application/json": {"model": PostPage}}}},
    )(list_posts)


def _signature() -> Signature:
    types = {name: (entry.annotation, None) for name, entry in FILTERS.items()} | _OTHERS
    parameters = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in types.items()
    ]
    return Signature(parameters, return_annotation=Response[str])


def _request(given: dict[str, Any]) -> _Request:
    first, end = period(given["year"], given["month"])
    criteria = Criteria(
        filters={name: normal(name, given[name]) for name in FILTERS if given[name] is not None},
        status=Status(given["status"]) if given["status"] else None,
        since=_tightest(max, first, earliest(given["from_"])),
        until=_tightest(min, end, latest(given["to"])),
        sort=Sort(given["sort"]),
        ascending=given["order"] == "asc",
    )
    return _Request(criteria, given["limit"], _fields(given["fields"]), given["cursor"] or None)


def _tightest(choose: Callable[[list[datetime]], datetime], *bounds: datetime | None) -> datetime | None:
    there = [bound for bound in bounds if bound]
    return choose(there) if there else None


def _fields(value: str | None) -> Sequence[str] | None:
    if value is None:
        return None
    names = [name.strip() for name in value.split(",")]
    if unknown := sorted(set(names) - set(_FIELDS)):
        detail = f"`fields` names {', '.join(unknown)[:80] or 'nothing'}; there are {', '.join(_FIELDS)}"
        raise Problem(HTTPStatus.BAD_REQUEST, "fields-unknown", detail)
    return names


def _answer(sources: Sources, request: _Request) -> str:
    criteria, bound = request.criteria, request.criteria.fingerprint()
    try:
        place = sources.cursors.decode(request.cursor, bound) if request.cursor else None
    except CursorExpired as error:
        raise Problem(HTTPStatus.GONE, "cursor-expired", str(error)) from error
    except CursorInvalid as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "cursor-invalid", str(error)) from error
    chosen = place.chosen if place else criteria.choose(sources.sizes)
    page = browse(sources.listings, criteria, after=place.after if place else None, limit=request.limit, chosen=chosen)
    shown = _shown(sources.listings, page.posts, request.fields)
    after = page.after
    if len(shown) < len(page.posts):
        after = order(page.posts[len(shown) - 1], criteria.sort)
    searched_until = after.partition("#")[0] if after else UNKNOWN
    fields = {
        "next": sources.cursors.encode(Place(after, chosen), bound) if after else None,
        "searched": page.searched,
        "searched_until": None if searched_until == UNKNOWN else searched_until,
    }
    # The posts are JSON already.
    return f'{{"posts":[{",".join(shown)}],{_json(fields)[1:]}'


def _shown(listings: Listings, posts: Sequence[Post], fields: Sequence[str] | None) -> list[str]:
    """The posts as JSON: as many of them, from the first on, as fit into an answer; at least one."""
    leads = listings.leads(posts) if fields is None or _PICTURE in fields else {}
    included = None if fields is None else set(fields)
    shown: list[str] = []
    room = MAX_ANSWER - 2_000  # for what is around the posts
    for post in posts:
        view = listed_post(post, leads.get(post.id)).model_dump_json(include=included)
        room -= size(view)
        if room < 0 and shown:
            break
        shown.append(view)
    return shown


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
