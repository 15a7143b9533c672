"""Reading what an answer says beside its bytes."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_WAIT_DIGITS = 9
"""Of a Retry-After in seconds; 30 years are as good as any more, and fit a timedelta."""

_MEDIA_TYPE = re.compile(r"(?=.{3,100}$)[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
"""RFC 6838, section 4.2, in lower case; the longest type that is registered has 73 characters."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A picture as it came.

    Attributes:
        content: the bytes, whatever they are; without the compression of the transport.
        media_type: what the host says that they are, in lower case and without parameters, 100 characters at most; "" where it
            says nothing, or nothing that has the form of a media type. Not to be relied on.
        address: where they were in the end, after redirects.
    """

    content: bytes
    media_type: str
    address: str


def media_type(value: bytes) -> str:
    """The media type in a ``Content-Type`` field (RFC 9110, section 8.3.1), as :class:`Fetched` has it.

    Args:
        value: the field's value.
    """
    stated = value.decode("latin-1").partition(";")[0].strip().lower()
    return stated if _MEDIA_TYPE.fullmatch(stated) else ""


def retry_after(value: bytes, now: datetime) -> timedelta | None:
    """How long a ``Retry-After`` field asks to wait (RFC 9110, section 10.2.3): seconds or a date; None where it is neither.

    Args:
        value: the field's value.
        now: the time of day, aware.
    """
    text = value.decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=int(text)) if len(text) <= _WAIT_DIGITS else timedelta(seconds=10**_WAIT_DIGITS)
    try:
        moment = parsedate_to_datetime(text)
        return max(timedelta(0), (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now)
    except (ValueError, OverflowError):
        return None
