"""An archive with a search index, in memory."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fakes.engine import LinesEngine
from fakes.memory import MemoryBucket
from postkeep.listing import instant, name
from postkeep.ports import Row
from postkeep.post import Metadata, Post, PostId, Rendition, Status, post_id
from postkeep.renditions import RenditionObject
from search_posts.documents import Document
from search_posts.entries import entry_of
from search_posts.indexing import Indexing
from search_posts.merging import Limits, Merging
from search_posts.rebuilding import Rebuilding
from search_posts.shelf import Shelf
from search_posts.store import IndexStore
from search_posts.upkeep import Upkeep
from support.posts import EPOCH, METADATA, a_post

SMALL = Limits(least=2_000, full=64_000)
"""So that a dozen posts show what millions do."""


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for a moment."""
    with TemporaryDirectory() as folder:
        yield Path(folder)


@dataclass
class Records:
    """PostStore, as much of it as the index needs, and Listings likewise.

    Attributes:
        asked: whose records were read.
        unlisted: posts that the table's indexes do not know of yet.
    """

    posts: dict[PostId, Post] = field(default_factory=dict)
    asked: list[PostId] = field(default_factory=list)
    unlisted: set[PostId] = field(default_factory=set)

    def get(self, post_id: PostId) -> Post | None:
        self.asked.append(post_id)
        return self.posts.get(post_id)

    def rows(self, listing: str, *, after: str | None, limit: int, **_: Any) -> list[Row]:
        assert listing == name("all")
        live = [post for post in self.posts.values() if post.status is not Status.DELETED and post.id not in self.unlisted]
        orders = sorted((f"{instant(post.metadata.published)}#{post.id}" for post in live), reverse=True)
        return [Row(order, order.rpartition("#")[2]) for order in orders if after is None or order < after][:limit]


@dataclass
class Searchable:
    """Records, texts and an index of them.

    Attributes:
        clock: the time; each thing that happens takes a second.
    """

    records: Records = field(default_factory=Records)
    archive: MemoryBucket = field(default_factory=MemoryBucket)
    engine: Any = field(default_factory=LinesEngine)
    clock: datetime = EPOCH
    tokens: int = 0
    limits: Limits = SMALL

    def now(self) -> datetime:
        self.archive.now = self.clock
        return self.clock

    def later(self, **time: float) -> None:
        self.clock += timedelta(**time)
        self.archive.now = self.clock

    def token(self) -> str:
        self.tokens += 1
        return f"{self.tokens:032x}"

    def put(self, name: str, text: str, **said: Any) -> PostId:
        """Have a post with a text, in place of the one of its name."""
        key = f"tea/_posts/{name}.md"
        before = self.records.posts.get(post_id(key))
        generation = before.generation + 1 if before else 1
        metadata: Metadata = replace(METADATA, **{"title": f"title of {name}", **said})
        rendition_key = f"renditions/{post_id(key)}/{generation}.json"
        post = a_post(
            key,
            event=generation,
            generation=generation,
            status=Status.READY,
            settled=True,
            saying=f"{generation}",
            metadata=metadata,
            rendition=Rendition(key=rendition_key, rules=20000, characters=len(text), pictures=0, language="zh-Hans"),
        )
        body = RenditionObject(
            post_id=post.id, generation=generation, rules=20000, markdown="", text=text, pictures=(), summary="", warnings=()
        ).encode()
        if before and before.rendition:
            self.archive.delete([before.rendition.key])
        self.archive.put(rendition_key, body, content_type="application/json")
        self.records.posts[post.id] = post
        return post.id

    def delete(self, name: str) -> PostId:
        identity = post_id(f"tea/_posts/{name}.md")
        if before := self.records.posts.get(identity):
            if before.rendition:
                self.archive.delete([before.rendition.key])
            after = replace(before, status=Status.DELETED, generation=before.generation + 1, rendition=None, metadata=Metadata())
            self.records.posts[identity] = after
        return identity

    def expected(self) -> dict[PostId, Document]:
        """The entries that there should be."""
        return {
            post.id: entry_of(post, RenditionObject.decode(self.archive.get(post.rendition.key, limit=2**30).body).text)
            for post in self.records.posts.values()
            if post.rendition and post.status is Status.READY
        }

    # ---- Those at work ----

    def store(self, archive: Any = None) -> IndexStore:
        return IndexStore(archive or self.archive, self.token)

    def indexing(self, archive: Any = None, records: Any = None, store: IndexStore | None = None) -> Indexing[Any]:
        found = archive or self.archive
        posts: Any = records or self.records
        return Indexing(posts, found, store or self.store(found), self.engine, self.now, scratch)

    def rebuilding(self, archive: Any = None, records: Any = None, *, text: int = 500) -> Rebuilding[Any]:
        found: Any = records or self.records
        return Rebuilding(found, self.indexing(archive, found), text)

    def merging(self, archive: Any = None) -> Merging[Any]:
        return Merging(self.store(archive), self.engine, self.now, scratch, self.limits)

    def upkeep(self, archive: Any = None) -> Upkeep[Any]:
        store = self.store(archive)
        return Upkeep(store, Merging(store, self.engine, self.now, scratch, self.limits), self.now)

    def shelf(
        self, folder: Path, *, space: int = 2**30, archive: Any = None, told: Callable[[Exception], None] | None = None
    ) -> Shelf[Any]:
        extra: dict[str, Any] = {"told": told} if told else {}
        return Shelf(self.store(archive), self.engine, folder, space=space, now=self.now, **extra)

    def found(self) -> dict[PostId, Document]:
        """The entries that a new reader sees."""
        with scratch() as folder:
            index = self.shelf(folder / "shelf").open().index
            return {document.post_id: document for document in index.documents()}
