"""Load and faults for as long as is wished, and then everything held against the posts bucket.

    make soak [MINUTES=60] [ARGS=…]
    python bench/soak.py --minutes 60 [--seed 1] [--rate 2] [--queries 1] [--faults 0.05] [--kill-every 20]
                         [--posts FOLDER] [--json FILE]

It brings a local stack of its own up, in a folder of its own. Posts are put, edited and deleted, and questions asked, while
requests of the functions to AWS are throttled, refused and lost, workers are killed, and once the table and the queues are away
altogether. Then nothing fails any more, all comes to rest, and the table, the archive bucket, the search index, the API and its
readers are held against what the posts bucket holds. The exit status is 1 if anything was lost, stale or left over; then the
folder stays.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import httpx

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from bench import soak_pictures, soak_processes  # noqa: E402 (the path is set above)
from bench.soak_asking import Asking  # noqa: E402
from bench.soak_ending import Ending  # noqa: E402
from bench.soak_load import Load  # noqa: E402
from bench.soak_mishaps import Mishaps  # noqa: E402
from bench.soak_posts import HOST, Plan  # noqa: E402
from bench.soak_processes import Census  # noqa: E402
from bench.soak_readers import Readers  # noqa: E402
from bench.soak_report import Figures, quantiles, told  # noqa: E402

from postkeep_local.demo import NO_OTHER_HOST  # noqa: E402
from postkeep_local.folder import PostFile, walk  # noqa: E402
from postkeep_local.operations.ages import oldest_event, oldest_messages  # noqa: E402
from postkeep_local.operations.archive import Archive, archive_of  # noqa: E402
from postkeep_local.operations.queues import queue_states  # noqa: E402
from postkeep_local.stack import control, faults  # noqa: E402
from postkeep_local.stack.emulator import Clients  # noqa: E402
from postkeep_local.stack.events import pending  # noqa: E402
from postkeep_local.stack.state import StateFolder  # noqa: E402

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_LONG_MINUTES = 10
"""From which on a run has AWS's own lag for readers of changes, and an outage of half a minute."""

_VISIBILITY = {"RenderQueue": 30, "RenderBacklogQueue": 30, "ThumbnailQueue": 30, "IndexQueue": 60}
"""Seconds, instead of the template's many minutes: a batch in which a worker was killed comes again after this time, in long runs
twice as much."""

_SCHEDULES = {"CountFunction": 60.0, "RetryFunction": 300.0}
"""Seconds between two runs of what AWS runs on a schedule."""

_WARM = 12
"""Operations before anything is measured."""

_CALM_SHARE, _CALM_SECONDS = 0.2, 180.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; the exit status is 1 if anything is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=2.0, help="operations a second")
    parser.add_argument("--queries", type=float, default=1.0, help="questions a second")
    parser.add_argument("--faults", type=float, default=0.05, help="share of requests to AWS that fail")
    parser.add_argument("--kill-every", type=float, default=20.0, help="seconds between two kills of workers; 0 for none")
    parser.add_argument("--workers", type=int, default=2, help="worker processes a function")
    parser.add_argument("--keys", type=int, default=500, help="live posts, at most: from then on, as many go as come")
    parser.add_argument("--posts", type=Path, help="a folder of posts, which are dropped among the others")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    arguments = parser.parse_args(argv)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)  # a shell has what it starts in the background ignore the first
    folder = Path(tempfile.mkdtemp(prefix="postkeep-soak-"))
    figures = Figures(
        settings={name: str(value) if isinstance(value, Path) else value for name, value in vars(arguments).items()}
    )
    try:
        Soak(arguments, folder, figures).run()
    except KeyboardInterrupt:
        _tell(f"interrupted; the stack is down, and {folder} stays")
        return 130
    print(told(figures))
    for problem in figures.problems[:100]:
        print(problem)
    if arguments.json:
        arguments.json.write_text(json.dumps(asdict(figures), indent=1, ensure_ascii=False) + "\n")
    if figures.problems:
        print(
            f"{len(figures.problems):,} problems; the stack's folder is {folder}, with its logs in state/logs and state/stack.log"
        )
        return 1
    shutil.rmtree(folder)
    return 0


