"""The soak can fail: each kind of loss, staleness and leftover that is planted in a right archive is found."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import pytest

from support.template import ROOT

if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from bench import soak_checks as checks
from bench.soak_pictures import outcome
from bench.soak_posts import HOST
from bench.soak_truth import Clean, Held, clean

from postkeep.counts import KINDS, Totals, contribution
from postkeep.post import Picture, PictureStatus, Post, Rendition, Status, Thumbnail
from postkeep.renditions import RenditionObject
from query_posts.views import post_detail, post_view
from search_posts.entries import stamp_of
from support.posts import EPOCH

READY, REJECTED, GONE = "tea/_posts/2021-06-29-a.md", "tea/_posts/2021-06-29-b.md", "tea/_posts/2021-06-29-c.md"
_IMAGES = "".join(f'<p><img src="https://{HOST}/{kind}/1.png"></p>' for kind in ("fine", "gone", "busy"))
CONTENTS: dict[str, bytes | None] = {
    READY: f"---\ntitle: one\ntags: [茶, 水, 山]\nauthor: A\n---\n<p>zq1x 茶。</p>{_IMAGES}".encode(),
    REJECTED: b"---\ntitle: [\n---\n<p>zq2x</p>",
    GONE: None,
}
WANTED = {key: clean(key, content) for key, content in CONTENTS.items()}
HELD = {key: Held(f"v{key}", content) for key, content in CONTENTS.items()}


@dataclass
class Archive:
    """What was read of a stack in which all is right."""

    held: dict[str, Held] = field(default_factory=lambda: dict(HELD))
    records: dict[str, Post] = field(default_factory=dict)
    rows: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, RenditionObject | None] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    pictures: dict[str, list[Picture]] = field(default_factory=dict)
    thumbnails: set[str] = field(default_factory=lambda: {"t/320.webp"})
    index: list[tuple[str, bytes]] = field(default_factory=list)
    listings: dict[Status, list[dict[str, Any]]] = field(default_factory=dict)
    mirror: dict[str, dict[str, Any]] = field(default_factory=dict)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    details: dict[str, tuple[int, dict[str, Any], str | None]] = field(default_factory=dict)
    hits: list[str] = field(default_factory=lambda: [WANTED[READY].post.id])

    def __post_init__(self) -> None:
        totals = Totals()
        for key, wanted in WANTED.items():
            # As if this had been the third content of the key, recorded at another time.
            post = replace(wanted.post, generation=3, changed=EPOCH.replace(year=2030), added=EPOCH.replace(year=2029))
            if post.rendition:
                post = replace(post, rendition=replace(post.rendition, key=f"renditions/{post.id}/00000003.json"))
            self.records[key] = replace(post, revision=replace(post.revision, version_id=HELD[key].version))
            self.rows[key] = dict(wanted.rows)
            self.pictures[key] = [as_found(picture, post.edition) for picture in wanted.pictures]
            if wanted.text:
                self.texts[key] = replace(wanted.text, generation=3)
                self.index.append((post.id, stamp_of(post)))
            view: dict[str, Any] = msgspec.to_builtins(post_view(post))
            self.listings.setdefault(post.status, []).append(view | {"picture": None})
            self.mirror[key] = view
            detail = msgspec.to_builtins(post_detail(post, self.pictures[key], wanted.described))
            deleted = post.status is Status.DELETED
            self.details[key] = (
                410 if deleted else 200,
                {} if deleted else detail,
                wanted.text.markdown if wanted.text else None,
            )
            totals.add(contribution(post))
        self.counts = {kind: dict(totals.counts[kind]) for kind in KINDS}

    def differences(self) -> Iterator[checks.Difference]:
        yield from checks.bucket(CONTENTS, self.held)
        yield from checks.records(WANTED, self.held, self.records)
        yield from checks.rows(WANTED, self.rows)
        yield from checks.texts(WANTED, self.texts, self.left)
        editions = {key: post.edition for key, post in self.records.items()}
        yield from checks.pictures(WANTED, self.pictures, editions, self.thumbnails)
        must = {post.id: stamp_of(post) for post in self.records.values() if post.rendition}
        yield from checks.index(must, self.index, {wanted.post.id: key for key, wanted in WANTED.items()})
        for status in (Status.READY, Status.REJECTED, Status.DELETED):
            yield from checks.shown(WANTED, self.listings[status], {status})
        yield from checks.mirror(WANTED, self.mirror, "a mirror")
        yield from checks.counts(WANTED, self.counts)
        for key, wanted in WANTED.items():
            yield from checks.detail(key, wanted, *self.details[key])
        yield from checks.hits("zq1x", WANTED, self.hits)


def as_found(picture: Picture, edition: str) -> Picture:
    status = PictureStatus(outcome(picture.address))
    thumbnails = (Thumbnail("t/320.webp", 320, 200, 9),) if status is PictureStatus.READY else ()
    return replace(picture, edition=edition, status=status, thumbnails=thumbnails)


def test_a_right_archive_is_right() -> None:
    assert list(Archive().differences()) == []
    assert [wanted.post.status for wanted in WANTED.values()] == [Status.READY, Status.REJECTED, Status.DELETED]
    assert WANTED[READY].rows, "further tags have rows"
    assert len(WANTED[READY].pictures) == 3


def _record(archive: Archive, key: str = READY, **values: Any) -> None:
    archive.records[key] = replace(archive.records[key], **values)


def _rendition(archive: Archive, **values: Any) -> None:
    rendition = archive.records[READY].rendition
    assert isinstance(rendition, Rendition)
    _record(archive, rendition=replace(rendition, **values))


def _text(archive: Archive, **values: Any) -> None:
    text = archive.texts[READY]
    assert text is not None
    archive.texts[READY] = replace(text, **values)


def _view(archive: Archive, **values: Any) -> None:
    archive.listings[Status.READY][0] |= values


def _detail(archive: Archive, **values: Any) -> None:
    status, answer, text = archive.details[READY]
    archive.details[READY] = (status, answer | values, text)


def _metadata(**values: Any) -> Callable[[Archive], None]:
    return lambda archive: _record(archive, metadata=replace(archive.records[READY].metadata, **values))


PLANTED: dict[str, tuple[str, Callable[[Archive], object]]] = {
    "the bucket lost an object": ("wrong", lambda a: a.held.pop(READY)),
    "the bucket has an earlier content": ("wrong", lambda a: a.held.update({READY: Held("v", b"x")})),
    "the bucket has what nobody put": ("wrong", lambda a: a.held.update({"x.md": Held("v", b"x")})),
    "no record": ("lost", lambda a: a.records.pop(READY)),
    "no tombstone": ("lost", lambda a: a.records.pop(GONE)),
    "a record of nothing": ("left", lambda a: a.records.update({"x.md": a.records[READY]})),
    "an earlier content": ("stale", lambda a: _record(a, content_hash="0" * 64)),
    "an earlier version": ("stale", lambda a: _record(a, revision=replace(a.records[READY].revision, version_id="v0"))),
    "a record that is not settled": ("wrong", lambda a: _record(a, settled=False)),
    "a post that is pending": ("wrong", lambda a: _record(a, status=Status.PENDING)),
    "a rejection without its reason": ("wrong", lambda a: _record(a, REJECTED, reason="")),
    "a tombstone that is none": ("wrong", lambda a: _record(a, GONE, status=Status.READY)),
    "renditions to be swept": ("wrong", lambda a: _record(a, leftovers=("renditions/x",))),
    "another title": ("wrong", _metadata(title="two")),
    "another tag": ("wrong", _metadata(tags=("茶",))),
    "another summary": ("wrong", lambda a: _record(a, summary="x")),
    "another language": ("wrong", lambda a: _rendition(a, language="en")),
    "other rules": ("wrong", lambda a: _rendition(a, rules=1)),
    "a row is missing": ("wrong", lambda a: a.rows[READY].popitem()),
    "all rows are missing": ("wrong", lambda a: a.rows.pop(READY)),
    "a row too many": ("wrong", lambda a: a.rows[GONE].update({"ROW#x": {}})),
    "a text is gone": ("lost", lambda a: a.texts.update({READY: None})),
    "a text of what is rejected": ("stale", lambda a: a.texts.update({REJECTED: a.texts[READY]})),
    "an earlier text": ("stale", lambda a: _text(a, text="x")),
    "another HTML": ("wrong", lambda a: _text(a, html="x")),
    "a text that nothing names": ("left", lambda a: a.left.append("renditions/x")),
    "a picture is missing": ("lost", lambda a: a.pictures[READY].pop()),
    "a picture too many": ("stale", lambda a: a.pictures[READY].append(replace(a.pictures[READY][0], id="x"))),
    "a picture of an earlier edition": ("left", lambda a: a.pictures[READY].append(replace(a.pictures[READY][0], edition="0"))),
    "a picture of a deleted post": ("left", lambda a: a.pictures[GONE].append(a.pictures[READY][0])),
    "a picture that was never tried": (
        "wrong",
        lambda a: a.pictures.update({READY: [replace(p, status=PictureStatus.PENDING) for p in a.pictures[READY]]}),
    ),
    "a thumbnail is gone": ("lost", lambda a: a.thumbnails.clear()),
    "not in the index": ("lost", lambda a: a.index.clear()),
    "twice in the index": ("twice", lambda a: a.index.append(a.index[0])),
    "an earlier state in the index": ("stale", lambda a: a.index.__setitem__(0, (a.index[0][0], b"x"))),
    "a deleted post in the index": ("stale", lambda a: a.index.append((WANTED[GONE].post.id, b"x"))),
    "not listed": ("lost", lambda a: a.listings[Status.READY].clear()),
    "listed twice": ("twice", lambda a: a.listings[Status.READY].append(a.listings[Status.READY][0])),
    "a deleted post listed": ("stale", lambda a: a.listings[Status.READY].append(a.listings[Status.DELETED][0])),
    "an earlier title listed": ("stale", lambda a: _view(a, title="x")),
    "a mirror without a post": ("lost", lambda a: a.mirror.pop(READY)),
    "a mirror that missed a deletion": ("stale", lambda a: a.mirror[GONE].update(status="ready")),
    "a mirror of nothing": ("left", lambda a: a.mirror.update({"x.md": {}})),
    "a wrong count": ("wrong", lambda a: a.counts["tags"].update({"茶": 2})),
    "a count of nothing": ("wrong", lambda a: a.counts["authors"].update({"B": 1})),
    "a kind that is not counted": ("wrong", lambda a: a.counts.pop("languages")),
    "a deleted post is told": ("stale", lambda a: a.details.update({GONE: a.details[READY]})),
    "a live post is not told": ("stale", lambda a: a.details.update({READY: a.details[GONE]})),
    "an earlier author is told": ("stale", lambda a: _detail(a, author="B")),
    "a picture is not told": ("stale", lambda a: _detail(a, picture_items=[])),
    "no text is told": ("stale", lambda a: a.details.update({READY: (*a.details[READY][:2], None)})),
    "not found": ("lost", lambda a: a.hits.clear()),
    "found by what it said before": ("stale", lambda a: a.hits.append(WANTED[GONE].post.id)),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_what_is_planted_is_found(planted: str) -> None:
    kind, plant = PLANTED[planted]
    archive = Archive()
    plant(archive)
    found = list(archive.differences())
    assert kind in {difference.kind for difference in found}, found
    assert all(str(difference).startswith(f"{difference.kind} in ") for difference in found)


def test_a_token_is_found_by_the_text_that_has_it() -> None:
    assert list(checks.hits("zq9x", WANTED, [])) == []
    assert [found.kind for found in checks.hits("zq9x", WANTED, ["a"])] == ["stale"]


def test_counts_of_zero_say_nothing() -> None:
    archive = Archive()
    archive.counts["authors"]["B"] = 0
    assert list(archive.differences()) == []


def test_a_clean_reading_does_not_depend_on_when() -> None:
    assert clean(READY, CONTENTS[READY]) == WANTED[READY]
    assert isinstance(WANTED[READY], Clean)
