import time
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from search_posts.elements import elements
from search_posts.folding import fold
from search_posts.highlights import SNIPPET, Highlighter, Snippet, Span
from search_posts.language import parse
from search_posts.query import Phrase
from unit.search.test_recall import TEXTS, holds, row


def shown(query: str, text: str) -> list[str]:
    """What is highlighted in a title."""
    return [text[span.start : span.end] for span in Highlighter(parse(query).wanted).title(text)]


def snippet(query: str, text: str) -> Snippet:
    return Highlighter(parse(query).wanted).snippet(text)


def marked(found: Snippet) -> list[str]:
    return [found.text[span.start : span.end] for span in found.highlights]


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("台湾", "臺灣與台湾", ["臺灣", "台湾"]),
        ("臺灣", "在台\u200b灣。", ["台\u200b灣"]),
        ("茶", "茶茶水茶", ["茶茶", "茶"]),
        ("台湾 湾人", "台灣人", ["台灣人"]),
        ("cafe", "Un CAFÉ, cafe\u0301s, cafe\u0301.", ["CAFÉ", "cafe\u0301"]),
        ("hong", "Hongkong, HONG, ühong, hongü, 中hong国", ["HONG", "hong"]),
        ("hong*", "Hongkong, HONG, ühong, hongü, a hong", ["Hongkong", "HONG", "hongü", "hong"]),
        ("हिन", "हिन्दी हिन", ["हिन"]),
        ('"hong kong"', "Hong Kong; hong-kong; hong中kong; hongkong", ["Hong Kong", "hong-kong"]),
        ("iphone手机", "iPhone 手機、iPhone，手机、iPhone\n手机", ["iPhone 手機"]),
        ('"你好，世界"', "你好世界 你好！世界 你好\n世界", ["你好！世界", "你好\n世界"]),
        ('"a，中"', "a中 a 中 a。中 a\n中", ["a。中", "a\n中"]),
        ("-茶 水", "茶水", ["水"]),
        ("title:茶 水", "茶水", ["茶水"]),
        ("author:茶", "茶", []),
        ("ガ", "ｶﾞ", ["ｶﾞ"]),
        ("x" * 120, "x" * 150, ["x" * 150]),
        ("a", "", []),
    ],
)
def test_what_is_highlighted(query: str, text: str, found: list[str]) -> None:
    assert shown(query, text) == found


@given(TEXTS, TEXTS)
@example("我，機器人", "我，机")
@example("ab\u0301cab", "ab")
@example("\u3099ab", "ab")
@example("カ\u200b\u3099中", "カ 中")
@example("中中\u3099中", "中\u3099中")
@example("abab\u3099中", "abab中")
@example("中ab\u3099中", "中ab中")
@example("xक\u093fab", "ab")
def test_what_the_index_finds_is_highlighted(text: str, phrase: str) -> None:
    if not row(phrase):
        return
    start, end = elements(fold(phrase))[0].start, elements(fold(phrase))[-1].end
    spans = Highlighter([Phrase(phrase[start:end])]).title(text)
    assert bool(spans) == holds(text, phrase)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(before.end < after.start for before, after in pairwise(spans))


def test_a_snippet_shows_most_different_words() -> None:
    text = "茶。" * 20 + "空" * 400 + "。这里有茶，也有水。" + "空。" * 200 + "水。" * 20
    found = snippet("茶 水", text)
    assert found.text.startswith("这里有茶，也有水。")
    assert marked(found) == ["茶", "水"]
    assert len(found.text) == SNIPPET
    assert text[found.start :].startswith(found.text)
    assert found.is_cut


def test_of_equal_pieces_the_first_is_shown() -> None:
    assert snippet("茶", "甲茶" + "空" * 300 + "乙茶").text.startswith("甲茶")


def test_a_snippet_begins_with_a_sentence_or_a_word() -> None:
    assert snippet("tea", "x " * 200 + "First. " + "A cup of tea").text == "A cup of tea"
    assert snippet("茶", "空" * 200 + "。」好茶").text == "好茶"
    assert snippet("茶", "空" * 200 + "茶").text == "空" * 40 + "茶"
    assert snippet("tea", "abcdefghij" * 20 + " klmnopqrstuvwxyzabcdefghijklmn tea").text == "klmnopqrstuvwxyzabcdefghijklmn tea"
    assert snippet("茶", "一。茶" + "空" * 500).text.startswith("一。茶")


def test_without_anything_found_a_snippet_is_the_beginning() -> None:
    assert snippet("茶", "水" * 500) == Snippet("水" * SNIPPET, 0, is_cut=True, highlights=())
    assert snippet("title:水", "水") == Snippet("水", 0, is_cut=False, highlights=())
    assert snippet("author:a", "水") == Snippet("水", 0, is_cut=False, highlights=())
    assert snippet("茶", "") == Snippet("", 0, is_cut=False, highlights=())


def test_a_snippet_does_not_part_a_letter_and_its_accents() -> None:
    text = "a" * (SNIPPET - 1) + "e" + "\u0301" * 3 + "b"
    assert snippet("x", text).text == text[:-1]
    assert len(snippet("x", "e" + "\u0301" * 10_000).text) == 2 * SNIPPET


def test_what_is_longer_than_a_snippet_is_no_part_of_it() -> None:
    long = "x" * 90 + " " + "y" * 90
    found = snippet(f'"{long}"', f"{long} z")
    assert found.text == long[:SNIPPET]
    assert found.highlights == ()


@given(st.text(max_size=400), TEXTS.filter(lambda text: bool(row(text))))
def test_snippets_are_pieces_of_the_text(before: str, phrase: str) -> None:
    text = before + "。" + phrase + "。" + before
    found = Highlighter([Phrase(phrase)]).snippet(text)
    assert text[found.start : found.start + len(found.text)] == found.text
    assert found.highlights
    assert found.is_cut == (found.start + len(found.text) < len(text))


@pytest.mark.parametrize(
    "text",
    ["a" * 500_000, "a " * 250_000, "-" * 500_000, "a" + "-" * 500_000, "中" * 500_000, "中 " * 250_000, "\u200b" * 500_000,
     "a\u0301" * 250_000, "か\u3099" * 250_000, "ü" * 500_000],
    ids=lambda text: ascii(text[:2]),
)  # fmt: skip
def test_strangers_texts_take_no_time(text: str) -> None:
    highlighter = Highlighter(parse(" ".join(['"a b"', '"中，中"', "aa*", "a", "中", '"a 中"', "a" * 100, "か"])).wanted)
    begun = time.process_time()
    highlighter.snippet(text)
    assert time.process_time() - begun < 2.0


def test_places_are_those_of_the_original() -> None:
    text = unicodedata.normalize("NFD", "été ") + "ＴＥＡ"
    assert Highlighter([Phrase("tea")]).title(text) == (Span(6, 9),)
