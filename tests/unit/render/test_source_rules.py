"""The rules of each source that ships, on a page in the shape of that source's."""

from importlib.resources import files

import pytest

from postkeep_local.operations.trials import Trial, failures, name_of_tests, read_trials, untried
from render_post import rules
from render_post.bundle import TESTS
from render_post.rulebook import shipped

SOURCES = files("render_post").joinpath("rules", "sources")
NAMES = sorted(entry.name for entry in SOURCES.iterdir() if entry.name.endswith(".toml"))
RULES = [name for name in NAMES if not name.endswith(TESTS)]


def trials_of(name: str) -> list[Trial]:
    path = SOURCES.joinpath(name_of_tests(name))
    return read_trials(path.read_bytes(), path.name) if path.is_file() else []


CASES = [pytest.param(name, trial, id=f"{name}: {trial.title}") for name in RULES for trial in trials_of(name)]


@pytest.mark.parametrize("name", RULES)
def test_each_source_has_cases_of_all_its_rules(name: str) -> None:
    trials = trials_of(name)
    assert trials, f"{name} has no [[tests]] in a .tests.toml beside it"
    assert untried(rules.parse(SOURCES.joinpath(name).read_bytes(), name), trials) == []


def test_no_tests_are_without_their_rules() -> None:
    assert {name.replace(TESTS, ".toml") for name in NAMES} == set(RULES)


@pytest.mark.parametrize(("name", "trial"), CASES)
def test_source(name: str, trial: Trial) -> None:
    source = rules.parse(SOURCES.joinpath(name).read_bytes(), name)
    assert failures(trial, source, shipped()) == []
