"""What each function takes on real input under Lambda's own runtime client: processor time, memory, and the time to start.

The functions are those that ``make build`` made; S3, DynamoDB and SQS are the emulator of the local stack, without its
dispatcher: each event is given to a worker by hand, so that what is measured belongs to one invocation. Posts go the whole way
(parse, render, index, thumbnails of drawn photographs from a host on loopback), then an archive of some thousand records is
filled in for the functions that walk over one. Processor time is that of the worker and its children, over many invocations of a
kind, since the system counts it in hundredths of a second. bench/cost.py runs this.
"""

import json
import sys
from collections.abc import Sequence
from itertools import batched
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.archive_filling import due_pictures, fill, segments
from bench.footprint import PROC
from bench.pictures_drawn import HOST, Case, arranged, cases, served
from bench.workers import Bench

from integration.conftest import api_event, s3_event, sqs_event
from postkeep_local.stack.control import BUILD, RUNTIME
from postkeep_local.stack.processes import Spawner
from postkeep_local.stack.template import BuiltTemplate
from postkeep_local.stack.worker import Environment
from sam.services import ARCHIVE, Services, emulator
from sam.services import fill as make_resources
from search_posts.documents import Document
from support.hostile import bodies
from support.template import ROOT, resource

type Posts = Sequence[tuple[str, bytes]]

BATCH = int(resource("RenderFunction")["Properties"]["Events"]["Requests"]["Properties"]["BatchSize"])

COMMIT = int(resource("IndexFunction")["Properties"]["Events"]["Requests"]["Properties"]["BatchSize"])

LARGEST = 5 * 1024 * 1024
"""Bytes of the largest post that is taken: the default of MaxPostBytes."""


def measure(
    posts: Posts, texts: Sequence[Document], *, records: int, build: Path = ROOT / BUILD, runtime: Path = ROOT / RUNTIME
) -> Bench:
    """Measure all functions.

    Args:
        posts: go the whole way.
        texts: fill the search index, until it has segments that are merged to the largest there are.
        records: of the archive that count and reconcile walk over.
        build: what ``make build`` made.
        runtime: the folder with awslambdaric and boto3.

    Raises:
        SystemExit: if a function fails, or the system does not tell what processes use: only Linux does.
    """
    if not PROC.is_dir():
        sys.exit("what the functions take can only be measured on Linux")
    with TemporaryDirectory() as name, emulator("127.0.0.1", Path(name)) as endpoint, served(Path(name)) as host:
        folder = Path(name)
        services = make_resources(endpoint, "127.0.0.1")
        common = Environment(runtime.resolve(), endpoint, folder, folder, {HOST.removeprefix("http://"): host.origin})
        spawner = Spawner()
        bench = Bench(services, BuiltTemplate(build.resolve()).functions(), common, spawner, variables(services))
        try:
            for function in bench.specs:
                bench.cold(function)
            requests = _ingest(bench, posts)
            _pictures(bench)
            _index(bench, requests, texts)
            _read(bench)
            _walk(bench, records)
        finally:
            spawner.close()
    return bench


def _asked(path: str, query: str = "") -> dict[str, Any]:
    return api_event(path, query, headers={"accept-encoding": "gzip"})


def variables(services: Services) -> dict[str, str]:
    """What all functions are told."""
    return {
        **services.variables(),
        "RENDER_BACKLOG_QUEUE_URL": services.queues["render"],
        "PARSE_FUNCTION": "parse",
        "POWERTOOLS_METRICS_NAMESPACE": "Postkeep/bench",
        "POWERTOOLS_LOG_LEVEL": "INFO",
        "MAX_POST_BYTES": str(LARGEST),
        "TOMBSTONE_DAYS": "90",
        "CHANGES_LAG_SECONDS": "0",
        "FETCH_PICTURES": "true",
        "KEEP_ORIGINALS": "false",
        "THUMBNAIL_AVIF": "false",
        "CURSOR_KEY": "a key",
        "READ_ACCESS": "public",
        "SEARCH_SPACE_BYTES": "3500000000",
    }


def largest_post() -> bytes:
    """An article of as many bytes as are taken, of paragraphs with links and pictures."""
    head = "---\ntitle: 长文\ndate: 2021-06-29T00:00:00.000Z\nauthor: 陆羽\nfrom: https://tea.example/long\n---\n"
    paragraph = (
        "<p>茶之为饮，发乎神农氏，闻于鲁周公。齐有晏婴，汉有扬雄、司马相如，<a href='https://tea.example/{0}'>吴有韦曜</a>，"
        "晋有刘琨、张载、远祖纳、谢安、左思之徒，皆饮焉。<b>滂时浸俗</b>，盛于国朝，<img src='https://tea.example/{0}.jpg'></p>\n"
    )
    number = (LARGEST - len(head.encode())) // len(paragraph.format(99_999).encode())
    return (head + "".join(paragraph.format(n) for n in range(number))).encode()


def worst_post() -> bytes:
    """What takes render longest of all that is known (tests/support/hostile.py), in as many bytes as are taken."""
    head = "---\ntitle: a\n---\n"
    return (head + bodies(LARGEST - len(head))["addresses in a row"]).encode()


