"""The product on the local stack: what a new user runs first."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from postkeep_local.stack import control
from postkeep_local.upload import Upload, s3_client
from support.template import ROOT

pytestmark = pytest.mark.stack

BUILD = ROOT / ".aws-sam" / "local"
POST = "---\ntitle: {0}\ndate: 2021-06-29T01:39:02Z\n---\n<p>第{0}杯茶。</p>\n"


@pytest.fixture(scope="module", autouse=True)
def _build() -> None:
    assert BUILD.is_dir(), "run `make build` first"


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "state"
    yield folder
    control.down(folder, lambda _: None)


def bring_up(state: Path) -> control.Outputs:
    return control.up(ROOT, state=state, build=BUILD, parameters={}, picture_hosts={"*": ""}, workers=2, echo=lambda _: None)


def drop(outputs: control.Outputs, folder: Path) -> None:
    client = s3_client(outputs.endpoint_url, outputs.region, local=True)
    assert not Upload(client, outputs.posts_bucket)(folder, started=lambda _: None, done=lambda *_: None).failed


def titles(outputs: control.Outputs, status: str = "ready") -> set[str]:
    """The titles of all posts of a status, over all pages."""
    found: set[str] = set()
    parameters = {"status": status, "limit": "100"}
    while True:
        answer = httpx.get(f"{outputs.api_url}/posts", params=parameters, timeout=30).raise_for_status().json()
        found |= {post["title"] for post in answer["posts"]}
        if not answer["next"]:
            return found
        parameters["cursor"] = answer["next"]


def wait_for(outputs: control.Outputs, expected: set[str]) -> None:
    """Wait until exactly these posts are ready; the test's own limit bounds it."""
    while titles(outputs) != expected:
        time.sleep(0.3)


def write(folder: Path, numbers: range) -> None:
    folder.mkdir(exist_ok=True)
    for number in numbers:
        (folder / f"2021-06-29-{number}.md").write_text(POST.format(number), "utf-8")


def test_the_demonstration_brings_every_post_to_its_final_state(tmp_path: Path) -> None:
    write(tmp_path / "mine", range(3))
    command = [str(Path(sys.executable).parent / "postkeep"), "demo", "--posts", str(tmp_path / "mine")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "200"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Posts: 19 (16 ready, 3 rejected)" in done.stdout
    assert "Pictures: 12 (10 done, 2 failed); thumbnails: 20" in done.stdout
    assert re.search(r"corrupt.*truncated", done.stdout)
    for reason in ("not-utf-8", "front-matter-invalid", "no-front-matter"):
        assert reason in done.stdout


def test_posts_survive_a_stop_and_come_back_after_a_crash(state: Path, tmp_path: Path) -> None:
    posts = tmp_path / "posts"
    write(posts, range(5))
    outputs = bring_up(state)
    drop(outputs, posts)
    wait_for(outputs, {str(n) for n in range(5)})

    assert control.down(state, lambda _: None)
    outputs = bring_up(state)
    assert titles(outputs) == {str(n) for n in range(5)}

    # A change on its way when everything is killed is not lost either: the bucket has it.
    write(posts, range(5, 8))
    drop(outputs, posts)
    os.kill(supervisor(state), signal.SIGKILL)
    outputs = bring_up(state)
    wait_for(outputs, {str(n) for n in range(8)})

    client = s3_client(outputs.endpoint_url, outputs.region, local=True)
    client.delete_object(Bucket=outputs.posts_bucket, Key="2021-06-29-0.md")
    wait_for(outputs, {str(n) for n in range(1, 8)})
    assert titles(outputs, "deleted") == {""}


def supervisor(state: Path) -> int:
    """The process that owns a stack, found by the folder that it was started with."""
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = process.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"postkeep_local.stack.supervisor" in words and str(state).encode() in words:
            return int(process.parent.name)
    raise AssertionError("no supervisor")
