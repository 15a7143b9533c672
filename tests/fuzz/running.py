"""Running targets: a process of the engine for each, and what it says in the end."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fuzz.targets import FOLDER, corpus, regressions
from support.template import ROOT

WORK = ROOT / "build" / "fuzz"
"""By target: the inputs that runs on this machine found, what failed, and the log."""

_ENGINE = ROOT / ".venv-fuzz"

_INPUT_SECONDS = 20
"""For one input, of a few KB: the slowest takes a hundredth of it where the machine has nothing else to do."""

_MEMORY = 1024
"""MiB of a process: the template gives render and thumbnail as much, and an honest run takes a tenth of it."""

_GRACE = 120
"""Seconds beyond its time after which a run is ended from outside: it takes a few to import, and some to read its corpus."""

_STATISTIC = re.compile(r"^stat::(\w+):\s+(\d+)$", re.MULTILINE)
_REACHED = re.compile(r"\bcov: (\d+) ft: (\d+)\b")
_TRACE = re.compile(r"=== Uncaught Python exception: ===\n(.*?)(?=^==\d+== ERROR|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Run:
    """What became of one target.

    Attributes:
        name: of the target.
        executions: inputs tried.
        per_second: of them.
        added: inputs that reached something new, kept in :data:`WORK`.
        coverage: places of the instrumented code that were reached.
        features: likewise, with how often.
        memory: MiB at most.
        findings: inputs that failed.
        why: what failed, or why there was no run; "" where all is well.
    """

    name: str
    executions: int = 0
    per_second: int = 0
    added: int = 0
    coverage: int = 0
    features: int = 0
    memory: int = 0
    findings: tuple[Path, ...] = ()
    why: str = ""


def run_all(names: list[str], seconds: int, jobs: int, work: Path = WORK) -> list[Run]:
    """Run targets, so many at a time.

    Args:
        names: which.
        seconds: for each.
        jobs: processes.
        work: where they work.
    """
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        return list(pool.map(partial(run, seconds=seconds, work=work), names))


def run(name: str, seconds: int, work: Path = WORK) -> Run:
    """Run a target. It ends early at the first input that fails."""
    found, failed = work / name / "corpus", work / name / "failed"
    for folder in (found, failed):
        folder.mkdir(parents=True, exist_ok=True)
    before = set(failed.iterdir())
    options = [
        *(f"-max_total_time={seconds}", f"-timeout={_INPUT_SECONDS}", f"-rss_limit_mb={_MEMORY}", "-print_final_stats=1"),
        # What is slow and yet in time is no finding.
        *(f"-report_slow_units={_INPUT_SECONDS}", f"-artifact_prefix={failed}/", "-verbosity=1"),
    ]
    # What is found is written into the first folder; the others are read.
    folders = [found, *(folder for folder in (corpus(name), regressions(name)) if folder.is_dir())]
    log = work / name / "log"
    code = _engine(name, work, [*options, *map(str, folders)], log, seconds + _GRACE)
    return read(name, code, log.read_text("utf-8", "replace"), tuple(sorted(set(failed.iterdir()) - before)))


def read(name: str, code: int | None, log: str, findings: tuple[Path, ...]) -> Run:
    """What a log says.

    Args:
        name: of the target.
        code: the exit status; None where the run did not end by itself.
        log: what the engine wrote.
        findings: what failed.
    """
    said = {match[1]: int(match[2]) for match in _STATISTIC.finditer(log)}
    reached = _REACHED.findall(log)
    return Run(
        name=name,
        executions=said.get("number_of_executed_units", 0),
        per_second=said.get("average_exec_per_sec", 0),
        added=said.get("new_units_added", 0),
        coverage=int(reached[-1][0]) if reached else 0,
        features=int(reached[-1][1]) if reached else 0,
        memory=said.get("peak_rss_mb", 0),
        findings=findings,
        why="" if code == 0 and not findings else _why(code, log),
    )


def _why(code: int | None, log: str) -> str:
    if code is None:
        return "it did not end"
    if trace := _TRACE.search(log):
        return trace[1].strip()
    return "\n".join(log.strip().splitlines()[-15:]) or f"it ended with {code} and said nothing"


def merge(name: str, work: Path = WORK) -> list[Path]:
    """Keep in the repository the fewest inputs that reach all that is reached by any; those that have a name stay.

    Gives what is kept of what was found.
    """
    chosen = work / name / "chosen"
    chosen.mkdir(parents=True, exist_ok=True)
    for old in chosen.iterdir():
        old.unlink()
    kept = corpus(name)
    kept.mkdir(parents=True, exist_ok=True)
    # Whether a place is reached, and not how often: a tenth of the inputs.
    options = ["-set_cover_merge=1", "-use_counters=0", str(chosen), str(kept), str(work / name / "corpus")]
    code = _engine(name, work, options, work / name / "log", 20 * _GRACE)
    if code != 0:
        raise RuntimeError(_why(code, (work / name / "log").read_text("utf-8", "replace")))
    for old in kept.iterdir():
        if is_found(old):
            old.unlink()
    named = {file.read_bytes() for file in kept.iterdir()}
    found = [file for file in sorted(chosen.iterdir()) if file.read_bytes() not in named]
    return [file.rename(kept / file.name) for file in found]


def is_found(file: Path) -> bool:
    """Whether a kept input was found by a run, which names it by its digest, rather than written."""
    return re.fullmatch(r"[0-9a-f]{40}", file.name) is not None


def available() -> bool:
    """Whether there is atheris for this machine: it is packed for Linux on x86_64 alone."""
    return (_ENGINE / "atheris").is_dir()


def _engine(name: str, work: Path, arguments: list[str], log: Path, seconds: int) -> int | None:
    command = [sys.executable, "-m", "fuzz.engine", name, str(work / name), *arguments]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (FOLDER.parent, _ENGINE)))}
    with log.open("wb") as output:
        try:
            done = subprocess.run(
                command, cwd=work / name, env=environment, stdout=output, stderr=subprocess.STDOUT, check=False, timeout=seconds
            )
        except subprocess.TimeoutExpired:
            return None
    return done.returncode
