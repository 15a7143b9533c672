"""Drop many posts at once into a local stack, and count what arrives.

    python bench/burst.py --posts 1500 [--build .aws-sam/local] [--runtime .venv-runtime] [--kill]

Prints uploads and finished posts a second, what the processes used, and what was lost (and exits 1 if anything was). With
``--kill`` the whole stack is killed in the middle and brought up again. ``bench/ingest.py --stack`` does the same with posts from
a folder.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx

from postkeep_local.stack import control
from postkeep_local.stack.emulator import Clients
from postkeep_local.stack.state import StateFolder

ROOT = Path(__file__).resolve().parents[1]

_NO_POST = ".no-post"
"""An ending that no event matches: an object that is only uploaded."""

_PROCESS = re.compile(r"-m (?:awslambdaric (\w+)\.|ministack)")
"""A function's worker, or the emulator."""

_POST = """---
layout: post
title: "Post number {number}"
date: 2021-06-29T00:00:00.000Z
author: Author {author}
from: https://example.org/{number}
tags: [ burst ]
---
<p>The text of number {number}: 一場大雨。</p>
"""


@dataclass(slots=True)
class Worker:
    """What a worker process, or the emulator, was last seen to have used.

    Attributes:
        package: of its function, or "emulator".
        peak: the most memory it held, in bytes; 0 where the system does not tell (only Linux does).
        cpu: seconds of CPU time, as above.
    """

    package: str
    peak: int = 0
    cpu: float = 0.0


@dataclass(frozen=True, slots=True)
class Burst:
    """How a burst went.

    Attributes:
        posts: how many were dropped.
        plain: objects a second that the emulator takes where no function is attached.
        uploaded: posts a second while they were uploaded.
        finished: posts a second from the first upload until all were final.
        lost: keys that the API does not list in a final state.
        given_up: messages in dead-letter queues.
        idle: whether everything was done in time.
        workers: by process.
    """

    posts: int
    plain: float
    uploaded: float
    finished: float
    lost: frozenset[str]
    given_up: int
    idle: bool
    workers: Mapping[int, Worker]

    @property
    def whole(self) -> bool:
        """Whether everything arrived."""
        return self.idle and not self.lost and not self.given_up

    def cpu(self) -> dict[str, float]:
        """Seconds of CPU time a post, imports included, by the functions' packages."""
        spent: dict[str, float] = {}
        for worker in self.workers.values():
            spent[worker.package] = spent.get(worker.package, 0.0) + worker.cpu / self.posts
        return spent

    def report(self) -> str:
        """The figures as lines."""
        packages = sorted({worker.package for worker in self.workers.values()})
        lines = [
            f"plain           {self.plain:.0f} objects a second into the emulator alone",
            f"uploaded        {self.uploaded:.0f} posts a second beside the working functions",
            f"finished        {self.posts:,} posts, {self.finished:.1f} a second, {self.finished / self.plain:.3f} of plain",
        ]
        for package in packages:
            ours = [worker for worker in self.workers.values() if worker.package == package]
            peak = max(worker.peak for worker in ours) / 1024**2
            lines.append(
                f"{package:<16}{len(ours)} processes, {peak:.0f} MB at most, {self.cpu()[package] * 1000:.1f} ms CPU a post"
            )
        return "\n".join([*lines, f"given up        {self.given_up}", f"lost            {len(self.lost)}"])


def _look(owner: int, workers: dict[int, Worker]) -> None:
    """See what a stack's workers have used so far."""
    command = ["ps", "-A", "-ww", "-o", "pgid=,pid=,command="]
    for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines():
        group, pid, rest = line.split(None, 2)
        if int(group) == owner and (found := _PROCESS.search(rest)):
            _measure(int(pid), workers.setdefault(int(pid), Worker(found[1] or "emulator")))


