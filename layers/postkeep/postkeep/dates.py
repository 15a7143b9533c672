"""When a post was published: front matter, else the millisecond comment, else the file name, else unknown."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

# The publication instant in epoch milliseconds, as the leading comment of most bodies; ``<!--NaN-->`` in some.
_COMMENT = re.compile(r"\s*<!--\s*(\d{11,14})\s*-->")
_FILE_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})-")
# Jekyll's «2021-06-29 01:39:02 +0200» and «… UTC», which ISO 8601 writes without the space.
_SPACE_BEFORE_OFFSET = re.compile(r"(\d)\s+(?=(?:[+-]\d{2}:?\d{2}|Z)$)")
_ZONE_NAME = re.compile(r"\s*(?:UTC|GMT)$")


def publication(value: Any, body: str, key: str, warnings: list[str]) -> tuple[datetime | None, str]:
    """The publication instant in UTC to the millisecond (or None), and where it was found.

    The file name is the last resort: among 50,547 real posts it differs from the UTC date in 2, and from the local date
    in 10,043.
    """
    if isinstance(value, str) and value.strip():
        if found := read(value):
            return found, "front-matter"
        warnings.append(f"date: not understood: {value.strip()[:40]}")
    if (comment := _COMMENT.match(body)) and (found := _from_epoch(int(comment[1]))):
        return found, "comment"
    if (name := _FILE_NAME.match(key.rpartition("/")[2])) and (found := read(name[1])):
        return found, "file-name"
    return None, "unknown"


def read(value: str) -> datetime | None:
    """A date or an instant as posts write them; plain dates are midnight, and what has no offset is UTC."""
    written = _ZONE_NAME.sub("Z", _SPACE_BEFORE_OFFSET.sub(r"\1", value.strip()))
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value.strip())
        except ValueError:
            return None
    return _to_utc(moment)


def _to_utc(moment: datetime) -> datetime | None:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        utc = aware.astimezone(UTC)
    except OverflowError:
        return None
    # Milliseconds are what records keep.
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def _from_epoch(milliseconds: int) -> datetime | None:
    try:
        return _to_utc(datetime.fromtimestamp(milliseconds / 1000, UTC))
    except (ValueError, OverflowError, OSError):
        return None
