"""What taking posts in costs and how fast it is.

    python bench/ingest.py --source FOLDER|FILE.tar.gz [--posts 100] [--archives 100,1000,8000]
    python bench/ingest.py --source FOLDER|FILE.tar.gz --stack [--posts 1500]

Without ``--stack``: the real handlers run on moto with an event for each of ``--posts`` posts. Printed are the calls to AWS and
the request units a post by what happened to it, and whether they are the same for the same posts in archives of several sizes;
docs/cost.md has what that comes to. With ``--stack``: the posts go through the whole local stack;
printed are posts a second beside a plain upload into the same emulator, and what the processes used. The exit status is 1 if a
post was lost, or if a post's calls depend on the archive's size.
"""

import argparse
import os
import sys
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]  # what measures lies beside this script and among the tests

os.environ |= {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "POWERTOOLS_METRICS_NAMESPACE": "Postkeep",
    "POWERTOOLS_SERVICE_NAME": "bench",
}

from bench import burst, per_post  # noqa: E402 (found by the path above; Powertools reads the environment when imported)
from bench.per_post import KINDS, PerPost, Posts  # noqa: E402

from postkeep.post import is_post_key  # noqa: E402
from postkeep_local.folder import PostFile, walk  # noqa: E402
from postkeep_local.stack import control  # noqa: E402
from support.metering import READS, WRITES  # noqa: E402

_FUNCTIONS = ("parse", "render", "index")

_SAME = 25
"""Posts that are compared between archives of several sizes."""


def read(source: Path, limit: int) -> Posts:
    """Posts of a folder or an archive, spread evenly over it.

    Raises:
        SystemExit: if there are none.
    """
    found = list(_unpacked(source) if source.is_file() else _files(source))
    if not found:
        raise SystemExit(f"{source} holds no posts")
    step = max(1, len(found) // limit)
    return found[::step][:limit]


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for entry in walk(folder):
        if isinstance(entry, PostFile):
            yield entry.key, entry.path.read_bytes()


def _unpacked(path: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path) as archive:
        for member in archive:
            if is_post_key(member.name) and (file := archive.extractfile(member)):
                yield member.name, file.read()


def show(kinds: Mapping[str, PerPost]) -> None:
    """Print calls and charged quantities a post, by kind."""
    calls = sorted({call for figures in kinds.values() for call in figures.calls})
    amounts = sorted({name for figures in kinds.values() for name in figures.amounts})
    print(f"{'a post':<36}" + "".join(f"{kind:>10}" for kind in kinds))
    for function, call in calls:
        print(f"{function + ' ' + call:<36}" + "".join(f"{k.calls.get((function, call), 0):>10.2f}" for k in kinds.values()))
    for function in _FUNCTIONS:
        print(f"{'calls of ' + function:<36}" + "".join(f"{k.calls_of(function):>10.2f}" for k in kinds.values()))
    for name in amounts:
        print(f"{name:<36}" + "".join(f"{k.amounts.get(name, 0):>10.2f}" for k in kinds.values()))


def in_process(posts: Posts, archives: list[int], everything: Posts) -> int:
    """Measure on moto; the exit status is 1 if a post's figures depend on the archive's size."""
    kinds = per_post.measure([], posts)
    print(f"{len(posts)} posts, averages; batches are full, as in a burst\n")
    show(kinds)
    same, others = everything[:_SAME], everything[_SAME:]
    print(f"\nthe same {len(same)} posts in archives of several sizes: calls and request units a post")
    seen = set()
    for size in archives:
        figures = per_post.measure(others[: max(0, size - len(same))], same)
        line = "  ".join(f"{kind} {_short(figures[kind])}" for kind in KINDS)
        print(f"{size:>7,}: {line}", flush=True)
        seen.add(line)
    return 0 if len(seen) <= 1 else 1


def _short(figures: PerPost) -> str:
    calls = sum(map(figures.calls_of, _FUNCTIONS))
    return f"{calls:.2f} calls, {figures.amounts.get(WRITES, 0):.2f} WRU, {figures.amounts.get(READS, 0):.2f} RRU"


def main() -> int:
    """Run as the module's docstring says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--posts", type=int)
    parser.add_argument("--archives", default="100,1000,8000")
    parser.add_argument("--stack", action="store_true")
    parser.add_argument("--build", type=Path, default=ROOT / control.BUILD)
    parser.add_argument("--runtime", type=Path, default=ROOT / control.RUNTIME)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    if arguments.stack:
        posts = read(arguments.source, arguments.posts or 1500)
        done = burst.run(dict(posts), build=arguments.build, runtime=arguments.runtime, workers=arguments.workers)
        print(done.report())
        return 0 if done.whole else 1
    archives = [int(size) for size in arguments.archives.split(",") if size]
    everything = read(arguments.source, max([1000, *archives]))
    return in_process(read(arguments.source, arguments.posts or 100), archives, everything)


if __name__ == "__main__":
    sys.exit(main())
