"""Which parts of a page are the article, and that all the rest is told as removed."""

import re
from collections import Counter

import pytest
from selectolax.lexbor import LexborHTMLParser

from postkeep.post import Metadata
from render_post.clean import SILENT, find_article, visible_text
from render_post.rendition import RenderedText, render
from render_post.rulebook import GenericRules, PostRules, RuleBook, generic_only
from render_post.rules import DropRule, SourceRules

URL = "https://news.example/2021/bookshop"
METADATA = Metadata(title="河边的旧书店又开门了", source_url=URL)
PROSE = (
    "<p>星期二早晨，河边的旧书店重新开门，门口排着二十多个人，最前面的一位天不亮就来了。"
    "店主说，书还是那些书，只是灰都擦掉了。</p>"
)
TEXT = re.sub("<.*?>", "", PROSE)
GENERIC = generic_only()


def book(*, article: str = "", keep: str = "", drops: tuple[DropRule, ...] = ()) -> RuleBook:
    source = SourceRules("news.example", ("news.example",), article=article, keep=keep, drops=drops)
    return RuleBook(generic=GENERIC.generic, hosts={"news.example": source})


def characters(text: str) -> Counter[str]:
    return Counter("".join(text.split()))


def made(html: str, rules: RuleBook = GENERIC, hidden: str = "") -> RenderedText:
    """Render, and see that each visible character of the page is in the text or in what was removed."""
    rendered = render(html, METADATA, "news/_posts/a.html", rules)
    page = LexborHTMLParser(html, is_fragment=True)
    seen = characters(page.text()) - characters(hidden)
    told = characters(rendered.text) + characters("".join(dropped.text for dropped in rendered.removed))
    assert told == seen
    return rendered


def removed(rendered: RenderedText) -> list[tuple[str, str]]:
    return [(dropped.rule, dropped.text) for dropped in rendered.removed]


def test_what_is_outside_of_the_article_in_the_order_of_the_page() -> None:
    rendered = made(
        "栏目<div><h1>甲</h1><!-- 注 --><div class='head'>导语</div><aside><p>乙</p><p>丙</p></aside>"
        "<div class='wrap'>丁 <div class='entry'><p>正文。</p></div> 戊</div></div><p>己</p> ",
        book(article=".head, .entry"),
    )
    assert rendered.text == "导语\n\n正文。"
    rule = "news.example/outside-article"
    assert removed(rendered) == [(rule, "栏目"), (rule, "甲"), (rule, "乙\n丙"), (rule, "丁"), (rule, "戊"), (rule, "己")]


def test_articles_within_articles_are_read_once() -> None:
    rendered = made("<div class='entry'><p>甲</p><div class='entry'><p>乙</p></div></div>", book(article=".entry"))
    assert (rendered.text, rendered.removed) == ("甲\n\n乙", ())


def test_articles_in_what_is_dropped_are_none() -> None:
    drops = (DropRule("news.example/a", ".a"),)
    rendered = made(
        "<div class='a'><div class='entry'>甲</div></div><div class='entry'>乙</div><p>丙</p>",
        book(article=".entry", drops=drops),
    )
    assert rendered.text == "乙"
    assert removed(rendered) == [("news.example/a", "甲"), ("news.example/outside-article", "丙")]


def test_an_article_that_is_dropped_itself() -> None:
    rendered = made("<p>乙</p><div class='entry'>甲</div>", book(article=".entry", drops=(DropRule("news.example/a", ".entry"),)))
    assert (rendered.text, removed(rendered)) == ("乙", [("news.example/a", "甲")])


@pytest.mark.parametrize(
    "html", ["<p>甲</p><div class='entry'> </div>", "<p>甲</p><div class='entry'><img src='/a.jpg'></div>", "<p>甲</p>"]
)
def test_where_the_article_is_not_found_all_is_read(html: str) -> None:
    rendered = made(html, book(article=".entry"))
    assert (rendered.text, rendered.removed) == ("甲", ())


def test_keep() -> None:
    html = "<p>甲</p><div class='sharedaddy map'>乙</div><div class='sharedaddy'>丙</div>"
    html += "<div class='a map'>丁</div><div class='a'>戊</div>"
    rendered = made(html, book(keep=".map", drops=(DropRule("news.example/a", ".a"),)))
    assert rendered.text == "甲\n\n乙\n\n丁"
    assert removed(rendered) == [("generic/sharing", "丙"), ("news.example/a", "戊")]


def test_the_source_names_what_both_drop() -> None:
    drops = (DropRule("news.example/a", ".a"), DropRule("news.example/b", ".sharedaddy"))
    rendered = made("<p>甲乙丙丁</p><div class='sharedaddy a'>分享</div>", book(drops=drops))
    assert removed(rendered) == [("news.example/a", "分享")]


