"""Posts → a book: EPUB 3.3, a chapter a post, written as the posts come.

Of the libraries that write books, EbookLib is under the AGPL and keeps the whole book in memory, and mkepub 1.2 escapes no titles
and says of every page that it is English. A book is a ZIP archive of XML files, which the standard library writes.
Source: https://www.w3.org/TR/epub-33/.
"""

import hashlib
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

from postkeep.characters import excerpt, in_xml
from postkeep.errors import PostkeepError
from postkeep.listing import instant
from postkeep.post import PostId
from postkeep.renditions import RenditionObject
from postkeep_local.operations.exporting import Document
from postkeep_local.operations.targets import ZipFiles
from postkeep_local.operations.xhtml import body_of, link, paragraphs_of
from render_post.origin import ascii_form
from render_post.own import SCHEME

_XHTML = {"xmlns": "http://www.w3.org/1999/xhtml", "xmlns:epub": "http://www.idpf.org/2007/ops"}
_CONTAINER = "urn:oasis:names:tc:opendocument:xmlns:container"
_OPF = {"xmlns": "http://www.idpf.org/2007/opf", "xmlns:dc": "http://purl.org/dc/elements/1.1/", "version": "3.0"}
_TITLE = 200
"""Characters of a title in a book."""

_NO_AUTHOR, _NO_DATE = "Unknown author", "Undated"
_STYLE = b"""body { line-height: 1.6; overflow-wrap: anywhere; }
h1 { font-size: 1.4em; line-height: 1.3; }
.about { color: #666; font-size: 0.9em; }
img { max-width: 100%; height: auto; }
figure { margin: 1em 0; }
figcaption { color: #666; font-size: 0.9em; }
pre { white-space: pre-wrap; }
nav ol { list-style: none; padding-left: 1em; }
"""
_NO_ADDRESS = "<img alt="
"""How an image begins that has no ``src``: see :mod:`render_post.html`, which writes no ``<`` of others."""

_MEDIA_TYPES = {"jpeg": "image/jpeg", "webp": "image/webp"}


class BookEmpty(PostkeepError):
    """No post has a text that could be a chapter."""


@dataclass(frozen=True, slots=True, order=True)
class _Chapter:
    """A chapter, in the order of the book: by author, then by date, those without either last."""

    nobody: bool
    author: str
    month: str
    published: str
    post_id: PostId
    title: str = field(compare=False)

    @property
    def path(self) -> str:
        return f"posts/{self.post_id}.xhtml"


class Book:
    """A book that is being written: chapters go to the file as they come, what lists them at the end.

    In memory it keeps a chapter's title, and the names of pictures.
    """

    def __init__(self, path: Path, title: str) -> None:
        """Begin a book.

        Args:
            path: the file, which is written over.
            title: as it is to be called.
        """
        self._title = excerpt(in_xml(title), _TITLE) or "Postkeep"
        self._files = ZipFiles(path)
        self._chapters: list[_Chapter] = []
        self._pictures: dict[str, str] = {}
        self._languages: Counter[str] = Counter()
        self._latest = datetime(1980, 1, 1, tzinfo=UTC)
        # Readers know a book by its first bytes (EPUB 3.3, 4.2.2).
        self._files.add("mimetype", b"application/epub+zip", stored=True)
        self._files.add("META-INF/container.xml", _xml(_container()))
        self._files.add("EPUB/style.css", _STYLE)

    def close(self) -> None:
        """Close the file, as it is."""
        self._files.close()

    def add(self, document: Document) -> bool:
        """Add a post as a chapter; False if it has no text."""
        post, rendition = document.post, document.rendition
        if rendition is None:
            return False
        meta = post.metadata
        published = instant(meta.published) if meta.published else ""
        language = post.rendition.language if post.rendition else "und"
        author = excerpt(in_xml(meta.author), _TITLE)
        named = in_xml(meta.title or post.summary or post.key.rpartition("/")[2])
        chapter = _Chapter(
            nobody=not author,
            author=author or _NO_AUTHOR,
            month=published[:7] or "~",
            published=published,
            post_id=post.id,
            title=excerpt(named, _TITLE) or post.id,
        )
        self._chapters.append(chapter)
        self._languages[language] += 1
        self._latest = max(self._latest, post.changed)
        paths = {ascii_form(p.address): self._picture(document, p.id) for p in rendition.pictures}
        if rendition.is_whole:
            own = _own(rendition, paths)
            body = body_of(rendition.html, lambda address: paths.get(address) if address else next(own, None))
        else:
            body = paragraphs_of(rendition.text)
        _lead(body, [(paths[ascii_form(p.address)], p.alt) for p in rendition.pictures])
        self._files.add(f"EPUB/{chapter.path}", _xml(_page(chapter, language, meta.source_url, body), doctype=True))
        return True

    def _picture(self, document: Document, picture_id: str) -> str | None:
        if picture_id not in document.pictures:
            return None
        thumbnail, content = document.pictures[picture_id]
        name = f"pictures/{thumbnail.name.replace('/', '-')}"
        if name not in self._pictures:
            self._pictures[name] = _MEDIA_TYPES[thumbnail.format]
            self._files.add(f"EPUB/{name}", content, stored=True)
        return f"../{name}"

    def finish(self) -> None:
        """Write what lists the chapters.

        Raises:
            BookEmpty: if there are none.
        """
        if not self._chapters:
            raise BookEmpty("None of the posts has a text: there is nothing to make a book of.")
        self._chapters.sort()
        language = self._languages.most_common(1)[0][0]
        self._files.add("EPUB/nav.xhtml", _xml(_nav(self._title, language, self._chapters), doctype=True))
        self._files.add("EPUB/package.opf", _xml(self._package(language)))
        self.close()

    def _package(self, language: str) -> ET.Element:
        package = ET.Element("package", {**_OPF, "unique-identifier": "id", "xml:lang": language})
        metadata = ET.SubElement(package, "metadata")
        ids = hashlib.sha256("".join(chapter.post_id for chapter in self._chapters).encode()).digest()
        _add(metadata, "dc:identifier", f"urn:uuid:{uuid.UUID(bytes=ids[:16], version=4)}", id="id")
        _add(metadata, "dc:title", self._title)
        _add(metadata, "dc:language", language)
        if len(authors := {chapter.author for chapter in self._chapters if not chapter.nobody}) == 1:
            _add(metadata, "dc:creator", *authors)
        _add(metadata, "meta", f"{self._latest.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", property="dcterms:modified")
        manifest, spine = ET.SubElement(package, "manifest"), ET.SubElement(package, "spine")
        _item(manifest, "nav", "nav.xhtml", "application/xhtml+xml", properties="nav")
        _item(manifest, "style", "style.css", "text/css")
        ET.SubElement(spine, "itemref", {"idref": "nav"})
        for chapter in self._chapters:
            _item(manifest, f"p-{chapter.post_id}", chapter.path, "application/xhtml+xml")
            ET.SubElement(spine, "itemref", {"idref": f"p-{chapter.post_id}"})
        for n, (name, kind) in enumerate(self._pictures.items()):
            _item(manifest, f"i-{n}", name, kind)
        return package


