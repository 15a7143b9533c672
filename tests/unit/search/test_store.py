from datetime import timedelta

import pytest

from fakes.memory import MemoryBucket
from postkeep.errors import ManifestInvalid, ObjectChanged, SegmentInvalid
from search_posts.manifest import GRACE, Manifest
from search_posts.schema import VERSION as SCHEMA
from search_posts.store import FOLDER, MANIFEST_KEY, SEGMENTS, Standing, segment_key
from search_posts.upkeep import EVERY
from support.indexed import Searchable, scratch


@pytest.fixture
def archive() -> Searchable:
    return Searchable()


def test_a_manifest_is_read_where_it_is_another(archive: Searchable) -> None:
    store = archive.store()
    none = store.standing()
    assert none == Standing(Manifest(), None)
    assert store.newer(none) is None
    archive.indexing()([archive.put("a", "茶")])
    first = store.newer(none)
    assert first is not None
    assert first == store.standing()
    assert store.newer(first) is None
    archive.indexing()([archive.put("b", "茶")])
    second = store.newer(first)
    assert second is not None
    assert second.manifest.version == 2
    archive.archive.delete([MANIFEST_KEY])
    assert store.newer(second) == none
    archive.archive.put(MANIFEST_KEY, b"[]", content_type="")
    with pytest.raises(ManifestInvalid):
        store.newer(second)
    with pytest.raises(ManifestInvalid):
        store.newer(none)
    assert store.etag() == archive.archive.get(MANIFEST_KEY, limit=9).etag


def test_what_is_fetched_is_what_was_written(archive: Searchable) -> None:
    archive.indexing()([archive.put("a", "茶")])
    (segment,) = archive.store().standing().manifest.segments
    key = segment_key(segment.id)
    assert key in archive.archive.immutable
    body = archive.archive.get(key, limit=10**6).body
    for damaged in (body[:-1] + b"?", body[:-1], b""):
        archive.archive.put(key, damaged, content_type="")
        with scratch() as folder, pytest.raises(SegmentInvalid):
            archive.store().fetch(segment, folder)
    with pytest.raises(SegmentInvalid):
        archive.store().marks(segment)


def test_marks_are_read_once_and_must_be_as_many_as_the_manifest_says(archive: Searchable) -> None:
    archive.indexing()([archive.put("a", "茶"), archive.put("b", "茶")])
    (segment,) = archive.store().standing().manifest.segments
    store = archive.store()
    marks = store.marks(segment)
    archive.archive.delete([segment_key(segment.id)])
    assert store.marks(segment) is marks
    other = Searchable()
    other.indexing()([other.put("a", "茶")])
    (smaller,) = other.store().standing().manifest.segments
    archive.archive.put(segment_key(segment.id), other.archive.get(segment_key(smaller.id), limit=10**6).body, content_type="")
    with pytest.raises(SegmentInvalid, match="1 posts, not 2"):
        archive.store().marks(segment)


def test_marks_that_are_kept_are_bounded(archive: Searchable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search_posts.store._MARKS_KEPT", 2)
    store = archive.store()
    for name in "abc":
        archive.indexing(store=store)([archive.put(name, "茶")])
    segments = store.standing().manifest.segments
    archive.archive.delete([segment_key(segments[-1].id)])
    for segment in segments[:2]:
        store.marks(segment)
    with pytest.raises(Exception, match="no object"):
        store.marks(segments[-1])


def test_what_nobody_names_is_swept_away_after_the_grace_time(archive: Searchable) -> None:
    a = archive.put("a", "茶")
    archive.indexing()([a])
    archive.archive.put(f"{SEGMENTS}stray", b"left by an indexer that died", content_type="")
    archive.later(days=1)
    archive.put("a", "雨")
    archive.indexing()([a])  # retires the first segment
    manifest = archive.store().standing().manifest
    assert archive.store().sweep(manifest, archive.now()) == 1, "the stray one alone: the other was named a moment ago"
    archive.later(seconds=GRACE.total_seconds())
    assert archive.store().sweep(manifest, archive.now()) == 0
    archive.later(seconds=1)
    assert archive.store().sweep(manifest, archive.now()) == 1
    assert list(archive.archive.keys(SEGMENTS)) == [segment_key(manifest.segments[0].id)]
    assert archive.found() == archive.expected()


def test_many_strays_are_swept_page_by_page(archive: Searchable) -> None:
    for number in range(1005):
        archive.archive.put(f"{SEGMENTS}{number:04}", b"", content_type="")
    archive.later(days=1)
    assert archive.store().sweep(Manifest(), archive.now()) == 1005
    assert archive.store().sweep(Manifest(), archive.now()) == 0


def test_sweeping_is_done_once_a_day(archive: Searchable) -> None:
    upkeep = archive.upkeep()
    upkeep()
    assert list(archive.archive.keys(FOLDER)) == [], "there is no index to look after"
    archive.indexing()([archive.put("a", "茶")])
    upkeep()
    assert archive.store().standing().manifest.swept == archive.clock
    archive.archive.put(f"{SEGMENTS}stray", b"", content_type="")
    archive.later(seconds=(EVERY - timedelta(seconds=1)).total_seconds())
    upkeep()
    assert f"{SEGMENTS}stray" in archive.archive.keys(SEGMENTS)
    archive.later(seconds=1)
    upkeep()
    assert f"{SEGMENTS}stray" not in archive.archive.keys(SEGMENTS)


def test_there_is_no_merge_without_time(archive: Searchable) -> None:
    for name in "abcd":
        archive.indexing()([archive.put(name, "茶")])
    archive.upkeep()(lambda: False)
    assert len(archive.store().standing().manifest.segments) == 4
    archive.upkeep()()
    assert len(archive.store().standing().manifest.segments) == 1


def test_indexes_of_earlier_schemas_are_swept_away(archive: Searchable) -> None:
    archive.indexing()([archive.put("a", "茶")])
    for key in ("search/0/manifest.json", "search/0/segments/a", f"search/{SCHEMA + 1}/manifest.json", "search/notes.txt"):
        archive.archive.put(key, b"", content_type="")
    archive.later(seconds=GRACE.total_seconds())
    archive.archive.put("search/0/segments/b", b"", content_type="")
    assert archive.store().sweep_older(archive.now()) == 0
    archive.later(seconds=1)
    assert archive.store().sweep_older(archive.now()) == 2
    assert {"search/0/segments/b", f"search/{SCHEMA + 1}/manifest.json", "search/notes.txt"} < set(
        archive.archive.keys("search/")
    )
    assert archive.found() == archive.expected()


def test_whoever_is_overtaken_while_sweeping_sweeps_again_next_time(archive: Searchable) -> None:
    archive.indexing()([archive.put("a", "茶")])

    class Overtaken(MemoryBucket):
        def swap(self, key: str, body: bytes, *, replacing: str | None) -> None:
            raise ObjectChanged(key)

    archive.upkeep(Overtaken(versions=archive.archive.versions, modified=archive.archive.modified))()
    assert archive.store().standing().manifest.swept is None
    archive.upkeep()()
    assert archive.store().standing().manifest.swept == archive.clock
