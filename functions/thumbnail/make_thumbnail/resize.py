"""A picture's bytes into thumbnails: pure, deterministic, and bounded before anything is decoded."""

import io
import warnings
from dataclasses import dataclass

from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

from postkeep.errors import PictureRefused

WIDTHS = (320, 640)
"""Pixels: a column of a phone, and the same on a screen of double density or in a list on a desk."""

QUALITY = 80
"""WebP's scale. The thumbnail may one day be all that is left of a picture, so it stands above libwebp's default of 75.
Measured on photographs at 640 px: 1 dB more for a fifth more bytes; each further step of 5 costs as much again or more."""

METHOD = 4
"""How hard the encoder tries, 0 to 6: libwebp's default. Measured: 6 saves 4% of the bytes and takes more than twice the time."""

MAX_PIXELS = 50_000_000
"""What the cameras of telephones reach. Measured at that size, the process peaks at 810 MiB for WebP (16 bytes a pixel), 520 for
PNG with transparency, 330 for progressive JPEG and under 100 for plain JPEG: the function needs 1,024 MB."""

MAX_SIDE = 65_535
"""JPEG's own limit, and above every screenshot of a long page."""

MAX_SCANS = 100
"""Scans of a progressive JPEG. Each may cost a pass over all pixels and yet almost no bytes; encoders write about ten. A hundred
at the most pixels take 3.5 s (measured). Source: Red Hat bug 1344214, which cannot imagine a real picture with more than 100."""

_MAX_WEBP_SIDE = 16_383
"""Pixels, WebP's own limit: a longer strip is made narrower rather than cut."""

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")

# ISO base media brands of pictures that are not AVIF; the brands mif1 and msf1 may be either, and Pillow finds out.
_HEIF = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")

_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each EXIF orientation (Exif 2.32, tag 0x0112)."""

_SIDEWAYS = frozenset({5, 6, 7, 8})


@dataclass(frozen=True, slots=True)
class Resized:
    """One thumbnail.

    Attributes:
        webp: the file.
        width: pixels.
        height: pixels.
    """

    webp: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Resizing:
    """What became of a picture.

    Attributes:
        width: of the original as it is to be seen, in pixels.
        height: likewise.
        thumbnails: the smallest first; at least one, and no two of one size.
    """

    width: int
    height: int
    thumbnails: tuple[Resized, ...]


def resize(content: bytes) -> Resizing:
    """Make the thumbnails of a picture: WebP, of at most :data:`WIDTHS` pixels in width, never larger than the original.

    The format is told by the bytes: JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF; of several frames or pages, the first. The
    picture is turned as its EXIF orientation says, its colours are brought to sRGB, and all metadata is left out. The same
    bytes give the same thumbnails, byte for byte, under the same release of Pillow.

    Args:
        content: the file.

    Raises:
        PictureRefused: ``not-a-picture``, ``unsupported-format``, ``too-many-pixels``, ``too-complex`` or ``corrupt``.
    """
    _sniff(content)
    # Pillow warns of oddities in files; these files are strangers', and nobody here can mend them.
    with warnings.catch_warnings(action="ignore"), _opened(content) as picture:
        width, height = picture.size
        orientation = _orientation(picture)
        sideways = orientation in _SIDEWAYS
        if sideways:
            width, height = height, width
        sizes = _sizes(width, height)
        source = _decoded(picture, sizes[-1][::-1] if sideways else sizes[-1])
        profile = picture.info.get("icc_profile")
        thumbnails = []
        for size in sizes:
            small = source.resize(size[::-1] if sideways else size, Image.Resampling.LANCZOS, reducing_gap=3.0)
            small = _in_srgb(small, profile)
            if orientation in _TRANSPOSE:
                small = small.transpose(_TRANSPOSE[orientation])
            thumbnails.append(Resized(_webp(small), *small.size))
        return Resizing(width, height, tuple(thumbnails))


def _sniff(content: bytes) -> None:
    """Name what Pillow would only call unknown. SVG is a program to draw by: not one to run for strangers."""
    head = content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith(b"<svg") or (head.startswith((b"<?xml", b"<!--", b"<!doctype svg")) and b"<svg" in head):
        raise PictureRefused("unsupported-format", "SVG")
    if content[4:8] == b"ftyp" and content[8:12] in _HEIF:
        raise PictureRefused("unsupported-format", "HEIF")
    if content.startswith((b"\xff\x0a", b"\x00\x00\x00\x0cJXL ")):
        raise PictureRefused("unsupported-format", "JPEG XL")


def _opened(content: bytes) -> Image.Image:
    """Read the header, and refuse by what it says."""
    try:
        picture = Image.open(io.BytesIO(content), formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise PictureRefused("too-many-pixels", str(error)) from error
    except UnidentifiedImageError as error:
        raise PictureRefused("not-a-picture", f"{len(content):,} bytes that are none of {', '.join(_FORMATS)}") from error
    except MemoryError:
        raise
    except Exception as error:  # see _corrupt
        raise _corrupt(error) from error
    width, height = picture.size
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise PictureRefused("too-many-pixels", f"{width} by {height}")
    # Inside the coded data 0xFF is always followed by 0x00 or a restart marker, so this finds markers.
    if isinstance(picture, JpegImageFile) and content.count(b"\xff\xda") > MAX_SCANS:
        raise PictureRefused("too-complex", f"more than {MAX_SCANS} scans")
    return picture


def _sizes(width: int, height: int) -> list[tuple[int, int]]:
    """The thumbnails' sizes, the smallest first, without repetition."""
    factors = (min(1.0, wanted / width, _MAX_WEBP_SIDE / height) for wanted in WIDTHS)
    return list(dict.fromkeys((max(1, round(width * factor)), max(1, round(height * factor))) for factor in factors))


