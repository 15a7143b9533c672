"""Reading pictures with libvips: the header first, and only what may be decoded then, and only as large as it is wanted."""

import contextlib
from dataclasses import dataclass

import pyvips

from make_thumbnail import limits
from make_thumbnail.bitmap import Bitmap
from make_thumbnail.formats import Kind, as_still, moves, sniff
from postkeep.errors import PictureRefused

_LOADERS = {
    Kind.JPEG: "jpegload_buffer",
    Kind.PNG: "pngload_buffer",
    Kind.WEBP: "webpload_buffer",
    Kind.GIF: "gifload_buffer",
    Kind.AVIF: "heifload_buffer",
    Kind.TIFF: "tiffload_buffer",
}

_SIDEWAYS = range(5, 9)
"""The EXIF orientations that exchange width and height (Exif 2.32, tag 0x0112)."""

_EIGHTH = 8
_FILLER = 128
"""The grey that libjpeg gives where a file has ended: all coefficients nought."""

_GREY = frozenset({"b-w", "grey16"})
_COLOURED = 3


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself.

    Attributes:
        content: the file, as libvips knows it.
        kind: its format.
        width: pixels, as it is to be seen.
        height: pixels, likewise.
        animated: whether it moves.
        profiled: whether it carries a colour profile.
        bitmap: of a BMP, its own header.
    """

    content: bytes
    kind: Kind
    width: int
    height: int
    animated: bool = False
    profiled: bool = False
    bitmap: Bitmap | None = None


def restrict() -> None:
    """Take away from libvips what strangers' files have no business with, for the rest of the process's life.

    The loaders that its authors call unfit for untrusted files (SVG among them) are blocked, and no operation is remembered.
    """
    pyvips.block_untrusted_set(True)
    pyvips.cache_set_max(0)


def inspect(file: bytes) -> Header:
    """Read the header, and refuse by what it says.

    Raises:
        PictureRefused: ``not-a-picture``, ``unsupported-format``, ``too-many-pixels``, ``too-complex`` or ``corrupt``.
    """
    kind, content = sniff(file), file
    if kind is Kind.BMP:
        bitmap = Bitmap.parse(content)
        _hold(bitmap.width, bitmap.height, 1)
        return Header(content, kind, bitmap.width, bitmap.height, bitmap=bitmap)
    if kind is Kind.AVIF:
        content = as_still(content)
    # Inside the coded data 0xFF is always followed by 0x00 or a restart marker, so this finds markers.
    if kind is Kind.JPEG and content.count(b"\xff\xda") > limits.MAX_SCANS:
        raise PictureRefused("too-complex", f"more than {limits.MAX_SCANS} scans")
    try:
        opened = pyvips.Image.new_from_buffer(content, "")
    except pyvips.Error as error:
        raise _corrupt(error) from error
    fields = set(opened.get_fields())
    if opened.get("vips-loader") != _LOADERS[kind]:
        raise PictureRefused("corrupt", f"{kind} by its first bytes, and {opened.get('vips-loader')} by the rest")
    pages = opened.get("n-pages") if "n-pages" in fields else 1
    _hold(opened.width, opened.height, pages)
    animated = moves(kind, file, pages)
    width, height = opened.width, opened.height
    if "orientation" in fields and opened.get("orientation") in _SIDEWAYS:
        width, height = height, width
    return Header(content, kind, width, height, animated, "icc-profile-data" in fields)


def _hold(width: int, height: int, pages: int) -> None:
    """Hold a picture to the limits."""
    if width * height > limits.MAX_PIXELS or max(width, height) > limits.MAX_SIDE:
        raise PictureRefused("too-many-pixels", f"{width} by {height}")
    if pages > limits.MAX_FRAMES:
        raise PictureRefused("too-complex", f"{pages} frames")


def decode(header: Header, width: int, height: int) -> tuple[pyvips.Image, bool]:
    """Decode a picture at a size: sRGB or grey of eight bits, with or without alpha, turned as the camera was held.

    A JPEG that ends early is kept if at least half of its rows are there: a picture that cannot be had again is better with a
    grey foot than not at all, and a browser shows it so too. What else ends early, or is damaged, is refused.

    Args:
        header: what :func:`inspect` made of the file.
        width: pixels wanted, at most the picture's own.
        height: likewise.

    Returns:
        the picture, in memory, and whether it is partial.

    Raises:
        PictureRefused: ``corrupt``.
    """
    try:
        if header.bitmap:
            return _shrunk(header.bitmap.pixels(header.content), width, height), False
        try:
            return _thumbnail(header, width, height, "error"), False
        except pyvips.Error as error:
            if header.kind is not Kind.JPEG or _missing(header.content) > 1 - limits.LEAST_SHARE:
                raise _corrupt(error) from error
            return _thumbnail(header, width, height, "none"), True
    except pyvips.Error as error:
        raise _corrupt(error) from error


def _thumbnail(header: Header, width: int, height: int, fail_on: str) -> pyvips.Image:
    """Decode no more than is needed: libvips has the codecs shrink while they read, and reads by strips where they cannot."""
    # As an argument of its own, libvips (8.18) takes fail_on and forgets it.
    options = {"height": height, "size": "force", "option_string": f"[fail_on={fail_on}]"}
    if header.profiled:
        # A profile that is broken, or for other colours than the file's, is as good as none.
        with contextlib.suppress(pyvips.Error):
            picture = pyvips.Image.thumbnail_buffer(header.content, width, output_profile="srgb", **options)
            return _in_eight_bits(picture).copy_memory()
    return _in_eight_bits(pyvips.Image.thumbnail_buffer(header.content, width, **options)).copy_memory()


def _shrunk(picture: pyvips.Image, width: int, height: int) -> pyvips.Image:
    return picture.thumbnail_image(width, height=height, size="force").copy_memory()


def shrink(picture: pyvips.Image, width: int, height: int) -> pyvips.Image:
    """Make a decoded picture smaller, in memory.

    Raises:
        PictureRefused: ``corrupt``; not known to happen.
    """
    try:
        return _shrunk(picture, width, height)
    except pyvips.Error as error:  # pragma: no cover - arithmetic on pixels in memory
        raise _corrupt(error) from error


def _in_eight_bits(picture: pyvips.Image) -> pyvips.Image:
    """Bring what a file can hold to sRGB or grey: 16 bits, floats, CMYK, Lab, and more bands than have a meaning."""
    picture = picture.colourspace("b-w" if picture.interpretation in _GREY else "srgb")
    if picture.bands > _COLOURED + 1:
        picture = picture.extract_band(0, n=_COLOURED)
    return picture if picture.format == "uchar" else picture.cast("uchar")


def _missing(content: bytes) -> float:
    """The share of a JPEG's rows that are not there. A progressive one's are all there, if coarse, once its first scan is."""
    small = pyvips.Image.jpegload_buffer(content, shrink=_EIGHTH, fail_on="none")
    if small.interpretation not in {"b-w", "srgb"}:
        return 1.0  # of CMYK, nobody can tell
    _, sums = (small.cast("short") - _FILLER).abs().bandmean().cast("uint").project()
    sums = memoryview(sums.cast("uint").write_to_memory()).cast("I")
    last = max((row for row, value in enumerate(sums) if value), default=-1)
    return 1 - (last + 1) / int(small.height)


def _corrupt(error: Exception) -> PictureRefused:
    """Decoders fail on damaged files with whatever they run into; the bytes stay the same, so a retry would too."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # What memory there is, is a limit of ours: see limits.MEMORY.
    return PictureRefused("too-complex" if "out of memory" in str(error) else "corrupt", lines[-1] if lines else "unnamed")
