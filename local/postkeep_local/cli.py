"""The console command ``postkeep``. ``docs/cli.md`` documents it, and a test holds the two together.

The commands are in :mod:`postkeep_local.commands`, one module a group. They import what they need when they are called, so
that ``postkeep preview`` waits for neither boto3 nor httpx.
"""

from importlib.metadata import version

import click

from postkeep_local.commands.dlq import dlq
from postkeep_local.commands.export import export
from postkeep_local.commands.finding import find
from postkeep_local.commands.learn import learn
from postkeep_local.commands.listing import counts, ls
from postkeep_local.commands.posts import preview, put
from postkeep_local.commands.purge import purge
from postkeep_local.commands.reading import open_post, show
from postkeep_local.commands.reconcile import reconcile
from postkeep_local.commands.reprocess import reprocess
from postkeep_local.commands.retry import retry_pictures
from postkeep_local.commands.rules import rules
from postkeep_local.commands.search import search
from postkeep_local.commands.stack import demo, down, up
from postkeep_local.commands.status import status
from postkeep_local.commands.trace import trace
from postkeep_local.commands.upgrade import upgrade


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("postkeep"), prog_name="postkeep")
def main() -> None:
    """Keep posts: preview them, put them into a bucket, read them, and run the whole of Postkeep on this machine."""


for _command in (
    preview,
    learn,
    rules,
    put,
    up,
    down,
    ls,
    find,
    show,
    open_post,
    counts,
    status,
    trace,
    upgrade,
    dlq,
    reconcile,
    reprocess,
    retry_pictures,
    search,
    purge,
    export,
    demo,
):
    main.add_command(_command)
