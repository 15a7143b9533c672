"""The API's routes."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, CORSConfig, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from postkeep.aws.dynamodb import DynamoListings
from postkeep.aws.links import BucketDownloads
from postkeep.aws.s3 import Bucket
from postkeep.aws.session import client
from postkeep.aws.versions import BucketVersions
from postkeep.errors import ObjectMissing, ObjectTooLarge
from postkeep.observability import count, logger
from postkeep.ports import Downloads, Listings, ObjectStore, VersionStore
from postkeep.post import Post, Status
from postkeep.renditions import RenditionObject
from postkeep.settings import QuerySettings
from query_posts.changes import Following
from query_posts.cursor import Cursors
from query_posts.feed_routes import add_feeds
from query_posts.follow_routes import add_follow
from query_posts.history_routes import Sources, add_history
from query_posts.listing_routes import add_listing
from query_posts.post_routes import add_post
from query_posts.problems import Problem
from query_posts.sizes import ListingSizes
from query_posts.text_routes import RANGE_HEADERS, add_text
from query_posts.views import Health

API_VERSION = "1.0.0"

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
            raise Problem(HTTPStatus.NOT_FOUND, "post-unknown", f"there is no post {post_id}")
        if post.status is Status.DELETED:
            raise Problem(HTTPStatus.GONE, "post-deleted", f"the post {post_id} was deleted")
        return post

    def rendition(self, post: Post) -> RenditionObject:
        """A post's text.

        Raises:
            Problem: 404 ``text-none`` for a rejected post; 503 ``text-pending`` while it is made; 413 ``text-too-large``.
        """
        if post.status is Status.REJECTED:
            raise Problem(HTTPStatus.NOT_FOUND, "text-none", f"the post was rejected: {post.detail}")
        if post.rendition is not None:
            try:
                return RenditionObject.decode(self.archive.get(post.rendition.key, limit=_MAX_RENDITION).body)
            except ObjectMissing:
                # The record moved on between our two reads, or its rendition is being made again.
                logger.warning("rendition missing", post_id=post.id, key=post.rendition.key)
            except ObjectTooLarge as error:
                detail = f"what was made of the post has {error.size:,} bytes"
                raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "text-too-large", detail) from error
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "text-pending", "the text is not made yet", retry_after=2)


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
        cursors=Cursors(settings.cursor_key, _now),
        sizes=ListingSizes(archive, _now),
    )


def _now() -> datetime:
    return datetime.now(UTC)


def application(cors_origin: str = "") -> APIGatewayHttpResolver:
    """Make the API.

    Args:
        cors_origin: the origin that may call it from a browser; "" for none.
    """
    app = APIGatewayHttpResolver(
        enable_validation=True,
        # Without escapes: Chinese text would triple.
        serializer=partial(json.dumps, ensure_ascii=False, separators=(",", ":")),
        cors=CORSConfig(allow_origin=cors_origin, max_age=3600, expose_headers=[*RANGE_HEADERS]) if cors_origin else None,
    )
    add_listing(app, wiring)
    add_post(app, wiring)
    add_text(app, wiring)
    add_follow(app, wiring)
    add_history(app, lambda: Sources(wiring().listings, wiring().versions))
    add_feeds(app, wiring)
    _add_service(app)
    _add_errors(app)
    return app


def _add_service(app: APIGatewayHttpResolver) -> None:
    @app.get("/healthz", summary="Whether the API answers", tags=["service"])
    def healthz() -> Health:
        return Health(status="ok", version=API_VERSION)

    @app.get("/openapi.json", include_in_schema=False)
    def openapi() -> Response[str]:
        return Response(200, "application/json", document(app))


def document(app: APIGatewayHttpResolver) -> str:
    """The API's OpenAPI document, as JSON."""
    return app.get_openapi_json_schema(title="Postkeep", version=API_VERSION, description="Posts, their text and their pictures.")


def _add_errors(app: APIGatewayHttpResolver) -> None:
    @app.exception_handler(Problem)  # type: ignore[untyped-decorator]  # Powertools does not type it
    def on_problem(problem: Problem) -> Response[str]:
        return problem.response()

    @app.exception_handler(RequestValidationError)  # type: ignore[untyped-decorator]
    def on_invalid(error: RequestValidationError) -> Response[str]:
        first: dict[str, Any] = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return Problem(HTTPStatus.BAD_REQUEST, "parameter-invalid", f"{where}: {first['msg']}").response()

    @app.not_found
    def on_unknown(_: Exception) -> Response[str]:
        return Problem(HTTPStatus.NOT_FOUND, "route-unknown", f"there is no {app.current_event.path}").response()

    @app.exception_handler(Exception)  # type: ignore[untyped-decorator]
    def on_fault(error: Exception) -> Response[str]:
        logger.exception("fault", kind=type(error).__name__)
        count("ApiFaults")
        return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "fault", "something went wrong here; it was logged").response()
