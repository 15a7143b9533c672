"""Every way that is known to write an address inside so that a check reads another: as a picture's address, and as a redirect.

A row says why it is refused, and nothing may have been dialled: the dialler keeps a record, and the resolver would give a public
address to any name that got as far as being asked for.
"""

from collections.abc import Sequence

import pytest

from postkeep.errors import PictureRefused, PictureUnavailable
from unit.thumbnail.picture_host import PictureHost, Redialler, a_fetcher, answer
from unit.thumbnail.spellings import FROM_OUTSIDE, HARMLESS, OTHERS, REDIRECTS, RELATIVE, SPELLINGS

PUBLIC = "93.184.216.34"
START = "start.example"

INNER = ("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.100.100.200")

NAMES = {
    "localhost": ["127.0.0.1"],
    "localhost.localdomain": ["127.0.0.1"],
    "ip6-localhost": ["::1"],
    "loopback.test": ["127.0.0.1"],
    "metadata.google.internal": ["169.254.169.254"],
    "metadata": ["169.254.169.254"],
    "instance-data.ec2.internal": ["169.254.169.254"],
    "127.0.0.1.nip.example": ["127.0.0.1"],
    "mixed.example": [PUBLIC, "10.0.0.1"],
    "v6.example": ["fd00:ec2::254"],
    "mapped.example": ["::ffff:169.254.169.254"],
    "zone.example": ["fe80::1%eth0"],
}
"""What is resolved to something inside; every other name is public."""


class Names:
    """A resolver that keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, host: str, _port: int) -> Sequence[str]:
        self.asked.append(host)
        return NAMES.get(host, [PUBLIC])


ROWS = [
    *(
        pytest.param(f"http://{host}{'' if set(host) & set('/?#') else '/'}", reason, id=f"{inner}: {name}")
        for inner in INNER
        for spellings in SPELLINGS
        for name, host, reason in spellings(inner)
    ),
    *(pytest.param(address, reason, id=name) for name, address, reason in OTHERS),
]


def in_a_header(address: str) -> bool:
    return not set(address) & set("\x00\r\n") and len(address) < 50_000


def rows(cases: Sequence[tuple[str, str, str]]) -> list[object]:
    return [pytest.param(address, expected, id=name) for name, address, expected in cases]


@pytest.mark.parametrize(("address", "reason"), [*ROWS, *rows(FROM_OUTSIDE)])
def test_no_address_leads_inside(address: str, reason: str) -> None:
    resolver, dialler = Names(), Redialler(None)
    with pytest.raises(PictureRefused) as refused:
        a_fetcher(resolver=resolver, dialler=dialler).fetch(address)
    assert refused.value.reason == reason
    assert dialler.dialled == []
    assert set(resolver.asked) <= set(NAMES)


@pytest.mark.parametrize(("location", "reason"), [*(row for row in ROWS if in_a_header(str(row.values[0]))), *rows(REDIRECTS)])
def test_no_redirect_leads_inside(host: PictureHost, location: str, reason: str) -> None:
    host.scripts["/a"] = answer(status="302 Found").replace(b"\r\n\r\n", b"\r\nLocation: " + location.encode() + b"\r\n\r\n")
    resolver, dialler = Names(), Redialler(host.port)
    with pytest.raises(PictureRefused) as refused:
        a_fetcher(resolver=resolver, dialler=dialler).fetch(f"http://{START}/a")
    assert refused.value.reason == reason
    assert dialler.dialled == [(PUBLIC, 80)]
    assert len(host.requests) == 1
    assert set(resolver.asked) <= {START, *NAMES}


@pytest.mark.parametrize(("address", "asked"), rows(HARMLESS))
def test_what_only_looks_like_it_is_asked_for_under_its_name(address: str, asked: str) -> None:
    resolver, dialler = Names(), Redialler(None)
    with pytest.raises(PictureUnavailable):
        a_fetcher(resolver=resolver, dialler=dialler).fetch(address)
    assert len(resolver.asked) == 1
    assert resolver.asked[0].startswith(asked)
    assert dialler.dialled == [(PUBLIC, 80)]


@pytest.mark.parametrize(("location", "path"), rows(RELATIVE))
def test_what_is_relative_stays_on_its_host(host: PictureHost, location: str, path: str) -> None:
    host.scripts["/a"] = answer(status="302 Found", Location=location)
    host.scripts[path] = answer(b"picture")
    resolver, dialler = Names(), Redialler(host.port)
    fetched = a_fetcher(resolver=resolver, dialler=dialler).fetch(f"http://{START}/a")
    assert fetched.content == b"picture"
    assert fetched.address == f"http://{START}{path}"
    assert resolver.asked == [START, START]


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        pytest.param(b"http://127.0.0.1/\x00", "protocol-error", id="NUL"),
        pytest.param(b"/b\rLocation: http://127.0.0.1/", "protocol-error", id="a bare carriage return"),
        pytest.param(b"/" + b"b" * 200_000, "protocol-error", id="longer than a head may be"),
    ],
)
def test_no_such_header_is_read(host: PictureHost, location: bytes, reason: str) -> None:
    host.scripts["/a"] = b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\n\r\n"
    dialler = Redialler(host.port)
    with pytest.raises(PictureUnavailable) as unavailable:
        a_fetcher(resolver=Names(), dialler=dialler).fetch(f"http://{START}/a")
    assert unavailable.value.reason == reason
    assert dialler.dialled == [(PUBLIC, 80)]


def test_a_folded_location_is_one_path(host: PictureHost) -> None:
    host.scripts["/a"] = b"HTTP/1.1 302 Found\r\nLocation: /b\r\n\thttp://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"
    host.scripts["/b%20http://127.0.0.1/"] = answer(b"picture")
    fetched = a_fetcher(resolver=Names(), dialler=Redialler(host.port)).fetch(f"http://{START}/a")
    assert fetched.address == f"http://{START}/b%20http://127.0.0.1/"


def test_the_first_of_two_locations_counts(host: PictureHost) -> None:
    host.scripts["/a"] = answer(status="302 Found", Location="/b\r\nLocation: http://127.0.0.1/")
    host.scripts["/b"] = answer(b"picture")
    fetched = a_fetcher(resolver=Names(), dialler=Redialler(host.port)).fetch(f"http://{START}/a")
    assert fetched.address == f"http://{START}/b"


def test_there_are_hundreds() -> None:
    direct = len(ROWS) + len(FROM_OUTSIDE)
    redirected = sum(in_a_header(str(row.values[0])) for row in ROWS) + len(REDIRECTS)
    assert direct > 700
    assert redirected > 700
