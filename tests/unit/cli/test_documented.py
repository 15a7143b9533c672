"""What documents say of the command in the middle of a sentence: the commands and options that they name are there."""

import re
from pathlib import Path

import click
import pytest

from postkeep_local.cli import main
from support.commands import DOCUMENTS, Mixed, commands
from support.template import ROOT

_NAMED = [*DOCUMENTS, ROOT / "CHANGELOG.md"]


def _spans(document: Path) -> list[str]:
    return re.findall(r"`postkeep ([^`\n]+)`", document.read_text("utf-8"))


@pytest.mark.parametrize("document", _NAMED, ids=lambda document: document.name)
def test_commands_and_options_are_there(document: Path) -> None:
    wrong = []
    for span in _spans(document):
        words, command = span.split(), main
        while isinstance(command, click.Group) and words and words[0] in command.commands:
            command = command.commands[words.pop(0)]  # type: ignore[assignment]
        options = {name for parameter in command.get_params(click.Context(command)) for name in parameter.opts}
        unknown = {word for word in words if word.startswith("--")} - options - {"--help", "--version"}
        if isinstance(command, click.Group) and words and not words[0].startswith("-"):
            unknown.add(words[0])
        if unknown and words[0] not in {"COMMAND", "…"}:  # which stand for any
            wrong.append(span)
    assert wrong == []


def test_commands_are_found_in_blocks_of_both_kinds(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text(
        "Text\n\n    # first\n    postkeep put a \\\n      --prefix b\n    A=b .venv/bin/postkeep ls\n\n    title: postkeep\n\n"
        "```console\n$ make up\nAPI …\n$ make down\n```\n\n```yaml\nmake: up\n```\n\n1. a list\n\n       curl x\n",
        "utf-8",
    )
    assert [(one.line, one.text) for one in commands(document)] == [
        (4, "postkeep put a --prefix b"),
        (6, "A=b .venv/bin/postkeep ls"),
        (11, "make up"),
        (13, "make down"),
        (22, "curl x"),
    ]


def test_a_program_that_nobody_knows_is_told(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text("    make up\n    unknown program\n", "utf-8")
    with pytest.raises(Mixed, match=r"a\.md:2: unknown program"):
        commands(document)
