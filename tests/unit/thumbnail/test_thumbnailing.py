import base64
import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fakes.memory import MemoryBucket, MemoryTable
from make_thumbnail.answer import Fetched
from make_thumbnail.making import Making
from make_thumbnail.thumbnailing import LONGEST_WAIT, MAX_ATTEMPTS, Thumbnailing, wait
from postkeep.errors import PictureRefused, PictureSkipped, PictureUnavailable, Superseded
from postkeep.messages import ThumbnailRequest
from postkeep.post import Original, Picture, PictureStatus, picture_id
from support.posts import EPOCH, a_post

ADDRESS = "https://pictures.example/a.jpg"
REFERER = "https://www.tea.example/posts/1"
POST = a_post()
PICTURE = Picture(id=picture_id(ADDRESS), address=ADDRESS)
REQUEST = ThumbnailRequest(POST.id, PICTURE.id, PICTURE.edition, ADDRESS, REFERER)


def a_jpeg(width: int = 800, height: int = 600) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(file, "JPEG")
    return file.getvalue()


@dataclass
class World:
    """What thumbnail works on, with one picture in it, and a host that does as it is told."""

    table: MemoryTable = field(default_factory=MemoryTable)
    archive: MemoryBucket = field(default_factory=MemoryBucket)
    says: bytes | Exception | Callable[[], bytes] = field(default_factory=a_jpeg)
    asked: list[tuple[str, str]] = field(default_factory=list)
    now: datetime = EPOCH

    def __post_init__(self) -> None:
        self.table.offer(POST)
        self.table.arrange(POST.id, add=[PICTURE], remove=[])

    def fetch(self, address: str, referer: str) -> Fetched:
        self.asked.append((address, referer))
        if isinstance(self.says, Exception):
            raise self.says
        return Fetched(self.says if isinstance(self.says, bytes) else self.says(), "image/jpeg", address)

    def make(self) -> Picture:
        making = Making(self.archive, self.fetch, lambda: self.now)
        return Thumbnailing(self.table, making, lambda: self.now)(REQUEST)

    @property
    def picture(self) -> Picture:
        found = self.table.picture(POST.id, PICTURE.edition, PICTURE.id)
        assert found is not None
        return found


def test_makes_thumbnails() -> None:
    world = World()
    assert world.make() == world.picture
    assert world.asked == [(ADDRESS, REFERER)]
    assert world.picture.status is PictureStatus.READY
    assert (world.picture.width, world.picture.height) == (800, 600)
    identity = hashlib.sha256(a_jpeg()).hexdigest()
    assert [(t.name, t.width, t.height) for t in world.picture.thumbnails] == [
        (f"{identity}-1/320.webp", 320, 240),
        (f"{identity}-1/640.webp", 640, 480),
        (f"{identity}-1/800.webp", 800, 600),
        (f"{identity}-1/640.jpeg", 640, 480),
    ]
    for thumbnail in world.picture.thumbnails:
        stored = world.archive.get(thumbnail.object_key, limit=1_000_000).body
        assert len(stored) == thumbnail.bytes
        assert Image.open(io.BytesIO(stored)).size == (thumbnail.width, thumbnail.height)
        assert world.archive.content_types[thumbnail.object_key] == f"image/{thumbnail.format}"
        assert thumbnail.object_key in world.archive.immutable


def test_tells_what_it_was_made_of() -> None:
    world = World()
    original = world.make().original
    assert original is not None
    assert replace(original, placeholder="", colour="") == Original(
        sha256=hashlib.sha256(a_jpeg()).hexdigest(),
        bytes=len(a_jpeg()),
        kind="jpeg",
        fetched=EPOCH,
        address=ADDRESS,
        media_type="image/jpeg",
    )
    assert original.colour.startswith("#f")
    assert 0 < len(base64.b64decode(original.placeholder)) <= 32


def test_a_host_that_is_not_asked_is_no_failure() -> None:
    world = World(says=PictureSkipped("pictures.example"))
    assert (
        world.make()
        == world.picture
        == replace(
            PICTURE,
            status=PictureStatus.SKIPPED,
            reason="fetching-off",
            detail="pictures of pictures.example are not fetched here",
        )
    )


def test_a_small_picture_has_one_thumbnail_of_each_format() -> None:
    world = World(says=a_jpeg(100, 50))
    assert [(t.format, t.width, t.height) for t in world.make().thumbnails] == [("webp", 100, 50), ("jpeg", 100, 50)]


def test_what_will_never_come_is_recorded() -> None:
    world = World(says=PictureRefused("not-found", "status 404"))
    assert world.make() == world.picture
    assert world.picture == replace(PICTURE, status=PictureStatus.FAILED, reason="not-found", detail="status 404", attempts=1)
    assert not list(world.archive.keys(""))


def test_what_is_no_picture_is_recorded() -> None:
    world = World(says=b"<html>")
    world.make()
    assert (world.picture.status, world.picture.reason) == (PictureStatus.FAILED, "not-a-picture")


