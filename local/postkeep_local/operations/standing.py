"""How a post stands now, out of its record and its pictures' items."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from postkeep.aws.dynamodb import DynamoListings
from postkeep.post import Post, PostId
from postkeep_local.operations.archive import Archive

MOST = 100
"""Posts at once: a BatchGetItem's keys. Source: Amazon DynamoDB API Reference."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a post stands.

    Attributes:
        post: its record.
        pictures: how many pictures of its text there are, by status.
        next_try: when the first of those that wait is asked for again (UTC); None where none waits.
    """

    post: Post
    pictures: Mapping[str, int]
    next_try: datetime | None


def standing(archive: Archive, post_ids: Iterable[PostId]) -> dict[PostId, Standing]:
    """How posts stand; those without a record are left out.

    Args:
        archive: whose.
        post_ids: up to :data:`MOST`.
    """
    listings = DynamoListings(archive.posts_table, archive.client("dynamodb"))
    found = {}
    for post_id, post in listings.posts(list(dict.fromkeys(post_ids))).items():
        pictures = [picture for picture in listings.pictures(post_id) if picture.edition == post.edition]
        counted = Counter(picture.status.value for picture in pictures)
        tries = [picture.next_try for picture in pictures if picture.next_try]
        found[post_id] = Standing(post, dict(counted.most_common()), min(tries, default=None))
    return found
