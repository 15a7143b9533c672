"""The table of filters: what is added to it is held to this."""

from dataclasses import replace

import pytest

from postkeep.counts import KINDS
from postkeep.listing import INDEXES, MAX_VALUES, listings, name
from postkeep.post import Rendition
from query_posts.filters import FILTERS, normal
from support.posts import METADATA, a_post

POST = a_post(metadata=replace(METADATA, tags=tuple(f"t{n}" for n in range(MAX_VALUES + 1))))
OWN = {"author": "陆羽", "tag": "t0", "category": "随笔", "host": "tea.example", "archive": "tea"}
"""A value of the post for each filter that has a listing."""


def test_a_filter_has_a_listing_exactly_where_it_is_counted() -> None:
    listed = {name for name, entry in FILTERS.items() if entry.counted}
    assert listed == OWN.keys()
    assert listed <= INDEXES.keys()
    assert {FILTERS[name].counted for name in listed} <= set(KINDS)


@pytest.mark.parametrize("kind", OWN)
def test_a_filter_lets_through_what_its_listing_holds(kind: str) -> None:
    assert FILTERS[kind].test(POST, OWN[kind])
    assert name(kind, OWN[kind]) in listings(POST)
    assert not FILTERS[kind].test(POST, "x")


def test_no_more_tags_are_found_than_are_listed() -> None:
    last = f"t{MAX_VALUES}"
    assert last in POST.metadata.tags
    assert not FILTERS["tag"].test(POST, last)
    assert name("tag", last) not in listings(POST)


def test_all_filters_are_described() -> None:
    assert all(entry.description.endswith(".") for entry in FILTERS.values())


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("host", " WWW.Tea.Example ", "tea.example"),
        ("language", "zh-Hant", "zh-hant"),
        ("author", " 陆羽", " 陆羽"),
        ("archive", "", ""),
        ("has_image", True, "true"),
        ("has_image", False, "false"),
    ],
)
def test_values_have_a_normal_form(kind: str, value: str | bool, expected: str) -> None:
    assert normal(kind, value) == expected


@pytest.mark.parametrize(("kind", "value"), [("host", "www."), ("host", "\x0b"), ("language", " ")])
def test_a_value_that_nothing_is_left_of_is_what_no_post_has(kind: str, value: str) -> None:
    bare = replace(POST, metadata=replace(METADATA, source_url=None), rendition=None)
    assert normal(kind, value)
    assert not FILTERS[kind].test(bare, normal(kind, value))
    assert not FILTERS[kind].test(POST, normal(kind, value))


@pytest.mark.parametrize(
    ("language", "wanted", "fits"),
    [
        ("zh-Hant", "zh-hant", True),
        ("zh-Hant", "zh", True),
        ("zh-Hant", "z", False),
        ("zh-Hant", "zh-hans", False),
        ("zh", "zh-hant", False),
        ("en", "en", True),
    ],
)
def test_a_language_covers_what_begins_with_it(language: str, wanted: str, fits: bool) -> None:
    post = a_post(rendition=Rendition("r", 1, 1, 0, language))
    assert FILTERS["language"].test(post, wanted) is fits


def test_a_post_without_a_text_has_no_language_and_no_picture() -> None:
    assert FILTERS["language"].test(a_post(), "und")
    assert FILTERS["has_image"].test(a_post(), "false")
    assert FILTERS["has_image"].test(a_post(rendition=Rendition("r", 1, 1, 2)), "true")
