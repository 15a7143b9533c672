"""Requests and answers as API Gateway's HTTP API hands them over and takes them, payload version 2.0."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Self

from query_posts.problems import CONTENT_TYPE, Problem


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked.

    Attributes:
        method: in capitals.
        path: decoded.
        query: as sent.
        headers: names in small letters; fields that came several times are joined by commas.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Self:
        """Read an event."""
        return cls(
            method=str(event["requestContext"]["http"]["method"]).upper(),
            path=event["rawPath"],
            query=event.get("rawQueryString") or "",
            headers={str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()},
        )

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
    def of(cls, answer: Mapping[str, Any]) -> Self:
        """Read what a resolver answers."""
        body, binary = answer.get("body") or "", bool(answer.get("isBase64Encoded"))
        content = base64.b64decode(body) if binary else body.encode("utf-8", "surrogatepass")
        return cls(answer["statusCode"], dict(answer.get("headers") or {}), content, binary)

    @classmethod
    def of_problem(cls, problem: Problem) -> Self:
        """Make the answer that tells of a problem."""
        headers = {name: str(value) for name, value in problem.response().headers.items()}
        return cls(problem.status.value, {**headers, "Content-Type": CONTENT_TYPE}, problem.body().encode())

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
