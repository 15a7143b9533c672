import gzip
import itertools
import socket
import ssl
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from make_thumbnail.fetch import USER_AGENT, Fetcher, Limits, retry_after
from postkeep.errors import PictureRefused, PictureSkipped, PictureUnavailable
from unit.thumbnail.picture_host import PictureHost, Redialler, a_fetcher, answer

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
NAME = "pictures.example"
SMALL = Limits(content=1_000, redirects=5, connect=1.0, read=0.1, total=5.0)


def fetcher(host: PictureHost, limits: Limits = SMALL, clock: Callable[[], float] = lambda: 0.0) -> Fetcher:
    return a_fetcher({NAME: host.origin}, limits=limits, clock=clock, now=lambda: NOW)


def refusal(host: PictureHost, path: str = "/a") -> str:
    with pytest.raises(PictureRefused) as refused:
        fetcher(host).fetch(f"http://{NAME}{path}")
    return refused.value.reason


def unavailability(host: PictureHost, path: str = "/a") -> PictureUnavailable:
    with pytest.raises(PictureUnavailable) as unavailable:
        fetcher(host).fetch(f"http://{NAME}{path}")
    return unavailable.value


def test_fetches(host: PictureHost) -> None:
    host.scripts["/%E9%9B%A8.jpg?w=1"] = answer(b"\xff\xd8picture", Set_Cookie="a=b")
    assert fetcher(host).fetch(f"https://{NAME}/雨.jpg?w=1#top") == b"\xff\xd8picture"
    assert host.requests[0].startswith("GET /%E9%9B%A8.jpg?w=1 HTTP/1.1\r\n")
    assert host.field("Host") == NAME
    assert host.field("User-Agent") == USER_AGENT
    assert host.field("Accept-Encoding") == "identity"
    assert host.field("Referer") is None


def test_tells_nothing_of_earlier_answers(host: PictureHost) -> None:
    host.scripts["/a"] = answer(b"x", Set_Cookie="session=1; Path=/", WWW_Authenticate="Basic")
    same = fetcher(host)
    same.fetch(f"http://{NAME}/a")
    same.fetch(f"http://{NAME}/a")
    assert len(host.requests) == 2
    assert [host.field(name) for name in ("Cookie", "Authorization")] == [None, None]


@pytest.mark.parametrize("name", ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"])
def test_takes_no_proxy_from_the_environment(host: PictureHost, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    host.scripts["/a"] = answer(b"picture")
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert fetcher(host).fetch(f"http://{NAME}/a") == b"picture"


@pytest.mark.parametrize(
    ("address", "referer", "sent"),
    [
        ("https", "https://Articles.Example/雨?p=1#here", "https://articles.example/%E9%9B%A8?p=1"),
        ("http", "http://articles.example", "http://articles.example/"),
        ("https", "http://articles.example/1", "http://articles.example/1"),
        ("http", "https://articles.example/1", None),
        ("https", "https://user:secret@articles.example/1", None),
        ("https", "not an address", None),
        ("https", "https://articles.example/a\r\nX-Injected: 1", "https://articles.example/aX-Injected:%201"),
    ],
)
def test_refers_to_the_article(host: PictureHost, address: str, referer: str, sent: str | None) -> None:
    host.scripts["/a"] = answer(b"x")
    fetcher(host).fetch(f"{address}://{NAME}/a", referer)
    assert host.field("Referer") == sent
    assert host.field("X-Injected") is None


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("400 Bad Request", "client-error"),
        ("401 Unauthorized", "forbidden"),
        ("403 Forbidden", "forbidden"),
        ("404 Not Found", "not-found"),
        ("410 Gone", "gone"),
        ("418 Teapot", "client-error"),
        ("451 Unavailable For Legal Reasons", "forbidden"),
        ("204 No Content", "unexpected-status"),
        ("206 Partial Content", "unexpected-status"),
        ("300 Multiple Choices", "unexpected-status"),
        ("302 Found", "unexpected-status"),
        ("304 Not Modified", "unexpected-status"),
        ("600 What", "unexpected-status"),
    ],
)
def test_statuses_that_say_never(host: PictureHost, status: str, reason: str) -> None:
    host.scripts["/a"] = answer(status=status)
    assert refusal(host) == reason


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("408 Request Timeout", "server-error"),
        ("425 Too Early", "server-error"),
        ("429 Too Many Requests", "rate-limited"),
        ("500 Internal Server Error", "server-error"),
        ("503 Service Unavailable", "server-error"),
        ("599 Odd", "server-error"),
    ],
)
@pytest.mark.parametrize(
    ("wait", "asked"), [("120", timedelta(seconds=120)), ("Thu, 01 Jan 2026 13:00:00 GMT", timedelta(hours=1)), ("soon", None)]
)
def test_statuses_that_say_later(host: PictureHost, status: str, reason: str, wait: str, asked: timedelta | None) -> None:
    host.scripts["/a"] = answer(status=status, Retry_After=wait)
    unavailable = unavailability(host)
    assert (unavailable.reason, unavailable.retry_after) == (reason, asked)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        (b"", None),
        (b"0", timedelta(0)),
        (b" 7 ", timedelta(seconds=7)),
        (b"-5", None),
        (b"1.5", None),
        (b"9" * 5_000, timedelta(seconds=10**9)),
        ("٣".encode(), None),
        (b"Thu, 01 Jan 2026 11:00:00 GMT", timedelta(0)),
        (b"Thu, 01 Jan 2026 12:00:30 -0000", timedelta(seconds=30)),
        (b"Thu, 01 Jan 2026 14:00:30 +0200", timedelta(seconds=30)),
        (b"Thu, 32 Jan 2026 12:00:00 GMT", None),
    ],
)
def test_retry_after(value: bytes, wait: timedelta | None) -> None:
    assert retry_after(value, NOW) == wait


