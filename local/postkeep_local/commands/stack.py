"""The local stack: `postkeep up`, `postkeep down` and `postkeep demo`."""

# ruff: noqa: PLC0415  # each command imports what it alone needs

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from postkeep_local.commands.options import FOLDER, ROOT, build_option, explained, state_option, workers_option

if TYPE_CHECKING:
    from postkeep_local.operations.archive import Archive

SOONER = {"CountSchedule": "rate(1 minute)", "ChangesLagSeconds": "30"}
"""Whoever tries things out waits for the counts; on one machine nothing writes half a minute after it looked at the clock."""

EXAMPLE = "tea/_posts/2022-08-09-How a Teapot Pours.md"
"""The example post in the line that `up` prints: its name is safe in any terminal."""


@click.command()
@build_option
@workers_option
@click.option("--pictures/--no-pictures", default=True, show_default=True, help="Fetch the posts' pictures from their hosts.")
@state_option
def up(*, build: Path, workers: int, pictures: bool, state: Path) -> None:
    """Bring the local stack up and leave it running; print where it is."""
    from postkeep_local.operations.archive import archive_of
    from postkeep_local.operations.newness import note_if_new
    from postkeep_local.stack import control

    with explained():
        outputs = control.up(
            ROOT,
            state=state,
            build=build,
            parameters=SOONER | {"FetchPictures": "true" if pictures else "false"},
            picture_hosts={},
            workers=workers,
            echo=click.echo,
        )
        archive = archive_of(outputs, state)
        note_if_new(archive)
        click.echo(addresses(archive))


def addresses(archive: "Archive") -> str:
    """Where a local stack is, and a line for each of the two things to do with it, which work as they are printed."""
    example = ROOT / "examples" / "posts" / EXAMPLE
    # The AWS CLI wants credentials, which the emulator does not look at, and a region.
    environment = f"AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION={archive.region}"
    target = f"s3://{archive.posts_bucket}/{EXAMPLE}"
    return (
        f"API     {archive.api_url}\n"
        f"Bucket  {archive.posts_bucket} at {archive.endpoint_url}\n\n"
        "Drop a post:\n"
        f"  {environment} aws --endpoint-url {archive.endpoint_url} s3 cp {shlex.quote(str(example))} {shlex.quote(target)}\n"
        "Ask for it:\n"
        f"  curl {shlex.quote(archive.api_url + '/posts?limit=5')}"
    )


@click.command()
@state_option
def down(state: Path) -> None:
    """Stop the local stack; its posts stay."""
    from postkeep_local.stack import control

    with explained():
        was_running = control.down(state, click.echo)
    click.echo("Stopped." if was_running else "No local stack was running.")


@click.command()
@click.option("--posts", "folders", type=FOLDER, multiple=True, help="Drop the posts of this folder as well; may be repeated.")
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
@build_option
@workers_option
def demo(*, folders: Sequence[Path], corpus: Path, pictures: bool, build: Path, workers: int) -> None:
    """Show it at work: a stack of its own, the example posts dropped, and what became of them.

    The exit status is 0 only if every post reached its final state.
    """
    from rich.console import Console

    from postkeep_local.demo import Demonstration, Drop

    drops = [Drop("The example posts", ROOT / "examples" / "posts", "", in_full=True)]
    drops += [Drop(str(folder), folder, f"posts-{n}/") for n, folder in enumerate(folders, start=1)]
    if not folders and corpus.is_dir():
        drops.append(Drop("Real posts", corpus, "corpus/"))
    console = Console(width=None if sys.stdout.isatty() else 120, soft_wrap=False)
    with explained():
        good = Demonstration(ROOT, build, drops, pictures, workers, console).run()
    sys.exit(0 if good else 1)
