"""The state folder: what lies where, which stack owns it, and how the stack was asked to run."""

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Self

from postkeep_local.stack.errors import StackFailed


def write_json(path: Path, value: Any) -> None:
    """Write a file so that a reader sees all of it or none."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(json.dumps(value, indent=1, ensure_ascii=False))
    temporary.replace(path)


def read_json(path: Path) -> Any:
    """Read a file that :func:`write_json` wrote; None where there is none."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return None


@dataclass(frozen=True, slots=True)
class Settings:
    """How a stack is to run.

    Attributes:
        build: the folder that ``sam build`` wrote, with ``template.yaml`` in it.
        runtime: the folder that holds awslambdaric and boto3, as Lambda's own runtime does.
        parameters: the template's parameters.
        picture_hosts: hosts whose pictures are served elsewhere, for demonstrations and tests.
        workers: worker processes a function, at most.
        api_port: the HTTP API's port if it is free; 0 for any.
        endpoint_port: the emulator's port if it is free; 0 for any. The folder keeps the one it got.
        retry_seconds: the pause before an asynchronous invocation's first retry (AWS: 60), doubled before the second.
        faults: what is to fail between the functions and the emulator, see :class:`postkeep_local.stack.faults.Proxy`; empty for
            nothing.
    """

    build: Path
    runtime: Path
    parameters: Mapping[str, str] = field(default_factory=dict)
    picture_hosts: Mapping[str, str] = field(default_factory=dict)
    workers: int = 2
    api_port: int = 8080
    endpoint_port: int = 4566
    retry_seconds: float = 1.0
    faults: Mapping[str, Any] = field(default_factory=dict)

    def fingerprint(self) -> str:
        """A digest of the settings and of every built file: a running stack with another one must be replaced."""
        digest = hashlib.blake2b(json.dumps(self.encode(), sort_keys=True).encode())
        for path in sorted(self.build.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"\0{path.relative_to(self.build)}\0".encode(errors="surrogateescape"))
                digest.update(path.read_bytes())
        return digest.hexdigest()

    def encode(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return {**asdict(self), "build": str(self.build), "runtime": str(self.runtime)}

    @classmethod
    def decode(cls, values: Mapping[str, Any]) -> Self:
        """Read what :meth:`encode` gave."""
        return cls(**{**values, "build": Path(values["build"]), "runtime": Path(values["runtime"])})


@dataclass(frozen=True, slots=True)
class StateFolder:
    """A stack's folder. Everything that outlives a stop is in it."""

    path: Path

    @property
    def objects(self) -> Path:
        """The buckets' objects, written through as they come: they survive a kill."""
        return self.path / "objects"

    @property
    def tables(self) -> Path:
        """The emulator's other state, written at a clean stop only."""
        return self.path / "tables"

    @property
    def temporary(self) -> Path:
        """TMPDIR of the emulator and the functions."""
        return self.path / "tmp"

    @property
    def logs(self) -> Path:
        """One file a function, and the emulator's."""
        return self.path / "logs"

    @property
    def log(self) -> Path:
        """The supervisor's own log."""
        return self.path / "stack.log"

    @property
    def events(self) -> Path:
        """The database of asynchronous events."""
        return self.path / "events.sqlite3"

    @property
    def marker(self) -> Path:
        """Exists while the tables on disk are older than the objects: from the first work to the clean stop that follows."""
        return self.path / "unsaved"

    @property
    def outputs(self) -> Path:
        """What a running stack tells about itself."""
        return self.path / "outputs.json"

    @property
    def endpoint(self) -> Path:
        """The emulator's port, which queue addresses are made of."""
        return self.path / "endpoint.json"

    def prepare(self) -> None:
        """Make the folders; other users of the machine have no business in them."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.objects, self.tables, self.temporary, self.logs):
            folder.mkdir(exist_ok=True)

    def clear_temporary(self) -> None:
        """Delete what processes that are gone left in their TMPDIR."""
        for path in self.temporary.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def record(self) -> dict[str, Any] | None:
        """What the stack that runs here tells about itself; None if none runs, or it is not ready yet."""
        record: dict[str, Any] | None = read_json(self.outputs)
        return record if record is not None and self.is_locked() else None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Own the folder: one stack at a time. The system gives the lock back however the owner ends.

        Raises:
            StackFailed: if another process owns it.
        """
        with (self.path / "lock").open("a") as file:
            for _ in range(20):  # somebody who only looks holds it for an instant
                if _lock(file):
                    break
                time.sleep(0.05)
            else:
                raise StackFailed(f"another stack runs on {self.path}")
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield
            file.truncate(0)  # an owner that was killed, or failed, stays named

    def is_locked(self) -> bool:
        """Whether a stack runs on this folder."""
        try:
            with (self.path / "lock").open("a") as file:
                return not _lock(file)
        except FileNotFoundError:
            return False

    def owner(self) -> int | None:
        """The process, and process group, of the stack that runs here or was the last to run here."""
        try:
            return int((self.path / "lock").read_text())
        except (FileNotFoundError, ValueError):
            return None


def _lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
