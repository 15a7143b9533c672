"""Make a picture's thumbnails in one of several ways, and say what it took: one line of JSON.

    python bench/thumbnailers.py WAY FILE FOLDER

Each way writes the same files: WebP of 320, 640 and 1280 pixels in width and a JPEG of 640, at the same qualities. Run as a
process of its own (by thumbnails.py) for each picture, so that its memory is its own.
"""

import io
import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path

WIDTHS = (1280, 640, 320)
JPEG_WIDTH = 640
QUALITY = 80


def postkeep(content: bytes) -> dict[str, bytes]:
    """As the function does it, with placeholder and colour."""
    from make_thumbnail.resize import resize  # noqa: PLC0415 - importing is timed

    return {f"{one.width}.{one.format.value}": one.content for one in resize(content).thumbnails}


def avif(content: bytes) -> dict[str, bytes]:
    """The same, with AVIF."""
    from make_thumbnail.resize import resize  # noqa: PLC0415 - importing is timed

    return {f"{one.width}.{one.format.value}": one.content for one in resize(content, avif=True).thumbnails}


def pillow(content: bytes) -> dict[str, bytes]:
    """With Pillow: a JPEG is decoded at a fraction, and each size is made of the one before."""
    from PIL import Image  # noqa: PLC0415 - importing is timed

    picture: Image.Image = Image.open(io.BytesIO(content))
    width, height = picture.size
    picture.draft(None, (2 * WIDTHS[0], 2 * WIDTHS[0] * height // width))
    picture = picture.convert("RGB")
    made = {}
    for wanted in WIDTHS:
        if wanted < width:
            size = (wanted, round(height * wanted / width))
            picture = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        made[f"{picture.width}.webp"] = _saved(picture, "WEBP", quality=QUALITY, method=4)
        if wanted == JPEG_WIDTH:
            made[f"{picture.width}.jpeg"] = _saved(picture, "JPEG", quality=QUALITY, optimize=True)
    return made


def _saved(picture: "Image.Image", kind: str, **options: object) -> bytes:  # type: ignore[name-defined]  # noqa: F821 - see pillow
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


WAYS: dict[str, Callable[[bytes], dict[str, bytes]]] = {"postkeep": postkeep, "avif": avif, "pillow": pillow}


def load(way: str) -> None:
    """Import what a way needs."""
    if way == "pillow":
        from PIL import (  # noqa: PLC0415 - importing is timed
            GifImagePlugin,  # noqa: F401 - registers itself
            ImageCms,  # noqa: F401 - what colours need; unused here, since the pictures carry no profiles
            JpegImagePlugin,  # noqa: F401 - registers itself
            PngImagePlugin,  # noqa: F401 - likewise
            WebPImagePlugin,  # noqa: F401 - likewise
        )
    else:
        import make_thumbnail.resize  # noqa: F401, PLC0415 - importing is timed


def processor() -> float:
    """Seconds of user and system time so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak() -> float:
    """The most memory that was resident, in MiB: of this program alone, which ru_maxrss after an exec is not."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def main(way: str, file: Path, folder: Path) -> None:
    """Make the thumbnails of one picture."""
    bare = processor()
    load(way)
    loaded, loaded_peak = processor(), peak()
    made = WAYS[way](file.read_bytes())
    done = processor()
    for name, content in made.items():
        (folder / name).write_bytes(content)
    said = {
        "load": loaded - bare,
        "work": done - loaded,
        "loaded_peak": loaded_peak,
        "peak": peak(),
        "bytes": {name: len(content) for name, content in made.items()},
    }
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
