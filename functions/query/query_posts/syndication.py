"""Feeds, lists of feeds and sitemaps → the bytes of their formats. Pure.

Libraries write all markup: feedgenerator, which is Django's by itself and needs no other package, the Atom (feedgen is not kept
up, and brings lxml, 12 MB); the standard library the rest, for which there is no maintained package without dependencies.
"""

import html
import io
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from postkeep.listing import instant

if TYPE_CHECKING:
    from query_posts.feeds import Entry, Feed

_UNKNOWN = "unknown"
"""The author of an entry that has none: Atom requires one (RFC 4287, 4.1.2)."""

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""When a feed without entries was updated: Atom requires an instant (RFC 4287, 4.1.1)."""

_NONE: "AttributesImpl[str]" = AttributesImpl({})
_SITEMAPS = "http://www.sitemaps.org/schemas/sitemap/0.9"


def atom(feed: "Feed") -> str:
    """An Atom feed (RFC 4287)."""
    made = _atom_class()(feed.title, feed.home, "", feed_url=feed.url, feed_guid=feed.id)
    for entry in feed.entries:
        made.add_item(
            entry.title,
            entry.link,
            # Which the library says is HTML.
            html.escape(entry.summary, quote=False) if entry.summary else None,
            author_name=entry.author or _UNKNOWN,
            pubdate=entry.published,
            updateddate=entry.updated,
            unique_id=entry.id,
            categories=entry.categories,
            content=entry.content or None,
            entry=entry,
        )
    return str(made.writeString("utf-8"))


@cache
def _atom_class() -> Any:
    # Imported by who makes an Atom feed alone: it takes 40 ms.
    from feedgenerator import Atom1Feed  # type: ignore[import-untyped]  # noqa: PLC0415

    class _Atom(Atom1Feed):  # type: ignore[misc]  # the library has no types
        def item_attributes(self, item: dict[str, Any]) -> dict[str, str]:
            return {"xml:lang": item["entry"].language} if item["entry"].language else {}

        def latest_post_date(self) -> datetime:
            # Of a feed without entries, the library has that it is of now: another one each time it is asked for.
            latest: datetime = super().latest_post_date() if self.items else _NEVER
            return latest

        def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
            super().add_item_elements(handler, item)
            entry: Entry = item["entry"]
            if entry.source:
                handler.addQuickElement("link", "", {"rel": "via", "href": entry.source})
            if entry.lead:
                picture = {"href": entry.lead.url, "type": entry.lead.media_type, "length": str(entry.lead.thumbnail.bytes)}
                handler.addQuickElement("link", "", {"rel": "enclosure", **picture})

    return _Atom


def json_feed(feed: "Feed") -> str:
    """A JSON Feed, version 1.1 (https://www.jsonfeed.org/version/1.1/)."""
    value = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.home,
        "feed_url": feed.url,
        "items": [_item(entry) for entry in feed.entries],
    }
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _item(entry: "Entry") -> dict[str, Any]:
    item: dict[str, Any] = {"id": entry.id, "url": entry.link, "title": entry.title, "date_modified": instant(entry.updated)}
    if entry.content:
        item |= {"content_html": entry.content, "summary": entry.summary}
    else:
        item["content_text"] = entry.summary
    if entry.published:
        item["date_published"] = instant(entry.published)
    if entry.source:
        item["external_url"] = entry.source
    if entry.author:
        item["authors"] = [{"name": entry.author}]
    if entry.categories:
        item["tags"] = list(entry.categories)
    if entry.language:
        item["language"] = entry.language
    if lead := entry.lead:
        item["image"] = lead.url
        item["attachments"] = [{"url": lead.url, "mime_type": lead.media_type, "size_in_bytes": lead.thumbnail.bytes}]
    return item


def opml(feeds: Iterable[tuple[str, str]], changed: str) -> str:
    """A list of Atom feeds (OPML 2.0, http://opml.org/spec2.opml).

    Args:
        feeds: each one's title, which XML can hold, and address.
        changed: the instant that the list is as of.
    """
    out, made = _document()
    made.startElement("opml", AttributesImpl({"version": "2.0"}))
    made.startElement("head", _NONE)
    _element(made, "title", "Postkeep: authors")
    _element(made, "docs", "http://opml.org/spec2.opml")
    made.endElement("head")
    made.startElement("body", _NONE)
    made.startElement("outline", AttributesImpl({"text": f"Postkeep, {changed}"}))
    for title, address in feeds:
        made.startElement(
            "outline", AttributesImpl({"type": "rss", "version": "ATOM1", "text": title, "title": title, "xmlUrl": address})
        )
        made.endElement("outline")
    for name in ("outline", "body", "opml"):
        made.endElement(name)
    return out.getvalue()


def sitemap(addresses: Iterable[str]) -> str:
    """A sitemap (https://www.sitemaps.org/protocol.html)."""
    return _sitemap("urlset", "url", addresses)


def sitemap_index(addresses: Iterable[str]) -> str:
    """A list of sitemaps."""
    return _sitemap("sitemapindex", "sitemap", addresses)


def _sitemap(outer: str, inner: str, addresses: Iterable[str]) -> str:
    out, made = _document()
    made.startElement(outer, AttributesImpl({"xmlns": _SITEMAPS}))
    for address in addresses:
        made.startElement(inner, _NONE)
        _element(made, "loc", address)
        made.endElement(inner)
    made.endElement(outer)
    return out.getvalue()


def _document() -> tuple[io.StringIO, XMLGenerator]:
    out = io.StringIO()
    made = XMLGenerator(out, encoding="utf-8", short_empty_elements=True)
    made.startDocument()
    return out, made


def _element(made: XMLGenerator, name: str, text: str) -> None:
    made.startElement(name, _NONE)
    made.characters(text)
    made.endElement(name)
