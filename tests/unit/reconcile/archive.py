"""A small archive in memory, with parse and render at work on it, and reconcile beside it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from fakes.memory import MemoryBucket, MemoryQueue, MemoryTable
from fakes.parse import MemoryChecker
from parse_post.ingest import Ingest
from postkeep.errors import Superseded
from postkeep.messages import RenderRequest
from postkeep.post import Post, post_id
from reconcile_posts.progress import Order, Report
from reconcile_posts.reconciling import Reconciling
from render_post.rendering import Rendering
from support.posts import EPOCH

HOSTILE = [
    "tea/_posts/a b+c%20d#e?f.md",
    "tea/_posts/\u3000|“茶”🍵\t\x01\ufffd.html",
    "tea/_posts/e\u0301\\\"'<>&.txt",
    ".md",
    "x" * 1021 + ".md",
]


class Counted:
    """A port whose calls are counted by their names."""

    def __init__(self, port: Any, calls: Counter[str], name: str) -> None:
        self._port, self._calls, self._name = port, calls, name

    def __getattr__(self, method: str) -> Callable[..., Any]:
        call = getattr(self._port, method)

        def counted(*args: Any, **kwargs: Any) -> Any:
            self._calls[f"{self._name}.{method}"] += 1
            return call(*args, **kwargs)

        return counted


@dataclass
class Archive:
    """Buckets, table and queues."""

    table: MemoryTable = field(default_factory=MemoryTable)
    bucket: MemoryBucket = field(default_factory=MemoryBucket)
    archive: MemoryBucket = field(default_factory=MemoryBucket)
    renders: MemoryQueue = field(default_factory=MemoryQueue)
    backlog: MemoryQueue = field(default_factory=MemoryQueue)
    thumbnails: MemoryQueue = field(default_factory=MemoryQueue)
    clock: datetime = EPOCH
    calls: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.checker = MemoryChecker(self.table, self.bucket, self.renders, lambda: self.clock)

    def put(self, key: str, content: bytes = b"---\ntitle: t\n---\n<p>text</p>", *, told: bool = True) -> None:
        self.bucket.now = self.clock
        self.bucket.put(key, content, content_type="")
        if told:
            self.parse(key)

    def delete(self, key: str, *, told: bool = True) -> None:
        self.bucket.delete([key])
        if told:
            self.parse(key)

    def parse(self, key: str) -> None:
        ingest = Ingest(self.table, self.renders, 10_000, timedelta(days=90), lambda: self.clock)
        ingest(key, f"{self.bucket.count:X}", self.bucket)

    def render(self) -> None:
        """Have render work off both of its queues."""
        self.archive.now = self.clock
        rendering = Rendering(
            posts=self.table,
            pictures=self.table,
            objects=self.bucket,
            archive=self.archive,
            thumbnails=self.thumbnails,
            max_bytes=10_000,
            fetch_pictures=True,
            now=lambda: self.clock,
            index=MemoryQueue(),
        )
        for queue in (self.renders, self.backlog):
            while queue.sent:
                try:
                    rendering(RenderRequest.decode(queue.sent.pop(0)))
                except Superseded:
                    continue

    def later(self, **time: float) -> None:
        self.clock += timedelta(**time)

    def reconciling(self) -> Reconciling:
        return Reconciling(
            objects=Counted(self.bucket, self.calls, "objects"),
            archive=Counted(self.archive, self.calls, "archive"),
            records=Counted(self.table, self.calls, "records"),
            parse=Counted(self.checker, self.calls, "parse"),
            renders=Counted(self.backlog, self.calls, "renders"),
            now=lambda: self.clock,
        )

    def reconcile(self, order: Order | None = None) -> Report:
        self.calls.clear()
        report = self.reconciling()(order)
        assert report is not None
        return report

    def post(self, key: str) -> Post:
        found = self.table.get(post_id(key))
        assert found is not None
        return found

    def forget(self, key: str) -> None:
        """Lose a record, its rows and its pictures."""
        for pk, sk in list(self.table.dynamodb.items):
            if pk.partition("#")[2] == post_id(key):
                del self.table.dynamodb.items[pk, sk]

    def renditions(self) -> list[str]:
        return list(self.archive.keys("renditions/"))


def shown(archive: Archive) -> dict[str, Any]:
    """What readers see, without what tells when and how often."""
    found = {}
    for (_, sk), item in archive.table.dynamodb.items.items():
        if sk != "POST":
            continue
        post = archive.post(item["key"]["S"])
        text = archive.archive.get(post.rendition.key, limit=10**6).body if post.rendition else b""
        found[post.key] = (post.status, post.metadata, post.content_hash, post.reason, post.summary, bool(text), post.settled)
    return found
