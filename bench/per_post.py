"""What one post uses: the real handlers on moto, their calls and request units counted, and what lies there afterwards."""

import copy
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import batched
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3
import moto.dynamodb.models
import pytest
from moto.dynamodb.models.table import Table

import parse_post.handler
import render_post.handler
import retry_pictures.handler
import search_posts.index_handler
from integration import conftest
from integration.conftest import Aws, Context, s3_event, sqs_event
from support.metering import Meter, Usage
from support.request_units import Schema, item_size
from support.template import resource, table_definition

type Posts = Sequence[tuple[str, bytes]]

KINDS = ("new", "same", "changed", "deleted")
"""What may happen to a post: it comes; the same bytes come again; other bytes come; it goes."""

BURST = 100
"""Posts that come at once: as many as the index function takes in a batch."""

OVERHEAD = 100
"""Bytes that DynamoDB adds to an item, and to each entry of an index, where it charges for what lies in a table. Source: Amazon
DynamoDB pricing, «Data storage»."""


def _batch_size(function: str) -> int:
    return int(resource(function)["Properties"]["Events"]["Requests"]["Properties"]["BatchSize"])


_RENDER, _INDEX = _batch_size("RenderFunction"), _batch_size("IndexFunction")


@dataclass(slots=True)
class PerPost:
    """Averages over the posts of one kind.

    Attributes:
        posts: how many there were.
        calls: API calls a post, by function and ``service.Operation``.
        amounts: charged quantities a post.
        invocations: a post, by function.
        stored: bytes that lie there after it happened to all of them, a post, by kind: ``posts`` (all versions), ``texts``,
            ``table`` with its indexes.
    """

    posts: int
    calls: dict[tuple[str, str], float] = field(default_factory=dict)
    amounts: dict[str, float] = field(default_factory=dict)
    invocations: dict[str, float] = field(default_factory=dict)
    stored: dict[str, float] = field(default_factory=dict)

    def calls_of(self, function: str) -> float:
        """All API calls of one function a post."""
        return sum(number for (name, _), number in self.calls.items() if name == function)


class _Patient(Context):
    """A context with time for merges of the index."""

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 300_000


class _Archive:
    """The handlers on a mocked AWS, fed with events as S3 and the queue would send them."""

    def __init__(self, aws: Aws, meter: Meter) -> None:
        self._aws = aws
        self._meter = meter
        self._events = 0

    def drop(self, kind: str, posts: Posts, at_once: int = BURST) -> PerPost:
        """Have something happen to each post, and everything that follows be done, but for pictures.

        Args:
            kind: of :data:`KINDS`.
            posts: which.
            at_once: how many come before the queues are read.
        """
        self._meter.take()
        invoked = Counter(parse=len(posts))
        for some in batched(posts, at_once, strict=False):
            for key, body in some:
                self._one(kind, key, body)
            for name, handler, queue, size in (
                ("render", render_post.handler.handler, self._aws.render_queue, _RENDER),
                ("index", search_posts.index_handler.handler, self._aws.index_queue, _INDEX),
            ):
                for messages in batched(self._aws.messages(queue), size, strict=False):
                    invoked[name] += 1
                    with self._meter.part(name):
                        self._meter.polled()
                        answer = handler(sqs_event(list(messages)), _Patient())
                    if answer["batchItemFailures"]:
                        raise RuntimeError(f"{name} failed: {answer}")
        averages = _averages(self._meter.take(), len(posts))
        averages.invocations = {name: number / len(posts) for name, number in invoked.items()}
        averages.stored = {name: size / len(posts) for name, size in self._stored().items()}
        return averages

    def retry(self) -> PerPost:
        """A run of retry that finds nothing due."""
        with self._meter.part("retry"):
            retry_pictures.handler.handler({}, Context())
        return _averages(self._meter.take(), 1)

    def _stored(self) -> dict[str, int]:
        """Bytes, by kind."""
        schema = Schema.of(table_definition())
        items = [
            item
            for page in self._aws.dynamodb.get_paginator("scan").paginate(TableName=self._aws.table)
            for item in page["Items"]
        ]
        entries = [entry for item in items for index in schema.indexes.values() if (entry := index.entry(item))]
        versions = self._aws.s3.get_paginator("list_object_versions").paginate(Bucket=self._aws.posts)
        texts = self._aws.s3.get_paginator("list_objects_v2").paginate(Bucket=self._aws.archive, Prefix="renditions/")
        return {
            "posts": sum(version["Size"] for page in versions for version in page.get("Versions", [])),
            "texts": sum(found["Size"] for page in texts for found in page.get("Contents", [])),
            "table": sum(item_size(item) + OVERHEAD for item in (*items, *entries)),
        }

    def fill(self, posts: Posts) -> None:
        """Have posts recorded, not rendered, and count nothing of it."""
        with self._meter.paused():
            for key, body in posts:
                self._one("new", key, body)
            self._aws.sqs.purge_queue(QueueUrl=self._aws.render_queue)

    def _one(self, kind: str, key: str, body: bytes) -> None:
        self._events += 1
        name = "ObjectCreated:Put"
        if kind == "deleted":
            self._aws.s3.delete_object(Bucket=self._aws.posts, Key=key)
            name = "ObjectRemoved:DeleteMarkerCreated"
        else:
            self._aws.put(key, body + (b"\n<p>One more paragraph.</p>\n" if kind == "changed" else b""))
        with self._meter.part("parse"):
            parse_post.handler.handler(s3_event(self._aws.posts, key, f"{self._events:016X}", name), Context())


