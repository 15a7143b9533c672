from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp

import pytest

from postkeep.errors import CursorInvalid, QueryInvalid
from search_posts.counting import SHOWN, Count
from search_posts.documents import Document
from search_posts.engine import Index, Part
from search_posts.searching import MAX_LIMIT, MAX_RANKED, Place, SearchRequest, SearchResult, Sort, search
from unit.search.library import TEA, index_of, part_of, texts

DAY = timedelta(days=1)
PUBLISHED = datetime(2021, 6, 29, tzinfo=UTC)


def found(index: Index, query: str, sort: Sort = Sort.RELEVANCE) -> list[str]:
    return [hit.document.post_id for hit in search(index, SearchRequest(query=query, sort=sort)).hits]


def a_post(post_id: str, **changes: object) -> Document:
    return replace(TEA, post_id=post_id, **changes)  # type: ignore[arg-type]


def pages(index: Callable[[], Index], query: str, sort: Sort, limit: int = 3) -> list[list[str]]:
    """The ids of each page; each is asked of what the index is by then."""
    after: Place | None = None
    made = []
    while True:
        result = search(index(), SearchRequest(query=query, sort=sort, limit=limit, after=after, with_counts=False))
        made.append([hit.document.post_id for hit in result.hits])
        if result.next is None:
            return made
        after = Place.parse(str(result.next))


@pytest.fixture
def shelf(tmp_path: Path) -> Index:
    return index_of(
        [
            a_post(
                "a",
                title="台灣的茶",
                text="雨前。",
                author="BBC 中文",
                tags=("臺灣", "茶"),
                site="news.tea.example",
                has_image=True,
            ),
            a_post("b", title="水", text="台湾，茶。", author="BBC News", tags=("台湾茶",), published=None),
            a_post("c", title="Tea time", text="iPhone 手机", author="王", tags=(), categories=("Essays",), site="other.example"),
        ],
        tmp_path,
        parts=2,
    )


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("台湾", "ab"),
        ("臺灣", "ab"),
        ("茶", "ab"),
        ("台灣 -雨", "b"),
        ("iphone手机", "c"),
        ("iPho*", "c"),
        ("te* OR 水", "bc"),
        ("title:茶", "a"),
        ("title:tea", "c"),
        ("title:ti*", "c"),
        ("author:bbc", "ab"),
        ('author:"bbc 中文"', "a"),
        ("author:文", "a"),
        ("author:王", "c"),
        ("tag:台湾", "a"),
        ("tag:台湾茶", "b"),
        ("category:essays", "c"),
        ("category:随笔", "ab"),
        ("site:tea.example", "ab"),
        ("site:news.tea.example", "a"),
        ("site:example", "abc"),
        ("site:ea.example", ""),
        ("has:image", "a"),
        ("-has:image", "bc"),
        ("after:2021-06-29", "ac"),
        ("after:2021-06-30", ""),
        ("before:2021-06-29", ""),
        ("before:2021-06-30", "ac"),
        ("before:2022 台湾", "a"),
        ("-after:2021 -before:2021", "b"),
        ("-a", "abc"),
        ("雨前台湾", ""),
        ('"的茶，雨前"', ""),
    ],
)
def test_what_is_found(shelf: Index, query: str, ids: str) -> None:
    assert "".join(sorted(found(shelf, query))) == ids


def test_what_was_understood_is_said(shelf: Index) -> None:
    result = search(shelf, SearchRequest(query="台灣 - foo:bar"))
    assert result.understood == '"台灣" "foo:bar"'
    assert [note.split(" ")[0] for note in result.notes] == ["«-»", "«foo:»"]
    assert (result.total, result.hits, result.next) == (0, (), None)


def test_a_bad_query_is_explained(shelf: Index) -> None:
    with pytest.raises(QueryInvalid, match="at 2: This parenthesis is not closed"):
        search(shelf, SearchRequest(query="a (b"))


def test_a_word_in_the_title_counts_for_more(tmp_path: Path) -> None:
    index = index_of([a_post("text", title="水", text="好茶。" * 3), a_post("title", title="好茶", text="水。" * 3)], tmp_path)
    assert found(index, "好茶") == ["title", "text"]
    assert found(index, "茶") == ["title", "text"]


def test_more_of_a_word_counts_for_more(tmp_path: Path) -> None:
    index = index_of(texts("好茶" + "。水" * 9, "好茶" * 3 + "。水" * 5, "水" * 10), tmp_path)
    assert found(index, "好茶") == ["好茶" * 3 + "。水" * 5, "好茶" + "。水" * 9]


def test_of_equal_posts_the_newer_is_better(tmp_path: Path) -> None:
    dates = [None, *(datetime(year, 1, 1, tzinfo=UTC) for year in (1999, 2010, 2011, 2024))]
    index = index_of([a_post(f"{date and date.year}", published=date) for date in dates], tmp_path, parts=3)
    assert found(index, "茶") == ["2024", "2011", "2010", "1999", "None"]


