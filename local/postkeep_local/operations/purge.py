"""Taking a post down wholly: every version of its object, and everything that was made of it. There is no way back.

What remains is the tombstone, which holds the key: it is what tells readers that the post is gone, until DynamoDB drops it.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from postkeep.aws.dynamodb import DynamoPictures, DynamoPosts
from postkeep.aws.items import plain, thumbnail_of
from postkeep.aws.s3 import Bucket
from postkeep.errors import PostkeepError, Superseded
from postkeep.messages import ThumbnailRequest
from postkeep.ports import Queue, RecordChecker
from postkeep.post import THUMBNAILS, Picture, PictureStatus, Post, PostId, Status, is_post_key, post_id
from postkeep.thumbnails import made_key, original_key, source_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

_PAGE = 1000
"""Versions a request. Source: Amazon S3 API Reference, ListObjectVersions."""

_ROUNDS = 5
"""How often versions are listed and deleted, for a key that somebody writes meanwhile."""

_WAIT_SECONDS = 180.0
"""How long the tombstone is waited for: parse is invoked at once, and render's batch takes under a minute."""

_LOOK_SECONDS = 0.5


class NotFound(PostkeepError):
    """There is neither a record nor an object of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no post has the key or the id {name!r}")


class Unfinished(PostkeepError):
    """Not everything was taken down; purging the same post again goes on with it."""


@dataclass(frozen=True, slots=True)
class Remains:
    """What there is of a post.

    Attributes:
        key: the object's key.
        title: "" where it has none.
        status: the record's, or None where there is no record.
        versions: the object's, delete markers among them, by their ids.
        bytes: of all versions.
        pictures: their items.
    """

    key: str
    title: str
    status: Status | None
    versions: tuple[str, ...]
    bytes: int
    pictures: tuple[Picture, ...]

    @property
    def thumbnails(self) -> frozenset[str]:
        """The names of the pictures' thumbnails."""
        return frozenset(thumbnail.name for picture in self.pictures for thumbnail in picture.thumbnails)


@dataclass(frozen=True, slots=True)
class Purged:
    """What was taken down.

    Attributes:
        versions: how many versions and delete markers of the object.
        thumbnails: how many thumbnails; those that other posts' pictures use are kept.
        segments: how many objects of the search index held its text.
    """

    versions: int
    thumbnails: int
    segments: int


