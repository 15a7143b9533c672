"""Each command that the documents show, as a reader would type it: on a stack of its own, in a home of its own."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.built import needs_build
from support.commands import commands
from support.reader import ELSEWHERE, SHOWING, Reader, typed
from support.template import ROOT

pytestmark = [pytest.mark.stack, needs_build]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    with Reader.seated(tmp_path_factory.mktemp("reader")) as seated:
        yield seated


@pytest.mark.parametrize(
    "document", [document for document in SHOWING if document != ROOT / "README.md"], ids=lambda document: document.name
)
def test_what_a_document_shows_works(reader: Reader, document: Path) -> None:
    failed = reader.follow(document)
    assert not failed, "\n\n".join(failed)


def test_each_reason_to_leave_a_command_out_is_needed() -> None:
    texts = [typed(one) for document in SHOWING for one in commands(document)]
    assert [pattern for pattern in ELSEWHERE if not any(re.fullmatch(pattern, text) for text in texts)] == []


@pytest.mark.parametrize("command", ["build", "deploy", "local invoke", "local start-api"])
def test_the_options_of_sam_cli_are_its_own(reader: Reader, command: str) -> None:
    lines = [one.text for document in SHOWING for one in commands(document) if one.text.startswith(f"sam {command} ")]
    known = set(re.findall(r"--[a-z][a-z-]*", reader.workplace.must(f"sam {command} --help")))
    assert lines
    assert [line for line in lines if not set(re.findall(r" (--[a-z][a-z-]*)", line.partition("#")[0])) <= known] == []
