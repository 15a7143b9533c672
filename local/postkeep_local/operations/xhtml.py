"""A text's HTML → the body of an XHTML page of a book: well-formed, of known elements, with the book's own pictures alone.

What render wrote is safe HTML already; here it is written anew by :mod:`xml.etree.ElementTree`, element by element, since a book
is XML, may load nothing from the net (EPUB 3.3, 3.6), and is read by readers of all kinds.
"""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from urllib.parse import quote, unquote, urlsplit
from xml.etree import ElementTree as ET

from postkeep.characters import in_xml
from render_post.html import ELEMENTS

MAX_DEPTH = 120
"""Elements within each other; in the texts that render makes there are fewer. ElementTree writes them recursively."""

_VOID = frozenset({"br", "hr", "wbr"})
_HOST = re.compile(r"[0-9A-Za-z_-]+(?:\.[0-9A-Za-z_-]+)*\.?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]+")
_NUMBER = re.compile(r"-?[0-9]{1,9}")
_AS_THEY_ARE = "/%=:;$&()+,!?*@'~"
"""Of a path, a query or a fragment: RFC 3986, section 3.3, and "%"."""

_BAD_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")


def link(address: str) -> str | None:
    """An address as a book may hold it: a valid URL in ASCII; None if it is none that leads anywhere."""
    try:
        parts = urlsplit(in_xml(address).strip())
        port = f":{parts.port}" if parts.port is not None else ""
        # The host may be percent-encoded, as render writes those that are not in ASCII.
        host = unquote(parts.hostname or "").encode("idna").decode("ascii")
    except ValueError:  # which the errors of IDNA are too
        return None
    path, query, fragment = (_quoted(part) for part in (parts.path, parts.query, parts.fragment))
    rest = path + (f"?{query}" if query else "") + (f"#{fragment}" if fragment else "")
    if parts.scheme == "mailto":
        return f"mailto:{rest}" if "@" in path else None
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(host):
        return None
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}{rest}"


def _quoted(part: str) -> str:
    return _BAD_PERCENT.sub("%25", quote(part, safe=_AS_THEY_ARE))


def body_of(fragment: str, picture: Callable[[str], str | None]) -> ET.Element:
    """Give the fragment as the children of a ``div``.

    Args:
        fragment: what render wrote.
        picture: gives the path of a picture in the book by its address in the fragment, or None: a link takes its place.
    """
    reader = _Reader(picture)
    reader.feed(fragment)
    reader.close()
    return reader.finish()


def paragraphs_of(text: str) -> ET.Element:
    """Plain text as paragraphs: for a text that was made before there was HTML of it."""
    root = ET.Element("div")
    for paragraph in re.split(r"\n{2,}", in_xml(text).strip()):
        ET.SubElement(root, "p").text = paragraph
    return root


class _Reader(HTMLParser):
    def __init__(self, picture: Callable[[str], str | None]) -> None:
        super().__init__(convert_charrefs=True)
        self._picture = picture
        self._tree = ET.TreeBuilder()
        self._tree.start("div", {})
        self._open: list[str] = []

    def finish(self) -> ET.Element:
        """The whole, with every element closed."""
        self._close(0)
        self._tree.end("div")
        return self._tree.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a known element."""
        given = {name: value or "" for name, value in attrs}
        if tag == "img":
            self._show(given.get("src", ""), given.get("alt", ""))
        elif tag in _VOID:
            self._tree.start(tag, {})
            self._tree.end(tag)
        elif tag in ELEMENTS and len(self._open) < MAX_DEPTH:
            attributes = {}
            if tag == "a":
                target = link(given.get("href", ""))
                if target is None or "a" in self._open:
                    return
                attributes["href"] = target
            elif tag == "ol" and _NUMBER.fullmatch(given.get("start", "")):
                attributes["start"] = given["start"]
            self._tree.start(tag, attributes)
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close an element, and what is open within it."""
        if tag in self._open:
            self._close(len(self._open) - 1 - self._open[::-1].index(tag))

    def handle_data(self, data: str) -> None:
        """Add text."""
        self._tree.data(in_xml(data))  # character references stand for whatever there is

    def _show(self, address: str, alt: str) -> None:
        path = self._picture(address)
        if path is not None:
            self._tree.start("img", {"src": path, "alt": in_xml(alt)})
            self._tree.end("img")
            return
        target = None if "a" in self._open else link(address)
        if target:
            self._tree.start("a", {"href": target})
        self._tree.data(f"[{in_xml(alt).strip() or '🖼'}]")
        if target:
            self._tree.end("a")

    def _close(self, depth: int) -> None:
        while len(self._open) > depth:
            self._tree.end(self._open.pop())
