import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import search_posts.folding
from search_posts.folding import fold

TABLE = json.loads(Path(search_posts.folding.__file__).with_name("folding.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("臺灣", "台湾"),
        ("乾隆", "干隆"),
        ("後來皇后", "后来皇后"),
        ("ＡＢＣ１２３", "abc123"),
        ("iPhone", "iphone"),
        ("Café Ñandú Ελλάς", "cafe nandu ελλασ"),
        ("ｶﾀｶﾅ", "カタカナ"),
        ("①²", "12"),
        ("İstanbul", "istanbul"),
        ("½ ß ﬁ ㈱", "½ ß ﬁ ㈱"),
        ("", ""),
    ],
)
def test_what_reads_the_same(written: str, read: str) -> None:
    assert fold(written) == read


@given(st.text())
@example("İ½ß\ud800")
def test_folding_keeps_the_length_and_is_done_once(text: str) -> None:
    assert len(fold(text)) == len(text)
    assert fold(fold(text)) == fold(text)


def test_the_table_says_whose_it_is() -> None:
    assert "OpenCC" in TABLE["licence"]
    assert "Apache License 2.0" in TABLE["licence"]


def test_the_table_has_what_unicode_says() -> None:
    pairs = dict(zip(TABLE["from"], TABLE["to"], strict=True))
    missing = [
        chr(point)
        for point in range(0xFF01, 0xFF5F)
        if pairs.get(chr(point)) != unicodedata.normalize("NFKC", chr(point)).lower()
    ]
    assert missing == []
