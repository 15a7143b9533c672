import pytest
from hypothesis import given
from hypothesis import strategies as st

from render_post.blocks import Block, Listing, Paragraph, Preformatted, Quote, Run, Style, Table
from render_post.summary import MAX_LENGTH, summarize


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
