import ipaddress
import socket
from collections.abc import Sequence
from typing import Any

import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from make_thumbnail.guard import Deadline, PinnedBackend, is_public, public_only, resolve
from postkeep.errors import PictureRefused, PictureUnavailable
from unit.thumbnail.picture_host import PictureHost, Redialler, a_fetcher, answer

PUBLIC = "93.184.216.34"

NOT_PUBLIC = [
    # Blocks of the IANA IPv4 special-purpose registry, first and last addresses.
    "0.0.0.0",  # noqa: S104 (an address to be refused)
    "0.255.255.255",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.127.255.255",
    "127.0.0.0",
    "127.0.0.1",
    "127.255.255.255",
    "169.254.0.0",
    "169.254.169.254",
    "169.254.170.2",
    "169.254.255.255",
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.9",
    "192.0.0.10",
    "192.0.0.171",
    "192.0.2.0",
    "192.0.2.255",
    "192.88.99.1",
    "192.168.0.0",
    "192.168.255.255",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.0",
    "203.0.113.255",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.0",
    "255.255.255.255",
    # And of the IPv6 registry.
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:0:127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    f"::ffff:{PUBLIC}",
    "64:ff9b::169.254.169.254",
    f"64:ff9b::{PUBLIC}",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:5ef5:79fd::1",
    "2001:1::1",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "3fff:fff:ffff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%lo",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.0.1",
        "172.32.0.1",
        "223.255.255.255",
        PUBLIC,
        "2001:200::1",
        "2003::1",
        "2606:4700::1111",
        "2a00:1450:4001::1",
    ],
)
def test_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses())
def test_never_more_than_the_standard_library_calls_global(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assert is_public(str(ip)) <= (ip.is_global and not ip.is_multicast and not ip.is_reserved)


@given(st.ip_addresses(v=4))
def test_no_form_of_carrying_an_address(inner: ipaddress.IPv4Address) -> None:
    number = int(inner)
    for outer in (
        number,
        0xFFFF << 32 | number,
        0x64FF9B << 96 | number,
        0x2002 << 112 | number << 80,
        0x20010000 << 96 | number,
    ):
        assert not is_public(str(ipaddress.IPv6Address(outer)))


def test_what_is_no_address_is_an_error() -> None:
    with pytest.raises(ValueError, match="does not appear"):
        is_public("pictures.example")


class _Never(httpcore.NetworkBackend):
    """Fails the test that connects."""

    def connect_tcp(self, *args: Any, **keywords: Any) -> httpcore.NetworkStream:
        raise AssertionError(args)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/",
        "http://127.0.0.1:80/",
        "https://127.0.0.1:443/",
        "http://2130706433/",
        "http://017700000001/",
        "http://0x7f000001/",
        "http://0x7F.0x0.0x0.0x1/",
        "http://0177.0.0.1/",
        "http://0177.0.0x1/",
        "http://127.1/",
        "http://127.0.1/",
        "http://127.0.0.1./",
        "http://0/",
        "http://0.0.0.0/",
        "http://2852039166/",
        "http://0xa9fea9fe/",
        "http://169.254.43518/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::]/",
        "http://[::1]/",
        "http://[0:0:0:0:0:0:0:1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://[0000:0000:0000:0000:0000:ffff:169.254.169.254]/",
        "http://[::127.0.0.1]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://[2002:7f00:1::]/",
        "http://[fd00:ec2::254]/",
        "http://[fe80::1]/",
        "http://[fe80::1%25lo]/",
        "http://[fe80::1%lo]/",
        "http://[fec0::1]/",
        "http://[ff02::1]/",
        "http://localhost/",
        "http://LOCALHOST./",
        "http://good.example@127.0.0.1/",
        "http://127.0.0.1#@good.example/",
        "http://127.0.0.1?@good.example/",
        "http://127.0.0.1/@good.example/",
        "http://good.example\\@127.0.0.1/",
        "http://127.0.0.1\\@good.example/",
        "http://127.0.0.1\t/",
        "http://12\n7.0.0.1/",
        "http://１２７.０.０.１/",
        "http://127。0。0。1/",
        "http://①②⑦.⓪.⓪.①/",
        "http://ⓛocalhost/",
        "http://[::1]@good.example/",
        "http://127.0.0.1%2f.good.example/",
        "http://127.0.0.1:80@good.example/",
    ],
)
def test_no_spelling_reaches_inside(address: str) -> None:
    with pytest.raises(PictureRefused) as refused:
        a_fetcher(resolver=resolve, dialler=_Never()).fetch(address)
    assert refused.value.reason in {"address-not-public", "bad-address"}


