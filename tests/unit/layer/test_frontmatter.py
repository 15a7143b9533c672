from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postkeep.errors import PostRejected
from postkeep.frontmatter import MAX_DEPTH, ParsedPost, parse
from postkeep.listing import MAX_VALUES

FULL = """---
layout: post
title: "雨前茶 &amp; \\"山\\""
date: 2021-06-29T03:39:02.456+02:00
author: 陆羽 &#38; 友
from: https://tea.example/a?b=1&amp;c=2&copy=3
tags: [ 茶, 山, 茶 ]
categories: 随笔, 茶
comments: true
rank: 007
more: { a: [yes, 1.5] }
---
<p>正文</p>
"""


def parsed(front_matter: str, body: str = "", key: str = "a.md") -> ParsedPost:
    return parse(f"---\n{front_matter}\n---\n{body}".encode(), key)


def rejected(front_matter: str) -> PostRejected:
    with pytest.raises(PostRejected) as caught:
        parsed(front_matter)
    return caught.value


def test_a_whole_post_is_understood() -> None:
    found = parse(FULL.encode(), "tea/_posts/2020-01-01-a.md")
    meta = found.metadata
    assert meta.title == '雨前茶 & "山"'
    assert meta.author == "陆羽 & 友"
    assert meta.published == datetime(2021, 6, 29, 1, 39, 2, 456000, tzinfo=UTC)
    assert meta.date_source == "front-matter"
    assert meta.source_url == "https://tea.example/a?b=1&c=2&copy=3"
    assert meta.tags == ("茶", "山")
    assert meta.categories == ("随笔", "茶")
    assert meta.extra == {"comments": "true", "rank": "007", "more": {"a": ["yes", "1.5"]}}
    assert (found.body, found.warnings) == ("<p>正文</p>", ())


@pytest.mark.parametrize("written", ["007", "yes", "2021-06-29", "1e3", "0x10", "null", "~", "-- 18--05--21"])
def test_titles_stay_as_they_were_written(written: str) -> None:
    assert parsed(f"title: {written}").metadata.title == written


@pytest.mark.parametrize("front_matter", ["title:", 'title: ""', "layout: post"])
def test_a_post_may_have_no_title(front_matter: str) -> None:
    assert parsed(front_matter).metadata.title == ""


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("", ()),
        ("a", ("a",)),
        ("[]", ()),
        ("[a, ' b ', '']", ("a", "b")),
        ("'a,b, a'", ("a", "b")),
        ("\n- x\n- y", ("x", "y")),
        ("[1, yes]", ("1", "yes")),
    ],
)
def test_tags_are_lists_texts_or_nothing(tags: str, expected: tuple[str, ...]) -> None:
    assert parsed(f"tags: {tags}").metadata.tags == expected


def test_what_cannot_be_a_tag_is_left_out_with_a_warning() -> None:
    assert parsed("tags: [a, {b: c}]").warnings == ("tags: entries that are not texts were left out",)
    assert parsed("tags: {b: c}").warnings == ("tags: neither a list nor a text, and left out",)
    assert parsed("title: [a]").warnings == ("title: not a text, and left out",)


def test_all_tags_are_kept_and_those_over_the_limit_are_named() -> None:
    found = parsed(f"tags: [{','.join(f't{n}' for n in range(MAX_VALUES + 1))}]")
    assert len(found.metadata.tags) == MAX_VALUES + 1
    assert found.warnings == (f"tags: {MAX_VALUES + 1} of them; the post is listed under the first {MAX_VALUES}",)


@pytest.mark.parametrize("written", ["ftp://a.example/", "nothing", "https://", "http://[", "javascript:alert(1)"])
def test_what_is_no_web_address_is_left_out_with_a_warning(written: str) -> None:
    found = parsed(f"from: '{written}'")
    assert found.metadata.source_url is None
    assert found.warnings == ("from: not a web address, and left out",)


def test_backslashes_that_yaml_does_not_know_are_kept() -> None:
    found = parsed('title: "究\\智力\\"定\\中"\nauthor: "a\\\\b"')
    assert found.metadata.title == '究\\智力"定\\中'
    assert found.warnings == ("front matter: backslashes that YAML does not know were kept as they are",)


def test_backslashes_that_yaml_knows_keep_their_meaning() -> None:
    assert parsed('title: "a\\u8336\\\\"').metadata.title == "a茶\\"


def test_broken_yaml_is_rejected_with_its_place() -> None:
    error = rejected("title: 茶\ntags: [a, b\nauthor: x")
    assert error.reason == "front-matter-invalid"
    assert error.detail.startswith("line 4, column 7: ")
    assert error.detail.endswith(": author: x")


@pytest.mark.parametrize("front_matter", ["", "just text", "- a\n- b", "# a comment"])
def test_front_matter_that_is_no_mapping_is_rejected(front_matter: str) -> None:
    assert rejected(front_matter).reason == "front-matter-invalid"


@pytest.mark.parametrize("front_matter", ["title: a\0b", "\ttitle: a", "title: !!python/object:os.system [a", "? {a"])
def test_what_is_no_yaml_is_rejected(front_matter: str) -> None:
    assert rejected(front_matter).reason == "front-matter-invalid"


def test_tags_of_yaml_make_no_objects() -> None:
    assert parsed('title: !!python/object/apply:os.system ["true"]').metadata.title == ""


def test_aliases_are_rejected() -> None:
    bomb = "a: &a [x, x]\n" + "\n".join(f"b{n}: &b{n} [*{'a' if n == 0 else f'b{n - 1}'}, *a]" for n in range(30))
    error = rejected(bomb)
    assert (error.reason, error.detail) == ("front-matter-aliases", "line 3: YAML aliases are not accepted")


def test_nesting_is_bounded() -> None:
    assert parsed("a: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)).metadata.extra
    assert rejected("a: " + "[" * MAX_DEPTH + "]" * MAX_DEPTH).reason == "front-matter-too-deep"
    assert rejected("a: " + "[" * 30_000).reason == "front-matter-too-deep"


@given(st.binary(max_size=200))
def test_any_bytes_are_understood_or_rejected(content: bytes) -> None:
    for written in (content, b"---\n" + content + b"\n---\n"):
        try:
            parse(written, "a.md")
        except PostRejected as error:
            seen = error.reason, error.detail
            assert all(seen)


@given(st.dictionaries(st.sampled_from(["title", "date", "author", "from", "tags", "categories", "x"]), st.text(max_size=20)))
def test_any_front_matter_is_understood_or_rejected(fields: dict[str, str]) -> None:
    written = "\n".join(f"{name}: {value}" for name, value in fields.items())
    try:
        found = parse(f"---\n{written}\n---\n".encode("utf-8", "surrogatepass"), "a.md")
    except PostRejected:
        return
    assert found.metadata.published is None or found.metadata.published.tzinfo is UTC
