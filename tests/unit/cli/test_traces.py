"""Reading the functions' logs: what a line says, whose it is, and what is none of ours."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from postkeep.post import post_id
from postkeep_local.operations import logs, traces
from postkeep_local.operations.archive import Archive
from postkeep_local.operations.traces import Found, LogsUnread, Subject, SubjectInvalid, gathered, read

KEY = "tea/_posts/茶.md"
ID = post_id(KEY)
CAUSE = "4E2F6A0B9C8D7E61"
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def text(seconds: float = 0, **more: Any) -> str:
    at = START + timedelta(seconds=seconds)
    value = {
        "level": "INFO",
        "timestamp": f"{at:%Y-%m-%d %H:%M:%S},{at.microsecond // 1000:03}+0000",
        "service": "parse",
        "step": "parse",
        "message": "ingested",
        "post_id": ID,
        "correlation_id": CAUSE,
        "function_request_id": "r-1",
        "outcome": "recorded",
    }
    return json.dumps({name: found for name, found in (value | more).items() if found is not None})


def found_in(*texts: str, subject: Subject | None = None, since: datetime = START) -> Found:
    return gathered(subject or Subject(post_id=ID), texts, since, looked_in=["here"])


# ---- What is looked for ----


@pytest.mark.parametrize("name", [ID, KEY])
def test_a_post_is_named_by_its_id_or_its_key(name: str) -> None:
    assert Subject.of(name) == Subject(post_id=ID)
    assert Subject.of(name).text == ID


@pytest.mark.parametrize("name", [CAUSE, "JKJaXmPLvHcESHA=", "retry-e4b46cbf-b738-4880-8880-a18cdf61200e"])
def test_everything_else_of_the_right_form_is_a_cause(name: str) -> None:
    assert Subject.of(name) == Subject(correlation_id=name)


@pytest.mark.parametrize("name", ["", "a b", "a' or 1 = 1", "茶", "\x1b[2J", "a" * 129, "a|b"])
def test_what_can_be_neither_is_refused(name: str) -> None:
    with pytest.raises(SubjectInvalid) as caught:
        Subject.of(name)
    assert "\x1b" not in str(caught.value)


def test_a_post_takes_its_own_lines_without_the_apis_answers() -> None:
    answer = text(2, service="query", step="answer", outcome="answered")
    texts = [text(0), text(1, post_id="b" * 26), answer]
    assert [line.step for line in found_in(*texts).lines] == ["parse"]
    assert [line.step for line in found_in(*texts, subject=Subject(post_id=ID, reads=True)).lines] == ["parse", "answer"]


def test_a_cause_takes_all_that_it_brought_about() -> None:
    texts = [text(0), text(1, post_id="b" * 26, step="answer"), text(2, correlation_id="other"), text(3, correlation_id=None)]
    found = found_in(*texts, subject=Subject(correlation_id=CAUSE))
    assert [line.post_id for line in found.lines] == [ID, "b" * 26]


# ---- What a line says ----


def test_a_line_is_read() -> None:
    line = read(
        text(
            0.123,
            attempt=2,
            duration_ms=12.5,
            reason="why",
            key=KEY,
            version="v",
            picture_id="p",
            event_name="ObjectCreated:Put",
            exception="Traceback (most recent call last):\n  File x\nValueError: 茶\n",
        )
    )
    assert line
    assert line.at == START + timedelta(milliseconds=123)
    assert (line.attempt, line.duration_ms, line.reason, line.error) == (2, 12.5, "why", "ValueError: 茶")
    assert (line.key, line.version, line.picture_id, line.event_name) == (KEY, "v", "p", "ObjectCreated:Put")
    assert (line.service, line.level, line.message, line.request_id) == ("parse", "INFO", "ingested", "r-1")


def test_another_zone_is_the_same_instant() -> None:
    line = read(text(timestamp="2026-01-02 11:04:05,000+0800"))
    assert line
    assert line.at == START


@pytest.mark.parametrize(
    "line",
    [
        "",
        "START RequestId: 1 Version: $LATEST",
        "{",
        '{"timestamp": ',
        "[" * 100_000,
        "[1]",
        '"text"',
        "null",
        "NaN",
        "9" * 5_000,
        text(timestamp=None),
        text(timestamp=5),
        text(timestamp="yesterday"),
        text(timestamp="2026-13-02 03:04:05,000+0000"),
        text(timestamp="0001-01-01 00:00:00,000+2359"),
        text(service=None),
        text(service=["parse"]),
        text(message="x" * traces.LONGEST),
    ],
)
def test_what_has_another_form_is_no_line_of_ours(line: str) -> None:
    assert read(line) is None
    assert found_in(line, text()).unread == 1


@pytest.mark.parametrize("attempt", [0, -1, True, "2", 1.5, 10**400, None, [1]])
def test_what_is_no_attempt_is_none(attempt: Any) -> None:
    line = read(text(attempt=attempt))
    assert line
    assert line.attempt is None


@pytest.mark.parametrize("duration", [-1, True, "12", float("nan"), float("inf"), 10**400, None])
def test_what_is_no_duration_is_none(duration: Any) -> None:
    line = read(text(duration_ms=duration))
    assert line
    assert line.duration_ms is None


def test_values_are_bounded_and_of_one_kind() -> None:
    line = read(text(reason="茶" * 9_000, key=7, outcome={"a": 1}, exception="y" * 9_000))
    assert line
    assert (len(line.reason), len(line.error), line.key, line.outcome) == (1_024, 1_024, "", "")


# ---- Lines together ----


def test_lines_come_in_the_order_of_time_and_from_an_instant_on() -> None:
    found = found_in(text(3, outcome="c"), text(1, outcome="a"), text(2, outcome="b"), since=START + timedelta(seconds=2))
    assert [line.outcome for line in found.lines] == ["b", "c"]
    assert (found.more, found.unread, found.looked_in) == (False, 0, ("here",))


def test_the_newest_lines_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "MOST", 2)
    found = found_in(*(text(n, outcome=str(n)) for n in range(3)))
    assert [line.outcome for line in found.lines] == ["1", "2"]
    assert found.more
    assert not found_in(text(0), text(1)).more


def test_attempts_at_an_event_are_counted_by_its_request() -> None:
    failed = {"outcome": "failed", "key": KEY}
    texts = [
        text(0, **failed),
        text(1, **failed, function_request_id="r-2"),
        text(2, key=KEY, outcome=None),  # ends nothing
        text(3, key=KEY),
        text(4, key="other.md"),
        text(5, key=KEY, function_request_id=None),
        text(6, service="render", step="render", attempt=7),
    ]
    assert [line.attempt for line in found_in(*texts).lines] == [1, 1, None, 2, 1, None, 7]


# ---- Files ----


def write(folder: Path, name: str, *lines: str | bytes) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines))


def test_files_are_searched_with_what_was_before_them(tmp_path: Path) -> None:
    write(tmp_path, "ParseFunction.log.1", text(0))
    write(tmp_path, "ParseFunction.log", "START", text(1), b"\xff\xfe " + ID.encode(), "{" + ID)
    write(tmp_path, "RenderFunction.log", text(2, service="render"))
    write(tmp_path, "emulator.log", text(3))
    (tmp_path / "IndexFunction.log").mkdir()
    found = logs.of_files(tmp_path, Subject(post_id=ID), START)
    assert [line.at.second - START.second for line in found.lines] == [0, 1, 2]
    assert found.unread == 2
    names = ["ParseFunction.log", "ParseFunction.log.1", "RenderFunction.log"]
    assert found.looked_in == tuple(str(tmp_path / name) for name in names)


def test_the_rest_of_a_huge_line_is_passed_over(tmp_path: Path) -> None:
    huge = text(0, message="x" * (3 * traces.LONGEST))
    write(tmp_path, "ParseFunction.log", huge, text(1, outcome="after"), huge)
    found = logs.of_files(tmp_path, Subject(post_id=ID), START)
    assert [line.outcome for line in found.lines] == ["after"]
    with (tmp_path / "ParseFunction.log").open("ab") as file:
        file.write(text(2, outcome="last").encode())  # which is just being written
    assert [line.outcome for line in logs.of_files(tmp_path, Subject(post_id=ID), START).lines] == ["after", "last"]


def test_without_files_the_folder_was_looked_in(tmp_path: Path) -> None:
    found = logs.of_files(tmp_path / "logs", Subject(post_id=ID), START)
    assert (found.lines, found.looked_in) == ((), (str(tmp_path / "logs"),))


# ---- Logs Insights ----


GROUPS = {"ParseLogs": "parse-logs", "RenderLogs": "render-logs"}


class Insights:
    """CloudWatch Logs as botocore knows it, with answers that were written down, and a clock that sleeping moves."""

    def __init__(self, *, since: datetime = START, stopped: bool = False, missing: bool = False) -> None:
        self.client = boto3.client("logs", "eu-west-1")
        self.stub = Stubber(self.client)
        self.slept: list[float] = []
        self.subject = Subject(post_id=ID)
        expected = {
            "logGroupNames": ["parse-logs", "render-logs"],
            "startTime": int(since.timestamp()),
            "endTime": int(since.timestamp()) + 3_601,
            "queryString": logs.query(self.subject),
        }
        self.since = since
        self.stub.add_response("start_query", {"queryId": "q"}, expected)

    def answer(self, status: str, *lines: str) -> None:
        results = [[{"field": "@ptr", "value": "x"}, {"field": "@message", "value": line}] for line in lines]
        self.stub.add_response("get_query_results", {"status": status, "results": results}, {"queryId": "q"})

    def search(self) -> Found:
        with self.stub:
            found = logs.of_groups(
                self.client,
                GROUPS,
                self.subject,
                self.since,
                self.since + timedelta(hours=1),
                sleep=self.slept.append,
                clock=lambda: sum(self.slept),
            )
            self.stub.assert_no_pending_responses()
        return found


def test_a_query_is_awaited_politely() -> None:
    insights = Insights()
    for status in ["Scheduled", *["Running"] * 5]:
        insights.answer(status)
    insights.answer("Complete", text(1, outcome="b"), text(0, outcome="a"), "{")
    found = insights.search()
    assert [line.outcome for line in found.lines] == ["a", "b"]
    assert (found.unread, found.more, found.looked_in) == (1, False, ("parse-logs", "render-logs"))
    assert insights.slept == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]


def test_a_query_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "PATIENCE", 1.0)
    insights = Insights()
    insights.answer("Running")
    insights.answer("Running")
    insights.stub.add_response("stop_query", {"success": True}, {"queryId": "q"})
    with pytest.raises(LogsUnread, match="within 1 s"):
        insights.search()


def test_a_query_is_stopped_when_somebody_interrupts() -> None:
    insights = Insights()
    insights.answer("Running")
    insights.stub.add_client_error("stop_query", "InvalidParameterException", "it is not running")

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with insights.stub, pytest.raises(KeyboardInterrupt):
        logs.of_groups(insights.client, GROUPS, insights.subject, START, START + timedelta(hours=1), sleep=interrupt)
    insights.stub.assert_no_pending_responses()


@pytest.mark.parametrize("status", ["Failed", "Cancelled", "Timeout"])
def test_a_query_that_fails_is_an_error(status: str) -> None:
    insights = Insights()
    insights.answer(status)
    with pytest.raises(LogsUnread, match=status):
        insights.search()


def test_a_stack_without_log_groups_is_an_error() -> None:
    with pytest.raises(LogsUnread, match="no log groups"):
        logs.of_groups(boto3.client("logs", "eu-west-1"), {}, Subject(post_id=ID), START, START)


def test_as_many_lines_as_are_asked_for_may_not_be_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MOST", 2)
    insights = Insights()
    insights.answer("Complete", text(1), text(0))
    assert insights.search().more


def test_the_query_names_one_field_and_leaves_the_answers_out() -> None:
    assert logs.query(Subject(post_id=ID)) == (
        f"fields @timestamp, @message | filter post_id = '{ID}' and (not ispresent(step) or step != 'answer')"
        " | sort @timestamp desc | limit 2000"
    )
    assert f"filter post_id = '{ID}' |" in logs.query(Subject(post_id=ID, reads=True))
    assert f"filter correlation_id = '{CAUSE}' |" in logs.query(Subject(correlation_id=CAUSE))


def test_the_log_groups_are_those_of_functions() -> None:
    groups = {"ApiLogs": "api", "RenderLogs": "render", "ParseLogs": "parse"}
    archive = Archive("keep", "r", "", {}, {}, {}, {"ParseFunction": "p", "RenderFunction": "r"}, log_groups=groups)
    assert logs.log_groups(archive) == {"ParseLogs": "parse", "RenderLogs": "render"}
