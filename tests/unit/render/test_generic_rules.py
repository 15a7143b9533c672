"""The rules for every post, each with what it is for and with what it must leave alone."""

import pytest

from postkeep.post import Metadata
from render_post.blocks import Block, Break, Divider, Dropped, Image, Paragraph, Run
from render_post.rendition import RenderedText, render
from render_post.rulebook import PostRules, shipped
from render_post.rules import DropRule
from render_post.wording import drop_by_wording

ARTICLE = "<p>梯子是从东邻借的，还的时候东邻已经搬走了。</p><p>于是它靠在我家墙上，四年，谁来都可以借。</p>"
TEXT = "梯子是从东邻借的，还的时候东邻已经搬走了。\n\n于是它靠在我家墙上，四年，谁来都可以借。"
PICTURE = Image("https://news.example/a.jpg", "")


def made(html: str) -> RenderedText:
    return render(f"<div>{html}</div>", Metadata(title="借来的梯子", source_url="https://ladder.example/1"), "a/_posts/b.html")


def p(text: str) -> Paragraph:
    return Paragraph([Run(text)])


@pytest.mark.parametrize(
    ("rule", "element"),
    [
        ("about-the-post", '<p class="entry-meta">墙头 · 2021年7月22日</p>'),
        ("about-the-post", '<span class="post-meta">墙头</span>'),
        ("comments", '<h2 class="comments-title">两条评论</h2>'),
        ("comments", '<h2 class="title comment-form">冒个泡吧！</h2>'),
        ("cookies", '<div id="cookie-notice">We use cookies.</div>'),
        ("cookies", '<div class="cmplz-cookiebanner">Cookies?</div>'),
        ("reading-aids", '<span class="rt-reading-time">5 minutes</span>'),
        ("subscription", '<div class="kg-card kg-signup-card"><h2>Sign up</h2></div>'),
    ],
)
def test_elements(rule: str, element: str) -> None:
    rendered = made(element + ARTICLE)
    assert rendered.text == TEXT
    assert [one.rule for one in rendered.removed] == [f"generic/{rule}"]


@pytest.mark.parametrize(
    "element", ['<p class="meta">墙头</p>', '<h2 class="title">冒个泡吧！</h2>', '<p class="cookies">饼干</p>']
)
def test_elements_that_stay(element: str) -> None:
    assert not made(ARTICLE + element).removed


FIRST = [
    ("feed-date", "打水人 在 星期二, 07/08/2014 - 07:59 提交"),
    ("feed-date", "Anonymous (未验证) 在 星期三, 10/01/2014 - 10:55 提交"),
    ("feed-date", "Submitted by Ida on Tue, 07/08/2014 - 07:59"),
    ("reading-aids", "5 min read"),
    ("reading-aids", "12-minute read"),
    ("reading-aids", "Estimated reading time: 7 minutes"),
    ("reading-aids", "阅读时间：约 6 分钟"),
    ("reading-aids", "閱讀時間：8分鐘"),
    ("reading-aids", "预计阅读需要 8 分钟"),
    ("reading-aids", "全文共3200字，阅读大约需要8分钟"),
    ("reading-aids", "6 分钟阅读"),
    ("reading-aids", "字号：大 中 小"),
    ("wechat", "点击上方蓝字关注我们"),
    ("wechat", "↑ 点击上方“蓝字”，关注面点笔记！"),
]


@pytest.mark.parametrize(("rule", "line"), FIRST)
def test_before_the_first_words(rule: str, line: str) -> None:
    rendered = made(f"<p>{line}</p>{ARTICLE}<p>{line}</p>")
    assert rendered.text.startswith(TEXT)
    assert len(rendered.text) > len(TEXT), "below the article such a line stays"
    assert [one.rule for one in rendered.removed] == [f"generic/{rule}"]


@pytest.mark.parametrize(
    "line",
    [
        "5 minutes",
        "5 min read to me, and I slept",
        "阅读时间总是不够",
        "阅读三分钟",
        "在星期二，我们提交了",
        "他 在 星期二, 07/08/2014 - 07:59 提交了辞呈",
        "字号大的那本",
        "点击上方，关注我们",
        "他教我点击上方蓝字关注他。第二天他就停更了。",
    ],
)
def test_first_words_that_stay(line: str) -> None:
    assert not made(f"<p>{line}</p>{ARTICLE}").removed


