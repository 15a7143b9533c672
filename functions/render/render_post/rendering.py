"""The use case of render: make what is derived from a post agree with its record.

Every step may be repeated and may be the last one: the rendition is written under a name of its own generation, the
pictures are arranged on condition that the generation is still the current one, and so is the record's pointer to the
rendition. What a dead handler leaves behind is found by the message's next delivery.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from postkeep.errors import ObjectMissing, Superseded
from postkeep.messages import RenderRequest, ThumbnailRequest
from postkeep.ports import Filed, ObjectStore, PictureStore, PostStore, Queue, Rendered
from postkeep.post import Edition, Metadata, Picture, PictureStatus, Post, PostId, Rendition, Status, edition, picture_id
from postkeep.postfile import split
from render_post.language import language_of
from render_post.length import measure
from render_post.rendition import VERSIONS, PictureReference, RenderedText, encode, render, rules_number
from render_post.rulebook import RuleBook, shipped

_MAX_PICTURES = 500
"""Pictures of one post. Real posts have up to 102; the rest of more are named in the rendition and not fetched."""


_SWEPT = 8
"""Versions of the published rules before the present one whose texts are swept away where a dead delivery left them: those that
may have been in force between a delivery and the next one of the same message, which are 12 minutes apart."""

_FIRST = 2
"""The version of the cleaning at which rules could first be published."""


class Outcome(StrEnum):
    """What became of a request."""

    RENDERED = "rendered"
    RESUMED = "resumed"
    CLEARED = "cleared"


def only_shipped(_least: int) -> RuleBook:
    """The rules of an archive in which none were published."""
    return shipped()


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
        rules: gives the rules that hold now, of this published version or a later one, where there is one.
        render: the cleaning: body, metadata, key and rules → text.
    """

    posts: PostStore
    pictures: PictureStore
    objects: ObjectStore
    archive: ObjectStore
    thumbnails: Queue
    max_bytes: int
    fetch_pictures: bool
    now: Callable[[], datetime]
    rules: Callable[[int], RuleBook] = only_shipped
    render: Callable[[str, Metadata, str, RuleBook], RenderedText] = render

    def __call__(self, request: RenderRequest) -> Outcome:
        """Render the post, or clear what is derived from it where it is deleted or rejected.

        Raises:
            Superseded: if there is no record, or it is of another generation than the request, or became one meanwhile.
            Conflict: if another writer of the same items was in the way.
            ObjectMissing: if the version that the record names is gone while the record still names it.
            Exception: whatever kept the rules from being read.
        """
        filed = self.posts.filed(request.post_id)
        if filed is None or filed.post.generation != request.generation:
            self._withdraw(request.post_id, request.generation)
            known = f"the record has {filed.post.generation}" if filed else "there is no record"
            raise Superseded(request.post_id, f"asked for generation {request.generation}, {known}")
        if filed.post.status in {Status.DELETED, Status.REJECTED}:
            self._remove(filed.post.id, "", edition(filed.post.generation + 1, 0))
            self.archive.delete(filed.post.leftovers)
            self.posts.settle(filed, None, changed=self.now())
            return Outcome.CLEARED
        # Once a delivery: a text and its edition must be of the same rules, whatever is published meanwhile.
        book = self.rules(request.rules)
        mine = rules_number(book)
        made_by = filed.post.rendition.rules if filed.post.rendition else 0
        if made_by > mine or (made_by == mine and not request.force):
            return self._resume(filed.post, made_by)
        self._render(filed, book)
        return Outcome.RENDERED

    def _resume(self, post: Post, made_by: int) -> Outcome:
        """The text is there, by these rules or later ones: what can be left to do is what comes after its being recorded."""
        pictures = self.pictures.of_post(post.id)
        self._request(post, [picture for picture in pictures if picture.edition == post.edition])
        self.pictures.arrange(post.id, add=(), remove=[picture for picture in pictures if picture.edition < post.edition])
        self.archive.delete([*post.leftovers, *_earlier(post, made_by)])
        return Outcome.RESUMED

    def _render(self, filed: Filed, book: RuleBook) -> None:
        post, rules = filed.post, rules_number(book)
        mine = edition(post.generation, rules)
        key = rendition_key(post.id, mine)
        before = post.rendition.key if post.rendition else key
        replaced = () if before == key else (before,)
        try:
            rendered = self.render(self._body(post), post.metadata, post.key, book)
            self.archive.put(key, encode(post.id, post.generation, rules, rendered), content_type="application/json")
            pictures = self._arrange(post.id, mine, rendered.pictures[:_MAX_PICTURES])
            self.archive.delete(post.leftovers)
            rendition = _described(key, rules, rendered, post.metadata.title)
            self.posts.settle(filed, Rendered(rendition, rendered.summary, replaced), changed=self.now())
        except Superseded:
            # Nobody will ever point to this edition; an earlier delivery that died may have written it.
            self.archive.delete([key])
            self._remove(post.id, mine, edition(post.generation, rules + 1))
            raise
        self._request(post, pictures)
        self.archive.delete([*replaced, *_earlier(post, rules)])

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

    def _arrange(self, post_id: PostId, mine: Edition, references: tuple[PictureReference, ...]) -> list[Picture]:
        """Make the pictures of this edition those of the text, and delete those of earlier ones; gives the former.

        What is known of a picture from an earlier edition is taken over. It may be told of its outcome only after this: then it
        is fetched once more.
        """
        status = PictureStatus.PENDING if self.fetch_pictures else PictureStatus.SKIPPED
        there = [picture for picture in self.pictures.of_post(post_id) if picture.edition <= mine]
        known = {picture.id: picture for picture in there}
        wanted = {}
        for reference in references:
            identity = picture_id(reference.address)
            picture = known.get(identity) or Picture(id=identity, address=reference.address, status=status)
            wanted[identity] = replace(picture, edition=mine)
        add = [picture for picture in wanted.values() if known.get(picture.id) != picture]
        self.pictures.arrange(post_id, add=add, remove=[p for p in there if wanted.get(p.id) != p])
        return list(wanted.values())

    def _request(self, post: Post, pictures: list[Picture]) -> None:
        referer = post.metadata.source_url or ""
        untried = [picture for picture in pictures if picture.status is PictureStatus.PENDING]
        self.thumbnails.send([ThumbnailRequest(post.id, p.id, p.edition, p.address, referer).encode() for p in untried])

    def _withdraw(self, post_id: PostId, generation: int) -> None:
        """Remove what a generation that is over may have left: a delivery of its request may have died, with whatever rules.

        Generations only grow, so nobody will ever point to it again. It is rare enough for a listing of the bucket.
        """
        begin, end = edition(generation, 0), edition(generation + 1, 0)
        left = [
            key
            for key in self.archive.keys(prefix(post_id))
            if rendition_key(post_id, begin) <= key < rendition_key(post_id, end)
        ]
        self.archive.delete(left)
        self._remove(post_id, begin, end)

    def _remove(self, post_id: PostId, begin: Edition, end: Edition) -> None:
        """Delete the pictures of some editions: the end is not among them."""
        found = self.pictures.of_post(post_id)
        self.pictures.arrange(post_id, add=(), remove=[picture for picture in found if begin <= picture.edition < end])


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


def _earlier(post: Post, rules: int) -> list[str]:
    """Where earlier rules may have put a text of the same generation while later ones came into force, dead or overtaken.

    Readers see the text that the record names and no other, so that what is left out here costs its storage and nothing else.
    It takes a message that waited in the dead-letter queue while more versions were published than are swept, or one whose later
    delivery met an instance that did not know of the newest rules yet; reconcile finds such a text within a day (a «stray»).
    """
    cleaning, version = divmod(rules, VERSIONS)
    begin = max(0, version - _SWEPT)
    numbers = [cleaning * VERSIONS + earlier for earlier in range(begin, version)]
    if cleaning > _FIRST:
        numbers += [(cleaning - 1) * VERSIONS + earlier for earlier in range(begin, version + 1)]
    return [rendition_key(post.id, edition(post.generation, number)) for number in numbers]


def prefix(post_id: PostId) -> str:
    """Where a post's renditions lie in the archive bucket."""
    return f"renditions/{post_id}/"


def rendition_key(post_id: PostId, edition: Edition) -> str:
    """Where the rendition of one edition of a post lies."""
    return f"{prefix(post_id)}{edition}.json"
