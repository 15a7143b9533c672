from collections.abc import Iterator

import pytest
from moto import mock_aws

from postkeep_local.operations.archive import Archive
from unit.cli.deployed import deploy


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Archive]:
    """A deployed archive in moto, whose functions take every invocation and do nothing."""
    monkeypatch.setattr("postkeep_local.operations.letters._WAIT_SECONDS", 0)
    with mock_aws(config={"lambda": {"use_docker": False}}):
        yield deploy()
