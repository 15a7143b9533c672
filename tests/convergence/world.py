"""One key's bucket, table, archive and queues, the handlers at work on them, and a mirror that follows the changes."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from io import BytesIO
from typing import Any
from unittest import mock

from PIL import Image

from convergence.actors import Actor, Fault, Stepped
from count_posts.counting import Counting
from fakes.memory import MemoryBucket, MemoryQueue, MemoryTable
from make_thumbnail.answer import Fetched
from make_thumbnail.making import Making
from make_thumbnail.resize import resize
from make_thumbnail.thumbnailing import Thumbnailing
from parse_post.ingest import Ingest
from postkeep.aws.dynamodb import DynamoListings, DynamoPictures, DynamoPosts
from postkeep.counts import TOTALS_KEY, Totals, contribution
from postkeep.errors import ObjectMissing, PictureRefused
from postkeep.frontmatter import parse
from postkeep.listing import instant
from postkeep.messages import IndexRequest, RenderRequest, ThumbnailRequest
from postkeep.post import Metadata, PictureStatus, Status, post_id
from postkeep.renditions import RenditionObject
from reconcile_posts.names import Names
from reconcile_posts.progress import Finding
from reconcile_posts.walks import Walks
from render_post.rendering import Rendering, rendition_key
from render_post.rendition import PictureReference, render, rules_number
from render_post.rulebook import RuleBook, shipped
from support.posts import EPOCH

KEY = "tea/_posts/2021-06-29-雨.md"
ID = post_id(KEY)

_POST = "---\ntitle: {}\ntags: [{}]\ncategories: [{}]\ndate: {}\nfrom: https://tea.example/{}\n---\n<p>{}</p>{}"


def _content(title: str, tags: str, categories: str, date: str, *pictures: str) -> bytes:
    images = "".join(f"<img src='https://p.example/{name}'>" for name in pictures)
    return _POST.format(title, tags, categories, date, title, f"Text of {title}.", images).encode()


CONTENTS = (
    _content("one", "a, b, c", "x", "2021-06-29", "1.jpg", "2.jpg"),
    _content("two", "b, c", "x, y", "2021-06-29", "2.jpg", "gone.jpg"),
    _content("three", "a, b", "", "2021-07-01"),
    b"---\ntitle: [broken\n---\n<p>Nothing.</p>",
)
"""They differ in tags, order, pictures and text, share some, and one is rejected."""

_FIRST_SEQUENCER = 0xC
"""So that sequencers of one and of two digits meet."""

type Again = Callable[[], None]

_resize = cache(resize)
_parse = cache(parse)
_OLD_PICTURE = PictureReference("https://p.example/old.jpg", "", "")
MOST_PUBLISHED = 8
"""Versions that are published in one schedule, as many as render sweeps the texts of."""

_rendered: dict[tuple[str, str], Any] = {}


def _render_once(body: str, metadata: Metadata, key: str, book: RuleBook) -> Any:
    """Each version makes another text; every other one finds one picture less, and one that the others do not find."""
    found = _rendered.get((body, metadata.title))
    if found is None:
        found = _rendered[body, metadata.title] = render(body, metadata, key)
    pictures = found.pictures
    if book.version % 2 == 0 and pictures:
        pictures = (*pictures[:1], _OLD_PICTURE)
    return replace(found, text=f"{book.version}. {found.text}", pictures=pictures)


def book(version: int) -> RuleBook:
    """The rules of a version."""
    return replace(shipped(), version=version)


def number(version: int) -> int:
    """As records have it."""
    return rules_number(book(version))


def quickly() -> tuple[Any, ...]:
    """Patches by which pure work is done once for each content, so that thousands of schedules cost their calls alone."""
    return (
        mock.patch("parse_post.ingest.parse", _parse),
        mock.patch("make_thumbnail.making.resize", _resize),
    )


def _picture() -> bytes:
    file = BytesIO()
    Image.new("RGB", (2, 2), "red").save(file, "PNG")
    return file.getvalue()


_PNG = _picture()


def fetch(address: str, _referer: str) -> Fetched:
    """What the pictures' host answers."""
    if "gone" in address:
        raise PictureRefused("not-found", "gone")
    return Fetched(_PNG, "image/png", address)


