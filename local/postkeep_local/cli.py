"""The console command ``postkeep``. ``docs/cli.md`` documents it, and a test holds the two together."""

# ruff: noqa: PLC0415  # each command imports what it alone needs: `postkeep preview` waits for neither boto3 nor httpx

import shlex
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from postkeep_local.stack.control import Outputs
    from postkeep_local.upload import Summary

ROOT = Path(__file__).resolve().parents[2]
"""The repository."""

EXAMPLE = "tea/_posts/2022-08-09-How a Teapot Pours.md"
"""The example post in the line that `up` prints: its name is safe in any terminal."""

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_FILE_NAMES_SHOWN = 20


def _state(function: Any) -> Any:
    return click.option(
        "--state",
        type=click.Path(file_okay=False, path_type=Path),
        default=ROOT / ".postkeep" / "stack",
        show_default=".postkeep/stack",
        help="The folder of the local stack: its posts, its records and its logs.",
    )(function)


def _build(function: Any) -> Any:
    return click.option(
        "--build",
        type=click.Path(file_okay=False, path_type=Path),
        default=ROOT / ".aws-sam" / "local",
        show_default=".aws-sam/local",
        help="What `make build` made: the functions, the layer and the template.",
    )(function)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("postkeep"), prog_name="postkeep")
def main() -> None:
    """Keep posts: preview them, put them into a bucket, and run the whole of Postkeep on this machine."""


@main.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--root",
    type=_FOLDER,
    help="Keys are the paths relative to this folder, as `postkeep put` makes them. [default: paths as given]",
)
@click.option("--prefix", default="", help="Put before every key, as `postkeep put --prefix` does.")
@click.option(
    "--max-bytes", type=click.IntRange(min=1), default=5 * 1024 * 1024, show_default=True, help="A larger file is rejected."
)
def preview(paths: Sequence[str], root: Path | None, prefix: str, max_bytes: int) -> None:
    """Print what each FILE would become, one JSON object a line, without any stack.

    Folders are walked for .md, .markdown, .html and .txt. A file that cannot be read is reported on standard error, and the
    exit status is then 1; a file that Postkeep would reject is no error, and has its reason under "rejected".
    """
    from postkeep_local.preview import Failure, Previewer, encode

    previewer = Previewer(root, prefix, max_bytes)
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


