"""The use case: one picture of one post is fetched, made into thumbnails, and its outcome is recorded on its own item."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from postkeep.errors import PictureRefused, PictureSkipped, PictureUnavailable, Superseded
from postkeep.messages import ThumbnailRequest
from postkeep.ports import PictureStore
from postkeep.post import Picture, PictureStatus
from postkeep.thumbnails import Made

FIRST_WAIT = timedelta(minutes=15)
"""After the first failure: time enough for a restart or a burst to be over."""

WAIT_FACTOR = 4
"""Each wait is four times the one before: 15 min, 1 h, 4 h, 16 h, 64 h."""

MAX_ATTEMPTS = 6
"""So a host may be away for three and a half days, a long weekend, before its picture is given up."""

LONGEST_WAIT = timedelta(days=7)
"""However long a host asks us to wait."""

_MAX_DETAIL = 300
"""Characters kept of an error's sentence, which may quote what a stranger's server or file says."""


@dataclass(frozen=True, slots=True)
class Thumbnailing:
    """Makes one picture's thumbnails.

    Attributes:
        pictures: the pictures' items.
        make: sees that the thumbnails are there, see :class:`make_thumbnail.making.Making`.
        now: the time of day, aware.
    """

    pictures: PictureStore
    make: Callable[[Picture, str], Made]
    now: Callable[[], datetime]

    def __call__(self, request: ThumbnailRequest) -> Picture:
        """Do what a request asks for.

        The thumbnails are written before the record that names them, and under names that follow from their bytes: dying
        between any two calls, or being called twice, leaves nothing that a further call does not set right.

        Args:
            request: which picture.

        Returns:
            the picture as recorded: READY, FAILED for good, WAITING for its next try, or SKIPPED.

        Raises:
            Superseded: if the post has no such picture any more, or its thumbnails are there, or its next try is not due.
        """
        picture = self._pending(request)
        try:
            outcome = _ready(picture, self.make(picture, request.referer))
        except PictureRefused as refused:
            outcome = _failed(picture, refused.reason, refused.detail)
        except PictureUnavailable as unavailable:
            outcome = self._put_off(picture, unavailable)
        except PictureSkipped as skipped:
            outcome = replace(
                picture, status=PictureStatus.SKIPPED, reason="fetching-off", detail=_sentence(str(skipped)), next_try=None
            )
        self.pictures.record(request.post_id, outcome)
        return outcome

    def _pending(self, request: ThumbnailRequest) -> Picture:
        picture = self.pictures.picture(request.post_id, request.edition, request.picture_id)
        if picture is None:
            raise Superseded(request.post_id, f"the picture {request.picture_id} is gone")
        if picture.status is PictureStatus.READY:
            raise Superseded(request.post_id, f"the picture {picture.id} has its thumbnails")
        # Messages come twice; without this, the second would use up an attempt while the host is still away.
        if picture.status is PictureStatus.WAITING and picture.next_try and picture.next_try > self.now():
            raise Superseded(request.post_id, f"the picture {picture.id} is not due before {picture.next_try.isoformat()}")
        return picture

    def _put_off(self, picture: Picture, unavailable: PictureUnavailable) -> Picture:
        attempts = picture.attempts + 1
        if attempts >= MAX_ATTEMPTS:
            return _failed(picture, "gave-up", f"{attempts} attempts; the last: {unavailable}")
        return replace(
            picture,
            status=PictureStatus.WAITING,
            reason=unavailable.reason,
            detail=_sentence(unavailable.detail),
            attempts=attempts,
            next_try=self.now() + wait(attempts, unavailable.retry_after),
        )


def _ready(picture: Picture, made: Made) -> Picture:
    return replace(
        picture,
        status=PictureStatus.READY,
        reason="",
        detail="",
        thumbnails=made.thumbnails,
        width=made.width,
        height=made.height,
        next_try=None,
        original=made.original,
    )


def wait(attempts: int, retry_after: timedelta | None = None) -> timedelta:
    """How long to wait before the next try.

    Jitter would be idle: the sweep that sends the messages runs at its own times, and the queue bounds how many run at once.

    Args:
        attempts: made so far, at least 1.
        retry_after: what the host asked for.
    """
    step: timedelta = FIRST_WAIT * WAIT_FACTOR ** (min(attempts, MAX_ATTEMPTS) - 1)
    return min(max(step, retry_after or timedelta(0)), LONGEST_WAIT)


def _failed(picture: Picture, reason: str, detail: str) -> Picture:
    return replace(
        picture,
        status=PictureStatus.FAILED,
        reason=reason,
        detail=_sentence(detail),
        attempts=picture.attempts + 1,
        next_try=None,
    )


def _sentence(detail: str) -> str:
    """Text that any store takes: bounded, without lone surrogates and control characters."""
    text = detail.encode("utf-8", "replace").decode("utf-8")
    return "".join(character if character.isprintable() else " " for character in text[:_MAX_DETAIL])
