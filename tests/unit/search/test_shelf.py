import gc
import os
import weakref
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from fakes.memory import MemoryBucket
from postkeep.errors import IndexUnavailable
from postkeep.ports import StoredObject
from search_posts.manifest import Manifest, Segment
from search_posts.shelf import FRESH, choose
from search_posts.store import MANIFEST_KEY, SEGMENTS, segment_key
from support.indexed import Searchable


class Counted(MemoryBucket):
    """Counts what is read."""

    reads: int = 0

    def get(self, key: str, *, limit: int, version_id: str | None = None) -> StoredObject:
        self.reads += 1
        return super().get(key, limit=limit, version_id=version_id)

    def newer(self, key: str, *, limit: int, than: str) -> StoredObject | None:
        self.reads += 1
        found = MemoryBucket.get(self, key, limit=limit)
        return None if found.etag == than else found

    def part(self, key: str, *, length: int) -> bytes:
        raise AssertionError("a reader has the whole segment")


@pytest.fixture
def archive() -> Searchable:
    return Searchable()


def counted(archive: Searchable) -> Counted:
    return Counted(versions=archive.archive.versions, modified=archive.archive.modified)


def texts(opened: Any) -> set[str]:
    return {document.text for document in opened.index.documents()}


def test_a_reader_loads_what_there_is_and_then_what_is_new(archive: Searchable, tmp_path: Path) -> None:
    ids = [archive.put(name, name) for name in "ab"]
    archive.indexing()(ids)
    archive.indexing()([archive.put("c", "c")])
    bucket = counted(archive)
    shelf = archive.shelf(tmp_path / "shelf", archive=bucket)
    assert texts(shelf.open()) == {"a", "b", "c"}
    assert bucket.reads == 3, "the manifest and two segments"
    assert texts(shelf.open()) == {"a", "b", "c"}
    assert bucket.reads == 3, "it is fresh"
    archive.put("a", "changed")
    archive.indexing()([archive.delete("c"), *ids])
    assert texts(shelf.open()) == {"a", "b", "c"}
    archive.later(seconds=FRESH.total_seconds())
    opened = shelf.open()
    assert texts(opened) == {"changed", "b"}
    assert bucket.reads == 5, "the manifest and the new segment"
    assert opened.since == ""
    archive.later(seconds=FRESH.total_seconds())
    assert shelf.open() is opened
    assert bucket.reads == 6
    segments = {one.id for one in opened.manifest.segments}
    assert {path.name for path in (tmp_path / "shelf" / "segments").iterdir()} == segments, "what nobody names is deleted"
    assert len(list((tmp_path / "shelf").glob("index-*"))) == 1


def test_an_index_that_is_not_there_yet_is_empty(archive: Searchable, tmp_path: Path) -> None:
    shelf = archive.shelf(tmp_path / "shelf")
    assert texts(shelf.open()) == set()
    archive.indexing()([archive.put("a", "a")])
    archive.later(seconds=2)
    assert texts(shelf.open()) == {"a"}


def test_what_another_reader_left_is_not_believed(archive: Searchable, tmp_path: Path) -> None:
    archive.indexing()([archive.put("a", "a")])
    (segment,) = archive.store().standing().manifest.segments
    (tmp_path / "segments" / segment.id).mkdir(parents=True)
    assert texts(archive.shelf(tmp_path).open()) == {"a"}


def test_a_segment_that_is_gone_has_the_manifest_read_again(archive: Searchable, tmp_path: Path) -> None:
    """As a reader meets it that stood still for hours between the manifest and the segment."""
    for name in "abcd":
        archive.indexing()([archive.put(name, name)])

    class Slow(Counted):
        times = 1

        def get(self, key: str, *, limit: int, version_id: str | None = None) -> StoredObject:
            if key.startswith(SEGMENTS) and self.times:
                self.times -= 1
                archive.upkeep()()
                archive.later(days=1)
                archive.store().sweep(archive.store().standing().manifest, archive.now())
            return super().get(key, limit=limit, version_id=version_id)

    slow = Slow(versions=archive.archive.versions, modified=archive.archive.modified)
    opened = archive.shelf(tmp_path / "shelf", archive=slow).open()
    assert texts(opened) == set("abcd")
    assert len(opened.segments) == 1


