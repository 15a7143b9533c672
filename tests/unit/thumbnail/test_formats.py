import struct

import pytest
from PIL import Image

from make_thumbnail.formats import Kind, as_still, brands, moves, sniff
from postkeep.errors import PictureRefused
from unit.thumbnail.drawing import FORMATS, a_picture, encoded, refusal


@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_read(kind: str) -> None:
    assert sniff(encoded(a_picture(8, 8), kind)) is Kind[kind]


@pytest.mark.parametrize("start", [b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"])
def test_a_tiff_of_either_order_and_size(start: bytes) -> None:
    assert sniff(start + b"\x00" * 40) is Kind.TIFF


@pytest.mark.parametrize(
    "content",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b"\xef\xbb\xbf\r\n<SVG/>",
        b'<?xml version="1.0"?>\n<!-- made by hand --><svg/>',
        b"<!DOCTYPE svg PUBLIC><svg/>",
        b"<!-- x --><svg onload='alert(1)'/>",
        b"\xff\xfe" + "<svg xmlns='http://www.w3.org/2000/svg'/>".encode("utf-16-le"),
        b"\xfe\xff" + "<?xml version='1.0'?><svg/>".encode("utf-16-be"),
        b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
        b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic",
        b"\x00\x00\x00\x18ftypmp42",
        b"\xff\x0a\xff\xff",
        b"\x00\x00\x00\x0cJXL \r\n\x87\n",
        b"%PDF-1.7",
    ],
)
def test_what_is_known_and_not_read(content: bytes) -> None:
    assert refusal(content) == "unsupported-format"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x",
        b"<!DOCTYPE html><html><body>Not here any more</body></html>",
        b"<html><svg/></html>",
        b"<?xml version='1.0'?><rss/>",
        b"\xff\xfe<\x00p\x00>\x00",
        b"\x00" * 1_000,
        b"\x89PNG",
        b"RIFF\x00\x00\x00\x00WAVEfmt ",
        b"8BPS\x00\x01",
        b"P6 1 1 255 abc",
    ],
)
def test_what_is_no_picture(content: bytes) -> None:
    assert refusal(content) == "not-a-picture"


@pytest.mark.parametrize(
    "content",
    [
        b"GIF89a",
        b"BM",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\x00\x00\x00\x00WEBPVP8 ",
        b"II*\x00\x08\x00\x00\x00",
        b"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00avifmif1",
    ],
)
def test_what_begins_as_one_and_ends_there(content: bytes) -> None:
    assert refusal(content) == "corrupt"


@pytest.mark.parametrize("kind", ["PPM", "ICO", "TGA", "PCX", "JPEG2000", "EPS"])
def test_other_formats_are_not_tried(kind: str) -> None:
    assert refusal(encoded(a_picture(64, 64), kind)) in {"not-a-picture", "unsupported-format"}


def test_what_a_name_or_a_later_byte_says_is_not_asked() -> None:
    with pytest.raises(PictureRefused, match="not-a-picture"):
        sniff(b"GET /a.jpg \xff\xd8\xff\xe0")


def test_brands_are_bounded_by_the_file_and_a_number() -> None:
    assert brands(b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00avifmiaf") == [b"mif1", b"avif", b"miaf"]
    assert brands(b"\xff\xff\xff\xffftypmif1\x00\x00\x00\x00av") == [b"mif1"]
    assert len(brands(struct.pack(">I", 1_000_000) + b"ftypmif1" + b"\x00" * 1_000_000)) == 65


def test_an_avif_of_either_kind_is_read_by_the_same_brand() -> None:
    still, moving = b"\x00\x00\x00\x14ftypavif....miaf", b"\x00\x00\x00\x14ftypavis....avif"
    assert as_still(still) == still
    assert as_still(moving) == b"\x00\x00\x00\x14ftypavif....avif"
    assert moves(Kind.AVIF, moving, 1)
    assert not moves(Kind.AVIF, still, 1)


def test_a_png_moves_by_its_chunk_of_more_than_one_frame() -> None:
    frames = [Image.new("L", (8, 8), shade) for shade in (0, 128, 255)]
    moving = encoded(frames[0], "PNG", save_all=True, append_images=frames[1:])
    assert moves(Kind.PNG, moving, 1)
    assert not moves(Kind.PNG, encoded(frames[0], "PNG"), 1)
    once = moving.replace(b"acTL\x00\x00\x00\x03", b"acTL\x00\x00\x00\x01")
    assert not moves(Kind.PNG, once, 1)
    assert not moves(Kind.PNG, moving[:30], 1)  # ends before it says so
    assert not moves(Kind.PNG, b"\x89PNG\r\n\x1a\n" + b"\xff" * 64, 1)  # a chunk of four gigabytes


def test_pages_are_no_animation() -> None:
    assert moves(Kind.GIF, b"", 2)
    assert moves(Kind.WEBP, b"", 2)
    assert not moves(Kind.GIF, b"", 1)
    assert not moves(Kind.TIFF, b"", 9)
    assert not moves(Kind.JPEG, b"", 9)
