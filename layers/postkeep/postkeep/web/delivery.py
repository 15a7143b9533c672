"""HTTP around the routes: methods, access, conditional requests, caching, compression, links, and bounds.

The routes know GET and what they answer. What holds for all of them is here, between API Gateway and the router.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from postkeep import correlation
from postkeep.characters import excerpt
from postkeep.observability import FAILED, count, knows, logger, working
from postkeep.post import is_post_id
from postkeep.web import answers, bounds, coding, validators
from postkeep.web.access import Access
from postkeep.web.caching import lifetime, vary
from postkeep.web.exchange import Answer, Request
from postkeep.web.pages import links
from postkeep.web.problems import Problem
from postkeep.web.routing import Route, Router

ALLOWED = "GET, HEAD, OPTIONS"
"""What every route takes."""

_ASKED = "Authorization, If-Match, If-Modified-Since, If-None-Match, X-Api-Key"
"""Fields that a page of another origin may send, beside those that need no leave (Fetch Standard, 2.2.2)."""

_TOLD = ("ETag", "Link", "Retry-After")
"""Fields that it may read of any answer, beside Cache-Control, Content-Type and the like."""

_PREFLIGHT_SECONDS = 3600

_LONGEST_ESCAPE = 6
"""Bytes that one byte of a text may become in JSON."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Answers events.

    Attributes:
        routes: the router.
        access: who may read.
        cors_origin: the origin whose pages may read answers; "*" for any, "" for none.
        told: header fields of some answers, which such pages may read.
    """

    routes: Router
    access: Access
    cors_origin: str = ""
    told: Sequence[str] = ()

    def __call__(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a request.

        Args:
            event: of an HTTP API, payload version 2.0.
        """
        request = Request.of(event)
        cause = correlation.sound(event["requestContext"].get("requestId"))
        with working("answer", cause, failure="no answer") as work:
            reason = ""
            try:
                answer = self._answer(request)
            except Problem as problem:
                answer, reason = Answer.of_problem(problem), problem.kind
            except Exception as error:  # noqa: BLE001 (whatever it is, its reader gets an answer; it is logged, and counted)
                logger.exception("fault", kind=type(error).__name__)
                count("ApiFaults")
                answer, reason = Answer.of_problem(Problem("fault", "something went wrong here; it was logged")), "fault"
            payload = self._shared(answer).payload()
            work.ends("answered", _outcome(answer.status), reason, status=answer.status)
            return payload

    def _answer(self, request: Request) -> Answer:
        bounds.check(request)
        if request.method == "OPTIONS":
            return self._options(request)
        self.access.check(request)
        if request.path.endswith("/") and request.path != "/" and self._knows(request.path.removesuffix("/")):
            return _without_slash(request)
        if request.method not in {"GET", "HEAD"}:
            self._refuse(request)
        if (found := self.routes.find(request.path)) is None:
            raise _unknown(request)
        route, path = found
        _note(route, path)
        # An answer to HEAD keeps its body up to API Gateway, which takes its length and drops it, as every HTTP server does
        # (RFC 9110, 9.3.2); without the body it would tell a length of 0, which is a wrong one.
        return self._deliver(request, route.answer(request, path))

    def _deliver(self, request: Request, answer: Answer) -> Answer:
        fields = {"Cache-Control": lifetime(answer, private=self.access.is_private)}
        if answer.body:
            fields["X-Content-Type-Options"] = "nosniff"
        answer = answer.with_headers(fields)
        if not answer.is_ok:
            return answer
        if link := links(request, answer):
            answer = answer.with_headers({"Link": link})
        zips = False
        if coding.is_text(answer.content_type):
            answer = answer.with_headers({"Vary": vary(answer, "Accept-Encoding")})
            zips = coding.takes_gzip(request.header("accept-encoding"), len(answer.body))
        if "no-store" not in answer.headers["Cache-Control"]:
            plain = answer.headers.get("ETag") or validators.tag(answer.body)
            answer = answer.with_headers({"ETag": validators.of_gzip(plain) if zips else plain})
            answer = validators.settle(request, answer)
        # A 304 has nothing left to be zipped.
        return _within(_zipped(answer) if zips and answer.is_ok else answer)

    def _options(self, request: Request) -> Answer:
        """What may be done with an address; a preflight of a browser (Fetch Standard, 4.9) among others.

        Raises:
            Problem: 404 ``route-unknown``.
        """
        preflight = bool(self.cors_origin) and request.header("access-control-request-method") is not None
        # A preflight of an unknown address passes, or the page could not read that the address is unknown.
        if not preflight and not self._knows(request.path):
            raise _unknown(request)
        headers = {"Allow": ALLOWED}
        if preflight:
            headers |= {
                "Access-Control-Allow-Methods": ALLOWED,
                "Access-Control-Allow-Headers": _ASKED,
                "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
            }
        return Answer(HTTPStatus.NO_CONTENT.value, headers)

    def _refuse(self, request: Request) -> None:
        """Refuse another method than GET and HEAD.

        Raises:
            Problem: 404 ``route-unknown``, 405 ``method-not-allowed``.
        """
        if not self._knows(request.path):
            raise _unknown(request)
        detail = f"{request.method[:20]} is nothing that can be done here: there are {ALLOWED}"
        raise Problem("method-not-allowed", detail, headers={"Allow": ALLOWED})

    def _knows(self, path: str) -> bool:
        return self.routes.find(path) is not None

    def _shared(self, answer: Answer) -> Answer:
        """The answer, with the leave to read it for pages of the one origin.

        The field is the same whoever asks, so that answers do not vary by Origin.
        """
        if not self.cors_origin:
            return answer
        return answer.with_headers(
            {"Access-Control-Allow-Origin": self.cors_origin, "Access-Control-Expose-Headers": ", ".join((*_TOLD, *self.told))}
        )


