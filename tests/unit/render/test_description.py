"""Descriptions in the shapes of real ones, of channels invented for the tests."""

import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postkeep.errors import RulesInvalid
from render_post import promotion
from render_post.blocks import Block, Break, Divider, Dropped, Image, Paragraph, Preformatted, Run, Style, inline_text
from render_post.description import HASHTAGS, PROMOTION, SEPARATOR, is_description, tidy_description
from render_post.recovery import recover_lines

VIDEO = "https://www.youtube.com/watch?v=aB3_dE-gH1k"
JOIN = "https://www.youtube.com/channel/UCabcdefghijklmnopqrstuv/join"


def paragraph(text: str) -> Paragraph:
    inlines: list[Run | Break | Image] = []
    for number, line in enumerate(text.split("\n")):
        inlines += [Break(), Run(line)] if number else [Run(line)]
    return Paragraph([inline for inline in inlines if not isinstance(inline, Run) or inline.text])


def tidied(text: str) -> list[str | tuple[str, str]]:
    found: list[str | tuple[str, str]] = []
    for block in tidy_description([paragraph(text)]):
        if isinstance(block, Dropped):
            found.append((block.rule.removeprefix("generic/"), block.text))
        else:
            assert isinstance(block, Paragraph)
            found.append(inline_text(block.inlines))
    return found


def told(block: Block) -> str:
    if isinstance(block, Dropped):
        return block.text
    assert isinstance(block, Paragraph)
    return inline_text(block.inlines)


def kept(text: str) -> str:
    return "\n\n".join(part for part in tidied(text) if isinstance(part, str))


@pytest.mark.parametrize(
    "text",
    [
        "歡迎訂閱我的頻道！",
        "喜欢的话不要忘了点击小铃铛哦~",
        "記得按讚、訂閱、分享。",
        "成为此频道的会员即可获享以下福利：" + JOIN,
        f"想要成為茶館頻道的會員並獲得獎勵嗎？請點以下連結查看詳細說明喔！{JOIN}",
        f"【加入会员链接】{JOIN}【订阅频道链接】https://www.youtube.com/@tea",
        "支持茶館的頻道：https://pay.example/a",
        "Paypal：https://paypal.me/tea?locale.x=zh_TW打賞：https://pay.example/a",
        "賞我杯咖啡國內: https://pay.example/a",
        "扫码支付后请记得留言，否则我无法联系到您！打赏二维码视频链接：https://youtu.be/aB3_dE-gH1k",
        "影片以及聲音未經同意，請勿轉載！",
        "✪ Website: https://tea.example✪ Email: tea@leaves.example✪ Tiktok: www.tiktok.com/@tea✪ Fanpage: https://www.facebook.com/tea/",
        "☞© Copyright by 茶館 (Do Not Reup)",
        "►茶館IG(請追蹤)：https://reurl.example/a►茶館三分鐘系列影片：https://reurl.example/b",
        "Twitter： https://twitter.com/tea電報群：https://t.me/teaDiscord：https://discord.gg/abc茶客聊天室 :https://www.youtube.com/channel/UCabcdefghijklmnopqrstuv",
        "商業合作、資訊討論請Email至：tea@gmail.com",
        "Instagram: tea.leafTwitter: leaf",
        "更多精彩內容點擊訂閱----https://tinyurl.example/a",
        "Please subscribe to my channel! Want to help SUPPORT my channel, buy me a COFFEE?",
        "Support me on Patreon: http://www.patreon.com/teaJoin me on Facebook: http://www.facebook.com/tea",
        "请关注我的YouTube账号！--------------------Instagram: tea",
        "我的推特：https://twitter.com/tea",
        "#Gmail：tea@gmail.com#Twitter：https://twitter.com/tea#Telegram：https://t.me/tea https://t.me/leaf",
        "火热视频推荐：茶从哪里来？https://youtu.be/aB3_dE-gH1k水到哪里去？陆羽讲茶https://youtu.be/aB3_dE-gH1k",
        "茶馆频道快速搜索链接：日记：https://bit.ly/a茶山自驾：https://bit.ly/b",
        "有任何問題可以在下方留言。感謝支持！",
        "謝謝🙏！",
        "【茶館裡的課本開箱大會】系列:https://reurl.example/a",
        "訂閱頻道https://www.youtube.com/茶館",
    ],
)
def test_what_promotes_goes(text: str) -> None:
    assert kept(text) == ""
    assert kept("茶山上下雨了。" + text).strip() == "茶山上下雨了。"


