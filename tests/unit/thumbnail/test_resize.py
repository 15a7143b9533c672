import io
import struct
import warnings
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageCms, ImageStat, TiffImagePlugin

from make_thumbnail import resize as module
from make_thumbnail.resize import Resizing, resize
from postkeep.errors import PictureRefused

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def opened(webp: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(webp))
    picture.load()
    return picture


def sizes(resizing: Resizing) -> list[tuple[int, int]]:
    """The thumbnails' sizes, as the files have them and as the result says."""
    found = [opened(thumbnail.webp).size for thumbnail in resizing.thumbnails]
    assert found == [(thumbnail.width, thumbnail.height) for thumbnail in resizing.thumbnails]
    return found


def refusal(content: bytes) -> str:
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


@pytest.mark.parametrize("kind", FORMATS)
def test_formats(kind: str) -> None:
    resizing = resize(encoded(a_picture(), kind))
    assert (resizing.width, resizing.height) == (800, 600)
    assert sizes(resizing) == [(320, 240), (640, 480)]
    for thumbnail in resizing.thumbnails:
        picture = opened(thumbnail.webp)
        assert picture.format == "WEBP"
        assert (colour(picture, 0.5, 0.1), colour(picture, 0.5, 0.9)) == ("red", "blue")


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1, 1), [(1, 1)]),
        ((319, 10), [(319, 10)]),
        ((320, 200), [(320, 200)]),
        ((321, 200), [(320, 199), (321, 200)]),
        ((640, 480), [(320, 240), (640, 480)]),
        ((641, 481), [(320, 240), (640, 480)]),
        ((2000, 1), [(320, 1), (640, 1)]),
        ((1, 2000), [(1, 2000)]),
        ((100, 20_000), [(82, 16_383)]),
    ],
)
def test_sizes_are_never_larger_and_never_twice(size: tuple[int, int], expected: list[tuple[int, int]]) -> None:
    resizing = resize(encoded(Image.new("L", size), "PNG"))
    assert (resizing.width, resizing.height) == size
    assert sizes(resizing) == expected


def test_a_long_strip_is_made_narrower() -> None:
    assert module._sizes(800, 40_000) == [(320, 16_000), (328, 16_383)]


@given(width=st.integers(1, 65_535), height=st.integers(1, 65_535))
def test_sizes_keep_the_shape(width: int, height: int) -> None:
    found = module._sizes(width, height)
    assert 1 <= len(found) <= 2
    assert found == sorted(set(found))
    for wide, high in found:
        assert 1 <= wide <= min(width, 640)
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
    assert sizes(resizing) == [(320, 80), (640, 160)]
    for thumbnail in resizing.thumbnails:
        picture = opened(thumbnail.webp)
        corners = [colour(picture, x, y) for y in (0.2, 0.8) for x in (0.2, 0.8)]
        assert corners == ["red", "green", "blue", "white"]


