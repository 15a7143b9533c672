"""The addresses that one ``img`` names: those of scripts that load late, ``src``, ``srcset``, ``picture``, the link around it."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from selectolax.lexbor import LexborNode

from render_post.proxies import PICTURE, urlpath

type Attributes = dict[str, str | None]

_LAZY = {
    name: rank
    for rank, name in enumerate(
        "data-lazy-src data-src data-original data-actualsrc data-cfsrc data-echo data-orig-file data-large-file data-orig-src "  # noqa: SIM905
        "data-hi-res-src data-lazyload data-lazy data-ks-lazyload data-delayed-url data-full-url data-src-large data-image "
        "real_src zoomfile file".split()
    )
}
"""Where scripts that load pictures late keep the address; ``src`` is a placeholder then, or the same.

The last three are Sina's blogs' and Discuz's.
"""

_LATEST = "data-url"
"""Likewise, but on some pages it is the address of a page: only where there is no ``src``."""

_LAZY_SETS = ("data-lazy-srcset", "data-srcset")
_MAX_CANDIDATES = 30
"""In the sets of one picture; real ones have up to 12. Likewise the children of a ``picture`` before its ``img``."""

_NO_ADDRESS = ("data:", "about:", "blob:", "javascript:", "cid:")
_PLACEHOLDER = re.compile(
    r"/(?:blank|spacer|placeholder|transparent|pixel|1x1|lazy|loading|grey|gray)\.(?:gif|png|svg|jpe?g)(?:$|[?#])", re.IGNORECASE
)
_SRCSET = re.compile(r"\s*(\S+)(?:\s+([\d.]{1,12})([wx]))?[^,]*(?:,|\Z)")
_UNREADABLE = frozenset({"image/svg+xml", "image/jxl", "image/jp2", "image/heic", "image/heif"})
"""Types of ``source`` that :mod:`make_thumbnail` refuses."""

WIDEST = 4_000
"""Pixels: above it a candidate is only taken where no other has :data:`WIDE`; it costs time, and the thumbnails are no wider."""

WIDE = 1_280
"""Pixels: the widest thumbnail."""

_WIDTH = re.compile(r"-(\d{2,4})x\d{2,4}(?=\.\w{3,4}$)|[?&](?:w|width)=(\d{2,5})(?:&|$)|/w_(\d{2,5}),")
"""Where an address tells how wide its picture is: WordPress, resizers with a query, Cloudinary."""


class Candidate(NamedTuple):
    """One address of a picture.

    Attributes:
        source: the attribute or element that has it.
        written: the address, as it is written there.
        width: in pixels; 0 where it is not told.
        density: pixels of the picture to one of the page; 1 where it is not told.
    """

    source: str
    written: str
    width: float = 0
    density: float = 1


def is_placeholder(written: str) -> bool:
    """Whether an address is of what stands for a picture until a script has loaded it."""
    return _PLACEHOLDER.search(written) is not None or (
        not written.startswith("http") and written[:20].lstrip().lower().startswith(_NO_ADDRESS)
    )


def singles(attributes: Attributes) -> Iterator[Candidate]:
    """The addresses that stand alone, the best first. ``src`` is not among them where a script has a set of others."""
    names = _LAZY.keys() & attributes.keys()
    for name in sorted(names, key=_LAZY.__getitem__) if len(names) > 1 else names:
        if (value := attributes[name]) and ("/" in value or "." in value):
            yield Candidate(name, value)
    if (value := attributes.get("src")) and not (attributes.get(_LAZY_SETS[0]) or attributes.get(_LAZY_SETS[1])):
        yield Candidate("src", value)


def last_resorts(attributes: Attributes) -> Iterator[Candidate]:
    """What is left where neither the single addresses nor the sets lead anywhere."""
    for name in ("src", _LATEST):
        if value := attributes.get(name):
            yield Candidate(name, value)


def of_sets(node: LexborNode, attributes: Attributes) -> list[Candidate]:
    """The addresses of all sets, those of the ``picture`` around too, in order of preference."""
    return _in_order(list(islice(_in_sets(node, attributes), _MAX_CANDIDATES)))


def _in_sets(node: LexborNode, attributes: Attributes) -> Iterator[Candidate]:
    for name in (*_LAZY_SETS, "srcset"):
        if (value := attributes.get(name)) and not value.startswith("data:"):
            yield from _of_set("srcset", value)
    for theirs in _sources(node):
        value = theirs.get("srcset") or theirs.get("data-srcset")
        if value and (theirs.get("type") or "") not in _UNREADABLE:
            yield from _of_set("picture", value)


def _sources(node: LexborNode) -> list[Attributes]:
    """The attributes of the ``source`` elements of an ``img``: those before it in a ``picture`` (HTML Standard, 4.8.4.3.5)."""
    parent = node.parent
    found: list[Attributes] = []
    if parent is not None and parent.tag == "picture":
        for sibling in islice(parent.iter(), _MAX_CANDIDATES):
            if sibling.tag == "source":
                found.append(sibling.attributes)
            elif sibling.tag == "img":
                return found if sibling.mem_id == node.mem_id else []
    return []


def _of_set(source: str, value: str) -> Iterator[Candidate]:
    if " " not in value and "," not in value and not is_placeholder(value):
        yield Candidate(source, value)  # most sets are
        return
    position = number = 0
    while number < _MAX_CANDIDATES and (match := _SRCSET.match(value, position)):
        position, number = match.end(), number + 1
        size = float(match[2]) if match[2] and match[2].count(".") <= 1 and match[2] != "." else 0.0
        written = match[1].rstrip(",")
        if written and not is_placeholder(written):
            yield Candidate(source, written, size, 1) if match[3] == "w" else Candidate(source, written, 0, size or 1)


def _in_order(found: list[Candidate]) -> list[Candidate]:
    """The largest first; those wider than is reasonable last, where another is wide enough."""
    if len(found) < 2 or not any(candidate.width or candidate.density > 1 for candidate in found):  # noqa: PLR2004  # nothing to order
        return found
    if any(WIDE <= candidate.width <= WIDEST for candidate in found):
        return sorted(found, key=lambda one: (one.width > WIDEST, -one.width, -one.density))
    return sorted(found, key=lambda one: (-one.width, -one.density))


def larger(single: Candidate, sets: list[Candidate]) -> Candidate | None:
    """The candidate of the sets that is surely larger than a single address, or None.

    How wide the picture at a single address is, its own entry in a set tells, or the address itself. Where neither does, it may
    be the whole picture, from which the others were made, and stays. Densities are to that of ``src``, which is 1 where no set
    tells (HTML Standard, 4.8.4.3.10).
    """
    if not sets:
        return None
    same = next((one for one in sets if one.written == single.written), None)
    best = sets[0]
    if best is same:
        return None
    if best.width:
        width = same.width if same else width_of(single.written)
        return best if width and (best.width > width or width > WIDEST) else None
    return best if best.density > (same.density if same else 1) else None


def width_of(address: str) -> float:
    """How wide a picture is by its address, in pixels; 0 where it does not tell."""
    found = _WIDTH.search(address)
    return float(found[1] or found[2] or found[3]) if found else 0


_SIZE = re.compile(
    r"(?:[-_.@](?:\d{2,4}x\d{0,4}|scaled|thumb(?:nail)?|small|medium|large|big|full|orig(?:inal)?|preview|[smlboznk]|[2-9]\d{2,3}(?:px|w)?|[1-3]x))+$"
)
_SMALL = re.compile(r"^(?:\d{2,4}px-|(?:thumb(?:nail)?|small|preview|[smt])[-_])")
_PAGES = re.compile(r"/wiki/|/(?:File|Image|Datei|Fichier):|\.(?:php|aspx?|html?)(?:$|\?)", re.IGNORECASE)
_BLOGGER_PAGE = re.compile(r"/(s\d{1,4})-h/(?=[^/]+$)")
_LONGEST_NAME = 255
"""Characters, of a file's name: what is longer is no name that sizes are put behind, and looking for one takes long."""

