"""parse: events of the posts bucket, delivered asynchronously, become Post records."""

from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import unquote_plus

from aws_lambda_powertools.utilities.data_classes import S3Event, event_source
from aws_lambda_powertools.utilities.data_classes.s3_event import S3EventRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from parse_post.ingest import Ingest
from postkeep.aws.dynamodb import DynamoPosts
from postkeep.aws.s3 import Bucket
from postkeep.aws.sqs import SqsQueue
from postkeep.errors import Superseded
from postkeep.observability import count, logger, metrics
from postkeep.post import is_post_key, post_id
from postkeep.settings import ParseSettings


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
    )


@cache
def bucket(name: str) -> Bucket:
    """The posts bucket, which each event names; the function cannot be told, since its bucket's events depend on it."""
    return Bucket(name)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@event_source(data_class=S3Event)
def handler(event: S3Event, context: LambdaContext) -> dict[str, Any]:
    """Record each object that the event names, then fail if any could not be recorded, so that Lambda retries."""
    del context
    errors: list[Exception] = []
    outcomes: list[str] = []
    for record in event.records:
        try:
            outcomes.append(_record(record))
        except Exception as error:  # noqa: BLE001 (the event's other records must not wait for this one's retry)
            logger.exception("record failed")
            errors.append(error)
    if errors:
        raise ExceptionGroup(f"{len(errors)} of {len(errors) + len(outcomes)} records failed", errors)
    return {"outcomes": outcomes}


def _record(record: S3EventRecord) -> str:
    entry = record.s3.get_object
    key = unquote_plus(entry.key)  # the data class decodes the first record's key only
    logger.append_keys(post_id=post_id(key), event_name=record.event_name)
    if not is_post_key(key):
        logger.warning("not a post's key")
        count("EventsIgnored")
        return "ignored"
    try:
        outcome = wiring()(key, entry.get("sequencer"), bucket(record.s3.bucket.name))
    except Superseded as superseded:
        logger.info("superseded", why=superseded.why)
        count("EventsSuperseded")
        return "superseded"
    logger.info("ingested", outcome=outcome)
    count(f"Posts{outcome.capitalize()}")
    return outcome
