"""The rendition object in the archive bucket: what render writes and query reads."""

import json
from dataclasses import asdict, dataclass
from typing import Any

_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionPicture:
    """A picture of the article, in the article's order.

    Attributes:
        id: see :func:`postkeep.post.picture_id`.
        address: the origin address.
        alt: its alternative text; "" for none.
        caption: its caption; "" for none.
    """

    id: str
    address: str
    alt: str
    caption: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionObject:
    """What render made of one generation of a post.

    Attributes:
        post_id: whose.
        generation: of which generation of the record.
        rules: the version of the cleaning.
        markdown: CommonMark.
        text: plain text.
        pictures: in the order of the article.
        summary: the first sentences.
        warnings: what the cleaning could not do, as words such as ``markup-flattened``.
    """

    post_id: str
    generation: int
    rules: int
    markdown: str
    text: str
    pictures: tuple[RenditionPicture, ...]
    summary: str
    warnings: tuple[str, ...]

    def encode(self) -> bytes:
        """The object's bytes: JSON in UTF-8, without escapes (Chinese text would double)."""
        return json.dumps({"v": _VERSION, **asdict(self)}, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, body: bytes) -> "RenditionObject":
        """Read the object's bytes; they are our own, so a fault in them is a fault of ours and raises as it comes."""
        fields: dict[str, Any] = json.loads(body)
        if fields.pop("v") != _VERSION:
            raise ValueError("a rendition of another version")
        fields["pictures"] = tuple(RenditionPicture(**picture) for picture in fields["pictures"])
        fields["warnings"] = tuple(fields["warnings"])
        return cls(**fields)