@pytest.mark.parametrize(
    "text",
    [
        "他訂閱了三份報紙，也關注茶價。",
        "警方禁止未经授权的集会。",
        "國內的民意支持率很高，微信捐款的人不少。",
        "他说『谢谢你让我知道这些』，便走了。",
        "此视频纯属娱乐，不喜欢请不要点开。",
        "資料來源：https://www.facebook.com/tea/",
        "陆羽講茶（推薦第四集）https://www.youtube.com/watch?v=aB3_dE-gH1k",
        "上集連結:https://youtu.be/aB3_dE-gH1k",
        "背景影片https://youtu.be/aB3_dE-gH1k",
        "茶经 文字稿：https://matters.example/@tea",
        "Music: Tea Time https://youtu.be/aB3_dE-gH1k",
        "主持：陆羽",
        "嘉賓：皎然，他在Facebook: 很活躍",
        "https://bit.ly/abc",
        "茶價推荐视频：这个不是标题",
        "那天早上我選擇去那裡喝一杯咖啡。",
        "詳見 https://twitter.com/tea/status/1 的討論",
        "本期#茶 的故事",
    ],
)
def test_what_tells_stays(text: str) -> None:
    assert kept(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12:20 結尾賞我杯咖啡國內: https://pay.example/a", "12:20 結尾"),
        ("直播提前開始喜欢猫咪请支持小茶频道：http://bit.ly/a", "直播提前開始"),
        ("戰禍將重啟訂閱茶館頻道，每天免費收看https://bit.ly/a", "戰禍將重啟"),
        ("訂閱茶館頻道：https://bit.ly/tea1，《茶報》茶價漲", "，《茶報》茶價漲"),
        ("主持：陸羽Facebook: https://facebook.com/tea", "主持：陸羽"),
        ("節目說到這裡為止了Facebook: https://facebook.com/tea", "節目說到這裡為止了"),
        ("今天講茶的歷史和傳說，還有許多山裡的故事，一共說了三個小時也沒有說完，因為實在太長了https://www.paypal.me/tea", None),
        (
            "茶香滿山，山裡有很多很多的故事，請大家慢慢聽我說，歡迎訂閱我的頻道",
            "茶香滿山，山裡有很多很多的故事，請大家慢慢聽我說，",
        ),
        ("歡迎訂閱00:00 開場白", "00:00 開場白"),
    ],
)
def test_only_what_is_certain_goes(text: str, expected: str | None) -> None:
    assert kept(text) == (expected if expected is not None else text.removesuffix("https://www.paypal.me/tea"))


def test_an_address_that_may_have_swallowed_a_word_gives_it_back() -> None:
    assert kept("Use the deal here: https://deal.example/teaThis is tea") == "This is tea"


def test_lines_of_chapters_and_credits_are_recovered() -> None:
    text = "茶的歷史（上）主持：陸羽---------------章節：00:00 開場01:10 茶山02:20 茶水訂閱：https://bit.ly/a"
    assert tidied(text) == [
        "茶的歷史（上）\n主持：陸羽",
        ("separator", "---------------"),
        "章節：\n00:00 開場\n01:10 茶山\n02:20 茶水",
        ("promotion", "訂閱：https://bit.ly/a"),
    ]


def test_hashtags_go_and_those_of_a_sentence_stay() -> None:
    assert tidied("#茶 #山 #水\n本期#茶 很好。#山#水") == [("hashtags", "#茶 #山 #水"), "本期#茶 很好。", ("hashtags", "#山#水")]
    assert tidied("#茶 #山 #水想要成為茶館頻道的會員嗎？") == [
        ("hashtags", "#茶 #山 #水"),
        ("promotion", "想要成為茶館頻道的會員嗎？"),
    ]


