"""The use case of render: make what is derived from a post agree with its record.

Every step may be repeated and may be the last one: the rendition is written under a name of its own generation, the
pictures are arranged on condition that the generation is still the current one, and so is the record's pointer to the
rendition. What a dead handler leaves behind is found by the message's next delivery.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from postkeep.errors import ObjectMissing, ObjectTooLarge, Superseded
from postkeep.messages import IndexRequest, RenderRequest, ThumbnailRequest
from postkeep.ports import Filed, ObjectStore, PictureStore, PostStore, Queue, Rendered
from postkeep.post import (
    Edition,
    Metadata,
    Picture,
    PictureId,
    PictureStatus,
    Post,
    PostId,
    Rendition,
    Status,
    edition,
    picture_id,
)
from postkeep.postfile import split
from postkeep.thumbnails import STAGED
from render_post.language import language_of
from render_post.length import measure
from render_post.rendition import VERSIONS, PictureReference, RenderedText, encode, render, rules_number
from render_post.rulebook import RuleBook, shipped

_MAX_PICTURES = 500
"""Pictures of one post. Real posts have up to 102; the rest of more are named in the rendition and not fetched."""


_MAX_OWN = 20 * 1024 * 1024
"""Bytes of a picture out of the posts bucket, as of one from elsewhere."""

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


def _nobody(_post: Post) -> None:
    """Is told nothing."""


def only_shipped(_least: int) -> RuleBook:
    """The rules of an archive in which none were published."""
    return shipped()


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A picture of the text: ``staged`` is the key of its copy, ``sha256`` of the copy's bytes, "" where there is none."""

    reference: PictureReference
    staged: str
    sha256: str


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
        index: the queue of the search index, which is told of each post that was settled.
        rules: gives the rules that hold now, of this published version or a later one, where there is one.
        render: the cleaning: body, metadata, key and rules → text.
        told: is told the record that was found, for the logs.
    """

    posts: PostStore
    pictures: PictureStore
    objects: ObjectStore
    archive: ObjectStore
    thumbnails: Queue
    max_bytes: int
    fetch_pictures: bool
    now: Callable[[], datetime]
    index: Queue
    rules: Callable[[int], RuleBook] = only_shipped
    render: Callable[[str, Metadata, str, RuleBook], RenderedText] = render
    told: Callable[[Post], None] = _nobody

    def __call__(self, request: RenderRequest) -> Outcome:
        """Render the post, or clear what is derived from it where it is deleted or rejected.

        Raises:
            Superseded: if there is no record, or it is of another generation than the request, or became one meanwhile.
            Conflict: if another writer of the same items was in the way.
            ObjectMissing: if the version that the record names is gone while the record still names it.
            Exception: whatever kept the rules from being read.
        """
        filed = self.posts.filed(request.post_id)
        if filed:
            self.told(filed.post)
        if filed is None or filed.post.generation != request.generation:
            self._withdraw(request.post_id, request.generation)
            known = f"the record has {filed.post.generation}" if filed else "there is no record"
            raise Superseded(request.post_id, f"asked for generation {request.generation}, {known}")
        if filed.post.status in {Status.DELETED, Status.REJECTED}:
            self._remove(filed.post.id, "", edition(filed.post.generation + 1, 0))
            self.archive.delete(filed.post.leftovers)
            self.posts.settle(filed, None, changed=self.now())
            self._tell(filed.post)
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
        self._tell(post)
        earlier = [picture for picture in pictures if picture.edition < post.edition]
        self.pictures.arrange(post.id, add=(), remove=earlier)
        staged = [picture.staged for picture in earlier if picture.staged]
        self.archive.delete([*post.leftovers, *staged, *_earlier(post, made_by)])
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
            pictures = self._arrange(post.id, mine, self._staged(post.id, mine, rendered.pictures[:_MAX_PICTURES]))
            self.archive.delete(post.leftovers)
            rendition = _described(key, rules, rendered, post.metadata.title)
            self.posts.settle(filed, Rendered(rendition, rendered.summary, replaced), changed=self.now())
        except Superseded:
            # Nobody will ever point to this edition; an earlier delivery that died may have written it.
            self.archive.delete([key, *self.archive.keys(f"{_staged_prefix(post.id)}{mine}/")])
            self._remove(post.id, mine, edition(post.generation, rules + 1))
            raise
        self._request(post, pictures)
        self._tell(post)
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

    def _staged(self, post_id: PostId, mine: Edition, references: Sequence[PictureReference]) -> list[_Wanted]:
        """Copy the pictures that the posts bucket has into the archive, where the thumbnail function may read them.

        The copy is the edition's own, like all that is derived: no late handler can take another edition's away.
        """
        wanted = []
        for reference in references:
            content = self._own(reference.own)
            key = ""
            if content is not None:
                key = f"{_staged_prefix(post_id)}{mine}/{picture_id(reference.address)}"
                self.archive.put(key, content, content_type="application/octet-stream")
            wanted.append(_Wanted(reference, key, sha256(content).hexdigest() if content is not None else ""))
        return wanted

    def _own(self, keys: Iterable[str]) -> bytes | None:
        for key in keys:
            try:
                return self.objects.get(key, limit=_MAX_OWN).body
            except (ObjectMissing, ObjectTooLarge):
                continue
        return None

    def _arrange(self, post_id: PostId, mine: Edition, wanted: Iterable[_Wanted]) -> list[Picture]:
        """Make the pictures of this edition those of the text, and delete those of earlier ones; gives the former.

        What is known of a picture from an earlier edition is taken over. It may be told of its outcome only after this: then it
        is fetched once more.
        """
        there = [picture for picture in self.pictures.of_post(post_id) if picture.edition <= mine]
        known = {picture.id: picture for picture in there}
        pictures = {picture.id: picture for picture in (self._picture(one, known, mine) for one in wanted)}
        add = [picture for picture in pictures.values() if known.get(picture.id) != picture]
        remove = [picture for picture in there if pictures.get(picture.id) != picture]
        self.pictures.arrange(post_id, add=add, remove=remove)
        self.archive.delete([picture.staged for picture in remove if picture.staged and picture.edition < mine])
        return list(pictures.values())

    def _picture(self, one: _Wanted, known: Mapping[PictureId, Picture], mine: Edition) -> Picture:
        address = one.reference.address
        identity = picture_id(address)
        found = known.get(identity)
        if found is None or _is_another(found, one):
            asked = self.fetch_pictures or one.staged
            status = PictureStatus.PENDING if asked else PictureStatus.SKIPPED
            found = Picture(id=identity, address=address, status=status)
        return replace(found, edition=mine, fallbacks=one.reference.fallbacks, staged=one.staged)

    def _request(self, post: Post, pictures: list[Picture]) -> None:
        referer = post.metadata.source_url or ""
        untried = [picture for picture in pictures if picture.status is PictureStatus.PENDING]
        self.thumbnails.send([ThumbnailRequest(post.id, p.id, p.edition, p.address, referer).encode() for p in untried])

    def _tell(self, post: Post) -> None:
        """After settling, and again whenever the request comes again: a message that a crash swallowed is made up for."""
        self.index.send([IndexRequest(post.id).encode()])

    def _withdraw(self, post_id: PostId, generation: int) -> None:
        """Remove what a generation that is over may have left: a delivery of its request may have died, with whatever rules.

        Generations only grow, so nobody will ever point to it again. It is rare enough for a listing of the bucket.
        """
        begin, end = edition(generation, 0), edition(generation + 1, 0)
        left = [
            key
            for place in (prefix(post_id), _staged_prefix(post_id))
            for key in self.archive.keys(place)
            if place + begin <= key < place + end
        ]
        self.archive.delete(left)
        self._remove(post_id, begin, end)

    def _remove(self, post_id: PostId, begin: Edition, end: Edition) -> None:
        """Delete the pictures of some editions: the end is not among them."""
        found = [picture for picture in self.pictures.of_post(post_id) if begin <= picture.edition < end]
        self.pictures.arrange(post_id, add=(), remove=found)
        self.archive.delete([picture.staged for picture in found if picture.staged])


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
        lead=picture_id(rendered.pictures[0].address) if rendered.pictures else "",
    )


def _is_another(picture: Picture, wanted: _Wanted) -> bool:
    """Whether what is known of a picture is of another file: the posts bucket has a new one, or has one now, or none any more."""
    made_of = picture.original.sha256 if picture.original and not picture.original.address else ""
    return bool(picture.staged) != bool(wanted.staged) or (bool(wanted.staged) and made_of != wanted.sha256)


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


def _staged_prefix(post_id: PostId) -> str:
    return f"{STAGED}{post_id}/"


def rendition_key(post_id: PostId, edition: Edition) -> str:
    """Where the rendition of one edition of a post lies."""
    return f"{prefix(post_id)}{edition}.json"
