"""Each migration by itself: what it finds, what it changes, and what comes in its way."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from fakes.memory import MemoryBucket, MemoryQueue, MemoryTable
from postkeep.aws.dynamodb import DynamoPosts
from postkeep.aws.items import NO_TEXT, post_item, typed
from postkeep.errors import Conflict, Superseded
from postkeep.messages import RenderRequest
from postkeep.ports import Rendered
from postkeep.post import Post, Rendition, Status, post_id
from postkeep.upgrades import LATEST, Progress
from postkeep_local.migrations import editions
from postkeep_local.migrations.editions import Editions
from postkeep_local.migrations.index import SearchIndex
from postkeep_local.migrations.migration import Migration, Step, Survey
from postkeep_local.migrations.registry import migrations
from postkeep_local.migrations.texts import Texts
from postkeep_local.operations.archive import Archive
from postkeep_local.operations.reprocess import Reprocessing
from render_post.rendition import RULES, VERSIONS
from search_posts.store import MANIFEST_KEY
from support.indexed import Searchable
from support.posts import EPOCH, a_post, next_of

BEGIN = Progress(number=1, begun=EPOCH)


def unheard(_looked: int, _note: str) -> None:
    pass


def steps(migration: Migration, progress: Progress = BEGIN) -> list[Step]:
    return list(migration.steps(progress, unheard))


# ---- the registry ----


def test_the_registry_is_in_order_and_describes_itself(deployed: Archive) -> None:
    archive = replace(deployed, queues={**deployed.queues, "RenderBacklogQueue": deployed.queues["RenderQueue"]})
    found = [migration.description for migration in migrations(archive)]
    assert [one.number for one in found] == list(range(1, LATEST + 1))
    assert len({one.name for one in found}) == LATEST
    assert all(one.changes and one.why and one.needed_by and one.meanwhile and one.cost.startswith("$") for one in found)


# ---- editions ----


def text(generation: int = 1, rules: int = 20_000) -> Rendition:
    return Rendition(f"renditions/x/{generation}-{rules}.json", rules, 5, 0)


def ready(key: str = "a.md", generation: int = 1, rules: int = 20_000) -> Post:
    return a_post(key, status=Status.READY, generation=generation, rendition=text(generation, rules))


def without_edition(post: Post, edition: str | None = None) -> dict[str, Any]:
    item = post_item(post)
    del item["edition"]
    return item | (typed({"edition": edition}) if edition else {})


def edition_of(table: MemoryTable, key: str = "a.md") -> str | None:
    item = table.dynamodb.items[f"POST#{post_id(key)}", "POST"]
    return item["edition"]["S"] if "edition" in item else None


def the_editions(table: MemoryTable) -> Editions:
    return Editions(cast("Any", table.dynamodb), "posts")


def test_a_record_without_its_edition_cannot_be_replaced_and_then_can() -> None:
    """Why the migration is there."""
    table, post = MemoryTable(), ready()
    table.dynamodb.put_item(Item=without_edition(post))
    with pytest.raises(Conflict):
        table.replace(next_of(post, 2), replacing=post)
    assert steps(the_editions(table)) == [Step(position="null", looked=1, changed=1, keys=("a.md",))]
    table.replace(next_of(post, 2), replacing=post)


@pytest.mark.parametrize(
    ("post", "edition", "expected"),
    [
        (ready(), None, "00000001-00020000"),
        (ready(rules=1), None, "00000001-0001"),
        (ready(), NO_TEXT, "00000001-00020000"),
        (ready(), "00000001-00010000", "00000001-00020000"),
        (ready(), "00000001-00020000", "00000001-00020000"),
        (a_post("a.md"), None, NO_TEXT),
        (a_post("a.md"), "00000001-00020000", NO_TEXT),
        (a_post("a.md", status=Status.DELETED), None, NO_TEXT),
        (a_post("a.md", status=Status.REJECTED, reason="not-text"), None, NO_TEXT),
    ],
)
def test_a_record_gets_the_edition_of_its_text(post: Post, edition: str | None, expected: str) -> None:
    table = MemoryTable()
    table.dynamodb.put_item(Item=without_edition(post, edition))
    due = edition != expected
    assert the_editions(table).survey(unheard) == Survey(1, int(due))
    assert edition_of(table) == edition
    assert [step.changed for step in steps(the_editions(table))] == [int(due)]
    assert table.dynamodb.items[f"POST#{post.id}", "POST"] == post_item(post), "nothing else of it is touched"
    assert [step.changed for step in steps(the_editions(table))] == [0]


def test_rows_pictures_and_the_ledger_are_passed_over() -> None:
    table = MemoryTable()
    for pk, sk in (("POST#x", "ROW#tag#茶"), ("PICTURES#x", "00000001-0001#y"), ("UPGRADE", "LEDGER")):
        table.dynamodb.put_item(Item=typed({"pk": pk, "sk": sk, "generation": 1}))
    before = dict(table.dynamodb.items)
    assert [step.looked for step in steps(the_editions(table))] == [0]
    assert table.dynamodb.items == before


def test_a_page_is_gone_on_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editions, "_PAGE", 2)
    table = MemoryTable()
    for n in range(5):
        table.dynamodb.put_item(Item=without_edition(ready(f"{n}.md")))
    found = the_editions(table).steps(BEGIN, unheard)
    first = next(found)
    assert (first.looked, first.changed) == (2, 2)
    del found
    rest = steps(the_editions(table), replace(BEGIN, position=first.position))
    assert [(step.looked, step.changed) for step in rest] == [(2, 2), (1, 1)]
    assert {edition_of(table, f"{n}.md") for n in range(5)} == {"00000001-00020000"}


@dataclass
class Meanwhile:
    """A table on which something happens after its items are read, and before each write of the migration.

    Attributes:
        events: what happens, one before each write.
    """

    table: MemoryTable
    events: list[Callable[[], None]] = field(default_factory=list)

    def update_item(self, **request: Any) -> Any:
        if self.events:
            self.events.pop(0)()
        return self.table.dynamodb.update_item(**request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.table.dynamodb, name)

    def run(self) -> None:
        list(Editions(cast("Any", self), "posts").steps(BEGIN, unheard))


def settled_by_the_version_before(table: MemoryTable, key: str, rules: int) -> None:
    """A text, written by code that does not know of the attribute."""
    item = table.dynamodb.items[f"POST#{post_id(key)}", "POST"]
    rendition = text(int(item["generation"]["N"]), rules)
    table.dynamodb.items[f"POST#{post_id(key)}", "POST"] = item | typed(
        {"rendition": {"key": rendition.key, "rules": rules, "characters": 1, "pictures": 0}, "status": "ready"}
    )


def replaced_by_the_version_before(table: MemoryTable, key: str, generation: int) -> None:
    """A new content, written by code that does not know of the attribute."""
    table.dynamodb.put_item(Item=without_edition(a_post(key, generation=generation)))


def settled_by_this_version(table: MemoryTable, key: str, rules: int) -> None:
    filed = DynamoPosts("posts", cast("Any", table.dynamodb)).filed(post_id(key))
    assert filed is not None
    table.settle(filed, Rendered(text(filed.post.generation, rules), ""), changed=EPOCH)


def purged(table: MemoryTable, key: str, _: int) -> None:
    table.dynamodb.items.pop((f"POST#{post_id(key)}", "POST"), None)


_EVENTS = {
    "settled before": settled_by_the_version_before,
    "replaced before": replaced_by_the_version_before,
    "settled now": settled_by_this_version,
    "purged": purged,
}


@given(st.lists(st.tuples(st.sampled_from(sorted(_EVENTS)), st.integers(30_000, 30_004)), max_size=5))
def test_what_is_written_meanwhile_is_never_overwritten(happening: list[tuple[str, int]]) -> None:
    """At the end each record names its own text's edition, and is otherwise what its last writer wrote."""
    table = MemoryTable()
    table.dynamodb.put_item(Item=without_edition(ready()))
    world, place, written = Meanwhile(table), (f"POST#{post_id('a.md')}", "POST"), dict[str, Any]()

    def event(kind: str, number: int) -> None:
        if kind == "settled now" and table.get(post_id("a.md")) is None:
            return
        if place in table.dynamodb.items or kind == "replaced before":
            with suppress(Superseded):  # of a text by later rules
                _EVENTS[kind](table, "a.md", number)
        written.clear()
        written.update(table.dynamodb.items.get(place, {}))

    def bound(kind: str, number: int) -> Callable[[], None]:
        return lambda: event(kind, number)

    written.update(table.dynamodb.items[place])
    world.events = [bound(kind, number) for kind, number in happening]
    world.run()
    if (end := table.dynamodb.items.get(place)) is None:
        assert not written
        return
    assert {name: value for name, value in end.items() if name != "edition"} == {
        name: value for name, value in written.items() if name != "edition"
    }
    post = table.get(post_id("a.md"))
    assert post is not None
    assert end["edition"]["S"] == (post.edition or NO_TEXT)


