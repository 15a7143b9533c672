"""Each function's role against the calls that it makes, both ways: nothing is missing, and nothing is there for nobody.

What is missing is also looked for in every other test here (``conftest.aws``).
"""

import json
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Self
from urllib.parse import urlencode

import boto3
import pytest

import count_posts.handler
import make_thumbnail.handler
import parse_post.handler
import query_posts.handler
import reconcile_posts.handler
import render_post.handler
import search_posts.handler
import search_posts.index_handler
from integration import test_retry
from integration.conftest import Aws, Context, api_event, s3_event, sqs_event, standing
from integration.test_pipeline import KEY, POST
from integration.test_search_index import Patient
from postkeep.counts import KINDS
from postkeep.messages import RenderRequest
from postkeep.post import post_id
from search_posts.manifest import GRACE
from search_posts.store import SEGMENTS
from support.calls import Call
from support.grants import functions, grants
from support.roles import ARNS, refused, unused
from support.template import ROOT
from unit.thumbnail.picture_host import PictureHost, answer

PICTURE = "/pictures/a.png"
OWN = POST.replace("https://pictures.example/1.jpg", PICTURE).replace("[ 茶 ]", "[ 茶, 山 ]")
OTHER = "tea/_posts/other.md"
ID = post_id(KEY)


class Tomorrow(datetime):
    """A clock that says what it will be tomorrow, when nothing is young any more."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls.fromtimestamp(datetime.now(tz).timestamp() + 86_400, tz)


class World:
    """A stack at work, with all the functions' ways."""

    def __init__(self, aws: Aws, patches: pytest.MonkeyPatch) -> None:
        self.aws = aws
        self.patches = patches
        self.events = 0
        self.checks: list[dict[str, Any]] = []

    def parse(self, key: str = KEY, *, sequencer: bool = True) -> None:
        self.events += 1
        parse_post.handler.handler(s3_event(self.aws.posts, key, f"{self.events:04X}" if sequencer else None), Context())

    def render(self) -> None:
        for queue in (self.aws.render_queue, self.aws.backlog_queue):
            if messages := self.aws.messages(queue):
                render_post.handler.handler(sqs_event(messages), Context())

    def put(self, content: str, key: str = KEY) -> str:
        version = self.aws.put(key, content)
        self.parse(key)
        return version

    def ask(self, path: str, query: str = "") -> dict[str, Any]:
        handler = search_posts.handler if path in {"/search", "/suggest"} else query_posts.handler
        answer: dict[str, Any] = handler.handler(api_event(path, query), Context())
        assert answer["statusCode"] in {200, 307, 404, 410}, answer
        return answer

    def index(self) -> None:
        search_posts.index_handler.handler(sqs_event(self.aws.messages(self.aws.index_queue)), Patient())

    def reconcile(self, **order: Any) -> dict[str, Any]:
        reconcile_posts.handler.wiring.cache_clear()
        answer: dict[str, Any] = reconcile_posts.handler.handler(order, Context())
        return answer

    def delivered(self) -> None:
        """Parse gets what reconcile invoked it with."""
        events, self.checks = self.checks, []
        for event in events:
            parse_post.handler.handler(event, Context())

    def listed(self, prefix: str) -> list[str]:
        listed = self.aws.s3.list_objects_v2(Bucket=self.aws.archive, Prefix=prefix)
        return [entry["Key"] for entry in listed["Contents"]]

    def run(self) -> None:
        self.nothing_is_there()
        self.posts_come_and_change()
        self.pictures_are_made_and_tried_again()
        self.posts_are_counted()
        self.posts_are_indexed_and_searched()
        self.everything_is_read()
        self.everything_is_reconciled()

    def nothing_is_there(self) -> None:
        self.ask("/search", "q=a")
        self.ask("/counts")
        self.parse("nothing.md")

    def posts_come_and_change(self) -> None:
        self.aws.put("tea" + PICTURE, (ROOT / "examples/pictures/stone-bridge.png").read_bytes())
        self.put(OWN)
        self.render()
        self.put(POST)  # without the second tag and the archive's own picture
        self.render()
        # A version that is gone when it is asked for, of a post that is there, and a generation that is over.
        self.put(POST, OTHER)
        version = self.put(POST.replace("最香", "最淡"))
        self.aws.s3.delete_object(Bucket=self.aws.posts, Key=KEY, VersionId=version)
        self.render()
        self.put(OWN)
        self.aws.sqs.send_message(QueueUrl=self.aws.render_queue, MessageBody=RenderRequest(ID, 1).encode())
        self.render()
        self.aws.s3.delete_object(Bucket=self.aws.posts, Key=OTHER)
        self.parse(OTHER, sequencer=False)
        self.render()

    def pictures_are_made_and_tried_again(self) -> None:
        self.patches.setenv("KEEP_ORIGINALS", "true")
        host = PictureHost()
        try:
            host.scripts = {"/1.jpg": answer((ROOT / "examples/pictures/tide.jpg").read_bytes())}
            self.patches.setenv("POSTKEEP_PICTURE_HOSTS", json.dumps({"pictures.example": host.origin}))
            self.put(POST, "third.md")
            self.render()
            for message in self.aws.messages(self.aws.thumbnail_queue):
                make_thumbnail.handler.handler(sqs_event([message]), Context())
        finally:
            host.close()
        test_retry.have(test_retry.picture())
        assert test_retry.handle()["sent"] == 1

    def posts_are_counted(self) -> None:
        count_posts.handler.handler({}, Context())
        self.put(POST.replace("最香", "最淡"), "third.md")
        self.render()
        assert count_posts.handler.handler({}, Context())["counted"] == 1
        # Somebody deleted what the counts are made of: they are begun anew.
        for key in self.listed("counts/shards/"):
            self.aws.s3.delete_object(Bucket=self.aws.archive, Key=key)
        self.put(POST, "third.md")
        assert count_posts.handler.handler({}, Context())["counted"] == 0

    def posts_are_indexed_and_searched(self) -> None:
        self.index()
        self.aws.s3.put_object(Bucket=self.aws.archive, Key=f"{SEGMENTS}{'0' * 32}", Body=b"left by one that died")
        later = datetime.now(UTC) + 2 * GRACE + timedelta(days=1)
        self.patches.setattr(search_posts.index_handler, "now", lambda: later)
        search_posts.index_handler.wiring.cache_clear()
        self.put(POST, "late.md")
        self.render()
        self.index()
        search_posts.handler.wiring.cache_clear()
        self.ask("/search", urlencode({"q": "茶"}))
        self.ask("/suggest", urlencode({"q": "茶"}))

    def everything_is_read(self) -> None:
        for query in (
            "",
            "sort=added",
            "status=rejected",
            "archive=tea",
            "author=陆羽",
            "host=tea.example",
            "tag=茶",
            "category=x",
        ):
            self.ask("/posts", query)
        for path in ("/changes", "/counts", "/feeds/atom", "/feeds/opml", "/sitemap.xml", *(f"/{kind}" for kind in KINDS)):
            self.ask(path)
        self.ask("/posts/by-url", urlencode({"url": "https://tea.example/1"}))
        for what in ("", "/pictures", "/text", "/removed", "/related", "/revisions", "/diff", "/raw", "/revisions/none"):
            self.ask(f"/posts/{ID}{what}")
        self.ask(f"/{self.listed('thumbnails/')[0].rpartition('/')[0]}/320.webp")
        self.ask(f"/thumbnails/{'0' * 64}-1/320.webp")
        # Of a post that is too large no version is recorded: its file is to be had all the same.
        self.patches.setenv("MAX_POST_BYTES", "1024")
        parse_post.handler.wiring.cache_clear()
        self.put("x" * 1025, "large.md")
        self.ask(f"/posts/{post_id('large.md')}/raw")

    def everything_is_reconciled(self) -> None:
        self.patches.setattr(reconcile_posts.handler, "datetime", Tomorrow)
        self.aws.put("lost.md", POST)
        self.aws.s3.put_object(Bucket=self.aws.archive, Key="renditions/x/1.json", Body=b"{}")
        self.aws.s3.delete_object(Bucket=self.aws.archive, Key=self.listed(f"renditions/{post_id('third.md')}/")[0])
        self.patches.setattr(Context, "get_remaining_time_in_millis", staticmethod(lambda: 1))
        assert self.reconcile() == {"unfinished": True}
        self.patches.setattr(Context, "get_remaining_time_in_millis", staticmethod(lambda: 900_000))
        report = self.reconcile()
        assert {kind: report["counts"][kind] for kind in ("missing", "textless", "stray")} == dict.fromkeys(
            ("missing", "textless", "stray"), 1
        )
        self.delivered()
        self.render()
        assert self.reconcile(everything=True)["counts"]["stale"] > 0
        self.delivered()


