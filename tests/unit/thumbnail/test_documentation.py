"""docs/pictures.md against the code."""

import inspect
import re
from pathlib import Path

from make_thumbnail import fetch, guard, resize, target, thumbnailing

ROOT = Path(__file__).resolve().parents[3]
SOURCE = "".join(inspect.getsource(module) for module in (fetch, guard, resize, target, thumbnailing))


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
    limits = fetch.Limits()
    assert f"{limits.content >> 20} MiB" in text
    assert f"{limits.total:g} seconds" in text
    assert f"{resize.MAX_PIXELS // 1_000_000} million pixels" in text
    assert " and ".join(map(str, resize.WIDTHS)) + " pixels wide" in text
    assert thumbnailing.MAX_ATTEMPTS == 6
    assert [thumbnailing.wait(n).total_seconds() / 3600 for n in range(1, 6)] == [0.25, 1, 4, 16, 64]
