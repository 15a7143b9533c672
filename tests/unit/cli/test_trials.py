"""Checking rules and trying the tests beside them: `postkeep rules check`, without any stack."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from postkeep.errors import RulesInvalid
from postkeep_local.cli import main
from postkeep_local.operations.trials import MAX_BYTES, Trial, book_with, failures, name_of_tests, read_trials, untried
from render_post import rules

RULES = """
hosts = ["tea.example"]
[[drop]]
name = "board"
select = [".board"]
[[drop]]
name = "portrait"
select = ["img.face"]
"""
TESTS = """
[[tests]]
title = "the board at the door"
html = '<p>雨前茶上市了。</p><div class="board">今日八折</div>'
text = "雨前茶上市了。"
removed = ["tea.example/board"]
silent = ["tea.example/portrait"]
"""
LEARNT = json.dumps({"v": 1, "groups": []})


def check(*paths: Path | str) -> Result:
    return CliRunner().invoke(main, ["rules", "check", *map(str, paths)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tea.example.toml").write_text(RULES, encoding="utf-8")
    (tmp_path / "tea.example.tests.toml").write_text(TESTS, encoding="utf-8")
    (tmp_path / "learnt.json").write_text(LEARNT, encoding="utf-8")
    return tmp_path


def test_files_that_are_well_are_told_with_their_tests(folder: Path) -> None:
    result = check(*sorted(folder.iterdir()))
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "learnt.json: can be used (learnt)",
        "tea.example.toml: can be used (2 rules)",
        "  passes  the board at the door",
    ]


def test_a_test_that_fails_shows_how(folder: Path) -> None:
    path = folder / "tea.example.tests.toml"
    path.write_text(
        TESTS.replace('"雨前茶上市了。"', '"雨后茶上市了。"').replace('.example/board"', '.example/boards"'), encoding="utf-8"
    )
    result = check(folder / "tea.example.toml")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "tea.example.toml: can be used (2 rules)",
        "  fails   the board at the door",
        "    text is otherwise: - is wanted, + is there",
        "      - 雨后茶上市了。",
        "      + 雨前茶上市了。",
        "    removed is otherwise: - is wanted, + is there",
        "      - tea.example/boards",
        "      + tea.example/board",
        "  no test shows tea.example/board",
    ]


def test_rules_without_tests_are_no_error(folder: Path) -> None:
    (folder / "tea.example.tests.toml").unlink()
    result = check(folder / "tea.example.toml")
    assert (result.exit_code, result.stdout) == (0, "tea.example.toml: can be used (2 rules, no tests)\n")
    (folder / "tea.example.toml").write_text(RULES[: RULES.index('[[drop]]\nname = "portrait')], encoding="utf-8")
    assert check(folder / "tea.example.toml").stdout == "tea.example.toml: can be used (1 rule, no tests)\n"


def test_each_file_that_cannot_be_used_is_told(folder: Path) -> None:
    (folder / "bad.toml").write_text("hosts = 1", encoding="utf-8")
    (folder / "learnt.json").write_text("{", encoding="utf-8")
    (folder / "tea.example.tests.toml").write_text("[[tests]]\nhtml = 1", encoding="utf-8")
    result = check(*sorted(folder.iterdir()))
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "bad.toml: hosts: give a list of texts, each of 1 to 1,000 characters",
        "learnt.json: it is not JSON in UTF-8: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        "tea.example.toml: tea.example.tests.toml: test 1: title: give a text",
    ]


def test_what_does_not_go_together_is_told(folder: Path) -> None:
    (folder / "other.toml").write_text(RULES, encoding="utf-8")
    result = check(folder / "other.toml", folder / "tea.example.toml")
    assert result.exit_code == 1
    assert "tea.example.toml: hosts: 'tea.example' has its rules in other.toml; put them into one file" in result.stdout
    twice = check(folder / "other.toml", folder / "other.toml")
    assert (twice.exit_code, twice.stdout.splitlines()[-1]) == (1, "other.toml: two files of this name are given")


def test_results_as_json(folder: Path) -> None:
    result = CliRunner().invoke(main, ["rules", "check", "--json", str(folder / "tea.example.toml"), str(folder / "learnt.json")])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == [
        {
            "file": "tea.example.toml",
            "problem": None,
            "rules": 2,
            "tests": [{"title": "the board at the door", "passed": True, "failures": []}],
            "untested": [],
        },
        {"file": "learnt.json", "problem": None, "rules": None, "tests": [], "untested": []},
    ]


def test_what_would_steer_a_terminal_is_escaped(folder: Path) -> None:
    escaping = TESTS.replace("the board at the door", "\\u001b[2J").replace('"雨前茶上市了。"', '"\\u001b[2J"')
    (folder / "tea.example.tests.toml").write_text(escaping, encoding="utf-8")
    stdout = check(folder / "tea.example.toml").stdout
    assert "\x1b" not in stdout
    assert "fails   \\x1b[2J" in stdout


def test_the_tests_have_the_name_of_their_rules() -> None:
    assert name_of_tests("tea.example.toml") == "tea.example.tests.toml"


def test_a_post_is_of_the_rules_host_or_else_author() -> None:
    for head in ("hosts = ['tea.example']", "authors = ['陆羽']"):
        body = f"{head}\n[[drop]]\nname = 'board'\nselect = ['.board']".encode()
        source = rules.parse(body, "tea.toml")
        trial = Trial("x", '<p>茶。</p><div class="board">今日八折</div>', "茶。", ("tea/board",))
        assert failures(trial, source, book_with("tea.toml", body)) == []
        assert untried(source, [trial]) == []
        assert untried(source, []) == ["tea/board"]


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (b"\xff", "it is not UTF-8 (byte 0)"),
        (b"[", "it is not TOML"),
        (b"a = " + b"[" * 100_000, "it is not TOML"),
        (b"", "tests: write [[tests]] for each, at most 500"),
        (b"tests = []", "tests: write"),
        (b"tests = 1", "tests: write"),
        (b"tests = [1]", "test 1: write [[tests]]"),
        (TESTS.encode() + b"[more]", "tests: write"),
        (TESTS.encode() * 501, "tests: write"),
        (b" " * (MAX_BYTES + 1), "it has 1,048,577 bytes"),
        (TESTS.replace("silent", "quiet").encode(), "test 1: quiet: no such field; there are html, removed, silent"),
        (TESTS.replace("title", "# title").encode(), "test 1: title: give a text"),
        (TESTS.replace("removed = [", "removed = [1, ").encode(), "test 1: removed: give a list of rules"),
        (TESTS.replace('silent = ["tea.example/portrait"]', "silent = 'x'").encode(), "test 1: silent: give a list of rules"),
    ],
)
def test_tests_that_cannot_be_used_say_why(body: bytes, wrong: str) -> None:
    with pytest.raises(RulesInvalid) as caught:
        read_trials(body, "a.tests.toml")
    assert caught.value.name == "a.tests.toml"
    assert caught.value.detail.startswith(wrong)
