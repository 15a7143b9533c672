"""Posts taken down wholly: `postkeep purge`."""

# ruff: noqa: PLC0415  # boto3 is imported by those commands alone that call AWS

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from postkeep_local.commands.options import on_archive

if TYPE_CHECKING:
    from postkeep_local.operations.archive import Archive
    from postkeep_local.operations.purge import Remains


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="KEY-OR-ID...")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Show what would go, and do nothing.")
@on_archive
def purge(*, archive: "Archive", names: Sequence[str], yes: bool, dry_run: bool) -> None:
    """Take posts down: all versions of their objects, their texts, pictures and entries of the index. There is no way back.

    Posts are named by their keys or their ids. Thumbnails that other posts' pictures use stay. A tombstone that holds the key
    stays as well, until the stack's TombstoneDays are over.
    """
    from postkeep_local.folder import printable
    from postkeep_local.operations.recovery import purging

    case = purging(archive)
    found = list({remains.key: remains for remains in map(case.survey, names)}.values())
    for remains in found:
        _show(remains)
    if dry_run:
        return
    if not yes:
        click.confirm(f"Take down {_number(len(found), 'post')} for good?", abort=True)
    for remains in found:
        purged = case(remains)
        click.echo(
            f"{printable(remains.key)} is gone: {_number(purged.versions, 'version')}, "
            f"{purged.thumbnails:,} of {_number(len(remains.thumbnails), 'thumbnail')}, "
            f"in {_number(purged.segments, 'segment')} of the search index; its tombstone stays"
        )


def _show(remains: "Remains") -> None:
    from postkeep_local.folder import printable

    click.echo(printable(remains.key))
    click.echo(f"  {printable(remains.title) or 'without a title'} ({remains.status or 'without a record'})")
    click.echo(
        f"  {_number(len(remains.versions), 'version')}, {remains.bytes:,} bytes; {_number(len(remains.pictures), 'picture')} "
        f"with {_number(len(remains.thumbnails), 'thumbnail')}"
    )


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
