import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from postkeep_local.stack import deployment, emulator
from postkeep_local.stack.emulator import Clients, Emulator, free_port, tail
from postkeep_local.stack.errors import StackFailed
from postkeep_local.stack.processes import Spawner


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_preferred_port_is_taken_if_it_is_free(taken: int) -> None:
    assert free_port(taken) not in {0, taken}
    free = free_port(0)
    assert free_port(free) == free


def test_a_machine_without_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(socket.socket):
        def bind(self, address: Any) -> None:
            raise OSError

    monkeypatch.setattr(socket, "socket", Full)
    with pytest.raises(StackFailed, match="no free port"):
        free_port(0)


def _emulator(spawner: Spawner, port: int, folder: Path) -> Emulator:
    return Emulator(spawner, port, objects=folder / "o", tables=folder / "t", temporary=folder, log=folder / "emulator.log")


@pytest.mark.stack
def test_an_emulator_that_cannot_start_tells_why(spawner: Spawner, taken: int, tmp_path: Path) -> None:
    with pytest.raises(StackFailed, match="already in use"):
        _emulator(spawner, taken, tmp_path)


class _Deaf:
    """Starts something that never answers."""

    def start(self, *_: Any, **__: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(["sleep", "600"])  # noqa: S607 - wherever it is


def test_an_emulator_that_does_not_answer_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulator, "_START_SECONDS", 0.1)
    with pytest.raises(StackFailed, match="does not answer"):
        _emulator(cast("Spawner", _Deaf()), free_port(0), tmp_path)


def test_stopping_one_that_hangs_or_has_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulator, "_SAVE_SECONDS", 0.1)
    monkeypatch.setattr(emulator, "await_answer", lambda *_, **__: None)
    hanging = _emulator(cast("Spawner", _Deaf()), 1, tmp_path)

    def heed_only_kill(number: int) -> None:
        if number == signal.SIGKILL:
            os.kill(hanging.process.pid, number)

    monkeypatch.setattr(hanging.process, "send_signal", heed_only_kill)
    assert not hanging.stop()
    assert hanging.process.returncode == -9
    assert not hanging.stop()


def test_the_end_of_a_log(tmp_path: Path) -> None:
    assert tail(tmp_path / "absent") == ""
    (tmp_path / "log").write_text("\n".join(f"line {number}" for number in range(10_000)))
    assert tail(tmp_path / "log", lines=2) == "line 9998\nline 9999"


class _CloudFormation:
    """A stack that goes through the given states."""

    def __init__(self, *states: str) -> None:
        self._states = iter(states)

    def describe_stacks(self, **_: Any) -> dict[str, Any]:
        return {"Stacks": [{"StackStatus": next(self._states)}]}

    def update_stack(self, **_: Any) -> None:
        raise ClientError({"Error": {"Code": "ValidationError", "Message": "no such parameter"}}, "UpdateStack")


def test_a_refused_update_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    clients = cast("Clients", SimpleNamespace(cloudformation=_CloudFormation("CREATE_COMPLETE")))
    with pytest.raises(StackFailed, match="no such parameter"):
        deployment.deploy(clients, "{}", {})


def test_a_deployment_that_does_not_end_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(_CloudFormation):
        def update_stack(self, **_: Any) -> None: ...

    monkeypatch.setattr(deployment, "_DEPLOY_SECONDS", 0.01)
    clients = cast("Clients", SimpleNamespace(cloudformation=Slow(*["UPDATE_IN_PROGRESS"] * 9)))
    with pytest.raises(StackFailed, match="still UPDATE_IN_PROGRESS"):
        deployment.deploy(clients, "{}", {})


def test_only_a_missing_configuration_counts_as_none() -> None:
    class Functions:
        def get_function_configuration(self, **_: Any) -> dict[str, Any]:
            return {"FunctionArn": "arn"}

        def get_function_event_invoke_config(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetFunctionEventInvokeConfig")

    clients = cast("Clients", SimpleNamespace(functions=Functions()))
    with pytest.raises(ClientError):
        deployment._function(clients, "F", "f", {})
