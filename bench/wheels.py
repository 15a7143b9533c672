"""Whether what is shipped can be had for arm64: each lock resolved for Lambda's platform, and nothing built."""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from support.locks import locks, pins
from support.template import ROOT

FROM_SOURCE = frozenset({"pyvips"})
"""Comes as source alone, and becomes a wheel of pure Python: docs/decisions/0007-picture-library.md."""

PLATFORM = "aarch64-manylinux_2_34"
"""Amazon Linux 2023, on which Lambda's Python 3.13 runs, has glibc 2.34."""

_PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9.-]*)==", re.MULTILINE)


def shipped() -> list[Path]:
    """The locks of the functions and of the layer."""
    return [lock for lock in locks() if lock.parent.parent.name in {"functions", "layers"}]


def without(lock: str, names: frozenset[str]) -> str:
    """A lock's text without some packages."""
    pieces = re.split(r"(?m)^(?=[a-z0-9][a-z0-9.-]*==)", lock)
    return "".join(piece for piece in pieces if not (found := _PIN.match(piece)) or found["name"] not in names)


def resolved(lock: Path, command: Sequence[str] = (sys.executable, "-m", "uv", "pip", "install")) -> int:
    """How many packages of a lock have a wheel for arm64, which are all but those of :data:`FROM_SOURCE`.

    Raises:
        CalledProcessError: if one has none, or the registry cannot be reached.
    """
    with TemporaryDirectory() as folder:
        kept = Path(folder) / "requirements.txt"
        kept.write_text(without(lock.read_text("utf-8"), FROM_SOURCE), "utf-8")
        options = ["--dry-run", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
        options += ["--python-platform", PLATFORM, "--python-version", "3.13", "--target", folder, "-r", str(kept)]
        subprocess.run([*command, *options], check=True, cwd=ROOT, capture_output=True)
    return sum(pin.name not in FROM_SOURCE for pin in pins(lock))


def measure() -> dict[str, int]:
    """The number of packages with a wheel for arm64, by lock."""
    return {str(lock.parent.relative_to(ROOT)): resolved(lock) for lock in shipped()}
