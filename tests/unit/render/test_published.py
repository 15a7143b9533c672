"""When render looks for published rules, and what holds where they cannot be read."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from fakes.memory import MemoryBucket
from postkeep.errors import ObjectTooLarge, RulesInvalid
from postkeep.ports import StoredObject
from render_post.bundle import CURRENT, MAX_BYTES, Bundle
from render_post.published import PublishedRules
from render_post.rulebook import RuleBook, shipped
from support.posts import EPOCH

MINUTE = timedelta(minutes=1)


class Archive(MemoryBucket):
    """Counts the reads, and refuses them where it is told to."""

    reads: int = 0
    down: bool = False

    def get(self, key: str, *, limit: int, version_id: str | None = None) -> StoredObject:
        self.reads += 1
        if self.down:
            raise ConnectionError
        return super().get(key, limit=limit, version_id=version_id)


@dataclass
class Place:
    """An archive, a clock, and the rules read from there."""

    archive: Archive = field(default_factory=Archive)
    now: datetime = EPOCH
    told: list[Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rules = PublishedRules(self.archive, lambda: self.now, self.told.append)

    def publish(self, version: int, text: str = "hosts = ['tea.example']\nkeep = ['.{}']") -> None:
        body = Bundle(version=version, published=EPOCH, files={"tea.toml": text.format(f"v{version}")}).encode()
        self.archive.put(CURRENT, body, content_type="")

    def read(self, least: int = 0) -> RuleBook:
        return self.rules(least)


@pytest.fixture
def place() -> Place:
    return Place()


def test_where_nothing_is_published_the_rules_that_ship_hold(place: Place) -> None:
    assert place.read() is shipped()
    assert place.read() is shipped()
    assert place.archive.reads == 1


def test_new_rules_are_looked_for_once_a_minute(place: Place) -> None:
    place.publish(1)
    assert place.read().of("tea.example", "").keep == ".v1"
    place.publish(2)
    place.now += MINUTE - timedelta(milliseconds=1)
    assert place.read().version == 1
    place.now += timedelta(milliseconds=1)
    assert place.read().of("tea.example", "").keep == ".v2"
    assert place.archive.reads == 2


def test_a_clock_that_was_set_back_makes_it_look(place: Place) -> None:
    place.read()
    place.publish(1)
    place.now -= MINUTE
    assert place.read().version == 1


def test_who_knows_of_a_later_version_makes_it_look_at_once(place: Place) -> None:
    place.publish(1)
    place.read()
    place.publish(3)
    assert place.read(1).version == 1
    assert place.read(2).version == 3
    assert place.archive.reads == 2
    # What was taken away meanwhile cannot be had by asking.
    place.archive.delete([CURRENT])
    assert place.read(4).version == 0


def test_what_is_the_same_is_not_parsed_again(place: Place) -> None:
    place.publish(1)
    first = place.read()
    place.now += MINUTE
    assert place.read() is first
    assert place.archive.reads == 2


def test_rules_that_are_gone_hold_no_more(place: Place) -> None:
    place.publish(1)
    first = place.read()
    place.archive.delete([CURRENT])
    place.now += MINUTE
    assert place.read() is shipped()
    place.publish(1)
    place.now += MINUTE
    assert place.read() == first


def test_where_none_are_held_what_cannot_be_read_is_raised_each_time(place: Place) -> None:
    place.archive.down = True
    for _ in range(2):
        with pytest.raises(ConnectionError):
            place.read()
    assert (place.archive.reads, len(place.told)) == (2, 2)
    place.archive.down = False
    assert place.read() is shipped()


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"{", RulesInvalid),
        (b" " * (MAX_BYTES + 1), ObjectTooLarge),
        (Bundle(version=2, published=EPOCH, files={"a.toml": "hosts = 1"}).encode(), RulesInvalid),
    ],
)
def test_what_cannot_be_used_leaves_in_force_what_is_held(place: Place, body: bytes, error: type[Exception]) -> None:
    place.publish(1)
    held = place.read()
    place.archive.put(CURRENT, body, content_type="")
    place.now += MINUTE
    assert place.read() is held
    assert [type(one) for one in place.told] == [error]
    # It is told once a minute, not with each post.
    assert place.read() is held
    assert (len(place.told), place.archive.reads) == (1, 2)
    # A request by one that knows of a later version must not get a text of an earlier one.
    with pytest.raises(error):
        place.read(2)
    with pytest.raises(error):
        Place(archive=place.archive).read()
    place.publish(3)
    place.now += MINUTE
    assert place.read().version == 3


def test_what_cannot_be_read_leaves_in_force_what_is_held(place: Place) -> None:
    place.publish(1)
    held = place.read()
    place.archive.down = True
    for minute in range(1, 4):
        place.now += MINUTE
        assert place.read() is held
        assert len(place.told) == minute
