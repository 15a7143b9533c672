"""What the commands that read through the API share: the options that say which API, and what its refusals become."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from postkeep_local.commands.options import archive_options, explained, open_archive

if TYPE_CHECKING:
    from postkeep_local.api import Api

ABSENT = 3
"""The exit status where what was asked for is not there (404), or not any more (410)."""

_API_OPTIONS = (
    click.option("--api", "url", help="Any API of Postkeep, by its address, instead of a stack's.", metavar="URL"),
    click.option(
        "--token",
        "--api-key",
        "token",
        envvar="POSTKEEP_TOKEN",
        default="",
        help="Sent as `Authorization: Bearer`, for an API that asks for it. [env: POSTKEEP_TOKEN]",
        metavar="TOKEN",
    ),
)


class Absent(click.ClickException):
    """What was asked for is not there."""

    exit_code = ABSENT


def on_api(command: Callable[..., None]) -> Callable[..., None]:
    """Have a command read through an API: it gets the options that name one, and is called with ``api``.

    What is refused becomes a message, and exit status 1; 3 for what is not there.
    """

    @functools.wraps(command)
    def opened(
        *,
        url: str | None,
        token: str,
        state: Path,
        stack: str | None,
        region: str | None,
        profile: str | None,
        endpoint_url: str | None,
        **rest: Any,
    ) -> None:
        with _refusals():
            if url is None:
                with explained():
                    archive = open_archive(state, stack, region, profile, endpoint_url)
                if not archive.api_url:
                    raise click.ClickException(f"{archive.name} has no API.")
                url = archive.api_url
            elif stack or region or profile or endpoint_url:
                raise click.UsageError("--api excludes --stack, --region, --profile and --endpoint-url.")
            with _api(url, token) as api:
                command(api=api, **rest)

    decorated = archive_options(opened)
    for option in reversed(_API_OPTIONS):
        decorated = option(decorated)
    return decorated


def _api(url: str, token: str) -> "Api":
    from postkeep_local.api import Api  # noqa: PLC0415 (httpx is imported by those commands alone that use it)

    return Api(url, token=token)


@contextmanager
def _refusals() -> Iterator[None]:
    from postkeep_local.api import ApiProblem, ApiUnusable  # noqa: PLC0415 (as above)

    try:
        yield
    except ApiProblem as problem:
        raise (Absent if problem.absent else click.ClickException)(str(problem)) from problem
    except ApiUnusable as error:
        raise click.ClickException(str(error)) from error
