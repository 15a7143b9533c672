"""Posts as files in a folder, and the pictures beside them: which there are, and under which keys a bucket would hold them."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from postkeep.errors import PostkeepError
from postkeep.post import SUFFIXES, is_post_key

MAX_KEY_BYTES = 1_024
"""Source: Amazon S3 User Guide, «Naming Amazon S3 objects»: at most 1,024 bytes of UTF-8."""

PICTURE_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
}
"""What the names of pictures end in, in letters of either case, and their types: those that thumbnails are made of."""

MAX_PICTURE_BYTES = 20 * 1024 * 1024
"""A larger picture of an archive's own is not looked at (docs/pictures.md)."""

_LEFT_OUT = frozenset({".git"})
"""Folders that no archive means to keep as posts."""

_HARMLESS = frozenset("\u3000\u00a0\u200d")
"""The spaces of Chinese texts, and what joins emoji: not printable by Unicode's categories, and no harm to a terminal."""


class NotAPostFile(PostkeepError):
    """A file that cannot become a post object; the text says why."""


@dataclass(frozen=True, slots=True)
class PostFile:
    """A file, and the key that it has or would have in the bucket.

    Attributes:
        path: to open it.
        key: text that UTF-8 can write, of 1 to 1,024 bytes.
    """

    path: Path
    key: str


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture, to which posts of the folder may refer by its place.

    Attributes:
        path: to open it.
        key: as a post's.
    """

    path: Path
    key: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """A file that is no post, or a link that is not followed.

    Attributes:
        name: relative to the folder; printable.
        reason: a few words.
    """

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """A file that should be a post and cannot be.

    Attributes:
        name: relative to the folder; printable.
        reason: a few words.
    """

    name: str
    reason: str


def key_of(relative: str, prefix: str = "") -> str:
    """The key of a file: its relative path, with the bytes of its name as they are.

    Args:
        relative: the path with ``/`` between its parts, as the operating system gave it.
        prefix: put before it as it is.

    Raises:
        NotAPostFile: if the name is not UTF-8, or the key has more than 1,024 bytes.
    """
    key = prefix + relative
    try:
        length = len(key.encode())
    except UnicodeEncodeError:
        raise NotAPostFile("its name is not UTF-8, which keys must be") from None
    if length > MAX_KEY_BYTES:
        raise NotAPostFile(f"its key would have {length:,} bytes; S3 takes {MAX_KEY_BYTES:,}")
    return key


def printable(text: str) -> str:
    r"""Text of strangers that a terminal may see: controls, line ends, bytes that are no UTF-8 and the like as escapes.

    Names and titles of real posts hold control characters; an escape sequence in one could rewrite the screen.
    """
    return "".join(c if c.isprintable() or c in _HARMLESS else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # noqa: PLR2004 (PEP 383: a byte of a file name that is no UTF-8)
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


def is_picture(name: str) -> bool:
    """Whether a file's name is that of a picture."""
    return name.lower().endswith(tuple(PICTURE_TYPES))


def walk(folder: Path, prefix: str = "") -> Iterator[PostFile | PictureFile | Ignored | Unusable]:
    """Everything in a folder and below, in the order of the names' bytes; links to folders are not followed.

    Args:
        folder: where to begin.
        prefix: of the keys.
    """
    inside = folder.resolve()
    unreadable: list[OSError] = []
    for relative in _files(folder, unreadable.append):
        yield _judge(folder / relative, relative, prefix, inside)
    for error in unreadable:
        name = os.path.relpath(os.fsdecode(error.filename), folder) if error.filename else "."
        yield Unusable(printable(name), error.strerror or str(error))


def _judge(path: Path, relative: str, prefix: str, inside: Path) -> PostFile | PictureFile | Ignored | Unusable:
    picture = is_picture(relative)
    if reason := _left_out(path, relative, inside):
        return Ignored(printable(relative), reason)
    try:
        return (PictureFile if picture else PostFile)(path, key_of(relative, prefix))
    except NotAPostFile as why:
        return (Ignored if picture else Unusable)(printable(relative), str(why))


def _left_out(path: Path, relative: str, inside: Path) -> str:
    """Why a file is ignored; "" where it is not."""
    picture = is_picture(relative)
    if not picture and not is_post_key(relative):
        return f"its name ends in none of {' '.join(SUFFIXES)}"
    if path.is_symlink() and not path.resolve().is_relative_to(inside):
        return "a link that leads out of the folder"
    if path.is_dir():
        return "a link to a folder"
    if path.exists() and not path.is_file():
        return "not a regular file"
    if picture and path.exists() and path.stat().st_size > MAX_PICTURE_BYTES:
        return f"a picture of more than {MAX_PICTURE_BYTES // 1024**2} MiB"
    return ""


def _files(folder: Path, complain: Callable[[OSError], None]) -> list[str]:
    """Relative paths of everything that is not a folder itself."""
    found: list[str] = []
    for parent, folders, files in os.walk(folder, onerror=complain):
        base = os.path.relpath(parent, folder)
        linked = [name for name in folders if Path(parent, name).is_symlink()]
        folders[:] = [name for name in folders if name not in _LEFT_OUT and name not in linked]
        found.extend(name if base == "." else f"{base}/{name}" for name in [*files, *linked])
    return sorted(found, key=os.fsencode)
