"""Whatever order events come in, and wherever handlers die: in the end everything agrees with the bucket."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from convergence.drawing import PATIENT, draw
from convergence.machine import Machine
from convergence.schedules import (
    CLEAR,
    OFFER,
    PROOFS,
    WRITES,
    Write,
    dead_before_telling,
    lagging_instance,
    late_change,
    late_pictures,
    published_meanwhile,
)
from convergence.world import CONTENTS, World, check, clean, quickly


@pytest.fixture(autouse=True)
def _quickly() -> Iterator[None]:
    with ExitStack() as patches:
        for patch in quickly():
            patches.enter_context(patch)
        yield


@PATIENT
def test_everything_comes_to_agree_with_the_bucket(capsys: pytest.CaptureFixture[str]) -> None:
    draw(Machine, "schedules", capsys, schedules=2000, steps=50, fates=["refused", "lost", "partial", "conflict", "killed"])


def run(schedule: Callable[[World], None], world: World) -> None:
    try:
        schedule(world)
        world.drain()
        check(world)
    finally:
        world.close()


def waiving(write: Write, part: str) -> Callable[[str, str], str]:
    """Take a part out of the condition of a write, and out of no other."""
    left = re.sub(r"\(\)|OR \(\)", "", re.sub(rf"( AND )?{re.escape(part)}( AND )?", "", write.condition)).strip()
    return lambda operation, condition: left if (operation in write.operations and condition == write.condition) else condition


@pytest.mark.parametrize(("proof", "schedule"), PROOFS.items(), ids=[f"{s.__name__}" for s in PROOFS.values()])
def test_without_any_one_condition_it_would_not(proof: tuple[Write, str], schedule: Callable[[World], None]) -> None:
    run(schedule, World())
    world = World()
    world.table.dynamodb.waive = waiving(*proof)
    with pytest.raises(AssertionError):
        run(schedule, world)


def test_a_slow_render_does_not_bring_back_the_pictures_of_an_old_text() -> None:
    """This needs no condition: a generation's pictures are its own."""
    run(late_pictures, World())


def test_without_the_sweep_texts_of_earlier_rules_would_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    run(published_meanwhile, World())
    monkeypatch.setattr("render_post.rendering._SWEPT", 2)
    with pytest.raises(AssertionError):
        run(published_meanwhile, World())


def test_a_request_that_comes_again_tells_the_search_index_again(monkeypatch: pytest.MonkeyPatch) -> None:
    run(dead_before_telling, World())
    monkeypatch.setattr("render_post.rendering.Rendering._tell", lambda *_: None)
    with pytest.raises(AssertionError, match="search index"):
        run(dead_before_telling, World())


def test_without_reconcile_a_text_that_a_lagging_instance_does_not_know_of_would_stay() -> None:
    run(lagging_instance, World())

    class Unreconciled(World):
        def reconcile(self) -> None:
            pass

    with pytest.raises(AssertionError):
        run(lagging_instance, Unreconciled())


def test_every_condition_of_every_write_is_proven() -> None:
    seen: set[tuple[str, str]] = set()

    def see(operation: str, condition: str) -> str:
        seen.add((operation, condition))
        return condition

    for schedule in PROOFS.values():
        world = World()
        world.table.dynamodb.waive = see
        run(schedule, world)
    assert {condition for _, condition in seen} == {write.condition for write in WRITES}
    assert all(any(o in w.operations and c == w.condition for w in WRITES) for o, c in seen)
    for write in WRITES:
        parts = [part for proven, part in PROOFS if proven == write]
        rest = write.condition
        for part in parts:
            rest = rest.replace(part, "", 1)
        # What is left of it: that a first record may be written where there is none, which is no restriction.
        assert rest.replace(" AND ", "").strip() in {"", "attribute_not_exists(pk) OR ()"}


def test_taking_a_part_out_leaves_the_rest() -> None:
    assert (
        waiving(OFFER, "saying = :saying")("UpdateItem", OFFER.condition)
        == "attribute_not_exists(pk) OR (sequencer <= :sequencer)"
    )
    assert waiving(CLEAR, CLEAR.condition)("UpdateItem", CLEAR.condition) == ""
    assert waiving(CLEAR, CLEAR.condition)("PutItem", CLEAR.condition) == CLEAR.condition


def test_a_reader_of_the_changes_that_does_not_stay_behind_misses_some() -> None:
    run(late_change, World())
    with pytest.raises(AssertionError, match="mirror"):
        run(late_change, World(behind=0))


def test_the_clean_runs_differ() -> None:
    found: list[Any] = [clean(content)["text"] for content in [None, *CONTENTS]]
    assert found[0] is found[-1] is None
    assert len({*found}) == 4
