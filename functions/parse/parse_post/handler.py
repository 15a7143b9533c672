"""parse: events of the posts bucket, delivered asynchronously, become Post records."""

from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import unquote_plus

from aws_lambda_powertools.utilities.data_classes import S3Event, event_source
from aws_lambda_powertools.utilities.data_classes.s3_event import S3EventRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from parse_post.ingest import Ingest, Outcome
from postkeep import correlation
from postkeep.aws.dynamodb import DynamoPosts
from postkeep.aws.s3 import Bucket
from postkeep.aws.sqs import SqsQueue
from postkeep.errors import Superseded
from postkeep.observability import SUPERSEDED, Work, count, knows, logger, metrics, working
from postkeep.post import Post, is_post_key, post_id
from postkeep.settings import ParseSettings

_WHY = {
    Outcome.UNCHANGED: "its record says the same",
    Outcome.ABSENT: "there is no object and no record",
}
"""Why nothing was recorded."""


@cache
def wiring() -> Ingest:
    """The use case with its adapters: made once in a function's life."""
    settings = ParseSettings.from_env()
    return Ingest(
        posts=DynamoPosts(settings.table),
        renders=SqsQueue(settings.render_queue),
        max_bytes=settings.max_post_bytes,
        tombstone_life=settings.tombstone_life,
        now=lambda: datetime.now(UTC),
        told=_told,
    )


def _told(post: Post) -> None:
    knows(version=post.revision.version_id, reason=post.reason)


@cache
def bucket(name: str) -> Bucket:
    """The posts bucket, which each event names; the function cannot be told, since its bucket's events depend on it."""
    return Bucket(name)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@event_source(data_class=S3Event)
def handler(event: S3Event, context: LambdaContext) -> dict[str, Any]:
    """Record each object that the event names, then fail if any could not be recorded, so that Lambda retries."""
    errors: list[Exception] = []
    outcomes: list[str] = []
    for record in event.records:
        key = unquote_plus(record.s3.get_object.key)  # the data class decodes the first record's key only
        # An event without S3's request is known by Lambda's, which stays the same over its retries.
        cause = correlation.of_record(record.raw_event) or correlation.born("event", context.aws_request_id)
        try:
            with working(
                "parse", cause, failure="record failed", post_id=post_id(key), key=key, event_name=record.event_name
            ) as work:
                outcomes.append(_record(record, key, work))
        except Exception as error:  # noqa: BLE001 (the event's other records must not wait for this one's retry)
            errors.append(error)
    if errors:
        raise ExceptionGroup(f"{len(errors)} of {len(errors) + len(outcomes)} records failed", errors)
    return {"outcomes": outcomes}


def _record(record: S3EventRecord, key: str, work: Work) -> str:
    if not is_post_key(key):
        work.ends("not a post's key", "ignored", "its key ends in no post's ending")
        count("EventsIgnored")
        return "ignored"
    try:
        outcome = wiring()(key, record.s3.get_object.get("sequencer"), bucket(record.s3.bucket.name))
    except Superseded as superseded:
        work.ends("superseded", SUPERSEDED, superseded.why)
        count("EventsSuperseded")
        return SUPERSEDED
    work.ends("ingested", outcome, _WHY.get(outcome, ""))
    count(f"Posts{outcome.capitalize()}")
    return outcome
