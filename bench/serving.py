"""What the index costs where it is served from a bucket: a reader that has nothing yet, and one that has."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import batched, count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bench.contenders import BEST, Asked
from bench.costs import WAIT_SECONDS

from fakes.memory import MemoryBucket
from postkeep.ports import StoredObject
from search_posts.documents import Document
from search_posts.engines import Tantivy
from search_posts.manifest import month
from search_posts.merging import Merging
from search_posts.packing import Marks, stamp
from search_posts.searching import SearchRequest, search
from search_posts.shelf import FRESH, Shelf
from search_posts.store import IndexStore
from support.template import resource

BATCH: Final = 500
"""Posts that the bench has an indexer take at once, as when an archive is first put."""

_RECORD = 2 * WAIT_SECONDS
"""Seconds for which an indexer waits for a post's record and its text besides."""

BANDWIDTH = 75e6
"""Bytes a second that a function reads: an assumption, see :data:`search_posts.shelf.PARALLEL`."""


@dataclass
class MeteredBucket(MemoryBucket):
    """A bucket that counts what is asked of it."""

    gets: int = 0
    puts: int = 0
    read: int = 0

    def get(self, key: str, *, limit: int, version_id: str | None = None) -> StoredObject:
        """See ObjectStore."""
        self.gets += 1  # one that finds nothing is charged, too
        found = super().get(key, limit=limit, version_id=version_id)
        self.read += len(found.body)
        return found

    def newer(self, key: str, *, limit: int, than: str) -> StoredObject | None:
        """See ObjectStore: one GET, with or without a body."""
        found = MemoryBucket.get(self, key, limit=limit)
        self.gets += 1
        if found.etag == than:
            return None
        self.read += len(found.body)
        return found

    def part(self, key: str, *, length: int) -> bytes:
        """See ObjectStore."""
        body = MemoryBucket.get(self, key, limit=2**62).body[:length]
        self.gets += 1
        self.read += len(body)
        return body

    def swap(self, key: str, body: bytes, *, replacing: str | None) -> None:
        """See ObjectStore."""
        gets, read = self.gets, self.read
        super().swap(key, body, replacing=replacing)
        self.gets, self.read = gets, read  # the fake looks, S3 need not; that it puts is counted there

    def put(self, key: str, body: bytes, *, content_type: str, immutable: bool = False) -> None:
        """See ObjectStore."""
        super().put(key, body, content_type=content_type, immutable=immutable)
        self.puts += 1

    @contextmanager
    def metered(self) -> Iterator["Cost"]:
        """What is asked of it meanwhile, and how long that takes."""
        cost = Cost()
        before, begun = (self.gets, self.puts, self.read), time.process_time()
        yield cost
        cost.seconds = time.process_time() - begun
        cost.gets, cost.puts, cost.read = self.gets - before[0], self.puts - before[1], self.read - before[2]


@dataclass
class Cost:
    """Requests, bytes read, and seconds of CPU, in which no network was."""

    gets: int = 0
    puts: int = 0
    read: int = 0
    seconds: float = 0.0

    @property
    def waited(self) -> float:
        """Seconds at AWS, as far as one can tell from here: with what calls and bytes wait for."""
        return self.seconds + (self.gets + self.puts) * WAIT_SECONDS + self.read / BANDWIDTH


@dataclass(frozen=True, slots=True)
class Served:
    """What was measured.

    Attributes:
        posts: in the index.
        segments: of which it is made.
        size: its bytes.
        first: until the first answer of a reader that has nothing.
        warm: of a query to one that has everything, on average, the look for a newer manifest included.
        commit: of adding one post to the index, merging left out.
        catch_up: of the first query thereafter.
    """

    posts: int
    segments: int
    size: int
    first: Cost
    warm: Cost
    commit: Cost
    catch_up: Cost

    @property
    def findable(self) -> float:
        """Seconds from a text's being ready to its being found: at worst, in the order in which they come."""
        window = int(
            resource("IndexFunction")["Properties"]["Events"]["Requests"]["Properties"]["MaximumBatchingWindowInSeconds"]
        )
        return window + self.commit.waited + _RECORD + FRESH.total_seconds() + self.catch_up.waited