def test_a_record_that_is_another_each_time_ends_the_run() -> None:
    table = MemoryTable()
    table.dynamodb.put_item(Item=without_edition(ready()))
    world = Meanwhile(table)
    world.events = [lambda n=n: replaced_by_the_version_before(table, "a.md", n) for n in range(2, 20)]  # type: ignore[misc]
    with pytest.raises(Conflict):
        world.run()


def test_a_refusal_of_another_kind_goes_through() -> None:
    def refuse() -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "UpdateItem")

    table = MemoryTable()
    table.dynamodb.put_item(Item=without_edition(ready()))
    with pytest.raises(ClientError):
        Meanwhile(table, [refuse]).run()


# ---- search ----


class Listed:
    """Listings, as much of them as the migration asks."""

    def __init__(self, archive: Searchable) -> None:
        self.rows = archive.records.rows
        self._records = archive.records.posts

    def posts(self, post_ids: list[str]) -> dict[str, Post]:
        assert len(post_ids) <= 100
        return {post_id: self._records[post_id] for post_id in post_ids if post_id in self._records}


@pytest.fixture
def archive() -> Searchable:
    return Searchable(clock=datetime.now(UTC))


def the_search(archive: Searchable) -> SearchIndex:
    return SearchIndex(cast("Any", Listed(archive)), archive.store(), archive.rebuilding)


