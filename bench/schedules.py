"""What the functions that run on a schedule use in archives of several sizes: the use cases themselves, in memory, counted.

The table answers and counts by DynamoDB's rules (see bench/query.py), the buckets count their requests. Processor time is that of
the use case, without the table's and without the SDK's: bench/power.py measures it with both, on a smaller archive.
"""

import time
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count, islice
from typing import Any, cast

from bench.query import Clock, Store
from bench.serving import MeteredBucket

from count_posts.counting import Counting
from fakes.memory import MemoryBucket, MemoryQueue
from postkeep.aws.dynamodb import DynamoListings
from postkeep.ports import Listed, Page
from reconcile_posts.reconciling import Reconciling
from support.metering import READS, S3_GETS, S3_PUTS
from support.posts import EPOCH
from support.reading import SortedDynamo
from unit.query.test_page_costs import a_record, items_of

_LONG_AFTER = timedelta(days=4_000)


@dataclass(frozen=True, slots=True)
class Used:
    """What a run used.

    Attributes:
        amounts: charged quantities.
        calls: to AWS.
        cpu: seconds of the use case's own.
        kept: bytes that lie in its bucket afterwards.
    """

    amounts: dict[str, float]
    calls: int
    cpu: float
    kept: int


@dataclass
class Ledger(MeteredBucket):
    """A bucket of which a part is a listing alone: objects that need not be there, since nobody reads them.

    Attributes:
        prefix: of these objects.
        entries: they, in order.
        lists: requests for a page.
    """

    prefix: str = "\0"
    entries: list[Listed] = field(default_factory=list)
    lists: int = 0

    def page(self, prefix: str, *, after: str = "", limit: int = 1000) -> Page:
        """See ObjectStore."""
        self.lists += 1
        if prefix != self.prefix:
            gets, read = self.gets, self.read
            found = super().page(prefix, after=after, limit=limit)
            self.gets, self.read = gets, read  # the fake looks at each, a LIST does not
            return found
        begin = bisect_right(self.entries, after.encode(), key=lambda entry: entry.key.encode())
        return Page(tuple(self.entries[begin : begin + limit]), begin + limit < len(self.entries))


class Scheduled:
    """An archive of so many posts in which everything agrees."""

    def __init__(self, posts: int) -> None:
        self.clock = Clock()
        self.dynamodb = SortedDynamo()
        # Every 97th record is of a post whose text is being made.
        self.posts = [a_record(n) for n in islice((n for n in count() if n % 97), posts)]
        self.dynamodb.fill(item for post in self.posts for item in items_of(post))
        self.listings = DynamoListings("posts", cast("Any", Store(self.dynamodb, self.clock)))

    def counting(self) -> dict[str, Used]:
        """Count's runs: the first one, which counts everything, one with nothing new, and one with one post that is new."""
        archive, names = Ledger(), count()
        last = max(post.changed for post in self.posts)
        moment = [last - timedelta(milliseconds=1)]
        case = Counting(self.listings, archive, timedelta(0), lambda: moment[0], lambda: f"{next(names):032x}")

        def run() -> None:
            while not case().caught_up:
                pass

        found = {"everything": self._used(run, archive), "nothing": self._used(run, archive)}
        moment[0] = last + timedelta(seconds=1)
        return found | {"a change": self._used(run, archive)}

    def reconciling(self) -> Used:
        """A run of reconcile."""
        objects, archive = Ledger(prefix=""), Ledger(prefix="renditions/")
        for post in self.posts:
            objects.entries.append(Listed(post.key, post.revision.etag, post.size, EPOCH))
            if post.rendition:
                archive.entries.append(Listed(post.rendition.key, "", 1, EPOCH))
        for bucket in (objects, archive):
            bucket.entries.sort(key=lambda entry: entry.key.encode())
        case = Reconciling(
            objects=objects,
            archive=archive,
            records=self.listings,
            parse=cast("Any", None),  # is not asked, since everything agrees
            renders=MemoryQueue(),
            now=lambda: EPOCH + _LONG_AFTER,
        )

        def run() -> None:
            report = case()
            if report is None or report.tally.counts or report.tally.objects != len(self.posts):
                raise RuntimeError(f"something did not agree: {report}")

        return self._used(run, objects, archive)

    def _used(self, run: Callable[[], None], *buckets: Ledger) -> Used:
        self.dynamodb.take()
        before = [(bucket.gets, bucket.puts + bucket.lists) for bucket in buckets]
        self.clock.spent, begun = 0, time.process_time_ns()
        run()
        cpu = (time.process_time_ns() - begun - self.clock.spent) / 1e9
        reads = self.dynamodb.take()
        gets = sum(bucket.gets - old[0] for bucket, old in zip(buckets, before, strict=True))
        puts = sum(bucket.puts + bucket.lists - old[1] for bucket, old in zip(buckets, before, strict=True))
        amounts = {READS: reads.units, S3_GETS: float(gets), S3_PUTS: float(puts)}
        kept = sum(len(MemoryBucket.get(bucket, key, limit=2**40).body) for bucket in buckets for key in bucket.keys(""))
        return Used(amounts, reads.queries + reads.batches + gets + puts, cpu, kept)
