"""The routes of a post's history: its revisions, each as it was, and what changed between two."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Literal
from urllib.parse import quote

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from postkeep.errors import CursorInvalid, ObjectDeleted, ObjectMissing, ObjectTooLarge
from postkeep.ports import Listings, VersionStore
from query_posts import cursor as cursors
from query_posts.history import compare, page
from query_posts.history_views import DiffView, RevisionPage, diff_view, revision_view, unified
from query_posts.parameters import PostIdParameter, media_type
from query_posts.problems import Problem

MAX_TEXT = 5_500_000
"""Bytes of a file once it is JSON, as Lambda takes its answers: 6 MB at most, with headers."""

MAX_BINARY = 4 * 1024 * 1024
"""Bytes of a file whose answer is base64, which is a third longer."""

_MAX_FILE = 6 * 1024 * 1024
"""Bytes of a file that is read at all: with more, no form of it fits into an answer."""

_FORMATS = {"text": "text/plain", "json": "application/json"}

# A page of strangers' text is never to be taken for anything else; and no copy is kept of what may be purged.
_HEADERS: dict[str, str | list[str]] = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}

# S3 promises URL-ready ids of up to 1,024 bytes, and gives 32 characters, or "null" for what is older than the versioning.
_VERSION = "^[A-Za-z0-9._~+=-]{1,256}$"

type VersionParameter = Annotated[str, Path(pattern=_VERSION, description="S3's version id.")]


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
            raise Problem(HTTPStatus.NOT_FOUND, "post-unknown", f"there is no post {post_id}")
        return post.key


def add_history(app: APIGatewayHttpResolver, sources: Callable[[], Sources]) -> None:
    """Add the routes.

    Args:
        app: the API.
        sources: gives what they read from, once a request comes.
    """
    _add_revisions(app, sources)
    _add_diff(app, sources)


def _add_revisions(app: APIGatewayHttpResolver, sources: Callable[[], Sources]) -> None:
    @app.get("/posts/<post_id>/revisions", summary="List a post's revisions, newest first", tags=["history"])
    def list_revisions(
        post_id: PostIdParameter,
        limit: Annotated[int, Query(ge=1, le=20)] = 10,
        cursor: Annotated[str | None, Query(max_length=600, description="The `next` of the page before.")] = None,
    ) -> RevisionPage:
        key, bound = sources().key(post_id), {"revisions": post_id}
        try:
            after = cursors.decode(cursor, bound) if cursor else None
            found = page(sources().versions, key, after=after, limit=limit)
        except CursorInvalid as error:
            raise Problem(HTTPStatus.BAD_REQUEST, "cursor-invalid", str(error)) from error
        except ObjectMissing as error:
            raise Problem(HTTPStatus.BAD_REQUEST, "cursor-invalid", "the revision it goes on after is not there") from error
        return RevisionPage(
            revisions=[revision_view(version, said) for version, said in found.entries],
            next=cursors.encode(found.after, bound) if found.after else None,
        )

    @app.get(
        "/posts/<post_id>/revisions/<version>",
        summary="Get a post's file as it was",
        tags=["history"],
        responses={200: {"description": "The file, byte by byte.", "content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    def get_revision(post_id: PostIdParameter, version: VersionParameter) -> Response[str]:
        key = sources().key(post_id)
        with _problems():
            content = sources().versions.read(key, version, limit=_MAX_FILE).body
            return _file(key, content)


def _add_diff(app: APIGatewayHttpResolver, sources: Callable[[], Sources]) -> None:
    @app.get(
        "/posts/<post_id>/diff",
        summary="Compare two revisions of a post",
        tags=["history"],
        responses={
            200: {
                "description": "What changed: as a unified diff of fields and sentences, or as JSON.",
                "content": {"text/plain": {"schema": {"type": "string"}}, "application/json": {"model": DiffView}},
            }
        },
    )
    def show_diff(
        post_id: PostIdParameter,
        from_: Annotated[
            str | None, Query(alias="from", pattern=_VERSION, description="A version id; the one before `to` by default.")
        ] = None,
        to: Annotated[str | None, Query(pattern=_VERSION, description="A version id; the current one by default.")] = None,
        format: Annotated[  # noqa: A002 (the name of the parameter in the query string)
            Literal["text", "json"] | None, Query(description="Overrides the Accept header.")
        ] = None,
    ) -> Response[str]:
        accept = app.current_event.headers.get("accept") or ""
        kind = media_type(format, accept, _FORMATS, "difference")
        key = sources().key(post_id)
        with _problems():
            found = compare(sources().versions, key, before=from_, after=to)
        headers = {**_HEADERS, "Vary": "Accept"}
        if kind == "application/json":
            return Response(200, kind, diff_view(found).model_dump_json(), headers=headers)
        return Response(200, f"{kind}; charset=utf-8", unified(found, key), headers=headers)


@contextmanager
def _problems() -> Iterator[None]:
    try:
        yield
    except ObjectDeleted as error:
        detail = f"the revision {error.version_id} is a deletion, which has no file"
        raise Problem(HTTPStatus.NOT_FOUND, "revision-deleted", detail) from error
    except ObjectMissing as error:
        which = f"no revision {error.version_id}" if error.version_id else "no revision at all"
        raise Problem(HTTPStatus.NOT_FOUND, "revision-unknown", f"the post has {which}; it may have been purged") from error
    except ObjectTooLarge as error:
        detail = f"the revision has {error.size:,} bytes; the limit is {error.limit:,}"
        raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "revision-too-large", detail) from error


def _file(key: str, content: bytes) -> Response[str]:
    """A file as it was; to be saved under its own name, and never shown by a browser as a page of ours.

    Raises:
        ObjectTooLarge: if no form of it fits into an answer.
    """
    headers = {
        **_HEADERS,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(key.rpartition('/')[2], safe='', errors='replace')}",
    }
    text = _text(content)
    kind = "application/octet-stream" if text is None else "text/plain; charset=utf-8"
    if text is not None and len(json.dumps(text, ensure_ascii=False).encode()) <= MAX_TEXT:
        return Response(200, kind, text, headers=headers)
    if len(content) > MAX_BINARY:
        raise ObjectTooLarge(key, len(content), MAX_BINARY)
    # What is no UTF-8, and the rare text that JSON's escapes make longer than base64 does.
    answer: Response[Any] = Response(200, kind, base64.b64encode(content).decode("ascii"), headers=headers)
    answer.base64_encoded = True
    return answer


def _text(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None