class Answers:
    """A resolver that gives one answer after the other, and knows how often it was asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self.answers.pop(0)


def test_a_name_is_asked_for_once_and_the_answer_is_what_is_dialled(host: PictureHost) -> None:
    host.scripts["/a"] = answer(b"picture")
    resolver, dialler = Answers([PUBLIC], ["127.0.0.1"]), Redialler(host.port)
    assert a_fetcher(resolver=resolver, dialler=dialler).fetch("http://rebinding.example/a") == b"picture"
    assert resolver.asked == [("rebinding.example", 80)]
    assert dialler.dialled == [(PUBLIC, 80)]
    assert host.field("Host") == "rebinding.example"


@pytest.mark.parametrize("addresses", [["127.0.0.1"], [PUBLIC, "10.0.0.1"], ["2606:4700::1", "::ffff:10.0.0.1"]])
def test_one_address_inside_is_enough_to_be_refused(addresses: list[str]) -> None:
    with pytest.raises(PictureRefused) as refused:
        a_fetcher(resolver=Answers(addresses), dialler=_Never()).fetch("http://mixed.example/a")
    assert refused.value.reason == "address-not-public"


def test_each_redirect_is_resolved_and_checked(host: PictureHost) -> None:
    host.scripts["/a"] = answer(status="302 Found", Location="/b")
    resolver, dialler = Answers([PUBLIC], ["169.254.169.254"]), Redialler(host.port)
    with pytest.raises(PictureRefused) as refused:
        a_fetcher(resolver=resolver, dialler=dialler).fetch("http://rebinding.example/a")
    assert refused.value.reason == "address-not-public"
    assert dialler.dialled == [(PUBLIC, 80)]
    assert len(host.requests) == 1


def test_the_next_address_is_tried(host: PictureHost) -> None:
    host.scripts["/a"] = answer(b"picture")
    resolver, dialler = Answers(["2606:4700::1", PUBLIC]), Redialler(None, host.port)
    assert a_fetcher(resolver=resolver, dialler=dialler).fetch("http://two.example/a") == b"picture"
    assert [address for address, _ in dialler.dialled] == ["2606:4700::1", PUBLIC]


def test_not_all_of_many_addresses_are_tried() -> None:
    dialler = Redialler(None)
    with pytest.raises(PictureUnavailable) as unavailable:
        a_fetcher(resolver=Answers([f"93.184.216.{n}" for n in range(9)]), dialler=dialler).fetch("http://many.example/a")
    assert unavailable.value.reason == "connection-error"
    assert len(dialler.dialled) == 3


def test_a_host_without_an_address() -> None:
    with pytest.raises(PictureUnavailable) as unavailable:
        a_fetcher(resolver=Answers([]), dialler=_Never()).fetch("http://none.example/a")
    assert unavailable.value.reason == "connection-error"


@pytest.mark.parametrize(
    ("code", "reason"), [(socket.EAI_NONAME, "no-such-host"), (socket.EAI_AGAIN, "dns"), (socket.EAI_FAIL, "dns")]
)
def test_names_that_do_not_resolve_may_later(monkeypatch: pytest.MonkeyPatch, code: int, reason: str) -> None:
    def fail(*args: Any, **keywords: Any) -> None:
        raise socket.gaierror(code, "why")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(PictureUnavailable) as unavailable:
        a_fetcher(dialler=_Never()).fetch("http://gone.example/a")
    assert unavailable.value.reason == reason


def test_addresses_come_in_the_resolvers_order_without_repetition(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2606:4700::1", 80, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (PUBLIC, 80)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (PUBLIC, 80)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **keywords: found)
    assert resolve("two.example", 80) == ["2606:4700::1", PUBLIC]


def test_a_unix_socket_is_no_way_around() -> None:
    backend = PinnedBackend(public_only(resolve), Deadline(1.0, lambda: 0.0), httpcore.SyncBackend())
    with pytest.raises(NotImplementedError):
        backend.connect_unix_socket("/var/run/docker.sock")


def test_a_deadline_caps_waits() -> None:
    deadline = Deadline(10.0, lambda: 7.0)
    assert deadline.cap(None) == 3.0
    assert deadline.cap(5.0) == 3.0
    assert deadline.cap(1.0) == 1.0
    with pytest.raises(PictureUnavailable):
        Deadline(10.0, lambda: 10.0).cap(5.0)