def _container() -> ET.Element:
    root = ET.Element("container", {"xmlns": _CONTAINER, "version": "1.0"})
    attributes = {"full-path": "EPUB/package.opf", "media-type": "application/oebps-package+xml"}
    ET.SubElement(ET.SubElement(root, "rootfiles"), "rootfile", attributes)
    return root


def _page(chapter: _Chapter, language: str, source: str | None, text: ET.Element) -> ET.Element:
    root, body = _html(chapter.title, language, "../style.css")
    _add(body, "h1", chapter.title)
    about = _add(body, "p", " · ".join(filter(None, ("" if chapter.nobody else chapter.author, chapter.published[:10]))))
    about.set("class", "about")
    if address := link(source or ""):
        about.text = f"{about.text} · " if about.text else ""
        _add(about, "a", excerpt(in_xml(source or ""), _TITLE), href=address)
    body.append(text)
    return root


def _own(rendition: RenditionObject, paths: Mapping[str, str | None]) -> Iterator[str | None]:
    """The paths of the pictures that the archive carries itself, which the text shows without an address, in its order.

    Where there are more or fewer of them in the text (one is shown twice), it does not say which is where.
    """
    own = [paths[ascii_form(p.address)] for p in rendition.pictures if p.address.startswith(SCHEME)]
    return iter(own if rendition.html.count(_NO_ADDRESS) == len(own) else ())


def _lead(body: ET.Element, pictures: Iterable[tuple[str | None, str]]) -> None:
    """Put the pictures that the text does not show, such as a video's, before it."""
    shown = {image.get("src") for image in body.iter("img")}
    missing = dict(picture for picture in pictures if picture[0] is not None and picture[0] not in shown)
    for n, (path, alt) in enumerate(missing.items()):
        figure = ET.Element("figure")
        ET.SubElement(figure, "img", {"src": path or "", "alt": in_xml(alt)})
        body.insert(n, figure)


def _nav(title: str, language: str, chapters: Iterable[_Chapter]) -> ET.Element:
    """The table of contents: authors, months, posts; months alone where there is one author."""
    root, body = _html(title, language, "style.css")
    _add(body, "h1", title)
    nav = ET.SubElement(body, "nav", {"epub:type": "toc", "id": "toc"})
    by_author: dict[str, dict[str, list[_Chapter]]] = {}
    for chapter in chapters:
        by_author.setdefault(chapter.author, {}).setdefault(chapter.month, []).append(chapter)
    top = ET.SubElement(nav, "ol")
    for author, months in by_author.items():
        listed = top
        if len(by_author) > 1:
            entry = ET.SubElement(top, "li")
            _add(entry, "span", author)
            listed = ET.SubElement(entry, "ol")
        for month, found in months.items():
            entry = ET.SubElement(listed, "li")
            _add(entry, "span", _NO_DATE if month == "~" else month)
            posts = ET.SubElement(entry, "ol")
            for chapter in found:
                _add(ET.SubElement(posts, "li"), "a", chapter.title, href=chapter.path)
    return root


def _html(title: str, language: str, style: str) -> tuple[ET.Element, ET.Element]:
    root = ET.Element("html", {**_XHTML, "lang": language, "xml:lang": language})
    head = ET.SubElement(root, "head")
    _add(head, "title", title)
    ET.SubElement(head, "link", {"rel": "stylesheet", "type": "text/css", "href": style})
    return root, ET.SubElement(root, "body")


def _add(parent: ET.Element, tag: str, text: str, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, tag, attributes)
    element.text = text
    return element


def _item(manifest: ET.Element, item_id: str, path: str, kind: str, **attributes: str) -> None:
    ET.SubElement(manifest, "item", {"id": item_id, "href": path, "media-type": kind, **attributes})


def _xml(root: ET.Element, *, doctype: bool = False) -> bytes:
    head = b'<?xml version="1.0" encoding="utf-8"?>\n' + (b"<!DOCTYPE html>\n" if doctype else b"")
    return head + ET.tostring(root, encoding="unicode").encode()
