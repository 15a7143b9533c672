"""A search, as somebody writes it (``search_posts.language``, ``highlights``, and the engine on a few posts)."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from fuzz.inputs import as_text
from postkeep.errors import QueryInvalid
from search_posts.engine import Index
from search_posts.highlights import SNIPPET, Highlighter, Span
from search_posts.language import MAX_LENGTH, MAX_TERMS, NAMES, parse
from search_posts.query import Query
from search_posts.searching import SearchRequest, SearchResult, Sort, search
from search_posts.suggesting import suggest
from unit.search.library import TEA, index_of

LONGEST = 768
TOKENS = (
    *(f"{name}:" for name in NAMES),
    *(
        '"',
        "“",
        "”",
        "「",
        "」",
        "«",
        "»",
        "＂",
        "(",
        ")",
        "（",
        "）",
        "-",
        "－",
        "*",
        "＊",
        ":",
        "：",
        " OR ",
        " AND ",
        "|",
        "&",
        "\u3000",
    ),
    *(
        "2021-06-29",
        "0001",
        "9999-12-31",
        "tea.example",
        "https://[",
        "image",
        "茶",
        "雨前茶",
        "iPhone手机",
        "covid-19",
        "cafe\u0301",
        "ﬁ",
    ),
    *("が", "\u3099", "ㄅ", "각", "ไทย", "\u200b", "\u00ad", "ß", "İ", "ǆ", "\U00020000", "🍵", "'", "\\", "\ufffe", "\udcff"),
)

_TEXT = "清晨的第一杯茶。The first cup of Tea, at 5 o'clock: covid-19 and the iPhone手机！雨前茶、山水。\n" * 3


def _index() -> Index:
    posts = [
        TEA,
        replace(TEA, post_id="rain", title="A walk in the rain", text="It rained from six until nine.", author="A. Reader"),
        replace(TEA, post_id="text", title="iPhone手机", text=_TEXT, tags=("山", "covid-19"), published=None, has_image=True),
    ]
    # What is open stays readable.
    with TemporaryDirectory(prefix="postkeep-fuzz-") as folder:
        return index_of(posts, Path(folder))


_INDEX = _index()


def check(data: bytes) -> None:
    """Any text is understood, and says of itself what it understood, or is explained; what it finds is marked within its text."""
    text = as_text(data)
    assert len(suggest(_INDEX, text)) <= 15
    try:
        query = parse(text)
    except QueryInvalid as error:
        assert 0 <= error.position <= len(text)
        assert error.detail.endswith(".")
        return
    assert len(text) <= MAX_LENGTH
    assert parse(text) == query
    _assert_said(query)
    _assert_marked(query, text)
    _assert_marked(query, _TEXT)
    for sort in Sort:
        _assert_found(search(_INDEX, SearchRequest(query=text, sort=sort)), str(query), sort)


def _assert_said(query: Query) -> None:
    again = parse(str(query))
    assert again.node == query.node, "what it says that it understood means something else"
    assert again.notes == ()
    assert len(query.wanted) <= MAX_TERMS
    assert all(len(month) in {0, 7} for month in query.months)


def _assert_marked(query: Query, text: str) -> None:
    highlighter = Highlighter(query.wanted)
    _assert_spans(highlighter.title(text), text)
    snippet = highlighter.snippet(text)
    assert snippet.text == text[snippet.start : snippet.start + len(snippet.text)]
    assert len(snippet.text) <= 2 * SNIPPET
    assert snippet.is_cut == (snippet.start + len(snippet.text) < len(text))
    _assert_spans(snippet.highlights, snippet.text)


def _assert_spans(spans: tuple[Span, ...], text: str) -> None:
    place = -1
    for span in spans:
        assert place < span.start < span.end <= len(text)
        place = span.end


def _assert_found(found: SearchResult, understood: str, sort: Sort) -> None:
    assert found.understood == understood
    assert len(found.hits) <= found.total <= 3
    again = search(_INDEX, SearchRequest(query=understood, sort=sort))
    assert [hit.document.post_id for hit in again.hits] == [hit.document.post_id for hit in found.hits]
