"""docs/upgrading.md has the migrations that there are, and the version is the same wherever it is said."""

import re
import tomllib
from importlib.metadata import version
from typing import Any

import pytest

from postkeep.upgrades import LATEST
from postkeep_local.migrations.editions import Editions
from postkeep_local.migrations.index import SearchIndex
from postkeep_local.migrations.migration import Description
from postkeep_local.migrations.texts import Texts
from support.template import ROOT, template

NOTHING: Any = None
KNOWN = [
    Editions(NOTHING, "").description,
    SearchIndex(NOTHING, NOTHING, NOTHING).description,
    Texts(NOTHING, NOTHING, NOTHING).description,
]
TEXT = (ROOT / "docs" / "upgrading.md").read_text("utf-8")
ROWS = [[cell.strip() for cell in row.strip("|\n ").split(" | ")] for row in re.findall(r"^\| \d+ \|.*$", TEXT, re.MULTILINE)]


def test_the_table_has_all_migrations() -> None:
    assert len(ROWS) == len(KNOWN) == LATEST


@pytest.mark.parametrize(("row", "told"), list(zip(ROWS, KNOWN, strict=True)))
def test_the_table_says_what_the_command_says(row: list[str], told: Description) -> None:
    number, name, needed_by, changes, _, cost = row
    assert (int(number), name, needed_by) == (told.number, f"`{told.name}`", told.needed_by)
    assert told.changes.startswith(changes)
    assert re.findall(r"\$[0-9.]*[0-9]", cost) == re.findall(r"\$[0-9.]*[0-9]", told.cost)


def test_the_version_is_the_same_wherever_it_is_said() -> None:
    said = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert template()["Outputs"]["Version"]["Value"] == said
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == said
    assert version("postkeep") == said, "make setup installs it anew"
