"""What the functions' logs say of a post, or of what one cause brought about.

Logs are strangers' text: others write into them too, and what the functions write names keys and errors that came from outside. A
line counts only where it has the form that :mod:`postkeep.observability` gives it, and each of its values has a bound.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self

from postkeep import correlation
from postkeep.errors import PostkeepError
from postkeep.post import PostId, is_post_id, is_post_key, post_id
from postkeep_local.folder import printable

MOST = 2_000
"""Lines that are shown, the newest: a post with a hundred pictures has some 300 an edit. Logs Insights would give 10,000."""

LONGEST = 256 * 1024
"""Characters of a line that is read; a line of ours has a thousand, and an error's trace some thousands. AWS Lambda cuts lines
of 256 KB (AWS Lambda Developer Guide, «Lambda quotas»)."""

ANSWER = "answer"
"""The step of the API's answers."""

_TEXT = 1_024
"""Characters of a value that are kept; S3's keys have as many bytes at most."""

_TIMESTAMP = "%Y-%m-%d %H:%M:%S,%f%z"
"""As Powertools writes it."""


class SubjectInvalid(PostkeepError):
    """A text that is no id of a post, no key and no correlation id."""


class LogsUnread(PostkeepError):
    """The logs could not be read; the text says why, for the person who asked."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is looked for: one of the two.

    Attributes:
        post_id: a post; "" where a cause is looked for.
        correlation_id: a cause; "" where a post is looked for.
        reads: whether the API's answers about a post count as its way too. Those that a cause names always do.
    """

    post_id: PostId = ""
    correlation_id: str = ""
    reads: bool = False

    @classmethod
    def of(cls, text: str, *, reads: bool = False) -> Self:
        """Understand what a person wrote.

        Args:
            text: a post's id, the key of its object, or a correlation id.
            reads: as the attribute.

        Raises:
            SubjectInvalid: if it is none of them.
        """
        if is_post_id(text):
            return cls(post_id=text, reads=reads)
        if is_post_key(text):
            return cls(post_id=post_id(text), reads=reads)
        if found := correlation.sound(text):
            return cls(correlation_id=found)
        raise SubjectInvalid(f"{printable(text[:_TEXT])} is no post's id, no key of a post and no correlation id.")

    @property
    def text(self) -> str:
        """The id; its characters mean nothing to a query, a shell or a terminal."""
        return self.post_id or self.correlation_id

    def takes(self, line: "Line") -> bool:
        """Whether a line is about it."""
        if self.correlation_id:
            return line.correlation_id == self.correlation_id
        return line.post_id == self.post_id and (self.reads or line.step != ANSWER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the logs. What it does not say, or not in the right form, is "" or None.

    Attributes:
        at: when it was written (UTC).
        service: the function, by its short name.
        message: what the line is found by.
        level: as Python's logging names it.
        step: what was done.
        event_name: of S3's event.
        attempt: which attempt it was, from 1.
        outcome: what came of it.
        reason: why.
        error: the last line of an error's trace.
        duration_ms: how long it took (milliseconds).
        post_id, key, version, picture_id, correlation_id: what it is about.
        request_id: of the function's invocation, the same for each attempt of an asynchronous one.
    """

    at: datetime
    service: str
    message: str
    level: str
    step: str
    event_name: str
    attempt: int | None
    outcome: str
    reason: str
    error: str
    duration_ms: float | None
    post_id: str
    key: str
    version: str
    picture_id: str
    correlation_id: str
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search of the logs brought.

    Attributes:
        lines: in the order of time, the newest :data:`MOST`.
        more: whether there were earlier ones.
        unread: lines that name what was looked for, and could not be understood.
        looked_in: files or log groups.
    """

    lines: tuple[Line, ...]
    more: bool
    unread: int
    looked_in: tuple[str, ...]


def read(text: str) -> Line | None:
    """Understand a line; None for one that is none of ours, or too long."""
    if len(text) > LONGEST:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    at, service = _instant(value.get("timestamp")), _word(value, "service")
    if at is None or not service:
        return None
    return Line(
        at=at,
        service=service,
        message=_word(value, "message"),
        level=_word(value, "level"),
        step=_word(value, "step"),
        event_name=_word(value, "event_name"),
        attempt=_attempt(value.get("attempt")),
        outcome=_word(value, "outcome"),
        reason=_word(value, "reason"),
        error=_last_line(value.get("exception")),
        duration_ms=_duration(value.get("duration_ms")),
        post_id=_word(value, "post_id"),
        key=_word(value, "key"),
        version=_word(value, "version"),
        picture_id=_word(value, "picture_id"),
        correlation_id=_word(value, "correlation_id"),
        request_id=_word(value, "function_request_id"),
    )


def gathered(subject: Subject, texts: Iterable[str], since: datetime, *, looked_in: Iterable[str], more: bool = False) -> Found:
    """The lines that are about something, in the order of time.

    Args:
        subject: what is looked for.
        texts: lines that may be about it, in any order.
        since: only lines that are not older.
        looked_in: where they are from.
        more: whether some were left out already.
    """
    lines: list[Line] = []
    unread = 0
    for text in texts:
        line = read(text)
        if line is None:
            unread += 1
        elif line.at >= since and subject.takes(line):
            lines.append(line)
    lines.sort(key=lambda line: line.at)
    kept = _numbered(lines[-MOST:])
    return Found(lines=tuple(kept), more=more or len(lines) > MOST, unread=unread, looked_in=tuple(looked_in))


def _numbered(lines: Iterable[Line]) -> list[Line]:
    """The lines, with the attempts that a function cannot know of.

    Lambda tells a function nothing of earlier attempts at an event, but its request stays the same over them: of the lines that
    end a piece of work for one request and object, the second is that of the second attempt. One that was killed left none.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    found = []
    for line in lines:
        if line.attempt is None and line.outcome and line.step == "parse" and line.request_id:
            work = (line.service, line.request_id, line.key)
            seen[work] += 1
            found.append(replace(line, attempt=seen[work]))
        else:
            found.append(line)
    return found


def _word(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    return found[:_TEXT] if isinstance(found, str) else ""


def _instant(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        return datetime.strptime(value, _TIMESTAMP).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _attempt(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31 else None


def _duration(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if 0 <= value < 2**31 else None


def _last_line(value: object) -> str:
    """An error's own words are the last line of its trace."""
    return value.strip().rpartition("\n")[2][:_TEXT] if isinstance(value, str) else ""
