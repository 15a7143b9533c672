"""The routes of a post's history: its revisions, each as it was, and what changed between two."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import quote

from msgspec import Meta

from postkeep.errors import ObjectDeleted, ObjectMissing, ObjectTooLarge
from postkeep.ports import Listings, VersionStore
from postkeep.web import cursor as cursors
from postkeep.web.answers import fits
from postkeep.web.exchange import Answer, Request
from postkeep.web.negotiation import media_type
from postkeep.web.problems import Problem
from postkeep.web.routing import JSON, Router
from postkeep.web.validators import modified
from query_posts.history import compare, page
from query_posts.history_views import DiffView, RevisionPage, diff_view, revision_view, unified
from query_posts.parameters import EXAMPLE_POST, CursorParameter, PostIdParameter

MAX_BINARY = 4 * 1024 * 1024
"""Bytes of a file whose answer is base64, which is a third longer."""

_MAX_FILE = 6 * 1024 * 1024
"""Bytes of a file that is read at all: with more, no form of it fits into an answer."""

_FORMATS = {"text": "text/plain", "json": "application/json"}

# A page of strangers' text is never to be taken for anything else; and no copy is kept of what may be purged.
_HEADERS = {"X-Content-Type-Options": "nosniff"}

# S3 promises URL-ready ids of up to 1,024 bytes, and gives 32 characters, or "null" for what is older than the versioning.
_VERSION = "^[A-Za-z0-9._~+=-]{1,256}$"

type VersionParameter = Annotated[str, Meta(pattern=_VERSION, description="S3's version id.")]
type FormatParameter = Annotated[Literal["text", "json"], Meta(description="Overrides the Accept header.")]

_PROBLEMS = ("revision-deleted", "revision-unknown", "revision-too-large")


@dataclass(frozen=True, slots=True)
class Sources:
    """What the routes read from: the posts' records, and the posts bucket's versions."""

    listings: Listings
    versions: VersionStore

    def key(self, post_id: str) -> str:
        """The key of a post, deleted ones included.

        Raises:
            Problem: 404 ``post-unknown``.
        """
        post = self.listings.posts([post_id]).get(post_id)
        if post is None:
            raise Problem("post-unknown", f"there is no post {post_id}")
        return post.key


def add_history(router: Router, sources: Callable[[], Sources]) -> None:
    """Add the routes.

    Args:
        router: the API's.
        sources: gives what they read from, once a request comes.
    """
    _add_revisions(router, sources)
    _add_diff(router, sources)


def _add_revisions(router: Router, sources: Callable[[], Sources]) -> None:
    @router.get(
        "/posts/{post_id}/revisions",
        summary="List a post's revisions, newest first",
        tag="history",
        gives={JSON: RevisionPage},
        says="A page of revisions.",
        problems=("post-unknown", "cursor-invalid"),
        example={"post_id": EXAMPLE_POST},
    )
    def list_revisions(
        post_id: PostIdParameter,
        limit: Annotated[int, Meta(ge=1, le=20, description="Revisions on a page, at most.")] = 10,
        cursor: CursorParameter | None = None,
    ) -> RevisionPage:
        key, bound = sources().key(post_id), {"revisions": post_id}
        try:
            after = cursors.decode(cursor, bound) if cursor else None
            found = page(sources().versions, key, after=after, limit=limit)
        except ObjectMissing as error:
            raise Problem("cursor-invalid", "the revision it goes on after is not there") from error
        return RevisionPage(
            revisions=[revision_view(version, said) for version, said in found.entries],
            next=cursors.encode(found.after, bound) if found.after else None,
        )

    @router.get(
        "/posts/{post_id}/revisions/{version}",
        summary="Get a post's file as it was",
        tag="history",
        gives={"text/plain": None, "application/octet-stream": None},
        says="The file, byte by byte: as text where it is UTF-8.",
        fields=("Content-Disposition", "Last-Modified"),
        problems=("post-unknown", *_PROBLEMS),
    )
    def get_revision(post_id: PostIdParameter, version: VersionParameter) -> Answer:
        key = sources().key(post_id)
        with _problems():
            found = sources().versions.read(key, version, limit=_MAX_FILE)
            return _file(key, found.body).with_headers(modified(found.modified))


def _add_diff(router: Router, sources: Callable[[], Sources]) -> None:
    @router.get(
        "/posts/{post_id}/diff",
        summary="Compare two revisions of a post",
        tag="history",
        gives={"text/plain": None, JSON: DiffView},
        says="What changed: as a unified diff of fields and sentences, or as JSON.",
        problems=("post-unknown", "format-unknown", *_PROBLEMS),
        example={"post_id": EXAMPLE_POST},
    )
    def show_diff(
        request: Request,
        post_id: PostIdParameter,
        from_: Annotated[str, Meta(pattern=_VERSION, description="A version id; the one before `to` by default.")] | None = None,
        to: Annotated[str, Meta(pattern=_VERSION, description="A version id; the current one by default.")] | None = None,
        format: FormatParameter | None = None,  # noqa: A002 (the name of the parameter in the query string)
    ) -> Answer:
        kind = media_type(format, request.header("accept"), _FORMATS, "difference")
        key = sources().key(post_id)
        with _problems():
            found = compare(sources().versions, key, before=from_, after=to)
        headers = {**_HEADERS, "Vary": "Accept"}
        if kind == JSON:
            return Answer.json(diff_view(found), headers)
        return Answer.text(kind, unified(found, key), headers)


@contextmanager
def _problems() -> Iterator[None]:
    try:
        yield
    except ObjectDeleted as error:
        detail = f"the revision {error.version_id} is a deletion, which has no file"
        raise Problem("revision-deleted", detail) from error
    except ObjectMissing as error:
        which = f"no revision {error.version_id}" if error.version_id else "no revision at all"
        raise Problem("revision-unknown", f"the post has {which}; it may have been purged") from error
    except ObjectTooLarge as error:
        detail = f"the revision has {error.size:,} bytes; the limit is {error.limit:,}"
        raise Problem("revision-too-large", detail) from error


def _file(key: str, content: bytes) -> Answer:
    """A file as it was; to be saved under its own name, and never shown by a browser as a page of ours.

    Raises:
        ObjectTooLarge: if no form of it fits into an answer.
    """
    headers = {
        **_HEADERS,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(key.rpartition('/')[2], safe='', errors='replace')}",
    }
    text = _text(content)
    if text is not None and fits(text):
        return Answer.text("text/plain", text, headers)
    if len(content) > MAX_BINARY:
        raise ObjectTooLarge(key, len(content), MAX_BINARY)
    # What is no UTF-8, and the rare text that JSON's escapes make longer than base64 does.
    return Answer.file("application/octet-stream" if text is None else "text/plain; charset=utf-8", content, headers)


def _text(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None
