"""What is shown until a thumbnail has come: a ThumbHash, and the dominant colour.

ThumbHash (Evan Wallace, https://evanw.github.io/thumbhash/) packs the shape and the coarsest waves of a picture into 25 bytes at
most. The packages on PyPI do not serve: see docs/decisions/0007-picture-library.md. The tests hold this to what its author's own
code gives.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

MAX_SIDE = 32
"""Pixels of the picture that is looked at. The waves have seven periods at most, so more would show nothing more."""

_OPAQUE = 128
"""Alpha from which a pixel counts for the dominant colour."""


@dataclass(frozen=True, slots=True)
class _Channel:
    """The waves of one channel.

    Attributes:
        constant: the mean.
        waves: the others, from -1 to 1 of the scale; 0.5 is nothing.
        scale: the greatest of them.
    """

    constant: float
    waves: Sequence[float]
    scale: float


def thumbhash(width: int, height: int, rgba: bytes) -> bytes:
    """Make the ThumbHash of a picture.

    Args:
        width: pixels, 100 at most.
        height: likewise.
        rgba: the pixels by rows, four bytes each, the colours not multiplied by alpha.

    Raises:
        ValueError: if the sizes do not fit.
    """
    count = width * height
    if not (0 < width <= 100 and 0 < height <= 100 and len(rgba) == 4 * count):  # noqa: PLR2004 - the reference's own bound
        raise ValueError(f"{width} by {height} with {len(rgba)} bytes")
    alphas = [value / 255 for value in rgba[3::4]]
    opaque = sum(alphas)
    means = [sum(a / 255 * v for a, v in zip(alphas, rgba[band::4], strict=True)) / (opaque or 1) for band in range(3)]
    red, green, blue = (
        [mean * (1 - a) + a / 255 * v for a, v in zip(alphas, rgba[band::4], strict=True)] for band, mean in enumerate(means)
    )
    transparent = opaque < count
    limit, longest = 5 if transparent else 7, max(width, height)
    across = max(1, _round(limit * width / longest))
    down = max(1, _round(limit * height / longest))

    light = [(r + g + b) / 3 for r, g, b in zip(red, green, blue, strict=True)]
    yellow = [(r + g) / 2 - b for r, g, b in zip(red, green, blue, strict=True)]
    reddish = [r - g for r, g in zip(red, green, strict=True)]
    waves_l = _waves(light, width, max(3, across), max(3, down))
    waves_p = _waves(yellow, width, 3, 3)
    waves_q = _waves(reddish, width, 3, 3)
    channels = [waves_l, waves_p, waves_q]

    landscape = width > height
    head = (
        _round(63 * waves_l.constant)
        | _round(31.5 + 31.5 * waves_p.constant) << 6
        | _round(31.5 + 31.5 * waves_q.constant) << 12
        | _round(31 * waves_l.scale) << 18
        | transparent << 23
    )
    rest = (down if landscape else across) | _round(63 * waves_p.scale) << 3 | _round(63 * waves_q.scale) << 9 | landscape << 15
    packed = bytearray(head.to_bytes(3, "little") + rest.to_bytes(2, "little"))
    if transparent:
        waves_a = _waves(alphas, width, 5, 5)
        packed.append(_round(15 * waves_a.constant) | _round(15 * waves_a.scale) << 4)
        channels.append(waves_a)
    nibbles = [_round(15 * wave) for channel in channels for wave in channel.waves]
    if len(nibbles) % 2:
        nibbles.append(0)
    packed += bytes(low | high << 4 for low, high in zip(nibbles[::2], nibbles[1::2], strict=True))
    return bytes(packed)


def _waves(values: Sequence[float], width: int, across: int, down: int) -> _Channel:
    """The cosine transform, one direction after the other; only its upper left triangle is kept."""
    height = len(values) // width
    rows = [values[start : start + width] for start in range(0, len(values), width)]
    constant, waves = 0.0, []
    bases = [[math.cos(math.pi / width * cx * (x + 0.5)) for x in range(width)] for cx in range(across)]
    # By column of the transform, the rows' sums.
    sums = [[math.sumprod(row, base) for row in rows] for base in bases]
    for cy in range(down):
        base = [math.cos(math.pi / height * cy * (y + 0.5)) for y in range(height)]
        for cx in range(math.ceil(across * (down - cy) / down)):
            value = math.sumprod(sums[cx], base) / (width * height)
            if cx or cy:
                waves.append(value)
            else:
                constant = value
    scale = max(map(abs, waves))
    return _Channel(constant, [0.5 + 0.5 / scale * wave for wave in waves] if scale else waves, scale)


def _round(value: float) -> int:
    """Round halves up, as JavaScript does and Python does not."""
    return math.floor(value + 0.5)


def dominant(rgba: bytes) -> str:
    """The colour that most of a picture has: the mean of the fullest of 512 cells of colours, as ``#rrggbb``.

    Args:
        rgba: pixels, four bytes each. If all are transparent the colour is white, on which such pictures are shown.
    """
    cells: defaultdict[tuple[int, int, int], list[tuple[int, int, int]]] = defaultdict(list)
    for red, green, blue, alpha in zip(rgba[0::4], rgba[1::4], rgba[2::4], rgba[3::4], strict=True):
        if alpha >= _OPAQUE:
            cells[red >> 5, green >> 5, blue >> 5].append((red, green, blue))
    if not cells:
        return "#ffffff"
    # Of two that are as full, the lower one: any rule will do that gives the same answer twice.
    _, fullest = max(cells.items(), key=lambda cell: (len(cell[1]), [-part for part in cell[0]]))
    return "#" + "".join(f"{_round(sum(band) / len(fullest)):02x}" for band in zip(*fullest, strict=True))
