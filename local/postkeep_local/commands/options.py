"""What several commands share: the options that say which stack they work on."""

# ruff: noqa: PLC0415  # boto3 is imported by those commands alone that call AWS

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from postkeep_local.operations.archive import Archive

ROOT = Path(__file__).resolve().parents[3]
"""The repository."""

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
"""A folder that is there."""

state_option = click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    default=ROOT / ".postkeep" / "stack",
    show_default=".postkeep/stack",
    help="The folder of the local stack: its posts, its records and its logs.",
)

build_option = click.option(
    "--build",
    type=click.Path(file_okay=False, path_type=Path),
    default=ROOT / ".aws-sam" / "local",
    show_default=".aws-sam/local",
    help="What `make build` made: the functions, the layer and the template.",
)

workers_option = click.option(
    "--workers", type=click.IntRange(1, 32), default=2, show_default=True, help="Worker processes a function, at most."
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

_STACK_OPTIONS = (
    click.option("--stack", help="A stack that CloudFormation deployed, by its name, instead of the local one."),
    click.option("--region", help="The AWS region of --stack. [default: the configured one]"),
    click.option("--profile", help="The profile of the AWS configuration to use with --stack."),
    click.option("--endpoint-url", help="Where AWS's services are, if not at AWS; with --stack."),
)


def archive_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of :func:`open_archive`: state, stack, region, profile, endpoint_url."""
    return functools.reduce(lambda decorated, option: option(decorated), reversed((state_option, *_STACK_OPTIONS)), command)


def on_archive(command: Callable[..., None]) -> Callable[..., None]:
    """Have a command work on an archive: it gets the options that name one, and is called with ``archive``.

    What it sends to the functions carries a correlation id of its own.

    What AWS, the emulator or Postkeep itself refuses becomes a message, and exit status 1.
    """

    @archive_options
    @functools.wraps(command)
    def opened(
        *, state: Path, stack: str | None, region: str | None, profile: str | None, endpoint_url: str | None, **rest: Any
    ) -> None:
        from postkeep.correlation import born, caused_by

        with explained(), caused_by(born(click.get_current_context().info_name or "command")):
            command(archive=open_archive(state, stack, region, profile, endpoint_url), **rest)

    return opened


def tell_cause() -> None:
    """Say how what the command asked for is followed."""
    from postkeep.correlation import current

    click.echo(f"`postkeep trace {current()}` shows what comes of it.", err=True)


def open_archive(
    state: Path,
    stack: str | None,
    region: str | None = None,
    profile: str | None = None,
    endpoint_url: str | None = None,
    *,
    needs: str = "--stack",
) -> "Archive":
    """The archive that the options name; ``needs`` says what the last three belong to.

    Raises:
        click.UsageError: if options that belong to a deployed stack stand alone.
        postkeep_local.operations.archive.ArchiveUnknown: if it is not to be had.
    """
    from postkeep_local.operations.archive import deployed_archive, local_archive

    if stack is not None:
        return deployed_archive(stack, region=region, profile=profile, endpoint_url=endpoint_url)
    for name, value in (("--region", region), ("--profile", profile), ("--endpoint-url", endpoint_url)):
        if value is not None:
            raise click.UsageError(f"{name} needs {needs}.")
    return local_archive(state)


@contextmanager
def explained() -> Iterator[None]:
    """Turn what AWS, the emulator or Postkeep itself refuses into a message for the terminal."""
    from botocore.exceptions import BotoCoreError, ClientError

    from postkeep.errors import PostkeepError
    from postkeep_local.operations.archive import explain

    try:
        yield
    except PostkeepError as error:
        raise click.ClickException(str(error)) from error
    except (BotoCoreError, ClientError) as error:
        raise click.ClickException(explain(error)) from error