@main.command()
@click.argument("folder", type=_FOLDER, metavar="DIR")
@click.option("--bucket", help="The posts bucket. [default: that of the running local stack]")
@click.option("--endpoint-url", help="Where S3 is, if not at AWS; only with --bucket.")
@click.option("--prefix", default="", help="Put before every key, such as `archive/`.")
@click.option("--dry-run", is_flag=True, help="Compare and tell, and upload nothing.")
@_state
def put(folder: Path, bucket: str | None, endpoint_url: str | None, prefix: str, dry_run: bool, state: Path) -> None:  # noqa: FBT001 (click passes options by name)
    """Upload the posts of DIR to the running local stack, or to a bucket.

    A post's key is its path below DIR. Posts that are there already with the same content are skipped, so that an upload that
    was interrupted may simply be run again. Nothing is ever deleted. The exit status is 1 if a file could not be uploaded.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from rich.console import Console

    from postkeep_local.meter import meter
    from postkeep_local.stack import control
    from postkeep_local.upload import Upload, s3_client

    if bucket is None:
        if endpoint_url is not None:
            raise click.UsageError("--endpoint-url needs --bucket.")
        outputs = control.outputs(state)
        if outputs is None:
            raise click.ClickException("No local stack is running: start one with `make up`, or name a bucket with --bucket.")
        bucket, client = outputs.posts_bucket, s3_client(outputs.endpoint_url, outputs.region, local=True)
    else:
        client = s3_client(endpoint_url)
    console = Console(stderr=True)
    try:
        with meter(console, "Comparing" if dry_run else "Uploading") as shown:
            summary = Upload(client, bucket, prefix, dry_run)(
                folder, started=shown.start, done=lambda _key, _outcome: shown.advance()
            )
    except (BotoCoreError, ClientError) as error:
        raise click.ClickException(f"{bucket}: {error}") from error
    _tell(summary, dry_run=dry_run)
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


@main.command()
@_build
@click.option("--workers", type=click.IntRange(1, 32), default=2, show_default=True, help="Worker processes a function, at most.")
@click.option("--pictures/--no-pictures", default=True, show_default=True, help="Fetch the posts' pictures from their hosts.")
@_state
def up(build: Path, workers: int, pictures: bool, state: Path) -> None:  # noqa: FBT001 (click passes options by name)
    """Bring the local stack up and leave it running; print where it is."""
    from postkeep_local.stack import control
    from postkeep_local.stack.errors import StackFailed

    try:
        outputs = control.up(
            ROOT,
            state=state,
            build=build,
            parameters={"FetchPictures": "true" if pictures else "false"},
            picture_hosts={},
            workers=workers,
            echo=click.echo,
        )
    except StackFailed as error:
        raise click.ClickException(str(error)) from error
    click.echo(addresses(outputs))


def addresses(outputs: "Outputs") -> str:
    """Where a stack is, and a line for each of the two things to do with it, which work as they are printed."""
    example = ROOT / "examples" / "posts" / EXAMPLE
    # The AWS CLI wants credentials, which the emulator does not look at, and a region.
    environment = f"AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION={outputs.region}"
    target = f"s3://{outputs.posts_bucket}/{EXAMPLE}"
    return (
        f"API     {outputs.api_url}\n"
        f"Bucket  {outputs.posts_bucket} at {outputs.endpoint_url}\n\n"
        "Drop a post:\n"
        f"  {environment} aws --endpoint-url {outputs.endpoint_url} s3 cp {shlex.quote(str(example))} {shlex.quote(target)}\n"
        "Ask for it:\n"
        f"  curl {shlex.quote(outputs.api_url + '/posts?limit=5')}"
    )


@main.command()
@_state
def down(state: Path) -> None:
    """Stop the local stack; its posts stay."""
    from postkeep_local.stack import control
    from postkeep_local.stack.errors import StackFailed

    try:
        was_running = control.down(state, click.echo)
    except StackFailed as error:
        raise click.ClickException(str(error)) from error
    click.echo("Stopped." if was_running else "No local stack was running.")


@main.command()
@_state
def status(state: Path) -> None:
    """Say whether the local stack runs, where it is, and what it still has to do. The exit status is 1 if it does not run."""
    from postkeep_local.stack import control
    from postkeep_local.stack.errors import StackFailed

    outputs = control.outputs(state)
    if outputs is None:
        click.echo("No local stack is running.")
        sys.exit(1)
    click.echo(addresses(outputs))
    try:
        backlog = control.backlog(state)
    except StackFailed as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"\nEvents: {backlog.waiting} waiting, {backlog.running} being worked on")
    for name, depth in sorted(backlog.queues.items()):
        click.echo(f"{name}: {depth.visible} waiting, {depth.in_flight} being worked on")
    for name, messages in sorted(backlog.dead_letters.items()):
        click.echo(f"{name}: {messages}")


@main.command()
@click.option("--posts", "folders", type=_FOLDER, multiple=True, help="Drop the posts of this folder as well; may be repeated.")
@click.option(
    "--corpus",
    type=click.Path(file_okay=False, path_type=Path),
    default=ROOT.parent / "shared" / "corpus" / "dev",
    show_default="../shared/corpus/dev",
    help="A folder of real posts, dropped as well where it exists and no --posts is given.",
)
@click.option(
    "--pictures/--no-pictures", default=False, show_default=True, help="Fetch pictures from hosts other than the examples'."
)
@_build
@click.option("--workers", type=click.IntRange(1, 32), default=2, show_default=True, help="Worker processes a function, at most.")
def demo(folders: Sequence[Path], corpus: Path, pictures: bool, build: Path, workers: int) -> None:  # noqa: FBT001 (click passes options by name)
    """Show it at work: a stack of its own, the example posts dropped, and what became of them.

    The exit status is 0 only if every post reached its final state.
    """
    from rich.console import Console

    from postkeep_local.demo import Demonstration, Drop
    from postkeep_local.stack.errors import StackFailed

    drops = [Drop("The example posts", ROOT / "examples" / "posts", "", in_full=True)]
    drops += [Drop(str(folder), folder, f"posts-{n}/") for n, folder in enumerate(folders, start=1)]
    if not folders and corpus.is_dir():
        drops.append(Drop("Real posts", corpus, "corpus/"))
    console = Console(width=None if sys.stdout.isatty() else 120, soft_wrap=False)
    try:
        good = Demonstration(ROOT, build, drops, pictures, workers, console).run()
    except StackFailed as error:
        raise click.ClickException(str(error)) from error
    sys.exit(0 if good else 1)
