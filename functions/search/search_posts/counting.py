"""How many of a search's posts there are by author, tag and year."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

SHOWN: Final = 20
"""Authors and tags that are named, those with most posts; years are all named."""

_EACH = 60_000
"""Authors or tags that each segment counts: all of them, so that the sums are right."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many posts have a value."""

    value: str
    posts: int


@dataclass(frozen=True, slots=True)
class Counts:
    """The posts of a search.

    Attributes:
        authors: at most :data:`SHOWN`, most posts first, then by name.
        tags: likewise.
        years: of publication, the latest first.
        undated: posts of which nobody knows when they were published.
    """

    authors: tuple[Count, ...]
    tags: tuple[Count, ...]
    years: tuple[Count, ...]
    undated: int


def request() -> dict[str, Any]:
    """What the engine is to count."""
    return {
        "authors": {"terms": {"field": "by_author", "size": SHOWN, "segment_size": _EACH}},
        "tags": {"terms": {"field": "by_tag", "size": SHOWN, "segment_size": _EACH}},
        "years": {"terms": {"field": "by_year", "size": _EACH}},
    }


def counts(answer: Mapping[str, Any]) -> Counts:
    """What the engine answered to :func:`request`."""
    years = {int(bucket["key"]): int(bucket["doc_count"]) for bucket in answer["years"]["buckets"]}
    return Counts(
        _most(answer["authors"]),
        _most(answer["tags"]),
        tuple(Count(f"{year:04d}", years[year]) for year in sorted(years, reverse=True) if year),
        years.get(0, 0),
    )


def _most(answer: Mapping[str, Any]) -> tuple[Count, ...]:
    found = [Count(str(bucket["key"]), int(bucket["doc_count"])) for bucket in answer["buckets"]]
    return tuple(sorted(found, key=lambda count: (-count.posts, count.value)))
