"""What the archive bucket holds of pictures, and under which names.

    thumbnails/<SHA-256 of the original>-<maker>/640.webp   one file; what has a name never changes
    thumbnails/<SHA-256 of the original>-<maker>/made.json  written last: all of the files are there
    sources/<SHA-256 of an address>.json                    what was found there, and when
    originals/<SHA-256>                                     the original itself, if it is kept
    staged/<post id>/<edition>/<picture id>                 a copy of a picture out of the posts bucket

So an address is asked once, and a picture that several have is made once. Of the two that point to others, ``sources/`` is only
believed where ``made.json`` is there: whoever takes thumbnails away takes that one first.
"""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from postkeep.listing import instant
from postkeep.post import THUMBNAILS, Original, Thumbnail

STAGED = "staged/"
"""Where copies of pictures out of the posts bucket lie, for the thumbnail function, which may not read that."""

MAKER = 1
"""The version of what makes thumbnails: part of their names, so that another one's never take their place."""

MAX_FILE = 4 * 1024 * 1024
"""Bytes of a thumbnail. The API gives them out, and Lambda answers at most 6 MB, in base64."""

MAX_OBJECT = 64 * 1024
"""Bytes of the JSON objects here; they have about one KB."""

IMMUTABLE = "public, max-age=31536000, immutable"
"""The Cache-Control field of what never changes (RFC 8246)."""

_FORM = 1


def folder(original: str) -> str:
    """What the names of the thumbnails of an original begin with.

    Args:
        original: the SHA-256 of its bytes, in hex.
    """
    return f"{original}-{MAKER}/"


def made_key(folder: str) -> str:
    """Where it is told that the thumbnails in a folder are all there."""
    return f"{THUMBNAILS}{folder}made.json"


def source_key(address: str) -> str:
    """Where it is told what was found at an address."""
    return f"sources/{sha256(address.encode('utf-8', 'surrogatepass')).hexdigest()}.json"


def original_key(original: str) -> str:
    """Where an original lies, if it is kept."""
    return f"originals/{original}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What was made of an original.

    Attributes:
        original: it; where and when it was fetched is that of the first time.
        width: of the original as it is to be seen, in pixels.
        height: likewise.
        thumbnails: the files.
    """

    original: Original
    width: int
    height: int
    thumbnails: tuple[Thumbnail, ...]

    def encode(self) -> bytes:
        """The object's bytes: JSON."""
        fields = asdict(self)
        fields["original"]["fetched"] = instant(self.original.fetched)
        return _json(fields)

    @classmethod
    def decode(cls, body: bytes) -> "Made":
        """Read the object's bytes; they are our own, so a fault in them is a fault of ours and raises as it comes."""
        fields = _fields(body)
        original = Original(**{**fields["original"], "fetched": _moment(fields["original"]["fetched"])})
        thumbnails = tuple(Thumbnail(**thumbnail) for thumbnail in fields["thumbnails"])
        return cls(original=original, width=fields["width"], height=fields["height"], thumbnails=thumbnails)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What was found at an address: the provenance of a picture.

    Attributes:
        address: which.
        original: the SHA-256 of the bytes that came, in hex.
        fetched: when (UTC).
        final: where they were in the end, after redirects.
        media_type: what the host said that they are.
    """

    address: str
    original: str
    fetched: datetime
    final: str
    media_type: str

    def encode(self) -> bytes:
        """The object's bytes: JSON."""
        return _json(asdict(self) | {"fetched": instant(self.fetched)})

    @classmethod
    def decode(cls, body: bytes) -> "Source":
        """Read the object's bytes, as :meth:`Made.decode` does."""
        fields = _fields(body)
        return cls(**{**fields, "fetched": _moment(fields["fetched"])})


def _json(fields: dict[str, Any]) -> bytes:
    body = json.dumps({"v": _FORM, **fields}, ensure_ascii=False, separators=(",", ":"))
    return body.encode("utf-8", "backslashreplace")


def _fields(body: bytes) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(body)
    if fields.pop("v") != _FORM:
        raise ValueError("an object of another form")
    return fields


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
