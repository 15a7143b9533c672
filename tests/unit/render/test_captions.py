import pytest

from postkeep.post import Metadata
from render_post.captions import is_caption
from render_post.rendition import RenderedText, render

PICTURE = "<img src='https://p.example/1.jpg'>"


def made(html: str) -> RenderedText:
    return render(f"<div>{html}</div>", Metadata(source_url="https://news.example/a"), "a.md")


def captions(html: str) -> list[str]:
    return [picture.caption for picture in made(html).pictures]


@pytest.mark.parametrize(
    "text",
    [
        "图片来源：某社", "图：某人", "图/某社", "圖片來源 某報", "（图片来源：某社）", "资料照片：书店门口",
        "上图：书店的门口",
        "▲ 书店门口", "图为书店门口。", "书店门口（图/某社）", "书店门口 图/某社", "书店门口。（摄影：某人）",
        "书店门口，图片来源：某馆",
        "書店門口。（某人攝）", "书店门口（资料图片）", "Photo: Somebody",
        "Photograph by Somebody", "Photo credit: Somebody", "Credit: X",
    ],
)  # fmt: skip
def test_captions_by_their_words(text: str) -> None:
    assert is_caption(text)
    assert captions(f"<p>{PICTURE}</p><p>{text}</p><p>茶凉了。</p>") == [text]
    assert captions(f"<p>{PICTURE}<br>{text}</p>") == [text]


@pytest.mark.parametrize(
    "text",
    [
        "", "下面这张图把四个时期分开：", "打开这个图谱以进行分析，如下所示：", "有时候一张照片顶得上千言万语。",
        "上图中的内容在这里下载。",
        "摄影师某人说，他只等一个早晨。", "打发时间的摄影", "图书馆关了门。", "来源很重要。",
        "图：" + "长" * 160, "Photography is slow.",
    ],
)  # fmt: skip
def test_what_is_none(text: str) -> None:
    assert not is_caption(text)
    assert captions(f"<p>{PICTURE}</p><p>{text}</p>") == [""]


def test_only_what_is_directly_below_is_one() -> None:
    assert captions(f"<p>{PICTURE}</p><p>茶凉了。</p><p>图：某社</p>") == [""]
    assert captions(f"<p>{PICTURE}</p><h2>图：某社</h2>") == [""]
    assert captions(f"<p>图：某社</p><p>{PICTURE}</p>") == [""]


@pytest.mark.parametrize(
    "figure",
    [
        f"<figure>{PICTURE}<p>一家茶馆</p></figure>",
        f"<figure>{PICTURE}一家茶馆</figure>",
        f"<figure>{PICTURE}<br> <br>一家茶馆</figure>",
        f"<figure><p>一家茶馆</p>{PICTURE}</figure>",
        f"<figure><div>{PICTURE}</div><div class='sharedaddy'>分享</div><div>一家茶馆</div></figure>",
    ],
)
def test_a_figures_text_is_its_caption(figure: str) -> None:
    rendered = made(f"<p>茶凉了。</p>{figure}<p>后来。</p>")
    assert [picture.caption for picture in rendered.pictures] == ["一家茶馆"]
    assert "<figcaption>一家茶馆</figcaption>" in rendered.html
    assert "一家茶馆" in rendered.text.split("\n\n")


@pytest.mark.parametrize(
    "figure",
    [
        "<figure><p>没有图</p></figure>", f"<figure>{PICTURE}<h2>题</h2></figure>", f"<figure>{PICTURE}<ul><li>甲</ul></figure>",
        f"<figure>{PICTURE}<p>{'长' * 401}</p></figure>", f"<figure>前{PICTURE}后</figure>",
        f"<figure>{PICTURE}{PICTURE}</figure>",
        f"<figure>{PICTURE}<br></figure>",
    ],
)  # fmt: skip
def test_what_else_a_figure_may_hold_stays(figure: str) -> None:
    rendered = made(figure)
    assert all(not picture.caption for picture in rendered.pictures)
    assert "figcaption" not in rendered.html


def test_a_caption_in_a_figure_of_its_own_is_of_the_picture_before() -> None:
    assert captions(f"<div>{PICTURE}</div><figure><figcaption>一家茶馆</figcaption></figure>") == ["一家茶馆"]
    assert captions(f"<figure><figcaption>一家茶馆</figcaption></figure><p>茶</p>{PICTURE}") == [""]


def test_bloggers_captions() -> None:
    table = (
        f"<table class='tr-caption-container'><tr><td>{PICTURE}</td></tr><tr><td class='tr-caption'>一家茶馆</td></tr></table>"
    )
    assert captions(table) == ["一家茶馆"]
