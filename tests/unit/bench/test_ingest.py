"""The measurements: their arithmetic, and that they run."""

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from support import metering
from support.template import ROOT


@pytest.fixture
def costs(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("bench.costs")


def test_whatever_is_counted_has_a_price(costs: ModuleType) -> None:
    counted = {metering.READS, metering.WRITES, metering.S3_GETS, metering.S3_PUTS, metering.SQS, "lambda-requests"}
    assert set(costs.prices()["per_million"]) == counted


def test_cost_by_item(costs: ModuleType) -> None:
    running = {"render": costs.Running(memory=1024, invocations=0.2, calls=5, cpu=0.010)}
    listed = costs.prices() | {"lambda": {"gigabyte_second": 0.00001, "vcpu_megabytes": 2048}}
    cost = costs.itemise({"dynamodb-write-units": 10, "sqs-requests": 2.5}, running, 1_000_000, listed)
    assert cost == {
        "dynamodb-write-units": pytest.approx(6.25),
        "sqs-requests": pytest.approx(1.0),
        "lambda-requests": pytest.approx(0.04),
        # Five calls of 8 ms, and 10 ms of a processor at half of one: 60 ms of one gigabyte.
        "lambda-duration render": pytest.approx(0.6),
    }
    with pytest.raises(KeyError):
        costs.itemise({"unknown": 1}, {}, 1, listed)


def test_more_memory_than_a_processor_needs_computes_no_faster(costs: ModuleType) -> None:
    listed = costs.prices()
    assert costs.seconds(costs.Running(3538, 1, 0, 1.0), listed) == costs.seconds(costs.Running(1769, 1, 0, 1.0), listed) == 1


def test_it_runs(tmp_path: Path) -> None:
    for number in range(6):
        path = tmp_path / "_posts" / f"2021-06-0{number + 1}-雨.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"---\ntitle: 雨 {number}\n---\n<p>文字。<img src=https://p.example/{number}.jpg></p>\n", "utf-8")
    command = [sys.executable, str(ROOT / "bench" / "ingest.py"), "--source", str(tmp_path), "--posts", "3", "--archives", "4,6"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "calls of parse" in run.stdout
    assert "together" in run.stdout
