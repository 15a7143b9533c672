"""The use case of feeds: posts → the entries of a feed, within the bounds of an answer. ``docs/feeds.md`` describes them.

A feed is a listing's first page, and costs what that costs. With content it reads one object more for each of :data:`CONTENTS`
entries: the text.
"""

import html
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote, urlencode

from postkeep.characters import excerpt, in_xml
from postkeep.errors import ObjectMissing, ObjectTooLarge
from postkeep.listing import MAX_VALUES
from postkeep.observability import logger
from postkeep.ports import ObjectStore
from postkeep.post import Picture, PictureStatus, Post, PostId, Rendition, Status, Thumbnail, digest
from postkeep.renditions import RenditionObject
from query_posts.fragments import beginning

ENTRIES = 50
"""Posts of a feed: readers ask every hour or so, and an archive's largest day had 105 posts."""

CONTENTS = 20
"""Entries with content, at most: each costs a GetObject, one after the other."""

_METADATA = 350_000
"""Bytes of all entries without their content. 50 real ones have 50,000 to 60,000."""

_CONTENT = 600_000
"""Bytes of all contents: with the rest the answer stays under a megabyte."""

_LONGEST = 100_000
"""Bytes of one content; of a longer one the beginning is shown. One real post in a hundred has more than 56,000."""

_LARGEST_TEXT = 4 * 1024 * 1024
"""Bytes of a rendition that is read for a feed. One of 100,000 bytes of HTML has half a megabyte."""

_TITLE = 300
"""Characters. Real titles have 150 at most."""

_ADDRESS = "/#%[]=:;$&()+,!?*@'~"
"""Characters of an address that stay as they are, but for letters and digits: RFC 3987, section 3.1."""

_FRAME = 700
"""Bytes of an entry's own markup, its times and ids."""


