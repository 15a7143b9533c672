"""The supervisor's own beginnings and ends; :mod:`test_stack` shows it at work."""

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from postkeep_local.stack import control, supervisor
from postkeep_local.stack.errors import StackFailed
from postkeep_local.stack.state import Settings, StateFolder, write_json


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def _run_main(folder: Path) -> tuple[int, list[dict[str, object]]]:
    ours, theirs = os.pipe()
    status = supervisor.main([str(folder), str(theirs)])
    with os.fdopen(ours) as report:
        return status, [json.loads(line) for line in report]


def test_what_the_stack_itself_finds_wrong_is_reported(tmp_path: Path) -> None:
    write_json(tmp_path / "settings.json", Settings(build=tmp_path / "none", runtime=tmp_path).encode())
    status, reported = _run_main(tmp_path)
    assert status == 1
    assert "template.yaml is missing" in str(reported)
    assert not StateFolder(tmp_path).is_locked()


def test_what_nobody_thought_of_is_reported_too(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text("not json")
    status, reported = _run_main(tmp_path)
    assert status == 1
    assert "JSONDecodeError" in str(reported)


def test_a_stop_is_taken_at_any_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(state: StateFolder, report: supervisor.Report, stop: threading.Event) -> int:
        signal.raise_signal(signal.SIGTERM)
        return 0 if stop.wait(10) else 1

    monkeypatch.setattr(supervisor, "run", run)
    assert _run_main(tmp_path) == (0, [])


def test_a_reader_that_went_away_is_no_concern() -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    report = supervisor.Report(theirs)
    report("note", "x" * 100_000)
    report.close()
    report("note", "after the end")


def test_leftovers_of_a_killed_stack_are_cleared_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[int] = []

    def kill(group: int) -> int:
        asked.append(group)
        return 2

    monkeypatch.setattr(supervisor, "kill_leftovers", kill)
    (tmp_path / "lock").write_text("4194305")
    (tmp_path / "tmp" / "postkeep-search-1-a").mkdir(parents=True)
    write_json(tmp_path / "settings.json", Settings(build=tmp_path / "none", runtime=tmp_path).encode())
    with caplog.at_level(logging.WARNING):
        assert _run_main(tmp_path)[0] == 1
    assert asked == [4194305]
    assert "2 processes of a killed stack" in caplog.text
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_stack_that_fails_to_start_tells_the_one_who_asked(tmp_path: Path, runtime: Path) -> None:
    build = tmp_path / "build"
    build.mkdir()
    (build / "template.yaml").write_text("not: [a template")
    with pytest.raises(StackFailed, match="ParserError"):
        control.up(tmp_path, state=tmp_path / "state", build=build, runtime=runtime, echo=lambda _: None)
    assert control.outputs(tmp_path / "state") is None


def test_a_stack_that_ends_without_a_word_is_told_with_its_log(
    tmp_path: Path, toy_build: Path, runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    state = tmp_path / "state"
    StateFolder(state).prepare()
    (state / "stack.log").write_text("the last words\n" * 500_000)
    with pytest.raises(StackFailed, match="ended while starting, with status 1"):
        control.up(tmp_path, state=state, build=toy_build, runtime=runtime, echo=lambda _: None)
    assert (state / "stack.log.1").exists(), "a log that became too long is put aside"


def test_a_stack_that_does_not_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "_STOP_SECONDS", 0.1)
    killed: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: killed.append((pid, number)))
    monkeypatch.setattr(os, "killpg", lambda group, number: killed.append((group, number)))
    state = StateFolder(tmp_path)
    with state.locked(), pytest.raises(StackFailed, match="was killed"):
        control.down(tmp_path, lambda _: None)
    assert killed == [(os.getpid(), signal.SIGTERM), (os.getpid(), signal.SIGKILL)]


def test_a_folder_whose_owner_has_no_name_yet(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    with state.locked():
        (tmp_path / "lock").write_text("")
        with pytest.raises(StackFailed, match="only just starting"):
            control.down(tmp_path, lambda _: None)
