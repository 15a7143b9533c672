"""The queue of asynchronous invocations: durable, so that an event is never lost between S3 and its function."""

import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

_SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
    id INTEGER PRIMARY KEY,
    function TEXT NOT NULL,
    request_id TEXT NOT NULL,
    payload BLOB NOT NULL,
    received REAL NOT NULL,  -- epoch seconds
    due REAL NOT NULL,       -- epoch seconds
    attempts INTEGER NOT NULL DEFAULT 0,
    running INTEGER NOT NULL DEFAULT 0,
    failure TEXT             -- the on-failure record that is still to be delivered
);
CREATE INDEX IF NOT EXISTS event_due ON event (function, running, due);
-- The last event of each object, so that a start can tell which ones never arrived.
CREATE TABLE IF NOT EXISTS seen (
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    version TEXT NOT NULL,
    sequencer TEXT NOT NULL,
    PRIMARY KEY (bucket, key)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class QueuedEvent:
    """An event that was taken from the queue to be worked on.

    Attributes:
        id: its number in the queue.
        function: the function's logical id.
        request_id: the invocation's id, the same for each attempt.
        payload: the event as JSON.
        received: when it came (epoch seconds).
        attempts: how many attempts came before this one.
        failure: the record for the on-failure queue, where only its delivery is left to do.
    """

    id: int
    function: str
    request_id: str
    payload: bytes
    received: float
    attempts: int
    failure: str | None


class EventQueue:
    """The queue in one SQLite file. Its methods may be called from any thread."""

    def __init__(self, path: Path) -> None:
        """Open it; events that were being worked on when the last owner ended are due again.

        Raises:
            sqlite3.DatabaseError: if the file is not such a queue.
        """
        self._lock = threading.Condition()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        try:
            # In WAL mode, «normal» loses nothing when a process is killed; only a power failure can cost the last commits, and
            # after one the stack is rebuilt from the buckets anyway.
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            self._database.executescript(_SCHEMA)
            self._database.execute("UPDATE event SET running = 0")
        except sqlite3.Error:
            self._database.close()
            raise
        self._closed = False

    def put(self, function: str, request_id: str, payload: bytes, *, seen: Iterable[tuple[str, str, str, str]] = ()) -> None:
        """Take an event; when this returns, it is on disk.

        Args:
            function: the function's logical id.
            request_id: the invocation's id.
            payload: the event as JSON.
            seen: the objects that it tells about: bucket, key, version id, sequencer; "" for one that is known to be current.
        """
        now = time.time()
        with self._lock:
            self._database.execute("BEGIN")
            self._database.execute(
                "INSERT INTO event (function, request_id, payload, received, due) VALUES (?, ?, ?, ?, ?)",
                (function, request_id, payload, now, now),
            )
            self._database.executemany(
                "INSERT INTO seen VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET version = excluded.version, "
                "sequencer = excluded.sequencer WHERE excluded.sequencer = '' OR excluded.sequencer >= seen.sequencer",
                seen,
            )
            self._database.execute("COMMIT")
            self._lock.notify_all()

    def take(self, function: str) -> QueuedEvent | None:
        """Wait for an event of a function that is due, and mark it as being worked on; None once the queue is stopped."""
        with self._lock:
            while not self._closed:
                row = self._database.execute(
                    "SELECT id, function, request_id, payload, received, attempts, failure, due FROM event "
                    "WHERE function = ? AND running = 0 ORDER BY due, id LIMIT 1",
                    (function,),
                ).fetchone()
                wait = None if row is None else row[7] - time.time()
                if row is not None and wait is not None and wait <= 0:
                    self._database.execute("UPDATE event SET running = 1 WHERE id = ?", (row[0],))
                    return QueuedEvent(*row[:7])
                self._lock.wait(wait)
            return None

    def done(self, event: QueuedEvent) -> None:
        """Forget an event."""
        with self._lock:
            self._database.execute("DELETE FROM event WHERE id = ?", (event.id,))

    def postpone(self, event: QueuedEvent, seconds: float, *, failure: str = "") -> None:
        """Make an event due again after a pause: for another attempt, or for the delivery of its failure record."""
        with self._lock:
            self._database.execute(
                "UPDATE event SET running = 0, attempts = attempts + 1, due = ?, failure = ? WHERE id = ?",
                (time.time() + seconds, failure or None, event.id),
            )
            self._lock.notify_all()

    def seen(self, bucket: str) -> dict[str, str]:
        """The version id of the last event of each object of a bucket."""
        with self._lock:
            return dict(self._database.execute("SELECT key, version FROM seen WHERE bucket = ?", (bucket,)))

    def stop(self) -> None:
        """Give out no more events; they stay for the next start."""
        with self._lock:
            self._closed = True
            self._lock.notify_all()

    def close(self) -> None:
        """Close the file."""
        self.stop()
        with self._lock:
            self._database.close()


def pending(path: Path) -> tuple[int, int]:
    """How many events wait in a queue that another process owns, and how many are being worked on."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        waiting, running = database.execute(
            "SELECT count(*) FILTER (WHERE running = 0), count(*) FILTER (WHERE running = 1) FROM event"
        ).fetchone()
    return waiting, running


def objects_of(event: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """The objects that an S3 event tells about: bucket, key (as it is, not as the event encodes it), version id, sequencer."""
    found = []
    for record in event.get("Records", []):
        item = record.get("s3", {}).get("object", {})
        # What has neither only asks for a check, and tells of no state that an object came to.
        if "sequencer" in item or "versionId" in item:
            sequencer = item.get("sequencer", "").upper().rjust(32, "0")
            found.append((record["s3"]["bucket"]["name"], unquote_plus(item["key"]), item.get("versionId", ""), sequencer))
    return found


def is_asynchronous(event: Any) -> bool:
    """Whether AWS invokes functions asynchronously with such an event: S3's, SNS's, EventBridge's and its scheduler's."""
    if not isinstance(event, Mapping):
        return False
    records = event.get("Records")
    if isinstance(records, list) and records and isinstance(records[0], Mapping):
        return (records[0].get("eventSource") or records[0].get("EventSource")) in ("aws:s3", "aws:sns")
    return event.get("source") in ("aws.events", "aws.scheduler", "aws.s3")


def parse(payload: bytes) -> Any:
    """An event's JSON; None where it is none."""
    try:
        return json.loads(payload)
    except ValueError:
        return None
