import socket
import threading
import time
from collections.abc import Sequence
from typing import Any, NoReturn

import httpcore
import pytest

from make_thumbnail.fetch import Limits
from make_thumbnail.guard import Deadline, PinnedBackend, public_only, resolve
from postkeep.errors import PictureRefused, PictureUnavailable
from unit.thumbnail.picture_host import PictureHost, Redialler, a_fetcher, answer

PUBLIC = "93.184.216.34"


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
    assert a_fetcher(resolver=resolver, dialler=dialler).fetch("http://rebinding.example/a").content == b"picture"
    assert resolver.asked == [("rebinding.example", 80)]
    assert dialler.dialled == [(PUBLIC, 80)]
    assert host.field("Host") == "rebinding.example"


@pytest.mark.parametrize("inner", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00:ec2::254", "::ffff:10.0.0.1"])
@pytest.mark.parametrize("position", range(3))
def test_one_address_inside_is_enough_to_be_refused(inner: str, position: int) -> None:
    addresses = [PUBLIC, "2606:4700::1"]
    addresses.insert(position, inner)
    dialler = Redialler(None)
    with pytest.raises(PictureRefused) as refused:
        a_fetcher(resolver=Answers(addresses), dialler=dialler).fetch("http://mixed.example/a")
    assert refused.value.reason == "address-not-public"
    assert refused.value.detail == f"mixed.example has the address {inner}"
    assert dialler.dialled == []


def test_one_address_inside_among_more_than_are_tried_is_seen() -> None:
    dialler = Redialler(None)
    with pytest.raises(PictureRefused) as refused:
        a_fetcher(resolver=Answers([*(f"93.184.216.{n}" for n in range(50)), "10.0.0.1"]), dialler=dialler).fetch(
            "http://a.example/"
        )
    assert refused.value.reason == "address-not-public"
    assert dialler.dialled == []


def test_an_alias_is_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "db.internal", ("10.0.0.1", 80))]  # what a CNAME looks like from here
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **keywords: found)
    dialler = Redialler(None)
    with pytest.raises(PictureRefused) as refused:
        a_fetcher(resolver=resolve, dialler=dialler).fetch("http://alias.example/a")
    assert refused.value.reason == "address-not-public"
    assert dialler.dialled == []


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
    assert a_fetcher(resolver=resolver, dialler=dialler).fetch("http://two.example/a").content == b"picture"
    assert [address for address, _ in dialler.dialled] == ["2606:4700::1", PUBLIC]


@pytest.mark.parametrize(
    ("addresses", "tried"),
    [
        pytest.param([f"93.184.216.{n}" for n in range(9)], [f"93.184.216.{n}" for n in range(4)], id="of one family"),
        pytest.param(
            ["2606::1", "2606::2", "2606::3", "2606::4", "2606::5", PUBLIC, "1.1.1.1"],
            ["2606::1", PUBLIC, "2606::2", "1.1.1.1"],
            id="of both, IPv6 first",
        ),
        pytest.param([PUBLIC, "1.1.1.1", "2606::1"], [PUBLIC, "2606::1", "1.1.1.1"], id="of both, IPv4 first"),
        pytest.param(["2606:4700::1"], ["2606:4700::1"], id="IPv6 only"),
    ],
)
def test_not_all_of_many_addresses_are_tried_but_both_families(addresses: list[str], tried: list[str]) -> None:
    dialler = Redialler(None)
    with pytest.raises(PictureUnavailable) as unavailable:
        a_fetcher(resolver=Answers(addresses), dialler=dialler).fetch("http://many.example/a")
    assert unavailable.value.reason == "connection-error"
    assert [address for address, _ in dialler.dialled] == tried
    assert all(f"{address}: no route" in unavailable.value.detail for address in tried)


def test_a_host_without_an_address() -> None:
    dialler = Redialler(None)
    with pytest.raises(PictureUnavailable) as unavailable:
        a_fetcher(resolver=Answers([]), dialler=dialler).fetch("http://none.example/a")
    assert unavailable.value.reason == "connection-error"
    assert unavailable.value.detail.endswith("the name has no address")
    assert dialler.dialled == []


