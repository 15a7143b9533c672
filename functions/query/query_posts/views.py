"""What the API shows: the answers' shapes, as types that the OpenAPI document is made of."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, cast

from msgspec import Meta, Struct

from postkeep.listing import instant
from postkeep.post import Original, Picture, PictureId, PictureStatus, Post

PostState = Literal["pending", "ready", "rejected", "deleted"]
ThumbnailFormat = Literal["webp", "jpeg", "avif"]
OriginalKind = Literal["jpeg", "png", "webp", "gif", "avif", "bmp", "tiff"]
PictureState = Annotated[
    Literal["pending", "ready", "waiting", "failed", "skipped"], Meta(description="`waiting`: for its next try, later.")
]


class ThumbnailView(Struct, frozen=True, kw_only=True):
    """A file that was made of a picture."""

    url: Annotated[str, Meta(description="Where it is, relative to the API's address; what is there never changes.")]
    format: ThumbnailFormat
    width: int
    height: int
    bytes: int


class OriginalView(Struct, frozen=True, kw_only=True):
    """The file that thumbnails were made of."""

    sha256: Annotated[str, Meta(description="Of its bytes, in hex.")]
    bytes: int
    kind: Annotated[OriginalKind, Meta(description="What the bytes are.")]
    media_type: Annotated[str, Meta(description="What its host said that it is; empty where it said nothing.")]
    fetched: Annotated[str, Meta(description="When, ISO 8601, UTC.")]
    address: Annotated[str, Meta(description="Where it was in the end, after redirects; empty for one out of the posts bucket.")]
    animated: bool
    partial: Annotated[bool, Meta(description="Whether it ended early.")]


class LeadView(Struct, frozen=True, kw_only=True):
    """The first picture of a post, as a list shows it."""

    id: str
    address: Annotated[str, Meta(description="Where the picture is to be had.")]
    status: PictureState
    width: Annotated[int, Meta(description="Of the original as it is to be seen, in pixels; 0 where unknown.")]
    height: int
    placeholder: Annotated[str, Meta(description="A ThumbHash in base64, of 36 characters at most; empty where there is none.")]
    colour: Annotated[str, Meta(description="The dominant one, as #rrggbb; empty where unknown.")]
    thumbnails: Annotated[
        list[ThumbnailView], Meta(description="WebP first, the smallest first; the JPEG is for what reads no WebP.")
    ]


class PictureView(LeadView, frozen=True, kw_only=True):
    """A picture of a post."""

    reason: Annotated[str, Meta(description="Why it waits, failed or was skipped, as a word; empty otherwise.")]
    detail: str
    attempts: Annotated[int, Meta(description="How often it was tried without success.")]
    next_try: Annotated[str | None, Meta(description="When it is tried again, ISO 8601, UTC; null where it is not.")]
    alt: str
    caption: str
    original: OriginalView | None


class PostView(Struct, frozen=True, kw_only=True):
    """A post in a listing."""

    id: str
    key: Annotated[str, Meta(description="The object's key in the posts bucket.")]
    archive: Annotated[str, Meta(description="The folder that the post's archive lies under; empty for the bucket's root.")]
    status: PostState
    title: str
    author: str
    published: Annotated[str | None, Meta(description="ISO 8601, UTC; null where no date is known.")]
    date_source: Annotated[
        Literal["front-matter", "comment", "file-name", "unknown"], Meta(description="Where the date of publication was found.")
    ]
    source_url: str | None
    tags: list[str]
    categories: list[str]
    summary: str
    language: Annotated[str, Meta(description="Of the text, as a BCP 47 tag such as zh-Hant; und where none can be told.")]
    characters: Annotated[int, Meta(description="Of the plain text.")]
    words: Annotated[int, Meta(description="Of the plain text; a Chinese character counts as one.")]
    reading_seconds: Annotated[int, Meta(description="How long reading the text takes.")]
    pictures: Annotated[int, Meta(description="How many the text has.")]
    added: str
    changed: str
    reason: Annotated[str, Meta(description="Why the post was rejected, as a word; empty otherwise.")]
    detail: Annotated[str, Meta(description="Why the post was rejected, as a sentence; empty otherwise.")]


class ListedPost(PostView, frozen=True, kw_only=True):
    """A post in a list with pictures."""

    picture: Annotated[
        LeadView | None,
        Meta(description="The first picture; null where there is none, or where the text was made before lists had pictures."),
    ]


class PostDetail(PostView, frozen=True, kw_only=True):
    """A post by itself."""

    size: Annotated[int, Meta(description="Of the file in bytes.")]
    content_hash: Annotated[str, Meta(description="SHA-256 of the file in hex.")]
    warnings: list[str]
    extra: Annotated[dict[str, Any], Meta(description="Front matter that means nothing to Postkeep, as it was written.")]
    picture_items: Annotated[list[PictureView], Meta(description="In the order of the article.")]


class PostOfAddress(PostDetail, frozen=True, kw_only=True):
    """The newest post of an article's address."""

    others: Annotated[list[PostView], Meta(description="The other posts of the same address, the newest first.")]
    truncated: Annotated[bool, Meta(description="Whether there are more others.")]


class Pictures(Struct, frozen=True, kw_only=True):
    """The pictures of a post."""

    id: Annotated[str, Meta(description="The post's.")]
    pictures: Annotated[list[PictureView], Meta(description="In the order of the article.")]


