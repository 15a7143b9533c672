"""The routes of what render made of a post: its text, and what was removed from it."""

from collections.abc import Callable
from typing import Annotated, Literal, Protocol

from msgspec import Meta, Struct

from postkeep.post import Post
from postkeep.renditions import RenditionObject
from postkeep.web.answers import fits
from postkeep.web.exchange import Answer, Request
from postkeep.web.negotiation import media_type, preferred
from postkeep.web.problems import Problem
from postkeep.web.routing import JSON, Router
from postkeep.web.validators import modified
from query_posts.parameters import EXAMPLE_POST, PostIdParameter

RANGE_HEADERS = ("Text-Length", "Text-From", "Text-To")
"""Of a text's answer: how many characters the text has, and which of them were sent, the last one not included."""

_HTML = "text/html"
_FORMATS = {"markdown": "text/markdown", "plain": "text/plain", "html": _HTML}

# A page of strangers' text is never to be taken for anything else.
_HEADERS = {"X-Content-Type-Options": "nosniff"}

# The third wall, behind the writer and the sanitizer of render: whatever came through, a browser that shows this answer as a page
# runs no script, sends no form and loads nothing but pictures (Content Security Policy Level 3; HTML Standard, 7.1.5 "sandbox").
CONTENT_SECURITY_POLICY = "default-src 'none'; img-src https: http: data:; sandbox"


_UNREAD = ("post-unknown", "post-deleted", "text-none", "text-outdated", "text-pending")

type FormatParameter = Annotated[Literal["markdown", "plain", "html"], Meta(description="Overrides the Accept header.")]


class RemovalView(Struct, frozen=True, kw_only=True):
    """Text that is no part of the article."""

    rule: Annotated[str, Meta(description="The rule that removed it: `generic/…`, `learnt/…`, or a source's host and a word.")]
    text: str


class RemovedView(Struct, frozen=True, kw_only=True):
    """What was removed from a post."""

    id: str
    rules: Annotated[int, Meta(description="The version of the rules that the text was made by.")]
    characters: Annotated[int, Meta(description="How many there are in all that was removed.")]
    removed: Annotated[list[RemovalView], Meta(description="In the order of the page.")]


class Sources(Protocol):
    """What the routes read from."""

    def post(self, post_id: str) -> Post:
        """A post that is there, or the Problem that there is none."""
        ...

    def rendition(self, post: Post) -> RenditionObject:
        """A post's text, or the Problem that it has none."""
        ...


def add_text(router: Router, sources: Callable[[], Sources]) -> None:
    """Add the routes.

    Args:
        router: the API's.
        sources: gives what they read from, once a request comes.
    """

    @router.get(
        "/posts/{post_id}/text",
        summary="Read a post's text",
        tag="posts",
        gives=dict.fromkeys(_FORMATS.values()),
        says="The text: as CommonMark, as plain text, or as a fragment of HTML that is safe to show. "
        "`Text-Length`, `Text-From` and `Text-To` (header fields) say how many characters it has, and which these are.",
        fields=(*RANGE_HEADERS, "Last-Modified"),
        problems=(*_UNREAD, "text-too-large", "part-of-html", "format-unknown"),
        example={"post_id": EXAMPLE_POST},
    )
    def read_text(
        request: Request,
        post_id: PostIdParameter,
        format: FormatParameter | None = None,  # noqa: A002 (the name of the parameter in the query string)
        from_: Annotated[int, Meta(ge=0, description="The first character of a part, from 0; not of HTML.")] = 0,
        to: Annotated[int, Meta(ge=0, description="The character that a part ends before; not of HTML.")] | None = None,
    ) -> Answer:
        accept = request.header("accept")
        part = bool(from_) or to is not None
        kind = _kind_of_part(format, accept) if part else media_type(format, accept, _FORMATS, "text")
        post = sources().post(post_id)
        rendition = sources().rendition(post)
        if kind == _HTML and not rendition.is_whole:
            kind = _without_html(format, accept, rendition)
        text = {"text/plain": rendition.text, _HTML: rendition.html}.get(kind, rendition.markdown)
        begin = min(from_, len(text))
        end = max(begin, min(len(text) if to is None else to, len(text)))
        shown = text[begin:end]
        if not fits(shown):
            detail = f"the text has {len(text):,} characters; take Markdown or plain text in parts, with `from` and `to`"
            raise Problem("text-too-large", detail)
        headers = {
            **_HEADERS,
            **modified(post.changed),
            "Vary": "Accept",
            **dict(zip(RANGE_HEADERS, map(str, (len(text), begin, end)), strict=True)),
        }
        if kind == _HTML:
            headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        return Answer.text(kind, shown, headers)

    @router.get(
        "/posts/{post_id}/removed",
        summary="Show what was removed from a post's text, and by which rules",
        tag="posts",
        gives={JSON: RemovedView},
        says="What was removed.",
        fields=("Last-Modified",),
        problems=(*_UNREAD, "text-too-large"),
        example={"post_id": EXAMPLE_POST},
    )
    def show_removed(post_id: PostIdParameter) -> Answer:
        post = sources().post(post_id)
        rendition = sources().rendition(post)
        if not rendition.is_whole:
            raise _outdated(rendition, "what was removed")
        view = RemovedView(
            id=post_id,
            rules=rendition.rules,
            characters=sum(len(removal.text) for removal in rendition.removed),
            removed=[RemovalView(rule=removal.rule, text=removal.text) for removal in rendition.removed],
        )
        return Answer.json(view, {**_HEADERS, **modified(post.changed)})


def _kind_of_part(format: str | None, accept: str | None) -> str:  # noqa: A002 (as the parameter)
    """The media type of a part of a text. A part of HTML is none: it would be cut within tags.

    Raises:
        Problem: 400 ``part-of-html``; 406 ``format-unknown``.
    """
    if format == "html":
        raise Problem("part-of-html", "HTML is given as a whole; take Markdown or plain text in parts")
    return media_type(format, accept, {name: kind for name, kind in _FORMATS.items() if kind != _HTML}, "part of a text")


def _without_html(format: str | None, accept: str | None, rendition: RenditionObject) -> str:  # noqa: A002 (as the parameter)
    """The next best media type of a text that has no HTML yet: browsers, which like HTML best, take any.

    Raises:
        Problem: 404 ``text-outdated``, where it has to be HTML.
    """
    others = [kind for kind in _FORMATS.values() if kind != _HTML]
    kind = preferred(accept, others) if format is None else None
    if kind is None:
        raise _outdated(rendition, "its HTML")
    return kind


def _outdated(rendition: RenditionObject, what: str) -> Problem:
    detail = (
        f"the text was made by rules {rendition.rules}, which did not keep {what}; it will be there once the text is made again"
    )
    return Problem("text-outdated", detail)
