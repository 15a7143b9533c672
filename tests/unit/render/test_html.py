"""The HTML: what it says, and that nh3 finds nothing in it to remove."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from postkeep.post import Metadata
from render_post.blocks import (
    Block,
    Break,
    Divider,
    Dropped,
    Image,
    Inline,
    Listing,
    Mark,
    Paragraph,
    Preformatted,
    Quote,
    Run,
    Style,
    Table,
)
from render_post.clean import find_article
from render_post.html import ATTRIBUTES, ELEMENTS, FIXED_ATTRIBUTES, safe_html, written
from render_post.rulebook import shipped
from render_post.source import read
from render_post.structure import read_blocks
from render_post.text import plain_text

REL = ' rel="noopener noreferrer nofollow"'
LAZY = ' loading="lazy" referrerpolicy="no-referrer"'
PICTURE = f'<img src="https://p.example/1.jpg" alt=""{LAZY}>'


def made(body: str) -> str:
    metadata = Metadata(source_url="https://news.example/a")
    page = read(f"<div>{body}</div>", metadata, "a.html").html
    article = find_article(page, shipped().of("news.example", ""), metadata.source_url)
    return safe_html(read_blocks(article, metadata.source_url))


def bold(text: str) -> Run:
    return Run(text, Style(frozenset({Mark.BOLD})))


def caption(text: str, figure: int) -> Paragraph:
    return Paragraph([Run(text)], figure=figure)


def pictures(*figures: int) -> Paragraph:
    return Paragraph([Image("https://p.example/1.jpg", "", figure) for figure in figures])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", ""),
        ("<p>一<br>二</p>", "<p>一<br>二</p>"),
        ("<h1>题</h1><h6>小题</h6>", "<h1>题</h1>\n<h6>小题</h6>"),
        ('<p>1 &lt; 2 &amp; 3&nbsp;&gt; "2"</p>', '<p>1 &lt; 2 &amp; 3&nbsp;&gt; "2"</p>'),
        ("<p><b>粗<i>斜</i></b><del>旧</del> <code>x</code></p>",
         "<p><strong>粗<em>斜</em></strong><s>旧</s> <code>x</code></p>"),
        ("<p><b>粗<br>粗</b><br>细</p>", "<p><strong>粗<br>粗</strong><br>细</p>"),
        ("<p><a href='/图?a=1&amp;b=2'><b>一</b>二</a></p>",
         f'<p><a href="https://news.example/%E5%9B%BE?a=1&amp;b=2"{REL}><strong>一</strong>二</a></p>'),
        ("<p><b>前<a href='/x'>链</a></b>后</p>", f'<p><strong>前<a href="https://news.example/x"{REL}>链</a></strong>后</p>'),
        ("<ul><li>一<ol start=3><li>二</ol><li>三</ul>",
         '<ul>\n<li>一<ol start="3">\n<li>二</li>\n</ol>\n</li>\n<li>三</li>\n</ul>'),
        ("<ol><li><p>一</p><p>二</p></li></ol>", "<ol>\n<li><p>一</p>\n<p>二</p>\n</li>\n</ol>"),
        ("<blockquote><p>一</p></blockquote>一<hr>二", "<blockquote>\n<p>一</p>\n</blockquote>\n<p>一</p>\n<hr>\n<p>二</p>"),
        ("<pre>\n\nif x:\n  y &lt; 1</pre>", "<pre>if x:\n  y &lt; 1</pre>"),
        ("<table><tr><td>一<td>二<tr><td>三<td>四</table>",
         "<table><tbody>\n<tr><td>一</td><td>二</td></tr>\n<tr><td>三</td><td>四</td></tr>\n</tbody></table>"),
        ("<p>一<img src='https://p.example/1.jpg'>二</p>", f"<p>一{PICTURE}二</p>"),
        ("<img src='//p.example/图 1.jpg' alt='\"&lt;b&gt;&amp;'>",
         f'<figure><img src="https://p.example/%E5%9B%BE%201.jpg" alt="&quot;&lt;b&gt;&amp;"{LAZY}></figure>'),
        ("<figure><img src='https://p.example/1.jpg'><figcaption>说明<b>粗</b></figcaption></figure><p>文</p>",
         f"<figure>{PICTURE}<figcaption>说明<strong>粗</strong></figcaption></figure>\n<p>文</p>"),
        ("<img src='https://p.example/1.jpg'><p class='wp-caption-text'>说明</p><p class='photo-credit'>谁</p><p>文</p>",
         f"<figure>{PICTURE}<figcaption>说明<br>谁</figcaption></figure>\n<p>文</p>"),
        ("<ul><li><img src='https://p.example/1.jpg'></ul>", f"<ul>\n<li><figure>{PICTURE}</figure>\n</li>\n</ul>"),
        ("<p class='caption'>无主</p><p>文</p>", "<p>无主</p>\n<p>文</p>"),
        ("<p><a href='javascript:alert(1)'>文</a><a href='mailto:a@b.example'>信</a><a href='#n'>注</a></p>", "<p>文信注</p>"),
    ],
)  # fmt: skip
def test_html(body: str, expected: str) -> None:
    assert made(body).removesuffix("\n") == expected


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ([caption("上", 1), pictures(1), Paragraph([Run("文")])],
         f"<figure><figcaption>上</figcaption>{PICTURE}</figure><p>文</p>"),
        ([caption("上", 1), pictures(1), pictures(1, 1), caption("下", 1), caption("别的", 2)],
         f"<figure>{PICTURE * 3}<figcaption>上<br>下</figcaption></figure><p>别的</p>"),
        ([pictures(1), pictures(2), caption("二", 2)],
         f"<figure>{PICTURE}</figure><figure>{PICTURE}<figcaption>二</figcaption></figure>"),
        ([pictures(0), pictures(0), caption("无号", -1)],
         f"<figure>{PICTURE}</figure><figure>{PICTURE}<figcaption>无号</figcaption></figure>"),
        ([pictures(0), caption("三", 3)], f"<figure>{PICTURE}</figure><p>三</p>"),
        ([pictures(1), Paragraph([Run("文")]), caption("一", 1)], f"<figure>{PICTURE}</figure><p>文</p><p>一</p>"),
        ([pictures(1), Divider(), caption("一", 1)], f"<figure>{PICTURE}</figure><hr><p>一</p>"),
        ([caption("播放器", 1), caption("说明", 1)], "<p>播放器</p><p>说明</p>"),
        ([Listing(items=[[]])], "<ul><li></li></ul>"),
        ([Dropped("generic/sharing", "分享")], ""),
    ],
)  # fmt: skip
def test_captions_are_with_their_pictures(blocks: list[Block], expected: str) -> None:
    assert safe_html(blocks).replace("\n", "") == expected


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "//a.example/x", "/x", "", "vbscript:x", " http://a"]
)
def test_an_address_of_another_kind_is_not_even_written(address: str) -> None:
    found = written([Paragraph([Run("文", Style(link=address)), Image(address, "图")])])
    assert found == f'<p>文<img alt="图"{LAZY}></p>\n'
    assert "mailto" not in written([Paragraph([Image("mailto:a@b.example", "")])])


def test_mail_is_linked() -> None:
    assert 'href="mailto:a@b.example"' in safe_html([Paragraph([Run("信", Style(link="mailto:a@b.example"))])])


@pytest.mark.parametrize("address", ["http://[bad/", "http://1.2.3.999/", "https://exa%20mple/"])
def test_an_address_that_no_browser_reads_is_left_out(address: str) -> None:
    assert safe_html([Paragraph([Run("文", Style(link=address))])]) == f"<p><a{REL}>文</a></p>\n"


def test_quotation_marks_do_not_end_a_value() -> None:
    hostile = 'https://a.example/"onclick="alert(1)"><script>'
    (link,) = LexborHTMLParser(safe_html([Paragraph([Run("文", Style(link=hostile))])])).css("a")
    assert link.attributes == {"href": hostile, "rel": "noopener noreferrer nofollow"}
    (image,) = LexborHTMLParser(safe_html([Paragraph([Image("https://a.example/", hostile)])])).css("img")
    assert image.attributes["alt"] == hostile
    assert len(image.attributes) == 4


def test_nh3_removes_what_should_ever_be_written_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("render_post.html.written", lambda _: '<p style="x" class="y" onclick="z">一<script>二</script><b>三</b>')
    assert safe_html([]) == "<p>一三</p>"


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    ["&" * 300_000, "\u00a0" * 300_000, "中文中文中文中文中&" * 600_000, "<>" * 300_000, "文" * 3_000_000],
)
def test_many_entities_take_no_longer_than_their_number(text: str) -> None:
    blocks: list[Block] = [Paragraph([Run(text)]), Preformatted(text)]
    found = safe_html(blocks)
    assert found == written(blocks)
    body = LexborHTMLParser(f"<body>{found}").body
    assert body is not None
    assert body.text().replace("\n", "") == text * 2


def test_a_text_is_divided_after_a_thousand_entities() -> None:
    assert safe_html([Paragraph([Run("&" * 1_000)])]) == f"<p>{'&amp;' * 1_000}</p>\n"
    assert safe_html([Paragraph([Run("&" * 1_001 + "文")])]) == f"<p>{'&amp;' * 1_000}<wbr>&amp;<wbr>文</p>\n"
    assert "wbr" not in safe_html([Paragraph([Image("https://a.example/" + "&" * 1_001, "&" * 1_001)])])


_TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\f") | st.sampled_from("<>&\"'\u00a0"),
    min_size=1,
    max_size=12,
)
_ADDRESSES = st.sampled_from([
    "", "https://a.example/?x=1&y=<2>", "https://a.example/\u00a0 x",
    "http://图.example/图'\"", "mailto:a@b.example", "javascript:x",
])  # fmt: skip
_STYLES = st.builds(Style, marks=st.frozensets(st.sampled_from(Mark)), link=_ADDRESSES)
_INLINES: st.SearchStrategy[list[Inline]] = st.lists(
    st.builds(Run, _TEXT, _STYLES) | st.just(Break()) | st.builds(Image, _ADDRESSES, _TEXT, st.integers(0, 2)), max_size=6
)
_PARAGRAPHS = st.builds(Paragraph, _INLINES, level=st.integers(0, 6), figure=st.integers(-1, 2))
_LEAVES: st.SearchStrategy[Block] = (
    _PARAGRAPHS
    | st.builds(Preformatted, _TEXT)
    | st.just(Divider())
    | st.builds(Table, st.lists(st.lists(_INLINES, max_size=3), max_size=3))
)
_BLOCKS = st.lists(
    st.recursive(
        _LEAVES,
        lambda inner: (
            st.builds(Quote, st.lists(inner, max_size=3))
            | st.builds(Listing, st.just(value=False), st.just(1), st.lists(st.lists(inner, max_size=3), max_size=3))
        ),
        max_leaves=8,
    ),
    max_size=6,
)


def letters(text: str) -> str:
    return re.sub(r"\s+", "", text)


@given(_BLOCKS)
def test_it_says_what_the_text_says(blocks: list[Block]) -> None:
    body = LexborHTMLParser("<body>" + safe_html(blocks)).body
    assert letters(body.text() if body else "") == letters(plain_text(blocks))


@given(_BLOCKS)
def test_nh3_leaves_it_as_it_is(blocks: list[Block]) -> None:
    assert safe_html(blocks) == written(blocks)


@given(_BLOCKS)
def test_it_has_these_elements_and_attributes_alone(blocks: list[Block]) -> None:
    body = LexborHTMLParser("<body>" + safe_html(blocks)).body
    for node in body.traverse() if body else ():
        tag = node.tag or ""
        if tag == "body":
            continue
        assert tag in ELEMENTS
        assert set(node.attributes) <= ATTRIBUTES.get(tag, frozenset()) | set(FIXED_ATTRIBUTES.get(tag, {}))
        assert all(node.attributes[name] == value for name, value in FIXED_ATTRIBUTES.get(tag, {}).items())
