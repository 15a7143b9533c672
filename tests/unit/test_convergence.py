"""Whatever order events come in, and wherever handlers die: in the end everything agrees with the bucket.

Handlers of parse and render run as threads that stop before each call of a port, and a schedule drawn by hypothesis decides
who goes on, who dies, and what the user does meanwhile.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.memory import MemoryBucket, MemoryQueue, MemoryTable
from parse_post.ingest import Ingest
from postkeep.errors import Conflict, ObjectMissing, Superseded
from postkeep.messages import RenderRequest
from postkeep.post import Post, Status, post_id
from postkeep.renditions import RenditionObject
from render_post.rendering import Rendering
from support.posts import EPOCH

KEY = "tea/_posts/2021-06-29-雨.md"
ID = post_id(KEY)
CONTENTS = [
    b"---\ntitle: one\ntags: [a, b]\n---\n<p>First text.</p><img src='https://p.example/1.jpg'><img src='https://p.example/2.jpg'>",
    b"---\ntitle: two\ntags: [b, c]\n---\n<p>Second text.</p><img src='https://p.example/2.jpg'><img src='https://p.example/3.jpg'>",
    b"---\ntitle: [broken\n---\n<p>Nothing.</p>",
]


class Killed(BaseException):
    """The function's process is gone."""


class Actor:
    """A handler in a thread that goes on only when it is told to, one call of a port at a time."""

    def __init__(self, work: Callable[["Actor"], None]) -> None:
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._killed = False
        self.done = False
        self.finished = False
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()
        self._stopped.acquire()

    def _run(self, work: Callable[["Actor"], None]) -> None:
        try:
            self.pause()
            work(self)
            self.finished = True
        except Superseded:
            self.finished = True
        except (Conflict, ObjectMissing, Killed):
            pass
        finally:
            self.done = True
            self._stopped.release()

    def pause(self) -> None:
        self._stopped.release()
        self._go.acquire()
        if self._killed:
            raise Killed

    def step(self) -> None:
        self._go.release()
        self._stopped.acquire()

    def kill(self) -> None:
        self._killed = True
        self.step()
        self._thread.join()


class Stepped:
    """A port whose every call waits for its actor's turn."""

    def __init__(self, port: Any, actor: Actor) -> None:
        self._port, self._actor = port, actor

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._port, name)

        def stepped(*args: Any, **kwargs: Any) -> Any:
            self._actor.pause()
            return call(*args, **kwargs)

        return stepped


@dataclass
class World:
    """One key's bucket, table, archive and queue, and the handlers at work on them."""

    table: MemoryTable = field(default_factory=MemoryTable)
    bucket: MemoryBucket = field(default_factory=MemoryBucket)
    archive: MemoryBucket = field(default_factory=MemoryBucket)
    queue: MemoryQueue = field(default_factory=MemoryQueue)
    thumbnails: MemoryQueue = field(default_factory=MemoryQueue)
    events: list[int] = field(default_factory=list)
    delivered: list[int] = field(default_factory=list)
    actors: list[tuple[Actor, Callable[[], None]]] = field(default_factory=list)
    ticks: int = 0

    def put(self, content: bytes) -> None:
        self.bucket.put(KEY, content, content_type="")
        self.events.append(self.bucket.count)

    def delete(self) -> None:
        if KEY in self.bucket.versions:
            self.bucket.delete([KEY])
            self.events.append(self.bucket.count)

    def purge(self, version: int) -> None:
        """Remove a version, or a delete marker, for good: S3 sends a removal event for that too."""
        history = self.bucket.versions.get(KEY, [])
        if len(history) > 1:
            del history[version % len(history)]
            self.bucket.count += 1
            self.events.append(self.bucket.count)

    def parse(self, actor: Actor, number: int | None) -> None:
        ingest = Ingest(Stepped(self.table, actor), Stepped(self.queue, actor), 10_000, timedelta(days=90), lambda: EPOCH)
        ingest(KEY, None if number is None else f"{number:X}", Stepped(self.bucket, actor))

    def render(self, actor: Actor, message: str) -> None:
        rendering = Rendering(
            posts=Stepped(self.table, actor),
            pictures=Stepped(self.table, actor),
            objects=Stepped(self.bucket, actor),
            archive=Stepped(self.archive, actor),
            thumbnails=Stepped(self.thumbnails, actor),
            max_bytes=10_000,
            fetch_pictures=True,
            now=lambda: EPOCH,
        )
        rendering(RenderRequest.decode(message))

    def start_parse(self, which: int) -> None:
        """Deliver an event, the oldest or a later one, or one that was delivered already."""
        if known := self.events or self.delivered:
            number = known[which % len(known)]
            if number in self.events:
                self.events.remove(number)
            self.delivered.append(number)
            self.actors.append((Actor(lambda actor: self.parse(actor, number)), lambda: self.events.append(number)))

    def start_reconcile(self) -> None:
        self.actors.append((Actor(lambda actor: self.parse(actor, None)), lambda: None))

    def start_render(self, which: int) -> None:
        if self.queue.sent:
            message = self.queue.sent.pop(which % len(self.queue.sent))
            self.actors.append((Actor(lambda actor: self.render(actor, message)), lambda: self.queue.sent.append(message)))

    def step(self, which: int) -> None:
        if self.actors:
            actor, again = self.actors[which % len(self.actors)]
            actor.step()
            if actor.done:
                self.actors.remove((actor, again))
                if not actor.finished:
                    again()

    def kill(self, which: int) -> None:
        if self.actors:
            actor, again = self.actors.pop(which % len(self.actors))
            actor.kill()
            again()

    def drain(self) -> None:
        """Let everything that is under way end, and deliver everything that is still to come."""
        while self.actors or self.events or self.queue.sent:
            self.ticks += 1
            assert self.ticks < 5000, "it never comes to rest"
            while self.actors:
                self.step(self.ticks)
            if self.events:
                self.start_parse(0)
            elif self.queue.sent:
                self.start_render(0)


