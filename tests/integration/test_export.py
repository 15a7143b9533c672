"""The command `postkeep export` on an archive in moto that the real handlers filled."""

import errno
import json
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from click.testing import CliRunner, Result

from integration.conftest import Aws
from integration.test_pipeline import POST, drop, render
from postkeep.aws.dynamodb import DynamoListings
from postkeep.post import Post, post_id
from postkeep_local.cli import main
from postkeep_local.operations.archive import ARCHIVE_BUCKET, POSTS_BUCKET, POSTS_TABLE, Archive
from postkeep_local.upload import Upload
from support.books import check_book

KEYS = ["tea/_posts/2021-06-29-雨 #1%|?.md", "oped/archived/b.html", "c\u3000.txt"]
BAD = "bad.md"


@pytest.fixture(autouse=True)
def opened(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = Archive(
        name="keep",
        region=boto3.Session().region_name or "us-east-1",
        api_url="",
        buckets={POSTS_BUCKET: aws.posts, ARCHIVE_BUCKET: aws.archive},
        tables={POSTS_TABLE: aws.table},
        queues={},
        functions={},
    )
    monkeypatch.setattr("postkeep_local.commands.options.open_archive", lambda *_, **__: archive)


def export(*arguments: object, status: int = 0) -> Result:
    result = CliRunner().invoke(main, ["export", *map(str, arguments)])
    assert result.exit_code == status, result.output
    return result


def filled(aws: Aws) -> None:
    for n, key in enumerate(KEYS):
        drop(aws, POST.replace("06-29T", f"0{n + 1}-29T" if n != 1 else "02-28T"), "01", key=key)
    drop(aws, "no front matter", "01", key=BAD)
    aws.put("notes.pdf", b"no post")
    assert render(aws.messages(aws.render_queue)) == []


def records(aws: Aws) -> dict[str, Post]:
    found = DynamoListings(aws.table, aws.dynamodb).posts([post_id(key) for key in [*KEYS, BAD]])
    return {post.key: post for post in found.values()}


def test_what_is_exported_and_put_again_is_the_same_archive(aws: Aws, tmp_path: Path) -> None:
    filled(aws)
    result = export(tmp_path / "posts", "--format", "markdown")
    assert result.stdout == "4 posts exported\n"
    before = records(aws)
    for key in before:
        aws.s3.delete_object(Bucket=aws.posts, Key=key)
    aws.dynamodb.delete_table(TableName=aws.table)
    from support.template import table_definition  # noqa: PLC0415  (of a second table alone)

    aws.dynamodb.create_table(TableName=aws.table, **table_definition())
    summary = Upload(aws.s3, aws.posts)(tmp_path / "posts", started=lambda _: None, done=lambda *_: None)
    assert sorted(summary.uploaded) == sorted(before)
    for key in before:
        drop(aws, aws.s3.get_object(Bucket=aws.posts, Key=key)["Body"].read(), "02", key=key)
    render(aws.messages(aws.render_queue))
    same: dict[str, Any] = {"added": datetime(2021, 1, 1, tzinfo=UTC), "changed": datetime(2021, 1, 1, tzinfo=UTC)}

    def essence(post: Post) -> Post:
        return replace(post, revision=before[KEYS[0]].revision, **same)

    assert {key: essence(post) for key, post in records(aws).items()} == {key: essence(post) for key, post in before.items()}


def test_lines_say_what_the_archive_holds(aws: Aws, tmp_path: Path) -> None:
    filled(aws)
    export(tmp_path / "x.jsonl", "--format", "jsonl")
    values = [json.loads(line) for line in (tmp_path / "x.jsonl").read_text("utf-8").splitlines()]
    assert [value["key"] for value in values] == [KEYS[2], KEYS[1], KEYS[0], BAD]
    assert values[0]["text"].startswith("清晨的第一杯茶，总是最香的。")
    assert values[3]["rejected"] == "no-front-matter"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--author", "陆羽", "--tag", "茶"], {*KEYS}),
        (["--author", "陆"], set()),
        (["--from", "2021-02-28"], {KEYS[1], KEYS[2]}),
        (["--to", "2021-02-28"], {KEYS[0], KEYS[1]}),
        (["--from", "2021-02-28", "--to", "2021-02-28"], {KEYS[1]}),
        (["--from", "0001-01-01", "--to", "9999-12-31"], {*KEYS}),
        (["--author", "\udcff", "--tag", "\udcff"], set()),
    ],
)
def test_conditions_hold_together(aws: Aws, options: list[str], expected: set[str], tmp_path: Path) -> None:
    filled(aws)
    export(tmp_path / "x.zip", "--format", "markdown", *options)
    with zipfile.ZipFile(tmp_path / "x.zip") as files:
        assert set(files.namelist()) == expected
        assert all(files.read(key).startswith(b"---\ntitle:") for key in expected)


