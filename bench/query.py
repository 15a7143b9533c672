"""What the API's requests cost the query function: CPU time without the store's, what is read of the store, and bytes.

    python bench/query.py [--posts 1000,10000,50000] [--runs 200] [--json]

Archives of these sizes are made in memory, of posts like the real ones, and each kind of request is asked of them through the
function's own handler. The store answers by DynamoDB's rules and counts what AWS would go over (tests hold it to the fakes, and
those to the emulators); its own time is taken off. «Growth» is the CPU time with the most posts by that with the fewest, of
medians that were measured in turn; what an answer costs at all is told beside ``/healthz``, which reads nothing.
"""

import argparse
import gzip
import io
import json
import logging
import os
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]  # the archives lie among the tests

os.environ |= {"POWERTOOLS_METRICS_NAMESPACE": "Postkeep", "POWERTOOLS_SERVICE_NAME": "bench", "AWS_DEFAULT_REGION": "us-east-1"}

from rich.console import Console  # noqa: E402 (after the environment, which Powertools reads when imported)
from rich.table import Table  # noqa: E402

import query_posts.handler  # noqa: E402
from fakes.downloads import MemoryDownloads  # noqa: E402 (found by the path above)
from fakes.memory import MemoryBucket  # noqa: E402
from fakes.versions import MemoryVersions  # noqa: E402
from integration.conftest import Context, api_event  # noqa: E402
from postkeep.aws.dynamodb import DynamoListings  # noqa: E402
from postkeep.counts import TOTALS_KEY, Totals, contribution  # noqa: E402
from postkeep.ports import StoredObject  # noqa: E402
from postkeep.post import Post, picture_id  # noqa: E402
from postkeep.renditions import Removal, RenditionObject, RenditionPicture  # noqa: E402
from postkeep.settings import ReadAccess  # noqa: E402
from postkeep.web.access import Access  # noqa: E402
from postkeep.web.cursor import Cursors  # noqa: E402
from postkeep.web.delivery import Delivery  # noqa: E402
from query_posts.changes import Following  # noqa: E402
from query_posts.routes import Reading, application  # noqa: E402
from query_posts.sizes import ListingSizes  # noqa: E402
from support.posts import EPOCH  # noqa: E402
from support.reading import Reads, SortedDynamo  # noqa: E402
from support.request_units import item_size, read_units  # noqa: E402
from unit.query.test_page_costs import LEAD, archive  # noqa: E402

_LATER = EPOCH + timedelta(days=4_000)
_PARAGRAPH = "茶之为饮，发乎神农氏，闻于鲁周公。" * 12
_WARM = 3


@dataclass
class Clock:
    """Takes off the time that the store takes.

    Attributes:
        spent: nanoseconds of CPU.
    """

    spent: int = 0

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """While the store works."""
        begun = time.process_time_ns()
        try:
            yield
        finally:
            self.spent += time.process_time_ns() - begun


class Store:
    """DynamoDB's reads, on a stopped clock."""

    def __init__(self, behind: SortedDynamo, clock: Clock) -> None:
        self._behind, self._clock = behind, clock

    def query(self, **request: Any) -> Any:
        """A stretch of an index."""
        with self._clock.stopped():
            return self._behind.query(**request)

    def batch_get_item(self, **request: Any) -> Any:
        """Records, or pictures."""
        with self._clock.stopped():
            return self._behind.batch_get_item(**request)

    def get_paginator(self, _: str) -> "Store":
        """What reads a post's pictures."""
        return self

    def paginate(self, **request: Any) -> list[Any]:
        """A post's pictures, which are one page."""
        with self._clock.stopped():
            found = [item for _, item in self._behind.under(request["ExpressionAttributeValues"][":pk"]["S"])]
            self._behind.reads.queries += 1
            self._behind.reads.scanned += len(found)
            self._behind.reads.units += read_units(sum(map(item_size, found)))
            return [{"Items": found}]


