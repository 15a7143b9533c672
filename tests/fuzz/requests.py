"""A request of the API: method and address in the first line, header fields in those that follow, as HTTP/1.1 writes them.

All between API Gateway and the stores answers (``postkeep.web``, ``query_posts``, ``search_posts.routes``), over the archive in
memory that the examples of the API's document come from.
"""

import json
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

from fuzz.inputs import as_text
from postkeep.settings import ReadAccess
from postkeep.web.access import Access
from postkeep.web.answers import MAX_ANSWER
from postkeep.web.bounds import MAX_ADDRESS
from postkeep.web.delivery import Delivery
from postkeep.web.exchange import Request
from postkeep.web.problems import KINDS, Problem
from postkeep.web.routing import Route
from postkeep_local.contract.document import COMMON, NOWHERE
from query_posts.filters import FILTERS
from query_posts.parameters import EXAMPLE_POST
from query_posts.text_routes import RANGE_HEADERS
from support.sample import Sample

LONGEST = 1024
_SAMPLE = Sample()
_ROUTES = _SAMPLE.all_routes()
_KEY = "a reading key"
_ACCESS = Access(ReadAccess.KEY, [sha256(_KEY.encode()).digest()])

TOKENS = (
    *("GET ", "HEAD ", "OPTIONS ", "POST ", *(route.path.replace("{post_id}", EXAMPLE_POST) for route in _ROUTES)),
    *(f"{name}=" for name in sorted({one.name for route in _ROUTES for one in route.parameters} | set(FILTERS))),
    *(
        "?",
        "&",
        "%",
        "%00",
        "%0d%0a",
        "%ff",
        "%F0%9F%8D%B5",
        "+",
        ";",
        "//",
        "/../",
        "true",
        "false",
        "2021-06-29",
        "2021-06",
        "9999",
    ),
    *(
        "2021-06-29T01:39:02+02:00",
        "-1",
        "100",
        "asc",
        "added",
        "relevance",
        "atom",
        "json",
        "html",
        "plain",
        "undated.xml",
        "v1",
        "v2",
    ),
    *(
        "\nAccept: ",
        "\nAccept-Encoding: gzip",
        "\nIf-None-Match: *",
        "\nIf-Match: ",
        "\nIf-Modified-Since: Tue, 29 Jun 2021 01:39:02 GMT",
    ),
    *(
        "\nX-Api-Key: a reading key",
        "\nAuthorization: Bearer ",
        "\nAuthorization: Basic ",
        "text/markdown",
        ";q=0.5",
        "*/*",
        "identity;q=0",
    ),
    *(
        "\nAccess-Control-Request-Method: GET",
        "\nOrigin: https://a.example",
        'W/"',
        '"',
        "https://tea.example.org/2021/06/29/boiling",
    ),
)

_UNMODIFIED = 304


def check(data: bytes) -> None:
    """Any request has an answer that the document knows, twice the same, and no fault; HEAD and conditions are as promised."""
    event = _event(as_text(data))
    delivery = _delivery(event["rawPath"])
    answer = delivery(event)
    assert delivery(event) == answer, "asked again, it answers something else"
    _assert_answer(answer, _route(event))
    _assert_access(event)
    if answer["statusCode"] == 200 and event["requestContext"]["http"]["method"].upper() == "GET":
        _assert_conditions(delivery, event, answer)


def _event(text: str) -> dict[str, Any]:
    """The event that API Gateway makes of a request."""
    first, *fields = text.split("\n")
    method, _, target = first.partition(" ")
    path, _, query = target.partition("?")
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (field.partition(":") for field in fields) if name.strip()
    }
    return {
        "rawPath": unquote(path, errors="replace"),
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {"http": {"method": method}, "domainName": "archive.example.org"},
    }


def _delivery(path: str) -> Delivery:
    router = _SAMPLE.searches if _SAMPLE.searches.find(path.removesuffix("/")) else _SAMPLE.routes
    return Delivery(router, Access(ReadAccess.PUBLIC), "https://a.example", RANGE_HEADERS)


def _route(event: dict[str, Any]) -> Route | None:
    path = event["rawPath"]
    found = _SAMPLE.searches.find(path) or _SAMPLE.routes.find(path)
    return found[0] if found else None


def _assert_answer(answer: dict[str, Any], route: Route | None) -> None:
    status, headers, body = answer["statusCode"], answer["headers"], answer["body"]
    assert len(body) <= MAX_ANSWER
    for name, value in headers.items():
        assert name.isascii()
        assert value.isascii(), f"{name}: {value!r}"
        assert value.isprintable(), f"{name}: {value!r}"
        assert len(value) <= 4 * MAX_ADDRESS
    body.encode()
    if headers.get("Content-Type") == "application/problem+json":
        problem = json.loads(body)
        kind = problem["type"].removeprefix("urn:postkeep:problem:")
        assert KINDS[kind].status == status == problem["status"]
        assert kind != "fault"
        if route:
            assert kind in {*COMMON, *NOWHERE, *route.problems, "parameter-missing"}, f"{route.path} answers {kind}"
        assert len(problem["detail"]) < 1_500
    else:
        assert status in {200, 204, 302, 304, 307, 308}
        if headers.get("Content-Type") == "application/json" and not answer["isBase64Encoded"]:
            json.loads(body)


def _assert_access(event: dict[str, Any]) -> None:
    """Without its key, nothing of a private archive is read but ``/healthz``."""
    request = Request.of(event)
    try:
        _ACCESS.check(request)
    except Problem as problem:
        assert problem.kind == "key-required"
    else:
        # In Basic, the key is in base 64.
        assert request.path == "/healthz" or _KEY in json.dumps(event["headers"]) or "authorization" in event["headers"]


def _assert_conditions(delivery: Delivery, event: dict[str, Any], answer: dict[str, Any]) -> None:
    head = delivery({**event, "requestContext": {**event["requestContext"], "http": {"method": "HEAD"}}})
    assert (head["statusCode"], head["headers"]) == (answer["statusCode"], answer["headers"])
    if tag := answer["headers"].get("ETag"):
        again = delivery({**event, "headers": {**event["headers"], "if-none-match": tag}})
        assert (again["statusCode"], again["body"], again["headers"]["ETag"]) == (_UNMODIFIED, "", tag)