def _orientation(picture: Image.Image) -> int:
    if picture.format == "TIFF":
        return 1  # its orientation is its own and not a camera's: Pillow heeds it in the size and in decoding
    try:
        return int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # noqa: BLE001 - EXIF is a TIFF of its own, with the same choice of errors; a damaged one says nothing
        return 1


def _decoded(picture: Image.Image, largest: tuple[int, int]) -> Image.Image:
    """Decode, into a mode that can be resized.

    A JPEG is decoded at a half, a quarter or an eighth, where that leaves twice the size that is needed.
    """
    try:
        picture.draft(None, (2 * largest[0], 2 * largest[1]))
        picture.load()
        return _resizable(picture)
    except MemoryError:
        raise
    except Exception as error:
        raise _corrupt(error) from error


def _corrupt(error: Exception) -> PictureRefused:
    """Decoders fail on damaged files with whatever their arithmetic runs into; the bytes stay the same, so a retry would too."""
    return PictureRefused("corrupt", f"{type(error).__name__}: {error}")


def _resizable(picture: Image.Image) -> Image.Image:
    """Give a mode whose values can be mixed: neither palette, nor bits, nor more than eight bits a channel."""
    if picture.mode.startswith("I;16"):
        return picture.convert("I").point(lambda value: value / 256).convert("L")  # else all above 255 would be cut off
    if picture.has_transparency_data:
        return picture if picture.mode in {"RGBA", "LA"} else picture.convert("LA" if picture.mode == "La" else "RGBA")
    return picture if picture.mode in {"RGB", "L", "CMYK", "LAB"} else picture.convert("RGB")


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Bring the colours to sRGB, which is what a file without a profile means; a profile that does not fit is dropped."""
    alpha = picture.getchannel("A") if picture.mode in {"RGBA", "LA"} else None
    colours = picture.convert(picture.mode.removesuffix("A")) if alpha else picture
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(colours, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            converted = None
        colours = converted or colours
    colours = colours.convert("RGB")
    if alpha:
        colours.putalpha(alpha)
    return colours


def _webp(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=QUALITY, method=METHOD)
    return file.getvalue()
