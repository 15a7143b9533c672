import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from render_post.blocks import Block, Break, Divider, Image, Listing, Mark, Paragraph, Preformatted, Quote, Run, Style, Table
from render_post.summary import MAX_LENGTH, summarize
from render_post.text import plain_text


def paragraph(text: str, *, level: int = 0, figure: int = 0, link: str = "") -> Paragraph:
    return Paragraph([Run(text, Style(link=link))], level, figure)


def test_whole_sentences() -> None:
    assert summarize([paragraph("第一句话说完了。" * 20 + "第二" * 50)]) == "第一句话说完了。" * 20


def test_closing_marks_belong_to_the_sentence() -> None:
    assert summarize([paragraph("他说：“" + "今天" * 40 + "！”" + "然后" * 90)]) == "他说：“" + "今天" * 40 + "！”"


def test_a_point_within_a_number_ends_nothing() -> None:
    assert summarize([paragraph("word " * 20 + "ends here. Then 3." + "1" * 200)]) == "word " * 20 + "ends here."


def test_without_a_sentence_a_clause_is_cut() -> None:
    assert summarize([paragraph("一二三四五六七八九十，" * 30)]) == ("一二三四五六七八九十，" * 18)[:197] + "…"


def test_without_a_clause_the_text_is_cut() -> None:
    assert summarize([paragraph("字" * 300)]) == "字" * 199 + "…"


def test_headings_captions_and_bare_links_come_last() -> None:
    others: list[Block] = [paragraph("题", level=1), paragraph("图说", figure=1), paragraph("链接", link="https://a.example/")]
    assert summarize([*others, paragraph("正文。")]) == "正文。"
    assert summarize(others) == "题 图说 链接"
    assert summarize([]) == ""


def test_paragraphs_anywhere_count() -> None:
    blocks: list[Block] = [
        Preformatted("x"),
        Quote([paragraph("一。")]),
        Listing(items=[[paragraph("two.")], [paragraph("三。")]]),
        Table([[[Run("四。")]]]),
    ]
    assert summarize(blocks) == "一。two. 三。四。"


@given(st.lists(st.text(max_size=120), max_size=6))
def test_never_longer_than_promised(texts: list[str]) -> None:
    assert len(summarize([paragraph(text) for text in texts])) <= MAX_LENGTH


@pytest.mark.parametrize("length", [199, 200, 201])
def test_around_the_limit(length: int) -> None:
    text = "字" * (length - 1) + "。"
    assert summarize([paragraph(text)]) == (text if length <= MAX_LENGTH else "字" * 199 + "…")


BODY = "清晨的第一杯茶，总是最香的，山上的人都这么说。"


@pytest.mark.parametrize(
    "line",
    [
        "文/某某",
        "文｜某某 某某",
        "文、图／某某",
        "采写︱某某",
        "作者丨某某；翻译丨某某",
        "作者：某某（某大学教授）",
        "【译者】：某某",
        "責任編輯：某某",
        "来源：某某报",
        "原标题：一杯茶的路",
        "图片来源：法新社",
        "圖／某某",
        "（圖源：網路）",
        "资料照片：书店门口",
        "图/Somebody, 2005, Berlin.",
        "By Some Body and Any Body",
        "Photo by Some Body",
        "发布时间：2020-01-02 10:00",
        "2021年6月29日",
        "2021-06-29 08:05 星期二",
        "Jan 12th 2020",
        "Tuesday, June 29, 2021 8:05 AM",
        "29 June 2021",
        "01/12/2022",
        "Tue, 29 Jun 2021 01:39:02 GMT",
        "某某、某某某、某某某某",
        "一",
        "（三）",
        "第二章",
        "1.",
        "＊＊＊",
        "* * *",
        "#茶 #山 #清晨",
        "https://tea.example/1",
        "✪ Website: https://tea.example",
        "0:00 開場",
        "[01:02:03] 第一泡",
        "0:00 開場1:30 第一泡 2:45 第二泡 4:00 第三泡 5:10 閒談 6:30 客人來了 8:00 茶山的故事 9:30 收杯 12:00 洗杯 13:30 謝幕",
        "本文首发于《某某周刊》2020年第12期。",
        "本文經授權轉載自某某網站",
        "注：本文原刊於某某",
        "Originally published at tea.example.",
        "《上一篇（1）》 《上一篇（2）》",
        "一杯茶的路",
        "《一杯茶的路》",
        "陆羽",
    ],
)
def test_what_is_no_beginning_is_passed_over(line: str) -> None:
    assert summarize([paragraph(line), paragraph(BODY)], "一杯茶的路", "陆羽") == BODY
    # On a line of the same paragraph too; and where there is nothing else it is taken.
    lines = Paragraph([Run(line), Break(), Run(BODY)])
    assert summarize([lines], "一杯茶的路", "陆羽") == BODY
    assert summarize([paragraph(line)], "一杯茶的路", "陆羽") == line


