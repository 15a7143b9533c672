import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postkeep.counts import WORK_KEY
from postkeep.errors import ReconcileUnderway
from postkeep.messages import RenderRequest
from postkeep.ports import Filed, Rendered
from postkeep.post import Rendition, Status, post_id
from reconcile_posts import walks
from reconcile_posts.names import Names
from reconcile_posts.progress import Finding, Order, Phase, Progress
from reconcile_posts.reconciling import FOLDER, REPORT
from support.posts import EPOCH
from support.template import ROOT
from unit.reconcile.archive import HOSTILE, Archive, shown

KEY = "tea/_posts/1.md"
OTHER = "tea/_posts/2.md"
BROKEN = b"---\ntitle: [\n---\n"
WRITES = {"archive.put", "archive.delete", "parse.check", "renders.send"}


@pytest.fixture
def archive() -> Archive:
    """Posts in each final state, all of them as they should be, and two hours old."""
    archive = Archive()
    for key in [KEY, OTHER, *HOSTILE]:
        archive.put(key)
    archive.put("tea/_posts/rejected.md", BROKEN)
    archive.put("tea/_posts/too-large.md", b"x" * 10_001)
    archive.put("tea/_posts/deleted.md")
    archive.put("tea/_posts/edited.md", b"---\ntitle: before\n---\n")
    archive.render()
    archive.delete("tea/_posts/deleted.md")
    archive.put("tea/_posts/edited.md")
    archive.render()
    archive.later(hours=2)
    return archive


def findings(archive: Archive, order: Order | None = None) -> dict[str, int]:
    return dict(archive.reconcile(order).tally.counts)


# ---- Findings ----


def test_what_agrees_is_left_alone(archive: Archive) -> None:
    before = dict(archive.table.dynamodb.items)
    report = archive.reconcile()
    assert (dict(report.tally.counts), report.tally.repaired) == ({}, 0)
    assert (report.tally.objects, report.tally.records, report.tally.renditions) == (10, 11, 8)
    assert {call for call in archive.calls if call in WRITES} <= {"archive.put", "archive.delete"}
    assert archive.table.dynamodb.items == before
    assert [*archive.checker.checked, *archive.backlog.sent, *archive.renders.sent] == []
    assert [key for key in archive.archive.keys("") if not key.startswith("renditions/")] == [REPORT]


def test_an_object_without_a_record_is_missing(archive: Archive) -> None:
    archive.forget(KEY)
    archive.put("tea/_posts/new.md", told=False)
    assert findings(archive) == {"missing": 2}
    assert sorted(archive.checker.checked) == [KEY, "tea/_posts/new.md"]
    archive.render()
    assert archive.post(KEY).status is Status.READY
    archive.later(hours=2)
    assert findings(archive) == {}


def test_a_tombstone_of_what_is_there_is_missing(archive: Archive) -> None:
    archive.put("tea/_posts/deleted.md", told=False)
    assert findings(archive) == {"missing": 1}
    archive.render()
    assert archive.post("tea/_posts/deleted.md").status is Status.READY


@pytest.mark.parametrize("key", [KEY, "tea/_posts/rejected.md", "tea/_posts/too-large.md"])
def test_a_record_of_other_content_is_stale(archive: Archive, key: str) -> None:
    archive.put(key, b"---\ntitle: new\n---\n", told=False)
    assert findings(archive) == {"stale": 1}
    archive.render()
    assert (archive.post(key).metadata.title, archive.post(key).status) == ("new", Status.READY)


@pytest.mark.parametrize("key", HOSTILE)
def test_any_key_is_mended(archive: Archive, key: str) -> None:
    archive.forget(key)
    assert findings(archive) == {"missing": 1}
    assert archive.checker.checked == [key]


