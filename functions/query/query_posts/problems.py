"""Problem details (RFC 9457): the one form of every error answer. docs/problems.md lists them all."""

import json
from collections.abc import Mapping
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

CONTENT_TYPE = "application/problem+json"


class Problem(Exception):
    """An answer other than the one that was asked for.

    Attributes:
        status: the HTTP status.
        kind: a stable word; the ``type`` of the answer is ``urn:postkeep:problem:<kind>``.
        detail: one sentence for the caller.
        retry_after: seconds after which asking again makes sense, or None.
        headers: header fields that the status asks for, such as Allow.
    """

    def __init__(
        self,
        status: HTTPStatus,
        kind: str,
        detail: str,
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{kind}: {detail}")
        self.status = status
        self.kind = kind
        self.detail = detail
        self.retry_after = retry_after
        self.headers = dict(headers or {})

    def response(self) -> Response[str]:
        """The answer itself."""
        headers: dict[str, str | list[str]] = {**self.headers, "Cache-Control": "no-store"}
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        return Response(status_code=self.status.value, content_type=CONTENT_TYPE, body=self.body(), headers=headers)

    def body(self) -> str:
        """The problem details, as JSON."""
        body = {
            "type": f"urn:postkeep:problem:{self.kind}",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
        }
        return json.dumps(body, ensure_ascii=False)
