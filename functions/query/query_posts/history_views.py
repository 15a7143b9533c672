"""What the API shows of a post's history: the answers' shapes, and a comparison as a unified diff."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, cast

from msgspec import Meta, Struct

from postkeep.listing import instant
from postkeep.ports import ObjectVersion
from query_posts.difference import Hunk
from query_posts.history import Comparison, Said, Side

# What a terminal would obey, a viewer take for a line end, or show in another order than it is written in.
_TELLTALE = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


RevisionState = Literal["ok", "rejected", "deleted", "unread"]


class RevisionView(Struct, frozen=True, kw_only=True):
    """A version of a post's file."""

    version: Annotated[str, Meta(description="S3's version id.")]
    modified: Annotated[str, Meta(description="When it was written: ISO 8601, UTC, to the second.")]
    size: Annotated[int, Meta(description="Of the file in bytes; 0 for a deletion.")]
    etag: Annotated[str, Meta(description="Of the file; empty for a deletion.")]
    current: Annotated[bool, Meta(description="Whether this is how the file is now.")]
    deleted: Annotated[bool, Meta(description="Whether this is a deletion (a delete marker) rather than a file.")]
    status: Annotated[
        RevisionState,
        Meta(description="What would become of it; unread where it was not looked into."),
    ]
    reason: Annotated[str, Meta(description="Why it is rejected, or too-large or purged where it was not read; empty otherwise.")]
    detail: Annotated[str, Meta(description="The same as a sentence; empty otherwise.")]
    title: Annotated[str | None, Meta(description="What the file said then; null where it was not understood.")]
    author: Annotated[str | None, Meta(description="Likewise.")]
    published: Annotated[str | None, Meta(description="Likewise, ISO 8601, UTC; null where no date is known, too.")]


class RevisionPage(Struct, frozen=True, kw_only=True):
    """A page of a post's history."""

    revisions: Annotated[list[RevisionView], Meta(description="The newest first.")]
    next: Annotated[str | None, Meta(description="The cursor of the next page, which may be empty; null at the end.")]


class SideView(Struct, frozen=True, kw_only=True):
    """One of the two versions that were compared."""

    version: Annotated[str | None, Meta(description="S3's version id; null for what was before the first version: nothing.")]
    modified: Annotated[str | None, Meta(description="When it was written: ISO 8601, UTC; null where that is not known.")]
    deleted: Annotated[bool, Meta(description="Whether it is a deletion, at which nothing is there.")]


class FieldChange(Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """A value of the front matter that changed."""

    field: Annotated[
        str, Meta(description="As in a post: title, tags, …; `extra.<key>` for what means nothing to Postkeep; or status.")
    ]
    from_: Annotated[Any, Meta(description="Null where there was none.")]
    to: Annotated[Any, Meta(description="Null where there is none.")]


class HunkView(Struct, frozen=True, kw_only=True):
    """A stretch of the text around changes that are near each other."""

    from_line: Annotated[int, Meta(description="From 1; where there are no lines, the one before.")]
    from_count: int
    to_line: Annotated[int, Meta(description="From 1; where there are no lines, the one before.")]
    to_count: int
    lines: Annotated[
        list[str], Meta(description="Each behind a space (in both), `-` (was) or `+` (is); none where they are too many.")
    ]
    compared: Annotated[
        bool, Meta(description="False where a stretch was too large to be compared, and counts as replaced as a whole.")
    ]


class DiffView(Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """What changed from one version of a post's file to another."""

    from_: SideView
    to: SideView
    fields: Annotated[list[FieldChange], Meta(description="The front matter that changed.")]
    hunks: Annotated[
        list[HunkView],
        Meta(
            description="The text that changed, by sentences: of the body, or of the whole file where one of the two is rejected."
        ),
    ]
    breaks_alone: Annotated[bool, Meta(description="Whether the text changed in nothing but the line breaks between sentences.")]


def revision_view(version: ObjectVersion, said: Said) -> RevisionView:
    """A version and what it said."""
    meta = said.metadata
    return RevisionView(
        version=version.version_id,
        modified=instant(version.modified),
        size=version.size,
        etag=version.etag,
        current=version.current,
        deleted=version.deleted,
        status=cast("RevisionState", said.status),
        reason=said.reason,
        detail=said.detail,
        title=meta.title if meta else None,
        author=meta.author if meta else None,
        published=instant(meta.published) if meta and meta.published else None,
    )


def diff_view(found: Comparison) -> DiffView:
    """A comparison as JSON."""
    return DiffView(
        from_=_side(found.before),
        to=_side(found.after),
        fields=[FieldChange(field=name, from_=old, to=new) for name, (old, new) in found.fields.items()],
        hunks=[
            HunkView(
                from_line=_line(hunk.before, hunk.before_count),
                from_count=hunk.before_count,
                to_line=_line(hunk.after, hunk.after_count),
                to_count=hunk.after_count,
                lines=list(hunk.lines),
                compared=hunk.compared,
            )
            for hunk in found.hunks
        ],
        breaks_alone=found.breaks_alone,
    )


def unified(found: Comparison, key: str) -> str:
    """A comparison as a unified diff: of the front matter, a line a field, then of the text, a line a sentence.

    It is to be read, not to be applied: the lines are not those of the file. Nothing where nothing changed.
    """
    lines = [*_section(found, f"{key} (front matter)", _field_by_field(found.fields)), *_section(found, key, found.hunks)]
    if found.breaks_alone:
        lines.append("\\ The text changed in nothing but the line breaks between sentences")
    return "".join(_TELLTALE.sub(_escaped, line) + "\n" for line in lines)


def _field_by_field(fields: Mapping[str, tuple[Any, Any]]) -> list[Hunk]:
    lines: list[str] = []
    for name, (old, new) in fields.items():
        lines += [f"{mark}{name}: {_value(value)}" for mark, value in (("-", old), ("+", new)) if value is not None]
    count = sum(line.startswith("-") for line in lines)
    return [Hunk(0, count, 0, len(lines) - count, tuple(lines))] if lines else []


def _section(found: Comparison, name: str, changed: list[Hunk]) -> Iterator[str]:
    if not changed:
        return
    yield f"--- {_named(found.before, name)}"
    yield f"+++ {_named(found.after, name)}"
    for hunk in changed:
        head = f"@@ -{_range(hunk.before, hunk.before_count)} +{_range(hunk.after, hunk.after_count)} @@"
        yield head if hunk.lines else f"{head} replaced {hunk.before_count:,} lines by {hunk.after_count:,}"
        yield from hunk.lines


def _named(side: Side, name: str) -> str:
    if side.content is None:
        name = "/dev/null"
    return "\t".join(
        [name, *([instant(side.modified)] if side.modified else []), *([side.version_id] if side.version_id else [])]
    )


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def _side(side: Side) -> SideView:
    return SideView(version=side.version_id, modified=instant(side.modified) if side.modified else None, deleted=side.deleted)


def _line(begin: int, count: int) -> int:
    """A line's number as diff counts: from 1; a place without lines is named by the line before it."""
    return begin + 1 if count else begin


def _range(begin: int, count: int) -> str:
    line = _line(begin, count)
    return str(line) if count == 1 else f"{line},{count}"
