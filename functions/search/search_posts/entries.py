"""What the index says of a post: made of its record and its text."""

from postkeep.listing import instant, source_host
from postkeep.post import Post
from search_posts.documents import Document
from search_posts.packing import Stamp, stamp


def stamp_of(post: Post) -> Stamp:
    """What a post's entry is made of, in short: its content, its text and when it was added.

    All that the entry says depends on these alone, since a text depends on its post's bytes and the rules' version.
    """
    return stamp(f"{post.edition} {post.saying} {instant(post.added)}")


def entry_of(post: Post, text: str) -> Document:
    """The entry of a post that has a text.

    Args:
        post: its record.
        text: the cleaned text, plain.
    """
    metadata, rendition = post.metadata, post.rendition
    return Document(
        post_id=post.id,
        title=metadata.title,
        text=text,
        author=metadata.author,
        tags=metadata.tags,
        categories=metadata.categories,
        site=source_host(metadata.source_url or "") or "",
        published=metadata.published,
        added=post.added,
        has_image=bool(rendition and rendition.pictures),
        language=rendition.language if rendition else "",
        archive=post.archive,
        source_url=metadata.source_url,
    )
