"""An archive put into the emulator without going through the functions: records, objects, pictures that wait, a search index."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import batched, count, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from postkeep.aws.items import picture_item
from postkeep.aws.s3 import Bucket
from postkeep.post import Picture, PictureStatus, Post, Revision, edition, picture_id
from sam.services import ARCHIVE, POSTS, TABLE, Services
from search_posts.documents import Document
from search_posts.engines import Tantivy
from search_posts.manifest import month
from search_posts.packing import Marks, stamp
from search_posts.store import IndexStore
from support.documents import copies
from unit.query.test_page_costs import RULES, a_record, items_of

_BODY = b"---\ntitle: t\n---\n"
_ITEMS = 25
"""A BatchWriteItem's. Source: Amazon DynamoDB API Reference."""

SEGMENT_CHARACTERS = 4_500_000
"""Of the texts of a segment that is nearly as large as they get (see search_posts.merging.FULL): four of them make the largest
merge there is."""


def records(services: Services, number: int) -> Iterator[Post]:
    """Records like the real ones, of objects that are there, each with its rendition."""
    for n in islice((n for n in count() if n % 97), number):  # every 97th has no text yet
        post = a_record(n)
        answer = services.s3.put_object(Bucket=POSTS, Key=post.key, Body=_BODY)
        key = f"renditions/{post.id}/{edition(1, RULES)}.json"
        services.s3.put_object(Bucket=ARCHIVE, Key=key, Body=b"{}")
        revision = Revision(post.revision.sequencer, answer.get("VersionId", ""), answer["ETag"].strip('"'))
        rendition = post.rendition and replace(post.rendition, key=key)
        yield replace(post, revision=revision, size=len(_BODY), rendition=rendition)


def fill(services: Services, number: int) -> None:
    """Put so many posts into the buckets and the table, as if everything had been done."""
    for items in batched((item for post in records(services, number) for item in items_of(post)), _ITEMS, strict=False):
        requests = [{"PutRequest": {"Item": item}} for item in items]
        services.dynamodb.batch_write_item(RequestItems={TABLE: requests})  # type: ignore[dict-item] # typed by items_of


def due_pictures(services: Services, number: int) -> None:
    """Have so many pictures wait for a next try that is due, of posts that :func:`fill` made, each of a host of its own."""
    past = datetime.now(UTC) - timedelta(hours=1)
    for n in islice((n for n in count() if n % 97), number):
        post, address = a_record(n), f"https://host{n}.example/a.jpg"
        picture = Picture(
            id=picture_id(address),
            address=address,
            edition=post.edition,
            status=PictureStatus.WAITING,
            reason="busy",
            attempts=1,
            next_try=past,
        )
        services.dynamodb.put_item(TableName=TABLE, Item=picture_item(post.id, picture))


def pieces(documents: Sequence[Document], number: int) -> Iterator[list[Document]]:
    """Documents for so many segments of :data:`SEGMENT_CHARACTERS`, as copies on other days where there are too few."""
    endless = copies(documents, 10_000_000)
    for _ in range(number):
        piece: list[Document] = []
        characters = 0
        while characters < SEGMENT_CHARACTERS:
            piece.append(next(endless))
            characters += len(piece[-1].text) + len(piece[-1].title)
        yield piece


def segments(services: Services, documents: Sequence[Document], number: int = 4) -> int:
    """Put segments into the search index that are to be merged when it is next looked after; gives the posts in them."""
    names, posts = count(), 0
    store = IndexStore(Bucket(ARCHIVE, services.s3), lambda: f"{next(names):032x}")
    for piece in pieces(documents, number):
        posts += len(piece)
        with TemporaryDirectory() as folder:
            built = Path(folder) / "built"
            Tantivy().build(piece, built)
            standing = store.standing()
            marks = Marks.of({document.post_id: stamp(document.text) for document in piece})
            segment = store.add(built, marks, {month(document.published) for document in piece})
            store.swap(standing.manifest.following([*standing.manifest.segments, segment], datetime.now(UTC)), standing)
    return posts


def repeated(posts: Iterable[tuple[str, bytes]], number: int) -> list[tuple[str, bytes]]:
    """So many posts, those given over and over under other keys where they are too few."""
    known = list(posts)
    turns = ((turn, post) for turn in count() for post in known)
    return [(key if not turn else f"copy{turn}/{key}", body) for turn, (key, body) in islice(turns, number)]
