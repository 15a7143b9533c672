import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from postkeep.errors import SegmentInvalid
from search_posts.documents import FIRST_DATED, Document, date_order, decode
from search_posts.engine import Index, Part, build
from search_posts.language import parse
from search_posts.schema import labels, names
from unit.search.library import TEA, index_of, part_of, texts

HOSTILE = replace(
    TEA,
    title="\ud800标题\x00\ufffe" + "长" * 2_000,
    text="字" * 200_000 + "\ud83d" + "a" * 100_000 + "\x00" * 10 + "e\u0301" * 1_000,
    author="\udfff作者\t\n" * 300,
    tags=("", "\ud800", "标\t签", "x" * 70_000, *(f"标{n}" for n in range(100))),
    categories=("，，", "\x00"),
    site="a." * 200 + "example",
    language="\ud800",
    archive="\t",
    source_url="https://\ud800",
)


def ids(index: Index) -> list[str]:
    return sorted(document.post_id for document in index.documents())


def found(index: Index, query: str) -> list[str]:
    return [index.document(each).post_id for each in index.dated(index.query(parse(query).node), 100, None, newest_first=True)]


def test_a_document_comes_back_as_it_was(tmp_path: Path) -> None:
    other = replace(TEA, post_id="b", published=None, source_url=None, tags=(), has_image=True)
    assert sorted(index_of([TEA, other], tmp_path).documents(), key=lambda each: each.post_id) == [other, TEA]
    assert decode(TEA.encode()) == TEA


def test_parts_are_one_index(tmp_path: Path) -> None:
    index = index_of(texts("甲乙", "乙丙", "丙丁"), tmp_path, parts=3)
    assert len(index) == 3
    assert ids(index) == ["丙丁", "乙丙", "甲乙"]
    assert sorted(found(index, "乙")) == ["乙丙", "甲乙"]


def test_a_dead_post_lives_on_in_a_newer_part(tmp_path: Path) -> None:
    old = replace(TEA, text="旧文")
    new = replace(TEA, text="新文")
    other = replace(TEA, post_id="other", text="旧文")
    parts = [part_of([old, other], tmp_path, dead=["tea", "unknown"]), part_of([new], tmp_path)]
    index = Index.assemble(parts, tmp_path / "all")
    assert ids(index) == ["other", "tea"]
    assert found(index, "旧文") == ["other"]
    assert found(index, "新文") == ["tea"]
    assert index.count(index.query(parse("旧文").node)) == 1


def test_parts_stay_as_they_are_and_may_go(tmp_path: Path) -> None:
    part = part_of(texts("甲乙", "乙丙"), tmp_path, dead=["甲乙"])
    before = {file.name: file.read_bytes() for file in part.folder.iterdir()}
    first = Index.assemble([part], tmp_path / "first")
    assert {file.name: file.read_bytes() for file in part.folder.iterdir()} == before
    second = Index.assemble([Part(folder=part.folder, dead=())], tmp_path / "second")
    for file in part.folder.iterdir():
        file.unlink()
    assert ids(first) == ["乙丙"]
    assert ids(second) == ["乙丙", "甲乙"]


def test_all_of_a_part_may_be_dead(tmp_path: Path) -> None:
    parts = [part_of(texts("甲乙"), tmp_path, dead=["甲乙"]), part_of([], tmp_path)]
    index = Index.assemble(parts, tmp_path / "all")
    assert (len(index), ids(index), found(index, "甲"), found(index, "-甲")) == (0, [], [], [])


def test_an_index_of_nothing(tmp_path: Path) -> None:
    index = Index.assemble([], tmp_path / "all")
    assert (len(index), ids(index), found(index, "甲")) == (0, [], [])


def test_many_small_parts_are_not_merged_behind_our_back(tmp_path: Path) -> None:
    parts = [part_of(texts(f"甲{n}", f"乙{n}"), tmp_path, dead=[f"乙{n}"]) for n in range(20)]
    index = Index.assemble(parts, tmp_path / "all")
    assert ids(index) == sorted(f"甲{n}" for n in range(20))
    assert index.segments == 20


