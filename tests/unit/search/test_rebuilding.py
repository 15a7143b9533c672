from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fakes.memory import MemoryBucket
from postkeep.errors import Conflict, IndexUnavailable, ObjectChanged
from postkeep.post import Post, PostId, Status
from search_posts.manifest import REBUILD_ENDS, REBUILD_GIVES_UP
from search_posts.rebuilding import Rebuilt
from search_posts.store import MANIFEST_KEY, SEGMENTS
from support.indexed import Records, Searchable


@pytest.fixture
def archive() -> Searchable:
    found = Searchable()
    for number in range(12):
        found.put(f"{number}", "茶" * 100, published=datetime(2021, number + 1, 3, tzinfo=UTC) if number % 5 else None)
    return found


def test_an_index_is_made_of_nothing_but_records_and_texts(archive: Searchable) -> None:
    told: list[tuple[int, int]] = []
    rebuilt = archive.rebuilding()(lambda so_far: told.append((so_far.looked, so_far.posts)))
    manifest = archive.store().standing().manifest
    assert rebuilt == Rebuilt(12, 12, len(manifest.segments), manifest.size, 0, {})
    assert archive.found() == archive.expected()
    assert manifest.rebuilt == archive.clock
    assert told[-1] == (12, 12)


def test_it_is_made_of_segments_of_few_months(archive: Searchable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search_posts.rebuilding._BATCH", 2)
    monkeypatch.setattr("search_posts.rebuilding._PAGE", 5)
    archive.rebuilding()()
    segments = archive.store().standing().manifest.segments
    assert [(one.posts, one.closed) for one in segments] == [(6, True), (6, True)]
    assert segments[1].first == ""
    assert segments[1].last < segments[0].first
    assert archive.found() == archive.expected()


def test_it_takes_the_place_of_what_was_there(archive: Searchable) -> None:
    archive.indexing()(list(archive.records.posts))
    before = archive.store().standing().manifest
    lost = archive.put("lost", "a message that never came")
    archive.rebuilding()()
    after = archive.store().standing().manifest
    assert after.version == before.version + 2
    assert set(after.retired) == {one.id for one in before.segments}
    assert archive.found() == archive.expected()
    assert lost in archive.found()
    assert archive.indexing()(list(archive.records.posts)).unchanged == 13


@pytest.mark.parametrize("damage", ["manifest", "segment", "head", "none"])
def test_it_mends_what_is_broken(archive: Searchable, damage: str) -> None:
    archive.indexing()(list(archive.records.posts))
    (key,) = archive.archive.keys(SEGMENTS)
    match damage:
        case "manifest":
            archive.archive.put(MANIFEST_KEY, b"{", content_type="")
        case "segment":
            archive.archive.delete([key])
        case "head":
            archive.archive.put(key, b"", content_type="")
    archive.rebuilding()()
    assert archive.found() == archive.expected()


def test_what_is_still_made_or_rejected_is_not_in_it(archive: Searchable) -> None:
    a, b = archive.put("a", "茶"), archive.put("b", "茶")
    archive.records.posts[a] = replace(archive.records.posts[a], status=Status.PENDING, rendition=None)
    archive.records.posts[b] = replace(archive.records.posts[b], status=Status.REJECTED, rendition=None)
    assert archive.rebuilding()().posts == 12
    assert archive.found() == archive.expected()


def test_posts_that_cannot_be_had_are_told_of(archive: Searchable) -> None:
    a, b = archive.put("a", "茶"), archive.put("b", "茶")
    archive.engine.refused = {a}

    class Failing(Records):
        def get(self, post_id: PostId) -> Post | None:
            if post_id == b:
                raise ConnectionResetError
            return super().get(post_id)

    rebuilt = archive.rebuilding(records=Failing(archive.records.posts))()
    assert rebuilt.posts == 12
    assert rebuilt.failed == {a: "ValueError('refused')", b: "ConnectionResetError()"}


def meanwhile(archive: Searchable, times: int, work: str) -> MemoryBucket:
    class Overtaken(MemoryBucket):
        left = times + 1

        def swap(self, key: str, body: bytes, *, replacing: str | None) -> None:
            if self.left:
                self.left -= 1
                if self.left < times:  # the first swap announces the rebuild
                    _do(archive, work)
            super().swap(key, body, replacing=replacing)

    return Overtaken(versions=archive.archive.versions, modified=archive.archive.modified, count=10_000)


def _do(archive: Searchable, work: str) -> None:
    match work:
        case "edited":
            archive.indexing()([archive.put("3", "another text")])
        case "deleted":
            archive.indexing()([archive.delete("3")])
        case "added and deleted":
            archive.indexing()([archive.put("new", "x")])
            archive.indexing()([archive.delete("new")])


@pytest.mark.parametrize("indexed", [False, True])
@pytest.mark.parametrize("work", ["edited", "deleted", "added and deleted"])
def test_what_was_committed_meanwhile_is_not_lost(archive: Searchable, work: str, *, indexed: bool) -> None:
    if indexed:
        archive.indexing()(list(archive.records.posts))
    rebuilt = archive.rebuilding(meanwhile(archive, 2, work))()
    assert archive.found() == archive.expected()
    assert rebuilt.posts == len(archive.expected())
    assert rebuilt.reread == 1


def test_a_post_that_no_listing_names_yet_stays(archive: Searchable) -> None:
    new = archive.put("new", "x")
    archive.indexing()(list(archive.records.posts))
    archive.records.unlisted = {new}
    assert archive.rebuilding()().reread == 1
    assert new in archive.found()


def test_a_rebuild_that_always_loses_ends(archive: Searchable) -> None:
    class Never(MemoryBucket):
        def swap(self, key: str, body: bytes, *, replacing: str | None) -> None:
            raise ObjectChanged(key)

    with pytest.raises(Conflict):
        archive.rebuilding(Never(versions=archive.archive.versions, modified=archive.archive.modified))()


def test_a_rebuild_that_can_begin_and_then_always_loses_ends(archive: Searchable) -> None:
    class Once(MemoryBucket):
        swaps = 0

        def swap(self, key: str, body: bytes, *, replacing: str | None) -> None:
            self.swaps += 1
            if self.swaps > 1:
                raise ObjectChanged(key)
            super().swap(key, body, replacing=replacing)

    bucket = Once(versions=archive.archive.versions, modified=archive.archive.modified)
    with pytest.raises(Conflict):
        archive.rebuilding(bucket)()
    assert bucket.swaps == 21
    assert archive.found() == {}


def test_what_may_have_been_swept_away_is_not_put_in_place(archive: Searchable) -> None:
    class Slow(Records):
        def get(self, post_id: PostId) -> Post | None:
            archive.later(seconds=REBUILD_GIVES_UP.total_seconds() / 10)
            return super().get(post_id)

    with pytest.raises(IndexUnavailable, match="too long"):
        archive.rebuilding(records=Slow(archive.records.posts))()
    assert archive.found() == {}


def test_of_two_rebuilds_the_one_that_began_last_is_put_in_place(archive: Searchable) -> None:
    class Second(Records):
        begun = False

        def get(self, post_id: PostId) -> Post | None:
            if not self.begun:
                self.begun = True
                archive.rebuilding()()
            return super().get(post_id)

    with pytest.raises(IndexUnavailable, match="somebody else"):
        archive.rebuilding(records=Second(archive.records.posts))()
    assert archive.found() == archive.expected()
    assert archive.store().standing().manifest.rebuild is None


def test_a_rebuild_that_died_is_told_nothing_more(archive: Searchable) -> None:
    class Dying(Records):
        def get(self, post_id: PostId) -> Post | None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        archive.rebuilding(records=Dying(archive.records.posts))()
    ids = list(archive.records.posts)
    archive.indexing()(ids)
    archive.indexing()(ids[:1])
    archive.merging()()
    manifest = archive.store().standing().manifest
    assert (manifest.version, manifest.touched) == (3, frozenset(ids))
    archive.later(seconds=REBUILD_ENDS.total_seconds() + 1)
    archive.indexing()(ids[:1])
    assert archive.store().standing().manifest.rebuild is None
    archive.indexing()(ids[:1])
    assert archive.store().standing().manifest.version == 4
    assert archive.found() == archive.expected()
