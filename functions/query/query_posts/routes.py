"""The API's routes."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from http import HTTPStatus
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, CORSConfig, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from postkeep.aws.dynamodb import DynamoListings
from postkeep.aws.s3 import Bucket
from postkeep.aws.session import client
from postkeep.aws.versions import BucketVersions
from postkeep.errors import CursorInvalid, ObjectMissing, ObjectTooLarge
from postkeep.observability import count, logger
from postkeep.ports import Listings, ObjectStore, VersionStore
from postkeep.post import THUMBNAILS, Post, Status
from postkeep.renditions import RenditionObject
from postkeep.settings import QuerySettings
from postkeep.thumbnails import IMMUTABLE, MAX_FILE
from query_posts import cursor as cursors
from query_posts.browse import Criteria, browse
from query_posts.changes import Following
from query_posts.follow_routes import add_follow
from query_posts.history_routes import Sources, add_history
from query_posts.parameters import PostIdParameter, earliest, latest
from query_posts.problems import Problem
from query_posts.text_routes import add_text
from query_posts.views import Health, PostDetail, PostPage, post_detail, post_view

API_VERSION = "1.0.0"

_MAX_RENDITION = 64 * 1024 * 1024
"""Bytes. What render makes of real posts has four times their size at most: 5 MB posts, and nearly all of the 20 MB that the
template allows, make less."""

"""Bytes, so that its base64 fits into an answer; real ones have 5 to 80 KB."""


type FolderParameter = Annotated[
    str, Path(pattern=r"^[0-9a-f]{64}-[0-9]{1,6}$", description="What the thumbnails of one picture have in common.")
]
type ThumbnailParameter = Annotated[str, Path(pattern=r"^[0-9]{1,5}\.(webp|jpeg|avif)$", description="The width and the format.")]
type OldThumbnailParameter = Annotated[str, Path(pattern=r"^[0-9a-f]{64}\.webp$")]
type Value = Annotated[str | None, Query(max_length=512)]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the routes read from."""

    listings: Listings
    archive: ObjectStore
    versions: VersionStore
    following: Following

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
    listings = DynamoListings(settings.table)
    return Reading(
        listings=listings,
        archive=Bucket(settings.archive_bucket, s3),
        versions=BucketVersions(settings.posts_bucket, s3),
        following=Following(listings, settings.changes_lag, settings.tombstone_life, lambda: datetime.now(UTC)),
    )


def application(cors_origin: str = "") -> APIGatewayHttpResolver:
    """Make the API.

    Args:
        cors_origin: the origin that may call it from a browser; "" for none.
    """
    app = APIGatewayHttpResolver(
        enable_validation=True,
        # Without escapes: Chinese text would triple.
        serializer=partial(json.dumps, ensure_ascii=False, separators=(",", ":")),
        cors=CORSConfig(allow_origin=cors_origin, max_age=3600) if cors_origin else None,
    )
    _add_listing(app)
    _add_post(app)
    add_text(app, wiring)
    add_follow(app, wiring)
    add_history(app, lambda: Sources(wiring().listings, wiring().versions))
    _add_service(app)
    _add_errors(app)
    return app


def _add_listing(app: APIGatewayHttpResolver) -> None:
    @app.get("/posts", summary="List posts, newest first", tags=["posts"])
    def list_posts(  # noqa: PLR0913, PLR0917 (each is a parameter of the query string)
        author: Value = None,
        tag: Value = None,
        category: Value = None,
        host: Value = None,
        archive: Value = None,
        status: Annotated[Literal["pending", "ready", "rejected", "deleted"] | None, Query()] = None,
        from_: Annotated[
            str | None, Query(alias="from", max_length=40, description="Published at or after: a date or an instant.")
        ] = None,
        to: Annotated[
            str | None, Query(max_length=40, description="Published before this instant, or on this date or before.")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        cursor: Annotated[str | None, Query(max_length=600, description="The `next` of the page before.")] = None,
    ) -> PostPage:
        given = {"author": author, "tag": tag, "category": category, "host": host, "archive": archive}
        criteria = Criteria(
            filters={name: value for name, value in given.items() if value is not None},
            status=Status(status) if status else None,
            since=earliest(from_),
            until=latest(to),
        )
        bound = criteria.fingerprint()
        try:
            after = cursors.decode(cursor, bound) if cursor else None
        except CursorInvalid as error:
            raise Problem(HTTPStatus.BAD_REQUEST, "cursor-invalid", str(error)) from error
        page = browse(wiring().listings, criteria, after=after, limit=limit)
        return PostPage(
            posts=[post_view(post) for post in page.posts],
            next=cursors.encode(page.after, bound) if page.after else None,
        )


def _add_post(app: APIGatewayHttpResolver) -> None:
    @app.get("/posts/<post_id>", summary="Show a post and its pictures", tags=["posts"])
    def show_post(post_id: PostIdParameter) -> PostDetail:
        post = wiring().post(post_id)
        if post.rendition is None or not post.rendition.pictures:
            return post_detail(post, [], {})
        described = {p.id: {"alt": p.alt, "caption": p.caption} for p in wiring().rendition(post).pictures}
        return post_detail(post, wiring().listings.pictures(post_id), described)

    @app.get("/thumbnails/<folder>/<name>", summary="Get a thumbnail", tags=["pictures"])
    def get_thumbnail(folder: FolderParameter, name: ThumbnailParameter) -> Response[str]:
        return _thumbnail(f"{folder}/{name}")

    @app.get("/thumbnails/<name>", include_in_schema=False)  # as they were named before there were other formats than WebP
    def get_old_thumbnail(name: OldThumbnailParameter) -> Response[str]:
        return _thumbnail(name)


def _thumbnail(name: str) -> Response[str]:
    try:
        found = wiring().archive.get(f"{THUMBNAILS}{name}", limit=MAX_FILE)
    except ObjectMissing:
        raise Problem(HTTPStatus.NOT_FOUND, "thumbnail-unknown", "there is no such thumbnail") from None
    # Encoded here, since Powertools' validation would read the bytes as text.
    body = base64.b64encode(found.body).decode("ascii")
    answer = Response(200, f"image/{name.rpartition('.')[2]}", body, headers={"Cache-Control": IMMUTABLE})
    answer.base64_encoded = True
    return answer


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
