from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from fakes.memory import MemoryBucket, MemoryQueue, MemoryTable
from postkeep.errors import ObjectMissing, ObjectTooLarge, Superseded
from postkeep.messages import IndexRequest, RenderRequest, ThumbnailRequest
from postkeep.ports import Filed, Rendered
from postkeep.post import Metadata, Picture, PictureStatus, Post, PostId, Rendition, Revision, Status, edition, picture_id
from postkeep.renditions import RenditionObject
from render_post.rendering import Outcome, Rendering, prefix, rendition_key
from render_post.rendition import RULES, VERSIONS, RenderedText
from render_post.rulebook import RuleBook, shipped
from support.posts import EPOCH, METADATA, a_post, next_of

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBER = RULES * VERSIONS
IMAGE = "https://pictures.example/{}.jpg"


def body(text: str, *images: str) -> bytes:
    tags = "".join(f'<p><img src="{IMAGE.format(image)}"></p>' for image in images)
    return f"---\ntitle: x\n---\n<p>{text}</p>{tags}".encode()


@dataclass
class World:
    """What render works on, with one post in it."""

    table: MemoryTable = field(default_factory=MemoryTable)
    objects: MemoryBucket = field(default_factory=MemoryBucket)
    archive: MemoryBucket = field(default_factory=MemoryBucket)
    queue: MemoryQueue = field(default_factory=MemoryQueue)
    index: MemoryQueue = field(default_factory=MemoryQueue)
    fetch: bool = True
    now: datetime = EPOCH
    published: int = 0
    asked_for: list[int] = field(default_factory=list)

    def rules(self, least: int) -> RuleBook:
        """Rules of the version that is published; another one is by the next time."""
        self.asked_for.append(least)
        self.published += 1
        return replace(shipped(), version=self.published - 1)

    def drop(self, content: bytes) -> Post:
        """Put the object and record it, as parse does."""
        base = a_post()
        self.objects.put(base.key, content, content_type="")
        version = self.objects.get(base.key, limit=10_000).version_id
        stored = self.table.get(base.id)
        if stored is None:
            post = replace(base, revision=Revision(base.revision.sequencer, version, "e"))
        else:
            post = next_of(stored, stored.generation + 1, status=Status.PENDING, rendition=None, summary="")
            post = replace(post, revision=Revision(post.revision.sequencer, version, "e"))
        self.record(post, stored)
        return post

    def record(self, post: Post, stored: Post | None) -> None:
        if stored is None:
            self.table.offer(post)
        else:
            leftovers = (stored.rendition.key,) if stored.rendition else ()
            self.table.replace(replace(post, leftovers=leftovers, settled=False), replacing=stored)

    def render(self, generation: int, *, published: int = 0, force: bool = False) -> Outcome:
        self.published = published
        use_case = Rendering(
            self.table,
            self.table,
            self.objects,
            self.archive,
            self.queue,
            10_000,
            fetch_pictures=self.fetch,
            now=lambda: self.now,
            index=self.index,
            rules=self.rules,
        )
        return use_case(RenderRequest(a_post().id, generation, force=force))

    @property
    def post(self) -> Post:
        found = self.table.get(a_post().id)
        assert found is not None
        return found

    @property
    def pictures(self) -> dict[str, PictureStatus]:
        return {picture.address: picture.status for picture in self.table.of_post(self.post.id)}

    @property
    def asked(self) -> list[str]:
        return [ThumbnailRequest.decode(message).address for message in self.queue.sent]

    def stored(self) -> list[str]:
        return list(self.archive.keys("renditions/"))


@pytest.fixture
def world() -> World:
    return World()


def test_a_post_gets_its_text_and_asks_for_its_pictures(world: World) -> None:
    post = world.drop(body("一杯茶。", "a", "b"))
    assert world.render(1) is Outcome.RENDERED
    assert world.post.status is Status.READY
    assert world.post.rendition is not None
    assert world.stored() == [world.post.rendition.key] == [rendition_key(post.id, edition(post.generation, NUMBER))]
    found = RenditionObject.decode(world.archive.get(world.post.rendition.key, limit=10_000).body)
    assert found.text.strip() == "一杯茶。"
    assert (found.post_id, found.generation) == (post.id, 1)
    assert [picture.address for picture in found.pictures] == [IMAGE.format("a"), IMAGE.format("b")]
    assert world.post.rendition.pictures == 2
    assert world.pictures == dict.fromkeys([IMAGE.format("a"), IMAGE.format("b")], PictureStatus.PENDING)
    assert world.asked == [IMAGE.format("a"), IMAGE.format("b")]
    assert ThumbnailRequest.decode(world.queue.sent[0]).referer == METADATA.source_url


def test_a_repeated_request_changes_nothing_and_asks_again_for_what_is_not_done(world: World) -> None:
    world.drop(body("茶", "a", "b"))
    world.render(1)
    address = IMAGE.format("a")
    done = Picture(id=picture_id(address), address=address, status=PictureStatus.READY, edition=world.post.edition)
    world.table.record(world.post.id, done)
    before, stored = world.post, world.stored()
    world.now = EPOCH.replace(year=2030)
    world.queue.sent.clear()
    world.render(1)
    assert (world.post, world.stored()) == (before, stored)
    assert world.asked == [IMAGE.format("b")]


