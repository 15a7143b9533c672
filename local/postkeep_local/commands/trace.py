"""A post's whole way through the functions: `postkeep trace`."""

# ruff: noqa: PLC0415  # each command imports what it alone needs

import re
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from postkeep_local.commands.options import json_option, on_archive

if TYPE_CHECKING:
    from postkeep_local.operations.archive import Archive

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}

_LONGEST = timedelta(days=731)
"""No stack keeps its logs for longer (``LogRetentionDays``)."""

_POSTS = 10
"""Posts of one cause whose state is shown."""


class _Length(click.ParamType[timedelta]):
    """A length of time such as 90m, 24h or 7d."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        match = re.fullmatch(r"([0-9]{1,5})([mhd])", str(value), re.ASCII)
        length = int(match[1]) * _UNITS[match[2]] if match else timedelta(0)
        if not timedelta(0) < length <= _LONGEST:
            self.fail("it is a number with m, h or d behind it (minutes, hours, days), such as 90m, 24h or 7d.", param, ctx)
        return length


@click.command()
@click.argument("name", metavar="ID")
@click.option("--since", type=_Length(), default="24h", show_default=True, help="How far to look back.", metavar="TIME")
@click.option("--reads", is_flag=True, help="Show the API's answers about the post as well.")
@json_option
@on_archive
def trace(*, archive: "Archive", name: str, since: timedelta, reads: bool, as_json: bool) -> None:
    """Show a post's whole way through the functions, out of their logs, and how it stands now.

    ID is a post's id, the key of its object, or a correlation id: that of one change of an object, of one command or of one
    request, with all that it brought about. The exit status is 1 if the logs say nothing of it.
    """
    from postkeep_local.commands.tables import show_json
    from postkeep_local.commands.trace_tables import tell, values
    from postkeep_local.operations import logs
    from postkeep_local.operations.standing import standing
    from postkeep_local.operations.traces import Subject, SubjectInvalid

    try:
        subject = Subject.of(name, reads=reads)
    except SubjectInvalid as error:
        raise click.UsageError(str(error)) from error
    found = logs.trace(archive, subject, since)
    named = list(dict.fromkeys(line.post_id for line in found.lines if line.post_id))
    posts = [subject.post_id] if subject.post_id else named[:_POSTS]
    stand = standing(archive, posts) if posts else {}
    if as_json:
        show_json(values(subject, since, found, posts, stand))
    else:
        tell(subject, since, found, posts, stand, others=0 if subject.post_id else len(named) - len(posts))
    sys.exit(0 if found.lines else 1)
