import difflib
import random
import time
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query_posts import difference
from query_posts.difference import Hunk, changes, hunks

LINES = st.lists(st.sampled_from("abcdefg"), max_size=30)


def applied(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """What the changes make of the one text."""
    found: list[str] = []
    place = 0
    for change in changes(before, after):
        assert place <= change.before <= change.before_end
        found += before[place : change.before]
        assert len(found) == change.after
        found += after[change.after : change.after_end]
        place = change.before_end
    return [*found, *before[place:]]


@given(LINES, LINES)
def test_the_changes_make_the_one_text_of_the_other(before: list[str], after: list[str]) -> None:
    assert applied(before, after) == after
    found = changes(before, after)
    assert all(change.compared for change in found)
    assert not found if before == after else found
    for change, following in pairwise(found):
        assert change.before_end < following.before
        assert change.after_end < following.after


@given(LINES, LINES)
def test_hunks_read_as_those_of_diff(before: list[str], after: list[str]) -> None:
    for hunk in hunks(before, after):
        old = [line[1:] for line in hunk.lines if line[0] in " -"]
        new = [line[1:] for line in hunk.lines if line[0] in " +"]
        assert old == before[hunk.before : hunk.before + hunk.before_count]
        assert new == after[hunk.after : hunk.after + hunk.after_count]


def test_hunks_are_difflibs_where_the_change_is_plain() -> None:
    before = [f"line {n}" for n in range(40)]
    after = [*before[:5], "new", *before[6:20], *before[21:26], "more", *before[26:], "end"]
    theirs = "\n".join(difflib.unified_diff(before, after, lineterm="")).split("@@")[2::2]
    assert ["\n" + "\n".join(hunk.lines) for hunk in hunks(before, after)] == [body.rstrip("\n") for body in theirs]


def test_a_changed_line_is_one_line() -> None:
    assert list(hunks(list("abcdefghi"), list("abcdXfghi"))) == [
        Hunk(1, 7, 1, 7, (" b", " c", " d", "-e", "+X", " f", " g", " h"))
    ]
    assert list(hunks([], ["a"])) == [Hunk(0, 0, 0, 1, ("+a",))]
    assert list(hunks(["a"], [])) == [Hunk(0, 1, 0, 0, ("-a",))]
    assert list(hunks(["a"], ["a"])) == []


def test_a_moved_paragraph_keeps_the_rest_in_place() -> None:
    before = [f"l{n}" for n in range(30)]
    after = [*before[10:], *before[:10]]
    assert [(c.before, c.before_end, c.after, c.after_end) for c in changes(before, after)] == [(0, 10, 0, 0), (30, 30, 20, 30)]


def test_repeated_lines_are_compared_too() -> None:
    before = ["x", "x", "y", "y"] * 5
    after = [*before[:8], "y", *before[8:]]
    (change,) = changes(before, after)
    assert (change.before_end - change.before, change.after_end - change.after) == (0, 1)


def test_more_lines_than_are_compared_are_replaced_as_a_whole() -> None:
    count = difference.MAX_LINES // 2 + 1
    before = ["same", *(f"a{n}" for n in range(count)), "end"]
    after = ["same", *(f"b{n}" for n in range(count)), "end"]
    (change,) = changes(before, after)
    assert (change.before, change.before_end, change.after, change.after_end) == (1, count + 1, 1, count + 1)
    assert not change.compared
    assert all(change.compared for change in changes(before[:count], after[:count]))


def test_what_would_cost_too_much_is_replaced_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = list("aabbaabb") * 4, list("abababab") * 4
    assert all(change.compared for change in changes(before, after))
    for budget in (0, 70, 200):
        monkeypatch.setattr(difference, "MAX_WORK", budget)
        found = changes(before, after)
        assert not all(change.compared for change in found)
        assert applied(before, after) == after


def test_touching_stretches_are_one_and_say_so() -> None:
    comparison = difference._Comparison([], [], 0)
    comparison._add(difference.Change(0, 1, 0, 0))
    comparison._add(difference.Change(1, 2, 0, 1, compared=False))
    assert comparison.found == [difference.Change(0, 2, 0, 1, compared=False)]


def test_too_many_lines_are_counted_instead_of_shown() -> None:
    count = difference.MAX_SHOWN // 2
    (hunk,) = hunks(["same", *["a"] * count], ["same", *["b"] * count])
    assert hunk == Hunk(0, count + 1, 0, count + 1, (), compared=False)


def test_hunks_beyond_what_is_shown_are_counted() -> None:
    long = ["x" * 1_500] * 150
    before = [f"{n} {line}" for n in range(8) for line in [*long, *(f"{n}.{k}" for k in range(10))]]
    after = [f"new {line}" if "x" in line else line for line in before]
    found = list(hunks(before, after))
    assert [bool(hunk.lines) for hunk in found] == [True] + [False] * 7
    assert sum(len(line) for hunk in found for line in hunk.lines) <= difference.MAX_SHOWN


def test_the_middle_of_what_is_no_sentence_is_left_out() -> None:
    (hunk,) = hunks(["a" * 5_000 + "z"], ["b" * difference.MAX_SHOWN_LINE])
    assert hunk.lines[0] == "-" + "a" * 1_000 + " […3,001 characters…] " + "a" * 999 + "z"
    assert hunk.lines[1] == "+" + "b" * difference.MAX_SHOWN_LINE


def hostile(kind: str) -> tuple[list[str], list[str]]:
    dice = random.Random(1)  # noqa: S311 (a test's)
    n = difference.MAX_LINES // 2
    plain = [f"l{k}" for k in range(n)]
    match kind:
        case "every other line changed":
            return plain, [line if k % 2 else f"x{line}" for k, line in enumerate(plain)]
        case "shuffled":
            return plain, dice.sample(plain, n)
        case "reversed":
            return plain, plain[::-1]
        case "all thrice":
            return [f"l{k // 3}" for k in range(n)], [f"l{k // 3}" if k % 5 else "x" for k in range(n)]
        case "one line, and one at either end":
            return ["a", *["x"] * (n - 2), "b"], ["c", *["x"] * (n - 3), "d"]
    return [str(dice.randrange(int(kind))) for _ in range(n)], [str(dice.randrange(int(kind))) for _ in range(n)]


@pytest.mark.parametrize(
    "kind",
    [
        "every other line changed",
        "shuffled",
        "reversed",
        "all thrice",
        "one line, and one at either end",
        "2",
        "30",
        "300",
        "1000",
        "9000",
    ],
)
def test_hostile_lines_take_no_longer(kind: str) -> None:
    before, after = hostile(kind)
    began = time.perf_counter()
    list(hunks(before, after))
    # Up to 0.6 s; difflib alone takes minutes of most of these.
    assert time.perf_counter() - began < 5
    assert applied(before, after) == after
