"""TLS: the host proves that it is who it is asked as, or nothing is told to it."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from make_thumbnail.fetch import Fetcher, Limits
from make_thumbnail.trust import trusting
from postkeep.errors import PictureUnavailable
from unit.thumbnail.certificates import DAY, Authority
from unit.thumbnail.picture_host import NO_TLS, PictureHost, Redialler, Script, answer

NAME = "pictures.example"
PUBLIC = "93.184.216.34"
LIMITS = Limits(connect=10.0, read=10.0, total=60.0)
HASTY = Limits(connect=0.5, read=0.3, total=1.0)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Whom the fetcher trusts."""
    return Authority(tmp_path_factory.mktemp("trusted"))


@contextmanager
def secure(certificate: Path, names: list[str | None] | None = None, **settings: Any) -> Iterator[PictureHost]:
    """A host with TLS; the names that it is asked for are kept."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _connection, name, _context: (names if names is not None else []).append(name)
    for setting, value in settings.items():
        setattr(context, setting, value)
    host = PictureHost(lambda connection: context.wrap_socket(connection, server_side=True))
    host.scripts["/a"] = answer(b"picture")
    try:
        yield host
    finally:
        host.close()


def fetcher(authority: Authority, port: int, limits: Limits = LIMITS) -> Fetcher:
    context = trusting()
    context.load_verify_locations(authority.file)
    return Fetcher(resolver=lambda *_: [PUBLIC], dialler=Redialler(port), ssl_context=context, limits=limits)


@pytest.mark.parametrize(
    ("names", "asked", "told"),
    [
        pytest.param([NAME], NAME, NAME, id="the name"),
        pytest.param([NAME], f"{NAME}.", NAME, id="the name with a dot"),
        pytest.param([NAME], "PICTURES.example", NAME, id="the name in capitals"),
        pytest.param([f"*.{NAME}"], f"a.{NAME}", f"a.{NAME}", id="a wildcard"),
        pytest.param(["xn--wcsw84d.example"], "图片.example", "xn--wcsw84d.example", id="an international name"),
        pytest.param([PUBLIC], PUBLIC, None, id="an address, which is not told"),
        pytest.param(["2606:4700::1"], "[2606:4700::1]", None, id="an IPv6 address"),
    ],
)
def test_tls_speaks_of_the_name_and_not_of_the_address(
    authority: Authority, names: list[str], asked: str, told: str | None
) -> None:
    heard: list[str | None] = []
    with secure(authority.certificate(names), heard) as host:
        assert fetcher(authority, host.port).fetch(f"https://{asked}/a").content == b"picture"
        assert host.field("Host") == (told or asked)
    assert heard == [told]


BAD: list[tuple[str, str, Callable[[Authority, Authority], Path], str]] = [
    ("of another name", NAME, lambda good, _: good.certificate(["other.example"]), "Hostname mismatch"),
    ("of a name above", NAME, lambda good, _: good.certificate(["example"]), "Hostname mismatch"),
    ("of a name below", NAME, lambda good, _: good.certificate([f"www.{NAME}"]), "Hostname mismatch"),
    ("of a wildcard below", NAME, lambda good, _: good.certificate([f"*.{NAME}"]), "Hostname mismatch"),
    ("of a wildcard for two labels", f"a.b.{NAME}", lambda good, _: good.certificate([f"*.{NAME}"]), "Hostname mismatch"),
    ("of a wildcard for all of a domain", NAME, lambda good, _: good.certificate(["*.example"]), "Hostname mismatch"),
    ("of a wildcard for all", NAME, lambda good, _: good.certificate(["*"]), "Hostname mismatch"),
    ("of the common name only", NAME, lambda good, _: good.certificate([], common_name=NAME), "Hostname mismatch"),
    ("of the address that is dialled", NAME, lambda good, _: good.certificate([PUBLIC, "127.0.0.1"]), "Hostname mismatch"),
    ("of a name for an address", PUBLIC, lambda good, _: good.certificate([NAME]), "IP address mismatch"),
    ("signed by itself", NAME, lambda good, _: good.certificate([NAME], signs_itself=True), "self-signed"),
    ("signed by nobody known", NAME, lambda _, other: other.certificate([NAME]), "unable to get local issuer"),
    ("that has expired", NAME, lambda good, _: good.certificate([NAME], since=-2 * DAY, until=-DAY / 2), "has expired"),
    ("that just expired", NAME, lambda good, _: good.certificate([NAME], until=timedelta(seconds=-5)), "has expired"),
    ("that is not valid yet", NAME, lambda good, _: good.certificate([NAME], since=DAY / 2), "not yet valid"),
]


@pytest.mark.parametrize(("asked", "make", "why"), [pytest.param(*row, id=name) for name, *row in BAD])
def test_a_certificate_that_proves_nothing(
    authority: Authority, tmp_path: Path, asked: str, make: Callable[[Authority, Authority], Path], why: str
) -> None:
    with secure(make(authority, Authority(tmp_path, "Somebody else"))) as host:
        with pytest.raises(PictureUnavailable, match=why) as unavailable:
            fetcher(authority, host.port).fetch(f"https://{asked}/a", "https://articles.example/secret")
        assert unavailable.value.reason == "connection-error"
        assert host.requests == []


def test_a_redirect_to_a_host_without_proof(authority: Authority) -> None:
    with secure(authority.certificate([NAME])) as host:
        host.scripts["/b"] = answer(status="302 Found", Location="https://other.example/a")
        with pytest.raises(PictureUnavailable, match="Hostname mismatch"):
            fetcher(authority, host.port).fetch(f"https://{NAME}/b")
        assert len(host.requests) == 1


def test_a_root_without_a_key_identifier_is_believed_as_browsers_do(tmp_path: Path) -> None:
    plain = Authority(tmp_path, "Plain", identified=False)
    with secure(plain.certificate([NAME])) as host:
        assert fetcher(plain, host.port).fetch(f"https://{NAME}/a").content == b"picture"


def test_the_authorities_are_certifis() -> None:
    context = Fetcher()._ssl_context
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.cert_store_stats()["x509_ca"] > 50


def says(said: bytes, *, wait: bool) -> Script:
    def script(connection: socket.socket) -> None:
        connection.sendall(said)
        if wait:
            time.sleep(1.0)

    return script


def drips(connection: socket.socket) -> None:
    connection.sendall(b"\x16\x03\x03\x40\x00")
    while True:
        connection.sendall(b"\x02")
        time.sleep(0.05)


RECORD = b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        pytest.param(says(b"", wait=False), "connection-error", id="hangs up"),
        pytest.param(says(RECORD, wait=False), "connection-error", id="hangs up in the handshake"),
        pytest.param(says(b"", wait=True), "timeout", id="is silent"),
        pytest.param(says(RECORD, wait=True), "timeout", id="is silent in the handshake"),
        pytest.param(drips, "timeout", id="drips"),
        pytest.param(says(answer(b"picture"), wait=False), "connection-error", id="speaks plainly"),
        pytest.param(says(b"\x15\x03\x03\x00\x02\x02\x28", wait=False), "connection-error", id="refuses"),
        pytest.param(says(b"\x16\x03\x03\xff\xff" + b"\0" * 70_000, wait=False), "connection-error", id="speaks nonsense"),
    ],
)
def test_a_handshake_that_is_none(script: Script, reason: str) -> None:
    def handshake(connection: socket.socket) -> socket.socket:
        assert callable(script)
        connection.recv(65_536)
        script(connection)
        raise OSError("never gets as far as a request")

    host = PictureHost(handshake)
    began = time.monotonic()
    try:
        with pytest.raises(PictureUnavailable) as unavailable:
            Fetcher(resolver=lambda *_: [PUBLIC], dialler=Redialler(host.port), ssl_context=NO_TLS, limits=HASTY).fetch(
                f"https://{NAME}/a"
            )
    finally:
        host.close()
    assert unavailable.value.reason == reason
    assert time.monotonic() - began < 10.0


def test_a_body_that_is_cut_off_without_a_goodbye_is_noticed(authority: Authority) -> None:
    with secure(authority.certificate([NAME])) as host:
        host.scripts["/a"] = lambda connection: connection.sendall(answer(b"picture")[:-3])
        with pytest.raises(PictureUnavailable) as unavailable:
            fetcher(authority, host.port).fetch(f"https://{NAME}/a")
    assert unavailable.value.reason == "protocol-error"


def test_the_limits_hold_within_tls(authority: Authority) -> None:
    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"1\r\nx\r\n")
            time.sleep(0.02)

    with secure(authority.certificate([NAME])) as host:
        host.scripts["/a"] = endless
        began = time.monotonic()
        with pytest.raises(PictureUnavailable) as unavailable:
            fetcher(authority, host.port, HASTY).fetch(f"https://{NAME}/a")
    assert unavailable.value.reason == "timeout"
    assert time.monotonic() - began < 10.0
