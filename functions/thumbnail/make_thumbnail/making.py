"""From a picture's addresses to thumbnails that are there: each address asked once, each original made once."""

import base64
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from make_thumbnail.answer import Fetched
from make_thumbnail.isolation import resize
from make_thumbnail.resizing import Resized
from postkeep.errors import ObjectMissing, ObjectTooLarge, PictureRefused, PictureSkipped, PictureUnavailable
from postkeep.ports import ObjectStore
from postkeep.post import Original, Picture, Thumbnail
from postkeep.thumbnails import MAX_FILE, MAX_OBJECT, Made, Source, folder, made_key, original_key, source_key

MAX_STAGED = 20 * 1024 * 1024
"""Bytes of a picture out of the posts bucket: as many as of one from elsewhere."""

_ENOUGH_SECONDS = 25.0
"""After which no other address is tried: one more fetch (20 s) and the decoding (45 s) still fit into the function's 90 s."""

_WEB = ("http://", "https://")
_JSON = "application/json"

type _Failure = PictureRefused | PictureUnavailable | PictureSkipped


@dataclass(frozen=True, slots=True)
class Making:
    """Makes thumbnails, or finds them made.

    Attributes:
        archive: where they go.
        fetch: gives what is behind an address, for a referer; raises PictureRefused, PictureUnavailable or PictureSkipped.
        now: the time of day, aware.
        avif: whether AVIF is made as well.
        keep_originals: whether originals are kept.
        clock: monotonic seconds.
    """

    archive: ObjectStore
    fetch: Callable[[str, str], Fetched]
    now: Callable[[], datetime]
    avif: bool = False
    keep_originals: bool = False
    clock: Callable[[], float] = time.monotonic

    def __call__(self, picture: Picture, referer: str) -> Made:
        """See that a picture's thumbnails are there.

        Its copy out of the posts bucket comes first, then its address, then the others in turn, until one gives a picture.

        Args:
            picture: which.
            referer: the article's address; "" where unknown.

        Returns:
            what was made, and of what; the original is told with the fetch that it was found by.

        Raises:
            PictureUnavailable: if none gives a picture now, and one may later.
            PictureRefused: if none ever will; the reason is the first one's.
            PictureSkipped: if none was asked.
        """
        failures: list[_Failure] = []
        begin = self.clock()
        for way in self._ways(picture, referer):
            if failures and self.clock() - begin > _ENOUGH_SECONDS:
                break
            try:
                return way()
            except (PictureRefused, PictureUnavailable, PictureSkipped) as failure:
                failures.append(failure)
        for kind in (PictureUnavailable, PictureRefused, PictureSkipped):
            if found := next((failure for failure in failures if isinstance(failure, kind)), None):
                raise found
        raise PictureRefused("no-such-object", f"the archive has no {picture.address[:200]!r}, and it has no other address")

    def _ways(self, picture: Picture, referer: str) -> Iterator[Callable[[], Made]]:
        if picture.staged:
            yield lambda: self._of_staged(picture.staged)
        for address in (picture.address, *picture.fallbacks):
            if address.startswith(_WEB):
                yield lambda address=address: self._at(address, referer)  # type: ignore[misc]  # bound at once

    def _of_staged(self, key: str) -> Made:
        try:
            content = self.archive.get(key, limit=MAX_STAGED).body
        except ObjectMissing:
            raise PictureRefused("no-such-object", f"{key} is gone") from None
        except ObjectTooLarge as error:
            raise PictureRefused("too-large", f"{error.size:,} bytes; the limit is {error.limit:,}") from None
        return self._of(Fetched(content, "", ""), self.now())

    def _at(self, address: str, referer: str) -> Made:
        key = source_key(address)
        known = self._read(key)
        if known and (made := self._made((source := Source.decode(known)).original)):
            return _found_at(made, source)
        fetched = self.fetch(address, referer)
        now = self.now()
        made = self._of(fetched, now)
        source = Source(
            address=address, original=made.original.sha256, fetched=now, final=fetched.address, media_type=fetched.media_type
        )
        self.archive.put(key, source.encode(), content_type=_JSON)
        return _found_at(made, source)

    def _of(self, fetched: Fetched, now: datetime) -> Made:
        identity = sha256(fetched.content).hexdigest()
        if made := self._made(identity):
            return made
        resizing = resize(fetched.content, avif=self.avif)
        place = folder(identity)
        thumbnails = tuple(self._put(place, resized) for resized in resizing.thumbnails if len(resized.content) <= MAX_FILE)
        if not thumbnails:
            raise PictureRefused("too-large", f"each of its thumbnails has more than {MAX_FILE:,} bytes")
        if self.keep_originals:
            self.archive.put(original_key(identity), fetched.content, content_type=f"image/{resizing.kind}", immutable=True)
        made = Made(
            original=Original(
                sha256=identity,
                bytes=len(fetched.content),
                kind=resizing.kind,
                fetched=now,
                address=fetched.address,
                media_type=fetched.media_type,
                animated=resizing.animated,
                partial=resizing.partial,
                placeholder=base64.b64encode(resizing.thumbhash).decode("ascii"),
                colour=resizing.colour,
            ),
            width=resizing.width,
            height=resizing.height,
            thumbnails=thumbnails,
        )
        # Last: where this is, the files are.
        self.archive.put(made_key(place), made.encode(), content_type=_JSON)
        return made

    def _put(self, place: str, resized: Resized) -> Thumbnail:
        thumbnail = Thumbnail(
            f"{place}{resized.width}.{resized.format.value}", resized.width, resized.height, len(resized.content)
        )
        self.archive.put(thumbnail.object_key, resized.content, content_type=resized.format.media_type, immutable=True)
        return thumbnail

    def _made(self, original: str) -> Made | None:
        body = self._read(made_key(folder(original)))
        made = Made.decode(body) if body else None
        if made is None or (self.avif and not any(thumbnail.format == "avif" for thumbnail in made.thumbnails)):
            return None
        return made

    def _read(self, key: str) -> bytes | None:
        try:
            return self.archive.get(key, limit=MAX_OBJECT).body
        except ObjectMissing:
            return None


def _found_at(made: Made, source: Source) -> Made:
    original = replace(made.original, fetched=source.fetched, address=source.final, media_type=source.media_type)
    return replace(made, original=original)
