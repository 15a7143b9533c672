"""Which pictures belong to the article, and where they are to be had."""

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from itertools import chain
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from selectolax.lexbor import LexborNode

from render_post.candidates import (
    DERIVED,
    Attributes,
    Candidate,
    is_placeholder,
    larger,
    last_resorts,
    links_to_large_file,
    of_sets,
    singles,
)
from render_post.origin import absolute, origin, origins, safe
from render_post.own import own_address, own_keys, relative_path
from render_post.proxies import PICTURE, urlpath

MAX_FALLBACKS = 3

_SOFTWARE = re.compile(
    r"/(?:/(?:[\w-]+\.)*(?:gravatar\.com|pixel\.wp\.com|stats\.wordpress\.com|s\.w\.org/images/core/emoji|google-analytics\.com"
    r"|googletagmanager\.com|doubleclick\.net|feeds\.feedburner\.com/~|medium\.com/_/|feedsportal\.com"
    r"|scorecardresearch\.com|quantserve\.com|statcounter\.com|hm\.baidu\.com|cnzz\.com|mc\.yandex\.ru|bat\.bing\.com"
    r"|amazon-adsystem\.com|counter\.theconversation\.\w+|eotrx\.substackcdn\.com|list-manage\.com/track/|static\.addtoany\.com)"
    r"|(?:avatars?|profile_images|share-?buttons?|social-?icons?|emojis?|servicelinks|wp-includes/images)/)",
    re.IGNORECASE,
)
"""Counters, portraits of commenters, buttons: served to every page of a site, part of no article."""

_NOT_ARTICLE = frozenset(
    "author-avatar author__avatar avatar avatar-img avatar__image custom-logo icon-share pixel share-button share-icon "  # noqa: SIM905
    "single-avatar site-logo social-icon tracking-pixel user-avatar".split()
)
_NO_PICTURE = re.compile(r"\.(?:x?html?|shtml|mp4|m4v|webm|mov|mp3|m4a|pdf|zip|js|css)$", re.IGNORECASE)
_EMOJI = frozenset({"emoji", "wp-smiley", "emojione", "twemoji"})
_TINY = 2
_LONGEST_EMOJI = 16
_PORTRAIT = 96
"""Pixels. WordPress's galleries, whose pictures lead to pages too, have 150."""

_YOUTUBE_ID = re.compile(r"[\w-]{11}")
_USUAL_ENDINGS = (".jpg", ".jpeg", ".png", ".gif", ".webp")
_JSDELIVR = re.compile(r"https://cdn\.jsdelivr\.net/gh/([^/@]+/[^/@]+)(?:@([^/]+))?/(.+)")
_SIZED = re.compile(r"-\d{2,4}x\d{2,4}(\.\w{3,4})$")


class Skipped(StrEnum):
    """Why an ``img`` is no picture of the article."""

    TINY = "tiny"
    CLASS = "class"
    SOFTWARE = "software"
    PORTRAIT = "portrait"
    PAGE = "page"
    PLACEHOLDER = "placeholder"
    NOWHERE = "nowhere"


class Found(NamedTuple):
    """A picture of the article.

    Attributes:
        address: the origin address; for a picture that only the archive can have, see :func:`render_post.own.own_address`.
        source: the attribute or element that names it.
        fallbacks: where else it is to be had if the origin fails, at most three web addresses, the most original first.
        own: keys of the posts bucket that may be the picture, the likeliest first; of relative addresses alone.
        written: for one that only the archive can have: the relative address; "" for others.
    """

    address: str
    source: str
    fallbacks: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    written: str = ""


class Place(NamedTuple):
    """Where a post stands.

    Attributes:
        base: the article's own address, None for none.
        key: the post object's key, "" where relative addresses name nothing of the archive's.
    """

    base: str | None = None
    key: str = ""


