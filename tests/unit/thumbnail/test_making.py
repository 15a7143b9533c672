"""From addresses to thumbnails: which address is asked, and what is made once."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from PIL import Image

from fakes.memory import MemoryBucket
from make_thumbnail.answer import Fetched
from make_thumbnail.making import MAX_STAGED, Making
from postkeep.errors import PictureRefused, PictureSkipped, PictureUnavailable
from postkeep.post import Picture, picture_id
from postkeep.thumbnails import MAX_FILE, Made, Source, folder, made_key, original_key, source_key
from support.posts import EPOCH

ORIGIN, PROXY, SMALL = "https://pictures.example/a.jpg", "https://proxy.example/?a.jpg", "https://pictures.example/a-300.jpg"
REFERER = "https://www.tea.example/posts/1"
PICTURE = Picture(id=picture_id(ORIGIN), address=ORIGIN, fallbacks=(PROXY, SMALL))
GONE = PictureRefused("not-found", "status 404")
AWAY = PictureUnavailable("timeout", "no answer")


def a_picture(colour: str = "red") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (400, 300), colour).save(file, "PNG")
    return file.getvalue()


RED = a_picture()


@dataclass
class World:
    """Hosts that do as they are told, and an archive."""

    hosts: Mapping[str, bytes | Exception] = field(default_factory=lambda: {ORIGIN: RED})
    archive: MemoryBucket = field(default_factory=MemoryBucket)
    asked: list[str] = field(default_factory=list)
    now: datetime = EPOCH
    seconds: float = 0.0
    each: float = 0.0

    def fetch(self, address: str, referer: str) -> Fetched:
        assert referer == REFERER
        self.asked.append(address)
        self.seconds += self.each
        says = self.hosts.get(address, GONE)
        if isinstance(says, Exception):
            raise says
        return Fetched(says, "image/x", address + "#final")

    def make(self, picture: Picture = PICTURE, *, avif: bool = False, keep_originals: bool = False) -> Made:
        making = Making(self.archive, self.fetch, lambda: self.now, avif, keep_originals, lambda: self.seconds)
        return making(picture, REFERER)


def test_what_is_written() -> None:
    world = World()
    made = world.make()
    place = folder(made.original.sha256)
    assert [thumbnail.name for thumbnail in made.thumbnails] == [f"{place}320.webp", f"{place}400.webp", f"{place}400.jpeg"]
    names = {thumbnail.object_key for thumbnail in made.thumbnails}
    assert set(world.archive.keys("")) == names | {made_key(place), source_key(ORIGIN)}
    assert Made.decode(world.archive.get(made_key(place), limit=10_000).body) == made
    assert Source.decode(world.archive.get(source_key(ORIGIN), limit=10_000).body) == Source(
        address=ORIGIN, original=made.original.sha256, fetched=EPOCH, final=ORIGIN + "#final", media_type="image/x"
    )


def test_an_address_is_asked_once() -> None:
    world = World()
    first = world.make()
    before = world.archive.count
    world.now += timedelta(days=1)
    assert world.make(replace(PICTURE, id="another")) == first
    assert world.asked == [ORIGIN]
    assert world.archive.count == before


def test_a_picture_that_two_addresses_have_is_made_once() -> None:
    world = World({ORIGIN: RED, PROXY: RED})
    first = world.make()
    before = world.archive.count
    world.now += timedelta(days=1)
    second = world.make(Picture(id="b", address=PROXY))
    assert second.thumbnails == first.thumbnails
    assert (second.original.address, second.original.fetched) == (PROXY + "#final", world.now)
    assert world.archive.count == before + 1, "the provenance alone"


def test_an_address_is_asked_again_where_its_thumbnails_were_taken_away() -> None:
    world = World()
    made = world.make()
    world.archive.delete([made_key(folder(made.original.sha256))])
    world.make()
    assert world.asked == [ORIGIN, ORIGIN]


def test_another_address_is_tried_where_the_origin_fails() -> None:
    for failure in (GONE, AWAY, PictureSkipped("pictures.example")):
        world = World({ORIGIN: failure, PROXY: RED})
        made = world.make()
        assert world.asked == [ORIGIN, PROXY]
        assert made.original.address == PROXY + "#final"
        assert source_key(ORIGIN) not in world.archive.versions


def test_what_is_no_picture_is_a_failure_too() -> None:
    world = World({ORIGIN: b"<html>not here any more", PROXY: a_picture("blue")})
    assert world.make().original.address == PROXY + "#final"


@pytest.mark.parametrize(
    ("failures", "raised"),
    [
        ((GONE, AWAY, GONE), AWAY),
        ((AWAY, GONE, PictureUnavailable("dns", "")), AWAY),
        ((GONE, PictureRefused("forbidden", ""), PictureSkipped("a")), GONE),
        ((PictureSkipped("a"), GONE, GONE), GONE),
    ],
)
def test_the_failure_that_counts(failures: tuple[Exception, ...], raised: Exception) -> None:
    world = World(dict(zip((ORIGIN, PROXY, SMALL), failures, strict=True)))
    with pytest.raises(type(raised)) as caught:
        world.make()
    assert caught.value is raised
    assert world.asked == [ORIGIN, PROXY, SMALL]


def test_slow_hosts_leave_no_time_for_further_addresses() -> None:
    world = World({ORIGIN: AWAY, PROXY: AWAY, SMALL: RED}, each=20.0)
    with pytest.raises(PictureUnavailable):
        world.make()
    assert world.asked == [ORIGIN, PROXY]


def test_any_other_error_is_ours() -> None:
    world = World({ORIGIN: RuntimeError("a bug"), PROXY: RED})
    with pytest.raises(RuntimeError):
        world.make()


def test_a_copy_out_of_the_posts_bucket_comes_first() -> None:
    world = World()
    key = f"staged/post/00000001-00020000/{PICTURE.id}"
    world.archive.put(key, a_picture("blue"), content_type="image/png")
    made = world.make(replace(PICTURE, staged=key))
    assert world.asked == []
    assert (made.original.address, made.original.media_type) == ("", "")
    assert not list(world.archive.keys("sources/"))


@pytest.mark.parametrize("content", [None, b"no picture", b"\xff" * (MAX_STAGED + 1)])
def test_a_copy_that_cannot_be_used(content: bytes | None) -> None:
    world = World()
    key = f"staged/post/00000001-00020000/{PICTURE.id}"
    if content is not None:
        world.archive.put(key, content, content_type="image/png")
    assert world.make(replace(PICTURE, staged=key)).original.address == ORIGIN + "#final"
    with pytest.raises(PictureRefused) as caught:
        world.make(Picture(id="a", address="post:tea/a.jpg", staged=key))
    assert caught.value.reason in {"no-such-object", "not-a-picture", "too-large"}


def test_a_picture_without_any_address() -> None:
    world = World()
    with pytest.raises(PictureRefused) as caught:
        world.make(Picture(id="a", address="post:tea/a.jpg"))
    assert caught.value.reason == "no-such-object"
    assert world.asked == []


def test_originals_are_kept_if_wished() -> None:
    world = World()
    made = world.make(keep_originals=True)
    key = original_key(made.original.sha256)
    assert world.archive.get(key, limit=10**6).body == RED
    assert world.archive.content_types[key] == "image/png"


def test_avif_is_made_if_wished_and_later_too() -> None:
    world = World()
    assert {thumbnail.format for thumbnail in world.make().thumbnails} == {"webp", "jpeg"}
    made = world.make(avif=True)
    assert {thumbnail.format for thumbnail in made.thumbnails} == {"webp", "avif", "jpeg"}
    assert world.asked == [ORIGIN, ORIGIN]
    assert world.make().thumbnails == made.thumbnails
    assert len(world.asked) == 2


def test_a_thumbnail_that_the_api_could_not_give_out_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    smallest = min(thumbnail.bytes for thumbnail in world.make().thumbnails)
    assert smallest < MAX_FILE
    world = World()
    monkeypatch.setattr("make_thumbnail.making.MAX_FILE", smallest)
    assert [thumbnail.bytes for thumbnail in world.make().thumbnails] == [smallest]
    monkeypatch.setattr("make_thumbnail.making.MAX_FILE", smallest - 1)
    with pytest.raises(PictureRefused) as caught:
        World().make()
    assert caught.value.reason == "too-large"


def test_objects_of_another_form_are_not_taken() -> None:
    for kind in (Made, Source):
        with pytest.raises(ValueError, match="another form"):
            kind.decode(b'{"v":2}')