class Objects(MemoryBucket):
    """A bucket, on a stopped clock, that counts what is read."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock, self.gets = clock, 0

    def get(self, key: str, *, limit: int, version_id: str | None = None) -> StoredObject:
        """See the port."""
        with self.clock.stopped():
            self.gets += 1
            # Every text is the one text.
            return super().get("renditions/text" if key.startswith("renditions/") else key, limit=limit, version_id=version_id)


@dataclass(frozen=True, slots=True)
class Request:
    """A kind of request.

    Attributes:
        name: what it is called.
        path: asked for.
        query: of it.
    """

    name: str
    path: str
    query: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a kind of request costs.

    Attributes:
        cpu: milliseconds without the store's, the median.
        worst: the 95th percentile of them.
        units: read request units, eventually consistent.
        entries: of indexes, gone over.
        items: asked for.
        gets: of objects.
        bytes: of the answer's body.
        zipped: of it, with gzip.
    """

    cpu: float
    worst: float
    units: float
    entries: int
    items: int
    gets: int
    bytes: int
    zipped: int


@dataclass
class World:
    """An archive of so many posts, and the API over it."""

    posts: int
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.dynamodb, found = archive(self.posts)
        self.some = _some(found)
        self.objects = Objects(self.clock)
        totals = Totals(as_of="2021-07-02T00:00:00.000Z")
        for post in found.values():
            totals.add(contribution(post))
        self.objects.put(TOTALS_KEY, totals.encode(), content_type="")
        self.objects.put("renditions/text", _text().encode(), content_type="")
        listings = DynamoListings("posts", cast("Any", Store(self.dynamodb, self.clock)))
        reading = Reading(
            listings=listings,
            archive=self.objects,
            versions=MemoryVersions(),
            following=Following(listings, timedelta(minutes=3), timedelta(days=90), lambda: _LATER),
            downloads=MemoryDownloads(self.objects),
            cursors=Cursors("a key", lambda: _LATER),
            sizes=ListingSizes(self.objects, lambda: _LATER),
        )
        self.delivery = Delivery(application(lambda: reading), Access(ReadAccess.PUBLIC))

    def ask(self, request: Request) -> tuple[int, Any]:
        """Ask the function; nanoseconds of CPU without the store's, and the answer."""
        event = api_event(request.path, request.query, headers={})
        with patch.object(query_posts.handler, "app", lambda: self.delivery):
            self.clock.spent = 0
            begun = time.process_time_ns()
            answer = query_posts.handler.handler(event, cast("Any", Context()))
            spent = time.process_time_ns() - begun - self.clock.spent
        if answer["statusCode"] not in {200, 307}:
            sys.exit(f"{request}: {answer['body'][:300]}")
        return spent, answer

    def figures(self, request: Request, spent: Sequence[int]) -> Figures:
        """What a request costs, of the times that were taken."""
        self.dynamodb.take()
        self.objects.gets = 0
        _, answer = self.ask(request)
        reads: Reads = self.dynamodb.take()
        body = answer["body"].encode()
        times = sorted(one / 1e6 for one in spent)
        return Figures(
            cpu=statistics.median(times),
            worst=times[int(len(times) * 0.95)],
            units=reads.units,
            entries=reads.scanned,
            items=reads.items,
            gets=self.objects.gets,
            bytes=len(body),
            zipped=len(gzip.compress(body, 6)),
        )


def _some(found: dict[str, Post]) -> Post:
    """A post with a picture."""
    return next(post for post in found.values() if post.rendition and post.rendition.pictures)


def _text() -> RenditionObject:
    paragraphs = [_PARAGRAPH] * 20
    return RenditionObject(
        post_id="text",
        generation=1,
        pictures=(RenditionPicture(id=picture_id(LEAD), address=LEAD, alt="茶园", caption="清晨的茶园"),),
        summary=_PARAGRAPH,
        warnings=(),
        text="\n\n".join(paragraphs),
        markdown="\n\n".join(paragraphs),
        html="".join(f"<p>{paragraph}</p>\n" for paragraph in paragraphs),
        rules=20_000,
        removed=(Removal(rule="generic/share", text="分享到微博"),),
    )


