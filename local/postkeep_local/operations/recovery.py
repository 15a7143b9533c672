"""The use cases of recovery, wired to an archive: one that runs here, or one that is deployed."""

from collections.abc import Mapping
from datetime import UTC, datetime

from postkeep.aws.dynamodb import DynamoListings
from postkeep.aws.functions import ParseFunction
from postkeep.aws.s3 import Bucket
from postkeep.aws.sqs import SqsQueue
from postkeep_local.operations.archive import Archive, ArchiveUnknown
from postkeep_local.operations.publishing import Publishing
from postkeep_local.operations.purge import Purge
from postkeep_local.operations.reprocess import Reprocessing
from postkeep_local.operations.retry import PictureRetry
from postkeep_local.operations.searching import merging
from reconcile_posts.reconciling import Reconciling


def reconciling(archive: Archive) -> Reconciling:
    """Reconcile, as the function of that name does it.

    Raises:
        ArchiveUnknown: if the stack is of a version of Postkeep that cannot do it.
    """
    s3 = archive.client("s3")
    return Reconciling(
        objects=Bucket(archive.posts_bucket, s3),
        archive=Bucket(archive.archive_bucket, s3),
        records=DynamoListings(archive.posts_table, archive.client("dynamodb")),
        parse=_parse(archive),
        renders=_backlog(archive),
        now=lambda: datetime.now(UTC),
    )


def publishing(archive: Archive) -> Publishing:
    """Publishing rules of the archive's own."""
    return Publishing(Bucket(archive.archive_bucket, archive.client("s3")))


def reprocessing(archive: Archive, *, force: bool, dry_run: bool, rules: int = 0) -> Reprocessing:
    """Asking for texts anew, by rules of this published version or a later one.

    Raises:
        ArchiveUnknown: if the stack is of a version of Postkeep that cannot do it.
    """
    return Reprocessing(
        objects=Bucket(archive.posts_bucket, archive.client("s3")),
        records=DynamoListings(archive.posts_table, archive.client("dynamodb")),
        renders=_backlog(archive),
        force=force,
        rules=rules,
        dry_run=dry_run,
    )


def retrying(archive: Archive) -> PictureRetry:
    """Having pictures fetched again.

    Raises:
        ArchiveUnknown: if the stack is of a version of Postkeep that cannot do it.
    """
    _part(archive, archive.functions, "RetryFunction")  # asks for those whose turn comes later
    return PictureRetry(archive.client("dynamodb"), archive.posts_table, _thumbnails(archive))


def purging(archive: Archive) -> Purge:
    """Taking posts down.

    Raises:
        ArchiveUnknown: if the stack is of a version of Postkeep that cannot do it.
    """
    return Purge(
        s3=archive.client("s3"),
        dynamodb=archive.client("dynamodb"),
        posts=archive.posts_bucket,
        archive=archive.archive_bucket,
        table=archive.posts_table,
        parse=_parse(archive),
        thumbnails=_thumbnails(archive),
        forget=merging(archive).forget,
    )


def _parse(archive: Archive) -> ParseFunction:
    return ParseFunction(_part(archive, archive.functions, "ParseFunction"), archive.posts_bucket, archive.client("lambda"))


def _backlog(archive: Archive) -> SqsQueue:
    return SqsQueue(_part(archive, archive.queues, "RenderBacklogQueue"), archive.client("sqs"))


def _thumbnails(archive: Archive) -> SqsQueue:
    return SqsQueue(_part(archive, archive.queues, "ThumbnailQueue"), archive.client("sqs"))


def _part(archive: Archive, parts: Mapping[str, str], name: str) -> str:
    if name not in parts:
        raise ArchiveUnknown(f"{archive.name} has no {name}: bring it up to date with this version of Postkeep first.")
    return parts[name]
