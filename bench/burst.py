"""Drop many small posts at once into a local stack, and count what arrives.

    python bench/burst.py --posts 1500 [--build .aws-sam/local] [--runtime .venv-runtime] [--kill]

Prints uploads and finished posts a second, the most worker processes seen at the same time, and what was lost (and exits 1 if
anything was). With ``--kill`` the whole stack is killed in the middle and brought up again.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from postkeep_local.stack import control
from postkeep_local.stack.emulator import Clients
from postkeep_local.stack.state import StateFolder

ROOT = Path(__file__).resolve().parents[1]

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


def workers_of(owner: int) -> int:
    """How many worker processes a stack has."""
    listing = subprocess.run(["ps", "-A", "-ww", "-o", "pgid=,command="], capture_output=True, text=True, check=True).stdout  # noqa: S607 - the system's
    return sum(line.split(None, 1)[0] == str(owner) and "-m awslambdaric" in line for line in listing.splitlines())


def finished(outputs: control.Outputs) -> set[str]:
    """The keys of the posts that the API lists as ready, page by page."""
    keys: set[str] = set()
    with httpx.Client(base_url=outputs.api_url, timeout=60, trust_env=False) as api:
        cursor = None
        while True:
            page = api.get("/posts", params={"limit": 100} | ({"cursor": cursor} if cursor else {})).raise_for_status().json()
            keys.update(post["key"] for post in page["posts"] if post["status"] == "ready")
            cursor = page["next"]
            if not cursor:
                return keys


def main() -> int:
    """Run it; the exit status is 1 if a post was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=1500)
    parser.add_argument("--build", type=Path, default=ROOT / control.BUILD)
    parser.add_argument("--runtime", type=Path, default=ROOT / control.RUNTIME)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kill", action="store_true")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)

        def up() -> control.Outputs:
            return control.up(
                ROOT,
                state=state,
                build=arguments.build,
                runtime=arguments.runtime,
                workers=arguments.workers,
                api_port=0,
                endpoint_port=0,
            )

        outputs = up()
        try:
            clients = Clients(int(outputs.endpoint_url.rsplit(":", 1)[1]))
            keys = [f"burst/_posts/2021-06-29-{number}.md" for number in range(arguments.posts)]

            def put(number: int) -> None:
                body = _POST.format(number=number, author=number % 50)
                clients.s3.put_object(Bucket=outputs.posts_bucket, Key=keys[number], Body=body.encode())

            begun = time.monotonic()
            with ThreadPoolExecutor(8) as executor:
                list(executor.map(put, range(len(keys))))
            uploaded = time.monotonic()
            print(f"uploaded   {len(keys):,} posts in {uploaded - begun:.1f} s: {len(keys) / (uploaded - begun):.0f} a second")
            if arguments.kill:
                if owner := StateFolder(state).owner():
                    os.kill(owner, signal.SIGKILL)
                print("killed the stack")
                outputs = up()
            most = 0

            def watch(_: control.Backlog) -> None:
                nonlocal most
                most = max(most, workers_of(StateFolder(state).owner() or 0))

            backlog = control.await_idle(state, seconds=1200, progress=watch)
            ended = time.monotonic()
            arrived = finished(outputs)
            lost = set(keys) - arrived
            seconds = ended - begun
            print(f"finished   {len(arrived):,} posts {seconds:.1f} s after the first: {len(arrived) / seconds:.1f} a second")
            print(f"workers    {most} at most")
            print(f"given up   {sum(backlog.dead_letters.values())}")
            print(f"lost       {len(lost)}")
            clients.close()
        finally:
            control.down(state)
    return 1 if lost or not backlog.idle or any(backlog.dead_letters.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
