"""Addresses at which anyone can read an object for a short while."""

import re
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote

import boto3
from botocore.config import Config

from postkeep.aws.session import client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SECONDS = 300
"""For how long an address holds: a click, and a slow start of the download. What has begun is not cut off."""

_LONGEST = 80
"""Characters of a file's name: of Chinese ones that is what file systems take, and the address stays under S3's 8 KB."""

_UNSAFE = re.compile(r"[^A-Za-z0-9._ -]")


class BucketDownloads:
    """:class:`postkeep.ports.Downloads` on one S3 bucket: presigned GETs."""

    def __init__(self, name: str, s3: "S3Client | None" = None) -> None:
        self._name = name
        self._given = s3

    @cached_property
    def _s3(self) -> "S3Client":
        # A client of its own, once somebody asks: botocore signs S3's addresses by version 2 unless told, which buckets made
        # since June 2020 refuse (AWS News Blog, «Amazon S3 Update: SigV2 Deprecation Period Extended & Modified»).
        s3 = self._given or client("s3")
        return boto3.client("s3", config=s3.meta.config.merge(Config(signature_version="s3v4")))

    def address(self, key: str, *, version_id: str, name: str) -> str:
        """See the port.

        The file is offered for saving, as plain text: a stranger's HTML is never a page of the bucket's own host.
        """
        version = {"VersionId": version_id} if version_id else {}
        return self._s3.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._name,
                "Key": key,
                **version,
                "ResponseContentType": "text/plain; charset=utf-8",
                "ResponseContentDisposition": disposition(name),
                "ResponseCacheControl": "no-store",
            },
            ExpiresIn=SECONDS,
        )


def disposition(name: str) -> str:
    """The Content-Disposition field that has a file saved under a name (RFC 6266, with its appendix D's fallback).

    Args:
        name: of a long one the begin and the ending are kept.
    """
    stem, dot, ending = name.rpartition(".")
    if len(name) > _LONGEST and dot and len(ending) < _LONGEST // 2:
        name = f"{stem[: _LONGEST - len(ending) - 1]}.{ending}"
    name = name[:_LONGEST]
    plain = _UNSAFE.sub("_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
