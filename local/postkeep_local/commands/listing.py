"""What an archive has, through its API: `postkeep ls` and `postkeep counts`."""

# ruff: noqa: PLC0415  # each command imports what it alone needs

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from postkeep_local.commands.api_options import on_api
from postkeep_local.commands.options import json_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from postkeep_local.api import Api, Listed, Page

_WIDTH = 120
"""Cells of a table that goes to no terminal."""

_DAY = 11
"""Characters of an instant: its day, and a mark that it is cut."""

_LIMIT = 20
_COUNTS = 1_000
"""Values a page of counts: the API's limit."""


@click.command("ls")
@click.option("--author", help="Posts of this author, spelt exactly so.")
@click.option("--tag", help="Posts with this tag.")
@click.option("--category", help="Posts in this category.")
@click.option("--host", help="Posts whose article is at this host, without `www.`.")
@click.option("--language", help="Posts in this language, such as zh-Hant, or zh for all that begin so.", metavar="TAG")
@click.option("--archive", "folder", help="Posts of this archive: of the folder before `_posts`.")
@click.option(
    "--status",
    type=click.Choice(["pending", "ready", "rejected", "deleted"]),
    help="Posts in this state. [default: pending and ready]",
)
@click.option("--from", "since", help="Published on this day (UTC) or later; or at this instant.", metavar="DATE")
@click.option("--to", "until", help="Published on this day or earlier; or before this instant.", metavar="DATE")
@click.option("--limit", type=click.IntRange(min=1), help=f"So many posts at most. [default: {_LIMIT}]", metavar="N")
@click.option("--all", "everything", is_flag=True, help="All of them, however many there are.")
@click.option(
    "--sort",
    type=click.Choice(["published", "added"]),
    default="published",
    show_default=True,
    help="By what they are in order: the latest first.",
)
@click.option("--reverse", is_flag=True, help="The earliest first.")
@json_option
@on_api
def ls(  # noqa: PLR0913 (click passes options by name)
    *,
    api: "Api",
    folder: str | None,
    since: str | None,
    until: str | None,
    limit: int | None,
    everything: bool,
    sort: str,
    reverse: bool,
    as_json: bool,
    **filters: str | None,
) -> None:
    """List posts: when they were published, by whom, their titles, words, pictures and ids.

    Each page is printed as it comes. With --json each post is a line, exactly as the API gives it.
    """
    from rich.console import Console
    from rich.text import Text

    from postkeep_local.commands.tables import clipped

    if everything and limit is not None:
        raise click.UsageError("--all and --limit exclude each other.")
    given = {**filters, "archive": folder, "from": since, "to": until}
    parameters = {name: value for name, value in given.items() if value is not None}
    parameters |= {"sort": sort} if sort != "published" else {}
    parameters |= {"order": "asc"} if reverse else {}
    pages = api.pages(parameters, None if everything else limit or _LIMIT)
    # Where the posts go to a file or a pipe, their number is told beside it.
    seen = sys.stdout.isatty()
    told = Console(stderr=not seen, quiet=seen and as_json)
    number, more = 0, False
    with told.status("Asking for posts") as progress:
        for page in _as_json(pages) if as_json else _as_tables(pages, told if seen else None):
            number, more = number + len(page.posts), page.more
            where = f", looked through to {clipped(page.searched_until, _DAY)}" if page.searched_until else ""
            progress.update(Text(f"{number:,} posts so far{where}"))
    if not as_json:
        rest = "; there may be more: --limit N, or --all" if more else ""
        click.echo(f"{number:,} post{'' if number == 1 else 's'}{rest}", err=not seen)


def _as_json(pages: "Iterator[Page]") -> "Iterator[Page]":
    for page in pages:
        for post in page.posts:
            _line(post)
        yield page


def _as_tables(pages: "Iterator[Page]", terminal: "Console | None") -> "Iterator[Page]":
    from rich.console import Console

    from postkeep_local.commands.post_tables import listing

    console = terminal or Console(width=_WIDTH, highlight=False)
    heading = True
    for page in pages:
        if page.posts:
            console.print(listing(page.posts, console.width, heading=heading))
            heading = False
        yield page


def _line(value: Any) -> None:
    """A line of JSON, in ASCII: what strangers wrote may hold what would steer a terminal."""
    click.echo(json.dumps(value))


@click.command("counts")
@click.argument(
    "kind", type=click.Choice(["authors", "tags", "categories", "months", "archives", "hosts", "languages"]), metavar="KIND"
)
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=_LIMIT,
    show_default=True,
    help="So many values at most: the most frequent, or the latest months.",
    metavar="N",
)
@json_option
@on_api
def counts(*, api: "Api", kind: str, top: int, as_json: bool) -> None:
    """Count the posts by KIND: authors, tags, categories, months, archives, hosts or languages.

    Counted are the posts that are neither rejected nor deleted, as of the instant that the last line says.
    """
    from postkeep_local.commands.post_tables import counts_table
    from postkeep_local.commands.tables import clipped, show, show_json

    found: list[Listed] = []
    as_of, total = "", 0
    while len(found) < top:
        limit = min(_COUNTS, top - len(found))
        page = api.value(f"/{kind}", {"limit": str(limit), "offset": str(len(found))})
        entries = api.listed(page, "counts")[:limit]
        found += entries
        as_of, total = str(page.get("as_of", "")), page.get("total", 0)
        if len(entries) < limit:
            break
    if as_json:
        show_json({"as_of": as_of, "total": total, "counts": found})
        return
    show(counts_table(kind, found))
    click.echo(f"{len(found):,} of {clipped(str(total), 20)} {kind}, as of {clipped(as_of, 40)}")
