"""The opaque cursor of a listing: where the last page ended, and of which query."""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping

from postkeep.errors import CursorInvalid

_VERSION = 1
_MAX = 600
"""Characters. Ours have about 120."""


def encode(after: str, query: Mapping[str, str]) -> str:
    """Make the cursor that goes on after a row.

    Args:
        after: the row's order (see :mod:`postkeep.listing`).
        query: the filters that the listing was asked with; the cursor holds for these alone.
    """
    raw = json.dumps([_VERSION, _fingerprint(query), after], ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def decode(cursor: str, query: Mapping[str, str]) -> str:
    """Give the row's order that a cursor goes on after.

    Raises:
        CursorInvalid: if the cursor is damaged or was issued for other filters.
    """
    if len(cursor) > _MAX:
        raise CursorInvalid("the cursor is too long to be one of ours")
    try:
        version, fingerprint, after = json.loads(
            base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        )
    except (binascii.Error, ValueError, TypeError) as error:
        raise CursorInvalid("the cursor is damaged") from error
    if version != _VERSION or not isinstance(after, str):
        raise CursorInvalid("the cursor is damaged")
    if fingerprint != _fingerprint(query):
        raise CursorInvalid("the cursor belongs to a query with other filters")
    return after


def _fingerprint(query: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(sorted(query.items())).encode()).hexdigest()[:16]
