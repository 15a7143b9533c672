"""SAM CLI takes the template, and builds it for the architecture that it is deployed for by default."""

import struct
from pathlib import Path

import pytest

from sam.cli import ELF_MACHINES, sam

pytestmark = [pytest.mark.sam, pytest.mark.usefixtures("sam_cli")]


# samconfig.toml asks for --lint always; a profile that is not there asks for nothing.
@pytest.mark.parametrize("options", [[], ["--lint"]], ids=["plain", "lint"])
def test_it_is_valid(options: list[str]) -> None:
    ran = sam("validate", "--region", "us-east-1", *options)
    assert ran.code == 0, ran.output + ran.errors
    assert "is a valid SAM Template" in ran.output


def test_it_builds_for_arm64_by_default(tmp_path: Path) -> None:
    ran = sam("build", "--build-dir", str(tmp_path / "build"), "--cache-dir", str(tmp_path / "cache"))
    assert ran.code == 0, ran.output + ran.errors
    libraries = list((tmp_path / "build").rglob("*.so"))
    assert {path.relative_to(tmp_path / "build").parts[0] for path in libraries} >= {"ThumbnailFunction", "QueryFunction"}
    assert {struct.unpack_from("<H", path.read_bytes(), 18)[0] for path in libraries} == {ELF_MACHINES["arm64"]}
