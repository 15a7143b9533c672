"""What a page of the listing reads, on an archive of 50,000 posts: by the entries and bytes that AWS would go over."""

import json
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from hashlib import sha256
from typing import Any, cast

import pytest

from fakes.memory import MemoryTable
from postkeep.aws.dynamodb import DynamoListings
from postkeep.aws.items import picture_item, post_item, row_values, typed
from postkeep.listing import SHARDS, Sort, further_listings, order, partitions
from postkeep.post import Metadata, Original, Picture, PictureStatus, Post, Rendition, Status, Thumbnail, edition, picture_id
from query_posts.browse import FURTHER_STRETCHES, SMALL, STRETCH, Criteria, browse
from query_posts.filters import FILTERS
from support.posts import EPOCH, revision
from support.reading import Reads, SortedDynamo

POSTS = 50_000
RULES = 20_000
LEAD = "https://pictures.example/1.jpg"
RARE = "fr"

LARGEST = 2_500
"""Bytes of a record here, more than of nearly all real ones: a long title, tags, a summary of 200 Chinese characters."""

ENTRY = 300
"""Bytes of an index's entry: its keys and the table's."""


def a_record(n: int) -> Post:
    """Posts like the real ones: an author who wrote 11% of everything, one in six with pictures, one in 10,000 in French."""
    ready = n % 97 != 0
    key = f"{('oped', 'society', 'video')[n % 3]}/_posts/2021-06-29-一篇文章的题目 {n}.md"
    author = "陆羽" if n % 9 == 0 else f"作者{n % 1500}"
    pictures = int(n % 6 == 0)
    rendition = Rendition(
        key=f"renditions/{sha256(key.encode()).hexdigest()[:26]}/{edition(1, RULES)}.json",
        rules=RULES,
        characters=4_000,
        pictures=pictures,
        language=RARE if n % 10_000 == 7 else "zh-Hans",
        words=3_800,
        reading_seconds=700,
        lead=picture_id(LEAD) if pictures else "",
    )
    return Post(
        key=key,
        status=Status.READY if ready else Status.PENDING,
        revision=revision(n + 1),
        generation=1,
        added=EPOCH + timedelta(seconds=(n * 7919) % 100_000),
        changed=EPOCH + timedelta(seconds=n),
        metadata=Metadata(
            title="一篇文章的题目" * 4,
            author=author,
            # Half an hour apart, in another order than they were added: almost three years.
            published=EPOCH + timedelta(minutes=30 * ((n * 31) % POSTS)),
            date_source="front-matter",
            source_url=f"https://tea{n % 40}.example/articles/{n}",
            tags=("新闻", f"标签{n % 300}"),
            categories=("随笔",),
        ),
        size=9_000,
        content_hash=sha256(key.encode()).hexdigest(),
        rendition=rendition if ready else None,
        summary="这是一篇文章的开头。" * 20,
        settled=ready,
        saying="x" * 40,
    )