def test_what_cannot_be_had_is_said_and_what_was_there_stays(archive: Searchable, tmp_path: Path) -> None:
    archive.indexing()([archive.put("a", "a")])
    told: list[Exception] = []
    shelf = archive.shelf(tmp_path / "shelf", told=told.append)
    opened = shelf.open()
    archive.indexing()([archive.put("b", "b")])
    newest = archive.store().standing().manifest.segments[-1]
    body = archive.archive.get(segment_key(newest.id), limit=10**6).body
    archive.archive.put(segment_key(newest.id), body[:-1] + b"!", content_type="")
    archive.later(seconds=2)
    assert shelf.open() is opened
    assert [type(error).__name__ for error in told] == ["SegmentInvalid"]
    with pytest.raises(IndexUnavailable, match="not those that were written"):
        archive.shelf(tmp_path / "other").open()
    archive.archive.delete([segment_key(newest.id)])
    with pytest.raises(IndexUnavailable, match="no object"):
        archive.shelf(tmp_path / "other").open()
    archive.archive.put(segment_key(newest.id), body, content_type="")
    assert texts(shelf.open()) == {"a", "b"}, "the next request looks again"
    archive.archive.put(MANIFEST_KEY, b"?", content_type="")
    archive.later(seconds=2)
    assert texts(shelf.open()) == {"a", "b"}
    with pytest.raises(IndexUnavailable, match="manifest"):
        archive.shelf(tmp_path / "other").open()


def test_a_bucket_that_does_not_answer_is_no_index_that_is_broken(archive: Searchable, tmp_path: Path) -> None:
    class Dead(MemoryBucket):
        def get(self, key: str, *, limit: int, version_id: str | None = None) -> StoredObject:
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        archive.shelf(tmp_path, archive=Dead()).open()


def test_a_segment_that_the_engine_refuses_is_loaded_again(archive: Searchable, tmp_path: Path) -> None:
    archive.indexing()([archive.put("a", "a")])
    shelf = archive.shelf(tmp_path / "shelf")
    assemble, refusals = archive.engine.assemble, [1]

    def once(parts: Any, at: Path) -> Any:
        if refusals:
            refusals.pop()
            (parts[0].folder / "documents.lines").unlink()
        return assemble(parts, at)

    archive.engine.assemble = once
    assert texts(shelf.open()) == {"a"}