@dataclass(frozen=True, slots=True)
class Purge:
    """The use case and what it works on.

    Attributes:
        s3: a client.
        dynamodb: a client.
        posts: the posts bucket's name.
        archive: the archive bucket's name.
        table: the posts table's name.
        parse: checks records.
        thumbnails: the thumbnail queue.
        forget: takes a post out of all objects of the search index; gives how many had it.
        now: a clock in seconds.
        sleep: waits so many seconds.
    """

    s3: "S3Client"
    dynamodb: "DynamoDBClient"
    posts: str
    archive: str
    table: str
    parse: RecordChecker
    thumbnails: Queue
    forget: Callable[[PostId], int]
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def survey(self, name: str) -> Remains:
        """What there is of a post.

        Args:
            name: its key or its id.

        Raises:
            NotFound: if there is nothing.
        """
        post = self._record(post_id(name) if is_post_key(name) else name)
        if post is None and not is_post_key(name):
            raise NotFound(name)
        key = post.key if post else name
        versions = list(self._versions(key))
        if post is None and not versions:
            raise NotFound(name)
        pictures = DynamoPictures(self.table, self.dynamodb).of_post(post_id(key))
        return Remains(
            key=key,
            title=post.metadata.title if post else "",
            status=post.status if post else None,
            versions=tuple(entry["VersionId"] for entry in versions),
            bytes=sum(entry.get("Size", 0) for entry in versions),
            pictures=tuple(pictures),
        )

    def __call__(self, remains: Remains) -> Purged:
        """Take a post down.

        Versions go first, so that nothing can be made of them again; then parse checks the record, and render clears what it
        made; then thumbnails go that no other post's picture uses, and what the search index has of it.

        Raises:
            Unfinished: if somebody keeps writing the object, or the tombstone does not come.
            Conflict: if the search index was in too much of a hurry.
        """
        count = self._delete_versions(remains.key)
        self._bury(remains.key)
        return Purged(count, self._delete_thumbnails(remains), self.forget(post_id(remains.key)))

    def _record(self, identity: PostId) -> Post | None:
        return DynamoPosts(self.table, self.dynamodb).get(identity)

    def _versions(self, key: str) -> Iterator[Mapping[str, Any]]:
        """The versions of exactly this key and their delete markers, as S3 lists them.

        Listed are keys that begin with it, in order, so that its own versions come first.
        """
        for page in self.s3.get_paginator("list_object_versions").paginate(
            Bucket=self.posts, Prefix=key, PaginationConfig={"PageSize": _PAGE}
        ):
            entries: list[Any] = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            yield from (entry for entry in entries if entry["Key"] == key)
            if any(entry["Key"] != key for entry in entries):
                return

    def _delete_versions(self, key: str) -> int:
        count = 0
        for _ in range(_ROUNDS):
            # The current one last: without it the one before would be the post for a moment, and be made a text of.
            versions = sorted(self._versions(key), key=lambda entry: bool(entry["IsLatest"]))
            if not versions:
                return count
            for version in versions:
                # One by one: DeleteObjects takes keys as XML, which has no words for some that objects have.
                self.s3.delete_object(Bucket=self.posts, Key=key, VersionId=version["VersionId"])
            count += len(versions)
        raise Unfinished(f"{key}: somebody keeps writing it")

    def _bury(self, key: str) -> None:
        """Wait for the tombstone, and for everything that was made of the post to be gone."""
        self.parse.check([key])
        end = self.now() + _WAIT_SECONDS
        while (post := self._record(post_id(key))) and not (post.status is Status.DELETED and post.settled):
            if self.now() > end:
                raise Unfinished(f"{key}: its record is still {post.status} after {_WAIT_SECONDS:g} s; its versions are gone")
            self.sleep(_LOOK_SECONDS)

    def _delete_thumbnails(self, remains: Remains) -> int:
        """Delete the thumbnails that no picture uses, the originals that they were made of, and what tells of either.

        Thumbnails are named after their original, so other posts with the same picture share them, and no index knows which:
        all pictures are read for it, which an operator may and a request may not. A picture may come to use one between the
        reading and the deletion. Reading once more afterwards finds it, and its thumbnails are made again; that is dearer than
        an index only here, and an index would be paid for by every picture that is ever fetched.
        """
        names = remains.thumbnails
        if not names:
            return 0
        unused = names - {name for used, _, _ in self._users(names) for name in used}
        archive = Bucket(self.archive, self.s3)
        # First what says that they are there, so that nobody comes to rely on them.
        archive.delete(sorted({made_key(_folder(name)) for name in unused if "/" in name}))
        archive.delete(sorted(self._told_of(remains.pictures, unused)))
        archive.delete(f"{THUMBNAILS}{name}" for name in sorted(unused))
        for _, owner, picture in self._users(unused) if unused else ():
            self._make_again(owner, picture)
        return len(unused)

    def _told_of(self, pictures: Iterable[Picture], unused: AbstractSet[str]) -> Iterator[str]:
        """Where an original that is not used any more lies, and where it is told which addresses it came from."""
        for picture in pictures:
            if picture.original and any(thumbnail.name in unused for thumbnail in picture.thumbnails):
                yield original_key(picture.original.sha256)
                yield from map(source_key, (picture.address, *picture.fallbacks))

    def _users(self, names: AbstractSet[str]) -> Iterator[tuple[AbstractSet[str], PostId, str]]:
        """The pictures that use some of the thumbnails: which ones, the post's id, the picture's sort key."""
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=self.table,
            ConsistentRead=True,
            ProjectionExpression="pk, sk, thumbnails",
            FilterExpression="begins_with(pk, :pictures)",
            ExpressionAttributeValues={":pictures": {"S": "PICTURES#"}},
        )
        for page in pages:
            for item in page["Items"]:
                used = names & {thumbnail_of(thumbnail).name for thumbnail in plain(item).get("thumbnails", ())}
                if used:
                    yield used, item["pk"]["S"].removeprefix("PICTURES#"), item["sk"]["S"]

    def _make_again(self, owner: PostId, sort_key: str) -> None:
        pictures = DynamoPictures(self.table, self.dynamodb)
        edition, _, identity = sort_key.partition("#")
        picture, post = pictures.picture(owner, edition, identity), self._record(owner)
        if picture is None or post is None:
            return
        try:
            pictures.record(owner, replace(picture, status=PictureStatus.PENDING, thumbnails=(), original=None, next_try=None))
        except Superseded:
            return
        referer = post.metadata.source_url or ""
        self.thumbnails.send([ThumbnailRequest(owner, picture.id, picture.edition, picture.address, referer).encode()])


def _folder(name: str) -> str:
    return name[: name.index("/") + 1]
