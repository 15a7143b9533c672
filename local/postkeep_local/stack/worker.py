"""A function's worker processes: AWS's own runtime client, run from what ``sam build`` made, in bounded number."""

import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from postkeep_local.stack.emulator import REGION
from postkeep_local.stack.errors import Busy
from postkeep_local.stack.invocation import Invocation, Outcome, exited, timed_out
from postkeep_local.stack.log import BoundedLog
from postkeep_local.stack.processes import INTERPRETER, Spawner
from postkeep_local.stack.runtime_api import RuntimeApi
from postkeep_local.stack.template import FunctionSpec

INIT_SECONDS = 60.0
"""How long a function's import may take. AWS gives 10 s, to a machine that does nothing else; here all start at once."""

_MEMORY_FACTOR = 1.5
"""RLIMIT_DATA counts what a process reserves; AWS counts what it touches. Threads' stacks and arenas are the difference."""

_MEBIBYTE = 1024 * 1024


_PORTABLE = Path(__file__).parent / "portable"
"""Stands in for the runtime client's C extension where that is not to be had."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What all functions of a stack are run with.

    Attributes:
        runtime: the folder that holds awslambdaric and boto3.
        endpoint: the emulator's address.
        logs: the folder for the logs.
        temporary: the functions' TMPDIR.
        picture_hosts: hosts whose pictures are served elsewhere.
        bytecode: where compiled modules are kept between runs; None to compile at every start, as on AWS.
    """

    runtime: Path
    endpoint: str
    logs: Path
    temporary: Path
    picture_hosts: Mapping[str, str]
    bytecode: Path | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """A function that can be run: what the template says of it, and what it is called and told in this stack."""

    spec: FunctionSpec
    physical_name: str
    arn: str
    variables: Mapping[str, str]

    def environment(self, common: Environment) -> dict[str, str]:
        """The whole of a worker's environment, but for the address of its Runtime API."""
        spec = self.spec
        # Elsewhere than on Linux the built wheels cannot be loaded: the ones installed for development come first.
        foreign = [] if sys.platform == "linux" else [path for path in sys.path if path.endswith("site-packages")]
        path = [*foreign, str(spec.code), *map(str, spec.layers), str(common.runtime), str(_PORTABLE)]
        told = {
            **self.variables,
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(common.temporary),
            "TMPDIR": str(common.temporary),
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PYTHONPATH": ":".join(path),
            "LAMBDA_TASK_ROOT": str(spec.code),
            "_HANDLER": spec.handler,
            "AWS_LAMBDA_FUNCTION_NAME": self.physical_name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory),
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{self.physical_name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "local",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_ENDPOINT_URL": common.endpoint,
        }
        if common.picture_hosts:
            told["POSTKEEP_PICTURE_HOSTS"] = json.dumps(dict(common.picture_hosts))
        if common.bytecode:
            told["PYTHONPYCACHEPREFIX"] = str(common.bytecode)
        else:
            told["PYTHONDONTWRITEBYTECODE"] = "1"
        return told


class Worker:
    """One process and its Runtime API. A process that is lost is replaced by a new one, as Lambda does."""

    def __init__(self, function: Function, common: Environment, spawner: Spawner, log: BoundedLog) -> None:
        self._function = function
        self._common = common
        self._spawner = spawner
        self._log = log
        self._api: RuntimeApi | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process, where there is one."""
        return self._process.pid if self._process else None

    def start(self) -> Outcome | None:
        """Start the process and have it import the function; None if it did, else its error."""
        spec = self._function.spec
        self._api = RuntimeApi(self._function.arn)
        self._process = self._spawner.start(
            [str(INTERPRETER), "-S", "-m", "awslambdaric", spec.handler],
            environment={**self._function.environment(self._common), "AWS_LAMBDA_RUNTIME_API": self._api.address},
            folder=spec.code,
            output=subprocess.PIPE,
            data_limit=int(spec.memory * _MEBIBYTE * _MEMORY_FACTOR),
        )
        threading.Thread(target=_drain, args=(self._process, self._log), daemon=True).start()
        threading.Thread(target=_watch, args=(self._process, self._api), daemon=True).start()
        return self._api.await_start(INIT_SECONDS)

    def invoke(self, invocation: Invocation) -> Outcome:
        """Handle an event; starts the process first where there is none. Never raises: every end is an outcome."""
        if self._api is None or not self._api.alive:
            self.close()
            if error := self.start():
                self.close()
                return error
        api = self._api
        assert api is not None  # noqa: S101 - start() made it
        result = api.run(invocation, self._function.spec.timeout)
        if isinstance(result, Outcome):
            return result
        self.close()
        if result is None:
            return timed_out(invocation.request_id, self._function.spec.timeout)
        return exited(invocation.request_id, result)

    def close(self) -> None:
        """Kill the process, if there is one, and stop its Runtime API."""
        process, self._process = self._process, None
        api, self._api = self._api, None
        if process is not None:
            process.kill()
            process.wait()
        if api is not None:
            api.close()


def _drain(process: subprocess.Popen[bytes], log: BoundedLog) -> None:
    assert process.stdout is not None  # noqa: S101 - it was started with a pipe
    with process.stdout as output:
        log.copy(output)


def _watch(process: subprocess.Popen[bytes], api: RuntimeApi) -> None:
    api.exited(process.wait())


class Runner(Protocol):
    """Runs one function's invocations, some at the same time."""

    @property
    def function(self) -> Function:
        """Which function."""
        ...

    @property
    def size(self) -> int:
        """How many invocations at the same time, at most."""
        ...

    def invoke(self, invocation: Invocation, *, patience: float) -> Outcome:
        """Handle an event as soon as there is room for it.

        Args:
            invocation: the event.
            patience: how long to wait for room, in seconds.

        Raises:
            Busy: if there was none in that time.
        """
        ...


class Pool:
    """The workers of one function: made when they are needed, used again while they are warm, never more than ``size``."""

    def __init__(self, function: Function, common: Environment, spawner: Spawner, size: int) -> None:
        self._function = function
        self._log = BoundedLog(common.logs / f"{function.spec.name}.log")
        self._workers = [Worker(function, common, spawner, self._log) for _ in range(size)]
        self._idle = list(reversed(self._workers))
        self._changed = threading.Condition()

    def invoke(self, invocation: Invocation, *, patience: float) -> Outcome:
        """See :meth:`Runner.invoke`."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._idle, patience):
                raise Busy(self._function.spec.name, patience)
            worker = self._idle.pop()
        try:
            return worker.invoke(invocation)
        finally:
            with self._changed:
                self._idle.append(worker)
                self._changed.notify()

    @property
    def function(self) -> Function:
        """See :attr:`Runner.function`."""
        return self._function

    @property
    def size(self) -> int:
        """See :attr:`Runner.size`."""
        return len(self._workers)

    def close(self) -> None:
        """Kill all workers."""
        for worker in self._workers:
            worker.close()
        self._log.close()
