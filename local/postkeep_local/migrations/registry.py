"""All migrations in their order, wired to an archive.

A new one is added at the end, with the next number, and ``postkeep.upgrades.LATEST`` is raised: docs/upgrading.md says how.
"""

import time
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from uuid import uuid4

from postkeep.aws.dynamodb import DynamoListings
from postkeep.aws.ledger import DynamoLedger
from postkeep_local.migrations.editions import Editions
from postkeep_local.migrations.index import SearchIndex
from postkeep_local.migrations.migration import Migration
from postkeep_local.migrations.texts import Texts
from postkeep_local.operations.archive import Archive, ArchiveUnknown
from postkeep_local.operations.queues import depth
from postkeep_local.operations.recovery import publishing, reprocessing
from postkeep_local.operations.searching import rebuilding, store_of
from postkeep_local.operations.upgrading import Upgrading

_PAUSE = 10.0
"""Seconds between two looks at a queue."""

_BACKLOG = "RenderBacklogQueue"


def ledger_of(archive: Archive) -> DynamoLedger:
    """Where it is written down what an archive has had."""
    return DynamoLedger(archive.posts_table, archive.client("dynamodb"))


def migrations(archive: Archive) -> list[Migration]:
    """All of them, in their order.

    Raises:
        ArchiveUnknown: if the stack is of a version of Postkeep that cannot do one of them.
    """
    dynamodb = archive.client("dynamodb")
    rules = publishing(archive).standing().sound.version
    return [
        Editions(dynamodb, archive.posts_table),
        SearchIndex(DynamoListings(archive.posts_table, dynamodb), store_of(archive), partial(rebuilding, archive)),
        Texts(
            reprocessing(archive, force=False, dry_run=False, rules=rules),
            lambda: depth(archive, _BACKLOG) == 0,
            lambda: time.sleep(_PAUSE),
        ),
    ]


def upgrading(archive: Archive) -> Upgrading:
    """Bringing an archive's data up to this version.

    Raises:
        ArchiveUnknown: if the stack runs another version of Postkeep than this one.
    """
    mine = version("postkeep")
    if not archive.local and archive.version != mine:
        runs = f"version {archive.version}" if archive.version else "an earlier version"
        raise ArchiveUnknown(f"{archive.name} runs {runs} of Postkeep, and this is {mine}: deploy that first, then upgrade.")
    return Upgrading(ledger_of(archive), migrations(archive), lambda: datetime.now(UTC), lambda: uuid4().hex)
