"""The process that a running stack is: it owns the emulator, the workers, the invoker and the HTTP API.

Run as ``python -m postkeep_local.stack.supervisor STATE REPORT``: the state folder, which holds the settings, and an open file
descriptor to which each step is reported as a line of JSON.
"""

import json
import logging
import os
import shutil
import signal
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from postkeep.errors import PostkeepError
from postkeep_local.stack import deployment, replay
from postkeep_local.stack.deployment import STACK, Deployment
from postkeep_local.stack.dispatcher import Dispatcher
from postkeep_local.stack.emulator import REGION, Clients, Emulator, free_port
from postkeep_local.stack.errors import StackFailed
from postkeep_local.stack.events import EventQueue
from postkeep_local.stack.faults import Proxy
from postkeep_local.stack.http_api import HttpApi
from postkeep_local.stack.invoker import Invoker
from postkeep_local.stack.processes import Spawner, kill_leftovers
from postkeep_local.stack.state import Settings, StateFolder, read_json, write_json
from postkeep_local.stack.template import BuiltTemplate, pool_size
from postkeep_local.stack.worker import Environment, Function, Pool

_LOG = logging.getLogger(__name__)

_GRACE_SECONDS = 20.0
"""How long a stop waits for what is being worked on. What is not finished then is done again after the next start."""


class Report:
    """Tells the process that started this one how far it is."""

    def __init__(self, descriptor: int) -> None:
        self._file = os.fdopen(descriptor, "w")

    def __call__(self, kind: str, value: Any) -> None:
        """Report one thing; a reader that went away is no concern."""
        try:
            self._file.write(json.dumps({kind: value}) + "\n")
            self._file.flush()
        except (BrokenPipeError, ValueError):
            return

    def close(self) -> None:
        """Report no more."""
        try:
            self._file.close()
        except BrokenPipeError:
            return


class Stack:
    """A running stack."""

    def __init__(self, state: StateFolder, settings: Settings, report: Report) -> None:
        self._state = state
        self._settings = settings
        self._report = report
        self._template = BuiltTemplate(settings.build, settings.parameters)
        self._resources = ExitStack()
        self._spawner = Spawner()
        self._resources.callback(self._spawner.close)
        self._events = EventQueue(state.events)
        self._resources.callback(self._events.close)
        self._invoker = Invoker(self._events)
        self._resources.callback(self._invoker.close)
        self._dispatchers: list[Dispatcher] = []

    def start(self, *, rebuild: bool) -> dict[str, Any]:
        """Bring everything up.

        Args:
            rebuild: whether the emulator's tables are of no use, so that all is made anew from the buckets' objects.

        Returns:
            what the stack tells about itself.
        """
        recorded = read_json(self._state.endpoint)
        self._port = free_port(recorded["port"] if recorded else self._settings.endpoint_port)
        rebuild = rebuild or (recorded is not None and recorded["port"] != self._port)
        if rebuild:
            self._state.marker.touch()  # an end before it is done must not leave tables that speak of another port
        write_json(self._state.endpoint, {"port": self._port})
        self._clients = Clients(self._port)
        self._resources.callback(self._clients.close)
        if rebuild:
            self._seed()
        self._emulator = self._emulate()
        try:
            self._deploy()
        except StackFailed:
            if rebuild:
                raise
            _LOG.exception("the stack cannot be brought up to date; it is built anew")
            self._emulator.kill()
            rebuild = True
            self._seed()
            self._emulator = self._emulate()
            self._deploy()
        deployed = deployment.describe(self._clients)
        self._state.marker.touch()
        self._faulty = self._proxy() if self._settings.faults else ""
        pools = self._functions(deployed)
        self._api = HttpApi(free_port(self._settings.api_port), self._template.routes(), pools)
        self._resources.callback(self._api.close)
        if replayed := replay.replay(self._clients, deployed, self._events, everything=rebuild):
            self._report("note", f"{replayed:,} objects of the buckets are handled again")
        self._deployed = deployed
        deployment.set_polling(self._clients, deployed, enabled=True)
        return self._outputs(deployed)

    def _emulate(self) -> Emulator:
        state = self._state
        emulator = Emulator(
            self._spawner,
            self._port,
            objects=state.objects,
            tables=state.tables,
            temporary=state.temporary,
            log=state.logs / "emulator.log",
        )
        self._resources.callback(emulator.kill)  # which does nothing to one that has ended
        return emulator

    def _seed(self) -> None:
        """Deploy to an emulator without objects, and keep its tables.

        CloudFormation refuses to create a bucket that exists. The tables that are made beside empty buckets are the same as
        after a clean stop, and the next start finds them and the objects.
        """
        self._report("note", "building the stack anew from what the buckets hold")
        state = self._state
        with ExitStack() as temporary:
            folders = [state.path / "seed-objects", state.path / "seed-tables"]
            for folder in folders:
                shutil.rmtree(folder, ignore_errors=True)
                temporary.callback(shutil.rmtree, folder, ignore_errors=True)
            objects, tables = folders
            log = state.logs / "emulator.log"
            emulator = Emulator(self._spawner, self._port, objects=objects, tables=tables, temporary=state.temporary, log=log)
            temporary.callback(emulator.kill)
            self._deploy()
            if not emulator.stop():
                raise StackFailed(f"the emulator could not save its tables; see {log}")
            shutil.rmtree(state.tables, ignore_errors=True)
            tables.rename(state.tables)

    def _deploy(self) -> None:
        template = self._template.for_emulator(STACK, self._invoker.address, self._settings.workers)
        deployment.deploy(self._clients, template, self._settings.parameters)

    def _proxy(self) -> str:
        state = self._state
        endpoint, faults = self._clients.endpoint, self._settings.faults
        proxy = Proxy(self._spawner, endpoint, faults, folder=state.temporary, log=state.logs / "faults.log")
        self._resources.callback(proxy.kill)
        return proxy.endpoint

    def _functions(self, deployed: Deployment) -> dict[str, Pool]:
        settings, state = self._settings, self._state
        common = Environment(
            runtime=settings.runtime,
            endpoint=self._faulty or self._clients.endpoint,
            logs=state.logs,
            temporary=state.temporary,
            picture_hosts=settings.picture_hosts,
            bytecode=settings.build.parent / "bytecode",
        )
        pools = {}
        for name, spec in self._template.functions().items():
            known = deployed.functions[name]
            function = Function(spec, known.physical_name, known.arn, known.variables)
            pools[name] = Pool(function, common, self._spawner, pool_size(spec, settings.workers))
            self._resources.callback(pools[name].close)
            self._dispatchers.append(
                Dispatcher(
                    self._events,
                    pools[name],
                    on_failure=known.on_failure,
                    send=lambda url, body: self._clients.sqs.send_message(QueueUrl=url, MessageBody=body) and None,
                    retry_seconds=settings.retry_seconds,
                )
            )
        self._invoker.open({pool.function.physical_name: pool for pool in pools.values()})
        return pools

    def _outputs(self, deployed: Deployment) -> dict[str, Any]:
        return {
            "api_url": f"http://{self._api.address}",
            "endpoint_url": self._clients.endpoint,
            "posts_bucket": deployed.buckets.get("PostsBucket", ""),
            "archive_bucket": deployed.buckets.get("ArchiveBucket", ""),
            "table": deployed.tables.get("PostsTable", ""),
            "region": REGION,
            "queues": dict(deployed.queues),
            "faults_url": self._faulty,
            "functions": {name: function.physical_name for name, function in deployed.functions.items()},
        }

    def read_queues(self) -> list[str]:
        """The logical ids of the queues that functions read."""
        arns = deployment.polled(self._clients)
        return [name for name, url in self._deployed.queues.items() if url.rsplit("/", 1)[-1] in arns]

    def await_end(self, stop: threading.Event) -> bool:
        """Wait until a stop is asked for, or the emulator ends; whether the former."""
        ended = threading.Event()

        def watch() -> None:
            self._emulator.process.wait()
            ended.set()
            stop.set()

        threading.Thread(target=watch, daemon=True).start()
        stop.wait()
        return not ended.is_set()

    def stop(self) -> bool:
        """End everything in an order that loses nothing; whether the emulator's tables were saved.

        First no new batches and events are begun, then what is at work is waited for, while S3's events still come to the disk;
        then the emulator saves its tables; then the rest ends.
        """
        self._api.close()
        deployment.set_polling(self._clients, self._deployed, enabled=False)
        self._events.stop()
        for dispatcher in self._dispatchers:
            dispatcher.join(_GRACE_SECONDS)
        self._invoker.await_idle(_GRACE_SECONDS)
        return self._emulator.stop()

    def close(self) -> None:
        """End whatever is still there."""
        self._resources.close()


