"""What one post costs: the real handlers on moto, their calls and request units counted; the pure parts' CPU time."""

import copy
import logging
import time
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
from integration import conftest
from integration.conftest import Aws, Context, s3_event, sqs_event
from postkeep.errors import PostRejected
from postkeep.frontmatter import parse
from postkeep.postfile import split
from render_post.rendition import render
from support.metering import Meter, Usage
from support.template import resource, table_definition

type Posts = Sequence[tuple[str, bytes]]

KINDS = ("new", "same", "changed", "deleted")
"""What may happen to a post: it comes; the same bytes come again; other bytes come; it goes."""

_BATCH = int(resource("RenderFunction")["Properties"]["Events"]["Requests"]["Properties"]["BatchSize"])


@dataclass(slots=True)
class PerPost:
    """Averages over the posts of one kind.

    Attributes:
        posts: how many there were.
        calls: API calls a post, by function and ``service.Operation``.
        amounts: charged quantities a post.
        batches: invocations of render a post.
    """

    posts: int
    calls: dict[tuple[str, str], float] = field(default_factory=dict)
    amounts: dict[str, float] = field(default_factory=dict)
    batches: float = 0.0

    def calls_of(self, function: str) -> float:
        """All API calls of one function a post."""
        return sum(number for (name, _), number in self.calls.items() if name == function)


class _Archive:
    """The handlers on a mocked AWS, fed with events as S3 and the queue would send them."""

    def __init__(self, aws: Aws, meter: Meter) -> None:
        self._aws = aws
        self._meter = meter
        self._events = 0

    def drop(self, kind: str, posts: Posts) -> PerPost:
        """Have something happen to each post, and everything that follows be done."""
        self._meter.take()
        batches = 0
        for some in batched(posts, 100, strict=False):
            for key, body in some:
                self._one(kind, key, body)
            for messages in batched(self._aws.messages(self._aws.render_queue), _BATCH, strict=False):
                batches += 1
                with self._meter.part("render"):
                    self._meter.polled()
                    answer = render_post.handler.handler(sqs_event(list(messages)), Context())
                if answer["batchItemFailures"]:
                    raise RuntimeError(f"render failed: {answer}")
        return _averages(self._meter.take(), len(posts), batches)

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


def _averages(usage: Mapping[str, Usage], posts: int, batches: int) -> PerPost:
    averages = PerPost(posts, batches=batches / posts)
    for function, used in usage.items():
        for call, number in used.calls.items():
            averages.calls[function, call] = number / posts
        for name, amount in used.amounts.items():
            averages.amounts[name] = averages.amounts.get(name, 0.0) + amount / posts
    return averages


def measure(others: Posts, probe: Posts) -> dict[str, PerPost]:
    """Let everything happen to some posts in an archive that holds others already.

    Args:
        others: recorded first, and neither rendered nor counted; moto's queries go over the whole table, so that thousands of
            posts cannot all go the whole way here.
        probe: the posts that are counted.

    Returns:
        averages by kind, see :data:`KINDS`.
    """
    with _quiet(), _mocked() as archive:
        archive.fill(others)
        return {kind: archive.drop(kind, probe) for kind in KINDS}


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


def pure_cpu(posts: Posts) -> dict[str, float]:
    """Seconds of CPU time a post that reading front matter and rendering take, without AWS, SDK and logs."""
    spent = {"parse": 0.0, "render": 0.0}
    for key, body in posts:
        begun = time.process_time()
        try:
            metadata = parse(body, key).metadata
        except PostRejected:
            spent["parse"] += time.process_time() - begun
            continue
        read = time.process_time()
        spent["parse"] += read - begun
        try:
            render(split(body).body, metadata, key)
        except PostRejected:
            continue
        finally:
            spent["render"] += time.process_time() - read
    return {name: seconds / len(posts) for name, seconds in spent.items()}
