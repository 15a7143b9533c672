"""Real posts as search knows them, where they are at hand: cleaned as render cleans them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from postkeep.errors import PostRejected
from postkeep.frontmatter import parse
from postkeep.listing import source_host
from postkeep.post import post_id
from render_post.rendition import render
from search_posts.documents import Document
from support.corpus import CORPUS, bulk_posts

_DIGITS = "abcdefghijklmnopqrstuvwxyz234567"
"""RFC 4648's base 32, as in a post's id."""


def bulk_documents(limit: int | None = None, corpus: Path = CORPUS) -> Iterator[Document]:
    """The posts for load as render and parse have them; none where they are not at hand.

    Args:
        limit: about so many, evenly spaced over the archive; None for all.
        corpus: the folder.
    """
    yield from documents(bulk_posts(limit, corpus))


def documents(posts: Iterable[tuple[str, bytes]]) -> Iterator[Document]:
    """Posts by key as search knows them; those that are rejected are left out."""
    for key, body in posts:
        try:
            post = parse(body, key)
            rendered = render(post.body, post.metadata, key)
        except PostRejected:
            continue
        metadata = post.metadata
        yield Document(
            post_id=post_id(key),
            title=metadata.title,
            text=rendered.text,
            author=metadata.author,
            tags=metadata.tags,
            categories=metadata.categories,
            site=source_host(metadata.source_url or ""),
            published=metadata.published,
            added=datetime(2026, 1, 1, tzinfo=UTC),
            has_image=bool(rendered.pictures),
            language="",
            archive=key.partition("/")[0],
            source_url=metadata.source_url,
        )


def copies(documents: Sequence[Document], count: int) -> Iterator[Document]:
    """So many documents, each the same text as one of those given, on another day."""
    for number in range(count):
        document = documents[number % len(documents)]
        turn = number // len(documents)
        published = document.published and document.published - timedelta(days=turn, seconds=turn)
        digits = "".join(_DIGITS[turn >> shift & 31] for shift in (15, 10, 5, 0))
        yield replace(document, post_id=f"{digits}{document.post_id[4:]}", published=published)
