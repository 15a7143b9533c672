"""A picture's bytes into thumbnails: pure, deterministic, and bounded before anything is decoded.

What a hostile file may do to the decoder in spite of that is the matter of :mod:`make_thumbnail.isolation`.
"""

import pyvips

from make_thumbnail import placeholder
from make_thumbnail.decoding import decode, inspect, restrict, shrink
from make_thumbnail.encoding import encode
from make_thumbnail.resizing import Format, Resizing

WIDTHS = (320, 640, 1280)
"""Pixels: a column of a phone, the same on a screen of double density or in a list on a desk, and a page on a desk."""

JPEG_WIDTH = 640
"""Pixels of the one JPEG, for clients without WebP."""

_MAX_SIDE = 16_383
"""Pixels, WebP's own limit: a longer strip is made narrower rather than cut."""


def resize(content: bytes, *, avif: bool = False) -> Resizing:
    """Make the thumbnails of a picture.

    WebP of :data:`WIDTHS` pixels in width, and one JPEG of :data:`JPEG_WIDTH`; never larger than the original, which gives one of
    its own width where it is narrower than the next step. The format is told by the bytes: JPEG, PNG, WebP, AVIF, GIF, BMP or
    TIFF; of several frames or pages, the first. The picture is turned as its EXIF orientation says, its colours are brought to
    sRGB, and all metadata is left out. The same bytes give the same thumbnails, byte for byte, under the same release of libvips
    (AVIF only with as many threads, too).

    Args:
        content: the file.
        avif: whether to make AVIF of all sizes as well.

    Raises:
        PictureRefused: ``not-a-picture``, ``unsupported-format``, ``too-many-pixels``, ``too-complex`` or ``corrupt``.
    """
    restrict()
    header = inspect(content)
    sizes = _sizes(header.width, header.height)
    picture, partial = decode(header, *sizes[-1])
    pictures = [picture]
    for size in reversed(sizes[:-1]):  # each of the one before, which is of twice its size: as good, and less work
        pictures.insert(0, shrink(pictures[0], *size))
    thumbnails = [encode(one, Format.WEBP) for one in pictures]
    if avif:
        thumbnails += [encode(one, Format.AVIF) for one in pictures]
    thumbnails.append(encode(_widest(pictures, JPEG_WIDTH), Format.JPEG))
    thumbhash, colour = _placeholder(pictures[0])
    return Resizing(
        kind=header.kind.value,
        width=header.width,
        height=header.height,
        animated=header.animated,
        partial=partial,
        thumbhash=thumbhash,
        colour=colour,
        thumbnails=tuple(thumbnails),
    )


def _sizes(width: int, height: int) -> list[tuple[int, int]]:
    """The thumbnails' sizes, the smallest first; no two are of one width."""
    factors = (min(1.0, wanted / width, _MAX_SIDE / height) for wanted in WIDTHS)
    found = ((max(1, round(width * factor)), max(1, round(height * factor))) for factor in factors)
    return list({size[0]: size for size in found}.values())


def _widest(pictures: list[pyvips.Image], most: int) -> pyvips.Image:
    return max((one for one in pictures if one.width <= most), key=lambda one: one.width)


def _placeholder(picture: pyvips.Image) -> tuple[bytes, str]:
    factor = min(1.0, placeholder.MAX_SIDE / max(picture.width, picture.height))
    small = shrink(picture, max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
    small = small.colourspace("srgb")
    if not small.hasalpha():
        small = small.addalpha()
    rgba = bytes(small.cast("uchar").write_to_memory())
    return placeholder.thumbhash(small.width, small.height, rgba), placeholder.dominant(rgba)
