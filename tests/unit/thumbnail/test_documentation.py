"""docs/pictures.md against the code."""

import inspect
import re
from pathlib import Path

from make_thumbnail import (
    bitmap,
    decoding,
    encoding,
    fetch,
    formats,
    guard,
    isolation,
    limits,
    making,
    placeholder,
    resize,
    target,
    thumbnailing,
)

ROOT = Path(__file__).resolve().parents[3]
SOURCE = "".join(
    inspect.getsource(module)
    for module in (bitmap, decoding, fetch, formats, guard, isolation, making, resize, target, thumbnailing)
)


def test_every_reason_is_documented_and_none_besides() -> None:
    text = (ROOT / "docs" / "pictures.md").read_text("utf-8")
    rows = [line.split("|") for line in text.splitlines() if line.startswith(("| `waiting`", "| `failed`"))]
    documented = {word for row in rows for word in re.findall(r"`([a-z-]+)`", row[2])}
    raised = set(re.findall(r"(?:Picture(?:Refused|Unavailable)|_failed)\([^)\"]*\"([a-z-]+)\"", SOURCE))
    assert len(raised) > 15
    assert raised <= documented
    # The others stand in tables and conditions: each at least is a string of the code.
    assert {word for word in documented if f'"{word}"' not in SOURCE} == set()
    assert set(fetch._REFUSALS.values()) | {"client-error", "server-error", "no-such-host", "dns"} <= documented


def test_the_numbers() -> None:
    text = (ROOT / "docs" / "pictures.md").read_text("utf-8")
    fetching = fetch.Limits()
    assert f"{fetching.content >> 20} MiB" in text
    assert f"{fetching.total:g} seconds" in text
    assert f"{limits.MAX_PIXELS // 1_000_000} million pixels" in text
    assert f"{limits.MAX_FRAMES:,} frames" in text
    assert f"{limits.MAX_SCANS} scans" in text
    assert f"{limits.CPU_SECONDS} seconds of the processor" in text
    assert f"{limits.MEMORY >> 20} MiB" in text
    assert limits.LEAST_SHARE == 0.5
    assert f"quality {encoding.WEBP_QUALITY}" in text
    assert f"{placeholder.MAX_SIDE} pixels" in text
    assert "320, 640 and 1280 pixels wide" in text
    assert resize.WIDTHS == (320, 640, 1280)
    assert f"JPEG of {resize.JPEG_WIDTH} pixels" in text
    assert thumbnailing.MAX_ATTEMPTS == 6
    assert [thumbnailing.wait(n).total_seconds() / 3600 for n in range(1, 6)] == [0.25, 1, 4, 16, 64]
