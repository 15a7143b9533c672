"""What stands between a page and a picture's own address: proxies, resizers, archives. No I/O."""

import base64
import binascii
import re
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit, urlunsplit

PICTURE = re.compile(r"\.(?:jpe?g|jfif|png|gif|webp|avif|bmp|tiff?)(?=$|[?#@!])", re.IGNORECASE)
"""The ending of a picture's file name, where its path ends."""


class Wrapped(NamedTuple):
    """What an address holds.

    Attributes:
        by: what holds it, as a word for counts.
        address: maybe without a scheme, or relative to the outer address.
    """

    by: str
    address: str


_HINTS = ("?", "http", "%3A", ".wp.com/", "/cdn-cgi/", ".static", ".ampproject.org/", "camo.", "aHR0c", "github.com/", "//")
"""An address that has none of these behind its scheme holds no other."""

_PHOTON = re.compile(r"https?://i\d\.wp\.com/+([^/?#]*\.[^/?#]*/[^?#]+)(.*)", re.DOTALL)
_AMP = re.compile(r"/(?:i|ii/[^/]+)/(s/)?([^/]+\.[^/]+/.+)")
_STATICALLY_HOSTS = frozenset({"cdn.statically.io", "cdn.staticaly.com"})
_STATICALLY = re.compile(r"/img/([^/=,]+\.[^/=,]+)/(?:[^/]*=[^/]*/)?(.+)")
_CDN_CGI = re.compile(r"/cdn-cgi/image/[^/]+/(?!https?[:%])(.+)", re.IGNORECASE)

_WESERV_HOSTS = frozenset({"images.weserv.nl", "wsrv.nl"})
_WESERV_OPTION = re.compile(
    r"&(?:w|h|dpr|fit|a|crop|cx|cy|cw|ch|output|q|l|il|n|page|blur|sharp|bg|maxage|default|filename|we|ro|flip|flop|trim|mask|errorredirect)"
    r"=[^&]*"
)
_ENCODED_SEPARATOR = re.compile(r"%(?:3A|2F)", re.IGNORECASE)

_ASKING_PATHS = (
    "/_next/image",
    "/_vercel/image",
    "/.netlify/images",
    "/gadgets/proxy",
    "/safe_image.php",
    "/timthumb.php",
    "/thumb.php",
)
"""Next.js, Vercel, Netlify, Google's gadgets (Blogger, readers of feeds), Facebook, TimThumb."""

_ASKING_HOSTS = frozenset(
    {"external-content.duckduckgo.com", "proxy.duckduckgo.com", "imageproxy.pimg.tw", "read.html5.qq.com", "search.pstatic.net"}
)
"""DuckDuckGo, Pixnet, Tencent's for WeChat's pictures, Naver."""

_ASKED = ("url", "src", "u", "imageUrl", "imgurl", "image", "img", "image_url", "imageurl", "uri")
"""Parameters whose value is an address."""

_IN_PATH = re.compile(r"/(https?)(:|%3A)(?:/|%2F){1,2}(.+)", re.IGNORECASE)
_FETCHERS = ("/image/fetch/", "/cdn-cgi/image/", "/unsafe/", "/insecure/", "/plain/", "/_ipx/")
"""Cloudinary (Substack's is one), Cloudflare, thumbor, imgproxy, Nuxt: whatever they fetch is a picture."""

_FETCHING_HOSTS = (".yimg.com", "web.archive.org")
_PLAIN_FORMAT = re.compile(r"@\w{2,5}$")
_BASE64 = re.compile(r"/(aHR0c[\w/=-]{8,})(?:\.\w{3,4})?", re.ASCII)
_CAMO = re.compile(r"/[0-9a-f]{40,64}/((?:[0-9a-f]{2})+)")
_GITHUB_BLOB = re.compile(r"/([^/]+/[^/]+)/(?:blob|raw)/(.+)")
_GLUED = re.compile(r"//((?:[a-z0-9-]+\.)+(?!(?:php|html?|aspx?|jsp|cgi)/)[a-z]{2,10}/.+)", re.IGNORECASE)
"""A path that begins with another host: an address without a scheme that was taken for a path."""

_RESIZING = re.compile(
    r"(?:^|&)(?:(?:imageView2?|imageMogr2)(?:[/&|].*|$)|imageslim$|x-(?:oss|image)-process=image[^&]*)", re.IGNORECASE
)
"""How Qiniu, Tencent, NetEase, Alibaba and Huawei are to make a picture smaller."""

_SIGNED = re.compile(r"(?:sign|signature|token|auth_key)=", re.IGNORECASE)
"""Whoever takes anything off such a query breaks it."""

_WORDPRESS_SIZES = frozenset({"w", "h", "resize", "fit", "crop", "quality", "strip", "ssl", "zoom"})


