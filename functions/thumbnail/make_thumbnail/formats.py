"""Telling a file's format by its bytes; neither its name nor its stated type is asked."""

from enum import StrEnum

from postkeep.errors import PictureRefused


class Kind(StrEnum):
    """A format that is read."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    GIF = "gif"
    AVIF = "avif"
    BMP = "bmp"
    TIFF = "tiff"


_STARTS = {
    b"\xff\xd8\xff": Kind.JPEG,
    b"\x89PNG\r\n\x1a\n": Kind.PNG,
    b"GIF87a": Kind.GIF,
    b"GIF89a": Kind.GIF,
    b"BM": Kind.BMP,
    b"II*\x00": Kind.TIFF,
    b"MM\x00*": Kind.TIFF,
    b"II+\x00": Kind.TIFF,
    b"MM\x00+": Kind.TIFF,
}

_AVIF = frozenset({b"avif", b"avis"})

_OTHERS = {b"\xff\x0a": "JPEG XL", b"\x00\x00\x00\x0cJXL ": "JPEG XL", b"\x00\x00\x00\x0cjP  ": "JPEG 2000", b"%PDF-": "PDF"}
"""What is known and not read: formats that hardly any page uses, or that are programs to draw by."""

_MAX_BRANDS = 64
_SEARCHED = 4096
"""Bytes; a page of HTML that holds an SVG element further on is a page of HTML."""


def sniff(content: bytes) -> Kind:
    """Tell the format.

    Raises:
        PictureRefused: ``unsupported-format`` for what is known and not read (SVG, HEIF, JPEG XL, JPEG 2000, PDF),
            ``not-a-picture`` for all else.
    """
    for start, kind in _STARTS.items():
        if content.startswith(start):
            return kind
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return Kind.WEBP
    if content[4:8] == b"ftyp":
        if _AVIF & set(brands(content)):
            return Kind.AVIF
        raise PictureRefused("unsupported-format", f"the brand {content[8:12].decode('latin-1')!r}: HEIF or a film")
    for start, name in _OTHERS.items():
        if content.startswith(start):
            raise PictureRefused("unsupported-format", name)
    if _is_svg(content):
        raise PictureRefused("unsupported-format", "SVG")
    raise PictureRefused("not-a-picture", f"{len(content):,} bytes that are none of {', '.join(Kind)}")


def brands(content: bytes) -> list[bytes]:
    """The brands of an ISO base media file, the major one first (ISO/IEC 14496-12, section 4.3)."""
    end = min(int.from_bytes(content[:4], "big"), 16 + 4 * _MAX_BRANDS, len(content))
    return [content[8:12], *(content[at : at + 4] for at in range(16, end - 3, 4))]


def as_still(content: bytes) -> bytes:
    """Give an AVIF that moves the brand of one that does not, which it is as well and by which alone libvips knows it."""
    return content[:8] + b"avif" + content[12:] if content[8:12] == b"avis" else content


def moves(kind: Kind, content: bytes, pages: int) -> bool:
    """Whether a picture is animated.

    Args:
        kind: its format.
        content: the file.
        pages: how many the decoder counts. A TIFF's are no animation, and of a PNG it counts none.
    """
    match kind:
        case Kind.GIF | Kind.WEBP:
            return pages > 1
        case Kind.AVIF:
            return b"avis" in brands(content)
        case Kind.PNG:
            return _is_animated_png(content)
        case _:
            return False


def _is_animated_png(content: bytes) -> bool:
    """Whether there is an ``acTL`` chunk of more than one frame before the pixels (PNG, third edition, section 11.3.6.1)."""
    at = 8
    while at + 12 <= len(content):
        name = content[at + 4 : at + 8]
        if name == b"acTL":
            return int.from_bytes(content[at + 8 : at + 12], "big") > 1
        if name == b"IDAT":
            return False
        at += 12 + int.from_bytes(content[at : at + 4], "big")
    return False


def _is_svg(content: bytes) -> bool:
    head = content[:_SEARCHED].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):  # UTF-16: its zero bytes apart, the names are ASCII
        head = head[2:].replace(b"\x00", b"").lstrip()
    return head.startswith(b"<svg") or (head.startswith((b"<?xml", b"<!--", b"<!doctype svg")) and b"<svg" in head)
