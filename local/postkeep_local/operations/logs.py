"""Where the functions' logs are: a local stack's files, or CloudWatch's log groups."""

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from postkeep_local.operations.archive import Archive
from postkeep_local.operations.traces import ANSWER, LONGEST, MOST, Found, LogsUnread, Subject, gathered
from postkeep_local.stack.state import StateFolder

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import GetQueryResultsResponseTypeDef

PATIENCE = 120.0
"""Seconds after which a query is given up. One over a day takes seconds; Logs Insights itself would go on for an hour."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0
"""Seconds between two questions whether a query is done, each twice the one before."""

_RUNNING = frozenset({"Scheduled", "Running", "Unknown"})
"""Source: Amazon CloudWatch Logs API Reference, GetQueryResults."""


def trace(archive: Archive, subject: Subject, length: timedelta) -> Found:
    """Search the logs of an archive's functions.

    Args:
        archive: whose.
        subject: what is looked for.
        length: how far to look back.

    Raises:
        LogsUnread: if they could not be read.
        botocore.exceptions.ClientError: if CloudWatch refuses.
    """
    now = datetime.now(UTC)
    if archive.state is not None:
        return of_files(StateFolder(archive.state.resolve()).logs, subject, now - length)
    return of_groups(archive.client("logs"), log_groups(archive), subject, now - length, now)


def of_files(folder: Path, subject: Subject, since: datetime) -> Found:
    """Search the files of a local stack: one a function, and one more of what was before."""
    files = [path for path in sorted(folder.glob("*Function.log*")) if path.is_file()]
    texts = (text for path in files for text in _lines(path, subject.text.encode()))
    return gathered(subject, texts, since, looked_in=map(str, files or [folder]))


def _lines(path: Path, needle: bytes) -> Iterator[str]:
    """The lines that name something, as far as they are read at all: the rest of a longer one is passed over."""
    with path.open("rb") as file:
        while line := file.readline(LONGEST):
            whole = line.endswith(b"\n") or len(line) < LONGEST
            while not whole:
                rest = file.readline(LONGEST)
                whole = rest.endswith(b"\n") or len(rest) < LONGEST
            if needle in line:
                yield line.decode("utf-8", "replace")


def log_groups(archive: Archive) -> Mapping[str, str]:
    """The names of the functions' log groups, by their logical ids: not that of API Gateway, whose lines are no function's."""
    functions = {name.removesuffix("Function") for name in archive.functions}
    return {name: group for name, group in sorted(archive.log_groups.items()) if name.removesuffix("Logs") in functions}


def query(subject: Subject) -> str:
    """The query for Logs Insights: the whole lines, which are read here as those of files are."""
    name = "post_id" if subject.post_id else "correlation_id"
    wanted = f"{name} = '{subject.text}'"  # its characters are those of ids alone
    if subject.post_id and not subject.reads:
        wanted += f" and (not ispresent(step) or step != '{ANSWER}')"
    return f"fields @timestamp, @message | filter {wanted} | sort @timestamp desc | limit {MOST}"


def of_groups(
    logs: "CloudWatchLogsClient",
    groups: Mapping[str, str],
    subject: Subject,
    since: datetime,
    until: datetime,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Found:
    """Search log groups, with one query over all of them.

    Args:
        logs: a client.
        groups: names by logical ids, 50 at most.
        subject: what is looked for.
        since: the beginning of the time that is searched (UTC).
        until: its end.
        sleep: waits so many seconds.
        clock: gives seconds.

    Raises:
        LogsUnread: if there are no groups, or the query failed or took too long.
        botocore.exceptions.ClientError: if CloudWatch refuses.
    """
    if not groups:
        raise LogsUnread("The stack has no log groups of functions.")
    begun = logs.start_query(
        logGroupNames=list(groups.values()),
        startTime=int(since.timestamp()),
        endTime=int(until.timestamp()) + 1,
        queryString=query(subject),
    )
    texts = _results(logs, begun["queryId"], sleep, clock)
    return gathered(subject, texts, since, looked_in=groups.values(), more=len(texts) >= MOST)


def _results(
    logs: "CloudWatchLogsClient", query_id: str, sleep: Callable[[float], None], clock: Callable[[], float]
) -> list[str]:
    try:
        answer = _awaited(logs, query_id, sleep, clock)
    except BaseException:
        _stop(logs, query_id)  # it would go on reading, which costs
        raise
    if answer["status"] != "Complete":
        raise LogsUnread(f"CloudWatch Logs ended the query: {answer['status']}.")
    rows = [{entry.get("field", ""): entry.get("value", "") for entry in row} for row in answer["results"]]
    return [row.get("@message", "") for row in rows]


def _awaited(
    logs: "CloudWatchLogsClient", query_id: str, sleep: Callable[[float], None], clock: Callable[[], float]
) -> "GetQueryResultsResponseTypeDef":
    deadline, pause = clock() + PATIENCE, _FIRST_PAUSE
    while (answer := logs.get_query_results(queryId=query_id))["status"] in _RUNNING:
        if clock() + pause > deadline:
            raise LogsUnread(f"CloudWatch Logs did not answer within {PATIENCE:g} s; try a shorter --since.")
        sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
    return answer


def _stop(logs: "CloudWatchLogsClient", query_id: str) -> None:
    try:
        logs.stop_query(queryId=query_id)
    except ClientError:
        return  # it is over already
