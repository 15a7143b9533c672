"""Where a picture really comes from: proxies and resizers taken off its address. No I/O."""

import re
from urllib.parse import SplitResult, parse_qs, quote, unquote, urljoin, urlsplit, urlunsplit

MAX_ADDRESS = 4_096
"""Characters; the longest address among 38,689 pictures of real posts has under 1,000."""

_LAYERS = 4
"""Proxies within proxies that are taken off; real posts have two."""

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_UNSAFE = re.compile(r"[\s\"<>\\^`{|}]|%(?![0-9A-Fa-f]{2})")
_CLEAN = r"[^\s\"<>\\^`{|}%?#\x00-\x1f\x7f]*+(?:%[0-9A-Fa-f]{2}[^\s\"<>\\^`{|}%?#\x00-\x1f\x7f]*+)*+"
_USUAL = re.compile(rf"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:/{_CLEAN})?(?:\?(?=[^#]){_CLEAN})?")
"""Addresses that :func:`absolute` would give back as they are."""

_NON_ASCII = re.compile(r"[^\x00-\x7f]+")
_PHOTON = re.compile(r"i\d\.wp\.com")
_WESERV_HOSTS = frozenset({"images.weserv.nl", "wsrv.nl"})
_WESERV_OPTION = re.compile(
    r"&(?:w|h|dpr|fit|a|crop|cx|cy|cw|ch|output|q|l|il|n|page|blur|sharp|bg|maxage|default|filename|we|ro|flip|flop|trim|mask|errorredirect)"
    r"=[^&]*"
)
_ENCODED_SEPARATOR = re.compile(r"%(?:3A|2F)", re.IGNORECASE)
_SUBSTACK_HOSTS = frozenset({"substackcdn.com", "cdn.substack.com"})
_SUBSTACK = re.compile(r"/image/fetch/(?:[^/]+/)*?(https?(?:%3A|:).*)", re.IGNORECASE)
_QINIU = re.compile(r"(?:imageView2|imageMogr2)(?:/|$)")
_NAMELESS = frozenset({"undefined", "null", "nan"})


def origin(address: str, base: str | None = None) -> str | None:
    """Give the address of the picture itself.

    Known forms: Jetpack Photon (``i0.wp.com/<host>/<path>``), Substack's fetch (the address percent-encoded at the end,
    maybe twice), images.weserv.nl (``url=`` with or without scheme, ``ssl:``, percent-encoded or not), and Qiniu's
    ``?imageView2/…`` resizing, which is dropped. Other queries stay: some hosts refuse a picture without its ``itok`` or
    ``VersionId``. Letters outside ASCII stay as written, as in a browser's address bar; see :func:`ascii_form`.

    Args:
        address: as written in the post: maybe relative, without a scheme, or with tabs and line breaks in it.
        base: the article's own address, for relative ones.

    Returns:
        An http or https address, or None where there is none to be had (``data:``, no host, too long).
    """
    found = absolute(address, base)
    for _ in range(_LAYERS):
        if found is None:
            return None
        inner = _inner(urlsplit(found))
        if inner is None:
            break
        found = absolute(inner, None)
    if found is None or urlsplit(found).path.rpartition("/")[2].lower() in _NAMELESS:
        return None
    return found


def absolute(address: str, base: str | None = None) -> str | None:
    """Make an address absolute and safe to put between angle brackets or quotation marks; None where it is no web address."""
    if len(address) > MAX_ADDRESS:
        return None
    if _USUAL.fullmatch(address) and "&amp;" not in address:
        return address
    address = _CONTROLS.sub("", address.strip()).replace("&amp;", "&")
    return _resolved(address, base) if address else None


def _resolved(address: str, base: str | None) -> str | None:
    if address.startswith("//"):
        address = "https:" + address
    try:
        if not re.match(r"(?i)https?:/", address):
            if base is None or re.match(r"(?i)[a-z][a-z0-9+.-]*:", address):
                return None
            address = urljoin(base, address)
        parts = urlsplit(address)
        parts.port  # noqa: B018  # the property raises ValueError where the port is no number
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return None
    return _UNSAFE.sub(lambda match: quote(match[0], safe=""), urlunsplit(parts))


def ascii_form(address: str) -> str:
    """Give an address as requests carry it: letters outside ASCII percent-encoded (RFC 3987, section 3.1)."""
    return _NON_ASCII.sub(lambda match: quote(match[0].encode("utf-8", "replace"), safe=""), address)


def _inner(parts: SplitResult) -> str | None:
    """The address within a proxy's address, or None where it is no proxy's."""
    host = parts.hostname or ""
    if _PHOTON.fullmatch(host):
        target = parts.path.lstrip("/")
        scheme = "https" if "ssl=1" in f"{parts.query}#{parts.fragment}" else "http"
        target_host, _, path = target.partition("/")
        return f"{scheme}://{target}" if "." in target_host and path else None
    if host in _WESERV_HOSTS:
        return _weserv(parts.query)
    if host in _SUBSTACK_HOSTS:
        found = _SUBSTACK.match(parts.path)
        return unquote(found[1]) if found else None
    if _QINIU.match(parts.query):
        return urlunsplit(parts._replace(query=""))
    return None


def _weserv(query: str) -> str | None:
    # A target that was not percent-encoded may have a query of its own, so only the proxy's own options end it.
    _, found, value = ("&" + query).partition("&url=")
    if not found:
        return None
    if _ENCODED_SEPARATOR.search(value.partition("&")[0]):
        value = parse_qs("url=" + value.partition("&")[0]).get("url", [""])[0]
    else:
        value = _WESERV_OPTION.sub("", value)
    if value.startswith("ssl:"):
        return "https://" + value.removeprefix("ssl:").lstrip("/")
    if re.match(r"(?i)https?:/", value):
        return value
    return "https://" + value.lstrip("/") if value else None
