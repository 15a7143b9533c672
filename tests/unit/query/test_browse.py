from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.memory import MemoryTable
from postkeep.listing import Sort, order
from postkeep.ports import Row
from postkeep.post import Metadata, Post, PostId, Rendition, Status
from query_posts.browse import FURTHER_STRETCHES, SMALL, STRETCH, Criteria, browse
from query_posts.filters import FILTERS
from support.posts import EPOCH, METADATA, a_post, dated


class Counting(MemoryTable):
    """Counts the records that are read."""

    read = 0

    def posts(self, post_ids: Sequence[PostId]) -> Mapping[PostId, Post]:
        assert len(post_ids) <= 100
        self.read += len(post_ids)
        return super().posts(post_ids)


def store_of(posts: Sequence[Post]) -> Counting:
    store = Counting()
    store.add(*posts)
    return store


def all_pages(store: Counting, criteria: Criteria, limit: int, chosen: str | None = None) -> list[str]:
    found: list[str] = []
    after: str | None = None
    while True:
        page = browse(store, criteria, after=after, limit=limit, chosen=chosen)
        assert len(page.posts) <= limit
        found += [post.key for post in page.posts]
        after = page.after
        if after is None:
            return found


def rendition(language: str, pictures: int) -> Rendition:
    return Rendition("renditions/x.json", 1, 10, pictures, language)


POSTS = st.lists(
    st.builds(
        lambda n, day, tags, author, status, added, text: a_post(
            key=f"{'tea' if n % 2 else 'river'}/_posts/{n}.md",
            status=status,
            added=EPOCH + timedelta(days=added),
            rendition=text if status is Status.READY else None,
            metadata=replace(dated(day) if day else replace(METADATA, published=None), tags=tuple(tags), author=author),
        ),
        st.integers(0, 200),
        st.integers(0, 9),
        st.lists(st.sampled_from(["茶", "山", "水"]), unique=True),
        st.sampled_from(["陆羽", "蔡襄"]),
        st.sampled_from(list(Status)),
        st.integers(0, 5),
        st.builds(rendition, st.sampled_from(["zh-Hant", "zh-Hans", "en"]), st.integers(0, 1)),
    ),
    unique_by=lambda post: post.key,
    max_size=25,
)
FILTER_VALUES = st.fixed_dictionaries(
    {},
    optional={
        "author": st.sampled_from(["陆羽", "nobody"]),
        "tag": st.sampled_from(["茶", "山"]),
        "archive": st.sampled_from(["tea", "river"]),
        "host": st.sampled_from(["tea.example", "x.example"]),
        "category": st.just("随笔"),
        "language": st.sampled_from(["zh", "zh-hant", "en", "und"]),
        "has_image": st.sampled_from(["true", "false"]),
    },
)
BOUND = st.none() | st.integers(0, 9)


@given(
    POSTS, FILTER_VALUES, st.sampled_from([None, *Status]), st.integers(1, 9), BOUND, BOUND, st.sampled_from(Sort), st.booleans()
)
def test_paging_gives_exactly_what_a_scan_would(  # noqa: PLR0917 (hypothesis gives them by place)
    posts: list[Post],
    filters: dict[str, str],
    status: Status | None,
    limit: int,
    first: int | None,
    last: int | None,
    sort: Sort,
    ascending: bool,
) -> None:
    since = None if first is None else EPOCH + timedelta(days=first)
    until = None if last is None else EPOCH + timedelta(days=last)
    criteria = Criteria(filters=filters, status=status, since=since, until=until, sort=sort, ascending=ascending)

    def wanted(post: Post) -> bool:
        live = post.status in {Status.PENDING, Status.READY}
        date, language = post.metadata.published, post.rendition.language.lower() if post.rendition else "und"
        facts = {
            "author": {post.metadata.author},
            "tag": set(post.metadata.tags),
            "archive": {post.archive},
            "host": {"tea.example"},
            "category": set(post.metadata.categories),
            "language": {language, language.partition("-")[0]},
            "has_image": {"true" if post.rendition and post.rendition.pictures else "false"},
        }
        return (
            (live if status is None else post.status is status)
            and all(value in facts[name] for name, value in filters.items())
            and (since is None or (date is not None and date >= since))
            and (until is None or date is None or date < until)
        )

    expected = [post.key for post in sorted(posts, key=lambda post: order(post, sort), reverse=not ascending) if wanted(post)]
    store = store_of(posts)
    assert all_pages(store, criteria, limit) == expected
    # Whichever listing is read: a choice costs more or less, and changes nothing.
    if status not in {Status.REJECTED, Status.DELETED}:
        for chosen in ["", *(name for name in filters if FILTERS[name].counted)]:
            assert all_pages(store, criteria, limit, chosen) == expected


