"""The product itself on the local stack: from example files to what the API answers, over a stop and over a kill.

``make test`` builds the functions first. The tests run in their order on one stack.
"""

import json
import os
import re
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from postkeep.post import SUFFIXES, post_id
from postkeep_local.cli import main
from postkeep_local.demo import NO_OTHER_HOST, PICTURE_HOST
from postkeep_local.pictures_server import serve
from postkeep_local.stack import control
from postkeep_local.stack.emulator import Clients
from postkeep_local.stack.state import StateFolder
from support.built import needs_build
from support.template import ROOT

_EXAMPLES = ROOT / "examples"

pytestmark = [pytest.mark.stack, needs_build]

_REJECTED = {
    "river/_posts/2017-01-01-旧编码.txt",
    "river/_posts/2023-05-01-引號沒有關好.md",
    "tea/_posts/2016-02-29-只有正文.md",
}

_BURST = [f"burst/_posts/2020-01-01-{number}.md" for number in range(100)]


@dataclass
class Running:
    """The stack, and what is to be asked of it."""

    state: Path
    pictures: str
    outputs: control.Outputs = field(init=False)

    def up(self) -> None:
        self.outputs = control.up(
            ROOT,
            state=self.state,
            picture_hosts={PICTURE_HOST: self.pictures, **NO_OTHER_HOST},
            api_port=0,
            endpoint_port=0,
            retry_seconds=0.2,
            echo=lambda _: None,
        )

    def settle(self) -> control.Backlog:
        backlog = control.await_idle(self.state, seconds=100)
        assert backlog.idle
        return backlog

    def put(self, posts: dict[str, bytes]) -> None:
        clients = self.clients()
        with ThreadPoolExecutor(8) as executor:
            list(
                executor.map(lambda key: clients.s3.put_object(Bucket=self.outputs.posts_bucket, Key=key, Body=posts[key]), posts)
            )
        clients.close()

    def clients(self) -> Clients:
        return Clients(int(self.outputs.endpoint_url.rsplit(":", 1)[1]))

    def get(self, path: str, **parameters: str) -> httpx.Response:
        with httpx.Client(base_url=self.outputs.api_url, timeout=60, trust_env=False) as api:
            return api.get(path, params=parameters)

    def listed(self, **parameters: str) -> dict[str, Any]:
        """All posts of a listing by key, page by page."""
        found: dict[str, Any] = {}
        cursor = ""
        while True:
            answer = self.get("/posts", limit="50", **parameters, **({"cursor": cursor} if cursor else {}))
            assert answer.status_code == 200, answer.text
            found |= {post["key"]: post for post in answer.json()["posts"]}
            cursor = answer.json()["next"]
            if not cursor:
                return found


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serve(_EXAMPLES / "pictures") as pictures:
        running = Running(tmp_path_factory.mktemp("stack") / "state", pictures)
        running.up()
        yield running
        control.down(running.state, lambda _: None)


def _examples() -> dict[str, bytes]:
    folder = _EXAMPLES / "posts"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.suffix in SUFFIXES}


def test_each_example_reaches_its_final_state(stack: Running) -> None:
    examples = _examples()
    stack.put(examples)
    backlog = stack.settle()
    assert not any(backlog.dead_letters.values())

    rejected = stack.listed(status="rejected")
    assert set(rejected) == _REJECTED
    assert all(post["reason"] and post["detail"] for post in rejected.values())
    live = stack.listed()
    assert set(live) == set(examples) - _REJECTED
    assert {post["status"] for post in live.values()} == {"ready"}


def test_pictures_have_thumbnails_but_for_the_ones_that_cannot(stack: Running) -> None:
    key = "river/_posts/2019-07-08-活字的重量.md"
    pictures = stack.get(f"/posts/{post_id(key)}").json()["picture_items"]
    assert sorted(picture["status"] for picture in pictures) == ["failed", "failed", "ready"]
    (whole,) = [picture for picture in pictures if picture["status"] == "ready"]
    for thumbnail in whole["thumbnails"]:
        answer = stack.get(thumbnail["url"])
        assert (answer.status_code, answer.headers["content-type"]) == (200, f"image/{thumbnail['format']}")
        assert len(answer.content) == thumbnail["bytes"]
    assert [(thumbnail["format"], thumbnail["width"]) for thumbnail in whole["thumbnails"]] == [
        ("webp", 320),
        ("webp", 640),
        ("webp", 800),
        ("jpeg", 640),
    ]
    assert all(picture["reason"] for picture in pictures if picture["status"] == "failed")