class Soak:
    """One run."""

    def __init__(self, arguments: argparse.Namespace, folder: Path, figures: Figures) -> None:
        """Prepare it.

        Args:
            arguments: as the command line has them.
            folder: for all that it writes.
            figures: are filled.
        """
        self._asked, self._folder, self._figures = arguments, folder, figures
        self._state = folder / "state"
        self._full_at = 0.0
        self._long = arguments.minutes >= _LONG_MINUTES
        self._lag = 180 if self._long else 30
        self._outage = 30.0 if self._long else 15.0

    def run(self) -> None:
        """Do all of it; the figures are filled as far as it comes."""
        with ExitStack() as resources:
            pictures = resources.enter_context(soak_pictures.serve())
            outputs = self._up(pictures)
            resources.callback(control.down, self._state, lambda _: None)
            census = Census(StateFolder(self._state).owner() or 0)
            archive = archive_of(outputs, self._state)
            api = resources.enter_context(httpx.Client(base_url=outputs.api_url, timeout=90, trust_env=False))
            self._load(archive, api, outputs, census)
        self._look_for_leftovers(census)

    def _up(self, pictures: str) -> control.Outputs:
        temporary = self._folder / "tmp"
        temporary.mkdir()
        os.environ["TMPDIR"] = str(temporary)  # the stack's processes take it from here
        tempfile.tempdir = None
        outputs = control.up(
            ROOT,
            state=self._state,
            parameters={"FetchPictures": "true", "ChangesLagSeconds": str(self._lag)},
            picture_hosts={HOST: pictures, **NO_OTHER_HOST},
            workers=self._asked.workers,
            api_port=0,
            endpoint_port=0,
            # AWS waits one minute and two. An outage must be as short beside that as half a minute is.
            retry_seconds=self._outage / 2,
            faults={"rules": [], "seed": self._asked.seed},
            echo=_tell,
        )
        with closing(_clients(outputs)) as clients:
            for queue, seconds in _VISIBILITY.items():
                timeout: Any = {"VisibilityTimeout": str(seconds * (2 if self._long else 1))}
                clients.sqs.set_queue_attributes(QueueUrl=outputs.queues[queue], Attributes=timeout)
        return outputs

    def _load(self, archive: Archive, api: httpx.Client, outputs: control.Outputs, census: Census) -> None:
        asked, figures = self._asked, self._figures
        seconds = asked.minutes * 60
        plan = Plan(asked.seed, _contents(asked.posts) if asked.posts else (), asked.keys)
        mishaps = Mishaps(
            census=census,
            faults_url=outputs.faults_url,
            rules=faults.storm(asked.faults),
            seconds=seconds,
            calm=min(_CALM_SHARE * seconds, _CALM_SECONDS),
            kill_every=asked.kill_every,
            outage=self._outage if asked.faults else 0.0,
            seed=asked.seed,
        )
        asking = Asking(api, mishaps.excused, _tell)
        readers = Readers(asking, plan, asked.queries, asked.seed)
        s3 = archive.client("s3", connections=8)
        waiting = partial(_waiting, archive.client("sqs"), outputs.queues, StateFolder(self._state).events)
        load = Load(s3, archive.posts_bucket, plan, asking, asked.rate, lambda: mishaps.phase, waiting)
        load.warm(_WARM)
        readers.warm()
        control.await_idle(self._state, seconds=120)
        with _scheduled(archive), mishaps.running(), readers.running(), load.running():
            self._progress(seconds, load, asking, mishaps, archive)
            figures.injected = _named(faults.fired(outputs.faults_url))
        figures.operations, figures.questions = dict(load.done), dict(asking.asked)
        figures.answers, figures.failed = quantiles(asking.seconds), dict(asking.failed)
        self._full_at = load.full_at
        figures.kills, figures.held = dict(mishaps.kills), load.held
        figures.outage = mishaps.away[1] - mishaps.away[0] if mishaps.away else 0.0
        figures.waited = {
            phase: {"ready": quantiles(found.ready), "findable": quantiles(found.findable), "never": found.never}
            for phase, found in load.waited.items()
        }
        figures.problems += [f"never found: {key!r}" for found in load.waited.values() for key in found.never]
        figures.problems += [f"the emulator refused a {failure}" for failure in load.failures]
        figures.problems += [f"an answer does not hold: {said}" for said in asking.wrong]
        Ending(archive, api, self._state, self._lag, figures, _tell)(plan, readers)

    def _progress(self, seconds: float, load: Load, asking: Asking, mishaps: Mishaps, archive: Archive) -> None:
        """Tell how it goes, until the time is over."""
        begun = time.monotonic()
        for tick in range(1, 1 + round(seconds // 60) or 1):
            time.sleep(max(0.0, min(begun + tick * 60, begun + seconds) - time.monotonic()))
            backlog = control.backlog(self._state)
            ages = [*oldest_messages(archive, queue_states(archive)).values(), oldest_event(StateFolder(self._state).events) or 0]
            waiting = {name: depth.visible + depth.in_flight for name, depth in backlog.queues.items()}
            _tell(
                f"{(time.monotonic() - begun) / 60:3.0f} min, {mishaps.phase}: {load.done.total():,} operations, "
                f"{asking.asked.total():,} questions ({asking.failed.total()} failed, {len(asking.wrong)} wrong), "
                f"{faults.fired(mishaps.faults_url).total():,} faults, {mishaps.kills.total()} kills; waiting: "
                f"{backlog.waiting + backlog.running} events, {waiting}; dead letters {sum(backlog.dead_letters.values())}; "
                f"oldest {max(ages):.0f} s; held back {load.held:.0f} s"
            )
        time.sleep(max(0.0, begun + seconds - time.monotonic()))

    def _look_for_leftovers(self, census: Census) -> None:
        """After the stack went down: processes, temporary files, memory, and what the folder has become."""
        figures = self._figures
        time.sleep(1)  # decoders end when they find that nobody is there any more
        figures.problems += [f"left after the end: process {life.pid}, {life.kind}" for life in census.left()]
        for place in (self._folder / "tmp", StateFolder(self._state).temporary):
            figures.problems += [f"left after the end: {path.relative_to(self._folder)}" for path in sorted(place.iterdir())]
        grown = soak_processes.growth(list(census.lives.values()), self._full_at)
        figures.growth = [asdict(growth) for growth in grown]
        figures.problems += [f"leak: {said}" for growth in grown for said in growth.leaks()]
        figures.sizes = dict(soak_processes.sizes(self._state))


@contextmanager
def _scheduled(archive: Archive) -> Iterator[None]:
    """Run what AWS runs on a schedule."""
    stop = Event()
    functions = archive.client("lambda")

    def run(name: str, seconds: float) -> None:
        while not stop.wait(seconds):
            functions.invoke(FunctionName=archive.functions[name], InvocationType="Event", Payload=b'{"source": "aws.events"}')

    threads = [Thread(target=run, args=entry, name=entry[0]) for entry in _SCHEDULES.items()]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _waiting(sqs: "SQSClient", queues: Mapping[str, str], events: Path) -> int:
    """How many events and messages wait to be handled, or are at work."""
    names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sum(pending(events))
    for queue in _VISIBILITY:
        found += sum(map(int, sqs.get_queue_attributes(QueueUrl=queues[queue], AttributeNames=names)["Attributes"].values()))
    return found


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _clients(outputs: control.Outputs) -> Clients:
    return Clients(int(outputs.endpoint_url.rsplit(":", 1)[1]))


def _contents(folder: Path) -> list[bytes]:
    return [found.path.read_bytes() for found in walk(folder) if isinstance(found, PostFile)]


def _named(injected: Counter[tuple[str, str, str]]) -> dict[str, int]:
    named: Counter[str] = Counter()
    for (service, _, kind), number in injected.items():
        named[f"{service} {kind}"] += number
    return dict(named)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
