"""A host that misbehaves in every way costs no more than a fetch may, and is told apart from one that serves pictures."""

import contextlib
import gzip
import itertools
import socket
import struct
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import pytest

from make_thumbnail.fetch import Fetcher, Limits
from postkeep.errors import PictureRefused, PictureUnavailable
from unit.thumbnail.picture_host import PictureHost, Script, a_fetcher, answer

NAME = "pictures.example"
PATIENT = Limits(content=1_000, answer=400_000, connect=10.0, read=10.0, total=60.0)
HASTY = replace(PATIENT, read=0.12, total=0.4)

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
GZIPPED = OK + b"Content-Encoding: gzip\r\n\r\n"
NOTHING = b"\0\0\0\xff\xff"  # a block of deflate without content
LENGTH_9 = OK + b"Content-Length: 9\r\n\r\n"


def fetcher(host: PictureHost, limits: Limits = PATIENT, clock: Callable[[], float] = time.monotonic) -> Fetcher:
    return a_fetcher({NAME: host.origin}, limits=limits, clock=clock)


def silent(said: bytes) -> Script:
    """Says something, and then nothing."""

    def script(connection: socket.socket) -> None:
        connection.sendall(said)
        connection.recv(1)  # until the other end hangs up

    return script


def endless(head: bytes, part: bytes, pause: float = 0.0) -> Script:
    """Says something, and then the same for ever."""

    def script(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(head)
        while True:
            connection.sendall(part)
            time.sleep(pause)

    return script


def reset(said: bytes) -> Script:
    """Says something, and breaks off."""

    def script(connection: socket.socket) -> None:
        connection.sendall(said)
        time.sleep(0.02)  # a reset overtakes what has not been read
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return script


def rows(cases: Iterable[tuple[object, ...]]) -> list[object]:
    return [pytest.param(*values, id=str(name)) for name, *values in cases]


SLOW: Sequence[tuple[str, Script, str]] = [
    ("silence at once", silent(b""), "timeout"),
    ("silence in the status line", silent(b"HTTP/1.1 2"), "timeout"),
    ("silence in the head", silent(OK + b"Content-Ty"), "timeout"),
    ("silence after the head", silent(LENGTH_9), "timeout"),
    ("silence in the body", silent(LENGTH_9 + b"pict"), "timeout"),
    ("silence after an interim answer", silent(b"HTTP/1.1 100 Continue\r\n\r\n"), "timeout"),
    ("silence in a chunk's size", silent(CHUNKED + b"4"), "timeout"),
    ("silence in a chunk", silent(CHUNKED + b"4\r\npi"), "timeout"),
    ("silence after the last chunk", silent(CHUNKED + b"4\r\npict\r\n0\r\n"), "timeout"),
    ("silence in a trailer", silent(CHUNKED + b"4\r\npict\r\n0\r\nX: "), "timeout"),
    ("silence in gzip", silent(GZIPPED + gzip.compress(b"x")[:5]), "timeout"),
    ("silence without an end", silent(OK + b"\r\npict"), "timeout"),
    ("dripping status line", endless(b"HTTP/1.1 200 ", b"O", 0.02), "timeout"),
    ("dripping field", endless(OK + b"X: ", b"x", 0.02), "timeout"),
    ("dripping fields", endless(OK, b"X: x\r\n", 0.02), "timeout"),
    ("dripping body", endless(OK + b"Content-Length: 900\r\n\r\n", b"x", 0.02), "timeout"),
    ("dripping body without an end", endless(OK + b"\r\n", b"x", 0.02), "timeout"),
    ("dripping chunks", endless(CHUNKED, b"1\r\nx\r\n", 0.02), "timeout"),
    ("dripping size of a chunk", endless(CHUNKED, b"0", 0.05), "timeout"),
    ("dripping trailers", endless(CHUNKED + b"0\r\n", b"X: x\r\n", 0.02), "timeout"),
    ("dripping interim answers", endless(b"", b"HTTP/1.1 102 Processing\r\n\r\n", 0.02), "timeout"),
    (
        "dripping gzip",
        endless(GZIPPED + gzip.compress(b"")[:10], NOTHING, 0.02),
        "timeout",
    ),
]


@pytest.mark.parametrize(("script", "reason"), rows(SLOW))
def test_nobody_is_waited_for_longer_than_the_limits(host: PictureHost, script: Script, reason: str) -> None:
    host.scripts["/a"] = script
    began = time.monotonic()
    with pytest.raises(PictureUnavailable) as unavailable:
        fetcher(host, HASTY).fetch(f"http://{NAME}/a")
    assert unavailable.value.reason == reason
    assert 0.1 <= time.monotonic() - began <= 10.0
    assert len(host.requests) == 1


ENDLESS: Sequence[tuple[str, Script, type[Exception], str]] = [
    ("body without a length", endless(OK + b"\r\n", b"x" * 100), PictureRefused, "too-large"),
    ("body of HTTP/1.0", endless(b"HTTP/1.0 200 OK\r\n\r\n", b"x" * 100), PictureRefused, "too-large"),
    ("body of a length over the limit", silent(OK + b"Content-Length: 1001\r\n\r\n"), PictureRefused, "too-large"),
    ("body of an exabyte", silent(OK + b"Content-Length: 1152921504606846976\r\n\r\n"), PictureRefused, "too-large"),
    ("chunks", endless(CHUNKED, b"64\r\n" + b"x" * 100 + b"\r\n"), PictureRefused, "too-large"),
    ("chunk of a terabyte", endless(CHUNKED + b"10000000000\r\n", b"x" * 100), PictureRefused, "too-large"),
    ("gzip that unfolds to nothing", endless(GZIPPED + gzip.compress(b"")[:10], NOTHING * 50), PictureRefused, "too-large"),
    ("chunks with long extensions", endless(CHUNKED, b"1;" + b"x" * 9_000 + b"\r\nx\r\n"), PictureRefused, "too-large"),
    ("interim answers", endless(b"", b"HTTP/1.1 100 Continue\r\nX: " + b"x" * 9_000 + b"\r\n\r\n"), PictureRefused, "too-large"),
    ("field", endless(OK + b"X: ", b"x" * 9_000), PictureUnavailable, "protocol-error"),
    ("fields", endless(OK, b"X: x\r\n" * 100), PictureUnavailable, "protocol-error"),
    ("folded field", endless(OK + b"X: x\r\n", b" x\r\n" * 100), PictureUnavailable, "protocol-error"),
    ("status line", endless(b"HTTP/1.1 200 ", b"O" * 900), PictureUnavailable, "protocol-error"),
    ("size of a chunk", endless(CHUNKED, b"0" * 900), PictureUnavailable, "protocol-error"),
    ("extension of a chunk", endless(CHUNKED + b"1;", b"x" * 900), PictureUnavailable, "protocol-error"),
    ("trailers", endless(CHUNKED + b"0\r\n", b"X: x\r\n" * 100), PictureUnavailable, "protocol-error"),
    ("text that is no answer", endless(b"", b"hello " * 100), PictureUnavailable, "protocol-error"),
]  # fmt: skip


@pytest.mark.parametrize(("script", "error", "reason"), rows(ENDLESS))
def test_what_has_no_end_is_cut(host: PictureHost, script: Script, error: type[Exception], reason: str) -> None:
    host.scripts["/a"] = script
    with pytest.raises(error) as raised:
        # As many seconds as it takes: only the bytes count.
        fetcher(host, clock=lambda: 0.0).fetch(f"http://{NAME}/a")
    assert getattr(raised.value, "reason", None) == reason


WHOLE = OK + b"Content-Type: image/png\r\nContent-Length: 7\r\n\r\npicture"
WHOLE_IN_CHUNKS = CHUNKED + b"4\r\npict\r\n3\r\nure\r\n0\r\n\r\n"


@pytest.mark.parametrize("whole", [pytest.param(WHOLE, id="by length"), pytest.param(WHOLE_IN_CHUNKS, id="in chunks")])
def test_closing_at_any_point_is_noticed(host: PictureHost, whole: bytes) -> None:
    for point in range(len(whole)):
        host.scripts[f"/{point}"] = whole[:point]
        with pytest.raises(PictureUnavailable) as unavailable:
            fetcher(host).fetch(f"http://{NAME}/{point}")
        assert (point, unavailable.value.reason) == (point, "protocol-error")
    host.scripts["/whole"] = whole
    assert fetcher(host).fetch(f"http://{NAME}/whole").content == b"picture"
    assert len(host.requests) == len(whole) + 1


@pytest.mark.parametrize("point", [0, 5, len(OK), len(WHOLE) - 8, len(WHOLE) - 3])
def test_breaking_off_at_any_point_is_noticed(host: PictureHost, point: int) -> None:
    host.scripts["/a"] = reset(WHOLE[:point])
    with pytest.raises(PictureUnavailable) as unavailable:
        fetcher(host).fetch(f"http://{NAME}/a")
    assert unavailable.value.reason == "connection-error"


def test_hanging_up_before_the_request_is_noticed() -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(PictureUnavailable) as unavailable:
        a_fetcher({NAME: origin}, limits=PATIENT).fetch(f"http://{NAME}/a")
    assert unavailable.value.reason == "connection-error"


def test_a_listener_that_never_accepts_is_not_waited_for() -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0), backlog=0)) as listener:
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(PictureUnavailable) as unavailable:
            a_fetcher({NAME: origin}, limits=HASTY).fetch(f"http://{NAME}/a")
    assert unavailable.value.reason == "timeout"


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_the_body_of_a_redirect_is_not_read(host: PictureHost, status: str) -> None:
    host.scripts["/a"] = endless(f"HTTP/1.1 {status}\r\nLocation: /b\r\n\r\n".encode(), b"x" * 100)
    host.scripts["/b"] = answer(b"picture")
    assert fetcher(host, clock=lambda: 0.0).fetch(f"http://{NAME}/a").content == b"picture"


