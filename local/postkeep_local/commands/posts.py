"""Posts as files: `postkeep preview` and `postkeep put`."""

# ruff: noqa: PLC0415  # each command imports what it alone needs: `postkeep preview` waits for neither boto3 nor httpx

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from postkeep_local.commands.options import FOLDER, archive_options, explained, open_archive

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from postkeep_local.upload import Summary
    from render_post.rulebook import RuleBook

_FILE_NAMES_SHOWN = 20


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--root",
    type=FOLDER,
    help="Keys are the paths relative to this folder, as `postkeep put` makes them. [default: paths as given]",
)
@click.option("--prefix", default="", help="Put before every key, as `postkeep put --prefix` does.")
@click.option(
    "--max-bytes", type=click.IntRange(min=1), default=5 * 1024 * 1024, show_default=True, help="A larger file is rejected."
)
@click.option(
    "--rules",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A file of rules, or of what was learnt, to try beside those that ship; may be repeated.",
)
def preview(paths: Sequence[str], root: Path | None, prefix: str, max_bytes: int, rules: Sequence[Path]) -> None:
    """Print what each FILE would become, one JSON object a line, without any stack.

    Folders are walked for .md, .markdown, .html and .txt. A file that cannot be read is reported on standard error, and the
    exit status is then 1; a file that Postkeep would reject is no error, and has its reason under "rejected".
    """
    from postkeep_local.preview import Failure, Previewer, encode

    previewer = Previewer(root, prefix, max_bytes, _book(rules))
    failures = 0
    out = sys.stdout.buffer
    for found in previewer(paths):
        if isinstance(found, Failure):
            failures += 1
            click.echo(f"postkeep: {found.name}: {found.reason}", err=True)
        else:
            out.write(encode(found))
            out.flush()
    sys.exit(1 if failures else 0)


def _book(paths: Sequence[Path]) -> "RuleBook | None":
    """The rules that ship and those of files; None where no files are given."""
    if not paths:
        return None
    from postkeep.errors import RulesInvalid
    from postkeep_local.operations.publishing import book_of, read_files

    try:
        return book_of(read_files(paths))
    except RulesInvalid as invalid:
        raise click.ClickException(str(invalid)) from invalid


@click.command()
@click.argument("folder", type=FOLDER, metavar="DIR")
@click.option("--bucket", help="A posts bucket by its own name, instead of a stack's.")
@click.option("--prefix", default="", help="Put before every key, such as `archive/`.")
@click.option("--dry-run", is_flag=True, help="Compare and tell, and upload nothing.")
@click.option("--pictures", is_flag=True, help="Upload the pictures in DIR as well, to which its posts refer by their place.")
@archive_options
def put(  # noqa: PLR0913 (click passes options by name)
    *,
    folder: Path,
    bucket: str | None,
    prefix: str,
    dry_run: bool,
    pictures: bool,
    state: Path,
    stack: str | None,
    region: str | None,
    profile: str | None,
    endpoint_url: str | None,
) -> None:
    """Upload the posts of DIR to the running local stack, to a deployed one, or to a bucket.

    A post's key is its path below DIR. Posts that are there already with the same content are skipped, so that an upload that
    was interrupted may simply be run again. Nothing is ever deleted. The exit status is 1 if a file could not be uploaded.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from rich.console import Console

    from postkeep_local.meter import meter
    from postkeep_local.operations.archive import explain
    from postkeep_local.operations.newness import note_if_new
    from postkeep_local.upload import WORKERS, Upload, s3_client

    if bucket is not None and stack is not None:
        raise click.UsageError("--bucket and --stack exclude each other.")
    with explained():
        client: S3Client
        if bucket is not None:
            client = s3_client(endpoint_url, region, profile=profile)
        else:
            archive = open_archive(state, stack, region, profile, endpoint_url, needs="--bucket or --stack")
            bucket, client = archive.posts_bucket, archive.client("s3", connections=WORKERS)
            if not dry_run:
                note_if_new(archive)
    try:
        with meter(Console(stderr=True), "Comparing" if dry_run else "Uploading") as shown:
            summary = Upload(client, bucket, prefix, dry_run, pictures)(
                folder, started=shown.start, done=lambda _key, _outcome: shown.advance()
            )
    except (BotoCoreError, ClientError) as error:
        raise click.ClickException(f"{bucket}: {explain(error)}") from error
    _tell(summary, dry_run=dry_run)
    if summary.pictures and not pictures:
        click.echo(f"{summary.pictures:,} pictures were left where they are; --pictures uploads them too.", err=True)
    sys.exit(1 if summary.failed else 0)


def _tell(summary: "Summary", *, dry_run: bool) -> None:
    from postkeep_local.folder import printable

    if dry_run:
        for key in summary.uploaded:
            click.echo(f"would upload {printable(key)}")
    for ignored in summary.ignored[:_FILE_NAMES_SHOWN]:
        click.echo(f"ignored {ignored.name}: {ignored.reason}", err=True)
    if len(summary.ignored) > _FILE_NAMES_SHOWN:
        click.echo(f"… and {len(summary.ignored) - _FILE_NAMES_SHOWN:,} more that are no posts", err=True)
    for name, reason in summary.failed:
        click.echo(f"failed {name}: {reason}", err=True)
    click.echo(
        f"{len(summary.uploaded):,} {'to upload' if dry_run else 'uploaded'}, {len(summary.skipped):,} skipped (there already), "
        f"{len(summary.failed):,} failed, {len(summary.ignored):,} ignored"
    )
