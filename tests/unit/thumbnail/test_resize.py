"""Thumbnails of pictures that Pillow writes: another library than the one that reads them."""

import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from make_thumbnail import resize as module
from make_thumbnail.resize import resize
from make_thumbnail.resizing import Format, Resized, Resizing
from unit.thumbnail.drawing import FORMATS, a_picture, colour, encoded, opened, transparent, turned_profile


def webps(resizing: Resizing) -> list[Resized]:
    return [one for one in resizing.thumbnails if one.format is Format.WEBP]


def jpeg(resizing: Resizing) -> Image.Image:
    """The one JPEG; it is the last."""
    *others, last = resizing.thumbnails
    assert last.format is Format.JPEG
    assert Format.JPEG not in {one.format for one in others}
    return opened(last)


def sizes(resizing: Resizing) -> list[tuple[int, int]]:
    """The sizes of the WebP, as the files have them and as the result says."""
    found = [opened(one).size for one in webps(resizing)]
    assert found == [(one.width, one.height) for one in webps(resizing)]
    return found


@pytest.mark.parametrize("kind", FORMATS)
def test_formats(kind: str) -> None:
    resizing = resize(encoded(a_picture(1_600, 1_200), kind))
    assert (resizing.kind, resizing.width, resizing.height) == (kind.lower(), 1_600, 1_200)
    assert not resizing.animated
    assert not resizing.partial
    assert sizes(resizing) == [(320, 240), (640, 480), (1_280, 960)]
    assert jpeg(resizing).size == (640, 480)
    for thumbnail in resizing.thumbnails:
        picture = opened(thumbnail)
        assert picture.format == thumbnail.format.name
        assert (colour(picture, 0.5, 0.1), colour(picture, 0.5, 0.9)) == ("red", "blue")


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1, 1), [(1, 1)]),
        ((319, 10), [(319, 10)]),
        ((320, 200), [(320, 200)]),
        ((321, 200), [(320, 199), (321, 200)]),
        ((640, 480), [(320, 240), (640, 480)]),
        ((800, 600), [(320, 240), (640, 480), (800, 600)]),
        ((1_281, 961), [(320, 240), (640, 480), (1_280, 960)]),
        ((2_000, 1), [(320, 1), (640, 1), (1_280, 1)]),
        ((1, 2_000), [(1, 2_000)]),
        ((100, 20_000), [(82, 16_383)]),
    ],
)
def test_sizes_are_never_larger_and_never_twice(size: tuple[int, int], expected: list[tuple[int, int]]) -> None:
    resizing = resize(encoded(Image.new("L", size), "PNG"))
    assert (resizing.width, resizing.height) == size
    assert sizes(resizing) == expected
    assert jpeg(resizing).size == max(one for one in expected if one[0] <= 640)


def test_a_long_strip_is_made_narrower() -> None:
    assert module._sizes(800, 40_000) == [(320, 16_000), (328, 16_383)]


def test_no_two_are_of_one_width() -> None:
    assert module._sizes(1, 16_400) == [(1, 16_383)]
    assert module._sizes(20, 65_535) == [(5, 16_383)]


@given(width=st.integers(1, 65_535), height=st.integers(1, 65_535))
def test_sizes_keep_the_shape(width: int, height: int) -> None:
    found = module._sizes(width, height)
    widths = [wide for wide, _ in found]
    assert 1 <= len(found) <= 3
    assert widths == sorted(set(widths))
    for wide, high in found:
        assert 1 <= wide <= min(width, 1_280)
        assert 1 <= high <= min(height, 16_383)
        # Half a pixel of rounding on either side, and no side vanishes.
        assert min(wide, high) == 1 or abs(wide * height - high * width) <= (width + height) / 2 + 1
    assert found[0][0] <= 320