@dataclass(frozen=True, slots=True)
class Lead:
    """The first picture of a post: one of its thumbnails, and where it is."""

    url: str
    thumbnail: Thumbnail

    @property
    def media_type(self) -> str:
        """Of the file."""
        return f"image/{self.thumbnail.format}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A post in a feed; no text of it holds what XML cannot.

    Attributes:
        id: a URN of the post's id: it stays, whatever the API's address.
        link: where the post is to be read in the archive.
        source: the article's own address in ASCII, or None.
        title: never empty.
        author: "" where none is known.
        published: aware, or None.
        updated: aware.
        summary: plain text.
        language: a BCP 47 tag; "" where none is known.
        categories: tags and categories.
        content: safe HTML; "" for none.
        lead: the first picture, where there are thumbnails of it.
    """

    id: str
    link: str
    source: str | None
    title: str
    author: str
    published: datetime | None
    updated: datetime
    summary: str
    language: str
    categories: tuple[str, ...]
    content: str = ""
    lead: Lead | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed.

    Attributes:
        id: a URN of what it was asked for with, but for the form.
        title: what it is a feed of.
        url: its own address.
        home: the address of the listing.
        entries: newest first.
    """

    id: str
    title: str
    url: str
    home: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a feed is, and of what.

    Attributes:
        base: the API's address.
        path: of the feed.
        asked: what decides about its posts, by the parameters' names.
        more: its other parameters.
    """

    base: str
    path: str
    asked: Mapping[str, str]
    more: Mapping[str, str]


def feed_of(posts: Sequence[Post], leads: Mapping[PostId, Picture], place: Place) -> Feed:
    """A feed without content.

    Args:
        posts: in the order of the listing.
        leads: their first pictures.
        place: where it is.
    """
    said = ", ".join(f"{name} {value}" for name, value in place.asked.items())
    return Feed(
        id=f"urn:postkeep:feed:{digest(json.dumps(sorted(place.asked.items())))}",
        title=in_xml(f"Postkeep: {said}" if said else "Postkeep"),
        url=address(place.base, place.path, {**place.asked, **place.more}),
        home=address(place.base, "/posts", place.asked),
        entries=tuple(_within(entry_of(post, leads.get(post.id), place.base) for post in posts)),
    )


def address(base: str, path: str, query: Mapping[str, str]) -> str:
    """An address of the API, percent-encoded."""
    encoded = urlencode({name: value.encode("utf-8", "replace") for name, value in query.items()}, quote_via=quote)
    return f"{base}{path}" + (f"?{encoded}" if encoded else "")


def reading_address(base: str, post_id: str) -> str:
    """Where a post is to be read in the archive."""
    return f"{base}/posts/{post_id}/text?format=html"


def entry_of(post: Post, lead: Picture | None, base: str) -> Entry:
    """A post as an entry without content; a rejected one says why."""
    meta = post.metadata
    readable = post.status not in {Status.REJECTED, Status.DELETED}
    summary = in_xml(post.summary or post.detail)
    name = post.key.rpartition("/")[2]
    return Entry(
        id=f"urn:postkeep:post:{post.id}",
        link=reading_address(base, post.id) if readable else f"{base}/posts/{post.id}",
        source=quote(in_xml(meta.source_url), safe=_ADDRESS) if meta.source_url else None,
        title=excerpt(in_xml(meta.title or summary or name), _TITLE) or post.id,
        author=in_xml(meta.author),
        published=meta.published,
        updated=post.changed,
        summary=summary,
        language=_language(post.rendition),
        lead=_lead(lead, base),
        categories=tuple(dict.fromkeys(map(in_xml, meta.tags[:MAX_VALUES] + meta.categories[:MAX_VALUES]))),
    )


def _lead(picture: Picture | None, base: str) -> Lead | None:
    """Of its thumbnails the JPEG, which every reader shows, else the smallest."""
    if picture is None or picture.status is not PictureStatus.READY or not picture.thumbnails:
        return None
    chosen = next((thumbnail for thumbnail in picture.thumbnails if thumbnail.format == "jpeg"), picture.thumbnails[0])
    return Lead(f"{base}/thumbnails/{chosen.name}", chosen)


def _language(rendition: Rendition | None) -> str:
    return rendition.language if rendition and rendition.language != "und" else ""


def _within(entries: Iterator[Entry]) -> Iterator[Entry]:
    """As many entries as there is room for; titles and tags are strangers' and may be as long as theirs are let be."""
    room = _METADATA
    for entry in entries:
        texts = (entry.link, entry.source or "", entry.title, entry.author, entry.summary, *entry.categories)
        room -= _FRAME + sum(map(cost, texts)) + 40 * len(entry.categories)
        if room < 0:
            return
        yield entry


def cost(text: str) -> int:
    """Bytes that a text takes in a feed of either kind, at most."""
    return len(json.dumps(html.escape(text), ensure_ascii=False).encode("utf-8", "replace"))


@dataclass(frozen=True, slots=True)
class Contents:
    """What reads the content of entries.

    Attributes:
        archive: the archive bucket.
    """

    archive: ObjectStore

    def __call__(self, feed: Feed, posts: Sequence[Post]) -> Feed:
        """The feed with the content of its newest entries, as far as there is room and they have any.

        Args:
            feed: without content.
            posts: those that it was made of.
        """
        room = _CONTENT
        entries = list(feed.entries)
        for n, post in enumerate(posts[: min(CONTENTS, len(entries))]):
            rendition = self._rendition(post)
            if rendition is None:
                continue
            content = _content(in_xml(rendition.html), entries[n], min(room, _LONGEST))
            room -= cost(content)
            entries[n] = replace(entries[n], content=content)
        return replace(feed, entries=tuple(entries))

    def _rendition(self, post: Post) -> RenditionObject | None:
        if post.rendition is None or post.status is not Status.READY:
            return None
        try:
            return RenditionObject.decode(self.archive.get(post.rendition.key, limit=_LARGEST_TEXT).body)
        except ObjectMissing:
            logger.warning("rendition missing", post_id=post.id, rendition=post.rendition.key)
        except ObjectTooLarge as large:
            logger.info("rendition too large for a feed", post_id=post.id, size=large.size)
        return None


def _content(whole: str, entry: Entry, room: int) -> str:
    if cost(whole) <= room:
        return whole
    more = f'\n<p><a href="{html.escape(entry.link)}">…</a></p>'
    begun = beginning(whole, room - cost(more), cost)
    return begun + more if begun else ""
