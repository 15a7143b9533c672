import json
import time
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postkeep.errors import RulesInvalid
from render_post.blocks import (
    Block,
    Break,
    Divider,
    Dropped,
    Image,
    Inline,
    Listing,
    Mark,
    Paragraph,
    Quote,
    Run,
    Style,
    inline_text,
)
from render_post.learnt import MAX_BYTES, NOTHING_LEARNT, OF_AUTHOR, OF_HOST, Learnt, drop_learnt
from render_post.units import fingerprint, split

NOTICE = "欢迎每天来山下的茶馆坐坐。"
ADDRESS = "茶馆的网站：https://tea.example/a"
GREETING = "大家好！"


def unit(text: str) -> dict[str, Any]:
    return {"fingerprint": f"{fingerprint(text):016x}", "posts": 9}


def learnt(*groups: dict[str, Any]) -> bytes:
    return json.dumps({"v": 1, "made": "2024-01-01", "posts": 20, "groups": list(groups)}).encode()


MARKS = frozenset({fingerprint(NOTICE), fingerprint(ADDRESS), fingerprint(GREETING)})


def paragraph(*parts: str) -> Paragraph:
    inlines: list[Inline] = []
    for number, part in enumerate(parts):
        inlines += [Break(), Run(part)] if number else [Run(part)]
    return Paragraph(inlines)


def told(block: Block) -> str:
    if isinstance(block, Dropped):
        return block.text
    assert isinstance(block, Paragraph)
    return inline_text(block.inlines)


def in_description(*blocks: Block) -> list[Block]:
    return drop_learnt(list(blocks), MARKS, OF_AUTHOR, description=True)


def in_article(*blocks: Block) -> list[Block]:
    return drop_learnt(list(blocks), MARKS, OF_HOST, description=False)


def test_an_author_comes_before_a_host() -> None:
    found = Learnt.read(learnt({"author": "陆羽", "units": [unit("a")]}, {"host": "tea.example", "units": [unit("b")]}), "x.json")
    assert found.of("陆羽", "tea.example") == {fingerprint("a")}
    assert found.of("皎然", "tea.example") == {fingerprint("b")}
    assert found.of("皎然", "other.example") == frozenset()
    assert (found.rule("陆羽"), found.rule("皎然")) == (OF_AUTHOR, OF_HOST)


def test_files_are_joined() -> None:
    one = Learnt.read(learnt({"author": "陆羽", "units": [unit("a")]}), "x.json")
    other = Learnt.read(learnt({"author": "陆羽", "units": [unit("b")]}, {"host": "h", "units": [unit("c")]}), "y.json")
    joined = one.joined(other)
    assert joined.of("陆羽", "") == {fingerprint("a"), fingerprint("b")}
    assert joined.of("", "h") == {fingerprint("c")}
    assert NOTHING_LEARNT.joined(one) == one


def test_texts_are_for_people_and_not_read() -> None:
    assert Learnt.read(learnt({"author": "a", "posts": 3, "units": [unit("b") | {"text": "别的"}]}), "x.json").of("a", "") == {
        fingerprint("b")
    }


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"\xff", "not JSON"),
        (b"{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "v: "),
        (b'{"v": 2, "groups": []}', "v: "),
        (b'{"v": 1, "groups": [], "more": 1}', "more: "),
        (b'{"v": 1}', "groups: "),
        (learnt(1), "group 1: give an object"),  # type: ignore[arg-type]  # what it refuses
        (learnt({"units": []}), "group 1: give either"),
        (learnt({"author": "a", "host": "b", "units": []}), "group 1: give either"),
        (learnt({"author": "", "units": []}), "group 1: give either"),
        (learnt({"author": "a"}), "group 1: units"),
        (learnt({"author": "a", "units": []}, {"author": "a", "units": []}), "group 2: there is another one of the author 'a'"),
        (learnt({"author": "a", "units": [unit("b"), 1]}), "group 1: unit 2"),
        (learnt({"author": "a", "units": [{"fingerprint": "12"}]}), "group 1: unit 1"),
        (learnt({"author": "a", "units": [{"fingerprint": 12}]}), "group 1: unit 1"),
        (learnt({"author": "a", "units": [unit("b")] * 5_001}), "group 1: units"),
        (b" " * (MAX_BYTES + 1), "bytes"),
    ],
)
def test_files_that_cannot_be_used(body: bytes, why: str) -> None:
    with pytest.raises(RulesInvalid, match=why) as raised:
        Learnt.read(body, "x.json")
    assert raised.value.name == "x.json"


