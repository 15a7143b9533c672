"""Rules of an archive's own: `postkeep rules check`, `publish`, `list`, `show` and `restore`."""

# ruff: noqa: PLC0415  # each command imports what it alone needs

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from postkeep_local.commands.options import json_option, on_archive

if TYPE_CHECKING:
    from rich.table import Table

    from postkeep_local.operations.archive import Archive
    from postkeep_local.operations.checking import Checked
    from postkeep_local.operations.publishing import Change, Publishing, Standing
    from render_post.bundle import Bundle

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_NOTE_SHOWN = 60
_NAMES_SHOWN = 6

_note_option = click.option("--note", help="What is said of it in the history.")
_yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group()
def rules() -> None:
    """Check rules of your own for the cleaning, publish them into an archive, and take them back."""


@rules.command()
@click.argument("paths", nargs=-1, required=True, type=_FILE, metavar="FILE...")
@json_option
def check(*, paths: Sequence[Path], as_json: bool) -> None:
    """Check each FILE of rules, or of what was learnt, and try the tests beside it, without any stack.

    The tests of news.example.toml are in news.example.tests.toml. The exit status is 1 if a file cannot be used or a test fails.
    """
    from postkeep_local.commands.tables import show_json
    from postkeep_local.operations.checking import check_files

    passed, values = True, []
    for checked in check_files(paths):
        passed = passed and checked.passed
        if as_json:
            values.append(_checked_values(checked))
        else:
            _tell_checked(checked)
    if as_json:
        show_json(values)
    sys.exit(0 if passed else 1)


@rules.command()
@click.argument("paths", nargs=-1, type=_FILE, metavar="FILE...")
@click.option("--remove", multiple=True, metavar="NAME", help="A published file to leave out; may be repeated.")
@click.option("--replace-all", is_flag=True, help="Leave out all published files but those given.")
@_note_option
@click.option(
    "--number", type=click.IntRange(1, 9_999), help="The version's number, above all that texts were made by. [default: the next]"
)
@_yes_option
@on_archive
def publish(
    *,
    archive: "Archive",
    paths: Sequence[Path],
    remove: Sequence[str],
    replace_all: bool,
    note: str | None,
    number: int | None,
    yes: bool,
) -> None:
    """Publish each FILE: add it to the archive's rules, or put it in the place of the one of the same name.

    It shows what changes, asks, and prints the command that has texts made anew. Posts that come from then on are cleaned by
    the new rules, a minute later at most.
    """
    from postkeep_local.operations.publishing import read_files
    from postkeep_local.operations.recovery import publishing

    if not paths and not remove:
        raise click.UsageError("Say what changes: give files, or names with --remove.")
    case = publishing(archive)
    standing = case.standing()
    change = case.change(standing, read_files(paths), remove, replace_all=replace_all)
    _publish(archive, case, standing, change, note=note or "", number=number, yes=yes)


@rules.command("list")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Versions of the history, at most.")
@json_option
@on_archive
def list_(*, archive: "Archive", limit: int, as_json: bool) -> None:
    """List the files that are published, and what was published before, with its notes."""
    from postkeep.errors import RulesInvalid
    from postkeep_local.commands.tables import show, show_json
    from postkeep_local.operations.recovery import publishing

    case = publishing(archive)
    standing = case.standing()
    history = []
    for number in case.versions()[:limit]:
        try:
            history.append(case.version(number))
        except RulesInvalid as invalid:
            click.echo(str(invalid), err=True)
    if as_json:
        show_json(_standing_values(standing, history))
        return
    if standing.problem:
        click.echo(f"What is published cannot be used: {standing.problem}", err=True)
    elif not standing.bundle.version:
        click.echo("Nothing is published: the rules that ship are in force.")
    else:
        click.echo(f"Version {standing.bundle.version} is in force, which makes texts by rules {_number(standing.bundle)}:")
        for name, text in sorted(standing.bundle.files.items()):
            click.echo(f"  {name}  {len(text.encode()):,} bytes")
    if history:
        show(_history_table(standing, history))


@rules.command()
@click.argument("name")
@click.option(
    "--at", type=click.IntRange(min=1), metavar="VERSION", help="As it was in this version. [default: what is in force]"
)
@on_archive
def show(*, archive: "Archive", name: str, at: int | None) -> None:
    """Print the published file NAME, as it was given."""
    from postkeep_local.folder import printable
    from postkeep_local.operations.recovery import publishing

    case = publishing(archive)
    bundle = case.standing().sound if at is None else case.version(at)
    if name not in bundle.files:
        raise click.ClickException(f"{printable(name)} is not in version {bundle.version}; `postkeep rules list` names what is.")
    text = bundle.files[name]
    if sys.stdout.isatty():  # pragma: no cover (a terminal is not to be steered; a file gets the bytes)
        text = "\n".join(map(printable, text.split("\n")))
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


