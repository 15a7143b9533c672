"""The manifest: which segments the index is made of. Swapping it is the only commit point."""

import base64
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from postkeep.errors import ManifestInvalid
from postkeep.listing import instant
from search_posts.schema import VERSION as SCHEMA

GRACE = timedelta(hours=6)
"""How long a segment stays that nobody names: readers may still be loading it, or whoever wrote it may be about to name it. A
function lives for 15 minutes at most, and ``postkeep search rebuild`` gives up in time."""

REBUILD_ENDS = GRACE / 2
"""After which a rebuild is dead: indexers tell it nothing more."""

REBUILD_GIVES_UP = GRACE / 3
"""After which a rebuild does not put in place what it made: well before, since its clock may be another than the indexers'."""

_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A segment, as the manifest names it.

    Attributes:
        id: names the object.
        posts: how many are in it, the dead ones among them.
        bytes: of the object.
        digest: SHA-256 of the object's bytes, in hex.
        first: the earliest month of publication in it, such as ``2021-06``; "" where posts without a date are in it.
        last: the latest month; "" where no post in it has a date.
        closed: whether it is as large as segments get: it is merged no more, but for its dead.
        dead: places (see :class:`search_posts.packing.Marks`) of posts that were deleted, or are in another segment by now.
    """

    id: str
    posts: int
    bytes: int
    digest: str
    first: str = ""
    last: str = ""
    closed: bool = False
    dead: frozenset[int] = frozenset()

    @property
    def living(self) -> int:
        """Posts that are to be found in it."""
        return self.posts - len(self.dead)

    def without(self, places: Iterable[int]) -> "Segment":
        """The segment with further dead."""
        return replace(self, dead=self.dead | frozenset(places))


@dataclass(frozen=True, slots=True)
class Rebuild:
    """An index that is being made again beside this one.

    Attributes:
        token: names it; where it is another one by the end, somebody else began after it.
        begun: when (UTC).
    """

    token: str
    begun: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What the index is made of.

    Attributes:
        version: one more with each commit.
        segments: no post is alive in two of them.
        retired: segments that were named until not long ago, by their ids, and when they were named last (UTC): readers may
            still be loading them.
        swept: when segments that nobody names were looked for last (UTC); None for never.
        rebuilt: when the index was made from nothing but the archive (UTC); None where it never was: posts that are older than
            the index may be missing then.
        rebuild: who makes the index again at the moment, or None.
        touched: posts that indexers worked on since that began, whatever they found: the rebuild reads them once more.
    """

    version: int = 0
    segments: tuple[Segment, ...] = ()
    retired: Mapping[str, datetime] = field(default_factory=dict)
    swept: datetime | None = None
    rebuilt: datetime | None = None
    rebuild: Rebuild | None = None
    touched: frozenset[str] = frozenset()

    @property
    def posts(self) -> int:
        """How many are to be found."""
        return sum(segment.living for segment in self.segments)

    @property
    def size(self) -> int:
        """Bytes of all segments."""
        return sum(segment.bytes for segment in self.segments)

    def following(self, segments: Iterable[Segment], now: datetime) -> "Manifest":
        """The manifest of the next commit: segments that are wholly dead are left out, those that go are retired."""
        kept = tuple(segment for segment in segments if segment.living)
        ids = {segment.id for segment in kept}
        gone = {segment.id: now for segment in self.segments if segment.id not in ids}
        lately = {name: when for name, when in self.retired.items() if now - when <= GRACE}
        return replace(self, version=self.version + 1, segments=kept, retired={**lately, **gone})

    def touching(self, post_ids: Iterable[str], now: datetime) -> "Manifest":
        """The manifest of a commit by an indexer that worked on some posts: while the index is made again, it says on which."""
        if self.rebuild is None or now - self.rebuild.begun > REBUILD_ENDS:
            return replace(self, rebuild=None, touched=frozenset())
        return replace(self, touched=self.touched | frozenset(post_ids))

    def encode(self) -> bytes:
        """The object's bytes."""
        value: dict[str, Any] = {
            "v": _VERSION,
            "schema": SCHEMA,
            "version": self.version,
            "swept": _said(self.swept),
            "rebuilt": _said(self.rebuilt),
            "retired": {name: instant(when) for name, when in sorted(self.retired.items())},
            "segments": [_segment_value(segment) for segment in self.segments],
        }
        if self.rebuild:
            value["rebuild"] = [self.rebuild.token, instant(self.rebuild.begun), sorted(self.touched)]
        return json.dumps(value, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, body: bytes) -> "Manifest":
        """Read the object's bytes.

        Raises:
            ManifestInvalid: if they are no manifest of this form and schema.
        """
        try:
            value: dict[str, Any] = json.loads(body)
            if (value["v"], value["schema"]) != (_VERSION, SCHEMA):
                raise ManifestInvalid(f"it is of form {value['v']!r} and schema {value['schema']!r}")
            token, begun, touched = value.get("rebuild") or ("", None, ())
            return cls(
                version=int(value["version"]),
                segments=tuple(map(_segment_of, value["segments"])),
                retired={str(name): datetime.fromisoformat(when) for name, when in value["retired"].items()},
                swept=_read(value["swept"]),
                rebuilt=_read(value["rebuilt"]),
                rebuild=Rebuild(str(token), datetime.fromisoformat(begun)) if begun else None,
                touched=frozenset(map(str, touched)),
            )
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, zlib.error) as error:
            raise ManifestInvalid(f"it cannot be read ({type(error).__name__})") from error


def month(published: datetime | None) -> str:
    """The month of an instant (UTC), as segments name it; "" for none."""
    return published.date().isoformat()[:7] if published else ""


def _said(when: datetime | None) -> str | None:
    return instant(when) if when else None


def _read(said: str | None) -> datetime | None:
    return datetime.fromisoformat(said) if said else None


def _segment_value(segment: Segment) -> dict[str, Any]:
    value: dict[str, Any] = {
        "id": segment.id,
        "posts": segment.posts,
        "bytes": segment.bytes,
        "digest": segment.digest,
        "first": segment.first,
        "last": segment.last,
    }
    if segment.closed:
        value["closed"] = True
    if segment.dead:
        value["dead"] = _bits(segment.dead, segment.posts)
    return value


def _segment_of(value: dict[str, Any]) -> Segment:
    posts = int(value["posts"])
    return Segment(
        id=str(value["id"]),
        posts=posts,
        bytes=int(value["bytes"]),
        digest=str(value["digest"]),
        first=str(value["first"]),
        last=str(value["last"]),
        closed=bool(value.get("closed", False)),
        dead=_places(value["dead"], posts) if "dead" in value else frozenset(),
    )


def _bits(places: Iterable[int], posts: int) -> str:
    """A bitmap: a bit a post, compressed, in base64. A twentieth of 10,000 posts take some 700 characters."""
    bits = bytearray(-(-posts // 8))
    for place in places:
        bits[place // 8] |= 1 << place % 8
    return base64.b64encode(zlib.compress(bytes(bits), 9)).decode("ascii")


def _places(said: str, posts: int) -> frozenset[int]:
    unpacking = zlib.decompressobj()
    bits = unpacking.decompress(base64.b64decode(said, validate=True), -(-posts // 8) + 1)
    places = frozenset(at * 8 + bit for at, byte in enumerate(bits) if byte for bit in range(8) if byte >> bit & 1)
    if len(bits) != -(-posts // 8) or any(place >= posts for place in places):
        raise ValueError("the dead do not fit the segment")
    return places
