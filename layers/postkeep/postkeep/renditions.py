"""The rendition object in the archive bucket: what render writes and query reads."""

import json
from dataclasses import asdict, dataclass
from typing import Any

_VERSION = 2
"""Of the object's form. Version 1 has neither ``html`` nor ``removed``; it is read too, since an archive is only rendered anew by
and by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionPicture:
    """A picture of the article, in the article's order.

    Attributes:
        id: see :func:`postkeep.post.picture_id`.
        address: the origin address.
        alt: its alternative text; "" for none.
        caption: its caption; "" for none.
        fallbacks: addresses where it is to be had if the origin fails, at most three, the most original first; () in objects that
            were written before there were any.
    """

    id: str
    address: str
    alt: str
    caption: str
    fallbacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Text that is no part of the article.

    Attributes:
        rule: the name of the rule that removed it, such as ``generic/sharing``.
        text: what was removed.
    """

    rule: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionObject:
    """What render made of one generation of a post.

    Attributes:
        post_id: whose.
        generation: of which generation of the record.
        rules: the version of the cleaning.
        markdown: CommonMark.
        text: plain text.
        html: a fragment of HTML that is safe to show; "" in version 1.
        pictures: in the order of the article.
        summary: the first sentences.
        warnings: what the cleaning could not do, as words such as ``markup-flattened``.
        removed: what is not in the text, in the order of the page; () in version 1.
        version: of the object's form.
    """

    post_id: str
    generation: int
    rules: int
    markdown: str
    text: str
    html: str = ""
    pictures: tuple[RenditionPicture, ...]
    summary: str
    warnings: tuple[str, ...]
    removed: tuple[Removal, ...] = ()
    version: int = _VERSION

    @property
    def is_whole(self) -> bool:
        """Whether the HTML and what was removed are known."""
        return self.version > 1

    def encode(self) -> bytes:
        """The object's bytes: JSON in UTF-8, without escapes (Chinese text would double)."""
        fields = asdict(self)
        return json.dumps({"v": fields.pop("version"), **fields}, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, body: bytes) -> "RenditionObject":
        """Read the object's bytes; they are our own, so a fault in them is a fault of ours and raises as it comes."""
        fields: dict[str, Any] = json.loads(body)
        version = fields.pop("v")
        if not 1 <= version <= _VERSION:
            raise ValueError("a rendition of another version")
        fields["pictures"] = tuple(
            RenditionPicture(**{**picture, "fallbacks": tuple(picture.get("fallbacks", ()))}) for picture in fields["pictures"]
        )
        fields["warnings"] = tuple(fields["warnings"])
        fields["removed"] = tuple(Removal(**removal) for removal in fields.get("removed", ()))
        return cls(version=version, **fields)
