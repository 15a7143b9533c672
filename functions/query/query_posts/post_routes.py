"""The routes of one post: by its id, by its article's address, its pictures, its file."""

import base64
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Protocol

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import BaseModel

from postkeep.address import MAX_ADDRESS
from postkeep.errors import ObjectMissing
from postkeep.listing import address_name, listings, order
from postkeep.ports import Downloads, Listings, ObjectStore
from postkeep.post import THUMBNAILS, Picture, PictureId, Post
from postkeep.renditions import RenditionObject
from postkeep.thumbnails import IMMUTABLE, MAX_FILE
from query_posts.answers import fits
from query_posts.parameters import PostIdParameter
from query_posts.problems import Problem
from query_posts.views import Pictures, PostDetail, PostOfAddress, picture_views, post_detail, post_view

_MOST = 100
"""Posts of one address that are read; of real addresses one has 28 and most have one."""

_JSON = "application/json"

type FolderParameter = Annotated[
    str, Path(pattern=r"^[0-9a-f]{64}-[0-9]{1,6}$", description="What the thumbnails of one picture have in common.")
]
type ThumbnailParameter = Annotated[str, Path(pattern=r"^[0-9]{1,5}\.(webp|jpeg|avif)$", description="The width and the format.")]
type OldThumbnailParameter = Annotated[str, Path(pattern=r"^[0-9a-f]{64}\.webp$")]
UrlParameter = Annotated[
    str,
    Query(
        max_length=MAX_ADDRESS,
        pattern=r"^\s*[Hh][Tt][Tt][Pp][Ss]?://",
        description="The article's address, percent-encoded; it is found however it is written.",
    ),
]


class Sources(Protocol):
    """What the routes read from."""

    @property
    def listings(self) -> Listings:
        """The posts' records and their pictures."""
        ...

    @property
    def archive(self) -> ObjectStore:
        """The archive bucket."""
        ...

    @property
    def downloads(self) -> Downloads:
        """Gives out addresses of objects of the posts bucket."""
        ...

    def post(self, post_id: str) -> Post:
        """A post that is there, or the Problem that there is none."""
        ...

    def rendition(self, post: Post) -> RenditionObject:
        """A post's text, or the Problem that it has none."""
        ...


def add_post(app: APIGatewayHttpResolver, sources: Callable[[], Sources]) -> None:
    """Add the routes.

    Args:
        app: the API.
        sources: gives what they read from, once a request comes.
    """
    _add_post(app, sources)
    _add_by_address(app, sources)
    _add_file(app, sources)
    _add_thumbnails(app, sources)


def _add_post(app: APIGatewayHttpResolver, sources: Callable[[], Sources]) -> None:
    @app.get(
        "/posts/<post_id>",
        summary="Show a post and its pictures",
        tags=["posts"],
        responses={200: {"description": "The post.", "content": {_JSON: {"model": PostDetail}}}},
    )
    def show_post(post_id: PostIdParameter) -> Response[str]:
        post = sources().post(post_id)
        return _answer(post_detail(post, *_pictures(sources(), post)), "the post")

    @app.get(
        "/posts/<post_id>/pictures",
        summary="Show a post's pictures",
        tags=["pictures"],
        responses={200: {"description": "The pictures.", "content": {_JSON: {"model": Pictures}}}},
    )
    def show_pictures(post_id: PostIdParameter) -> Response[str]:
        post = sources().post(post_id)
        return _answer(Pictures(id=post_id, pictures=picture_views(post, *_pictures(sources(), post))), "the pictures")


