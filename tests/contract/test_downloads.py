"""Downloads: the same cases for the fake and for S3."""

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
import pytest
import requests
from moto import mock_aws

from fakes.downloads import MemoryDownloads
from fakes.memory import MemoryBucket
from postkeep.aws.links import SECONDS, BucketDownloads, disposition
from postkeep.ports import Downloads

type Case = tuple[Downloads, Callable[[str, bytes], str], Callable[[str], tuple[bytes, str]]]
"""The downloads, what puts an object and gives its version, and what follows an address to bytes and a file name."""

KEY = "tea/_posts/2021-06-29-一杯茶的 路 #1+%3F.md"
NAME = "2021-06-29-一杯茶的 路 #1+%3F.md"


def saved_as(field: str) -> str:
    """The name that browsers take, which all prefer the extended one (RFC 6266, 4.3)."""
    return unquote(field.partition("filename*=UTF-8''")[2], errors="strict")


@pytest.fixture(params=["memory", "moto"])
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    if request.param == "memory":
        bucket = MemoryBucket()
        memory = MemoryDownloads(bucket)

        def keep(key: str, body: bytes) -> str:
            bucket.put(key, body, content_type="")
            return bucket.get(key, limit=100).version_id

        yield memory, keep, memory.open
        return
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="posts")
        s3.put_bucket_versioning(Bucket="posts", VersioningConfiguration={"Status": "Enabled"})

        def follow(address: str) -> tuple[bytes, str]:
            answer = requests.get(address, timeout=5)
            answer.raise_for_status()
            assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
            return answer.content, saved_as(answer.headers["Content-Disposition"])

        yield BucketDownloads("posts"), lambda key, body: s3.put_object(Bucket="posts", Key=key, Body=body)["VersionId"], follow


def test_an_address_leads_to_the_file(case: Case) -> None:
    downloads, put, follow = case
    old, new = put(KEY, b"old"), put(KEY, "茶".encode())
    assert follow(downloads.address(KEY, version_id=old, name=NAME)) == (b"old", NAME)
    assert follow(downloads.address(KEY, version_id=new, name=NAME)) == ("茶".encode(), NAME)
    assert follow(downloads.address(KEY, version_id="", name="a.md")) == ("茶".encode(), "a.md")


def test_an_address_of_s3_is_signed_for_five_minutes_by_version_4() -> None:
    with mock_aws():
        query = parse_qs(urlsplit(BucketDownloads("posts").address(KEY, version_id="v", name=NAME)).query)
    assert (query["X-Amz-Algorithm"], query["X-Amz-Expires"], SECONDS) == (["AWS4-HMAC-SHA256"], ["300"], 300)
    assert query["response-cache-control"] == ["no-store"]
    assert query["versionId"] == ["v"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.md", "a.md"),
        ('a"\r\nX: y;\\.md', 'a"\r\nX: y;\\.md'),
        ("茶" * 300 + ".markdown", "茶" * 71 + ".markdown"),
        ("茶" * 300, "茶" * 80),
        ("a." + "茶" * 300, "a." + "茶" * 78),
        ("", ""),
    ],
)
def test_a_name_cannot_break_out_of_its_field(name: str, expected: str) -> None:
    field = disposition(name)
    assert field.isascii()
    assert not {"\r", "\n", "\\"} & set(field)
    assert field.count('"') == 2
    assert saved_as(field) == expected


def test_the_longest_address_is_one_that_s3_takes() -> None:
    key = "茶" * 340 + ".md"
    with mock_aws():
        assert len(BucketDownloads("posts").address(key, version_id="v" * 32, name=key)) < 6_500
