"""The routes of one post: by its id, by its article's address, its pictures, its file."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta

from postkeep.address import MAX_ADDRESS
from postkeep.errors import ObjectMissing
from postkeep.listing import address_name, is_in, order
from postkeep.ports import Downloads, Listings, ObjectStore
from postkeep.post import THUMBNAILS, Picture, PictureId, Post
from postkeep.renditions import RenditionObject
from postkeep.thumbnails import IMMUTABLE, MAX_FILE
from postkeep.web.answers import fits
from postkeep.web.exchange import Answer
from postkeep.web.problems import Problem
from postkeep.web.routing import JSON, Router
from query_posts.parameters import EXAMPLE_POST, EXAMPLE_URL, PostIdParameter
from query_posts.views import Pictures, PostDetail, PostOfAddress, picture_views, post_detail, post_of_address, post_view

_MOST = 100
"""Posts of one address that are read; of real addresses one has 28 and most have one."""

_EXAMPLE = {"post_id": EXAMPLE_POST}

type FolderParameter = Annotated[
    str, Meta(pattern=r"^[0-9a-f]{64}-[0-9]{1,6}$", description="What the thumbnails of one picture have in common.")
]
type ThumbnailParameter = Annotated[str, Meta(pattern=r"^[0-9]{1,5}\.(webp|jpeg|avif)$", description="The width and the format.")]
type OldThumbnailParameter = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\.webp$")]
UrlParameter = Annotated[
    str,
    Meta(
        max_length=MAX_ADDRESS,
        pattern=r"^\s*[Hh][Tt][Tt][Pp][Ss]?://",
        description="The article's address, percent-encoded; it is found however it is written.",
    ),
]


_UNREAD = ("post-unknown", "post-deleted", "text-pending", "text-too-large")
"""What can keep a post's pictures from being told."""


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


def add_post(router: Router, sources: Callable[[], Sources]) -> None:
    """Add the routes.

    Args:
        router: the API's.
        sources: gives what they read from, once a request comes.
    """
    _add_post(router, sources)
    _add_by_address(router, sources)
    _add_file(router, sources)
    _add_thumbnails(router, sources)


def _add_post(router: Router, sources: Callable[[], Sources]) -> None:
    @router.get(
        "/posts/{post_id}",
        summary="Show a post and its pictures",
        tag="posts",
        gives={JSON: PostDetail},
        says="The post.",
        problems=_UNREAD,
        example=_EXAMPLE,
    )
    def show_post(post_id: PostIdParameter) -> PostDetail:
        post = sources().post(post_id)
        return post_detail(post, *_pictures(sources(), post))

    @router.get(
        "/posts/{post_id}/pictures",
        summary="Show a post's pictures",
        tag="pictures",
        gives={JSON: Pictures},
        says="The pictures.",
        problems=_UNREAD,
        example=_EXAMPLE,
    )
    def show_pictures(post_id: PostIdParameter) -> Pictures:
        post = sources().post(post_id)
        return Pictures(id=post_id, pictures=picture_views(post, *_pictures(sources(), post)))


def _add_by_address(router: Router, sources: Callable[[], Sources]) -> None:
    @router.get(
        "/posts/by-url",
        summary="Show the newest post of an article's address",
        tag="posts",
        gives={JSON: PostOfAddress},
        says="The post that was published last, and the others in short.",
        problems=("address-unknown", "text-pending", "text-too-large"),
        example={"url": EXAMPLE_URL},
    )
    def show_by_url(url: UrlParameter) -> Answer:
        posts, more = _of_address(sources().listings, url.strip())
        if not posts:
            raise Problem("address-unknown", "there is no post of this address")
        newest, *others = posts
        views, pictures = [post_view(other) for other in others], _pictures(sources(), newest)
        while True:
            found = msgspec.json.encode(post_of_address(newest, *pictures, others=views, truncated=more))
            if not views or fits(found.decode()):
                return Answer.json(found)
            views, more = views[: len(views) // 2], True


def _add_file(router: Router, sources: Callable[[], Sources]) -> None:
    @router.get(
        "/posts/{post_id}/raw",
        summary="Get a post's file, as it was dropped",
        tag="posts",
        says="`Location` says where the file is to be had for five minutes, by anyone.",
        status=HTTPStatus.TEMPORARY_REDIRECT.value,
        problems=("post-unknown", "post-deleted"),
        cache="no-store",
    )
    def get_raw(post_id: PostIdParameter) -> Answer:
        post = sources().post(post_id)
        name = post.key.rpartition("/")[2]
        where = sources().downloads.address(post.key, version_id=post.revision.version_id, name=name)
        return Answer(HTTPStatus.TEMPORARY_REDIRECT.value, {"Location": where})


def _add_thumbnails(router: Router, sources: Callable[[], Sources]) -> None:
    @router.get(
        "/thumbnails/{folder}/{name}",
        summary="Get a thumbnail",
        tag="pictures",
        gives={"image/webp": None, "image/jpeg": None, "image/avif": None},
        says="The picture.",
        problems=("thumbnail-unknown",),
    )
    def get_thumbnail(folder: FolderParameter, name: ThumbnailParameter) -> Answer:
        return _thumbnail(sources().archive, f"{folder}/{name}")

    # As they were named before there were other formats than WebP.
    @router.get("/thumbnails/{name}", summary="Get a thumbnail of an early version", tag="")
    def get_old_thumbnail(name: OldThumbnailParameter) -> Answer:
        return _thumbnail(sources().archive, name)


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
        if (post := found.get(row.post_id)) and order(post) == row.order and is_in(listing, post)
    ]
    return posts, len(rows) > _MOST


def _thumbnail(archive: ObjectStore, name: str) -> Answer:
    try:
        found = archive.get(f"{THUMBNAILS}{name}", limit=MAX_FILE)
    except ObjectMissing:
        raise Problem("thumbnail-unknown", "there is no such thumbnail") from None
    return Answer.file(f"image/{name.rpartition('.')[2]}", found.body, {"Cache-Control": IMMUTABLE})
