"""What a book must be, as far as it can be told without EPUBCheck: https://www.w3.org/TR/epub-33/."""

import posixpath
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

_HTML = "{http://www.w3.org/1999/xhtml}"
_OPF = "{http://www.idpf.org/2007/opf}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_OPS = "{http://www.idpf.org/2007/ops}"
_XML = "{http://www.w3.org/XML/1998/namespace}"
_PAGE = "application/xhtml+xml"
_LINK = re.compile(r"(https?://|mailto:)[!-~]+")


@dataclass(frozen=True)
class Book:
    """What a book says of itself.

    Attributes:
        title: its title.
        language: its language.
        creators: its authors.
        modified: when it last changed.
        toc: the labels of its table of contents, each with its level.
        pages: the XHTML of its chapters, in the order of the spine.
        pictures: names of pictures, with their bytes.
    """

    title: str
    language: str
    creators: list[str]
    modified: str
    toc: list[tuple[int, str]]
    pages: list[str]
    pictures: dict[str, bytes]


def check_book(path: Path) -> Book:
    """Hold a book to the standard, and give what it says."""
    with zipfile.ZipFile(path) as book:
        assert book.testzip() is None
        names = book.namelist()
        assert len(names) == len(set(names))
        first = book.infolist()[0]
        assert (first.filename, first.compress_type, first.extra) == ("mimetype", zipfile.ZIP_STORED, b"")
        assert path.read_bytes()[30:58] == b"mimetypeapplication/epub+zip"
        container = ET.fromstring(book.read("META-INF/container.xml"))  # noqa: S314  (our own)
        (rootfile,) = container.iter("{urn:oasis:names:tc:opendocument:xmlns:container}rootfile")
        opf = rootfile.get("full-path") or ""
        package = ET.fromstring(book.read(opf))  # noqa: S314
        base = posixpath.dirname(opf)
        manifest = {item.get("id"): item for item in package.iter(f"{_OPF}item")}
        held = {posixpath.join(base, item.get("href") or ""): item.get("media-type") for item in manifest.values()}
        assert len(manifest) == len(held)
        assert set(held) | {"mimetype", "META-INF/container.xml", opf} == set(names)
        spine = [manifest[ref.get("idref")] for ref in package.iter(f"{_OPF}itemref")]
        assert {item.get("media-type") for item in spine} == {_PAGE}
        assert len(spine) == list(held.values()).count(_PAGE), "every page is in the spine"
        (nav,) = [item for item in manifest.values() if item.get("properties") == "nav"]
        pages = {name: book.read(name).decode() for name, kind in held.items() if kind == _PAGE}
        used = {target for name, page in pages.items() for target in _check_page(name, page)}
        assert used <= set(held)
        pictures = {name: book.read(name) for name, kind in held.items() if (kind or "").startswith("image/")}
        assert set(pictures) <= used
        (title,) = package.iter(f"{_DC}title")
        (language,) = package.iter(f"{_DC}language")
        (identifier,) = package.iter(f"{_DC}identifier")
        assert identifier.get("id") == package.get("unique-identifier")
        (modified,) = [meta for meta in package.iter(f"{_OPF}meta") if meta.get("property") == "dcterms:modified"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", modified.text or "")
        toc = _toc(ET.fromstring(pages[posixpath.join(base, nav.get("href") or "")]))  # noqa: S314
        chapters = [pages[posixpath.join(base, item.get("href") or "")] for item in spine if item is not nav]
        assert len([label for _, label in toc if label]) == len(toc)
        creators = [creator.text or "" for creator in package.iter(f"{_DC}creator")]
        return Book(title.text or "", language.text or "", creators, modified.text or "", toc, chapters, pictures)


def _check_page(name: str, page: str) -> set[str]:
    """The files of the book that a page uses."""
    root = ET.fromstring(page)  # noqa: S314
    assert root.tag == f"{_HTML}html"
    assert root.get("lang") == root.get(f"{_XML}lang") is not None
    assert (root.findtext(f"{_HTML}head/{_HTML}title") or "").strip()
    used = set()
    for element in root.iter():
        tag = element.tag.removeprefix(_HTML)
        assert tag not in {"script", "iframe", "style", "object", "form"}
        assert not [attribute for attribute in element.attrib if attribute.startswith("on")]
        for attribute in ("href", "src"):
            address = element.get(attribute)
            if address is None:
                continue
            if urlsplit(address).scheme:
                assert tag == "a", "a book loads nothing from the net"
                assert _LINK.fullmatch(address)
            else:
                used.add(posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(address))))
        if tag == "img":
            assert element.get("src")
            assert element.get("alt") is not None
        if tag == "a":
            assert not list(element.iter(f"{_HTML}a"))[1:], "no link within another"
    return used


def _toc(root: ET.Element) -> list[tuple[int, str]]:
    (nav,) = [nav for nav in root.iter(f"{_HTML}nav") if nav.get(f"{_OPS}type") == "toc"]
    (top,) = nav.findall(f"{_HTML}ol")
    return _labels(top, 1)


def _labels(listed: ET.Element, level: int) -> list[tuple[int, str]]:
    found = []
    assert len(listed), "a list of a table of contents has entries (EPUB 3.3, 7.2)"
    for entry in listed:
        label, *rest = list(entry)
        assert label.tag in {f"{_HTML}a", f"{_HTML}span"}
        assert label.tag == f"{_HTML}a" or rest, "what leads nowhere has something below it"
        found.append((level, label.text or ""))
        for below in rest:
            found += _labels(below, level + 1)
    return found
