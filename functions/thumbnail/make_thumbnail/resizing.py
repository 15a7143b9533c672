"""What becomes of a picture, and its form on the way between two processes."""

import json
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from postkeep.errors import PictureRefused

PLAIN, WITH_AVIF = b"p", b"a"
"""The two things that can be asked of the process that decodes: a byte each."""

STATUS = struct.Struct("<i")
"""Its answer: how the fork ended, as waitpid tells it."""


class Format(StrEnum):
    """A thumbnail's file format."""

    WEBP = "webp"
    JPEG = "jpeg"
    AVIF = "avif"

    @property
    def media_type(self) -> str:
        """As in a ``Content-Type`` field."""
        return f"image/{self.value}"


@dataclass(frozen=True, slots=True)
class Resized:
    """One thumbnail.

    Attributes:
        format: of the file.
        content: the file.
        width: pixels.
        height: pixels.
    """

    format: Format
    content: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Resizing:
    """What became of a picture.

    Attributes:
        kind: the original's format: ``jpeg``, ``png``, ``webp``, ``gif``, ``avif``, ``bmp`` or ``tiff``.
        width: of the original as it is to be seen, in pixels.
        height: likewise.
        animated: whether the original moves; the thumbnails show its first frame.
        partial: whether the file ended early; what is missing is grey, or coarse.
        thumbhash: a placeholder of 25 bytes at most, see :mod:`make_thumbnail.placeholder`.
        colour: the dominant colour, as ``#rrggbb``.
        thumbnails: WebP, the smallest first; then AVIF likewise, if wanted; then one JPEG. No two of a format have one width.
    """

    kind: str
    width: int
    height: int
    animated: bool
    partial: bool
    thumbhash: bytes
    colour: str
    thumbnails: tuple[Resized, ...]


def pack(outcome: Resizing | PictureRefused) -> bytes:
    """Write an outcome: a line of JSON, and the thumbnails' bytes behind it."""
    if isinstance(outcome, PictureRefused):
        return json.dumps({"refused": [outcome.reason, outcome.detail]}).encode() + b"\n"
    head = {
        "kind": outcome.kind,
        "width": outcome.width,
        "height": outcome.height,
        "animated": outcome.animated,
        "partial": outcome.partial,
        "thumbhash": outcome.thumbhash.hex(),
        "colour": outcome.colour,
        "thumbnails": [[one.format.value, len(one.content), one.width, one.height] for one in outcome.thumbnails],
    }
    return b"\n".join([json.dumps(head).encode(), b"".join(one.content for one in outcome.thumbnails)])


def unpack(packed: bytes) -> Resizing:
    """Read an outcome, trusting nothing: a stranger's picture may have taken over the process that wrote it.

    Raises:
        PictureRefused: if that was the outcome.
        ValueError: if these are no such bytes.
    """
    line, _, contents = packed.partition(b"\n")
    try:
        head = json.loads(line)
        if "refused" in head:
            reason, detail = head["refused"]
            raise PictureRefused(_matching(r"[a-z-]{1,40}", reason), str(detail))
        thumbhash = bytes.fromhex(_matching(r"[0-9a-f]{10,64}", head["thumbhash"]))
        return Resizing(
            kind=_matching(r"[a-z]{1,10}", head["kind"]),
            width=_positive(head["width"]),
            height=_positive(head["height"]),
            animated=head["animated"] is True,
            partial=head["partial"] is True,
            thumbhash=thumbhash,
            colour=_matching(r"#[0-9a-f]{6}", head["colour"]),
            thumbnails=tuple(_thumbnails(head["thumbnails"], contents)),
        )
    except (LookupError, TypeError, RecursionError) as error:
        raise ValueError(f"no outcome: {error!r}") from error


def _thumbnails(rows: Sequence[Any], contents: bytes) -> list[Resized]:
    found, at = [], 0
    for kind, length, width, height in rows:
        content = contents[at : at + _positive(length)]
        if len(content) != length:
            raise ValueError("a thumbnail is cut off")
        found.append(Resized(Format(kind), content, _positive(width), _positive(height)))
        at += length
    return found


def _matching(pattern: str, value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise ValueError(f"{value!r:.80} is not {pattern}")
    return value


def _positive(value: Any) -> int:
    if type(value) is not int or not 0 < value < 1 << 31:
        raise ValueError(f"{value!r:.80} is no size")
    return value