class Serving:
    """An index in a bucket, filled as indexers fill it."""

    def __init__(self, folder: Path) -> None:
        self.bucket = MeteredBucket()
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self._folder = folder
        self._names = count()
        self.store = IndexStore(self.bucket, lambda: f"{next(self._names):032x}")

    def add(self, documents: Sequence[Document]) -> None:
        """One commit."""
        with self._scratch() as folder:
            standing = self.store.standing()
            for segment in standing.manifest.segments:
                self.store.marks(segment)
            Tantivy().build(documents, folder / "built")
            marks = Marks.of({document.post_id: stamp(document.text) for document in documents})
            segment = self.store.add(folder / "built", marks, {month(document.published) for document in documents})
            self.store.swap(standing.manifest.following([*standing.manifest.segments, segment], self.now), standing)

    def merge(self) -> None:
        """Until nothing is due."""
        merging = Merging(self.store, Tantivy(), lambda: self.now, self._scratch)
        while merging():
            pass

    def reader(self) -> Shelf[Any]:
        """One that has nothing yet."""
        folder = Path(TemporaryDirectory(dir=self._folder, delete=False).name)
        return Shelf(self.store_anew(), Tantivy(), folder, space=2**40, now=lambda: self.now)

    def store_anew(self) -> IndexStore:
        """As another process has it."""
        return IndexStore(self.bucket, lambda: f"{next(self._names):032x}")

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        with TemporaryDirectory(dir=self._folder) as folder:
            yield Path(folder)


def serve(documents: Sequence[Document], asked: Sequence[Asked], folder: Path, tell: Callable[[str], None]) -> Served:
    """Fill an index, read it, change it and read it again."""
    serving = Serving(folder)
    for batch in batched(documents[1:], BATCH, strict=False):
        serving.add(batch)
        serving.merge()
    tell(f"served: {len(documents):,} posts in the bucket")
    requests = [SearchRequest(query=str(each.node), limit=BEST) for each in asked]
    shelf = serving.reader()
    with serving.bucket.metered() as first:
        search(shelf.open().index, requests[0])
    with serving.bucket.metered() as warm:
        for request in requests:
            serving.now += FRESH
            search(shelf.open().index, request)
    warm = Cost(warm.gets // len(requests), 0, warm.read // len(requests), warm.seconds / len(requests))
    serving.store = serving.store_anew()
    with serving.bucket.metered() as commit:
        serving.add(documents[:1])
    serving.now += FRESH
    with serving.bucket.metered() as catch_up:
        search(shelf.open().index, requests[0])
    manifest = serving.store.standing().manifest
    return Served(manifest.posts, len(manifest.segments), manifest.size, first, warm, commit, catch_up)


def lines(served: Served) -> Iterator[str]:
    """What was measured, as a table in Markdown."""
    yield f"| at {served.posts:,} posts | GETs | PUTs | bytes read | CPU | with AWS's waits |\n"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |\n"
    costs = {
        "first answer of a cold reader": served.first,
        "answer of a warm one": served.warm,
        "indexing one post": served.commit,
        "first answer thereafter": served.catch_up,
    }
    for name, cost in costs.items():
        yield (
            f"| {name} | {cost.gets} | {cost.puts} | {cost.read / 1e6:,.1f} MB | {cost.seconds * 1000:,.1f} ms | "
            f"{cost.waited * 1000:,.0f} ms |\n"
        )
    yield (
        f"\n{served.segments} segments with {served.size / 1e6:,.1f} MB; a post is findable {served.findable:.1f} s after its "
        "text is ready, at worst.\n"
    )