def test_cleaned_texts_and_what_has_none(aws: Aws, tmp_path: Path) -> None:
    filled(aws)
    result = export(tmp_path / "x", "--format", "markdown", "--cleaned")
    assert result.stdout == "3 posts exported, 1 left out that have no text\n"
    assert "清晨的第一杯茶，总是最香的。" in (tmp_path / "x" / KEYS[1]).with_suffix(".html.md").read_text("utf-8")


def test_a_book_of_an_archive(aws: Aws, tmp_path: Path) -> None:
    filled(aws)
    result = export(tmp_path / "x.epub", "--format", "epub", "--author", "陆羽", "--no-pictures")
    assert result.stdout == "3 posts exported\n"
    book = check_book(tmp_path / "x.epub")
    assert (book.title, book.creators, len(book.pages)) == ("陆羽", ["陆羽"], 3)
    assert "清晨的第一杯茶，总是最香的。" in book.pages[0]
    export(tmp_path / "y.epub", "--format", "epub", "--title", "茶書")
    assert check_book(tmp_path / "y.epub").title == "茶書"


@pytest.mark.parametrize(("form", "name"), [("jsonl", "茶 1.jsonl"), ("markdown", "posts.zip"), ("epub", "x.epub")])
def test_an_export_in_the_bucket_has_a_link(aws: Aws, form: str, name: str) -> None:
    filled(aws)
    given = name.removesuffix(".zip")
    result = export(given, "--format", form, "--to-bucket", "--link-hours", "24")
    address, link, said = result.stdout.splitlines()
    match = re.fullmatch(r"s3://archive-bucket/(exports/\d{8}T\d{6}Z-(.+))", address)
    assert match
    assert match[2] == name
    found = aws.s3.get_object(Bucket=aws.archive, Key=match[1])
    assert found["Body"].read(2)
    assert found["ContentDisposition"] == "attachment"
    query = parse_qs(urlsplit(link).query)
    assert (query["X-Amz-Algorithm"], query["X-Amz-Expires"]) == (["AWS4-HMAC-SHA256"], ["86400"])
    until = re.search(r"works until (.+) UTC", result.stderr)
    assert until
    left = datetime.strptime(until[1], "%Y-%m-%d %H:%M").replace(tzinfo=UTC) - datetime.now(UTC)
    assert timedelta(hours=23.9) < left <= timedelta(hours=24)
    assert "exported" in said


def test_json_says_where_it_is_and_what_became_of_the_posts(aws: Aws, tmp_path: Path) -> None:
    filled(aws)
    aws.put("../x.md", b"x")
    result = export(tmp_path / "x", "--format", "markdown", "--json", status=1)
    reason = "its key is no path of a file: it has empty parts, or such as `..`"
    assert json.loads(result.stdout) == {
        "destination": str(tmp_path / "x"),
        "link": None,
        "until": None,
        "posts": 4,
        "without_text": 0,
        "failed": [{"key": "../x.md", "reason": reason}],
    }
    told = json.loads(export("x.epub", "--format", "epub", "--to-bucket", "--json").stdout)
    assert told["destination"].startswith("s3://archive-bucket/exports/")
    assert "X-Amz-Signature=" in told["link"]
    assert datetime.fromisoformat(told["until"]) > datetime.now(UTC)
    assert (told["posts"], told["without_text"], told["failed"]) == (3, 1, [])


