"""The search index looked after: `postkeep search rebuild`, `status` and `collect`."""

# ruff: noqa: PLC0415  # each command imports what it alone needs

import sys
from typing import TYPE_CHECKING

import click

from postkeep_local.commands.options import json_option, on_archive

if TYPE_CHECKING:
    from postkeep_local.operations.archive import Archive
    from postkeep_local.operations.searching import IndexState
    from search_posts.rebuilding import Rebuilt

_SHOWN = 5


@click.group()
def search() -> None:
    """Look after the search index."""


@search.command()
@json_option
@on_archive
def rebuild(*, archive: "Archive", as_json: bool) -> None:
    """Make the index again from the records and texts, and put it in the place of the one that is there.

    Searches go on with the old index until the new one is there, and posts may come meanwhile. The exit status is 1 if there are
    posts whose entry could not be made.
    """
    from rich.console import Console

    from postkeep_local.commands.tables import show_json
    from postkeep_local.meter import meter
    from postkeep_local.operations.searching import rebuilding

    with meter(Console(stderr=True), "Indexing") as shown:
        rebuilt = rebuilding(archive)(lambda so_far: shown.set(so_far.looked, f"{so_far.size:,} bytes"))
    if as_json:
        show_json(_values(rebuilt))
    else:
        _tell(rebuilt)
    sys.exit(1 if rebuilt.failed else 0)


@search.command()
@json_option
@on_archive
def status(*, archive: "Archive", as_json: bool) -> None:
    """Say what the index holds, and whether something is wrong with it.

    The exit status is 1 if something is.
    """
    from postkeep_local.commands.tables import show_json
    from postkeep_local.operations.searching import state_of, store_of

    found = state_of(store_of(archive))
    if as_json:
        show_json(_state_values(found))
    else:
        _tell_state(found)
    sys.exit(1 if found.problem else 0)


@search.command()
@json_option
@on_archive
def collect(*, archive: "Archive", as_json: bool) -> None:
    """Delete segments that the index has not named for six hours, and indexes of earlier versions.

    The index function does the former once a day, while posts come.
    """
    from postkeep_local.commands.tables import show_json
    from postkeep_local.operations.searching import collect as collecting
    from postkeep_local.operations.searching import store_of

    segments, objects = collecting(store_of(archive))
    if as_json:
        show_json({"segments": segments, "earlier_objects": objects})
    else:
        click.echo(f"{segments:,} segments and {objects:,} objects of earlier versions were deleted.")


def _values(rebuilt: "Rebuilt") -> dict[str, object]:
    return {
        "looked": rebuilt.looked,
        "posts": rebuilt.posts,
        "segments": rebuilt.segments,
        "bytes": rebuilt.size,
        "reread": rebuilt.reread,
        "failed": rebuilt.failed,
    }


def _tell(rebuilt: "Rebuilt") -> None:
    from postkeep_local.folder import printable

    click.echo(
        f"{rebuilt.posts:,} posts of {rebuilt.looked:,} are indexed, in {rebuilt.segments:,} segments of {rebuilt.size:,} bytes."
    )
    for post_id, why in list(rebuilt.failed.items())[:_SHOWN]:
        click.echo(f"  {post_id}: {printable(why)}")
    if rebuilt.failed:
        click.echo(f"{len(rebuilt.failed):,} could not be indexed.")


def _state_values(found: "IndexState") -> dict[str, object]:
    from postkeep.listing import instant
    from postkeep.post import Status

    manifest = found.manifest
    return {
        "schema": found.schema,
        "version": manifest.version,
        "posts": manifest.posts,
        "dead": found.dead,
        "bytes": manifest.size,
        "rebuilt": instant(manifest.rebuilt) if manifest.rebuilt else None,
        "rebuilding_since": instant(manifest.rebuild.begun) if manifest.rebuild else None,
        "swept": instant(manifest.swept) if manifest.swept else None,
        "problem": found.problem or None,
        "counted": found.counted.counts["statuses"][Status.READY] if found.counted else None,
        "counted_as_of": found.counted.as_of if found.counted else None,
        "segments": [
            {
                "id": one.id,
                "posts": one.posts,
                "dead": len(one.dead),
                "bytes": one.bytes,
                "first": one.first or None,
                "last": one.last or None,
                "closed": one.closed,
            }
            for one in manifest.segments
        ],
    }


def _tell_state(found: "IndexState") -> None:
    from postkeep.post import Status
    from postkeep_local.folder import printable

    manifest = found.manifest
    click.echo(
        f"{manifest.posts:,} posts in {len(manifest.segments):,} segments of {manifest.size:,} bytes, {found.dead:,} dead entries"
    )
    said = f"made from nothing {manifest.rebuilt:%Y-%m-%d %H:%M} (UTC)" if manifest.rebuilt else "never made from nothing"
    click.echo(f"commit {manifest.version:,} of schema {found.schema}, {said}")
    if manifest.rebuild:
        click.echo(f"being made again since {manifest.rebuild.begun:%Y-%m-%d %H:%M} (UTC)")
    if found.counted:
        ready = found.counted.counts["statuses"][Status.READY]
        click.echo(f"the archive counted {ready:,} posts that have a text, as of {printable(found.counted.as_of)[:40]}")
    if found.problem:
        click.echo(f"{printable(found.problem)}: `postkeep search rebuild` makes the index again.")