def test_a_widget_that_holds_most_of_the_text_stays() -> None:
    rendered = made(f"<p>甲</p><div class='sharedaddy'>{PROSE}</div><nav>{PROSE * 3}</nav>")
    assert rendered.warnings == ("widget-kept: nav",)
    rendered = made(f"<p>甲</p><div class='sharedaddy x'>{PROSE}</div>")
    assert rendered.text == f"甲\n\n{TEXT}"
    assert rendered.warnings == ("widget-kept: sharedaddy x",)
    nested = "<div class='sharedaddy n{}'>" * 15
    rendered = made(nested.format(*range(15)) + PROSE + "</div>" * 15)
    assert rendered.text == TEXT
    assert len(rendered.warnings) == 10
    assert len(made(f"<div class='sharedaddy {'x' * 200}'>{PROSE}</div>").warnings[0]) == len("widget-kept: ") + 80


def test_the_first_generic_rule_names_what_two_drop() -> None:
    rules = RuleBook(generic=GenericRules((DropRule("generic/a", ".a"), DropRule("generic/b", ".a, .b"))))
    rendered = made("<p>正文正文</p><p class='b'>乙</p><p class='a'>甲</p>", rules)
    assert removed(rendered) == [("generic/b", "乙"), ("generic/a", "甲")]
    assert made("<p class='a'>甲</p>", RuleBook()).text == "甲"


@pytest.mark.parametrize("name", ["byline", "article-meta", "postMeta", "POST-DATE", "author_box", "share"])
@pytest.mark.parametrize("attribute", ["class", "id"])
def test_above_the_article_by_class(name: str, attribute: str) -> None:
    rendered = made(f"<div><div {attribute}='{name}'>某人</div><div>{PROSE}</div></div>")
    assert (rendered.text, removed(rendered)) == (TEXT, [("generic/above-article", "某人")])


@pytest.mark.parametrize("name", ["post-tags", "related", "entry-footer", "siteCopyright", "read more", "ads"])
def test_below_the_article_by_class(name: str) -> None:
    rendered = made(f"<div><div>{PROSE}</div><div class='{name}'>某些字</div><ul class='{name}'><li>又一些</li></ul></div>")
    assert (rendered.text, removed(rendered)) == (
        TEXT,
        [("generic/below-article", "某些字"), ("generic/below-article", "又一些")],
    )


def test_frames_within_frames() -> None:
    rendered = made(
        f"<main><div class='breadcrumbs-x date'>甲</div><section><div class='meta'>乙</div>"
        f"<div>{PROSE}</div><div class='tags'>丙</div></section></main>"
    )
    assert rendered.text == TEXT
    assert removed(rendered) == [
        ("generic/above-article", "甲"),
        ("generic/above-article", "乙"),
        ("generic/below-article", "丙"),
    ]


LINKS = "<a href='/a'>旧书店的历史</a> <a href='/b'>河边的故事</a>"


def test_below_the_article_by_links() -> None:
    rendered = made(
        f"<div class='x'><div>{PROSE}</div>"
        "<ul><li><a href='/a'>旧书店的历史</a></li><li><a href='/b'>河边的故事</a></li></ul></div>"
    )
    assert (rendered.text, removed(rendered)) == (TEXT, [("generic/below-article", "旧书店的历史\n河边的故事")])


@pytest.mark.parametrize(
    "html",
    [
        f"<div class='x'><div>{LINKS}</div><div>{PROSE}</div></div>",  # links above
        f"<div class='x'><div>{PROSE}</div><div>见<a href='/a'>旧书店的历史</a></div></div>",  # one link
        f"<div class='x'><div>{PROSE}</div><div>店主后来又开了一家店，在河的对岸，见这两篇：{LINKS}</div></div>",  # prose mostly
        f"<div class='x'><div>{PROSE}</div><p class='meta'>{LINKS}</p></div>",  # paragraphs are the article's
        f"<div class='x'><div>{PROSE}</div><blockquote class='share'>甲</blockquote><h2 class='more'>乙</h2></div>",
        f"<div class='x'>{PROSE}<div class='meta'>甲</div></div>",  # no frame beside it
        f"<div class='x'><div>{PROSE}</div><div class='related'>{PROSE}</div></div>",  # too much of the text
        f"<div class='x'><div>{PROSE}</div><div class='metabolism shared'>甲</div></div>",  # other words
        f"<div><div>{PROSE}</div><div>{LINKS}</div></div>",  # a page without classes
        f"<span class='x'>{PROSE}</span><div class='y'>甲</div>",
        "<div class='x'> </div>",
        "文字<b class='x'>粗</b>",
    ],
)
def test_what_stays(html: str) -> None:
    rendered = made(html)
    assert rendered.removed == ()


