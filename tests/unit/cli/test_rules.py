"""`postkeep rules publish`, `list`, `show` and `restore` on a deployed archive, and `postkeep preview --rules`."""

import json
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from postkeep_local.cli import main
from postkeep_local.commands import options
from postkeep_local.commands.rules import _options
from postkeep_local.operations.archive import Archive
from render_post.bundle import CURRENT, version_key
from render_post.rendition import RULES, VERSIONS

TEA = "hosts = ['tea.example']\n[[drop]]\nname = 'board'\nselect = ['.board']\n"
INK = "hosts = ['ink.example']\n"
FIRST = RULES * VERSIONS


@pytest.fixture
def chosen(deployed: Archive, monkeypatch: pytest.MonkeyPatch) -> Archive:
    monkeypatch.setattr(options, "open_archive", lambda *_: deployed)
    return deployed


@pytest.fixture
def tea(tmp_path: Path) -> Path:
    path = tmp_path / "tea.example.toml"
    path.write_text(TEA, encoding="utf-8")
    return path


@pytest.fixture
def ink(tmp_path: Path) -> Path:
    path = tmp_path / "ink.toml"
    path.write_text(INK, encoding="utf-8")
    return path


def invoke(*arguments: Path | str, answer: str = "") -> Result:
    result = CliRunner().invoke(main, ["rules", *map(str, arguments)], input=answer)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def names(archive: Archive) -> list[str]:
    listed = archive.client("s3").list_objects_v2(Bucket=archive.archive_bucket, Prefix="rules/")
    return [entry["Key"] for entry in listed.get("Contents", [])]


def test_rules_are_published_after_a_question(chosen: Archive, tea: Path, ink: Path) -> None:
    refused = invoke("publish", tea, answer="n\n")
    assert refused.exit_code == 1
    assert "+ tea.example.toml\nPublish them for keep? [y/N]" in refused.stdout
    assert names(chosen) == []
    result = invoke("publish", tea, ink, "--note", "two", answer="y\n")
    assert result.exit_code == 0
    assert "+ ink.toml\n+ tea.example.toml\n" in result.stdout
    assert f"Version 1 is published; texts are made by rules {FIRST + 1} from now on." in result.stdout
    assert names(chosen) == [CURRENT, version_key(1)]


def test_it_prints_the_command_that_makes_texts_anew(chosen: Archive, tea: Path) -> None:
    line = invoke("publish", tea, "--yes").stdout.splitlines()[-1]
    assert line == f"  postkeep reprocess --rendered-before {FIRST + 1} --stack keep --region eu-west-1"
    assert chosen


def test_what_changes_is_shown(chosen: Archive, tea: Path, ink: Path) -> None:
    invoke("publish", tea, ink, "--yes")
    assert "Nothing changes, and nothing is published." in invoke("publish", tea).stdout
    tea.write_text(TEA + "# more\n", encoding="utf-8")
    result = invoke("publish", tea, "--remove", "ink.toml", "--yes")
    assert result.stdout.startswith("~ tea.example.toml\n- ink.toml\nVersion 2 is published")
    assert invoke("publish", ink, "--replace-all", "--yes").stdout.startswith("+ ink.toml\n- tea.example.toml\nVersion 3")
    assert "Version 40 is published" in invoke("publish", tea, "--number", "40", "--yes").stdout
    assert names(chosen)[-1] == version_key(40)


def test_what_cannot_be_published_says_why(chosen: Archive, tea: Path, tmp_path: Path) -> None:
    assert invoke("publish").exit_code == 2
    bad = tmp_path / "bad.toml"
    bad.write_text("hosts = 1", encoding="utf-8")
    result = invoke("publish", tea, bad, "--yes")
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: bad.toml: hosts: give a list of texts, each of 1 to 1,000 characters\n",
    )
    assert invoke("publish", tea, "--remove", "none.toml", "--yes").exit_code == 1
    assert names(chosen) == []


