"""Writing thumbnails: without metadata, and the same bytes for the same pixels under the same release of libvips."""

import pyvips

from make_thumbnail.resizing import Format, Resized

WEBP_QUALITY = 80
"""WebP's scale. The thumbnail may one day be all that is left of a picture, so it stands above libwebp's default of 75.
Measured on photographs at 640 px: 1 dB more for a fifth more bytes; each further step of 5 costs as much again or more."""

WEBP_EFFORT = 4
"""How hard the encoder tries, 0 to 6: libwebp's default. Measured: 6 saves 4% of the bytes and takes more than twice the time."""

JPEG_QUALITY = 80
"""For clients without WebP, which are few and old: enough."""

AVIF_QUALITY = 50
"""On the scale of libheif. Measured against WebP at 80, see docs/decisions/0007-picture-library.md."""

AVIF_EFFORT = 3
"""0 to 9, see there too."""

_WHITE = [255.0, 255.0, 255.0]


def encode(picture: pyvips.Image, kind: Format) -> Resized:
    """Write a thumbnail; a JPEG of a transparent picture stands on white.

    Args:
        picture: sRGB or grey of eight bits, with or without alpha.
        kind: the format.
    """
    match kind:
        case Format.WEBP:
            content = picture.webpsave_buffer(Q=WEBP_QUALITY, effort=WEBP_EFFORT, keep="none")
        case Format.JPEG:
            content = on_white(picture).jpegsave_buffer(Q=JPEG_QUALITY, optimize_coding=True, keep="none")
        case Format.AVIF:
            content = picture.heifsave_buffer(
                Q=AVIF_QUALITY, effort=AVIF_EFFORT, compression="av1", bitdepth=8, encoder="aom", keep="none"
            )
    return Resized(kind, bytes(content), picture.width, picture.height)


def on_white(picture: pyvips.Image) -> pyvips.Image:
    """Take transparency away."""
    return picture.flatten(background=_WHITE[: picture.bands - 1]) if picture.hasalpha() else picture