def test_a_newer_post_that_is_a_little_worse_is_better(tmp_path: Path) -> None:
    old = a_post("old", title="水", text="好茶。" * 3 + "水。" * 30, published=datetime(2004, 1, 1, tzinfo=UTC))
    new = a_post("new", title="水", text="好茶。" * 3 + "水。" * 34, published=datetime(2024, 1, 1, tzinfo=UTC))
    assert found(index_of([old, new], tmp_path), "好茶") == ["new", "old"]
    twin = replace(new, published=old.published)
    assert found(index_of([old, twin], tmp_path), "好茶") == ["old", "new"]


def test_long_words_are_known_by_their_beginning(tmp_path: Path) -> None:
    index = index_of([a_post("long", text="x" * 150 + " 茶"), a_post("short", text="x" * 99)], tmp_path)
    assert found(index, "x" * 150) == found(index, "x" * 120) == found(index, f'"{"x" * 130} 茶"') == ["long"]
    assert found(index, "x" * 99) == ["short"]


def test_a_much_better_post_is_better_though_it_is_old(tmp_path: Path) -> None:
    old = a_post("old", title="好茶", text="好茶，又是好茶。", published=datetime(2004, 1, 1, tzinfo=UTC))
    new = a_post("new", title="水", text="一杯好茶。" + "水很清。" * 30, published=datetime(2026, 1, 1, tzinfo=UTC))
    assert found(index_of([old, new], tmp_path), "好茶") == ["old", "new"]


@pytest.mark.parametrize("parts", [1, 2, 5])
def test_the_order_does_not_depend_on_the_parts(parts: int, tmp_path: Path) -> None:
    documents = [a_post(f"{n}", text="茶" * (n % 3 + 1)) for n in range(20)]
    expected = found(index_of(documents, tmp_path), "茶")
    assert found(index_of(documents[::-1], tmp_path, parts), "茶") == expected


def test_without_words_to_rank_by_the_order_is_by_date(shelf: Index) -> None:
    result = search(shelf, SearchRequest(query="-tag:x"))
    assert result.sort is Sort.NEWEST
    assert [hit.document.post_id for hit in result.hits][-1] == "b"
    assert [hit.score for hit in result.hits] == [None] * 3
    assert search(shelf, SearchRequest(query="茶")).hits[0].score
    assert found(shelf, "-tag:x", Sort.OLDEST) == found(shelf, "-tag:x")[::-1]


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("limit", [1, 3, 10, 11, 100])
def test_pages_are_the_whole_in_pieces(sort: Sort, limit: int, tmp_path: Path) -> None:
    documents = [a_post(f"{n}", text="茶" * (n % 3 + 1), published=PUBLISHED + n * DAY if n % 4 else None) for n in range(11)]
    index = index_of(documents, tmp_path, parts=3)
    made = pages(lambda: index, "茶", sort, limit)
    assert [len(page) for page in made[:-1]] == [limit] * (len(made) - 1)
    assert made[-1]
    assert sum(made, []) == found(index, "茶", sort)  # noqa: RUF017 (a few)
    assert len(set(sum(made, []))) == 11  # noqa: RUF017


