import socket
from pathlib import Path

import pytest

from postkeep_local.stack import control
from postkeep_local.stack.control import Backlog, QueueDepth
from postkeep_local.stack.errors import StackFailed
from postkeep_local.stack.state import StateFolder, write_json


def test_without_a_stack_there_is_nothing_to_stop_or_to_ask(tmp_path: Path) -> None:
    assert control.outputs(tmp_path) is None
    assert control.down(tmp_path) is False
    with pytest.raises(StackFailed, match="no stack runs"):
        control.backlog(tmp_path)
    with pytest.raises(StackFailed, match="no stack runs"):
        control.await_idle(tmp_path, seconds=1)


def test_what_is_missing_is_named(tmp_path: Path, toy_build: Path) -> None:
    with pytest.raises(StackFailed, match=r"template\.yaml is missing"):
        control.up(tmp_path, state=tmp_path / "state")
    with pytest.raises(StackFailed, match="does not hold awslambdaric"):
        control.up(tmp_path, state=tmp_path / "state", build=toy_build)
    assert not (tmp_path / "state").exists()


def test_outputs_of_a_stack_that_is_gone_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "outputs.json").write_text("{}")
    assert control.outputs(tmp_path) is None


def test_a_stack_that_is_just_starting_is_left_alone(tmp_path: Path, toy_build: Path, runtime: Path) -> None:
    state = StateFolder(tmp_path)
    state.prepare()
    with state.locked(), pytest.raises(StackFailed, match="just starting or stopping"):
        control.up(tmp_path, state=tmp_path, build=toy_build, runtime=runtime)


@pytest.mark.parametrize(
    ("backlog", "idle"),
    [
        (Backlog(0, 0, {"Render": QueueDepth(0, 0)}, {"Dead": 3}), True),
        (Backlog(1, 0, {}, {}), False),
        (Backlog(0, 1, {}, {}), False),
        (Backlog(0, 0, {"Render": QueueDepth(1, 0)}, {}), False),
        (Backlog(0, 0, {"Render": QueueDepth(0, 1)}, {}), False),
    ],
)
def test_idle_means_that_nothing_is_left_to_do(backlog: Backlog, idle: bool) -> None:
    assert backlog.idle is idle


def test_neither_aws_nor_a_proxy_has_a_say(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "HTTP_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "x")
    told = control._environment()
    assert not [name for name in told if name.startswith("AWS_") or name.lower().endswith("_proxy")]
    assert "PATH" in told


def test_a_stack_that_owns_its_folder_but_does_not_answer(
    tmp_path: Path, toy_build: Path, runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_DEATH_SECONDS", 0.1)
    state = StateFolder(tmp_path)
    state.prepare()
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # and does not listen
        write_json(state.outputs, {"api_url": f"http://127.0.0.1:{silent.getsockname()[1]}"})
        with state.locked(), pytest.raises(StackFailed, match="does not answer"):
            control.up(tmp_path, state=tmp_path, build=toy_build, runtime=runtime)
