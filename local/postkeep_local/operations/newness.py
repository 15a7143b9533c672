"""Writing down, before the first post is there, that an archive begins with this version."""

from contextlib import suppress
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from postkeep.aws.ledger import DynamoLedger
from postkeep_local.operations.archive import Archive
from postkeep_local.operations.upgrading import begin


def note_if_new(archive: Archive) -> None:
    """Write it down, where the table holds nothing at all; a read where it is written down already.

    Whoever may put posts need not be allowed to look at the table: then nothing is written, and ``postkeep upgrade`` will look
    through the archive once, and find nothing to do.
    """
    with suppress(BotoCoreError, ClientError):
        begin(DynamoLedger(archive.posts_table, archive.client("dynamodb")), datetime.now(UTC))
