"""Bytes → metadata and body. Pure, and bounded: the bytes are a stranger's.

A post is YAML front matter between two lines of ``---``, then an HTML or Markdown body.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from frontmatter.default_handlers import YAMLHandler

from postkeep.dates import publication
from postkeep.errors import PostRejected
from postkeep.post import Metadata
from postkeep.postfile import PostFile, split
from postkeep.values import address, names, text

MAX_DEPTH = 20
"""Levels of YAML. Real front matter has two; PyYAML's constructor recurses a level each."""

KNOWN = frozenset({"layout", "title", "date", "author", "from", "tags", "categories"})
"""The keys that real posts have and that mean something here (``layout`` means something to Jekyll alone)."""

# Makes strings, lists and maps alone; the one in C is nine times as fast, and PyYAML may be built without it.
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
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
        return yaml.load(fm, Loader=_LOADER)  # noqa: S506 (BaseLoader makes strings, lists and maps alone)


def parse(body: bytes, key: str) -> ParsedPost:
    """Understand a post file.

    Args:
        body: the object's bytes.
        key: the object's key; its file name may carry a date.

    Raises:
        PostRejected: ``not-utf-8``, ``no-front-matter``, ``front-matter-too-large``, ``front-matter-too-deep``,
            ``front-matter-aliases``, ``front-matter-invalid``.
    """
    file = split(body)
    warnings: list[str] = []
    try:
        fields = _load(file.front_matter, file.first_line)
    except yaml.YAMLError as error:
        try:
            fields = _load(_mend(file.front_matter), file.first_line)
        except yaml.YAMLError:
            raise PostRejected("front-matter-invalid", _explain(error, file)) from error
        warnings.append("front matter: backslashes that YAML does not know were kept as they are")
    if not isinstance(fields, Mapping) or not fields:
        raise PostRejected("front-matter-invalid", "the front matter is not a list of «key: value» lines")
    return ParsedPost(_metadata(fields, file.body, key, warnings), file.body, tuple(warnings))


def _load(raw: str, first_line: int) -> Any:
    _check(raw, first_line)
    return _Handler().load(raw)


def _check(raw: str, first_line: int) -> None:
    """Refuse what would be costly to construct, from the event stream, which is not recursive.

    Raises:
        PostRejected: on aliases (a few lines of them can stand for gigabytes) and on deep nesting.
        yaml.YAMLError: if it is not YAML.
    """
    depth = 0
    for event in yaml.parse(raw, Loader=_LOADER):
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


def _explain(error: yaml.YAMLError, file: PostFile) -> str:
    mark: Any = getattr(error, "problem_mark", None)
    if mark is None:
        return " ".join(str(error).split())[:200]
    lines = file.front_matter.split("\n")
    offending = lines[mark.line][:80] if mark.line < len(lines) else ""
    problem = getattr(error, "problem", "") or "not YAML"
    return f"line {_line(mark, file.first_line)}, column {mark.column + 1}: {problem}: {offending}"


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
