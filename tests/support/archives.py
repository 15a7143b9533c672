"""A whole archive in memory: the use cases of parse and render themselves, on ports in memory."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from fakes.memory import MemoryBucket, MemoryQueue, MemoryTable
from parse_post.ingest import Ingest
from postkeep.listing import name
from postkeep.messages import RenderRequest
from postkeep.ports import Row
from postkeep.post import Post, Revision, Status, is_post_key
from postkeep_local.operations.exporting import Exporting
from render_post.rendering import Rendering
from support.posts import EPOCH

_MAX_BYTES = 5 * 1024 * 1024
"""The template's default."""


class WholeArchive:
    """The table and the buckets of an archive, and what works on them.

    Attributes:
        table: its records.
        posts: the posts bucket.
        archive: the archive bucket.
        exporting: the reading of it.
    """

    def __init__(self) -> None:
        self.table, self.posts, self.archive = MemoryTable(), MemoryBucket(), MemoryBucket()
        self.exporting = Exporting(self.table, self.posts, self.archive)
        self._renders, self._events = MemoryQueue(), 0
        self._ingest = Ingest(self.table, self._renders, _MAX_BYTES, timedelta(days=1), lambda: EPOCH)
        self._rendering = Rendering(
            posts=self.table,
            pictures=self.table,
            objects=self.posts,
            archive=self.archive,
            thumbnails=MemoryQueue(),
            index=MemoryQueue(),
            max_bytes=_MAX_BYTES,
            fetch_pictures=False,
            now=lambda: EPOCH,
        )

    def fill(self, files: Mapping[str, bytes]) -> None:
        """Put these files, and have everything done that follows."""
        for key, body in files.items():
            self.posts.put(key, body, content_type="")
            if is_post_key(key):
                self._events += 1
                self._ingest(key, f"{self._events:016X}", self.posts)
        for request in self._renders.sent:
            self._rendering(RenderRequest.decode(request))
        self._renders.sent.clear()

    def records(self) -> dict[str, Post]:
        """The records by key, without the revisions, which are of the order of events and of the buckets' versions."""
        ids = [row.post_id for listing in (name("all"), name("status", Status.REJECTED)) for row in self._rows(listing)]
        found = [self.table.get(post_id) for post_id in ids]
        return {post.key: replace(post, revision=Revision()) for post in found if post}

    def texts(self) -> dict[str, bytes]:
        """The objects of the archive bucket."""
        return {key: self.archive.get(key, limit=2**40).body for key in self.archive.keys("")}

    def _rows(self, listing: str) -> list[Row]:
        return self.table.rows(listing, after=None, low=None, high=None, limit=1_000_000)
