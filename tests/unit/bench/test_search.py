"""The measurement of search: its own logic, on invented posts."""

import importlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest

from postkeep.post import post_id
from support.template import ROOT
from unit.search.library import TEA

POSTS = [
    replace(
        TEA,
        post_id=post_id(f"{number}.md"),
        title=f"雨前茶{number}",
        text=f"清晨的第一杯茶，臺灣中国政府{'美国' * (number % 3)}。The morning tea number {number} tastes good teatime.",
        published=TEA.published and TEA.published - timedelta(days=number * 20),
    )
    for number in range(40)
]


@pytest.fixture
def search(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT))  # taken back together with what bench.search adds
    found = importlib.import_module("bench.search")
    monkeypatch.setattr(found, "bulk_documents", lambda limit: POSTS[: limit or None])
    return found


def test_it_measures_all_on_the_same_queries(search: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert search.main(["--posts", "40", "--copies", "100", "--each", "2", "--rounds", "1"]) == 0
    made = capsys.readouterr().out
    assert "### 40 posts" in made
    assert "### 100 posts" in made
    shares = [line.split(" | ") for line in made.splitlines() if line.startswith("| 2 characters |")]
    assert len(shares) == 2
    for share in shares:
        assert [cell.strip(" |") for cell in share][2:] == ["all", "0.0%", "all", "all"]
    assert "| first answer of a cold reader |" in made
    assert "a post is findable" in made


def test_copies_are_of_other_days(search: ModuleType) -> None:
    made = list(search.copies(POSTS, 100))
    assert len({document.post_id for document in made}) == 100
    assert made[45].text == POSTS[5].text
    assert made[45].published
    assert POSTS[5].published
    assert made[45].published < POSTS[5].published


def test_queries_are_the_same_each_time(search: ModuleType) -> None:
    drawn = search.drawn(POSTS, 3)
    assert drawn == search.drawn(POSTS, 3)
    assert list(drawn) == [kind.name for kind in search.KINDS]
    assert all(len(piece) == 3 for asked in drawn["3 characters"] for piece in asked.pieces)
    assert search.drawn([replace(TEA, text="")], 3)["1 character"] == []


def test_without_posts_there_is_nothing_to_measure(search: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "bulk_documents", lambda _: [])
    assert search.main([]) == 2


def test_the_tables_are_put_into_the_document(search: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    document = tmp_path / "search.md"
    document.write_text(f"before\n{search.BEGIN}gone by now\n{search.END}after\n", encoding="utf-8")
    monkeypatch.setattr(search, "DOCUMENT", document)
    assert search.main(["--each", "1", "--rounds", "1", "--write"]) == 0
    written = document.read_text(encoding="utf-8")
    assert written.startswith("before\n")
    assert written.endswith("after\n")
    assert "### 40 posts" in written
    assert "gone by now" not in written


@pytest.mark.parametrize("text", ["", "<!-- made by bench/search.py -->\n", "<!-- end of what bench/search.py made -->\n"])
def test_a_document_without_the_marks_is_left_alone(search: ModuleType, text: str) -> None:
    with pytest.raises(ValueError, match="the document needs the lines"):
        search.replaced(text, "made")


def test_a_query_is_asked_as_each_understands_it(search: ModuleType, tmp_path: Path) -> None:
    asked = importlib.import_module("bench.contenders").Asked
    ways = list(search.contenders())
    for number, way in enumerate(ways):
        way.build(POSTS, tmp_path / str(number))
        assert all(size >= 0 for size in way.sizes())
    ours, trigrams, pairs, like = ways
    # Latin words are whole words to those that know words.
    assert [way.best(asked(("tea",))) for way in ways] == [40, 40, 40, 40]
    assert [way.best(asked(("teatim",))) for way in ways] == [0, 40, 0, 40]
    assert [way.best(asked(("台湾",))) for way in ways] == [40, 0, 40, 40]
    assert [way.best(asked(("台湾", "morning tea"))) for way in (ours, pairs, like)] == [40, 40, 40]
    assert [way.best(asked(("茶",))) for way in ways] == [40, 0, 40, 40]
    assert trigrams.best(asked(("第一杯",))) == 40
    for way in ways:
        way.close()
