"""What feeds and sitemaps must be, by their specifications."""

import re
from datetime import datetime
from typing import Any, Literal
from xml.etree import ElementTree as ET

import feedparser  # type: ignore[import-untyped]
from pydantic import BaseModel, ConfigDict, Field

_ATOM = "{http://www.w3.org/2005/Atom}"
_ADDRESS = r"^https?://[!-~]+$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Author(_Strict):
    name: str = Field(min_length=1)


class _Attachment(_Strict):
    url: str = Field(pattern=_ADDRESS)
    mime_type: str = Field(pattern="^image/(jpeg|webp|avif)$")
    size_in_bytes: int = Field(gt=0)


class _Item(_Strict):
    id: str = Field(pattern="^urn:postkeep:post:[a-z2-7]{26}$")
    url: str = Field(pattern=_ADDRESS)
    external_url: str | None = None
    title: str = Field(min_length=1)
    content_html: str | None = None
    content_text: str | None = None
    summary: str | None = None
    image: str | None = None
    date_published: str | None = None
    date_modified: str
    authors: list[_Author] | None = None
    tags: list[str] | None = None
    language: str | None = None
    attachments: list[_Attachment] | None = None


class _JsonFeed(_Strict):
    version: Literal["https://jsonfeed.org/version/1.1"]
    title: str
    home_page_url: str = Field(pattern=_ADDRESS)
    feed_url: str = Field(pattern=_ADDRESS)
    items: list[_Item]


def check_json_feed(text: str) -> dict[str, Any]:
    """Hold a JSON Feed to version 1.1's requirements, and give it.

    Source: https://www.jsonfeed.org/version/1.1/.
    """
    feed = _JsonFeed.model_validate_json(text)
    for item in feed.items:
        assert (item.content_html is None) != (item.content_text is None)
        assert datetime.fromisoformat(item.date_modified).tzinfo
        assert item.date_published is None or datetime.fromisoformat(item.date_published).tzinfo
    assert len({item.id for item in feed.items}) == len(feed.items)
    return feed.model_dump(exclude_none=True)


def check_atom(text: str) -> Any:
    """Hold an Atom feed to RFC 4287's requirements, and give it as feedparser reads it."""
    root = ET.fromstring(text)  # noqa: S314  (our own)
    assert root.tag == f"{_ATOM}feed"
    entries = root.findall(f"{_ATOM}entry")
    for element, once in (
        (root, ("id", "title", "updated")),
        *((entry, ("id", "title", "updated", "author")) for entry in entries),
    ):
        for name in once:
            (found,) = element.findall(f"{_ATOM}{name}")
            assert name == "author" or (found.text or "").strip()
    for entry in entries:
        assert entry.find(f"{_ATOM}author/{_ATOM}name").text  # type: ignore[union-attr]
        links = entry.findall(f"{_ATOM}link")
        assert [link.get("rel") for link in links].count("alternate") == 1
        assert all(re.fullmatch(_ADDRESS, link.get("href", "")) for link in links)
        for name in ("published", "updated"):
            for moment in entry.findall(f"{_ATOM}{name}"):
                assert datetime.fromisoformat(moment.text or "").tzinfo
        kinds = {child.tag.removeprefix(_ATOM): child.get("type") for child in entry}
        assert kinds.get("summary", "html") == kinds.get("content", "html") == "html"
    ids = [entry.findtext(f"{_ATOM}id") for entry in entries]
    assert len(set(ids)) == len(ids)
    parsed = feedparser.parse(text.encode())
    assert not parsed.bozo, parsed.get("bozo_exception")
    assert parsed.version == "atom10"
    assert len(parsed.entries) == len(entries)
    return parsed


def sitemap_addresses(text: str, kind: str) -> list[str]:
    """The addresses of a sitemap (``url``) or an index of them (``sitemap``), held to the protocol."""
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    root = ET.fromstring(text)  # noqa: S314  (our own)
    assert root.tag == space + {"url": "urlset", "sitemap": "sitemapindex"}[kind]
    assert len(root) <= 50_000
    assert len(text.encode()) < 50 * 1024 * 1024
    found = []
    for entry in root:
        assert entry.tag == space + kind
        (loc,) = entry
        assert loc.tag == f"{space}loc"
        assert loc.text
        assert len(loc.text) < 2048
        assert re.fullmatch(_ADDRESS, loc.text)
        found.append(loc.text)
    return found


def listed_feeds(text: str) -> dict[str, str]:
    """The feeds of a list of them, addresses by title, held to OPML 2.0."""
    root = ET.fromstring(text)  # noqa: S314  (our own)
    assert (root.tag, root.get("version")) == ("opml", "2.0")
    assert [child.tag for child in root] == ["head", "body"]
    outlines = root.findall("body/outline/outline")
    assert {outline.get("type") for outline in outlines} <= {"rss"}
    assert all(outline.get("text") for outline in root.iter("outline"))
    return {outline.get("text") or "": outline.get("xmlUrl") or "" for outline in outlines}
