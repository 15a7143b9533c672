"""`postkeep trace`: what it takes, and what it prints."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

from postkeep.aws.dynamodb import DynamoPictures, DynamoPosts
from postkeep.ports import Rendered
from postkeep.post import Picture, PictureStatus, Post, Rendition, Status, picture_id, post_id
from postkeep_local.cli import main
from postkeep_local.operations.archive import Archive
from support.posts import a_post
from unit.cli.deployed import REGION, STACK

ESCAPE = "a\x1b[2J[bold]"
KEY = "tea/_posts/茶.md"
ID = post_id(KEY)
CAUSE = "4E2F6A0B9C8D7E61"
NOW = datetime.now(UTC).replace(microsecond=123_000)


def text(minutes: float, **more: Any) -> str:
    at = NOW - timedelta(minutes=minutes)
    value = {
        "timestamp": f"{at:%Y-%m-%d %H:%M:%S},{at.microsecond // 1000:03}+0000",
        "level": "INFO",
        "service": "parse",
        "step": "parse",
        "event_name": "ObjectCreated:Put",
        "message": "ingested",
        "post_id": ID,
        "key": KEY,
        "correlation_id": CAUSE,
        "function_request_id": "r-1",
        "outcome": "recorded",
        "duration_ms": 63.4,
    }
    return json.dumps(value | more)


def log(archive: Archive, *lines: str, group: str = "ParseLogs") -> None:
    logs, name = archive.client("logs"), archive.log_groups[group]
    if not logs.describe_log_streams(logGroupName=name)["logStreams"]:
        logs.create_log_stream(logGroupName=name, logStreamName="s")
    at = int(NOW.timestamp() * 1000)
    logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=[{"timestamp": at, "message": line} for line in lines])


def record(archive: Archive, *pictures: Picture, **changes: Any) -> Post:
    table = DynamoPosts(archive.posts_table, archive.client("dynamodb"))
    post = a_post(KEY, **changes)
    table.offer(post)
    if not pictures:
        return post
    filed = table.filed(post.id)
    assert filed
    rendition = Rendition(key="r", rules=1, characters=1, pictures=len(pictures), language="zh", words=1, reading_seconds=1)
    table.settle(filed, Rendered(rendition, "茶"), changed=post.changed)
    edition = replace(post, rendition=rendition).edition
    DynamoPictures(archive.posts_table, archive.client("dynamodb")).arrange(
        post.id, add=[replace(picture, edition=edition) for picture in pictures], remove=()
    )
    return post


def invoke(*arguments: str, status: int = 0) -> Result:
    result = CliRunner().invoke(main, ["trace", *arguments, "--stack", STACK, "--region", REGION])
    assert result.exit_code == status, result.output
    return result


def rows(result: Result) -> list[list[str]]:
    """The table's rows, in words."""
    return [line.split() for line in result.stdout.splitlines() if line.startswith(f" {NOW:%Y}")]


def test_a_posts_way_is_a_table_and_how_it_stands(deployed: Archive) -> None:
    waiting = Picture(
        id=picture_id("https://p.example/1.jpg"),
        address="https://p.example/1.jpg",
        status=PictureStatus.WAITING,
        next_try=datetime(2026, 1, 2, tzinfo=UTC),
    )
    record(deployed, waiting)
    step = {"event_name": None, "key": None}
    picture = {"service": "thumbnail", "step": "thumbnail", "picture_id": "k3xqabcd"}
    log(
        deployed,
        text(3, **step, service="render", step="render", attempt=2, outcome="rendered", duration_ms=1_840.2),
        text(5),
        text(2, **step, **picture, attempt=1, outcome="waiting", reason="timeout", duration_ms=20_000),
        text(1, **step, service="index", step="index", attempt=1, outcome="unchanged", correlation_id="reconcile-1"),
        "REPORT RequestId: 1",
    )
    result = invoke(KEY)
    found = [row[2:] for row in rows(result)]
    assert found == [
        ["parse", "ObjectCreated:Put", "1", "63", "ms", "recorded", "1"],
        ["render", "render", "2", "1.8", "s", "rendered", "1"],
        ["thumbnail", "picture", "k3xqab", "1", "20.0", "s", "waiting", "timeout", "1"],
        ["index", "index", "1", "63", "ms", "unchanged", "2"],
    ]
    assert f"cause 1  {CAUSE}\ncause 2  reconcile-1\n" in result.stdout
    assert "\nnow       ready, generation 1, settled; changed " in result.stdout
    assert "\npictures  1 waiting; the next try at 2026-01-02T00:00:00.000Z\n" in result.stdout
    assert f"\nkey       {KEY}\nversion   v1\nid        {ID}\n" in result.stdout


def test_a_cause_is_told_with_the_posts_that_it_concerned(deployed: Archive) -> None:
    record(deployed)
    others = [post_id(f"{n}.md") for n in range(11)]
    log(deployed, text(9), *(text(8, post_id=other) for other in others))
    result = invoke(CAUSE)
    assert len(rows(result)) == 12
    assert "now       pending, generation 1, not settled yet" in result.stdout
    assert result.stdout.count("has no record") == 9
    assert "2 further posts are named" in result.stdout