def a_lead(post: Post) -> Picture:
    return Picture(
        id=picture_id(LEAD),
        address=LEAD,
        edition=post.edition,
        status=PictureStatus.READY,
        width=1200,
        height=800,
        thumbnails=tuple(Thumbnail(f"{'a' * 64}-1/{width}.webp", width, width // 2, 9_000) for width in (320, 640, 1280)),
        original=Original(sha256="a" * 64, bytes=100_000, kind="jpeg", fetched=EPOCH, placeholder="x" * 36, colour="#808080"),
    )


def items_of(post: Post) -> Iterator[dict[str, Any]]:
    yield post_item(post)
    for listing in further_listings(post):
        yield typed(row_values(listing, order(post)))
    if post.rendition and post.rendition.lead:
        yield picture_item(post.id, a_lead(post))


@cache
def archive(posts: int) -> tuple[SortedDynamo, dict[str, Post]]:
    found = [a_record(n) for n in range(posts)]
    dynamodb = SortedDynamo()
    dynamodb.fill(item for post in found for item in items_of(post))
    return dynamodb, {post.id: post for post in found}


def reading(posts: int = POSTS) -> tuple[SortedDynamo, DynamoListings]:
    dynamodb, _ = archive(posts)
    dynamodb.take()
    return dynamodb, DynamoListings("posts", cast("Any", dynamodb))


CASES: dict[str, dict[str, Any]] = {
    "all": {},
    "oldest first": {"ascending": True},
    "by addition": {"sort": Sort.ADDED},
    "first added, of one author": {"sort": Sort.ADDED, "ascending": True, "filters": {"author": "作者7"}},
    "first added, of the one of 11%": {"sort": Sort.ADDED, "ascending": True, "filters": {"author": "陆羽"}},
    "an author of 11%": {"filters": {"author": "陆羽"}},
    "an author of 30": {"filters": {"author": "作者7"}},
    "a tag of all": {"filters": {"tag": "新闻"}},
    "a further tag": {"filters": {"tag": "标签7"}},
    "an archive": {"filters": {"archive": "oped"}},
    "a host and a tag": {"filters": {"host": "tea3.example", "tag": "新闻"}},
    "two that never meet": {"filters": {"author": "陆羽", "tag": "标签1"}},
    "an author and a tag of all that has nothing": {"filters": {"tag": "新闻", "has_image": "true", "language": RARE}},
    "a rare language": {"filters": {"language": RARE}},
    "a language of none": {"filters": {"language": "tlh"}},
    "pictures": {"filters": {"has_image": "true"}},
    "pending": {"status": Status.PENDING},
    "rejected": {"status": Status.REJECTED},
    "a month": {"since": EPOCH + timedelta(days=200), "until": EPOCH + timedelta(days=230)},
    "a month of nobody": {
        "since": EPOCH + timedelta(days=200),
        "until": EPOCH + timedelta(days=230),
        "filters": {"language": RARE},
    },
}


def bound(criteria: Criteria, limit: int) -> Reads:
    """The most that a page may read: of its limit alone, and the number of partitions."""
    stretches = [limit, *[STRETCH] * FURTHER_STRETCHES]
    parts = len(partitions(criteria.listing())[1])
    assert parts in {1, SHARDS}
    # Of each partition the stretch, one to know whether there is more, and the last one seen.
    entries = parts * sum(stretch + 2 for stretch in stretches)
    queries = parts * len(stretches)
    if criteria.sort is Sort.ADDED:
        # Of all posts, and before that of a listing by publication, which may turn out not to be small.
        entries, queries = SHARDS * sum(stretch + 2 for stretch in stretches) + SMALL + 2, SHARDS * len(stretches) + 1
    records = sum(stretches)
    return Reads(
        queries=queries,
        scanned=entries,
        entry_bytes=entries * ENTRY,
        batches=len(stretches),
        items=records,
        item_bytes=records * LARGEST,
    )


@pytest.mark.parametrize("limit", [1, 20, 100])
@pytest.mark.parametrize("case", CASES)
def test_a_page_reads_a_page_whatever_the_filters_match(case: str, limit: int) -> None:
    dynamodb, store = reading()
    criteria = Criteria(**CASES[case])
    most = bound(criteria, limit)
    after: str | None = None
    for _ in range(3):
        page = browse(store, criteria, after=after, limit=limit)
        used = dynamodb.take()
        for name in ("queries", "scanned", "entry_bytes", "batches", "items", "item_bytes"):
            assert getattr(used, name) <= getattr(most, name), name
        assert page.searched <= used.items
        after = page.after
        if after is None:
            break


@pytest.mark.parametrize("case", ["all", "by addition", "an author of 11%", "a tag of all", "an archive"])
def test_a_page_that_is_full_at_once_costs_the_same_in_a_small_archive(case: str) -> None:
    used = []
    for posts in (2_000, POSTS):
        dynamodb, store = reading(posts)
        assert len(browse(store, Criteria(**CASES[case]), after=None, limit=20).posts) == 20
        reads = dynamodb.take()
        used.append((reads.queries, reads.scanned, reads.batches, reads.items))
    assert used[0] == used[1]
    assert used[0][3] == 20


@pytest.mark.parametrize(
    ("case", "limit"),
    [("a rare language", 20), ("two that never meet", 1), ("two that never meet", 100), ("a month of nobody", 20)],
)
def test_empty_pages_are_as_few_as_the_listing_is_long(case: str, limit: int) -> None:
    _, posts = archive(POSTS)
    _, store = reading()
    criteria = Criteria(**CASES[case])
    listing = criteria.choose()
    long = sum(
        1
        for post in posts.values()
        if criteria.covers(post) and (not listing or FILTERS[listing].test(post, criteria.filters[listing]))
    )
    fit = {post.id for post in posts.values() if criteria.covers(post) and criteria.fits(post)}
    seen, empty, after = list[str](), 0, cast("str | None", None)
    while True:
        page = browse(store, criteria, after=after, limit=limit)
        seen += [post.id for post in page.posts]
        empty += not page.posts
        after = page.after
        if after is None:
            break
        # A page that is not full has searched as far as it may.
        assert len(page.posts) == limit or page.searched == limit + FURTHER_STRETCHES * STRETCH
    assert sorted(seen) == sorted(fit)
    assert empty <= -(-long // (limit + FURTHER_STRETCHES * STRETCH))


def test_the_pictures_of_a_page_are_one_read() -> None:
    dynamodb, store = reading()
    page = browse(store, Criteria(filters={"has_image": "true"}), after=None, limit=100)
    dynamodb.take()
    leads = store.leads(page.posts)
    used = dynamodb.take()
    ready = [post for post in page.posts if post.rendition]
    assert leads == {post.id: a_lead(post) for post in ready}
    assert (used.queries, used.batches, used.items) == (0, 1, len(ready))
    assert store.leads([]) == {}
    assert dynamodb.take() == Reads()


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("limit", [1, 7])
def test_the_table_that_counts_answers_as_the_other_one(case: str, limit: int) -> None:
    found = [a_record(n) for n in range(60)]
    plain, counting = MemoryTable(), SortedDynamo()
    for post in found:
        for item in items_of(post):
            plain.dynamodb.items[item["pk"]["S"], item["sk"]["S"]] = item
    counting.fill(plain.dynamodb.items.values())
    after: str | None = None
    while True:
        page = browse(plain, Criteria(**CASES[case]), after=after, limit=limit)
        assert browse(DynamoListings("posts", cast("Any", counting)), Criteria(**CASES[case]), after=after, limit=limit) == page
        after = page.after
        if after is None:
            break


def test_the_archive_is_as_large_as_real_ones() -> None:
    dynamodb, posts = archive(POSTS)
    sizes = [len(json.dumps(dynamodb.items[f"POST#{post_id}", "POST"])) for post_id in list(posts)[:100]]
    assert len(posts) == POSTS
    assert min(sizes) > 1_500
