from dataclasses import replace

import pytest

from fakes.memory import MemoryBucket
from postkeep.errors import Conflict, ManifestInvalid, ObjectChanged, ObjectMissing
from postkeep.post import Post, PostId, Status
from search_posts.indexing import ATTEMPTS, Fate, Outcome
from search_posts.store import MANIFEST_KEY, SEGMENTS
from support.indexed import Records, Searchable


@pytest.fixture
def archive() -> Searchable:
    return Searchable()


def said(outcome: Outcome) -> tuple[int, int, int, list[str]]:
    return outcome.added, outcome.removed, outcome.unchanged, sorted(outcome.failed)


def segments(archive: Searchable) -> list[str]:
    return list(archive.archive.keys(SEGMENTS))


def test_posts_are_added_replaced_and_removed(archive: Searchable) -> None:
    a, b = archive.put("a", "茶"), archive.put("b", "山")
    outcome = archive.indexing()([a, b, a])
    assert said(outcome) == (2, 0, 0, [])
    assert (outcome.posts, outcome.segments) == (2, 1)
    assert archive.found() == archive.expected()
    archive.put("a", "雨前茶")
    archive.delete("b")
    assert said(archive.indexing()([a, b])) == (1, 1, 0, [])
    assert archive.found() == archive.expected()
    assert [document.text for document in archive.found().values()] == ["雨前茶"]
    # The first segment is wholly dead, and is not named any more.
    assert len(archive.store().standing().manifest.segments) == 1
    assert set(archive.store().standing().manifest.retired) == {"1".rjust(32, "0")}


def test_an_entry_says_what_record_and_text_say(archive: Searchable) -> None:
    a = archive.put("a", "茶")
    archive.indexing()([a])
    (found,) = archive.found().values()
    assert (found.post_id, found.title, found.author, found.site, found.archive) == (
        a,
        "title of a",
        "陆羽",
        "tea.example",
        "tea",
    )
    assert (found.tags, found.categories, found.language, found.has_image) == (("茶", "山"), ("随笔",), "zh-Hans", False)


def test_what_is_known_costs_no_commit(archive: Searchable) -> None:
    a = archive.put("a", "茶")
    archive.indexing()([a])
    before = archive.archive.count
    assert said(archive.indexing()([a])) == (0, 0, 1, [])
    assert said(archive.indexing()([archive.delete("never")])) == (0, 0, 1, [])
    assert said(archive.indexing()([])) == (0, 0, 0, [])
    assert archive.archive.count == before


def test_a_post_whose_text_is_still_made_keeps_its_entry(archive: Searchable) -> None:
    a = archive.put("a", "茶")
    archive.indexing()([a])
    settled = archive.records.posts[a]
    archive.records.posts[a] = replace(settled, status=Status.PENDING, rendition=None, generation=2)
    assert said(archive.indexing()([a])) == (0, 0, 1, [])
    assert list(archive.found()) == [a]
    archive.records.posts[a] = replace(settled, status=Status.REJECTED, rendition=None, generation=2)
    assert said(archive.indexing()([a])) == (0, 1, 0, [])
    assert archive.found() == {}


def test_a_text_that_is_gone_leaves_its_entry_as_it_is(archive: Searchable) -> None:
    a, b = archive.put("a", "茶"), archive.put("b", "山")
    archive.indexing()([a])
    archive.put("a", "雨")
    rendition = archive.records.posts[a].rendition
    assert rendition is not None
    archive.archive.delete([rendition.key])
    assert said(archive.indexing()([a, b])) == (1, 0, 1, [])
    assert {document.text for document in archive.found().values()} == {"茶", "山"}


def test_what_became_of_each_post_is_told(archive: Searchable) -> None:
    a, b, c, d, e = (archive.put(name, "茶") for name in "abcde")
    archive.indexing()([a, b, c])
    archive.put("a", "雨")
    archive.delete("b")
    archive.records.posts[d] = replace(archive.records.posts[d], status=Status.PENDING, rendition=None)
    rendition = archive.records.posts[e].rendition
    assert rendition is not None
    archive.archive.delete([rendition.key])
    outcome = archive.indexing()([a, b, c, d, e, never := archive.delete("never")])
    assert outcome.fates == {
        a: Fate.INDEXED,
        b: Fate.REMOVED,
        c: Fate.UNCHANGED,
        d: Fate.WAITING,
        e: Fate.WAITING,
        never: Fate.UNCHANGED,
    }


def test_one_bad_post_does_not_keep_the_others_out(archive: Searchable) -> None:
    a, b, c, d = (archive.put(name, "茶") for name in "abcd")
    archive.engine.refused = {b}
    rendition = archive.records.posts[c].rendition
    assert rendition is not None
    archive.archive.put(rendition.key, b"no rendition", content_type="")

    class Failing(Records):
        def get(self, post_id: PostId) -> Post | None:
            if post_id == d:
                raise ConnectionResetError
            return super().get(post_id)

    outcome = archive.indexing(records=Failing(archive.records.posts))([a, b, c, d])
    assert said(outcome) == (1, 0, 0, sorted([b, c, d]))
    assert outcome.fates == {a: Fate.INDEXED}
    assert list(archive.found()) == [a]
    archive.engine.refused = {a, b}
    archive.put("a", "雨")
    assert said(archive.indexing()([a, b])) == (0, 0, 0, sorted([a, b]))
    assert [document.text for document in archive.found().values()] == ["茶"]


def test_a_lost_race_begins_again_from_the_manifest(archive: Searchable) -> None:
    a, b = archive.put("a", "茶"), archive.put("b", "山")

    class Overtaken(MemoryBucket):
        times = 1

        def swap(self, key: str, body: bytes, *, replacing: str | None) -> None:
            if self.times:
                self.times -= 1
                archive.indexing()([b])
                archive.put("a", "雨")
            super().swap(key, body, replacing=replacing)

    shared = Overtaken(versions=archive.archive.versions, modified=archive.archive.modified, count=1000)
    assert said(archive.indexing(shared)([a])) == (1, 0, 0, [])
    assert archive.found() == archive.expected()
    assert len(segments(archive)) == 2, "what the lost race wrote is deleted"


def test_races_that_are_always_lost_end(archive: Searchable) -> None:
    a = archive.put("a", "茶")

    class Never(MemoryBucket):
        tried = 0

        def swap(self, key: str, body: bytes, *, replacing: str | None) -> None:
            self.tried += 1
            raise ObjectChanged(key)

    shared = Never(versions=archive.archive.versions, modified=archive.archive.modified)
    with pytest.raises(Conflict):
        archive.indexing(shared)([a])
    assert shared.tried == ATTEMPTS
    assert segments(archive) == []


def test_a_broken_index_is_not_written_over(archive: Searchable) -> None:
    a = archive.put("a", "茶")
    archive.indexing()([a])
    (key,) = segments(archive)
    archive.archive.delete([key])
    with pytest.raises(ObjectMissing):
        archive.indexing()([archive.put("b", "山")])
    archive.archive.put(MANIFEST_KEY, b"{}", content_type="")
    with pytest.raises(ManifestInvalid):
        archive.indexing()([a])
