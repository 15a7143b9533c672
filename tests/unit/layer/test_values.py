from collections.abc import Callable
from typing import Any

import pytest

from postkeep.address import MAX_ADDRESS
from postkeep.listing import MAX_VALUES
from postkeep.values import MAX_NAME, MAX_TEXT, address, names, people, text


def silently[T](read: Callable[[list[str]], T]) -> T:
    """What is read, where nothing is to be said about it."""
    warnings: list[str] = []
    found = read(warnings)
    assert warnings == []
    return found


def aloud[T](read: Callable[[list[str]], T]) -> tuple[T, str]:
    """What is read, and the one thing that is said about it."""
    warnings: list[str] = []
    found = read(warnings)
    (warning,) = warnings
    return found, warning


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        ("", ""),
        (" \u3000\u200b\t ", ""),
        (" 茶 &amp; 山\n水 ", "茶 & 山 水"),
        ("a\x08b", "ab"),
        (["茶"], "茶"),
        ("茶" * MAX_TEXT, "茶" * MAX_TEXT),
    ],
)
def test_a_text_is_one_line(value: Any, expected: str) -> None:
    assert silently(lambda warnings: text(value, "title", warnings)) == expected


@pytest.mark.parametrize("value", [["a", "b"], [], {"a": "b"}, [["a"]], [{"a": "b"}]])
def test_what_is_no_text_is_left_out(value: Any) -> None:
    assert aloud(lambda warnings: text(value, "title", warnings)) == ("", "title: not a text, and left out")


def test_a_long_text_is_cut() -> None:
    found, warning = aloud(lambda warnings: text("茶" * 1_001, "title", warnings))
    assert found == "茶" * 999 + "…"
    assert warning == "title: 1,001 characters; those after the first 1,000 were left out"


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, ""), ("陆羽 &#38; 友", "陆羽 & 友"), (["陆羽", "", "友"], "陆羽, 友"), ([], ""), ("陆羽, 友", "陆羽, 友")],
)
def test_authors_are_one_text(value: Any, expected: str) -> None:
    assert silently(lambda warnings: people(value, "author", warnings)) == expected


def test_many_authors_are_cut_and_other_things_left_out() -> None:
    found, _ = aloud(lambda warnings: people(["陆羽"] * 400, "author", warnings))
    assert len(found) == MAX_TEXT
    assert aloud(lambda warnings: people([{"name": "x"}, "y"], "author", warnings))[0] == ""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ("https://tea.example/a?b=1&amp;c=2&copy=3", "https://tea.example/a?b=1&c=2&copy=3"),
        (" HTTP://Tea.Example:8080/茶\n", "HTTP://Tea.Example:8080/茶"),
        (["https://tea.example/"], "https://tea.example/"),
    ],
)
def test_addresses_are_kept_as_written(value: Any, expected: str | None) -> None:
    assert silently(lambda warnings: address(value, warnings)) == expected


@pytest.mark.parametrize(
    "value",
    [
        "ftp://a.example/",
        "nothing",
        "//a.example/",
        "https://",
        "https://.",
        "http://[",
        "https://a.example:b/",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_web_address_is_left_out(value: str) -> None:
    expected = f"from: not a web address, and left out: {value}"
    assert aloud(lambda warnings: address(value, warnings)) == (None, expected)


def test_addresses_are_texts_of_some_length() -> None:
    room = "https://a.example/" + "a" * (MAX_ADDRESS - 18)
    assert silently(lambda warnings: address(room, warnings)) == room
    assert aloud(lambda warnings: address(room + "a", warnings)) == (None, "from: longer than 8,192 bytes, and left out")
    assert aloud(lambda warnings: address({"a": "b"}, warnings)) == (None, "from: not a text, and left out")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ()),
        ("", ()),
        ([], ()),
        (" , ，", ()),
        ("茶", ("茶",)),
        ("茶, 山，水, 茶", ("茶", "山", "水")),
        ("衣、食、住", ("衣、食、住",)),
        ("classic films", ("classic films",)),
        (["茶", " 山 ", "", None, "a, b", "茶"], ("茶", "山", "a, b")),
        (["R&amp;D", "a\nb\u200b"], ("R&D", "a b")),
    ],
)
def test_names_are_lists_or_texts_with_commas(value: Any, expected: tuple[str, ...]) -> None:
    assert silently(lambda warnings: names(value, "tags", warnings)) == expected


def test_what_cannot_be_a_name_is_left_out() -> None:
    assert aloud(lambda warnings: names(["a", {"b": "c"}, ["d"]], "tags", warnings)) == (
        ("a",),
        "tags: entries that are not texts were left out",
    )
    assert aloud(lambda warnings: names({"b": "c"}, "tags", warnings)) == ((), "tags: neither a list nor a text, and left out")
    assert aloud(lambda warnings: names(["a", "茶" * MAX_NAME, "茶" * (MAX_NAME + 1)], "tags", warnings)) == (
        ("a", "茶" * MAX_NAME),
        "tags: entries of more than 200 characters were left out",
    )


def test_all_names_are_kept_and_those_that_are_not_listed_are_told() -> None:
    found, warning = aloud(lambda warnings: names([f"t{n}" for n in range(MAX_VALUES + 1)], "tags", warnings))
    assert len(found) == MAX_VALUES + 1
    assert warning == f"tags: {MAX_VALUES + 1} of them; the post is listed under the first {MAX_VALUES}"
