"""What repeats from post to post: `postkeep learn`."""

# ruff: noqa: PLC0415  # each command imports what it alone needs

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from postkeep_local.commands.options import FOLDER

if TYPE_CHECKING:
    from rich.table import Table

    from postkeep_local.operations.learning import Found

_EXAMPLE = 60
"""Characters of an example that are shown."""


@click.command()
@click.argument("folders", nargs=-1, required=True, type=FOLDER, metavar="FOLDER...")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="The file to write; without it, only the table is printed.",
)
@click.option("--fingerprints-only", is_flag=True, help="Leave the texts out of the file: nobody can read it then.")
@click.option(
    "--min-share",
    type=click.FloatRange(0.001, 1.0),
    default=0.03,
    show_default=True,
    help="The part of an author's posts that must have a text.",
)
@click.option("--min-posts", type=click.IntRange(min=2), default=5, show_default=True, help="How many of them must, at least.")
@click.option("--examples", type=click.IntRange(0, 100), default=3, show_default=True, help="Texts shown of each author.")
def learn(
    *,
    folders: Sequence[Path],
    output: Path | None,
    fingerprints_only: bool,
    min_share: float,
    min_posts: int,
    examples: int,
) -> None:
    """Find what authors repeat from post to post, such as notices below each of them, in the posts of each FOLDER.

    The table says how much of each author's text would be removed, with examples: look at it before the file is used. The
    result does not depend on the order of the files.
    """
    from datetime import UTC, datetime

    from rich.console import Console

    from postkeep_local.commands.tables import show
    from postkeep_local.meter import meter
    from postkeep_local.operations.learning import Learning, encode
    from postkeep_local.operations.reading import files_in, posts_of

    files = files_in(folders)
    learning = Learning(min_share, min_posts)
    unread = 0
    with meter(Console(stderr=True), "Reading") as shown:
        shown.start(len(files))
        for post in posts_of(files):
            if post is None:
                unread += 1
            else:
                learning.add(*post)
            shown.advance()
    found = learning.found()
    show(_table(found, examples))
    units = sum(len(group.units) for group in found.groups)
    click.echo(f"{units:,} texts repeat in {found.posts:,} posts ({len(files):,} files, {unread:,} not read)")
    if output is not None:
        try:
            output.write_bytes(encode(found, datetime.now(UTC).date(), fingerprints_only=fingerprints_only))
        except OSError as error:
            raise click.ClickException(f"{output}: {error.strerror or error}") from error
        click.echo(f"written to {output}")


def _table(found: "Found", examples: int) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from postkeep_local.commands.tables import clipped

    table = Table(title="Repeated", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("of")
    for name in ("posts", "texts", "of their text"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("for example", overflow="fold")
    for group in sorted(found.groups, key=lambda one: (one.kind, -one.share, one.name)):
        shown = "\n".join(f"{unit.posts:,} × {clipped(unit.text, _EXAMPLE)}" for unit in group.units[:examples])
        name = clipped(group.name, _EXAMPLE) + ("" if group.kind == "author" else " (host)")
        table.add_row(Text(name), f"{group.posts:,}", f"{len(group.units):,}", f"{group.share:.1%}", Text(shown))
    return table
