"""What one picture costs: the real thumbnail handler on moto and a picture host on loopback, its calls and bytes counted.

    python bench/per_picture.py [--json]

A picture comes for the first time; the same address in another post; the same bytes at another address; one that is gone; one
whose host is busy; one whose host is gone and whose proxy has it. Prices are the list prices of prices.toml, for a thousand
pictures each, without the function's time, which follows from the CPU time that bench/thumbnails.py measures.
"""

import argparse
import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]  # what measures lies beside this script and among the tests

os.environ |= {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "POWERTOOLS_METRICS_NAMESPACE": "Postkeep",
    "POWERTOOLS_SERVICE_NAME": "bench",
}

import boto3  # noqa: E402 (after the environment, which Powertools reads when imported)
import pytest  # noqa: E402
from bench import photographs  # noqa: E402 (found by the path above)
from bench.costs import dollars  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

import make_thumbnail.handler  # noqa: E402
from integration import conftest  # noqa: E402
from integration.conftest import Aws, Context, sqs_event  # noqa: E402
from postkeep.aws.dynamodb import DynamoPictures, DynamoPosts  # noqa: E402
from postkeep.messages import ThumbnailRequest  # noqa: E402
from postkeep.post import Picture, picture_id  # noqa: E402
from support.metering import Meter  # noqa: E402
from support.posts import a_post  # noqa: E402
from support.template import table_definition  # noqa: E402
from unit.thumbnail.picture_host import PictureHost, answer  # noqa: E402

HOST = "http://pictures.postkeep.example"


@dataclass(frozen=True, slots=True)
class Case:
    """A picture that is asked for.

    Attributes:
        name: what becomes of it.
        addresses: of the picture, the first its own.
        post: which of two posts it is in.
    """

    name: str
    addresses: tuple[str, ...]
    post: int = 0


TYPICAL = "new, 0.5 MP JPEG"
"""What docs/cost.md takes a picture for: as wide as most news sites show them."""

CASES = [
    Case("new, 2 MP JPEG", ("/2.jpeg",)),
    Case("new, 0.1 MP JPEG", ("/0.1.jpeg",)),
    Case("the same address in another post", ("/2.jpeg",), post=1),
    Case("the same bytes at another address", ("/again.jpeg",)),
    Case("gone", ("/gone.jpeg",)),
    Case("busy, to be tried again", ("/busy.jpeg",)),
    Case(TYPICAL, ("/typical.jpeg",)),
    Case("gone, but a proxy has it", ("/gone.jpeg", "/0.5.jpeg"), post=1),
]

POSTS = (a_post("river/_posts/2019-07-08-a.md"), a_post("river/_posts/2019-07-09-b.md"))


def measure(cases: Sequence[Case] = CASES, **variables: str) -> list[dict[str, Any]]:
    """Have each case happen once; what was called and charged, and the bytes that came and were written.

    Args:
        cases: in their order, since some follow from others.
        variables: of the function, beside its usual ones.
    """
    with TemporaryDirectory() as folder, _quiet(), _mocked(Path(folder), variables) as (aws, meter, host):
        return [_one(case, aws, meter, host) for case in cases]


def _one(case: Case, aws: Aws, meter: Meter, host: PictureHost) -> dict[str, Any]:
    address, *fallbacks = (HOST + path for path in case.addresses)
    post = POSTS[case.post]
    picture = Picture(id=picture_id(address), address=address, fallbacks=tuple(fallbacks))
    with meter.paused():
        DynamoPictures(aws.table, aws.dynamodb).arrange(post.id, add=[picture], remove=[])
        before = _stored(aws)
    meter.take()
    asked = len(host.requests)
    request = ThumbnailRequest(post.id, picture.id, picture.edition, address, "https://tea.example/1")
    with meter.part("thumbnail"):
        meter.polled()
        make_thumbnail.handler.handler(sqs_event([{"MessageId": "1", "ReceiptHandle": "1", "Body": request.encode()}]), Context())
    used = meter.take()["thumbnail"]
    with meter.paused():
        outcome = DynamoPictures(aws.table, aws.dynamodb).picture(post.id, picture.edition, picture.id)
        written = _stored(aws) - before
    return {
        "case": case.name,
        "outcome": outcome.status.value if outcome else "",
        "calls": dict(sorted(used.calls.items())),
        "amounts": used.amounts,
        "fetches": len(host.requests) - asked,
        "fetched": outcome.original.bytes if outcome and outcome.original and len(host.requests) > asked else 0,
        "written": written,
        "dollars": 1_000 * sum(dollars(used.amounts).values()),
    }


def _stored(aws: Aws) -> int:
    return sum(entry["Size"] for entry in aws.s3.list_objects_v2(Bucket=aws.archive).get("Contents", []))


@contextmanager
def _mocked(folder: Path, variables: Mapping[str, str]) -> Iterator[tuple[Aws, Meter, PictureHost]]:
    fixture = contextmanager(conftest.aws.__wrapped__)  # type: ignore[attr-defined]  # what the fixture decorates
    host = PictureHost()
    try:
        host.scripts = _pictures(folder)
        with pytest.MonkeyPatch.context() as settings, fixture(settings) as aws:
            settings.setenv("POSTKEEP_PICTURE_HOSTS", json.dumps({HOST.removeprefix("http://"): host.origin}))
            for name, value in variables.items():
                settings.setenv(name, value)
            for post in POSTS:
                DynamoPosts(aws.table, aws.dynamodb).offer(post)
            meter = Meter({aws.table: table_definition()}, aws.dynamodb)
            session = boto3.DEFAULT_SESSION
            if session is None:
                raise RuntimeError("the fixture made no clients")
            meter.watch(session.events)
            yield aws, meter, host
    finally:
        host.close()


def _pictures(folder: Path) -> dict[str, Any]:
    names = [photographs.Photograph("jpeg", size).name for size in ("0.1", "0.5", "2")]
    subprocess.run([sys.executable, photographs.__file__, folder, *names], check=True)
    found = {f"/{name}": answer((folder / name).read_bytes()) for name in names}
    gone, busy = answer(status="404 Not Found"), answer(status="503 Service Unavailable")
    typical = answer((folder / "0.5.jpeg").read_bytes() + b"other bytes than of /0.5.jpeg")
    return found | {"/typical.jpeg": typical, "/again.jpeg": found["/2.jpeg"], "/gone.jpeg": gone, "/busy.jpeg": busy}


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the handlers' logs and metrics, which are lines on the standard output."""
    logging.disable(logging.CRITICAL)
    try:
        with patch("sys.stdout", io.StringIO()):
            yield
    finally:
        logging.disable(logging.NOTSET)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    found = measure()
    if options.json:
        print(json.dumps(found, indent=1))
        return
    table = Table("picture", "outcome", "calls", "PUT", "GET", "write", "read", "fetches", "fetched", "written", "$ a thousand")
    for row in found:
        amounts = row["amounts"]
        units = ("s3-put-requests", "s3-get-requests", "dynamodb-write-units", "dynamodb-read-units")
        numbers = [f"{amounts.get(name, 0):g}" for name in units]
        sizes = [f"{row['fetches']}", f"{row['fetched']:,}", f"{row['written']:,}", f"{row['dollars']:.4f}"]
        table.add_row(row["case"], row["outcome"], str(sum(row["calls"].values())), *numbers, *sizes)
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
