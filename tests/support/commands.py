"""The commands that README and the documents show, in their order."""

import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from support.template import ROOT

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

PROGRAMS = {"aws", "cd", "cp", "curl", "export", "for", "git", "make", "name()", "postkeep", "printf", "sam"}
"""What a command line begins with, besides variables that are set."""

_FENCE = re.compile(r"^ *(?:```|~~~)(\w*)")
_INDENTED = re.compile(r"^ {4,}(\S.*)$")
_VARIABLE = re.compile(r"^[A-Z_]+=\S+ ")
_SET = re.compile(r"""^\w+=[$'"]""")


class Command(NamedTuple):
    """A command line."""

    document: Path
    line: int
    """Where it begins, from 1."""

    text: str
    """Without the prompt; of several lines where the shell needs them."""


class Mixed(Exception):
    """A block in which some lines are commands and others are not: a program that PROGRAMS does not name."""


def program(line: str) -> str | None:
    """What a line begins with, if that is a command ("=" sets a variable); ``.venv/bin/`` before it does not count."""
    if _SET.match(line):
        return "="
    while variable := _VARIABLE.match(line):
        line = line[variable.end() :]
    first = line.partition(" ")[0].removeprefix(".venv/bin/").removeprefix(".venv-sam/bin/")
    return first if first in PROGRAMS else None


def commands(document: Path) -> list[Command]:
    """The commands of one document: lines of indented blocks, and those after ``$ `` in blocks that are fenced as ``console``.

    Raises:
        Mixed: if a block holds commands and something else.
    """
    found: list[Command] = []
    for kind, block in _blocks(document.read_text("utf-8")):
        if kind == "console":
            found += [Command(document, number, line[2:]) for number, line in block if line.startswith("$ ")]
        elif kind is None:
            shown = list(_whole((number, line) for number, line in block if not line.startswith("#")))
            told = [program(line) is not None for _, line in shown]
            if any(told) and not all(told):
                raise Mixed(f"{document.name}:{shown[told.index(False)][0]}: {shown[told.index(False)][1]}")
            found += [Command(document, number, line) for number, line in shown if any(told)]
    return found


def _whole(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Lines, with those put together that the shell takes together: what is quoted over several, loops."""
    first, text = 0, ""
    for number, line in lines:
        first, text = (first, f"{text}\n{line}") if text else (number, line)
        if program(text) is None or not _goes_on(text):
            yield first, text
            text = ""
    if text:
        yield first, text


def _goes_on(text: str) -> bool:
    checked = subprocess.run(["/bin/bash", "-n"], input=text, capture_output=True, text=True, check=False)
    return "unexpected E" in checked.stderr or "unexpected end of file" in checked.stderr


def _blocks(text: str) -> Iterator[tuple[str | None, list[tuple[int, str]]]]:
    """Blocks of code, with their lines' numbers; the kind is what a fence says, or None for those that are indented."""
    kind: str | None = None
    block: list[tuple[int, str]] = []
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        if fence := _FENCE.match(line):
            if kind is None:
                yield None, block
                kind, block = fence[1], []
            else:
                yield kind, block
                kind, block = None, []
        elif kind is not None or (indented := _INDENTED.match(line)):
            said = line if kind is not None else indented[1] if indented else ""
            if block and block[-1][1].endswith("\\"):
                block[-1] = (block[-1][0], f"{block[-1][1][:-1].rstrip()} {said.strip()}")
            else:
                block.append((number, said))
        else:
            yield None, block
            block = []
