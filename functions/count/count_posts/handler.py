"""count: run on a schedule, follows the change feed until it has caught up."""

from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import uuid4

from aws_lambda_powertools.utilities.typing import LambdaContext

from count_posts.counting import Counting
from postkeep import correlation
from postkeep.aws.dynamodb import DynamoListings
from postkeep.aws.s3 import Bucket
from postkeep.errors import ObjectChanged
from postkeep.observability import SUPERSEDED, Work, count, logger, metrics, working
from postkeep.settings import CountSettings

_MARGIN = 60_000
"""Milliseconds of the function's time that are left when no further step is begun: the longest step takes 20 s."""


@cache
def wiring() -> Counting:
    """The use case with its adapters: made once in a function's life."""
    settings = CountSettings.from_env()
    return Counting(
        listings=DynamoListings(settings.table),
        archive=Bucket(settings.archive_bucket),
        lag=settings.changes_lag,
        now=lambda: datetime.now(UTC),
        token=lambda: uuid4().hex,
    )


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Take steps until everything is counted, or the time is nearly over: the next run goes on."""
    del event
    with working("count", correlation.born("count", context.aws_request_id), failure="not counted") as work:
        counted = _count(context, work)
    count("ChangesCounted", counted)
    return {"counted": counted}


def _count(context: LambdaContext, work: Work) -> int:
    counted = 0
    try:
        while True:
            step = wiring()()
            counted += step.counted
            for post_id in step.posts:
                logger.info("counted", post_id=post_id, outcome="counted")
            if step.caught_up or context.get_remaining_time_in_millis() < _MARGIN:
                break
    except ObjectChanged:
        work.ends("another run is counting", SUPERSEDED, "another run took the step", changes=counted)
        return counted
    work.ends("done", "caught-up" if step.caught_up else "to-be-continued", changes=counted)
    return counted
