"""What was given up: `postkeep dlq list`, `show` and `redrive`."""

# ruff: noqa: PLC0415  # each command imports what it alone needs

import sys
from typing import TYPE_CHECKING, Any

import click

from postkeep_local.commands.options import json_option, on_archive

if TYPE_CHECKING:
    from collections.abc import Mapping

    from postkeep_local.operations.archive import Archive
    from postkeep_local.operations.letters import Letter
    from postkeep_local.operations.queues import QueueState
    from postkeep_local.operations.redrive import Redriven

_TEXT = 400
"""Characters of a stranger's text that are shown, of an error message above all."""

_STAYED_SHOWN = 20


@click.group()
def dlq() -> None:
    """Look at what was given up, and send it back."""


@dlq.command("list")
@json_option
@on_archive
def list_(*, archive: "Archive", as_json: bool) -> None:
    """List the dead-letter queues: how much lies in each, since when, and why.

    Messages are looked at and stay where they are. SQS drops them 14 days after they were first sent.
    """
    from postkeep_local.commands.tables import dead_letters_table, dead_letters_values, show, show_json
    from postkeep_local.operations.overview import peek
    from postkeep_local.operations.queues import queue_states

    found = [peek(archive.client("sqs"), queue) for queue in queue_states(archive) if queue.dead_letters]
    if as_json:
        show_json(dead_letters_values(found))
    else:
        show(dead_letters_table(found))


@dlq.command()
@click.argument("queue", metavar="QUEUE")
@click.option("--limit", type=click.IntRange(1, 1_000), default=10, show_default=True, help="Messages to show, at most.")
@json_option
@on_archive
def show(*, archive: "Archive", queue: str, limit: int, as_json: bool) -> None:
    """Show the messages of the dead-letter queue QUEUE, readably.

    They stay where they are; while they are read, for seconds, nobody else sees them.
    """
    from postkeep_local.commands.tables import clipped, show_json, span
    from postkeep_local.operations.letters import look
    from postkeep_local.operations.overview import since
    from postkeep_local.operations.queues import dead_letter_queue

    found = dead_letter_queue(archive, queue)
    letters = look(archive.client("sqs"), found.url, limit)
    keys = _keys(archive, letters)
    values = [_values(letter, keys) for letter in letters]
    if as_json:
        show_json(values)
        return
    for letter, value in zip(letters, values, strict=True):
        click.echo(f"{clipped(letter.id, _TEXT)}: {clipped(letter.reason, _TEXT)}")
        click.echo(f"  sent        {value.pop('sent')}, {span(since(letter.sent))} ago; received {value.pop('receives')} times")
        for name, entry in value.items():
            if name not in {"id", "kind"} and entry not in (None, "", []):
                for text in entry if isinstance(entry, list) else [entry]:
                    click.echo(f"  {name.replace('_', ' '):<11} {clipped(str(text), _TEXT)}")
    click.echo(f"{len(letters):,} of {max(found.waiting, len(letters)):,} messages")


def _keys(archive: "Archive", letters: "list[Letter]") -> "Mapping[str, str]":
    """The keys of the posts that requests are about, by the posts' ids; none where the table is not to be read."""
    from itertools import batched

    from botocore.exceptions import BotoCoreError, ClientError

    from postkeep.aws.dynamodb import DynamoListings
    from postkeep.messages import IndexRequest, RenderRequest, ThumbnailRequest
    from postkeep.post import is_post_id

    wanted = {
        letter.content.post_id
        for letter in letters
        if isinstance(letter.content, RenderRequest | ThumbnailRequest | IndexRequest)
    }
    listings = DynamoListings(archive.posts_table, archive.client("dynamodb"))
    found: dict[str, str] = {}
    try:
        # A batch is 100 keys (Amazon DynamoDB API Reference, BatchGetItem).
        for some in batched(sorted(post_id for post_id in wanted if is_post_id(post_id)), 100, strict=False):
            found |= {post_id: post.key for post_id, post in listings.posts(some).items()}
    except (BotoCoreError, ClientError):
        return found
    return found


def _values(letter: "Letter", keys: "Mapping[str, str]") -> dict[str, Any]:
    """A message as JSON values."""
    from dataclasses import asdict

    from postkeep.listing import instant
    from postkeep_local.operations.letters import Failure

    value: dict[str, Any] = {"id": letter.id, "sent": instant(letter.sent), "receives": letter.receives}
    match letter.content:
        case Failure() as failure:
            said = asdict(failure)
            del said["payload"]
            return {**value, "kind": "event", **said, "keys": list(failure.keys)}
        case None:
            return {**value, "kind": None, "trouble": letter.trouble, "body": letter.body}
        case request:
            found = {"kind": request.kind, "key": keys.get(request.post_id), **asdict(request)}
            return {**value, **found, "correlation_id": letter.correlation_id or None}


@dlq.command()
@click.argument("queue", required=False, metavar="[QUEUE]")
@click.option("--all", "everything", is_flag=True, help="All dead-letter queues instead of one.")
@click.option("--limit", type=click.IntRange(min=1), help="Messages of each queue, at most. [default: all that are there]")
@click.option("--dry-run", is_flag=True, help="Look and tell, and send nothing.")
@on_archive
def redrive(*, archive: "Archive", queue: str | None, everything: bool, limit: int | None, dry_run: bool) -> None:
    """Send the messages of the dead-letter queue QUEUE back to where they failed.

    Requests go back to their queue; for failed events the function is invoked again. A message is deleted only after it was
    sent. One that is not understood stays, and is named; the exit status is then 1.
    """
    from rich.console import Console

    from postkeep_local.meter import meter
    from postkeep_local.operations.queues import dead_letter_queue, queue_states
    from postkeep_local.operations.redrive import Redrive

    if (queue is None) is not everything:
        raise click.UsageError("Name either one QUEUE or --all.")
    queues = (
        [state for state in queue_states(archive) if state.dead_letters] if queue is None else [dead_letter_queue(archive, queue)]
    )
    stayed = 0
    for state in queues:
        with meter(Console(stderr=True), f"{'Looking at' if dry_run else 'Redriving'} {state.name}") as shown:
            outcome = Redrive(archive, state, dry_run=dry_run)(limit, started=shown.start, done=shown.set)
        _tell(state, outcome, dry_run=dry_run)
        stayed += len(outcome.stayed)
    sys.exit(1 if stayed else 0)


def _tell(queue: "QueueState", outcome: "Redriven", *, dry_run: bool) -> None:
    from postkeep_local.commands.tables import clipped

    for letter, reason in outcome.stayed[:_STAYED_SHOWN]:
        click.echo(f"stays {clipped(letter.id, _TEXT)}: {clipped(reason, _TEXT)}", err=True)
    if len(outcome.stayed) > _STAYED_SHOWN:
        click.echo(f"… and {len(outcome.stayed) - _STAYED_SHOWN:,} more that stay", err=True)
    sent, stays = ("to send again", "would stay") if dry_run else ("sent again", "stayed")
    click.echo(f"{queue.name}: {outcome.sent:,} {sent}, {len(outcome.stayed):,} {stays}")
