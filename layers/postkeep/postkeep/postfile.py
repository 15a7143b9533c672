"""A post file's two parts: what parse reads and what render reads of the same bytes."""

from dataclasses import dataclass

from frontmatter.default_handlers import YAMLHandler

from postkeep.errors import PostRejected

MAX_FRONT_MATTER = 64 * 1024
"""Characters. Real front matter has under 2 KB; this keeps the record under DynamoDB's 400 KB with room for the rest."""


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
    margin = len(source) - len(source.lstrip())
    first = fence.match(source, margin)
    if first is None:
        raise PostRejected("no-front-matter", "the file does not begin with a line of ---")
    second = fence.search(source, first.end())
    if second is None:
        raise PostRejected("no-front-matter", "the front matter has no closing line of ---")
    length = second.start() - first.end()
    if length > MAX_FRONT_MATTER:
        raise PostRejected(
            "front-matter-too-large", f"the front matter has {length:,} characters; the limit is {MAX_FRONT_MATTER:,}"
        )
    first_line = source.count("\n", 0, first.end()) + 1
    return PostFile(source[first.end() : second.start()], first_line, source[second.end() :].strip())


def _decode(content: bytes) -> str:
    try:
        source = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        offending = content[error.start : error.start + 4].hex(" ")
        raise PostRejected("not-utf-8", f"line {line}, byte {error.start}: not UTF-8: {offending}") from error
    return source.replace("\r\n", "\n").replace("\r", "\n")
