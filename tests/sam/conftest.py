"""Fixtures of the tests with SAM CLI."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sam.cli import ARCHITECTURE, BUILD, REGION, SAM
from sam.services import Services, bridge, emulator, fill


@pytest.fixture(scope="session")
def build() -> Path:
    """What `make build` made."""
    if not (BUILD / "ready").exists():
        pytest.skip("nothing is built for this machine: make build")
    return BUILD


@pytest.fixture(scope="session")
def sam_cli() -> None:
    """SAM CLI must be there."""
    if not SAM.exists():
        pytest.skip("SAM CLI is not installed here: make build")


@pytest.fixture(scope="session")
def services(build: Path, sam_cli: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    address, name = bridge()
    with emulator(address, tmp_path_factory.mktemp("emulator")) as endpoint:
        yield fill(endpoint, name)


@pytest.fixture(scope="session")
def local_options(services: Services, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The options of `sam local` that bind the containers to the services.

    The image is AWS's own, which SAM pulls, unless POSTKEEP_LAMBDA_IMAGE names one that is there (see base-image.sh).
    """
    variables = tmp_path_factory.mktemp("sam") / "variables.json"
    variables.write_text(json.dumps({"Parameters": services.variables()}))
    image = os.environ.get("POSTKEEP_LAMBDA_IMAGE")
    return [
        "--template-file",
        str(BUILD / "template.yaml"),
        "--env-vars",
        str(variables),
        "--parameter-overrides",
        f"EndpointUrl={services.endpoint} Architecture={ARCHITECTURE}",
        "--region",
        REGION,
        *(["--skip-pull-image", "--invoke-image", image] if image else []),
    ]
