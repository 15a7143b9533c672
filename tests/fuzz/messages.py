"""A message of a queue, and a key in an event of the bucket: the same bytes for both (``postkeep.messages``, parse's handler)."""

import inspect
from contextlib import nullcontext
from unittest.mock import Mock, patch
from urllib.parse import quote_plus

from aws_lambda_powertools.utilities.data_classes import S3Event

import parse_post.handler
from fuzz.inputs import as_text
from postkeep.errors import MessageInvalid
from postkeep.messages import IndexRequest, RenderRequest, ThumbnailRequest
from postkeep.post import archive_of, is_post_key, pad_sequencer

LONGEST = 2048
TOKENS = (
    *(
        '{"kind":"render","v":1,',
        '"kind":"thumbnail"',
        '"kind":"index"',
        '"post_id":"a"',
        '"generation":1',
        '"force":true',
        '"rules":7',
    ),
    *('"picture_id":"b"', '"edition":"e"', '"address":"c"', '"referer":"d"', "null", "[[[[", "1e999", "NaN", '"\\ud800"'),
    *("%E8%8C%B6", "+", "%25", "%00", "_posts/", "archived/", ".md", ".html", "%", "00A1"),
)

type _Message = RenderRequest | ThumbnailRequest | IndexRequest

_KINDS: tuple[type[_Message], ...] = (RenderRequest, ThumbnailRequest, IndexRequest)


def check(data: bytes) -> None:
    """Any text is a message of one kind or of none; any key arrives as it was written, and is a post's or is left alone."""
    body = as_text(data)
    found = [message for kind in _KINDS if (message := _decoded(kind, body)) is not None]
    assert len(found) <= 1
    for message in found:
        assert type(message).decode(message.encode()) == message
    key = data.decode("utf-8", "replace")
    assert _recorded(quote_plus(key, safe="/")) == ([key] if is_post_key(key) else [])
    _recorded(body)
    assert archive_of(key) == "" or key.startswith(archive_of(key) + "/")
    _assert_sequencer(body)


def _decoded(kind: type[_Message], body: str) -> _Message | None:
    try:
        return kind.decode(body)
    except MessageInvalid:
        return None


def _recorded(written: str) -> list[str]:
    """The keys that parse's handler takes out of an event in which the key is written so."""
    keys: list[str] = []

    def ingest(key: str, *_: object) -> str:
        keys.append(key)
        return "recorded"

    entry = {"key": written, "size": 1, "eTag": "e", "versionId": "v", "sequencer": "00A1"}
    event = S3Event({"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": entry}}]})
    handler = parse_post.handler
    with (
        patch.object(handler, "wiring", lambda: ingest),
        patch.object(handler, "bucket", lambda _: None),
        patch.object(handler, "count", lambda _: None),
        patch.object(handler, "working", lambda *_, **__: nullcontext(Mock())),
    ):
        inspect.unwrap(handler.handler)(event, Mock(aws_request_id="r"))
    return keys


def _assert_sequencer(text: str) -> None:
    try:
        padded = pad_sequencer(text)
    except ValueError:
        return
    assert len(padded) == 32
    assert int(padded, 16) == int(text, 16)
