"""Bodies in the shapes of real archives, written for the tests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postkeep.errors import PostRejected
from postkeep.post import Metadata, picture_id, post_id
from postkeep.renditions import RenditionObject
from render_post import bounds, rendition
from render_post.rendition import MAX_PICTURES, RULES, PictureReference, RenderedText, encode, render

TITLE = "河边的旧书店又开门了"
URL = "https://news.example/2021/bookshop"
METADATA = Metadata(title=TITLE, source_url=URL)
FEED = f"""<!--1624930742000-->
[{TITLE}]({URL})
------

<div>
<div><i>Tue, 29 Jun 2021 01:19:56 GMT</i></div><img src="https://images.weserv.nl?url=pictures.example/shop.jpg" width="100%">\
<div><small style="color: #999;">资料照片：书店门口</small></div>\
<p>星期二早晨，<strong>河边的旧书店。</strong>重新开门。</p><p>第二段。</p>\
<br><hr><div>获取更多RSS：<br><a href="https://mirror.example" style="color:orange">https://mirror.example</a> <br></div>
</div>
"""


def made(body: str, metadata: Metadata = METADATA, key: str = "news/_posts/a.md") -> RenderedText:
    return render(body, metadata, key)


def test_a_post_of_a_feed_mirror() -> None:
    rendered = made(FEED)
    assert rendered.text == "资料照片：书店门口\n\n星期二早晨，河边的旧书店。重新开门。\n\n第二段。"
    assert rendered.markdown == (
        "![](https://pictures.example/shop.jpg)\n\n资料照片：书店门口\n\n星期二早晨，**河边的旧书店**。重新开门。\n\n第二段。\n"
    )
    assert rendered.pictures == (
        PictureReference(
            "https://pictures.example/shop.jpg",
            "",
            "资料照片：书店门口",
            ("https://images.weserv.nl?url=pictures.example/shop.jpg",),
        ),
    )
    assert rendered.summary == "星期二早晨，河边的旧书店。重新开门。第二段。"
    assert rendered.warnings == ()


@pytest.mark.parametrize(
    "body",
    [
        "<p>正文。</p><hr/>获取更多RSS：<br><a href='https://m.example'>m.example</a>",
        "<p>正文。</p><br><hr><p>獲取更多RSS:<a href='https://m.example'>m.example</a></p>",
        "<div>null<p>正文。</p></div>",
        "<div>2021-06-29T01:19:56Z</div><p>正文。</p>",
        "<div>01/12/2022 - 20:07</div><p>正文。</p>",
        f"<h1>{TITLE}</h1><p>正文。</p>",
        "<p>正文。</p><script>alert(1)</script><style>p{}</style><!-- 注 -->",
        "<p>正文。</p><noscript>请启用 JavaScript</noscript>",
        "<p>正文。</p><div class='sharedaddy'>分享</div>",
        "<p>正文。</p><img width='1' height='1' src='https://count.example/x.gif'>",
        "<p>正文。</p><p>\u200b</p>",
        "<p>正文。</p><button>复制</button>",
    ],
)
def test_fixed_parts_go(body: str) -> None:
    rendered = made(body)
    assert rendered.text == "正文。"
    assert rendered.pictures == ()


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<p>正文。</p><p>null</p>", "正文。\n\nnull"),
        ("<p>正文。</p><p>2021-06-29T01:19:56Z</p>", "正文。\n\n2021-06-29T01:19:56Z"),
        (f"<p>正文。</p><h2>{TITLE}</h2>", f"正文。\n\n{TITLE}"),
        (f"<p>{TITLE}</p>", TITLE),
        ("<p>2021年6月29日</p>", "2021年6月29日"),
        ("<p>如何获取更多RSS：一篇长文</p>", "如何获取更多RSS：一篇长文"),
        ("<noscript>" + "<p>只在这里的正文，很长。</p>" * 20 + "</noscript>", "\n\n".join(["只在这里的正文，很长。"] * 20)),
        ("<p>" + "\u200b\u200c" * 5 + "</p>", "\u200b\u200c" * 5),
        ("<textarea>框里的字</textarea>", "框里的字"),
        ("<p>1 < 2 & 3 <《书》</p>", "1 < 2 & 3 <《书》"),
        ("<div class='comment-wrapper'>这里是正文</div>", "这里是正文"),
    ],
)
def test_text_that_only_looks_like_a_fixed_part_stays(body: str, text: str) -> None:
    assert made(body).text == text
    assert made(body).warnings == ()


def test_a_widget_that_holds_most_of_the_text_is_kept_and_told_of() -> None:
    rendered = made("<div class='related-posts'>" + "这其实是正文。" * 20 + "</div>")
    assert rendered.text == "这其实是正文。" * 20
    assert rendered.warnings == ("widget-kept: related-posts",)


def test_of_a_noscript_only_pictures_that_show_nowhere_else_are_kept() -> None:
    lazy = "<img src='data:image/gif;base64,x' data-src='https://p.example/1.jpg'><noscript><img src='https://p.example/1.jpg'></noscript>"
    alone = "<noscript><img src='https://p.example/2.jpg'></noscript>"
    rendered = made(lazy + alone)
    assert [picture.address for picture in rendered.pictures] == ["https://p.example/1.jpg", "https://p.example/2.jpg"]
    assert rendered.markdown.count("1.jpg") == 1


@pytest.mark.parametrize(
    ("markup", "address"),
    [
        ("<img src='a.jpg'>", "https://news.example/2021/a.jpg"),
        (
            "<img src='data:image/gif;base64,x' srcset='https://p.example/s.jpg 300w, https://p.example/l.jpg 900w'>",
            "https://p.example/l.jpg",
        ),
        ("<img data-lazy-srcset='//p.example/s.jpg 1x, //p.example/l.jpg 2x' src='/img/blank.gif'>", "https://p.example/l.jpg"),
        ("<picture><source srcset='https://p.example/a.webp'><img></picture>", "https://p.example/a.webp"),
        (
            "<picture><source srcset='https://p.example/s.webp 1w'><img src='https://p.example/a.jpg'></picture>",
            "https://p.example/a.jpg",
        ),
        ("<img src='https://p.example/o.jpg' srcset='https://p.example/s.jpg 9w'>", "https://p.example/o.jpg"),
        ("<amp-img src='https://p.example/o.jpg'></amp-img>", "https://p.example/o.jpg"),
        ("<a href='https://p.example/large.jpg'><img src='https://p.example/o.jpg'></a>", "https://p.example/o.jpg"),
        ("<img width='1px' height='900' src='https://p.example/o.jpg'>", "https://p.example/o.jpg"),
    ],
)
def test_the_picture_that_is_meant(markup: str, address: str) -> None:
    assert [picture.address for picture in made(markup).pictures] == [address]


@pytest.mark.parametrize(
    "markup",
    [
        "<img>", "<img src=''>", "<img src='data:image/png;base64,x'>", "<img class='avatar' src='https://p.example/a.jpg'>",
        "<a class='single-avatar'><img src='https://p.example/a.jpg'></a>", "<img src='https://secure.gravatar.com/avatar/x'>",
        "<img src='https://p.example/loading.gif'>", "<img srcset=', 1x ,'>",
    ],
)  # fmt: skip
def test_what_is_no_picture_of_the_article(markup: str) -> None:
    rendered = made("<p>文</p>" + markup)
    assert rendered.pictures == ()
    assert rendered.markdown == "文\n"


def test_a_picture_of_an_emoji_is_the_emoji() -> None:
    assert made("<p>好<img class='emoji' alt='😀' src='https://s.w.org/images/core/emoji/1f600.png'>！</p>").text == "好😀！"


def test_captions_belong_to_their_figures() -> None:
    rendered = made(
        "<figure><img src='https://p.example/1.jpg' alt='一'><figcaption>第一张</figcaption></figure>"
        "<figure><figcaption>第二张</figcaption><img src='https://p.example/2.jpg'></figure>"
        "<div><img src='https://p.example/3.jpg'><p class='wp-caption-text'>第三张</p></div><p>文</p><p class='caption'>无主</p>"
        "<img src='https://p.example/1.jpg'>"
    )
    assert [(picture.address[-5], picture.alt, picture.caption) for picture in rendered.pictures] == [
        ("1", "一", "第一张"), ("2", "", "第二张"), ("3", "", "第三张"),
    ]  # fmt: skip
    assert "第一张\n\n第二张" in rendered.text


@pytest.mark.parametrize(
    "url",
    [
        "https://www.youtube.com/watch?v=abcdefghijk&t=3", "https://youtu.be/abcdefghijk", "https://m.youtube.com/shorts/abcdefghijk",
        "https://www.youtube-nocookie.com/embed/abcdefghijk",
    ],
)  # fmt: skip
def test_a_video_post_without_a_picture_has_the_videos_still(url: str) -> None:
    rendered = made("<div>说明</div>", Metadata(title=TITLE, source_url=url))
    assert rendered.pictures == (PictureReference("https://i.ytimg.com/vi/abcdefghijk/hqdefault.jpg", TITLE, ""),)


@pytest.mark.parametrize(
    "url", ["https://youtu.be/short", "https://www.youtube.com/@name", "https://[", "https://a.example/watch?v=abcdefghijk"]
)
def test_other_addresses_have_no_still(url: str) -> None:
    assert made("<div>说明</div>", Metadata(source_url=url)).pictures == ()


@pytest.mark.parametrize(
    ("markup", "text", "markdown"),
    [
        (
            "<iframe src='https://www.youtube.com/embed/abcdefghijk'></iframe>",
            "https://www.youtube.com/watch?v=abcdefghijk",
            None,
        ),
        ("<audio controls><source src='/a.mp3'></audio>", "https://news.example/a.mp3", None),
        ("<video title='影片' src='https://v.example/a.mp4'>不支持</video>", "影片", "[影片](https://v.example/a.mp4)\n"),
        ("<iframe></iframe><p>文</p>", "文", "文\n"),
        (
            "<video src='https://v.example/a.mp4' title='影片'><p>没有结束标签的影片后面</p>",
            "影片\n\n没有结束标签的影片后面",
            None,
        ),
    ],
)
def test_players_become_links(markup: str, text: str, markdown: str | None) -> None:
    rendered = made(markup)
    assert rendered.text == text
    assert markdown in (None, rendered.markdown)


def test_a_source_with_rules_of_its_own() -> None:
    body = (
        "<div class='content'><div class='entry-meta'>作者 某某</div><div class='entry-content'><p>正文。</p>"
        "<div class='sharedaddy'>分享</div></div><div class='entry-footer'>标签</div></div>"
    )
    assert made(body, Metadata(source_url="https://www.iyouport.org/x/")).text == "正文。"
    assert "标签" in made(body).text


def test_an_article_selector_that_matches_no_text_is_not_followed() -> None:
    body = "<div class='entry-content'></div><p>正文。</p>"
    assert made(body, Metadata(source_url="https://www.iyouport.org/x/")).text == "正文。"


def test_of_nested_matches_the_outer_one_counts() -> None:
    body = "<div class='entry-content'><p>一</p><div class='entry-content'><p>二</p></div></div><p>三</p>"
    assert made(body, Metadata(source_url="https://iyouport.org/x/")).text == "一\n\n二"


def test_paragraphs_that_a_source_repeats_go() -> None:
    body = "<p>正文。</p><p>微信搜索“<b>某某书评</b>”（Books）：一句口号</p>"
    assert made(body, Metadata(source_url="https://www.allnow.com/post/1")).text == "正文。"


def test_too_large_a_body_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendition, "MAX_CHARACTERS", 10)
    with pytest.raises(PostRejected) as raised:
        made("文" * 11)
    assert raised.value.reason == "body-too-large"


def test_more_pictures_than_anyone_needs_are_left_out_and_told_of() -> None:
    rendered = made("".join(f"<img src='https://p.example/{n}.jpg'>" for n in range(MAX_PICTURES + 5)))
    assert len(rendered.pictures) == MAX_PICTURES
    assert rendered.warnings == ("pictures-left-out: 5",)


def test_a_markdown_body() -> None:
    rendered = made(
        "# 另一个题\n\n第一段 *斜* `x`。\n\n- 甲\n  - 乙\n\n1. 一\n2. 二\n\n| 名 | 值 |\n|---|---|\n| a | 1 |\n\n"
        "![图](/p.jpg)\n\n```\nx = 1\n```\n"
    )
    assert rendered.text == "另一个题\n\n第一段 斜 x。\n\n甲\n乙\n\n1. 一\n2. 二\n\n名\t值\na\t1\n\nx = 1"
    assert rendered.pictures == (PictureReference("https://news.example/p.jpg", "图", "", (), ("news/p.jpg", "p.jpg")),)
    assert made(rendered.markdown).markdown == rendered.markdown


def test_the_rendition_object_reads_back() -> None:
    rendered = made(FEED)
    post = post_id("news/_posts/a.md")
    stored = RenditionObject.decode(encode(post, 3, RULES, rendered))
    assert (stored.post_id, stored.generation, stored.rules) == (post, 3, RULES)
    assert (stored.markdown, stored.text, stored.summary, stored.warnings) == (
        rendered.markdown, rendered.text, rendered.summary, rendered.warnings,
    )  # fmt: skip
    assert [(picture.id, picture.address) for picture in stored.pictures] == [
        (picture_id("https://pictures.example/shop.jpg"), "https://pictures.example/shop.jpg")
    ]
    assert stored.pictures[0].fallbacks == ("https://images.weserv.nl?url=pictures.example/shop.jpg",)


@given(st.text(max_size=400), st.sampled_from(["a.md", "a.html", "a.txt"]))
def test_any_text_can_be_rendered(body: str, key: str) -> None:
    rendered = made(body, METADATA, key)
    assert render(body, METADATA, key) == rendered
    assert RenditionObject.decode(encode("p", 1, RULES, rendered)).text == rendered.text
    assert len(rendered.summary) <= 200


HOSTILE = {
    "deep elements": "<div>" * 10_000 + "正文",
    "very deep elements": "<div>" * 200_000 + "正文",
    "deep quotes": "<blockquote>" * 10_000 + "正文",
    "deep lists": "<ul><li>" * 9_000 + "正文",
    "deep tables": "<table><tr><td>" * 5_000 + "正文",
    "deep emphasis": "<b><i>" * 5_000 + "正文",
    "formatting opened again and again": "".join(f"<font color={n}><p>" for n in range(3_000)) + "正文",
    "many attributes": "<p " + " ".join(f"a{n}=1" for n in range(50_000)) + ">正文",
    "many attributes with quoted brackets": "<p " + " ".join(f'a{n}=">"' for n in range(50_000)) + ">正文",
    "a large attribute": '<img alt="' + "x" * 1_000_000 + '" src="data:' + "y" * 1_000_000 + '">正文',
    "a large address": '<a href="https://a.example/' + "x" * 1_000_000 + '">正文</a>',
    "brackets": "<" * 200_000 + "正文",
    "tags that do not end": '<a "' * 100_000 + "正文",
    "quotes that do not end": '<p><a x="' * 50_000 + "正文",
    "comments that do not end": "<!--" * 100_000 + "正文",
    "white space": "<p>" + " \n" * 500_000 + "正文",
    "many line breaks": "<div>" + "<br>" * 100_000 + "正文",
    "many widgets": "<div class='sharedaddy'>" * 5_000 + "正文",
    "a srcset of commas": "<img srcset='" + "," * 200_000 + "'>正文",
    "backquotes": "<code>" + "`" * 50_000 + "</code>正文",
    "Markdown brackets": "正文 " + "[" * 100_000,
    "Markdown nesting": "".join("  " * n + "- 正文\n" for n in range(200)),
    "Markdown emphasis": "*a **b " * 20_000 + "正文",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_bodies_keep_their_text(body: str) -> None:
    rendered = made(body)
    assert "正文" in rendered.text
    assert "正文" in rendered.markdown
    assert len(rendered.text) <= len(body) * 2
    assert len(rendered.markdown) <= len(body) * 6


def test_flattening_is_told_of() -> None:
    assert made("<p>文</p>" * (bounds.MAX_TAGS + 1)).warnings == ("markup-flattened",)


def test_five_million_characters() -> None:
    rendered = made("<div>" + "正文，一句话。" * 700_000 + "</div>")
    assert len(rendered.text) == 4_900_000
