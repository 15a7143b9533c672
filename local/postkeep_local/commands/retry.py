"""Pictures fetched again: `postkeep retry-pictures`."""

# ruff: noqa: PLC0415  # boto3 is imported by those commands alone that call AWS

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from postkeep_local.commands.options import json_option, on_archive, tell_cause

if TYPE_CHECKING:
    from rich.table import Table

    from postkeep_local.operations.archive import Archive
    from postkeep_local.operations.retry import Asked

_SHOWN = 30
"""Lines of the table; the rest is summed up in one."""

_TEXT = 60
"""Characters of a host's name that are shown."""


@click.command("retry-pictures")
@click.option(
    "--status",
    type=click.Choice(["failed", "waiting", "pending", "skipped"]),
    default="failed",
    show_default=True,
    help="What became of the pictures.",
)
@click.option("--reason", "reasons", multiple=True, help="Pictures with this reason, such as not-found; may be repeated.")
@click.option("--host", help="Pictures of this host.")
@click.option("--post", help="Pictures of this post, by its key or its id.", metavar="KEY-OR-ID")
@click.option("--limit", type=click.IntRange(min=1), help="So many pictures at most.", metavar="N")
@click.option("--dry-run", is_flag=True, help="Show which pictures these are, and do nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@on_archive
def retry_pictures(  # noqa: PLR0913 (click passes options by name)
    *,
    archive: "Archive",
    status: str,
    reasons: Sequence[str],
    host: str | None,
    post: str | None,
    limit: int | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Have pictures fetched again, as if they had not been tried yet.

    Shown is how many they are, by reason and host. A host is asked for one picture every five seconds; what takes longer than a
    quarter of an hour is left to the scheduled sweep. It may be interrupted and run again: it takes only what still is in that
    status.
    """
    from rich.console import Console

    from postkeep.post import PictureStatus, is_post_key, post_id
    from postkeep_local.commands.tables import show, show_json
    from postkeep_local.meter import meter
    from postkeep_local.operations.recovery import retrying
    from postkeep_local.operations.retry import Asked, Selection, groups

    case = retrying(archive)
    selection = Selection(
        status=PictureStatus(status),
        reasons=frozenset(reasons),
        host=host.lower() if host else None,
        post=None if post is None else post_id(post) if is_post_key(post) else post,
        limit=limit,
    )
    console = Console(stderr=True)
    with meter(console, "Looking at pictures") as shown:
        found = case.survey(selection, told=lambda looked, taken: shown.set(looked, f"{taken:,} taken"))
    counted = groups(found)
    if not as_json:
        show(_table(counted))
    asked = None
    if found and not dry_run:
        if not yes:
            click.confirm(f"Have {_pictures(len(found))} fetched again?", abort=True, err=as_json)
        asked = Asked()
        with meter(console, "Asking for pictures") as shown:
            shown.start(len(found))
            for some in case(found):
                asked.sent += some.sent
                asked.later += some.later
                asked.passed_over += some.passed_over
                shown.set(asked.sent + asked.later + asked.passed_over)
    if as_json:
        show_json(_values(len(found), counted, asked))
    else:
        click.echo(_said(len(found), asked))
    if asked and asked.sent:
        tell_cause()


def _table(counted: Sequence[tuple[str, str, int]]) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from postkeep_local.commands.tables import clipped

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("pictures", justify="right")
    table.add_column("reason", no_wrap=True)
    table.add_column("host", overflow="fold")
    for reason, host, count in counted[:_SHOWN]:
        table.add_row(f"{count:,}", Text(clipped(reason, _TEXT)), Text(clipped(host, _TEXT)))
    if rest := counted[_SHOWN:]:
        table.add_row(f"{sum(count for _, _, count in rest):,}", "", f"{len(rest):,} other reasons and hosts")
    return table


def _values(found: int, counted: Sequence[tuple[str, str, int]], asked: "Asked | None") -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "pictures": found,
        "groups": [{"reason": reason, "host": host, "pictures": count} for reason, host, count in counted],
        "asked": asdict(asked) if asked else None,
    }


def _said(found: int, asked: "Asked | None") -> str:
    if asked is None:
        return f"{_pictures(found)}; nothing was asked for"
    said = f"{_pictures(asked.sent)} asked for"
    if asked.later:
        said += f", {asked.later:,} left to the sweep, in the turn of their hosts"
    if asked.passed_over:
        said += f", {asked.passed_over:,} passed over: they changed meanwhile, or are in no text any more"
    return said


def _pictures(count: int) -> str:
    return f"{count:,} picture{'' if count == 1 else 's'}"