@given(st.one_of(st.binary(), st.from_regex(rb"[A-Z][a-z]{2}, \d{1,9} Jan \d{1,9} \d+:\d+:\d+ [+-]\d+")))
def test_any_retry_after_is_understood_or_left(value: bytes) -> None:
    wait = retry_after(value, NOW)
    assert wait is None or wait >= timedelta(0)


def test_follows_redirects(host: PictureHost) -> None:
    host.scripts["/a"] = answer(status="301 Moved Permanently", Location="/b")
    host.scripts["/b"] = answer(status="307 Temporary Redirect", location=f"https://{NAME}/c")
    host.scripts["/c"] = answer(b"picture")
    assert fetcher(host).fetch(f"http://{NAME}/a") == b"picture"


def test_follows_no_more_redirects_than_the_limit(host: PictureHost) -> None:
    for n in range(6):
        host.scripts[f"/{n}"] = answer(status="302 Found", Location=f"/{n + 1}")
    host.scripts["/6"] = answer(b"picture")
    assert fetcher(host).fetch(f"http://{NAME}/1") == b"picture"
    assert refusal(host, "/0") == "too-many-redirects"


def test_a_redirect_loop_ends(host: PictureHost) -> None:
    host.scripts["/a"] = answer(status="302 Found", Location="/a")
    assert refusal(host) == "too-many-redirects"
    assert len(host.requests) == 6


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://169.254.169.254/latest/meta-data/", "address-not-public"),
        ("http://127.0.0.1/", "address-not-public"),
        ("http://[::ffff:127.0.0.1]/", "address-not-public"),
        ("http://127.0.0.1:9001/2018-06-01/runtime/invocation/next", "unsupported-port"),
        ("file:///proc/self/environ", "unsupported-scheme"),
        ("http://user:secret@other.example/", "bad-address"),
        ("http://[", "bad-address"),
    ],
)
def test_redirects_to_where_nobody_may_go(host: PictureHost, location: str, reason: str) -> None:
    host.scripts["/a"] = answer(status="302 Found", Location=location)
    assert refusal(host) == reason


def test_a_mapped_host_opens_its_origin_to_nobody_else(host: PictureHost) -> None:
    host.scripts["/a"] = answer(status="302 Found", Location=f"{host.origin}/b")
    assert refusal(host) == "unsupported-port"
    for name in ("127.0.0.1", "localhost", f"x.{NAME}"):
        with pytest.raises((PictureRefused, PictureUnavailable)):
            a_fetcher({NAME: host.origin}, resolver=lambda *_: ["127.0.0.1"]).fetch(f"http://{name}/b")
    assert len(host.requests) == 1


@pytest.mark.parametrize("origin", ["127.0.0.1:8000", "ftp://127.0.0.1", "http://"])
def test_an_origin_that_is_none(origin: str) -> None:
    with pytest.raises(ValueError, match="not an origin"):
        a_fetcher({NAME: origin})


def test_a_stated_length_over_the_limit_is_not_read(host: PictureHost) -> None:
    host.scripts["/a"] = b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n"
    assert refusal(host) == "too-large"


def test_the_limit_itself_is_no_excess(host: PictureHost) -> None:
    host.scripts["/a"] = answer(b"x" * 1_000)
    host.scripts["/b"] = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1_001
    assert len(fetcher(host).fetch(f"http://{NAME}/a")) == 1_000
    assert refusal(host, "/b") == "too-large"


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:  # until the other end hangs up
        connection.sendall(b"64\r\n" + b"x" * 100 + b"\r\n")


def test_an_endless_body_is_cut(host: PictureHost) -> None:
    host.scripts["/a"] = endless
    assert refusal(host) == "too-large"


