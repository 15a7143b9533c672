"""The use case: pictures that wait, and are due, are asked for again."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from postkeep.errors import Superseded
from postkeep.messages import ThumbnailRequest
from postkeep.ports import DuePicture, DuePictures, Listings, Queue
from postkeep.post import Picture, PictureStatus, Post, PostId
from retry_pictures.pacing import LONGEST_DELAY, Pacing

MOST = 500
"""Pictures that a run looks at: seconds of its time, and what the default four fetches get through in a few minutes."""

MAX_ATTEMPTS = 6
"""As :data:`make_thumbnail.thumbnailing.MAX_ATTEMPTS`; a test holds the two together."""

FIRST_SILENCE = timedelta(hours=6)
"""How long an outcome is waited for, the first time: a message that fails is a dead letter after 45 minutes, but one may stand
behind many others."""

LONGEST_SILENCE = timedelta(days=4)
"""After which SQS drops a message of the thumbnail queue (``MessageRetentionPeriod``)."""

PUT_OFF = timedelta(hours=6)
"""For a picture that is in no text, or not in the one that its post's record names: render has arranged it and not settled the
post yet, or has not deleted it yet."""

_PAGE = 100
"""Items a BatchGetItem. Source: Amazon DynamoDB API Reference."""


def _nobody(_due: DuePicture, _outcome: str) -> None:
    """Is told nothing."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a run did.

    Attributes:
        sent: pictures that were asked for.
        silent: those of them of which nothing had been heard since they were asked for before.
        put_off: pictures that are looked at again later: in the turn of their host, or when render is done.
        given_up: pictures of which nothing was ever heard.
        waiting: pictures that have a next try, before the run.
    """

    sent: int = 0
    silent: int = 0
    put_off: int = 0
    given_up: int = 0
    waiting: int = 0


@dataclass(slots=True)
class _Plan:
    """What is to become of one page of pictures, and how many there are of each kind."""

    requests: list[str] = field(default_factory=list)
    delays: list[int] = field(default_factory=list)
    revisions: list[tuple[DuePicture, Picture, str]] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Retrying:
    """The use case and what it works on.

    Attributes:
        due: the pictures' items.
        posts: the posts' records.
        thumbnails: the thumbnail queue.
        fetch_pictures: whether pictures are asked for at all.
        now: the clock (aware, UTC).
        told: is told of each picture what becomes of it, by the names of :class:`Swept`'s fields; for the logs.
    """

    due: DuePictures
    posts: Listings
    thumbnails: Queue
    fetch_pictures: bool
    now: Callable[[], datetime]
    told: Callable[[DuePicture, str], None] = _nobody

    def __call__(self) -> Swept:
        """Ask for the pictures that are due, up to :data:`MOST`.

        A picture is asked for first and marked then: dying in between repeats a message, which does no harm, while the other
        order would lose one. The mark is written on condition that the picture is as it was read, since its outcome may have
        been recorded meanwhile. It carries a next try of its own: if nothing is heard by then (the message is a dead letter, or
        was dropped), the picture is asked for again, and that counts as an attempt.

        Raises:
            SendFailed: if the queue did not take all messages of a page; the next run repeats it.
        """
        tally, now, pacing = Counter(waiting=self.due.number()), self.now(), Pacing()
        after: str | None = ""
        looked = 0
        while self.fetch_pictures and after is not None and looked < MOST:
            stretch = self.due.due(until=now, after=after, limit=_PAGE)
            plan = self._plan(stretch.pictures, pacing, now)
            self.thumbnails.send(plan.requests, delays=plan.delays)
            for due, picture, kind in plan.revisions:
                self._revise(due, picture)
                self.told(due, kind)
            tally.update(plan.tally)
            after, looked = stretch.after, looked + _PAGE
        return Swept(**tally)

    def _plan(self, page: Sequence[DuePicture], pacing: Pacing, now: datetime) -> _Plan:
        plan = _Plan()
        posts: Mapping[PostId, Post] = self.posts.posts([due.post_id for due in page]) if page else {}
        for due in page:
            picture, post = due.picture, posts.get(due.post_id)
            silent = picture.status is PictureStatus.PENDING
            attempts = picture.attempts + silent
            if post is None or post.edition != picture.edition:
                kind, revised = "put_off", replace(picture, next_try=now + PUT_OFF)
            elif attempts >= MAX_ATTEMPTS:
                kind, revised = "given_up", _given_up(picture)
            elif (turn := pacing.turn(picture.address)) > LONGEST_DELAY:
                kind, revised = "put_off", replace(picture, next_try=now + turn)
            else:
                plan.requests.append(request(post, picture))
                plan.delays.append(int(turn.total_seconds()))
                plan.tally["silent"] += silent
                kind, revised = "sent", asked_for(picture, now + turn, attempts)
            plan.tally[kind] += 1
            plan.revisions.append((due, revised, kind))
        return plan

    def _revise(self, due: DuePicture, picture: Picture) -> None:
        try:
            self.due.revise(due.post_id, picture, replacing=due.picture)
        except Superseded:
            return  # its outcome was recorded, or it was deleted: that is later than what this run knows


def request(post: Post, picture: Picture) -> str:
    """The message that asks for a picture of a post's text."""
    return ThumbnailRequest(post.id, picture.id, picture.edition, picture.address, post.metadata.source_url or "").encode()


def asked_for(picture: Picture, moment: datetime, attempts: int) -> Picture:
    """A picture as it is marked when it is asked for.

    Args:
        picture: as it was.
        moment: when its message may be received (UTC).
        attempts: made so far.
    """
    return replace(picture, status=PictureStatus.PENDING, attempts=attempts, next_try=moment + silence(attempts))


def silence(attempts: int) -> timedelta:
    """How long an outcome is waited for before a picture is asked for again: twice as long after each attempt.

    What is never heard of leaves six dead letters at most, within two weeks.

    Args:
        attempts: made so far, from 0.
    """
    step: timedelta = FIRST_SILENCE * 2 ** min(attempts, MAX_ATTEMPTS)
    return min(step, LONGEST_SILENCE)


def _given_up(picture: Picture) -> Picture:
    return replace(
        picture,
        status=PictureStatus.FAILED,
        reason="gave-up",
        detail=f"{MAX_ATTEMPTS} attempts; nothing was heard of the last one",
        attempts=MAX_ATTEMPTS,
        next_try=None,
    )
