"""Everything held against the posts bucket: `postkeep reconcile`."""

# ruff: noqa: PLC0415  # boto3 is imported by those commands alone that call AWS

import json
import sys
from typing import TYPE_CHECKING

import click

from postkeep_local.commands.options import json_option, on_archive, tell_cause

if TYPE_CHECKING:
    from postkeep_local.operations.archive import Archive
    from reconcile_posts.progress import Report

_KEYS_SHOWN = 5

_MEANINGS = {
    "missing": "post objects without a record",
    "stale": "records of another state of their object",
    "unfinished": "posts whose text or clearing has been due for over an hour",
    "orphaned": "records of posts whose object is gone",
    "textless": "posts whose text is gone from the archive",
    "stray": "texts that no record points to",
}


@click.command()
@click.option("--check-only", is_flag=True, help="Tell what does not agree, and repair nothing.")
@click.option("--everything", is_flag=True, help="Have every post read anew, after the reading of front matter changed.")
@json_option
@on_archive
def reconcile(*, archive: "Archive", check_only: bool, everything: bool, as_json: bool) -> None:
    """Hold records and texts against the posts bucket, and have what does not agree mended.

    It does what the reconcile function does once a day. The exit status is 1 if with --check-only something does not agree.
    """
    from rich.console import Console

    from postkeep_local.meter import meter
    from postkeep_local.operations.recovery import reconciling
    from reconcile_posts.progress import Order, Progress

    with meter(Console(stderr=True), "Comparing") as shown:

        def told(progress: Progress) -> None:
            tally = progress.tally
            shown.set(tally.objects + tally.records + tally.renditions, progress.phase)

        report = reconciling(archive)(Order(check_only, everything), told=told)
    if report is None:  # pragma: no cover (only a function runs out of time)
        raise AssertionError
    if as_json:
        click.echo(json.dumps(report.values(), indent=1))
    else:
        _tell(report)
    if report.tally.repaired:
        tell_cause()
    sys.exit(1 if check_only and any(report.tally.counts.get(name) for name in _MEANINGS) else 0)


def _tell(report: "Report") -> None:
    from postkeep_local.folder import printable

    tally = report.tally
    seconds = (report.finished - report.started).total_seconds()
    click.echo(f"{tally.objects:,} posts, {tally.records:,} records and {tally.renditions:,} texts in {seconds:,.1f} s")
    found = [name for name in _MEANINGS if tally.counts.get(name)]
    for name in found:
        click.echo(f"{name:<11} {tally.counts[name]:,} {_MEANINGS[name]}")
        for key in tally.examples[name][:_KEYS_SHOWN]:
            click.echo(f"  {printable(key)}")
    if not found:
        click.echo("Everything agrees with the posts bucket.")
    elif report.order.check_only:
        click.echo("Nothing was repaired.")
    else:
        click.echo(f"{tally.repaired:,} repairs are made or under way.")
    if unmatched := tally.counts.get("unmatched"):
        endings = ", ".join(
            f"{printable(e) or 'no ending'} ({n:,})" for e, n in sorted(tally.endings.items(), key=lambda e: -e[1])
        )
        click.echo(f"{unmatched:,} {'object is' if unmatched == 1 else 'objects are'} no post by its key: {endings}")
