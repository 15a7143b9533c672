"""Opaque cursors: where the last page ended, and of which query.

Those of listings are :class:`Cursors`: signed, and good for days. :func:`encode` and :func:`decode` make those of the changes and
of a post's revisions: a mirror may come back after months, and what is in them is checked by those who read it.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from postkeep.errors import CursorExpired, CursorInvalid

LIFE = timedelta(days=7)
"""How long the cursor of a listing is good for."""

_VERSION = 1
_SIGNED = 2
_MAC_BYTES = 16
_MAX = 600
"""Characters. Ours have about 120, and 200 where they are signed."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a listing goes on.

    Attributes:
        after: the order of the last row seen (see :mod:`postkeep.listing`).
        chosen: the filter whose listing is read; "" for that of all posts, or of a status.
    """

    after: str
    chosen: str


@dataclass(frozen=True, slots=True)
class Cursors:
    """Makes and reads the cursors of listings.

    Attributes:
        key: what they are signed with (HMAC-SHA-256, RFC 2104); another key makes all of them invalid.
        now: the clock (aware, UTC).
    """

    key: str
    now: Callable[[], datetime]

    def encode(self, place: Place, query: Mapping[str, str]) -> str:
        """Make the cursor that goes on from a place, for :data:`LIFE`.

        Args:
            place: where.
            query: what the listing was asked with; the cursor holds for this alone.
        """
        expires = int((self.now() + LIFE).timestamp())
        content = [_SIGNED, expires, _fingerprint(query), place.chosen, place.after]
        raw = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._mac(raw) + raw).decode("ascii").rstrip("=")

    def decode(self, cursor: str, query: Mapping[str, str]) -> Place:
        """Give the place that a cursor goes on from.

        Raises:
            CursorInvalid: if the cursor is damaged, was not made with this key, or was issued for another query.
            CursorExpired: if it was issued too long ago.
        """
        raw = _bytes(cursor)
        mac, content = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(content)):
            message = "the cursor is damaged, or was given out before the key of cursors was changed; begin anew, without it"
            raise CursorInvalid(message)
        # From here on it is one of ours, of this version or of another one, or of somebody who found the key.
        expires, fingerprint, chosen, after = _signed(content)
        if fingerprint != _fingerprint(query):
            raise CursorInvalid("the cursor belongs to a query with other filters, or in another order")
        if self.now().timestamp() >= expires:
            raise CursorExpired(f"the cursor is older than {LIFE.days} days; begin anew, without it")
        return Place(after, chosen)

    def _mac(self, content: bytes) -> bytes:
        return hmac.digest(self.key.encode(), content, "sha256")[:_MAC_BYTES]


def encode(after: str, query: Mapping[str, str]) -> str:
    """Make the cursor that goes on after a row, unsigned.

    Args:
        after: the row's order (see :mod:`postkeep.listing`).
        query: what it was asked with; the cursor holds for this alone.
    """
    raw = json.dumps([_VERSION, _fingerprint(query), after], ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def decode(cursor: str, query: Mapping[str, str]) -> str:
    """Give the row's order that an unsigned cursor goes on after.

    Raises:
        CursorInvalid: if the cursor is damaged or was issued for other filters.
    """
    try:
        version, fingerprint, after = json.loads(_bytes(cursor))
    except (ValueError, TypeError, RecursionError) as error:
        raise CursorInvalid("the cursor is damaged") from error
    if version != _VERSION or not isinstance(after, str):
        raise CursorInvalid("the cursor is damaged")
    if fingerprint != _fingerprint(query):
        raise CursorInvalid("the cursor belongs to a query with other filters")
    return after


def _signed(content: bytes) -> tuple[int, str, str, str]:
    """What a signed cursor says: when it ends (Unix time), the query's fingerprint, the filter and the order of its place."""
    try:
        version, *fields = json.loads(content)
    except (ValueError, TypeError, RecursionError) as error:
        raise CursorInvalid("the cursor is damaged") from error
    if version != _SIGNED:
        raise CursorInvalid("the cursor is of another version of Postkeep; begin anew, without it")
    match fields:
        # A flag is no number here, and neither is what is none: it would never be over.
        case [int() as expires, str() as fingerprint, str() as chosen, str() as after] if type(expires) is int:
            return expires, fingerprint, chosen, after
    raise CursorInvalid("the cursor is damaged")


def _bytes(cursor: str) -> bytes:
    if len(cursor) > _MAX:
        raise CursorInvalid("the cursor is too long to be one of ours")
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise CursorInvalid("the cursor is damaged") from error


def _fingerprint(query: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(sorted(query.items())).encode()).hexdigest()[:16]