@pytest.mark.parametrize(
    ("kind", "options"),
    [("JPEG", {}), ("PNG", {}), ("WEBP", {}), ("AVIF", {"speed": 10}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"})],
)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_as_the_camera_was_held(kind: str, options: dict[str, Any], orientation: int) -> None:
    seen = Image.new("RGB", (1_600, 400), "white")  # red, green / blue, white
    for name, corner in {"red": (0, 0), "green": (800, 0), "blue": (0, 200)}.items():
        seen.paste(name, (*corner, corner[0] + 800, corner[1] + 200))
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # how the camera stores what is seen so: the inverse of what is to be done
    stored = seen.transpose(Image.Transpose(undo[orientation])) if orientation in undo else seen
    exif = Image.Exif()
    exif[0x0112] = orientation
    resizing = resize(encoded(stored, kind, exif=exif, **options))
    assert (resizing.width, resizing.height) == (1_600, 400)
    assert sizes(resizing) == [(320, 80), (640, 160), (1_280, 320)]
    for thumbnail in resizing.thumbnails:
        picture = opened(thumbnail)
        corners = [colour(picture, x, y) for y in (0.2, 0.8) for x in (0.2, 0.8)]
        assert corners == ["red", "green", "blue", "white"]


@pytest.mark.parametrize("orientation", [0, 9, 65_535])
def test_an_orientation_that_is_none(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = opened(resize(encoded(a_picture(), "JPEG", exif=exif)).thumbnails[0])
    assert (colour(picture, 0.5, 0.1), colour(picture, 0.5, 0.9)) == ("red", "blue")


def test_damaged_exif_says_nothing() -> None:
    resizing = resize(encoded(a_picture(), "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff broken"))
    assert colour(opened(resizing.thumbnails[0]), 0.5, 0.1) == "red"


def chunks(webp: bytes) -> set[bytes]:
    found, at = set(), 12
    while at < len(webp):
        found.add(webp[at : at + 4])
        length = struct.unpack("<I", webp[at + 4 : at + 8])[0]
        at += 8 + length + length % 2
    return found


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_no_metadata_stays(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    exif.get_ifd(0x8825)[1] = "N"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    options = {} if kind == "PNG" else {"xmp": b"<x:xmpmeta>where I live</x:xmpmeta>"}
    content = encoded(a_picture(), kind, exif=exif, icc_profile=profile, **options)
    assert b"where I live" in content
    for thumbnail in resize(content, avif=True).thumbnails:
        if thumbnail.format is Format.WEBP:
            assert chunks(thumbnail.content) <= {b"VP8 ", b"VP8L"}
        picture = opened(thumbnail)
        assert not picture.getexif()
        assert not {"icc_profile", "exif", "xmp", "comment"} & set(picture.info)
        assert b"where I live" not in thumbnail.content


@pytest.mark.parametrize("kind", FORMATS)
def test_the_same_bytes_give_the_same_bytes(kind: str) -> None:
    content = encoded(a_picture(), kind)
    assert resize(content, avif=True) == resize(content, avif=True)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "P"])
def test_transparency_stays_and_the_jpeg_is_on_white(mode: str) -> None:
    kind = "TIFF" if mode == "PA" else "PNG"
    picture = transparent(mode) if mode not in {"PA", "P"} else transparent("RGBA").quantize(64)
    resizing = resize(encoded(picture.convert(mode) if mode == "PA" else picture, kind))
    for thumbnail in webps(resizing):
        assert opened(thumbnail).mode == "RGBA"
    assert colour(jpeg(resizing), 0.5, 0.0) == "white"  # where it is transparent
    assert colour(jpeg(resizing), 0.5, 1.0) != "white"


def test_a_transparent_colour_stays() -> None:
    for mode, key in (("RGB", (255, 0, 0)), ("L", 76), ("P", 0), ("1", 0)):
        picture = a_picture(400, 400).convert(mode) if mode != "P" else a_picture(400, 400).quantize(2)
        found = opened(resize(encoded(picture, "PNG", transparency=key)).thumbnails[0])
        assert found.mode == "RGBA", mode
        assert found.getchannel("A").getextrema()[0] == 0, mode


def test_the_colour_under_full_transparency_does_not_bleed() -> None:
    picture = Image.new("RGBA", (2_560, 640), (255, 0, 0, 0))
    picture.paste((0, 0, 255, 255), (1_280, 0, 2_560, 640))
    found = opened(webps(resize(encoded(picture, "PNG")))[1]).convert("RGBA")
    for x in range(300, 340):
        pixel = found.getpixel((x, 80))
        assert isinstance(pixel, tuple)
        assert pixel[3] < 32 or pixel[2] > pixel[0]


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("1", "PNG"),
        ("L", "JPEG"),
        ("P", "GIF"),
        ("CMYK", "JPEG"),
        ("CMYK", "TIFF"),
        ("YCbCr", "JPEG"),
        ("I", "TIFF"),
        ("F", "TIFF"),
    ],
)
def test_modes(mode: str, kind: str) -> None:
    picture = Image.new(mode, (400, 400)) if mode in {"I", "F"} else a_picture(400, 400, "RGB")
    picture = picture.convert(mode)
    resizing = resize(encoded(picture, kind))
    assert sizes(resizing) == [(320, 320), (400, 400)]
    assert jpeg(resizing).mode in {"RGB", "L"}
    if mode in {"CMYK", "YCbCr", "P"}:  # a printer's blue is dark, but blue
        above, below = (jpeg(resizing).convert("RGB").getpixel((200, y)) for y in (40, 360))
        assert isinstance(above, tuple)
        assert isinstance(below, tuple)
        assert above[0] > 2 * max(above[1:])
        assert below[2] > 1.3 * max(below[:2])


