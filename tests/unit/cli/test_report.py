import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from postkeep_local import report
from postkeep_local.report import Call, shortened
from postkeep_local.watch import PostState
from unit.cli.api import picture

READY = PostState(
    "a.md", "ready", "茶", 1234, 3, (picture("ready", thumbnails=2), picture("failed", "not-found"), picture("skipped"))
)
REJECTED = PostState("b.md", "rejected", reason="front-matter-invalid", detail="line 3: did not find expected key")
PENDING = PostState("c.md", "pending", "沒完")


def shown(what: RenderableType) -> str:
    console = Console(width=120, force_terminal=False, legacy_windows=False)
    with console.capture() as capture:
        console.print(what)
    return capture.get()


def test_the_table_has_a_row_with_counts_for_each_post() -> None:
    rows = [line.split() for line in shown(report.posts_table("Posts", [READY, REJECTED, PENDING])).splitlines()]
    assert ["茶", "ready", "1,234", "3", "2", "1", "1"] in rows
    assert ["b.md", "rejected"] in rows
    assert ["沒完", "pending", "(not", "done)"] in rows


def test_a_post_that_the_api_never_knew_is_shown_by_its_key() -> None:
    assert "lost.md" in shown(report.posts_table("Posts", [PostState("lost.md")]))
    assert "unknown (not done)" in shown(report.posts_table("Posts", [PostState("lost.md")]))


def test_a_long_table_is_cut_and_says_so() -> None:
    states = [PostState(f"{n}.md", "ready", f"title-{n}") for n in range(12)]
    text = shown(report.posts_table("Posts", states, shown=5))
    assert "title-4 " in text
    assert "title-5 " not in text
    assert "… and 7 more" in text
    assert "more" not in shown(report.posts_table("Posts", states))


def test_rejected_posts_have_their_reasons() -> None:
    text = shown(report.rejected_table([READY, REJECTED]))
    assert "front-matter-invalid" in text
    assert "line 3: did not find expected key" in " ".join(text.split())
    assert "a.md" not in text
    assert shown(report.rejected_table([READY])).strip() == "No post was rejected."
    assert "… and 2 more" in shown(report.rejected_table([REJECTED] * 5, shown=3))


def test_failed_pictures_have_their_reasons_and_skipped_ones_are_counted() -> None:
    text = shown(report.pictures_table([READY]))
    assert "failed.jpg" in text
    assert "not-found" in text
    assert "1 pictures on other hosts were not asked for." in text
    assert "done.jpg" not in text
    assert "skipped.jpg" not in text
    assert shown(report.pictures_table([PENDING])).strip() == "No picture failed."
    assert "… and 2 more" in shown(report.pictures_table([READY] * 3, shown=1))


def test_counts_are_by_state() -> None:
    assert shown(report.counts([READY, REJECTED, PENDING, PostState("d.md")])) == (
        "Posts: 4 (1 pending, 1 ready, 1 rejected, 1 unknown)\nPictures: 3 (1 failed, 1 ready, 1 skipped); thumbnails: 2\n"
    )
    assert "Pictures: 0 (none)" in shown(report.counts([]))


def test_titles_are_neither_markup_nor_commands_to_the_terminal() -> None:
    state = PostState("k.md", "ready", "[bold]x[/bold] \x1b[2J[/]")
    text = shown(report.posts_table("P", [state]))
    assert "[bold]x[/bold] \\x1b[2J[/]" in text
    assert "\x1b" not in text


@given(st.text())
def test_no_text_makes_a_table_fail(text: str) -> None:
    shown(report.posts_table("P", [PostState("k", "ready", text)]))
    shown(report.rejected_table([PostState(text or "k", "rejected", reason=text, detail=text)]))


def test_an_answer_in_json_is_shortened() -> None:
    body = json.dumps({"posts": [{"title": "茶" * 100, "reason": ""}] * 5, "next": None}).encode()
    text = shown(report.answer(Call("/posts?limit=5", 200, "application/json", body)))
    assert text.startswith("GET /posts?limit=5 → 200 application/json\n")
    assert "茶" * 48 + "…" in text
    assert "茶" * 49 not in text
    assert "… and 3 more" in text
    assert "reason" not in text


def test_an_answer_in_text_is_cut_and_harmless() -> None:
    body = "\n".join(["第一行\x1b[2J", *map(str, range(100))]).encode()
    text = shown(report.answer(Call("/posts/x/text", 200, "text/plain; charset=utf-8", body)))
    assert "\x1b" not in text
    assert "… 61 more lines" in text


def test_an_answer_in_bytes_is_counted() -> None:
    assert "(12,345 bytes)" in shown(report.answer(Call("/thumbnails/x.webp", 200, "image/webp", b"x" * 12345)))


def test_a_sample_is_the_beginning_of_the_text() -> None:
    text = shown(report.sample("題", "一\n" * 46))
    assert [line.rstrip() for line in text.splitlines()[:2]] == ["題", "  一"]
    assert "… 6 more lines" in text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("x" * 48, "x" * 48),
        ("x" * 49, "x" * 48 + "…"),
        ([1, 2], [1, 2]),
        ([1, 2, 3, 4], [1, 2, "… and 2 more"]),
        ({"a": "", "b": [], "c": None, "d": {}, "e": 0, "f": False}, {"e": 0, "f": False}),
        (None, None),
    ],
)
def test_values_are_shortened(value: Any, expected: Any) -> None:
    assert shortened(value) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(JSON)
def test_a_layout_is_the_same_json(value: Any) -> None:
    assert json.loads("\n".join(report.laid_out(value))) == value


def test_what_fits_on_a_line_stays_on_one() -> None:
    assert report.laid_out({"a": [1, 2], "b": {"c": None}}) == ['{"a": [1, 2], "b": {"c": null}}']
    assert report.laid_out({"a": "茶" * 48, "b": [1, {"c": 2}]}) == ["{", f' "a": "{"茶" * 48}",', ' "b": [1, {"c": 2}]', "}"]


@given(JSON)
def test_what_was_shortened_has_bounded_lists_and_texts(value: Any) -> None:
    todo = [shortened(value)]
    while todo:
        match todo.pop():
            case str() as text:
                assert len(text) <= 49
            case list() as entries:
                assert len(entries) <= 3
                todo.extend(entries)
            case dict() as fields:
                todo.extend(fields.values())
            case _:
                pass
