"""Tables, money and paragraphs."""

import importlib
from types import ModuleType

import pytest

from support.template import ROOT


@pytest.fixture
def markdown(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("bench.markdown")


@pytest.mark.parametrize(
    ("dollars", "expected"),
    [
        (0, "–"),
        (12.3, "$12.30"),
        (1234.5, "$1,234.50"),
        (0.256, "$0.26"),
        (0.0999, "$0.100"),
        (0.0047, "$0.0047"),
        (0.00000123, "$0.0000012"),
        (1, "$1.00"),
    ],
)
def test_money(markdown: ModuleType, dollars: float, expected: str) -> None:
    assert markdown.money(dollars) == expected


def test_columns_of_figures_are_right_aligned(markdown: ModuleType) -> None:
    found = markdown.table(["", "dollars", "why"], [["a", "$1.00", "so"], ["b", "–", "2"], ["c", "**+$3.00**", "x"]])
    assert found.splitlines()[:3] == ["|  | dollars | why |", "| --- | ---: | --- |", "| a | $1.00 | so |"]


def test_a_row_has_as_many_cells_as_there_are_columns(markdown: ModuleType) -> None:
    with pytest.raises(ValueError, match="another number of cells"):
        markdown.table(["a", "b"], [["1"]])


def test_paragraphs_are_filled_and_the_rest_is_left(markdown: ModuleType) -> None:
    word = "word " * 20
    found = markdown.filled(f"# Head\n\n\n{word}\n{word}\n| a | {'b ' * 100}|\n| c |\n- {word}{word}\n- two\nlines\n")
    lines = found.splitlines()
    assert lines[0:2] == ["# Head", ""]
    assert lines[2].startswith("word word")
    assert max(len(line) for line in lines if not line.startswith("|")) <= 130
    assert [line for line in lines if line.startswith("|")] == [f"| a | {'b ' * 100}|", "| c |"]
    assert lines[-1] == "- two lines"
    assert lines[-2].startswith("  word")
    assert "\n\n\n" not in found
