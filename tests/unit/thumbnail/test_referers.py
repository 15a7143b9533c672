import re
from pathlib import Path
from typing import Any

import httpcore
import pytest

from make_thumbnail.fetch import Fetcher, Limits
from make_thumbnail.referers import KNOWN, referers
from make_thumbnail.target import Target
from postkeep.errors import PictureRefused, PictureUnavailable
from unit.thumbnail.picture_host import PictureHost, Redialler, a_fetcher, answer

NAME = "pictures.example"
ARTICLE = "https://articles.example/1"


def fetcher(host: PictureHost) -> Fetcher:
    return a_fetcher({NAME: host.origin})


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


def welcome(host: PictureHost, *welcomed: str | None, status: str = "403 Forbidden") -> None:
    """Have the host serve /a to those who come from certain places."""
    host.scripts["/a"] = lambda connection: connection.sendall(
        answer(b"picture") if host.field("Referer") in welcomed else answer(status=status)
    )


@pytest.mark.parametrize(
    ("welcomed", "sent"),
    [
        pytest.param((ARTICLE, None), [ARTICLE], id="everybody"),
        pytest.param((ARTICLE,), [ARTICLE], id="the article only"),
        pytest.param((None,), [ARTICLE, None], id="nobody but those from nowhere"),
    ],
)
@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "406 Not Acceptable"])
def test_a_host_that_refuses_one_may_serve_the_other(
    host: PictureHost, welcomed: tuple[str | None, ...], sent: list[str | None], status: str
) -> None:
    welcome(host, *welcomed, status=status)
    assert fetcher(host).fetch(f"https://{NAME}/a", ARTICLE).content == b"picture"
    assert [host.field("Referer", request) for request in range(len(host.requests))] == sent


@pytest.mark.parametrize(
    ("referer", "requests"),
    [
        pytest.param(ARTICLE, 2, id="with an article"),
        pytest.param("", 1, id="without"),
        pytest.param("x", 1, id="with a bad one"),
    ],
)
def test_a_host_that_refuses_all_is_asked_no_more_than_needed(host: PictureHost, referer: str, requests: int) -> None:
    welcome(host)
    with pytest.raises(PictureRefused) as refused:
        fetcher(host).fetch(f"https://{NAME}/a", referer)
    assert refused.value.reason == "forbidden"
    assert len(host.requests) == requests


@pytest.mark.parametrize("status", ["400 Bad Request", "404 Not Found", "410 Gone", "451 Legal", "429 Busy", "500 Down"])
def test_what_has_nothing_to_do_with_it_is_not_asked_again(host: PictureHost, status: str) -> None:
    welcome(host, status=status)
    with pytest.raises((PictureRefused, PictureUnavailable)):
        fetcher(host).fetch(f"https://{NAME}/a", ARTICLE)
    assert len(host.requests) == 1


def test_the_last_answer_is_what_counts(host: PictureHost) -> None:
    host.scripts["/a"] = lambda connection: connection.sendall(
        answer(status="403 Forbidden") if host.field("Referer") else answer(status="503 Busy", Retry_After="9")
    )
    with pytest.raises(PictureUnavailable) as unavailable:
        fetcher(host).fetch(f"https://{NAME}/a", ARTICLE)
    assert unavailable.value.reason == "server-error"


def test_where_a_redirect_leads_is_asked_with_the_article_again(host: PictureHost) -> None:
    host.scripts["/b"] = lambda connection: connection.sendall(
        answer(status="403 Forbidden") if host.field("Referer") else answer(status="302 Found", Location="/a")
    )
    welcome(host, None)
    assert fetcher(host).fetch(f"https://{NAME}/b", ARTICLE).content == b"picture"
    assert [host.field("Referer", n) for n in range(4)] == [ARTICLE, None, ARTICLE, None]


def test_second_tries_are_within_the_same_time(host: PictureHost) -> None:
    moment = [0.0]

    class Slow(Redialler):
        def connect_tcp(self, *args: Any, **keywords: Any) -> httpcore.NetworkStream:
            moment[0] += 15.0
            return super().connect_tcp(*args, **keywords)

    welcome(host, None)
    slow = a_fetcher(resolver=lambda *_: ["1.1.1.1"], dialler=Slow(host.port), limits=Limits(total=20.0), clock=lambda: moment[0])
    with pytest.raises(PictureUnavailable) as unavailable:
        slow.fetch(f"http://{NAME}/a", "http://articles.example/1")
    assert unavailable.value.reason == "timeout"
    assert len(host.requests) == 1


def test_a_second_try_is_resolved_and_checked_again(host: PictureHost) -> None:
    welcome(host, None)
    answers = [["93.184.216.34"], ["127.0.0.1"]]
    dialler = Redialler(host.port)
    with pytest.raises(PictureRefused) as refused:
        a_fetcher(resolver=lambda *_: answers.pop(0), dialler=dialler).fetch(f"http://{NAME}/a", "http://articles.example/1")
    assert refused.value.reason == "address-not-public"
    assert dialler.dialled == [("93.184.216.34", 80)]


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("https://mmbiz.qpic.cn/mmbiz_jpg/x/640", ("", "https://mp.weixin.qq.com/")),
        ("http://mmbiz.qpic.cn/mmbiz_jpg/x/640", ("", "https://mp.weixin.qq.com/")),
        ("https://mmbiz.qlogo.cn/x", ("", "https://mp.weixin.qq.com/")),
        ("https://thirdwx.qlogo.cn/x", (ARTICLE, "")),
        ("https://tvax3.sinaimg.cn/large/x.jpg", ("https://weibo.com/", "")),
        ("https://WX1.SINAIMG.CN./large/x.jpg", ("https://weibo.com/", "")),
        ("https://sinaimg.cn/x.jpg", ("https://weibo.com/", "")),
        ("https://notsinaimg.cn/x.jpg", (ARTICLE, "")),
        ("https://sinaimg.cn.example/x.jpg", (ARTICLE, "")),
        ("https://i.pximg.net/x.jpg", ("https://www.pixiv.net/",)),
        ("https://cn/x.jpg", (ARTICLE, "")),
        ("http://pictures.example/x.jpg", ("",)),
    ],
)
def test_hosts_that_are_known(address: str, sent: tuple[str, ...]) -> None:
    assert referers(Target.parse(address), ARTICLE) == sent


def test_a_known_host_is_sent_what_it_wants(host: PictureHost) -> None:
    host.scripts["/large/x.jpg"] = answer(b"picture")
    a_fetcher({"wx1.sinaimg.cn": host.origin}).fetch("https://wx1.sinaimg.cn/large/x.jpg", ARTICLE)
    assert host.field("Referer") == "https://weibo.com/"


def test_the_table_says_what_can_be_sent() -> None:
    for host, sent in KNOWN.items():
        assert Target.parse(f"https://{host}").host == host
        assert all(referer == "" or str(Target.parse(referer)) == referer for referer in sent)
        assert len(set(sent)) == len(sent) <= 2


def test_the_table_is_documented() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "pictures.md").read_text("utf-8")
    rows = [line for line in text.splitlines() if re.match(r"\| `[a-z.]+\.(?:cn|net)`", line)]
    documented: dict[str, tuple[str, ...]] = {}
    for row in rows:
        _, hosts, first, then, _ = row.split("|")
        sent = [found[0] if (found := re.findall(r"`(https://[^`]+)`", cell)) else "" for cell in (first, then) if cell.strip()]
        documented |= dict.fromkeys(re.findall(r"`([^`]+)`", hosts), tuple(sent))
    assert documented == KNOWN
