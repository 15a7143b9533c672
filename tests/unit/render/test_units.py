"""Glued texts in the shapes of real descriptions, written for the tests."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from render_post.glued import addresses
from render_post.units import Kind, fingerprint, glued_lines, split

CHANNEL = "https://www.youtube.com/channel/UCabcdefghijklmnopqrstuv"
VIDEO = "https://youtu.be/aB3_dE-gH1k"


def lines(text: str) -> list[str]:
    found: list[str] = []
    for unit in split(text):
        if unit.line or not found:
            found.append(unit.text)
        else:
            found[-1] += unit.text
    return found


def urls(text: str) -> list[str]:
    return [text[address.start : address.end] for address in addresses(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("看https://tea.example/a(b)?x=1&y=%E8%8C%B6#z。完", ["https://tea.example/a(b)?x=1&y=%E8%8C%B6#z"]),
        ("（见https://tea.example/a）。", ["https://tea.example/a"]),
        ("(see https://tea.example/a).", ["https://tea.example/a"]),
        ("https://tea.example/@茶人和@tea", ["https://tea.example/@"]),
        (f"{VIDEO}120杯茶", [VIDEO]),
        (f"{VIDEO}?t=12s 茶", [f"{VIDEO}?t=12s"]),
        (f"{CHANNEL}/join这里", [f"{CHANNEL}/join"]),
        (f"{CHANNEL}Subscribe", [CHANNEL]),
        ("https://paypal.me/tea?locale.x=zh_TW加入", ["https://paypal.me/tea?locale.x=zh_TW"]),
        ("https://chat.whatsapp.com/ABCDEFGHIJKLMNOPQRSTUVLine: x", ["https://chat.whatsapp.com/ABCDEFGHIJKLMNOPQRSTUV"]),
        ("https://a.example/bhttps://c.example/d", ["https://a.example/b", "https://c.example/d"]),
        ("https://web.example/2020/https://c.example/d", ["https://web.example/2020/https://c.example/d"]),
        ("https://web.example/?u=https://c.example/d", ["https://web.example/?u=https://c.example/d"]),
        ("https://facebook.com/tea/https://t.me/tea", ["https://facebook.com/tea/", "https://t.me/tea"]),
        ("https://tea.example/Facebook: https://fb.example/a", ["https://tea.example/", "https://fb.example/a"]),
        ("https://tea.example/aTwitter：@tea", ["https://tea.example/a"]),
        ("https://tea.example/aPatreon會員: 茶", ["https://tea.example/a"]),
        ("https://tea.example/a#Telegram：https://t.me/b", ["https://tea.example/a", "https://t.me/b"]),
        ("https://tea.example/aJoin me on Tea", ["https://tea.example/a"]),
        ("https://tea.example/x--------茶", ["https://tea.example/x"]),
        ("https://tea.example/a-b=c==", ["https://tea.example/a-b=c=="]),
        ("https://tea.example/x...", ["https://tea.example/x..."]),
        ("https://tea.example/x#茶", ["https://tea.example/x"]),
        ("tea@gmail.comPayPal", ["tea@gmail.com"]),
        ("tea@leaves.example加入", ["tea@leaves.example"]),
        ("@tea 和 @ 和 a@b", []),
        ("www.tea.example/a和discord.gg/abc茶", ["www.tea.example/a", "discord.gg/abc"]),
        ("https://", []),
        ("https://tea.example/" + "a" * 5_000 + "茶", ["https://tea.example/" + "a" * 5_000]),
    ],
)
def test_addresses(text: str, expected: list[str]) -> None:
    assert urls(text) == expected


@pytest.mark.parametrize(
    ("text", "certain"),
    [
        ("https://tea.example/a茶", True),
        ("https://tea.example/茶", False),
        ("https://tea.example/a-茶", False),
        ("https://zh.wikipedia.org/wiki/2020年", False),
        ("https://tea.example/?q=abc茶", False),
        ("https://www.facebook.com/tea/茶", True),
        ("https://tea.example/leavesAnd then", False),
        ("https://tea.example/leavesAnd 茶", True),
        ("tea@gmail.comx", True),
    ],
)
def test_whether_the_end_is_certain(text: str, certain: bool) -> None:
    assert [address.certain for address in addresses(text)] == [certain]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("订阅：https://tea.example/a茶馆的故事", ["订阅：https://tea.example/a", "茶馆的故事"]),
        ("见https://tea.example/a的介绍", ["见https://tea.example/a的介绍"]),
        ("见https://tea.example/a，很好", ["见https://tea.example/a，很好"]),
        ("见https://tea.example/a (旧)好", ["见https://tea.example/a (旧)好"]),
        ("一https://tea.example/a Twitter: @b", ["一https://tea.example/a ", "Twitter: @b"]),
        ("https://tea.example/a https://tea.example/b", ["https://tea.example/a ", "https://tea.example/b"]),
        ("茶。►一：https://t.me/a►二", ["茶。", "►一：https://t.me/a", "►二"]),
        ("欢迎订阅💖👉：https://t.me/a", ["欢迎订阅💖👉：https://t.me/a"]),
        ("欢迎👉 https://t.me/a", ["欢迎👉 https://t.me/a"]),
        ("♥关于茶♥ 我爱茶", ["♥关于茶♥ 我爱茶"]),
        ("★★★★★好茶", ["★★★★★好茶"]),
        ("陆羽·茶经 · 上", ["陆羽·茶经 · 上"]),
        ("好。·一", ["好。", "·一"]),
        ("茶馆。【加入】https://t.me/a【频道】二", ["茶馆。", "【加入】https://t.me/a", "【频道】二"]),
        ("请到【茶馆】看，【茶】好", ["请到【茶馆】看，【茶】好"]),
        ("一-----二=====三", ["一", "-----", "二", "=====", "三"]),
        ("一——二", ["一——二"]),
        ("章节：00:00 起01:10 承1:05:00 转", ["章节：", "00:00 起", "01:10 承", "1:05:00 转"]),
        ("周二 2:00 ~ 3:00 pm，4:00 pm，5:00 pm", ["周二 2:00 ~ 3:00 pm，4:00 pm，5:00 pm"]),
        ("一（1：14）二（3：51）三（5：17）", ["一（1：14）二（3：51）三（5：17）"]),
        ("下午10:30开门，11:00关门，12:00睡", ["下午10:30开门，11:00关门，12:00睡"]),
        ("要闻1，茶价涨2，茶价跌3，无事", ["要闻", "1，茶价涨", "2，茶价跌", "3，无事"]),
        ("共1，2，3，杯；1.5升", ["共1，2，3，杯；1.5升"]),
        ("茶会（上）主持：陆羽（茶人）嘉賓：皎然", ["茶会（上）", "主持：陆羽（茶人）", "嘉賓：皎然"]),
        ("节目主持：陆羽", ["节目主持：陆羽"]),
        ("Tea: tea.leafTwitter: leaf", ["Tea: tea.leaf", "Twitter: leaf"]),
        ("一\n\n二", ["一\n\n", "二"]),
        ("", []),
    ],
)
def test_lines(text: str, expected: list[str]) -> None:
    assert lines(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("一。二！三？「四。」五……六", ["一。", "二！", "三？", "「四。」", "五……", "六"]),
        ("Tea is good. It was 3.5 cups. Mr. Lu drank", ["Tea is good. ", "It was 3.5 cups. ", "Mr. Lu drank"]),
        ("all is true.Welcome to tea", ["all is true.", "Welcome to tea"]),
        ("真的!好?是a?b", ["真的!", "好?", "是a?b"]),
        ("太难了....好", ["太难了....", "好"]),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert [unit.text for unit in split(text)] == expected


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("好茶。#茶 #山#水", ["#茶 #山#水"]),
        ("#茶 #山 #水\n好茶", ["#茶 #山 #水"]),
        ("#茶 #山 #水 好茶在这里", ["#茶 #山 #水 "]),
        ("#茶 #山 好茶在这里", []),
        ("本期#茶 很好", []),
        ("#茶 #山 #水 #好茶在这里，请喝", ["#茶 #山 #水 "]),
        ("好茶。 #茶", ["#茶"]),
        ("好茶#茶", []),
        ("好茶#茶#山#水", ["#茶#山#水"]),
        ("见https://t.me/a#b", []),
        ("# 茶", []),
    ],
)
def test_runs_of_hashtags(text: str, tags: list[str]) -> None:
    assert [unit.text for unit in split(text) if unit.kind is Kind.TAGS] == tags


def test_glued_lines_are_cut_at_addresses_alone() -> None:
    assert glued_lines("一。二https://t.me/a三-----四") == ["一。二https://t.me/a", "三-----四"]


def test_addresses_of_a_unit_are_relative_to_it() -> None:
    text = "一。二https://t.me/a"
    unit = split(text)[1]
    (address,) = unit.addresses
    assert unit.text[address.start : address.end] == "https://t.me/a"


def test_fingerprints() -> None:
    same = ["Ｔｅａ　茶！", "tea 茶!", "t\u200bea\n茶！ "]
    assert len({fingerprint(text) for text in same}) == 1
    assert len({fingerprint(text) for text in ["茶1", "茶2", "茶"]}) == 3
    # Written down in files: it may never change.
    assert fingerprint("茶") == 3804419968879761507
    assert 0 <= fingerprint("\ud800") < 2**64


PARTS = [
    "一。",
    "二",
    " ",
    "\n",
    "https://t.me/a",
    "http",
    "://",
    "www.",
    "a@b.co",
    "#茶",
    "-----",
    "【",
    "】",
    "1:00",
    "♥",
    "►",
    "1，",
    "主持：",
    "Twitter: ",
    "A. ",
    "😀",
    "?",
    "(",
]


@given(st.lists(st.sampled_from(PARTS) | st.text(max_size=5), max_size=40))
def test_units_joined_are_the_text(parts: list[str]) -> None:
    text = "".join(parts)
    units = split(text)
    assert "".join(unit.text for unit in units) == text
    assert all(unit.text for unit in units)
    assert "".join(glued_lines(text)) == text
    place = 0
    cuts = set()
    for unit in units:
        cuts.add(place)
        place += len(unit.text)
    for address in addresses(text):
        assert not cuts & set(range(address.start + 1, address.end)), "an address was cut"


@pytest.mark.parametrize(
    "part",
    [
        "http://a",
        "https://a.b/",
        ")",
        "a@",
        "a@b.co",
        "一。",
        "#a",
        "#茶 ",
        "►",
        "♥a",
        "1:00 a",
        "1，一2，二3，三",
        "Twitter：",
        "www.a",
        "主持：",
        "【a】",
        "-",
        "- ",
        "a. B",
        " ",
        "…",
    ],
)
def test_hostile_texts_take_no_long_time(part: str) -> None:
    text = part * (200_000 // len(part))
    started = time.process_time()
    assert "".join(unit.text for unit in split(text)) == text
    assert time.process_time() - started < 3


def test_brackets_behind_an_address_take_no_long_time() -> None:
    started = time.process_time()
    addresses("http://a" + ")" * 200_000)
    assert time.process_time() - started < 3
