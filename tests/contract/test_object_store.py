"""ObjectStore: the same cases for the fake and for S3."""

from datetime import timedelta

import pytest

from postkeep.errors import ObjectChanged, ObjectMissing, ObjectTooLarge
from postkeep.ports import ObjectStore, Page

KEY = "tea/_posts/2021-06-29-a b#c%20?d+e|“茶”\u3000🍵.md"


def put(objects: ObjectStore, key: str, body: bytes) -> None:
    objects.put(key, body, content_type="text/markdown")


def test_gives_back_what_was_put(objects: ObjectStore) -> None:
    put(objects, KEY, "茶".encode())
    found = objects.get(KEY, limit=3)
    assert found.body == "茶".encode()
    assert found.version_id
    assert found.etag == "a001ed1cf190f9795d4d3fa6700bfd2b"


def test_gives_the_current_version_and_a_named_one(objects: ObjectStore) -> None:
    put(objects, KEY, b"1")
    first = objects.get(KEY, limit=10).version_id
    put(objects, KEY, b"2")
    assert objects.get(KEY, limit=10).body == b"2"
    assert objects.get(KEY, limit=10, version_id=first).body == b"1"


def test_refuses_what_is_larger_than_the_limit(objects: ObjectStore) -> None:
    put(objects, KEY, b"12345")
    assert objects.get(KEY, limit=5).body == b"12345"
    with pytest.raises(ObjectTooLarge) as caught:
        objects.get(KEY, limit=4)
    assert (caught.value.size, caught.value.limit) == (5, 4)


def test_an_absent_object_is_missing(objects: ObjectStore) -> None:
    with pytest.raises(ObjectMissing):
        objects.get(KEY, limit=1)


def test_a_deleted_object_is_missing_but_its_version_is_not(objects: ObjectStore) -> None:
    put(objects, KEY, b"1")
    version = objects.get(KEY, limit=1).version_id
    objects.delete([KEY])
    with pytest.raises(ObjectMissing):
        objects.get(KEY, limit=1)
    assert objects.get(KEY, limit=1, version_id=version).body == b"1"


def test_lists_keys_under_a_prefix(objects: ObjectStore) -> None:
    for key in ("b/2", "a/1", "b/10", "b/茶"):
        put(objects, key, b"")
    assert list(objects.keys("b/")) == ["b/10", "b/2", "b/茶"]


HOSTILE = [
    "a b.md",
    "a+b.md",
    "a%20b.md",
    "a#?&=.md",
    "a\u3000|“茶”🍵 .md",
    "a\tb\x01.md",
    "a\\b\"'<>.md",
    "aé.md",
    "ae\u0301.md",
    "\ufffd.md",
]


def test_pages_through_objects_in_the_order_of_their_bytes(objects: ObjectStore) -> None:
    for key in [*HOSTILE, "z" * 1024]:
        put(objects, key, key.encode())
    objects.delete(["a b.md"])
    expected = sorted([*HOSTILE[1:], "z" * 1024], key=lambda key: key.encode())
    seen: list[str] = []
    more = True
    while more:
        page = objects.page("", after=seen[-1] if seen else "", limit=3)
        assert 0 < len(page.objects) <= 3
        seen += [entry.key for entry in page.objects]
        more = page.more
    assert seen == expected


def test_a_listed_object_has_its_etag_its_size_and_its_time(objects: ObjectStore) -> None:
    put(objects, KEY, "茶".encode())
    put(objects, "other", b"")
    (entry,) = objects.page("tea/").objects
    assert (entry.key, entry.size, entry.etag) == (KEY, 3, objects.get(KEY, limit=3).etag)
    assert entry.modified.utcoffset() == timedelta(0)
    assert objects.page("none/") == Page((), more=False)
    assert objects.page("", after="zzz") == Page((), more=False)


def test_deletes_many_and_absent_ones_are_no_error(objects: ObjectStore) -> None:
    keys = [f"k/{n:04}" for n in range(1, 4)]
    for key in keys:
        put(objects, key, b"")
    objects.delete(iter([*keys, "k/none"]))
    assert list(objects.keys("k/")) == []
    objects.delete([])


def test_a_swap_holds_only_where_nobody_else_wrote(objects: ObjectStore) -> None:
    objects.swap("a.json", b"1", replacing=None)
    with pytest.raises(ObjectChanged):
        objects.swap("a.json", b"2", replacing=None)
    etag = objects.get("a.json", limit=9).etag
    objects.swap("a.json", b"3", replacing=etag)
    with pytest.raises(ObjectChanged):
        objects.swap("a.json", b"4", replacing=etag)
    with pytest.raises(ObjectChanged):
        objects.swap("b.json", b"5", replacing=etag)
    assert objects.get("a.json", limit=9).body == b"3"


def test_what_is_known_is_not_read_again(objects: ObjectStore) -> None:
    put(objects, KEY, b"1")
    known = objects.get(KEY, limit=9).etag
    assert objects.newer(KEY, limit=9, than=known) is None
    assert objects.newer(KEY, limit=0, than=known) is None
    put(objects, KEY, b"22")
    found = objects.newer(KEY, limit=9, than=known)
    assert found is not None
    assert (found.body, found.etag) == (b"22", objects.get(KEY, limit=9).etag)
    with pytest.raises(ObjectTooLarge):
        objects.newer(KEY, limit=1, than=known)
    with pytest.raises(ObjectMissing):
        objects.newer("none", limit=9, than=known)


def test_reads_the_first_bytes_of_an_object(objects: ObjectStore) -> None:
    put(objects, KEY, b"12345")
    put(objects, "empty", b"")
    assert objects.part(KEY, length=2) == b"12"
    assert objects.part(KEY, length=5) == objects.part(KEY, length=99) == b"12345"
    assert objects.part("empty", length=1) == b""
    with pytest.raises(ObjectMissing):
        objects.part("none", length=1)
