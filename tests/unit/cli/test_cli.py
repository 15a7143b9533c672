import re
import shlex
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from postkeep_local.cli import main
from postkeep_local.commands.stack import EXAMPLE, SOONER
from postkeep_local.stack import control
from postkeep_local.stack.errors import StackFailed

ROOT = Path(__file__).resolve().parents[3]
DOCS = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
OUTPUTS = control.Outputs(
    "http://127.0.0.1:8080", "http://127.0.0.1:4566", "posts-1", "archive-1", "table", "eu-west-1", {"RenderQueue": "http://x"}
)


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


# ---- The documentation ----


def commands(group: click.Group, prefix: str = "") -> dict[str, click.Command]:
    """Every command that does something, by its whole name."""
    found: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        found |= commands(command, f"{prefix}{name} ") if isinstance(command, click.Group) else {f"{prefix}{name}": command}
    return found


COMMANDS = commands(main)


def section(command: str) -> str:
    parts = re.split(r"^## `postkeep ([a-z -]+)`$", DOCS, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[command]


def test_the_documentation_has_a_section_for_each_command_and_no_other() -> None:
    assert set(re.findall(r"^## `postkeep ([a-z -]+)`$", DOCS, re.MULTILINE)) == set(COMMANDS)


def test_the_documentations_table_leads_to_each_command() -> None:
    listed = dict(re.findall(r"^\| \[`postkeep ([a-z -]+)`\]\(#([a-z-]+)\)", DOCS, re.MULTILINE))
    assert listed == {name: f"postkeep-{name.replace(' ', '-')}" for name in COMMANDS}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_documented_with_its_options_and_no_others(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    options = {opt for p in command.params if isinstance(p, click.Option) for opt in [*p.opts, *p.secondary_opts]}
    assert all(p.help for p in command.params if isinstance(p, click.Option))
    listed = "\n".join(line for line in section(name).splitlines() if line.startswith("- "))
    assert set(re.findall(r"`(--[a-z-]+)", listed)) == options


def test_the_fields_of_a_preview_are_documented(tmp_path: Path) -> None:
    post = tmp_path / "a.md"
    post.write_text("---\ntitle: x\n---\ny\n", encoding="utf-8")
    fields = re.findall(r'"(\w+)": ', invoke("preview", str(post)).stdout)
    rows = [line.split("|")[1] for line in section("preview").splitlines() if line.startswith("| `")]
    assert [name for row in rows for name in re.findall(r"`(\w+)`", row)] == fields


@pytest.mark.parametrize("name", COMMANDS)
def test_help_works(name: str) -> None:
    assert invoke(*name.split(), "--help").exit_code == 0
    assert invoke(*name.split(), "-h").exit_code == 0


def test_the_version_is_that_of_the_package() -> None:
    assert version("postkeep") in invoke("--version").stdout


# ---- up, down ----


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    seen: dict[str, Any] = {}

    def up(root: Path, **settings: Any) -> control.Outputs:
        seen.update(settings, root=root)
        return OUTPUTS

    monkeypatch.setattr(control, "up", up)
    monkeypatch.setattr(control, "outputs", lambda _state: OUTPUTS)
    monkeypatch.setattr("postkeep_local.operations.newness.note_if_new", seen.setdefault("noted", []).append)
    return seen


def test_up_prints_where_things_are(running: dict[str, Any]) -> None:
    result = invoke("up")
    assert [archive.posts_table for archive in running["noted"]] == [OUTPUTS.table]
    assert result.exit_code == 0
    assert "API     http://127.0.0.1:8080\n" in result.stdout
    assert "posts-1 at http://127.0.0.1:4566" in result.stdout
    assert running["root"] == ROOT
    assert running["build"] == ROOT / ".aws-sam" / "local"
    assert running["state"] == ROOT / ".postkeep" / "stack"
    assert running["parameters"] == {"FetchPictures": "true"} | SOONER


def test_ups_aws_line_names_a_file_that_is_there_and_all_that_the_command_needs(running: dict[str, Any]) -> None:
    line = next(line for line in invoke("up").stdout.splitlines() if " aws " in line)
    words = shlex.split(line)
    assert "AWS_ACCESS_KEY_ID=test" in words
    assert "AWS_DEFAULT_REGION=eu-west-1" in words
    source, target = words[words.index("cp") + 1 :]
    assert Path(source).is_file()
    assert target == f"s3://posts-1/{Path(source).relative_to(ROOT / 'examples' / 'posts').as_posix()}"
    assert words[words.index("--endpoint-url") + 1] == "http://127.0.0.1:4566"
    assert running


def test_ups_curl_line_asks_the_api(running: dict[str, Any]) -> None:
    line = next(line for line in invoke("up").stdout.splitlines() if "curl" in line)
    assert shlex.split(line) == ["curl", "http://127.0.0.1:8080/posts?limit=5"]
    assert running


def test_up_takes_its_options(running: dict[str, Any], tmp_path: Path) -> None:
    arguments = ["--no-pictures", "--workers", "5", "--build", str(tmp_path), "--state", str(tmp_path / "s")]
    assert invoke("up", *arguments).exit_code == 0
    assert running["parameters"] == {"FetchPictures": "false"} | SOONER
    assert (running["workers"], running["build"], running["state"]) == (5, tmp_path, tmp_path / "s")


def test_up_without_a_build_says_what_to_do(tmp_path: Path) -> None:
    result = invoke("up", "--build", str(tmp_path / "none"), "--state", str(tmp_path / "state"))
    assert result.exit_code == 1
    assert "is missing" in result.stderr
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_down_says_what_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "down", lambda _state, _echo: True)
    assert invoke("down").stdout == "Stopped.\n"
    monkeypatch.setattr(control, "down", lambda _state, _echo: False)
    assert invoke("down").stdout == "No local stack was running.\n"


def failing(*_: Any) -> Any:
    raise StackFailed("it had to be killed")


def test_a_failure_of_the_stack_is_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "down", failing)
    result = invoke("down")
    assert result.exit_code == 1
    assert "it had to be killed" in result.stderr


def test_the_example_of_the_printed_line_is_there() -> None:
    assert (ROOT / "examples" / "posts" / EXAMPLE).is_file()
