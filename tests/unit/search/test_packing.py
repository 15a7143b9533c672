from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postkeep.errors import SegmentInvalid
from postkeep.post import post_id
from search_posts.packing import Marks, head_length, pack, read_marks, stamp, unpack

IDS = [post_id(f"{n}.md") for n in range(5)]
MARKS = Marks.of({one: stamp(one) for one in IDS})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "made"
    found.mkdir()
    (found / "a.idx").write_bytes(b"123")
    (found / "b-1.store").write_bytes(b"")
    (found / ".lock").write_bytes(b"not the engine's own")
    return found


def test_a_segment_survives_packing(folder: Path, tmp_path: Path) -> None:
    body = pack(folder, MARKS)
    to = tmp_path / "unpacked"
    to.mkdir()
    unpack("k", body, to)
    assert {path.name: path.read_bytes() for path in to.iterdir()} == {"a.idx": b"123", "b-1.store": b""}
    assert read_marks("k", body) == MARKS
    assert read_marks("k", body[: head_length(len(IDS))]) == MARKS


@given(st.sets(st.text()))
def test_marks_tell_who_is_where(keys: set[str]) -> None:
    stamps = {post_id(key): stamp(key) for key in keys}
    marks = Marks.of(stamps)
    assert dict(marks.items()) == stamps
    for one, made_of in stamps.items():
        place = marks.place(one)
        assert place is not None
        assert marks.stamps[place] == made_of
        assert list(marks.post_ids([place])) == [one]
    assert marks.place(post_id("\0other")) is None or "\0other" in keys


def test_stamps_differ() -> None:
    assert stamp("a") != stamp("b")
    assert len(stamp("a\ud800")) == 8


def broken(body: bytes) -> dict[str, bytes]:
    head = head_length(len(IDS))
    length = int.from_bytes(body[head : head + 4])
    listing = body[head + 4 : head + 4 + length]
    assert listing == b'[["a.idx", 3], ["b-1.store", 0]]'

    def listed(other: bytes) -> bytes:
        return body[:head] + len(other).to_bytes(4) + other + body[head + 4 + length :]

    return {
        "empty": b"",
        "another": b"XX" + body[2:],
        "no marks": body[: head_length(2)],
        "many posts": body[:8] + b"\xff\xff\xff\xff" + body[12:],
        "unordered": body[:12] + body[36:60] + body[12:36] + body[60:],
        "no list": body[:head],
        "half a list": body[: head + 10],
        "no json": listed(b"{" * length),
        "not pairs": listed(b"[1]"),
        "no sizes": listed(b'[["a", "x"]]'),
        "nested": listed(b"[" * 50_000),
        "shorter": body[:-1],
        "longer": body + b"x",
        "negative": listed(b'[["a.idx", 4], ["b", -1]]'),
        "outside": listed(b'[["../a.idx", 3]]'),
        "rooted": listed(b'[["/tmp/a.idx", 3]]'),
        "hidden": listed(b'[[".a", 3]]'),
        "folder": listed(b'[["a/b", 3]]'),
        "no name": listed(b'[["", 3]]'),
        "long name": listed(b'[["' + b"a" * 101 + b'", 3]]'),
    }


HOWS = (
    "empty,another,no marks,many posts,unordered,no list,half a list,no json,not pairs,no sizes,nested,"
    "shorter,longer,negative,outside,rooted,hidden,folder,no name,long name"
)


@pytest.mark.parametrize("how", HOWS.split(","))
def test_what_is_no_segment_is_refused_and_writes_nothing_elsewhere(folder: Path, tmp_path: Path, how: str) -> None:
    to = tmp_path / "x" / "to"
    to.mkdir(parents=True)
    kinds = broken(pack(folder, MARKS))
    assert sorted(kinds) == sorted(HOWS.split(","))
    with pytest.raises(SegmentInvalid) as caught:
        unpack("k", kinds[how], to)
    assert caught.value.name == "k"
    assert [path.name for path in to.parent.iterdir()] == ["to"]