class PostPage(Struct, frozen=True, kw_only=True):
    """A page of a listing."""

    posts: Annotated[list[ListedPost], Meta(description="With all fields, or those that `fields` names.")]
    next: Annotated[
        str | None,
        Meta(
            description="The cursor of the next page, good for seven days; null at the end. A short page, even an empty one, "
            "may have it: then few posts fit, and the search goes on there."
        ),
    ]
    searched: Annotated[int, Meta(description="How many posts were looked at for this page.")]
    searched_until: Annotated[
        str | None,
        Meta(
            description="How far the search got: the instant of `sort` (ISO 8601, UTC) of the last post that was looked at; null "
            "at the end, and where only posts without a date are left."
        ),
    ]


class Health(Struct, frozen=True, kw_only=True):
    """That the API answers."""

    status: Literal["ok"]
    version: str


def _moment(moment: datetime | None) -> str | None:
    return instant(moment) if moment else None


def _fields(post: Post) -> dict[str, Any]:
    meta, rendition = post.metadata, post.rendition
    return {
        "id": post.id,
        "key": post.key,
        "archive": post.archive,
        "status": post.status.value,
        "title": meta.title,
        "author": meta.author,
        "published": _moment(meta.published),
        "date_source": meta.date_source,
        "source_url": meta.source_url,
        "tags": list(meta.tags),
        "categories": list(meta.categories),
        "summary": post.summary,
        "language": rendition.language if rendition else "und",
        "characters": rendition.characters if rendition else 0,
        "words": rendition.words if rendition else 0,
        "reading_seconds": rendition.reading_seconds if rendition else 0,
        "pictures": rendition.pictures if rendition else 0,
        "added": instant(post.added),
        "changed": instant(post.changed),
        "reason": post.reason,
        "detail": post.detail,
    }


def post_view(post: Post) -> PostView:
    """A post as a listing shows it."""
    return PostView(**_fields(post))


def listed_post(post: Post, lead: Picture | None) -> ListedPost:
    """A post in a list with pictures.

    Args:
        post: the record.
        lead: its first picture; None for none.
    """
    return ListedPost(**_fields(post), picture=_lead_view(lead) if lead else None)


def post_detail(post: Post, pictures: list[Picture], described: Mapping[PictureId, Mapping[str, str]]) -> PostDetail:
    """A post by itself.

    Args:
        post: the record.
        pictures: its pictures' items.
        described: the alt and caption of each picture, by id, in the order of the article.
    """
    return PostDetail(**_fields(post), **_details(post, pictures, described))


def post_of_address(
    post: Post,
    pictures: list[Picture],
    described: Mapping[PictureId, Mapping[str, str]],
    *,
    others: list[PostView],
    truncated: bool,
) -> PostOfAddress:
    """The newest post of an address; the first arguments are those of :func:`post_detail`."""
    return PostOfAddress(**_fields(post), **_details(post, pictures, described), others=others, truncated=truncated)


def _details(post: Post, pictures: list[Picture], described: Mapping[PictureId, Mapping[str, str]]) -> dict[str, Any]:
    return {
        "size": post.size,
        "content_hash": post.content_hash,
        "warnings": list(post.warnings),
        "extra": dict(post.metadata.extra),
        "picture_items": picture_views(post, pictures, described),
    }


def picture_views(post: Post, pictures: list[Picture], described: Mapping[PictureId, Mapping[str, str]]) -> list[PictureView]:
    """The pictures of a post's text, in the order of the article; the arguments are those of :func:`post_detail`."""
    place = {picture_id: n for n, picture_id in enumerate(described)}
    current = [picture for picture in pictures if picture.edition == post.edition]
    ordered = sorted(current, key=lambda picture: place.get(picture.id, len(place)))
    return [_picture_view(picture, described.get(picture.id, {})) for picture in ordered]


def _lead_view(picture: Picture) -> LeadView:
    original = picture.original
    return LeadView(
        id=picture.id,
        address=picture.address,
        status=picture.status.value,
        width=picture.width,
        height=picture.height,
        placeholder=original.placeholder if original else "",
        colour=original.colour if original else "",
        thumbnails=_thumbnail_views(picture),
    )


def _thumbnail_views(picture: Picture) -> list[ThumbnailView]:
    return [
        ThumbnailView(
            url=f"/thumbnails/{t.name}", format=cast("ThumbnailFormat", t.format), width=t.width, height=t.height, bytes=t.bytes
        )
        for t in picture.thumbnails
    ]


def _picture_view(picture: Picture, described: Mapping[str, str]) -> PictureView:
    original = picture.original
    return PictureView(
        id=picture.id,
        address=picture.address,
        status=picture.status.value,
        reason=picture.reason,
        detail=picture.detail,
        attempts=picture.attempts,
        next_try=instant(picture.next_try) if picture.next_try and picture.status is PictureStatus.WAITING else None,
        alt=described.get("alt", ""),
        caption=described.get("caption", ""),
        width=picture.width,
        height=picture.height,
        placeholder=original.placeholder if original else "",
        colour=original.colour if original else "",
        original=_original_view(original) if original else None,
        thumbnails=_thumbnail_views(picture),
    )


def _original_view(original: Original) -> OriginalView:
    return OriginalView(
        sha256=original.sha256,
        bytes=original.bytes,
        kind=cast("OriginalKind", original.kind),
        media_type=original.media_type,
        fetched=instant(original.fetched),
        address=original.address,
        animated=original.animated,
        partial=original.partial,
    )
