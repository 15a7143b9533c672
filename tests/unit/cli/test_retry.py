"""`postkeep retry-pictures`: what it takes, and what it prints."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from postkeep.ports import DuePicture
from postkeep.post import Picture, PictureStatus, picture_id, post_id
from postkeep_local.cli import main
from postkeep_local.commands import options
from postkeep_local.operations import recovery
from postkeep_local.operations.archive import Archive, ArchiveUnknown
from postkeep_local.operations.retry import Asked, PictureRetry, Selection

ARCHIVE = Archive(
    name="keep",
    region="us-east-1",
    api_url="",
    buckets={"PostsBucket": "posts", "ArchiveBucket": "archive"},
    tables={"PostsTable": "table"},
    queues={"ThumbnailQueue": "http://127.0.0.1:1/thumbnails"},
    functions={"RetryFunction": "retry"},
    endpoint_url="http://127.0.0.1:1",
)
ESCAPE = "a\x1b[2J[bold]"


def due(n: int, reason: str = "gave-up", host: str = "p.example") -> DuePicture:
    address = f"https://{host}/{n}.jpg"
    return DuePicture(
        "a" * 26, Picture(id=picture_id(address), address=address, status=PictureStatus.FAILED, reason=reason, attempts=6)
    )


class Case:
    def __init__(self) -> None:
        self.found = [due(1), due(2), due(3, ESCAPE, "other.example")]
        self.selections: list[Selection] = []
        self.asked: list[DuePicture] = []

    def survey(self, selection: Selection, *, told: Callable[[int, int], None]) -> list[DuePicture]:
        self.selections.append(selection)
        told(100, len(self.found))
        return self.found

    def __call__(self, found: Sequence[DuePicture]) -> Iterator[Asked]:
        for one in found:
            self.asked.append(one)
            yield Asked(sent=1)
        yield Asked(later=1_000, passed_over=2)


@pytest.fixture(autouse=True)
def case(monkeypatch: pytest.MonkeyPatch) -> Case:
    case = Case()
    monkeypatch.setattr(options, "open_archive", lambda *_: ARCHIVE)
    monkeypatch.setattr(recovery, "retrying", lambda _: case)
    return case


def invoke(*arguments: str, **more: Any) -> Result:
    return CliRunner().invoke(main, ["retry-pictures", *arguments], **more)


def test_it_shows_what_it_would_ask_for_and_asks_first(case: Case) -> None:
    result = invoke(input="n\n")
    assert result.exit_code == 1
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["2", "gave-up", "p.example"] in lines
    assert ["1", "a\\x1b[2J[bold]", "other.example"] in lines
    assert "Have 3 pictures fetched again? [y/N]" in result.stdout
    assert (case.selections, case.asked) == ([Selection()], [])


@pytest.mark.parametrize(("arguments", "typed"), [(["--yes"], None), ([], "y\n")])
def test_it_asks_for_them(case: Case, arguments: list[str], typed: str | None) -> None:
    result = invoke(*arguments, input=typed)
    assert result.exit_code == 0, result.output
    assert case.asked == case.found
    assert result.stdout.endswith(
        "3 pictures asked for, 1,000 left to the sweep, in the turn of their hosts, "
        "2 passed over: they changed meanwhile, or are in no text any more\n"
    )


def test_a_dry_run_asks_for_nothing(case: Case) -> None:
    case.found = case.found[:1]
    result = invoke("--dry-run")
    assert (result.exit_code, case.asked) == (0, [])
    assert result.stdout.endswith("1 picture; nothing was asked for\n")


def test_where_there_is_nothing_nobody_is_asked(case: Case) -> None:
    case.found = []
    result = invoke()
    assert (result.exit_code, case.asked) == (0, [])
    assert result.stdout.endswith("0 pictures; nothing was asked for\n")


@pytest.mark.parametrize("post", ["tea/a.md", post_id("tea/a.md")])
def test_it_takes_its_options(case: Case, post: str) -> None:
    arguments = ["--status", "waiting", "--reason", "timeout", "--reason", "dns", "--host", "P.Example", "--post", post]
    assert invoke(*arguments, "--limit", "7", "--yes").exit_code == 0
    assert case.selections == [
        Selection(
            status=PictureStatus.WAITING,
            reasons=frozenset({"timeout", "dns"}),
            host="p.example",
            post=post_id("tea/a.md"),
            limit=7,
        )
    ]


@pytest.mark.parametrize("arguments", [["--status", "done"], ["--limit", "0"], ["--limit", "many"]])
def test_it_refuses_what_makes_no_sense(case: Case, arguments: list[str]) -> None:
    assert invoke(*arguments).exit_code == 2
    assert case.selections == []


def test_it_gives_json(case: Case) -> None:
    case.found = case.found[:2]
    groups = [{"reason": "gave-up", "host": "p.example", "pictures": 2}]
    assert json.loads(invoke("--json", "--dry-run").stdout) == {"pictures": 2, "groups": groups, "asked": None}
    result = invoke("--json", input="y\n")
    assert json.loads(result.stdout)["asked"] == {"sent": 2, "later": 1_000, "passed_over": 2}
    assert "Have 2 pictures fetched again?" in result.stderr


def test_very_many_hosts_are_summed_up(case: Case) -> None:
    case.found = [due(n, host=f"h{n:02}.example") for n in range(32)]
    result = invoke("--dry-run")
    assert ["2", "2", "other", "reasons", "and", "hosts"] in [line.split() for line in result.stdout.splitlines()]
    assert "h31.example" not in result.stdout


def test_progress_is_told_on_standard_error() -> None:
    result = invoke("--yes")
    assert "Asking for pictures: 3 of 3" in result.stderr


def test_it_is_wired_to_an_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert isinstance(recovery.retrying(ARCHIVE), PictureRetry)
    with pytest.raises(ArchiveUnknown, match="keep has no RetryFunction: bring it up to date"):
        recovery.retrying(replace(ARCHIVE, functions={}))
