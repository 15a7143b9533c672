"""Whether an archive is what its posts bucket says that it must be: each check compares, and says what is otherwise."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.soak_pictures import outcome
from bench.soak_truth import Clean, Held, essence, lasting, told, wording

from postkeep.counts import KINDS, Totals, contribution
from postkeep.post import Picture, Post, Status
from postkeep.renditions import RenditionObject

_SHOWN = 300
"""Characters of a difference that are told."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as it must be.

    Attributes:
        kind: ``lost``, ``stale`` (of an earlier state of the post), ``wrong``, ``left`` (what nothing names) or ``twice``.
        where: which part of the archive.
        key: of the post, or of what it is about.
        detail: a few words.
    """

    kind: str
    where: str
    key: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.kind} in {self.where}: {self.key!r} {self.detail}".rstrip()


def _differing(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    names = [name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)]
    return "; ".join(f"{name}: {found.get(name)!r:.80} for {wanted.get(name)!r:.80}" for name in sorted(names))[:_SHOWN]


def bucket(planned: Mapping[str, bytes | None], held: Mapping[str, Held]) -> Iterator[Difference]:
    """Hold the posts bucket against what was put: it is the truth for all others only then."""
    for key, content in planned.items():
        there = held.get(key)
        if there is None or there.content != content:
            yield Difference("wrong", "the posts bucket", key, "it does not hold what was put last")
    for key in held.keys() - planned.keys():
        yield Difference("wrong", "the posts bucket", key, "nobody put it")


def records(wanted: Mapping[str, Clean], held: Mapping[str, Held], found: Mapping[str, Post]) -> Iterator[Difference]:
    """Hold the records against the clean ones: all that they say."""
    for key, clean in wanted.items():
        post = found.get(key)
        if post is None:
            yield Difference("lost", "the table", key, "there is no record")
            continue
        said, must = essence(post), essence(clean.post)
        # The clean run's versions are its own.
        if said | {"revision": ""} != must | {"revision": ""}:
            kind = "stale" if post.content_hash != clean.post.content_hash else "wrong"
            yield Difference(kind, "the table", key, _differing(must, said))
        elif (there := held.get(key)) and there.content is not None and post.revision.version_id != there.version:
            yield Difference("stale", "the table", key, f"of version {post.revision.version_id}, not {there.version}")
    for key in found.keys() - wanted.keys():
        yield Difference("left", "the table", key, "a record of nothing")


def rows(wanted: Mapping[str, Clean], found: Mapping[str, Mapping[str, Any]]) -> Iterator[Difference]:
    """Hold the rows beside the records against the clean ones.

    Args:
        wanted: by key.
        found: of each post by its key, by sort keys.
    """
    for key, clean in wanted.items():
        there = found.get(key, {})
        if there != clean.rows:
            yield Difference("wrong", "the rows", key, _differing(clean.rows, there))


def texts(wanted: Mapping[str, Clean], found: Mapping[str, RenditionObject | None], left: Iterable[str]) -> Iterator[Difference]:
    """Hold the renditions that the records name against the clean ones.

    Args:
        wanted: by key.
        found: of each post that has one; None where the record names one that is gone.
        left: keys of renditions that no record names.
    """
    for key, clean in wanted.items():
        text = found.get(key)
        if (text is None) != (clean.text is None):
            yield Difference("lost" if text is None else "stale", "the texts", key)
        elif text and clean.text and wording(text) != wording(clean.text):
            kind = "stale" if text.text != clean.text.text else "wrong"
            yield Difference(kind, "the texts", key, _differing(wording(clean.text), wording(text)))
    for name in left:
        yield Difference("left", "the texts", name)


def pictures(
    wanted: Mapping[str, Clean], found: Mapping[str, Sequence[Picture]], editions: Mapping[str, str], thumbnails: set[str]
) -> Iterator[Difference]:
    """Hold the pictures' items against the clean ones, and against what their hosts do.

    Args:
        wanted: by key.
        found: all items of each post, of whichever edition.
        editions: those of the texts that there are, by key.
        thumbnails: the names of those that the archive has.
    """
    for key, clean in wanted.items():
        there = {picture.id: picture for picture in found.get(key, ()) if picture.edition == editions.get(key)}
        must = {picture.id: picture for picture in clean.pictures}
        for picture in found.get(key, ()):
            if picture.edition != editions.get(key):
                yield Difference("left", "the pictures", key, f"{picture.address} of edition {picture.edition}")
        if there.keys() != must.keys():
            detail = f"{len(there)} for {len(must)}"
            yield Difference("lost" if must.keys() - there.keys() else "stale", "the pictures", key, detail)
        for picture in there.values():
            if picture.status.value != outcome(picture.address):
                detail = f"{picture.address}: {picture.status.value} ({picture.reason}) for {outcome(picture.address)}"
                yield Difference("wrong", "the pictures", key, detail)
            for thumbnail in picture.thumbnails:
                if thumbnail.name not in thumbnails:
                    yield Difference("lost", "the thumbnails", key, thumbnail.name)


def shown(wanted: Mapping[str, Clean], found: Sequence[Mapping[str, Any]], statuses: set[Status]) -> Iterator[Difference]:
    """Hold a listing of the API, followed to its end, against the clean ones.

    Args:
        wanted: by key.
        found: the posts in the order of the listing.
        statuses: of the posts that it lists.
    """
    where = f"the listing of {' and '.join(sorted(statuses))}"
    there = {post["key"]: post for post in found}
    for key, times in Counter(post["key"] for post in found).items():
        if times > 1:
            yield Difference("twice", where, key)
    must = {key: clean for key, clean in wanted.items() if clean.post.status in statuses}
    for key in must.keys() - there.keys():
        yield Difference("lost", where, key)
    for key in there.keys() - must.keys():
        yield Difference("stale", where, key, f"status {there[key]['status']}")
    for key in must.keys() & there.keys():
        if lasting(there[key]) != must[key].view():
            yield Difference("stale", where, key, _differing(must[key].view(), lasting(there[key])))


def detail(key: str, clean: Clean, status: int, answer: Mapping[str, Any], text: str | None) -> Iterator[Difference]:
    """Hold what the API says of one post, and its text, against the clean one.

    Args:
        key: the post's.
        clean: what must be there.
        status: of the answer.
        answer: the JSON of it.
        text: as Markdown; None where there is none.
    """
    deleted = clean.post.status is Status.DELETED
    if (status == 410) != deleted or (status == 200) == deleted:  # noqa: PLR2004 - HTTP's
        yield Difference("stale", "the API", key, f"it answers {status}")
        return
    if not deleted:
        said = lasting(answer) | {"picture_items": [told(picture) for picture in answer["picture_items"]]}
        if said != clean.detail():
            yield Difference("stale", "the API", key, _differing(clean.detail(), said))
    if text != (clean.text.markdown if clean.text else None):
        yield Difference("stale", "the API's text", key)


def mirror(wanted: Mapping[str, Clean], found: Mapping[str, Mapping[str, Any]], which: str) -> Iterator[Difference]:
    """Hold what a reader of the changes knows, by key, against the clean ones; ``which`` names the reader."""
    for key, clean in wanted.items():
        if key not in found:
            yield Difference("lost", which, key)
        elif lasting(found[key]) != clean.view():
            yield Difference("stale", which, key, _differing(clean.view(), lasting(found[key])))
    for key in found.keys() - wanted.keys():
        yield Difference("left", which, key)


def counts(wanted: Mapping[str, Clean], found: Mapping[str, Mapping[str, int]]) -> Iterator[Difference]:
    """Hold the counts of the API, by kind and value, against those that are counted here by hand."""
    totals = Totals()
    for clean in wanted.values():
        totals.add(contribution(clean.post))
    for kind in KINDS:
        must, said = dict(totals.counts[kind]), {value: number for value, number in found.get(kind, {}).items() if number}
        if must != said:
            yield Difference("wrong", "the counts", kind, _differing(must, said))


def index(must: Mapping[str, bytes], found: Iterable[tuple[str, bytes]], keys: Mapping[str, str]) -> Iterator[Difference]:
    """Hold the search index against the records.

    Args:
        must: the stamps of the posts that are to be found, by their ids.
        found: ids and stamps of all living entries.
        keys: of the posts, by their ids.
    """
    there: dict[str, bytes] = {}
    for post_id, stamp in found:
        if post_id in there:
            yield Difference("twice", "the search index", keys.get(post_id, post_id))
        there[post_id] = stamp
    for post_id in must.keys() - there.keys():
        yield Difference("lost", "the search index", keys.get(post_id, post_id))
    for post_id in there.keys() - must.keys():
        yield Difference("stale", "the search index", keys.get(post_id, post_id), "it is not to be found any more")
    for post_id in must.keys() & there.keys():
        if must[post_id] != there[post_id]:
            yield Difference("stale", "the search index", keys.get(post_id, post_id), "of an earlier state")


def hits(token: str, wanted: Mapping[str, Clean], found: Iterable[str]) -> Iterator[Difference]:
    """Hold what a search for a word finds, ids, against the texts that have it."""
    must = {clean.post.id: key for key, clean in wanted.items() if clean.text and token in clean.text.text}
    said = set(found)
    for post_id in must.keys() - said:
        yield Difference("lost", "search", must[post_id], f"not found by {token}")
    for post_id in said - must.keys():
        yield Difference("stale", "search", post_id, f"found by {token}")
