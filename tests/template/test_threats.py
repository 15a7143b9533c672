"""docs/threats.md names code and tests that there are, and a test for whatever it says is defended."""

import re

import pytest

from fuzz.targets import NAMES
from support.template import ROOT

TEXT = (ROOT / "docs" / "threats.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`((?:tests|functions|layers|local|docs)/[^`\s]+)`", TEXT)))
TESTED = [
    row.strip("| ").split(" | ")
    for section in re.split(r"^## ", TEXT, flags=re.MULTILINE)
    if "| tested in |" in section
    for row in re.findall(r"^\|.*\|$", section, re.MULTILINE)[2:]
]
"""The rows of the tables of what is defended."""
FUZZED = {f"tests/fuzz/{name}.py" for name in NAMES}


def test_there_is_much_to_check() -> None:
    assert len(NAMED) > 50
    assert len(TESTED) > 30


@pytest.mark.parametrize("path", NAMED)
def test_what_is_named_exists(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("row", TESTED, ids=lambda row: str(row[0]))
def test_what_is_defended_is_tested(row: list[str]) -> None:
    tests = re.findall(r"`(tests/[^`\s]+\.py)`", row[-1])
    assert tests
    for test in tests:
        text = (ROOT / test).read_text("utf-8")
        assert "def test_" in text or test == "tests/support/fuzzed.py" or (test in FUZZED and "def check(" in text)


def test_every_fuzzer_is_named() -> None:
    assert set(NAMED) >= FUZZED
