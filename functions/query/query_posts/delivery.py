"""HTTP around the routes: methods, access, conditional requests, caching, compression, links, and bounds.

The routes know GET and what they answer. What holds for all of them is here, between API Gateway and the router.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.utilities.typing import LambdaContext

from query_posts import bounds, coding, validators
from query_posts.access import Access
from query_posts.answers import MAX_ANSWER, fits
from query_posts.caching import lifetime, vary
from query_posts.exchange import Answer, Request
from query_posts.pages import links
from query_posts.problems import Problem
from query_posts.text_routes import RANGE_HEADERS

ALLOWED = "GET, HEAD, OPTIONS"
"""What every route takes."""

_ASKED = "Authorization, If-Match, If-Modified-Since, If-None-Match, X-Api-Key"
"""Fields that a page of another origin may send, beside those that need no leave (Fetch Standard, 2.2.2)."""

_TOLD = ", ".join(("ETag", "Link", "Retry-After", *RANGE_HEADERS))
"""Fields that it may read, beside Cache-Control, Content-Type and the like."""

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
    """

    routes: APIGatewayHttpResolver
    access: Access
    cors_origin: str = ""

    def __call__(self, event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Answer a request.

        Args:
            event: of an HTTP API, payload version 2.0.
            context: Lambda's.
        """
        request = Request.of(event)
        try:
            answer = self._answer(request, event, context)
        except Problem as problem:
            answer = Answer.of_problem(problem)
        return self._shared(answer).payload()

    def _answer(self, request: Request, event: Mapping[str, Any], context: LambdaContext) -> Answer:
        bounds.check(request)
        if request.method == "OPTIONS":
            return self._options(request)
        self.access.check(request)
        if request.path != "/" and self._knows(request.path.removesuffix("/")) and request.path.endswith("/"):
            return _without_slash(request)
        if request.method not in {"GET", "HEAD"}:
            self._refuse(request)
        return self._deliver(request, Answer.of(self.routes.resolve(_as_get(event), context)))

    def _deliver(self, request: Request, answer: Answer) -> Answer:
        fields = {"Cache-Control": lifetime(request, answer, private=self.access.is_private)}
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
        raise Problem(HTTPStatus.METHOD_NOT_ALLOWED, "method-not-allowed", detail, headers={"Allow": ALLOWED})

    def _knows(self, path: str) -> bool:
        # Powertools tells of its routes nowhere else: the OpenAPI document lacks those that are left out of it.
        routes = self.routes._static_routes + self.routes._dynamic_routes  # noqa: SLF001
        return any(route.rule.match(path) for route in routes)

    def _shared(self, answer: Answer) -> Answer:
        """The answer, with the leave to read it for pages of the one origin.

        The field is the same whoever asks, so that answers do not vary by Origin.
        """
        if not self.cors_origin:
            return answer
        return answer.with_headers({"Access-Control-Allow-Origin": self.cors_origin, "Access-Control-Expose-Headers": _TOLD})


def _as_get(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event of a GET: the routes know no other method.

    An answer to HEAD keeps its body up to API Gateway, which takes its length and drops it, as every HTTP server does (RFC 9110,
    9.3.2); without the body it would tell a length of 0, which is a wrong one.
    """
    if event["requestContext"]["http"]["method"] == "GET":
        return dict(event)
    changed = copy.deepcopy(dict(event))
    changed["requestContext"]["http"]["method"] = "GET"
    return changed


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
        good = length * 4 // 3 + 4 <= MAX_ANSWER
    else:
        good = length * _LONGEST_ESCAPE <= MAX_ANSWER or fits(answer.body.decode("utf-8", "surrogatepass"))
    if good:
        return answer
    detail = f"the answer has {length:,} bytes; ask for less at a time (`limit`, `fields`), or with `Accept-Encoding: gzip`"
    raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "answer-too-large", detail)


def _unknown(request: Request) -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, "route-unknown", f"there is no {request.path}")
