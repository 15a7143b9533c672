"""The search index on the whole stack: found seconds after it was dropped, lost, and made again.

``make test`` builds the functions first. The tests run in their order on one stack.
"""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from click.testing import CliRunner, Result

from postkeep_local.cli import main
from postkeep_local.operations.archive import local_archive
from postkeep_local.pictures_server import serve
from postkeep_local.stack import control
from search_posts.store import FOLDER, MANIFEST_KEY
from stack.test_end_to_end import Running
from support.built import needs_build

pytestmark = [pytest.mark.stack, needs_build]

POST = "---\ntitle: {}\n---\n<p>雨前的茶，第 {} 泡。</p>\n"
COUNT = 30


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("stack")
    with serve(folder) as pictures:
        running = Running(folder / "state", pictures)
        running.up()
        yield running
        control.down(running.state, lambda _: None)


def search(stack: Running, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["search", *arguments, "--state", str(stack.state)])


def state(stack: Running) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(search(stack, "status", "--json").stdout)
    return found


def asked(stack: Running) -> dict[str, Any]:
    """What the search function finds, over HTTP."""
    answer = stack.get("/search", q="雨前的茶")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_what_was_dropped_is_found_within_seconds(stack: Running) -> None:
    dropped = time.monotonic()
    stack.put({"tea/_posts/first.md": POST.format("first", 0).encode()})
    while state(stack)["posts"] < 1:
        assert time.monotonic() - dropped < 15
        time.sleep(0.2)
    assert asked(stack)["posts"][0]["snippet"]["text"].startswith("雨前的茶")
    assert stack.get("/suggest", q="fir").json()["suggestions"][0]["text"] == "first"
    assert stack.get("/search", q="(").json()["type"] == "urn:postkeep:problem:query-invalid"


def test_many_at_once_take_few_segments(stack: Running) -> None:
    stack.put({f"tea/_posts/{number}.md": POST.format(number, number).encode() for number in range(COUNT)})
    assert not any(stack.settle().dead_letters.values())
    found = state(stack)
    assert (found["posts"], found["problem"]) == (COUNT + 1, None)
    assert len(found["segments"]) < COUNT / 2
    time.sleep(2)
    assert asked(stack)["total"] == COUNT + 1


def test_what_was_deleted_or_rejected_is_found_no_more(stack: Running) -> None:
    with closing(stack.clients()) as clients:
        clients.s3.delete_object(Bucket=stack.outputs.posts_bucket, Key="tea/_posts/first.md")
    stack.put({"tea/_posts/0.md": b"---\ntitle: [broken\n---\n"})
    stack.settle()
    assert state(stack)["posts"] == COUNT - 1


def test_a_lost_index_is_made_again(stack: Running) -> None:
    archive = local_archive(stack.state)
    s3 = archive.client("s3")
    for entry in s3.list_objects_v2(Bucket=archive.archive_bucket, Prefix=FOLDER)["Contents"]:
        if entry["Key"] != MANIFEST_KEY:
            s3.delete_object(Bucket=archive.archive_bucket, Key=entry["Key"])
    assert search(stack, "status").exit_code == 1
    done = search(stack, "rebuild")
    assert done.exit_code == 0, done.output
    found = state(stack)
    assert (found["posts"], found["dead"], found["problem"]) == (COUNT - 1, 0, None)
    assert found["rebuilt"]
    time.sleep(2)
    assert asked(stack)["total"] == COUNT - 1