def _averages(usage: Mapping[str, Usage], posts: int) -> PerPost:
    averages = PerPost(posts)
    for function, used in usage.items():
        for call, number in used.calls.items():
            averages.calls[function, call] = number / posts
        for name, amount in used.amounts.items():
            averages.amounts[name] = averages.amounts.get(name, 0.0) + amount / posts
    return averages


def measure(others: Posts, probe: Posts, at_once: int = BURST) -> dict[str, PerPost]:
    """Let everything happen to some posts in an archive that holds others already.

    Args:
        others: recorded first, and neither rendered nor counted; moto's queries go over the whole table, so that thousands of
            posts cannot all go the whole way here.
        probe: the posts that are counted.
        at_once: how many of them come before the queues are read.

    Returns:
        averages by kind, see :data:`KINDS`.
    """
    with _quiet(), _mocked() as archive:
        archive.fill(others)
        return {kind: archive.drop(kind, probe, at_once) for kind in KINDS}


def idle_retry() -> PerPost:
    """What a run of retry uses that finds nothing due."""
    with _quiet(), _mocked() as archive:
        return archive.retry()


@contextmanager
def _mocked() -> Iterator[_Archive]:
    monkeypatch = pytest.MonkeyPatch()
    fixture = contextmanager(conftest.aws.__wrapped__)  # type: ignore[attr-defined] # what the fixture decorates
    with monkeypatch.context() as settings, _without_copies(), fixture(settings) as aws:
        meter = Meter({aws.table: table_definition()}, aws.dynamodb)
        session = boto3.DEFAULT_SESSION
        if session is None:
            raise RuntimeError("the fixture made no clients")
        meter.watch(session.events)  # the handlers make their clients from now on
        yield _Archive(aws, meter)


@contextmanager
def _without_copies() -> Iterator[None]:
    """Keep moto from copying its whole table before each action of a transaction, to be able to roll back.

    With thousands of posts that takes minutes a post. No transaction fails here: nobody else writes.
    """

    def deepcopy(value: Any) -> Any:
        return value if isinstance(value, Table) else copy.deepcopy(value)

    with patch.object(moto.dynamodb.models, "copy", SimpleNamespace(deepcopy=deepcopy, copy=copy.copy)):
        yield


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the handlers' logs and metrics, which are lines on the standard output."""
    logging.disable(logging.CRITICAL)
    try:
        with patch("builtins.print"):
            yield
    finally:
        logging.disable(logging.NOTSET)