def test_somebody_else_who_publishes_meanwhile_is_told_of(
    chosen: Archive, tea: Path, ink: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirm = click.confirm

    def meanwhile(text: str, *, abort: bool) -> bool:
        monkeypatch.setattr(click, "confirm", confirm)
        invoke("publish", ink, "--yes")
        return abort

    monkeypatch.setattr(click, "confirm", meanwhile)
    result = invoke("publish", tea)
    assert result.exit_code == 1
    assert "Somebody else published meanwhile, and nothing of yours is in force" in result.stderr
    assert invoke("show", "ink.toml").stdout == INK
    assert invoke("show", "tea.example.toml").exit_code == 1
    assert chosen


def test_files_are_shown_as_they_were_given(chosen: Archive, tea: Path, tmp_path: Path) -> None:
    tea.write_bytes(TEA.encode() + "# 茶\r\n".encode())
    invoke("publish", tea, "--yes")
    assert invoke("show", tea.name).stdout_bytes == tea.read_bytes()
    before = tea.read_bytes()
    tea.write_text(TEA, encoding="utf-8")
    invoke("publish", tea, "--yes")
    assert invoke("show", tea.name, "--at", "1").stdout_bytes == before
    assert invoke("show", tea.name).stdout == TEA
    missing = invoke("show", "a\x1b.toml")
    assert (missing.exit_code, "a\\x1b.toml is not in version 2" in missing.stderr) == (1, True)
    assert "version 9: it was never published" in invoke("show", tea.name, "--at", "9").stderr
    assert chosen


def test_what_is_published_is_listed_with_its_history(chosen: Archive, tea: Path, ink: Path) -> None:
    nothing = invoke("list")
    assert (nothing.exit_code, nothing.stdout) == (0, "Nothing is published: the rules that ship are in force.\n")
    invoke("publish", tea, "--note", "the first \x1b[2J", "--yes")
    invoke("publish", ink, "--yes")
    stdout = invoke("list").stdout
    assert stdout.startswith(
        f"Version 2 is in force, which makes texts by rules {FIRST + 2}:\n  ink.toml  {len(INK)} bytes\n"
        f"  tea.example.toml  {len(TEA)} bytes\n"
    )
    assert "the first \\x1b[2J" in stdout
    assert "(in force)" in stdout
    assert invoke("list", "--limit", "1").stdout.count("(in force)") == 1
    assert "the first" not in invoke("list", "--limit", "1").stdout
    found = json.loads(invoke("list", "--json").stdout)
    assert {name: found[name] for name in ("version", "rules", "problem", "files")} == {
        "version": 2,
        "rules": FIRST + 2,
        "problem": None,
        "files": {"ink.toml": len(INK), "tea.example.toml": len(TEA)},
    }
    assert [(one["version"], one["note"], one["files"]) for one in found["history"]] == [
        (2, "", ["ink.toml", "tea.example.toml"]),
        (1, "the first \x1b[2J", ["tea.example.toml"]),
    ]
    assert chosen


def test_many_files_are_cut_short_in_the_history(chosen: Archive, tmp_path: Path) -> None:
    paths = [tmp_path / f"{n}.toml" for n in range(8)]
    for n, path in enumerate(paths):
        path.write_text(f"hosts = ['{n}.example']", encoding="utf-8")
    invoke("publish", *paths, "--yes")
    assert "5.toml and 2 more" in invoke("list").stdout
    assert chosen


def test_what_was_published_before_is_published_again(chosen: Archive, tea: Path, ink: Path) -> None:
    invoke("publish", tea, "--yes")
    invoke("publish", ink, "--yes")
    assert "Nothing changes" in invoke("restore", "2").stdout
    assert invoke("restore", "9").exit_code == 1
    assert invoke("restore", "1", answer="n\n").exit_code == 1
    assert invoke("restore", "1", "--yes").stdout.startswith("- ink.toml\nVersion 3 is published")
    assert invoke("restore", "0", "--note", "what ships", "--yes").stdout.startswith("- tea.example.toml\nVersion 4")
    stdout = invoke("list").stdout
    assert "version 1 restored" in stdout
    assert "what ships" in stdout
    assert "none" in stdout
    assert chosen


def test_what_is_broken_is_told_and_can_be_mended(chosen: Archive, tea: Path) -> None:
    invoke("publish", tea, "--yes")
    for key in (CURRENT, version_key(2)):
        chosen.client("s3").put_object(Bucket=chosen.archive_bucket, Key=key, Body=b"{")
    listed = invoke("list")
    assert listed.exit_code == 0
    assert "What is published cannot be used: rules/current.json: it is not JSON" in listed.stderr
    assert "rules/versions/000002.json: it is not JSON" in listed.stderr
    assert json.loads(invoke("list", "--json").stdout)["problem"].startswith("rules/current.json")
    assert invoke("publish", tea, "--yes").exit_code == 1
    assert CliRunner().invoke(main, ["reprocess", "--all"]).exit_code == 1
    assert invoke("restore", "1", "--yes").stdout.startswith("+ tea.example.toml\nVersion 3 is published")
    assert invoke("show", tea.name).stdout == TEA


def test_the_printed_command_names_the_archive(chosen: Archive) -> None:
    elsewhere = replace(chosen, profile="my own", endpoint_url="http://127.0.0.1:1")
    assert [
        _options(archive)
        for archive in (
            replace(chosen, state=options.ROOT / ".postkeep" / "stack"),
            replace(chosen, state=Path("/a b")),
            chosen,
            elsewhere,
        )
    ] == [
        "",
        " --state '/a b'",
        " --stack keep --region eu-west-1",
        " --stack keep --region eu-west-1 --profile 'my own' --endpoint-url http://127.0.0.1:1",
    ]


# ---- preview --rules ----

POST = '---\ntitle: 茶\nfrom: https://tea.example/1\n---\n<p>雨前茶上市了。</p><div class="board">今日八折</div>\n'


def test_rules_are_tried_before_they_are_published(tea: Path, ink: Path, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(POST, encoding="utf-8")
    run = CliRunner().invoke
    before = json.loads(run(main, ["preview", str(tmp_path / "a.md")]).stdout)
    after = json.loads(run(main, ["preview", "--rules", str(tea), "--rules", str(ink), str(tmp_path / "a.md")]).stdout)
    assert "八折" in before["text"]
    assert "八折" not in after["text"]
    assert after["removed"] == [{"rule": "tea.example/board", "text": "今日八折"}]
    tea.write_text("hosts = 1", encoding="utf-8")
    refused = run(main, ["preview", "--rules", str(tea), str(tmp_path / "a.md")])
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr == "Error: tea.example.toml: hosts: give a list of texts, each of 1 to 1,000 characters\n"