def test_what_is_kept_is_not_beside() -> None:
    html = f"<div><div class='meta map'>甲</div><div class='meta'>乙</div><div>{PROSE}</div></div>"
    rendered = made(html, book(keep=".map"))
    assert (rendered.text, removed(rendered)) == (f"甲\n\n{TEXT}", [("generic/above-article", "乙")])


def test_within_what_is_kept_nothing_is_beside() -> None:
    html = f"<div><div class='meta'>甲</div><div class='map'><div class='meta'>乙</div><div>{PROSE}</div></div></div>"
    rendered = made(html, book(keep=".map"))
    assert (rendered.text, removed(rendered)) == (f"乙\n\n{TEXT}", [("generic/above-article", "甲")])


def test_frames_are_not_followed_for_ever() -> None:
    # 41 frames deep nobody looks.
    deep = "<div class='x'>" * 60 + f"<div class='meta'>甲</div><div>{PROSE}</div>" + "</div>" * 60
    assert made(deep).text == f"甲\n\n{TEXT}"
    shallow = "<div class='x'>" * 20 + f"<div class='meta'>甲</div><div>{PROSE}</div>" + "</div>" * 20
    assert made(shallow).text == TEXT


def test_related_lists() -> None:
    rendered = made(
        f"{PROSE}<h3>相关阅读</h3>"
        "<ul><li><a href='/a'>旧书店的历史</a></li><li><a href='/b'>河边的故事</a></li></ul><p>又一段。</p>"
    )
    assert rendered.text == f"{TEXT}\n\n又一段。"
    assert [rule for rule, _ in removed(rendered)] == ["generic/related-list", "generic/related-list"]
    assert made("<p>甲</p><p>相关阅读</p><p>他读了很多。</p>").removed == ()


def test_comments() -> None:
    html = f"{PROSE}<ol class='commentlist'><li>甲：好</li></ol>"
    html += "<div id='respond'><h3>留言</h3></div><div class='comment-wrapper'>乙</div>"
    rendered = made(html)
    assert rendered.text == f"{TEXT}\n\n乙"
    assert removed(rendered) == [("generic/comments", "甲：好"), ("generic/comments", "留言")]


def test_notices_in_noscript() -> None:
    assert removed(made(f"{PROSE}<noscript>请启用脚本</noscript>")) == [("generic/noscript", "请启用脚本")]
    assert removed(made(f"{PROSE}<NOSCRIPT>请启用脚本</NOSCRIPT>")) == [("generic/noscript", "请启用脚本")]
    assert made(f"{PROSE}<noscript>{'甲' * 201}</noscript>").removed == ()


def test_pictures_in_noscript() -> None:
    copy = made(f"{PROSE}<img data-src='/a.jpg'><noscript><img src='/a.jpg'>图</noscript>")
    assert ([picture.address for picture in copy.pictures], removed(copy)) == (
        ["https://news.example/a.jpg"],
        [("generic/noscript", "图")],
    )
    alone = made(f"{PROSE}<img src='/a.jpg'><noscript><img src='/b.jpg'>图</noscript>")
    assert ([picture.address for picture in alone.pictures], alone.removed) == (
        ["https://news.example/a.jpg", "https://news.example/b.jpg"],
        (),
    )


FOOTER = "获取更多RSS：<br><a href='https://mirror.example'>https://mirror.example</a>"


@pytest.mark.parametrize(
    ("html", "text", "gone"),
    [
        (f"{PROSE}<br><hr> <div>{FOOTER}</div>", TEXT, ["获取更多RSS：\nhttps://mirror.example"]),
        (f"<div>{PROSE}<hr><div><p>{FOOTER}</p></div></div>", TEXT, ["获取更多RSS：\nhttps://mirror.example"]),
        (f"{PROSE}{FOOTER} <br><a href='https://m2.example'>乙</a>", TEXT, ["获取更多RSS：", "https://mirror.example", "乙"]),
        (f"{PROSE}<p>獲取更多RSS:</p><p>丙</p>", f"{TEXT}\n\n丙", ["獲取更多RSS:"]),
        (f"{PROSE}<p>获取更多RSS：{'长' * 400}</p>", None, None),
    ],
)
def test_footers_of_feeds(html: str, text: str | None, gone: list[str] | None) -> None:
    rendered = made(html)
    assert {rule for rule, _ in removed(rendered)} == {"generic/feed-footer"}
    if text is not None:
        assert (rendered.text, [one for _, one in removed(rendered)]) == (text, gone)
        assert "---" not in rendered.markdown