class Failing(httpcore.NetworkBackend):
    """Takes all the time that it is given, or some, by a clock of its own, and fails as told for each address."""

    def __init__(self, failures: dict[str, tuple[float, Exception]]) -> None:
        self.time = 0.0
        self.given: list[float | None] = []
        self._failures = failures

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, *args: Any, **keywords: Any) -> NoReturn:
        self.given.append(timeout)
        seconds, error = self._failures[host]
        self.time += seconds if timeout is None else min(seconds, timeout)
        raise error


SILENT = (99.0, httpcore.ConnectTimeout("timed out"))
DENIED = (0.0, httpcore.ConnectError("connection refused"))


@pytest.mark.parametrize(
    ("failures", "given", "reason"),
    [
        pytest.param({"1.1.1.1": SILENT, "1.1.1.2": SILENT, "1.1.1.3": SILENT}, [2.0, 2.0, 2.0], "timeout", id="all silent"),
        pytest.param({"1.1.1.1": DENIED, "1.1.1.2": DENIED}, [3.0, 6.0], "connection-error", id="all refuse"),
        pytest.param({"1.1.1.1": DENIED, "1.1.1.2": SILENT}, [3.0, 6.0], "connection-error", id="one refuses, one is silent"),
        pytest.param({"1.1.1.1": SILENT, "1.1.1.2": DENIED}, [3.0, 3.0], "connection-error", id="one is silent, one refuses"),
        pytest.param({"1.1.1.1": (99.0, DENIED[1]), "1.1.1.2": DENIED}, [3.0, 3.0], "connection-error", id="slow to refuse"),
    ],
)
def test_the_addresses_share_the_time(failures: dict[str, tuple[float, Exception]], given: list[float], reason: str) -> None:
    dialler = Failing(failures)
    slow = a_fetcher(
        resolver=Answers(list(failures)), dialler=dialler, limits=Limits(connect=6.0, total=20.0), clock=lambda: dialler.time
    )
    with pytest.raises(PictureUnavailable) as unavailable:
        slow.fetch("http://slow.example/a")
    assert dialler.given == given
    assert unavailable.value.reason == reason
    assert all(f"{address}: {error}" in unavailable.value.detail for address, (_, error) in failures.items())


def test_the_last_address_has_a_moment_even_where_none_is_left() -> None:
    class Dawdling(Failing):
        def connect_tcp(self, *args: Any, **keywords: Any) -> NoReturn:
            try:
                super().connect_tcp(*args, **keywords)
            finally:
                self.time += 10.0

    dialler = Dawdling({"1.1.1.1": DENIED, "1.1.1.2": DENIED})
    backend = PinnedBackend(lambda *_: ["1.1.1.1", "1.1.1.2"], Deadline(20.0, lambda: dialler.time), dialler, 1.0, 1_000)
    with pytest.raises(httpcore.ConnectError):
        backend.connect_tcp("slow.example", 80, 6.0)
    assert dialler.given == [3.0, 0.1]


def test_the_end_of_the_fetch_is_the_end_of_connecting() -> None:
    dialler = Failing({f"1.1.1.{n}": SILENT for n in range(3)})
    slow = a_fetcher(
        resolver=Answers([f"1.1.1.{n}" for n in range(3)]),
        dialler=dialler,
        limits=Limits(connect=60.0, total=5.0),
        clock=lambda: dialler.time,
    )
    with pytest.raises(PictureUnavailable) as unavailable:
        slow.fetch("http://slow.example/a")
    assert unavailable.value.reason == "timeout"
    assert dialler.given == [5.0]