def test_a_host_that_is_away_is_tried_again_and_then_given_up() -> None:
    world = World(says=PictureUnavailable("timeout", "did not answer"))
    waits = []
    for attempt in range(1, MAX_ATTEMPTS):
        world.make()
        assert (world.picture.status, world.picture.reason, world.picture.attempts) == (PictureStatus.WAITING, "timeout", attempt)
        assert world.picture.next_try is not None
        waits.append(world.picture.next_try - world.now)
        world.now = world.picture.next_try
    assert waits == [timedelta(minutes=15 * 4**n) for n in range(5)]
    world.make()
    assert (world.picture.status, world.picture.reason, world.picture.attempts) == (PictureStatus.FAILED, "gave-up", 6)
    assert world.picture.next_try is None
    assert "timeout" in world.picture.detail


def test_a_host_that_comes_back() -> None:
    world = World(says=PictureUnavailable("server-error", "status 503"))
    world.make()
    assert world.picture.next_try is not None
    world.now, world.says = world.picture.next_try, a_jpeg()
    world.make()
    assert world.picture.status is PictureStatus.READY
    assert world.picture.thumbnails
    assert replace(world.picture, thumbnails=(), width=0, height=0, original=None) == replace(
        PICTURE, status=PictureStatus.READY, attempts=1
    )


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (timedelta(seconds=1), timedelta(minutes=15)),
        (timedelta(hours=5), timedelta(hours=5)),
        (timedelta(days=900), LONGEST_WAIT),
    ],
)
def test_the_wait_that_a_host_asks_for_is_granted_within_reason(asked: timedelta, given: timedelta) -> None:
    world = World(says=PictureUnavailable("rate-limited", "status 429", asked))
    world.make()
    assert world.picture.next_try == EPOCH + given


@given(attempts=st.integers(1, 1_000), asked=st.one_of(st.none(), st.timedeltas(min_value=timedelta(0))))
def test_waits_are_bounded_and_never_shorter_than_asked(attempts: int, asked: timedelta | None) -> None:
    assert timedelta(minutes=15) <= wait(attempts, asked) <= LONGEST_WAIT
    assert wait(attempts, asked) >= min(asked or timedelta(0), LONGEST_WAIT)
    assert wait(attempts, asked) <= wait(attempts + 1, asked)


def test_a_message_that_comes_twice_does_nothing_more() -> None:
    world = World()
    world.make()
    with pytest.raises(Superseded):
        world.make()
    assert len(world.asked) == 1


def test_a_message_that_comes_twice_uses_up_no_attempt() -> None:
    world = World(says=PictureUnavailable("timeout", "did not answer"))
    world.make()
    with pytest.raises(Superseded, match="not due"):
        world.make()
    assert world.picture.attempts == 1
    assert len(world.asked) == 1


@pytest.mark.parametrize("status", [PictureStatus.FAILED, PictureStatus.SKIPPED])
def test_whoever_asks_again_for_a_picture_without_thumbnails_gets_it(status: PictureStatus) -> None:
    world = World()
    world.table.record(POST.id, replace(PICTURE, status=status, reason="not-found"))
    assert world.make().status is PictureStatus.READY


def test_a_picture_that_is_gone_is_not_fetched() -> None:
    world = World()
    world.table.arrange(POST.id, add=[], remove=[PICTURE])
    with pytest.raises(Superseded, match="gone"):
        world.make()
    assert not world.asked


def test_a_picture_that_goes_meanwhile_does_not_come_back() -> None:
    world = World()

    def meanwhile() -> bytes:
        world.table.arrange(POST.id, add=[], remove=[PICTURE])
        return a_jpeg()

    world.says = meanwhile
    with pytest.raises(Superseded):
        world.make()
    assert not world.table.of_post(POST.id)


def test_other_pictures_are_left_alone() -> None:
    world = World()
    other = Picture(id=picture_id("https://pictures.example/b.jpg"), address="https://pictures.example/b.jpg")
    world.table.arrange(POST.id, add=[other], remove=[])
    world.make()
    assert world.table.picture(POST.id, other.edition, other.id) == other
    assert world.table.get(POST.id) == POST


@pytest.mark.parametrize("calls", range(6))
def test_dying_between_the_thumbnails_and_the_record_is_made_good(calls: int) -> None:
    class Dying(MemoryBucket):
        def put(self, key: str, body: bytes, *, content_type: str, immutable: bool = False) -> None:
            if self.count == calls:
                raise ConnectionError
            super().put(key, body, content_type=content_type, immutable=immutable)

    world = World(archive=Dying())
    with pytest.raises(ConnectionError):
        world.make()
    assert world.picture == PICTURE
    survivors = list(world.archive.keys(""))
    assert len(survivors) == calls
    world.archive = MemoryBucket(versions=world.archive.versions, count=10)
    world.make()
    assert world.picture.status is PictureStatus.READY
    assert set(survivors) < set(world.archive.keys(""))
    assert len(world.asked) == 2


def test_any_other_error_is_ours() -> None:
    world = World(says=RuntimeError("a bug"))
    with pytest.raises(RuntimeError):
        world.make()
    assert world.picture == PICTURE


def test_what_strangers_say_is_kept_short_and_clean() -> None:
    world = World(says=PictureRefused("bad-address", "\ud800\x00\n" + "x" * 10_000))
    world.make()
    assert world.picture.detail == "?  " + "x" * 297
