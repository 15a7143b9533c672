"""A picture file: what is looked at before libvips is (``make_thumbnail.formats``, ``make_thumbnail.bitmap``).

What libvips and its codecs do with a file is not tried here: that happens in a process of its own.
"""

from fuzz.inputs import as_text
from make_thumbnail import limits
from make_thumbnail.bitmap import Bitmap
from make_thumbnail.formats import Kind, as_still, brands, moves, sniff
from postkeep.errors import PictureRefused

LONGEST = 2048
TOKENS = (
    *("GIF89a", "BM", "RIFF", "WEBP", "ftyp", "avif", "avis", "mif1", "heic", "acTL", "IDAT", "IHDR", "%PDF-", "II*\0", "MM\0*"),
    *("<svg", "<?xml", "<!--", "<!DOCTYPE svg", "JXL ", "jP  "),
)

_REASONS = {"not-a-picture", "unsupported-format", "corrupt"}
_SMALL = 1_000_000
"""Pixels that are unpacked here."""


def check(data: bytes) -> None:
    """Any file has one format or none, and a bitmap has as many bytes as its header says, or is refused."""
    try:
        kind = sniff(data)
    except PictureRefused as refused:
        _assert_refused(refused)
        return
    assert sniff(data) is kind
    assert isinstance(moves(kind, data, 2), bool)
    if kind is Kind.AVIF:
        assert len(brands(data)) <= 65
        assert sniff(as_still(data)) is Kind.AVIF
        assert len(as_still(data)) == len(data)
    if kind is Kind.BMP:
        _check_bitmap(data)


def _check_bitmap(data: bytes) -> None:
    try:
        bitmap = Bitmap.parse(data)
    except PictureRefused as refused:
        _assert_refused(refused)
        return
    assert bitmap.width > 0
    assert bitmap.height > 0
    assert (bitmap.palette is None) == (bitmap.bits > 8)
    assert bitmap.palette is None or len(bitmap.palette) == 768
    if bitmap.width * bitmap.height > min(_SMALL, limits.MAX_PIXELS) or max(bitmap.width, bitmap.height) > limits.MAX_SIDE:
        return
    try:
        picture = bitmap.pixels(data)
    except PictureRefused as refused:
        _assert_refused(refused)
        return
    assert (picture.width, picture.height, picture.bands) == (bitmap.width, bitmap.height, 3)
    assert len(picture.write_to_memory()) == 3 * bitmap.width * bitmap.height


def _assert_refused(refused: PictureRefused) -> None:
    assert refused.reason in _REASONS
    assert as_text(refused.detail.encode()) == refused.detail
    assert len(refused.detail) < 300
