"""Rules published into an archive, and taken back, through the real handlers and the real commands on moto."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import render_post.handler
from integration.conftest import Aws
from integration.test_pipeline import KEY, POST, ask, drop, render
from postkeep.post import post_id
from postkeep_local.cli import main
from postkeep_local.commands import options
from postkeep_local.operations.archive import Archive
from render_post.bundle import CURRENT
from render_post.rendition import RULES, VERSIONS

ID = post_id(KEY)
OTHER = "tea/_posts/other.md"
FIRST = RULES * VERSIONS
BOARD = POST.replace("</p><p>", '</p><p class="board">今日八折</p><p>')
TEA = "hosts = ['tea.example']\n[[drop]]\nname = 'board'\nselect = ['.board']\n"


@pytest.fixture
def archive(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Archive:
    """The mocked AWS, as the commands know it."""
    found = Archive(
        name="keep",
        region="us-east-1",
        api_url="",
        buckets={"PostsBucket": aws.posts, "ArchiveBucket": aws.archive},
        tables={"PostsTable": aws.table},
        queues={"RenderBacklogQueue": aws.render_queue},
        functions={},
    )
    monkeypatch.setattr(options, "open_archive", lambda *_: found)
    return found


@pytest.fixture
def tea(tmp_path: Path) -> Path:
    path = tmp_path / "tea.example.toml"
    path.write_text(TEA, encoding="utf-8")
    return path


def postkeep(*arguments: object) -> str:
    result: Result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def text() -> tuple[str, int, list[dict[str, str]]]:
    """The post's text; by which rules it was made, and what they removed."""
    removed = ask(f"/posts/{ID}/removed")[1]
    return ask(f"/posts/{ID}/text", "format=plain")[1], removed["rules"], removed["removed"]


def stored(aws: Aws) -> list[str]:
    listed = aws.s3.list_objects_v2(Bucket=aws.archive, Prefix="renditions/")
    return [entry["Key"].partition("/")[2] for entry in listed.get("Contents", [])]


def rendered(aws: Aws) -> int:
    """Have render do what it was asked for; gives how many requests there were."""
    messages = aws.messages(aws.render_queue)
    assert not messages or render(messages) == []
    return len(messages)


@pytest.mark.usefixtures("archive")
def test_rules_are_published_and_taken_back(aws: Aws, tea: Path) -> None:
    drop(aws, BOARD, "01")
    rendered(aws)
    before, made_by, _ = text()
    assert "今日八折" in before
    assert made_by == FIRST
    assert "0 of 1 posts are asked for" in postkeep("reprocess")

    told = postkeep("rules", "publish", tea, "--note", "no board", "--yes")
    assert f"--rendered-before {FIRST + 1}" in told
    # The instance has just looked for rules: the request has it look again.
    assert "1 of 1 posts are asked for" in postkeep("reprocess", "--rendered-before", FIRST + 1)
    assert rendered(aws) == 1
    after, made_by, removed = text()
    assert "今日八折" not in after
    assert made_by == FIRST + 1
    assert {"rule": "tea.example/board", "text": "今日八折"} in removed
    assert stored(aws) == [f"{ID}/00000001-{FIRST + 1:08}.json"]
    assert "0 of 1 posts are asked for" in postkeep("reprocess")

    postkeep("rules", "restore", "0", "--yes")
    assert "1 of 1 posts are asked for" in postkeep("reprocess")
    assert rendered(aws) == 1
    assert text()[:2] == (before, FIRST + 2)
    assert stored(aws) == [f"{ID}/00000001-{FIRST + 2:08}.json"]
    assert [one["version"] for one in json.loads(postkeep("rules", "list", "--json"))["history"]] == [2, 1]


@pytest.mark.usefixtures("archive")
def test_posts_that_come_later_are_made_by_published_rules(aws: Aws, tea: Path) -> None:
    postkeep("rules", "publish", tea, "--yes")
    drop(aws, BOARD, "01")
    rendered(aws)
    assert text()[1] == FIRST + 1
    assert "今日八折" not in text()[0]


def told_of_rules(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    """An error was logged, and the metric counted."""
    assert [r.levelname for r in caplog.records if r.getMessage() == "the published rules cannot be read"] == ["ERROR"]
    caplog.clear()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "CloudWatchMetrics" in line]
    assert [line["RulesNotRead"] for line in lines if "RulesNotRead" in line] == [[1.0]]


@pytest.mark.usefixtures("archive")
def test_rules_that_cannot_be_read_lose_no_post(
    aws: Aws, tea: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    postkeep("rules", "publish", tea, "--yes")
    aws.s3.put_object(Bucket=aws.archive, Key=CURRENT, Body=b"{")
    drop(aws, BOARD, "01")
    messages = aws.messages(aws.render_queue)
    # A function that holds no rules has the message come again.
    assert render(messages) == [messages[0]["MessageId"]]
    told_of_rules(caplog, capsys)
    assert ask(f"/posts/{ID}")[1]["status"] == "pending"
    postkeep("rules", "restore", "1", "--yes")
    assert render(messages) == []
    assert text()[1] == FIRST + 2

    # One that holds some goes on with them, and says so.
    aws.s3.put_object(Bucket=aws.archive, Key=CURRENT, Body=b"{")
    rules: Any = render_post.handler.wiring().rules
    rules._looked = None
    drop(aws, BOARD, "02", OTHER)
    assert rendered(aws) == 1
    assert ask(f"/posts/{post_id(OTHER)}/removed")[1]["rules"] == FIRST + 2
    told_of_rules(caplog, capsys)


@pytest.mark.usefixtures("archive")
def test_a_learnt_file_is_published_as_it_was_written(aws: Aws, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    stories = ["一场大雪", "河里的鱼", "一位客人", "老树开花", "米涨价了", "木桥冲走"]
    for n, story in enumerate(stories):
        article = f"<p>山上来了{story}，说不完。</p><p>欢迎每天来山下的茶馆坐坐喝茶。</p>"
        head = f"---\ntitle: {story}\nauthor: 陆羽\ndate: 2021-0{n % 4 + 1}-01\nfrom: https://tea.example/{n}\n---\n"
        (folder / f"{n}.md").write_text(head + article, encoding="utf-8")
    learnt = tmp_path / "learnt.json"
    postkeep("learn", folder, "--output", learnt)
    postkeep("rules", "check", learnt)
    postkeep("rules", "publish", learnt, "--yes")
    drop(aws, (folder / "0.md").read_text("utf-8"), "01", KEY)
    rendered(aws)
    found, _, removed = text()
    assert found.strip() == "山上来了一场大雪，说不完。"
    assert removed == [{"rule": "learnt/author", "text": "欢迎每天来山下的茶馆坐坐喝茶。"}]