LAST = [
    ("wechat", "微信搜索“松江书评”（Songjiangbooks）：慢慢读，慢慢走。"),
    ("wechat", "微信搜一搜「空页」(ID：blank_pages)"),
    ("wechat", "长按识别二维码，关注“面点笔记”"),
    ("wechat", "扫描二维码关注我们！"),
    ("wechat", "觉得好看，请点“在看”👇"),
    ("site-footer", "阅读(1024) ┊ 评论(3) ┊ 收藏(1) ┊ 打印"),
    ("site-footer", "前一篇：门神请假条 后一篇：财神的零钱"),
    ("site-footer", "下載APP，掌握最即時的外島新聞"),
    ("site-footer", "© 2021 Marl Chronicle. All rights reserved."),
    ("site-footer", "저작권자 © 골목신문 무단전재 및 재배포 금지"),
    ("keywords", "#夜市 #招牌 #橋下"),
    ("keywords", "#夜市#招牌，#橋下"),
]


@pytest.mark.parametrize(("rule", "line"), LAST)
def test_after_the_last_words(rule: str, line: str) -> None:
    rendered = made(f"<p>{line}</p>{ARTICLE}<p>{line}</p>")
    assert rendered.text.endswith(TEXT)
    assert len(rendered.text) > len(TEXT), "above the article such a line stays"
    assert [one.rule for one in rendered.removed] == [f"generic/{rule}"]


@pytest.mark.parametrize(
    "line",
    [
        "微信搜索“怎样腌黄瓜”，跳出来的是表舅的文章。",
        "微信搜索“怎样腌黄瓜”（怎样的黄瓜？）",
        "长按二维码，它便显出一只猫。",
        "他们还在看。",
        "大家都点了在看，没有人看。",
        "上一篇：门神请假条",
        "阅读（三遍），评论（一遍）",
        "下載APP，然後刪掉它",
        "All rights were reserved for the mayor",
        "#麵好",
        "#麵好 #湯好",
        "門牌 #3 #9 #12",
    ],
)
def test_last_words_that_stay(line: str) -> None:
    assert not made(f"{ARTICLE}<p>{line}</p>").removed


LEADS = [
    "你可能有興趣的新聞",
    "您也许有兴趣的文章：",
    "関連記事",
    "あわせて読みたい",
    "관련기사",
    "많이 본 뉴스",
    "À lire aussi",
    "Читайте также:",
]


@pytest.mark.parametrize("lead", LEADS)
def test_leads_in_other_languages(lead: str) -> None:
    rendered = made(f'{ARTICLE}<p>{lead}</p><ul><li><a href="/2">第二架梯子</a></li></ul>')
    assert rendered.text == TEXT
    assert {one.rule for one in rendered.removed} == {"generic/related-list"}
    assert not made(f"{ARTICLE}<p>{lead}</p><p>第二架梯子还没有还。</p>").removed


@pytest.mark.parametrize("kind", ["first", "last", "paragraphs"])
def test_pictures_beside_words_that_go_stay(kind: str) -> None:
    rules = PostRules(own=(DropRule("own/rule", **{kind: (r"\d{4}年",)}),))  # type: ignore[arg-type]  # by kind
    both = Paragraph([Run("2021年"), Break(), PICTURE])
    blocks: list[Block] = [both, p("正文。")] if kind != "last" else [p("正文。"), both, Divider()]
    gone: list[Block] = [Dropped("own/rule", "2021年"), Paragraph([PICTURE])]
    assert drop_by_wording(blocks, rules, "") == ([*gone, p("正文。")] if kind != "last" else [p("正文。"), *gone, Divider()])


def test_the_picture_beside_a_date_is_the_first() -> None:
    rendered = made(f'<i>2022-01-12T20:07:33Z</i><br><img src="//pictures.example/ferry.jpg">{ARTICLE}')
    assert [picture.address for picture in rendered.pictures] == ["https://pictures.example/ferry.jpg"]
    assert rendered.text == TEXT


def test_many_last_lines_take_no_long_time() -> None:
    blocks: list[Block] = [p("正文。"), *(p("#甲 #乙 #丙") for _ in range(20_000))]
    found = drop_by_wording(blocks, PostRules(generic=shipped().generic), "")
    assert sum(isinstance(block, Dropped) for block in found) == 20_000
