import struct

import pytest
from PIL import Image

from make_thumbnail.bitmap import Bitmap
from make_thumbnail.resize import resize
from unit.thumbnail.drawing import a_picture, encoded, opened, refusal


def seen(content: bytes) -> Image.Image:
    """The picture as read, through a lossy thumbnail of its own size."""
    return opened(resize(content).thumbnails[0]).convert("RGB")


def pillow_agrees(content: bytes, picture: Image.Image) -> None:
    """Hold what is read to what was written, at points within plain areas."""
    found, wanted = seen(content), picture.convert("RGB")
    assert found.size == wanted.size
    for x, y in ((3, 3), (found.width - 3, 3), (3, found.height - 3), (found.width - 3, found.height - 3)):
        pair = zip(found.getpixel((x, y)), wanted.getpixel((x, y)), strict=True)  # type: ignore[arg-type]
        assert all(abs(a - b) < 24 for a, b in pair), (x, y)


def quarters(width: int = 61, height: int = 47) -> Image.Image:
    """Four colours, so that rows, columns and channels can be told apart; an odd width, so that rows are padded."""
    picture = Image.new("RGB", (width, height), "red")
    picture.paste("blue", (width // 2, 0, width, height // 2))
    picture.paste("lime", (0, height // 2, width // 2, height))
    picture.paste("white", (width // 2, height // 2, width, height))
    return picture


@pytest.mark.parametrize("width", range(57, 65))
def test_rows_of_every_padding(width: int) -> None:
    pillow_agrees(encoded(quarters(width), "BMP"), quarters(width))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_bits(mode: str) -> None:
    picture = quarters().quantize(16) if mode == "P" else quarters().convert(mode, dither=Image.Dither.NONE)
    content = encoded(picture, "BMP")
    assert Bitmap.parse(content).bits == {"1": 1, "L": 8, "P": 8, "RGB": 24, "RGBA": 32}[mode]
    pillow_agrees(content, picture)


def bmp(width: int, height: int, bits: int, pixels: bytes, palette: bytes = b"", compression: int = 0, used: int = 0) -> bytes:
    start = 54 + len(palette)
    file_header = b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start)
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, len(pixels), 0, 0, used, 0)
    return file_header + header + palette + pixels


def test_four_bits() -> None:
    palette = bytes([0, 0, 255, 0, 255, 0, 0, 0])  # red, blue
    content = bmp(44, 40, 4, (b"\x11" * 22 + b"\x00\x00") * 20 + (b"\x00" * 24) * 20, palette, used=2)
    picture = Image.new("RGB", (44, 40), "red")
    picture.paste("blue", (0, 20, 44, 40))
    pillow_agrees(content, picture)


def test_rows_from_the_top_down() -> None:
    upwards = encoded(quarters(60, 40), "BMP")
    start = Bitmap.parse(upwards).start
    rows = [upwards[start + row * 180 : start + (row + 1) * 180] for row in range(40)]
    pillow_agrees(bmp(60, -40, 24, b"".join(reversed(rows))), quarters(60, 40))


def test_the_oldest_header() -> None:
    core = struct.pack("<IHHHH", 12, 16, 8, 1, 1)
    palette = bytes([0, 0, 255, 255, 0, 0])  # red, blue, of three bytes each
    start = 14 + len(core) + len(palette)
    content = b"BM" + struct.pack("<IHHI", 0, 0, 0, start) + core + palette + b"\x00\x00\x00\x00" * 8
    pillow_agrees(content, Image.new("RGB", (16, 8), "red"))


def test_a_pixel_without_an_entry_in_the_palette_is_black() -> None:
    content = bmp(8, 8, 8, b"\xff" * 64, palette=bytes([0, 0, 255, 0]), used=1)
    pillow_agrees(content, Image.new("RGB", (8, 8), "black"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"BM" + b"\x00" * 60, "corrupt"),
        (bmp(10, 10, 24, b"\x00" * 100), "corrupt"),  # too few rows
        (bmp(-10, 10, 24, b"\x00" * 400), "corrupt"),
        (bmp(10, 0, 24, b"\x00" * 400), "corrupt"),
        (bmp(10, 10, 24, b"")[:40], "corrupt"),
        (bmp(10, 10, 8, b"\x00" * 400, compression=1), "unsupported-format"),  # run lengths
        (bmp(10, 10, 0, b"\x00" * 400, compression=4), "unsupported-format"),  # a JPEG inside
        (bmp(10, 10, 16, b"\x00" * 400), "unsupported-format"),
        (
            bmp(10, 10, 32, b"\x00" * 400, palette=struct.pack("<III", 255, 65_280, 16_711_680), compression=3),
            "unsupported-format",
        ),
        (bmp(10, 10, 32, b"", compression=3), "corrupt"),
        (bmp(70_000, 1, 24, b""), "too-many-pixels"),
        (bmp(60_000, 60_000, 1, b""), "too-many-pixels"),
        (bmp(10, -(2**31), 24, b""), "too-many-pixels"),
    ],
)
def test_what_is_refused(content: bytes, reason: str) -> None:
    assert refusal(content) == reason


def test_usual_masks_are_taken() -> None:
    masks = struct.pack("<III", 0xFF0000, 0xFF00, 0xFF)
    pillow_agrees(bmp(8, 8, 32, b"\x00\x00\xff\x00" * 64, palette=masks, compression=3), Image.new("RGB", (8, 8), "red"))


def test_pillow_and_this_agree_on_a_thumbnail() -> None:
    pillow_agrees(encoded(a_picture(300, 200), "BMP"), a_picture(300, 200))
