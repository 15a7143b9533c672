"""Real posts as search knows them, where they are at hand: cleaned as render cleans them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from postkeep.errors import PostRejected
from postkeep.frontmatter import parse
from postkeep.listing import source_host
from postkeep.post import post_id
from render_post.rendition import render
from search_posts.documents import Document
from support.corpus import CORPUS, bulk_posts


def bulk_documents(limit: int | None = None, corpus: Path = CORPUS) -> Iterator[Document]:
    """The posts for load as render and parse have them; none where they are not at hand.

    Args:
        limit: about so many, evenly spaced over the archive; None for all.
        corpus: the folder.
    """
    for key, body in bulk_posts(limit, corpus):
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