def _ingest(bench: Bench, posts: Posts) -> list[dict[str, Any]]:
    """Parse and render; gives the messages to index, but those of the posts that are no usual ones."""
    events = []
    for number, (key, body) in enumerate(posts):
        bench.services.s3.put_object(Bucket=bench.services.variables()["POSTS_BUCKET"], Key=key, Body=body)
        events.append(s3_event("posts-bucket", key, f"{number + 1:016X}"))
    large = "tea/_posts/2021-06-29-large.md"
    bench.services.s3.put_object(Bucket="posts-bucket", Key=large, Body=largest_post())
    with bench.worker("ParseFunction") as parse:
        parse(events[0])
        bench.run(parse, "a post", events[1:])
        requests = bench.messages("render")
        bench.run(parse, "a post of 5 MiB", [s3_event("posts-bucket", large, "00F1")])
    with bench.worker("RenderFunction") as render:
        first, *rest = batched(requests, BATCH, strict=False)
        render(sqs_event(list(first)))
        bench.run(render, f"{BATCH} posts", [sqs_event(list(batch)) for batch in rest])
        indexing = bench.messages("index")
        bench.services.messages("thumbnail")
    with bench.worker("RenderFunction") as render:
        bench.run(render, "a post of 5 MiB", [sqs_event(bench.messages("render"))])
        bench.services.messages("thumbnail")
    with bench.worker("ParseFunction") as parse:
        for number in range(BATCH):
            key = f"tea/_posts/2021-06-29-worst-{number}.md"
            bench.services.s3.put_object(Bucket="posts-bucket", Key=key, Body=worst_post())
            parse(s3_event("posts-bucket", key, "00F1"))
    with bench.worker("RenderFunction") as render:
        bench.run(render, f"{BATCH} of the worst posts known", [sqs_event(bench.messages("render"))])
    bench.services.messages("index")
    return indexing


def _pictures(bench: Bench) -> None:
    groups: dict[tuple[str, tuple[tuple[str, str], ...]], list[Case]] = {}
    for case in cases():
        groups.setdefault((case.kind, case.variables), []).append(case)
    for (kind, variables), some in groups.items():
        with bench.worker("ThumbnailFunction", **dict(variables)) as make:
            first, *rest = [sqs_event([arranged(bench.services, case)]) for case in some]
            if rest:
                make(first)
            bench.run(make, kind, rest or [first])


def _index(bench: Bench, requests: list[dict[str, Any]], texts: Sequence[Document]) -> None:
    burst, single = requests[1 : 1 + 2 * COMMIT], requests[1 + 2 * COMMIT : -1]
    with bench.worker("IndexFunction") as index:
        index(sqs_event(requests[:1]))
        bench.run(index, f"{COMMIT} posts", [sqs_event(list(some)) for some in batched(burst, COMMIT, strict=False)])
        bench.run(index, "a post", [sqs_event([one]) for one in single])
    bench.merged = segments(bench.services, texts)
    with bench.worker("IndexFunction") as index:
        bench.run(index, "a post, and the largest merge", [sqs_event(requests[-1:])])


def _read(bench: Bench) -> None:
    with bench.worker("QueryFunction") as query:
        ready = [
            post["id"]
            for post in json.loads(query(api_event("/posts", "limit=50"))["body"])["posts"]
            if post["status"] == "ready"
        ]
        objects = bench.services.s3.list_objects_v2(Bucket=ARCHIVE, Prefix="thumbnails/")["Contents"]
        thumbnails = [entry["Key"] for entry in objects if entry["Key"].endswith("/640.webp")]
        asked = {
            "list 20": [("/posts", "limit=20")] * 40,
            "a post": [(f"/posts/{one}", "") for one in ready],
            "its text": [(f"/posts/{one}/text", "format=html") for one in ready],
            "Atom feed": [("/feeds/atom", "")] * 20,
            "list 100": [("/posts", "limit=100")] * 20,
            "a thumbnail": [(f"/{key}", "") for key in thumbnails],
            "JSON Feed with texts": [("/feeds/json", "content=full")] * 10,
        }
        for kind, some in asked.items():
            bench.run(query, kind, [_asked(path, text) for path, text in some])
    words = ["茶", "中国", "the", "问题 社会", "新闻", "我们 没有", "香港 -台湾", '"可以"']
    queries = [_asked("/search", f"q={word}") for word in words for _ in range(5)]
    with bench.worker("SearchFunction") as search:
        bench.run(search, "the first search, which loads the index", queries[:1])
        bench.run(search, "a search", queries)


def _walk(bench: Bench, records: int) -> None:
    with (
        bench.worker("CountFunction") as count,
        bench.worker("ReconcileFunction") as reconcile,
        bench.worker("RetryFunction") as r,
    ):
        bench.run(reconcile, "a small archive that agrees", [{}] * 2)
        fill(bench.services, records)
        bench.run(count, "everything anew", [{}])
        bench.run(count, "nothing new", [{}] * 20)
        bench.run(r, "nothing due", [{}] * 20)
        due_pictures(bench.services, 200)
        bench.run(r, "200 due", [{}])
        bench.run(reconcile, "an archive that agrees", [{}])
