"""The id under which work is followed: born with what causes it, carried by messages, written on each line of the logs.

It is the id that the cause has anyway, wherever there is one: S3's of the request that changed an object
(``responseElements.x-amz-request-id`` in its event), API Gateway's of a request. Work that nobody asked for, and a command that
starts some, has one that says so, such as ``retry-…`` or ``reprocess-…`` (:func:`born`).

It is for reading logs alone: no record, no object and no message's body has it, so that nothing that is made depends on it. In a
message it is an attribute (:data:`ATTRIBUTE`), which functions of a version that does not know of it pass over.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import uuid4

ATTRIBUTE = "correlation_id"
"""The name of the message attribute, and of the field in the logs."""

_SOUND = re.compile(r"[A-Za-z0-9_=+/.:-]{1,128}", re.ASCII)
"""S3's are 16 hexadecimal digits, API Gateway's base64, Lambda's UUIDs. What is something else is none of theirs."""

_current: ContextVar[str] = ContextVar("correlation", default="")


def current() -> str:
    """The id of the work that is being done; "" where it has none."""
    return _current.get()


@contextmanager
def caused_by(correlation_id: str) -> Iterator[None]:
    """Have what is sent while the context lasts carry this id; "" for none."""
    before = _current.set(correlation_id)
    try:
        yield
    finally:
        _current.reset(before)


def sound(value: object) -> str:
    """An id that came from outside, as it is; "" for what can be none: no text, an empty or too long one, or other characters."""
    return value if isinstance(value, str) and _SOUND.fullmatch(value) else ""


def born(cause: str, unique: str = "") -> str:
    """A new id.

    Args:
        cause: what begins, such as ``retry``.
        unique: an id that the cause has already, such as that of the function's invocation; by default a random one.
    """
    return f"{cause}-{unique or uuid4().hex[:12]}"


def of_record(record: Mapping[str, Any]) -> str:
    """The id of the request that an S3 event's record tells of; "" where it names none."""
    match record:
        case {"responseElements": {"x-amz-request-id": found}}:
            return sound(found)
    return ""


def of_attributes(attributes: Mapping[str, Any] | None) -> str:
    """The id in a message's attributes, as an event source mapping or SQS itself writes them; "" where there is none."""
    match (attributes or {}).get(ATTRIBUTE):
        case {"stringValue": found} | {"StringValue": found}:
            return sound(found)
    return ""


def attributes(correlation_id: str) -> dict[str, Any]:
    """The attributes that have a message carry an id, as SQS takes them; none for ""."""
    return {ATTRIBUTE: {"DataType": "String", "StringValue": correlation_id}} if correlation_id else {}