def test_what_is_no_footer() -> None:
    assert made("<p>店主说可以获取更多RSS：见下。</p>").removed == ()


@pytest.mark.parametrize("tag", ["audio", "video"])
def test_fallback_text_of_players(tag: str) -> None:
    rendered = render(f"{PROSE}<{tag} src='/a.mp3'>播不出来</{tag}>", METADATA, "a.html", GENERIC)
    assert rendered.text == f"{TEXT}\n\nhttps://news.example/a.mp3"
    assert removed(rendered) == [("generic/fallback", "播不出来")]


def test_cells_of_tables() -> None:
    drops = (DropRule("news.example/a", ".a"),)
    rendered = made(
        "<table><caption>表<i class='a'>注</i></caption><tr><th>年</th><th class='a'>广告</th><th>数</th></tr>"
        "<tr><td>一<span class='a'>甲</span></td><td class='a'>乙</td><td>二<p class='a'>丙</p></td></tr></table><p>末。</p>",
        book(drops=drops),
    )
    assert rendered.text == "表\n\n年\t数\n一\t二\n\n末。"
    assert sorted(text for _, text in removed(rendered)) == sorted(["注", "广告", "甲", "乙", "丙"])
    assert {rule for rule, _ in removed(rendered)} == {"news.example/a"}


def test_rows_and_tables_that_are_dropped() -> None:
    drops = (DropRule("news.example/a", ".a"),)
    table = "<table{}><tr><th>年</th><th>数</th></tr><tr{}><td>一</td><td>二</td></tr></table>"
    rendered = made(f"<p>正文。</p>{table.format('', " class='a'")}", book(drops=drops))
    assert rendered.text == "正文。\n\n年\t数"
    rendered = made(f"<p>正文。</p>{table.format(" class='a'", '')}", book(drops=drops))
    assert rendered.text == "正文。"
    body = "<table><thead><tr><th>年</th><th>数</th></tr></thead><tbody class='a'><tr><td>一</td><td>二</td></tr></tbody></table>"
    assert made(f"<p>正文。</p>{body}", book(drops=drops)).text == "正文。\n\n年\t数"


def test_spans_within_a_paragraph() -> None:
    drops = (DropRule("news.example/a", ".a"),)
    rendered = made(
        "<p>书店<span class='a'>【广告】</span>重新<b>开门<i class='a'>了吗</i></b>。</p>"
        "<blockquote>引<em class='a'>注</em></blockquote>"
        "<ul><li>一<span class='a'>甲</span></li><li class='a'>乙</li></ul>"
        "<pre>ls<span class='a'>rm</span></pre><h2>题<span class='a'>链</span></h2>",
        book(drops=drops),
    )
    assert rendered.text == "书店重新开门。\n\n引\n\n一\n\nls\n\n题"
    assert [text for _, text in removed(rendered)] == ["【广告】", "了吗", "注", "甲", "乙", "rm", "链"]


def test_what_no_reader_saw_is_not_told() -> None:
    html = "<style>p{}</style><p>正<script>var a</script>文。</p>"
    html += "<div class='sharedaddy'>分<script>var b</script>享<!-- 注 --><i></i></div>"
    rendered = made(f"{html}<p>一段较长的正文在此。</p>", hidden="p{}varavarb")
    assert rendered.text == "正文。\n\n一段较长的正文在此。"
    assert removed(rendered) == [("generic/sharing", "分享")]


@pytest.mark.parametrize("html", ["", " ", "<!-- 注 -->", "<div class='sharedaddy'></div>"])
def test_nothing(html: str) -> None:
    rendered = made(html)
    assert (rendered.text, rendered.removed) == ("", ())


def test_visible_text() -> None:
    article = find_article(
        "<div>甲 <b> 乙</b>丙<br>丁<p>戊</p><iframe>x</iframe><script>y</script><h2>己</h2>庚</div>", PostRules(), None
    )
    assert visible_text(article.tops[0], article.passed_over) == "甲 乙丙\n丁\n戊\n己\n庚"
    assert set(article.passed_over.values()) == {SILENT}


def test_deep_nesting_is_no_matter() -> None:
    html = f"{PROSE}<div class='sharedaddy'>{'<i>' * 3_000}分享{'</i>' * 3_000}</div>"
    article = find_article(html, PostRules(generic=GENERIC.generic), None)
    assert [visible_text(top, article.passed_over) for top in article.tops if top.mem_id in article.passed_over] == ["分享"]
