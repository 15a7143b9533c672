from datetime import UTC, datetime
from hashlib import sha512
from itertools import pairwise
from typing import Any

import pytest

from fakes.memory import MemoryBucket
from postkeep.errors import Conflict, ObjectChanged
from search_posts.manifest import Segment, month
from search_posts.merging import ATTEMPTS, FAN, Limits, cut, due, size_class
from search_posts.packing import read_marks
from search_posts.store import SEGMENTS
from support.indexed import SMALL, Searchable

LIMITS = Limits(least=10, full=10_000)


def segment(name: str, size: int, **more: Any) -> Segment:
    return Segment(id=name, posts=9, bytes=size, digest="", **more)


def names(found: tuple[Segment, ...]) -> str:
    return "".join(one.id for one in found)


def test_classes_are_each_four_times_the_one_before() -> None:
    assert [size_class(size, LIMITS) for size in (1, 10, 11, 40, 41, 160, 161)] == [0, 0, 1, 1, 2, 2, 3]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ("", ""),
        ("a1 b2 c3", ""),
        ("a1 b2 c3 d10", "abcd"),
        ("a1 b2 c3 d11", ""),
        ("a30 b1 c30 d30 e40", "abcde"),
        ("a30 b1 c30 d30 e40 f41", "abcde"),
        ("a41 b41 c41 d1 e1 f1 g1", "defg"),
    ],
)
def test_what_is_merged(sizes: str, expected: str) -> None:
    assert names(due([segment(one[0], int(one[1:])) for one in sizes.split()], LIMITS)) == expected


def test_closed_segments_are_merged_no_more_but_for_their_dead() -> None:
    closed = [segment(name, 9_000, closed=True) for name in "abcd"]
    assert due(closed, LIMITS) == ()
    dying = segment("e", 9_000, closed=True, dead=frozenset({0, 1, 2, 3}))
    assert due([*closed, dying], LIMITS) == (dying,)
    assert due([segment("e", 9_000, closed=True, dead=frozenset({0, 1, 2}))], LIMITS) == ()
    assert due([segment("e", 9, dead=frozenset({0, 1, 2, 3}))], LIMITS) == (), "it is merged soon enough"


@pytest.fixture
def archive() -> Searchable:
    return Searchable()


def test_the_number_of_segments_grows_as_the_logarithm(archive: Searchable) -> None:
    indexing, upkeep = archive.indexing(), archive.upkeep()
    most = 0
    for number in range(200):
        indexing([archive.put(f"{number}", "茶" * (number * 37 % 200))])
        upkeep()
        most = max(most, len(archive.store().standing().manifest.segments))
    assert archive.found() == archive.expected()
    assert most <= (FAN - 1) * 4 + 1
    assert sum(archive.engine.built) < 200 * 5, "a post is indexed once a class"
    manifest = archive.store().standing().manifest
    assert manifest.posts == 200
    assert all(one.posts == one.living for one in manifest.segments)


def test_what_is_as_large_as_segments_get_is_cut_by_months(archive: Searchable) -> None:
    archive.limits = Limits(least=1_000, full=6_000)
    for number in range(40):
        when = datetime(2021, number % 10 + 1, 3, tzinfo=UTC) if number % 10 else None
        archive.indexing()([archive.put(f"{number}", sha512(b"%d" % number).hexdigest(), published=when)])
    while archive.merging()():
        pass
    closed = [one for one in archive.store().standing().manifest.segments if one.closed]
    assert len(closed) > 1
    for left, right in pairwise(closed):
        assert left.last < right.first, "a piece has months of its own"
    assert closed[0].first == ""
    assert archive.found() == archive.expected()


def test_cutting_gives_pieces_of_about_one_size(archive: Searchable) -> None:
    for number in range(30):
        archive.put(f"{number}", "x" * 1000, published=datetime(2021, number % 10 + 1, 3, tzinfo=UTC))
    documents = list(archive.expected().values())
    pieces = list(cut(documents, 3))
    assert sorted(d.post_id for piece in pieces for d in piece) == sorted(d.post_id for d in documents)
    assert [len({month(d.published) for d in piece}) for piece in pieces] == [4, 3, 3]
    assert [len(piece) for piece in cut(documents, 1)] == [30]
    one_month = [d for d in documents if month(d.published) == "2021-01"]
    assert [len(piece) for piece in cut(one_month, 3)] == [3]


def test_what_dies_while_it_is_merged_is_dead_in_what_it_becomes(archive: Searchable) -> None:
    ids = [archive.put(f"{n}", "茶") for n in range(4)]
    for one in ids:
        archive.indexing()([one])

    class Overtaken(MemoryBucket):
        times = 1

        def swap(self, key: str, body: bytes, *, replacing: str | None) -> None:
            if self.times:
                self.times -= 1
                archive.put("0", "雨")
                archive.delete("1")
                archive.indexing()(ids)
            super().swap(key, body, replacing=replacing)

    shared = Overtaken(versions=archive.archive.versions, modified=archive.archive.modified, count=1000)
    # Two of the four are gone by then, since they had one post each, which died: the merge is given up.
    assert archive.merging(shared)() == 0
    assert archive.found() == archive.expected()
    assert len(list(archive.archive.keys(SEGMENTS))) == 5, "what was merged in vain is deleted"


