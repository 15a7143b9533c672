"""Bytes → metadata and body. Pure, and bounded: the bytes are a stranger's.

A post is YAML front matter between two lines of ``---``, then an HTML or Markdown body. ``docs/posts.md`` says how each field is
understood, and what is rejected.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from postkeep.characters import encodable, excerpt
from postkeep.dates import publication
from postkeep.errors import PostRejected
from postkeep.post import Metadata
from postkeep.postfile import PostFile, split
from postkeep.values import address, names, people, text

MAX_DEPTH = 20
"""Levels of YAML. Real front matter has two; what composes YAML recurses a level each."""

MAX_WARNINGS = 20
"""Warnings that a record keeps; the last says how many there were besides."""

KNOWN = frozenset({"layout", "title", "date", "author", "from", "tags", "categories"})
"""The keys that real posts have and that mean something here (``layout`` means something to Jekyll alone, and is not kept)."""

# Only nodes are asked for, no values; the one in C is nine times as fast, and PyYAML may be built without it.
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_NULL = frozenset({"null", "Null", "NULL", "~"})
# What PyYAML refuses (its reader accepts less than the YAML that it reads), and what it takes for line breaks.
_REFUSED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_BREAKS = re.compile("[\x85\u2028\u2029]")
# An emoji as JSON escapes it, which YAML does not know.
_PAIR = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_QUOTED_LINE = re.compile(r'^((?:\s*- +|[\w-]+: *)")(.*)("\s*)$')
# A backslash that escapes neither a quotation mark nor, as the first of two, the generator's own backslash.
_BARE_BACKSLASH = re.compile(r'\\(?!")')
_WINDOW = 40
_LONGEST_WARNING = 200


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


def parse(body: bytes, key: str) -> ParsedPost:
    """Understand a post file.

    Scalars stay as they were written: ``title: 007`` is "007", ``yes`` is "yes", a date is its text; only ``null`` and ``~``
    without quotation marks are nothing.

    Args:
        body: the object's bytes.
        key: the object's key; its file name may carry a date.

    Raises:
        PostRejected: ``not-utf-8``, ``no-front-matter``, ``front-matter-too-large``, ``front-matter-too-deep``,
            ``front-matter-aliases``, ``front-matter-invalid``.
    """
    file = split(body)
    warnings: list[str] = []
    fields = _fields(file, warnings)
    metadata = _metadata(fields, file.body, key, warnings)
    return ParsedPost(metadata, file.body, _bounded(warnings))


def _fields(file: PostFile, warnings: list[str]) -> dict[str, Any]:
    """The front matter's entries, mended where it is no YAML and its meaning is certain."""
    source = _Source(_accepted(file, warnings), file.first_line)
    try:
        return source.fields(warnings)
    # Without its C part, PyYAML gives a ValueError for the escape of a character that there cannot be.
    except (yaml.YAMLError, ValueError) as error:
        fault = error
    for mended, what in _mended(source.raw):
        try:
            fields = _Source(mended, file.first_line).fields(warnings)
        except (yaml.YAMLError, ValueError):
            continue
        warnings.append(f"front matter: {what}")
        return fields
    raise PostRejected("front-matter-invalid", source.explain(fault)) from fault


def _accepted(file: PostFile, warnings: list[str]) -> str:
    """The front matter without the characters that YAML refuses: nobody sees them, and without them it means the same."""
    raw = file.front_matter
    found = _REFUSED.search(raw)
    if found is None:
        return _BREAKS.sub(" ", raw)
    line = raw.count("\n", 0, found.start())
    column = found.start() - raw.rfind("\n", 0, found.start())
    warnings.append(
        f"front matter: control characters were left out; the first, U+{ord(found[0]):04X}, stands in line "
        f"{file.first_line + line}, column {column}"
    )
    return _BREAKS.sub(" ", _REFUSED.sub("", raw))


def _mended(raw: str) -> list[tuple[str, str]]:
    r"""What the front matter may have been meant to be, and what was done to it; tried only where YAML refuses it as it is.

    The known generator of such files escapes quotation marks and nothing else, so that ``\智`` can only mean itself.
    """
    joined = _PAIR.sub(lambda pair: encodable(chr(int(pair[1], 16)) + chr(int(pair[2], 16))), raw)
    lines = joined.split("\n")
    for n, line in enumerate(lines):
        if match := _QUOTED_LINE.match(line):
            lines[n] = match[1] + _BARE_BACKSLASH.sub(r"\\\\", match[2]) + match[3]
    return [
        (joined, "characters escaped as JSON does it were understood"),
        ("\n".join(lines), "backslashes that YAML does not know were kept as they are"),
    ]


