"""The use case of render: make what is derived from a post agree with its record.

Every step may be repeated and may be the last one: the rendition is written under a name of its own generation, the
pictures are arranged on condition that the generation is still the current one, and so is the record's pointer to the
rendition. What a dead handler leaves behind is found by the message's next delivery.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from postkeep.errors import ObjectMissing, PostkeepError, Superseded
from postkeep.messages import RenderRequest, ThumbnailRequest
from postkeep.ports import ObjectStore, PictureStore, PostStore, Queue
from postkeep.post import Picture, PictureStatus, Post, PostId, Rendition, Status, picture_id
from postkeep.postfile import split
from render_post.rendition import RULES, PictureReference, encode, render

_MAX_PICTURES = 500
"""Pictures of one post. Real posts have up to 102; the rest of more are named in the rendition and not fetched."""


class Outcome(StrEnum):
    """What became of a request."""

    RENDERED = "rendered"
    CLEARED = "cleared"


class RecordMissing(PostkeepError):
    """A request names a post that has no record: it is tried again, and then waits in the dead-letter queue."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """The use case and what it works on.

    Attributes:
        posts: the records.
        pictures: the pictures' items.
        objects: the posts bucket.
        archive: the archive bucket.
        thumbnails: the thumbnail queue.
        max_bytes: as parse's limit.
        fetch_pictures: whether pictures are asked for at all.
        now: the clock (aware, UTC).
    """

    posts: PostStore
    pictures: PictureStore
    objects: ObjectStore
    archive: ObjectStore
    thumbnails: Queue
    max_bytes: int
    fetch_pictures: bool
    now: Callable[[], datetime]

    def __call__(self, request: RenderRequest) -> Outcome:
        """Render the post, or clear what is derived from it where it is deleted or rejected.

        Raises:
            Superseded: if the record is of another generation than the request, or became one meanwhile.
            Conflict: if another writer of the same pictures was in the way.
            RecordMissing: if there is no record.
            ObjectMissing: if the version that the record names is gone while the record still names it.
        """
        post = self.posts.get(request.post_id)
        if post is None:
            raise RecordMissing(request.post_id)
        if post.generation != request.generation:
            # A delivery of this request that died may have left its rendition behind.
            self._sweep(post.id, request.generation, keep=None)
            raise Superseded(post.id, f"asked for generation {request.generation}, the record has {post.generation}")
        if post.status in {Status.DELETED, Status.REJECTED}:
            self._arrange(post, ())
            self._sweep(post.id, post.generation, keep=None)
            return Outcome.CLEARED
        self._render(post)
        return Outcome.RENDERED

    def _render(self, post: Post) -> None:
        rendered = render(self._body(post), post.metadata, post.key)
        key = rendition_key(post)
        self.archive.put(key, encode(post.id, post.generation, rendered), content_type="application/json")
        try:
            waiting = self._arrange(post, rendered.pictures[:_MAX_PICTURES])
            rendition = Rendition(key, RULES, len(rendered.text), len(rendered.pictures))
            if (post.status, post.rendition, post.summary) != (Status.READY, rendition, rendered.summary):
                self.posts.finish(post, rendition, summary=rendered.summary, changed=self.now())
        except Superseded:
            # Generations only grow, so nobody will ever point to this one's rendition.
            self.archive.delete([key])
            raise
        self._request(post, waiting)
        self._sweep(post.id, post.generation, keep=key)

    def _body(self, post: Post) -> str:
        try:
            found = self.objects.get(post.key, limit=self.max_bytes, version_id=post.revision.version_id or None)
        except ObjectMissing:
            current = self.posts.get(post.id)
            if current is None or current.generation != post.generation:
                raise Superseded(post.id, "the object changed meanwhile") from None
            raise
        return split(found.body).body

    def _arrange(self, post: Post, references: tuple[PictureReference, ...]) -> list[Picture]:
        """Make the pictures' items those of the text, and give the ones that are still to be fetched."""
        there = {picture.id: picture for picture in self.pictures.of_post(post.id)}
        status = PictureStatus.PENDING if self.fetch_pictures else PictureStatus.SKIPPED
        wanted = {p.id: p for p in (Picture(id=picture_id(r.address), address=r.address, status=status) for r in references)}
        add = [picture for picture in wanted.values() if picture.id not in there]
        self.pictures.arrange(post, add=add, remove=there.keys() - wanted.keys())
        return [p for p in (there.get(i, picture) for i, picture in wanted.items()) if p.status is PictureStatus.PENDING]

    def _request(self, post: Post, pictures: list[Picture]) -> None:
        referer = post.metadata.source_url or ""
        self.thumbnails.send([ThumbnailRequest(post.id, p.id, p.address, referer).encode() for p in pictures])

    def _sweep(self, post_id: PostId, generation: int, keep: str | None) -> None:
        """Delete the renditions up to a generation; a later one's, written meanwhile, stays."""
        folder = prefix(post_id)
        last = f"{folder}{generation + 1:08d}-"
        self.archive.delete([key for key in self.archive.keys(folder) if key < last and key != keep])


def prefix(post_id: PostId) -> str:
    """Where a post's renditions lie in the archive bucket."""
    return f"renditions/{post_id}/"


def rendition_key(post: Post) -> str:
    """The rendition's own name: generations never share one, so that no late handler can overwrite or delete another's."""
    return f"{prefix(post.id)}{post.generation:08d}-{RULES}.json"
