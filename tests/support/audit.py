"""Holds the packages of all lock files against what is known of vulnerabilities, with pip-audit: make audit.

Where nobody can be asked (no network, a registry that tells nothing) nothing is found out, and it says so and succeeds, unless it
is told that it must be found out (``--required``). A vulnerability fails, unless ``local/waivers.toml`` lets it through.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from support.locks import LAYER, ROOT, Pin, locks, pins

WAIVERS = ROOT / "local" / "waivers.toml"
PIP_AUDIT = ROOT / ".venv-audit" / "bin" / "pip-audit"

_PROBE_SECONDS, _SECONDS = 20, 600
"""How long is waited for an answer about the layer's few packages, which shows whether anybody answers, and about all of them."""

_SOCKET_SECONDS = 5


class AuditImpossible(Exception):
    """Nobody told anything."""


class AuditFailed(Exception):
    """What is wrong, a line each."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """A vulnerability that is let through.

    Attributes:
        id: one of its names.
        package: in which.
        until: the last day of it.
        reason: why it does no harm.
    """

    id: str
    package: str
    until: date
    reason: str


type Asking = Callable[[Sequence[str], int], subprocess.CompletedProcess[str]]
"""Runs pip-audit with some arguments, for some seconds at most."""


def waivers(file: Path) -> list[Waiver]:
    """What is let through.

    Raises:
        AuditFailed: if the file does not say it as its head shows.
    """
    try:
        found = [Waiver(**waived) for waived in tomllib.loads(file.read_text("utf-8")).get("waived", [])]
    except (TypeError, tomllib.TOMLDecodeError) as error:
        raise AuditFailed(f"{file.name}: {error}") from error
    for one in found:
        if not isinstance(one.until, date) or isinstance(one.until, datetime) or not str(one.reason).strip():
            raise AuditFailed(f"{file.name}: {one.id} needs a day and a reason")
    return found


def audit(ask: Asking, let_through: Sequence[Waiver], today: date) -> list[str]:
    """Ask about the layer's packages, then about all.

    Returns:
        what is to be told, a line each.

    Raises:
        AuditImpossible: if nobody tells anything.
        AuditFailed: if there is a vulnerability that is not let through, a package that nothing is known of while others are
            known, or a waiver that is over.
    """
    _asked(ask, pins(LAYER / "requirements.txt"), _PROBE_SECONDS)
    wanted = list({(pin.name, pin.version): pin for lock in locks() for pin in pins(lock)}.values())
    found = _asked(ask, wanted, _SECONDS)
    wrong = [f"{one['name']}: nothing is known of it: {one['skip_reason']}" for one in found if "skip_reason" in one]
    told, used = [f"audit: {len(wanted)} packages were asked about"], set()
    for package in found:
        for vulnerability in package.get("vulns", []):
            names = {vulnerability["id"], *vulnerability.get("aliases", [])}
            waiver = next((one for one in let_through if one.id in names and one.package == package["name"]), None)
            said = f"{package['name']} {package['version']}: {vulnerability['id']}"
            if waiver is None:
                mended = ", ".join(vulnerability.get("fix_versions", [])) or "no version yet"
                wrong.append(f"{said} (mended in {mended})")
            elif waiver.until < today:
                wrong.append(f"{said}: it was let through until {waiver.until}")
            else:
                used.add(waiver)
                told.append(f"audit: {said} is let through until {waiver.until}: {waiver.reason}")
    told += [
        f"audit: {one.id} of {one.package} is not found any more: its waiver can go" for one in let_through if one not in used
    ]
    if wrong:
        raise AuditFailed("\n".join(wrong))
    return told


def _asked(ask: Asking, wanted: Iterable[Pin], seconds: int) -> list[dict[str, Any]]:
    """What pip-audit says of each of some packages."""
    with tempfile.TemporaryDirectory(prefix="postkeep-audit-") as folder:
        # Of several versions of one package each has a file of its own: pip-audit takes one a file.
        files: list[list[Pin]] = []
        for pin in wanted:
            place = next((file for file in files if pin.name not in {one.name for one in file}), None)
            if place is None:
                files.append(place := [])
            place.append(pin)
        arguments = ["--disable-pip", "--no-deps", "--format", "json", "--progress-spinner", "off"]
        for number, file in enumerate(files):
            path = Path(folder) / f"{number}.txt"
            path.write_text("".join(f"{pin.name}=={pin.version}\n" for pin in file), "utf-8")
            arguments += ["--requirement", str(path)]
        # A run that asks nobody shows whether it understands the question: what fails then is the asking.
        dry = ask([*arguments, "--dry-run"], seconds)
        if dry.returncode:
            raise AuditFailed(f"pip-audit cannot read the locks: {dry.stderr.strip()}")
        try:
            answer = ask(arguments, seconds)
        except subprocess.TimeoutExpired:
            raise AuditImpossible(f"no answer within {seconds} s") from None
    try:
        found: list[dict[str, Any]] = json.loads(answer.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        raise AuditImpossible((answer.stderr.strip().splitlines() or ["it said nothing"])[-1]) from None
    if all("skip_reason" in one for one in found):
        raise AuditImpossible("the registry that is asked knows none of the packages")
    return found


def pip_audit(arguments: Sequence[str]) -> Asking:
    """pip-audit, with further arguments."""

    def ask(asked: Sequence[str], seconds: int) -> subprocess.CompletedProcess[str]:
        command = [str(PIP_AUDIT), "--timeout", str(_SOCKET_SECONDS), *arguments, *asked]
        return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)

    return ask


def main(words: Sequence[str] | None = None, ask: Asking | None = None, file: Path = WAIVERS) -> int:
    """Do it, and say what came out.

    Returns:
        0 where nothing is wrong, or nobody could be asked; 1 otherwise.
    """
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--required", action="store_true", help="fail where nobody can be asked")
    arguments.add_argument("--osv-url", metavar="URL", help="ask an OSV service instead of the package registry")
    given = arguments.parse_args(words)
    service = ["--vulnerability-service", "osv", "--osv-url", given.osv_url] if given.osv_url else []
    try:
        lines = audit(ask or pip_audit(service), waivers(file), datetime.now(UTC).date())
    except AuditImpossible as impossible:
        print(f"audit: SKIPPED, the known vulnerabilities cannot be asked for: {impossible}")  # noqa: T201 (its user reads it)
        return int(given.required)
    except AuditFailed as failed:
        print(f"audit: FAILED\n{failed}", file=sys.stderr)  # noqa: T201 (likewise)
        return 1
    print("\n".join([*lines, "audit: no vulnerability is known but what is let through"]))  # noqa: T201 (likewise)
    return 0


if __name__ == "__main__":
    sys.exit(main())
