"""The routes of feeds and sitemaps."""

import re
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from inspect import Parameter, Signature
from typing import Annotated, Any, Literal, Protocol

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from postkeep.characters import in_xml
from postkeep.counts import TOTALS_KEY, Totals
from postkeep.errors import ObjectMissing
from postkeep.listing import UNKNOWN, Sort, name
from postkeep.ports import Listings, ObjectStore
from postkeep.post import Status
from query_posts.browse import Criteria, browse
from query_posts.feeds import ENTRIES, Contents, Place, address, cost, feed_of, reading_address
from query_posts.filters import FILTERS, normal
from query_posts.parameters import MonthParameter, YearParameter, earliest, latest, period
from query_posts.problems import Problem
from query_posts.syndication import atom, json_feed, opml, sitemap, sitemap_index

MAX_ADDRESSES = 20_000
"""Addresses of a sitemap, which may have 50,000: with an API's address of 120 characters they are 3 MB, and 80 queries."""

MAX_MONTH = 10_000
"""Posts of a month that is one sitemap; a larger one is a sitemap a day. The largest real month has 1,128."""

_MAX_LIST = 900_000
"""Bytes of a list of feeds: some 3,000 authors."""

_LONGEST_NAME = 512
"""Characters of an author that can be asked for."""

_MOST_BYTES = 64 * 1024 * 1024
"""Bytes of the counts."""

_STRETCH = 1000
_UNDATED = "undated"
_DATED = "0001"
"""Sorts after the posts without a date, and before all others."""

_HOST = re.compile(r"[A-Za-z0-9.-]+(?::[0-9]{1,5})?|\[[0-9a-fA-F:]+\](?::[0-9]{1,5})?")
_SHARED: dict[str, str | list[str]] = {"X-Content-Type-Options": "nosniff", "Cache-Control": "max-age=300"}

_AS_LISTED = "As of `GET /posts`."
_OTHERS: dict[str, tuple[Any, Any]] = {
    "status": (
        Annotated[Literal["pending", "ready", "rejected", "deleted"] | None, Query(description=_AS_LISTED)],
        None,
    ),
    "year": (YearParameter, None),
    "month": (MonthParameter, None),
    "from_": (Annotated[str | None, Query(alias="from", max_length=40, description=_AS_LISTED)], None),
    "to": (Annotated[str | None, Query(max_length=40, description=_AS_LISTED)], None),
    "sort": (
        Annotated[
            Literal["published", "added"] | None,
            Query(description="What counts as the newest: what was published last, or what was added to the archive last."),
        ],
        None,
    ),
    "content": (
        Annotated[Literal["summary", "full"], Query(description="`full`: the newest 20 with their text as HTML.")],
        "summary",
    ),
}
"""The parameters beside the filters: type and default."""

type Form = Literal["atom", "json"]
type SitemapName = Annotated[
    str,
    Path(
        pattern=r"^([0-9]{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?|undated)\.xml$",
        description="A month or a day, and `.xml`.",
    ),
]


class Sources(Protocol):
    """What the routes read from."""

    @property
    def listings(self) -> Listings:
        """The posts' records."""
        ...

    @property
    def archive(self) -> ObjectStore:
        """The archive bucket."""
        ...


def add_feeds(app: APIGatewayHttpResolver, sources: Callable[[], Sources]) -> None:
    """Add the routes.

    Args:
        app: the API.
        sources: gives what they read from.
    """
    _add_feeds(app, sources)
    _add_lists(app, sources)


def _add_feeds(app: APIGatewayHttpResolver, sources: Callable[[], Sources]) -> None:
    def read_feed(form: Form, content: str, **given: Any) -> Response[str]:
        criteria = _criteria(given)
        posts = browse(sources().listings, criteria, after=None, limit=ENTRIES).posts
        asked = {name.rstrip("_"): _said(value) for name, value in given.items() if value is not None}
        more = {"content": content} if content == "full" else {}
        place = Place(base=_base(app), path=f"/feeds/{form}", asked=asked, more=more)
        feed = feed_of(posts, sources().listings.leads(posts), place)
        if more:
            feed = Contents(sources().archive)(feed, posts)
        if form == "json":
            return Response(200, "application/feed+json; charset=utf-8", json_feed(feed), headers=_SHARED)
        return Response(200, "application/atom+xml; charset=utf-8", atom(feed), headers=_SHARED)

    # Powertools reads the parameters off the signature: the table of filters gives most of them.
    read_feed.__signature__ = _signature()  # type: ignore[attr-defined]
    app.get(
        "/feeds/<form>",
        summary="Follow a listing as a feed",
        description=f"The newest {ENTRIES} posts of a listing, with the filters of `GET /posts`, as Atom or as JSON Feed 1.1.",
        tags=["feeds"],
        responses={
            200: {
                "description": "The feed.",
                "content": {kind: {"schema": {"type": "string"}} for kind in ("application/atom+xml", "application/feed+json")},
            }
        },
    )(read_feed)


def _signature() -> Signature:
    types = {name: (entry.annotation, None) for name, entry in FILTERS.items()} | _OTHERS
    form = Annotated[Form, Path(description="What it is written as.")]
    parameters = [
        Parameter("form", Parameter.KEYWORD_ONLY, annotation=form),
        *(
            Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
            for name, (annotation, default) in types.items()
        ),
    ]
    return Signature(parameters, return_annotation=Response[str])