def look_at(node: LexborNode, attributes: Attributes, place: Place, link: str = "") -> Found | Skipped:
    """Say where the picture of an ``img`` is to be had, or why it is none of the article's.

    Args:
        node: the element.
        attributes: the element's.
        place: what relative addresses are relative to.
        link: the absolute address that a link around it leads to; "" for none.
    """
    parent = node.parent
    reason = _exclusion(attributes, parent, link)
    if reason:
        return reason
    reason = Skipped.NOWHERE
    for candidate in chain(singles(attributes), _others(node, attributes, parent)):
        if is_placeholder(candidate.written):
            reason = Skipped.PLACEHOLDER
        elif layers := origins(candidate.written, place.base):
            # What a proxy holds is the whole picture: there is no larger one.
            sets = of_sets(node, attributes) if len(layers) == 1 and _has_sets(attributes, parent) else []
            return _judged(candidate, layers, sets, place, link)
        elif found := _only_own(candidate, place):
            return found
    return reason


def address_of(node: LexborNode, place: Place) -> str | None:
    """The address of an ``img``, whatever links to it; None where it is no picture of the article, or leads nowhere."""
    found = look_at(node, node.attributes, place)
    return found.address if isinstance(found, Found) else None


def _exclusion(attributes: Attributes, parent: LexborNode | None, link: str) -> Skipped | None:
    """Why an element is no picture of the article, by what it says of itself."""
    if _is_tiny(attributes):
        return Skipped.TINY
    if _is_marked(attributes) or (parent is not None and _is_marked(parent.attributes)):
        return Skipped.CLASS
    return Skipped.PORTRAIT if link and _is_portrait(attributes, link) else None


def _others(node: LexborNode, attributes: Attributes, parent: LexborNode | None) -> Iterator[Candidate]:
    if _has_sets(attributes, parent):
        yield from of_sets(node, attributes)
    yield from last_resorts(attributes)


def _has_sets(attributes: Attributes, parent: LexborNode | None) -> bool:
    return (
        "srcset" in attributes
        or "data-srcset" in attributes
        or "data-lazy-srcset" in attributes
        or (parent is not None and parent.tag == "picture")
    )


def _judged(chosen: Candidate, layers: list[str], sets: list[Candidate], place: Place, link: str) -> Found | Skipped:
    others: list[Candidate] = []
    if sets and (best := larger(chosen, sets)) and (best_layers := origins(best.written, place.base)):
        others.append(chosen)
        chosen, layers = best, best_layers
    address, source = layers[0], chosen.source
    if _is_software(address[: address.rfind("/") + 1]) or "facebook.com/tr?" in address:
        return Skipped.SOFTWARE
    if _is_page(address, place.base):
        return Skipped.PAGE
    known = layers[1:]
    if link and (large := links_to_large_file(origin(link) or "", address)):
        if DERIVED.search(address):
            known.append(large)
        else:
            known = [*origins(link)[1:], address, *known]
            address, source = large, "link"
    if sets:
        taken = {chosen.written, *(one.written for one in others)}
        others += [one for one in sets if one.written not in taken][:1]
    for other in others:
        known += origins(other.written, place.base)
    if door := _other_door(address):
        known.append(door)
    fallbacks = tuple(one for one in dict.fromkeys(known) if one != address)[:MAX_FALLBACKS] if known else ()
    written = chosen.written
    if written.startswith(("http://", "https://", "//")):
        return Found(address, source, fallbacks)
    return Found(address, source, fallbacks, own_keys(relative_path(written), place.key))


def _other_door(address: str) -> str:
    """Where the file of an address is to be had by another way, known of certain publishers; "" for none."""
    if found := _JSDELIVR.match(address):
        return f"https://raw.githubusercontent.com/{found[1]}/{found[2] or 'HEAD'}/{found[3]}"
    if "/wp-content/uploads/" in address and (found := _SIZED.search(address)):
        # What WordPress made the smaller picture of: the smaller ones go with a site's theme.
        return address[: found.start()] + found[1]
    return ""


