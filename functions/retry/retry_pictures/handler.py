"""retry: run on a schedule, asks for the pictures whose next try is due."""

from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache

from aws_lambda_powertools.utilities.typing import LambdaContext

from postkeep import correlation
from postkeep.aws.due import DynamoDuePictures
from postkeep.aws.dynamodb import DynamoListings
from postkeep.aws.sqs import SqsQueue
from postkeep.observability import count, logger, metrics, working
from postkeep.ports import DuePicture
from postkeep.settings import RetrySettings
from retry_pictures.retrying import Retrying


@cache
def wiring() -> Retrying:
    """The use case with its adapters: made once in a function's life."""
    settings = RetrySettings.from_env()
    return Retrying(
        due=DynamoDuePictures(settings.table),
        posts=DynamoListings(settings.table),
        thumbnails=SqsQueue(settings.thumbnail_queue),
        fetch_pictures=settings.fetch_pictures,
        now=lambda: datetime.now(UTC),
        told=_told,
    )


def _told(due: DuePicture, outcome: str) -> None:
    picture = due.picture
    logger.info(
        "due",
        outcome=outcome.replace("_", "-"),
        reason=picture.reason or picture.status.value,
        post_id=due.post_id,
        picture_id=picture.id,
        tries=picture.attempts,
    )


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, object], context: LambdaContext) -> dict[str, int]:
    """Ask for what is due; what is left is the next run's."""
    del event
    with working("retry", correlation.born("retry", context.aws_request_id), failure="not swept") as work:
        swept = wiring()()
        work.ends("swept", "swept", **asdict(swept))
    count("PicturesSentAgain", swept.sent)
    count("PicturesUnheard", swept.silent)
    count("PicturesGivenUp", swept.given_up)
    count("PicturesWaiting", swept.waiting)
    return asdict(swept)