@pytest.mark.parametrize(
    "line",
    [
        "记者：您为什么来到这里？",
        "编辑部的灯亮了一夜。",
        "文字是茶的影子",
        "作者已死",
        "本文想说的是茶",
        "2021年6月29日，下雨了。",
        "10:30 我出门了。",
        "来源不明的茶，总有人喝",
        "#茶 是什么？",
        "这里有今年全部的茶单，也有每一座茶山的故事和照片：https://tea.example/1",
        "图书馆",
        "By the river there is a tea house.",
        "一杯茶的路，走了一百年",
        "春天、夏天、秋天，都有茶",
        "《茶经》是第一本写茶的书",
    ],
)
def test_what_only_looks_like_it_stays(line: str) -> None:
    assert summarize([paragraph(line), paragraph(BODY)], "一杯茶的路", "陆羽").startswith(line)


@pytest.mark.parametrize(
    "note",
    ["编者按：这是一组文章。", "【按】这篇文章来自别处。", "（編者按：轉載。）", "译者按", "Editor’s note: This is a series."],
)
def test_an_editors_note_is_passed_over(note: str) -> None:
    second = paragraph("编者还有一段话。")
    picture = Paragraph([Image("https://p.example/1.jpg", "")])
    assert summarize([paragraph(note), paragraph(BODY)]) == BODY
    for end in (Divider(), picture, paragraph("题", level=2)):
        assert summarize([paragraph(note), second, end, paragraph(BODY)]) == BODY
    assert summarize([paragraph(note), second, paragraph(BODY)]) == "编者还有一段话。" + BODY
    assert summarize([Quote([paragraph(note), second]), paragraph(BODY)]) == BODY
    assert summarize([paragraph(note)]) == note


def test_a_long_note_is_an_article() -> None:
    assert summarize([paragraph("编者按：" + "今天的茶很香。" * 200), paragraph(BODY)]).startswith("编者按：今天")


@pytest.mark.parametrize("dateline", ["（某某特约撰稿）", "（某社北京10日电）", "【某某讯】", "(某报综合报道) "])
def test_a_dateline_is_taken_off(dateline: str) -> None:
    assert summarize([paragraph(dateline + BODY)]) == BODY
    assert (
        summarize([paragraph(BODY), paragraph(dateline + BODY)])
        == BODY + dateline.strip() + (" " if dateline[-1] == " " else "") + BODY
    )


def test_a_line_below_a_picture_is_its_caption() -> None:
    picture = Paragraph([Image("https://p.example/1.jpg", "")])
    assert summarize([picture, paragraph("茶山的清晨"), paragraph(BODY)]) == BODY
    assert summarize([picture, paragraph("茶山醒了，没有声音"), paragraph(BODY)]) == "茶山醒了，没有声音 " + BODY
    assert summarize([paragraph("茶山的清晨"), paragraph(BODY)]) == "茶山的清晨 " + BODY


def test_a_line_in_bold_is_a_heading() -> None:
    bold = Style(frozenset({Mark.BOLD}))
    assert summarize([Paragraph([Run("茶的", bold), Run(" "), Run("历史", bold)]), paragraph(BODY)]) == BODY
    assert summarize([Paragraph([Run("茶的", bold), Run("历史")]), paragraph(BODY)]) == "茶的历史 " + BODY
    assert summarize([Paragraph([Run("茶有历史。", bold)]), paragraph(BODY)]) == "茶有历史。" + BODY


def test_a_label_may_stand_above_its_value() -> None:
    assert summarize([paragraph("作者："), paragraph("某某"), paragraph(BODY)]) == BODY
    assert summarize([paragraph("作者："), paragraph(BODY)]) == BODY


def test_too_little_is_filled_up_with_what_was_passed_over() -> None:
    assert summarize([paragraph("「茶時間」"), paragraph("主持：某某、某某")]) == "「茶時間」 主持：某某、某某"


