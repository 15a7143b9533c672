import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from make_thumbnail.resizing import Format, Resized, Resizing, pack, unpack
from postkeep.errors import PictureRefused

RESIZING = Resizing(
    kind="gif",
    width=800,
    height=600,
    animated=True,
    partial=False,
    thumbhash=bytes(range(21)),
    colour="#0a0b0c",
    thumbnails=(Resized(Format.WEBP, b"one\ntwo", 320, 240), Resized(Format.JPEG, b"\x00\xff", 640, 480)),
)


def test_media_types() -> None:
    assert [one.media_type for one in Format] == ["image/webp", "image/jpeg", "image/avif"]


def test_there_and_back() -> None:
    assert unpack(pack(RESIZING)) == RESIZING


def test_a_refusal_there_and_back() -> None:
    with pytest.raises(PictureRefused) as refused:
        unpack(pack(PictureRefused("too-complex", "日本 \ud800 \n")))
    assert (refused.value.reason, refused.value.detail) == ("too-complex", "日本 \ud800 \n")


def changed(**changes: Any) -> bytes:
    head, contents = pack(RESIZING).split(b"\n", 1)
    return json.dumps({**json.loads(head), **changes}).encode() + b"\n" + contents


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"1\n",
        b"\xff\xff\n",
        b"[" * 100_000,
        b'{"refused": []}',
        b'{"refused": 7}',
        b'{"refused": ["No Word", ""]}',
        changed(kind="../gif"),
        changed(kind=None),
        changed(width=0),
        changed(width=True),
        changed(width="800"),
        changed(height=2**31),
        changed(thumbhash="zz" * 20),
        changed(thumbhash="00" * 33),
        changed(thumbhash="0" * 11),
        changed(colour="red"),
        changed(colour="#0a0b0c\n"),
        changed(thumbnails=None),
        changed(thumbnails=[["webp", 7, 320]]),
        changed(thumbnails=[["svg", 7, 320, 240]]),
        changed(thumbnails=[["webp", -7, 320, 240]]),
        changed(thumbnails=[["webp", 10, 320, 240]]),  # more than there is
    ],
)
def test_what_is_no_outcome(packed: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        unpack(packed)


@given(st.data())
def test_damage_is_noticed_or_harmless(data: st.DataObject) -> None:
    packed = bytearray(pack(RESIZING))
    for _ in range(data.draw(st.integers(1, 5))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ValueError, PictureRefused):
        unpack(bytes(packed))
