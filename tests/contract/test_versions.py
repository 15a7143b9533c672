"""VersionStore: the same cases for the fake and for S3; and what S3 answers that moto does not."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Protocol

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws

from fakes.versions import MemoryVersions
from postkeep.aws.versions import BucketVersions
from postkeep.errors import ObjectDeleted, ObjectMissing, ObjectTooLarge
from postkeep.ports import VersionStore, VersionStretch

KEY = "tea/_posts/2021-06-29-a b#c%20?d+e|“茶”\u3000🍵.md"


class Versions(VersionStore, Protocol):
    """A store that can be written, too."""

    def put(self, key: str, body: bytes) -> str: ...
    def delete(self, key: str) -> str: ...
    def purge(self, key: str, version_id: str) -> None: ...


class MotoVersions(BucketVersions):
    def put(self, key: str, body: bytes) -> str:
        return self._s3.put_object(Bucket=self._name, Key=key, Body=body)["VersionId"]

    def delete(self, key: str) -> str:
        return self._s3.delete_object(Bucket=self._name, Key=key)["VersionId"]

    def purge(self, key: str, version_id: str) -> None:
        self._s3.delete_object(Bucket=self._name, Key=key, VersionId=version_id)


@pytest.fixture(params=["memory", "moto"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Versions]:
    if request.param == "memory":
        yield MemoryVersions()
        return
    # moto orders by time, and S3 says times to the second: here, a minute passes between any two writes.
    minutes = count()
    monkeypatch.setattr("moto.s3.models.utcnow", lambda: datetime(2021, 6, 29) + timedelta(minutes=next(minutes)))  # noqa: DTZ001 (as moto has it)
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="posts")
        s3.put_bucket_versioning(Bucket="posts", VersioningConfiguration={"Status": "Enabled"})
        yield MotoVersions("posts")


def names(stretch: VersionStretch) -> list[str]:
    return [version.version_id for version in stretch.versions]


def test_lists_the_newest_first_with_delete_markers(store: Versions) -> None:
    first = store.put(KEY, b"1")
    gone = store.delete(KEY)
    third = store.put(KEY, "茶".encode())
    found = store.versions(KEY, after=None, limit=10)
    assert names(found) == [third, gone, first]
    assert found.after is None
    newest, marker, oldest = found.versions
    assert (newest.current, newest.deleted, newest.size, newest.etag) == (True, False, 3, "a001ed1cf190f9795d4d3fa6700bfd2b")
    assert (marker.current, marker.deleted, marker.size, marker.etag) == (False, True, 0, "")
    assert (oldest.current, oldest.deleted, oldest.size) == (False, False, 1)
    assert newest.modified > marker.modified > oldest.modified
    assert newest.modified.utcoffset() == timedelta(0)


def test_a_deletion_is_the_current_version(store: Versions) -> None:
    first = store.put(KEY, b"1")
    gone = store.delete(KEY)
    found = store.versions(KEY, after=None, limit=10)
    assert [(v.version_id, v.current, v.deleted) for v in found.versions] == [(gone, True, True), (first, False, False)]


def test_stretches_follow_each_other(store: Versions) -> None:
    put = [store.delete(KEY) if n % 3 == 1 else store.put(KEY, b"%d" % n) for n in range(7)]
    store.put(KEY + ".md", b"")
    seen: list[str] = []
    after, stretches = None, 0
    while True:
        stretch = store.versions(KEY, after=after, limit=2)
        assert len(stretch.versions) <= 2
        seen += names(stretch)
        after, stretches = stretch.after, stretches + 1
        if after is None:
            break
    assert seen == put[::-1]
    assert stretches == 4


def test_other_keys_that_begin_alike_are_left_out(store: Versions) -> None:
    first = store.put("a.md", b"1")
    other = store.put("a.md.md", b"2")
    store.put("a.m", b"3")
    second = store.put("a.md", b"4")
    assert names(store.versions("a.md", after=None, limit=10)) == [second, first]
    assert names(store.versions("a.md", after=second, limit=10)) == [first]
    assert names(store.versions("a.md", after=first, limit=10)) == []
    assert names(store.versions("a.md.md", after=None, limit=1)) == [other]
    assert names(store.versions("a", after=None, limit=10)) == []


def test_an_end_at_the_limit_is_an_end_or_leads_to_nothing(store: Versions) -> None:
    names_put = [store.put("a.md", b"1"), store.put("a.md", b"2")]
    store.put("a.md.md", b"3")
    found = store.versions("a.md", after=None, limit=2)
    assert names(found) == names_put[::-1]
    if found.after is not None:
        assert store.versions("a.md", after=found.after, limit=2) == VersionStretch([], None)


def test_what_was_purged_or_never_written_has_no_versions(store: Versions) -> None:
    assert store.versions(KEY, after=None, limit=10) == VersionStretch([], None)
    only = store.put(KEY, b"1")
    store.purge(KEY, only)
    assert store.versions(KEY, after=None, limit=10) == VersionStretch([], None)


def test_reads_a_version(store: Versions) -> None:
    first = store.put(KEY, b"1")
    store.put(KEY, b"22")
    store.delete(KEY)
    found = store.read(KEY, first, limit=1)
    assert found.body == b"1"
    assert found.modified.utcoffset() == timedelta(0)
    assert found.modified == store.versions(KEY, after=None, limit=3).versions[-1].modified


def test_refuses_what_is_larger_than_the_limit(store: Versions) -> None:
    version = store.put(KEY, b"12345")
    assert store.read(KEY, version, limit=5).body == b"12345"
    with pytest.raises(ObjectTooLarge) as caught:
        store.read(KEY, version, limit=4)
    assert (caught.value.size, caught.value.limit) == (5, 4)


@pytest.mark.parametrize("version", ["none", "null", "x" * 256, "a~b+c=d-e_f.g"])
def test_an_unknown_version_is_missing(store: Versions, version: str) -> None:
    store.put(KEY, b"1")
    for key in (KEY, "never.md"):
        with pytest.raises(ObjectMissing) as caught:
            store.read(key, version, limit=1)
        assert (caught.value.key, caught.value.version_id) == (key, version)


def test_a_version_of_another_key_is_missing(store: Versions) -> None:
    store.put("a.md", b"1")
    other = store.put("a.md.md", b"2")
    with pytest.raises(ObjectMissing):
        store.read("a.md", other, limit=1)


def test_a_purged_version_and_a_deletion_are_missing(store: Versions) -> None:
    first, gone = store.put(KEY, b"1"), store.delete(KEY)
    store.purge(KEY, first)
    for version in (first, gone):
        with pytest.raises(ObjectMissing):
            store.read(KEY, version, limit=1)


# moto answers NoSuchVersion for a delete marker and takes any text for a version id; S3 does neither.


def refusing(operation: str, code: str, status: int) -> BucketVersions:
    s3 = boto3.client("s3")
    stub = Stubber(s3)
    stub.add_client_error(operation, code, http_status_code=status)
    stub.activate()
    return BucketVersions("posts", s3)


def test_the_fake_and_s3_tell_a_deletion_from_what_is_not_there() -> None:
    memory = MemoryVersions()
    memory.put("a.md", b"1")
    marker = memory.delete("a.md")
    for store in (memory, refusing("get_object", "MethodNotAllowed", 405)):
        with pytest.raises(ObjectDeleted):
            store.read("a.md", marker, limit=1)


@pytest.mark.parametrize("code", ["NoSuchKey", "NoSuchVersion", "InvalidArgument"])
def test_a_text_that_can_be_no_version_is_missing(code: str) -> None:
    with pytest.raises(ObjectMissing):
        refusing("get_object", code, 400).read("a.md", "x", limit=1)
    with pytest.raises(ObjectMissing):
        refusing("list_object_versions", code, 400).versions("a.md", after="x", limit=1)


def test_other_refusals_are_not_ours_to_explain() -> None:
    with pytest.raises(ClientError):
        refusing("get_object", "AccessDenied", 403).read("a.md", "x", limit=1)
    with pytest.raises(ClientError):
        refusing("list_object_versions", "InvalidArgument", 400).versions("a.md", after=None, limit=1)


def listing(**more: Any) -> dict[str, Any]:
    noon = datetime(2021, 6, 29, 12, tzinfo=UTC)

    def entry(version: str, second: int, *, latest: bool = False) -> dict[str, Any]:
        return {"Key": "a.md", "VersionId": version, "IsLatest": latest, "LastModified": noon + timedelta(seconds=second)}

    return {
        "IsTruncated": False,
        "Versions": [entry("v6", 0, latest=True), entry("v4", 2), entry("v3", 9), entry("v1", 1)],
        "DeleteMarkers": [entry("d5", 2), entry("d2", 1)],
        **more,
    }


def answering(answer: dict[str, Any], **expected: Any) -> tuple[BucketVersions, Stubber]:
    s3 = boto3.client("s3")
    stub = Stubber(s3)
    stub.add_response("list_object_versions", answer, {"Bucket": "posts", "Prefix": "a.md", **expected})
    stub.activate()
    return BucketVersions("posts", s3), stub


def test_versions_and_delete_markers_are_put_in_one_order() -> None:
    store, _ = answering(listing(), MaxKeys=20)
    found = store.versions("a.md", after=None, limit=20)
    # The current one leads whatever its time (an upload in parts has that of its beginning); each kind keeps S3's order.
    assert names(found) == ["v6", "d5", "v4", "v3", "d2", "v1"]


def test_the_place_goes_on_where_s3_says() -> None:
    store, stub = answering(
        listing(IsTruncated=True, NextKeyMarker="a.md", NextVersionIdMarker="n"), MaxKeys=6, KeyMarker="a.md", VersionIdMarker="x"
    )
    assert store.versions("a.md", after="x", limit=6).after == "n"
    stub.assert_no_pending_responses()


def test_another_keys_place_is_the_end() -> None:
    store, _ = answering(listing(IsTruncated=True, NextKeyMarker="a.md.md", NextVersionIdMarker="n"), MaxKeys=6)
    assert store.versions("a.md", after=None, limit=6).after is None