@pytest.mark.parametrize("orientation", [0, 9, 65_535])
def test_an_orientation_that_is_none(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = opened(resize(encoded(a_picture(), "JPEG", exif=exif)).thumbnails[0].webp)
    assert (colour(picture, 0.5, 0.1), colour(picture, 0.5, 0.9)) == ("red", "blue")


def test_damaged_exif_says_nothing() -> None:
    resizing = resize(encoded(a_picture(), "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff broken"))
    assert colour(opened(resizing.thumbnails[0].webp), 0.5, 0.1) == "red"


def chunks(webp: bytes) -> set[bytes]:
    found, at = set(), 12
    while at < len(webp):
        found.add(webp[at : at + 4])
        length = struct.unpack("<I", webp[at + 4 : at + 8])[0]
        at += 8 + length + length % 2
    return found


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_no_metadata_stays(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    options = {} if kind == "PNG" else {"xmp": b"<x:xmpmeta>where I live</x:xmpmeta>"}
    content = encoded(a_picture(), kind, exif=exif, icc_profile=profile, **options)
    for thumbnail in resize(content).thumbnails:
        assert chunks(thumbnail.webp) <= {b"VP8 ", b"VP8L"}
        assert not opened(thumbnail.webp).getexif()


@pytest.mark.parametrize("kind", FORMATS)
def test_the_same_bytes_give_the_same_bytes(kind: str) -> None:
    content = encoded(a_picture(), kind)
    assert resize(content) == resize(content)


def transparent(mode: str) -> Image.Image:
    picture = a_picture(400, 400).convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize((400, 400)))
    return picture.convert(mode)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparency_stays(mode: str) -> None:
    kind = "TIFF" if mode == "PA" else "PNG"
    picture = transparent(mode) if mode != "PA" else transparent("RGBA").quantize(8).convert("PA")
    for thumbnail in resize(encoded(picture, kind)).thumbnails:
        assert opened(thumbnail.webp).mode == "RGBA"


def test_a_transparent_colour_stays() -> None:
    for mode, key in (("RGB", (255, 0, 0)), ("L", 76), ("P", 0), ("1", 0)):
        picture = a_picture(400, 400).convert(mode) if mode != "P" else a_picture(400, 400).quantize(2)
        found = opened(resize(encoded(picture, "PNG", transparency=key)).thumbnails[0].webp)
        assert found.mode == "RGBA", mode
        alpha = found.getchannel("A").getextrema()
        assert alpha[0] == 0, mode


def test_the_colour_under_full_transparency_does_not_bleed() -> None:
    picture = Image.new("RGBA", (1_280, 640), (255, 0, 0, 0))
    picture.paste((0, 0, 255, 255), (640, 0, 1_280, 640))
    found = opened(resize(encoded(picture, "PNG")).thumbnails[-1].webp).convert("RGBA")
    for x in range(300, 340):
        pixel = found.getpixel((x, 300))
        assert isinstance(pixel, tuple)
        assert pixel[3] < 32 or pixel[2] > pixel[0]


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("1", "PNG"),
        ("L", "JPEG"),
        ("P", "GIF"),
        ("CMYK", "JPEG"),
        ("YCbCr", "JPEG"),
        ("LAB", "TIFF"),
        ("I", "TIFF"),
        ("F", "TIFF"),
    ],
)
def test_modes(mode: str, kind: str) -> None:
    picture = Image.new(mode, (400, 400)) if mode in {"I", "F"} else a_picture(400, 400, "RGB")
    if mode == "LAB":
        lab = ImageCms.createProfile("LAB")
        converted = ImageCms.profileToProfile(picture, ImageCms.createProfile("sRGB"), lab, outputMode="LAB")
        assert converted is not None
        picture = converted
    else:
        picture = picture.convert(mode)
    assert sizes(resize(encoded(picture, kind))) == [(320, 320), (400, 400)]


def test_every_mode_that_a_file_can_have() -> None:
    modes = {mode for mode, _ in TiffImagePlugin.OPEN_INFO.values()} | {"LA", "PA", "I;16", "I;16B", "RGBX", "RGBa"}
    for mode in sorted(modes):
        assert module._resizable(Image.new(mode, (8, 8))).resize((4, 4), Image.Resampling.LANCZOS).size == (4, 4), mode


@pytest.mark.parametrize(("mode", "kind"), [("I;16", "PNG"), ("I;16", "TIFF"), ("I;16B", "TIFF")])
def test_sixteen_bits_a_channel_keep_their_shades(mode: str, kind: str) -> None:
    content = encoded(Image.new(mode, (400, 400), 0x8000), kind)
    pixel = opened(resize(content).thumbnails[0].webp).convert("L").getpixel((200, 200))
    assert isinstance(pixel, int | float)
    assert abs(pixel - 0x80) <= 3


