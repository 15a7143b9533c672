"""Pictures for the tests, written by Pillow: another library than the one under test."""

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image, ImageCms

from make_thumbnail.resize import resize
from make_thumbnail.resizing import Resized
from postkeep.errors import PictureRefused

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def opened(thumbnail: Resized) -> Image.Image:
    picture = Image.open(io.BytesIO(thumbnail.content))
    picture.load()
    return picture


def refusal(content: bytes) -> str:
    """The reason for which a picture is refused."""
    with pytest.raises(PictureRefused) as refused:
        resize(content)
    return refused.value.reason


def a_picture(width: int = 800, height: int = 600, mode: str = "RGB") -> Image.Image:
    """Red above, blue below: which way up it is can be told."""
    picture = Image.new("RGB", (width, height), "red")
    picture.paste("blue", (0, height // 2, width, height))
    return picture.convert(mode)


def colour(picture: Image.Image, x: float, y: float) -> str:
    """The name of the colour at a place, given in fractions of the sides."""
    place = (min(picture.width - 1, int(picture.width * x)), min(picture.height - 1, int(picture.height * y)))
    pixel = picture.convert("RGB").getpixel(place)
    assert isinstance(pixel, tuple)
    red, green, blue = pixel
    names = {"red": (255, 0, 0), "blue": (0, 0, 255), "green": (0, 128, 0), "white": (255, 255, 255), "black": (0, 0, 0)}
    return min(names, key=lambda name: sum(abs(a - b) for a, b in zip((red, green, blue), names[name], strict=True)))


def transparent(mode: str) -> Image.Image:
    """Transparent above, opaque below."""
    picture = a_picture(400, 400).convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize((400, 400)))
    return picture.convert(mode)


def turned_profile() -> bytes:
    """The profile of sRGB, with the red and green primaries exchanged."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"\x00TMP").replace(b"gXYZ", b"rXYZ").replace(b"\x00TMP", b"gXYZ")


def png(width: int, height: int, *extra: tuple[bytes, bytes], rows: bytes = b"\x00" * 64, interlaced: bool = False) -> bytes:
    """A PNG of a header, some chunks, and hardly a pixel."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, interlaced)
    parts = [(b"IHDR", header), *extra, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)
