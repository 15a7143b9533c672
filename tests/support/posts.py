"""Posts for tests."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from postkeep.post import Metadata, Post, Revision, Status, pad_sequencer

EPOCH = datetime(2021, 6, 29, 1, 39, 2, 123000, tzinfo=UTC)

METADATA = Metadata(
    title="雨前茶",
    author="陆羽",
    published=EPOCH,
    date_source="front-matter",
    source_url="https://www.tea.example/posts/1",
    tags=("茶", "山"),
    categories=("随笔",),
    extra={"comments": "true"},
)


def revision(number: int) -> Revision:
    """The revision that event ``number`` leads to."""
    return Revision(pad_sequencer(f"{number:X}"), f"v{number}", f"e{number}")


def a_post(key: str = "tea/_posts/2021-06-29-雨.md", event: int = 1, **changes: Any) -> Post:
    """A post of the first generation, recorded by event ``event``."""
    post = Post(
        key=key,
        status=Status.PENDING,
        revision=revision(event),
        generation=1,
        added=EPOCH,
        changed=EPOCH,
        metadata=METADATA,
        size=10,
        content_hash="ab" * 32,
        saying="as it was",
    )
    return replace(post, **changes)


def next_of(post: Post, event: int, **changes: Any) -> Post:
    """The record that follows with other content."""
    return replace(
        post,
        generation=post.generation + 1,
        revision=revision(event),
        content_hash=f"{event:064x}",
        saying=f"as of {event}",
        **changes,
    )


def dated(days: int) -> Metadata:
    """The metadata of a post published so many days after the epoch."""
    return replace(METADATA, published=EPOCH + timedelta(days=days))