def test_a_message_that_was_lost_is_sent_again_after_an_hour(archive: Archive) -> None:
    archive.put(KEY, b"---\ntitle: new\n---\n")
    archive.put("tea/_posts/rejected.md", BROKEN + b"\n")
    archive.delete(OTHER)
    archive.renders.sent.clear()
    assert findings(archive) == {}
    archive.later(hours=1, seconds=1)
    assert findings(archive) == {"unfinished": 3}
    requests = [RenderRequest.decode(body) for body in archive.backlog.sent]
    assert {request.post_id for request in requests} == {post_id(key) for key in (KEY, OTHER, "tea/_posts/rejected.md")}
    archive.render()
    assert archive.post(OTHER).settled
    assert archive.post(KEY).status is Status.READY


def test_objects_that_are_no_posts_are_counted_by_their_endings_and_are_no_error(archive: Archive) -> None:
    for key in ("A.MD", "b.htm", "c.htm", "folder/", "README", "x." + "y" * 500):
        archive.bucket.put(key, b"", content_type="")
    report = archive.reconcile()
    assert report.tally.endings == {".MD": 1, ".htm": 2, "/": 1, "": 1, "." + "y" * 19: 1}
    assert (report.count(Finding.UNMATCHED), report.tally.repaired) == (6, 0)
    assert "b.htm" in report.tally.examples["unmatched"]


def test_examples_and_endings_are_bounded(archive: Archive) -> None:
    for n in range(150):
        archive.bucket.put(f"{n}.{n}", b"", content_type="")
        archive.put(f"new/{n}.md", told=False)
    report = archive.reconcile()
    assert report.count(Finding.UNMATCHED) == sum(report.tally.endings.values()) == 150
    assert len(report.tally.endings) == 51
    assert report.tally.endings["others"] == 100
    assert len(report.tally.examples["unmatched"]) == 100
    assert len(report.tally.examples["missing"]) == 20


@pytest.mark.parametrize("key", [KEY, "tea/_posts/rejected.md"])
def test_a_live_record_without_its_object_is_orphaned(archive: Archive, key: str) -> None:
    archive.delete(key, told=False)
    assert findings(archive) == {"orphaned": 1}
    archive.render()
    assert (archive.post(key).status, archive.post(key).settled) == (Status.DELETED, True)
    archive.later(hours=2)
    assert findings(archive) == {}


def test_records_with_an_object_are_not_read_again(archive: Archive) -> None:
    archive.reconcile()
    # One BatchGet for the objects' page, one for the tombstone.
    assert archive.calls["records.posts"] == 2


def test_a_rendition_that_nobody_points_to_is_deleted(archive: Archive) -> None:
    archive.archive.now = archive.clock
    strays = [f"renditions/{post_id(KEY)}/00000099-1.json", "renditions/nobody/00000001-1.json", "renditions/odd"]
    for key in strays:
        archive.archive.put(key, b"", content_type="")
    there = set(archive.renditions()) - set(strays)
    assert findings(archive) == {}
    archive.later(hours=1, seconds=1)
    assert findings(archive) == {"stray": 3}
    assert set(archive.renditions()) == there


def test_no_rendition_of_a_post_that_is_being_rendered_is_deleted(archive: Archive) -> None:
    archive.put(KEY, b"---\ntitle: new\n---\n")
    key = f"renditions/{post_id(KEY)}/00000002-1.json"
    archive.archive.put(key, b"", content_type="")
    archive.later(hours=2)
    assert findings(archive) == {"unfinished": 1}
    assert key in archive.renditions()


def test_leftovers_are_pointed_to(archive: Archive) -> None:
    archive.put(KEY, b"---\ntitle: new\n---\n")
    assert archive.post(KEY).leftovers
    archive.later(hours=2)
    assert findings(archive) == {"unfinished": 1}


def test_a_text_that_is_gone_is_made_again(archive: Archive) -> None:
    before = shown(archive)
    archive.archive.delete(archive.renditions()[:3])
    assert findings(archive) == {"textless": 3}
    assert all(RenderRequest.decode(body).force for body in archive.backlog.sent)
    archive.render()
    assert shown(archive) == before
    archive.later(hours=2)
    assert findings(archive) == {}


