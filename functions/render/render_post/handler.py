"""render: RenderRequests from the render queue become renditions."""

from datetime import UTC, datetime
from functools import cache

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from postkeep.aws.dynamodb import DynamoPictures, DynamoPosts
from postkeep.aws.s3 import Bucket
from postkeep.aws.sqs import SqsQueue
from postkeep.errors import Superseded
from postkeep.messages import RenderRequest
from postkeep.observability import SUPERSEDED, count, knows, logger, metrics, received
from postkeep.post import Post
from postkeep.settings import RenderSettings
from render_post.published import PublishedRules
from render_post.rendering import Outcome, Rendering

_processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

_WHY = {
    Outcome.RESUMED: "its text was there",
    Outcome.CLEARED: "deleted or rejected",
}
"""Why no text was made."""


@cache
def wiring() -> Rendering:
    """The use case with its adapters: made once in a function's life."""
    settings = RenderSettings.from_env()
    archive = Bucket(settings.archive_bucket)
    return Rendering(
        posts=DynamoPosts(settings.table),
        pictures=DynamoPictures(settings.table),
        objects=Bucket(settings.posts_bucket),
        archive=archive,
        thumbnails=SqsQueue(settings.thumbnail_queue),
        max_bytes=settings.max_post_bytes,
        fetch_pictures=settings.fetch_pictures,
        now=_now,
        index=SqsQueue(settings.index_queue),
        rules=PublishedRules(archive, _now, _rules_not_read),
        told=_told,
    )


def _told(post: Post) -> None:
    knows(key=post.key, version=post.revision.version_id)


def _now() -> datetime:
    return datetime.now(UTC)


def _rules_not_read(error: Exception) -> None:
    logger.error("the published rules cannot be read", exc_info=error)
    count("RulesNotRead")


def _render(record: SQSRecord) -> None:
    with received("render", record, failure="not rendered") as work:
        request = RenderRequest.decode(record.body)
        knows(post_id=request.post_id, generation=request.generation)
        try:
            outcome = wiring()(request)
        except Superseded as superseded:
            work.ends("superseded", SUPERSEDED, superseded.why)
            count("RendersSuperseded")
            return
        work.ends("done", outcome, _WHY.get(outcome, ""))
        count(f"Posts{outcome.capitalize()}")


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, object], context: LambdaContext) -> PartialItemFailureResponse:
    """Render each request of the batch; those that fail are received again."""
    return process_partial_response(event=event, record_handler=_render, processor=_processor, context=context)
