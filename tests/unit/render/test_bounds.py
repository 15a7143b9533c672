import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from render_post.bounds import MAX_TAGS, excessive, flatten


def test_ordinary_pages_are_left_alone() -> None:
    assert not excessive("<div><p>文 <b>粗</b></p></div>" * 1_000)


@pytest.mark.parametrize(
    "html",
    [
        "<p>" * (MAX_TAGS + 1),
        "".join(f"<font color={n}>" for n in range(500)),
        "<p " + "a " * 30_000 + ">",
        "<p " + 'a=">" ' * 5_000 + "b " * 100 + ">",
    ],
)
def test_pages_that_would_cost_too_much(html: str) -> None:
    assert excessive(html)


@pytest.mark.parametrize(
    ("html", "flat"),
    [
        ("<div><p>一<b>二</b></p><p>三</p></div>", "<p>一二<p>三"),
        ("一<br>二<script>x<y</script>三<!-- 四 -->五<?六?>", "一<br>二三五"),
        ('<a href="x"y" href=z>链<a class=q>接</a>', '<a href="x">链</a>接'),
        ("<a href='一>二'>三</a>", '<a href="一&gt;二">三</a>'),
        ("<img src=a.jpg alt='\"图' width=1>", '<img src="a.jpg" alt="&quot;图">'),
        ("1 < 2 > 0 <3 <x", "1 &lt; 2 &gt; 0 &lt;3 &lt;x"),
        ('<p title="没有结束>文', "<p>文"),
        ("<style>p{}", "p{}"),
        ("<!-- 没有结束", ""),
        ("</p>文<p>", "<p>文"),
    ],
)
def test_flattening(html: str, flat: str) -> None:
    assert flatten(html) == flat


def test_past_the_limit_only_text_is_kept() -> None:
    flat = flatten("<p>文<br><a href=x>链</a><img src=y>" * MAX_TAGS)
    assert flat.count("<") <= MAX_TAGS
    assert flat.count("文") == flat.count("链") == MAX_TAGS


@given(st.text(alphabet="<>/ab='\" \n文-!", max_size=200))
def test_flat_pages_are_never_excessive_and_flat(html: str) -> None:
    page = LexborHTMLParser("<html><body>" + flatten(html))
    assert {node.tag for node in page.css("body *")} <= {"p", "br", "a", "img"}