def test_an_index_is_made_where_there_is_none(archive: Searchable) -> None:
    archive.put("a", "茶")
    archive.put("b", "山")
    assert the_search(archive).survey(unheard) == Survey(2, 2)
    assert archive.found() != archive.expected()
    assert steps(the_search(archive)) == [Step(position="", looked=2), Step(position="", changed=2)]
    assert archive.found() == archive.expected()
    assert steps(the_search(archive)) == [Step(position="", looked=2)]


def test_an_index_that_was_filled_post_by_post_is_left_alone(archive: Searchable) -> None:
    archive.indexing()([archive.put("a", "茶")])
    manifest = archive.archive.get(MANIFEST_KEY, limit=10**6)
    assert steps(the_search(archive)) == [Step(position="", looked=1)]
    assert archive.archive.get(MANIFEST_KEY, limit=10**6) == manifest


def test_posts_without_a_text_are_no_reason(archive: Searchable) -> None:
    post_id = archive.put("a", "茶")
    archive.records.posts[post_id] = replace(archive.records.posts[post_id], rendition=None, status=Status.PENDING)
    assert the_search(archive).survey(unheard) == Survey(1, 0)


@pytest.mark.parametrize("damage", ["manifest", "segment"])
def test_an_index_that_cannot_be_used_is_made_again(archive: Searchable, damage: str) -> None:
    archive.indexing()([archive.put("a", "茶")])
    (segment,) = archive.store().standing().manifest.segments
    key = MANIFEST_KEY if damage == "manifest" else f"search/{MANIFEST_KEY.split('/')[1]}/segments/{segment.id}"
    archive.archive.put(key, b"damaged", content_type="")
    assert [step.changed for step in steps(the_search(archive))] == [0, 1]
    assert archive.found() == archive.expected()


def test_posts_that_cannot_be_indexed_are_left(archive: Searchable) -> None:
    bad = archive.put("a", "茶")
    archive.put("b", "山")
    archive.engine.refused = {bad}
    assert steps(the_search(archive))[1] == Step(position="", changed=1, left=1, keys=(bad,))


# ---- texts ----

NOW = RULES * VERSIONS