def test_a_rejected_post_says_why(deployed: Archive) -> None:
    record(deployed, status=Status.REJECTED, reason="front-matter-invalid", detail=f"line 3: {ESCAPE}")
    log(deployed, text(1, outcome="rejected", reason="front-matter-invalid"))
    result = invoke(ID)
    assert rows(result)[0][-3:] == ["rejected", "front-matter-invalid", "1"]
    assert "now       rejected (front-matter-invalid), generation 1" in result.stdout
    assert "detail    line 3: a\\x1b[2J[bold]\n" in result.stdout


def test_errors_and_lines_that_end_nothing_are_shown(deployed: Archive) -> None:
    trace = "Traceback (most recent call last):\nE: slow"
    log(
        deployed,
        text(3, level="ERROR", outcome="failed", reason="ClientError", exception=trace),
        text(2, outcome="", level="WARNING", message="rendition missing", step="", event_name="", duration_ms=None),
        text(1),
    )
    failed, warned, done = rows(invoke(ID))
    assert failed[-4:] == ["failed", "E:", "slow", "1"]
    assert warned[-6:] == ["rendition", "missing", "warning", "rendition", "missing", "1"]
    assert done[4] == "2", "Lambda's second attempt, by its request"


def test_the_apis_answers_are_shown_when_asked_for(deployed: Archive) -> None:
    log(deployed, text(2), text(1, service="query", step="answer", outcome="answered", event_name=None))
    assert len(rows(invoke(ID))) == 1
    assert [row[2] for row in rows(invoke(ID, "--reads"))] == ["parse", "query"]


def test_strangers_words_steer_nothing(deployed: Archive) -> None:
    hostile = dict.fromkeys(("service", "step", "event_name", "outcome", "reason", "picture_id", "message"), ESCAPE * 900)
    log(deployed, text(1, **hostile), text(1, **hostile, exception=ESCAPE), f'{{"post_id": "{ID}", "\x1b[2J')
    result = invoke(ID)
    assert "\x1b" not in result.stdout
    assert "[bold]" in result.stdout
    assert len(result.stdout) < 20_000
    assert "Left out: 1 that names it and is no line of Postkeep's form" in result.stdout
    assert invoke(ID, "--json").stdout.isascii()


def test_nothing_is_said_with_where_it_was_looked_for(deployed: Archive) -> None:
    log(deployed, text(1, post_id="b" * 26), text(60 * 30))
    result = invoke(ID, status=1)
    assert f"The logs of the last 1 d 0 h say nothing of {ID}.\n" in result.stdout
    assert f"\n  {deployed.log_groups['ParseLogs']}\n" in result.stdout
    assert deployed.log_groups["ApiLogs"] not in result.stdout
    assert f"now       {ID} has no record" in result.stdout
    assert len(rows(invoke(ID, "--since", "2d"))) == 1
    assert "The logs of the last 1 h 30 min" in invoke("some-cause", "--since", "90m", status=1).stdout


def test_a_limit_is_said(deployed: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postkeep_local.operations.traces.MOST", 1)
    log(deployed, text(2), text(1))
    assert "Only the newest 1 are shown" in invoke(ID).stdout


def test_as_json(deployed: Archive) -> None:
    post = record(deployed)
    log(deployed, text(1))
    value = json.loads(invoke(KEY, "--json", "--since", "2h").stdout)
    assert value | {"lines": 0, "posts": 0} == {
        "post_id": ID,
        "correlation_id": None,
        "since_seconds": 7_200,
        "looked_in": [deployed.log_groups["ParseLogs"]],
        "more": False,
        "unread": 0,
        "lines": 0,
        "posts": 0,
    }
    (line,) = value["lines"]
    assert line["at"].endswith(".123Z")
    assert (line["attempt"], line["duration_ms"], line["outcome"], line["reason"]) == (1, 63.4, "recorded", None)
    (state,) = value["posts"]
    assert state == {
        "id": ID,
        "status": "pending",
        "reason": None,
        "detail": None,
        "generation": 1,
        "settled": False,
        "changed": "2021-06-29T01:39:02.123Z",
        "key": post.key,
        "version": "v1",
        "pictures": {},
        "next_try": None,
    }
    nothing = json.loads(invoke("b" * 26, "--json", status=1).stdout)
    assert (nothing["lines"], nothing["posts"]) == ([], [{"id": "b" * 26, "status": None}])


@pytest.mark.parametrize("since", ["", "0h", "24", "h", "1.5h", "-1h", "١h", "732d", "99999d", "1w"])
def test_a_length_of_another_form_is_refused(since: str) -> None:
    result = CliRunner().invoke(main, ["trace", ID, "--since", since])
    assert result.exit_code == 2
    assert "90m, 24h or 7d" in result.output


def test_what_is_no_id_is_refused(deployed: Archive) -> None:
    assert "no post's id" in invoke("a b", status=2).output


def test_the_local_stacks_files_are_read(deployed: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local = replace(deployed, state=tmp_path)
    monkeypatch.setattr("postkeep_local.commands.options.open_archive", lambda *_: local)
    dynamodb = boto3.client("dynamodb", REGION)
    monkeypatch.setattr(Archive, "client", lambda *_: dynamodb)  # the emulator's address is nobody's
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "ParseFunction.log").write_text(text(1) + "\n")
    result = CliRunner().invoke(main, ["trace", KEY])
    assert result.exit_code == 0, result.output
    assert len(rows(result)) == 1