def test_signs_beside_what_goes_go_with_it() -> None:
    assert tidied("茶。\n★ \n歡迎訂閱！") == ["茶。", ("separator", "★"), ("promotion", "歡迎訂閱！")]
    assert tidied("茶。\n★\n水。") == ["茶。\n★\n水。"]


def test_what_other_rules_dropped_counts_as_a_neighbour() -> None:
    blocks = tidy_description([Dropped("learnt/author", "x"), paragraph("★"), paragraph("https://bit.ly/a"), Divider()])
    assert blocks == [Dropped("learnt/author", "x"), Dropped(SEPARATOR, "★"), paragraph("https://bit.ly/a"), Divider()]


def test_paragraphs_are_judged_together_and_stay_apart() -> None:
    blocks = tidy_description([paragraph("請點以下連結"), paragraph(JOIN), paragraph("茶。"), paragraph("水。")])
    assert blocks == [Dropped(PROMOTION, "請點以下連結"), Dropped(PROMOTION, JOIN), paragraph("茶。"), paragraph("水。")]


def test_a_heading_without_links_below_it_stays() -> None:
    assert kept("热门视频推荐：\n茶馆的故事\n没有链接") == "热门视频推荐：\n茶馆的故事\n没有链接"


def test_a_heading_that_was_dropped_before_still_counts() -> None:
    heading, line = (
        Dropped("learnt/author", "茶。\n热门视频推荐：茶从哪里来？https://t.example/a"),
        paragraph("水呢https://t.example/b\n完。"),
    )
    assert tidy_description([heading, line]) == [heading, Dropped(PROMOTION, "水呢https://t.example/b"), paragraph("完。")]


def test_long_units_are_left_alone() -> None:
    text = "茶" * 4_000 + "歡迎訂閱我的頻道"
    assert kept(text) == text


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (VIDEO, True),
        ("https://m.youtube.com/shorts/aB3_dE-gH1k", True),
        ("https://youtu.be/aB3_dE-gH1k", True),
        ("https://www.bilibili.com/video/BV1", True),
        ("https://vimeo.com/channels/tea/123", True),
        ("https://www.bilibili.com/read/cv1", False),
        ("https://www.youtube.com/@tea", False),
        ("https://tea.example/watch?v=aB3_dE-gH1k", False),
        (None, False),
    ],
)
def test_which_addresses_are_videos(address: str | None, expected: bool) -> None:
    assert is_description(address, [paragraph("茶")]) is expected


@pytest.mark.parametrize(
    "block",
    [
        Preformatted("茶"),
        Paragraph([Run("茶")], level=2),
        Paragraph([Run("茶", Style(link="https://tea.example/"))]),
        Paragraph([Image("https://tea.example/a.jpg", "")]),
        paragraph("茶" * 50_001),
    ],
)
def test_a_body_with_structure_is_no_description(block: Block) -> None:
    assert not is_description(VIDEO, [block])
    assert is_description(VIDEO, [Dropped("generic/x", "茶"), Divider()])


def test_lines_are_recovered_in_any_post() -> None:
    glued = "名單：https://tea.example/a茶館https://tea.example/b"
    linked = Paragraph([Run(glued, Style(link="https://tea.example/"))])
    assert recover_lines([paragraph(glued), linked, Divider(), paragraph("茶。歡迎訂閱！")]) == [
        paragraph("名單：https://tea.example/a\n茶館https://tea.example/b"),
        linked,
        Divider(),
        paragraph("茶。歡迎訂閱！"),
    ]


PARTS = [
    "茶。",
    "歡迎訂閱我的頻道！",
    "https://t.me/a",
    JOIN,
    "\n",
    "-----",
    "#茶",
    " ",
    "★",
    "Twitter: ",
    "主持：陸羽",
    "0:00 a",
    "1:00 b",
    "2:00 c",
    "热门视频：",
    "請點以下連結",
]


