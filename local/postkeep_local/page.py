"""A post as one HTML file for a browser: its text and its thumbnails, and nothing that is fetched from anywhere."""

import base64
import hashlib
import html
import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import nh3

from postkeep.errors import PostkeepError
from postkeep_local.api import Api, Listed
from render_post.html import ATTRIBUTES, ELEMENTS, FIXED_ATTRIBUTES, SCHEMES
from render_post.origin import ascii_form

MOST_EMBEDDED = 32 * 1024 * 1024
"""Bytes of thumbnails in one page. A post with 102 pictures, the most of the real ones, has some 8 MB."""

_WIDEST = 1_280
"""Pixels: a wider thumbnail than the column of text shows is not taken where there is another."""

_FORMATS = {"webp": "image/webp", "avif": "image/avif", "jpeg": "image/jpeg"}
"""Which browsers show, the smallest files first of those that all of them do."""

_AT_ONCE = 6
"""Thumbnails that are fetched at once: as many as browsers ask one host for."""

_LONGEST = 80
"""Characters of an address that are shown."""

_REL = FIXED_ATTRIBUTES["a"]["rel"]
_THUMBNAIL = re.compile(r"/thumbnails/[A-Za-z0-9._/-]{1,200}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}")

_STYLE = """
:root { color-scheme: light dark; }
body { max-width: 42rem; margin: 2rem auto; padding: 0 1rem; font: 1.05rem/1.75 serif; overflow-wrap: anywhere; }
header, footer { font: .85rem/1.6 sans-serif; opacity: .8; }
h1 { font: bold 1.7rem/1.35 serif; opacity: 1; }
img { max-width: 100%; height: auto; }
figure { margin: 1.5rem 0; }
figcaption { font-size: .85rem; opacity: .8; }
blockquote { margin-left: 0; padding-left: 1rem; border-left: .2rem solid; }
pre { overflow-x: auto; }
table { border-collapse: collapse; }
td { border: 1px solid; padding: .2rem .5rem; }
"""

_POLICY = (
    "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
    f"style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'"
)
"""Content Security Policy Level 3: the browser runs nothing and asks nobody, whatever came through."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """The thumbnail of a picture that is shown."""

    picture: str
    url: str
    media_type: str
    bytes: int


def thumbnails(api: Api, pictures: Iterable[Listed]) -> dict[str, str]:
    """Fetch a thumbnail of each picture that has one.

    Those that are not to be had, and those beyond :data:`MOST_EMBEDDED`, are left out.

    Args:
        api: where they are.
        pictures: as ``GET /posts/{id}`` gives them.

    Returns:
        ``data:`` addresses, by the pictures' addresses.
    """
    chosen, total = [], 0
    for choice in filter(None, map(_choose, pictures)):
        total += choice.bytes
        if total > MOST_EMBEDDED:
            break
        chosen.append(choice)

    def fetched(choice: _Choice) -> str:
        try:
            body = api.get(choice.url)
        except PostkeepError:
            return ""
        return f"data:{choice.media_type};base64,{base64.b64encode(body).decode('ascii')}"

    with ThreadPoolExecutor(_AT_ONCE) as executor:
        found = zip(chosen, executor.map(fetched, chosen), strict=True)
        return {choice.picture: data for choice, data in found if data}


def page(post: Listed, text: str, pictures: Iterable[Listed], embedded: Mapping[str, str]) -> str:
    """The page of a post.

    Args:
        post: as the API gives it.
        text: its HTML. What the product's own sanitizer would not leave in it goes, since the API may be anybody's.
        pictures: the post's.
        embedded: ``data:`` addresses of thumbnails, by the pictures' addresses.

    Returns:
        HTML in UTF-8.
    """
    shown: set[str] = set()
    by_written = {ascii_form(address): address for address in embedded} | {address: address for address in embedded}

    def pictured(tag: str, name: str, value: str) -> str | None:
        if (tag, name) != ("img", "src"):
            return value
        address = by_written.get(value, "")
        shown.add(address)
        return embedded.get(address)

    cleaner = nh3.Cleaner(
        tags=set(ELEMENTS),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        url_schemes=set(SCHEMES),
        url_relative="deny",
        link_rel=_REL,
        attribute_filter=pictured,
    )
    body = cleaner.clean(text)
    language = _said(post, "language")
    title = html.escape(_said(post, "title") or _said(post, "key"))
    return (
        "<!DOCTYPE html>\n"
        f'<html lang="{language if _LANGUAGE.fullmatch(language) else "und"}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(_POLICY)}">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="viewport" content="width=device-width">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n"
        f"<p>{_by(post)}</p>\n</header>\n<main>\n{body}</main>\n{_rest(pictures, embedded, shown)}</body>\n</html>\n"
    )


def _choose(picture: Listed) -> _Choice | None:
    found = picture.get("thumbnails")
    made = [entry for entry in found if _usable(entry)] if isinstance(found, list) else []
    formats = list(_FORMATS)
    made.sort(key=lambda entry: (entry["width"] > _WIDEST, formats.index(entry["format"]), -entry["width"]))
    if not made or not isinstance(address := picture.get("address"), str):
        return None
    return _Choice(address, made[0]["url"], _FORMATS[made[0]["format"]], made[0]["bytes"])


def _usable(thumbnail: Any) -> bool:
    match thumbnail:
        case {"url": str(url), "format": str(form), "width": int(), "bytes": int(size)}:
            return form in _FORMATS and size >= 0 and _THUMBNAIL.fullmatch(url) is not None
    return False


def _said(post: Listed, name: str) -> str:
    found = post.get(name)
    return found if isinstance(found, str) else ""


def _by(post: Listed) -> str:
    address = _said(post, "source_url")
    parts = [html.escape(part) for part in (_said(post, "author"), _said(post, "published")[:10]) if part]
    return " · ".join([*parts, *([_link(address, address)] if address else [])])


def _rest(pictures: Iterable[Listed], embedded: Mapping[str, str], shown: set[str]) -> str:
    """The thumbnails that have no place in the text, and links to the pictures that have no thumbnail."""
    below, missing = [], []
    for address, alt in {_said(picture, "address"): _said(picture, "alt") for picture in pictures}.items():
        if address not in embedded:
            missing.append(f"<li>{_link(address, alt or address)}</li>\n")
        elif address not in shown:
            below.append(f'<figure><img src="{html.escape(embedded[address])}" alt="{html.escape(alt)}"></figure>\n')
    if missing:
        missing = ["<p>Pictures without a thumbnail:</p>\n<ul>\n", *missing, "</ul>\n"]
    return f"<footer>\n{''.join(below + missing)}</footer>\n" if below or missing else ""


def _link(address: str, text: str) -> str:
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    if not address.lower().startswith(("http://", "https://")):
        return html.escape(text)
    return f'<a href="{html.escape(address)}" rel="{_REL}">{html.escape(text)}</a>'
