"""The route of the listing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol

import msgspec
from msgspec import Meta

from postkeep.errors import CursorInvalid
from postkeep.listing import UNKNOWN, Sort, order
from postkeep.ports import Listings
from postkeep.post import Post
from postkeep.web.answers import MAX_ANSWER, size
from postkeep.web.cursor import Cursors, Place
from postkeep.web.exchange import Answer
from postkeep.web.routing import JSON, Parameter, Router
from query_posts.asking import PARAMETERS, criteria_of
from query_posts.browse import Criteria, browse
from query_posts.parameters import CursorParameter
from query_posts.sizes import ListingSizes
from query_posts.views import ListedPost, PostPage, listed_post

_FIELDS = ListedPost.__struct_fields__
_PICTURE = "picture"
_ONE = f"({'|'.join(_FIELDS)})"

_OTHERS = (
    Parameter("sort", Annotated[Literal["published", "added"], Meta(description="What the posts are sorted by.")], "published"),
    Parameter("order", Annotated[Literal["desc", "asc"], Meta(description="The newest first, or the oldest.")], "desc"),
    Parameter("limit", Annotated[int, Meta(ge=1, le=100, description="Posts on a page, at most.")], 20),
    Parameter(
        "fields",
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=400,
                pattern=rf"^\s*{_ONE}\s*(,\s*{_ONE}\s*)*$",
                description=f"What is told of each post, with commas between: {', '.join(_FIELDS)}.",
            ),
        ],
        None,
    ),
    Parameter("cursor", CursorParameter, None),
)
"""The parameters of a page."""


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


def add_listing(router: Router, sources: Callable[[], Sources]) -> None:
    """Add the route.

    Args:
        router: the API's.
        sources: gives what it reads from, once a request comes.
    """

    @router.get(
        "/posts",
        summary="List posts",
        description="Posts that fit all filters that are given, newest first unless asked otherwise. A page looks at a number of "
        "posts that depends on its limit alone; where few of them fit, it is short, and its `next` goes on with the search.",
        tag="posts",
        gives={JSON: PostPage},
        says="A page.",
        problems=("cursor-invalid", "cursor-expired", "date-invalid", "month-invalid"),
        given=[*PARAMETERS, *_OTHERS],
        example={"tag": "茶", "limit": "2"},
    )
    def list_posts(**given: Any) -> Answer:
        return Answer.json(_answer(sources(), _request(given)))


def _request(given: dict[str, Any]) -> _Request:
    criteria = criteria_of(given, Sort(given["sort"]), ascending=given["order"] == "asc")
    return _Request(criteria, given["limit"], _fields(given["fields"]), given["cursor"])


def _fields(value: str | None) -> Sequence[str] | None:
    return None if value is None else [name.strip() for name in value.split(",")]


def _answer(sources: Sources, request: _Request) -> bytes:
    criteria, bound = request.criteria, request.criteria.fingerprint()
    place = sources.cursors.decode(request.cursor, bound) if request.cursor else None
    if place and place.chosen not in {"", *criteria.listed}:
        raise CursorInvalid("the cursor is damaged")
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
    return b'{"posts":[' + b",".join(shown) + b"]," + msgspec.json.encode(fields)[1:]


def _shown(listings: Listings, posts: Sequence[Post], fields: Sequence[str] | None) -> list[bytes]:
    """The posts as JSON: as many of them, from the first on, as fit into an answer; at least one."""
    leads = listings.leads(posts) if fields is None or _PICTURE in fields else {}
    shown: list[bytes] = []
    room = MAX_ANSWER - 2_000  # for what is around the posts
    for post in posts:
        view = listed_post(post, leads.get(post.id))
        told = msgspec.json.encode(view if fields is None else {name: getattr(view, name) for name in fields})
        room -= size(told.decode())
        if room < 0 and shown:
            break
        shown.append(told)
    return shown