def test_a_text_made_during_the_run_is_not_missed(archive: Archive) -> None:
    archive.put("a.md")
    archive.render()
    (key,) = {archive.post("a.md").rendition.key}  # type: ignore[union-attr]
    archive.archive.delete([key])
    assert findings(archive) == {}


def test_checking_alone_repairs_nothing(archive: Archive) -> None:
    archive.forget(KEY)
    archive.delete(OTHER, told=False)
    archive.archive.delete(archive.renditions()[:1])
    archive.archive.put("renditions/nobody/1.json", b"", content_type="")
    archive.later(hours=2)
    items, keys = dict(archive.table.dynamodb.items), archive.renditions()
    report = archive.reconcile(Order(check_only=True))
    assert sum(report.tally.counts.values()) >= 4
    assert report.tally.repaired == 0
    assert (archive.table.dynamodb.items, archive.renditions()) == (items, keys)
    assert [*archive.checker.checked, *archive.backlog.sent] == []


def test_everything_is_stale_if_asked(archive: Archive) -> None:
    assert findings(archive, Order(everything=True)) == {"stale": 10}
    assert len(archive.checker.checked) == 10
    assert not archive.renders.sent, "parse found each record as it was"


def test_an_archive_that_lost_its_table_and_its_texts_comes_back(archive: Archive) -> None:
    before = shown(archive)
    archive.table.dynamodb.items.clear()
    archive.archive.versions.clear()
    assert findings(archive) == {"missing": 10}
    archive.render()
    after = shown(archive)
    assert after == {key: value for key, value in before.items() if value[0] is not Status.DELETED}


# ---- Going on ----


def test_a_run_goes_on_at_every_page(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walks, "_PAGE", 2)
    archive.forget(KEY)
    archive.delete(OTHER, told=False)
    archive.bucket.put("x.htm", b"", content_type="")
    archive.archive.put("renditions/nobody/1.json", b"", content_type="")
    archive.archive.modified["renditions/nobody/1.json"] = EPOCH
    expected = archive.reconcile(Order(check_only=True)).tally
    assert dict(expected.counts) == {"missing": 1, "orphaned": 1, "unmatched": 1, "stray": 2}, "the lost record's text as well"
    archive.archive.delete([REPORT])

    phases, calls = set(), 0
    while True:
        left = iter([1000.0, 0.0])
        report = archive.reconciling()(Order(check_only=True), time_left=lambda left=left: next(left))  # type: ignore[misc]
        if report:
            break
        saved = json.loads(archive.archive.get(FOLDER + "progress.json", limit=10**6).body)
        phases.add(saved["phase"])
        calls += 1
        archive.later(minutes=1)
    assert calls > 15
    assert phases == {"renditions", "objects", "records", "strays"} | ({"done"} & phases)
    assert report is not None
    assert report.tally == expected
    assert list(archive.archive.keys(FOLDER)) == [REPORT]


def test_a_run_that_is_killed_is_gone_on_with_once_its_lease_is_over(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walks, "_PAGE", 3)
    expected = archive.reconcile().tally

    class Killed(BaseException):
        pass

    def told(progress: Progress) -> None:
        archive.later(seconds=40)
        if progress.phase is Phase.RECORDS:
            monkeypatch.setattr(archive.archive, "put", None)  # the dead write nothing
            raise Killed

    with pytest.raises(Killed):
        archive.reconciling()(told=told)
    monkeypatch.undo()
    with pytest.raises(ReconcileUnderway) as caught:
        archive.reconcile()
    archive.clock = caught.value.until
    report = archive.reconcile()
    assert (report.run, report.tally) == (caught.value.run, expected)


