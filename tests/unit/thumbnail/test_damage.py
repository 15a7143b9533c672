"""Files that end early, files with errors in them, and files that unfold."""

import random
import resource
import struct
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator
from functools import cache

import pytest
from PIL import Image
from pyvips import Error

from make_thumbnail import decoding, limits
from make_thumbnail.formats import Kind
from make_thumbnail.isolation import Workshop
from make_thumbnail.resize import resize
from postkeep.errors import PictureRefused
from unit.thumbnail.drawing import FORMATS, a_picture, encoded, opened, png, refusal, turned_profile

REASONS = {"corrupt", "not-a-picture", "unsupported-format", "too-many-pixels", "too-complex"}


@pytest.fixture(scope="module")
def bench() -> Iterator[Workshop]:
    made = Workshop()
    yield made
    made.close()


@cache
def textured(width: int = 400, height: int = 400) -> Image.Image:
    """A picture no two rows of which are alike, and no row of which is plain."""
    dots = random.Random(7).randbytes(width * height // 16)  # noqa: S311 - a picture, not a secret
    return Image.frombytes("L", (width // 4, height // 4), dots).resize((width, height), Image.Resampling.BICUBIC).convert("RGB")


def outcome(bench: Workshop, content: bytes) -> str:
    """The word for what became of a picture: ``whole``, ``partial``, or the reason of its refusal."""
    try:
        return "partial" if bench.resize(content).partial else "whole"
    except PictureRefused as refused:
        return refused.reason


@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind != "JPEG"])
def test_what_ends_early_is_refused(bench: Workshop, kind: str) -> None:
    content = encoded(textured(), kind)
    for tenths in range(10):
        assert outcome(bench, content[: len(content) * tenths // 10]) in {"corrupt", "not-a-picture"}, tenths
    assert outcome(bench, content) == "whole"


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_jpeg_that_ends_early_is_kept_from_half_of_it_on(bench: Workshop, mode: str) -> None:
    content = encoded(textured().convert(mode), "JPEG", quality=90)
    found = [outcome(bench, content[: len(content) * tenths // 10]) for tenths in range(11)]
    assert found[:5] == ["not-a-picture", *["corrupt"] * 4]
    assert found[6:] == [*["partial"] * 4, "whole"]


def test_what_is_missing_of_a_jpeg_is_grey() -> None:
    content = encoded(textured(), "JPEG", quality=90)
    resizing = resize(content[: len(content) * 7 // 10])
    assert resizing.partial
    assert (resizing.width, resizing.height) == (400, 400)
    rows = opened(resizing.thumbnails[-1]).convert("RGB").crop((0, 300, 320, 320))
    assert rows.getextrema() == ((128, 128),) * 3
    rows = opened(resizing.thumbnails[-1]).convert("RGB").crop((0, 180, 320, 200))
    assert rows.getextrema() != ((128, 128),) * 3


def test_a_jpeg_with_a_grey_foot_of_its_own_is_whole() -> None:
    picture = textured().copy()
    picture.paste((128, 128, 128), (0, 100, 400, 400))
    assert not resize(encoded(picture, "JPEG")).partial


def test_a_progressive_jpeg_is_all_there_once_its_first_scan_is() -> None:
    content = encoded(textured(), "JPEG", progressive=True)
    scans = [at for at in range(len(content)) if content[at : at + 2] == b"\xff\xda"]
    resizing = resize(content[: scans[1]])
    assert resizing.partial
    assert refusal(content[: scans[0] + 20]) == "corrupt"


def test_the_end_of_file_marker_alone_may_be_missing() -> None:
    assert resize(encoded(textured(), "JPEG")[:-2]).partial


def test_of_a_cmyk_jpeg_nobody_can_tell_what_is_missing() -> None:
    content = encoded(textured().convert("CMYK"), "JPEG")
    assert refusal(content[: len(content) * 9 // 10]) == "corrupt"


def test_a_partial_picture_with_a_profile() -> None:
    content = encoded(textured(), "JPEG", icc_profile=turned_profile())
    assert resize(content[: len(content) * 8 // 10]).partial


@pytest.mark.parametrize("kind", FORMATS)
def test_flipped_bits(bench: Workshop, kind: str) -> None:
    """Eighty files of each format with one to twelve wrong bits, the same each time; none takes the decoder down."""
    whole = encoded(textured(96, 64), kind)
    dice = random.Random(kind)  # noqa: S311 - damage, not a secret
    found: Counter[str] = Counter()
    for _ in range(80):
        content = bytearray(whole)
        for _ in range(dice.randint(1, 12)):
            # Half of them in the first bytes, where the structure is.
            at = dice.randrange(len(content) if dice.random() < 0.5 else min(200, len(content)))
            content[at] ^= 1 << dice.randrange(8)
        found[outcome(bench, bytes(content))] += 1
    assert set(found) <= {"whole", "partial", *REASONS}
    assert sum(found.values()) == 80
    assert found["corrupt"] + found["not-a-picture"] >= (1 if kind != "BMP" else 0)


@pytest.mark.parametrize(
    ("width", "height"),
    [(50_000, 50_000), (50_001, 1_000), (65_536, 1), (1, 65_536), (7_072, 7_071), (20_000, 20_000), (2**31 - 1, 2**31 - 1)],
)
def test_too_many_pixels_are_refused_by_the_header(monkeypatch: pytest.MonkeyPatch, width: int, height: int) -> None:
    monkeypatch.setattr(decoding, "_thumbnail", lambda *_: pytest.fail("decoded"))
    # Libpng itself refuses more than a million a side.
    assert refusal(png(width, height)) == ("corrupt" if width > 1_000_000 else "too-many-pixels")


def test_a_webp_that_claims_too_much_is_refused_by_the_header() -> None:
    canvas = (16_382).to_bytes(3, "little") * 2
    extended = b"VP8X" + struct.pack("<I", 10) + bytes(4) + canvas
    body = b"WEBP" + extended + b"VP8L" + struct.pack("<I", 8) + b"\x2f" + bytes(7)
    assert refusal(b"RIFF" + struct.pack("<I", len(body)) + body) in {"too-many-pixels", "corrupt"}


def test_a_lossless_webp_of_the_largest_size_is_refused_by_the_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "_thumbnail", lambda *_: pytest.fail("decoded"))
    sides = 16_382 | 16_382 << 14
    body = b"WEBPVP8L" + struct.pack("<I", 64) + b"\x2f" + sides.to_bytes(4, "little") + bytes(59)
    assert refusal(b"RIFF" + struct.pack("<I", len(body)) + body) == "too-many-pixels"


def test_the_largest_pictures_that_are_taken_stay_within_the_memory(bench: Workshop) -> None:
    """Plain ones, so that the files are small; decoding knows no difference."""
    large = Image.new("RGBA", (10_000, 5_000), (200, 30, 30, 255))
    for kind, options in (("PNG", {}), ("WEBP", {"lossless": True, "method": 0}), ("GIF", {})):
        content = encoded(large, kind, **options)
        assert outcome(bench, content) == "whole", kind
    progressive = encoded(large.convert("RGB"), "JPEG", progressive=True)
    assert outcome(bench, progressive) == "whole"
    rows = (b"\x00" + bytes(5_000 // 2)) * 12_000  # more than all passes together need
    assert outcome(bench, png(10_000, 5_000, rows=rows, interlaced=True)) in {"whole", "corrupt"}


def test_text_that_unfolds_is_not_unfolded(bench: Workshop) -> None:
    bomb = b"comment\x00\x00" + zlib.compress(bytes(400_000_000))
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    assert outcome(bench, png(8, 8, (b"zTXt", bomb), rows=bytes(8 * 9))) in {"whole", "corrupt", "too-complex"}
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 5


def test_a_profile_that_unfolds_is_not_unfolded(bench: Workshop) -> None:
    bomb = b"icc\x00\x00" + zlib.compress(bytes(400_000_000))
    assert outcome(bench, png(8, 8, (b"iCCP", bomb), rows=bytes(8 * 9))) in {"whole", "corrupt", "too-complex"}


def gif(frames: int) -> bytes:
    """A GIF of many frames of one pixel."""
    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes([0, 0, 0, 255, 255, 255])
    frame = b"\x21\xf9\x04\x00\x01\x00\x00\x00" + b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return head + frame * frames + b"\x3b"


def test_thousands_of_frames(bench: Workshop) -> None:
    assert bench.resize(gif(5_000)).animated
    assert outcome(bench, gif(limits.MAX_FRAMES)) == "whole"
    assert outcome(bench, gif(limits.MAX_FRAMES + 1)) == "too-complex"
    assert outcome(bench, gif(500_000)) == "too-complex"  # 10 MB


def tiff(entries: dict[int, tuple[int, int]], *, extra: bytes = b"", following: int = 0) -> bytes:
    """A TIFF of one directory of numbers: a tag's type (3 is short, 4 long) and value; then whatever."""
    rows = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, (kind, value) in sorted(entries.items()))
    return b"II*\x00" + struct.pack("<I", 8) + struct.pack("<H", len(entries)) + rows + struct.pack("<I", following) + extra


def tiff_of(width: int, height: int, **other: int) -> dict[int, tuple[int, int]]:
    tags = {"compression": 259, "strip": 273, "rows": 278, "count": 279, "tile_width": 322, "tile_height": 323, "tile": 324}
    plain = {256: (4, width), 257: (4, height), 258: (3, 8), 262: (3, 1), 277: (3, 1)}
    return plain | {tags[name]: (4, value) for name, value in other.items()}


@pytest.mark.parametrize(
    ("content", "reasons"),
    [
        # A directory that is its own successor.
        (
            tiff(tiff_of(8, 8, compression=1, strip=8, rows=8, count=64), following=8, extra=bytes(64)),
            {"whole", "corrupt", "too-complex"},
        ),
        # A strip of four gigabytes, outside the file.
        (tiff(tiff_of(8, 8, compression=1, strip=2**32 - 1, rows=8, count=2**32 - 1)), {"corrupt"}),
        # One tile of 65,536 by 65,536 for a picture of eight by eight.
        (
            tiff(tiff_of(8, 8, compression=1, tile_width=65_536, tile_height=65_536, tile=8) | {325: (4, 64)}, extra=bytes(64)),
            {"corrupt", "too-complex"},
        ),
        # No size at all, none that is one, and too much of it.
        (tiff({}), {"corrupt"}),
        (tiff(tiff_of(0, 0, compression=1, strip=8, rows=8, count=64)), {"corrupt"}),
        (tiff(tiff_of(60_000, 60_000, compression=1, strip=8, rows=60_000, count=64), extra=bytes(64)), {"too-many-pixels"}),
        # More samples a pixel than anybody has.
        (
            tiff(tiff_of(8, 8, compression=1, strip=8, rows=8, count=64) | {277: (3, 65_535)}, extra=bytes(64)),
            {"corrupt", "too-complex"},
        ),
        # Deflate that unfolds to more than the strip.
        (
            tiff(
                tiff_of(8, 8, compression=8, strip=8 + 2 + 12 * 9 + 4, rows=8, count=400_000),
                extra=zlib.compress(bytes(300_000_000)),
            ),
            {"whole", "corrupt"},
        ),
    ],
)
def test_tricks_of_tiff(bench: Workshop, content: bytes, reasons: set[str]) -> None:
    assert outcome(bench, content) in reasons


def test_thousands_of_pages(bench: Workshop) -> None:
    page = tiff_of(8, 8, compression=1, strip=8, rows=8, count=64)
    size = 2 + 12 * len(page) + 4
    rows = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, (kind, value) in sorted(page.items()))
    pages = 20_000
    directories = b"".join(struct.pack("<H", len(page)) + rows + struct.pack("<I", 8 + size * (n + 1)) for n in range(pages))
    content = b"II*\x00" + struct.pack("<I", 8) + directories[:-4] + struct.pack("<I", 0)
    assert outcome(bench, content) in {"too-complex", "corrupt"}


def test_a_jpeg_of_thousands_of_scans_is_refused() -> None:
    content = encoded(a_picture(64, 64), "JPEG", progressive=True)
    end = content.rindex(b"\xff\xd9")
    last = content[content.rindex(b"\xff\xda") : end]
    assert refusal(content[:end] + last * 200 + b"\xff\xd9") == "too-complex"
    assert resize(content).width == 64


def test_two_formats_in_one_file_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(decoding._LOADERS, Kind.PNG, "jpegload_buffer")
    assert refusal(encoded(a_picture(8, 8), "PNG")) == "corrupt"


def test_a_lack_of_memory_is_told_from_damage() -> None:
    assert decoding._corrupt(Error("unable to call", "vips_tracked: out of memory --- size == 800MB")).reason == "too-complex"
    assert decoding._corrupt(Error("", "")).reason == "corrupt"


def test_nothing_is_said_of_odd_files() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = resize(encoded(textured().convert("RGBA").quantize(8), "PNG"))
        assert result.width == 400
        assert refusal(b"\x00\x00\x00\x18ftypavif") == "corrupt"
    assert not caught
