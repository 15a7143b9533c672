"""The rules of each source that ships, on a page in the shape of that source's."""

import tomllib
from importlib.resources import files
from typing import Any

import pytest

from postkeep.post import Metadata
from render_post import rules
from render_post.rendition import render

SOURCES = files("render_post").joinpath("rules", "sources")
NAMES = sorted(entry.name for entry in SOURCES.iterdir() if entry.name.endswith(".toml"))
RULES = [name for name in NAMES if not name.endswith(".tests.toml")]


def cases_of(name: str) -> list[dict[str, Any]]:
    path = SOURCES.joinpath(name.removesuffix(".toml") + ".tests.toml")
    return tomllib.loads(path.read_text("utf-8")).get("tests", []) if path.is_file() else []


CASES = [pytest.param(name, test, id=f"{name}: {test.get('title')}") for name in RULES for test in cases_of(name)]


@pytest.mark.parametrize("name", RULES)
def test_each_source_has_cases_of_all_its_rules(name: str) -> None:
    tests = cases_of(name)
    assert tests, f"{name} has no [[tests]] in a .tests.toml beside it"
    source = rules.parse(SOURCES.joinpath(name).read_bytes(), name)
    removed = {rule for test in tests for rule in test["removed"]}
    # What holds pictures alone is not listed among what was removed: the test names such rules as silent.
    assert {drop.name for drop in source.drops} <= removed | {drop for test in tests for drop in test.get("silent", [])}


def test_no_tests_are_without_their_rules() -> None:
    assert {name.replace(".tests.toml", ".toml") for name in NAMES} == set(RULES)


@pytest.mark.parametrize(("name", "test"), CASES)
def test_source(name: str, test: dict[str, Any]) -> None:
    assert set(test) <= {"title", "html", "text", "removed", "silent"}
    source = rules.parse(SOURCES.joinpath(name).read_bytes(), name)
    metadata = (
        Metadata(title=test["title"], source_url=f"https://{source.hosts[0]}/post")
        if source.hosts
        else Metadata(title=test["title"], author=source.authors[0])
    )
    rendered = render(test["html"], metadata, "source/_posts/post.html")
    assert rendered.text == test["text"].strip()
    assert [dropped.rule for dropped in rendered.removed] == test["removed"]