def test_posts_of_one_order_are_not_parted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Document, "order", property(lambda self: 2**40 + int(self.post_id) // 8))
    index = index_of([a_post(f"{n}") for n in range(24)], tmp_path, parts=3)
    assert [len(page) for page in pages(lambda: index, "-x", Sort.NEWEST, 2)] == [8, 8, 8]
    assert [len(page) for page in pages(lambda: index, "-x", Sort.OLDEST, 9)] == [16, 8]


@pytest.mark.parametrize("sort", [Sort.NEWEST, Sort.OLDEST])
def test_by_date_posts_that_stay_come_once_whatever_changes(sort: Sort, tmp_path: Path) -> None:
    stay = [a_post(f"stay{n}", published=PUBLISHED + n * DAY) for n in range(10)]
    others = [a_post(f"other{n}", published=PUBLISHED + n * DAY / 3) for n in range(30)]
    turns = iter(range(100))

    def changing() -> Index:
        return index_of([*stay, *others[next(turns) :: 7]], tmp_path, parts=2)

    seen = sum(pages(changing, "茶", sort), [])  # noqa: RUF017
    assert [post for post in seen if post.startswith("stay")] == [each.post_id for each in stay][
        :: 1 if sort is Sort.OLDEST else -1
    ]


def test_by_relevance_a_page_goes_on_behind_the_last_post_seen(tmp_path: Path) -> None:
    documents = texts(*("茶" * (20 - n) + "水" * n for n in range(8)))
    names = [each.post_id for each in documents]
    before = index_of(documents, tmp_path)
    first = search(before, SearchRequest(query="茶", limit=3))
    assert [hit.document.post_id for hit in first.hits] == names[:3]

    def second(index: Index) -> list[str]:
        return [hit.document.post_id for hit in search(index, SearchRequest(query="茶", limit=3, after=first.next)).hits]

    better = texts("茶" * 30, "茶" * 31)
    assert second(before) == names[3:6]
    assert second(index_of([*documents, *better], tmp_path)) == names[3:6]
    without_first = Index.assemble([part_of(documents, tmp_path, dead=names[:1])], tmp_path / "without_first")
    assert second(without_first) == names[3:6]
    without_last = Index.assemble([part_of(documents, tmp_path, dead=names[2:3])], tmp_path / "without_last")
    assert second(without_last) == names[4:7]


def test_by_relevance_there_is_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search_posts.searching.MAX_RANKED", 10)
    index = index_of([a_post(f"{n}") for n in range(25)], tmp_path)
    assert [len(page) for page in pages(lambda: index, "茶", Sort.RELEVANCE, 4)] == [4, 4, 2]
    assert search(index, SearchRequest(query="茶")).total == 25
    assert search(index, SearchRequest(query="茶", after=Place(1, 10**9))).hits == ()
    assert MAX_RANKED == 1_000


@pytest.mark.parametrize(("limit", "posts"), [(-5, 1), (0, 1), (1, 1), (10**9, MAX_LIMIT)])
def test_a_page_has_bounds(limit: int, posts: int, tmp_path: Path) -> None:
    index = index_of([a_post(f"{n}") for n in range(MAX_LIMIT + 5)], tmp_path)
    for sort in Sort:
        assert len(search(index, SearchRequest(query="茶", limit=limit, sort=sort)).hits) == posts


@pytest.mark.parametrize(
    "text", ["", ".", "1", "1.", ".1", "-1.1", "a.b", "1.1.1", "１.1", "9" * 30 + "." + "9" * 30, "².", f"{2**63}.0"]
)
def test_a_place_that_is_none(text: str) -> None:
    with pytest.raises(CursorInvalid):
        Place.parse(text)


def test_a_place_is_written_and_read() -> None:
    assert Place.parse(str(Place(2**63 - 1, 1_000))) == Place(2**63 - 1, 1_000)


def test_any_place_that_can_be_read_can_be_gone_on_from(shelf: Index) -> None:
    for text in ("0.0", f"{2**63 - 1}.{'9' * 18}", "1.0"):
        for sort in Sort:
            assert isinstance(search(shelf, SearchRequest(query="茶", sort=sort, after=Place.parse(text))), SearchResult)


def test_counts_are_of_all_posts_that_are_found(tmp_path: Path) -> None:
    old = [a_post(f"old{n}", author="旧") for n in range(5)]
    documents = [
        a_post(
            f"{n}",
            author=f"作者{n % 3}" if n else "",
            tags=("茶", "茶", f"第{n % 2}"),
            published=datetime(2020 + n % 2, 1, 1, tzinfo=UTC) if n % 4 else None,
        )
        for n in range(12)
    ]
    parts = [part_of([*old, *documents[:5]], tmp_path, dead=[each.post_id for each in old]), part_of(documents[5:], tmp_path)]
    index = Index.assemble(parts, tmp_path / "all")
    result = search(index, SearchRequest(query="茶", limit=1))
    assert result.total == 12
    assert result.counts
    assert result.counts.authors == (Count("作者1", 4), Count("作者2", 4), Count("作者0", 3))
    assert result.counts.tags == (Count("茶", 12), Count("第0", 6), Count("第1", 6))
    assert result.counts.years == (Count("2021", 6), Count("2020", 3))
    assert result.counts.undated == 3
    assert search(index, SearchRequest(query="茶", with_counts=False)).counts is None


def test_counts_are_right_where_there_are_more_authors_than_shown(tmp_path: Path) -> None:
    # Each author has as many posts in one part as others have in the other, so that a cut in a part would show.
    parts = []
    for number in range(2):
        posts = [
            a_post(f"{number}.{n}.{copy}", author=f"{n:03}")
            for n in range(300)
            for copy in range(1 + (n % 100 == 7 and number) * 2 + (n == 299) * 3)
        ]
        parts.append(part_of(posts, tmp_path))
    counts = search(Index.assemble(parts, tmp_path / "all"), SearchRequest(query="茶")).counts
    assert counts
    assert len(counts.authors) == SHOWN
    assert counts.authors[:5] == (Count("299", 8), Count("007", 4), Count("107", 4), Count("207", 4), Count("000", 2))


def test_hits_show_where(shelf: Index) -> None:
    (first, second) = search(shelf, SearchRequest(query="臺灣 OR 茶")).hits
    hit = first if first.document.post_id == "a" else second
    assert [hit.document.title[span.start : span.end] for span in hit.title] == ["台灣", "茶"]
    assert hit.snippet.text == "雨前。"
    assert hit.snippet.highlights == ()


def test_parts_on_their_own_are_searched_too(tmp_path: Path) -> None:
    part = part_of([TEA], tmp_path)
    index = Index.assemble([Part(folder=part.folder, dead=[])], Path(mkdtemp(dir=tmp_path)))
    assert found(index, "清晨") == ["tea"]