@dataclass
class World:
    """What there is; each method is something that can happen.

    Attributes:
        indexes: what the search index is told.
        indexed: what it made of that: the text and the state of the post.
        events: sequencers that are still to be delivered.
        delivered: sequencers that were, and may be again.
        actors: handlers at work, each with what brings its event or message back.
        life: ticks that a handler may live, as a function's timeout has it.
        behind: ticks that a reader of the changes stays behind.
        published: the version of the rules that is published.
        known: the latest version that a handler began with.
        reconciled: whether a handler began with an earlier version than one before it, so that reconcile has its part.
    """

    table: MemoryTable = field(default_factory=MemoryTable)
    bucket: MemoryBucket = field(default_factory=lambda: MemoryBucket(count=_FIRST_SEQUENCER))
    archive: MemoryBucket = field(default_factory=MemoryBucket)
    renders: MemoryQueue = field(default_factory=MemoryQueue)
    thumbnails: MemoryQueue = field(default_factory=MemoryQueue)
    indexes: MemoryQueue = field(default_factory=MemoryQueue)
    indexed: tuple[str, Status] | None = None
    events: list[int] = field(default_factory=list)
    delivered: list[int] = field(default_factory=list)
    actors: list[tuple[Actor, Again]] = field(default_factory=list)
    ticks: int = 0
    life: int = 600
    behind: int = 600
    published: int = 0
    known: int = 0
    reconciled: bool = False
    mirrored: dict[str, str] = field(default_factory=dict)
    mirrored_to: str = "0"
    tokens: int = 0
    faults: dict[str, int] = field(default_factory=dict)

    # ---- What the user does ----

    def put(self, content: bytes) -> None:
        self.bucket.put(KEY, content, content_type="")
        self.events.append(self.bucket.count)

    def delete(self) -> None:
        if KEY in self.bucket.versions:
            self.bucket.delete([KEY])
            self.events.append(self.bucket.count)

    def purge(self, which: int) -> None:
        """Remove a version, or a delete marker, for good: S3 sends a removal event for that too."""
        history = self.bucket.versions.get(KEY, [])
        if len(history) > 1:
            del history[which % len(history)]
            self.bucket.count += 1
            self.events.append(self.bucket.count)

    # ---- Handlers ----

    def deliver(self, which: int) -> Actor | None:
        """Give an event, old or new, to a handler of parse."""
        known = self.events + self.delivered
        if not known:
            return None
        number = known[which % len(known)]
        if number in self.events:
            self.events.remove(number)
        self.delivered.append(number)
        return self._start(lambda actor: self._ingest(actor)(KEY, f"{number:X}", Stepped(self.bucket, actor)), number)

    def check(self) -> Actor | None:
        """Have the record checked against the bucket, as reconcile does."""
        return self._start(lambda actor: self._ingest(actor)(KEY, None, Stepped(self.bucket, actor)), None)

    def render(self, which: int, late: int = 0) -> Actor | None:
        """Give a request to a handler of render: of the rules that are published, or of so many versions before."""
        if not self.renders.sent:
            return None
        version = max(0, self.published - late)
        self.reconciled = self.reconciled or version < self.known
        self.known = max(self.known, version)
        message = self.renders.sent.pop(which % len(self.renders.sent))
        request = RenderRequest.decode(message)
        return self._start(lambda actor: self._rendering(actor, version)(request), message)

    def publish(self) -> None:
        """Rules are published, whatever is under way."""
        self.published = min(self.published + 1, MOST_PUBLISHED)

    def reprocess(self) -> None:
        post = self.table.get(ID)
        if post is not None:
            self.renders.send([RenderRequest(ID, post.generation, force=True).encode()])

    def thumbnail(self, which: int) -> Actor | None:
        if not self.thumbnails.sent:
            return None
        message = self.thumbnails.sent.pop(which % len(self.thumbnails.sent))
        request = ThumbnailRequest.decode(message)
        return self._start(lambda actor: self._thumbnailing(actor)(request), message)

    def index(self, which: int) -> None:
        """Work on what the search index is told; what it does itself is proven in ``test_search``."""
        if not self.indexes.sent:
            return
        IndexRequest.decode(self.indexes.sent.pop(which % len(self.indexes.sent)))
        post = self.table.get(ID)
        if post is not None and post.settled:
            self.indexed = post.edition, post.status

    def duplicate(self, which: int) -> None:
        """A message is delivered twice."""
        if self.renders.sent:
            self.renders.sent.append(self.renders.sent[which % len(self.renders.sent)])

    def mirror(self) -> None:
        """A reader of the changes goes on, as far as it may."""
        until = instant(self.now() - timedelta(seconds=self.behind))
        for row in self.table.changes(after=self.mirrored_to, until=until, limit=100):
            self.mirrored[row.post_id] = row.order
        self.mirrored_to = max(self.mirrored_to, until)

    def count(self) -> Actor:
        """Have the counts brought up to date."""
        return self._start(lambda actor: self._counting(actor)(), None)

    # ---- Their turns ----

    def run(self, actor: Actor | None, calls: int | None, fault: Fault = Fault.NONE) -> None:
        """Let a handler make some calls (None: all), the last of them with a fault."""
        while actor is not None and not actor.ended and calls != 0:
            calls = None if calls is None else calls - 1
            chosen = fault if calls == 0 else Fault.NONE
            self.faults[chosen] = self.faults.get(chosen, 0) + 1
            actor.step(chosen)
            self._tick()
        self._bury()

    def resume(self, which: int) -> Actor | None:
        return self.actors[which % len(self.actors)][0] if self.actors else None

    def kill(self, which: int) -> None:
        if actor := self.resume(which):
            actor.kill()
            self.faults["killed"] = self.faults.get("killed", 0) + 1
            self._bury()

    def flow(self) -> None:
        """Deliver everything that is to be delivered, and let whatever stands stand."""
        for _ in range(500):
            if self.events:
                self.run(self.deliver(0), None)
            elif self.renders.sent:
                self.run(self.render(0), None)
            elif self.thumbnails.sent:
                self.run(self.thumbnail(0), None)
            elif self.indexes.sent:
                self.index(0)
            else:
                return
        raise AssertionError("it never comes to rest")

    def drain(self) -> None:
        """Let everything that is under way end, and deliver everything that is still to come."""
        while self.actors:
            self.run(self.actors[0][0], None)
        self.flow()
        post = self.table.get(ID)
        if post and post.rendition and post.rendition.rules < number(self.published):
            assert post.rendition.key in self.archive.keys("renditions/"), "the record points to a text that is not there"
            # What is done after rules were published: postkeep reprocess.
            self.reprocess()
            self.flow()
        if self.reconciled:
            self.reconcile()
        self.ticks += self.behind + 1
        self.mirror()
        self.run(self.count(), None)

    def reconcile(self) -> None:
        """Run reconcile's search for texts that nobody points to, long after everything else."""
        self.ticks += 2 * 3600
        walks = Walks(self.bucket, self.archive, self.table, self.now(), everything=False, **{n: Names() for n in _SETS})
        found = walks.find_strays("").found
        assert {one.finding for one in found} <= {Finding.STRAY}
        self.archive.delete([one.key for one in found])

    def close(self) -> None:
        """End what is still there."""
        for actor, _ in self.actors:
            actor.kill()

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.ticks)

    def _tick(self) -> None:
        self.ticks += 1
        for actor, _ in self.actors:
            if not actor.ended and self.ticks - actor.started > self.life:
                actor.kill()  # the function's timeout

    def _bury(self) -> None:
        for entry in [entry for entry in self.actors if entry[0].ended]:
            self.actors.remove(entry)
            if not entry[0].handled:
                entry[1]()

    def _start(self, work: Callable[[Actor], object], source: int | str | None) -> Actor:
        actor = Actor(work, self.ticks)

        def again() -> None:
            match source:
                case int():
                    self.events.append(source)
                case str() if '"render"' in source:
                    self.renders.sent.append(source)
                case str():
                    self.thumbnails.sent.append(source)

        self.actors.append((actor, again))
        return actor

    def _ingest(self, actor: Actor) -> Ingest:
        client: Any = Stepped(self.table.dynamodb, actor)
        queue: Any = Stepped(self.renders, actor)
        return Ingest(DynamoPosts("posts", client), queue, 10_000, timedelta(days=90), self.now)

    def _rendering(self, actor: Actor, version: int) -> Rendering:
        client: Any = Stepped(self.table.dynamodb, actor)
        return Rendering(
            posts=DynamoPosts("posts", client),
            pictures=DynamoPictures("posts", client),
            objects=self._stepped(self.bucket, actor),
            archive=self._stepped(self.archive, actor),
            thumbnails=self._stepped(self.thumbnails, actor),
            max_bytes=10_000,
            fetch_pictures=True,
            now=self.now,
            index=self._stepped(self.indexes, actor),
            rules=lambda _least: book(version),
            render=_render_once,
        )

    def _thumbnailing(self, actor: Actor) -> Thumbnailing:
        client: Any = Stepped(self.table.dynamodb, actor)
        making = Making(self._stepped(self.archive, actor), fetch, self.now)
        return Thumbnailing(DynamoPictures("posts", client), making, self.now)

    def _counting(self, actor: Actor) -> Counting:
        client: Any = Stepped(self.table.dynamodb, actor)
        archive = self._stepped(self.archive, actor)
        return Counting(DynamoListings("posts", client), archive, timedelta(seconds=self.behind), self.now, self._token)

    def _token(self) -> str:
        self.tokens += 1
        return f"{self.tokens:032x}"

    @staticmethod
    def _stepped(target: Any, actor: Actor) -> Any:
        return Stepped(target, actor)


