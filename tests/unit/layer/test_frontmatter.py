import time
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from postkeep import frontmatter
from postkeep.errors import PostRejected
from postkeep.frontmatter import MAX_DEPTH, MAX_WARNINGS, ParsedPost, parse
from postkeep.postfile import MAX_FRONT_MATTER
from support.recordable import assert_recordable, assert_told

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
more: { a: [yes, 1.5, ~], b: "~" }
---
<p>正文</p>
"""
FIELDS = ["title", "date", "author", "from", "tags", "categories", "x"]
LOADERS = [yaml.BaseLoader, yaml.CBaseLoader]


def parsed(front_matter: str, body: str = "", key: str = "a.md") -> ParsedPost:
    return parse(f"---\n{front_matter}\n---\n{body}".encode(), key)


def rejected(front_matter: str) -> PostRejected:
    with pytest.raises(PostRejected) as caught:
        parsed(front_matter)
    return caught.value


def outcome(content: bytes) -> ParsedPost | PostRejected:
    try:
        return parse(content, "a.md")
    except PostRejected as error:
        return error


def test_a_whole_post_is_understood() -> None:
    found = parse(FULL.encode(), "tea/_posts/2020-01-01-a.md")
    meta = found.metadata
    assert meta.title == '雨前茶 & "山"'
    assert meta.author == "陆羽 & 友"
    assert meta.published
    assert meta.published.isoformat() == "2021-06-29T01:39:02.456000+00:00"
    assert meta.date_source == "front-matter"
    assert meta.source_url == "https://tea.example/a?b=1&c=2&copy=3"
    assert meta.tags == ("茶", "山")
    assert meta.categories == ("随笔", "茶")
    assert meta.extra == {"comments": "true", "rank": "007", "more": {"a": ["yes", "1.5", None], "b": "~"}}
    assert (found.body, found.warnings) == ("<p>正文</p>", ())


@pytest.mark.parametrize("written", ["007", "yes", "2021-06-29", "1e3", "0x10", "-- 18--05--21", "nullable", "茶\u200b山"])
def test_titles_stay_as_they_were_written(written: str) -> None:
    assert parsed(f"title: {written}").metadata.title == written


@pytest.mark.parametrize("front_matter", ["title:", 'title: ""', "layout: post", "title: null", "title: ~", 'title: " \u3000"'])
def test_a_post_may_have_no_title(front_matter: str) -> None:
    found = parsed(front_matter)
    assert (found.metadata.title, found.warnings) == ("", ())


@pytest.mark.parametrize("written", ["'null'", '"~"', "|-\n  null", "NULL0"])
def test_nothing_is_written_without_quotation_marks(written: str) -> None:
    assert parsed(f"title: {written}").metadata.title


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("field", ["author", "date", "from", "tags", "categories"])
def test_every_field_may_be_null(field: str, loader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frontmatter, "_LOADER", loader)
    assert parsed(f"{field}: null") == parsed("layout: post") == parsed(f"{field}:")


@pytest.mark.parametrize("front_matter", ["", "# a comment", "{}", "\n\n"])
def test_the_front_matter_may_be_empty(front_matter: str) -> None:
    found = parsed(front_matter, "茶", "2021-06-29-a.md")
    assert (found.metadata.date_source, found.body, found.warnings) == ("file-name", "茶", ())


def test_a_key_that_is_written_twice_counts_as_written_last() -> None:
    found = parsed("title: a\nauthor: x\ntitle: b\nmore: {c: 1, c: 2}\ntitle: c")
    assert (found.metadata.title, found.metadata.extra) == ("c", {"more": {"c": "2"}})
    assert found.warnings == ("c: written more than once; line 5 counts", "title: written more than once; line 6 counts")


def test_unknown_keys_are_kept_as_they_were_written() -> None:
    found = parsed("layout: post\n1: a\nyes: [no]\nnull: b\nTitle: c\n<<: {d: e}\nempty:")
    assert found.metadata.extra == {"1": "a", "yes": ["no"], "null": "b", "Title": "c", "<<": {"d": "e"}, "empty": ""}


def test_backslashes_that_yaml_does_not_know_are_kept() -> None:
    found = parsed('title: "究\\智力\\"定\\中"\nauthor: "a\\\\b"')
    assert found.metadata.title == '究\\智力"定\\中'
    assert found.warnings == ("front matter: backslashes that YAML does not know were kept as they are",)


def test_a_backslash_before_the_last_quotation_mark_is_kept() -> None:
    assert parsed('title: "山\\"\nauthor: "友"\nmy-key: "\\智"\ntags:\n  - "\\水" ').metadata == (
        parsed("title: 山\\\nauthor: 友\nmy-key: \\智\ntags: ['\\水']").metadata
    )


def test_backslashes_that_yaml_knows_keep_their_meaning() -> None:
    assert parsed('title: "a\\u8336\\\\"').metadata.title == "a茶\\"


@pytest.mark.parametrize("loader", LOADERS)
def test_emoji_escaped_as_json_does_it_are_understood(loader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frontmatter, "_LOADER", loader)
    found = parsed('title: "茶\\ud83c\\udf75"\nx: {"\\uD83C\\uDF75": "\\n"}')
    assert (found.metadata.title, found.metadata.extra) == ("茶🍵", {"x": {"🍵": "\n"}})


@pytest.mark.parametrize("loader", LOADERS)
def test_half_a_character_is_replaced_or_kept_as_text(loader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frontmatter, "_LOADER", loader)
    found = (
        parsed('title: "茶\\ud83c"\nx: "\\udf75"\n"\\udf75": a') if loader is yaml.BaseLoader else parsed('title: "茶\\ud83c"')
    )
    assert found.metadata.title in {"茶\ufffd", "茶\\ud83c"}
    assert_recordable(found)


@pytest.mark.parametrize("loader", LOADERS)
def test_a_character_that_there_cannot_be_is_kept_as_text(loader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frontmatter, "_LOADER", loader)
    assert parsed('title: "\\U00110000"').metadata.title == "\\U00110000"


def test_control_characters_are_left_out() -> None:
    found = parsed("layout: post\ntitle: a\0b\x08c\x7f\x9f\uffff\nauthor: 友\x00")
    assert (found.metadata.title, found.metadata.author) == ("abc", "友")
    assert found.warnings == ("front matter: control characters were left out; the first, U+0000, stands in line 3, column 9",)
    assert parsed('title: "a\\x08\\0b"').metadata.title == "ab"


@pytest.mark.parametrize("separator", "\x85\u2028\u2029")
def test_line_separators_within_a_line_break_none(separator: str) -> None:
    found = parsed(f"title: 茶{separator}山\nauthor: 友")
    assert (found.metadata.title, found.metadata.author, found.warnings) == ("茶 山", "友", ())
    assert rejected(f"title: 茶{separator}山\nauthor: [").detail.startswith("line 4")


def test_zero_width_characters_stay_but_at_the_ends() -> None:
    assert parsed("title: '\u200b茶\u200b山👩\u200d🌾\ufeff'").metadata.title == "茶\u200b山👩\u200d🌾"


@pytest.mark.parametrize(
    ("front_matter", "detail"),
    [
        (
            "title: 茶\ntags: [a, b\nauthor: x",
            "line 4, column 7: did not find expected ',' or ']', while parsing a flow sequence that began in line 3: author: x",
        ),
        (
            'title: "茶\nauthor: x',
            "line 4, column 1: found unexpected end of stream, while scanning a quoted scalar that began in line 2: ",
        ),
        ("\ttitle: a", "line 2, column 1: found character that cannot start any token: title: a"),
        ("title: @x", "line 2, column 8: found character that cannot start any token: title: @x"),
        ("title: a: b", "line 2, column 9: mapping values are not allowed in this context: title: a: b"),
        (
            "a: 1\n--- b",
            "line 3, column 1: but found another document, expected a single document in the stream that began in line 2: --- b",
        ),
        ("just text", "line 2, column 1: not a list of «key: value» lines: just text"),
        ("- a\n- b", "line 2, column 1: not a list of «key: value» lines: - a"),
        ("a: 1\n? [b]\n: c", "line 3, column 3: a key is no text: ? [b]"),
        ("x: {{}: c}", "line 2, column 5: a key is no text: x: {{}: c}"),
        ("%YAML 1.1\na: 1", "line 3, column 1: did not find expected <document start>: a: 1"),
        ("title: a\0\x08 b: c", "line 2, column 11: mapping values are not allowed in this context: title: a b: c"),
    ],
)
def test_what_is_no_yaml_is_rejected_with_its_place(front_matter: str, detail: str) -> None:
    error = rejected(front_matter)
    assert (error.reason, error.detail) == ("front-matter-invalid", detail)


def test_the_text_at_fault_is_shown_wherever_it_stands() -> None:
    error = rejected(f"title: {'茶' * 500}: {'山' * 500}")
    assert error.detail == f"line 2, column 508: mapping values are not allowed in this context: {'茶' * 40}: {'山' * 38}"


def test_an_error_without_a_place_is_told_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frontmatter, "_REFUSED", frontmatter._PAIR)
    error = rejected("title: a\0")
    assert error.reason == "front-matter-invalid"
    assert error.detail.startswith("not YAML: unacceptable character")


def test_tags_of_yaml_make_no_objects() -> None:
    found = parsed('title: !!python/object/apply:os.system ["true"]\nx: !!binary aGk=\ny: !!python/name:os.system ""')
    assert (found.metadata.title, found.metadata.extra) == ("true", {"x": "aGk=", "y": ""})


def test_aliases_are_rejected() -> None:
    bomb = "a: &a [x, x]\n" + "\n".join(f"b{n}: &b{n} [*{'a' if n == 0 else f'b{n - 1}'}, *a]" for n in range(30))
    error = rejected(bomb)
    assert error.reason == "front-matter-aliases"
    assert error.detail == "line 3, column 10: YAML aliases are not accepted: b0: &b0 [*a, *a]"
    assert rejected("a: &a {b: c}\n<<: *a").reason == "front-matter-aliases"
    assert parsed("title: &a 茶").metadata.title == "茶"


def test_nesting_is_bounded() -> None:
    assert parsed("a: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)).metadata.extra
    error = rejected("a: " + "[" * MAX_DEPTH + "]" * MAX_DEPTH)
    assert (error.reason, error.detail.partition(": a: ")[0]) == (
        "front-matter-too-deep",
        "line 2, column 23: more than 20 levels",
    )
    assert rejected("a: " + "[" * 30_000).reason == "front-matter-too-deep"


def test_warnings_are_bounded() -> None:
    found = parsed("\n".join(f"{n}{'茶' * 300}: a\n{n}{'茶' * 300}: b" for n in range(30)))
    assert len(found.warnings) == MAX_WARNINGS
    assert found.warnings[-1] == "and 11 more"
    assert max(map(len, found.warnings)) <= 200
    assert parsed("".join(f"{n}: a\n{n}: b\n" for n in range(MAX_WARNINGS))).warnings[-1].startswith("19:")


HEAVY = {
    "keys": "".join(f"{n}:\n" for n in range(10_000)),
    "short keys": f"x: {{{','.join(chr(0x4E00 + n) for n in range(15_000))}}}",
    "letters": f"x: [{','.join('a' * 30_000)}]",
    "tags": f"tags: [{','.join(chr(0x4E00 + n) for n in range(15_000))}]",
    "emoji": f"title: {'🍵' * 16_000}",
    "author": f"author: {'茶' * 21_000}",
    "quotation marks": f"x: {'"' * 1}{'\\"' * 32_000}{'"' * 1}",
    "escapes": f'x: "{"\\x01" * 16_000}"',
    "spaces": "title: a" + " " * 65_000 + "b",
    "backslashes": 'title: "' + "\\智" * 16_000 + '"',
    "quoted spaces": 'title: "' + '"  ' * 20_000,
    "tabs": "title: |\n" + "  \ta\n" * 12_000,
    "references": "title: '" + "&amp" * 16_000 + "'",
    "comments": "#\n" * 30_000,
    "anchors": "".join(f"- &a{n} b\n" for n in range(6_000)),
    "brackets": "[" * 65_000,
    "braces": "{" * 65_000,
    "questions": "? " * 32_000,
    "dashes": "- " * 32_000,
    "colons": "a: " * 20_000,
    "asterisks": "*a " * 20_000,
    "separators": "title: '" + "\u2028" * 21_000 + "'",
    "addresses": f"from: https://a.example/{'a' * 60_000}",
    "pairs": 'title: "' + "\\ud83c\\udf75" * 5_000 + '\\智"',
}


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("front_matter", HEAVY.values(), ids=HEAVY)
def test_much_of_anything_takes_little_time_and_room(front_matter: str, loader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frontmatter, "_LOADER", loader)
    assert len(front_matter.encode()) <= MAX_FRONT_MATTER
    begun = time.process_time()
    found = outcome(f"---\n{front_matter}\n---\n".encode())
    # A hundred times what it takes; the loader in Python is there for its answers, not for its speed.
    assert time.process_time() - begun < (30 if loader is yaml.BaseLoader else 5)
    assert_told(found)


@given(st.binary(max_size=300))
def test_any_bytes_are_understood_or_rejected(content: bytes) -> None:
    assert_told(outcome(content))
    assert_told(outcome(b"---\n" + content + b"\n---\n"))


PIECES = [
    *"\n\n\n  \t:,-?[]{}\"'|>&*!%@`#~\\.…\0\x08\x7f\x85\u2028\ufeff\u200b茶🍵",
    ": ",
    "- ",
    '"\\',
    "\\ud83c",
    "\\udf75",
    "\\x00",
    "\\U00110000",
    "---",
    "...",
    "<<",
    "!!null",
    "null",
    "&amp;",
    "&#xD800;",
    "https://",
    "2021-06-29",
    *(f"\n{name}: " for name in FIELDS),
]


@pytest.mark.parametrize("loader", LOADERS)
def test_any_front_matter_is_understood_or_rejected(loader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frontmatter, "_LOADER", loader)

    @given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=6)), max_size=40).map("".join))
    def check(written: str) -> None:
        assert_told(outcome(f"---\ntitle: {written}\n---\n".encode("utf-8", "surrogatepass")))

    check()
