"""Pictures that the posts bucket has: staged in the archive for each edition, taken away with it."""

from dataclasses import replace

import pytest

from postkeep.errors import Superseded
from postkeep.post import Original, Picture, PictureStatus, edition
from render_post.rendition import RULES, VERSIONS
from support.posts import EPOCH, a_post
from unit.render.test_rendering import World

FOLDER = a_post().key.rpartition("/")[0]
OWN = f"{FOLDER}/images/河.jpg"
NUMBER = RULES * VERSIONS


def body(*sources: str) -> bytes:
    tags = "".join(f'<p><img src="{source}"></p>' for source in sources)
    return f"---\ntitle: x\nfrom: https://tea.example/posts/1\n---\n<p>河边的一杯茶。</p>{tags}".encode()


@pytest.fixture
def world() -> World:
    found = World()
    found.objects.put(OWN, b"first", content_type="image/jpeg")
    return found


def own(world: World) -> Picture:
    (picture,) = world.table.of_post(world.post.id)
    return picture


def staged(world: World) -> list[str]:
    return list(world.archive.keys("staged/"))


def ready(world: World, sha256: str) -> None:
    original = Original(sha256=sha256, bytes=5, kind="jpeg", fetched=EPOCH)
    world.table.record(world.post.id, replace(own(world), status=PictureStatus.READY, original=original))


FIRST = "a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e"
"""SHA-256 of ``first``."""


def test_a_picture_beside_the_post_is_staged(world: World) -> None:
    world.drop(body("images/%E6%B2%B3.jpg"))
    world.render(1)
    assert own(world).staged == f"staged/{world.post.id}/{edition(1, NUMBER)}/{own(world).id}"
    assert world.archive.get(own(world).staged, limit=100).body == b"first"
    assert (own(world).status, len(world.asked)) == (PictureStatus.PENDING, 1)


def test_it_is_made_even_where_no_host_is_asked(world: World) -> None:
    world.fetch = False
    world.drop(body("images/河.jpg", "https://pictures.example/a.jpg"))
    world.render(1)
    assert sorted((bool(p.staged), p.status) for p in world.table.of_post(world.post.id)) == [
        (False, PictureStatus.SKIPPED),
        (True, PictureStatus.PENDING),
    ]


@pytest.mark.parametrize("source", ["images/none.jpg", "../../../../etc/passwd", "images/large.jpg"])
def test_what_is_not_there_is_fetched_from_the_article_s_host(world: World, source: str) -> None:
    world.objects.put(f"{FOLDER}/images/large.jpg", b"x" * (20 * 1024 * 1024 + 1), content_type="image/jpeg")
    world.drop(body(source))
    world.render(1)
    assert own(world).staged == ""
    assert own(world).address.startswith("https://www.tea.example/")
    assert staged(world) == []


def test_a_later_edition_has_a_copy_of_its_own_and_takes_over_what_was_made(world: World) -> None:
    world.drop(body("images/河.jpg"))
    world.render(1)
    ready(world, FIRST)
    world.render(1, published=1)
    assert own(world).status is PictureStatus.READY
    assert staged(world) == [own(world).staged] == [f"staged/{world.post.id}/{edition(1, NUMBER + 1)}/{own(world).id}"]
    assert len(world.asked) == 1


@pytest.mark.parametrize("before", [FIRST, "0" * 64])
def test_another_file_under_the_same_key_is_made_anew(world: World, before: str) -> None:
    world.drop(body("images/河.jpg"))
    world.render(1)
    ready(world, before)
    world.objects.put(OWN, b"second", content_type="image/jpeg")
    world.render(1, published=1)
    assert (own(world).status, own(world).original) == (PictureStatus.PENDING, None)
    assert world.archive.get(own(world).staged, limit=100).body == b"second"


def test_a_file_that_comes_later_replaces_what_the_host_gave(world: World) -> None:
    world.objects.delete([OWN])
    world.drop(body("images/河.jpg"))
    world.render(1)
    original = Original(sha256=FIRST, bytes=5, kind="jpeg", fetched=EPOCH, address="https://tea.example/posts/images/a.jpg")
    world.table.record(world.post.id, replace(own(world), status=PictureStatus.READY, original=original))
    world.objects.put(OWN, b"first", content_type="image/jpeg")
    world.render(1, published=1)
    assert own(world).status is PictureStatus.PENDING
    assert own(world).staged


def test_copies_go_with_the_picture(world: World) -> None:
    world.drop(body("images/河.jpg"))
    world.render(1)
    world.drop(body())
    world.render(2)
    assert staged(world) == []


def test_copies_of_a_generation_that_is_over_go_too(world: World) -> None:
    world.drop(body("images/河.jpg"))
    world.render(1)
    left = f"staged/{world.post.id}/{edition(1, NUMBER)}/left"
    world.drop(body("images/河.jpg"))
    world.render(2)
    world.archive.put(left, b"by a delivery that died", content_type="image/jpeg")
    with pytest.raises(Superseded):
        world.render(1)
    assert staged(world) == [own(world).staged]


def test_copies_of_an_edition_that_is_overtaken_go_too(world: World) -> None:
    world.drop(body("images/河.jpg"))
    settle = world.table.settle

    def overtaken(*args: object, **kwargs: object) -> None:
        del args, kwargs
        raise Superseded(world.post.id, "meanwhile")

    world.table.settle = overtaken  # type: ignore[method-assign]
    with pytest.raises(Superseded):
        world.render(1)
    world.table.settle = settle  # type: ignore[method-assign]
    assert staged(world) == []
    assert world.table.of_post(world.post.id) == []
