"""The use case: one picture of one post is fetched, made into thumbnails, and its outcome is recorded on its own item."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from make_thumbnail.resize import resize
from postkeep.errors import PictureRefused, PictureSkipped, PictureUnavailable, Superseded
from postkeep.messages import ThumbnailRequest
from postkeep.ports import ObjectStore, PictureStore
from postkeep.post import Picture, PictureStatus, Thumbnail

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
        archive: where the thumbnails go.
        fetch: gives the bytes behind an address, for a referer; raises PictureRefused or PictureUnavailable.
        now: the time of day, aware.
    """

    pictures: PictureStore
    archive: ObjectStore
    fetch: Callable[[str, str], bytes]
    now: Callable[[], datetime]

    def __call__(self, request: ThumbnailRequest) -> Picture:
        """Do what a request asks for.

        The thumbnails are written before the record that names them, and under names that follow from their bytes: dying
        between any two calls, or being called twice, leaves nothing that a further call does not set right.

        Args:
            request: which picture.

        Returns:
            the picture as recorded: DONE, FAILED for good, WAITING for its next try, or SKIPPED.

        Raises:
            Superseded: if the post has no such picture any more, or its thumbnails are there, or its next try is not due.
        """
        picture = self._pending(request)
        try:
            outcome = self._made(picture, self.fetch(request.address, request.referer))
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
        if picture.status is PictureStatus.DONE:
            raise Superseded(request.post_id, f"the picture {picture.id} has its thumbnails")
        # Messages come twice; without this, the second would use up an attempt while the host is still away.
        if picture.status is PictureStatus.WAITING and picture.next_try and picture.next_try > self.now():
            raise Superseded(request.post_id, f"the picture {picture.id} is not due before {picture.next_try.isoformat()}")
        return picture

    def _made(self, picture: Picture, content: bytes) -> Picture:
        resizing = resize(content)
        thumbnails = []
        for resized in resizing.thumbnails:
            address = hashlib.sha256(resized.webp).hexdigest()
            thumbnail = Thumbnail(address, resized.width, resized.height, len(resized.webp))
            self.archive.put(thumbnail.object_key, resized.webp, content_type="image/webp")
            thumbnails.append(thumbnail)
        return replace(
            picture,
            status=PictureStatus.DONE,
            reason="",
            detail="",
            thumbnails=tuple(thumbnails),
            width=resizing.width,
            height=resizing.height,
            next_try=None,
        )

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