def test_what_the_bucket_refuses_is_a_message(aws: Aws) -> None:
    filled(aws)
    for found in aws.s3.list_objects_v2(Bucket=aws.archive)["Contents"]:
        aws.s3.delete_object(Bucket=aws.archive, Key=found["Key"])
    aws.s3.delete_bucket(Bucket=aws.archive)
    result = export("x.zip", "--format", "markdown", "--to-bucket", status=1)
    assert "NoSuchBucket" in result.stderr
    assert result.stdout == ""


def test_a_full_disk_is_a_message_and_leaves_nothing(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(aws)

    def full(*_: object) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("postkeep_local.operations.export.line", full)
    result = export(tmp_path / "x", "--format", "jsonl", status=1)
    assert result.stderr.endswith("x: No space left on device\n")
    assert list(tmp_path.iterdir()) == []


def test_progress_is_a_line_now_and_then_off_a_terminal(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(aws)
    monkeypatch.setattr("postkeep_local.commands.export._TOLD_EVERY", 2)
    assert export(tmp_path / "x", "--format", "jsonl").stderr == "Exporting: 2 posts\nExporting: 4 posts\n"


def test_progress_is_a_count_on_a_terminal(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(aws)
    monkeypatch.setenv("FORCE_COLOR", "1")  # which rich takes for a terminal
    assert "Exporting: 4 posts" in export(tmp_path / "x", "--format", "jsonl").stderr


def test_links_last_seven_days_at_most(aws: Aws) -> None:
    assert "168" in export("x", "--format", "jsonl", "--to-bucket", "--link-hours", "169", status=2).stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x", "--format", "jsonl", "--cleaned"], "--cleaned belongs to"),
        (["x", "--format", "jsonl", "--title", "x"], "--title belongs to"),
        (["x", "--format", "jsonl", "--no-pictures"], "--no-pictures belongs to"),
        (["x", "--format", "jsonl", "--replace", "--to-bucket"], "--replace does not go with"),
        (["x", "--format", "jsonl", "--from", "2021-02-02", "--to", "2021-02-01"], "later than"),
        (["a/x", "--format", "jsonl", "--to-bucket"], "without a folder"),
        (["..", "--format", "jsonl", "--to-bucket"], "without a folder"),
        (["x"], "--format"),
    ],
)
def test_what_makes_no_sense_is_refused(aws: Aws, arguments: list[str], message: str) -> None:
    assert message in export(*arguments, status=2).stderr


def test_what_cannot_be_written_is_named(aws: Aws, tmp_path: Path) -> None:
    filled(aws)
    for n in range(25):
        aws.put(f"../\x1b{n}.md", b"x")
    result = export(tmp_path / "x", "--format", "markdown", status=1)
    assert result.stdout == "4 posts exported, 25 failed\n"
    assert "failed ../\\x1b0.md: its key is no path of a file" in result.stderr
    assert "… and 5 more" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_an_empty_archive_makes_no_book_and_leaves_nothing(aws: Aws, tmp_path: Path) -> None:
    assert "nothing to make a book of" in export(tmp_path / "x.epub", "--format", "epub", status=1).stderr
    assert list(tmp_path.iterdir()) == []
    assert export(tmp_path / "x.jsonl", "--format", "jsonl").stdout == "0 posts exported\n"


def test_what_is_there_is_written_over_on_request_alone(aws: Aws, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine")
    assert "--replace" in export(tmp_path / "x", "--format", "jsonl", status=1).stderr
    assert (tmp_path / "x").read_text() == "mine"
    export(tmp_path / "x", "--format", "jsonl", "--replace")
    assert (tmp_path / "x").read_text() == ""


def test_an_interrupted_export_leaves_nothing(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(aws)

    def interrupt(*_: object) -> bytes:
        raise KeyboardInterrupt  # not by a signal: a shell's background jobs ignore it

    monkeypatch.setattr("postkeep_local.operations.export.line", interrupt)
    assert "Aborted" in export(tmp_path / "x", "--format", "jsonl", status=1).stderr
    assert list(tmp_path.iterdir()) == []
