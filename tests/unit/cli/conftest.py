from collections.abc import Iterator

import click.testing
import httpx
import pytest
from moto import mock_aws

from postkeep_local.api import Api
from postkeep_local.commands import api_options
from postkeep_local.operations.archive import Archive
from unit.cli.deployed import deploy
from unit.cli.reading import FakeArchive


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Archive]:
    """A deployed archive in moto, whose functions take every invocation and do nothing."""
    monkeypatch.setattr("postkeep_local.operations.letters._WAIT_SECONDS", 0)
    with mock_aws(config={"lambda": {"use_docker": False}}):
        yield deploy()


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeArchive:
    """The API that the commands ask, whatever its address."""
    monkeypatch.delenv("POSTKEEP_TOKEN", raising=False)
    made = FakeArchive()

    def make(url: str, token: str) -> Api:
        return Api(url, token=token, transport=httpx.MockTransport(made), sleep=made.slept.append)

    monkeypatch.setattr(api_options, "_api", make)
    return made


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the commands believe that they write to a terminal of 80 columns and 24 lines."""
    monkeypatch.setattr(click.testing._NamedTextIOWrapper, "isatty", lambda _: True, raising=False)
    for name, value in (("COLUMNS", "80"), ("LINES", "24"), ("TERM", "dumb"), ("NO_COLOR", "1")):
        monkeypatch.setenv(name, value)
