"""Texts of one number are the same text."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from support import texts
from support.texts import RECORD, Texts

made = cache(Texts.made)


def test_texts_are_those_of_their_number() -> None:
    recorded = Texts.recorded()
    assert recorded.faults(made()) == []
    assert recorded == made(), "`make texts` records what came, went or is of a new number"


def test_another_text_needs_another_number() -> None:
    name = next(iter(made().digests))
    other = replace(made(), digests={**made().digests, name: "0" * 16})
    assert made().faults(other) == [f"{name}: another text under the same number: make RULES {made().rules + 1}"]
    assert made().faults(replace(other, rules=other.rules + 1)) == []


def test_a_number_is_never_taken_back() -> None:
    before = replace(made(), rules=made().rules - 1)
    assert made().faults(before) == [f"RULES was {made().rules} and is {before.rules}: it is never taken back"]


def test_another_post_may_have_another_text() -> None:
    name = next(iter(made().gold))
    other = replace(
        made(), gold={**made().gold, name: "0" * 16}, digests={**made().digests, f"{name} shipped": "0" * 16, "new shipped": "1"}
    )
    assert made().faults(other) == []


def test_recording_refuses_what_changed_under_its_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "texts.json"
    assert texts.record(path) == []
    assert path.read_text("utf-8") == RECORD.read_text("utf-8")
    told = json.loads(path.read_text("utf-8"))
    told["digests"] |= dict.fromkeys(told["digests"], "0" * 16)
    path.write_text(json.dumps(told), "utf-8")
    assert len(texts.record(path)) == len(made().digests)
    assert json.loads(path.read_text("utf-8")) == told
    monkeypatch.setattr(texts, "RULES", made().rules + 1)
    assert texts.record(path) == []
    assert Texts.recorded(path).rules == made().rules + 1
