"""SAM CLI as the tests run it, and where its results lie."""

import os
import platform
import subprocess
from dataclasses import dataclass

from support.template import ROOT

BUILD = ROOT / ".aws-sam" / "local"
"""Where `make build` puts the packages for this machine."""

SAM = ROOT / ".venv-sam" / "bin" / "sam"
ARCHITECTURE = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"
REGION = "us-east-1"

ELF_MACHINES = {"x86_64": 0x3E, "arm64": 0xB7}
"""Source: the ELF specification, e_machine."""


def environment() -> dict[str, str]:
    """What SAM CLI runs with: no credentials, since it would ask AWS about them; the containers get its placeholders."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "POWERTOOLS_"))}
    return {
        **kept,
        "PATH": f"{ROOT / '.venv' / 'bin'}{os.pathsep}{kept['PATH']}",  # sam build takes its Python and pip from there
        "SAM_CLI_TELEMETRY": "0",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


@dataclass(frozen=True)
class Ran:
    """What a command left."""

    code: int
    output: str
    errors: str


def sam(*arguments: str) -> Ran:
    """Run SAM CLI at the repository's root."""
    done = subprocess.run(
        [str(SAM), *arguments], cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=300, check=False
    )
    return Ran(done.returncode, done.stdout, done.stderr)