_VOLATILE = frozenset(
    "sk sequencer version_id etag generation edition changed added leftovers expires rendition attempts".split()  # noqa: SIM905
)
"""Attributes that tell how a record came to be; readers see what it came to."""

_EDITION = re.compile(r"^\d{8}-\d{8}#")

_SETS = ("renditions", "posts", "pointed")

_LISTINGS = ("all#", "archive#tea", "status#rejected", "status#deleted", "tag#a", "tag#b", "tag#c", "category#x", "category#y")


def _lasting(value: Any) -> Any:
    """An attribute without when a picture was fetched."""
    return {"M": {name: part for name, part in value["M"].items() if name != "fetched"}} if "M" in value else value


def view(world: World) -> dict[str, Any]:
    """Everything that readers can see, without what tells how it came to be: raw items included, so that no row is overlooked."""
    items = {
        f"{pk} {_EDITION.sub('', sk)}": {name: _lasting(value) for name, value in item.items() if name not in _VOLATILE}
        for (pk, sk), item in sorted(world.table.dynamodb.items.items())
    }
    assert len(items) == len(world.table.dynamodb.items), "pictures of several editions are there"
    listed = {name: world.table.rows(name, after=None, low=None, high=None, limit=9) for name in _LISTINGS}
    post = world.table.get(ID)
    rendition = post.rendition if post else None
    text = RenditionObject.decode(world.archive.get(rendition.key, limit=10**6).body).text if rendition else None
    return {"items": items, "listed": listed, "text": text, "renditions": len(list(world.archive.keys("renditions/")))}


