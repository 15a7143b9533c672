from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postkeep.listing import (
    INDEXES,
    MAX_VALUES,
    SHARDS,
    UNKNOWN,
    address_name,
    content_hash,
    further_listings,
    instant,
    is_in,
    listings,
    name,
    order,
    own_listings,
    partition_of,
    partitions,
    source_host,
)
from postkeep.post import Metadata, Status
from support.posts import METADATA, a_post

MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 (bounds are naive)


@given(MOMENTS, MOMENTS)
def test_instants_sort_as_moments_do(one: datetime, other: datetime) -> None:
    first, second = (m.replace(microsecond=m.microsecond // 1000 * 1000) for m in (one, other))
    assert (instant(first) < instant(second)) == (first < second)


def test_an_unknown_instant_sorts_before_all() -> None:
    assert instant(None) == UNKNOWN < instant(datetime(1, 1, 1, tzinfo=UTC))


def test_instants_are_utc() -> None:
    moment = datetime(2021, 6, 29, 3, 39, 2, tzinfo=timezone(timedelta(hours=2)))
    assert instant(moment) == "2021-06-29T01:39:02.000Z"


def test_a_live_post_is_listed_under_all_that_it_says() -> None:
    assert listings(a_post()) == {
        "all#",
        "archive#tea",
        "author#陆羽",
        "tag#茶",
        "tag#山",
        "category#随笔",
        "host#tea.example",
        address_name("https://www.tea.example/posts/1"),
        name("content", "ab" * 32),
    }


def test_a_post_that_says_nothing_is_listed_all_the_same() -> None:
    assert listings(a_post(metadata=Metadata())) == {"all#", "archive#tea", name("content", "ab" * 32)}


def test_rejected_and_deleted_posts_have_listings_of_their_own() -> None:
    assert listings(a_post(status=Status.REJECTED)) == {"status#rejected", name("content", "ab" * 32)}
    assert listings(a_post(status=Status.REJECTED, content_hash="")) == {"status#rejected"}
    assert listings(a_post(status=Status.DELETED)) == {"status#deleted"}


@given(st.lists(st.text(), max_size=60), st.lists(st.text(), max_size=60))
def test_old_and_new_rows_fit_one_transaction(tags: list[str], categories: list[str]) -> None:
    post = a_post(metadata=replace(METADATA, tags=tuple(tags), categories=tuple(categories)))
    assert 2 * len(further_listings(post)) + 1 <= 100
    assert sum(listing.startswith("tag#") for listing in listings(post)) <= MAX_VALUES


@given(st.text(max_size=3000))
def test_a_partition_key_has_room_for_any_value(value: str) -> None:
    for kind in INDEXES:
        given = sha256(value.encode()).hexdigest() if kind == "content" else value or "-"
        assert 0 < len(partitions(name(kind, given))[1][0].encode()) <= 2048


def test_a_content_hash_comes_back() -> None:
    given = sha256(b"").hexdigest()
    assert content_hash(partitions(name("content", given))[1][0]) == given


def test_long_values_stay_apart() -> None:
    assert name("tag", "茶" * 300) != name("tag", "茶" * 301)


@given(st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=26, max_size=26))
def test_a_row_lies_in_one_of_its_listings_partitions(post_id: str) -> None:
    for listing in ("all#", "archive#a#b", "archive#", "tag#a"):
        index, parts = partitions(listing)
        assert (index, True) == (partition_of(listing, post_id)[0], partition_of(listing, post_id)[1] in parts)
        assert all(parts)


def test_what_every_post_goes_into_is_spread() -> None:
    for listing in ("all#", "archive#", "archive#tea"):
        parts = partitions(listing)[1]
        assert {partition_of(listing, a_post(key=f"{n}.md").id)[1] for n in range(64)} == set(parts)
        assert len(parts) == SHARDS


def test_a_record_is_in_one_listing_of_a_kind_and_rows_are_the_others() -> None:
    post = a_post(metadata=replace(METADATA, tags=("茶", "山", "水"), categories=("a", "b")))
    attributes = [partition_of(listing, post.id)[0].attribute for listing in own_listings(post)]
    assert len(set(attributes)) == len(attributes) == 8
    assert further_listings(post) == ["tag#山", "tag#水", "category#b"]


def test_deleted_and_live_posts_share_an_index_and_no_partition() -> None:
    assert not {p for n in ("all#", "status#deleted", "status#rejected") for p in partitions(n)[1]} & {"live"}
    assert partitions("status#deleted") == (INDEXES["status"], ["deleted"])


def test_the_order_is_by_publication_then_id() -> None:
    post = a_post()
    assert order(post) == f"2021-06-29T01:39:02.123Z#{post.id}"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://WWW.Tea.example:8/x", "tea.example"),
        ("https://[::1]/", "::1"),
        ("https://[", ""),
        ("mailto:a", ""),
        ("", ""),
        ("http://a.X%25B", "a.x%25b"),
    ],
)
def test_hosts_are_lower_case_without_www(url: str, host: str) -> None:
    assert source_host(url) == host


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("tags", [(), ("茶",), tuple(f"t{n}" for n in range(MAX_VALUES + 2))])
def test_a_post_is_in_the_listings_that_it_names_and_no_others(status: Status, tags: tuple[str, ...]) -> None:
    post = a_post(status=status, metadata=replace(METADATA, tags=tags, author="x" * 600))
    bare = a_post("other/b.md", content_hash="cd" * 32, metadata=Metadata(categories=("z",), source_url="http://[", author="y"))
    named = listings(post)
    assert all(is_in(listing, post) for listing in named)
    others = {name("status", one) for one in Status} | listings(bare) | {name("tag", f"t{MAX_VALUES + 1}"), "nothing#x", ""}
    assert not [listing for listing in others - named if is_in(listing, post)]
