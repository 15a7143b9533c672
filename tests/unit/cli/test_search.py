"""`postkeep search rebuild`, `status` and `collect`, on an archive in memory."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from click.testing import CliRunner, Result
from moto import mock_aws

from postkeep.aws.dynamodb import DynamoPosts
from postkeep.aws.s3 import Bucket
from postkeep.counts import TOTALS_KEY, Totals
from postkeep.ports import Rendered
from postkeep.post import Rendition
from postkeep.renditions import RenditionObject
from postkeep_local.cli import main
from postkeep_local.commands import options
from postkeep_local.operations import searching
from postkeep_local.operations.archive import Archive
from search_posts.store import MANIFEST_KEY, SEGMENTS, segment_key
from support.indexed import Searchable
from support.posts import a_post
from support.template import table_definition

ARCHIVE = Archive(
    "the stack keep", "us-east-1", "", {"PostsBucket": "p", "ArchiveBucket": "archive"}, {"PostsTable": "t"}, {}, {}
)


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Searchable:
    found = Searchable(clock=datetime.now(UTC))
    monkeypatch.setattr(options, "open_archive", lambda *_, **__: ARCHIVE)
    monkeypatch.setattr(searching, "rebuilding", lambda _: found.rebuilding())
    monkeypatch.setattr(searching, "store_of", lambda _: found.store())
    return found


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["search", *arguments])


def test_an_index_is_made_again(archive: Searchable) -> None:
    archive.put("a", "茶")
    archive.put("b", "山")
    done = invoke("rebuild")
    assert (done.exit_code, done.exception) == (0, None)
    assert done.stdout.startswith("2 posts of 2 are indexed, in 1 segments of ")
    assert archive.found() == archive.expected()
    said = json.loads(invoke("rebuild", "--json").stdout)
    assert (said["looked"], said["posts"], said["segments"], said["reread"], said["failed"]) == (2, 2, 1, 0, {})


def test_posts_that_cannot_be_indexed_are_told_of(archive: Searchable) -> None:
    a = archive.put("a", "茶")
    archive.engine.refused = {a}
    done = invoke("rebuild")
    assert done.exit_code == 1
    assert f"  {a}: ValueError('refused')\n1 could not be indexed." in done.stdout


def test_the_state_of_an_index(archive: Searchable) -> None:
    assert "0 posts in 0 segments" in invoke("status").stdout
    a, b = archive.put("a", "茶"), archive.put("b", "山")
    archive.indexing()([a, b])
    archive.indexing()([archive.delete("a")])
    done = invoke("status")
    assert done.exit_code == 0
    assert "1 posts in 1 segments" in done.stdout
    assert "1 dead entries" in done.stdout
    assert "never made from nothing" in done.stdout
    archive.rebuilding()._announce()
    assert "being made again since" in invoke("status").stdout
    archive.rebuilding()()
    said = json.loads(invoke("status", "--json").stdout)
    assert (said["posts"], said["dead"], said["problem"], said["rebuilding_since"]) == (1, 0, None, None)
    assert said["rebuilt"]
    assert (said["segments"][0]["first"], said["segments"][0]["closed"]) == ("2021-06", False)
    assert "made from nothing 2" in invoke("status").stdout
    assert (said["counted"], said["counted_as_of"]) == (None, None)
    totals = Totals(as_of="2021-07-02T00:00:00.000Z")
    totals.add({"statuses": ("ready",)}, 3)
    archive.archive.put(TOTALS_KEY, totals.encode(), content_type="")
    assert "counted 3 posts that have a text, as of 2021-07-02T00:00:00.000Z" in invoke("status").stdout
    said = json.loads(invoke("status", "--json").stdout)
    assert (said["counted"], said["counted_as_of"]) == (3, "2021-07-02T00:00:00.000Z")


def test_what_is_wrong_with_an_index_is_said(archive: Searchable) -> None:
    archive.indexing()([archive.put("a", "茶")])
    (segment,) = archive.store().standing().manifest.segments
    archive.archive.delete([segment_key(segment.id)])
    done = invoke("status")
    assert done.exit_code == 1
    assert "no object" in done.stdout
    archive.archive.put(MANIFEST_KEY, b"?", content_type="")
    assert json.loads(invoke("status", "--json").stdout)["problem"].startswith("the search index's manifest")
    done = invoke("collect")
    assert done.exit_code == 1
    assert "manifest" in done.stderr


def test_what_is_needed_no_more_is_deleted(archive: Searchable) -> None:
    archive.indexing()([archive.put("a", "茶")])
    archive.archive.now = archive.clock - timedelta(days=1)
    archive.archive.put(f"{SEGMENTS}stray", b"", content_type="")
    archive.archive.put("search/0/manifest.json", b"", content_type="")
    assert invoke("collect").stdout == "1 segments and 1 objects of earlier versions were deleted.\n"
    assert json.loads(invoke("collect", "--json").stdout) == {"segments": 0, "earlier_objects": 0}


@pytest.fixture
def deployed() -> Iterator[Archive]:
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="archive")
        boto3.client("dynamodb").create_table(TableName="t", **table_definition())
        yield ARCHIVE


def test_the_use_case_is_wired_to_an_archive(deployed: Archive) -> None:
    posts, objects = DynamoPosts("t"), Bucket("archive")
    post = a_post()
    posts.offer(post)
    filed = posts.filed(post.id)
    assert filed is not None
    key = f"renditions/{post.id}/1.json"
    text = RenditionObject(
        post_id=post.id, generation=1, rules=20000, markdown="", text="茶", pictures=(), summary="", warnings=()
    )
    objects.put(key, text.encode(), content_type="")
    case = searching.rebuilding(deployed)
    assert case().posts == 0, "its text is not there yet"
    posts.settle(filed, Rendered(Rendition(key, 20000, 1, 0), ""), changed=post.changed)
    assert case().posts == 1
    assert searching.state_of(searching.store_of(deployed)).manifest.posts == 1
    assert searching.collect(searching.store_of(deployed)) == (0, 0)
