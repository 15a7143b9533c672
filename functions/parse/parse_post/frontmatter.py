"""Bytes → metadata and body. Pure, and bounded: the bytes are a stranger's.

A post is YAML front matter between two lines of ``---``, then an HTML or Markdown body.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import frontmatter
import yaml
from frontmatter.default_handlers import YAMLHandler

from parse_post.dates import publication
from parse_post.values import address, names, text
from postkeep.errors import PostRejected
from postkeep.post import Metadata

MAX_FRONT_MATTER = 64 * 1024
"""Characters. Real front matter has under 2 KB; this keeps the record under DynamoDB's 400 KB with room for the rest."""

MAX_DEPTH = 20
"""Levels of YAML. Real front matter has two; PyYAML's constructor recurses a level each."""

KNOWN = frozenset({"layout", "title", "date", "author", "from", "tags", "categories"})
"""The keys that real posts have and that mean something here (``layout`` means something to Jekyll alone)."""

# The end of the front matter as python-frontmatter sees it: a line of three dashes.
_FENCE = re.compile(r"^-{3,}\s*$", re.MULTILINE)
_QUOTED_LINE = re.compile(r'^(\w+: *")(.*)(" *)$')
# A backslash that escapes neither a quotation mark nor, as the first of two, the generator's own backslash.
_BARE_BACKSLASH = re.compile(r'\\(?!")')


@dataclass(frozen=True, slots=True)
class ParsedPost:
    """What a post file says.

    Attributes:
        metadata: see :class:`postkeep.post.Metadata`.
        body: what follows the front matter, as it was written, with line feeds for line ends.
        warnings: what was mended or left out, a sentence each.
    """

    metadata: Metadata
    body: str
    warnings: tuple[str, ...] = ()


class _Handler(YAMLHandler):
    """YAML whose scalars stay as they were written: ``title: 007`` is "007", ``yes`` is "yes", a date is its text."""

    def load(self, fm: str, **_: object) -> Any:
        return yaml.load(fm, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))  # noqa: S506 (BaseLoader makes strings, lists and maps alone)


def parse(body: bytes, key: str) -> ParsedPost:
    """Understand a post file.

    Args:
        body: the object's bytes.
        key: the object's key; its file name may carry a date.

    Raises:
        PostRejected: ``not-utf-8``, ``no-front-matter``, ``front-matter-too-large``, ``front-matter-too-deep``,
            ``front-matter-aliases``, ``front-matter-invalid``.
    """
    source = _decode(body)
    raw, line = _front_matter(source)
    warnings: list[str] = []
    try:
        _check(raw, line)
    except yaml.YAMLError as error:
        mended = _mend(raw)
        try:
            _check(mended, line)
        except yaml.YAMLError:
            raise PostRejected("front-matter-invalid", _explain(error, raw, line)) from error
        warnings.append("front matter: backslashes that YAML does not know were kept as they are")
        source = source.replace(raw, mended, 1)
    try:
        fields, content = frontmatter.parse(source, handler=_Handler())
    except yaml.YAMLError as error:
        raise PostRejected("front-matter-invalid", _explain(error, raw, line)) from error
    if not isinstance(fields, Mapping) or not fields:
        raise PostRejected("front-matter-invalid", "the front matter is not a list of «key: value» lines")
    return ParsedPost(_metadata(fields, content, key, warnings), content, tuple(warnings))


def _decode(body: bytes) -> str:
    try:
        source = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise PostRejected(
            "not-utf-8", f"byte {error.start} (line {line}) is not UTF-8: {body[error.start : error.start + 4].hex(' ')}"
        ) from error
    return source.replace("\r\n", "\n").replace("\r", "\n")


def _front_matter(source: str) -> tuple[str, int]:
    """The YAML text between the fences, and the number of the line that it begins on."""
    first = _FENCE.match(source.lstrip())
    if first is None:
        raise PostRejected("no-front-matter", "the file does not begin with a line of ---")
    begin = len(source) - len(source.lstrip()) + first.end()
    second = _FENCE.search(source, begin)
    if second is None:
        raise PostRejected("no-front-matter", "the front matter has no closing line of ---")
    if second.start() - begin > MAX_FRONT_MATTER:
        raise PostRejected(
            "front-matter-too-large",
            f"the front matter has {second.start() - begin:,} characters; the limit is {MAX_FRONT_MATTER:,}",
        )
    return source[begin : second.start()], source.count("\n", 0, begin) + 1


def _check(raw: str, first_line: int) -> None:
    """Refuse what would be costly to construct, from the event stream, which is not recursive.

    Raises:
        PostRejected: on aliases (a few lines of them can stand for gigabytes) and on deep nesting.
        yaml.YAMLError: if it is not YAML.
    """
    depth = 0
    for event in yaml.parse(raw, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader)):
        if isinstance(event, yaml.AliasEvent):
            raise PostRejected(
                "front-matter-aliases", f"line {_line(event.start_mark, first_line)}: YAML aliases are not accepted"
            )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise PostRejected(
                    "front-matter-too-deep", f"line {_line(event.start_mark, first_line)}: more than {MAX_DEPTH} levels"
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _mend(raw: str) -> str:
    r"""Double the backslashes of double-quoted one-line values, but for ``\"``.

    The known generator of such files escapes quotation marks and nothing else, so that ``\智`` can only mean itself. It is
    tried only where YAML refuses the text as it is.
    """
    lines = raw.split("\n")
    for n, line in enumerate(lines):
        if match := _QUOTED_LINE.match(line):
            lines[n] = match[1] + _BARE_BACKSLASH.sub(r"\\\\", match[2]) + match[3]
    return "\n".join(lines)


def _line(mark: Any, first_line: int) -> int:
    return int(mark.line) + first_line


def _explain(error: yaml.YAMLError, raw: str, first_line: int) -> str:
    mark: Any = getattr(error, "problem_mark", None)
    if mark is None:
        return " ".join(str(error).split())[:200]
    lines = raw.split("\n")
    offending = lines[mark.line][:80] if mark.line < len(lines) else ""
    problem = getattr(error, "problem", "") or "not YAML"
    return f"line {_line(mark, first_line)}, column {mark.column + 1}: {problem}: {offending}"


def _metadata(fields: Mapping[str, Any], content: str, key: str, warnings: list[str]) -> Metadata:
    published, source = publication(fields.get("date"), content, key, warnings)
    return Metadata(
        title=text(fields.get("title"), "title", warnings),
        author=text(fields.get("author"), "author", warnings),
        published=published,
        date_source=source,
        source_url=address(fields.get("from"), warnings),
        tags=names(fields.get("tags"), "tags", warnings),
        categories=names(fields.get("categories"), "categories", warnings),
        extra={str(name): value for name, value in fields.items() if name not in KNOWN},
    )
