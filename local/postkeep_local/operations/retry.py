"""Having pictures fetched again that failed, wait, or were never heard of."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import batched
from typing import TYPE_CHECKING

from postkeep.aws.due import DynamoDuePictures
from postkeep.aws.dynamodb import DynamoListings, DynamoPictures
from postkeep.aws.items import picture_of
from postkeep.errors import Superseded
from postkeep.ports import DuePicture, Queue
from postkeep.post import Picture, PictureStatus, Post, PostId
from retry_pictures.pacing import LONGEST_DELAY, Pacing, host_of
from retry_pictures.retrying import asked_for, request

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_BATCH = 100
"""Records a BatchGetItem. Source: Amazon DynamoDB API Reference."""

_PARTITION = "PICTURES#"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which pictures; all conditions hold together.

    Attributes:
        status: what became of them.
        reasons: any of these; none for any at all.
        host: of their addresses, in lower case; None for any.
        post: the post's id; None for any.
        limit: so many at most; None for all.
    """

    status: PictureStatus = PictureStatus.FAILED
    reasons: frozenset[str] = frozenset()
    host: str | None = None
    post: PostId | None = None
    limit: int | None = None

    def takes(self, picture: Picture, now: datetime) -> bool:
        """Whether it is one of them. One that was asked for, and whose time is not over, is not: its message is under way."""
        under_way = picture.status is PictureStatus.PENDING and picture.next_try is not None and picture.next_try > now
        return (
            picture.status is self.status
            and not under_way
            and (not self.reasons or picture.reason in self.reasons)
            and self.host in (None, host_of(picture.address))
        )


@dataclass(slots=True)
class Asked:
    """What came of some pictures.

    Attributes:
        sent: asked for; those of one host are asked for one after the other.
        later: whose host's turn is more than a quarter of an hour off: the scheduled sweep asks for them.
        passed_over: that changed meanwhile, or are in no text any more.
    """

    sent: int = 0
    later: int = 0
    passed_over: int = 0


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class PictureRetry:
    """The use case and what it works on.

    Attributes:
        dynamodb: a client.
        table: the posts table's name.
        thumbnails: the thumbnail queue.
        now: the clock (aware, UTC).
        pacing: the hosts' turns.
    """

    dynamodb: "DynamoDBClient"
    table: str
    thumbnails: Queue
    now: Callable[[], datetime] = _now
    pacing: Pacing = field(default_factory=Pacing)

    def survey(self, selection: Selection, *, told: Callable[[int, int], None]) -> list[DuePicture]:
        """The pictures that are selected.

        No index knows of the failed ones, which nobody but an operator looks for: the table is read from end to end, unless
        they are of one post.

        Args:
            selection: which.
            told: is told how many pictures were looked at, and how many are selected.
        """
        now, looked = self.now(), 0
        found: list[DuePicture] = []
        for page in self._pages(selection):
            looked += len(page)
            found += [due for due in page if selection.takes(due.picture, now)]
            told(looked, len(found))
            if selection.limit is not None and len(found) >= selection.limit:
                break
        return found[: selection.limit]

    def __call__(self, found: Sequence[DuePicture]) -> Iterator[Asked]:
        """Ask for pictures, up to a hundred at a time, as if none of them had been tried yet.

        A picture is marked first, with an instant at which the sweep asks for it if nothing was heard by then, and its message
        sent then: the other way round, an outcome that is quicker than the mark could be marked as not there. Whatever ends it,
        what was marked is sent, and what was not is as it was.
        """
        listings = DynamoListings(self.table, self.dynamodb)
        for some in batched(found, _BATCH, strict=False):
            posts = listings.posts([due.post_id for due in some])
            yield self._ask(some, posts)

    def _ask(self, some: Sequence[DuePicture], posts: Mapping[PostId, Post]) -> Asked:
        items = DynamoDuePictures(self.table, self.dynamodb)
        asked, requests, delays, now = Asked(), list[str](), list[int](), self.now()
        try:
            for due in some:
                picture, post = due.picture, posts.get(due.post_id)
                if post is None or post.edition != picture.edition:
                    asked.passed_over += 1
                    continue
                turn = self.pacing.turn(picture.address)
                later = turn > LONGEST_DELAY
                try:
                    items.revise(
                        due.post_id,
                        replace(picture, status=PictureStatus.WAITING, attempts=0, next_try=now + turn)
                        if later
                        else asked_for(picture, now + turn, 0),
                        replacing=picture,
                    )
                except Superseded:
                    asked.passed_over += 1
                    continue
                if later:
                    asked.later += 1
                else:
                    asked.sent += 1
                    requests.append(request(post, picture))
                    delays.append(int(turn.total_seconds()))
        finally:
            self.thumbnails.send(requests, delays=delays)
        return asked

    def _pages(self, selection: Selection) -> Iterator[list[DuePicture]]:
        if selection.post is not None:
            pictures = DynamoPictures(self.table, self.dynamodb).of_post(selection.post)
            yield [DuePicture(selection.post, picture) for picture in pictures]
            return
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=self.table,
            FilterExpression="begins_with(pk, :pictures) AND #status = :status",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":pictures": {"S": _PARTITION}, ":status": {"S": selection.status.value}},
        )
        for page in pages:
            yield [DuePicture(item["pk"]["S"].removeprefix(_PARTITION), picture_of(item)) for item in page["Items"]]


def groups(found: Sequence[DuePicture]) -> list[tuple[str, str, int]]:
    """How many pictures there are of each reason and host: the most first."""
    counted = Counter((due.picture.reason, host_of(due.picture.address)) for due in found)
    return [(reason, host, count) for (reason, host), count in sorted(counted.items(), key=lambda entry: (-entry[1], entry[0]))]
