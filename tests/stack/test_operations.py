"""Looking after a running stack: what is given up is seen, sent back, and may fail again."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from postkeep.messages import RenderRequest
from postkeep_local.cli import main
from postkeep_local.operations.archive import Archive, deployed_archive, local_archive
from postkeep_local.stack import control
from postkeep_local.stack.control import Backlog
from support.template import ROOT

pytestmark = pytest.mark.stack
REQUEST = RenderRequest("a" * 26, 1).encode()


@pytest.fixture
def archive(toy_build: Path, runtime: Path, tmp_path: Path) -> Iterator[Archive]:
    notes, state = tmp_path / "notes", tmp_path / "state"
    notes.mkdir()
    control.up(
        ROOT,
        state=state,
        build=toy_build,
        runtime=runtime,
        parameters={"Folder": str(notes)},
        api_port=0,
        endpoint_port=0,
        retry_seconds=0.05,
        echo=lambda _: None,
    )
    yield local_archive(state)
    control.down(state, lambda _: None)


@pytest.fixture
def postkeep(archive: Archive) -> Callable[..., str]:
    def run(*arguments: str, status: int = 0) -> str:
        result = CliRunner().invoke(main, [*arguments, "--state", str(archive.state)])
        assert result.exit_code == status, result.output
        return result.stdout

    return run


def idle(archive: Archive) -> Backlog:
    assert archive.state
    found = control.await_idle(archive.state, seconds=60)
    assert found.idle
    return found


def noted(archive: Archive, kind: str) -> list[str]:
    assert archive.state
    path = archive.state.parent / "notes" / kind
    return path.read_text().splitlines() if path.exists() else []


def test_what_is_given_up_is_seen_and_sent_back(archive: Archive, postkeep: Callable[..., str]) -> None:
    archive.client("s3").put_object(Bucket=archive.posts_bucket, Key="broken 茶.md", Body=b"x")
    sqs = archive.client("sqs")
    for body in (REQUEST, "hello"):
        sqs.send_message(QueueUrl=archive.queues["RenderDeadLetterQueue"], MessageBody=body)
    deadline = time.monotonic() + 60
    while not (given_up := idle(archive).dead_letters)["ParseFailureQueue"]:
        assert time.monotonic() < deadline
    assert given_up == {"ParseFailureQueue": 1, "RenderDeadLetterQueue": 2}
    assert noted(archive, "attempted") == ["broken 茶.md"] * 2

    listed = {entry["name"]: entry for entry in json.loads(postkeep("dlq", "list", "--json"))}
    assert listed.keys() == {"ParseFailureQueue", "RenderDeadLetterQueue"}
    assert listed["ParseFailureQueue"]["reasons"] == {"ValueError": 1}
    for receives in (2, 3):  # listing them was the first
        shown = postkeep("dlq", "show", "ParseFailureQueue")
        assert "broken 茶.md" in shown
        assert f"received {receives} times" in shown

    # It fails again, as nothing was mended, and comes back; the redrive ends all the same.
    assert postkeep("dlq", "redrive", "ParseFailureQueue") == "ParseFailureQueue: 1 sent again, 0 stayed\n"
    while len(noted(archive, "attempted")) < 4 or not idle(archive).dead_letters["ParseFailureQueue"]:
        assert time.monotonic() < deadline
    assert postkeep("dlq", "redrive", "RenderDeadLetterQueue", status=1) == "RenderDeadLetterQueue: 1 sent again, 1 stayed\n"
    assert idle(archive).dead_letters == {"ParseFailureQueue": 1, "RenderDeadLetterQueue": 1}
    assert noted(archive, "rendered") == [REQUEST]


def test_status_tells_ages_and_disturbs_nothing(archive: Archive, postkeep: Callable[..., str]) -> None:
    url = archive.queues["RenderQueue"]
    sqs = archive.client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=120)
    found: dict[str, Any] = json.loads(postkeep("status", "--json"))
    assert found["api_url"] == archive.api_url
    (queue,) = found["queues"]
    assert (queue["name"], queue["waiting"]) == ("RenderQueue", 1)
    assert 0 <= queue["oldest_seconds"] < 60
    assert found["events"] == {"waiting": 0, "running": 0, "oldest_seconds": None}
    assert found["posts"] is None
    assert "RenderQueue" in postkeep("status")
    answer = httpx.get(f"{archive.endpoint_url}/_ministack/sqs/messages", params={"QueueUrl": url}, trust_env=False).json()
    (message,) = answer["messages"]["000000000000"]["us-east-1"][url]
    assert message["ReceiveCount"] == 0


def test_the_emulators_stack_is_known_by_its_name_too(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    found = deployed_archive("postkeep", region=archive.region, endpoint_url=archive.endpoint_url)
    assert (found.buckets, found.tables) == (archive.buckets, archive.tables)
    assert (found.queues, found.functions) == (archive.queues, archive.functions)