def _only_own(candidate: Candidate, place: Place) -> Found | None:
    """The picture of a relative address where the article has no web address."""
    path = relative_path(candidate.written)
    keys = own_keys(path, place.key)
    return Found(own_address(keys[0]), candidate.source, (), keys, safe(path)) if keys else None


def _is_marked(attributes: Attributes) -> bool:
    classes = attributes.get("class")
    return not _NOT_ARTICLE.isdisjoint(classes.lower().split()) if classes else False


def _is_tiny(attributes: Attributes) -> bool:
    width = _pixels(attributes.get("width"))
    return 0 <= width <= _TINY and 0 <= _pixels(attributes.get("height")) <= _TINY


def _is_portrait(attributes: Attributes, link: str) -> bool:
    """Whether it is a small square that leads to a page: whoever wrote it, or the icon of a site."""
    width = _pixels(attributes.get("width"))
    return 0 < width <= _PORTRAIT and width == _pixels(attributes.get("height")) and not PICTURE.search(urlpath(link))


def _pixels(value: str | None) -> int:
    """A width or height; -1 where it is not given in pixels."""
    value = (value or "").removesuffix("px")
    return int(value[:6]) if value.isdecimal() else -1


@lru_cache(512)
def _is_software(folder: str) -> bool:
    """Whether what lies in a folder is none of an article's. A post's pictures mostly lie in one."""
    return _SOFTWARE.search(folder) is not None


def _is_page(address: str, base: str | None) -> bool:
    """Whether an address is that of a page, or of something else that is no picture."""
    if address.endswith(_USUAL_ENDINGS):
        return False
    path = urlpath(address)
    if _NO_PICTURE.search(path):
        return True
    if base is None or PICTURE.search(path):
        return False
    if path == urlpath(base):
        return True
    # Matters and Medium have the pages of an author below ``/@name/``.
    host, _, rest = path.partition("://")[2].partition("/")
    return rest.startswith("@") and "/" in rest and host == base.partition("://")[2].partition("/")[0]


def emoji_of(attributes: Attributes) -> str:
    """The character that a picture of an emoji stands for; "" for any other picture."""
    classes = attributes.get("class")
    if not classes or _EMOJI.isdisjoint(classes.lower().split()):
        return ""
    alt = (attributes.get("alt") or "").strip()
    return alt if len(alt) <= _LONGEST_EMOJI else ""


def video_address(address: str) -> str:
    """The address of a video's own page for that of a player embedded elsewhere; any other address as it is."""
    video = youtube_id(address)
    return f"https://www.youtube.com/watch?v={video}" if video else address


def youtube_id(address: str) -> str:
    """The id of the YouTube video at an address; "" for another address."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").removeprefix("www.").removeprefix("m.").removeprefix("music.")
    except ValueError:
        return ""
    if host == "youtu.be":
        found = parts.path[1:].partition("/")[0]
    elif host in {"youtube.com", "youtube-nocookie.com"}:
        folder, _, rest = parts.path[1:].partition("/")
        found = rest.partition("/")[0] if folder in {"embed", "shorts", "live", "v"} else parse_qs(parts.query).get("v", [""])[0]
    else:
        return ""
    return found if _YOUTUBE_ID.fullmatch(found) else ""


def video_still(source_url: str | None) -> str | None:
    """The still of the YouTube video that an article's address leads to, or None where it leads elsewhere."""
    video = youtube_id(source_url or "")
    return f"https://i.ytimg.com/vi/{video}/hqdefault.jpg" if video else None


def media_address(node: LexborNode, base: str | None) -> str | None:
    """The address of what an ``iframe``, ``audio``, ``video``, ``embed`` or ``object`` plays, or None."""
    attributes = node.attributes
    for name in ("src", "data-src", "data-lazy-src", "data"):
        if (value := attributes.get(name)) and (found := absolute(value, base)):
            return video_address(found)
    for child in node.iter():
        if child.tag == "source" and (value := child.attributes.get("src")) and (found := absolute(value, base)):
            return found
    return None
