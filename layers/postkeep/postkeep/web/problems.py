"""Problem details (RFC 9457): the one form of every error answer. docs/problems.md tells what to do about each."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem.

    Attributes:
        status: the HTTP status that tells of it.
        meaning: what it means, in a sentence.
    """

    status: HTTPStatus
    meaning: str


KINDS: Mapping[str, Kind] = {
    "parameter-invalid": Kind(HTTPStatus.BAD_REQUEST, "A parameter has a value that it cannot have."),
    "parameter-missing": Kind(HTTPStatus.BAD_REQUEST, "A parameter is missing that is needed."),
    "parameter-repeated": Kind(HTTPStatus.BAD_REQUEST, "A parameter is given more than once."),
    "parameter-unknown": Kind(HTTPStatus.BAD_REQUEST, "There is no such parameter here."),
    "cursor-invalid": Kind(HTTPStatus.BAD_REQUEST, "The cursor is damaged, or belongs to another query."),
    "date-invalid": Kind(HTTPStatus.BAD_REQUEST, "What should be a date or an instant is none."),
    "host-invalid": Kind(HTTPStatus.BAD_REQUEST, "The request does not say at which address the API was asked."),
    "month-invalid": Kind(HTTPStatus.BAD_REQUEST, "There is no such month."),
    "part-of-html": Kind(HTTPStatus.BAD_REQUEST, "HTML is given as a whole, not in parts."),
    "query-invalid": Kind(HTTPStatus.BAD_REQUEST, "The search cannot be understood; `position` says where."),
    "key-required": Kind(HTTPStatus.UNAUTHORIZED, "The archive is read with a key; none, or none of its keys, was sent."),
    "address-unknown": Kind(HTTPStatus.NOT_FOUND, "There is no post of this article's address."),
    "counts-none": Kind(HTTPStatus.NOT_FOUND, "Nothing was counted yet."),
    "post-unknown": Kind(HTTPStatus.NOT_FOUND, "There is no post of this id."),
    "revision-deleted": Kind(HTTPStatus.NOT_FOUND, "The revision is a deletion, which has no file."),
    "revision-unknown": Kind(HTTPStatus.NOT_FOUND, "The post has no such revision, or none any more."),
    "route-unknown": Kind(HTTPStatus.NOT_FOUND, "Nothing is at this address."),
    "text-none": Kind(HTTPStatus.NOT_FOUND, "The post was rejected, and has no text."),
    "text-outdated": Kind(HTTPStatus.NOT_FOUND, "The text was made by earlier rules, which did not keep what is asked for."),
    "thumbnail-unknown": Kind(HTTPStatus.NOT_FOUND, "There is no such thumbnail."),
    "method-not-allowed": Kind(HTTPStatus.METHOD_NOT_ALLOWED, "The API is read alone: GET, HEAD and OPTIONS."),
    "encoding-unacceptable": Kind(HTTPStatus.NOT_ACCEPTABLE, "Accept-Encoding refuses both codings that there are."),
    "format-unknown": Kind(HTTPStatus.NOT_ACCEPTABLE, "Accept takes none of the formats that there are."),
    "cursor-expired": Kind(HTTPStatus.GONE, "The cursor is older than seven days."),
    "post-deleted": Kind(HTTPStatus.GONE, "The post was deleted."),
    "precondition-failed": Kind(HTTPStatus.PRECONDITION_FAILED, "What there is now is none of what If-Match names."),
    "answer-too-large": Kind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "What is asked for is larger than an answer can be."),
    "revision-too-large": Kind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The revision is larger than an answer can be."),
    "text-too-large": Kind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The text is larger than an answer can be."),
    "address-too-long": Kind(HTTPStatus.REQUEST_URI_TOO_LONG, "Path and query are too long."),
    "headers-too-large": Kind(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The header fields are too large."),
    "fault": Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here, and was logged."),
    "index-unavailable": Kind(HTTPStatus.SERVICE_UNAVAILABLE, "The search index is not to be had now."),
    "text-pending": Kind(HTTPStatus.SERVICE_UNAVAILABLE, "The text is not made yet."),
}
"""All that the API tells of, by the word that the ``type`` of the answer ends in."""


class Problem(Exception):
    """An answer other than the one that was asked for.

    Attributes:
        kind: a stable word, one of :data:`KINDS`; the ``type`` of the answer is ``urn:postkeep:problem:<kind>``.
        detail: one sentence for the caller.
        retry_after: seconds after which asking again makes sense, or None.
        headers: header fields that the status asks for, such as Allow.
        position: of the character at fault, from 0; None where there is none.
    """

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
        position: int | None = None,
    ) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail
        self.retry_after = retry_after
        self.headers = dict(headers or {})
        self.position = position

    @property
    def status(self) -> HTTPStatus:
        """The HTTP status."""
        return KINDS[self.kind].status

    def fields(self) -> dict[str, str]:
        """The header fields of the answer."""
        fields = {**self.headers, "Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"}
        return fields if self.retry_after is None else {**fields, "Retry-After": str(self.retry_after)}

    def body(self) -> str:
        """The problem details, as JSON."""
        body: dict[str, str | int] = {
            "type": f"urn:postkeep:problem:{self.kind}",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
        }
        if self.position is not None:
            body["position"] = self.position
        return json.dumps(body, ensure_ascii=False)
