"""One post, through the API: `postkeep show` and `postkeep open`."""

# ruff: noqa: PLC0415  # each command imports what it alone needs

import io
import json
import sys
from typing import TYPE_CHECKING

import click

from postkeep_local.commands.api_options import on_api
from postkeep_local.commands.options import json_option

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console, RenderableType

    from postkeep_local.api import Api, Listed

_WIDTH = 120
"""Cells of what goes to no terminal."""


_REVISIONS = 20
"""A page of a post's history: the API's limit."""


@click.command("show")
@click.argument("name", metavar="KEY-OR-ID-OR-URL")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "html", "json", "removed", "raw"]),
    help="Print this alone, as it is: the text in one of its forms, the record, what was removed, or the file.",
)
@click.option("--pictures", is_flag=True, help="List the pictures, each with what became of it.")
@click.option("--no-pager", is_flag=True, help="Print it all at once.")
@json_option
@on_api
def show(*, api: "Api", name: str, form: str | None, pictures: bool, no_pager: bool, as_json: bool) -> None:
    """Show a post: what is known of it, and its text.

    It is named by its key, by its id, or by the address of its article. On a terminal what is longer than that goes through a
    pager. What --format names goes to a file or a pipe byte by byte; on a terminal it gets escapes for what would steer it.
    """
    if as_json and form not in {None, "json", "removed"}:
        raise click.UsageError("--json goes with --format removed, or with none.")
    if pictures and (form or as_json):
        raise click.UsageError("--pictures goes with no --format and no --json.")
    post_id = _found(api, name)
    if form == "removed" and not as_json:
        from postkeep_local.commands.post_tables import removed_passages

        removed = api.listed(api.value(f"/posts/{post_id}/removed"), "removed")
        _print(removed_passages(removed), no_pager=no_pager)
    elif as_json or form == "json":
        # In ASCII: what strangers wrote may hold what would steer a terminal.
        value = api.value(f"/posts/{post_id}/removed" if form == "removed" else f"/posts/{post_id}")
        _paged(json.dumps(value, indent=2), no_pager=no_pager)
    elif form:
        _write(_content(api, post_id, form), no_pager=no_pager)
    else:
        _show(api, post_id, pictures=pictures, no_pager=no_pager)


def _found(api: "Api", name: str) -> str:
    from postkeep_local.finding import find

    try:
        found = find(api, name)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if found.others:
        click.echo(f"{found.others:,} more posts are of this article; the newest is shown.", err=True)
    return found.id


def _content(api: "Api", post_id: str, form: str) -> bytes:
    if form == "raw":
        return api.file(f"/posts/{post_id}/raw")
    return api.text(post_id, "plain" if form == "text" else form).encode()


def _show(api: "Api", post_id: str, *, pictures: bool, no_pager: bool) -> None:
    from rich.text import Text

    from postkeep.post import Status
    from postkeep_local.api import ApiProblem
    from postkeep_local.commands.post_tables import article, card, pictures_of, pictures_table, ruled

    post = api.value(f"/posts/{post_id}")
    parts: list[RenderableType] = []
    if listed := pictures_of(post) if pictures else []:
        parts.append(pictures_table(listed))
    removed = ""
    if post.get("status") == Status.READY:
        removed = _removed(api, post_id)
        try:
            parts.append(article(api.text(post_id, "markdown")))
        except ApiProblem as problem:
            parts.append(Text(str(problem)))
    _print(ruled(card(post, removed, _history(api, post_id)), *parts), no_pager=no_pager)


def _removed(api: "Api", post_id: str) -> str:
    from postkeep_local.api import ApiProblem
    from postkeep_local.commands.post_tables import removed_summary

    try:
        found = api.value(f"/posts/{post_id}/removed")
    except ApiProblem as problem:
        return str(problem)
    return removed_summary(api.listed(found, "removed"), found.get("characters"))


def _history(api: "Api", post_id: str) -> str:
    from postkeep_local.api import ApiProblem

    try:
        found = api.value(f"/posts/{post_id}/revisions", {"limit": str(_REVISIONS)})
    except ApiProblem as problem:
        return str(problem)
    number = len(api.listed(found, "revisions"))
    return f"{number:,}{' or more' if found.get('next') else ''} revision{'' if number == 1 else 's'}"


def _print(what: "RenderableType", *, no_pager: bool) -> None:
    """Print something laid out, with colours on a terminal alone."""
    from rich.console import Console

    from postkeep_local.commands.post_tables import text_width

    seen = sys.stdout.isatty()
    terminal = Console(width=None if seen else _WIDTH)
    out = io.StringIO()
    Console(file=out, width=text_width(terminal), force_terminal=seen, highlight=False).print(what)
    # Cells are filled up with spaces, which nobody wants in a file; on a terminal they have their colours.
    lines = out.getvalue().rstrip("\n").split("\n")
    _paged("\n".join(lines if seen else map(str.rstrip, lines)), no_pager=no_pager, terminal=terminal)


def _paged(text: str, *, no_pager: bool, terminal: "Console | None" = None) -> None:
    """Print lines, through a pager where a terminal has too few for them."""
    if no_pager or not sys.stdout.isatty():
        click.echo(text, color=sys.stdout.isatty())
        return
    from rich.console import Console

    if text.count("\n") + 1 < (terminal or Console()).height:
        click.echo(text, color=True)
    else:
        click.echo_via_pager(text)  # which knows whether the pager takes colours


def _write(content: bytes, *, no_pager: bool) -> None:
    if sys.stdout.isatty():
        from postkeep_local.commands.post_tables import harmless

        _paged(harmless(content.decode("utf-8", "surrogateescape")), no_pager=no_pager)
    else:
        sys.stdout.buffer.write(content)


@click.command("open")
@click.argument("name", metavar="KEY-OR-ID-OR-URL")
@click.option("--original", is_flag=True, help="The article at its own address, instead of the post.")
@click.option("--print", "only_print", is_flag=True, help="Print the address, and open nothing.")
@json_option
@on_api
def open_post(*, api: "Api", name: str, original: bool, only_print: bool, as_json: bool) -> None:
    """Open a post in the browser, as one page with its thumbnails; nothing in it is fetched from anywhere.

    The page is a file in the folder for temporary files, and stays there. Its address is printed.
    """
    import webbrowser

    post_id = _found(api, name)
    post = api.value(f"/posts/{post_id}")
    address = _original(post) if original else _written(api, post_id, post).as_uri()
    opened = not only_print and webbrowser.open(address)
    if as_json:
        click.echo(json.dumps({"id": post_id, "address": address, "opened": opened}))
        return
    click.echo(address)
    if not opened and not only_print:
        click.echo("No browser is to be had here.", err=True)


def _original(post: "Listed") -> str:
    from postkeep_local.folder import printable

    address = post.get("source_url")
    if not isinstance(address, str) or not address:
        raise click.ClickException("The post does not say where its article is.")
    # A browser does other things with other addresses, and programs in its place may take words for options.
    if not address.lower().startswith(("http://", "https://")) or not address.isprintable() or " " in address:
        raise click.ClickException(f"This address is not opened: {printable(address[:500])}")
    return address


def _written(api: "Api", post_id: str, post: "Listed") -> "Path":
    import tempfile
    from pathlib import Path

    from postkeep_local.commands.post_tables import pictures_of
    from postkeep_local.page import page, thumbnails

    pictures = pictures_of(post)
    content = page(post, api.text(post_id, "html"), pictures, thumbnails(api, pictures))
    path = Path(tempfile.mkdtemp(prefix="postkeep-")) / f"{post_id}.html"
    path.write_text(content, encoding="utf-8", errors="replace")
    return path