def drip(head: bytes, drop: bytes) -> Callable[[socket.socket], None]:
    def script(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(head)
        while True:  # until the other end hangs up
            connection.sendall(drop)

    return script


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\nX: " + b"x" * 1_000 + b"\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"64\r\n" + b"x" * 100 + b"\r\n"),
    ],
)
def test_a_server_that_is_never_silent_and_never_done_meets_the_deadline(host: PictureHost, head: bytes, drop: bytes) -> None:
    host.scripts["/a"] = drip(head, drop)
    ticks = itertools.count()
    with pytest.raises(PictureUnavailable) as unavailable:
        # Each look at the clock is a second later.
        fetcher(host, Limits(read=1.0), lambda: float(next(ticks))).fetch(f"http://{NAME}/a")
    assert unavailable.value.reason == "timeout"
    assert next(ticks) <= 25


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"])
def test_a_silent_server_is_not_waited_for(host: PictureHost, head: bytes) -> None:
    def script(connection: socket.socket) -> None:
        connection.sendall(head)
        host.closing.wait()

    host.scripts["/a"] = script
    assert unavailability(host).reason == "timeout"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a length\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 40_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX\x00: x\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"\x16\x03\x01\x00\x00",
    ],
)
def test_what_is_no_http_may_be_better_another_time(host: PictureHost, raw: bytes) -> None:
    host.scripts["/a"] = raw
    assert unavailability(host).reason in {"protocol-error", "connection-error"}


def test_a_bad_status_line_is_no_reason_to_fall(host: PictureHost) -> None:
    host.scripts["/a"] = b"HTTP/1.1 2OO OK\r\n\r\n"
    assert unavailability(host).reason == "protocol-error"


def test_nobody_listens(host: PictureHost) -> None:
    host.close()
    assert unavailability(host).reason == "connection-error"


def test_gzip_that_nobody_asked_for_is_undone(host: PictureHost) -> None:
    host.scripts["/a"] = answer(gzip.compress(b"picture"), Content_Encoding="GZIP")
    host.scripts["/b"] = answer(b"picture", Content_Encoding="identity")
    assert fetcher(host).fetch(f"http://{NAME}/a") == b"picture"
    assert fetcher(host).fetch(f"http://{NAME}/b") == b"picture"


def test_a_gzip_bomb_does_not_unfold(host: PictureHost, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = gzip.compress(bytes(500_000))
    assert len(bomb) < 1_000
    unfolded: list[int] = []

    class Inflater:
        eof = False

        def __init__(self, wbits: int) -> None:
            self.inflater = real(wbits)

        def decompress(self, data: bytes, limit: int) -> bytes:
            unfolded.append(len(part := self.inflater.decompress(data, limit)))
            return part

    real = zlib.decompressobj
    monkeypatch.setattr(zlib, "decompressobj", Inflater)
    host.scripts["/a"] = answer(bomb, Content_Encoding="gzip")
    assert refusal(host) == "too-large"
    assert sum(unfolded) <= 1_001


def test_what_is_said_to_be_gzip_and_is_not(host: PictureHost) -> None:
    host.scripts["/a"] = answer(b"\xff\xd8picture", Content_Encoding="gzip")
    assert refusal(host) == "corrupt"


def test_gzip_that_ends_early(host: PictureHost) -> None:
    host.scripts["/a"] = answer(gzip.compress(b"picture")[:-9], Content_Encoding="gzip")
    assert unavailability(host).reason == "incomplete"


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "x" * 500])
def test_other_encodings_are_refused(host: PictureHost, encoding: str) -> None:
    host.scripts["/a"] = answer(b"x", Content_Encoding=encoding)
    assert refusal(host) == "unsupported-encoding"


def certificate(folder: Path, name: str) -> Path:
    """A certificate for a name, signed by itself, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    today = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file.write_bytes(signed.public_bytes(pem) + key.private_bytes(pem, pkcs8, serialization.NoEncryption()))
    return file


@pytest.mark.parametrize(("asked_for", "believed"), [("pictures.example", True), ("other.example", False)])
def test_tls_speaks_of_the_name_and_not_of_the_address(tmp_path: Path, asked_for: str, believed: bool) -> None:
    file = certificate(tmp_path, "pictures.example")
    names: list[str | None] = []
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(file)
    serving.sni_callback = lambda _connection, name, _context: names.append(name)
    host = PictureHost(lambda connection: serving.wrap_socket(connection, server_side=True))
    host.scripts["/a"] = answer(b"picture")
    dialler = Redialler(host.port)
    trusting = ssl.create_default_context(cafile=file)
    secure = Fetcher(resolver=lambda *_: ["93.184.216.34"], dialler=dialler, ssl_context=trusting)
    try:
        if believed:
            assert secure.fetch(f"https://{asked_for}./a") == b"picture"
            assert host.field("Host") == asked_for
        else:
            with pytest.raises(PictureUnavailable, match="certificate"):
                secure.fetch(f"https://{asked_for}/a")
    finally:
        host.close()
    assert dialler.dialled == [("93.184.216.34", 443)]
    assert names == [asked_for]


def test_the_authorities_are_certifis() -> None:
    context = Fetcher()._ssl_context
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.cert_store_stats()["x509_ca"] > 50


def test_asks_no_host_but_the_given_ones_where_told_so(host: PictureHost) -> None:
    host.scripts["/a"] = answer(b"picture")
    only = a_fetcher({NAME: host.origin, "*": ""}, limits=SMALL, clock=lambda: 0.0, now=lambda: NOW)
    assert only.fetch(f"https://{NAME}/a") == b"picture"
    with pytest.raises(PictureSkipped) as skipped:
        only.fetch("https://elsewhere.example/a")
    assert skipped.value.host == "elsewhere.example"
