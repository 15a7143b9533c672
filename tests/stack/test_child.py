import os
import sys
from typing import Any

import pytest

from postkeep_local.stack import child

_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these limits")


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was asked of the system, none of which this process wants done to itself."""
    calls: list[Any] = []

    class Library:
        def __init__(self, name: str | None) -> None: ...

        def prctl(self, option: int, value: int) -> None:
            calls.append(("prctl", option, value))

    monkeypatch.setattr("ctypes.CDLL", Library)
    monkeypatch.setattr("resource.setrlimit", lambda which, limits: calls.append(("setrlimit", which, limits)))
    monkeypatch.setattr(os, "execvp", lambda program, arguments: calls.append(("exec", program, arguments)))
    return calls


@_LINUX
def test_the_limits_are_set_before_the_command_is_run(done: list[Any]) -> None:
    import resource  # noqa: PLC0415 - not everywhere

    child.main([str(os.getppid()), "1000", "python3", "-m", "x"])
    assert done == [
        ("prctl", 1, 9),
        ("setrlimit", resource.RLIMIT_DATA, (1000, 1000)),
        ("exec", "python3", ["python3", "-m", "x"]),
    ]


@_LINUX
def test_no_limit_is_no_limit(done: list[Any]) -> None:
    child.main([str(os.getppid()), "0", "true"])
    assert [name for name, *_ in done] == ["prctl", "exec"]


def test_elsewhere_nothing_is_set(done: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    child.main([str(os.getppid()), "1000", "true"])
    assert [name for name, *_ in done] == ["exec"]


def test_an_orphan_does_not_begin(done: list[Any]) -> None:
    with pytest.raises(SystemExit):
        child.main([str(os.getppid() + 1), "0", "true"])
    assert "exec" not in [name for name, *_ in done]
