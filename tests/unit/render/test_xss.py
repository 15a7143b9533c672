"""What is made of posts that attempt scripting: nothing outside of the allow-lists is in their HTML or in their Markdown."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from postkeep.errors import PostRejected
from postkeep.frontmatter import parse
from postkeep.post import Metadata
from render_post.rendition import RenderedText, render
from support.inspection import html_faults, markdown_faults
from unit.render.xss import ATTEMPTS

_CORPUS = Path(__file__).resolve().parents[3] / "../shared/corpus/dev"


def rendered(body: str, key: str) -> RenderedText:
    return render(body, Metadata(title="文", source_url="https://news.example/a"), f"news/_posts/{key}")


def assert_safe(body: str, key: str) -> None:
    made = rendered(body, key)
    assert html_faults(made.html) == []
    assert markdown_faults(made.markdown) == []


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=[f"{n}" for n in range(len(ATTEMPTS))])
def test_an_attempt_comes_to_nothing(attempt: str) -> None:
    assert_safe(attempt, "a.html")
    assert_safe(attempt, "a.md")
    assert_safe(attempt, "a.txt")
    assert_safe(f"<div><p>一篇文章。</p>{attempt}<p>还有一段。</p></div>", "a.md")
    assert_safe(f"# 一篇文章\n\n*一段*，**两段**。\n\n{attempt}\n\n- 三段\n- 四段\n", "a.md")
    assert_safe(f"一篇文章，{attempt}，一句话。", "a.md")


@pytest.mark.parametrize(
    "body",
    [
        "<div>null<p>正文 < 3 <《书》</p>", "<p>正文" + "<div>" * 47 + "<b><i>深</p></i></b>",
        "<p><span>20<span>2</span>1</span>年</b></i></td>",
        "<img src='data:image/gif;base64,x' data-src='//p.example/图 1.jpg?a=1&b=2'><noscript><img src='//p.example/1.jpg'>",
        "<iframe src='//v.example/embed/1?a=1&amp;b=2' allow=autoplay></iframe><audio controls><source src='/a.mp3'></audio>",
        "<picture><source srcset='a.webp 1x, b.webp 2x' media=x><img src='a.jpg' sizes=x></picture>",
        "<video poster=p.jpg src=v.mp4 title=影片>x</video>",
        "<figure class=x style='width:9px'><a href='/大 图'><img src='小\t图.jpg' width=9></a><figcaption>图</figure>",
        "<table width=100% border=1><tr bgcolor=red><th colspan=2 style=x>甲</th></tr><tr><td nowrap>乙<td><br>丙</table>",
        "https://a.example/x?y=1&z=2加入會員https://b.example/#標籤 #標籤 a@b.example",
    ],
)  # fmt: skip
@pytest.mark.parametrize("key", ["a.html", "a.md", "a.txt"])
def test_the_shapes_of_real_posts(body: str, key: str) -> None:
    assert_safe(body, key)


@pytest.mark.skipif(not _CORPUS.is_dir(), reason="the corpus of real posts is not here")
def test_real_posts() -> None:
    for file in sorted(_CORPUS.rglob("*.md")):
        try:
            post = parse(file.read_bytes(), file.name)
        except PostRejected:
            continue
        made = render(post.body, post.metadata, file.name)
        assert html_faults(made.html) == [], file.name
        assert markdown_faults(made.markdown) == [], file.name
        body = LexborHTMLParser(f"<body>{made.html}").body
        numbers = re.compile(r"[\d.\s]+")
        assert body is None or numbers.sub("", body.text()) == numbers.sub("", made.text), file.name


def test_there_are_enough_of_them_and_none_twice() -> None:
    assert len(set(ATTEMPTS)) == len(ATTEMPTS) > 250


@pytest.mark.parametrize(
    "html",
    [
        "<script>x</script>", "<p onclick=x>x</p>", "<svg></svg>", "<a href='javascript:x'>x</a>", "<a href='/x'>x</a>",
        "<img src='mailto:a@b.example'>", "<a href='https://a.example/&#9;x'>x</a>", "<p style=x>x</p>", "</body><body onload=x>",
    ],
)  # fmt: skip
def test_the_inspection_would_find_a_fault(html: str) -> None:
    assert html_faults(html)


_PIECES = st.builds(
    lambda attempt, start, length: attempt[start % len(attempt) :][:length],
    st.sampled_from(ATTEMPTS),
    st.integers(0, 60),
    st.integers(1, 60),
)


@given(st.lists(_PIECES, max_size=8), st.sampled_from(["a.html", "a.md", "a.txt"]), st.sampled_from(["", " ", "\n\n"]))
def test_no_mixture_of_their_pieces_comes_to_anything(pieces: list[str], key: str, between: str) -> None:
    assert_safe(between.join(pieces), key)
