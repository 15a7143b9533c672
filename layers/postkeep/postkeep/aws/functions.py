"""Calling other functions."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import batched
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from postkeep import correlation
from postkeep.aws.session import client

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

_RECORDS = 20
"""Objects an event: with the longest keys (1,024 bytes, three times as many encoded) 75 KB. Lambda takes 256 KB at least
(AWS Lambda Developer Guide, «Lambda quotas»); what fails is retried as a whole, and 20 posts fit parse's minute many times."""


class ParseFunction:
    """:class:`postkeep.ports.RecordChecker` by asynchronous invocations of parse."""

    def __init__(self, name: str, bucket: str, functions: "LambdaClient | None" = None) -> None:
        """Take the names.

        Args:
            name: the function's name or ARN.
            bucket: the posts bucket's name, which each event says.
            functions: a client.
        """
        self._name = name
        self._bucket = bucket
        self._functions = functions or client("lambda")

    def check(self, keys: Sequence[str]) -> None:
        """See the port."""
        for batch in batched(keys, _RECORDS, strict=False):
            event = {"Records": [self._record(key) for key in batch]}
            self._functions.invoke(FunctionName=self._name, InvocationType="Event", Payload=json.dumps(event))

    def _record(self, key: str) -> dict[str, Any]:
        """An event's record in S3's form, without a sequencer: none is known, so parse compares with what it has.

        Source: Amazon S3 User Guide, «Event message structure». Created or removed, parse reads what is there now. In the
        place of S3's request stands the correlation id of the work that asks.
        """
        return {
            "eventVersion": "2.2",
            "eventSource": "aws:s3",
            "awsRegion": self._functions.meta.region_name,
            "eventTime": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "eventName": "ObjectCreated:Put",
            "responseElements": {"x-amz-request-id": correlation.current()},
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "postkeep-check",
                "bucket": {"name": self._bucket, "arn": f"arn:aws:s3:::{self._bucket}"},
                "object": {"key": quote_plus(key, safe="/")},
            },
        }
