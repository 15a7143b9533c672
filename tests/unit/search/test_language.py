from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postkeep.errors import QueryInvalid
from search_posts.language import MAX_DEPTH, MAX_LENGTH, MAX_TERMS, parse
from search_posts.query import And, Dated, Field, Not, Or, Phrase, Prefix, Query


@pytest.mark.parametrize(
    ("query", "understood"),
    [
        ("台灣", '"台灣"'),
        ("台灣 香港", '"台灣" "香港"'),
        ("你好，世界", '"你好" "世界"'),
        ('"你好，世界"', '"你好，世界"'),
        ("“你好”「世界」『茶』«thé»", '"你好" "世界" "茶" "thé"'),
        ("covid-19", '"covid-19"'),
        ("iPhone手机", '"iPhone手机"'),
        ("中文 -iphone", '"中文" -"iphone"'),
        ("－茶", '-"茶"'),
        ('-"a b"', '-"a b"'),
        ("a OR b c", '"a" OR "b" "c"'),
        ("(a OR b) c", '("a" OR "b") "c"'),
        ("（a | b）c", '("a" OR "b") "c"'),
        ("a AND b", '"a" "b"'),
        ("a and b or c", '"a" "and" "b" "or" "c"'),
        ("((a))", '"a"'),
        ("((a b) c)", '"a" "b" "c"'),
        ("a OR (b OR c)", '"a" OR "b" OR "c"'),
        ("a a", '"a"'),
        ("-(a b)", '-("a" "b")'),
        ("-(-a)", '-(-"a")'),
        ("(a OR b)(c OR d)", '("a" OR "b") ("c" OR "d")'),
        ("foo*", "foo*"),
        ("ＦＯＯ＊", "foo*"),
        ("covid-19*", '"covid" 19*'),
        ("中文abc*", '"中文" abc*'),
        ("中文，abc*", '"中文" abc*'),
        ('"foo*"', '"foo"'),
        ("f*o", '"f*o"'),
        ("author:陆羽", 'author:"陆羽"'),
        ("AUTHOR：陆羽", 'author:"陆羽"'),
        ('author:"Lu Yu" 茶', 'author:"Lu Yu" "茶"'),
        ("tag:茶 category:随笔 -tag:水", 'tag:"茶" category:"随笔" -tag:"水"'),
        ("title:雨前茶", 'title:"雨前茶"'),
        ("title:tea*", "title:tea*"),
        ("site:Tea.Example", "site:tea.example"),
        ("site:https://www.tea.example/posts/1?a", "site:tea.example"),
        ("before:2021 after:2020-06", "before:2021-01-01 after:2020-06-01"),
        ("after:２０２０/6/9", "after:2020-06-09"),
        ("has:image", "has:image"),
        ("HAS:Pictures", "has:image"),
        ("12:30", '"12:30"'),
        ("https://tea.example/a", '"https://tea.example/a"'),
        ('“x"y”', '"x\'y"'),
        ('author:“a"b”', 'author:"a\'b"'),
        ("or", '"or"'),
    ],
)
def test_what_is_understood(query: str, understood: str) -> None:
    found = parse(query)
    assert str(found) == understood
    assert found.notes == ()


