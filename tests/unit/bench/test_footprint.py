"""What processes use, as the system tells it."""

import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from support.template import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells it under /proc")

BURN = "import time; held = bytearray(60_000_000)\nwhile time.process_time() < 0.3: pass"


@pytest.fixture
def footprint(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("bench.footprint")


def a_process(proc: Path, pid: int, ticks: tuple[int, int, int, int], peak: int, children: str = "") -> None:
    folder = proc / str(pid)
    (folder / "task" / str(pid)).mkdir(parents=True)
    before = " ".join(["S", *"1111111111"])
    (folder / "stat").write_text(f"{pid} (a name) with) {before} {' '.join(map(str, ticks))} 20 0")
    (folder / "status").write_text(f"Name:\tx\nVmHWM:\t  {peak} kB\n")
    (folder / "task" / str(pid) / "children").write_text(children)


def test_it_adds_up_a_process_and_its_descendants(footprint: ModuleType, tmp_path: Path) -> None:
    a_process(tmp_path, 10, (100, 50, 30, 20), 1_000, "11 12 ")
    a_process(tmp_path, 11, (5, 5, 0, 0), 500, "13")
    a_process(tmp_path, 13, (10, 0, 0, 0), 250)  # 12 has ended meanwhile
    found = footprint.Footprint(10, proc=tmp_path)
    assert found.seconds() == pytest.approx(220 / os.sysconf("SC_CLK_TCK"))
    assert found.peak == 1_750 * 1024


def test_the_peak_stays(footprint: ModuleType, tmp_path: Path) -> None:
    a_process(tmp_path, 10, (0, 0, 0, 0), 1_000)
    found = footprint.Footprint(10, proc=tmp_path)
    found.seconds()
    (tmp_path / "10" / "status").write_text("no peak is told of what has ended\n")
    found.seconds()
    assert found.peak == 1_000 * 1024


def test_a_child_that_ended_meanwhile_counts(footprint: ModuleType) -> None:
    found = footprint.Footprint(os.getpid())
    before = found.seconds()
    with found.watched():
        subprocess.run([sys.executable, "-c", BURN], check=True)
    assert found.seconds() - before >= 0.28
    assert found.peak > 60_000_000
