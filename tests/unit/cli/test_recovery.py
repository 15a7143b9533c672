"""`postkeep reconcile`, `postkeep reprocess` and `postkeep purge`: what they take, and what they print."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fakes.memory import MemoryBucket
from postkeep import correlation
from postkeep.post import Picture, Status, Thumbnail
from postkeep_local.cli import main
from postkeep_local.commands import options
from postkeep_local.operations import recovery
from postkeep_local.operations.archive import Archive, ArchiveUnknown
from postkeep_local.operations.publishing import Publishing
from postkeep_local.operations.purge import NotFound, Purge, Purged, Remains
from postkeep_local.operations.reprocess import Asked, Reprocessing, Selection
from reconcile_posts.progress import Finding, Order, Progress, Report, Tally
from reconcile_posts.reconciling import Reconciling
from render_post.rendition import RULES, VERSIONS
from support.posts import EPOCH

ARCHIVE = Archive(
    name="the local stack",
    region="us-east-1",
    api_url="http://127.0.0.1:8080",
    buckets={"PostsBucket": "posts", "ArchiveBucket": "archive"},
    tables={"PostsTable": "table"},
    queues={"RenderBacklogQueue": "http://127.0.0.1:1/backlog", "ThumbnailQueue": "http://127.0.0.1:1/thumbnails"},
    functions={"ParseFunction": "parse"},
    endpoint_url="http://127.0.0.1:1",
)
ESCAPE = "a\x1b[2Jb.md"


@pytest.fixture(autouse=True)
def _archive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "open_archive", lambda *_: ARCHIVE)


def invoke(*arguments: str, **more: Any) -> Result:
    return CliRunner().invoke(main, list(arguments), **more)


def test_the_use_cases_are_wired_to_an_archive() -> None:
    assert isinstance(recovery.reconciling(ARCHIVE), Reconciling)
    assert isinstance(recovery.purging(ARCHIVE), Purge)
    case = recovery.reprocessing(ARCHIVE, force=True, dry_run=False)
    assert isinstance(case, Reprocessing)
    assert case.force


@pytest.mark.parametrize("part", ["queues", "functions"])
def test_a_stack_of_an_earlier_version_is_named(part: str) -> None:
    with pytest.raises(ArchiveUnknown, match=r"the local stack has no \w+: bring it up to date"):
        recovery.purging(replace(ARCHIVE, **{part: {}}))  # type: ignore[arg-type]


# ---- reconcile ----


@pytest.fixture
def orders(monkeypatch: pytest.MonkeyPatch) -> list[Order]:
    given: list[Order] = []
    findings = [(Finding.MISSING, ESCAPE), (Finding.MISSING, "b.md"), (Finding.UNMATCHED, "x.htm"), (Finding.UNMATCHED, "README")]

    def case(order: Order, *, told: Any) -> Report:
        given.append(order)
        tally = Tally(objects=3, records=2, renditions=1, repaired=0 if order.check_only else 2).found(findings)
        told(Progress(run="r", order=order, started=EPOCH, held_until=EPOCH, tally=tally))
        return Report(run="r", order=order, started=EPOCH, finished=EPOCH + timedelta(seconds=1.5), tally=tally)

    monkeypatch.setattr(recovery, "reconciling", lambda _archive: case)
    return given


def test_reconcile_tells_what_it_found_and_did(orders: list[Order]) -> None:
    result = invoke("reconcile")
    assert result.exit_code == 0
    assert result.stdout == (
        "3 posts, 2 records and 1 texts in 1.5 s\n"
        "missing     2 post objects without a record\n"
        "  a\\x1b[2Jb.md\n"
        "  b.md\n"
        "2 repairs are made or under way.\n"
        "2 objects are no post by its key: .htm (1), no ending (1)\n"
    )
    assert orders == [Order()]


def test_what_is_sent_has_a_cause_which_is_told(orders: list[Order], monkeypatch: pytest.MonkeyPatch) -> None:
    causes: list[str] = []
    case = recovery.reconciling(ARCHIVE)

    def noting(order: Order, **more: Any) -> Any:
        causes.append(correlation.current())
        return case(order, **more)

    monkeypatch.setattr(recovery, "reconciling", lambda _archive: noting)
    first, second = invoke("reconcile"), invoke("reconcile", "--json")
    assert [cause.rpartition("-")[0] for cause in causes] == ["reconcile", "reconcile"]
    assert causes[0] != causes[1]
    for cause, result in zip(causes, (first, second), strict=True):
        assert result.stderr.endswith(f"`postkeep trace {cause}` shows what comes of it.\n")
    assert "trace" not in invoke("reconcile", "--check-only").output
    assert correlation.current() == ""


def test_reconcile_takes_its_options(orders: list[Order]) -> None:
    result = invoke("reconcile", "--check-only", "--everything")
    assert (result.exit_code, orders) == (1, [Order(check_only=True, everything=True)])
    assert "Nothing was repaired.\n" in result.stdout


def test_reconcile_gives_json(orders: list[Order]) -> None:
    found = json.loads(invoke("reconcile", "--json").stdout)
    assert (found["counts"]["missing"], found["examples"]["missing"]) == (2, [ESCAPE, "b.md"])
    assert orders


def test_reconcile_says_that_all_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    report = Report(run="r", order=Order(check_only=True), started=EPOCH, finished=EPOCH, tally=Tally(objects=1))
    monkeypatch.setattr(recovery, "reconciling", lambda _archive: lambda _order, told: report)
    result = invoke("reconcile", "--check-only")
    assert result.exit_code == 0
    assert result.stdout.endswith("Everything agrees with the posts bucket.\n")


# ---- reprocess ----


@pytest.fixture
def selections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    given: list[Any] = []

    def wired(_archive: Archive, **how: int) -> Any:
        def case(selection: Selection) -> Iterator[Asked]:
            given.append((selection, how))
            yield Asked(100, ("a.md", ESCAPE))
            yield Asked(20, ())

        return case

    published = Publishing(MemoryBucket(), lambda: EPOCH)
    for _ in range(3):
        published.publish(published.standing(), {}, "")
    monkeypatch.setattr(recovery, "reprocessing", wired)
    monkeypatch.setattr(recovery, "publishing", lambda _: published)
    return given


def test_reprocess_counts_what_it_asked_for(selections: list[Any]) -> None:
    result = invoke("reprocess", "--all")
    assert (result.exit_code, result.stdout) == (0, "2 of 120 posts are asked for\n")
    assert selections == [(Selection(), {"force": False, "dry_run": False, "rules": 3})]


def test_reprocess_takes_its_options(selections: list[Any]) -> None:
    arguments = ["--prefix", "tea/", "--tag", "茶", "--since", "2021-06-29", "--rendered-before", "7", "--force", "--dry-run"]
    result = invoke("reprocess", *arguments)
    assert result.stdout == "a.md\na\\x1b[2Jb.md\n2 of 120 posts would be asked for\n"
    selection = Selection(prefix="tea/", tag="茶", since=datetime(2021, 6, 29, tzinfo=UTC), rendered_before=7)
    assert selections == [(selection, {"force": True, "dry_run": True, "rules": 3})]


def test_reprocess_takes_what_earlier_rules_made_if_it_is_told_nothing(selections: list[Any]) -> None:
    assert invoke("reprocess").exit_code == 0
    rules = RULES * VERSIONS + 3
    assert selections == [(Selection(rendered_before=rules), {"force": False, "dry_run": False, "rules": 3})]


@pytest.mark.parametrize("arguments", [["--force"], ["--all", "--tag", "x"], ["--since", "yesterday"]])
def test_reprocess_must_be_told_which_posts(selections: list[Any], arguments: list[str]) -> None:
    assert invoke("reprocess", *arguments).exit_code == 2
    assert selections == []


# ---- purge ----

PICTURE = Picture(
    id="p", address="https://p.example/1.jpg", thumbnails=(Thumbnail("a/1.webp", 1, 1, 1), Thumbnail("a/1.jpeg", 1, 1, 1))
)
REMAINS = Remains(ESCAPE, "\x1b[31m茶", Status.READY, ("v1", "v2"), 1234, (PICTURE,))


class Case:
    def __init__(self) -> None:
        self.purged: list[str] = []

    def survey(self, name: str) -> Remains:
        if name == "none.md":
            raise NotFound(name)
        return REMAINS if name != "bare.md" else Remains("bare.md", "", None, ("v1",), 5, ())

    def __call__(self, remains: Remains) -> Purged:
        self.purged.append(remains.key)
        return Purged(len(remains.versions), 1, 3)


@pytest.fixture
def case(monkeypatch: pytest.MonkeyPatch) -> Case:
    case = Case()
    monkeypatch.setattr(recovery, "purging", lambda _archive: case)
    return case


def test_purge_shows_what_will_go_and_asks(case: Case) -> None:
    result = invoke("purge", "x.md", "y.md", "bare.md", input="n\n")
    assert result.exit_code == 1
    assert result.stdout.startswith(
        "a\\x1b[2Jb.md\n  \\x1b[31m茶 (ready)\n  2 versions, 1,234 bytes; 1 picture with 2 thumbnails\n"
        "bare.md\n  without a title (without a record)\n  1 version, 5 bytes; 0 pictures with 0 thumbnails\n"
        "Take down 2 posts for good? [y/N]: "
    )
    assert case.purged == []
    assert invoke("purge", "x.md", input="y\n").exit_code == 0
    assert case.purged == [ESCAPE]


def test_purge_need_not_ask(case: Case) -> None:
    result = invoke("purge", "--yes", "x.md")
    assert result.stdout.endswith(
        "a\\x1b[2Jb.md is gone: 2 versions, 1 of 2 thumbnails, in 3 segments of the search index; its tombstone stays\n"
    )
    assert case.purged == [ESCAPE]


def test_purge_can_be_tried(case: Case) -> None:
    result = invoke("purge", "--dry-run", "--yes", "x.md")
    assert (result.exit_code, case.purged) == (0, [])
    assert "1,234 bytes" in result.stdout


def test_purge_does_nothing_where_one_is_not_found(case: Case) -> None:
    result = invoke("purge", "--yes", "x.md", "none.md")
    assert result.exit_code == 1
    assert "no post has the key or the id 'none.md'" in result.stderr
    assert case.purged == []