def test_a_run_that_failed_or_was_interrupted_is_gone_on_with_at_once(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walks, "_PAGE", 3)
    expected = archive.reconcile(Order(check_only=True)).tally
    run = ""
    for fault in (KeyboardInterrupt(), ConnectionError()):
        failing = archive.reconciling()
        posts = failing.records.posts
        answers = iter([posts, posts])

        def ask(ids: Sequence[str], answers: Iterator[Any] = answers, fault: BaseException = fault) -> Any:
            for answer in answers:
                return answer(ids)
            raise fault

        monkeypatch.setattr(archive.table, "posts", ask)
        with pytest.raises(type(fault)):
            failing(Order(check_only=True))
        monkeypatch.delattr(archive.table, "posts")
        saved = json.loads(archive.archive.get(FOLDER + "progress.json", limit=10**6).body)
        assert run in {"", saved["run"]}
        assert saved["phase"] in {"objects", "records", "strays"}
        run = saved["run"]
    report = archive.reconcile(Order(check_only=True))
    assert (report.run, report.tally) == (run, expected)


@pytest.mark.parametrize("posts", [10, 1250])
def test_the_calls_of_a_run_are_those_that_its_documented_cost_is_made_of(posts: int) -> None:
    archive = Archive()
    for n in range(posts):
        archive.put(key := f"tea/_posts/{n}.md", b"---\ntitle: t\n---\n")
        rendition = Rendition(f"renditions/{post_id(key)}/1.json", 1, 1, 0)
        archive.archive.put(rendition.key, b"", content_type="")
        archive.table.settle(Filed(archive.post(key), {}), Rendered(rendition, ""), changed=EPOCH)
    archive.later(hours=2)
    assert dict(archive.reconcile().tally.counts) == {}
    pages = -(-posts // 1000)
    assert dict(archive.calls) == {
        "archive.get": 1,  # is there a run to go on with?
        "archive.keys": 2,  # what it left, and what this one left
        "archive.page": 2 * pages,
        "archive.put": 9,  # the progress, at the beginning and after each walk; three sets; the report
        "archive.delete": 1,
        "objects.page": pages,
        "records.posts": -(-posts // 100),
        "records.changes": pages,
    }
    text = (ROOT / "docs" / "recovery.md").read_text("utf-8")
    assert f"{3 * 100 + 2} LIST requests" in text
    assert f"{100_000 // 100:,} BatchGets" in text
    assert "nine PUTs" in text


def test_names_that_were_saved_after_the_progress_do_not_count(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walks, "_PAGE", 3)
    left = iter([1000.0] * 5 + [0.0])
    assert archive.reconciling()(time_left=lambda: next(left)) is None
    (name,) = [key for key in archive.archive.keys(FOLDER) if key.endswith("-posts.bin")]
    body = archive.archive.get(name, limit=10**6).body
    archive.archive.put(name, body + bytes(80), content_type="")
    assert dict(archive.reconcile().tally.counts) == {}


def test_a_run_with_another_order_or_a_week_old_begins_anew(archive: Archive) -> None:
    def begin(order: Order) -> str:
        assert archive.reconciling()(order, time_left=lambda: 0.0) is None
        return str(json.loads(archive.archive.get(FOLDER + "progress.json", limit=10**6).body)["run"])

    first = begin(Order(check_only=True))
    assert begin(Order(check_only=True)) == first
    second = begin(Order())
    assert second != first
    archive.later(days=7)
    assert begin(Order()) not in {first, second}


@pytest.mark.parametrize("fault", ["-posts.bin", b"", b"[]", b'{"run": "r"}', b"\xff"])
def test_a_run_whose_notes_are_of_no_use_begins_anew(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, fault: str | bytes
) -> None:
    monkeypatch.setattr(walks, "_PAGE", 3)
    left = iter([1000.0] * 5 + [0.0])
    assert archive.reconciling()(time_left=lambda: next(left)) is None
    if isinstance(fault, str):
        archive.archive.delete([key for key in archive.archive.keys(FOLDER) if key.endswith(fault)])
    else:
        archive.archive.put(FOLDER + "progress.json", fault, content_type="")
    assert dict(archive.reconcile().tally.counts) == {}
    assert list(archive.archive.keys(FOLDER)) == [REPORT]


def test_two_runs_at_the_same_time_do_no_harm(archive: Archive) -> None:
    archive.forget(KEY)

    def told(progress: Progress) -> None:
        if progress.phase is Phase.RECORDS:
            archive.archive.delete([FOLDER + "progress.json"])  # as if the other one had begun in the same instant
            archive.reconciling()()

    assert archive.reconciling()(told=told) is not None
    archive.render()
    archive.later(hours=2)
    assert findings(archive) == {}


def test_the_report_is_written(archive: Archive) -> None:
    archive.forget("tea/_posts/\u3000|“茶”🍵\t\x01\ufffd.html")
    report = archive.reconcile()
    written = json.loads(archive.archive.get(REPORT, limit=10**6).body)
    assert written == report.values()
    assert written["counts"] == {finding.value: 0 for finding in Finding} | {"missing": 1}
    assert (written["started"], written["check_only"], written["repaired"]) == (archive.clock.isoformat(), False, 1)
    assert report.finished == archive.clock


# ---- A property ----


KEYS = st.sampled_from([KEY, OTHER, *HOSTILE])
ACTIONS = st.lists(
    st.one_of(
        st.tuples(
            st.just("put"), KEYS, st.sampled_from([b"---\ntitle: a\n---\n", b"---\ntitle: b\n---\n", BROKEN]), st.booleans()
        ),
        st.tuples(st.just("delete"), KEYS, st.booleans()),
        st.tuples(st.just("forget"), KEYS),
        st.tuples(st.just("render")),
        st.tuples(st.just("lose")),
    ),
    max_size=20,
)


@settings(max_examples=150)
@given(ACTIONS)
def test_whatever_was_lost_two_runs_mend_and_a_third_finds_nothing(actions: list[tuple[object, ...]]) -> None:
    archive = Archive()
    for name, *arguments in actions:
        match name, *arguments:
            case "put", str(key), bytes(content), bool(told):
                archive.put(key, content, told=told)
            case "delete", str(key), bool(told):
                archive.delete(key, told=told)
            case "forget", str(key):
                archive.forget(key)
            case "render":
                archive.render()
            case _:
                archive.archive.versions.clear()
                archive.renders.sent.clear()
    archive.later(hours=2)
    archive.reconcile()
    archive.render()
    archive.later(hours=2)
    # Strays of a record that was lost are only known once the record is settled again.
    archive.reconcile()
    archive.render()
    archive.later(hours=2)
    sent = len(archive.checker.checked)
    assert findings(archive) == {}
    assert len(archive.checker.checked) == sent
    live = {key for key, history in archive.bucket.versions.items() if history[-1][1] is not None}
    there = {key: value for key, value in shown(archive).items() if value[0] is not Status.DELETED}
    assert set(there) == live
    for key, (status, *_, text, settled) in there.items():
        assert settled
        assert text is (status is Status.READY), key


def test_names() -> None:
    names = Names()
    for n in range(1000):
        names.add(f"n{n}")
    encoded = names.encode()
    assert len(encoded) == 8000
    assert all(f"n{n}" in names for n in range(1000))
    assert not any(f"m{n}" in names for n in range(1000))
    with pytest.raises(RuntimeError):
        names.add("late")
    some = Names(encoded, 10)
    assert (len(some), "n9" in some, "n10" in some) == (10, True, False)
    assert "x" not in Names()


def test_progress_is_written_and_read(archive: Archive) -> None:
    progress = Progress(run="r", order=Order(everything=True), started=EPOCH, held_until=EPOCH + timedelta(hours=1))
    progress = replace(progress, position="\udcff🍵", tally=progress.tally.found([(Finding.UNMATCHED, "\udcff.x")]))
    assert Progress.decode(progress.encode()) == progress


@pytest.mark.parametrize(("check_only", "recount"), [(False, True), (True, False)])
def test_where_records_were_lost_everything_is_counted_anew(archive: Archive, check_only: bool, recount: bool) -> None:
    archive.archive.put(WORK_KEY, b"{}", content_type="")
    archive.reconcile()
    assert WORK_KEY in archive.archive.keys("")
    archive.forget(KEY)
    archive.reconcile(Order(check_only=check_only))
    assert (WORK_KEY not in archive.archive.keys("")) is recount
