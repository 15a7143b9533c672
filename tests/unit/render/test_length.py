import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from render_post.length import Length, measure


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("你好，世界", 4),
        ("清晨，第 1 杯茶。", 6),
        ("Hello, world! It's a well-known fact.", 6),
        ("看https://tea.example/x?y=1訂閱", 4),
        ("https://tea.example/a-b/c?d=e,f www.tea.example first.cup@tea.example", 3),
        ("コーヒーを飲む", 7),
        ("ｺｰﾋｰ", 4),
        ("人々", 2),
        ("아침의 첫 차는", 3),
        ("नमस्ते दुनिया", 2),
        ("e\u0301te\u0301 \u0301x", 2),
        ("Zu\u00adcker\u200dtüte", 1),
        ("一\u200bone\u200btwo", 3),
        ("“one”“two”—three…four", 4),
        ("卡尔・Marx，3.14；1,000", 5),
        ("ＡＢＣ（ｄｅｆ）１２", 3),
        ("- ! ? 😀 👍🏽 _ #", 0),
        ("_one #two 3", 3),
        ("a\tb\nc\u3000d\xa0e", 5),
        ("\u0301" * 9, 0),
        ("\u200b\ufeff", 0),
        ("\ud800\udfff", 0),
        ("one\0two \0", 1),
        ("ㄅㄆ㐀\uf900𠮷〇", 6),
        ("、。「」〜", 0),
    ],
    ids=ascii,
)
def test_words(text: str, words: int) -> None:
    assert measure(text).words == words


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", 0),
        (" \n\u3000", 0),
        ("字", 1),
        ("!", 1),
        ("字" * 400, 60),
        ("字" * 4000, 600),
        ("word " * 238, 60),
        ("word " * 119 + "字" * 200, 60),
        ("字" * 10 + "，" * 5000, 2),
    ],
)
def test_reading_time(text: str, seconds: int) -> None:
    assert measure(text).reading_seconds == seconds


def test_characters_are_all_of_them() -> None:
    assert measure(" 字 \n😀") == Length(characters=5, words=1, reading_seconds=1)


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "a ",
        "a!",
        "a—",
        "!",
        "_",
        "_a ",
        "中",
        "中a",
        "あ！",
        "가",
        "😀",
        "\u0301",
        "\u200b",
        " ",
        "\0",
        "\ud800",
        "http://a",
    ],
    ids=ascii,
)
def test_hostile_texts_take_no_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    start = time.process_time()
    length = measure(text)
    assert time.process_time() - start < 0.3
    assert length.characters == len(text)


@given(st.text(st.characters(exclude_categories=[])))
def test_any_text_has_a_length(text: str) -> None:
    length = measure(text)
    assert length.characters == len(text)
    assert 0 <= length.words <= len(text)
    assert (length.reading_seconds > 0) == bool(text.strip())


@given(st.text(), st.text())
def test_paragraphs_add_up(one: str, other: str) -> None:
    assert measure(f"{one}\n{other}").words == measure(one).words + measure(other).words
