"""How much memory a function is given: the arithmetic by hand, and that the template's settings fit what was measured."""

import importlib
from types import ModuleType
from typing import Any

import pytest

from support.template import ROOT

FUNCTIONS = ("parse", "render", "thumbnail", "index", "search", "query", "retry", "count", "reconcile")


@pytest.fixture
def tuning(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("bench.tuning")


def invented(usual: float, worst: float, peak: int, init: float, setting: float = 512) -> Any:
    """A world in which parse takes this, in seconds and MB."""
    kinds = {"a post": {"cpu": usual, "peak": 1}, "a post of 5 MiB": {"cpu": worst, "peak": peak << 20}}
    power = {"found": {"ParseFunction": kinds}, "started": {"ParseFunction": {"init": init, "peak": 1}}}
    return importlib.import_module("bench.bills").Bills({"power": power}, lambda _: setting)


def tuned(tuning: ModuleType, world: Any, **changes: Any) -> Any:
    case = tuning.Case("parse", "a post", "a post of 5 MiB", calls=5, worst_calls=5, **changes)
    return tuning.tuned(world, case)


def test_what_a_size_costs(tuning: ModuleType) -> None:
    found = tuned(tuning, invented(usual=0.010, worst=1.0, peak=60, init=0.5))
    # A seventh of a processor and a bit: 10 ms become 69.1, and five calls take 40.
    size = next(size for size in found.sizes if size.memory == 256)
    assert size.usual == pytest.approx(0.010 * 1769 / 256 + 0.040)
    assert size.worst == pytest.approx(1.0 * 1769 / 256 + 0.040)
    assert size.start == pytest.approx(0.5 * 1769 / 256)
    assert size.dollars == pytest.approx(0.20 + 1e6 * size.usual * 0.25 * 0.0000133334)


def test_beyond_a_whole_processor_more_memory_only_costs(tuning: ModuleType) -> None:
    found = tuned(tuning, invented(usual=0.010, worst=1.0, peak=60, init=0.5))
    whole, more = (next(size for size in found.sizes if size.memory == memory) for memory in (1769, 3008))
    assert whole.usual == more.usual
    assert more.dollars > whole.dollars


@pytest.mark.parametrize(
    ("peak", "worst", "init", "least"),
    [
        (60, 0.1, 0.1, 128),
        (103, 0.1, 0.1, 256),  # 103 MB and a quarter are 128.75
        (60, 5.0, 0.1, 512),  # half of 60 s, at 512 MB, is 8.7 s of a processor
        (60, 0.1, 1.0, 512),  # and 5 s of starting 1.4
        (300, 0.1, 0.1, 512),
    ],
)
def test_what_fits(tuning: ModuleType, peak: int, worst: float, init: float, least: int) -> None:
    found = tuned(tuning, invented(usual=0.001, worst=worst, peak=peak, init=init))
    assert min(size.memory for size in found.sizes if size.fits) == least


def test_a_floor_holds_whatever_was_measured(tuning: ModuleType) -> None:
    found = tuned(tuning, invented(usual=0.001, worst=0.1, peak=60, init=0.1), floor=1024, reason="for a reason")
    assert found.cheapest.memory == 1024
    page = importlib.import_module("bench.tuning_page")
    assert "for a reason" in page.why(found)
    assert "1024 MB would be" in page.why(found)


def test_the_setting_is_among_the_sizes(tuning: ModuleType) -> None:
    found = tuned(tuning, invented(usual=0.001, worst=0.1, peak=60, init=0.1, setting=640))
    assert found.now.memory == 640
    assert (
        importlib.import_module("bench.tuning_page")
        .why(tuned(tuning, invented(0.001, 0.1, 60, 0.1, 128)))
        .endswith("cheapest that fits.")
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_templates_settings_fit_what_was_recorded(tuning: ModuleType, name: str) -> None:
    bills, counting = (importlib.import_module(f"bench.{module}") for module in ("bills", "counting"))
    measured = counting.read(ROOT / "bench" / "measured.json")
    cases = {case.name: case for case in tuning.cases(measured)}
    assert tuple(sorted(cases)) == tuple(sorted(FUNCTIONS))
    assert tuning.tuned(bills.Bills(measured), cases[name]).now.fits
