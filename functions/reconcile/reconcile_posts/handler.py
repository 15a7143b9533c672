"""reconcile: once a day, everything is held against the posts bucket."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from postkeep import correlation
from postkeep.aws.dynamodb import DynamoListings
from postkeep.aws.functions import ParseFunction
from postkeep.aws.ledger import DynamoLedger
from postkeep.aws.s3 import Bucket
from postkeep.aws.sqs import SqsQueue
from postkeep.errors import ReconcileUnderway
from postkeep.observability import SUPERSEDED, Work, count, logger, metrics, working
from postkeep.post import post_id
from postkeep.settings import ReconcileSettings
from reconcile_posts.progress import Finding, Order, Report
from reconcile_posts.reconciling import Reconciling
from reconcile_posts.walks import RENDITIONS, Found


@cache
def wiring() -> Reconciling:
    """The use case with its adapters: made once in a function's life."""
    settings = ReconcileSettings.from_env()
    return Reconciling(
        objects=Bucket(settings.posts_bucket),
        archive=Bucket(settings.archive_bucket),
        records=DynamoListings(settings.table),
        parse=ParseFunction(settings.parse_function, settings.posts_bucket),
        renders=SqsQueue(settings.backlog_queue),
        now=lambda: datetime.now(UTC),
        mended=_mended,
    )


def _mended(found: Found) -> None:
    if found.finding is Finding.STRAY:
        owner = found.key.removeprefix(RENDITIONS).partition("/")[0]
        logger.info("swept", outcome="swept", reason=found.finding, post_id=owner, rendition=found.key)
    else:
        logger.info("asked for", outcome="asked-for", reason=found.finding, post_id=post_id(found.key), key=found.key)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Make a run, or go on with one; an event by hand may ask for ``check_only`` and ``everything``."""
    order = Order(check_only=event.get("check_only") is True, everything=event.get("everything") is True)
    with working("reconcile", correlation.born("reconcile", context.aws_request_id), failure="not reconciled") as work:
        return _reconcile(order, context, work)


def _reconcile(order: Order, context: LambdaContext, work: Work) -> dict[str, Any]:
    try:
        report = wiring()(order, time_left=lambda: context.get_remaining_time_in_millis() / 1000)
    except ReconcileUnderway as underway:
        work.ends("another run is at work", SUPERSEDED, "another run is at work", run=underway.run)
        count("ReconcileUnderway")
        return {"underway": underway.run}
    if report is None:
        work.ends("to be continued", "to-be-continued", "the time was over")
        count("ReconcileContinued")
        return {"unfinished": True}
    for finding in Finding:
        count(f"Reconcile{finding.capitalize()}", report.count(finding))
    count("ReconcileFindings", sum(report.count(finding) for finding in Finding if finding is not Finding.UNMATCHED))
    tally = report.tally
    work.ends("reconciled", "reconciled", run=report.run, objects=tally.objects, counts=tally.counts, repaired=tally.repaired)
    _tell_of_upgrades(report)
    return report.values()


def _tell_of_upgrades(report: Report) -> None:
    """Say in the log where the data of an archive that holds something is not known to be of this version."""
    if report.tally.records and (due := DynamoLedger(ReconcileSettings.from_env().table).read().due):
        logger.warning("an upgrade is due: run `postkeep upgrade`", migrations=due)
