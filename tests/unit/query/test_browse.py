from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.memory import MemoryTable
from postkeep.listing import order
from postkeep.ports import Row
from postkeep.post import Metadata, Post, PostId, Status
from query_posts.browse import Criteria, browse
from support.posts import EPOCH, METADATA, a_post, dated


class Counting(MemoryTable):
    """Counts what is read."""

    read = 0

    def rows(self, listing: str, *, after: str | None, low: str | None, high: str | None, limit: int) -> list[Row]:
        self.read += limit
        return super().rows(listing, after=after, low=low, high=high, limit=limit)

    def posts(self, post_ids: Sequence[PostId]) -> Mapping[PostId, Post]:
        assert len(post_ids) <= 100
        return super().posts(post_ids)


def store_of(posts: Sequence[Post]) -> Counting:
    store = Counting()
    store.add(*posts)
    return store


def all_pages(store: Counting, criteria: Criteria, limit: int) -> list[str]:
    found: list[str] = []
    after: str | None = None
    while True:
        page = browse(store, criteria, after=after, limit=limit)
        assert len(page.posts) <= limit
        found += [post.key for post in page.posts]
        after = page.after
        if after is None:
            return found


POSTS = st.lists(
    st.builds(
        lambda n, day, tags, author, status: a_post(
            key=f"{'tea' if n % 2 else 'river'}/_posts/{n}.md",
            status=status,
            metadata=replace(dated(day) if day else replace(METADATA, published=None), tags=tuple(tags), author=author),
        ),
        st.integers(0, 200),
        st.integers(0, 9),
        st.lists(st.sampled_from(["茶", "山", "水"]), unique=True),
        st.sampled_from(["陆羽", "蔡襄"]),
        st.sampled_from(list(Status)),
    ),
    unique_by=lambda post: post.key,
    max_size=25,
)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "author": st.sampled_from(["陆羽", "nobody"]),
        "tag": st.sampled_from(["茶", "山"]),
        "archive": st.sampled_from(["tea", "river"]),
        "host": st.sampled_from(["tea.example", "x.example"]),
        "category": st.just("随笔"),
    },
)


@given(
    POSTS,
    FILTERS,
    st.sampled_from([None, *Status]),
    st.integers(1, 9),
    st.none() | st.integers(0, 9),
    st.none() | st.integers(0, 9),
)
def test_paging_gives_exactly_what_a_scan_would(
    posts: list[Post],
    filters: dict[str, str],
    status: Status | None,
    limit: int,
    first: int | None,
    last: int | None,
) -> None:
    since = None if first is None else EPOCH + timedelta(days=first)
    until = None if last is None else EPOCH + timedelta(days=last)
    criteria = Criteria(filters=filters, status=status, since=since, until=until)

    def wanted(post: Post) -> bool:
        live = post.status in {Status.PENDING, Status.READY}
        date = post.metadata.published
        return (
            (live if status is None else post.status is status)
            and criteria.fits(post)
            and (since is None or (date is not None and date >= since))
            and (until is None or date is None or date < until)
        )

    expected = [post.key for post in sorted(posts, key=order, reverse=True) if wanted(post)]
    assert all_pages(store_of(posts), criteria, limit) == expected


def test_a_page_costs_a_page_however_few_posts_fit() -> None:
    posts = [a_post(key=f"{n}.md", metadata=dated(n)) for n in range(1000)]
    store = store_of(posts)
    page = browse(store, Criteria(filters={"author": "陆羽", "tag": "海"}), after=None, limit=50)
    assert (page.posts, page.after is not None) == ([], True)
    assert store.read == 200


def test_a_row_that_is_behind_its_record_is_passed_over() -> None:
    post = a_post(metadata=dated(3))

    class Stale(MemoryTable):
        def posts(self, post_ids: Sequence[PostId]) -> Mapping[PostId, Post]:
            return {post.id: replace(post, metadata=dated(4))} if post_ids else {}

    store = Stale()
    store.add(post)
    assert browse(store, Criteria(), after=None, limit=5).posts == []


@pytest.mark.parametrize(
    ("changes", "listing"),
    [
        ({}, "all#"),
        ({"filters": {"tag": "a", "author": "b"}}, "author#b"),
        ({"filters": {"archive": "a", "host": "b"}}, "host#b"),
        ({"status": Status.REJECTED, "filters": {"tag": "a"}}, "status#rejected"),
        ({"status": Status.READY}, "all#"),
    ],
)
def test_the_most_selective_listing_is_read(changes: dict[str, Any], listing: str) -> None:
    assert Criteria(**changes).listing() == listing


def test_a_post_without_metadata_fits_no_filter() -> None:
    post = a_post(metadata=Metadata())
    assert not any(Criteria(filters={kind: "x"}).fits(post) for kind in ("author", "tag", "category", "host", "archive"))
