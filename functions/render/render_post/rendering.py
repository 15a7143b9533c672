"""The use case of render: make what is derived from a post agree with its record.

Every step may be repeated and may be the last one: the rendition is written under a name of its own generation, the
pictures are arranged on condition that the generation is still the current one, and so is the record's pointer to the
rendition. What a dead handler leaves behind is found by the message's next delivery.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from postkeep.errors import ObjectMissing, Superseded
from postkeep.messages import RenderRequest, ThumbnailRequest
from postkeep.ports import Filed, ObjectStore, PictureStore, PostStore, Queue, Rendered
from postkeep.post import Picture, PictureStatus, Post, PostId, Rendition, Status, picture_id
from postkeep.postfile import split
from render_post.language import language_of
from render_post.length import measure
from render_post.rendition import RULES, PictureReference, RenderedText, encode, render

_MAX_PICTURES = 500
"""Pictures of one post. Real posts have up to 102; the rest of more are named in the rendition and not fetched."""


class Outcome(StrEnum):
    """What became of a request."""

    RENDERED = "rendered"
    RESUMED = "resumed"
    CLEARED = "cleared"


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
        rules: the version of the cleaning.
    """

    posts: PostStore
    pictures: PictureStore
    objects: ObjectStore
    archive: ObjectStore
    thumbnails: Queue
    max_bytes: int
    fetch_pictures: bool
    now: Callable[[], datetime]
    rules: int = RULES

    def __call__(self, request: RenderRequest) -> Outcome:
        """Render the post, or clear what is derived from it where it is deleted or rejected.

        Raises:
            Superseded: if there is no record, or it is of another generation than the request, or became one meanwhile.
            Conflict: if another writer of the same items was in the way.
            ObjectMissing: if the version that the record names is gone while the record still names it.
        """
        filed = self.posts.filed(request.post_id)
        if filed is None or filed.post.generation != request.generation:
            # A delivery of this request that died may have left its rendition behind, to which nobody will ever point.
            self.archive.delete([rendition_key(request.post_id, request.generation, self.rules)])
            known = f"the record has {filed.post.generation}" if filed else "there is no record"
            raise Superseded(request.post_id, f"asked for generation {request.generation}, {known}")
        if filed.post.status in {Status.DELETED, Status.REJECTED}:
            self._arrange(filed.post, ())
            self.archive.delete(filed.post.leftovers)
            self.posts.settle(filed, None, changed=self.now())
            return Outcome.CLEARED
        made_by = filed.post.rendition.rules if filed.post.rendition else 0
        if made_by > self.rules or (made_by == self.rules and not request.force):
            return self._resume(filed.post)
        self._render(filed)
        return Outcome.RENDERED

    def _resume(self, post: Post) -> Outcome:
        """The text is there, by these rules or later ones: what can be left to do is what comes after its being recorded."""
        self._request(post, [p for p in self.pictures.of_post(post.id) if p.status is PictureStatus.PENDING])
        self.archive.delete(post.leftovers)
        return Outcome.RESUMED

    def _render(self, filed: Filed) -> None:
        post = filed.post
        rendered = render(self._body(post), post.metadata, post.key)
        key = rendition_key(post.id, post.generation, self.rules)
        self.archive.put(key, encode(post.id, post.generation, self.rules, rendered), content_type="application/json")
        before = post.rendition.key if post.rendition else key
        try:
            waiting = self._arrange(post, rendered.pictures[:_MAX_PICTURES])
            self.archive.delete(post.leftovers)
            rendition = _described(key, self.rules, rendered, post.metadata.title)
            replaced = () if before == key else (before,)
            self.posts.settle(filed, Rendered(rendition, rendered.summary, replaced), changed=self.now())
        except Superseded:
            # Generations only grow, so nobody will ever point to this one's rendition.
            self.archive.delete([key])
            raise
        self._request(post, waiting)
        self.archive.delete(replaced)

    def _body(self, post: Post) -> str:
        try:
            found = self.objects.get(post.key, limit=self.max_bytes, version_id=post.revision.version_id or None)
        except ObjectMissing:
            current = self.posts.get(post.id)
            if current is None or current.generation != post.generation:
                raise Superseded(post.id, "the object changed meanwhile") from None
            if current.revision == post.revision:
                raise
            # The same content was put again, and the version that was read of is gone.
            return self._body(current)
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


def _described(key: str, rules: int, rendered: RenderedText, title: str) -> Rendition:
    length = measure(rendered.text)
    return Rendition(
        key=key,
        rules=rules,
        characters=length.characters,
        pictures=len(rendered.pictures),
        language=language_of(rendered.text, title),
        words=length.words,
        reading_seconds=length.reading_seconds,
    )


def prefix(post_id: PostId) -> str:
    """Where a post's renditions lie in the archive bucket."""
    return f"renditions/{post_id}/"


def rendition_key(post_id: PostId, generation: int, rules: int = RULES) -> str:
    """The rendition's own name: generations never share one, so that no late handler can overwrite or delete another's."""
    return f"{prefix(post_id)}{generation:08d}-{rules}.json"