def test_invisible_characters_go_and_joiners_stay() -> None:
    assert summarize([paragraph("\ufeff\u200b茶很香，" + BODY + "👩\u200d🌾")]) == "茶很香，" + BODY + "👩\u200d🌾"


@pytest.mark.parametrize(
    "short",
    [
        "U.S. tea",
        "Mr. Lu and Dr. Wang",
        "about 3.5 grams",
        "e.g. green tea",
        "Joseph M. Smith",
        "tea vs. coffee",
        "No. 5",
        "Sencha etc. and more",
    ],
)
def test_an_abbreviation_ends_no_sentence(short: str) -> None:
    first = "This first sentence is long enough to stand alone as a summary of it all."
    text = f"{first} The second one talks of {short} " + "and of so many other things " * 8
    assert summarize([paragraph(text)]) == first


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ("他说：「" + "今天的茶很香。" * 40 + "」", "他说：「" + "今天的茶很香。" * 27 + "」"),
        ("一" * 60 + "。他说：「" + "今天的茶很香。" * 40 + "」", "一" * 60 + "。"),
        ("他说：“他说‘" + "今天的茶很香。" * 40 + "’”", "他说：“他说‘" + "今天的茶很香。" * 27 + "’”"),
        ("“茶“这个字，" + "一" * 60 + "。" + "二" * 200, "“茶“这个字，" + "一" * 60 + "。"),
        ("一" * 60 + "？！」" + "二" * 200, "一" * 60 + "？！」"),
    ],
)
def test_quotations_are_closed(text: str, summary: str) -> None:
    assert summarize([paragraph(text)]) == summary


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ("字" * 198 + "👩\u200d👩\u200d👧" + "字" * 50, "字" * 198 + "…"),
        ("字" * 197 + "👍🏽" + "字" * 50, "字" * 197 + "👍🏽…"),
        ("字" * 198 + "👍🏽" + "字" * 50, "字" * 198 + "…"),
        ("字" * 198 + "🇹🇼" + "字" * 50, "字" * 198 + "…"),
        ("字" * 198 + "e\u0301" + "字" * 50, "字" * 198 + "…"),
        ("字" * 150 + "https://tea.example/" + "x" * 100 + "字" * 50, "字" * 150 + "…"),
        ("字" * 100 + "，看https://tea.example/?a=1!b,c;d" + "x" * 100 + "字" * 50, "字" * 100 + "…"),
        ("https://tea.example/" + "x" * 300, ("https://tea.example/" + "x" * 300)[:199] + "…"),
        ("字" * 70 + " 1,234,567" + "字" * 200, "字" * 70 + "…"),
    ],
)
def test_where_nothing_may_be_cut(text: str, summary: str) -> None:
    assert summarize([paragraph(text)]) == summary


_LINES = st.sampled_from(
    ["文/某某", "编者按：", "2021年6月29日", BODY, "茶", "「茶。", "https://a.example/", "\u200b", "作者：", "👩\u200d🌾", " "]
) | st.text(max_size=90)
_PARAGRAPHS = st.builds(
    Paragraph,
    st.lists(
        st.builds(Run, _LINES, st.builds(Style, link=st.sampled_from(["", "https://a.example/"]))) | st.just(Break()), max_size=4
    ),
    st.integers(0, 2),
    st.integers(-1, 1),
)


@given(
    st.lists(
        _PARAGRAPHS | st.builds(Preformatted, _LINES) | st.builds(Divider) | st.builds(Quote, st.lists(_PARAGRAPHS, max_size=2)),
        max_size=6,
    ),
    st.text(max_size=5),
)
def test_it_is_empty_only_where_the_text_is(blocks: list[Block], title: str) -> None:
    text = re.sub("[\u200b\u2060\ufeff]|\\s", "", plain_text(blocks))
    summary = summarize(blocks, title, title)
    assert summary or not text
    assert len(summary) <= MAX_LENGTH
    assert summary == summary.strip()


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        "“" * 4_000,
        "（" * 500_000,
        "某某、" * 200_000,
        "1:00" * 200_000,
        "www." * 200_000,
        "\u0301" * 500_000,
        "编者按：" * 200_000,
    ],
)
def test_hostile_text_takes_no_time(text: str) -> None:
    assert 0 < len(summarize([paragraph(text)] * 20)) <= MAX_LENGTH