def _criteria(given: Mapping[str, Any]) -> Criteria:
    first, end = period(given["year"], given["month"])
    since = [bound for bound in (first, earliest(given["from_"])) if bound]
    until = [bound for bound in (end, latest(given["to"])) if bound]
    return Criteria(
        filters={name: normal(name, given[name]) for name in FILTERS if given[name] is not None},
        status=Status(given["status"]) if given["status"] else None,
        since=max(since, default=None),
        until=min(until, default=None),
        sort=Sort(given["sort"] or Sort.PUBLISHED),
    )


def _said(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _add_lists(app: APIGatewayHttpResolver, sources: Callable[[], Sources]) -> None:
    xml: Any = {"application/xml": {"schema": {"type": "string"}}}

    @app.get(
        "/feeds/opml",
        summary="List the authors' feeds",
        description="As OPML 2.0, to be imported by a feed reader; who has most posts first.",
        tags=["feeds"],
        responses={200: {"description": "The list.", "content": {"text/x-opml": {"schema": {"type": "string"}}}}},
    )
    def list_feeds() -> Response[str]:
        totals = _totals(sources().archive)
        feeds = _within(_author_feeds(totals, _base(app)))
        return Response(200, "text/x-opml; charset=utf-8", opml(feeds, totals.as_of), headers=_SHARED)

    @app.get(
        "/sitemap.xml",
        summary="List the sitemaps",
        description="A sitemap index: a sitemap a month, or a day where a month has more than 10,000 posts.",
        tags=["feeds"],
        responses={200: {"description": "The list.", "content": xml}},
    )
    def list_sitemaps() -> Response[str]:
        base = _base(app)
        found = (f"{base}/sitemaps/{stretch}.xml" for stretch in _stretches(_totals(sources().archive)))
        return Response(200, "application/xml; charset=utf-8", sitemap_index(found), headers=_SHARED)

    @app.get(
        "/sitemaps/<name>",
        summary="List the addresses of a month's posts",
        description="A sitemap of the newest 20,000 posts of a month or a day (UTC), or of those without a date (`undated.xml`).",
        tags=["feeds"],
        responses={200: {"description": "The sitemap.", "content": xml}},
    )
    def show_sitemap(name: SitemapName) -> Response[str]:
        base, stretch = _base(app), name.removesuffix(".xml")
        found = (reading_address(base, post_id) for post_id in _published(sources().listings, stretch))
        return Response(200, "application/xml; charset=utf-8", sitemap(found), headers=_SHARED)


def _base(app: APIGatewayHttpResolver) -> str:
    """The address that the API was asked at.

    Raises:
        Problem: 400 ``host-invalid``; API Gateway lets none through that is not its own.
    """
    event = app.current_event
    host = event.request_context.domain_name or ""
    if not _HOST.fullmatch(host):
        raise Problem(HTTPStatus.BAD_REQUEST, "host-invalid", "the request does not say at which address the API was asked")
    scheme = "https" if event.headers.get("x-forwarded-proto") == "https" else "http"
    return f"{scheme}://{host}"


def _author_feeds(totals: Totals, base: str) -> Iterator[tuple[str, str]]:
    for author, _ in sorted(totals.counts["authors"].items(), key=lambda entry: (-entry[1], entry[0])):
        if len(author) <= _LONGEST_NAME:
            yield in_xml(author), address(base, "/feeds/atom", {"author": author})


def _within(feeds: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    room = _MAX_LIST
    for title, url in feeds:
        room -= 2 * cost(title) + cost(url) + 70
        if room < 0:
            return
        yield title, url


def _stretches(totals: Totals) -> Iterator[str]:
    """The sitemaps that there are, the latest first, by what the counts say of the months."""
    months = totals.counts["months"]
    for month in sorted(months, reverse=True):
        if months[month] <= MAX_MONTH:
            yield month
        else:
            year, number = map(int, month.split("-"))
            yield from (f"{month}-{day:02}" for day in range(monthrange(year, number)[1], 0, -1))
    statuses = totals.counts["statuses"]
    if statuses[Status.PENDING] + statuses[Status.READY] > months.total():
        yield _UNDATED


def _published(listings: Listings, stretch: str) -> Iterator[str]:
    """The ids of the posts of a month or a day, newest first: thin entries of an index, no records."""
    # «~» sorts behind all that follows a month or a day.
    low, high = (UNKNOWN[:4], _DATED) if stretch == _UNDATED else (stretch, f"{stretch}~")
    after: str | None = None
    for _ in range(MAX_ADDRESSES // _STRETCH):
        rows = listings.rows(name("all"), after=after, low=low, high=high, limit=_STRETCH)
        yield from (row.post_id for row in rows)
        if len(rows) < _STRETCH:
            return
        after = rows[-1].order


def _totals(archive: ObjectStore) -> Totals:
    try:
        return Totals.decode(archive.get(TOTALS_KEY, limit=_MOST_BYTES).body)
    except ObjectMissing:
        detail = "nothing was counted yet; it is done every few minutes"
        raise Problem(HTTPStatus.NOT_FOUND, "counts-none", detail, retry_after=300) from None