@pytest.mark.parametrize(("mode", "kind"), [("I;16", "PNG"), ("I;16", "TIFF"), ("I;16B", "TIFF")])
def test_sixteen_bits_a_channel_keep_their_shades(mode: str, kind: str) -> None:
    pixel = opened(resize(encoded(Image.new(mode, (400, 400), 0x8000), kind)).thumbnails[0]).convert("L").getpixel((200, 200))
    assert isinstance(pixel, int | float)
    assert abs(pixel - 0x80) <= 3


def test_colours_are_brought_to_srgb() -> None:
    # Primaries turned about: what the file calls red is, by its profile, green.
    picture = Image.new("RGB", (400, 400), (255, 0, 0))
    for kind in ("PNG", "JPEG", "WEBP", "TIFF"):
        swapped = opened(resize(encoded(picture, kind, icc_profile=turned_profile())).thumbnails[0])
        assert colour(swapped, 0.5, 0.5) == "green", kind
    with_alpha = picture.convert("RGBA")
    with_alpha.putalpha(128)
    swapped = opened(resize(encoded(with_alpha, "PNG", icc_profile=turned_profile())).thumbnails[0])
    pixel = swapped.getpixel((100, 100))
    assert isinstance(pixel, tuple)
    assert pixel[1] > pixel[0]
    assert pixel[3] == 128


def test_display_p3_is_brought_to_srgb() -> None:
    """By the matrices of SMPTE EG 432-1 and IEC 61966-2-1."""
    expected = p3_in_srgb(200, 120, 80)
    assert expected == (213, 115, 70)
    content = encoded(Image.new("RGB", (400, 400), (200, 120, 80)), "PNG", icc_profile=display_p3())
    pixel = opened(resize(content).thumbnails[0]).convert("RGB").getpixel((100, 100))
    assert isinstance(pixel, tuple)
    assert all(abs(a - b) <= 4 for a, b in zip(pixel, expected, strict=True)), (pixel, expected)


def p3_in_srgb(*levels: int) -> tuple[int, ...]:
    linear = [(v / 255 / 12.92) if v <= 10 else ((v / 255 + 0.055) / 1.055) ** 2.4 for v in levels]
    to_srgb = ((1.2249, -0.2247, 0.0), (-0.0420, 1.0419, 0.0), (-0.0197, -0.0786, 1.0979))
    mixed = [math.sumprod(row, linear) for row in to_srgb]
    return tuple(round(255 * (1.055 * max(v, 0.0031308) ** (1 / 2.4) - 0.055)) for v in mixed)