def test_in_descriptions_each_unit_goes_where_it_stands() -> None:
    assert in_description(paragraph(f"今天说水。{NOTICE}明天说火。{ADDRESS}"), Divider()) == [
        paragraph("今天说水。"),
        Dropped(OF_AUTHOR, NOTICE),
        paragraph("明天说火。"),
        Dropped(OF_AUTHOR, ADDRESS),
        Divider(),
    ]


def test_a_tiny_unit_goes_only_beside_another() -> None:
    assert in_description(paragraph(GREETING + NOTICE)) == [Dropped(OF_AUTHOR, GREETING + NOTICE)]
    assert in_description(paragraph(GREETING + GREETING + NOTICE + GREETING)) == [
        Dropped(OF_AUTHOR, GREETING + GREETING + NOTICE + GREETING)
    ]
    assert in_description(paragraph(GREETING + "今天说水。")) == [paragraph(GREETING + "今天说水。")]


def test_in_articles_a_paragraph_goes_where_all_of_it_is_learnt() -> None:
    assert in_article(paragraph(NOTICE, ADDRESS), paragraph("水。")) == [
        Dropped(OF_HOST, f"{NOTICE}\n{ADDRESS}"),
        paragraph("水。"),
    ]
    assert in_article(paragraph("水！" + NOTICE + "火！")) == [Dropped(OF_HOST, "水！" + NOTICE + "火！")]


def test_in_articles_runs_at_the_edges_go_and_what_is_within_stays() -> None:
    story = "从前山下有一座茶馆很有名。"
    assert in_article(paragraph(NOTICE + story)) == [Dropped(OF_HOST, NOTICE), paragraph(story)]
    assert in_article(paragraph(story, NOTICE)) == [paragraph(story), Dropped(OF_HOST, NOTICE)]
    assert in_article(paragraph(story + NOTICE + story)) == [paragraph(story + NOTICE + story)]
    assert in_article(paragraph(story + GREETING)) == [paragraph(story + GREETING)]


def test_the_styles_of_what_stays_are_kept() -> None:
    bold = Style(frozenset({Mark.BOLD}))
    story: list[Inline] = [Run("从前山下有一座"), Run("茶馆", bold), Break(), Run("很有名。")]
    assert in_article(Paragraph([Run(NOTICE, bold), *story, Break(), Run(NOTICE)])) == [
        Dropped(OF_HOST, NOTICE),
        Paragraph(story),
        Dropped(OF_HOST, NOTICE),
    ]


def test_quotes_and_lists_are_looked_into_and_pictures_stay() -> None:
    picture = Paragraph([Image("https://tea.example/a.jpg", ""), Run(NOTICE)])
    blocks = in_article(Quote([paragraph(NOTICE)]), Listing(items=[[paragraph(NOTICE)], [paragraph("水。")]]), picture)
    assert blocks == [
        Quote([Dropped(OF_HOST, NOTICE)]),
        Listing(items=[[Dropped(OF_HOST, NOTICE)], [paragraph("水。")]]),
        picture,
    ]


def test_nothing_learnt_changes_nothing() -> None:
    blocks: list[Block] = [paragraph(NOTICE)]
    assert drop_learnt(blocks, frozenset(), OF_AUTHOR, description=True) is blocks


@pytest.mark.parametrize("description", [True, False])
@given(parts=st.lists(st.sampled_from([NOTICE, ADDRESS, GREETING, "从前有一座山很高。", "水", "\n", " ", "1"]), max_size=12))
def test_everything_stays_or_is_dropped(parts: list[str], description: bool) -> None:
    text = "".join(parts)
    blocks = drop_learnt([paragraph(*text.split("\n"))], MARKS, OF_AUTHOR, description=description)
    after = "".join(told(block) for block in blocks)
    assert "".join(after.split()) == "".join(text.split())


def test_a_long_paragraph_is_left_alone() -> None:
    long = paragraph(NOTICE * 10_000)
    assert in_article(long) == [long]


def test_what_ships_is_small_and_quick_to_read() -> None:
    body = files("render_post").joinpath("rules", "learnt.json").read_bytes()
    assert len(body) < 300_000
    started = time.process_time()
    found = Learnt.read(body, "learnt.json")
    assert time.process_time() - started < 0.1
    assert len(found.authors) > 20
    assert b'"text"' not in body


def test_units_of_a_file_stand_for_what_split_gives() -> None:
    assert [fingerprint(one.text) for one in split(NOTICE + " " + ADDRESS)] == [fingerprint(NOTICE), fingerprint(ADDRESS)]