@pytest.mark.parametrize(
    ("limits", "most"),
    [
        pytest.param(Limits(resolve=0.05, total=60.0), 5.0, id="its own limit"),
        pytest.param(Limits(resolve=60.0, total=0.05), 5.0, id="the limit of the whole"),
    ],
)
def test_a_resolver_that_does_not_answer_is_not_waited_for(limits: Limits, most: float) -> None:
    release = threading.Event()
    dialler = Redialler(None)

    def hang(_host: str, _port: int) -> Sequence[str]:
        release.wait(30)
        return [PUBLIC]

    began = time.monotonic()
    try:
        with pytest.raises(PictureUnavailable) as unavailable:
            a_fetcher(resolver=hang, dialler=dialler, limits=limits).fetch("http://slow.example/a")
    finally:
        release.set()
    assert unavailable.value.reason == "dns"
    assert time.monotonic() - began < most
    assert dialler.dialled == []


def test_time_that_the_resolver_took_is_gone() -> None:
    moment = [0.0]
    dialler = Redialler(None)

    def slow(_host: str, _port: int) -> Sequence[str]:
        moment[0] += 30.0
        return [PUBLIC]

    with pytest.raises(PictureUnavailable) as unavailable:
        a_fetcher(resolver=slow, dialler=dialler, clock=lambda: moment[0]).fetch("http://slow.example/a")
    assert unavailable.value.reason == "timeout"
    assert dialler.dialled == []


def test_a_fault_of_the_resolver_is_not_hidden() -> None:
    def broken(_host: str, _port: int) -> Sequence[str]:
        raise KeyError("a bug")

    with pytest.raises(KeyError, match="a bug"):
        a_fetcher(resolver=broken, dialler=Redialler(None)).fetch("http://x.example/a")


@pytest.mark.parametrize(
    ("code", "reason"), [(socket.EAI_NONAME, "no-such-host"), (socket.EAI_AGAIN, "dns"), (socket.EAI_FAIL, "dns")]
)
def test_names_that_do_not_resolve_may_later(monkeypatch: pytest.MonkeyPatch, code: int, reason: str) -> None:
    def fail(*args: Any, **keywords: Any) -> None:
        raise socket.gaierror(code, "why")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(PictureUnavailable) as unavailable:
        a_fetcher(dialler=Redialler(None)).fetch("http://gone.example/a")
    assert unavailable.value.reason == reason


def test_addresses_come_in_the_resolvers_order_without_repetition(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2606:4700::1", 80, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (PUBLIC, 80)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (PUBLIC, 80)),
    ]
    asked: list[Any] = []

    def look_up(*args: Any, **keywords: Any) -> Any:
        asked.append(args)
        return found

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert resolve("two.example", 80) == ["2606:4700::1", PUBLIC]
    assert asked == [(b"two.example.", 80)]  # absolute, so that no search list completes it


@pytest.mark.parametrize(("address", "dialled"), [(f"http://{PUBLIC}/a", PUBLIC), ("http://[2606:4700:0::1]/a", "2606:4700::1")])
def test_an_address_needs_no_resolver(host: PictureHost, address: str, dialled: str) -> None:
    host.scripts["/a"] = answer(b"picture")
    resolver, dialler = Answers(), Redialler(host.port)
    assert a_fetcher(resolver=resolver, dialler=dialler).fetch(address).content == b"picture"
    assert resolver.asked == []
    assert dialler.dialled == [(dialled, 80)]


def test_a_unix_socket_is_no_way_around() -> None:
    backend = PinnedBackend(public_only(resolve), Deadline(1.0, lambda: 0.0), httpcore.SyncBackend(), 1.0, 1)
    with pytest.raises(NotImplementedError):
        backend.connect_unix_socket("/var/run/docker.sock")


def test_a_deadline_caps_waits() -> None:
    deadline = Deadline(10.0, lambda: 7.0)
    assert deadline.cap(None) == 3.0
    assert deadline.cap(5.0) == 3.0
    assert deadline.cap(1.0) == 1.0
    with pytest.raises(PictureUnavailable):
        Deadline(10.0, lambda: 10.0).cap(5.0)
