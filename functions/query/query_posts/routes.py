"""The API's routes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from postkeep.aws.dynamodb import DynamoListings
from postkeep.aws.links import BucketDownloads
from postkeep.aws.s3 import Bucket
from postkeep.aws.session import client
from postkeep.aws.versions import BucketVersions
from postkeep.errors import ObjectMissing, ObjectTooLarge
from postkeep.observability import logger
from postkeep.ports import Downloads, Listings, ObjectStore, VersionStore
from postkeep.post import Post, Status
from postkeep.renditions import RenditionObject
from postkeep.settings import QuerySettings
from postkeep.web.cursor import Cursors
from postkeep.web.exchange import Answer
from postkeep.web.problems import Problem
from postkeep.web.routing import JSON, Router
from query_posts.changes import Following
from query_posts.listing_routes import add_listing
from query_posts.post_routes import add_post
from query_posts.sizes import ListingSizes
from query_posts.text_routes import add_text
from query_posts.views import Health

API_VERSION = "1.0.0"

_HERE = Path(__file__).parent

# The page brings its own style, and nothing else.
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

_MAX_RENDITION = 64 * 1024 * 1024
"""Bytes. What render makes of real posts has four times their size at most: 5 MB posts, and nearly all of the 20 MB that the
template allows, make less."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the routes read from."""

    listings: Listings
    archive: ObjectStore
    versions: VersionStore
    following: Following
    downloads: Downloads
    cursors: Cursors
    sizes: ListingSizes

    def post(self, post_id: str) -> Post:
        """A post that is there.

        Raises:
            Problem: 404 ``post-unknown``, 410 ``post-deleted``.
        """
        post = self.listings.posts([post_id]).get(post_id)
        if post is None:
            raise Problem("post-unknown", f"there is no post {post_id}")
        if post.status is Status.DELETED:
            raise Problem("post-deleted", f"the post {post_id} was deleted")
        return post

    def rendition(self, post: Post) -> RenditionObject:
        """A post's text.

        Raises:
            Problem: 404 ``text-none`` for a rejected post; 503 ``text-pending`` while it is made; 413 ``text-too-large``.
        """
        if post.status is Status.REJECTED:
            raise Problem("text-none", f"the post was rejected: {post.detail}")
        if post.rendition is not None:
            try:
                return RenditionObject.decode(self.archive.get(post.rendition.key, limit=_MAX_RENDITION).body)
            except ObjectMissing:
                # The record moved on between our two reads, or its rendition is being made again.
                logger.warning("rendition missing", post_id=post.id, rendition=post.rendition.key)
            except ObjectTooLarge as error:
                detail = f"what was made of the post has {error.size:,} bytes"
                raise Problem("text-too-large", detail) from error
        raise Problem("text-pending", "the text is not made yet", retry_after=2)


@cache
def wiring() -> Reading:
    """The adapters: made once in a function's life."""
    settings = QuerySettings.from_env()
    s3 = client("s3")
    listings, archive = DynamoListings(settings.table), Bucket(settings.archive_bucket, s3)
    return Reading(
        listings=listings,
        archive=archive,
        versions=BucketVersions(settings.posts_bucket, s3),
        following=Following(listings, settings.changes_lag, settings.tombstone_life, _now),
        downloads=BucketDownloads(settings.posts_bucket, s3),
        cursors=Cursors(settings.api.cursor_key, _now),
        sizes=ListingSizes(archive, _now),
    )


def _now() -> datetime:
    return datetime.now(UTC)


type Sources = Callable[[], Reading]


def application(sources: Sources = wiring) -> Router:
    """Make the API: all of its routes, what is asked for most at once.

    Args:
        sources: gives what the routes read from, once a request comes.
    """
    return Router([partial(add, sources=sources) for add in (_first, _follow, _feeds, _history)])


def _first(router: Router, sources: Sources) -> None:
    _add_service(router)
    add_listing(router, sources)
    add_post(router, sources)
    add_text(router, sources)


def _follow(router: Router, sources: Sources) -> None:
    from query_posts.follow_routes import add_follow  # noqa: PLC0415 (imported by its first request)

    add_follow(router, sources)


def _feeds(router: Router, sources: Sources) -> None:
    from query_posts.feed_routes import add_feeds  # noqa: PLC0415 (as above)

    add_feeds(router, sources)


def _history(router: Router, sources: Sources) -> None:
    from query_posts.history_routes import Sources, add_history  # noqa: PLC0415 (as above)

    add_history(router, lambda: Sources(sources().listings, sources().versions))


def _add_service(router: Router) -> None:
    @router.get(
        "/healthz",
        summary="Tell whether the API answers",
        tag="service",
        gives={JSON: Health},
        says="It does.",
        cache="no-store",
    )
    def healthz() -> Health:
        return Health(status="ok", version=API_VERSION)

    @router.get(
        "/openapi.json",
        summary="Describe the API",
        description="In OpenAPI 3.1.",
        tag="service",
        gives={JSON: dict[str, Any]},
        says="The document.",
        cache="max-age=300",
    )
    def openapi() -> Answer:
        return Answer.json((_HERE / "openapi.json").read_bytes())

    @router.get(
        "/docs",
        summary="Describe the API, as a page to read",
        tag="service",
        gives={"text/html": None},
        says="The page; it loads nothing from elsewhere.",
        cache="max-age=300",
    )
    def docs() -> Answer:
        page = (_HERE / "docs.html").read_text("utf-8")
        return Answer.text("text/html", page, {"Content-Security-Policy": _PAGE_POLICY})