@pytest.fixture(scope="module")
def calls() -> list[Call]:
    """What all functions call while everything happens once."""
    with pytest.MonkeyPatch.context() as patches, standing(patches) as (aws, recorder):
        patches.setenv("PARSE_FUNCTION", "parse:live")
        patches.setenv("RENDER_BACKLOG_QUEUE_URL", aws.backlog_queue)
        world = World(aws, patches)
        session = boto3.DEFAULT_SESSION
        assert session is not None

        def invoked(params: dict[str, Any], **_: Any) -> Any:
            world.checks.append(json.loads(params["body"]))
            return type("Answer", (), {"status_code": 202}), {"StatusCode": 202}

        session.events.register("before-call.lambda.Invoke", invoked)
        world.run()
        reconcile_posts.handler.wiring.cache_clear()
    return recorder.calls


def test_every_call_is_allowed(calls: list[Call]) -> None:
    assert refused(calls) == []


@pytest.mark.parametrize("function", functions())
def test_a_role_allows_nothing_that_is_not_used(calls: list[Call], function: str) -> None:
    """There is no exception: what only tells absent from forbidden is shown by what is absent."""
    assert unused(function, calls) == {}


@pytest.mark.parametrize("function", functions())
def test_a_role_names_the_folders_of_the_archive_bucket(function: str) -> None:
    """Whether a pattern is wider than its use, no call shows: one that is as wide as the bucket is."""
    assert not [grant for grant in grants(function, ARNS) if grant.place == "ArchiveBucket.Arn/*"]