@rules.command()
@click.argument("version", type=click.IntRange(min=0))
@_note_option
@_yes_option
@on_archive
def restore(*, archive: "Archive", version: int, note: str | None, yes: bool) -> None:
    """Publish the files of an earlier VERSION again, as a new one; those of version 0 are none: what ships is in force then."""
    from postkeep_local.operations.publishing import Change
    from postkeep_local.operations.recovery import publishing

    case = publishing(archive)
    standing = case.standing()
    files = case.version(version).files
    change = Change.between(standing.bundle.files, files)
    _publish(archive, case, standing, change, note=note or f"version {version} restored", number=None, yes=yes)


def _publish(
    archive: "Archive",
    case: "Publishing",
    standing: "Standing",
    change: "Change",
    *,
    note: str,
    number: int | None,
    yes: bool,
) -> None:
    from postkeep.errors import ObjectChanged

    for mark, names in (("+", change.new), ("~", change.changed), ("-", change.removed)):
        for name in names:
            click.echo(f"{mark} {name}")
    if not change and standing.problem is None:
        click.echo("Nothing changes, and nothing is published.")
        return
    if not yes:
        click.confirm(f"Publish them for {archive.name}?", abort=True)
    try:
        bundle = case.publish(standing, change.files, note, number)
    except ObjectChanged as error:
        raise click.ClickException(
            "Somebody else published meanwhile, and nothing of yours is in force: see `postkeep rules list`, and publish again."
        ) from error
    click.echo(f"Version {bundle.version} is published; texts are made by rules {_number(bundle)} from now on.")
    click.echo("Those that are there are made anew by")
    click.echo(f"  postkeep reprocess --rendered-before {_number(bundle)}{_options(archive)}")


def _options(archive: "Archive") -> str:
    """The options that name an archive, as a shell takes them."""
    from shlex import join

    from postkeep_local.commands.options import ROOT

    if archive.state is not None:
        given = [] if archive.state == ROOT / ".postkeep" / "stack" else ["--state", str(archive.state)]
    else:
        given = ["--stack", archive.name, "--region", archive.region]
        given += ["--profile", archive.profile] if archive.profile else []
        given += ["--endpoint-url", archive.endpoint_url] if archive.endpoint_url else []
    return " " + join(given) if given else ""


def _number(bundle: "Bundle") -> int:
    from render_post.rendition import RULES, VERSIONS

    return RULES * VERSIONS + bundle.version


def _tell_checked(checked: "Checked") -> None:
    from postkeep_local.folder import printable

    name = printable(checked.name)
    if checked.problem:
        click.echo(f"{name}: {printable(checked.problem)}")
        return
    has = "learnt" if checked.rules is None else f"{checked.rules} rules" if checked.rules != 1 else "1 rule"
    click.echo(f"{name}: can be used ({has}{', no tests' if checked.rules is not None and not checked.tests else ''})")
    for tried in checked.tests:
        click.echo(f"  {'fails ' if tried.failures else 'passes'}  {printable(tried.title)}")
        for line in tried.failures:
            click.echo(f"    {printable(line)}")
    for rule in checked.untried:
        click.echo(f"  no test shows {rule}")


def _checked_values(checked: "Checked") -> dict[str, object]:
    return {
        "file": checked.name,
        "problem": checked.problem or None,
        "rules": checked.rules,
        "tests": [{"title": tried.title, "passed": not tried.failures, "failures": tried.failures} for tried in checked.tests],
        "untested": checked.untried,
    }


def _standing_values(standing: "Standing", history: Sequence["Bundle"]) -> dict[str, object]:
    from postkeep.listing import instant

    return {
        "version": standing.bundle.version,
        "rules": _number(standing.bundle),
        "problem": str(standing.problem) if standing.problem else None,
        "files": {name: len(text.encode()) for name, text in sorted(standing.bundle.files.items())},
        "history": [
            {"version": one.version, "published": instant(one.published), "note": one.note, "files": sorted(one.files)}
            for one in history
        ],
    }


def _history_table(standing: "Standing", history: Sequence["Bundle"]) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from postkeep_local.commands.tables import clipped

    table = Table(title="Published", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("version", justify="right", no_wrap=True)
    table.add_column("when (UTC)", no_wrap=True)
    table.add_column("files", overflow="fold")
    table.add_column("note", overflow="fold")
    for one in history:
        names = sorted(one.files)
        more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
        current = " (in force)" if one.version == standing.bundle.version else ""
        table.add_row(
            f"{one.version}",
            f"{one.published:%Y-%m-%d %H:%M}{current}",
            Text(", ".join(names[:_NAMES_SHOWN]) + more or "none"),
            Text(clipped(one.note, _NOTE_SHOWN)),
        )
    return table