def check(world: World) -> None:
    """Compare with a clean run on the bucket as it is.

    Raises:
        AssertionError: if something does not agree.
    """
    try:
        current = world.bucket.get(KEY, limit=10**6)
    except ObjectMissing:
        current = None
    post = world.table.get(ID)
    if post is None:
        assert not world.delivered
        assert current is None or not world.delivered
        return
    if post.rendition is None:
        assert post.status in {Status.DELETED, Status.REJECTED}
    else:
        assert post.rendition.key == rendition_key(ID, post.edition)
        assert post.rendition.key in world.archive.keys("renditions/"), "the record points to a text that is not there"
    found, expected = view(world), clean(current.body if current else None, world.published)
    assert found == expected
    for picture in world.table.of_post(ID):
        assert picture.status in {PictureStatus.READY, PictureStatus.FAILED}
        for thumbnail in picture.thumbnails:
            assert thumbnail.object_key in world.archive.versions
    if world.delivered:
        assert post.revision.version_id == (current.version_id if current else "")
    totals = Totals()
    totals.add(contribution(post))
    assert Totals.decode(world.archive.get(TOTALS_KEY, limit=10**6).body).counts == totals.counts
    assert world.indexed == (post.edition, post.status), "the search index was not told of the last text"
    assert world.mirrored == {ID: f"{instant(post.changed)}#{ID}"}, "the mirror does not know the last change"


@cache
def clean(content: bytes | None, published: int = 0) -> dict[str, Any]:
    """What a clean run gives, with rules of this version."""
    world = World(published=published)
    if content is None:
        world.put(b"")
        world.delete()
    else:
        world.put(content)
    world.drain()
    return view(world)
