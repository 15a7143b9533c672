from dataclasses import replace
from pathlib import Path

import pytest

from search_posts.engine import Index
from search_posts.suggesting import MAX_SUGGESTIONS, Suggestion, suggest
from unit.search.library import TEA, index_of, part_of

AUTHORS = ("BBC 中文", "BBC News", "bbc news", "陸羽", "")


@pytest.fixture
def index(tmp_path: Path) -> Index:
    documents = [
        replace(TEA, post_id=f"{number}.{n}", title=f"Tea times 雨前 {number}", author=author, tags=("臺灣茶", "Tea"), text="")
        for number, author in enumerate(AUTHORS)
        for n in range(number + 1)
    ]
    dead = replace(TEA, post_id="dead", author="BBC dead", tags=("Tea dead",), title="Tea dead")
    return Index.assemble([part_of([*documents, dead], tmp_path, dead=["dead"])], tmp_path / "all")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("bbc", ["author bbc news 3", "author BBC News 2", "author BBC 中文 1"]),
        ("ＢＢＣ n", ["author bbc news 3", "author BBC News 2"]),
        ("news", ["author bbc news 3", "author BBC News 2"]),
        ("中", ["author BBC 中文 1"]),
        ("文", ["author BBC 中文 1"]),
        ("陆", ["author 陸羽 4"]),
        ("te", ["tag Tea 15"]),
        ("台灣", ["tag 臺灣茶 15"]),
        ("湾", ["tag 臺灣茶 15"]),
        ("dead", []),
        ("bbc d", []),
        ("", []),
        ("，*", []),
        ("\t", []),
        ("\ud800", []),
    ],
)
def test_names(index: Index, text: str, names: list[str]) -> None:
    found = [f"{each.kind} {each.text} {each.posts}" for each in suggest(index, text) if each.kind != "title"]
    assert found == names


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("tea", True),
        ("tea ti", True),
        ("time", True),
        ("t", False),
        ("tea 雨", True),
        ("雨前", True),
        ("雨 tea", True),
        ("雨前，tea ti", True),
        ("imes", False),
        ("dead", False),
        ("水", False),
    ],
)
def test_titles(index: Index, text: str, is_found: bool) -> None:
    titles = [each for each in suggest(index, text, limit=3) if each.kind == "title"]
    assert len(titles) == (3 if is_found else 0)
    assert all(each.posts == 1 and each.post_id and each.text.startswith("Tea times") for each in titles)


@pytest.mark.parametrize(("limit", "count"), [(-1, 1), (0, 1), (2, 2), (10**6, MAX_SUGGESTIONS)])
def test_there_are_bounds(limit: int, count: int, tmp_path: Path) -> None:
    documents = [replace(TEA, post_id=f"{n}", author=f"Tea {n}", tags=(), title=f"Tea {n}") for n in range(30)]
    found = suggest(index_of(documents, tmp_path), "tea", limit)
    assert [each.kind for each in found] == ["author"] * count + ["title"] * count


def test_a_long_text_is_cut(tmp_path: Path) -> None:
    index = index_of([replace(TEA, title="a " * 250)], tmp_path)
    assert suggest(index, "a " * 100_000) == [Suggestion("title", "a " * 250, 1, "tea")]
