"""Events for objects that the functions may not have been told of."""

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from postkeep_local.stack.deployment import Deployment
from postkeep_local.stack.emulator import Clients
from postkeep_local.stack.events import EventQueue


@dataclass(frozen=True, slots=True)
class Current:
    """The newest version of a key, which may be a delete marker."""

    key: str
    version: str
    etag: str
    size: int
    deleted: bool


@dataclass(frozen=True, slots=True)
class Subscription:
    """Which of a bucket's events a function is told of."""

    function: str
    events: tuple[str, ...]
    prefix: str
    suffix: str

    def takes(self, item: Current) -> bool:
        """Whether the event that led to this state goes to the function; S3's filters are case-sensitive."""
        kind = "s3:ObjectRemoved:" if item.deleted else "s3:ObjectCreated:"
        asked = any(event.startswith(kind) for event in self.events)
        return asked and item.key.startswith(self.prefix) and item.key.endswith(self.suffix)


def subscriptions(clients: Clients, deployment: Deployment, bucket: str) -> list[Subscription]:
    """The functions that a bucket's notifications invoke."""
    names = {function.arn: function.name for function in deployment.functions.values()}
    found = []
    configuration = clients.s3.get_bucket_notification_configuration(Bucket=bucket)
    for entry in configuration.get("LambdaFunctionConfigurations", []):
        rules = {rule["Name"].lower(): rule["Value"] for rule in entry.get("Filter", {}).get("Key", {}).get("FilterRules", [])}
        function = names[entry["LambdaFunctionArn"]]
        found.append(Subscription(function, tuple(entry["Events"]), rules.get("prefix", ""), rules.get("suffix", "")))
    return found


def current(clients: Clients, bucket: str) -> Iterator[Current]:
    """The newest version of each key, in the order of the keys."""
    for page in clients.s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for version in page.get("Versions", []):
            if version["IsLatest"]:
                yield Current(
                    version["Key"], _version(version["VersionId"]), version["ETag"].strip('"'), version["Size"], deleted=False
                )
        for marker in page.get("DeleteMarkers", []):
            if marker["IsLatest"]:
                yield Current(marker["Key"], _version(marker["VersionId"]), "", 0, deleted=True)


def _version(listed: str) -> str:
    """A version id as events have it: none in a bucket without versions."""
    return "" if listed == "null" else listed


def event(bucket: str, item: Current) -> dict[str, Any]:
    """An event in S3's form. It has no sequencer, since none is known: the receiver compares with what it has."""
    return {
        "Records": [
            {
                "eventVersion": "2.2",
                "eventSource": "aws:s3",
                "awsRegion": "us-east-1",
                "eventTime": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "eventName": "ObjectRemoved:DeleteMarkerCreated" if item.deleted else "ObjectCreated:Put",
                "userIdentity": {"principalId": "postkeep-replay"},
                "requestParameters": {"sourceIPAddress": "127.0.0.1"},
                "responseElements": {},
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": "replay",
                    "bucket": {"name": bucket, "ownerIdentity": {"principalId": "local"}, "arn": f"arn:aws:s3:::{bucket}"},
                    "object": {
                        "key": quote_plus(item.key, safe="/"),
                        "size": item.size,
                        "eTag": item.etag,
                        "versionId": item.version,
                    },
                },
            }
        ]
    }


def replay(clients: Clients, deployment: Deployment, events: EventQueue, *, everything: bool) -> int:
    """Queue an event for each object whose last event never arrived, or for every object.

    The emulator acknowledges an upload before it has handed on the event; an end between the two would lose it.

    Args:
        clients: of the emulator.
        deployment: what is deployed.
        events: the queue, which knows the last event of each object.
        everything: whether the tables were lost, so that every object that there is must be handled again.

    Returns:
        how many events were queued.
    """
    count = 0
    for bucket in deployment.buckets.values():
        functions = subscriptions(clients, deployment, bucket)
        if not functions:
            continue
        known: Mapping[str, str] = {} if everything else events.seen(bucket)
        for item in current(clients, bucket):
            if (everything and item.deleted) or known.get(item.key) == item.version:
                continue
            for function in {subscription.function for subscription in functions if subscription.takes(item)}:
                payload = json.dumps(event(bucket, item), ensure_ascii=False).encode()
                events.put(function, str(uuid.uuid4()), payload, seen=[(bucket, item.key, item.version, "")])
                count += 1
    return count
