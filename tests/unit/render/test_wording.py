"""What shows in its wording or its place to be no part of the article."""

from collections.abc import Callable

import pytest

from render_post.blocks import Block, Break, Divider, Dropped, Image, Listing, Paragraph, Preformatted, Quote, Run, Style, Table
from render_post.removal import partition
from render_post.rulebook import GenericRules, PostRules, shipped
from render_post.rules import DropRule
from render_post.wording import TITLE, drop_by_wording, dropped

GENERIC = PostRules(generic=shipped().generic)
PICTURE = Image("https://news.example/a.jpg", "")
LONG = "字" * 1_001


def p(text: str, level: int = 0) -> Paragraph:
    return Paragraph([Run(text)], level)


def picture() -> Paragraph:
    return Paragraph([PICTURE])


def link(text: str) -> Paragraph:
    return Paragraph([Run(text, Style(link="https://news.example/x"))])


def links(*texts: str) -> Listing:
    return Listing(items=[[link(text)] for text in texts])


def own(**kinds: tuple[str, ...]) -> PostRules:
    return PostRules(own=(DropRule("own/rule", **kinds),))  # type: ignore[arg-type]  # by kind


def gone(*texts: str, rule: str = "own/rule") -> list[Block]:
    return [Dropped(rule, text) for text in texts]


def test_without_rules_all_stays() -> None:
    blocks: list[Block] = [p("订阅"), Divider(), link("乙")]
    assert drop_by_wording(blocks, PostRules(), "") == [p("订阅"), Divider(), link("乙")]
    assert drop_by_wording([], GENERIC, "标题") == []


def test_paragraphs() -> None:
    rules = own(paragraphs=("订阅.{1,4}",))
    blocks: list[Block] = [
        p("正文。"),
        p(" 订阅我们 "),
        p("订阅我们的来信吧"),
        p("订阅本报", 2),
        Quote([p("引文"), p("订阅我们")]),
        Listing(items=[[p("一")], [p("订阅我们"), Quote([p("订阅他们")])]]),
        Preformatted("订阅我们"),
        Table([[[Run("订阅我们")], [Run("乙")]]]),
        Paragraph([Run("订阅"), PICTURE, Break(), Run("我")]),
    ]
    found = drop_by_wording(blocks, rules, "")
    assert found == [
        p("正文。"),
        *gone("订阅我们"),
        p("订阅我们的来信吧"),
        *gone("订阅本报"),
        Quote([p("引文"), *gone("订阅我们")]),
        Listing(items=[[p("一")], [*gone("订阅我们"), Quote(gone("订阅他们"))]]),
        Preformatted("订阅我们"),
        Table([[[Run("订阅我们")], [Run("乙")]]]),
        Paragraph([Run("订阅"), PICTURE, Break(), Run("我")]),
    ]
    kept, removed = partition(found)
    assert [one.text for one in removed] == ["订阅我们", "订阅本报", "订阅我们", "订阅我们", "订阅他们"]
    assert kept[2:4] == [Quote([p("引文")]), Listing(items=[[p("一")]])]


def test_partition_takes_out_what_is_empty() -> None:
    blocks: list[Block] = [
        Quote(gone("甲")),
        Listing(items=[gone("乙"), gone("丙")]),
        Quote([Listing(items=[gone("丁")])]),
        p("正文。"),
    ]
    assert partition(blocks) == ([p("正文。")], gone("甲", "乙", "丙", "丁"))
    assert partition([]) == ([], [])


@pytest.mark.parametrize("kind", ["paragraphs", "rest", "first", "last", "lists"])
def test_long_paragraphs_are_not_tried(kind: str) -> None:
    rules = own(**{kind: ("字+",)})

    def made(text: str) -> list[Block]:
        middle = [p("正文。"), p(text), link("甲")] if kind == "lists" else [p(text), p("正文。"), p(text)]
        return drop_by_wording([*middle], rules, "")

    assert not [block for block in made(LONG) if isinstance(block, Dropped)]
    assert [block for block in made("字" * (60 if kind == "lists" else 1_000)) if isinstance(block, Dropped)]


def test_leads_are_short() -> None:
    blocks: list[Block] = [p("字" * 61), link("甲")]
    assert drop_by_wording(list(blocks), own(lists=("字+",)), "") == blocks


def test_a_long_paragraph_is_none_of_the_first_or_last() -> None:
    blocks: list[Block] = [p(LONG), p("完"), p("正文。"), p("完"), p(LONG)]
    assert drop_by_wording(list(blocks), own(first=("完",), last=("完",)), "") == blocks


