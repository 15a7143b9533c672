"""Posts written out of an archive: `postkeep export`."""

# ruff: noqa: PLC0415  # boto3 is imported by those commands alone that call AWS

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from postkeep_local.commands.options import json_option, on_archive

if TYPE_CHECKING:
    from postkeep_local.operations.archive import Archive
    from postkeep_local.operations.export import Delivery, Exported, Told
    from postkeep_local.operations.exporting import Exporting, Selection

_FAILED_SHOWN = 20
_TOLD_EVERY = 1_000
"""Posts; off a terminal a line is written for so many."""

_DAY = click.DateTime(["%Y-%m-%d"])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """What is written."""

    form: str
    cleaned: bool
    title: str
    pictures: bool


@click.command()
@click.argument("destination", type=click.Path(path_type=Path), metavar="DESTINATION")
@click.option("--format", "form", type=click.Choice(["jsonl", "markdown", "epub"]), required=True, help="What is written.")
@click.option("--author", help="Posts of this author, by the whole name.")
@click.option("--tag", help="Posts with this tag.")
@click.option("--from", "since", type=_DAY, help="Posts published on this day (UTC) or later.", metavar="DATE")
@click.option("--to", "until", type=_DAY, help="Posts published on this day (UTC) or before.", metavar="DATE")
@click.option("--cleaned", is_flag=True, help="With markdown: the cleaned texts instead of the files in the posts bucket.")
@click.option("--title", help="With epub: the book's title. [default: the author, the tag, or Postkeep]")
@click.option("--pictures/--no-pictures", default=True, show_default=True, help="With epub: whether it has pictures.")
@click.option("--replace", is_flag=True, help="Write over a file that is there.")
@click.option("--to-bucket", is_flag=True, help="Put it into the archive bucket, and print a link to it.")
@click.option(
    "--link-hours", type=click.IntRange(1, 168), default=168, show_default=True, help="How long the link works.", metavar="N"
)
@json_option
@on_archive
def export(  # noqa: PLR0913 (click passes options by name)
    *,
    archive: "Archive",
    destination: Path,
    form: str,
    author: str | None,
    tag: str | None,
    since: datetime | None,
    until: datetime | None,
    cleaned: bool,
    title: str | None,
    pictures: bool,
    replace: bool,
    to_bucket: bool,
    link_hours: int,
    as_json: bool,
) -> None:
    """Write posts to DESTINATION: lines of JSON, Markdown files, or a book.

    All conditions hold together; without any of them, all posts are written. DESTINATION is there wholly or not at all. With
    --to-bucket it is the name of the result, under exports/ in the archive bucket. The exit status is 1 if a post could not be
    read or written.
    """
    from postkeep.characters import encodable
    from postkeep_local.folder import printable
    from postkeep_local.operations.exporting import Selection, exporting

    if cleaned and form != "markdown":
        raise click.UsageError("--cleaned belongs to --format markdown.")
    if title is not None and form != "epub":
        raise click.UsageError("--title belongs to --format epub.")
    if not pictures and form != "epub":
        raise click.UsageError("--no-pictures belongs to --format epub.")
    if replace and to_bucket:
        raise click.UsageError("--replace does not go with --to-bucket, where each export has a name of its own.")
    if since and until and since > until:
        raise click.UsageError("--from is later than --to.")
    selection = Selection(
        author=encodable(author) if author else author,
        tag=encodable(tag) if tag else tag,
        since=since.replace(tzinfo=UTC) if since else None,
        until=_end_of(until) if until else None,
    )
    chosen_title = title or ", ".join(filter(None, (author, tag))) or "Postkeep"
    shape = _Shape(form=form, cleaned=cleaned, title=chosen_title, pictures=pictures)
    reading = exporting(archive)
    delivery = None
    try:
        if to_bucket:
            done, delivery = _to_bucket(archive, reading, selection, shape, destination, link_hours)
        else:
            done = _to_path(reading, selection, shape, destination, replace=replace)
    except OSError as error:
        raise click.ClickException(f"{printable(str(destination))}: {error.strerror or error}") from error
    address = f"s3://{archive.archive_bucket}/{delivery.key}" if delivery else str(destination)
    if as_json:
        _tell_json(address, delivery, done)
    else:
        _tell(address, delivery, done)
    sys.exit(1 if done.failed else 0)