def test_the_dead_are_carried_over(archive: Searchable) -> None:
    pairs = [[archive.put(f"{n}", "茶"), archive.put(f"{n}'", "山")] for n in range(4)]
    for pair in pairs:
        archive.indexing()(pair)

    class Overtaken(MemoryBucket):
        times = 1

        def swap(self, key: str, body: bytes, *, replacing: str | None) -> None:
            if self.times:
                self.times -= 1
                archive.put("0", "雨")
                archive.delete("1")
                archive.indexing()([one for pair in pairs for one in pair])
            super().swap(key, body, replacing=replacing)

    shared = Overtaken(versions=archive.archive.versions, modified=archive.archive.modified, count=1000)
    assert archive.merging(shared)() == 4
    manifest = archive.store().standing().manifest
    assert sorted((one.posts, one.living) for one in manifest.segments) == [(1, 1), (8, 6)]
    assert archive.found() == archive.expected()


def test_a_merge_that_always_loses_ends(archive: Searchable) -> None:
    for n in range(4):
        archive.indexing()([archive.put(f"{n}", "茶")])

    class Never(MemoryBucket):
        tried = 0

        def swap(self, key: str, body: bytes, *, replacing: str | None) -> None:
            self.tried += 1
            raise ObjectChanged(key)

    shared = Never(versions=archive.archive.versions, modified=archive.archive.modified)
    with pytest.raises(Conflict):
        archive.merging(shared)()
    assert shared.tried == ATTEMPTS
    assert len(list(archive.archive.keys(SEGMENTS))) == 4
    archive.upkeep(shared)()
    assert archive.found() == archive.expected()


def test_nothing_is_done_where_nothing_is_due(archive: Searchable) -> None:
    assert archive.merging()() == 0
    archive.indexing()([archive.put("a", "茶")])
    before = archive.archive.count
    assert archive.merging()() == 0
    assert archive.archive.count == before
    assert SMALL.least < SMALL.full


SECRET = "a secret of Jiangnan"


def held(archive: Searchable, post: str) -> list[str]:
    """The segments that have an entry of a post, named or not."""
    bodies = {key: archive.archive.get(key, limit=2**30).body for key in archive.archive.keys(SEGMENTS)}
    return [key for key, body in bodies.items() if len(body) > 1 and read_marks(key, body).place(post) is not None]


@pytest.mark.parametrize("told", [True, False], ids=["dead", "alive"])
def test_nothing_of_a_post_that_is_forgotten_is_left(archive: Searchable, told: bool) -> None:
    archive.indexing()([archive.put("other", "茶"), archive.put("a", SECRET)])
    archive.indexing()([archive.put("a", f"{SECRET}，再说一次")])
    archive.indexing()([archive.put("a", f"{SECRET}，说第三次"), archive.put("third", "水")])
    post = archive.delete("a")
    assert len(held(archive, post)) == 3, "the entries of all three states"
    if told:
        archive.indexing()([post])
    assert archive.merging().forget(post) == 3
    assert held(archive, post) == []
    assert archive.found() == archive.expected()
    assert archive.merging().forget(post) == 0


def test_what_is_forgotten_of_a_large_segment_leaves_the_others_in_it(archive: Searchable) -> None:
    archive.limits = Limits(least=1_000, full=6_000)
    for number in range(40):
        archive.indexing()([archive.put(f"{number}", SECRET if number == 3 else sha512(b"%d" % number).hexdigest())])
    while archive.merging()():
        pass
    post = archive.delete("3")
    archive.indexing()([post])
    closed = sum(one.closed for one in archive.store().standing().manifest.segments)
    assert closed
    archive.merging().forget(post)
    assert held(archive, post) == []
    assert sum(one.closed for one in archive.store().standing().manifest.segments) == closed
    assert archive.found() == archive.expected()


def test_a_post_is_forgotten_although_indexers_go_on(archive: Searchable) -> None:
    archive.indexing()([archive.put("a", SECRET), archive.put("b", "茶")])
    post = archive.delete("a")

    class Overtaken(MemoryBucket):
        times = 2

        def swap(self, key: str, body: bytes, *, replacing: str | None) -> None:
            if self.times:
                self.times -= 1
                archive.indexing()([archive.put(f"new {self.times}", "雨"), archive.put("b", f"茶{self.times}"), post])
            super().swap(key, body, replacing=replacing)

    shared = Overtaken(versions=archive.archive.versions, modified=archive.archive.modified, count=1000)
    archive.merging(shared).forget(post)
    assert held(archive, post) == []
    assert archive.found() == archive.expected()


def test_what_no_manifest_names_is_forgotten_too_if_it_can_be_read(archive: Searchable) -> None:
    post = archive.put("a", SECRET)
    archive.indexing()([post])
    archive.delete("a")
    archive.indexing()([post])
    archive.archive.put(f"{SEGMENTS}damaged", b"?", content_type="")
    assert len(held(archive, post)) == 1
    assert archive.store().standing().manifest.segments == ()
    assert archive.merging().forget(post) == 1
    assert [key.removeprefix(SEGMENTS) for key in archive.archive.keys(SEGMENTS)] == ["damaged"]


def test_forgetting_that_always_loses_ends(archive: Searchable) -> None:
    archive.indexing()([archive.put("a", SECRET), archive.put("b", "茶")])

    class Never(MemoryBucket):
        def swap(self, key: str, body: bytes, *, replacing: str | None) -> None:
            raise ObjectChanged(key)

    shared = Never(versions=archive.archive.versions, modified=archive.archive.modified)
    with pytest.raises(Conflict):
        archive.merging(shared).forget(archive.delete("a"))
    assert len(list(archive.archive.keys(SEGMENTS))) == 1