def state(world: World) -> dict[str, Any]:
    """What a reader can see, without the numbers that tell how it came to be."""
    post: Post | None = world.table.get(ID)
    if post is None:
        return {}
    renditions = [world.archive.get(key, limit=10**6).body for key in world.archive.keys("")]
    return {
        "status": post.status,
        "metadata": post.metadata,
        "content": post.content_hash,
        "reason": post.reason,
        "summary": post.summary,
        "texts": [RenditionObject.decode(body).text for body in renditions],
        "points": [post.rendition.key] == list(world.archive.keys("")) if post.rendition else not renditions,
        "pictures": [picture.address for picture in world.table.of_post(ID)],
    }


def clean_run(content: bytes | None) -> dict[str, Any]:
    world = World()
    if content is None:
        world.put(b"")
        world.delete()
    else:
        world.put(content)
    world.drain()
    return state(world)


CLEAN = {content: clean_run(content) for content in [None, *CONTENTS]}

INDEX = st.integers(0, 5)
ACTIONS = st.one_of(
    st.tuples(st.just("put"), st.sampled_from(CONTENTS)),
    st.tuples(st.just("delete")),
    st.tuples(st.just("purge"), INDEX),
    st.tuples(st.just("start_parse"), INDEX),
    st.tuples(st.just("start_parse"), INDEX),
    st.tuples(st.just("start_render"), INDEX),
    st.tuples(st.just("start_reconcile")),
    st.tuples(st.just("kill"), INDEX),
    *[st.tuples(st.just("step"), INDEX)] * 8,
)


def run(schedule: list[tuple[Any, ...]], table: MemoryTable) -> None:
    """Follow a schedule, let everything come to rest, and compare with a clean run.

    Raises:
        AssertionError: if something does not agree with the bucket.
    """
    world = World(table)
    for name, *arguments in schedule:
        getattr(world, name)(*arguments)
    world.drain()
    try:
        content = world.bucket.get(KEY, limit=10**6).body
    except ObjectMissing:
        content = None
    if table.get(ID) is None:
        assert not world.delivered
    else:
        assert state(world) == CLEAN[content]


SCHEDULES = st.lists(ACTIONS, min_size=10, max_size=120)


@settings(max_examples=200)
@given(SCHEDULES)
def test_everything_comes_to_agree_with_the_bucket(schedule: list[tuple[Any, ...]]) -> None:
    run(schedule, MemoryTable())


def test_the_clean_runs_differ() -> None:
    assert [found["status"] for found in CLEAN.values()] == [Status.DELETED, Status.READY, Status.READY, Status.REJECTED]
    assert len({found["summary"] for found in CLEAN.values()}) == 3
