"""Reading BMP, which libvips does not without ImageMagick: the uncompressed kinds of one, four, eight, 24 and 32 bits a pixel.

Source: Microsoft's documentation of BITMAPFILEHEADER, BITMAPCOREHEADER and BITMAPINFOHEADER.
"""

import struct
from dataclasses import dataclass

import pyvips

from postkeep.errors import PictureRefused

_FILE_HEADER = 14
_CORE_HEADER = 12
_INFO_HEADER = 40
_MASKS = (0x00FF0000, 0x0000FF00, 0x000000FF)
"""The places of red, green and blue in 32 bits: the only ones that are seen beside no masks at all."""

_NONE, _BITFIELDS = 0, 3
_MAX_HEADER = 124


@dataclass(frozen=True, slots=True)
class Bitmap:
    """What the headers of a BMP file say.

    Attributes:
        width: pixels.
        height: pixels.
        downwards: whether the first row of the file is the top one.
        bits: a pixel.
        palette: of three bands, or None.
        start: where the pixels begin, in bytes.
    """

    width: int
    height: int
    downwards: bool
    bits: int
    palette: bytes | None
    start: int

    @classmethod
    def parse(cls, content: bytes) -> "Bitmap":
        """Read the headers.

        Raises:
            PictureRefused: ``corrupt``, or ``unsupported-format`` for the compressed kinds and those of 16 bits.
        """
        try:
            start, header = struct.unpack_from("<II", content, 10)
            if header == _CORE_HEADER:
                width, height, _, bits = struct.unpack_from("<HHHH", content, 18)
                compression = used = 0
            elif _INFO_HEADER <= header <= _MAX_HEADER:
                width, height, _, bits, compression, _, _, _, used = struct.unpack_from("<iiHHIIiiI", content, 18)
            else:
                raise PictureRefused("corrupt", f"a BMP header of {header} bytes")
            if compression == _BITFIELDS and struct.unpack_from("<III", content, 54) != _MASKS:
                raise PictureRefused("unsupported-format", "a BMP with colours in unusual places")
        except struct.error as error:
            raise PictureRefused("corrupt", f"the BMP header ends early: {error}") from error
        if bits not in {1, 4, 8, 24, 32} or compression not in {_NONE, _BITFIELDS}:
            raise PictureRefused("unsupported-format", f"BMP of {bits} bits, compression {compression}")
        if width <= 0 or height == 0:
            raise PictureRefused("corrupt", f"{width} by {height}")
        palette = None
        if bits <= 8:  # noqa: PLR2004 - the kinds with a palette
            entry = 3 if header == _CORE_HEADER else 4
            count = min(used or 1 << bits, 1 << bits)
            table = content[_FILE_HEADER + header :][: count * entry]
            colours = [table[at : at + 3][::-1] for at in range(0, len(table) // entry * entry, entry)]
            palette = b"".join(colours).ljust(3 * 256, b"\x00")
        return cls(width, abs(height), height < 0, bits, palette, start)

    def pixels(self, content: bytes) -> pyvips.Image:
        """Give the picture: sRGB of eight bits. Its fourth byte is not taken for transparency, as browsers do not either.

        Raises:
            PictureRefused: ``corrupt``, if there are fewer rows than the header says.
        """
        stride = (self.width * self.bits + 31) // 32 * 4
        rows = content[self.start : self.start + stride * self.height]
        if len(rows) < stride * self.height:
            raise PictureRefused("corrupt", f"{len(rows):,} bytes of {stride * self.height:,}")
        bands = max(1, self.bits // 8)
        if self.bits < 8:  # noqa: PLR2004 - several pixels a byte
            rows = _unpacked(rows, self.bits)
            stride = stride * 8 // self.bits
        line = pyvips.Image.new_from_memory(rows, stride, self.height, 1, "uchar")
        picture = line.crop(0, 0, self.width * bands, self.height)
        if not self.downwards:
            picture = picture.flip("vertical")
        if self.palette is not None:
            table = pyvips.Image.new_from_memory(self.palette, 256, 1, 3, "uchar")
            return picture.maplut(table).copy(interpretation="srgb")
        memory = picture.write_to_memory()
        picture = pyvips.Image.new_from_memory(memory, self.width, self.height, bands, "uchar")
        blue, green, red = (picture.extract_band(band) for band in range(3))
        return red.bandjoin([green, blue]).copy(interpretation="srgb")


def _unpacked(rows: bytes, bits: int) -> bytes:
    mask = (1 << bits) - 1
    table = [bytes(value >> shift & mask for shift in range(8 - bits, -1, -bits)) for value in range(256)]
    return b"".join([table[value] for value in rows])