def _measure(pid: int, worker: Worker) -> None:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:  # it has ended, or this is no Linux
        return
    if peak := re.search(r"VmHWM:\s+(\d+) kB", status):
        worker.peak = int(peak[1]) * 1024
    user, system = int(fields[11]), int(fields[12])  # proc(5): utime and stime, the 14th and 15th of all fields
    worker.cpu = (user + system) / os.sysconf("SC_CLK_TCK")


def _final(outputs: control.Outputs) -> set[str]:
    """The keys of the posts that the API lists as ready or rejected, page by page."""
    keys: set[str] = set()
    with httpx.Client(base_url=outputs.api_url, timeout=60, trust_env=False) as api:
        for status in ("ready", "rejected"):
            cursor = None
            while True:
                parameters = {"limit": 100, "status": status} | ({"cursor": cursor} if cursor else {})
                page = api.get("/posts", params=parameters).raise_for_status().json()
                keys.update(post["key"] for post in page["posts"])
                cursor = page["next"]
                if not cursor:
                    break
    return keys


def _upload(outputs: control.Outputs, posts: Mapping[str, bytes]) -> float:
    """Put the posts into the bucket; gives posts a second."""
    clients = Clients(int(outputs.endpoint_url.rsplit(":", 1)[1]))
    begun = time.monotonic()
    with ThreadPoolExecutor(8) as executor:
        list(executor.map(lambda key: clients.s3.put_object(Bucket=outputs.posts_bucket, Key=key, Body=posts[key]), posts))
    seconds = time.monotonic() - begun
    clients.close()
    return len(posts) / seconds


def run(posts: Mapping[str, bytes], *, build: Path, runtime: Path, workers: int, kill: bool = False) -> Burst:
    """Drop posts, by key, into a new stack and wait until it is idle.

    Args:
        posts: at least one.
        build: what ``sam build`` made.
        runtime: the folder with awslambdaric and boto3.
        workers: worker processes a function.
        kill: whether the stack is killed once all are uploaded, and brought up again.
    """
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)

        def up() -> control.Outputs:
            return control.up(
                ROOT,
                state=state,
                build=build,
                runtime=runtime,
                parameters={"FetchPictures": "false"},
                workers=workers,
                api_port=0,
                endpoint_port=0,
                echo=_tell,
            )

        outputs = up()
        try:
            plain = _upload(outputs, {key + _NO_POST: body for key, body in posts.items()})
            begun = time.monotonic()
            uploaded = _upload(outputs, posts)
            if kill:
                if owner := StateFolder(state).owner():
                    os.kill(owner, signal.SIGKILL)
                outputs = up()
            seen: dict[int, Worker] = {}
            backlog = control.await_idle(state, seconds=1200, progress=lambda _: _look(StateFolder(state).owner() or 0, seen))
            seconds = time.monotonic() - begun
            lost = frozenset(posts.keys() - _final(outputs))
        finally:
            control.down(state, _tell)
    return Burst(
        posts=len(posts),
        plain=plain,
        uploaded=uploaded,
        finished=(len(posts) - len(lost)) / seconds,
        lost=lost,
        given_up=sum(backlog.dead_letters.values()),
        idle=backlog.idle,
        workers=seen,
    )


def _tell(line: str) -> None:
    print(line, file=sys.stderr)


def main() -> int:
    """Run it; the exit status is 1 if a post was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=1500)
    parser.add_argument("--build", type=Path, default=ROOT / control.BUILD)
    parser.add_argument("--runtime", type=Path, default=ROOT / control.RUNTIME)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kill", action="store_true")
    arguments = parser.parse_args()
    posts = {
        f"burst/_posts/2021-06-29-{number}.md": _POST.format(number=number, author=number % 50).encode()
        for number in range(arguments.posts)
    }
    burst = run(posts, build=arguments.build, runtime=arguments.runtime, workers=arguments.workers, kill=arguments.kill)
    print(burst.report())
    return 0 if burst.whole else 1


if __name__ == "__main__":
    sys.exit(main())