def _add_by_address(app: APIGatewayHttpResolver, sources: Callable[[], Sources]) -> None:
    @app.get(
        "/posts/by-url",
        summary="Show the newest post of an article's address",
        tags=["posts"],
        responses={
            200: {
                "description": "The post that was published last, and the others in short.",
                "content": {_JSON: {"model": PostOfAddress}},
            }
        },
    )
    def show_by_url(url: UrlParameter) -> Response[str]:
        posts, more = _of_address(sources().listings, url.strip())
        if not posts:
            raise Problem(HTTPStatus.NOT_FOUND, "address-unknown", "there is no post of this address")
        newest, *others = posts
        view = PostOfAddress(
            **post_detail(newest, *_pictures(sources(), newest)).model_dump(),
            others=[post_view(other) for other in others],
            truncated=more,
        )
        while view.others and not fits(view.model_dump_json()):
            view.others, view.truncated = view.others[: len(view.others) // 2], True
        return _answer(view, "the post")


def _add_file(app: APIGatewayHttpResolver, sources: Callable[[], Sources]) -> None:
    @app.get(
        "/posts/<post_id>/raw",
        summary="Get a post's file, as it was dropped",
        tags=["posts"],
        responses={307: {"description": "`Location` says where the file is to be had for five minutes, by anyone."}},
    )
    def get_raw(post_id: PostIdParameter) -> Response[str]:
        post = sources().post(post_id)
        name = post.key.rpartition("/")[2]
        where = sources().downloads.address(post.key, version_id=post.revision.version_id, name=name)
        return Response(
            HTTPStatus.TEMPORARY_REDIRECT.value, "text/plain", "", headers={"Location": where, "Cache-Control": "no-store"}
        )


def _add_thumbnails(app: APIGatewayHttpResolver, sources: Callable[[], Sources]) -> None:
    @app.get("/thumbnails/<folder>/<name>", summary="Get a thumbnail", tags=["pictures"])
    def get_thumbnail(folder: FolderParameter, name: ThumbnailParameter) -> Response[str]:
        return _thumbnail(sources().archive, f"{folder}/{name}")

    @app.get("/thumbnails/<name>", include_in_schema=False)  # as they were named before there were other formats than WebP
    def get_old_thumbnail(name: OldThumbnailParameter) -> Response[str]:
        return _thumbnail(sources().archive, name)


def _answer(view: BaseModel, what: str) -> Response[str]:
    body = view.model_dump_json()
    if not fits(body):
        detail = f"what there is to tell of {what} has {len(body):,} characters"
        raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "answer-too-large", detail)
    return Response(200, _JSON, body)


def _pictures(sources: Sources, post: Post) -> tuple[list[Picture], dict[PictureId, dict[str, str]]]:
    """The pictures of a post, and what the article says of each, in its order."""
    if post.rendition is None or not post.rendition.pictures:
        return [], {}
    described = {p.id: {"alt": p.alt, "caption": p.caption} for p in sources.rendition(post).pictures}
    return sources.listings.pictures(post.id), described


def _of_address(store: Listings, url: str) -> tuple[list[Post], bool]:
    """The posts of an address, the newest first, and whether there are more of them."""
    listing = address_name(url)
    rows = store.rows(listing, after=None, low=None, high=None, limit=_MOST + 1)
    found = store.posts([row.post_id for row in rows[:_MOST]])
    posts = [
        post
        for row in rows[:_MOST]
        # A row may be a moment older than the record: the record decides.
        if (post := found.get(row.post_id)) and order(post) == row.order and listing in listings(post)
    ]
    return posts, len(rows) > _MOST


def _thumbnail(archive: ObjectStore, name: str) -> Response[str]:
    try:
        found = archive.get(f"{THUMBNAILS}{name}", limit=MAX_FILE)
    except ObjectMissing:
        raise Problem(HTTPStatus.NOT_FOUND, "thumbnail-unknown", "there is no such thumbnail") from None
    # Encoded here, since Powertools' validation would read the bytes as text.
    body = base64.b64encode(found.body).decode("ascii")
    answer = Response(200, f"image/{name.rpartition('.')[2]}", body, headers={"Cache-Control": IMMUTABLE})
    answer.base64_encoded = True
    return answer
