"""Where a picture really comes from: proxies and resizers taken off its address. No I/O."""

import re
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from render_post.proxies import Wrapped, unwrap

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
_NAMELESS = re.compile(r"/(?:undefined|null|nan)(?:$|[?#])", re.IGNORECASE)
_QUOTES = " \t\r\n\f\"'“”‘’«»<>"
_SCHEME = re.compile(r"(?:h*t{1,3}p{1,2}(s?)(?:[:：]\s*(?:[/\\]{1,2}(?![/\\])|(?=https?[:：]))|//(?![/\\])))+", re.IGNORECASE)
"""What people write where a scheme should be: one twice, without its colon or its ``h``, a full-width colon, backslashes."""

_WELL_BEGUN = re.compile(r"https?://[^/\\:]+/")
_LOST_AMPERSAND = re.compile(r"(?<!&)#0?38;")
_PENDING = re.compile(r"([?&])is-pending-load=1(?:&|(?=#)|$)")
"""A mark of Jetpack's script that loads pictures late: no such file is kept in any cache."""


def origin(address: str, base: str | None = None) -> str | None:
    """Give the address of the picture itself: the first of :func:`origins`, or None."""
    return next(iter(origins(address, base)), None)


def origins(address: str, base: str | None = None) -> list[str]:
    """Give the address of the picture itself, and after it those of the proxies before it, the outermost last.

    See :func:`render_post.proxies.unwrap` for what is taken off. Letters outside ASCII stay as written, as in a browser's address
    bar; see :func:`ascii_form`.

    Args:
        address: as written in the post: maybe relative, without a scheme, misspelt, or with tabs and line breaks in it.
        base: the article's own address, for relative ones.

    Returns:
        http and https addresses; none where there is none to be had (``data:``, no host, too long).
    """
    found = _mended(address, base)
    if found is None:
        return []
    layers = [found]
    while len(layers) <= _LAYERS and (held := unwrap(found)):
        inner = _mended(held.address, found)
        if inner is None:
            break
        found = inner
        layers.append(found)
    if len(layers) > 1:
        layers.reverse()
    return [] if _NAMELESS.search(found) else layers


def _mended(address: str, base: str | None) -> str | None:
    """An address absolute and mended; None where it is no web address."""
    if _USUAL.fullmatch(address) and "is-pending-load" not in address:
        return absolute(address, base)
    found = absolute(mended(address), base)
    for _ in range(_LAYERS):
        # What a mark that was taken off stood before may need mending itself: «//ttp:/…».
        again = found and absolute(mended(found))
        if again == found:
            break
        found = again
    return found


def wrappers(address: str) -> list[str]:
    """By what an absolute address is held, from the outside; for counts."""
    found: list[str] = []
    held: Wrapped | None
    while len(found) < _LAYERS and (held := unwrap(address)):
        found.append(held.by)
        inner = absolute(held.address, address)
        if inner is None:
            break
        address = inner
    return found


def mended(address: str) -> str:
    """An address without what pasting, escaping twice and scripts did to it."""
    address = address.strip(_QUOTES)
    if not _WELL_BEGUN.match(address) and (scheme := _SCHEME.match(address)):
        rest = address[scheme.end() :]
        if "\\" in rest:
            path, mark, query = rest.partition("?")
            rest = path.replace("\\", "/") + mark + query
        address = f"http{scheme[1].lower()}://{rest}"
    if "is-pending-load" in address:
        address = _PENDING.sub(r"\1", _LOST_AMPERSAND.sub("&", address)).rstrip("?&")
    return address


def absolute(address: str, base: str | None = None) -> str | None:
    """Make an address absolute and safe to put between angle brackets or quotation marks; None where it is no web address."""
    if len(address) > MAX_ADDRESS:
        return None
    if _USUAL.fullmatch(address) and "&amp;" not in address:
        return address
    address = _CONTROLS.sub("", address.strip()).replace("&amp;", "&")
    return _resolved(address, base) if address else None


def safe(address: str) -> str:
    """An address with what cannot stand between angle brackets or quotation marks percent-encoded."""
    return _UNSAFE.sub(lambda match: quote(match[0], safe=""), _CONTROLS.sub("", address))


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
