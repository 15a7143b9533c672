import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from query_posts.sentences import LONG, MAX_CHARACTERS, split


def test_a_line_of_html_becomes_a_line_a_sentence() -> None:
    text = (
        '<div><p class="x">清晨的第一杯茶。最香！”他说。</p><p>Fine. It is 3.14 (so?) See http://a.example/b.c?d=e end</p></div>'
    )
    assert split(text, finely=True) == [
        "<div>",
        '<p class="x">清晨的第一杯茶。',
        "最香！”",
        "他说。</p>",
        "<p>Fine. ",
        "It is 3.14 (so?) ",
        "See http://a.example/b.c?d=e end</p></div>",
    ]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("a", ["a"]),
        ("a\nb", ["a", "b"]),
        ("a\n\nb", ["a", "", "b"]),
        ("一。\n二。", ["一。", "二。"]),
        ("一。二。", ["一。", "二。"]),
        ("？！？！好", ["？！？！", "好"]),
        ("a<br>b<BR/>c<hr />d", ["a<br>", "b<BR/>", "c", "<hr />", "d"]),
        ("<b>茶。</b><i>水</i>", ["<b>茶。</b>", "<i>水</i>"]),
        ("a<p>b</p>\n<p>c</p>", ["a", "<p>b</p>", "<p>c</p>"]),
        ("a<px>b<b>c</b>", ["a<px>b<b>c</b>"]),
        ("Wait... what?! No.", ["Wait... ", "what?! ", "No."]),
        ("No.</p>", ["No.</p>"]),
        ("1 < 2 <", ["1 < 2 <"]),
    ],
)
def test_lines_end_where_a_reader_would_end_them(text: str, lines: list[str]) -> None:
    assert split(text, finely=True) == lines


@pytest.mark.parametrize("end", ["\v", "\f", "\x1c", "\x85", "\u2028", "\u2029", "\r"])
def test_what_a_viewer_takes_for_a_line_end_is_one(end: str) -> None:
    assert split(f"a{end}+b", finely=True) == ["a", "+b"]


def test_what_has_no_sentences_is_split_at_clauses_addresses_and_spaces() -> None:
    text = (
        "茶园的早晨，" * 50
        + "訂閱 https://tea.example/1"
        + "山、水" * 3
        + "http://tea.example/2"
        + "<a href='https://x.example'>"
    )
    lines = split(text, finely=True)
    assert lines[:2] == ["茶园的早晨，", "茶园的早晨，"]
    assert lines[50:] == [
        "訂閱 ",
        "https://tea.example/1山、",
        "水山、",
        "水山、",
        "水",
        "http://tea.example/2",
        "<a href='https://x.example'>",
    ]
    assert split("茶园的早晨，" * 40, finely=True) == ["茶园的早晨，" * 40], "a sentence of LONG characters is left whole"
    assert len("茶园的早晨，" * 40) == LONG


def test_coarsely_only_line_ends_count() -> None:
    assert split("一。二。\n<p>三</p>", finely=False) == ["一。二。", "<p>三</p>"]
    assert split("", finely=False) == []


@given(st.text(alphabet="茶。！”，. ?!<p/br>a\n\"'h:5", max_size=300) | st.text(max_size=100))
@example("</p>\n</p>")
def test_nothing_is_lost_but_breaks(text: str) -> None:
    assert "".join("".join(split(text, finely=True)).split()) == "".join(text.split())


@given(st.text(alphabet="茶。！”，. <p/>a\n", max_size=80), st.text(alphabet="茶。！”，. <p/>a\n", max_size=80))
def test_a_paragraph_more_leaves_the_lines_before_it_as_they_are(text: str, more: str) -> None:
    lines = split(text + "茶\n", finely=True)
    assert split(text + "茶\n" + more, finely=True)[: len(lines)] == lines


@pytest.mark.parametrize(
    "unit",
    [
        "\n",
        "a。",
        ". ",
        ".",
        "。",
        '。"',
        "<p>",
        "</p>",
        "<p",
        "<",
        "</d",
        "<br " + " " * 190,
        "\f",
        "a，",
        "，",
        " ",
        "茶 ",
        "http://",
        "</a>",
    ],
)
def test_hostile_texts_take_no_longer(unit: str) -> None:
    text = ("茶" + unit * MAX_CHARACTERS)[: MAX_CHARACTERS - 1] + "a"
    began = time.perf_counter()
    split(text, finely=True)
    # 0.05 to 0.5 s; what tried each place twice would take minutes.
    assert time.perf_counter() - began < 5
