"""How many posts there are of each kind: what count writes and query reads."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from postkeep.listing import MAX_VALUES, instant, source_host
from postkeep.post import Post, Status

TOTALS_KEY = "counts/totals.json"
"""The totals' object in the archive bucket."""

WORK_KEY = "counts/work.json"
"""The object that says how far count is. Without it, everything is counted anew."""

KINDS = ("statuses", "authors", "tags", "categories", "months", "archives", "hosts", "languages")
"""What is counted. Statuses count every record; the others live posts, pending and ready, as the listings show them."""

_VERSION = 1

type Contribution = Mapping[str, tuple[str, ...]]
"""What one post counts towards: the values by kind."""


def contribution(post: Post) -> Contribution:
    """What a post counts towards."""
    if post.status in {Status.DELETED, Status.REJECTED}:
        return {"statuses": (post.status.value,)}
    meta = post.metadata
    host = source_host(meta.source_url or "")
    return {
        "statuses": (post.status.value,),
        "authors": (meta.author,) if meta.author else (),
        "tags": meta.tags[:MAX_VALUES],
        "categories": meta.categories[:MAX_VALUES],
        "months": (instant(meta.published)[:7],) if meta.published else (),
        "archives": (post.archive,),
        "hosts": (host,) if host else (),
        "languages": (post.rendition.language,) if post.rendition else (),
    }


@dataclass(slots=True)
class Totals:
    """The counts of everything up to a position of the change feed.

    Attributes:
        to: the position.
        as_of: the instant that the counts are as of (ISO 8601, UTC).
        counts: how many posts, by kind and value; no zeros.
    """

    to: str = "0"
    as_of: str = ""
    counts: dict[str, Counter[str]] = field(default_factory=lambda: {kind: Counter() for kind in KINDS})

    def add(self, contribution: Contribution, times: int = 1) -> None:
        """Count a post in, or with -1 out."""
        for kind, value in _entries(contribution):
            counter = self.counts[kind]
            counter[value] += times
            if not counter[value]:
                del counter[value]

    def value(self) -> dict[str, Any]:
        """JSON values."""
        return {"v": _VERSION, "to": self.to, "as_of": self.as_of, "counts": self.counts}

    def encode(self) -> bytes:
        """The object's bytes."""
        return json.dumps(self.value(), ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> "Totals":
        """Read JSON values; they are our own, so a fault in them is a fault of ours and raises as it comes."""
        if value["v"] != _VERSION:
            raise ValueError("totals of another version")
        return cls(value["to"], value["as_of"], {kind: Counter(value["counts"].get(kind, {})) for kind in KINDS})

    @classmethod
    def decode(cls, body: bytes) -> "Totals":
        """Read the object's bytes."""
        return cls.of(json.loads(body))


def _entries(contribution: Contribution) -> Iterator[tuple[str, str]]:
    for kind, values in contribution.items():
        for value in values:
            yield kind, value
