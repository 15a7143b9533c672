"""Posts found by what they say, through the API: `postkeep find`."""

# ruff: noqa: PLC0415  # each command imports what it alone needs

from typing import TYPE_CHECKING, Any

import click

from postkeep_local.commands.api_options import on_api
from postkeep_local.commands.options import json_option

if TYPE_CHECKING:
    from postkeep_local.api import Api

_MOST = 100
"""Posts of a page: the API's limit."""


@click.command("find")
@click.argument("query", nargs=-1, required=True, metavar="QUERY...")
@click.option(
    "--sort",
    type=click.Choice(["relevance", "newest", "oldest"]),
    default="relevance",
    show_default=True,
    help="The best first, or by date.",
)
@click.option("--limit", type=click.IntRange(1, _MOST), default=10, show_default=True, help="So many posts at most.", metavar="N")
@json_option
@on_api
def find(*, api: "Api", query: tuple[str, ...], sort: str, limit: int, as_json: bool) -> None:
    """Find posts by what their titles and texts say.

    QUERY is in the language of docs/search.md: words, "phrases", -exclusions, OR, parentheses, author:, tag:, before: and so on.
    Put `--` before it if it begins with a minus sign.
    """
    from postkeep_local.commands.tables import clipped, show_json

    found = api.value("/search", {"q": " ".join(query), "sort": sort, "limit": str(limit)})
    if as_json:
        show_json(found)
        return
    from rich.console import Console

    from postkeep_local.commands.hits import hits

    posts = api.listed(found)[:limit]
    Console(highlight=False).print(hits(posts), end="")
    for note in [note for note in found.get("notes", []) if isinstance(note, str)][:_MOST]:
        click.echo(f"note: {clipped(note, 300)}", err=True)
    understood = clipped(str(found.get("understood", "")), 300)
    click.echo(f"{_count(found.get('total'), len(posts))}, understood as {understood}", err=True)


def _count(total: Any, shown: int) -> str:
    number = total if isinstance(total, int) else shown
    return f"{shown:,} of {number:,} post{'' if number == 1 else 's'}"
