"""What an archive holds and still has to do, gathered for `postkeep status` and `postkeep dlq list`."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from postkeep.aws.due import DynamoDuePictures
from postkeep.aws.ledger import DynamoLedger
from postkeep.post import Status
from postkeep.upgrades import Ledger
from postkeep_local.api import Api, ApiProblem, ApiUnusable
from postkeep_local.operations import ages
from postkeep_local.operations.archive import Archive
from postkeep_local.operations.letters import Letter, look
from postkeep_local.operations.queues import QueueState, queue_states
from postkeep_local.operations.upgrading import look as look_up
from postkeep_local.stack.events import pending
from postkeep_local.stack.state import StateFolder

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

PEEKED = 200
"""Messages of a dead-letter queue that are looked at, at most: 20 calls."""


@dataclass(frozen=True, slots=True)
class Events:
    """Asynchronous events of the local stack.

    Attributes:
        waiting: that wait, those between two tries among them.
        running: that are being worked on.
        oldest: seconds since the oldest of them came; None where there is none.
    """

    waiting: int
    running: int
    oldest: float | None


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """What lies in a dead-letter queue.

    Attributes:
        queue: the queue.
        looked_at: how many messages the rest is known of; fewer than there are where there are very many.
        oldest: when the oldest of them was first sent; None where there are none.
        reasons: how many there are of each reason.
    """

    queue: QueueState
    looked_at: int
    oldest: datetime | None
    reasons: Mapping[str, int]

    @property
    def lost(self) -> datetime | None:
        """When SQS drops the oldest of them: its retention counts from the first sending."""
        return None if self.oldest is None else self.oldest + timedelta(seconds=self.queue.retention)


@dataclass(frozen=True, slots=True)
class PostCounts:
    """How many posts there are in each state.

    Attributes:
        as_of: when they were counted, as the API says it.
        statuses: by the state's name.
    """

    as_of: str
    statuses: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PictureCounts:
    """How many pictures are to be asked for again.

    Attributes:
        waiting: that have a next try, those that are due among them.
        due: whose next try is over, so that the next run of the sweep asks for them.
    """

    waiting: int
    due: int


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it.

    Attributes:
        archive: whose.
        events: asynchronous events; None on AWS, which does not tell.
        queues: the queues that functions read.
        oldest: seconds since the oldest message of a queue was sent, by its name, where it is known.
        dead_letters: the dead-letter queues.
        posts: None where they are not counted.
        pictures: those that are to be asked for again.
        upgrade: which migrations the data has had.
    """

    archive: Archive
    events: Events | None
    queues: list[QueueState]
    oldest: Mapping[str, float]
    dead_letters: list[DeadLetters]
    posts: PostCounts | None
    pictures: PictureCounts = PictureCounts(0, 0)
    upgrade: Ledger = field(default_factory=Ledger)


def overview(archive: Archive) -> Overview:
    """Gather everything. Nothing is received from the queues that functions read.

    Raises:
        botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError: if a service is not to be asked.
    """
    states = queue_states(archive)
    live = [state for state in states if not state.dead_letters]
    return Overview(
        archive=archive,
        events=_events(archive),
        queues=live,
        oldest=ages.oldest_messages(archive, live),
        dead_letters=[peek(archive.client("sqs"), state) for state in states if state.dead_letters],
        posts=count_posts(archive),
        pictures=count_pictures(archive),
        upgrade=look_up(DynamoLedger(archive.posts_table, archive.client("dynamodb")), datetime.now(UTC)),
    )


def count_pictures(archive: Archive) -> PictureCounts:
    """How many pictures are to be asked for again, and how many of them are due."""
    pictures = DynamoDuePictures(archive.posts_table, archive.client("dynamodb"))
    return PictureCounts(pictures.number(), pictures.number(until=datetime.now(UTC)))


def _events(archive: Archive) -> Events | None:
    if archive.state is None:
        return None
    queue = StateFolder(archive.state.resolve()).events
    waiting, running = pending(queue)
    return Events(waiting, running, ages.oldest_event(queue))


def peek(sqs: "SQSClient", queue: QueueState) -> DeadLetters:
    """Look at up to :data:`PEEKED` messages of a dead-letter queue; all stay in it."""
    letters: list[Letter] = look(sqs, queue.url, min(PEEKED, queue.waiting))
    reasons = Counter(letter.reason for letter in letters)
    return DeadLetters(queue, len(letters), min((letter.sent for letter in letters), default=None), dict(reasons.most_common()))


def count_posts(archive: Archive) -> PostCounts | None:
    """What the API's ``GET /counts`` says; None where it does not say it (yet), or cannot be asked."""
    if not archive.api_url:
        return None
    try:
        with Api(archive.api_url, tries=1) as api:
            return _counts(api.value("/counts"))
    except (ApiProblem, ApiUnusable):
        return None


def _counts(found: Mapping[str, Any]) -> PostCounts | None:
    match found:
        case {"as_of": str(as_of), "statuses": dict(statuses)} if all(type(count) is int for count in statuses.values()):
            # What no post is in is not counted.
            return PostCounts(as_of, {status.value: 0 for status in Status} | statuses)
    return None


def since(moment: datetime) -> float:
    """Seconds since then; 0 where another clock is ahead of this one."""
    return max(0.0, time.time() - moment.astimezone(UTC).timestamp())
