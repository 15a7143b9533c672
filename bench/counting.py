"""Everything that docs/cost.md is made of, measured: calls, units, bytes, processor time and memory, as plain values."""

import json
import os
import platform
import statistics
import sys
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import per_picture, per_post, power, query, schedules, serving, wheels
from bench.archive_filling import repeated
from bench.contenders import Asked

from postkeep.errors import PostRejected
from postkeep.frontmatter import parse
from postkeep.postfile import split
from render_post.rendition import render
from search_posts.documents import Document
from support.corpus import bulk_posts
from support.documents import copies, documents
from support.metering import READS, S3_GETS
from support.template import ROOT

type Posts = Sequence[tuple[str, bytes]]
type Values = dict[str, Any]

SIZES = (1_000, 50_000)
"""Posts of the archives that are measured. A million do not fit the memory: their figures follow from the growth between."""

INDEXES = (1_000, 8_000)
"""Posts of the search indexes that are measured: as many as there are different texts of at most."""

EXAMPLES = ROOT / "examples" / "posts"

_SAMPLE = 100
"""Posts whose calls are counted: moto takes seconds for each thousand of its items."""

_WHOLE_WAY = 340
"""Posts that the functions are given one by one under the runtime client."""

_RECORDS = 6_000
"""Of the archive that count and reconcile walk over there: more than one step of count's."""

_QUERIES = {
    "list 20": "list 20",
    "a post": "a post",
    "its text": "its text",
    "Atom feed": "Atom feed",
}
"""The kinds of requests of bench/query.py that are priced."""


def source(limit: int | None = None) -> tuple[str, Posts]:
    """The posts that are measured, and what they are: the real ones for load, or the examples where those are not at hand."""
    if found := list(bulk_posts(limit)):
        return "corpus", found
    paths = sorted(path for path in EXAMPLES.rglob("*") if path.is_file())
    return "examples", [(path.relative_to(EXAMPLES).as_posix(), path.read_bytes()) for path in paths]


def profile(posts: Posts) -> Values:
    """What the posts are like, in aggregated numbers."""
    sizes, characters, pictures = [], [], []
    for key, body in posts:
        sizes.append(len(body))
        try:
            rendered = render(split(body).body, parse(body, key).metadata, key)
        except PostRejected:
            continue
        characters.append(len(rendered.text))
        pictures.append(len(rendered.pictures))
    with_pictures = [number for number in pictures if number]
    return {
        "posts": len(sizes),
        "bytes": statistics.mean(sizes),
        "median_bytes": statistics.median(sizes),
        "characters": statistics.mean(characters),
        "share_with_pictures": len(with_pictures) / len(pictures),
        "pictures": statistics.mean(with_pictures) if with_pictures else 0.0,
    }


def _has_pictures(key: str, body: bytes) -> bool:
    try:
        return bool(render(split(body).body, parse(body, key).metadata, key).pictures)
    except PostRejected:
        return False