def test_a_changed_post_leaves_neither_old_text_nor_old_pictures(world: World) -> None:
    world.drop(body("茶", "a", "b"))
    world.render(1)
    world.queue.sent.clear()
    post = world.drop(body("水", "b", "c"))
    world.render(2)
    assert world.stored() == [rendition_key(post.id, edition(post.generation, NUMBER))]
    assert set(world.pictures) == {IMAGE.format("b"), IMAGE.format("c")}
    assert world.asked == [IMAGE.format("b"), IMAGE.format("c")]


@pytest.mark.parametrize("status", [Status.DELETED, Status.REJECTED])
def test_what_was_derived_from_a_post_is_cleared_with_it(world: World, status: Status) -> None:
    world.drop(body("茶", "a"))
    world.render(1)
    world.record(next_of(world.post, 9, status=status, rendition=None), world.post)
    assert world.render(2) is Outcome.CLEARED
    assert (world.stored(), world.pictures) == ([], {})


def test_an_old_request_is_superseded_and_its_remains_are_swept(world: World) -> None:
    first = world.drop(body("茶", "a"))
    world.drop(body("水"))
    world.render(2)
    world.archive.put(rendition_key(first.id, edition(first.generation, NUMBER)), b"left by a handler that died", content_type="")
    with pytest.raises(Superseded):
        world.render(1)
    assert world.stored() == [rendition_key(world.post.id, edition(world.post.generation, NUMBER))]


def test_a_post_without_a_record_has_nothing_to_be_done_for_it(world: World) -> None:
    world.archive.put(rendition_key(a_post().id, edition(1, NUMBER)), b"left by a handler that died", content_type="")
    with pytest.raises(Superseded):
        world.render(1)
    assert world.stored() == []


def test_with_fetching_off_pictures_are_noted_and_not_asked_for(world: World) -> None:
    world.fetch = False
    world.drop(body("茶", "a"))
    world.render(1)
    assert world.pictures == {IMAGE.format("a"): PictureStatus.SKIPPED}
    assert world.asked == []


class Overtaken(MemoryTable):
    """A table on which the post changes just before a chosen call."""

    def __init__(self, before: str) -> None:
        super().__init__()
        self.before = before
        self.change: Callable[[], object] = lambda: None

    def _meanwhile(self, call: str) -> None:
        if self.before == call:
            self.before = ""
            self.change()

    def settle(self, filed: Filed, outcome: Rendered | None, *, changed: datetime) -> None:
        self._meanwhile("settle")
        super().settle(filed, outcome, changed=changed)

    def of_post(self, post_id: PostId) -> list[Picture]:
        self._meanwhile("of_post")
        return super().of_post(post_id)


@pytest.mark.parametrize("call", ["of_post", "settle"])
def test_a_post_that_changes_meanwhile_keeps_nothing_of_the_old_text(world: World, call: str) -> None:
    table = Overtaken(before=call)
    world.table = table
    world.drop(body("茶", "a"))

    def change() -> None:
        world.drop(body("水", "b"))
        world.render(2)

    table.change = change
    with pytest.raises(Superseded):
        world.render(1)
    assert world.stored() == [rendition_key(world.post.id, edition(world.post.generation, NUMBER))]
    assert world.post.generation == 2
    assert world.post.status is Status.READY
    assert set(world.pictures) == {IMAGE.format("b")}


def test_a_version_that_is_gone_is_superseded_when_the_record_moved_on_and_tried_again_when_not(world: World) -> None:
    post = world.drop(body("茶"))
    world.objects.versions.clear()
    with pytest.raises(ObjectMissing):
        world.render(1)

    class Gone(MemoryBucket):
        def get(self, key: str, *, limit: int, version_id: str | None = None) -> None:  # type: ignore[override]
            world.record(next_of(post, 9), post)
            raise ObjectMissing(key, version_id)

    world.objects = Gone()
    with pytest.raises(Superseded):
        world.render(1)


def test_renditions_of_a_post_sort_by_generation() -> None:
    keys = [rendition_key(a_post().id, edition(n, 1)) for n in (1, 9, 10, 99_999_999)]
    assert keys == sorted(keys)
    assert all(key.startswith(prefix(a_post().id)) for key in keys)


def test_what_a_dead_delivery_wrote_is_swept_by_one_that_finds_the_object_gone(world: World) -> None:
    post = world.drop(body("茶"))
    world.archive.put(rendition_key(post.id, edition(1, NUMBER)), b"left by a handler that died", content_type="")

    class Gone(MemoryBucket):
        def get(self, key: str, *, limit: int, version_id: str | None = None) -> None:  # type: ignore[override]
            world.record(next_of(post, 9), post)
            raise ObjectMissing(key, version_id)

    world.objects = Gone()
    with pytest.raises(Superseded):
        world.render(1)
    assert world.stored() == []


