"""A post file's two parts: what parse reads and what render reads of the same bytes."""

import codecs
import re
from dataclasses import dataclass

from frontmatter.default_handlers import YAMLHandler

from postkeep.errors import PostRejected

MAX_FRONT_MATTER = 64 * 1024
"""Bytes of UTF-8. Real front matter has under 2 KB; as JSON it grows fourfold at most, which DynamoDB's 400 KB an item hold."""

# A file may begin with several byte-order marks, from having been put together of files that had one each.
_MARGIN = re.compile(r"[\s\ufeff]*")
_LINE_END = re.compile(rb"\r\n?|\n")
_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
    (b"\x84\x31\x95\x33", "GB 18030"),
)
"""By byte-order marks alone, which are certain; UTF-32's begins with UTF-16's."""


@dataclass(frozen=True, slots=True)
class PostFile:
    """A post file, split.

    Attributes:
        front_matter: the YAML text between the fences.
        first_line: the number, from 1, of the file's line that the front matter begins on.
        body: what follows, without white space at its ends; line ends are line feeds.
    """

    front_matter: str
    first_line: int
    body: str


def split(content: bytes) -> PostFile:
    """Split a post file where python-frontmatter does: at the first two lines of three dashes.

    Raises:
        PostRejected: ``not-utf-8``, ``no-front-matter``, ``front-matter-too-large``.
    """
    source = _decode(content)
    fence = YAMLHandler.FM_BOUNDARY
    margin = _MARGIN.match(source)
    first = fence.match(source, margin.end() if margin else 0)
    if first is None:
        raise PostRejected("no-front-matter", "the file does not begin with a line of ---")
    second = fence.search(source, first.end())
    if second is None:
        raise PostRejected("no-front-matter", "the front matter has no closing line of ---")
    front_matter = source[first.end() : second.start()]
    length = len(front_matter.encode())
    if length > MAX_FRONT_MATTER:
        raise PostRejected("front-matter-too-large", f"the front matter has {length:,} bytes; the limit is {MAX_FRONT_MATTER:,}")
    return PostFile(front_matter, source.count("\n", 0, first.end()) + 1, source[second.end() :].strip())


def _decode(content: bytes) -> str:
    try:
        source = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The decoder counts from behind a byte-order mark.
        place = error.start + len(content) - len(error.object)
        line = sum(1 for _ in _LINE_END.finditer(content, 0, place)) + 1
        offending = content[place : place + 4].hex(" ")
        looks = next((f"; it looks like {name}" for mark, name in _MARKS if content.startswith(mark)), "")
        raise PostRejected("not-utf-8", f"line {line}, byte {place}: not UTF-8: {offending}{looks}") from error
    return source.replace("\r\n", "\n").replace("\r", "\n")
