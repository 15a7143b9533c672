"""The messages between functions: versioned, and references only (bodies exceed SQS's 256 KB)."""

import json
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, ClassVar, Self

from postkeep.errors import MessageInvalid

_MAX_BYTES = 64 * 1024
"""No message of ours comes near; SQS would carry 256 KB."""


@dataclass(frozen=True, slots=True)
class _Message:
    kind: ClassVar[str]
    version: ClassVar[int] = 1

    def encode(self) -> str:
        """Give the message as compact JSON, with its kind and version; fields that have their defaults are left out."""
        defaults = _defaults(type(self))
        said = {name: value for name, value in asdict(self).items() if name not in defaults or value != defaults[name]}
        return json.dumps({"kind": self.kind, "v": self.version, **said}, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def decode(cls, body: str) -> Self:
        """Read a message.

        Raises:
            MessageInvalid: if it is not JSON, of another kind or version, or lacks a field.
        """
        found = _load(body)
        if found.pop("kind", None) != cls.kind or found.pop("v", None) != cls.version:
            message = f"not a {cls.kind} of version {cls.version}"
            raise MessageInvalid(message)
        expected = {field.name: field.type for field in fields(cls)}
        found = _defaults(cls) | found
        if set(found) != set(expected) or any(type(found[name]) is not kind for name, kind in expected.items()):
            message = f"{cls.kind}: the fields do not fit"
            raise MessageInvalid(message)
        return cls(**found)


def _defaults(kind: type[_Message]) -> dict[str, Any]:
    return {field.name: field.default for field in fields(kind) if field.default is not MISSING}


def _load(body: str) -> dict[str, Any]:
    if len(body) > _MAX_BYTES:
        message = f"a message of {len(body):,} characters"
        raise MessageInvalid(message)
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        message = "not JSON"
        raise MessageInvalid(message) from error
    if not isinstance(found, dict):
        message = "not a JSON object"
        raise MessageInvalid(message)
    return found


@dataclass(frozen=True, slots=True)
class RenderRequest(_Message):
    """Make what is derived from a post agree with its record: its rendition, or, for a tombstone or a rejection, none.

    Attributes:
        post_id: whose.
        generation: the generation of the record that asked; an older request than the record is superseded.
        force: whether a text that is there, made by the same rules, is made again.
        rules: the version of the published rules that whoever asks knows of: render, which looks for a new one once a minute,
            looks again if it holds an earlier one; 0 for whichever it holds.
    """

    kind: ClassVar[str] = "render"

    post_id: str
    generation: int
    force: bool = False
    rules: int = 0


@dataclass(frozen=True, slots=True)
class ThumbnailRequest(_Message):
    """Fetch one picture and make its thumbnails.

    Attributes:
        post_id: whose picture.
        picture_id: which picture.
        edition: of the text that the picture is in (see :func:`postkeep.post.edition`).
        address: where it is to be had.
        referer: the article's address, for hosts that demand one; "" where unknown.
    """

    kind: ClassVar[str] = "thumbnail"

    post_id: str
    picture_id: str
    edition: str
    address: str
    referer: str


@dataclass(frozen=True, slots=True)
class IndexRequest(_Message):
    """Make the search index agree with a post's record: a hint, however often and late it comes.

    It names no generation: whoever works on it reads the record as it is by then.

    Attributes:
        post_id: whose.
    """

    kind: ClassVar[str] = "index"

    post_id: str
