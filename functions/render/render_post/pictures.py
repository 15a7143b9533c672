"""Which pictures belong to the article, and their origin addresses."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from selectolax.lexbor import LexborNode

from render_post.origin import absolute, origin

_LAZY = tuple(
    "data-lazy-src data-src data-original data-actualsrc data-cfsrc data-echo data-url data-orig-file data-large-file".split()  # noqa: SIM905
)
"""Where scripts that load pictures late keep the address; ``src`` is a placeholder then, or the same."""

_LAZY_SETS = ("data-lazy-srcset", "data-srcset")
_MAX_CANDIDATES = 50
_PLACEHOLDER = re.compile(
    r"(?:^data:|/(?:blank|spacer|placeholder|transparent|pixel|1x1|lazy|loading|grey|gray)\.(?:gif|png|svg|jpe?g)(?:$|[?#]))",
    re.IGNORECASE,
)
_SRCSET = re.compile(r"\s*(\S+)(?:\s+([\d.]{1,12})([wx]))?[^,]*(?:,|\Z)")
_SOFTWARE = re.compile(
    r"//(?:[\w-]+\.)?(?:gravatar\.com/avatar|pixel\.wp\.com|stats\.wordpress\.com|s\.w\.org/images/core/emoji|google-analytics\.com"
    r"|googletagmanager\.com|doubleclick\.net|facebook\.com/tr\b|feeds\.feedburner\.com/~|medium\.com/_/stat\b)"
    r"|/(?:avatars?|profile_images|share-?buttons?|social-?icons?|emojis?)/",
    re.IGNORECASE,
)
"""Counters, portraits of commenters, buttons: served to every page of a site, part of no article."""

_NOT_ARTICLE = frozenset(
    [
        "author-avatar",
        "avatar",
        "icon-share",
        "pixel",
        "share-button",
        "share-icon",
        "single-avatar",
        "social-icon",
        "tracking-pixel",
        "user-avatar",
    ]
)
_EMOJI = frozenset({"emoji", "wp-smiley", "emojione", "twemoji"})
_TINY = 2
_LONGEST_EMOJI = 16
_YOUTUBE_ID = re.compile(r"[\w-]{11}")


def address_of(node: LexborNode, base: str | None) -> str | None:
    """The origin address of an ``img``, or None where it is no picture of the article, or leads nowhere."""
    attributes = node.attributes
    if _is_tiny(attributes) or _classes(attributes) & _NOT_ARTICLE:
        return None
    parent = node.parent
    if parent is not None and _classes(parent.attributes) & _NOT_ARTICLE:
        return None
    for candidate in _candidates(node, attributes):
        if _PLACEHOLDER.search(candidate):
            continue
        found = origin(candidate, base)
        if found is not None:
            return None if _SOFTWARE.search(found) else found
    return None


def emoji_of(node: LexborNode) -> str:
    """The character that a picture of an emoji stands for; "" for any other picture."""
    attributes = node.attributes
    alt = (attributes.get("alt") or "").strip()
    return alt if alt and len(alt) <= _LONGEST_EMOJI and _classes(attributes) & _EMOJI else ""


def _classes(attributes: dict[str, str | None]) -> set[str]:
    return set((attributes.get("class") or "").lower().split())


def _candidates(node: LexborNode, attributes: dict[str, str | None]) -> Iterator[str]:
    for name in _LAZY:
        if value := attributes.get(name):
            yield value
    for name in _LAZY_SETS:
        yield from _from_set(attributes.get(name))
    yield from filter(None, (attributes.get("src"),))
    yield from _from_set(attributes.get("srcset"))
    parent = node.parent
    if parent is not None and parent.tag == "picture":
        for number, sibling in enumerate(parent.iter()):
            if number >= _MAX_CANDIDATES:
                break
            if sibling.tag == "source":
                yield from _from_set(sibling.attributes.get("srcset") or sibling.attributes.get("data-srcset"))


def _from_set(value: str | None) -> list[str]:
    """The addresses of a ``srcset``, the largest first."""
    found: list[tuple[float, str]] = []
    position = 0
    while value and len(found) < _MAX_CANDIDATES and (match := _SRCSET.match(value, position)):
        position = match.end()
        size = float(match[2]) if match[2] and match[2].count(".") <= 1 and match[2] != "." else 0.0
        found.append((size, match[1].rstrip(",")))
    return [address for _, address in sorted(found, key=lambda pair: -pair[0])]


def _is_tiny(attributes: dict[str, str | None]) -> bool:
    sizes = [(attributes.get(name) or "").removesuffix("px") for name in ("width", "height")]
    return all(size.isdecimal() and int(size[:6]) <= _TINY for size in sizes)


def video_address(address: str) -> str:
    """The address of a video's own page for that of a player embedded elsewhere; any other address as it is."""
    video = youtube_id(address)
    return f"https://www.youtube.com/watch?v={video}" if video else address


def youtube_id(address: str) -> str:
    """The id of the YouTube video at an address; "" for another address."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").removeprefix("www.").removeprefix("m.")
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
