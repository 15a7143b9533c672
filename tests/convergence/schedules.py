"""Why each condition of each write is there: a schedule that goes wrong without it.

They are exact, since the rarest of them need three handlers that stand at once, which chance hardly ever draws.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from convergence.world import CONTENTS, World

ONE, TWO, THREE, BROKEN = CONTENTS

_BEFORE_SETTLING = 5
"""Calls of render on a post without pictures before it settles: record, object, rendition, pictures, leftovers."""


@dataclass(frozen=True, slots=True)
class Write:
    """A write with a condition.

    Attributes:
        operations: DynamoDB's, as the fake names them.
        condition: as the adapter writes it.
    """

    operations: frozenset[str]
    condition: str


OFFER = Write(frozenset({"UpdateItem"}), "attribute_not_exists(pk) OR (saying = :saying AND sequencer <= :sequencer)")
REPLACE = Write(frozenset({"PutItem"}), "generation = :generation AND edition = :edition AND sequencer <= :sequencer")
SETTLE = Write(
    frozenset({"UpdateItem", "TransactUpdate"}),
    "generation = :generation AND (attribute_not_exists(#rendition) OR #rendition.#rules <= :rules)",
)
CLEAR = Write(frozenset({"UpdateItem", "TransactUpdate"}), "generation = :generation")
RECORD = Write(frozenset({"PutItem"}), "attribute_exists(pk)")

WRITES = (OFFER, REPLACE, SETTLE, CLEAR, RECORD)


def other_content(world: World) -> None:
    """Offering a record must not make another's content its own."""
    world.put(ONE)
    world.flow()
    world.put(TWO)


def late_offer(world: World) -> None:
    """The same content again must not take the sequencer back, or an event in between would win."""
    world.put(ONE)
    world.flow()
    again = world.deliver(0)
    world.run(again, 1)  # has read ONE
    world.put(TWO)
    between = world.deliver(0)
    world.run(between, 1)  # has read TWO
    world.put(ONE)
    world.flow()
    world.run(again, None)
    world.run(between, None)


def late_replacement(world: World) -> None:
    """A slow handler must not put its content over a record that a later event found unchanged."""
    world.put(ONE)
    world.flow()
    world.put(TWO)
    slow = world.deliver(0)
    world.run(slow, 2)  # has read TWO, and that ONE is recorded
    world.put(ONE)
    world.flow()
    world.run(slow, None)


def two_of_one_generation(world: World) -> None:
    """Two contents must not share a generation, or the text of one is settled on the other."""
    world.put(ONE)
    world.run(world.deliver(0), None)
    world.put(THREE)
    check = world.check()
    world.run(check, 2)  # has read the record of ONE, and THREE
    world.put(TWO)
    slow = world.deliver(1)
    world.run(slow, 2)  # has read TWO, and that ONE is recorded
    world.run(check, None)  # records THREE
    render = world.render(1)
    world.run(render, _BEFORE_SETTLING)
    world.run(slow, None)  # records TWO
    world.run(world.render(1), None)
    world.run(render, None)


def text_meanwhile(world: World) -> None:
    """A record must not be replaced by one that does not know of its text, or nobody sweeps that away."""
    world.put(THREE)
    world.run(world.deliver(0), None)
    world.put(TWO)
    event = world.deliver(0)
    world.run(event, 2)  # has read TWO, and that THREE is recorded without a text
    world.run(world.render(0), None)
    world.run(event, None)


def late_text(world: World) -> None:
    """A slow render must not settle an old text on a new record."""
    world.put(THREE)
    world.run(world.deliver(0), None)
    slow = world.render(0)
    world.run(slow, _BEFORE_SETTLING)
    world.put(ONE)
    world.flow()
    world.run(slow, None)


def late_clearing(world: World) -> None:
    """A slow clearing must not call a new record settled, whose text then nobody would make."""
    world.put(ONE)
    world.flow()
    world.delete()
    world.run(world.deliver(0), None)
    slow = world.render(0)
    world.run(slow, 4)  # has read the tombstone, and cleared its pictures and texts
    world.put(THREE)
    event = world.deliver(0)
    world.run(event, 3)  # has recorded THREE, and dies before its message is sent
    world.run(slow, None)
    world.kill(0)


def older_rules(world: World) -> None:
    """While new rules are rolled out, a slow render of the old ones must not point back to a text that is swept away."""
    world.put(THREE)
    world.run(world.deliver(0), None)
    world.run(world.render(0), None)
    world.reprocess()
    world.duplicate(0)
    slow = world.render(0)
    world.run(slow, _BEFORE_SETTLING)
    world.publish()
    world.flow()
    world.run(slow, None)


def late_pictures(world: World) -> None:
    """A slow render must not bring back the pictures of an old text."""
    world.put(ONE)
    world.run(world.deliver(0), None)
    slow = world.render(0)
    world.run(slow, 4)  # has read that no pictures are there
    world.put(THREE)
    world.flow()
    world.run(slow, None)


def late_thumbnail(world: World) -> None:
    """A slow thumbnail must not bring back the picture of an old text."""
    world.put(ONE)
    world.run(world.deliver(0), None)
    world.run(world.render(0), None)
    slow = world.thumbnail(0)
    world.run(slow, 7)  # has made its thumbnails
    world.put(THREE)
    world.flow()
    world.run(slow, None)


def late_change(world: World) -> None:
    """A reader of the changes must stay behind the slowest handler, or it passes over what that one writes."""
    world.put(BROKEN)
    slow = world.deliver(0)
    world.run(slow, 1)  # has read the time, and the object
    world.mirror()
    world.run(slow, None)


def published_meanwhile(world: World) -> None:
    """A text that a dead delivery left under earlier rules must not stay when rules were published since."""
    world.put(THREE)
    world.run(world.deliver(0), None)
    for _ in range(3):
        dying = world.render(0)
        world.run(dying, _BEFORE_SETTLING)
        world.kill(0)
        world.publish()
    world.flow()


def dead_before_telling(world: World) -> None:
    """The search index must be told of a text although whoever settled it died before it could."""
    world.put(THREE)
    world.run(world.deliver(0), None)
    dying = world.render(0)
    world.run(dying, _BEFORE_SETTLING + 2)  # has settled it, and asked for its pictures
    world.kill(0)


def lagging_instance(world: World) -> None:
    """A text that a dead delivery left under later rules than its next one knew of stays until reconcile finds it."""
    world.put(THREE)
    world.run(world.deliver(0), None)
    world.publish()
    dying = world.render(0)
    world.run(dying, _BEFORE_SETTLING)
    world.kill(0)
    world.run(world.render(0, late=1), None)
    world.put(ONE)
    world.flow()


PROOFS: Mapping[tuple[Write, str], Callable[[World], None]] = {
    (OFFER, "saying = :saying"): other_content,
    (OFFER, "sequencer <= :sequencer"): late_offer,
    (REPLACE, "sequencer <= :sequencer"): late_replacement,
    (REPLACE, "generation = :generation"): two_of_one_generation,
    (REPLACE, "edition = :edition"): text_meanwhile,
    (SETTLE, "generation = :generation"): late_text,
    (SETTLE, "(attribute_not_exists(#rendition) OR #rendition.#rules <= :rules)"): older_rules,
    (CLEAR, "generation = :generation"): late_clearing,
    (RECORD, "attribute_exists(pk)"): late_thumbnail,
}
"""By the write, and the part of its condition without which the schedule goes wrong."""
