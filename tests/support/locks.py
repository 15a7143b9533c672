"""What the lock files hold, as uv writes them: pins, hashes, markers, and what asked for each."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

LAYER = ROOT / "layers" / "postkeep"

_PIN = re.compile(r"^([a-z0-9][a-z0-9.-]*)==([^\s;]+)(?: ; ([^\\]+?))? \\$")
_HASH = re.compile(r"^    --hash=sha256:([0-9a-f]{64})(?: \\)?$")
_VIA = re.compile(r"^    # (?:via |  )(\S.*)$")


@dataclass(frozen=True, slots=True)
class Pin:
    """One package of a lock.

    Attributes:
        name: normalised.
        version: the one that is installed.
        marker: where it is installed (PEP 508); "" for everywhere.
        hashes: the SHA-256 of each file that is accepted, in hexadecimal.
        wanted_by: the packages that need it; none where a requirements.in names it alone.
    """

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    wanted_by: tuple[str, ...]


def locks() -> list[Path]:
    """All lock files."""
    places = ("local/requirements*.txt", "bench/requirements*.txt", "functions/*/requirements.txt", "layers/*/requirements.txt")
    return sorted(path for place in places for path in ROOT.glob(place))


def pins(lock: Path) -> list[Pin]:
    """The packages of a lock, in its order.

    Raises:
        ValueError: if a line is none of uv's.
    """
    found: list[Pin] = []
    for line in lock.read_text("utf-8").splitlines():
        if begun := _PIN.match(line):
            found.append(Pin(begun[1], begun[2], begun[3] or "", (), ()))
        elif (digest := _HASH.match(line)) and found:
            found.append(_with(found.pop(), hashes=(digest[1],)))
        elif (via := _VIA.match(line)) and found:
            found.append(_with(found.pop(), wanted_by=() if via[1].startswith("-") else (via[1],)))
        elif line.strip() not in {"", "# via"} and not line.startswith("#"):
            raise ValueError(f"{lock}: {line!r} is no line of a lock")
    return found


def _with(pin: Pin, *, hashes: tuple[str, ...] = (), wanted_by: tuple[str, ...] = ()) -> Pin:
    return Pin(pin.name, pin.version, pin.marker, pin.hashes + hashes, pin.wanted_by + wanted_by)
