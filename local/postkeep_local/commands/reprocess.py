"""Texts made anew: `postkeep reprocess`."""

# ruff: noqa: PLC0415  # boto3 is imported by those commands alone that call AWS

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from postkeep_local.commands.options import on_archive, tell_cause

if TYPE_CHECKING:
    from postkeep_local.operations.archive import Archive


@click.command()
@click.option("--prefix", default="", help="Posts whose keys begin with this.")
@click.option("--tag", help="Posts with this tag.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Posts published on this day (UTC) or later.", metavar="DATE")
@click.option(
    "--rendered-before",
    type=click.IntRange(min=1),
    help="Posts whose text was made by earlier rules than these. [default, without any condition: those in force]",
    metavar="N",
)
@click.option("--all", "everything", is_flag=True, help="All posts.")
@click.option("--force", is_flag=True, help="Make texts again that the present rules made already.")
@click.option("--dry-run", is_flag=True, help="Print the keys, and ask for nothing.")
@on_archive
def reprocess(  # noqa: PLR0913 (click passes options by name)
    *,
    archive: "Archive",
    prefix: str,
    tag: str | None,
    since: datetime | None,
    rendered_before: int | None,
    everything: bool,
    force: bool,
    dry_run: bool,
) -> None:
    """Have the texts of posts made anew, after the rules of the cleaning changed.

    All conditions hold together; without any of them, posts are taken whose text was made by earlier rules than those in force.
    Without --force, render passes over texts that its present rules made. The requests go to a queue of their own, so that new
    posts do not wait behind them.
    """
    from rich.console import Console

    from postkeep_local.folder import printable
    from postkeep_local.meter import meter
    from postkeep_local.operations.recovery import publishing, reprocessing
    from postkeep_local.operations.reprocess import Selection
    from render_post.rendition import RULES, VERSIONS

    chosen = bool(prefix or tag is not None or since or rendered_before)
    if everything and chosen:
        raise click.UsageError("--all takes no other condition.")
    if force and not everything and not chosen:
        raise click.UsageError("Say which texts to force: by --prefix, --tag, --since or --rendered-before, or --all of them.")
    version = publishing(archive).standing().sound.version
    if not everything and not chosen:
        rendered_before = RULES * VERSIONS + version
    selection = Selection(
        prefix=prefix, tag=tag, since=since.replace(tzinfo=UTC) if since else None, rendered_before=rendered_before
    )
    looked = asked = 0
    with meter(Console(stderr=True), "Looking at posts") as shown:
        for some in reprocessing(archive, force=force, dry_run=dry_run, rules=version)(selection):
            looked += some.looked
            asked += len(some.keys)
            shown.set(looked, f"{asked:,} taken")
            if dry_run:
                for key in some.keys:
                    click.echo(printable(key))
    click.echo(f"{asked:,} of {looked:,} posts {'would be asked for' if dry_run else 'are asked for'}")
    if asked and not dry_run:
        tell_cause()