@pytest.mark.parametrize(
    ("status", "error", "why"),
    [
        ("403 Forbidden", PictureRefused, "^forbidden: "),
        ("404 Not Found", PictureRefused, "^not-found: "),
        ("206 Partial Content", PictureRefused, "^unexpected-status: "),
        ("503 Busy", PictureUnavailable, "^server-error: "),
    ],
)
def test_the_body_of_what_is_no_picture_is_not_read(host: PictureHost, status: str, error: type[Exception], why: str) -> None:
    host.scripts["/a"] = endless(f"HTTP/1.1 {status}\r\n\r\n".encode(), b"x" * 100)
    with pytest.raises(error, match=why):
        fetcher(host, clock=lambda: 0.0).fetch(f"http://{NAME}/a")


def test_a_circle_of_redirects_ends(host: PictureHost) -> None:
    host.scripts["/a"] = answer(status="302 Found", Location="/b")
    host.scripts["/b"] = answer(status="301 Moved Permanently", Location="/a")
    with pytest.raises(PictureRefused) as refused:
        fetcher(host).fetch(f"http://{NAME}/a")
    assert refused.value.reason == "too-many-redirects"
    assert [request.split(" ")[1] for request in host.requests] == ["/a", "/b"] * 3


def test_slow_redirects_share_the_time(host: PictureHost) -> None:
    for n in range(9):
        host.scripts[f"/{n}"] = answer(status="302 Found", Location=f"/{n + 1}")
    ticks = itertools.count()
    with pytest.raises(PictureUnavailable) as unavailable:
        fetcher(host, Limits(total=9.0), lambda: float(next(ticks))).fetch(f"http://{NAME}/0")
    assert unavailable.value.reason == "timeout"
    assert next(ticks) <= 12


def test_the_real_limits_hold_a_picture_of_twenty_mebibytes(host: PictureHost) -> None:
    content = bytes(Limits().content)
    chunk = b"10000\r\n" + content[:0x10000] + b"\r\n"
    host.scripts["/a"] = CHUNKED + chunk * (len(content) // 0x10000) + b"0\r\n\r\n"
    host.scripts["/b"] = CHUNKED + chunk * (len(content) // 0x10000) + b"1\r\nx\r\n0\r\n\r\n"
    assert fetcher(host, Limits()).fetch(f"http://{NAME}/a").content == content
    with pytest.raises(PictureRefused) as refused:
        fetcher(host, Limits()).fetch(f"http://{NAME}/b")
    assert refused.value.reason == "too-large"
