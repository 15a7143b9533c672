"""Bringing the local stack up and down, and asking it where and how far it is."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from postkeep_local.stack.backlog import Backlog, QueueDepth, await_idle, backlog
from postkeep_local.stack.emulator import tail
from postkeep_local.stack.errors import StackFailed
from postkeep_local.stack.state import Settings, StateFolder, write_json

__all__ = ["Backlog", "Outputs", "QueueDepth", "await_idle", "backlog", "down", "outputs", "up"]

BUILD = Path(".aws-sam/local")
"""Where ``make build`` has the functions built for this machine, below the repository's root."""

RUNTIME = Path(".venv-runtime")
"""Where ``make setup`` installs Lambda's own runtime libraries, below the repository's root."""

_STOP_SECONDS = 180.0
_DEATH_SECONDS = 10.0
_LOG_LIMIT = 5_000_000


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where a running stack is to be found.

    Attributes:
        api_url: of the query API.
        endpoint_url: of the AWS emulator.
        posts_bucket: the bucket that posts are dropped into.
        archive_bucket: the bucket of renditions and thumbnails.
        table: the posts table.
        region: the AWS region that the emulator plays.
        queues: URLs by logical id.
        faults_url: of the proxy that lets the functions' requests fail; "" where there is none.
        functions: physical names by logical id.
    """

    api_url: str
    endpoint_url: str
    posts_bucket: str
    archive_bucket: str
    table: str
    region: str
    queues: Mapping[str, str]
    faults_url: str = ""
    functions: Mapping[str, str] = field(default_factory=dict)


def up(  # noqa: PLR0913 - settings, each by its name and with a default
    root: Path,
    *,
    state: Path,
    build: Path | None = None,
    runtime: Path | None = None,
    parameters: Mapping[str, str] | None = None,
    picture_hosts: Mapping[str, str] | None = None,
    workers: int = 2,
    api_port: int = 8080,
    endpoint_port: int = 4566,
    retry_seconds: float = 1.0,
    faults: Mapping[str, Any] | None = None,
    echo: Callable[[str], None] = print,
) -> Outputs:
    """Bring the stack up, or leave it as it is where it runs already just as asked.

    A stack that runs from another build or with other settings is stopped and started again, with what it holds.

    Args:
        root: the repository.
        state: the folder of everything that outlives a stop.
        build: what ``sam build`` made; by default :data:`BUILD`.
        runtime: the folder with awslambdaric and boto3; by default :data:`RUNTIME`.
        parameters: the template's parameters.
        picture_hosts: hosts whose pictures are served elsewhere, for demonstrations and tests.
        workers: worker processes a function, at most (two at least for functions that read a queue).
        api_port: the HTTP API's port if it is free, else any; 0 for any.
        endpoint_port: the emulator's port at the first start if it is free, else any; kept from then on.
        retry_seconds: the pause before an asynchronous event's first retry.
        faults: what is to fail between the functions and the emulator, see :mod:`postkeep_local.stack.faults`.
        echo: told each step, for a person to read.

    Raises:
        StackFailed: if it does not come up, with the reason.
    """
    folder = StateFolder(state.resolve())
    settings = Settings(
        build=(build or root / BUILD).resolve(),
        runtime=(runtime or root / RUNTIME).resolve(),
        parameters=dict(parameters or {}),
        picture_hosts=dict(picture_hosts or {}),
        workers=workers,
        api_port=api_port,
        endpoint_port=endpoint_port,
        retry_seconds=retry_seconds,
        faults=dict(faults or {}),
    )
    _check(settings)
    running = folder.record()
    if running is not None and not _answers(running):
        if not _await_unlocked(folder, _DEATH_SECONDS):  # unless it was killed this very moment
            raise StackFailed(f"the stack on {folder.path} does not answer", tail(folder.log))
        running = None
    if running is not None:
        if running["fingerprint"] == settings.fingerprint():
            return _outputs(running)
        echo("the build or the settings changed: starting again")
        down(state, echo)
    elif folder.is_locked():
        raise StackFailed(f"a stack is just starting or stopping on {folder.path}; try again")
    folder.prepare()
    for log in (folder.log, folder.logs / "emulator.log"):
        if log.exists() and log.stat().st_size > _LOG_LIMIT:
            log.replace(log.with_name(log.name + ".1"))
    write_json(folder.path / "settings.json", settings.encode())
    return _start(folder, echo)


def _answers(record: Mapping[str, Any]) -> bool:
    """Whether the HTTP API answers, whatever it answers."""
    connection = http.client.HTTPConnection(record["api_url"].removeprefix("http://"), timeout=_DEATH_SECONDS)
    try:
        connection.request("HEAD", "/")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def _await_unlocked(folder: StateFolder, seconds: float) -> bool:
    """Wait until nobody owns the folder; whether that came about."""
    deadline = time.monotonic() + seconds
    while folder.is_locked():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _check(settings: Settings) -> None:
    if not (settings.build / "template.yaml").is_file():
        raise StackFailed(f"{settings.build / 'template.yaml'} is missing: run `sam build` first")
    if not (settings.runtime / "awslambdaric").is_dir():
        raise StackFailed(f"{settings.runtime} does not hold awslambdaric: run `make setup` first")


def _start(folder: StateFolder, echo: Callable[[str], None]) -> Outputs:
    ours, theirs = os.pipe()
    with folder.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "postkeep_local.stack.supervisor", str(folder.path), str(theirs)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(theirs,),
            start_new_session=True,
            env=_environment(),
        )
    os.close(theirs)
    with os.fdopen(ours) as report:
        for line in report:
            match json.loads(line):
                case {"note": note}:
                    echo(str(note))
                case {"failed": {"reason": reason}}:
                    process.wait()
                    raise StackFailed(str(reason))
                case {"ready": outputs}:
                    # It lives on by itself; without this, Popen complains when it is forgotten.
                    process.returncode = 0
                    return _outputs(outputs)
    status = process.wait()
    raise StackFailed(f"the stack ended while starting, with status {status}; its log is {folder.log}", tail(folder.log))


def _environment() -> dict[str, str]:
    """The environment without what concerns AWS and proxies: the stack is neither's business."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith("AWS_") and not name.lower().endswith("_proxy")
    }


def down(state: Path, echo: Callable[[str], None] = print) -> bool:
    """Stop the stack; what it holds stays in the state folder.

    Returns:
        whether one was running.

    Raises:
        StackFailed: if it did not end by itself and had to be killed.
    """
    folder = StateFolder(state.resolve())
    if not folder.is_locked():
        return False
    owner = folder.owner()
    if owner is None:
        raise StackFailed(f"{folder.path} is in use by a process that is only just starting; try again")
    echo("stopping; what is being worked on is finished first")
    os.kill(owner, signal.SIGTERM)
    if not _await_unlocked(folder, _STOP_SECONDS):
        os.killpg(owner, signal.SIGKILL)
        raise StackFailed(f"the stack did not end within {_STOP_SECONDS:g} s and was killed", tail(folder.log))
    return True


def outputs(state: Path) -> Outputs | None:
    """Where the running stack is to be found; None if none runs."""
    record = StateFolder(state.resolve()).record()
    return None if record is None else _outputs(record)


def _outputs(record: Mapping[str, Any]) -> Outputs:
    return Outputs(**{name: record[name] for name in Outputs.__dataclass_fields__ if name in record})
