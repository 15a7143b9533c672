"""index: IndexRequests, a batch at a time, become a commit of the search index."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from uuid import uuid4

from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes import SQSEvent, event_source
from aws_lambda_powertools.utilities.typing import LambdaContext

from postkeep import correlation
from postkeep.aws.dynamodb import DynamoPosts
from postkeep.aws.s3 import Bucket
from postkeep.errors import MessageInvalid
from postkeep.messages import IndexRequest
from postkeep.observability import FAILED, Work, attempt_of, cause_of, count, logger, metrics, received, working
from postkeep.post import PostId
from postkeep.settings import IndexSettings
from search_posts.engine import Index
from search_posts.engines import Tantivy
from search_posts.indexing import Fate, Indexing
from search_posts.merging import Merging
from search_posts.store import IndexStore
from search_posts.upkeep import Upkeep
from search_posts.working import INDEXING, clear, in_parallel, now, scratch

_SUSPECT = 3
"""A message that is received for the third time may be of a post that takes the process down: it has a commit of its own, after
the others."""

MERGING = 150_000
"""Milliseconds of the function's time that must be left when a merge is begun; the largest one takes half of it."""

_WHY = {
    Fate.UNCHANGED: "the index agrees",
    Fate.WAITING: "it has no text yet",
}
"""Why nothing was done."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was understood.

    Attributes:
        id: SQS's.
        post_id: whose entry is asked for.
        cause: its correlation id.
        attempt: how often it was received.
    """

    id: str
    post_id: PostId
    cause: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Wiring:
    """The use cases with their adapters."""

    indexing: Indexing[Index]
    upkeep: Upkeep[Index]


@cache
def wiring() -> Wiring:
    """Made once in a function's life."""
    settings = IndexSettings.from_env()
    clear(INDEXING)
    archive = Bucket(settings.archive_bucket)
    store = IndexStore(archive, lambda: uuid4().hex)
    posts = DynamoPosts(settings.table)
    indexing = Indexing(posts, archive, store, Tantivy(), now, scratch, in_parallel, pause)
    return Wiring(indexing, Upkeep(store, Merging(store, Tantivy(), now, scratch), now))


def pause(lost: int) -> None:
    """Wait a moment, longer after more lost races, and never as long as another: full jitter."""
    time.sleep(random.uniform(0, min(1.0, 0.05 * lost)))  # noqa: S311 (nobody gains by guessing it)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@event_source(data_class=SQSEvent)
def handler(event: SQSEvent, context: LambdaContext) -> PartialItemFailureResponse:
    """Index the posts of the batch; those that fail are received again. Then look after the index, while there is time."""
    messages, failed = _read(event)
    cause = correlation.born("index", context.aws_request_id)
    suspects = [message for message in messages if message.attempt >= _SUSPECT]
    batches = [[message for message in messages if message.attempt < _SUSPECT], *([one] for one in suspects)]
    for batch in filter(None, batches):
        try:
            with working("commit", cause, failure="not committed") as work:
                failed |= _index(batch, work)
        except Exception as error:  # noqa: BLE001 (the messages are received again, and the event's others must not wait for that)
            count("IndexCommitsFailed")
            failed |= {message.id for message in batch}
            for message in batch:
                _tell(message, work, error)
    try:
        with working("upkeep", cause, failure="not looked after"):
            wiring().upkeep(lambda: context.get_remaining_time_in_millis() > MERGING)
    except Exception:  # noqa: BLE001 (what was committed is committed; the next batch looks after the index again)
        count("SearchUpkeepFailed")
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in sorted(failed)]}


def _read(event: SQSEvent) -> tuple[list[Message], set[str]]:
    """The messages of an event, and the ids of those that are none."""
    messages: list[Message] = []
    failed: set[str] = set()
    for record in event.records:
        try:
            with received("index", record, failure="no request"):
                post_id = IndexRequest.decode(record.body).post_id
        except MessageInvalid:
            count("IndexRequestsInvalid")
            failed.add(record.message_id)
            continue
        messages.append(Message(record.message_id, post_id, cause_of(record), attempt_of(record)))
    return messages, failed


def _index(messages: Sequence[Message], work: Work) -> set[str]:
    """Index the posts of some messages in one commit; gives the ids of the messages that failed."""
    outcome = wiring().indexing([message.post_id for message in messages])
    work.ends(
        "committed",
        "committed",
        messages=len(messages),
        added=outcome.added,
        removed=outcome.removed,
        unchanged=outcome.unchanged,
        failed=len(outcome.failed),
        posts=outcome.posts,
        segments=outcome.segments,
    )
    for message in messages:
        _tell(message, work, outcome.failed.get(message.post_id) or outcome.fates[message.post_id])
    count("PostsIndexed", outcome.added)
    return {message.id for message in messages if message.post_id in outcome.failed}


def _tell(message: Message, commit: Work, came: Fate | Exception) -> None:
    """Write the line of one message; it took as long as the commit that it was part of."""
    ids = {"post_id": message.post_id, "message_id": message.id}
    took = commit.duration_ms
    with working("index", message.cause, failure="not told", attempt=message.attempt, **ids) as work:
        if isinstance(came, Fate):
            work.ends("indexed", came, _WHY.get(came, ""), duration_ms=took)
        else:
            logger.error("not indexed", exc_info=came, outcome=FAILED, reason=type(came).__name__, duration_ms=took)
