"""What the index knows of a post."""

import json
import math
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final

_EPOCH: Final = datetime(1, 1, 1, tzinfo=UTC)
_ID_BITS: Final = 24
MAX_ORDER: Final = 1 << 63
"""Orders are smaller than this."""

FIRST_DATED: Final = 1 << _ID_BITS
"""Orders below are those of posts without a date."""

_LEVEL = 6
"""zlib's own default."""

HALF_LIFE_YEARS: Final = 20
"""After how many years a post counts for half in the order by relevance: gently, since an archive is searched for what is old."""

_FROM_YEAR = 2000
"""Whatever is older, or has no date, counts as of this year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A post as search knows it.

    Attributes:
        post_id: see :func:`postkeep.post.post_id`.
        title: one line.
        text: the cleaned text, plain.
        author: as the post names its authors; "" for none.
        tags: each once.
        categories: each once.
        site: the host of the article's address; "" for none.
        published: aware; None where nobody knows.
        added: aware; when the archive got it.
        has_image: whether the article has a picture.
        language: a language tag; "" for none.
        archive: the archive it belongs to; "" for none.
        source_url: the article's address, or None.
    """

    post_id: str
    title: str
    text: str
    author: str
    tags: tuple[str, ...]
    categories: tuple[str, ...]
    site: str
    published: datetime | None
    added: datetime
    has_image: bool
    language: str
    archive: str
    source_url: str | None

    @property
    def order(self) -> int:
        """Where the post stands by date: a number below 2⁶³. Those without a date come first."""
        return date_order(self.published) + int.from_bytes(blake2b(self.post_id.encode(), digest_size=_ID_BITS // 8).digest())

    @property
    def freshness(self) -> float:
        """What the engine makes a weight of.

        It multiplies a score by log₂(2 + this). The weight is 1 for 2000 and doubles every :data:`HALF_LIFE_YEARS`: only the
        quotient of two posts' weights matters, which does not depend on the day of the search.
        """
        if self.published is None:
            return 0.0
        published = self.published.astimezone(UTC)
        years = published.year + (published.timetuple().tm_yday - 1) / 366 - _FROM_YEAR
        return math.pow(2.0, math.pow(2.0, min(max(years, 0.0), 100.0) / HALF_LIFE_YEARS)) - 2.0

    @property
    def year(self) -> int:
        """Of publication (UTC); 0 where nobody knows."""
        return 0 if self.published is None else self.published.astimezone(UTC).year

    def encode(self) -> bytes:
        """The document as the index stores it."""
        content = [
            self.post_id, self.title, self.author, list(self.tags), list(self.categories), self.site,
            None if self.published is None else self.published.isoformat(), self.added.isoformat(),
            self.has_image, self.language, self.archive, self.source_url, self.text,
        ]  # fmt: skip
        return zlib.compress(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"), _LEVEL)


def decode(raw: bytes) -> Document:
    """The document that :meth:`Document.encode` made ``raw`` of."""
    content: list[Any] = json.loads(zlib.decompress(raw))
    post_id, title, author, tags, categories, site, published, added, has_image, language, archive, source_url, text = content
    return Document(
        post_id=post_id,
        title=title,
        text=text,
        author=author,
        tags=tuple(tags),
        categories=tuple(categories),
        site=site,
        published=None if published is None else datetime.fromisoformat(published),
        added=datetime.fromisoformat(added),
        has_image=has_image,
        language=language,
        archive=archive,
        source_url=source_url,
    )


def date_order(moment: datetime | None) -> int:
    """The least :attr:`Document.order` of posts that were published at a moment (to the second), or at none that is known."""
    if moment is None:
        return 0
    return (int((moment.astimezone(UTC) - _EPOCH).total_seconds()) + 1) << _ID_BITS
