from collections import Counter
from datetime import datetime, timedelta

from fakes.memory import MemoryBucket
from postkeep.counts import TOTALS_KEY, Totals
from postkeep.ports import StoredObject
from query_posts import sizes
from query_posts.sizes import ListingSizes
from support.posts import EPOCH


class Watched(MemoryBucket):
    """Counts the reads."""

    reads = 0

    def get(self, key: str, *, limit: int, version_id: str | None = None) -> StoredObject:
        self.reads += 1
        return super().get(key, limit=limit, version_id=version_id)


def counted(bucket: MemoryBucket, posts: int) -> None:
    totals = Totals()
    totals.counts["tags"] = Counter({"茶": posts})
    bucket.put(TOTALS_KEY, totals.encode(), content_type="application/json")


def test_sizes_are_the_counts_and_are_read_once_in_a_while() -> None:
    bucket, clock = Watched(), [EPOCH]

    def now() -> datetime:
        return clock[0]

    counted(bucket, 7)
    sizes = ListingSizes(bucket, now)
    assert bucket.reads == 0
    assert (sizes("tags", "茶"), sizes("tags", "海"), sizes("authors", "陆羽")) == (7, 0, 0)
    counted(bucket, 8)
    clock[0] += timedelta(minutes=4)
    assert sizes("tags", "茶") == 7
    clock[0] += timedelta(minutes=1)
    assert sizes("tags", "茶") == 8
    assert bucket.reads == 2


def test_nothing_is_known_before_anything_was_counted() -> None:
    bucket = Watched()
    sizes = ListingSizes(bucket, lambda: EPOCH)
    assert (sizes("tags", "茶"), sizes("tags", "茶"), bucket.reads) == (None, None, 1)


def test_counts_that_are_too_large_to_be_worth_it_are_not_read() -> None:
    bucket = Watched()
    bucket.put(TOTALS_KEY, b" " * (sizes._MOST_BYTES + 1), content_type="application/json")
    assert ListingSizes(bucket, lambda: EPOCH)("tags", "茶") is None
