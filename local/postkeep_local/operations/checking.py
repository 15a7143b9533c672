"""Files of rules held against all that is asked of them, and the tests beside them tried, without any stack."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from postkeep.errors import RulesInvalid
from postkeep_local.operations.publishing import read_text
from postkeep_local.operations.trials import MAX_BYTES, book_with, failures, name_of_tests, read_trials, untried
from render_post import bundle


@dataclass(frozen=True, slots=True)
class Tried:
    """A test, and what is otherwise than it has it: lines for people, none where it passes."""

    title: str
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of one file.

    Attributes:
        name: the file's.
        problem: why it cannot be used; "" where it can.
        rules: how many rules it has; None for what was learnt.
        tests: the tests beside it.
        untried: its rules that no test shows.
    """

    name: str
    problem: str = ""
    rules: int | None = None
    tests: list[Tried] = field(default_factory=list)
    untried: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.problem and not any(tried.failures for tried in self.tests)


def check_files(paths: Iterable[Path]) -> Iterator[Checked]:
    """Check each file by itself, and then, where all are well, all of them together: that gives one more result if it fails.

    Args:
        paths: rules and what was learnt; tests are taken with the rules beside them, and passed over where they are given.
    """
    texts: dict[str, str] = {}
    sound = True
    for path in paths:
        if path.name.endswith(bundle.TESTS):
            continue
        checked = Checked(path.name, "two files of this name are given") if path.name in texts else _checked(path, texts)
        sound = sound and checked.passed
        yield checked
    if sound:
        try:
            bundle.check(texts)
        except RulesInvalid as invalid:
            yield Checked(invalid.name, invalid.detail)


def _checked(path: Path, texts: dict[str, str]) -> Checked:
    name = path.name
    try:
        text = texts[name] = read_text(path)
        source = bundle.check_file(name, text)
        if source is None:
            return Checked(name)
        beside = path.with_name(name_of_tests(name))
        trials = read_trials(read_text(beside, MAX_BYTES).encode(), beside.name) if beside.exists() else []
    except RulesInvalid as invalid:
        return Checked(name, f"{invalid.name}: {invalid.detail}" if invalid.name != name else invalid.detail)
    book = book_with(name, text.encode())
    tests = [Tried(trial.title, failures(trial, source, book)) for trial in trials]
    return Checked(name, rules=len(source.drops), tests=tests, untried=untried(source, trials) if trials else [])
