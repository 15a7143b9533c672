from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from httpcore._sync.http11 import HTTP11Connection

from make_thumbnail import fetch, guard, target
from make_thumbnail.answer import Fetched
from make_thumbnail.fetch import USER_AGENT, Fetcher, Limits
from postkeep.errors import PictureRefused, PictureSkipped, PictureUnavailable
from unit.thumbnail.picture_host import PictureHost, a_fetcher, answer

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
NAME = "pictures.example"
SMALL = Limits(content=1_000)


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
    assert fetcher(host).fetch(f"https://{NAME}/雨.jpg?w=1#top").content == b"\xff\xd8picture"
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
    assert fetcher(host).fetch(f"http://{NAME}/a").content == b"picture"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("400 Bad Request", "client-error"),
        ("401 Unauthorized", "forbidden"),
        ("402 Payment Required", "client-error"),
        ("403 Forbidden", "forbidden"),
        ("404 Not Found", "not-found"),
        ("406 Not Acceptable", "client-error"),
        ("407 Proxy Authentication Required", "client-error"),
        ("410 Gone", "gone"),
        ("418 Teapot", "client-error"),
        ("451 Unavailable For Legal Reasons", "forbidden"),
        ("499 Client Closed Request", "client-error"),
        ("201 Created", "unexpected-status"),
        ("203 Non-Authoritative Information", "unexpected-status"),
        ("204 No Content", "unexpected-status"),
        ("205 Reset Content", "unexpected-status"),
        ("206 Partial Content", "unexpected-status"),
        ("226 IM Used", "unexpected-status"),
        ("300 Multiple Choices", "unexpected-status"),
        ("301 Moved Permanently", "unexpected-status"),
        ("302 Found", "unexpected-status"),
        ("304 Not Modified", "unexpected-status"),
        ("305 Use Proxy", "unexpected-status"),
        ("308 Permanent Redirect", "unexpected-status"),
        ("600 What", "unexpected-status"),
        ("999 Denied", "unexpected-status"),
    ],
)
def test_statuses_that_say_never(host: PictureHost, status: str, reason: str) -> None:
    host.scripts["/a"] = answer(status=status)
    assert refusal(host) == reason


@pytest.mark.parametrize("status", ["201 Created", "300 Multiple Choices", "304 Not Modified", "305 Use Proxy", "306 Unused"])
def test_not_every_location_is_a_redirect(host: PictureHost, status: str) -> None:
    host.scripts["/a"] = answer(status=status, Location="/b")
    assert refusal(host) == "unexpected-status"
    assert len(host.requests) == 1


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


def test_follows_redirects(host: PictureHost) -> None:
    host.scripts["/a"] = answer(status="301 Moved Permanently", Location="/b")
    host.scripts["/b"] = answer(status="307 Temporary Redirect", location=f"https://{NAME}/c")
    host.scripts["/c"] = answer(b"picture", Content_Type="Image/WebP; charset=binary")
    fetched = fetcher(host).fetch(f"http://{NAME}/a")
    assert fetched == Fetched(b"picture", "image/webp", f"https://{NAME}/c")


def test_follows_no_more_redirects_than_the_limit(host: PictureHost) -> None:
    for n in range(6):
        host.scripts[f"/{n}"] = answer(status="302 Found", Location=f"/{n + 1}")
    host.scripts["/6"] = answer(b"picture")
    assert fetcher(host).fetch(f"http://{NAME}/1").content == b"picture"
    assert refusal(host, "/0") == "too-many-redirects"


def test_a_redirect_loop_ends(host: PictureHost) -> None:
    host.scripts["/a"] = answer(status="302 Found", Location="/a")
    assert refusal(host) == "too-many-redirects"
    assert len(host.requests) == 6


def test_a_mapped_host_opens_its_origin_to_nobody_else(host: PictureHost) -> None:
    host.scripts["/a"] = answer(status="302 Found", Location=f"{host.origin}/b")
    assert refusal(host) == "unsupported-port"
    for name in ("127.0.0.1", "localhost", f"x.{NAME}"):
        with pytest.raises((PictureRefused, PictureUnavailable)):
            a_fetcher({NAME: host.origin}, resolver=lambda *_: ["127.0.0.1"]).fetch(f"http://{name}/b")
    assert len(host.requests) == 1


def test_a_mapped_host_is_found_however_it_is_written(host: PictureHost) -> None:
    host.scripts["/a"] = answer(b"picture")
    mapped = a_fetcher({"Pictures.Example.": host.origin, "图片.example": host.origin})
    assert mapped.fetch("http://PICTURES.example/a").content == b"picture"
    assert mapped.fetch("http://xn--wcsw84d.example/a").content == b"picture"


@pytest.mark.parametrize("name", ["http://127.0.0.1", "a.example/x", "a b", ""])
def test_a_mapped_host_that_is_none(name: str) -> None:
    with pytest.raises(ValueError, match="not a host"):
        a_fetcher({name: "http://127.0.0.1:1"})


@pytest.mark.parametrize("origin", ["127.0.0.1:8000", "ftp://127.0.0.1", "http://"])
def test_an_origin_that_is_none(origin: str) -> None:
    with pytest.raises(ValueError, match="not an origin"):
        a_fetcher({NAME: origin})


def test_asks_no_host_but_the_given_ones_where_told_so(host: PictureHost) -> None:
    host.scripts["/a"] = answer(b"picture")
    only = a_fetcher({NAME: host.origin, "*": ""}, limits=SMALL, clock=lambda: 0.0, now=lambda: NOW)
    assert only.fetch(f"https://{NAME}/a").content == b"picture"
    with pytest.raises(PictureSkipped) as skipped:
        only.fetch("https://elsewhere.example/a")
    assert skipped.value.host == "elsewhere.example"


def test_the_limits_are_documented() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "pictures.md").read_text("utf-8")
    section = " ".join(text.partition("## What a fetch may do")[2].partition("\n## ")[0].split())
    limits = Limits()
    for sentence in (
        f"share {limits.connect:g} seconds",
        f"{limits.content >> 20} MiB as sent and as decoded, {limits.answer >> 20} MiB with everything",
        f"{HTTP11Connection.MAX_INCOMPLETE_EVENT_SIZE >> 10} KiB of head",
        f"{limits.resolve:g} seconds for the resolver, {limits.read:g} of silence, {limits.total:g} seconds in all",
        f"{target._LONGEST:,} characters",
    ):
        assert sentence in section
    assert (limits.redirects, guard._MAX_TRIED) == (5, 4)
    assert {code for code in range(400, 600) if repeatable(code)} == {408, 425, 429, *range(500, 600)}


def repeatable(status: int) -> bool:
    try:
        fetch._judge(status, None)
    except PictureUnavailable:
        return True
    except PictureRefused:
        return False
    return False