@dataclass(frozen=True, slots=True)
class _Source:
    """YAML text, and the number of the file's line that it begins on."""

    raw: str
    first_line: int

    def fields(self, warnings: list[str]) -> dict[str, Any]:
        """Read it.

        Raises:
            PostRejected: on what is too deep, on aliases, and where it is no mapping of texts.
            yaml.YAMLError: if it is not YAML.
        """
        self._check()
        root = yaml.compose(self.raw, Loader=_LOADER)
        if root is None:
            return {}
        if not isinstance(root, yaml.MappingNode):
            raise self._rejected("front-matter-invalid", root.start_mark, "not a list of «key: value» lines")
        return self._mapping(root, warnings)

    def _check(self) -> None:
        """Refuse what would be costly to compose, from the event stream, which is not recursive.

        A few lines of aliases can stand for gigabytes.
        """
        depth = 0
        for event in yaml.parse(self.raw, Loader=_LOADER):
            if isinstance(event, yaml.AliasEvent):
                raise self._rejected("front-matter-aliases", event.start_mark, "YAML aliases are not accepted")
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    raise self._rejected("front-matter-too-deep", event.start_mark, f"more than {MAX_DEPTH} levels")
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1

    def _value(self, node: Any, warnings: list[str]) -> Any:
        """Texts, lists, maps and None; what tags there are (``!!python/object`` …) makes no difference."""
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, warnings)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(entry, warnings) for entry in node.value]
        # The one in C gives plain scalars the style "", the other None.
        return None if not node.style and node.value in _NULL else encodable(node.value)

    def _mapping(self, node: yaml.MappingNode, warnings: list[str]) -> dict[str, Any]:
        """Its entries; of a key that is written twice the last counts, as in Jekyll."""
        found: dict[str, Any] = {}
        repeated: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self._rejected("front-matter-invalid", key.start_mark, "a key is no text")
            name = encodable(key.value)
            if name in found:
                repeated[name] = self._line(key.start_mark)
            found[name] = self._value(value, warnings)
        warnings.extend(f"{excerpt(name)}: written more than once; line {line} counts" for name, line in repeated.items())
        return found

    def explain(self, error: Exception) -> str:
        """What is wrong where, for the author."""
        mark = getattr(error, "problem_mark", None)
        if mark is None:
            return f"not YAML: {excerpt(str(error), 200)}"
        problem = excerpt(getattr(error, "problem", "") or "not YAML")
        began = getattr(error, "context_mark", None)
        if began is not None and began.line < mark.line:
            problem += f", {excerpt(error.context)} that began in line {self._line(began)}"  # type: ignore[attr-defined]
        return f"{self._place(mark)}: {problem}: {self._text(mark)}"

    def _rejected(self, reason: str, mark: Any, problem: str) -> PostRejected:
        return PostRejected(reason, f"{self._place(mark)}: {problem}: {self._text(mark)}")

    def _place(self, mark: Any) -> str:
        return f"line {self._line(mark)}, column {mark.column + 1}"

    def _line(self, mark: Any) -> int:
        return int(mark.line) + self.first_line

    def _text(self, mark: Any) -> str:
        """The text around the place at fault."""
        lines = self.raw.split("\n")
        begin = max(0, mark.column - _WINDOW)
        return excerpt(lines[mark.line][begin : begin + 2 * _WINDOW]) if mark.line < len(lines) else ""


def _metadata(fields: Mapping[str, Any], content: str, key: str, warnings: list[str]) -> Metadata:
    published, source = publication(fields.get("date"), content, key, warnings)
    return Metadata(
        title=text(fields.get("title"), "title", warnings),
        author=people(fields.get("author"), "author", warnings),
        published=published,
        date_source=source,
        source_url=address(fields.get("from"), warnings),
        tags=names(fields.get("tags"), "tags", warnings),
        categories=names(fields.get("categories"), "categories", warnings),
        extra={name: value for name, value in fields.items() if name not in KNOWN},
    )


def _bounded(warnings: list[str]) -> tuple[str, ...]:
    found = [excerpt(warning, _LONGEST_WARNING) for warning in dict.fromkeys(warnings)]
    if len(found) > MAX_WARNINGS:
        found[MAX_WARNINGS - 1 :] = [f"and {len(found) - MAX_WARNINGS + 1} more"]
    return tuple(found)
