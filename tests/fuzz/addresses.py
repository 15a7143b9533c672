"""A picture's address: the article's address and the post's key in two lines, then the address, which its host says too.

What render finds in a page (``origin``, ``proxies``, ``own``), and what thumbnail asks for and is told (``target``,
``addresses``, ``referers``, ``answer``).
"""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import idna  # noqa: F401 (imported here to have it done)
import w3lib.url  # noqa: F401 (likewise)

from fuzz.inputs import as_text, lines
from make_thumbnail.addresses import is_public
from make_thumbnail.answer import media_type, retry_after
from make_thumbnail.referers import referers
from make_thumbnail.target import Target
from postkeep.address import MAX_ADDRESS, canonical, youtube_id
from postkeep.errors import PictureRefused
from postkeep.listing import source_host
from postkeep.values import address
from render_post.origin import ascii_form, origin, origins, wrappers
from render_post.own import own_address, own_keys, relative_path

LONGEST = 1024
TOKENS = (
    *(
        "https://",
        "http://",
        "//",
        "post:",
        "data:image/gif;base64,",
        "javascript:",
        "@",
        ":80",
        ":443",
        ":8080",
        "[::1]",
        "[::ffff:",
    ),
    *(
        "127.0.0.1",
        "0x7f.1",
        "169.254.169.254",
        "017700000001",
        "2130706433",
        "localhost",
        "。",
        "．",
        "①②⑦.0.0.1",
        "xn--",
        "ß",
        "٠",
    ),
    *(
        "%2e%2e/",
        "../",
        "..\\",
        "%00",
        "%0d%0a",
        "\\",
        "?",
        "#",
        "&amp;",
        "%25",
        "%3A%2F%2F",
        "{{ site.baseurl }}",
        ".jpg",
        ".md",
    ),
    *(
        "i0.wp.com/",
        "?ssl=1",
        "images.weserv.nl/?url=",
        "ssl:",
        "&w=1",
        "/cdn-cgi/image/",
        "/image/fetch/",
        "aHR0cHM6Ly9hLmV4YW1wbGUv",
    ),
    *(
        "camo.githubusercontent.com",
        "web.archive.org",
        "?imageView2/1",
        "?x-oss-process=image",
        "/_next/image?url=",
        "github.com/a/b/blob/",
    ),
    *(
        "https://youtu.be/",
        "watch?v=",
        "utm_source=",
        "www.",
        "sinaimg.cn",
        "qpic.cn",
        "image/jpeg",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "120",
    ),
)

_NOW = datetime(2021, 6, 29, tzinfo=UTC)
_BASE = Target.parse("https://pictures.example/a/b?c")


def check(data: bytes) -> None:
    """Any address is understood alike by all who read it, or refused; none leads to what is not public or out of the bucket."""
    (article, key), rest = lines(data, 2)
    written = as_text(rest)
    _assert_found(written, article)
    _assert_own(written, key)
    for target in _targets(written, rest):
        _assert_target(target, article)
    _assert_article(written)
    if _is_ip(written):
        assert is_public(written) <= ip_address(written).is_global
    stated = media_type(rest)
    assert stated == "" or (len(stated) <= 100 and stated.isascii() and stated.isprintable() and stated == stated.lower())
    wait = retry_after(rest, _NOW)
    assert wait is None or wait >= timedelta(0)


def _assert_found(written: str, article: str) -> None:
    found = origins(written, address(article, []) if article.isprintable() else None)
    for one in found:
        assert one.startswith(("http://", "https://"))
        assert not set(one) & set(' \t\r\n<>"`\\')
        assert ascii_form(one).isascii()
        assert len(wrappers(one)) <= 4
    # Within more proxies than are taken off, it may be held once more.
    if found and len(found) <= 4 and len(found[0]) <= 4_096:
        assert origin(found[0]) == found[0], found


def _assert_own(written: str, key: str) -> None:
    keys = own_keys(relative_path(written), key)
    assert len(keys) <= 2
    for one in keys:
        # A post may lie in folders of such names: to the bucket they are names.
        assert {".", ".."} & set(key.split("/")) or not {"", ".", ".."} & set(one.split("/")), "a key leads out of the bucket"
        assert len(one.encode("utf-8", "replace")) <= 1_024
        assert not one.endswith((".md", ".markdown", ".html", ".txt")), "a post is no picture"
        assert own_address(one).startswith("post:")


def _targets(written: str, raw: bytes) -> list[Target]:
    found = []
    with suppress(PictureRefused):
        found.append(Target.parse(written))
    with suppress(PictureRefused):
        found.append(_BASE.redirected(raw))
    return found


def _assert_target(target: Target, article: str) -> None:
    assert target.scheme in {"http", "https"}
    assert target.port in {80, 443}
    assert target.path.isascii()
    assert target.path.isprintable()
    assert " " not in target.path
    assert target.path.startswith("/")
    assert not set(target.host) & set("@/\\?#%[] ")
    assert target.host.isascii()
    assert Target.parse(str(target)) == target, "read again, it is another"
    if _is_ip(target.host):
        assert str(ip_address(target.host)) == target.host, "an IP address in a form that others may read in another way"
    sent = referers(target, article)
    assert 1 <= len(sent) <= 2
    assert all(one == "" or (one.isascii() and one.isprintable() and " " not in one) for one in sent)


def _assert_article(written: str) -> None:
    url = address(written, []) if written.isprintable() else None
    if url is None:
        return
    form = canonical(url)
    assert canonical(form) == form
    assert len(form) <= 9 * MAX_ADDRESS
    assert youtube_id(url) == "" or len(youtube_id(url)) == 11
    assert source_host(url) == source_host(url).lower()


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
