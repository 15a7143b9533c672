import pytest

from postkeep.post import Metadata
from render_post.source import form_of, read, without_head

HEAD = "<!--1624930742000-->\n[标题[一]](https://news.example/a_(1))\n------\n\n"
METADATA = Metadata(title="标题[一]", source_url="https://news.example/a_(1)")


def test_the_fixed_head_goes() -> None:
    assert without_head(HEAD + "<div>文</div>", METADATA).strip() == "<div>文</div>"


def test_the_head_goes_below_the_comment_even_where_its_title_differs() -> None:
    assert without_head(HEAD + "文", Metadata(title="别的")).strip() == "文"


@pytest.mark.parametrize("metadata", [Metadata(title="标题[一]"), Metadata(source_url="https://news.example/a_(1)")])
def test_the_head_goes_without_a_comment_where_it_repeats_the_front_matter(metadata: Metadata) -> None:
    assert without_head(HEAD.partition("\n")[2] + "文", metadata).strip() == "文"


def test_a_linked_heading_that_somebody_wrote_stays() -> None:
    body = "[别的文章](https://other.example/)\n---\n文"
    assert without_head(body, METADATA) == body


def test_a_comment_alone_goes() -> None:
    assert without_head("<!--NaN-->\n<p>文", METADATA) == "\n<p>文"


@pytest.mark.parametrize(
    ("text", "key", "form"),
    [
        ("<div>- 文 **字** [a](b)\n- 二</div>", "a.md", "html"),
        ("文字<br>第二行<br>第三行", "a.md", "html"),
        ("文字", "a.html", "html"),
        ("# 标题\n\n文字 <br>\n\n- 一\n- 二", "a.md", "markdown"),
        ("只有文字", "a.md", "markdown"),
        ("只有文字", "a.txt", "plain"),
        ("<p>文字</p>", "a.txt", "html"),
        (">" * 40 + " 深", "a.md", "plain"),
        ("[" * 300, "a.md", "plain"),
        ("![](a)" * 3 + "*" * 200 + "<br>", "a.md", "html"),
        ("", "a.md", "markdown"),
    ],
)
def test_what_a_body_is_written_in(text: str, key: str, form: str) -> None:
    assert form_of(text, key) == form


def test_lines_of_plain_text_are_kept() -> None:
    assert read("一\r\n二 & <三\n\n四", Metadata(), "a.txt").html == "<p>一<br>二 &amp; &lt;三</p><p>四</p>"


@pytest.mark.parametrize(
    "hidden",
    [
        "<!-- 没有结束",
        "<script src=x/>",
        "<iframe src='https://a.example/'/>",
        "<style>",
        "<textarea>",
        "<button>",
        "<template>",
        "<![CDATA[",
    ],
)
def test_what_is_never_closed_hides_nothing(hidden: str) -> None:
    from render_post.rendition import render  # noqa: PLC0415  # the effect shows only in the whole

    assert "后面的正文" in render(f"<div><p>前面</p>{hidden}<p>后面的正文</p></div>", Metadata(), "a.md").text


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ("<p>甲<t<svg>乙丙>丁</p>", "甲乙丙>丁"),
        ('<div class="a>b" c<math>乙丙"><p>丁</p></div>', '乙丙">丁'),
    ],
)
def test_what_is_never_closed_within_another_tag_ends_that(body: str, seen: str) -> None:
    from render_post.rendition import render  # noqa: PLC0415  # likewise

    assert "".join(render(body, Metadata(), "a.html").text.split()) == seen


VIDEO = Metadata(title="河", source_url="https://www.youtube.com/watch?v=aB3_dE-gH1k")


@pytest.mark.parametrize(
    ("body", "metadata", "html"),
    [
        ("<div>\n甲\n\n乙 <a href='/b'>丙</a>\n</div>", VIDEO, "<div><br>甲<br><br>乙 <a href='/b'>丙</a><br></div>"),
        ("<div>甲\n乙</div>", METADATA, "<div>甲\n乙</div>"),
        ("<div>甲\n<br>乙</div>", VIDEO, "<div>甲\n<br>乙</div>"),
        ("<div><p>甲\n乙</p></div>", VIDEO, "<div><p>甲\n乙</p></div>"),
        ("\n<div>甲乙</div>\n", VIDEO, "\n<div>甲乙</div>\n"),
    ],
)
def test_line_feeds_are_lines_in_a_description_without_other_markup(body: str, metadata: Metadata, html: str) -> None:
    assert read(body, metadata, "a.md").html == html


@pytest.mark.parametrize("text", ["*a_" * 12_000, "- a\n  " * 25_000, "1. a\n" * 25_000, "a & b " * 25_000])
def test_more_marks_than_a_page_may_have_tags_are_no_markdown(text: str) -> None:
    assert form_of(text, "a.md") == "plain"
    assert form_of(text[: len(text) // 10], "a.md") == "markdown"