def run(state: StateFolder, report: Report, stop: threading.Event) -> int:
    """Run a stack until it is told to stop; gives the exit status."""
    state.prepare()
    before = state.owner()
    with state.locked():
        if before is not None and before != os.getpid() and (killed := kill_leftovers(before)):
            _LOG.warning("%d processes of a killed stack were still there", killed)
        state.clear_temporary()
        state.outputs.unlink(missing_ok=True)
        settings = Settings.decode(read_json(state.path / "settings.json"))
        stack = Stack(state, settings, report)
        try:
            outputs = stack.start(rebuild=state.marker.exists())
            record = {"fingerprint": settings.fingerprint(), "read_queues": stack.read_queues()}
            write_json(state.outputs, {**outputs, **record})
            report("ready", outputs)
            report.close()
            _LOG.info("ready: %s", outputs)
            asked = stack.await_end(stop)
            state.outputs.unlink(missing_ok=True)
            if not asked:
                _LOG.error("the emulator ended by itself")
                return 1
            if not stack.stop():
                _LOG.error("the emulator's tables were not saved; the next start builds them anew")
                return 1
            state.marker.unlink()
        finally:
            state.outputs.unlink(missing_ok=True)
            stack.close()
            state.clear_temporary()  # workers are killed, and cannot do it themselves
    return 0


def main(arguments: list[str]) -> int:
    """Run as the module's docstring says."""
    folder, descriptor = arguments
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    report = Report(int(descriptor))
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    try:
        return run(StateFolder(Path(folder)), report, stop)
    except PostkeepError as error:
        _LOG.exception("the stack could not run")
        report("failed", {"reason": str(error)})
    except Exception as error:  # noqa: BLE001 - whatever it is, the process that waits must be told
        _LOG.exception("the stack could not run")
        report("failed", {"reason": f"{type(error).__name__}: {error}"})
    finally:
        report.close()
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