def left(world: World, number: int, generation: int = 1) -> str:
    """What a delivery that died left of a text by these rules; gives its key."""
    key = rendition_key(a_post().id, edition(generation, number))
    world.archive.put(key, b"left by a handler that died", content_type="")
    return key


def test_a_text_and_its_edition_are_of_the_same_rules_whatever_is_published_meanwhile(world: World) -> None:
    seen: list[int] = []

    def render(_body: str, _metadata: Metadata, _key: str, book: RuleBook) -> RenderedText:
        seen.append(book.version)
        return RenderedText(markdown="", text="茶", html="", pictures=(), summary="", removed=(), warnings=())

    world.drop(body("茶"))
    world.published = 6
    table = world.table
    use_case = Rendering(
        table,
        table,
        world.objects,
        world.archive,
        world.queue,
        10_000,
        fetch_pictures=True,
        now=lambda: EPOCH,
        index=world.index,
        rules=world.rules,
        render=render,
    )
    use_case(RenderRequest(a_post().id, 1, rules=5))
    assert (seen, world.asked_for, world.published) == ([6], [5], 7)
    assert world.post.rendition is not None
    assert world.post.rendition.rules == NUMBER + 6
    assert world.stored() == [rendition_key(a_post().id, edition(1, NUMBER + 6))]
    assert RenditionObject.decode(world.archive.get(world.post.rendition.key, limit=10_000).body).rules == NUMBER + 6


def test_later_rules_make_a_text_anew_and_earlier_ones_do_not(world: World) -> None:
    world.drop(body("茶", "a"))
    assert world.render(1, published=2) is Outcome.RENDERED
    assert world.render(1, published=2) is Outcome.RESUMED
    assert world.render(1, published=1, force=True) is Outcome.RESUMED
    assert world.render(1, published=2, force=True) is Outcome.RENDERED
    assert world.render(1, published=3) is Outcome.RENDERED
    assert world.stored() == [rendition_key(a_post().id, edition(1, NUMBER + 3))]
    assert [picture.edition for picture in world.table.of_post(a_post().id)] == [edition(1, NUMBER + 3)]


def test_a_text_of_before_rules_could_be_published_is_made_anew(world: World) -> None:
    post = world.drop(body("茶"))
    filed = world.table.filed(post.id)
    assert filed is not None
    key = left(world, RULES)
    assert key.endswith(f"00000001-{RULES:04}.json")
    world.table.settle(filed, Rendered(Rendition(key, RULES, 1, 0), "茶"), changed=EPOCH)
    assert world.render(1) is Outcome.RENDERED
    assert world.stored() == [rendition_key(post.id, edition(1, NUMBER))]


@pytest.mark.parametrize("resumed", [False, True])
def test_what_dead_deliveries_left_under_the_versions_before_is_swept(world: World, *, resumed: bool) -> None:
    world.drop(body("茶"))
    if resumed:
        world.render(1, published=20)
    stays = [left(world, NUMBER + 11), left(world, NUMBER + 21), left(world, NUMBER - VERSIONS + 21)]
    for version in range(12, 20):
        left(world, NUMBER + version)
    world.render(1, published=20)
    assert world.stored() == sorted([*stays, rendition_key(a_post().id, edition(1, NUMBER + 20))])


def test_what_dead_deliveries_left_under_the_cleaning_before_is_swept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("render_post.rendition.RULES", RULES + 1)
    world.drop(body("茶"))
    for version in range(3):
        left(world, NUMBER + version)
    stays = left(world, NUMBER + 3)
    world.render(1, published=2)
    assert world.stored() == [stays, rendition_key(a_post().id, edition(1, NUMBER + VERSIONS + 2))]


def test_rules_that_cannot_be_read_leave_everything_as_it_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_least: int) -> RuleBook:
        raise ObjectTooLarge("rules/current.json", 2, 1)

    monkeypatch.setattr(world, "rules", failing)
    world.drop(body("茶"))
    with pytest.raises(ObjectTooLarge):
        world.render(1)
    assert (world.post.status, world.stored()) == (Status.PENDING, [])
    # What needs no rules is done all the same.
    with pytest.raises(Superseded):
        world.render(9)
    world.record(next_of(world.post, 9, status=Status.DELETED, rendition=None), world.post)
    assert world.render(2) is Outcome.CLEARED


def test_the_index_is_told_of_each_post_that_is_settled_and_again_when_asked_again(world: World) -> None:
    told = IndexRequest(a_post().id).encode()
    world.drop(body("茶"))
    assert world.render(1) is Outcome.RENDERED
    assert world.index.sent == [told]
    assert world.render(1) is Outcome.RESUMED
    assert world.index.sent == [told] * 2
    world.record(next_of(world.post, 2, status=Status.DELETED, rendition=None), world.post)
    assert world.render(2) is Outcome.CLEARED
    assert world.index.sent == [told] * 3
    with pytest.raises(Superseded):
        world.render(1)
    assert world.index.sent == [told] * 3