def display_p3() -> bytes:
    """A profile with Display P3's primaries (adapted to D50, as profiles have them), in the frame of littleCMS's sRGB."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    primaries = {b"rXYZ": (0.51512, 0.2412, -0.00105), b"gXYZ": (0.29198, 0.69225, 0.04189), b"bXYZ": (0.1571, 0.06657, 0.78407)}
    for number in range(struct.unpack_from(">I", profile, 128)[0]):
        name, start, _ = struct.unpack_from(">4sII", profile, 132 + 12 * number)
        if name in primaries:
            struct.pack_into(">3i", profile, start + 8, *(round(65_536 * value) for value in primaries[name]))
    return bytes(profile)


@pytest.mark.parametrize("profile", [b"no profile", b"\x00" * 200])
def test_a_broken_profile_is_dropped(profile: bytes) -> None:
    picture = opened(resize(encoded(a_picture(), "PNG", icc_profile=profile)).thumbnails[0])
    assert colour(picture, 0.5, 0.1) == "red"


def test_a_profile_for_other_colours_is_dropped() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    picture = opened(resize(encoded(a_picture(), "JPEG", icc_profile=lab)).thumbnails[0])
    assert colour(picture, 0.5, 0.1) == "red"


@pytest.mark.parametrize(("kind", "animated"), [("GIF", True), ("WEBP", True), ("PNG", True), ("AVIF", True), ("TIFF", False)])
def test_of_several_frames_the_first(kind: str, animated: bool) -> None:
    frames = [a_picture(400, 300), Image.new("RGB", (400, 300), "green")]
    content = encoded(Image.new("RGB", (400, 300), "red"), kind, save_all=True, append_images=frames)
    resizing = resize(content)
    assert resizing.animated is animated
    assert (resizing.width, resizing.height) == (400, 300)
    for thumbnail in resizing.thumbnails:
        picture = opened(thumbnail)
        assert not getattr(picture, "is_animated", False)
        assert colour(picture, 0.5, 0.9) == "red"


def test_a_multi_picture_jpeg_is_a_jpeg() -> None:
    content = encoded(a_picture(), "MPO", save_all=True, append_images=[a_picture(100, 100)])
    assert sizes(resize(content)) == [(320, 240), (640, 480), (800, 600)]
    assert not resize(content).animated


def test_avif_is_made_only_if_wanted() -> None:
    content = encoded(a_picture(), "JPEG")
    assert {one.format for one in resize(content).thumbnails} == {Format.WEBP, Format.JPEG}
    resizing = resize(content, avif=True)
    made = [one for one in resizing.thumbnails if one.format is Format.AVIF]
    assert [opened(one).size for one in made] == sizes(resizing)
    assert {opened(one).format for one in made} == {"AVIF"}
    assert jpeg(resizing).size == (640, 480)


def test_a_reduced_picture_is_as_good_as_one_made_of_the_whole() -> None:
    rings = Image.radial_gradient("L").resize((3_000, 3_000)).convert("RGB")
    whole = rings.resize((320, 320), Image.Resampling.LANCZOS)
    made = opened(resize(encoded(rings, "JPEG", quality=95)).thumbnails[0]).convert("RGB")
    differences = [abs(a - b) for a, b in zip(made.tobytes(), whole.tobytes(), strict=True)]
    assert (sum(d * d for d in differences) / len(differences)) ** 0.5 < 2


def test_placeholder_and_colour_are_of_what_is_seen() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    upright, lying = resize(encoded(a_picture(400, 200), "PNG")), resize(encoded(a_picture(400, 200), "PNG", exif=exif))
    assert upright.thumbhash[4] >> 7 == 1  # landscape
    assert lying.thumbhash[4] >> 7 == 0
    assert 5 <= len(upright.thumbhash) <= 25
    assert resize(encoded(Image.new("L", (40, 40), 0), "PNG")).colour == "#000000"
    assert colour(Image.new("RGB", (1, 1), resize(encoded(Image.new("RGB", (9, 9), "green"), "PNG")).colour), 0, 0) == "green"
