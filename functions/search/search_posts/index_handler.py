"""index: IndexRequests, a batch at a time, become a commit of the search index."""

import random
import time
from dataclasses import dataclass
from functools import cache
from uuid import uuid4

from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes import SQSEvent, event_source
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from postkeep.aws.dynamodb import DynamoPosts
from postkeep.aws.s3 import Bucket
from postkeep.errors import MessageInvalid
from postkeep.messages import IndexRequest
from postkeep.observability import count, logger, metrics
from postkeep.settings import IndexSettings
from search_posts.engine import Index
from search_posts.engines import Tantivy
from search_posts.indexing import Indexing
from search_posts.merging import Merging
from search_posts.store import IndexStore
from search_posts.upkeep import Upkeep
from search_posts.working import INDEXING, clear, in_parallel, now, scratch

_SUSPECT = 3
"""A message that is received for the third time may be of a post that takes the process down: it has a commit of its own, after
the others."""

MERGING = 150_000
"""Milliseconds of the function's time that must be left when a merge is begun; the largest one takes half of it."""


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
    requests: dict[str, str] = {}
    failed: set[str] = set()
    suspects: list[str] = []
    for record in event.records:
        try:
            requests[record.message_id] = IndexRequest.decode(record.body).post_id
        except MessageInvalid:
            logger.exception("no request", message_id=record.message_id)
            count("IndexRequestsInvalid")
            failed.add(record.message_id)
            continue
        if _received(record) >= _SUSPECT:
            suspects.append(record.message_id)
    batches = [[one for one in requests if one not in suspects], *([one] for one in suspects)]
    for batch in filter(None, batches):
        failed |= _index({message_id: requests[message_id] for message_id in batch})
    try:
        wiring().upkeep(lambda: context.get_remaining_time_in_millis() > MERGING)
    except Exception:  # noqa: BLE001 (what was committed is committed; the next batch looks after the index again)
        logger.exception("not looked after")
        count("SearchUpkeepFailed")
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in sorted(failed)]}


def _received(record: SQSRecord) -> int:
    return int(record.attributes.approximate_receive_count)


def _index(requests: dict[str, str]) -> set[str]:
    """Index the posts of some messages in one commit; gives the messages that failed."""
    try:
        outcome = wiring().indexing(requests.values())
    except Exception:  # noqa: BLE001 (the messages are received again, and the event's others must not wait for that)
        logger.exception("not indexed", messages=len(requests))
        count("IndexCommitsFailed")
        return set(requests)
    for post_id, error in outcome.failed.items():
        logger.error("not indexed", post_id=post_id, exc_info=error)
    logger.info(
        "indexed",
        added=outcome.added,
        removed=outcome.removed,
        unchanged=outcome.unchanged,
        failed=len(outcome.failed),
        posts=outcome.posts,
        segments=outcome.segments,
    )
    count("PostsIndexed", outcome.added)
    return {message_id for message_id, post_id in requests.items() if post_id in outcome.failed}
