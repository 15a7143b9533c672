import time
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postkeep.characters import decoded, encodable, excerpt, in_xml, one_line

ANY = st.text(st.characters(), max_size=40)
"""Lone surrogates among them."""


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a &amp; b &#38; c &#x26; d", "a & b & c & d"),
        ("&amp;amp;", "&amp;"),
        ("&lt;b&gt; &nbsp;", "<b> \xa0"),
        ("?a=1&copy=2", "?a=1&copy=2"),
        ("&unheard;", "&unheard;"),
        ("&#xD800;&#0;&#1114112;", "\ufffd\ufffd\ufffd"),
    ],
)
def test_references_are_decoded_once(written: str, expected: str) -> None:
    assert decoded(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("茶", "茶"),
        ("\ud83c\udf75", "🍵"),
        ("a\ud83cb", "a\ufffdb"),
        ("\udf75\ud83c", "\ufffd\ufffd"),
    ],
)
def test_surrogates_are_joined_or_replaced(written: str, expected: str) -> None:
    assert encodable(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (" 茶\u3000山 ", "茶\u3000山"),
        ("a\n  b\tc\u2028d\r\n", "a b c d"),
        ("a\x08b\x1b[0m\x7f\x9f\uffff\0", "ab[0m"),
        ("\u200b\ufeff 茶 \u200b\u3000", "茶"),
        ("👩\u200d🌾", "👩\u200d🌾"),
        ("茶\u200b山", "茶\u200b山"),
        (" \u200b\t\x0c", ""),
    ],
)
def test_a_line_holds_nothing_that_breaks_a_line_or_a_feed(written: str, expected: str) -> None:
    assert one_line(written) == expected


@given(ANY)
def test_any_text_is_made_a_line_and_encodable(written: str) -> None:
    line = one_line(encodable(written))
    assert line.encode().decode() == line == one_line(line)
    assert len(line.splitlines()) <= 1


@given(ANY, st.integers(1, 50))
def test_an_excerpt_is_short(written: str, limit: int) -> None:
    assert len(excerpt(written, limit)) <= limit


def test_an_excerpt_says_that_it_is_one() -> None:
    assert excerpt("茶" * 9, 9) == "茶" * 9
    assert excerpt("茶" * 10, 9) == "茶" * 8 + "…"


@pytest.mark.parametrize("piece", [" ", "\n", "\u200b ", "&amp", "&#", "\ud800", "\x00"])
def test_long_texts_take_no_time(piece: str) -> None:
    written = "x" + piece * (200_000 // len(piece)) + "x"
    begun = time.process_time()
    one_line(decoded(encodable(written)))
    assert time.process_time() - begun < 1


@given(ANY)
def test_any_text_is_made_one_that_xml_can_hold(written: str) -> None:
    element = ET.Element("x")
    element.text = in_xml(written)
    assert ET.fromstring(ET.tostring(element)).text in {in_xml(written).replace("\r", "\n"), None}  # noqa: S314  (our own)
    assert in_xml("一\n二\t茶🍵 <&>") == "一\n二\t茶🍵 <&>"
    assert in_xml("a\x00\ufffe\udc00b\x0bc\x0c") == "a\ufffdb c "