def _note(route: Route, path: Mapping[str, str]) -> None:
    """Have the log say which route it is, and whose post; no more of the address, and nothing of the query."""
    post = path.get("post_id", "")
    knows(route=route.path, post_id=post if is_post_id(post) else "")


def _outcome(status: int) -> str:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return FAILED
    return "refused" if status >= HTTPStatus.BAD_REQUEST else "answered"


def _without_slash(request: Request) -> Answer:
    """The way to an address that has a slash too much at its end, relative to it."""
    name = quote(request.path[:-1].rpartition("/")[2], safe="")
    query = f"?{quote(request.query, safe=_QUERY)}" if request.query else ""
    headers = {"Location": f"../{name}{query}", "Cache-Control": "no-cache"}
    return Answer(HTTPStatus.PERMANENT_REDIRECT.value, headers)


_QUERY = "!$%&'()*+,-./:;=?@_~"
"""What stays in a query as it is (RFC 3986, 3.4); it is encoded already."""


def _zipped(answer: Answer) -> Answer:
    zipped = replace(answer, body=coding.zipped(answer.body), binary=True)
    return zipped.with_headers({"Content-Encoding": "gzip"})


def _within(answer: Answer) -> Answer:
    """The answer, if Lambda takes it.

    Raises:
        Problem: 413 ``answer-too-large``.
    """
    length = len(answer.body)
    if answer.binary:
        good = length * 4 // 3 + 4 <= answers.MAX_ANSWER
    else:
        good = length * _LONGEST_ESCAPE <= answers.MAX_ANSWER or answers.fits(answer.body.decode("utf-8", "surrogatepass"))
    if good:
        return answer
    detail = f"the answer has {length:,} bytes; ask for less at a time (`limit`, `fields`), or with `Accept-Encoding: gzip`"
    raise Problem("answer-too-large", detail)


def _unknown(request: Request) -> Problem:
    return Problem("route-unknown", f"there is no {excerpt(request.path)}")
