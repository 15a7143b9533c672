"""Measure each function's cold start under Lambda's own runtime client.

    python bench/cold_start.py [--runs 7] [--build .aws-sam/local] [--runtime .venv-runtime] [--json]

A local stack is brought up and one post dropped into it. Then, for each function of the template, fresh processes are started one
after the other, as the stack starts them, but compiling all modules anew: as on AWS, where no bytecode is shipped. Two times are
taken: from the process's start to its first request for an event (init), and the first invocation, with an event that takes the
function's usual way (but no picture is fetched). Next to it, the same is measured of a bare handler that only creates the same
boto3 clients at import, without the layer. Medians over the runs, and the ratio of the sums.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from postkeep.messages import RenderRequest, ThumbnailRequest
from postkeep.post import edition, picture_id, post_id
from postkeep_local.stack import control, deployment, http_event, replay
from postkeep_local.stack.control import BUILD, RUNTIME
from postkeep_local.stack.emulator import Clients
from postkeep_local.stack.invocation import Invocation
from postkeep_local.stack.log import BoundedLog
from postkeep_local.stack.processes import Spawner
from postkeep_local.stack.replay import Current
from postkeep_local.stack.template import BuiltTemplate, FunctionSpec, Route
from postkeep_local.stack.worker import Environment, Function, Worker

ROOT = Path(__file__).resolve().parents[1]

CLIENTS: Mapping[str, Sequence[str]] = {
    "ParseFunction": ("s3", "dynamodb", "sqs"),
    "RenderFunction": ("s3", "dynamodb", "sqs"),
    "ThumbnailFunction": ("s3", "dynamodb"),
    "QueryFunction": ("dynamodb", "s3"),
}
"""The boto3 clients that each function makes."""

_KEY = "bench/_posts/2021-06-29-rain.md"
_POST = """---
title: "Rain"
date: 2021-06-29T00:00:00.000Z
author: Bench
from: https://example.org/rain
---
<p>一場大雨。</p>
"""


@dataclass(frozen=True, slots=True)
class Timing:
    """Medians in milliseconds."""

    init: float
    first: float


@dataclass(frozen=True, slots=True)
class Result:
    """A function's cold start beside the bare handler's.

    Attributes:
        function: the logical id.
        cold: the function's.
        bare: the bare handler's.
        ratio: of the sums of init and first invocation.
        init_ratio: of the inits alone.
    """

    function: str
    cold: Timing
    bare: Timing
    ratio: float
    init_ratio: float


def measure(functions: Sequence[tuple[Function, Any]], runs: int, common: Environment, spawner: Spawner) -> Sequence[Timing]:
    """Time fresh processes of some functions in turn, so that whatever else the machine does falls on all of them.

    Args:
        functions: each with its event.
        runs: processes of each.
        common: what the processes have in common.
        spawner: starts them.

    Raises:
        SystemExit: if a function fails, with its error: a failure's time would say nothing.
    """
    found: list[list[Timing]] = [[] for _ in functions]
    for _ in range(runs):
        for (function, event), timings in zip(functions, found, strict=True):
            timings.append(_once(function, event, common, spawner))
    return [
        Timing(statistics.median(one.init for one in timings), statistics.median(one.first for one in timings))
        for timings in found
    ]


def _once(function: Function, event: Any, common: Environment, spawner: Spawner) -> Timing:
    log = BoundedLog(common.logs / f"{function.spec.name}.log")
    worker = Worker(function, common, spawner, log)
    begun = time.perf_counter()
    error = worker.start()
    started = time.perf_counter()
    outcome = error or worker.invoke(Invocation(json.dumps(event).encode()))
    ended = time.perf_counter()
    worker.close()
    log.close()
    if outcome.failed:
        sys.exit(f"{function.spec.name} failed: {outcome.payload.decode()}")
    return Timing((started - begun) * 1000, (ended - started) * 1000)


def bare(spec: FunctionSpec, folder: Path) -> FunctionSpec:
    """A handler that only creates the clients of a function."""
    code = folder / spec.name
    code.mkdir()
    lines = ["import boto3", *(f"boto3.client({name!r})" for name in CLIENTS[spec.name])]
    (code / "bare.py").write_text("\n".join([*lines, "def handler(event, context): return {}", ""]))
    return replace(spec, name=f"Bare{spec.name}", handler="bare.handler", code=code, layers=())


def events(bucket: str) -> Mapping[str, Any]:
    """An event for each function, of the kind that it gets."""
    post = post_id(_KEY)
    return {
        "ParseFunction": replay.event(bucket, Current(_KEY, "", "", len(_POST.encode()), deleted=False)),
        "RenderFunction": _batch(RenderRequest(post, 1).encode()),
        # A picture that the post does not have: its message is out of date.
        "ThumbnailFunction": _batch(
            ThumbnailRequest(post, picture_id("x"), edition(1, 1), "https://example.org/x.png", "").encode()
        ),
        "QueryFunction": http_event.event(
            http_event.Request("GET", "/posts", [("host", "localhost")]), Route("ANY", "/{proxy+}", ""), {"proxy": "posts"}
        ),
    }


def _batch(body: str) -> dict[str, Any]:
    record = {
        "messageId": "1-2-3",
        "receiptHandle": "handle",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "0",
            "SenderId": "x",
            "ApproximateFirstReceiveTimestamp": "0",
        },
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:queue",
        "awsRegion": "us-east-1",
    }
    return {"Records": [record]}


def measure_all(build: Path, runtime: Path, runs: int, folder: Path) -> list[Result]:
    """Bring a stack up in a folder and measure all functions."""
    state = folder / "state"
    outputs = control.up(ROOT, state=state, build=build, runtime=runtime, api_port=0, endpoint_port=0, echo=lambda _: None)
    clients = Clients(int(outputs.endpoint_url.rsplit(":", 1)[1]))
    spawner = Spawner()
    results = []
    try:
        clients.s3.put_object(Bucket=outputs.posts_bucket, Key=_KEY, Body=_POST.encode())
        control.await_idle(state, seconds=120)
        deployed = deployment.describe(clients).functions
        common = Environment(runtime.resolve(), outputs.endpoint_url, folder, folder, {})
        for name, spec in BuiltTemplate(build.resolve()).functions().items():
            if name not in CLIENTS:  # nobody waits for those that run on a schedule
                continue
            known = deployed[name]
            function = Function(spec, known.physical_name, known.arn, known.variables)
            pair = [(function, events(outputs.posts_bucket)[name]), (replace(function, spec=bare(spec, folder)), {})]
            cold, base = measure(pair, runs, common, spawner)
            ratio = (cold.init + cold.first) / (base.init + base.first)
            results.append(Result(name, cold, base, ratio, cold.init / base.init))
    finally:
        spawner.close()
        clients.close()
        control.down(state, lambda _: None)
    return results


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--build", type=Path, default=ROOT / BUILD)
    parser.add_argument("--runtime", type=Path, default=ROOT / RUNTIME)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = measure_all(arguments.build, arguments.runtime, arguments.runs, Path(folder))
    if arguments.json:
        print(json.dumps([asdict(result) for result in results], indent=1))
        return
    print(f"median milliseconds over {arguments.runs} fresh processes")
    print(f"{'function':20}{'init':>8}{'first':>8}{'bare init':>12}{'first':>8}{'ratio':>8}{'of init':>9}")
    for result in results:
        print(
            f"{result.function:20}{result.cold.init:8.0f}{result.cold.first:8.0f}"
            f"{result.bare.init:12.0f}{result.bare.first:8.0f}{result.ratio:8.2f}{result.init_ratio:9.2f}"
        )


if __name__ == "__main__":
    main()
