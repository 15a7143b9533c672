"""Draw pictures that compress like photographs: gradients, edges and octaves of noise, from a fixed seed.

    python bench/photographs.py FOLDER [NAME…]

Run as a process of its own (by thumbnails.py), since what measures must stay small. A file that is there is kept.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING or __name__ == "__main__":  # whoever only asks for the names stays small
    import pyvips

SEED = 20_210_629

MEGAPIXELS = {"0.1": (368, 276), "0.5": (816, 612), "2": (1_632, 1_224), "8": (3_264, 2_448), "24": (5_656, 4_242)}
"""Sizes in pixels, all 4:3 as cameras have it."""

FORMATS = ("jpeg", "png", "webp", "gif")

_FRAMES = 4
"""Of an animated GIF; only the first of them is wanted."""

_TEXTURE = 110.0
"""Shades: how strong the coarsest octave is."""

_SENSOR = 2.5
"""Shades: the deviation of a sensor's noise."""

_STEP = 16
"""Shades between which the PNG and GIF have none: they are drawings and screenshots rather than photographs."""


@dataclass(frozen=True, slots=True)
class Photograph:
    """A picture's file.

    Attributes:
        kind: of :data:`FORMATS`.
        megapixels: a key of :data:`MEGAPIXELS`.
    """

    kind: str
    megapixels: str

    @property
    def name(self) -> str:
        """Of the file."""
        return f"{self.megapixels}.{self.kind}"


def photographs() -> list[Photograph]:
    """All of them, the smallest first."""
    return [Photograph(kind, size) for size in MEGAPIXELS for kind in FORMATS]


def draw(width: int, height: int, seed: int) -> "pyvips.Image":
    """Draw a scene: a sky, hills, texture that is finer the weaker it is, things with corners, and a sensor's noise."""
    place = pyvips.Image.xyz(width, height)
    across, down = place[0] / width, place[1] / height
    texture = _texture(width, height, seed)
    scene = (down * 100 + 90).bandjoin([across * 40 + 120, down * -120 + 220])
    for hill in range(4):
        ridge = (across * (600 + 300 * hill) + 70 * hill).sin() * 0.06 + texture / 900 + (0.35 + 0.15 * hill)
        tint = [(60 + 50 * hill * band) % 150 + 30 for band in (1, 2, 3)]
        scene = (down > ridge).ifthenelse(texture * [0.4, 0.5, 0.35] + tint, scene)
    scene += texture * 0.15
    for number in range(60):  # what people make has edges
        wide, high = 4 + number * 7 % max(5, width // 14), 4 + number * 11 % max(5, height // 10)
        left, top = number * 7_919 % (width - wide), height // 2 + number * 104_729 % (height // 2 - high)
        colour = [number * step % 256 for step in (40, 90, 140)]
        scene = scene.insert(pyvips.Image.black(wide, high, bands=3) + colour, left, top)
    noise = pyvips.Image.gaussnoise(width, height, mean=0, sigma=_SENSOR, seed=seed)
    return (scene + noise).cast("uchar").copy(interpretation="srgb").copy_memory()


def _texture(width: int, height: int, seed: int) -> "pyvips.Image":
    """Octaves of noise, whose strength falls with their frequency, as in natural scenes (Field 1987)."""
    texture, cells = pyvips.Image.black(width, height).cast("float"), 4
    while cells <= width:
        grid = pyvips.Image.gaussnoise(cells, max(2, cells * 3 // 4), mean=0, sigma=_TEXTURE / cells**0.6, seed=seed + cells)
        texture += grid.resize(width / grid.width, vscale=height / grid.height, kernel="cubic").crop(0, 0, width, height)
        cells *= 2
    return texture.copy_memory()


def encode(picture: "pyvips.Image", kind: str) -> bytes:
    """Write a file as cameras and sites do: JPEG at 90, WebP at 85, a GIF of several frames that differ a little."""
    flat = (picture / _STEP).floor() * _STEP
    match kind:
        case "jpeg":
            return bytes(picture.jpegsave_buffer(Q=90))
        case "png":
            return bytes(flat.cast("uchar").pngsave_buffer())
        case "webp":
            return bytes(picture.webpsave_buffer(Q=85))
        case "gif":
            frames = [flat.insert(pyvips.Image.black(50, 50, bands=3), 10 * number, 10) for number in range(_FRAMES)]
            film = pyvips.Image.arrayjoin(frames, across=1).cast("uchar").copy(interpretation="srgb").copy()
            film.set_type(pyvips.GValue.gint_type, "page-height", picture.height)
            return bytes(film.gifsave_buffer(effort=1, dither=0))
        case _:
            raise ValueError(kind)


def write(folder: Path, wanted: Iterable[Photograph]) -> None:
    """Draw those that are not there."""
    folder.mkdir(parents=True, exist_ok=True)
    for photograph in wanted:
        path = folder / photograph.name
        if not path.exists():
            path.write_bytes(encode(draw(*MEGAPIXELS[photograph.megapixels], SEED), photograph.kind))


if __name__ == "__main__":
    write(Path(sys.argv[1]), [photograph for photograph in photographs() if photograph.name in sys.argv[2:] or not sys.argv[2:]])
