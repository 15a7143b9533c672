"""What there is and what is still to be done: `postkeep status`."""

# ruff: noqa: PLC0415  # each command imports what it alone needs

from typing import TYPE_CHECKING

import click

from postkeep_local.commands.options import json_option, on_archive
from postkeep_local.commands.stack import addresses

if TYPE_CHECKING:
    from postkeep.upgrades import Ledger
    from postkeep_local.operations.archive import Archive
    from postkeep_local.operations.overview import PostCounts


@click.command()
@json_option
@on_archive
def status(*, archive: "Archive", as_json: bool) -> None:
    """Say where the archive is, what it holds, what it still has to do, and what was given up.

    The archive is that of the local stack, or of a deployed one. The exit status is 1 if it is not there.
    """
    from postkeep_local.commands.tables import dead_letters_table, dead_letters_values, show, show_json, work_table, work_values
    from postkeep_local.operations.overview import overview

    found = overview(archive)
    if as_json:
        show_json(
            {
                "stack": archive.name,
                "region": archive.region,
                "api_url": archive.api_url or None,
                "posts_bucket": archive.posts_bucket,
                "endpoint_url": archive.endpoint_url,
                "posts": None if found.posts is None else {"as_of": found.posts.as_of, "statuses": dict(found.posts.statuses)},
                "pictures": {"waiting": found.pictures.waiting, "due": found.pictures.due},
                "upgrade": {"recorded": found.upgrade.recorded, "due": list(found.upgrade.due)},
                **work_values(found.events, found.queues, found.oldest),
                "dead_letters": dead_letters_values(found.dead_letters),
            }
        )
        return
    click.echo(addresses(archive) if archive.local else f"API     {archive.api_url or 'none'}\nBucket  {archive.posts_bucket}")
    click.echo(f"\nPosts   {_posts(found.posts)}")
    if found.pictures.waiting:
        click.echo(f"Pictures to be asked for again: {found.pictures.waiting:,}, of which {found.pictures.due:,} are due")
    click.echo()
    if found.upgrade.due:
        click.echo(f"Upgrade {_upgrade(found.upgrade)}\n")
    show(work_table(found.events, found.queues, found.oldest), dead_letters_table(found.dead_letters))


def _upgrade(ledger: "Ledger") -> str:
    if not ledger.recorded:
        return "nothing is recorded: `postkeep upgrade` looks for what older versions left"
    many = len(ledger.due)
    return f"{many:,} {'migration is' if many == 1 else 'migrations are'} due: `postkeep upgrade`"


def _posts(counts: "PostCounts | None") -> str:
    from postkeep_local.folder import printable

    if counts is None:
        return "not counted yet"
    states = ", ".join(f"{count:,} {printable(status)}" for status, count in counts.statuses.items())
    return f"{states} (as of {printable(counts.as_of)})"
