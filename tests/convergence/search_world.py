"""A search index, those at work on it one call at a time, and what it must come to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from convergence.actors import Actor, Fault, Stepped
from postkeep.errors import IndexUnavailable
from postkeep.post import PostId
from search_posts.manifest import GRACE
from search_posts.store import SEGMENTS
from support.indexed import Searchable

NAMES = ("a", "b", "c", "d")


@dataclass
class SearchWorld:
    """What there is; each method is something that can happen.

    Attributes:
        archive: the records, their texts, and the index.
        messages: what indexers are told, some of it more than once.
        actors: those at work, each with the messages that come back if it dies.
        readers: of several processes.
        faults: the fates of calls.
        life: ticks that one at work may live.
        grace: how long a segment stays that nobody names.
    """

    archive: Searchable = field(default_factory=Searchable)
    messages: list[PostId] = field(default_factory=list)
    actors: list[tuple[Actor, list[PostId]]] = field(default_factory=list)
    readers: list[Any] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)
    texts: int = 0
    ticks: int = 0
    life: int = 60
    grace: timedelta = GRACE

    def __post_init__(self) -> None:
        self.folder = TemporaryDirectory()

    # ---- What happens to posts ----

    def put(self, name: str) -> None:
        """A post is settled with a text that there never was, and the index is told."""
        self.texts += 1
        self.messages.append(self.archive.put(name, f"text {self.texts}"))

    def delete(self, name: str) -> None:
        self.messages.append(self.archive.delete(name))

    def duplicate(self, which: int) -> None:
        if self.messages:
            self.messages.append(self.messages[which % len(self.messages)])

    # ---- Those at work ----

    def index(self, which: int, many: int) -> Actor | None:
        """Give some messages to an indexer."""
        begin = which % len(self.messages) if self.messages else 0
        batch = [self.messages.pop(begin) for _ in range(min(many, len(self.messages) - begin))]
        if not batch:
            return None

        def work(actor: Actor) -> None:
            outcome = self.archive.indexing(
                self._stepped(self.archive.archive, actor), self._stepped(self.archive.records, actor)
            )(batch)
            self.messages += [one for one in batch if one in outcome.failed]

        return self._start(work, batch)

    def look_after(self) -> Actor:
        """Merge, and sweep."""
        return self._start(lambda actor: self.archive.upkeep(self._stepped(self.archive.archive, actor))(), [])

    def rebuild(self) -> Actor:
        def work(actor: Actor) -> None:
            self.archive.rebuilding(self._stepped(self.archive.archive, actor), self._stepped(self.archive.records, actor))()

        return self._start(work, [])

    def read(self, which: int) -> Actor:
        """A reader of a process that may have been there for long: whatever it finds is one state of the index."""
        while len(self.readers) <= which:
            self.readers.append(self.archive.shelf(Path(self.folder.name) / f"reader-{len(self.readers)}"))
        shelf = self.readers[which]

        def work(actor: Actor) -> None:
            shelf._store = self.archive.store(self._stepped(self.archive.archive, actor))
            try:
                found = [document.post_id for document in shelf.open().index.documents()]
            except IndexUnavailable:
                raise AssertionError("a reader lost its index") from None
            assert len(found) == len(set(found))

        return self._start(work, [])

    # ---- Their turns ----

    def run(self, actor: Actor | None, calls: int | None, fault: Fault = Fault.NONE) -> None:
        """Let one go on for some calls (None: all), the last of them with a fault."""
        while actor is not None and not actor.ended and calls != 0:
            calls = None if calls is None else calls - 1
            chosen = fault if calls == 0 else Fault.NONE
            self.faults[chosen] = self.faults.get(chosen, 0) + 1
            actor.step(chosen)
            self.tick()
        self._bury()

    def tick(self) -> None:
        self.ticks += 1
        self.archive.later(seconds=1)
        for actor, _ in self.actors:
            if not actor.ended and self.ticks - actor.started > self.life:
                actor.kill()  # the function's timeout

    def resume(self, which: int) -> Actor | None:
        return self.actors[which % len(self.actors)][0] if self.actors else None

    def kill(self, which: int) -> None:
        if actor := self.resume(which):
            actor.kill()
            self.faults["killed"] = self.faults.get("killed", 0) + 1
            self._bury()

    def sweep(self) -> None:
        """Long after, when whoever was at work is dead, what nobody names is looked for."""
        for actor, _ in self.actors:
            actor.kill()
        self._bury()
        self.archive.later(seconds=GRACE.total_seconds() + 1)
        self.archive.store().sweep(self.archive.store().standing().manifest, self.archive.now())

    def drain(self) -> None:
        """Let everything end, and deliver everything."""
        while self.actors:
            self.run(self.actors[0][0], None)
        for _ in range(100):
            if not self.messages:
                return
            self.run(self.index(0, 10), None)
        raise AssertionError("it never comes to rest")

    def close(self) -> None:
        for actor, _ in self.actors:
            actor.kill()
        self.folder.cleanup()

    def _start(self, work: Callable[[Actor], None], messages: list[PostId]) -> Actor:
        actor = Actor(work, self.ticks)
        self.actors.append((actor, messages))
        return actor

    def _bury(self) -> None:
        for entry in [entry for entry in self.actors if entry[0].ended]:
            self.actors.remove(entry)
            actor, messages = entry
            if not actor.handled:
                error = getattr(actor, "error", None)
                assert not isinstance(error, AssertionError), error
                self.messages += messages

    @staticmethod
    def _stepped(target: Any, actor: Actor) -> Any:
        return Stepped(target, actor)


def check(world: SearchWorld) -> None:
    """Compare the index with one that is made of nothing but the records.

    Raises:
        AssertionError: if something does not agree.
    """
    expected = world.archive.expected()
    assert world.archive.found() == expected, "the index is not what the records say"
    world.archive.later(seconds=3)
    for reader in world.readers:
        reader._store = world.archive.store()
        assert {document.post_id: document for document in reader.open().index.documents()} == expected
    world.archive.upkeep()()
    assert world.archive.found() == expected
    world.sweep()
    named = {segment.id for segment in world.archive.store().standing().manifest.segments}
    there = {key.removeprefix(SEGMENTS) for key in world.archive.archive.keys(SEGMENTS)}
    assert there == named, "segments stay that nobody names"
    world.archive.later(seconds=timedelta(days=1).total_seconds())
    world.archive.rebuilding()()
    assert world.archive.found() == expected
