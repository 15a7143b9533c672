"""thumbnail: ThumbnailRequests from the thumbnail queue become thumbnails in the archive."""

from datetime import UTC, datetime
from functools import cache

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from make_thumbnail.fetch import Fetcher
from make_thumbnail.isolation import workshop
from make_thumbnail.making import Making
from make_thumbnail.thumbnailing import Thumbnailing
from postkeep.aws.dynamodb import DynamoPictures
from postkeep.aws.s3 import Bucket
from postkeep.errors import Superseded
from postkeep.messages import ThumbnailRequest
from postkeep.observability import SUPERSEDED, count, knows, logger, metrics, received
from postkeep.settings import ThumbnailSettings

_processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@cache
def wiring() -> Thumbnailing:
    """The use case with its adapters: made once in a function's life."""
    settings = ThumbnailSettings.from_env()
    workshop().start()  # so that it loads while the first picture is fetched
    making = Making(
        archive=Bucket(settings.archive_bucket),
        fetch=Fetcher(settings.picture_hosts).fetch,
        now=_now,
        avif=settings.avif,
        keep_originals=settings.keep_originals,
    )
    return Thumbnailing(pictures=DynamoPictures(settings.table), make=making, now=_now)


def _now() -> datetime:
    return datetime.now(UTC)


def _make(record: SQSRecord) -> None:
    with received("thumbnail", record, failure="no outcome") as work:
        request = ThumbnailRequest.decode(record.body)
        knows(post_id=request.post_id, picture_id=request.picture_id)
        try:
            picture = wiring()(request)
        except Superseded as superseded:
            work.ends("superseded", SUPERSEDED, superseded.why)
            count("PicturesSuperseded")
            return
        tried = {"tries": picture.attempts, "next_try": picture.next_try.isoformat() if picture.next_try else ""}
        work.ends("recorded", outcome=picture.status.value, reason=picture.reason, **tried)
        count(f"Pictures{picture.status.capitalize()}")


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, object], context: LambdaContext) -> PartialItemFailureResponse:
    """Make the thumbnails that each request of the batch asks for; those without an outcome are received again."""
    return process_partial_response(event=event, record_handler=_make, processor=_processor, context=context)
