"""Requests and answers as API Gateway's HTTP API hands them over and takes them, payload version 2.0."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import parse_qsl

import msgspec

from postkeep.characters import encodable
from postkeep.web.problems import Problem


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked.

    Attributes:
        method: in capitals.
        path: decoded.
        query: as sent.
        headers: names in small letters; fields that came several times are joined by commas.
        host: where the API was asked, with its port if it is another than the scheme's.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    host: str = ""

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Self:
        """Read an event. A lone surrogate, which JSON can hold and UTF-8 cannot, becomes U+FFFD."""
        return cls(
            method=encodable(str(event["requestContext"]["http"]["method"])).upper(),
            path=encodable(event["rawPath"]),
            query=encodable(event.get("rawQueryString") or ""),
            headers={encodable(str(name)).lower(): encodable(str(value)) for name, value in (event.get("headers") or {}).items()},
            host=encodable(event["requestContext"].get("domainName") or ""),
        )

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """The names and values of the query, decoded, in the order in which they were given."""
        return parse_qsl(self.query, keep_blank_values=True, errors="replace")

    def header(self, name: str) -> str | None:
        """A field's value; None where the request has none.

        Args:
            name: in small letters.
        """
        return self.headers.get(name)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered.

    Attributes:
        status: the HTTP status.
        headers: by name, written as in their RFCs.
        body: bytes.
        binary: whether the body goes to API Gateway as base64 rather than as text.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    binary: bool = False

    @classmethod
    def json(cls, value: Any, headers: Mapping[str, str] | None = None) -> Self:
        """Show a value as JSON.

        Args:
            value: what msgspec encodes; or bytes, which are JSON already.
            headers: fields beside Content-Type.
        """
        body = value if isinstance(value, bytes) else msgspec.json.encode(value)
        return cls(HTTPStatus.OK.value, {"Content-Type": "application/json", **(headers or {})}, body)

    @classmethod
    def text(cls, kind: str, text: str, headers: Mapping[str, str] | None = None) -> Self:
        """Show a text.

        Args:
            kind: its media type, without parameters.
            text: what is shown; a lone surrogate becomes a question mark.
            headers: fields beside Content-Type.
        """
        fields = {"Content-Type": f"{kind}; charset=utf-8", **(headers or {})}
        return cls(HTTPStatus.OK.value, fields, text.encode("utf-8", "replace"))

    @classmethod
    def file(cls, kind: str, content: bytes, headers: Mapping[str, str] | None = None) -> Self:
        """Give a file, byte by byte."""
        return cls(HTTPStatus.OK.value, {"Content-Type": kind, **(headers or {})}, content, binary=True)

    @classmethod
    def of_problem(cls, problem: Problem) -> Self:
        """Make the answer that tells of a problem."""
        fields = problem.fields() | {"X-Content-Type-Options": "nosniff"}
        return cls(problem.status.value, fields, problem.body().encode("utf-8", "replace"))

    @property
    def is_ok(self) -> bool:
        """Whether it is what was asked for."""
        return self.status == HTTPStatus.OK

    @property
    def content_type(self) -> str:
        """The media type, without parameters; "" for none."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def with_headers(self, headers: Mapping[str, str]) -> Self:
        """The same with fields more, or others."""
        return replace(self, headers={**self.headers, **headers})

    def payload(self) -> dict[str, Any]:
        """What API Gateway takes."""
        text = base64.b64encode(self.body).decode("ascii") if self.binary else self.body.decode("utf-8", "surrogatepass")
        return {
            "statusCode": self.status,
            "headers": dict(self.headers),
            "cookies": [],
            "body": text,
            "isBase64Encoded": self.binary,
        }