def _end_of(day: datetime) -> datetime:
    last = datetime.max.replace(tzinfo=UTC)
    return last if day.date() == last.date() else day.replace(tzinfo=UTC) + timedelta(days=1)


def _to_path(reading: "Exporting", selection: "Selection", shape: _Shape, target: Path, *, replace: bool) -> "Exported":
    from postkeep_local.operations.targets import written

    folder = shape.form == "markdown" and target.suffix.lower() != ".zip"
    with written(target, folder=folder, replace=replace) as path:
        return _write(reading, selection, shape, path, folder=folder)


def _to_bucket(
    archive: "Archive", reading: "Exporting", selection: "Selection", shape: _Shape, destination: Path, hours: int
) -> "tuple[Exported, Delivery]":
    from postkeep_local.folder import printable
    from postkeep_local.operations.export import deliver

    name = destination.name
    if str(destination) != name or name in {"", ".."}:
        raise click.UsageError("With --to-bucket, DESTINATION is a name, without a folder.")
    if shape.form == "markdown" and destination.suffix.lower() != ".zip":
        name += ".zip"
    with tempfile.TemporaryDirectory(prefix="postkeep-export-") as folder:
        path = Path(folder) / "result"
        done = _write(reading, selection, shape, path, folder=False)
        bucket, now = archive.archive_bucket, datetime.now(UTC)
        return done, deliver(archive.client("s3"), bucket, path, printable(name), hours=hours, now=now)


def _write(reading: "Exporting", selection: "Selection", shape: _Shape, path: Path, *, folder: bool) -> "Exported":
    from postkeep_local.operations.export import export_book, export_files, export_lines
    from postkeep_local.operations.targets import FolderFiles, ZipFiles

    with _progress() as told:
        if shape.form == "jsonl":
            return export_lines(path, reading.documents(selection), told)
        if shape.form == "epub":
            return export_book(path, shape.title, reading.documents(selection, pictures=shape.pictures), told)
        found = reading.documents(selection) if shape.cleaned else reading.files(selection)
        if folder:
            return export_files(FolderFiles(path), found, told)
        with ZipFiles(path) as files:
            return export_files(files, found, told)


@contextmanager
def _progress() -> Iterator["Told"]:
    """How many posts were looked at; how many there are is not known before the end."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _told_in_lines
        return
    columns = SpinnerColumn(), TextColumn("Exporting: {task.completed:,.0f} posts"), TimeElapsedColumn()
    with Progress(*columns, console=console) as shown:
        task = shown.add_task("", total=None)
        yield lambda done: shown.update(task, completed=done.looked)


def _told_in_lines(done: "Exported") -> None:
    if done.looked % _TOLD_EVERY == 0:
        click.echo(f"Exporting: {done.looked:,} posts", err=True)


def _tell(address: str, delivery: "Delivery | None", done: "Exported") -> None:
    from postkeep_local.folder import printable

    if delivery:
        click.echo(address)
        click.echo(delivery.link)
        click.echo(
            f"The link works until {delivery.until:%Y-%m-%d %H:%M} UTC, and no longer than the credentials that signed it, for "
            "whoever has it.",
            err=True,
        )
    for key, reason in done.failed[:_FAILED_SHOWN]:
        click.echo(f"failed {printable(key)}: {printable(reason)}", err=True)
    if len(done.failed) > _FAILED_SHOWN:
        click.echo(f"… and {len(done.failed) - _FAILED_SHOWN:,} more", err=True)
    said = f"{done.posts:,} post{'' if done.posts == 1 else 's'} exported"
    if done.without_text:
        said += f", {done.without_text:,} left out that have no text"
    if done.failed:
        said += f", {len(done.failed):,} failed"
    click.echo(said)


def _tell_json(address: str, delivery: "Delivery | None", done: "Exported") -> None:
    from postkeep.listing import instant

    value = {
        "destination": address,
        "link": delivery.link if delivery else None,
        "until": instant(delivery.until) if delivery else None,
        "posts": done.posts,
        "without_text": done.without_text,
        "failed": [{"key": key, "reason": reason} for key, reason in done.failed],
    }
    click.echo(json.dumps(value))