@pytest.mark.parametrize(
    ("query", "position", "part"),
    [
        ("", 0, "nothing to search for"),
        ("  ", 0, "nothing to search for"),
        ("，。", 0, "nothing to search for"),
        ("()", 0, "nothing to search for"),
        ("-", 0, "nothing to search for"),
        ("a )", 2, "closes none"),
        ("a (b", 2, "not closed"),
        ("a （b OR (c)", 2, "not closed"),
        ('a "b', 2, "quotation mark is not closed"),
        ("a 「b", 2, "quotation mark is not closed"),
        ("OR a", 0, "Before OR"),
        ("AND a", 0, "Before OR"),
        ("(OR a)", 1, "Before OR"),
        ("a OR", 4, "After OR"),
        ("(a OR )", 6, "After OR"),
        ("a OR OR b", 5, "After OR"),
        ("a OR AND b", 5, "Before OR"),
        ("a AND", 5, "After AND"),
        ("a AND OR b", 6, "After AND"),
        ("a AND AND b", 6, "After AND"),
        ("author:", 7, "value is missing"),
        ("author: x", 7, "value is missing"),
        ("(author:)", 8, "value is missing"),
        ("author:(a b)", 7, "takes one value"),
        ('tag:""', 5, "letters or digits"),
        ("tag:，", 4, "letters or digits"),
        ("has:video", 4, "has:image"),
        ("site:，，", 5, "takes a host"),
        ("site:https://[", 5, "takes a host"),
        ("before:yesterday", 7, "2021-06-29"),
        ("before:2021-13", 7, "2021-06-29"),
        ("before:2021-02-30", 7, "2021-06-29"),
        ("after:0000", 6, "2021-06-29"),
        ("x a*", 3, "at least 2"),
        ("x" * (MAX_LENGTH + 1), MAX_LENGTH, f"{MAX_LENGTH} characters"),
        ("(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1), MAX_DEPTH, f"{MAX_DEPTH} deep"),
        (" ".join(f"a{n}" for n in range(MAX_TERMS + 1)), 118, f"{MAX_TERMS} words"),
        ("tag:a " * MAX_TERMS + "tag:a", 6 * MAX_TERMS, f"{MAX_TERMS} words"),
    ],
)
def test_what_is_at_fault(query: str, position: int, part: str) -> None:
    with pytest.raises(QueryInvalid) as caught:
        parse(query)
    assert caught.value.position == position
    assert part in caught.value.detail
    assert caught.value.detail.endswith(".")


@pytest.mark.parametrize(
    ("query", "understood", "note"),
    [
        ("foo - bar", '"foo" "bar"', "«-» was left out"),
        ("foo -- bar", '"foo" "bar"', "«--» was left out"),
        ("--foo", '"foo"', "«--» was left out"),
        ("foo -", '"foo"', "«-» was left out"),
        ("(foo -)", '"foo"', "«-» was left out"),
        ("foo !!!", '"foo"', "«!!!» has no letters"),
        ("foo -!!!", '"foo"', "«!!!» has no letters"),
        ("foo ()", '"foo"', "Parentheses with nothing"),
        ("中*", '"中"', "«*» was left out"),
        ("foo:bar", '"foo:bar"', "«foo:» is no filter"),
    ],
)
def test_what_is_left_out_is_said(query: str, understood: str, note: str) -> None:
    found = parse(query)
    assert str(found) == understood
    assert len(found.notes) == 1
    assert note in found.notes[0]
    assert found.notes[0].endswith(".")


def test_an_empty_phrase_is_nothing() -> None:
    assert parse('a "" " "').notes == ()
    assert str(parse('a "" " "')) == '"a"'


def test_a_note_is_given_once() -> None:
    assert len(parse("a - b - c").notes) == 1


def test_the_tree() -> None:
    found = parse('台灣 (-a OR foo*) author:b before:2021 title:"c d"')
    assert found.node == And(
        (
            Phrase("台灣"),
            Or((Not(Phrase("a")), Prefix("foo"))),
            Field("author", "b"),
            Dated("before", datetime(2021, 1, 1, tzinfo=UTC)),
            Phrase("c d", in_title=True),
        )
    )
    assert found.wanted == [Phrase("台灣"), Prefix("foo"), Phrase("c d", in_title=True)]


def explained(query: str) -> Query | QueryInvalid:
    try:
        return parse(query)
    except QueryInvalid as error:
        return error


@pytest.mark.parametrize(
    ("query", "months"),
    [
        ("a", ("", "")),
        ("after:2021", ("2021-01", "")),
        ("a before:2021", ("", "2020-12")),
        ("before:2021-06-02 after:2020-03-04 a", ("2020-03", "2021-06")),
        ("before:2021-06 before:2020 after:2018 after:2019-02", ("2019-02", "2019-12")),
        ("after:0999-01", ("0999-01", "")),
        ("before:0001", ("", "0001-01")),
        ("before:2021 OR a", ("", "")),
        ("-before:2021", ("", "")),
    ],
)
def test_the_months_of_what_can_be_found(query: str, months: tuple[str, str]) -> None:
    assert parse(query).months == months


SIGNS = st.sampled_from(
    [
        *"abAB中国台灣()（）-－*＊:：\"“”「」«»|&\t\n .,，'1é\u200b\ud800\x00ßع🙂",
        *("OR", " OR ", "AND", "author:", "title:", "site:", "before:2021", "has:image", "foo", 'tag:"'),
    ]
)


@given(st.lists(SIGNS, max_size=40).map("".join) | st.text(max_size=60))
@example("a ) b")
@example('author:”"')
@example("－－－(")
@example("-( OR )")
@example("site:a/b:c -*")
def test_whatever_is_written_is_understood_or_explained(query: str) -> None:
    found = explained(query)
    if isinstance(found, QueryInvalid):
        assert 0 <= found.position <= len(query)
        assert found.detail.endswith(".")
        return
    assert found.node == parse(str(found)).node
    assert parse(str(found)).notes == ()


@given(st.text("(（", min_size=1, max_size=MAX_LENGTH) | st.text('"「-', min_size=1, max_size=MAX_LENGTH))
def test_heaps_of_signs_are_explained(query: str) -> None:
    with pytest.raises(QueryInvalid):
        parse(query)
