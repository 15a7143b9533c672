"""`postkeep status` and `postkeep dlq`, over a stack that is deployed to moto."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from postkeep import correlation
from postkeep.aws.items import picture_item, post_item
from postkeep.aws.ledger import DynamoLedger
from postkeep.messages import RenderRequest, ThumbnailRequest
from postkeep.post import Picture, PictureStatus, picture_id, post_id
from postkeep.upgrades import LATEST, Finished, Ledger
from postkeep_local.cli import main
from postkeep_local.commands import options, tables
from postkeep_local.operations import ages, overview
from postkeep_local.operations.archive import Archive
from postkeep_local.operations.overview import DeadLetters, Events, PostCounts
from postkeep_local.stack import control
from support.posts import a_post
from unit.cli.deployed import bodies, failure_record, s3_event, send, waiting

DEAD, LIVE, FAILURES = "RenderDeadLetterQueue", "RenderQueue", "ParseFailureQueue"
RENDER = RenderRequest("a" * 26, 3)
ESCAPE = "\x1b[2J\x9b2J\u202e"
"""What would clear a screen, and turn its text around."""


@pytest.fixture(autouse=True)
def chosen(deployed: Archive, monkeypatch: pytest.MonkeyPatch) -> Archive:
    monkeypatch.setattr(options, "open_archive", lambda *_: deployed)
    return deployed


def invoke(*arguments: str) -> Result:
    result = CliRunner().invoke(main, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def harmless(text: str) -> bool:
    return not any(character in text for character in ESCAPE if character not in "[2J")


# ---- status ----


def test_status_tells_everything(deployed: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    send(deployed, LIVE, "1", "2")
    send(deployed, "ThumbnailQueue", "1")
    send(deployed, DEAD, RENDER.encode(), f"{ESCAPE} [bold]hello")
    monkeypatch.setattr(ages, "oldest_messages", lambda *_: {LIVE: 3_700.0})
    monkeypatch.setattr(overview, "count_posts", lambda _: PostCounts("2026-01-02T03:04:05Z", {"ready": 1200, f"x{ESCAPE}": 1}))
    result = invoke("status")
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["API", "none"] in lines
    assert ["Bucket", deployed.posts_bucket] in lines
    assert "Posts   1,200 ready, 1 x" in result.stdout
    assert "(as of 2026-01-02T03:04:05Z)" in result.stdout
    assert [LIVE, "2", "0", "1", "h", "1", "min"] in lines
    assert ["ThumbnailQueue", "1", "0", "unknown"] in lines
    (dead,) = [line for line in result.stdout.splitlines() if DEAD in line]
    assert "1 × render request, 1 × not understood: not JSON" in dead
    assert f"{datetime.now(UTC) + timedelta(days=14):%Y-%m}" in dead
    assert harmless(result.stdout)


def have_pictures(deployed: Archive) -> None:
    """One that is due, one that waits, and one that is there."""
    now = datetime.now(UTC)
    tries = (now - timedelta(hours=1), now + timedelta(hours=1), None)
    for n, next_try in enumerate(tries):
        picture = Picture(id=picture_id(str(n)), address="https://p.example/", status=PictureStatus.WAITING, next_try=next_try)
        deployed.client("dynamodb").put_item(TableName=deployed.posts_table, Item=picture_item("a" * 26, picture))


def test_status_counts_the_pictures_that_wait(deployed: Archive) -> None:
    assert "Pictures" not in invoke("status").stdout
    assert json.loads(invoke("status", "--json").stdout)["pictures"] == {"waiting": 0, "due": 0}
    have_pictures(deployed)
    assert "Posts   not counted yet\nPictures to be asked for again: 2, of which 1 are due\n\n" in invoke("status").stdout
    assert json.loads(invoke("status", "--json").stdout)["pictures"] == {"waiting": 2, "due": 1}


def test_status_of_what_is_not_counted(deployed: Archive) -> None:
    assert "Posts   not counted yet\n" in invoke("status").stdout
    assert json.loads(invoke("status", "--json").stdout)["posts"] is None
    assert waiting(deployed, DEAD) == 0


def test_status_as_json(deployed: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    send(deployed, LIVE, "1", "2")
    send(deployed, DEAD, RENDER.encode())
    monkeypatch.setattr(ages, "oldest_messages", lambda *_: {LIVE: 61.23456})
    monkeypatch.setattr(overview, "count_posts", lambda _: PostCounts("2026-01-02T03:04:05Z", {"ready": 12}))
    found = json.loads(invoke("status", "--json").stdout)
    assert found["stack"] == "keep"
    assert found["api_url"] is None
    assert found["posts_bucket"] == deployed.posts_bucket
    assert found["posts"] == {"as_of": "2026-01-02T03:04:05Z", "statuses": {"ready": 12}}
    assert found["events"] is None
    assert found["queues"] == [
        {"name": LIVE, "waiting": 2, "in_flight": 0, "oldest_seconds": 61.235},
        {"name": "ThumbnailQueue", "waiting": 0, "in_flight": 0, "oldest_seconds": None},
    ]
    dead = next(entry for entry in found["dead_letters"] if entry["name"] == DEAD)
    assert (dead["messages"], dead["looked_at"], dead["reasons"]) == (1, 1, {"render request": 1})
    assert datetime.fromisoformat(dead["dropped"]) - datetime.fromisoformat(dead["oldest"]) == timedelta(days=14)


def test_status_of_the_local_stack_says_how_to_use_it(deployed: Archive, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    local = replace(deployed, state=tmp_path, api_url="http://127.0.0.1:1", endpoint_url=None)
    events = Events(3, 2, 75.0)
    gathered = overview.Overview(local, events, [], {}, [], None)
    monkeypatch.setattr(options, "open_archive", lambda *_: local)
    monkeypatch.setattr(overview, "overview", lambda _: gathered)
    result = invoke("status")
    assert "API     http://127.0.0.1:1\n" in result.stdout
    assert "  curl 'http://127.0.0.1:1/posts?limit=5'" in result.stdout
    assert ["events", "3", "2", "1", "min"] in [line.split() for line in result.stdout.splitlines()]
    assert json.loads(invoke("status", "--json").stdout)["events"] == {"waiting": 3, "running": 2, "oldest_seconds": 75.0}
    monkeypatch.setattr(overview, "overview", lambda _: replace(gathered, events=Events(0, 0, None)))
    assert ["events", "0", "0"] in [line.split() for line in invoke("status").stdout.splitlines()]


def test_what_aws_refuses_is_a_message(deployed: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = replace(deployed, queues={"RenderQueue": "https://sqs.eu-west-1.amazonaws.com/123456789012/gone"})
    monkeypatch.setattr(options, "open_archive", lambda *_: gone)
    result = invoke("status")
    assert result.exit_code == 1
    assert "NonExistentQueue" in result.stderr


# ---- dlq list ----


def test_dlq_list_groups_by_reason(deployed: Archive) -> None:
    send(deployed, DEAD, *[RENDER.encode()] * 3)
    many = [failure_record(s3_event("a.md"), responsePayload={"errorType": f"Error{n}{'x' * 200}"}) for n in range(7)]
    send(deployed, FAILURES, *many, failure_record(s3_event("a.md"), responsePayload={"errorType": f"[red]{ESCAPE}"}))
    result = invoke("dlq", "list")
    assert result.exit_code == 0, result.output
    assert "3 × render request" in result.stdout
    assert "3 other reasons" in result.stdout.replace("\n", " ")
    assert "ThumbnailDeadLetterQueue" in result.stdout
    assert LIVE not in result.stdout
    assert harmless(result.stdout)
    found = {entry["name"]: entry for entry in json.loads(invoke("dlq", "list", "--json").stdout)}
    assert found[FAILURES]["messages"] == 8
    assert len(found[FAILURES]["reasons"]) == 8
    assert (found["ThumbnailDeadLetterQueue"]["oldest"], found["ThumbnailDeadLetterQueue"]["dropped"]) == (None, None)
    assert (waiting(deployed, DEAD), waiting(deployed, FAILURES)) == (3, 8)


def test_what_is_held_or_not_looked_at_is_said(deployed: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "PEEKED", 2)
    send(deployed, DEAD, *[RENDER.encode()] * 5)
    deployed.client("sqs").receive_message(QueueUrl=deployed.queues[DEAD])
    (line,) = [line for line in invoke("dlq", "list").stdout.splitlines() if DEAD in line]
    assert "4, 1 held" in line
    assert "2 × render request (of 2 looked at)" in line


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3_599, "59 min"),
        (3_600, "1 h 0 min"),
        (86_399, "23 h 59 min"),
        (200_000, "2 d 7 h"),
    ],
)
def test_spans_of_time_are_readable(seconds: float, text: str) -> None:
    assert tables.span(seconds) == text


def test_a_reason_is_one_line_of_bounded_length() -> None:
    assert tables.clipped("a\nb" + "x" * 99, 10) == "a\\nbxxxxxx…"


def test_a_table_of_nothing_is_a_table() -> None:
    assert tables.dead_letters_table(list[DeadLetters]()).row_count == 0


# ---- dlq show ----


def test_dlq_show_makes_messages_readable(deployed: Archive) -> None:
    key = "tea/_posts/茶.md"
    deployed.client("dynamodb").put_item(TableName=deployed.posts_table, Item=post_item(a_post(key)))
    thumbnail = ThumbnailRequest(post_id(key), "b" * 26, "00000001-0001", f"https://x.example/{ESCAPE}茶.jpg", "")
    send(deployed, DEAD, RenderRequest(post_id(key), 7, force=True).encode(), thumbnail.encode(), RENDER.encode(), "{" + ESCAPE)
    for _ in range(2):
        result = invoke("dlq", "show", DEAD)
        assert result.exit_code == 0, result.output
        assert f"  key         {key}\n" in result.stdout
        assert "  generation  7\n" in result.stdout
        assert "  force       True\n" in result.stdout
        assert "  picture id  " + "b" * 26 in result.stdout
        assert "茶.jpg" in result.stdout
        assert ": not understood: not JSON\n" in result.stdout
        assert "4 of 4 messages\n" in result.stdout
        assert harmless(result.stdout)
    assert "received 2 times" in result.stdout
    assert waiting(deployed, DEAD) == 4


def test_dlq_show_makes_failures_readable(deployed: Archive) -> None:
    failed = {"errorType": "ReadTimeout", "errorMessage": ESCAPE + "no answer " + "x" * 9_000}
    send(deployed, FAILURES, failure_record(s3_event("tea/%E8%8C%B6+1.md", "b%1B.md"), responsePayload=failed))
    result = invoke("dlq", "show", FAILURES)
    assert "  keys        tea/茶 1.md\n  keys        b\\x1b.md\n" in result.stdout
    assert "  error       ReadTimeout\n" in result.stdout
    assert "no answer xxx" in result.stdout
    assert "  condition   RetriesExhausted\n" in result.stdout
    assert len(result.stdout) < 2_000
    assert harmless(result.stdout)
    (found,) = json.loads(invoke("dlq", "show", FAILURES, "--json").stdout)
    assert found["kind"] == "event"
    assert found["keys"] == ["tea/茶 1.md", "b\x1b.md"]
    assert found["message"] == failed["errorMessage"]
    assert "payload" not in found


def test_dlq_show_as_json(deployed: Archive) -> None:
    attributes: Any = correlation.attributes("4E2F6A0B")
    deployed.client("sqs").send_message(QueueUrl=deployed.queues[DEAD], MessageBody=RENDER.encode(), MessageAttributes=attributes)
    send(deployed, DEAD, ESCAPE)
    result = invoke("dlq", "show", DEAD, "--json")
    assert result.stdout.isascii()
    found = {entry["kind"]: entry for entry in json.loads(result.stdout)}
    assert found["render"] | {"id": 0, "sent": 0} == {
        "id": 0,
        "sent": 0,
        "receives": 1,
        "kind": "render",
        "key": None,
        "post_id": "a" * 26,
        "generation": 3,
        "force": False,
        "rules": 0,
        "correlation_id": "4E2F6A0B",
    }
    assert (found[None]["trouble"], found[None]["body"]) == ("not JSON", ESCAPE)


def test_dlq_show_shows_no_more_than_asked_for(deployed: Archive) -> None:
    send(deployed, DEAD, *[RENDER.encode()] * 12)
    assert "10 of 12 messages" in invoke("dlq", "show", DEAD).stdout
    assert "11 of 12 messages" in invoke("dlq", "show", DEAD, "--limit", "11").stdout
    assert "0 of 0 messages" in invoke("dlq", "show", FAILURES).stdout


def test_keys_are_left_out_where_the_table_is_not_to_be_read(deployed: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    send(deployed, DEAD, RENDER.encode(), RenderRequest("POST#" + "x" * 3_000, 1).encode())
    monkeypatch.setattr(options, "open_archive", lambda *_: replace(deployed, tables={"PostsTable": "nobodys"}))
    result = invoke("dlq", "show", DEAD)
    assert result.exit_code == 0
    assert "  post id     " + "a" * 26 in result.stdout
    assert "  key " not in result.stdout


@pytest.mark.parametrize("command", ["show", "redrive"])
@pytest.mark.parametrize("name", [LIVE, f"x{ESCAPE}"])
def test_no_such_queue_names_those_that_there_are(command: str, name: str) -> None:
    result = invoke("dlq", command, name)
    assert result.exit_code == 1
    assert f"there are: {FAILURES}, {DEAD}, ThumbnailDeadLetterQueue" in result.stderr
    assert harmless(result.stderr)


# ---- dlq redrive ----


def test_dlq_redrive_counts_what_it_did(deployed: Archive) -> None:
    send(deployed, DEAD, *[RENDER.encode()] * 12)
    result = invoke("dlq", "redrive", DEAD)
    assert (result.exit_code, result.stdout) == (0, f"{DEAD}: 12 sent again, 0 stayed\n")
    assert f"Redriving {DEAD}: 12 of 12" in result.stderr
    assert waiting(deployed, LIVE) == 12


def test_dlq_redrive_names_what_stays_and_exits_1(deployed: Archive) -> None:
    send(deployed, DEAD, RENDER.encode(), *[f"no{ESCAPE}"] * 25)
    result = invoke("dlq", "redrive", DEAD)
    assert (result.exit_code, result.stdout) == (1, f"{DEAD}: 1 sent again, 25 stayed\n")
    assert result.stderr.count("stays ") == 20
    assert ": not understood: not JSON\n" in result.stderr
    assert "… and 5 more that stay\n" in result.stderr
    assert waiting(deployed, DEAD) == 25


def test_dlq_redrive_of_all(deployed: Archive) -> None:
    send(deployed, DEAD, *[RENDER.encode()] * 3)
    send(deployed, FAILURES, failure_record(s3_event("a.md")), "no")
    result = invoke("dlq", "redrive", "--all", "--limit", "2")
    assert result.exit_code == 1
    assert result.stdout == (
        f"{FAILURES}: 1 sent again, 1 stayed\n{DEAD}: 2 sent again, 0 stayed\nThumbnailDeadLetterQueue: 0 sent again, 0 stayed\n"
    )


def test_dlq_redrive_dry(deployed: Archive) -> None:
    send(deployed, DEAD, RENDER.encode(), "no")
    result = invoke("dlq", "redrive", DEAD, "--dry-run")
    assert (result.exit_code, result.stdout) == (1, f"{DEAD}: 1 to send again, 1 would stay\n")
    assert sorted(bodies(deployed, DEAD)) == sorted([RENDER.encode(), "no"])


@pytest.mark.parametrize("arguments", [(), (DEAD, "--all")])
def test_dlq_redrive_wants_to_know_which(arguments: tuple[str, ...]) -> None:
    result = invoke("dlq", "redrive", *arguments)
    assert result.exit_code == 2
    assert "--all" in result.stderr


# ---- Which archive ----


@pytest.fixture
def really(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr("postkeep_local.operations.letters._WAIT_SECONDS", 0)


@pytest.mark.usefixtures("really")
def test_a_deployed_stack_is_named_by_its_options(deployed: Archive) -> None:
    send(deployed, DEAD, RENDER.encode())
    named = ("--stack", deployed.name, "--region", deployed.region)
    assert invoke("dlq", "redrive", DEAD, *named).stdout == f"{DEAD}: 1 sent again, 0 stayed\n"
    result = invoke("status", "--stack", "nobodys", "--region", deployed.region)
    assert result.exit_code == 1
    assert "No stack nobodys is deployed" in result.stderr


@pytest.mark.usefixtures("really")
@pytest.mark.parametrize("command", [("status",), ("dlq", "list"), ("dlq", "show", DEAD), ("dlq", "redrive", DEAD)])
def test_without_a_stack_it_says_what_to_do(command: tuple[str, ...], tmp_path: Path) -> None:
    result = invoke(*command, "--state", str(tmp_path))
    assert result.exit_code == 1
    assert "No local stack is running" in result.stderr
    assert "make up" in result.stderr


@pytest.mark.usefixtures("really")
@pytest.mark.parametrize("option", ["--region", "--profile", "--endpoint-url"])
def test_options_of_a_deployed_stack_need_its_name(option: str) -> None:
    result = invoke("status", option, "x")
    assert result.exit_code == 2
    assert f"{option} needs --stack." in result.stderr


@pytest.mark.usefixtures("really")
def test_a_local_stack_that_does_not_answer_is_a_message(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    queues: dict[str, Any] = {LIVE: "http://127.0.0.1:1/0/render"}
    outputs = control.Outputs("http://127.0.0.1:1", "http://127.0.0.1:1", "p", "a", "t", "us-east-1", queues)
    monkeypatch.setattr(control, "outputs", lambda _: outputs)
    result = invoke("status", "--state", str(tmp_path))
    assert result.exit_code == 1
    assert "http://127.0.0.1:1" in result.stderr


def test_status_says_when_an_upgrade_is_due(deployed: Archive) -> None:
    assert "Upgrade" not in invoke("status").stdout, "an archive that holds nothing"
    assert json.loads(invoke("status", "--json").stdout)["upgrade"] == {"recorded": False, "due": []}
    have_pictures(deployed)
    assert "\nUpgrade nothing is recorded: `postkeep upgrade` looks for what older versions left\n" in invoke("status").stdout
    store = DynamoLedger(deployed.posts_table, deployed.client("dynamodb"))
    ledger = store.swap(Ledger(done=dict.fromkeys(range(2, LATEST), Finished(at=datetime.now(UTC)))), replacing=Ledger())
    assert "\nUpgrade 2 migrations are due: `postkeep upgrade`\n" in invoke("status").stdout
    ledger = store.swap(ledger.finished([1], Finished(at=datetime.now(UTC))), replacing=ledger)
    assert "\nUpgrade 1 migration is due: `postkeep upgrade`\n" in invoke("status").stdout
    assert json.loads(invoke("status", "--json").stdout)["upgrade"] == {"recorded": True, "due": [LATEST]}
    store.swap(ledger.finished([LATEST], Finished(at=datetime.now(UTC))), replacing=ledger)
    assert "Upgrade" not in invoke("status").stdout
