"""A reader's machine: a copy of the repository, a home, and a shell in which what the documents show is typed."""

import json
import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from postkeep_local.commands.stack import SOONER
from support.commands import commands
from support.template import ROOT

_SECONDS = 300
"""For one command: `make demo` brings a stack up, fills it and takes it down."""

_LENT = (".venv", ".venv-runtime", ".venv-sam", ".aws-sam")
"""What `make` made already."""

_LAG_SECONDS = float(SOONER["ChangesLagSeconds"]) + 3

PLATFORM = {"TERM": "xterm-256color", "COLUMNS": "118", "LANG": "C.UTF-8"}


@dataclass
class Workplace:
    """Where a reader sits."""

    root: Path
    """The copy of the repository."""

    home: Path
    definitions: list[str] = field(default_factory=list)
    """What the shell was told and remembers: variables, functions."""

    @classmethod
    def furnished(cls, folder: Path) -> "Workplace":
        """Copy the repository below a folder; what was installed and built is lent to the copy.

        Raises:
            subprocess.CalledProcessError: if git does not tell which files there are.
        """
        made = cls(folder / "home" / "postkeep", folder / "home")
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - the developer's
            cwd=ROOT,
            capture_output=True,
            check=True,
        )
        for name in filter(None, listed.stdout.decode().split("\0")):
            if (ROOT / name).is_file():
                (made.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, made.root / name)
        for lent in _LENT:
            (made.root / lent).symlink_to(ROOT / lent)
        (made.home / "work").mkdir()
        made.definitions = [one.text for one in commands(ROOT / "docs" / "watching.md") if one.text.startswith("name()")]
        return made

    @property
    def outputs_file(self) -> Path:
        """Where the stack that `make up` brings up tells about itself."""
        return self.root / ".postkeep" / "stack" / "outputs.json"

    def outputs(self) -> dict[str, Any]:
        """What it tells; empty where it does not run."""
        return dict(json.loads(self.outputs_file.read_text("utf-8"))) if self.outputs_file.exists() else {}

    def configure(self) -> None:
        """Have the AWS CLI, and whatever else reads its configuration, talk to the running stack."""
        config = self.home / ".aws" / "config"
        config.parent.mkdir(exist_ok=True)
        config.write_text(
            "".join(
                f"[{profile}]\nregion = us-east-1\nendpoint_url = {self.outputs()['endpoint_url']}\n"
                "aws_access_key_id = test\naws_secret_access_key = test\n"
                for profile in ("default", "profile archive")
            )
        )

    def run(self, line: str, *, inside: bool | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        """Type a line.

        Args:
            line: for bash.
            inside: whether it is typed in the copy of the repository; by default where it needs what is there.
            more: variables of the environment.
        """
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "COV", "MAKE", "MFLAGS", "POSTKEEP"))
        }
        environment |= (
            PLATFORM
            | {
                "HOME": str(self.home),
                "PATH": os.pathsep.join([f"{self.root}/.venv/bin", f"{self.root}/.venv-sam/bin", environment["PATH"]]),
                "PYTHONPATH": f"{self.root}/local",  # the copy's, before that of the environment that is lent
                # What is lent is not made anew, for a copy that is soon gone.
                "MAKEFLAGS": " ".join(f"--assume-old={lent}/ready" for lent in (*_LENT[:-1], ".aws-sam/local")),
                "BROWSER": "true",
                "AWS_EC2_METADATA_DISABLED": "true",
            }
        )
        if inside is None:
            inside = needs_copy(line)
        return subprocess.run(
            ["/bin/bash", "-c", "\n".join(["set -eo pipefail", *self.definitions, line])],
            cwd=self.root if inside else self.home / "work",
            env=environment | more,
            input="y\n" * 3,  # to what is asked
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SECONDS,
            check=False,
        )

    def must(self, line: str) -> str:
        """Type a line that has to succeed, and take what it prints."""
        result = self.run(line)
        assert result.returncode == 0, f"{line}\n{result.stdout[-3000:]}"
        return result.stdout

    def count(self) -> None:
        """Have the changes counted, once they are old enough for it."""
        time.sleep(_LAG_SECONDS)
        self.must('aws lambda invoke --function-name "$(name CountFunction)" counted.json')

    def leave(self) -> None:
        """Stop the stack if it runs."""
        if self.outputs_file.exists():
            self.run("postkeep down")


def needs_copy(line: str) -> bool:
    """Whether what is typed needs to be where the copy of the repository is."""
    return bool(re.match(r"make |sam |\.venv/bin/", line))
