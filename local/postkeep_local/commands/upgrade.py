"""An archive's data brought up to this version: `postkeep upgrade`."""

# ruff: noqa: PLC0415  # each command imports what it alone needs

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from postkeep_local.commands.options import json_option, on_archive

if TYPE_CHECKING:
    from rich.console import Console

    from postkeep.upgrades import Finished, Ledger, Progress
    from postkeep_local.migrations.migration import Survey
    from postkeep_local.operations.archive import Archive
    from postkeep_local.operations.upgrading import Event, Upgrading

_KEYS_SHOWN = 10
_LOOKED_A_LINE = 10_000
"""Off a terminal, where there is no bar, a line is written for each so many things looked at."""


@click.command()
@click.option("--check", is_flag=True, help="Say from the archive's own record what is due, and do nothing.")
@click.option("--dry-run", is_flag=True, help="Look through the data for what is to be changed, and change nothing.")
@click.option(
    "--again",
    "names",
    multiple=True,
    metavar="NAME",
    help="Do this migration although it is done; may be repeated. `all` is each.",
)
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait for texts that are being made.")
@json_option
@on_archive
def upgrade(*, archive: "Archive", check: bool, dry_run: bool, names: Sequence[str], wait: bool, as_json: bool) -> None:
    """Bring the data of an archive up to this version, after it was deployed.

    It may be interrupted at any point and run again: it goes on where it was. The archive stays in use meanwhile. The exit status
    is 1 if with --check something is due, or if something is left that could not be done.
    """
    from rich.console import Console

    from postkeep_local.commands.tables import show_json
    from postkeep_local.migrations.registry import upgrading

    if check and dry_run:
        raise click.UsageError("--check and --dry-run exclude each other.")
    case = upgrading(archive)
    again = _numbers(case, names)
    surveys: dict[int, Survey] = {}
    if check or dry_run:
        ledger = case.standing()
        if dry_run:
            surveys = _surveys(case, {*ledger.due, *again}, Console(stderr=True))
    else:
        ledger = _run(case, again, Console(stderr=True), wait=wait)
    if as_json:
        show_json(_values(archive, case, ledger, surveys))
    else:
        _tell(case, ledger, surveys)
    due, left = bool(ledger.due), any(one.left for one in ledger.done.values())
    sys.exit(1 if (check and due) or (not check and not dry_run and left) else 0)


def _numbers(case: "Upgrading", names: Sequence[str]) -> set[int]:
    known = {migration.description.name: migration.description.number for migration in case.migrations}
    if unknown := [name for name in names if name not in {*known, "all"}]:
        raise click.UsageError(f"There is no migration {unknown[0]}; there are: {', '.join(known)}.")
    return set(known.values()) if "all" in names else {known[name] for name in names}


def _surveys(case: "Upgrading", numbers: set[int], console: "Console") -> "dict[int, Survey]":
    from postkeep_local.meter import meter

    found: dict[int, Survey] = {}
    for migration in case.migrations:
        if migration.description.number in numbers:
            with meter(console, migration.description.name) as shown:
                found[migration.description.number] = migration.survey(shown.set)
    return found


def _run(case: "Upgrading", again: set[int], console: "Console", *, wait: bool) -> "Ledger":
    """Do what is due; ends early where there is nothing but to wait, and that is not wanted."""
    from contextlib import closing

    from postkeep_local.meter import meter

    begun = said = 0
    with meter(console, "Upgrading") as shown:

        def told(event: "Event") -> None:
            nonlocal begun, said
            description, looked = event.migration.description, event.progress.looked
            name = description.name
            if description.number != begun:
                begun, said = description.number, looked // _LOOKED_A_LINE
                _say(console, f"{begun} {name}: {description.changes}")
            shown.set(looked, f"{name}: {event.note or _counted(event.progress)}")
            if not console.is_terminal and looked // _LOOKED_A_LINE > said:
                said = looked // _LOOKED_A_LINE
                _say(console, f"{begun} {name}: {looked:,} looked at, {event.progress.changed:,} changed")

        with closing(case(again=again, told=told)) as events:
            for event in events:
                told(event)
                if event.progress.left:
                    for key in event.keys[:_KEYS_SHOWN]:
                        _say(console, f"not done: {key}")
                if event.finished:
                    _say(console, f"{begun} {event.migration.description.name}: done, {_counted(event.finished)}")
                if event.waiting and not wait:
                    _say(console, "Texts are being made; run the command again later.")
                    break
    return case.ledger.read()


def _say(console: "Console", line: str) -> None:
    """A line beside the meter; keys are strangers' words."""
    from postkeep_local.folder import printable

    console.print(printable(line), markup=False, highlight=False, soft_wrap=True)


def _counted(counts: "Finished | Progress") -> str:
    left = f", {counts.left:,} left" if counts.left else ""
    return f"{counts.changed:,} of {counts.looked:,} changed{left}"


def _state(ledger: "Ledger", number: int) -> str:
    if done := ledger.done.get(number):
        return f"done on {done.at:%Y-%m-%d}, {_counted(done)}"
    progress = ledger.progress
    if progress and progress.number == number:
        return f"under way since {progress.begun:%Y-%m-%d %H:%M} (UTC), {_counted(progress)}"
    return "due"


def _tell(case: "Upgrading", ledger: "Ledger", surveys: "Mapping[int, Survey]") -> None:
    for migration in case.migrations:
        told = migration.description
        click.echo(f"{told.number} {told.name:<9} {_state(ledger, told.number)}")
        if survey := surveys.get(told.number):
            click.echo(f"  would change {survey.due:,} of {survey.looked:,}; {told.changes}")
            click.echo(f"  100,000 posts: {told.cost}")
        elif told.number in ledger.due:
            click.echo(f"  {told.changes}; {told.why}")
    if not ledger.due:
        click.echo("The archive's data is of this version.")
        for migration in case.migrations:
            done = ledger.done[migration.description.number]
            if done.changed and migration.description.afterwards:
                click.echo(f"Afterwards: {migration.description.afterwards}")
    elif not ledger.recorded:
        click.echo("Nothing is recorded of this archive: each migration looks for what older versions left.")


def _values(archive: "Archive", case: "Upgrading", ledger: "Ledger", surveys: "Mapping[int, Survey]") -> dict[str, Any]:
    from postkeep.listing import instant

    found = []
    for migration in case.migrations:
        told = migration.description
        done, survey = ledger.done.get(told.number), surveys.get(told.number)
        under_way = ledger.progress if ledger.progress and ledger.progress.number == told.number else None
        counts = done or under_way
        found.append(
            {
                "number": told.number,
                "name": told.name,
                "state": "done" if done else "underway" if under_way else "due",
                "finished": instant(done.at) if done else None,
                "looked": counts.looked if counts else 0,
                "changed": counts.changed if counts else 0,
                "left": counts.left if counts else 0,
                "would_change": survey.due if survey else None,
            }
        )
    return {"stack": archive.name, "recorded": ledger.recorded, "migrations": found}
