"""The form of an article's address under which its copies are found."""

import re
from urllib.parse import SplitResult, parse_qs, unquote, unquote_to_bytes, urlsplit, urlunsplit

from postkeep.characters import decoded

MAX_ADDRESS = 8_192
"""Bytes. RFC 9110, section 4.1, asks servers to take addresses of 8,000; a longer one is no post's."""

_ROUNDS = 8
"""Normalising is repeated until it changes nothing; real addresses take two rounds."""

# An ampersand, however often it was written as a reference.
_AMPERSANDS = re.compile(r"&(?:amp;|#38;|#[xX]26;)+")
_WWW = re.compile(r"\A(?:www\.)+(?=[^.]+\.)")
_DEFAULT_PORTS = frozenset({80, 443, None})
_TWICE = re.compile(r"%(?:25)+(?=[0-9A-Fa-f]{2})")
_TWICE_BEYOND_ASCII = re.compile(r"(?:%(?:25)+[89A-Fa-f][0-9A-Fa-f])+")
# What servers see nothing of, but for those that pages route by: «#!page» and «#/page».
_ROUTE = ("!", "/")

# Added by those who count, to any site's addresses. Only names by which no site is known to find an article: a copy that is not
# found is a smaller harm than two articles taken for one. The lists in packages (detrack, ClearURLs) drop ``id``'s relatives too.
_COUNTING = re.compile(
    r"""
      utm_\w*
    | fbclid | gclid | gclsrc | dclid | gbraid | wbraid | gad_source | msclkid | yclid | ysclid | twclid | ttclid
    | igshid? | li_fat_id
    | mc_cid | mc_eid | mkt_tok | _hsenc | _hsmi | vero_id | oly_anon_id | oly_enc_id | _openstat | _ga | _gl
    | spm | scm | spm_id_from | vd_source
    | share_(?:token|source|medium|from|session_id|tag|times|plat) | sharer_\w+ | isappinstalled
    """,
    re.VERBOSE,
)
# These name pages on some sites, so that it depends on the value: what WeChat adds to a page sent in it, and Medium's feeds.
_COUNTING_VALUES = {
    "from": re.compile(r"timeline|(?:group|single)message"),
    "source": re.compile(r"rss(?:-\w+)?-{2,}\w*"),
}
_VIDEO_ID = re.compile(r"[\w-]{11}", re.ASCII)
_VIDEO_FOLDERS = frozenset({"embed", "live", "shorts", "v"})


def canonical(url: str) -> str:
    """The address as copies of the article are found by; for comparing, not for following.

    Character references and a path's second percent-encoding are undone. Scheme (``https``), host (lower case, IDNA, without
    ``www.``), port, percent-encoding, dot segments and the order of parameters are normalised (RFC 3986, section 6.2). Dropped
    are user names, fragments, slashes at the path's end, and the parameters of those who count visits. A YouTube video has one
    address. ``m.`` stays: nothing says that a site's pages are the same there.

    Args:
        url: an http or https address; any other text, and one longer than :data:`MAX_ADDRESS`, is its own canonical form.

    Returns:
        An address that is its own canonical form.
    """
    if len(url) > MAX_ADDRESS:
        return url
    found = url
    for _ in range(_ROUNDS):
        try:
            again = _normal(found)
        except ValueError:
            return url
        if again == found:
            return found
        found = again
    return url


def youtube_id(url: str) -> str:
    """The id of the YouTube video at an address; "" for any other address."""
    try:
        parts = urlsplit(url)
        host = _WWW.sub("", (parts.hostname or "").rstrip("."), count=1).removeprefix("m.").removeprefix("music.")
    except ValueError:
        return ""
    folder, _, rest = parts.path[1:].partition("/")
    if host == "youtu.be":
        found = folder
    elif host not in {"youtube.com", "youtube-nocookie.com"}:
        return ""
    elif folder in _VIDEO_FOLDERS:
        found = rest.partition("/")[0]
    else:
        found = parse_qs(parts.query).get("v", [""])[0] if folder == "watch" else ""
    return found if _VIDEO_ID.fullmatch(found) else ""


def _normal(url: str) -> str:
    """One round.

    Raises:
        ValueError: if it is no web address.
    """
    parts = urlsplit(decoded(_AMPERSANDS.sub("&", url.strip())))
    if video := youtube_id(parts.geturl()):
        return f"https://youtube.com/watch?v={video}"
    # Here, since it takes 20 ms to import and most posts' addresses, and most requests, do without.
    from w3lib.url import canonicalize_url  # noqa: PLC0415

    fragment = parts.fragment if parts.fragment.startswith(_ROUTE) else ""
    path = _decoded_once(parts.path).rstrip("/")
    return canonicalize_url(urlunsplit(("https", _host(parts), path, _kept(parts.query), fragment)), keep_fragments=True)


def _host(parts: SplitResult) -> str:
    host = _WWW.sub("", (parts.hostname or "").rstrip("."), count=1)
    if parts.scheme not in {"http", "https"} or not host:
        raise ValueError
    bracketed = f"[{host}]" if ":" in host else host
    return bracketed if parts.port in _DEFAULT_PORTS else f"{bracketed}:{parts.port}"


def _decoded_once(path: str) -> str:
    """A path that was percent-encoded twice, encoded once.

    That is certain where UTF-8 beyond ASCII comes out: ``%25E6%2599%25A8`` was a character, while ``%2520`` can be a file's name.
    """
    for run in _TWICE_BEYOND_ASCII.findall(path):
        try:
            unquote_to_bytes(_TWICE.sub("%", run)).decode()
        except UnicodeDecodeError:
            continue
        return _TWICE.sub("%", path)
    return path


def _kept(query: str) -> str:
    return "&".join(part for part in query.split("&") if part and not _counts(part))


def _counts(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    name = unquote(name).lower()
    values = _COUNTING_VALUES.get(name)
    return bool(values.fullmatch(unquote(value)) if values else _COUNTING.fullmatch(name))