@given(st.data(), st.integers(1, 4), st.sampled_from(Sort), st.booleans())
def test_a_page_shows_no_post_twice_and_passes_over_none_while_the_archive_changes(
    data: Any, limit: int, sort: Sort, ascending: bool
) -> None:
    posts = [a_post(key=f"{n}.md", metadata=dated(n % 7), added=EPOCH + timedelta(days=n % 5)) for n in range(20)]
    store, criteria = store_of(posts[:12]), Criteria(filters={"tag": "茶"}, sort=sort, ascending=ascending)
    waiting, gone = posts[12:], set[str]()
    seen: list[str] = []
    after: str | None = None
    while True:
        page = browse(store, criteria, after=after, limit=limit)
        seen += [post.key for post in page.posts]
        after = page.after
        if after is None:
            break
        if waiting and data.draw(st.booleans()):
            store.add(waiting.pop())
        if data.draw(st.booleans()):
            victim = data.draw(st.sampled_from(posts[:12]))
            gone.add(victim.key)
            store.dynamodb.items.pop((f"POST#{victim.id}", "POST"), None)
    assert len(seen) == len(set(seen))
    assert {post.key for post in posts[:12]} - gone <= set(seen)


def test_a_page_costs_a_page_however_few_posts_fit() -> None:
    posts = [a_post(key=f"{n}.md", metadata=dated(n)) for n in range(1000)]
    store = store_of(posts)
    criteria = Criteria(filters={"author": "陆羽", "tag": "海", "has_image": "true"})
    most = 50 + FURTHER_STRETCHES * STRETCH
    page = browse(store, criteria, after=None, limit=50, chosen="author")
    assert (page.posts, page.searched, store.read) == ([], most, most)
    assert page.after == order(posts[1000 - most])
    pages = 1
    while page.after:
        page = browse(store, criteria, after=page.after, limit=50, chosen="author")
        pages += 1
    assert pages == 3 == -(-1000 // most)


def test_a_page_of_which_all_posts_fit_looks_at_no_more() -> None:
    store = store_of([a_post(key=f"{n}.md", metadata=dated(n)) for n in range(100)])
    page = browse(store, Criteria(), after=None, limit=7)
    assert (len(page.posts), page.searched, store.read) == (7, 7, 7)


def test_what_no_index_sorts_is_sorted_here_while_it_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    posts = [a_post(key=f"{n}.md", metadata=dated(n), added=EPOCH + timedelta(days=(n * 7) % 100)) for n in range(100)]
    store = store_of([*posts, *(a_post(key=f"o{n}.md", metadata=replace(dated(n), author="蔡襄")) for n in range(300))])
    criteria = Criteria(filters={"author": "陆羽"}, sort=Sort.ADDED, ascending=True)
    expected = [post.key for post in sorted(posts, key=lambda post: post.added)]
    page = browse(store, criteria, after=None, limit=9)
    assert ([post.key for post in page.posts], page.searched, store.read) == (expected[:9], 100, 100)
    assert page.after == order(page.posts[-1], Sort.ADDED)
    assert all_pages(store, criteria, 9) == expected
    # It grew between two pages: the places are the same ones.
    monkeypatch.setattr("query_posts.browse.SMALL", 99)
    found = page.posts
    while page.after:
        page = browse(store, criteria, after=page.after, limit=9, chosen="author")
        found = [*found, *page.posts]
    assert [post.key for post in found] == expected


@pytest.mark.parametrize("ascending", [False, True])
def test_the_last_page_says_that_it_is_the_last(ascending: bool) -> None:
    store = store_of([a_post(key=f"{n}.md", metadata=dated(n)) for n in range(6)])
    criteria = Criteria(ascending=ascending)
    first = browse(store, criteria, after=None, limit=3)
    second = browse(store, criteria, after=first.after, limit=3)
    assert (first.after is None, len(second.posts), second.after) == (False, 3, None)
    assert browse(store_of([]), criteria, after=None, limit=3) == replace(second, posts=[], searched=0)


def test_a_row_that_is_behind_its_record_is_passed_over() -> None:
    post = a_post(metadata=dated(3))

    class Stale(MemoryTable):
        def posts(self, post_ids: Sequence[PostId]) -> Mapping[PostId, Post]:
            return {post.id: replace(post, metadata=dated(4))} if post_ids else {}

    store = Stale()
    store.add(post)
    assert browse(store, Criteria(), after=None, limit=5).posts == []


def test_an_entry_whose_record_is_gone_is_passed_over() -> None:
    class Gone(MemoryTable):
        def rows(self, listing: str, **asked: Any) -> list[Row]:
            return [Row("2021#x", "x")]

    page = browse(Gone(), Criteria(), after=None, limit=5)
    assert (page.posts, page.after, page.searched) == ([], None, 1)


SIZES = {("authors", "large"): SMALL + 1, ("authors", "b"): 7, ("tags", "a"): 3, ("archives", "c"): 3, ("hosts", "d"): 0}


@pytest.mark.parametrize(
    ("changes", "chosen"),
    [
        ({}, ""),
        ({"filters": {"tag": "a"}}, "tag"),
        ({"filters": {"tag": "a", "author": "b"}}, "tag"),
        ({"filters": {"archive": "c", "tag": "a", "author": "b"}}, "tag"),
        ({"filters": {"tag": "a", "host": "d", "has_image": "true"}}, "host"),
        # Of this category nothing is known: the table's order decides.
        ({"filters": {"tag": "a", "author": "b", "category": "e"}}, "author"),
        ({"filters": {"has_image": "true", "language": "zh"}}, ""),
        ({"filters": {"tag": "a"}, "status": Status.REJECTED}, ""),
        ({"filters": {"tag": "a"}, "status": Status.READY}, "tag"),
        ({"filters": {"tag": "a"}, "sort": Sort.ADDED}, "tag"),
        ({"filters": {"tag": "a", "author": "large"}, "sort": Sort.ADDED}, "tag"),
        ({"filters": {"author": "large"}, "sort": Sort.ADDED}, ""),
        ({"filters": {"author": "large"}}, "author"),
        ({"filters": {"author": "uncounted"}, "sort": Sort.ADDED}, "author"),
        ({"filters": {"author": "b"}, "sort": Sort.ADDED, "status": Status.DELETED}, ""),
    ],
)
def test_the_listing_with_the_fewest_posts_is_read(changes: dict[str, Any], chosen: str) -> None:
    assert Criteria(**changes).choose(lambda kind, value: SIZES.get((kind, value))) == chosen


@pytest.mark.parametrize(
    ("changes", "listing"),
    [
        ({}, "all#"),
        ({"filters": {"tag": "a", "author": "b"}}, "author#b"),
        ({"filters": {"archive": "a", "host": "b"}}, "host#b"),
        ({"status": Status.REJECTED, "filters": {"tag": "a"}}, "status#rejected"),
        ({"status": Status.READY}, "all#"),
        ({"sort": Sort.ADDED, "filters": {"has_image": "true"}}, "all#"),
    ],
)
def test_without_counts_the_listing_of_the_first_filter_is_read(changes: dict[str, Any], listing: str) -> None:
    assert Criteria(**changes).listing() == listing


def test_a_listing_that_is_chosen_is_read() -> None:
    assert Criteria(filters={"tag": "a", "author": "b"}).listing("tag") == "tag#a"
    assert Criteria(filters={"tag": "a"}).listing("") == "all#"


def test_what_is_asked_for_is_told_apart() -> None:
    asked = [
        Criteria(),
        Criteria(filters={"tag": "a"}),
        Criteria(filters={"author": "a"}),
        Criteria(status=Status.READY),
        Criteria(since=EPOCH),
        Criteria(until=EPOCH),
        Criteria(sort=Sort.ADDED),
        Criteria(ascending=True),
    ]
    assert len({str(sorted(one.fingerprint().items())) for one in asked}) == len(asked)


def test_a_post_without_metadata_fits_no_filter_by_value() -> None:
    post = a_post(metadata=Metadata())
    assert not any(Criteria(filters={name: "x"}).fits(post) for name, entry in FILTERS.items() if not entry.flag)