def requests(post: Post) -> Sequence[Request]:
    """One of each kind."""
    month = "2021-09"
    return [
        Request("health", "/healthz"),
        Request("list 20", "/posts"),
        Request("list 50", "/posts", "limit=50"),
        Request("list 50, three fields", "/posts", "limit=50&fields=id,title,published"),
        Request("list 100", "/posts", "limit=100"),
        Request("list 20, oldest first", "/posts", "order=asc"),
        Request("list 20, by addition", "/posts", "sort=added"),
        Request("list 20 of an author of 11 %", "/posts", "author=陆羽"),
        Request("list 20 of a month", "/posts", f"month={month}"),
        Request("list 20, two filters", "/posts", "tag=新闻&category=随笔"),
        Request("list 20 with pictures", "/posts", "has_image=true"),
        Request("an empty page", "/posts", "language=tlh"),
        Request("a post", f"/posts/{post.id}"),
        Request("by its article's address", "/posts/by-url", f"url={post.metadata.source_url}"),
        Request("its text", f"/posts/{post.id}/text", "format=html"),
        Request("its copies", f"/posts/{post.id}/related"),
        Request("authors", "/authors"),
        Request("changes, 100", "/changes"),
        Request("Atom feed", "/feeds/atom"),
        Request("JSON Feed with texts", "/feeds/json", "content=full"),
    ]


def measure(sizes: Sequence[int], runs: int) -> dict[str, dict[int, Figures]]:
    """Ask for everything of archives of these sizes, in turn."""
    worlds = [World(size) for size in sizes]
    found: dict[str, dict[int, Figures]] = {}
    for kinds in zip(*(requests(world.some) for world in worlds), strict=True):
        spent: list[list[int]] = [[] for _ in worlds]
        for run in range(_WARM + runs):
            for world, kind, times in zip(worlds, kinds, spent, strict=True):
                taken, _ = world.ask(kind)
                if run >= _WARM:
                    times.append(taken)
        found[kinds[0].name] = {
            world.posts: world.figures(kind, times) for world, kind, times in zip(worlds, kinds, spent, strict=True)
        }
    return found


def show(found: dict[str, dict[int, Figures]]) -> None:
    """Print the table."""
    sizes = sorted(next(iter(found.values())))
    table = Table(title="the query function, by kind of request", title_justify="left")
    table.add_column("request")
    for size in sizes:
        table.add_column(f"CPU ms at {size:,}", justify="right")
    for name in ("95th", "growth", "× health", "read units", "entries", "items", "GETs", "bytes", "gzip"):
        table.add_column(name, justify="right")
    health = found["health"][sizes[-1]].cpu
    for name, of in found.items():
        first, last = of[sizes[0]], of[sizes[-1]]
        units = f"{last.units:g}" if first.units == last.units else f"{first.units:g}–{last.units:g}"
        table.add_row(
            name,
            *(f"{of[size].cpu:.2f}" for size in sizes),
            f"{last.worst:.2f}",
            f"{last.cpu / first.cpu:.2f}",
            f"{last.cpu / health:.1f}",
            units,
            f"{last.entries:,}",
            str(last.items),
            str(last.gets),
            f"{last.bytes:,}",
            f"{last.zipped:,}",
        )
    Console(width=200).print(table)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", default="1000,10000,50000", help="sizes of archives, with commas between")
    parser.add_argument("--runs", type=int, default=200, help="requests of each kind")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    with redirect_stdout(io.StringIO()):  # the function writes its metrics there
        found = measure([int(size) for size in arguments.posts.split(",")], arguments.runs)
    if arguments.json:
        print(json.dumps({name: {size: asdict(figures) for size, figures in of.items()} for name, of in found.items()}, indent=1))
    else:
        show(found)


if __name__ == "__main__":
    main()
