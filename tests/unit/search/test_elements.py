import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from search_posts.elements import Element, bare, elements, pieces, placed
from search_posts.folding import fold

LETTERS = st.sampled_from("中国台灣茶ab1é１Ａ ，。\n　-'カ゛\u3099\u200b\u0301\u00ad한กเคिन\ufe0f🙂_「」|+\x00")
TEXTS = st.text(LETTERS, max_size=30)


def shown(text: str) -> list[str]:
    """The row of a text, a break as ``|``."""
    return [("|" if element.breaks else "") + element.text for element in elements(fold(text))]


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("中国", ["中", "国"]),
        ("中。国", ["中", "|国"]),
        ("中 国", ["中", "|国"]),
        ("中\n国", ["中", "|国"]),
        ("中\u200b国", ["中", "国"]),
        ("中\ufe0f国", ["中", "国"]),
        ("covid-19, U.S.\nnews", ["covid", "19", "u", "s", "news"]),
        ("iPhone手机", ["iphone", "手", "机"]),
        ("iPhone　手机", ["iphone", "手", "机"]),
        ("用 iPhone", ["用", "iphone"]),
        ("用，iPhone", ["用", "|iphone"]),
        ("iPhone\n手机", ["iphone", "|手", "机"]),
        ("don’t", ["don", "t"]),
        ("Cafe\u0301", ["cafe"]),
        ("re\u00adad", ["read"]),
        ("ｶﾞが", ["ガ", "が"]),
        ("か\u3099ア\u3099", ["が", "ア"]),
        ("カ\u200b\u3099ア\u200b\u3099ア", ["ガ", "ア", "|ア"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("กขค", ["ก", "ข", "ค"]),
        ("한국", ["한", "국"]),
        ("a_b", ["a", "b"]),
        ("🙂 …", []),
        ("", []),
        ("a" * 150, ["a" * 100]),
    ],
)
def test_rows(text: str, row: list[str]) -> None:
    assert shown(text) == row


@given(TEXTS)
@example("カ\u3099\u200bア\u3099x\u0301")
def test_places_are_those_of_the_text(text: str) -> None:
    folded = fold(text)
    found, places = placed(folded)
    assert found == bare(folded)
    assert len(places) == len(found) + 1
    assert places[-1] == len(text)
    for character, place in zip(found, places, strict=False):
        assert folded[place] == character or unicodedata.normalize("NFD", character)[0] == folded[place]
    assert bare(found) == found


@given(TEXTS)
def test_elements_stand_where_they_say(text: str) -> None:
    folded = fold(text)
    end = 0
    for element in elements(folded):
        assert end <= element.start < element.end <= len(text)
        assert bare(folded[element.start : element.end])[: len(element.text)] in {element.text, folded[element.start]}
        assert bare(folded[end : element.start]) == "" or not re.search(r"[^\W_]", bare(folded[end : element.start]))
        end = element.end


@given(TEXTS, TEXTS)
def test_a_row_goes_on_as_if_nothing_stood_before(before: str, text: str) -> None:
    row = elements(fold(text))
    whole = elements(fold(before + "。" + text))
    assert [element.text for element in whole[len(whole) - len(row) :]] == [element.text for element in row]


def test_pieces_end_at_breaks() -> None:
    row = elements(fold("你好，世界 abc"))
    assert ["".join(element.text for element in piece) for piece in pieces(row)] == ["你好", "世界abc"]
    assert pieces([]) == []


def test_an_element_knows_what_it_is() -> None:
    assert elements("中a") == [
        Element("中", 0, 1, is_character=True, breaks=False),
        Element("a", 1, 2, is_character=False, breaks=False),
    ]