def test_a_posts_way_is_traced(stack: Running) -> None:
    key = "river/_posts/2019-07-08-活字的重量.md"
    value = json.loads(postkeep(stack, "trace", key, "--json").stdout)
    lines = value["lines"]
    assert {line["correlation_id"] for line in lines} == {lines[0]["correlation_id"]}
    ways = [(line["service"], line["outcome"]) for line in lines]
    assert ways[:2] == [("parse", "recorded"), ("render", "rendered")]
    outcomes = ["failed", "failed", "ready"]
    assert sorted(ways[2:]) == [("index", "indexed"), *(("thumbnail", outcome) for outcome in outcomes)]
    assert all(line["attempt"] == 1 and line["duration_ms"] > 0 for line in lines)
    assert (lines[0]["event_name"], lines[0]["key"]) == ("ObjectCreated:Put", key)
    (state,) = value["posts"]
    assert (state["status"], state["version"], state["pictures"]) == ("ready", lines[0]["version"], {"failed": 2, "ready": 1})
    assert f"now       ready, generation {state['generation']}, settled" in postkeep(stack, "trace", value["post_id"]).stdout

    cause = lines[0]["correlation_id"]
    assert len(json.loads(postkeep(stack, "trace", cause, "--json").stdout)["lines"]) == len(lines)

    told = re.search(r"`postkeep trace (reprocess-[0-9a-f]+)`", postkeep(stack, "reprocess", "--prefix", key, "--force").stderr)
    assert told
    stack.settle()
    again = json.loads(postkeep(stack, "trace", told[1], "--json").stdout)
    assert (again["lines"][0]["service"], again["lines"][0]["outcome"]) == ("render", "rendered")
    assert {line["post_id"] for line in again["lines"]} == {value["post_id"]}


def test_a_trace_of_what_was_never_there_says_where_it_looked(stack: Running) -> None:
    result = postkeep(stack, "trace", "never.md", status=1)
    assert str(stack.state / "logs" / "ParseFunction.log") in result.stdout


def postkeep(stack: Running, *arguments: str, status: int = 0) -> Result:
    result = CliRunner().invoke(main, [*arguments, "--state", str(stack.state)])
    assert result.exit_code == status, result.output
    return result


def test_the_text_of_a_post(stack: Running) -> None:
    key = "river/_posts/2021-09-12-石桥的算术.md"
    plain = stack.get(f"/posts/{post_id(key)}/text", format="plain")
    assert plain.status_code == 200
    assert "涨潮的傍晚，老桥工坐在岸边听水。" in plain.text
    assert "<" not in plain.text


def test_the_html_of_a_post_and_what_is_not_in_it(stack: Running) -> None:
    key = "river/_posts/2021-09-12-石桥的算术.md"
    html = stack.get(f"/posts/{post_id(key)}/text", format="html")
    assert (html.status_code, html.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "sandbox" in html.headers["content-security-policy"]
    assert "<p>" in html.text
    removed = stack.get(f"/posts/{post_id(key)}/removed")
    assert removed.status_code == 200
    assert all(removal["rule"] and removal["text"] for removal in removed.json()["removed"])


def test_what_this_version_wrote_needs_no_upgrade(stack: Running) -> None:
    """Nothing is recorded of the archive, so that everything is looked through, and found to be as it should."""

    def upgrade(*options: str) -> Any:
        result = CliRunner().invoke(main, ["upgrade", "--json", "--state", str(stack.state), *options])
        return json.loads(result.stdout)["migrations"]

    assert {one["would_change"] for one in upgrade("--dry-run")} == {0}
    done = upgrade()
    assert {(one["state"], one["changed"], one["left"]) for one in done} == {("done", 0, 0)}
    assert all(one["looked"] > 5 for one in done)


def test_a_burst_arrives_as_a_whole(stack: Running) -> None:
    stack.put({key: f"---\ntitle: {key}\nauthor: Burst\n---\n<p>text of {key}</p>\n".encode() for key in _BURST})
    backlog = stack.settle()
    assert not any(backlog.dead_letters.values())
    assert set(stack.listed(author="Burst")) == set(_BURST)
    assert {post["status"] for post in stack.listed(author="Burst").values()} == {"ready"}


def test_a_deleted_post_is_listed_no_more(stack: Running) -> None:
    clients = stack.clients()
    clients.s3.delete_object(Bucket=stack.outputs.posts_bucket, Key=_BURST[0])
    clients.close()
    stack.settle()
    assert set(stack.listed(author="Burst")) == set(_BURST[1:])


def test_a_stop_keeps_everything(stack: Running) -> None:
    before = stack.listed()
    assert control.down(stack.state, lambda _: None)
    stack.up()
    stack.settle()
    assert stack.listed() == before, "nothing was lost, and nothing was done again"


def test_a_kill_costs_nothing_that_the_bucket_holds(stack: Running) -> None:
    before, rejected = stack.listed(), stack.listed(status="rejected")
    owner = StateFolder(stack.state).owner()
    assert owner
    os.kill(owner, signal.SIGKILL)
    stack.up()
    assert not any(stack.settle().dead_letters.values())

    def lasting(posts: dict[str, Any]) -> dict[str, Any]:
        """What does not depend on when a post was recorded."""
        return {
            key: {name: value for name, value in post.items() if name not in {"added", "changed"}} for key, post in posts.items()
        }

    assert lasting(stack.listed()) == lasting(before)
    assert lasting(stack.listed(status="rejected")) == lasting(rejected)