@dataclass
class Rendering:
    """An archive whose texts a render of this version makes when it is let.

    Attributes:
        unreadable: keys of posts that it cannot make a text of.
        looks: how the queue looks at each look; then as it is.
    """

    bucket: MemoryBucket = field(default_factory=MemoryBucket)
    table: MemoryTable = field(default_factory=MemoryTable)
    queue: MemoryQueue = field(default_factory=MemoryQueue)
    unreadable: set[str] = field(default_factory=set)
    looks: list[bool] = field(default_factory=list)
    pauses: int = 0

    def put(self, *posts: Post) -> None:
        self.table.add(*posts)
        for post in posts:
            self.bucket.put(post.key, b"", content_type="")

    def idle(self) -> bool:
        return self.looks.pop(0) if self.looks else not self.queue.sent

    def pause(self) -> None:
        self.pauses += 1
        sent = [RenderRequest.decode(body) for body in self.queue.sent]
        self.queue.sent.clear()
        for request in sent:
            filed = self.table.filed(request.post_id)
            if filed and filed.post.key not in self.unreadable:
                self.table.settle(filed, Rendered(text(filed.post.generation, NOW + 7), ""), changed=EPOCH)

    def migration(self) -> Texts:
        return Texts(Reprocessing(self.bucket, self.table, self.queue, rules=7), self.idle, self.pause)


def old(n: int) -> Post:
    return ready(f"{n:04}.md", generation=n + 1)


def positions(found: Iterator[Step] | list[Step]) -> list[str]:
    return [step.position for step in found]


def test_texts_of_an_earlier_cleaning_are_made_anew_and_waited_for() -> None:
    world = Rendering()
    world.put(old(0), ready("0001.md", rules=1), ready("0002.md", rules=NOW), a_post("0003.md"))
    assert world.migration().survey(unheard) == Survey(4, 3)
    assert not world.queue.sent
    found = steps(world.migration())
    assert found[0] == Step(position="ask:0003.md", looked=4, changed=3, keys=("0000.md", "0001.md", "0003.md"))
    assert [step.waiting for step in found] == [False, False, True, True, True, False]
    assert sum(step.left for step in found) == 0
    assert {world.table.get(post_id(f"000{n}.md")).rendition.rules for n in (0, 1, 3)} == {NOW + 7}  # type: ignore[union-attr]


def test_the_version_of_what_is_published_does_not_matter() -> None:
    world = Rendering()
    world.put(ready("a.md", rules=NOW), ready("b.md", rules=NOW + 6))
    found = steps(world.migration())
    assert [(step.looked, step.changed) for step in found] == [(2, 0), (0, 0)]
    assert world.pauses == 0


def test_asking_is_gone_on_with_where_it_was() -> None:
    world = Rendering()
    world.put(*(old(n) for n in range(250)))
    found = world.migration().steps(BEGIN, unheard)
    assert [next(found).position for _ in range(2)] == ["ask:0099.md", "ask:0199.md"]
    del found
    assert len(world.queue.sent) == 200
    rest = steps(world.migration(), replace(BEGIN, position="ask:0199.md", changed=200))
    assert positions(rest)[:2] == ["ask:0249.md", "wait"]
    assert {post.rendition.rules for n in range(250) if (post := world.table.get(old(n).id)) and post.rendition} == {NOW + 7}


def test_a_queue_must_look_idle_for_a_while() -> None:
    world = Rendering(looks=[True, True, False, True, True, True])
    world.put(old(0))
    found = steps(world.migration())
    assert positions(found).count("wait") == 1 + 5
    assert world.pauses == 5


def test_what_cannot_be_made_is_left_and_named() -> None:
    world = Rendering(unreadable={"0001.md"})
    world.put(*(old(n) for n in range(3)))
    found = steps(world.migration())
    assert found[-1] == Step(position="look:0002.md", left=1, keys=("0001.md",))
    # A run that died while it looked does not count anything twice.
    assert steps(world.migration(), replace(BEGIN, position="look:0001.md", changed=3)) == [Step(position="look:0002.md")]


def test_a_run_that_died_while_it_waited_waits_on() -> None:
    world = Rendering()
    world.put(old(0))
    next(world.migration().steps(BEGIN, unheard))
    found = steps(world.migration(), replace(BEGIN, position="wait", changed=1))
    assert positions(found) == ["wait", "wait", "wait", "look:0000.md"]
    assert found[-1].left == 0