@pytest.mark.parametrize("meta", ["", "[]", "{}", '{"schema": []}', None])
def test_what_is_no_part(meta: str | None, tmp_path: Path) -> None:
    folder = tmp_path / "part"
    folder.mkdir()
    if meta is not None:
        (folder / "meta.json").write_text(meta, encoding="utf-8")
    with pytest.raises(SegmentInvalid, match=r"^part: "):
        Index.assemble([Part(folder=folder, dead=())], tmp_path / "all")


def test_a_part_of_another_schema(tmp_path: Path) -> None:
    part = part_of([TEA], tmp_path)
    meta = json.loads((part.folder / "meta.json").read_text(encoding="utf-8"))
    meta["schema"].pop()
    (part.folder / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
    with pytest.raises(SegmentInvalid, match="not of version 1"):
        Index.assemble([part], tmp_path / "all")


@pytest.mark.parametrize("suffix", [".term", ".store", ".pos"])
def test_a_part_whose_files_are_damaged(suffix: str, tmp_path: Path) -> None:
    part = part_of([TEA], tmp_path)
    (file,) = part.folder.glob(f"*{suffix}")
    file.write_bytes(b"")
    with pytest.raises(SegmentInvalid):
        Index.assemble([part], tmp_path / "all")


def test_a_part_whose_files_are_missing(tmp_path: Path) -> None:
    part = part_of([TEA], tmp_path, dead=["tea"])
    for file in part.folder.glob("*.idx"):
        file.unlink()
    with pytest.raises(SegmentInvalid):
        Index.assemble([part], tmp_path / "all")


def test_a_built_folder_holds_the_engines_files_alone(tmp_path: Path) -> None:
    build([TEA], tmp_path / "part")
    kinds = {file.name.rpartition(".")[2] for file in (tmp_path / "part").iterdir()}
    assert kinds == {"json", "term", "store", "pos", "idx", "fast", "fieldnorm"}


def test_strangers_documents(tmp_path: Path) -> None:
    index = index_of([HOSTILE, replace(TEA, post_id="b")], tmp_path)
    assert found(index, "标题") == ["tea"]
    assert found(index, 'title:"标题"') == ["tea"]
    assert found(index, "题长") == []
    assert found(index, "作者") == []
    assert found(index, "author:作者") == ["tea"]
    (document,) = (each for each in index.documents() if each.post_id == "tea")
    assert document.text == HOSTILE.text.replace("\ud83d", "?")


def test_orders_are_by_date_then_by_chance() -> None:
    dates = [None, datetime(1, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)]
    documents = [replace(TEA, published=date) for date in dates]
    orders = [document.order for document in documents]
    assert orders == sorted(orders)
    assert orders[0] < FIRST_DATED <= orders[1]
    assert orders[-1] < 2**63
    assert [document.year for document in documents] == [0, 1, 1970, 9999]
    assert TEA.order != replace(TEA, post_id="b").order
    assert date_order(TEA.published) <= TEA.order < date_order(TEA.published + timedelta(seconds=1)) if TEA.published else False


def test_freshness_doubles_in_twenty_years() -> None:
    def fresh(year: int) -> float:
        return replace(TEA, published=datetime(year, 1, 1, tzinfo=UTC)).freshness

    assert fresh(1990) == fresh(2000) == replace(TEA, published=None).freshness == 0
    assert fresh(2020) == 2**2 - 2
    assert fresh(2040) == 2**4 - 2
    assert fresh(9999) == fresh(2100) < float("inf")


def test_what_a_post_is_found_by() -> None:
    document = replace(TEA, tags=("臺灣", "ＴＥＡ Time"), categories=("随笔",), site="news.tea.example", has_image=True)
    assert labels(document) == [
        "tag:台 湾", "tag:tea time", "category:随 笔", "site:news.tea.example", "site:tea.example", "site:example", "has:image",
    ]  # fmt: skip
    assert labels(replace(TEA, tags=(), categories=(), site="")) == []


def test_names_begin_with_each_of_their_elements() -> None:
    document: Document = replace(TEA, author="BBC 中文", tags=("茶",))
    assert names(document) == [
        "author\tbbc 中 文\tBBC 中文",
        "author\t中 文\tBBC 中文",
        "author\t文\tBBC 中文",
        "tag\t茶\t茶",
    ]