@given(st.lists(st.lists(st.sampled_from(PARTS) | st.text(max_size=4), max_size=15), max_size=4))
def test_everything_is_in_the_text_or_dropped(texts: list[list[str]]) -> None:
    blocks: list[Block] = [paragraph("".join(parts)) for parts in texts]
    before = "".join(inline_text(block.inlines) for block in blocks if isinstance(block, Paragraph))
    after = "".join(told(block) for block in tidy_description(blocks))
    assert "".join(after.split()) == "".join(before.split())


def test_the_lists_that_ship_are_commented_and_used() -> None:
    lists = tomllib.loads(files("render_post").joinpath("rules", promotion.NAME).read_text(encoding="utf-8"))["list"]
    names = [one["name"] for one in lists]
    assert len(set(names)) == len(names)
    assert all(len(one["comment"]) > 20 for one in lists)
    assert promotion.shipped() is promotion.shipped()
    assert HASHTAGS


GOOD = "".join(f'[[list]]\nname = "{use}"\nuse = "{use}"\ncomment = "why"\npatterns = ["{use}"]\n' for use in promotion.USES)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"\xff", "not TOML"),
        (b"[[list", "not TOML"),
        (b"", r"\[\[list\]\]"),
        (b"list = 1", r"\[\[list\]\]"),
        (GOOD.encode() + b"[more]\n", r"\[\[list\]\]"),
        (GOOD.replace('use = "kept"', 'use = "call"').encode(), "'kept'"),
        (GOOD.replace('use = "kept"', 'use = "keep"').encode(), "list 'kept': use: 'keep'"),
        (GOOD.replace('comment = "why"\n', "", 1).encode(), "list 1: comment"),
        (GOOD.replace('comment = "why"', 'comment = " "', 1).encode(), "list 'call': comment"),
        (GOOD.replace('["kept"]', '["kept"]\nmore = 1').encode(), "list 'kept': more"),
        (GOOD.replace('["kept"]', "[]").encode(), "list 'kept': patterns"),
        (GOOD.replace('["kept"]', "[1]").encode(), "list 'kept': patterns"),
        (GOOD.replace('["kept"]', "['(']").encode(), "no pattern"),
        (GOOD.replace('["kept"]', "['(?=a)b']").encode(), "no pattern"),
        (GOOD.replace('["kept"]', "['a*']").encode(), "empty"),
        (GOOD.replace('["kept"]', "['" + "(" * 400 + ")" * 400 + "']").encode(), "empty"),
        (GOOD.replace('["kept"]', str([f"x{n}.{{900}}" for n in range(150)])).encode(), "too large together"),
    ],
)
def test_word_lists_that_cannot_be_used(body: bytes, why: str) -> None:
    with pytest.raises(RulesInvalid, match=why):
        promotion.read(body, "promotion.toml")


def test_word_lists_that_can() -> None:
    assert promotion.read(GOOD.encode(), "promotion.toml").call.search("a call")


@pytest.mark.parametrize(
    "label",
    ["The donation book of Skarn: ", "Support for the dike law: ", "Shop windows of 1962: ", "Membership figures, by year: "],
)
def test_an_address_of_what_is_told_stays(label: str) -> None:
    text = f"{label}https://archive.example/a"
    assert tidied(f"村里的人凑钱造了灯塔。\n{text}") == [f"村里的人凑钱造了灯塔。\n{text}"]


@pytest.mark.parametrize(
    "label",
    [
        "Donate here: ",
        "Donations: ",
        "Support the channel: ",
        "Shop: ",
        "Store front 链接：",
        "Tip jar → ",
        "Membership perks: ",
        "Sponsors - ",
    ],
)
def test_an_address_to_pay_or_buy_at_goes(label: str) -> None:
    assert tidied(f"村里的人凑钱造了灯塔。\n{label}https://shop.example/a") == [
        "村里的人凑钱造了灯塔。",
        ("promotion", f"{label}https://shop.example/a"),
    ]
