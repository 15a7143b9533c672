"""The versions of a bucket's objects."""

from collections.abc import Iterable
from heapq import merge
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from postkeep.aws.session import client
from postkeep.errors import ObjectDeleted, ObjectMissing, ObjectTooLarge
from postkeep.ports import ObjectVersion, VersionContent, VersionStretch

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ABSENT = frozenset({"NoSuchKey", "NoSuchVersion", "InvalidArgument"})
"""S3's codes for an absent key, an absent version, and a text that can be no version id («Invalid version id specified»)."""

_DELETE_MARKER = "MethodNotAllowed"
"""S3's code for reading a delete marker by its version id (Amazon S3 User Guide, «Working with delete markers»)."""


class BucketVersions:
    """:class:`postkeep.ports.VersionStore` on one S3 bucket."""

    def __init__(self, name: str, s3: "S3Client | None" = None) -> None:
        self._name = name
        self._s3 = s3 or client("s3")

    def versions(self, key: str, *, after: str | None, limit: int) -> VersionStretch:
        """See the port. One call, whatever the bucket holds: a key sorts before all that begin with it."""
        markers = {"KeyMarker": key, "VersionIdMarker": after} if after else {}
        try:
            answer = self._s3.list_object_versions(Bucket=self._name, Prefix=key, MaxKeys=limit, **markers)  # type: ignore[arg-type]
        except ClientError as error:
            if after and error.response["Error"]["Code"] in _ABSENT:
                raise ObjectMissing(key, after) from error
            raise
        found = _newest_first(
            [_version(entry, deleted=True) for entry in answer.get("DeleteMarkers", []) if entry["Key"] == key],
            [_version(entry) for entry in answer.get("Versions", []) if entry["Key"] == key],
        )
        # The marker of another key means that this key's own versions have ended.
        goes_on = answer["IsTruncated"] and answer.get("NextKeyMarker") == key
        return VersionStretch(found, answer["NextVersionIdMarker"] if goes_on else None)

    def read(self, key: str, version_id: str, *, limit: int) -> VersionContent:
        """See the port."""
        try:
            answer = self._s3.get_object(Bucket=self._name, Key=key, VersionId=version_id)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == _DELETE_MARKER:
                raise ObjectDeleted(key, version_id) from error
            if code in _ABSENT:
                raise ObjectMissing(key, version_id) from error
            raise
        with answer["Body"] as body:
            size = answer["ContentLength"]
            if size > limit:
                raise ObjectTooLarge(key, size, limit)
            return VersionContent(body.read(), answer["LastModified"])


def _version(entry: Any, *, deleted: bool = False) -> ObjectVersion:
    return ObjectVersion(
        version_id=entry["VersionId"],
        modified=entry["LastModified"],
        current=entry["IsLatest"],
        deleted=deleted,
        size=entry.get("Size", 0),
        etag=entry.get("ETag", "").strip('"'),
    )


def _newest_first(*lists: Iterable[ObjectVersion]) -> list[ObjectVersion]:
    """What S3 answers in one order, and boto3 hands over as two lists.

    Each list keeps its order, and the current one is the first of all. S3 says when to the second: of a version and a delete
    marker of the same second the marker counts as the newer, since a history seldom begins with a deletion.
    """
    return list(merge(*lists, key=lambda version: (version.current, version.modified), reverse=True))
