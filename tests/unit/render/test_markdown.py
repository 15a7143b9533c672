"""What the Markdown means, by a CommonMark parser of somebody else's."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser

from postkeep.post import Metadata
from render_post.rendition import RenderedText, render

_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def made(html: str) -> RenderedText:
    return render(f"<div>{html}</div>", Metadata(source_url="https://news.example/a"), "a.md")


def letters(text: str) -> str:
    return re.sub(r"\s+", "", text)


def shown(markdown: str) -> str:
    """The letters that a reader of the Markdown sees."""
    return letters(LexborHTMLParser("<html><body>" + _PARSER.render(markdown)).text())


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<p>这是<b>重点。</b>后面</p>", "这是**重点**。后面"),
        ("<p>他说<b>“你好”</b>了</p>", "他说“**你好**”了"),
        ("<p>前<b>，。</b>后</p>", "前，。后"),
        ("<p><b>粗<i>斜</i></b></p>", "**粗*斜***"),
        ("<p><i>斜<b>粗</b></i>字</p>", "*斜**粗***字"),
        ("<p><b>粗</b><i>斜体字</i></p>", "粗*斜体字*"),
        ("<p><b><code>甲）</code></b><code>a`b &lt;i&gt;</code></p>", "**`甲`**``）a`b <i>``"),
        ("<p><b>一</b><b>二</b><span>2</span><span>0</span></p>", "**一二**20"),
        ("<p><b>前 </b>后</p>", "**前** 后"),
        ("<p><del>旧</del>新</p>", "~~旧~~新"),
        ("<b><p>一</p><p>二</p></b>", "**一**\n\n**二**"),
        ("<a href='/x'><p>一</p></a>", "[一](https://news.example/x)"),
        ("<a href='#n'>一</a><a href='javascript:x'>二</a>", "一二"),
        ("<p><a href='/图 (1).html'>[链]</a></p>", "[\\[链\\]](https://news.example/%E5%9B%BE%20%281%29.html)"),
        ("<p># 不是题</p>", "\\# 不是题"),
        ("<p>#标签 #标签</p>", "#标签 #标签"),
        ("<p>1. 一</p><p>2020. 年</p><p>3.14</p>", "1\\. 一\n\n2020\\. 年\n\n3.14"),
        ("<p>- 一</p><p>-一</p><p>+ 一</p><p>---</p><p>一<br>===</p>", "\\- 一\n\n-一\n\n\\+ 一\n\n\\---\n\n一  \n\\==="),
        ("<p>&gt; 一 &gt; 二</p>", "\\> 一 > 二"),
        ("<p>a*b a_b _c_ `d`</p>", "a\\*b a_b \\_c\\_ \\`d\\`"),
        ("<p>&lt;b&gt; 1 &lt; 2 &lt;!-- AT&amp;T &amp;amp; x</p>", "\\<b> 1 < 2 \\<!-- AT&T \\&amp; x"),
        ("<p>[一] [二](三) !<a href='/'>四</a></p>", "[一] [二\\](三) \\![四](https://news.example/)"),
        ("<p>C:\\目录 \\* ~ ~~</p>", "C:\\目录 \\\\\\* ~ \\~\\~"),
        ("<h2>题 <b>粗</b><br>二 #</h2>", "## 题 **粗** 二 \\#"),
        ("<p>a<code>x `y` &lt;</code></p>", "a``x `y` <``"),
        ("<p><code>`</code></p>", "`` ` ``"),
        ("<blockquote><p>一</p><p>二<br>三</p></blockquote>", "> 一\n> \n> 二  \n> 三"),
        ("<ul><li>一</li><li><p>二</p><p>三</p></li></ul>", "  * 一\n  * 二  \n三"),
        ("<ol start='3'><li>一<ul><li>二</li></ul></li></ol>", "  3. 一\n     * 二"),
        ("<ul><li><ul><li>一</li></ul></li><li></li></ul>", "  * 一"),
        ("<ul>前<li>一</li><ul><li>二</li></ul></ul>", "  * 前\n  * 一\n    * 二"),
        ("<ul><li>一<blockquote>二</blockquote></li></ul>", "一\n\n> 二"),
        ("<pre>if x:\n    # y\n```</pre>", "````\nif x:\n    # y\n```\n````"),
        ("<blockquote><pre>a\n\nb</pre></blockquote>", "> ```\n> a\n>\n> b\n> ```"),
        ("<pre>这其实是一段\n写在代码框里的话</pre>", "这其实是一段  \n写在代码框里的话"),
        ("<table><tr><th>名<th>值</tr><tr><td>a|b<td></tr></table>", "名| 值  \n---|---  \na\\|b| \u00a0"),
        ("<table><tr><td>只有一格</td></tr></table>", "只有一格"),
        ("<table><caption>表</caption><tr><td>一<p>二<td>三<tr><td>四<td>五</table>", "表\n\n一 二| 三  \n---|---  \n四| 五"),
        ("一<hr>二", "一\n\n* * *\n\n二"),
        ("<p>一<br><br>二<br>三<br></p>", "一\n\n二  \n三"),
        ("<p>他说<q>好</q></p>", '他说"好"'),
        ("<p>空\u3000格\u00a0在</p>", "空\u3000格\u00a0在"),
        ("<figure><img src='/a.jpg' alt='[图]'><figcaption>说明</figcaption></figure>", "![\\[图\\]](https://news.example/a.jpg)\n\n说明"),
        ("<p>\U0010f041\ufdd0\x07字</p><pre>\U0010f041 x</pre>", "字\n\n```\n\U0010f041 x\n```"),
    ],
)  # fmt: skip
def test_markdown(html: str, markdown: str) -> None:
    rendered = made(html)
    assert rendered.markdown == markdown + "\n"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>\n  这是\n  <a href='/'>\n  链接\n  </a>\n  后面\n</p>", "这是链接后面"),
        ("<p>（\n<em>The Price</em>\n）出版</p>", "（The Price）出版"),
        ("<p>他说\n“好”\n。</p>", "他说“好”。"),
        ("<p>one\n<b>two</b>\nthree 二 三</p>", "one two three 二 三"),
        ("<p>한국\n어</p>", "한국 어"),
        ("<p>一 <img src='/a.jpg'> 二</p>", "一 二"),
        ("<pre>\n一行代码 x = 1 y = 2 z\n\n  二</pre>", "一行代码 x = 1 y = 2 z\n\n  二"),
        ("<pre><div>a</div><div>b</div><img src='/a.jpg'></pre>", "a\nb"),
        ("<ol><li>一</li><li>二<ol><li>三</li></ol></li></ol>", "1. 一\n2. 二\n1. 三"),
        ("<dl><dt>词</dt><dd>义</dd></dl>", "词\n\n义"),
    ],
)
def test_plain_text(html: str, text: str) -> None:
    assert made(html).text == text


_WORDS = st.text(alphabet="中文，。“”！（）ab1 .*_#-+>[]()!<&`~|\\=\u3000", min_size=1, max_size=12)
_ESCAPED = _WORDS.map(lambda text: text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def _wrapped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    tags = st.sampled_from(["b", "i", "del", "span", "em"])
    links = inner.map(lambda html: f"<a href='https://a.example/x(1)'>{html}</a>")
    return (
        st.tuples(tags, inner).map(lambda pair: f"<{pair[0]}>{pair[1]}</{pair[0]}>")
        | links
        | st.tuples(inner, inner).map("".join)
    )


_INLINE = st.recursive(_ESCAPED, _wrapped, max_leaves=6)
_BLOCK = st.tuples(st.sampled_from(["p", "h2", "blockquote", "div"]), _INLINE).map(
    lambda pair: f"<{pair[0]}>{pair[1]}</{pair[0]}>"
)
_LISTS = st.lists(_INLINE, min_size=1, max_size=3).map(
    lambda items: "<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>"
)


@given(st.lists(_BLOCK | _LISTS, min_size=1, max_size=4).map("".join))
def test_markdown_shows_what_the_text_says(html: str) -> None:
    rendered = made(html)
    assert shown(rendered.markdown) == letters(rendered.text)


@given(
    st.lists(st.text(alphabet="中文字ab", min_size=1, max_size=8), min_size=1, max_size=6),
    st.sampled_from(["p", "li", "td", "section", "h3", "span"]),
)
def test_no_word_is_lost(words: list[str], tag: str) -> None:
    rendered = made("".join(f"<{tag}>{word}</{tag}>" for word in words))
    assert letters(rendered.text) == "".join(words)


_PLAIN = st.text(alphabet="中文，。ab1", min_size=1, max_size=12)
_PLAIN_BLOCK = st.tuples(st.sampled_from(["p", "h2", "blockquote"]), st.recursive(_PLAIN, _wrapped, max_leaves=4)).map(
    lambda pair: f"<{pair[0]}>{pair[1]}</{pair[0]}>"
)


@given(st.lists(_PLAIN_BLOCK, min_size=1, max_size=3).map("".join))
def test_plain_text_rendered_again_is_the_same(html: str) -> None:
    text = made(html).text
    assert render(text, Metadata(), "a.txt").text == text


@given(st.lists(_PLAIN_BLOCK, min_size=1, max_size=3).map("".join))
def test_markdown_rendered_again_is_the_same(html: str) -> None:
    markdown = made(html).markdown
    assert render(markdown, Metadata(), "a.md").markdown == markdown
