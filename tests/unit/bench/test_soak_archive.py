"""What a soak reads of a stack, on services in memory."""

import sys
from collections.abc import Iterator
from typing import Any

import boto3
import httpx
import pytest
from moto import mock_aws

from support.template import ROOT, table_definition

if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from bench.soak_archive import Table, Verification, held, listed
from bench.soak_checks import Difference
from bench.soak_truth import Clean, Held, clean

from postkeep.aws.items import picture_item, post_item
from postkeep.post import post_id
from postkeep_local.operations.archive import Archive

KEYS = {"tea/_posts/2021-06-29-a.md": b"---\ntitle: a\ntags: [x, y]\n---\n<p>zq1x</p>", "b.md": None, "c.txt": b"rejected"}


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Iterator[Archive]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        s3, dynamodb = boto3.client("s3", "us-east-1"), boto3.client("dynamodb", "us-east-1")
        for bucket in ("posts", "archive"):
            s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket="posts", VersioningConfiguration={"Status": "Enabled"})
        dynamodb.create_table(TableName="posts", **table_definition())
        for key, content in KEYS.items():
            s3.put_object(Bucket="posts", Key=key, Body=b"an earlier one")
            if content is None:
                s3.delete_object(Bucket="posts", Key=key)
            else:
                s3.put_object(Bucket="posts", Key=key, Body=content)
        buckets, tables = {"PostsBucket": "posts", "ArchiveBucket": "archive"}, {"PostsTable": "posts"}
        yield Archive("test", "us-east-1", "http://api", buckets, tables, {}, {})


def _fill(archive: Archive, there: dict[str, Held], wanted: dict[str, Clean], *, without: str = "") -> None:
    """Have the table and the archive bucket hold what they must, but for one post's record."""
    dynamodb, s3 = archive.client("dynamodb"), archive.client("s3")
    for key, one in wanted.items():
        post = one.post
        revision = type(post.revision)(post.revision.sequencer, there[key].version, post.revision.etag)
        items: list[Any] = [picture_item(post.id, picture) for picture in one.pictures]
        items += one.rows.values()
        if key != without:
            items.append(post_item(type(post)(**{**{n: getattr(post, n) for n in post.__slots__}, "revision": revision})))
        for item in items:
            dynamodb.put_item(TableName="posts", Item=item)
        if one.text and post.rendition:
            s3.put_object(Bucket="archive", Key=post.rendition.key, Body=one.text.encode())


def differences(archive: Archive, *, without: str = "") -> list[Difference]:
    verification = Verification(archive, httpx.Client(), lambda _: None)
    there, wanted = verification.truth()
    _fill(archive, there, wanted, without=without)
    found = list(verification.inside(there, wanted))
    assert verification.newest.year > 2000
    return found


def test_the_truth_is_the_newest_version_of_each_key(archive: Archive) -> None:
    found = held(archive.client("s3"), "posts")
    assert {key: one.content for key, one in found.items()} == KEYS
    assert len({one.version for one in found.values()}) == 3


def test_the_table_is_read_wholly(archive: Archive) -> None:
    key = "tea/_posts/2021-06-29-a.md"
    assert {found.kind for found in differences(archive)} == {"lost"}, "there is no index"
    table = Table.read(archive)
    assert table.records.keys() == KEYS.keys()
    assert table.rows == {post_id(key): clean(key, KEYS[key]).rows}


def test_what_is_not_there_is_lost(archive: Archive) -> None:
    found = differences(archive, without="c.txt")
    assert [(one.kind, one.key) for one in found] == [("lost", "c.txt"), ("lost", "tea/_posts/2021-06-29-a.md")]


def test_a_text_that_is_gone_and_one_that_nothing_names(archive: Archive) -> None:
    differences(archive)
    s3 = archive.client("s3")
    (entry,) = s3.list_objects_v2(Bucket="archive")["Contents"]
    s3.copy_object(Bucket="archive", Key="renditions/x", CopySource=f"archive/{entry['Key']}")
    s3.delete_object(Bucket="archive", Key=entry["Key"])
    verification = Verification(archive, httpx.Client(), lambda _: None)
    found = {(one.kind, one.where) for one in verification.inside(*verification.truth())}
    assert {("lost", "the texts"), ("left", "the texts")} <= found


def test_a_listing_is_followed_to_its_end() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        cursor = int(request.url.params.get("cursor", "0"))
        more = {"more": cursor < 1} if request.url.path == "/changes" else {}
        following = str(cursor + 1) if request.url.path == "/changes" or cursor < 1 else None
        return httpx.Response(200, json={"posts": [{"n": cursor}], "next": following, **more})

    api = httpx.Client(base_url="http://api", transport=httpx.MockTransport(answer))
    assert list(listed(api, "/posts", limit="1")) == list(listed(api, "/changes")) == [{"n": 0}, {"n": 1}]