def test_colours_are_brought_to_srgb() -> None:
    # Primaries turned about: what the file calls red is, by its profile, green.
    picture = Image.new("RGB", (400, 400), (255, 0, 0))
    swapped = opened(resize(encoded(picture, "PNG", icc_profile=turned_profile())).thumbnails[0].webp)
    assert colour(swapped, 0.5, 0.5) == "green"
    with_alpha = picture.convert("RGBA")
    with_alpha.putalpha(128)
    swapped = opened(resize(encoded(with_alpha, "PNG", icc_profile=turned_profile())).thumbnails[0].webp)
    pixel = swapped.getpixel((100, 100))
    assert isinstance(pixel, tuple)
    assert pixel[1] > pixel[0]
    assert pixel[3] == 128


def turned_profile() -> bytes:
    """sRGB's own profile, with the red and green primaries' tags exchanged."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"\x00TMP").replace(b"gXYZ", b"rXYZ").replace(b"\x00TMP", b"gXYZ")


@pytest.mark.parametrize("profile", [b"no profile", b"\x00" * 200])
def test_a_broken_profile_is_dropped(profile: bytes) -> None:
    picture = opened(resize(encoded(a_picture(), "PNG", icc_profile=profile)).thumbnails[0].webp)
    assert colour(picture, 0.5, 0.1) == "red"


def test_a_profile_for_other_colours_is_dropped() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    picture = opened(resize(encoded(a_picture(), "PNG", icc_profile=lab)).thumbnails[0].webp)
    assert colour(picture, 0.5, 0.1) == "red"


def test_of_several_frames_the_first() -> None:
    for kind in ("GIF", "WEBP", "TIFF", "PNG"):
        content = encoded(Image.new("RGB", (400, 300), "red"), kind, save_all=True, append_images=[a_picture(400, 300)])
        picture = opened(resize(content).thumbnails[0].webp)
        assert not getattr(picture, "is_animated", False)
        assert colour(picture, 0.5, 0.9) == "red"


def test_a_multi_picture_jpeg_is_a_jpeg() -> None:
    content = encoded(a_picture(), "MPO", save_all=True, append_images=[a_picture(100, 100)])
    assert sizes(resize(content)) == [(320, 240), (640, 480)]


def test_a_large_jpeg_is_decoded_at_a_fraction(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[tuple[int, int]] = []
    convert = module._resizable

    def noting(picture: Image.Image) -> Image.Image:
        decoded.append(picture.size)
        return convert(picture)

    monkeypatch.setattr(module, "_resizable", noting)
    resizing = resize(encoded(Image.new("L", (8_000, 4_000)), "JPEG"))
    assert decoded == [(2_000, 1_000)]
    assert (resizing.width, resizing.height) == (8_000, 4_000)
    assert sizes(resizing) == [(320, 160), (640, 320)]


def test_a_fraction_is_as_good_as_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    grating = Image.radial_gradient("L").resize((3_000, 3_000)).convert("RGB")
    content = encoded(grating, "JPEG", quality=95)
    drafted = opened(resize(content).thumbnails[-1].webp)
    monkeypatch.setattr(Image.Image, "draft", lambda *_: None)
    monkeypatch.setattr("PIL.JpegImagePlugin.JpegImageFile.draft", lambda *_: None)
    whole = opened(resize(content).thumbnails[-1].webp)
    assert max(ImageStat.Stat(ImageChops.difference(drafted, whole)).rms) < 2


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x",
        b"<!DOCTYPE html><html><body>Not here any more</body></html>",
        b"\x00" * 1_000,
        b"%PDF-1.7",
        b"GIF89a",
        b"BM",
        b"\x89PNG",
        b"\x00\x00\x00\x18ftypmp42",
        b"RIFF\x00\x00\x00\x00WEBPVP8 ",
        b"II*\x00\x08\x00\x00\x00",
        b"8BPS\x00\x01",
        b"P6 1 1 255 abc",
    ],
)
def test_what_is_no_picture(content: bytes) -> None:
    assert refusal(content) in {"not-a-picture", "corrupt"}


@pytest.mark.parametrize(
    "content",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b"\xef\xbb\xbf\r\n<SVG/>",
        b'<?xml version="1.0"?>\n<!-- made by hand --><svg/>',
        b"<!DOCTYPE svg PUBLIC><svg/>",
        b"<!-- x --><svg onload='alert(1)'/>",
        b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
        b"\xff\x0a\xff\xff",
        b"\x00\x00\x00\x0cJXL \r\n\x87\n",
    ],
)
def test_pictures_that_are_not_taken(content: bytes) -> None:
    assert refusal(content) == "unsupported-format"


def test_other_formats_of_pillow_are_not_tried() -> None:
    for kind in ("PPM", "ICO", "TGA", "PCX", "JPEG2000", "EPS"):
        assert refusal(encoded(a_picture(64, 64), kind)) == "not-a-picture"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_truncated(kind: str) -> None:
    noise = Image.effect_noise((400, 400), 80).convert("RGB")
    content = encoded(noise, kind)
    assert refusal(content[: len(content) // 2]) in {"corrupt", "not-a-picture"}


def png(width: int, height: int, *extra: tuple[bytes, bytes]) -> bytes:
    """A PNG of a header, some chunks, and hardly a pixel."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", header), *extra, (b"IDAT", zlib.compress(b"\x00" * 64)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


@pytest.mark.parametrize(
    ("width", "height"),
    [(50_001, 1_000), (65_536, 1), (1, 65_536), (7_072, 7_071), (20_000, 20_000), (2**31 - 1, 2**31 - 1)],
)
def test_too_many_pixels_are_refused_by_the_header(monkeypatch: pytest.MonkeyPatch, width: int, height: int) -> None:
    monkeypatch.setattr(module, "_decoded", lambda *_: pytest.fail("decoded"))
    assert refusal(png(width, height)) == "too-many-pixels"


def test_a_webp_that_claims_too_much_is_refused_before_its_canvas_is_made() -> None:
    canvas = (16_382).to_bytes(3, "little") * 2
    body = (
        b"WEBPVP8X"
        + struct.pack("<I", 10)
        + b"\x00\x00\x00\x00"
        + canvas
        + b"VP8L"
        + struct.pack("<I", 8)
        + b"\x2f"
        + b"\x00" * 7
    )
    assert refusal(b"RIFF" + struct.pack("<I", len(body)) + body) == "too-many-pixels"


def test_text_that_unfolds_is_refused() -> None:
    bomb = b"comment\x00\x00" + zlib.compress(bytes(50_000_000))
    assert refusal(png(8, 8, (b"zTXt", bomb))) in {"corrupt", "not-a-picture"}


def test_a_jpeg_of_thousands_of_scans_is_refused() -> None:
    content = encoded(a_picture(64, 64), "JPEG", progressive=True)
    end = content.rindex(b"\xff\xd9")
    last = content[content.rindex(b"\xff\xda") : end]
    assert refusal(content[:end] + last * 200 + b"\xff\xd9") == "too-complex"
    assert resize(content).width == 64


def test_a_lack_of_memory_is_not_the_pictures_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    content = encoded(a_picture(), "PNG")
    for place in ("PIL.PngImagePlugin.PngImageFile.load_prepare", "PIL.Image.open"):
        monkeypatch.setattr(place, fail)
        with pytest.raises(MemoryError):
            resize(content)


@pytest.mark.parametrize("kind", FORMATS)
@given(data=st.data())
def test_damage_is_refused_or_survived(kind: str, data: st.DataObject) -> None:
    content = bytearray(SAMPLES[kind])
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(1, len(content)))]
    try:
        resizing = resize(bytes(content))
    except PictureRefused:
        return
    assert 1 <= len(resizing.thumbnails) <= 2


SAMPLES = {kind: encoded(a_picture(24, 16), kind) for kind in FORMATS}


def test_warnings_are_nobodys_business() -> None:
    # A palette with transparency given as bytes, whose conversion Pillow warns of elsewhere; and a large but allowed canvas.
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        resize(encoded(transparent("RGBA").quantize(8), "PNG"))
        assert refusal(png(10_000, 9_500)) == "too-many-pixels"
        assert refusal(b"\x00\x00\x00\x18ftypavif") in {"not-a-picture", "corrupt"}
    assert not caught
