"""The whole stack on a small template: the emulator, the workers and everything between them."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from postkeep_local.stack import control, supervisor
from postkeep_local.stack.control import Outputs
from postkeep_local.stack.emulator import Clients
from postkeep_local.stack.errors import StackFailed
from postkeep_local.stack.state import Settings, StateFolder, write_json

pytestmark = pytest.mark.stack


class Notes:
    """What the functions wrote down."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def of(self, kind: str) -> list[str]:
        path = self.folder / kind
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    return Notes(tmp_path / "notes")


@pytest.fixture
def settings(toy_build: Path, runtime: Path, notes: Notes) -> Settings:
    return Settings(
        build=toy_build,
        runtime=runtime,
        parameters={"Folder": str(notes.folder)},
        api_port=0,
        endpoint_port=0,
        retry_seconds=0.05,
    )


def _clients(outputs: Outputs) -> Clients:
    return Clients(int(outputs.endpoint_url.rsplit(":", 1)[1]))


def _get(outputs: Outputs, path: str) -> Any:
    with urllib.request.urlopen(outputs.api_url + path, timeout=60) as answer:  # noqa: S310 - http on loopback
        return json.load(answer)


class InProcess:
    """A supervisor on a thread of this process, so that what it does is measured with the tests."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.state = StateFolder(folder)
        self.state.prepare()
        write_json(folder / "settings.json", settings.encode())
        self._stop = threading.Event()
        self._executor = ThreadPoolExecutor(1)
        ours, theirs = os.pipe()
        self.report = supervisor.Report(theirs)
        self.running = self._executor.submit(self._run)
        with os.fdopen(ours) as report:
            self.reported = [json.loads(line) for line in report]

    def _run(self) -> int:
        try:
            return supervisor.run(self.state, self.report, self._stop)
        finally:
            self.report.close()

    def stop(self) -> int:
        self._stop.set()
        status = self.running.result(120)
        self._executor.shutdown()
        return status


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[Settings], InProcess]]:
    started: list[InProcess] = []

    def begin(settings: Settings) -> InProcess:
        started.append(InProcess(tmp_path / "state", settings))
        return started[-1]

    yield begin
    for stack in started:
        with suppress(StackFailed):
            stack.stop()


def test_a_stack_from_drop_to_stop_and_back(
    start: Callable[[Settings], InProcess], settings: Settings, notes: Notes, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    stack = start(settings)
    outputs = control.outputs(state)
    assert outputs
    assert (outputs.posts_bucket, outputs.archive_bucket) == ("postkeep-postsbucket", "postkeep-archivebucket")
    assert stack.reported[-1]["ready"]["api_url"] == outputs.api_url
    clients = _clients(outputs)

    # From a drop to the end of the line; a failure goes to its destination after the retries that the template allows.
    for key in ("tea/雨 #1.md", "tea/b.md", "tea/note.txt", "broken.md"):
        clients.s3.put_object(Bucket=outputs.posts_bucket, Key=key, Body=b"1")
    backlog = control.await_idle(state, seconds=60)
    assert backlog.idle
    assert set(backlog.queues) == {"RenderQueue"}
    assert backlog.dead_letters == {"ParseFailureQueue": 1, "RenderDeadLetterQueue": 0}
    assert sorted(notes.of("ObjectCreated")) == ["tea/b.md", "tea/雨 #1.md"]
    assert sorted(notes.of("rendered")) == ["tea/b.md", "tea/雨 #1.md"]
    assert Counter(notes.of("attempted"))["broken.md"] == 2
    (letter,) = clients.sqs.receive_message(QueueUrl=outputs.queues["ParseFailureQueue"], VisibilityTimeout=0)["Messages"]
    assert json.loads(letter["Body"])["requestContext"]["condition"] == "RetriesExhausted"

    # The HTTP API, with the environment that the template gives.
    assert _get(outputs, "/posts/%E9%9B%A8") == {"greeting": "hello", "path": "/posts/雨", "table": False}

    # A second one on the same folder is refused.
    with pytest.raises(StackFailed, match="another stack runs"):
        supervisor.run(stack.state, stack.report, threading.Event())

    # A clean stop.
    assert stack.stop() == 0
    assert control.outputs(state) is None
    assert not stack.state.marker.exists()
    assert list(stack.state.temporary.iterdir()) == []

    # An event that the emulator never delivered: here one that the queue forgot.
    with closing(sqlite3.connect(stack.state.events)) as database:
        database.execute("DELETE FROM seen WHERE key = 'tea/b.md'")
        database.commit()

    # Started again with another parameter: the same state, and only what was forgotten is done again.
    again = start(replace(settings, parameters={**settings.parameters, "Greeting": "again"}))
    assert {"note": "1 objects of the buckets are handled again"} in again.reported
    after = control.outputs(state)
    assert after
    assert after.endpoint_url == outputs.endpoint_url
    assert control.await_idle(state, seconds=60).dead_letters["ParseFailureQueue"] == 1
    assert Counter(notes.of("rendered")) == {"tea/b.md": 2, "tea/雨 #1.md": 1}
    clients.s3.delete_object(Bucket=after.posts_bucket, Key="tea/b.md")
    control.await_idle(state, seconds=60)
    assert notes.of("ObjectRemoved") == ["tea/b.md"]
    assert _get(after, "/hello")["greeting"] == "again"

    # The emulator dies: the stack ends, and the next one begins from what the buckets hold.
    clients.close()
    (pid_file,) = (state / "tmp").glob("ministack-*.pid")
    os.kill(int(pid_file.read_text()), signal.SIGKILL)
    assert again.running.result(60) == 1
    assert again.state.marker.exists()
    assert control.outputs(state) is None


def test_cleared_tables_or_a_taken_port_cost_nothing(
    start: Callable[[Settings], InProcess], settings: Settings, notes: Notes, tmp_path: Path
) -> None:
    state, anew = tmp_path / "state", {"note": "building the stack anew from what the buckets hold"}

    def handled(times: int) -> Outputs:
        assert control.await_idle(state, seconds=60).idle
        assert notes.of("rendered") == ["tea/a.md"] * times
        outputs = control.outputs(state)
        assert outputs
        return outputs

    first = start(settings)
    assert anew not in first.reported
    outputs = handled(0)
    clients = _clients(outputs)
    clients.s3.put_object(Bucket=outputs.posts_bucket, Key="tea/a.md", Body=b"1")
    clients.close()
    handled(1)
    assert first.stop() == 0

    with socket.create_server(("127.0.0.1", int(outputs.endpoint_url.rsplit(":", 1)[1]))):
        second = start(settings)
        assert anew in second.reported
        assert handled(2).endpoint_url != outputs.endpoint_url
        assert second.stop() == 0

    shutil.rmtree(second.state.tables)
    assert anew in start(settings).reported
    handled(3)


def test_a_template_that_is_refused_is_told_with_its_reason(
    start: Callable[[Settings], InProcess], settings: Settings, toy_build: Path, tmp_path: Path
) -> None:
    build = tmp_path / "broken"
    build.mkdir()
    template = (toy_build / "template.yaml").read_text().replace("!GetAtt RenderDeadLetterQueue.Arn", "!GetAtt NoSuchQueue.Arn")
    (build / "template.yaml").write_text(template)
    stack = start(replace(settings, build=build))
    with pytest.raises(StackFailed, match="RenderQueue: Invalid value"):
        stack.running.result(60)
    assert not stack.state.marker.exists()


def test_a_burst_and_a_kill_lose_nothing(settings: Settings, notes: Notes, tmp_path: Path) -> None:
    state, said = tmp_path / "state", list[str]()

    def up(**changes: Any) -> Outputs:
        return control.up(
            tmp_path,
            state=state,
            build=settings.build,
            runtime=settings.runtime,
            parameters={**settings.parameters, **changes},
            api_port=0,
            endpoint_port=0,
            echo=said.append,
        )

    outputs = up()
    try:
        assert up() == outputs, "a second one changes nothing"
        keys = [f"burst/{number}.md" for number in range(200)]
        acknowledged = _put_until_killed(outputs, state, keys)

        again = up()
        assert "building the stack anew from what the buckets hold" in said
        assert again.posts_bucket == outputs.posts_bucket
        assert control.await_idle(state, seconds=120).idle
        assert set(acknowledged) <= set(notes.of("rendered"))
        # All of it, from every attempt, in a bounded number of processes.
        assert set(notes.of("rendered")) <= set(keys)

        changed = up(Greeting="changed")
        assert "the build or the settings changed: starting again" in said
        assert _get(changed, "/hello")["greeting"] == "changed"
    finally:
        assert control.down(state, said.append)
    assert control.down(state, said.append) is False


def _put_until_killed(outputs: Outputs, state: Path, keys: list[str]) -> list[str]:
    """Upload, and kill the stack when half of it is up; gives the keys that were acknowledged."""
    clients = _clients(outputs)
    owner = StateFolder(state).owner()
    assert owner
    acknowledged: list[str] = []

    def put(key: str) -> None:
        if len(acknowledged) >= len(keys) // 2:
            return
        try:
            clients.s3.put_object(Bucket=outputs.posts_bucket, Key=key, Body=b"1")
        except Exception:  # noqa: BLE001 - what the kill interrupts fails in many ways
            return
        acknowledged.append(key)
        if len(acknowledged) == len(keys) // 2:
            os.kill(owner, signal.SIGKILL)

    with ThreadPoolExecutor(4) as executor:
        list(executor.map(put, keys))
    clients.close()
    assert len(keys) // 2 <= len(acknowledged) < len(keys)
    return acknowledged
