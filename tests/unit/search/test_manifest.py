import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postkeep.errors import ManifestInvalid
from search_posts.manifest import GRACE, Manifest, Rebuild, Segment, month
from support.posts import EPOCH


def segment(name: str, posts: int = 9, **more: Any) -> Segment:
    return Segment(id=name, posts=posts, bytes=10, digest="d", **{"first": "2021-05", "last": "2021-06", **more})


@given(st.integers(1, 3000).flatmap(lambda posts: st.tuples(st.just(posts), st.sets(st.integers(0, posts - 1)))))
def test_a_manifest_survives(said: tuple[int, set[int]]) -> None:
    posts, dead = said
    manifest = Manifest(
        version=7,
        segments=(segment("a", posts, dead=frozenset(dead)), segment("b", closed=True, first="", last="")),
        retired={"c": EPOCH},
        swept=EPOCH,
        rebuilt=None,
        rebuild=Rebuild("t", EPOCH),
        touched=frozenset({"a", "b"}),
    )
    assert Manifest.decode(manifest.encode()) == manifest
    assert manifest.posts == posts - len(dead) + 9


def test_the_dead_take_little_room() -> None:
    dead = frozenset(range(0, 10_000, 20))
    assert len(Manifest(segments=(segment("a", 10_000, dead=dead),)).encode()) < 1000


def test_what_follows_retires_what_goes() -> None:
    first = Manifest(version=3, segments=(segment("a"), segment("b"), segment("c", 1)), swept=EPOCH, rebuilt=EPOCH)
    later = EPOCH + timedelta(hours=1)
    second = first.following([first.segments[1], first.segments[2].without([0]), segment("d")], later)
    assert [one.id for one in second.segments] == ["b", "d"]
    assert (second.version, second.retired, second.swept, second.rebuilt) == (4, {"a": later, "c": later}, EPOCH, EPOCH)
    third = second.following([], later + GRACE)
    assert set(third.retired) == {"a", "b", "c", "d"}
    assert set(third.following([], later + GRACE + timedelta(seconds=1)).retired) == {"b", "d"}


def test_months() -> None:
    assert month(None) == ""
    assert month(datetime(2021, 6, 29, tzinfo=UTC)) == "2021-06"


GOOD = Manifest(version=1, segments=(segment("a", dead=frozenset({1})),)).encode()


def changed(*path: Any, to: Any) -> bytes:
    value = json.loads(GOOD)
    inner = value
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = to
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        changed("v", to=2),
        changed("schema", to=0),
        changed("version", to="x"),
        changed("segments", to=None),
        changed("segments", 0, "posts", to="x"),
        changed("segments", 0, "dead", to="x"),
        changed("segments", 0, "dead", to="eJw="),
        changed("segments", 0, "posts", to=100),
        changed("segments", 0, "posts", to=1),
        changed("segments", to=[{}]),
        changed("retired", to=[]),
        changed("retired", to={"a": "yesterday"}),
        changed("swept", to=1),
        changed("rebuild", to=["t"]),
        changed("rebuild", to=["t", "now", []]),
        changed("rebuild", to=["t", "2021-01-01T00:00:00Z", 1]),
    ],
)
def test_what_is_no_manifest_is_refused(body: bytes) -> None:
    Manifest.decode(GOOD)
    with pytest.raises(ManifestInvalid):
        Manifest.decode(body)