_TELLING = 8
"""Characters of a file's name that are no coincidence on another host."""

DERIVED = re.compile(r"/styles/[^/]+/(?:public|private)/")
"""Where Drupal keeps what it made of a picture. It is what the page shows, and stays the picture's address."""


def links_to_large_file(link: str, address: str) -> str | None:
    """The address of a picture's large file, where the link around the picture surely leads to it; else None.

    Surely: the link ends as pictures do, is no page about a file, and names the file as the picture's own address does, but for
    what tells a size, on the same site or with a name that is no coincidence.
    """
    if not PICTURE.search(urlpath(link)) or _PAGES.search(link):
        return None
    link = _BLOGGER_PAGE.sub(r"/\1/", link)
    name = stem(address)
    if link == address or not name or stem(link) != name:
        return None
    if len(name) < _TELLING and _site(link) != _site(address):
        return None
    there, here = width_of(link), width_of(address)
    return None if there and (not here or there <= here) else link


def stem(address: str) -> str:
    """A file's name without its ending and without what tells a size."""
    name = unquote(urlpath(address).rpartition("/")[2]).lower()
    bare, dot, _ = name.rpartition(".")
    name = _SMALL.sub("", bare if dot else name)
    if len(name) > _LONGEST_NAME:
        return name
    return _SIZE.sub("", name) or name


def _site(address: str) -> str:
    return ".".join((urlsplit(address).hostname or "").split(".")[-2:])