def ingest(posts: Posts, sample: int = _SAMPLE) -> Values:
    """What happens to a post uses, by how many come at once and whether they have pictures."""
    kinds = {"text": [post for post in posts if not _has_pictures(*post)], "pictures": [p for p in posts if _has_pictures(*p)]}
    found: Values = {}
    for name, some in kinds.items():
        chosen = repeated(some[:: max(1, len(some) // sample)], sample)
        for way, at_once in (("at once", per_post.BURST), ("one by one", 1)):
            measured = per_post.measure([], chosen, at_once)
            found.setdefault(way, {})[name] = {kind: _per_post(figures) for kind, figures in measured.items()}
    return found


def _per_post(figures: per_post.PerPost) -> Values:
    return {
        "amounts": figures.amounts,
        "calls": {name: figures.calls_of(name) for name in figures.invocations},
        "invocations": figures.invocations,
        "stored": figures.stored,
    }


def pictures() -> Values:
    """What a new picture uses, by what is made and kept of it."""
    typical = [case for case in per_picture.CASES if case.name == per_picture.TYPICAL]
    ways = {"usual": {}, "with AVIF": {"THUMBNAIL_AVIF": "true"}, "with originals": {"KEEP_ORIGINALS": "true"}}
    found: Values = {}
    for name, variables in ways.items():
        (row,) = per_picture.measure(typical, **variables)
        found[name] = {"calls": sum(row["calls"].values()), **{part: row[part] for part in ("amounts", "fetched", "written")}}
    return found


def queries(sizes: Sequence[int] = SIZES) -> Values:
    """What an answer reads, by kind and by the archive's size."""
    found: Values = {}
    for size in sizes:
        world = query.World(size)
        known = {request.name: request for request in query.requests(world.some)}
        for name, kind in _QUERIES.items():
            world.ask(known[kind])  # what is read once
            world.dynamodb.take()
            world.objects.gets = 0
            world.ask(known[kind])
            reads = world.dynamodb.take()
            calls = reads.queries + reads.batches + world.objects.gets
            found.setdefault(name, {})[str(size)] = {"calls": calls, "amounts": {READS: reads.units, S3_GETS: world.objects.gets}}
    return found


def scheduled(sizes: Sequence[int] = SIZES) -> Values:
    """What the runs on a schedule use, by the archive's size."""
    found: Values = {}
    for size in sizes:
        archive = schedules.Scheduled(size)
        runs = {f"count, {name}": used for name, used in archive.counting().items()} | {"reconcile": archive.reconciling()}
        for name, used in runs.items():
            found.setdefault(name, {})[str(size)] = asdict(used)
    idle = per_post.idle_retry()
    found["retry, nothing"] = {"amounts": idle.amounts, "calls": idle.calls_of("retry")}
    return found


def indexes(texts: Sequence[Document], sizes: Sequence[int] = INDEXES) -> Values:
    """How large the search index is and what its readers ask of the bucket, by the archive's size."""
    found: Values = {}
    for size in sizes:
        with TemporaryDirectory() as folder:
            asked = [Asked((word,)) for word in ("茶", "中国", "问题", "新闻")]
            served = serving.serve(list(copies(texts, size)), asked, Path(folder), lambda _: None)
        found[str(size)] = {
            "bytes": served.size,
            "segments": served.segments,
            "first": {"gets": served.first.gets, "read": served.first.read},
            "warm": {"gets": served.warm.gets, "cpu": served.warm.seconds},
        }
    return found


def packages(build: Path) -> int:
    """Bytes of what a deployment uploads, about as packed."""
    files = (path for path in build.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return sum(len(zlib.compress(path.read_bytes())) for path in files)


def powers(posts: Posts, texts: Sequence[Document], build: Path, runtime: Path, records: int = _RECORDS) -> Values:
    """What the functions take under the runtime client."""
    bench = power.measure(posts, texts, records=records, build=build, runtime=runtime)
    return {
        "records": records,
        "merged": bench.merged,
        "started": {name: asdict(started) for name, started in bench.started.items()},
        "found": {name: {kind: asdict(one) for kind, one in kinds.items()} for name, kinds in bench.found.items()},
    }


def parts(build: Path, runtime: Path) -> Mapping[str, Callable[[], Any]]:
    """What can be measured by itself; each takes a minute or a few."""
    name, everything = source()

    def thinned(number: int) -> Posts:
        return everything[:: max(1, len(everything) // number)]

    return {
        "source": lambda: name,
        "profile": lambda: profile(everything),
        "packages": lambda: packages(build),
        "wheels": wheels.measure,
        "power": lambda: powers(repeated(thinned(_WHOLE_WAY), _WHOLE_WAY), list(documents(everything)), build, runtime),
        "pictures": pictures,
        "ingest": lambda: ingest(thinned(1_000)),
        "queries": queries,
        "scheduled": scheduled,
        "indexes": lambda: indexes(list(documents(everything))),
    }


def measure(build: Path, runtime: Path, wanted: Collection[str] = (), known: Mapping[str, Any] | None = None) -> Values:
    """Measure.

    Args:
        build: what ``make build`` made.
        runtime: the folder with awslambdaric and boto3.
        wanted: of :func:`parts`; all where there are none.
        known: what was measured before, for the others.
    """
    found = {
        **(known or {}),
        "date": str(datetime.now(UTC).date()),
        "machine": f"{os.cpu_count()}-core {platform.machine()}",
        "python": platform.python_version(),
    }
    for name, run in parts(build, runtime).items():
        if not wanted or name in wanted:
            found[name] = run()
            print(f"measured: {name}", file=sys.stderr, flush=True)
    return found


def rounded(value: Any) -> Any:
    """Values with four digits, which is more than they are good for: so the file can be read, and compared."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, Mapping):
        return {name: rounded(one) for name, one in value.items()}
    return value


def write(path: Path, measured: Values) -> None:
    """Keep what was measured."""
    path.write_text(json.dumps(rounded(measured), ensure_ascii=False, indent=1) + "\n", "utf-8")


def read(path: Path) -> Values:
    """What was measured, as it was kept."""
    found: Values = json.loads(path.read_text("utf-8"))
    return found
