"""HTTP requests as events and answers as HTTP responses, in the form of API Gateway's HTTP API, payload version 2.0.

Source: API Gateway Developer Guide, «Create AWS Lambda proxy integrations for HTTP APIs». The path comes decoded, as there.
"""

import base64
import binascii
import json
import re
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from postkeep_local.stack.template import Route

MAX_REQUEST = 10 * 1024 * 1024
"""An HTTP API's quota for a request's body, in bytes."""

_TEXT_TYPES = ("text/", "application/json", "application/javascript", "application/xml", "application/x-ndjson")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A header's name: RFC 9110, section 5.6.2."""

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"})


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came in.

    Attributes:
        method: upper case.
        target: path and query as sent.
        headers: names and values, in order, names as sent.
        body: the bytes.
        source: the client's address.
    """

    method: str
    target: str
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    source: str = "127.0.0.1"

    @property
    def path(self) -> str:
        """The path, decoded."""
        return unquote(self.target.partition("?")[0]) or "/"


@dataclass(frozen=True, slots=True)
class Response:
    """What is answered."""

    status: int
    body: bytes = b""
    headers: Sequence[tuple[str, str]] = field(default_factory=tuple)


def message(status: int, text: str) -> Response:
    """An answer of API Gateway itself."""
    return Response(status, json.dumps({"message": text}, separators=(",", ":")).encode(), [("content-type", "application/json")])


def match(routes: Iterable[Route], method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route that takes a request, with its path parameters: the most specific one, as API Gateway chooses."""
    best: tuple[tuple[int, ...], Route, dict[str, str]] | None = None
    segments = path.strip("/").split("/") if path.strip("/") else []
    for route in routes:
        if route.method not in {"ANY", method}:
            continue
        taken = ((-1,), {}) if route.path == "$default" else _take(route.path, segments)
        if taken is None:
            continue
        rank = (*taken[0], int(route.method != "ANY"))
        if best is None or rank > best[0]:
            best = (rank, route, taken[1])
    return None if best is None else best[1:]


def _take(pattern: str, segments: Sequence[str]) -> tuple[tuple[int, ...], dict[str, str]] | None:
    literal, parameter, greedy = 2, 1, 0
    ranks: list[int] = []
    parameters: dict[str, str] = {}
    parts = pattern.strip("/").split("/") if pattern.strip("/") else []
    for n, part in enumerate(parts):
        if part.startswith("{") and part.endswith("+}"):
            if n >= len(segments):
                return None
            parameters[part[1:-2]] = "/".join(segments[n:])
            return (*ranks, greedy), parameters
        if n >= len(segments):
            return None
        if part.startswith("{") and part.endswith("}"):
            parameters[part[1:-1]] = segments[n]
            ranks.append(parameter)
        elif part == segments[n]:
            ranks.append(literal)
        else:
            return None
    return (tuple(ranks), parameters) if len(parts) == len(segments) else None


def event(request: Request, route: Route, parameters: Mapping[str, str]) -> dict[str, Any]:
    """The event for a request.

    Args:
        request: the request.
        route: the route that takes it.
        parameters: the path's parameters.
    """
    headers: dict[str, str] = {}
    cookies: list[str] = []
    for name, value in request.headers:
        lower = name.lower()
        if lower == "cookie":
            cookies += [part.strip() for part in value.split(";") if part.strip()]
        else:
            headers[lower] = f"{headers[lower]},{value}" if lower in headers else value
    query = request.target.partition("?")[2]
    values: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values[name] = f"{values[name]},{value}" if name in values else value
    now = time.time()
    key = route.path if route.path == "$default" else f"{route.method} {route.path}"
    made: dict[str, Any] = {
        "version": "2.0",
        "routeKey": key,
        "rawPath": request.path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": headers.get("host", ""),
            "domainPrefix": "local",
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.source,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": str(uuid.uuid4()),
            "routeKey": key,
            "stage": "$default",
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": False,
    }
    if cookies:
        made["cookies"] = cookies
    if values:
        made["queryStringParameters"] = values
    if parameters:
        made["pathParameters"] = dict(parameters)
    if request.body:
        made["body"], made["isBase64Encoded"] = _body(request.body, headers.get("content-type", ""))
    return made


def _body(body: bytes, content_type: str) -> tuple[str, bool]:
    if content_type.lower().startswith(_TEXT_TYPES):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True


def response(answer: Any) -> Response:
    """The response that a function's answer means.

    An answer without a status code is the body itself. One that cannot be understood is an internal error, as on AWS.
    """
    if not isinstance(answer, dict) or "statusCode" not in answer:
        body = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
        return Response(200, body.encode(errors="replace"), [("content-type", "application/json")])
    try:
        status = int(answer["statusCode"])
        headers = [(_name(name), _header(value)) for name, value in (answer.get("headers") or {}).items()]
        headers += [("set-cookie", _header(cookie)) for cookie in answer.get("cookies") or []]
        body = answer.get("body") or ""
        content = base64.b64decode(body, validate=True) if answer.get("isBase64Encoded") else body.encode()
    except (TypeError, ValueError, AttributeError, binascii.Error):
        return message(500, "Internal Server Error")
    if not 100 <= status <= 599:  # noqa: PLR2004 - the statuses that HTTP has
        return message(500, "Internal Server Error")
    headers = [(name, value) for name, value in headers if name not in _HOP_BY_HOP and name != "content-length"]
    if content and not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", "text/plain;charset=UTF-8"))
    return Response(status, content, headers)


def _name(name: str) -> str:
    if not _TOKEN.fullmatch(name):
        raise ValueError
    return name.lower()


def _header(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise TypeError
    text = str(value)
    if "\r" in text or "\n" in text:
        raise ValueError
    text.encode()  # a lone surrogate cannot be sent
    return text
