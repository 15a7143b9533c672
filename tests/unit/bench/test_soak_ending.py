"""What a soak makes of what it finds in the end, and what its command says."""

import json
import signal
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from support.template import ROOT

if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from bench import soak, soak_ending
from bench.soak_checks import Difference
from bench.soak_ending import Ending
from bench.soak_posts import Plan
from bench.soak_processes import Census, Life, Sample
from bench.soak_report import Figures

LOST = Difference("lost", "the table", "a.md")
LETTER = SimpleNamespace(reason="Unhandled", content="an event")


class Stage:
    """An ending in which verifications, reconciles and redrives come out as they are told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.figures, self.said, self.done = Figures(), list[str](), list[str]()
        self.verified: list[list[Difference]] = []
        self.reconciled: list[dict[str, int]] = []
        self.letters: list[Any] = []
        self.stayed: list[Any] = []

        def verified(*_: Any) -> list[Difference]:
            self.done.append("verified")
            return list(self.verified.pop(0))

        def reconciled(_: Any, *, check_only: bool) -> Any:
            self.done.append("looked" if check_only else "reconciled")
            return SimpleNamespace(tally=SimpleNamespace(counts=self.reconciled.pop(0) if check_only else {}))

        def redrive(*_: Any) -> Any:
            self.done.append("redriven")
            return lambda: SimpleNamespace(stayed=self.stayed)

        monkeypatch.setattr(Ending, "_verified", verified)
        monkeypatch.setattr(Ending, "_reconciled", reconciled)
        monkeypatch.setattr(Ending, "_letters", lambda _: [(SimpleNamespace(name="ParseFailureQueue"), list(self.letters))])
        monkeypatch.setattr(soak_ending, "Redrive", redrive)
        monkeypatch.setattr(
            "bench.soak_ending.control.await_idle", lambda *_, **__: SimpleNamespace(idle=True, queues={}, dead_letters={})
        )

    def __call__(self) -> Figures:
        nothing: Any = None
        Ending(nothing, httpx.Client(), Path(), 1.0, self.figures, self.said.append)(Plan(1), nothing)
        return self.figures


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


def test_where_all_is_right_nothing_is_mended(stage: Stage) -> None:
    stage.verified, stage.reconciled = [[]], [{"unmatched": 3}]
    figures = stage()
    assert (figures.problems, figures.mended, figures.dead_letters) == ([], {}, {})
    assert stage.done == ["verified", "looked"]


def test_what_reconcile_mends_was_wrong_all_the_same(stage: Stage) -> None:
    stage.verified, stage.reconciled = [[LOST], []], [{"missing": 1}]
    figures = stage()
    assert figures.problems == ["lost in the table: 'a.md'", "reconcile finds 1 missing"]
    assert figures.mended == {"reconcile": 1}
    assert "before anything is mended: lost in the table: 'a.md'" in stage.said


def test_what_reconcile_does_not_mend_is_told(stage: Stage) -> None:
    stage.verified, stage.reconciled = [[LOST], [LOST]], [{}]
    assert stage().problems == ["lost in the table: 'a.md'", "not mended by reconcile: lost in the table: 'a.md'"]


def test_what_only_reconcile_finds_is_wrong(stage: Stage) -> None:
    stage.verified, stage.reconciled = [[], []], [{"stray": 2}]
    assert stage().problems == ["reconcile finds 2 stray"]


def test_a_dead_letter_explains_what_its_redriving_mends(stage: Stage) -> None:
    stage.letters, stage.verified, stage.reconciled = [LETTER], [[LOST], []], [{"missing": 1}, {}]
    figures = stage()
    assert (figures.problems, figures.mended, figures.dead_letters) == ([], {"redrive": 1}, {"ParseFailureQueue": 1})
    assert stage.done == ["verified", "looked", "redriven", "verified", "looked"]


def test_a_dead_letter_explains_nothing_else(stage: Stage) -> None:
    stage.letters, stage.verified, stage.reconciled = [LETTER], [[LOST], [LOST], []], [{"missing": 1}, {"missing": 1}]
    stage.stayed = [(None, "no function")]
    figures = stage()
    assert figures.problems == [
        "ParseFailureQueue keeps a letter: no function",
        "lost in the table: 'a.md'",
        "reconcile finds 1 missing",
    ]
    assert figures.mended == {"redrive": 0, "reconcile": 1}


def test_a_stack_that_never_rests_is_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.soak_ending.control.await_idle", lambda *_, **__: SimpleNamespace(idle=False))
    stage.verified, stage.reconciled = [[]], [{}]
    assert "not at rest" in stage().problems[0]


def test_readers_of_changes_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = iter([httpx.Response(404, json={}), httpx.Response(200, json={"as_of": "2021-06-29T00:00:01Z"})])
    invoked: list[Any] = []
    archive: Any = SimpleNamespace(
        client=lambda _: SimpleNamespace(invoke=lambda **request: invoked.append(request["FunctionName"])),
        functions={"CountFunction": "count"},
    )
    api = httpx.Client(base_url="http://api", transport=httpx.MockTransport(lambda _: next(counted)))
    made = Ending(archive, api, Path(), 1.0, Figures(), lambda _: None)
    followed: Any = SimpleNamespace(follow=lambda: True)
    made._follow(datetime(2021, 6, 29, tzinfo=UTC), followed)
    assert invoked == ["count"]
    assert made.figures.problems == []
    monkeypatch.setattr("bench.soak_ending._COUNT_SECONDS", -1.0)
    counted = iter([httpx.Response(404, json={})] * 9)
    followed.follow = lambda: False
    made._follow(datetime(2021, 6, 29, tzinfo=UTC), followed)
    assert made.figures.problems == ["the mirror cannot follow", "the counts do not come up to date"]


# ---- The command -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """The command on a soak that does what the test says; gives its exit status and the folder."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.setattr("tempfile.mkdtemp", lambda **_: str(tmp_path / "soak"))

    def command(does: Any) -> tuple[int, Path]:
        (tmp_path / "soak").mkdir()
        monkeypatch.setattr(soak.Soak, "run", does)
        return soak.main(["--minutes", "3", "--json", str(tmp_path / "figures.json")]), tmp_path

    yield command
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_run_without_problems_leaves_its_figures_alone(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    status, folder = run(lambda _: None)
    assert (status, (folder / "soak").exists()) == (0, False)
    assert json.loads((folder / "figures.json").read_text())["settings"]["minutes"] == 3
    assert "| run | 3 minutes" in capsys.readouterr().out


def test_problems_are_told_and_the_folder_stays(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    status, folder = run(lambda made: made._figures.problems.append(str(LOST)))
    assert (status, (folder / "soak").exists()) == (1, True)
    assert f"lost in the table: 'a.md'\n1 problems; the stack's folder is {folder / 'soak'}" in capsys.readouterr().out


def test_an_interrupt_ends_it(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(_: Any) -> None:
        signal.raise_signal(signal.SIGTERM)

    status, folder = run(interrupted)
    assert (status, (folder / "soak").exists()) == (130, True)
    assert "the stack is down" in capsys.readouterr().err


def test_what_is_left_after_the_end_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("tmp", "state/tmp/postkeep-search-1-a", "state/logs"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "tmp" / "file").write_bytes(b"x")
    figures = Figures()
    census = Census(0)
    samples = [Sample(float(at), 10**8 + at * 10**5, 9, 0.0) for at in range(0, 3600, 10)]
    census.lives[1, 1] = Life(1, "parse_post.handler", 1, samples)
    monkeypatch.setattr(Census, "left", lambda made: list(made.lives.values()))
    monkeypatch.setattr("time.sleep", lambda _: None)
    made: Any = SimpleNamespace(minutes=3)
    soak.Soak(made, tmp_path, figures)._look_for_leftovers(census)
    assert figures.problems[:3] == [
        "left after the end: process 1, parse_post.handler",
        "left after the end: tmp/file",
        "left after the end: state/tmp/postkeep-search-1-a",
    ]
    assert figures.problems[3].startswith("leak: parse_post.handler: ")
    assert figures.sizes.keys() == {"tmp", "logs"}