def test_a_load_that_fails_leaves_nothing_half(archive: Searchable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive.indexing()([archive.put("a", "a")])
    shelf = archive.shelf(tmp_path / "shelf")
    with monkeypatch.context() as patched:
        patched.setattr("search_posts.store.unpack", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(OSError, match="No space"):
            shelf.open()
    assert [path.name for path in (tmp_path / "shelf").rglob("*")] == ["segments"]
    assert texts(shelf.open()) == {"a"}


def segment(name: str, first: str, last: str, size: int = 10) -> Segment:
    return Segment(id=name, posts=1, bytes=size, digest="", first=first, last=last)


MANIFEST = Manifest(
    segments=(
        segment("a", "", "2020-12"),
        segment("b", "2021-01", "2021-06"),
        segment("c", "2021-06", "2021-12"),
        segment("d", "2019-01", "2022-01", 5),
    )
)


@pytest.mark.parametrize(
    ("first", "last", "space", "expected", "since"),
    [
        ("", "", 35, "abcd", ""),
        ("", "", 34, "bcd", "2021-01"),
        ("", "", 24, "cd", "2021-07"),
        ("", "", 14, "d", "2022-01"),
        ("", "", 4, "", "2022-02"),
        ("2021-07", "", 15, "cd", ""),
        ("2021-06", "2021-06", 99, "bcd", ""),
        ("", "2020-01", 99, "ad", ""),
        ("2022-01", "", 99, "d", ""),
        ("2022-02", "", 99, "", ""),
        ("", "2018-01", 99, "a", ""),
    ],
)
def test_what_does_not_fit_is_left_out_from_the_oldest_on(first: str, last: str, space: int, expected: str, since: str) -> None:
    chosen, begins = choose(MANIFEST, first, last, space)
    assert ("".join(one.id for one in chosen), begins) == (expected, since)


def test_what_is_left_out_of_posts_without_a_date_alone_is_told() -> None:
    assert choose(Manifest(segments=(segment("a", "", ""),)), "", "", 1) == ((), "0001-02")
    assert choose(Manifest(segments=(segment("a", "2021-12", "2021-12"),)), "", "", 1)[1] == "2022-01"


def test_a_reader_keeps_to_its_space_and_changes_what_it_holds(archive: Searchable, tmp_path: Path) -> None:
    for year in (2019, 2020, 2021):
        archive.indexing()([archive.put(f"{year}", os.urandom(500).hex(), published=datetime(year, 5, 1, tzinfo=UTC))])
    segments = archive.store().standing().manifest.segments
    space = segments[0].bytes * 5 // 2
    shelf = archive.shelf(tmp_path / "shelf", space=space)

    def held() -> list[int]:
        return sorted(
            segments.index(one) for one in segments for path in (tmp_path / "shelf" / "segments").iterdir() if path.name == one.id
        )

    opened = shelf.open()
    assert (held(), opened.since) == ([1, 2], "2019-06")
    assert len(texts(opened)) == 2
    old = shelf.open("2019-01", "2019-12")
    assert len(texts(old)) == 1
    assert old.since == ""
    assert len(held()) == 2
    assert 0 in held()
    assert texts(opened), "what is open stays readable"
    assert shelf.open("2019-01", "2019-12") is old
    assert shelf.open() is opened
    for month in range(1, 13):
        shelf.open("2019-01", f"2019-{month:02d}")
    assert sum(path.stat().st_size for path in (tmp_path / "shelf" / "segments").rglob("*") if path.is_file()) <= space


def test_several_threads_use_one_reader(archive: Searchable, tmp_path: Path) -> None:
    archive.indexing()([archive.put("a", "a")])
    bucket = counted(archive)
    shelf = archive.shelf(tmp_path / "shelf", archive=bucket)
    found: list[set[str]] = []
    threads = [Thread(target=lambda: found.append(texts(shelf.open()))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [{"a"}] * 8
    assert bucket.reads == 2


def test_a_clock_that_goes_back_does_not_stop_a_reader(archive: Searchable, tmp_path: Path) -> None:
    shelf = archive.shelf(tmp_path / "shelf")
    shelf.open()
    archive.indexing()([archive.put("a", "a")])
    archive.clock -= timedelta(days=1)
    assert texts(shelf.open()) == {"a"}


def test_what_is_open_at_the_same_time_is_bounded(archive: Searchable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search_posts.shelf._MOST_OPEN", 2)
    for year in (2019, 2020, 2021):
        archive.indexing()([archive.put(f"{year}", f"{year}", published=datetime(year, 5, 1, tzinfo=UTC))])
    shelf = archive.shelf(tmp_path / "shelf")
    for year in (2019, 2020, 2021, 2019):
        assert texts(shelf.open(f"{year}-01", f"{year}-12")) == {f"{year}"}
        assert len(shelf._opened) <= 2


def test_what_is_kept_of_older_manifests_is_bounded(archive: Searchable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers choose the months: each other stretch of them would keep an index, and its files, for good."""
    monkeypatch.setattr("search_posts.shelf._MOST_OPEN", 2)
    shelf = archive.shelf(tmp_path / "shelf")
    opened = []
    for year in (2019, 2020, 2019, 2021, 2022):
        archive.indexing()([archive.put(f"{year}", f"{year}", published=datetime(year, 5, 1, tzinfo=UTC))])
        archive.later(seconds=3)
        opened.append(weakref.ref(shelf.open(f"{year}-01", f"{year}-12").index))
    gc.collect()
    assert [kept() is not None for kept in opened] == [False, False, True, True, True]

    archive.archive.put(MANIFEST_KEY, b"{", content_type="application/json")
    archive.later(seconds=3)
    for year in (2021, 2022):
        assert texts(shelf.open(f"{year}-01", f"{year}-12")) == {f"{year}"}
    with pytest.raises(IndexUnavailable):
        shelf.open("2020-01", "2020-12")