def test_rest() -> None:
    rules = own(rest=("留言区",))
    blocks: list[Block] = [
        p("留言区在哪里？"),
        Quote([p("留言区")]),
        p("留言区"),
        Dropped("generic/sharing", "分享"),
        picture(),
        p("甲：好。"),
        Listing(ordered=True, items=[[p("乙")]]),
    ]
    assert drop_by_wording(list(blocks), rules, "") == [
        *blocks[:2],
        *gone("留言区"),
        Dropped("generic/sharing", "分享"),
        Dropped("own/rule", ""),
        *gone("甲：好。", "1. 乙"),
    ]
    assert drop_by_wording(list(blocks[:2]), rules, "") == blocks[:2]


def test_what_is_dropped_already_keeps_its_rule() -> None:
    block = Dropped("generic/sharing", "分享")
    assert dropped("own/rule", block) == [block]
    assert dropped("own/rule", Quote([p("甲"), p("乙")])) == [Dropped("own/rule", "甲\n\n乙")]


@pytest.mark.parametrize("rules", [own(rest=("相关",)), own(lists=("相关",))])
def test_what_is_dropped_within_what_goes_is_told_too(rules: PostRules) -> None:
    listing = links("甲", "乙")
    listing.items.append([Dropped("other/rule", "丙")])
    found = drop_by_wording([p("正文"), p("相关"), listing], rules, "")
    assert found == [p("正文"), *gone("相关", "甲\n乙"), Dropped("other/rule", "丙")]


def test_first() -> None:
    rules = own(first=(r"\d{4}年", "本报讯"))
    blocks: list[Block] = [Dropped("a/b", "甲"), picture(), Divider(), p("2021年"), p("本报讯", 3), p("正文。"), p("2022年")]
    assert drop_by_wording(list(blocks), rules, "") == [*blocks[:3], *gone("2021年", "本报讯"), *blocks[5:]]


@pytest.mark.parametrize(
    "block", [Quote([p("2021年")]), Preformatted("2021年"), Listing(items=[[p("2021年")]]), p("正文。"), Table([])]
)
def test_first_ends_at_the_article(block: Block) -> None:
    blocks: list[Block] = [block, p("2021年")]
    assert drop_by_wording(list(blocks), own(first=(r"\d{4}年",)), "") == blocks


def test_an_article_of_nothing_else() -> None:
    assert drop_by_wording([p("2021年")], own(first=(r"\d{4}年",)), "") == gone("2021年")


def test_last() -> None:
    rules = own(last=("完", "编辑：.{1,5}"))
    blocks: list[Block] = [p("完"), p("正文。"), p("编辑：某人"), picture(), Divider(), Dropped("a/b", "甲"), p("完")]
    found = drop_by_wording(list(blocks), rules, "")
    assert found == [*blocks[:2], *gone("编辑：某人"), *blocks[3:6], *gone("完")]


@pytest.mark.parametrize(
    "block", [Quote([p("完")]), Preformatted("完"), Listing(items=[[p("完")]]), p("正文。"), Table([[[Run("甲")]]])]
)
def test_last_ends_at_the_article(block: Block) -> None:
    blocks: list[Block] = [p("正文。"), p("完"), block]
    assert drop_by_wording(list(blocks), own(last=("完",)), "") == blocks


def test_the_only_words_are_never_the_last() -> None:
    assert drop_by_wording([p("完")], own(last=("完",)), "") == [p("完")]


@pytest.mark.parametrize(
    ("heading", "title"),
    [
        ("河边的旧书店", "河边的旧书店"),
        ("河边的  旧书店", " 河边的 旧书店\n"),
        ("河边的旧书店", "河边的旧书店 - 本地新闻"),
        ("河边的旧书店", "河边的旧书店 | 本地新闻"),
        ("河边的旧书店", "河边的旧书店｜本地新闻"),
        ("河边的旧书店", "河边的旧书店_本地新闻"),
        ("河边的旧书店", "河边的旧书店 — 本地新闻"),
    ],
)
@pytest.mark.parametrize("level", [1, 3, 6])
def test_the_title(heading: str, title: str, level: int) -> None:
    blocks = drop_by_wording([picture(), p(heading, level), p("正文。")], PostRules(), title)
    assert blocks == [picture(), Dropped(TITLE, heading), p("正文。")]


@pytest.mark.parametrize(
    ("heading", "title", "level"),
    [
        ("河边的旧书店", "河边的旧书店", 0),
        ("河边的旧书店", "河边的旧书店又开门", 2),
        ("河边的旧书店 - 本地新闻", "河边的旧书店", 2),
        ("河边的旧书店", "", 2),
    ],
)
def test_what_is_not_the_title(heading: str, title: str, level: int) -> None:
    blocks: list[Block] = [p(heading, level), p("正文。")]
    assert drop_by_wording(list(blocks), PostRules(), title) == blocks


