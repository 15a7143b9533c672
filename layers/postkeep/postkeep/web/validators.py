"""Validators and conditional requests (RFC 9110, 8.8 and 13)."""

import base64
import hashlib
import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus

from postkeep.web.exchange import Answer, Request
from postkeep.web.problems import Problem

_TAG = re.compile(r'(W/)?("[!#-~\x80-\U0010ffff]*")')
_KEPT = frozenset({"Cache-Control", "Content-Location", "ETag", "Expires", "Vary"})
"""What a 304 says of what the 200 would have said (RFC 9110, 15.4.5)."""


def tag(body: bytes) -> str:
    """The strong entity tag of a body, as the field has it."""
    digest = hashlib.sha256(body).digest()[:18]  # 144 bits, which need no padding
    return f'"{base64.urlsafe_b64encode(digest).decode("ascii")}"'


def modified(moment: datetime) -> dict[str, str]:
    """The Last-Modified field.

    Args:
        moment: when the answer was another one the last time (aware), or later.
    """
    return {"Last-Modified": format_datetime(moment.astimezone(UTC), usegmt=True)}


def of_gzip(plain: str) -> str:
    """The entity tag of a body once it is gzipped: other bytes, hence another strong tag (RFC 9110, 8.8.3.3)."""
    return f'{plain[:-1]}-gzip"'


def settle(request: Request, answer: Answer) -> Answer:
    """Answer a conditional request: the answer as it is, or 304 without a body.

    Args:
        request: its preconditions are evaluated in the order of RFC 9110, 13.2.2.
        answer: what an unconditional request would be answered, with its ETag and, where there is one, its Last-Modified.

    Raises:
        Problem: 412 ``precondition-failed``.
    """
    current = answer.headers.get("ETag", "")
    required, known = request.header("if-match"), request.header("if-none-match")
    if required is not None and not _names(required, current, weak=False):
        detail = "what there is now is none of what If-Match names"
        raise Problem("precondition-failed", detail)
    if known is not None:
        unchanged = _names(known, current, weak=True)
    else:
        unchanged = _is_older(answer.headers.get("Last-Modified"), request.header("if-modified-since"))
    if not unchanged:
        return answer
    return Answer(HTTPStatus.NOT_MODIFIED.value, {name: value for name, value in answer.headers.items() if name in _KEPT})


def _names(field: str, current: str, *, weak: bool) -> bool:
    """Whether a field names the current entity tag; ``*`` names any."""
    if field.strip() == "*":
        return True
    mark, opaque = _parts(current)
    return any(opaque == its and (weak or not (mark or its_mark)) for its_mark, its in map(_parts, _each(field)))


def _each(field: str) -> list[str]:
    return [match[0] for match in _TAG.finditer(field)]


def _parts(entity_tag: str) -> tuple[bool, str]:
    return entity_tag.startswith("W/"), entity_tag.removeprefix("W/")


def _is_older(modified: str | None, since: str | None) -> bool:
    if modified is None or since is None:
        return False
    try:
        return _instant(modified) <= _instant(since)
    except ValueError:
        return False  # RFC 9110, 13.1.3: what is no date is ignored


def _instant(value: str) -> datetime:
    found = parsedate_to_datetime(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
