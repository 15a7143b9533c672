"""A bucket as an object store."""

from collections.abc import Iterable, Iterator
from itertools import batched
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from postkeep.aws.session import client
from postkeep.errors import ObjectChanged, ObjectMissing, ObjectTooLarge
from postkeep.ports import Listed, Page, StoredObject
from postkeep.thumbnails import IMMUTABLE

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ABSENT = frozenset({"NoSuchKey", "NoSuchVersion", "404", "MethodNotAllowed"})
"""S3's codes for an absent key, an absent version, a HEAD's 404, and a version that is a delete marker."""

_CHANGED = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"})
"""S3's codes for a condition that does not hold, for another conditional write under way, and for an object that is gone."""

_SAME = frozenset({"304", "NotModified"})
"""What botocore calls an answer without a body: the object is the one that is known."""

_DELETE_BATCH = 1000
"""Source: Amazon S3 API Reference, DeleteObjects."""


class Bucket:
    """:class:`postkeep.ports.ObjectStore` on one S3 bucket."""

    def __init__(self, name: str, s3: "S3Client | None" = None) -> None:
        self._name = name
        self._s3 = s3 or client("s3")

    def get(self, key: str, *, limit: int, version_id: str | None = None) -> StoredObject:
        """See the port."""
        return self._get(key, limit, version_id, **({"VersionId": version_id} if version_id else {}))

    def _get(self, key: str, limit: int, version_id: str | None, **which: Any) -> StoredObject:
        try:
            answer = self._s3.get_object(Bucket=self._name, Key=key, **which)
        except ClientError as error:
            if error.response["Error"]["Code"] in _ABSENT:
                raise ObjectMissing(key, version_id) from error
            raise
        with answer["Body"] as body:
            size = answer["ContentLength"]
            if size > limit:
                raise ObjectTooLarge(key, size, limit)
            return StoredObject(body.read(), answer.get("VersionId", ""), answer["ETag"].strip('"'))

    def newer(self, key: str, *, limit: int, than: str) -> StoredObject | None:
        """See the port."""
        try:
            return self._get(key, limit, None, IfNoneMatch=than)
        except ClientError as error:
            if error.response["Error"]["Code"] in _SAME:
                return None
            raise

    def part(self, key: str, *, length: int) -> bytes:
        """See the port."""
        try:
            with self._s3.get_object(Bucket=self._name, Key=key, Range=f"bytes=0-{length - 1}")["Body"] as body:
                return body.read()
        except ClientError as error:
            if error.response["Error"]["Code"] in _ABSENT:
                raise ObjectMissing(key) from error
            if error.response["Error"]["Code"] == "InvalidRange":
                return b""  # an empty object has no first byte
            raise

    def put(self, key: str, body: bytes, *, content_type: str, immutable: bool = False) -> None:
        """See the port."""
        caching: Any = {"CacheControl": IMMUTABLE} if immutable else {}
        self._s3.put_object(Bucket=self._name, Key=key, Body=body, ContentType=content_type, **caching)

    def swap(self, key: str, body: bytes, *, replacing: str | None) -> None:
        """See the port."""
        condition: Any = {"IfMatch": replacing} if replacing else {"IfNoneMatch": "*"}
        try:
            self._s3.put_object(Bucket=self._name, Key=key, Body=body, ContentType="application/json", **condition)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _CHANGED:
                raise
            if error.response["ResponseMetadata"].get("RetryAttempts") and self._holds(key, body):
                return  # the client's first try was done, its answer was lost, and the second was refused because of the first
            raise ObjectChanged(key) from error

    def _holds(self, key: str, body: bytes) -> bool:
        try:
            return self.get(key, limit=len(body)).body == body
        except (ObjectMissing, ObjectTooLarge):
            return False

    def keys(self, prefix: str) -> Iterator[str]:
        """See the port."""
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=prefix):
            for entry in page.get("Contents", []):
                yield entry["Key"]

    def page(self, prefix: str, *, after: str = "", limit: int = 1000) -> Page:
        """See the port."""
        begin = {"StartAfter": after} if after else {}
        answer = self._s3.list_objects_v2(Bucket=self._name, Prefix=prefix, MaxKeys=limit, **begin)  # type: ignore[arg-type]
        found = tuple(Listed(e["Key"], e["ETag"].strip('"'), e["Size"], e["LastModified"]) for e in answer.get("Contents", []))
        return Page(found, answer["IsTruncated"])

    def delete(self, keys: Iterable[str]) -> None:
        """See the port."""
        for batch in batched(keys, _DELETE_BATCH, strict=False):
            answer = self._s3.delete_objects(
                Bucket=self._name, Delete={"Objects": [{"Key": key} for key in batch], "Quiet": True}
            )
            if errors := answer.get("Errors"):
                raise ClientError(
                    {"Error": {"Code": errors[0].get("Code", ""), "Message": errors[0].get("Message", "")}}, "DeleteObjects"
                )