def test_the_title_stays_below_the_first_words() -> None:
    blocks: list[Block] = [p("正文。"), p("标题", 1)]
    assert drop_by_wording(list(blocks), GENERIC, "标题") == blocks


def test_the_first_rule_names_what_goes() -> None:
    rules = PostRules(
        own=(DropRule("own/one", last=("甲",)), DropRule("own/two", paragraphs=("订阅",))),
        generic=GenericRules((DropRule("generic/three", paragraphs=("订阅|关注",)),)),
    )
    assert drop_by_wording([p("订阅"), p("关注")], rules, "") == [Dropped("own/two", "订阅"), Dropped("generic/three", "关注")]


LEADS = (
    "相关阅读",
    "相關閱讀：",
    "延伸阅读",
    "推荐文章:",
    "【相关新闻】",
    "▌更多报道",
    "往期回顾",
    "编辑推荐",
    "你可能还喜欢",
    "您可能感興趣的文章",
    "你可能也喜欢",
    "看更多",
    "Related articles",
    "RELATED POSTS:",
    "Read next",
    "See also",
    "You may also like",
    "You might be interested in",
    "More from this author",
    "Recommended for you",
    "Further reading",
    "Most read",
)


@pytest.mark.parametrize("lead", LEADS)
@pytest.mark.parametrize(
    "follow",
    [
        lambda: [links("旧书店的历史", "河边的故事")],
        lambda: [link("旧书店的历史"), link("河边的故事")],
        lambda: [link("旧书店的历史"), picture(), Divider(), Quote([link("河边的故事")])],
        lambda: [Paragraph([Run("一、"), Run("旧书店的历史与今天", Style(link="https://news.example/y"))])],
    ],
)
def test_leads_go_with_their_links(lead: str, follow: Callable[[], list[Block]]) -> None:
    found = drop_by_wording([p("正文。"), p(lead), *follow(), p("又一段正文。")], GENERIC, "")
    assert found[0] == p("正文。")
    assert found[-1] == p("又一段正文。")
    assert all(isinstance(block, Dropped) and block.rule == "generic/related-list" for block in found[1:-1])
    assert found[1] == Dropped("generic/related-list", lead)


# «Read more» alone at the end is a feed's.
@pytest.mark.parametrize("lead", [lead for lead in LEADS if lead != "Read more"])
@pytest.mark.parametrize(
    "follow",
    [
        list[Block],
        lambda: [p("他们后来又开了一家店。")],
        lambda: [picture()],
        lambda: [Divider(), Quote([p("旧书店")]), link("旧书店的历史")],
        lambda: [Preformatted("旧书店")],
        lambda: [Table([[[Run("旧书店", Style(link="https://news.example/y"))]]])],
        lambda: [Paragraph([Run("店主说过的话很多，见"), Run("此", Style(link="https://news.example/y"))])],
        lambda: [link("字" * 301)],
        lambda: [Listing(items=[[Divider()]])],
        lambda: [Listing(items=[[link("甲")], [p("一段没有链接的话在此。")]])],
    ],
)
def test_leads_stay_without_links(lead: str, follow: Callable[[], list[Block]]) -> None:
    assert drop_by_wording([p("正文。"), p(lead), *follow()], GENERIC, "") == [p("正文。"), p(lead), *follow()]


@pytest.mark.parametrize("lead", ["相关阅读材料如下", "阅读", "我们读了更多的书", "He would read more", "Unrelated articles"])
def test_what_is_no_lead(lead: str) -> None:
    blocks: list[Block] = [p("正文。"), p(lead), link("甲")]
    assert drop_by_wording(list(blocks), GENERIC, "") == blocks


def test_pictures_after_the_last_link_stay() -> None:
    found = drop_by_wording([p("相关阅读"), link("甲"), picture(), p("正文。")], GENERIC, "")
    assert found == [*gone("相关阅读", "甲", rule="generic/related-list"), picture(), p("正文。")]


def test_links_after_what_is_dropped_belong_to_the_lead() -> None:
    found = drop_by_wording([p("相关阅读"), Dropped("generic/sharing", "分享"), link("甲")], GENERIC, "")
    assert found == [
        Dropped("generic/related-list", "相关阅读"),
        Dropped("generic/sharing", "分享"),
        Dropped("generic/related-list", "甲"),
    ]


def test_at_most_so_many_links_go() -> None:
    found = drop_by_wording([p("相关阅读"), *(link("甲") for _ in range(70))], GENERIC, "")
    assert sum(isinstance(block, Dropped) for block in found) == 61
    assert found[61:] == [link("甲")] * 10


def test_two_leads() -> None:
    found = drop_by_wording([p("相关阅读"), link("甲"), p("延伸阅读"), links("乙")], GENERIC, "")
    assert found == gone("相关阅读", "甲", "延伸阅读", "乙", rule="generic/related-list")
