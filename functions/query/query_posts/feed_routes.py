"""The routes of feeds and sitemaps."""

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal, Protocol

from msgspec import Meta

from postkeep.characters import in_xml
from postkeep.counts import Totals
from postkeep.listing import UNKNOWN, Sort, name
from postkeep.ports import Listings, ObjectStore
from postkeep.post import Status
from postkeep.web.exchange import Answer, Request
from postkeep.web.problems import Problem
from postkeep.web.routing import Parameter, Router
from query_posts.asking import PARAMETERS, criteria_of
from query_posts.browse import browse
from query_posts.feeds import ENTRIES, Contents, Place, address, cost, feed_of, reading_address
from query_posts.follow_routes import read_totals
from query_posts.syndication import atom, json_feed, opml, sitemap, sitemap_index

MAX_ADDRESSES = 20_000
"""Addresses of a sitemap, which may have 50,000: with an API's address of 120 characters they are 3 MB, and 80 queries."""

MAX_MONTH = 10_000
"""Posts of a month that is one sitemap; a larger one is a sitemap a day. The largest real month has 1,128."""

_MAX_LIST = 900_000
"""Bytes of a list of feeds: some 3,000 authors."""

_LONGEST_NAME = 512
"""Characters of an author that can be asked for."""

_STRETCH = 1000
_UNDATED = "undated"
_DATED = "0001"
"""Sorts after the posts without a date, and before all others."""

_HOST = re.compile(r"[A-Za-z0-9.-]+(?::[0-9]{1,5})?|\[[0-9a-fA-F:]+\](?::[0-9]{1,5})?")
_KEPT = "max-age=300"
"""Readers that ask again within five minutes get no news."""

_OTHERS = (
    Parameter(
        "sort",
        Annotated[
            Literal["published", "added"],
            Meta(description="What counts as the newest: what was published last, or what was added to the archive last."),
        ],
        None,
    ),
    Parameter(
        "content",
        Annotated[Literal["summary", "full"], Meta(description="`full`: the newest 20 with their text as HTML.")],
        "summary",
    ),
)
"""The parameters of a feed."""

type Form = Literal["atom", "json"]
type SitemapName = Annotated[
    str,
    Meta(
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


def add_feeds(router: Router, sources: Callable[[], Sources]) -> None:
    """Add the routes.

    Args:
        router: the API's.
        sources: gives what they read from.
    """
    _add_feeds(router, sources)
    _add_lists(router, sources)


def _add_feeds(router: Router, sources: Callable[[], Sources]) -> None:
    @router.get(
        "/feeds/{form}",
        summary="Follow a listing as a feed",
        description=f"The newest {ENTRIES} posts of a listing, with the filters of `GET /posts`, as Atom or as JSON Feed 1.1.",
        tag="feeds",
        gives={"application/atom+xml": None, "application/feed+json": dict[str, Any]},
        says="The feed.",
        problems=("date-invalid", "month-invalid", "host-invalid"),
        cache=_KEPT,
        given=[
            Parameter("form", Annotated[Form, Meta(description="What it is written as.")], place="path"),
            *PARAMETERS,
            *_OTHERS,
        ],
        example={"form": "json", "tag": "茶"},
    )
    def read_feed(request: Request, form: Form, content: str, **given: Any) -> Answer:
        criteria = criteria_of(given, Sort(given["sort"] or Sort.PUBLISHED))
        posts = browse(sources().listings, criteria, after=None, limit=ENTRIES).posts
        asked = {name.rstrip("_"): _said(value) for name, value in given.items() if value is not None}
        more = {"content": content} if content == "full" else {}
        place = Place(base=_base(request), path=f"/feeds/{form}", asked=asked, more=more)
        feed = feed_of(posts, sources().listings.leads(posts), place)
        if more:
            feed = Contents(sources().archive)(feed, posts)
        if form == "json":
            return Answer.text("application/feed+json", json_feed(feed))
        return Answer.text("application/atom+xml", atom(feed))


def _said(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _add_lists(router: Router, sources: Callable[[], Sources]) -> None:
    @router.get(
        "/feeds/opml",
        summary="List the authors' feeds",
        description="As OPML 2.0, to be imported by a feed reader; who has most posts first.",
        tag="feeds",
        gives={"text/x-opml": None},
        says="The list.",
        problems=("counts-none", "host-invalid"),
        cache=_KEPT,
        example={},
    )
    def list_feeds(request: Request) -> Answer:
        totals = read_totals(sources().archive)
        feeds = _within(_author_feeds(totals, _base(request)))
        return Answer.text("text/x-opml", opml(feeds, totals.as_of))

    @router.get(
        "/sitemap.xml",
        summary="List the sitemaps",
        description="A sitemap index: a sitemap a month, or a day where a month has more than 10,000 posts.",
        tag="feeds",
        gives={"application/xml": None},
        says="The list.",
        problems=("counts-none", "host-invalid"),
        cache=_KEPT,
    )
    def list_sitemaps(request: Request) -> Answer:
        base = _base(request)
        found = (f"{base}/sitemaps/{stretch}.xml" for stretch in _stretches(read_totals(sources().archive)))
        return Answer.text("application/xml", sitemap_index(found))

    @router.get(
        "/sitemaps/{name}",
        summary="List the addresses of a month's posts",
        description="A sitemap of the newest 20,000 posts of a month or a day (UTC), or of those without a date (`undated.xml`).",
        tag="feeds",
        gives={"application/xml": None},
        says="The sitemap.",
        problems=("host-invalid",),
        cache=_KEPT,
        example={"name": "2021-06.xml"},
    )
    def show_sitemap(request: Request, name: SitemapName) -> Answer:
        base, stretch = _base(request), name.removesuffix(".xml")
        found = (reading_address(base, post_id) for post_id in _published(sources().listings, stretch))
        return Answer.text("application/xml", sitemap(found))


def _base(request: Request) -> str:
    """The address that the API was asked at.

    Raises:
        Problem: 400 ``host-invalid``; API Gateway lets none through that is not its own.
    """
    if not _HOST.fullmatch(request.host):
        raise Problem("host-invalid", "the request does not say at which address the API was asked")
    scheme = "https" if request.header("x-forwarded-proto") == "https" else "http"
    return f"{scheme}://{request.host}"


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
