"""A segment as one object: who is in it, and the files of the engine.

The object begins with the posts' marks, so that an indexer, which only needs to know who is where, reads no more than them.
"""

import base64
import json
import re
import struct
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

from postkeep.errors import SegmentInvalid
from postkeep.post import PostId

_MAGIC = b"PKSEG\0\0\1"
_HEAD = struct.Struct(">8sI")
_LENGTH = struct.Struct(">I")
_ID_BYTES, _STAMP_BYTES = 16, 8
_MARK_BYTES = _ID_BYTES + _STAMP_BYTES
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""What the engine calls its files; none of them leads out of a folder."""

type Stamp = bytes
"""See :func:`stamp`."""


def stamp(said: str) -> Stamp:
    """64 bits of what a post's entry was made of: two entries of one post with the same stamp are the same."""
    return sha256(said.encode("utf-8", "surrogatepass")).digest()[:_STAMP_BYTES]


@dataclass(frozen=True, slots=True)
class Marks:
    """Which posts are in a segment, and made of what.

    Attributes:
        ids: in order, 16 bytes each.
        stamps: by the place of the id.
    """

    ids: tuple[bytes, ...]
    stamps: tuple[Stamp, ...]

    @classmethod
    def of(cls, stamps: Mapping[PostId, Stamp]) -> "Marks":
        """The marks of some posts."""
        pairs = sorted((_raw(post_id), made_of) for post_id, made_of in stamps.items())
        return cls(tuple(raw for raw, _ in pairs), tuple(made_of for _, made_of in pairs))

    def place(self, post_id: PostId) -> int | None:
        """Where a post stands among them, from 0; None where it is not."""
        raw = _raw(post_id)
        found = bisect_left(self.ids, raw)
        return found if found < len(self.ids) and self.ids[found] == raw else None

    def post_ids(self, places: Iterable[int]) -> Iterator[PostId]:
        """The posts at some places."""
        return (_name(self.ids[place]) for place in places)

    def items(self) -> Iterator[tuple[PostId, Stamp]]:
        """All of them, in order."""
        return ((_name(raw), made_of) for raw, made_of in zip(self.ids, self.stamps, strict=True))


def _raw(post_id: PostId) -> bytes:
    return base64.b32decode(post_id.upper() + "======")


def _name(raw: bytes) -> PostId:
    return base64.b32encode(raw).decode("ascii").rstrip("=").lower()


def head_length(posts: int) -> int:
    """Bytes of a segment's object that hold the marks of so many posts."""
    return _HEAD.size + posts * _MARK_BYTES


def pack(folder: Path, marks: Marks) -> bytes:
    """The bytes of a segment's object.

    Args:
        folder: holds the engine's files, and no folders.
        marks: of the posts in it.
    """
    files = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    contents = [path.read_bytes() for path in files]
    listing = json.dumps([[path.name, len(content)] for path, content in zip(files, contents, strict=True)]).encode()
    pairs = b"".join(raw + made_of for raw, made_of in zip(marks.ids, marks.stamps, strict=True))
    return b"".join([_HEAD.pack(_MAGIC, len(marks.ids)), pairs, _LENGTH.pack(len(listing)), listing, *contents])


def read_marks(key: str, head: bytes) -> Marks:
    """The marks of a segment.

    Args:
        key: of the object, for the error.
        head: its first bytes, as many as :func:`head_length` says at least.

    Raises:
        SegmentInvalid: if these bytes begin no segment.
    """
    try:
        magic, count = _HEAD.unpack_from(head)
    except struct.error:
        raise SegmentInvalid(key, f"it has {len(head)} bytes") from None
    if magic != _MAGIC:
        raise SegmentInvalid(key, "it does not begin as one")
    if len(head) < head_length(count):
        raise SegmentInvalid(key, f"the marks of {count:,} posts do not fit into {len(head):,} bytes")
    at = [_HEAD.size + place * _MARK_BYTES for place in range(count)]
    ids = tuple(head[begin : begin + _ID_BYTES] for begin in at)
    if any(left >= right for left, right in pairwise(ids)):
        raise SegmentInvalid(key, "its posts are not in order")
    return Marks(ids, tuple(head[begin + _ID_BYTES : begin + _MARK_BYTES] for begin in at))


def unpack(key: str, body: bytes, folder: Path) -> None:
    """Write the engine's files of a segment into a folder.

    Args:
        key: of the object, for the error.
        body: its bytes.
        folder: is there, and empty.

    Raises:
        SegmentInvalid: if the bytes are no segment; some files may be written by then.
    """
    at = head_length(len(read_marks(key, body).ids))
    try:
        (length,) = _LENGTH.unpack_from(body, at)
        at += _LENGTH.size
        listing: list[tuple[str, int]] = [(str(name), int(size)) for name, size in json.loads(body[at : at + length])]
    except (struct.error, ValueError, TypeError, RecursionError):
        raise SegmentInvalid(key, "its list of files cannot be read") from None
    at += length
    if len(body) != at + sum(size for _, size in listing) or any(size < 0 for _, size in listing):
        raise SegmentInvalid(key, f"it has {len(body):,} bytes, which its list of files does not say")
    for name, size in listing:
        if not _NAME.fullmatch(name):
            raise SegmentInvalid(key, f"{name[:40]!r} is no name of a file")
        (folder / name).write_bytes(body[at : at + size])
        at += size