def unwrap(address: str) -> Wrapped | None:
    """What an absolute address holds, one layer of it; None where it is the picture's own.

    Known are, by how they write what they fetch:

    - host and path behind their own host: Jetpack's Photon, AMP's cache, Statically, Cloudflare;
    - a parameter: images.weserv.nl in all its forms, Next.js, Google's gadgets and so on; and whatever else has a picture's whole
      address in a parameter of a usual name;
    - an address in the path, percent-encoded or not, or in base 64: Cloudinary, Substack, Cloudflare, thumbor, imgproxy, Yahoo,
      the Wayback Machine; and whatever else has one there that ends as a picture's does;
    - parameters of resizing behind the picture's own address: Qiniu, Tencent, NetEase, Alibaba, Huawei, WordPress.com.

    Other queries stay: some hosts refuse a picture without its ``itok`` or ``VersionId``.
    """
    # Most addresses hold none of this, and are told by a few searches.
    rest = address[8:]
    for hint in _HINTS:
        if hint in rest:
            break
    else:
        return None
    if found := _PHOTON.match(address):
        return Wrapped("photon", f"{'https' if 'ssl=1' in found[2] else 'http'}://{found[1]}")
    parts = urlsplit(address)
    host = parts.hostname or ""
    return (
        _behind_the_host(parts, host)
        or (_weserv(parts.query) if host in _WESERV_HOSTS else None)
        or (_in_query(parts, host) if parts.query else None)
        or _in_path(parts, host)
        or (_resized(parts, host) if parts.query else None)
    )


def _behind_the_host(parts: SplitResult, host: str) -> Wrapped | None:
    """Host and path of the picture behind the proxy's host."""
    if host.endswith(".cdn.ampproject.org") and (found := _AMP.fullmatch(parts.path)):
        return Wrapped("amp", _with_query(f"{'https' if found[1] else 'http'}://{found[2]}", parts.query))
    if host in _STATICALLY_HOSTS and (found := _STATICALLY.fullmatch(parts.path)):
        return Wrapped("statically", f"https://{found[1]}/{found[2]}")
    if found := _CDN_CGI.match(parts.path):
        return Wrapped("cloudflare", _with_query("/" + found[1], parts.query))
    if found := _GLUED.fullmatch(parts.path):
        return Wrapped("glued", _with_query("https://" + found[1], parts.query))
    return None


def _weserv(query: str) -> Wrapped | None:
    # A target that was not percent-encoded may have a query of its own, so only the proxy's own options end it.
    _, found, value = ("&" + query).partition("&url=")
    if not found:
        return None
    if _ENCODED_SEPARATOR.search(value.partition("&")[0]):
        value = parse_qs("url=" + value.partition("&")[0]).get("url", [""])[0]
    else:
        value = _WESERV_OPTION.sub("", value)
    if value.startswith("ssl:"):
        value = value.removeprefix("ssl:").lstrip("/")
    elif re.match(r"(?i)https?:/", value):
        return Wrapped("weserv", value)
    return Wrapped("weserv", "https://" + value.lstrip("/")) if value else None


def _in_query(parts: SplitResult, host: str) -> Wrapped | None:
    """An address in a parameter."""
    query = parts.query
    named = host in _ASKING_HOSTS or parts.path.endswith(_ASKING_PATHS)
    if not named and "http" not in query:
        return None
    fields = parse_qs(query, max_num_fields=50) if query.count("&") < 50 else {}  # noqa: PLR2004  # the same bound twice
    for name in _ASKED:
        value = fields.get(name, [""])[0]
        if named and value.startswith(("https://", "http://", "/")):
            return Wrapped("query", value)
        if value.startswith(("https://", "http://")) and PICTURE.search(urlpath(value)):
            return Wrapped("query", value)
    return None


def urlpath(address: str) -> str:
    """An address without its query and fragment."""
    return address.partition("#")[0].partition("?")[0]


def _in_path(parts: SplitResult, host: str) -> Wrapped | None:
    """An address within the path."""
    path = parts.path
    if found := _IN_PATH.search(path):
        fetcher = next((name for name in _FETCHERS if name in path[: found.start() + 1]), "")
        encoded = found[2] != ":"
        inner = f"{found[1].lower()}://{unquote(found[3]) if encoded else found[3]}"
        if fetcher == "/plain/":
            inner = _PLAIN_FORMAT.sub("", inner)
        if fetcher or host.endswith(_FETCHING_HOSTS) or PICTURE.search(urlpath(inner)):
            return Wrapped(fetcher.strip("/") or "path", inner if encoded else _with_query(inner, parts.query))
    if found := _BASE64.search(path):
        return _decoded(found[1].replace("/", ""))
    if host == "camo.githubusercontent.com" and (found := _CAMO.fullmatch(path)):
        return Wrapped("camo", bytes.fromhex(found[1]).decode("utf-8", "replace"))
    if host == "github.com" and PICTURE.search(path) and (found := _GITHUB_BLOB.fullmatch(path)):
        return Wrapped("github", f"https://raw.githubusercontent.com/{found[1]}/{found[2]}")
    return None


def _decoded(written: str) -> Wrapped | None:
    """An address in base 64, as imgproxy has it."""
    written = written.rstrip("=")
    try:
        found = base64.urlsafe_b64decode(written + "=" * (-len(written) % 4)).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return Wrapped("base64", found) if found.startswith(("http://", "https://")) else None


def _resized(parts: SplitResult, host: str) -> Wrapped | None:
    """The address without what makes a smaller picture of it."""
    query = parts.query
    if host.endswith(".files.wordpress.com"):
        names = {field.partition("=")[0] for field in query.split("&")}
        return Wrapped("wordpress.com", urlunsplit(parts._replace(query=""))) if names <= _WORDPRESS_SIZES else None
    rest = _RESIZING.sub("", query).lstrip("&")
    if rest == query or _SIGNED.search(query):
        return None
    return Wrapped("resizer", urlunsplit(parts._replace(query=rest)))


def _with_query(address: str, query: str) -> str:
    return f"{address}?{query}" if query else address
