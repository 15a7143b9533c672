"""What the cleaning takes for bodies that are made to hurt it: processor time and peak memory, each body in a process of its own.

    python bench/hostile.py [--size CHARACTERS]

It fails where a body takes more than 2 s or 256 MB: a twentieth of what the function may take, so that a batch of such posts
is still done in time.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests")]  # the bodies lie among the tests

from postkeep.errors import PostRejected  # noqa: E402
from render_post.rendition import render  # noqa: E402
from support.hostile import ARTICLE, SIZE, VIDEO, bodies  # noqa: E402 (found by the path above)

LIMIT_SECONDS = 2.0
LIMIT_MEGABYTES = 256
"""Resident, with the interpreter and all that is imported (about 50)."""


def peak() -> int:
    """The most that this process held, in KiB. Not ``ru_maxrss``, which a child takes over from the process that started it."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text("utf-8").splitlines())
    return int(status["VmHWM"].split()[0])


def measure(name: str, size: int) -> dict[str, object]:
    """Render one body twice, as an article and as a video's description; for the child process."""
    body = bodies(size)[name]
    render("<p>字</p>", ARTICLE, "a.md")  # what is loaded once
    spent = []
    outcome = "rendered"
    for metadata in (ARTICLE, VIDEO):
        begin = time.process_time()
        try:
            rendered = render(body, metadata, "a.md")
            if rendered.warnings:
                outcome = ", ".join(rendered.warnings)
        except PostRejected as rejected:
            outcome = f"rejected: {rejected.reason}"
        spent.append(time.process_time() - begin)
    return {"seconds": max(spent), "megabytes": peak() / 1024, "outcome": outcome}


def main() -> int:
    """Measure all of them; 1 where one is over a limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=SIZE, help="characters of a body (default: %(default)s)")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(given.one, given.size)))
        return 0
    over = 0
    print(f"{'body':38} {'seconds':>8} {'MB':>6}  outcome")
    for name in bodies(1):
        command = [sys.executable, __file__, "--one", name, "--size", str(given.size)]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        bad = found["seconds"] > LIMIT_SECONDS or found["megabytes"] > LIMIT_MEGABYTES
        over += bad
        mark = "  OVER THE LIMIT" if bad else ""
        print(f"{name:38} {found['seconds']:8.2f} {found['megabytes']:6.0f}  {found['outcome']}{mark}", flush=True)
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
