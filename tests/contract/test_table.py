"""PostStore, PictureStore and Listings: the same cases for the fake and for DynamoDB."""

from dataclasses import replace
from datetime import timedelta

import pytest

from postkeep.errors import Conflict, Differs, Superseded
from postkeep.listing import Sort, instant, listings, name, order
from postkeep.ports import Filed, Listings, PictureStore, PostStore, Rendered
from postkeep.post import Metadata, Picture, PictureStatus, Post, Rendition, Status, Thumbnail, edition, picture_id, post_id
from support.posts import EPOCH, METADATA, a_post, dated, next_of, revision

type Table = tuple[PostStore, PictureStore, Listings]

RENDITION = Rendition("renditions/x/1.json", 1, 100, 2, "zh-Hant", 90, 14)
LATER = EPOCH + timedelta(seconds=5)


def listed(table: Table, listing: str, limit: int = 100) -> list[str]:
    return [row.post_id for row in table[2].rows(listing, after=None, low=None, high=None, limit=limit)]


def record(table: Table, post: Post, replacing: Post | None = None) -> None:
    """Write a record and its rows, as parse and render do."""
    if replacing is None:
        table[0].offer(post)
    else:
        table[0].replace(post, replacing=replacing)
    settle(table, post)


def settle(table: Table, post: Post, outcome: Rendered | None = None) -> None:
    filed = table[0].filed(post.id)
    assert filed is not None
    table[0].settle(replace(filed, post=post), outcome, changed=LATER)


def test_gives_back_the_post_that_was_offered(table: Table) -> None:
    post = a_post(warnings=("w",), metadata=replace(METADATA, extra={"a": ["x", {"y": "z"}]}))
    assert table[0].get(post.id) is None
    assert table[0].filed(post.id) is None
    assert table[0].offer(post) is None
    assert table[0].get(post.id) == post
    assert table[0].filed(post.id) == Filed(post, {})


@pytest.mark.parametrize(
    "post",
    [
        a_post(metadata=Metadata()),
        a_post(status=Status.REJECTED, metadata=Metadata(), reason="too-large", detail="6 MB", content_hash=""),
        a_post(status=Status.DELETED, metadata=Metadata(), content_hash="", expires=EPOCH.replace(microsecond=0)),
        a_post(metadata=replace(METADATA, title="\x00\u200b🍵", tags=(), author="")),
        a_post(key="root.md", settled=True, leftovers=("renditions/x/1.json",), rendition=RENDITION, summary="茶。"),
    ],
    ids=["empty", "rejected", "deleted", "odd", "settled"],
)
def test_gives_back_posts_of_every_kind(table: Table, post: Post) -> None:
    first = a_post(key=post.key)
    table[0].offer(first)
    table[0].replace(post, replacing=first)
    assert table[0].get(post.id) == post


def test_an_offer_of_the_same_content_advances_the_revision_alone(table: Table) -> None:
    first = a_post(event=3, rendition=RENDITION, settled=True, status=Status.READY, summary="茶。")
    table[0].offer(a_post(event=3))
    table[0].replace(first, replacing=a_post(event=3))
    again = a_post(event=5, added=LATER, changed=LATER)
    assert table[0].offer(again) == first
    assert table[0].get(first.id) == replace(first, revision=revision(5))


def test_an_offer_of_other_content_is_refused_with_the_record(table: Table) -> None:
    first = a_post(event=2)
    table[0].offer(first)
    with pytest.raises(Differs) as caught:
        table[0].offer(a_post(event=2, saying="other"))
    assert caught.value.stored == first
    for saying in (first.saying, "other"):
        with pytest.raises(Superseded):
            table[0].offer(a_post(event=1, saying=saying))
    assert table[0].get(first.id) == first


def test_a_post_is_in_each_of_its_listings_and_no_other(table: Table) -> None:
    post = a_post()
    record(table, post)
    for listing in listings(post):
        assert listed(table, listing) == [post.id]
    assert listed(table, name("tag", "海")) == []


def test_a_changed_post_leaves_the_listings_that_it_has_left(table: Table) -> None:
    first = a_post()
    record(table, first)
    second = next_of(first, 2, metadata=replace(METADATA, tags=("海", "山"), author="蔡襄", published=EPOCH + timedelta(days=1)))
    record(table, second, replacing=first)
    for listing in listings(first) - listings(second):
        assert listed(table, listing) == []
    for listing in listings(second):
        assert listed(table, listing) == [first.id]
        (row,) = table[2].rows(listing, after=None, low=None, high=None, limit=2)
        assert row.order == order(second)


def test_a_tombstone_is_only_among_the_deleted(table: Table) -> None:
    first = a_post()
    record(table, first)
    record(table, next_of(first, 2, status=Status.DELETED, metadata=Metadata()), replacing=first)
    assert [listing for listing in listings(first) if listed(table, listing)] == []
    assert listed(table, name("status", "deleted")) == [first.id]


def test_a_post_with_the_most_values_changes_all_of_them(table: Table) -> None:
    first = a_post(
        metadata=replace(METADATA, tags=tuple(f"t{n}" for n in range(25)), categories=tuple(f"c{n}" for n in range(25)))
    )
    second = next_of(first, 2, metadata=replace(dated(9), tags=tuple(f"u{n}" for n in range(25)), categories=("d",)))
    record(table, first)
    record(table, second, replacing=first)
    assert listed(table, name("tag", "u19")) == [first.id]
    assert listed(table, name("tag", "u20")) == []
    assert listed(table, name("tag", "t1")) == []


def test_a_record_is_not_replaced_when_the_content_changed_since_it_was_read(table: Table) -> None:
    first = a_post()
    second = next_of(first, 2)
    table[0].offer(first)
    table[0].replace(second, replacing=first)
    with pytest.raises(Conflict):
        table[0].replace(next_of(first, 3), replacing=first)
    with pytest.raises(Superseded):
        table[0].replace(replace(next_of(first, 1), saying="x"), replacing=first)
    assert table[0].get(first.id) == second


def test_a_record_is_not_replaced_when_a_later_event_advanced_it(table: Table) -> None:
    first = a_post()
    table[0].offer(first)
    table[0].offer(replace(first, revision=revision(7)))
    with pytest.raises(Superseded):
        table[0].replace(next_of(first, 6), replacing=first)


def test_settling_makes_a_post_ready(table: Table) -> None:
    post = a_post(leftovers=("renditions/old.json",))
    table[0].offer(a_post())
    table[0].replace(post, replacing=a_post())
    settle(table, post, Rendered(RENDITION, "茶。"))
    ready = replace(post, status=Status.READY, rendition=RENDITION, summary="茶。", changed=LATER, settled=True, leftovers=())
    assert table[0].get(post.id) == ready
    later = replace(RENDITION, key="renditions/x/2.json", rules=2)
    settle(table, post, Rendered(later, "水。", (RENDITION.key,)))
    assert table[0].get(post.id) == replace(ready, rendition=later, summary="水。", leftovers=(RENDITION.key,))


def test_settling_without_a_text_is_no_change_for_readers(table: Table) -> None:
    post = a_post(status=Status.DELETED, metadata=Metadata(), content_hash="")
    table[0].offer(post)
    settle(table, post)
    assert table[0].get(post.id) == replace(post, settled=True)


def test_settling_an_old_generation_is_refused(table: Table) -> None:
    first, second = a_post(), next_of(a_post(), 2)
    with pytest.raises(Superseded):
        table[0].settle(Filed(first, {}), None, changed=EPOCH)
    table[0].offer(first)
    table[0].replace(second, replacing=first)
    for rows in ({}, {name("tag", "x"): order(first)}):
        with pytest.raises(Superseded):
            table[0].settle(Filed(first, rows), Rendered(RENDITION, ""), changed=EPOCH)
    assert table[0].get(first.id) == second


def test_settling_does_not_go_back_to_older_rules(table: Table) -> None:
    post = a_post()
    table[0].offer(post)
    settle(table, post, Rendered(replace(RENDITION, rules=10), "茶。"))
    with pytest.raises(Superseded):
        settle(table, post, Rendered(replace(RENDITION, rules=9), "水。"))
    stored = table[0].get(post.id)
    assert stored is not None
    assert stored.summary == "茶。"


def pictures(count: int) -> list[Picture]:
    addresses = [f"https://pictures.example/{n}.jpg" for n in range(count)]
    return sorted((Picture(id=picture_id(a), address=a) for a in addresses), key=lambda picture: picture.id)


def test_pictures_are_added_and_removed(table: Table) -> None:
    post = a_post()
    many = pictures(205)
    table[1].arrange(post.id, add=many, remove=())
    assert table[1].of_post(post.id) == many
    assert table[1].picture(post.id, many[7].edition, many[7].id) == many[7]
    assert table[1].picture(post.id, edition(2, 1), many[7].id) is None
    assert table[1].picture(post.id, many[7].edition, "none") is None
    table[1].arrange(post.id, add=(), remove=many[3:])
    assert table[2].pictures(post.id) == many[:3]
    table[1].arrange(post.id, add=(), remove=())


def test_generations_do_not_share_pictures(table: Table) -> None:
    post, many = a_post(), pictures(3)
    later = [replace(picture, edition=edition(10, 1)) for picture in many]
    table[1].arrange(post.id, add=many, remove=())
    table[1].arrange(post.id, add=later, remove=many[:1])
    assert table[1].of_post(post.id) == [*many[1:], *later]


def test_a_waiting_picture_keeps_when_to_try_again(table: Table) -> None:
    post, (picture,) = a_post(), pictures(1)
    table[1].arrange(post.id, add=[picture], remove=())
    waiting = replace(picture, status=PictureStatus.WAITING, reason="timeout", detail="d", attempts=2, next_try=EPOCH)
    table[1].record(post.id, waiting)
    assert table[1].of_post(post.id) == [waiting]
    done = replace(picture, status=PictureStatus.READY, width=9, height=8, thumbnails=(Thumbnail("a" * 64, 320, 200, 99),))
    table[1].record(post.id, done)
    assert table[1].of_post(post.id) == [done]


def test_a_picture_that_is_gone_is_not_recorded(table: Table) -> None:
    post, (picture,) = a_post(), pictures(1)
    with pytest.raises(Superseded):
        table[1].record(post.id, picture)
    assert table[1].of_post(post.id) == []


def test_listings_run_newest_first_and_page(table: Table) -> None:
    posts = [a_post(key=f"k{n}.md", metadata=dated(n)) for n in range(30)]
    for post in posts:
        record(table, post)
    expected = [post.id for post in reversed(posts)]
    seen: list[str] = []
    after = None
    while rows := table[2].rows(name("all"), after=after, low=None, high=None, limit=7):
        assert len(rows) <= 7
        seen += [row.post_id for row in rows]
        after = rows[-1].order
    assert seen == expected


def test_listings_are_bounded_by_dates(table: Table) -> None:
    posts = [a_post(key=f"k{n}.md", metadata=dated(n)) for n in range(5)]
    undated = a_post(key="undated.md", metadata=replace(METADATA, published=None))
    for post in [*posts, undated]:
        record(table, post)

    def ids(low: str | None, high: str | None) -> list[str]:
        return [row.post_id for row in table[2].rows(name("author", "陆羽"), after=None, low=low, high=high, limit=10)]

    assert ids("2021-06-30", "2021-07-02") == [posts[2].id, posts[1].id]
    assert ids("2021-06-30T01:39:02.123Z", "2021-07-01T01:39:02.123Z") == [posts[1].id]
    assert ids(None, "2021-06-29") == [undated.id]
    assert ids("2022", "2021") == []


def test_records_are_given_by_id(table: Table) -> None:
    posts = [a_post(key=f"k{n}.md") for n in range(100)]
    for post in posts[:3]:
        table[0].offer(post)
    found = table[2].posts([posts[0].id, posts[2].id, posts[2].id, posts[50].id])
    assert dict(found) == {posts[0].id: posts[0], posts[2].id: posts[2]}
    assert dict(table[2].posts([])) == {}


def test_changes_run_oldest_first_and_each_post_stands_at_its_last(table: Table) -> None:
    posts = [a_post(key=f"k{n}.md", changed=EPOCH + timedelta(seconds=n)) for n in range(20)]
    for post in posts:
        table[0].offer(post)
    moved = next_of(posts[3], 9, changed=EPOCH + timedelta(seconds=100))
    table[0].replace(moved, replacing=posts[3])
    until, seen, after = instant(EPOCH + timedelta(seconds=200)), list[str](), "0"
    while rows := table[2].changes(after=after, until=until, limit=6):
        assert len(rows) <= 6
        seen += [row.post_id for row in rows]
        after = rows[-1].order
    assert seen == [post.id for post in [*posts[:3], *posts[4:], moved]]
    assert len(table[2].changes(after="0", until=instant(EPOCH + timedelta(seconds=5)), limit=50)) == 4


def test_a_record_is_not_replaced_when_its_text_was_settled_since_it_was_read(table: Table) -> None:
    first = a_post()
    table[0].offer(first)
    settle(table, first, Rendered(RENDITION, "茶。"))
    with pytest.raises(Conflict):
        table[0].replace(next_of(first, 2), replacing=first)
    stored = table[0].get(first.id)
    assert stored is not None
    table[0].replace(next_of(first, 2), replacing=stored)


def by_addition(table: Table, listing: str, *, ascending: bool) -> list[str]:
    seen, after = list[str](), None
    while rows := table[2].rows(listing, after=after, low=None, high=None, limit=4, sort=Sort.ADDED, ascending=ascending):
        assert len(rows) <= 4
        seen += [row.post_id for row in rows]
        after = rows[-1].order
    return seen


def test_listings_run_by_when_posts_were_added(table: Table) -> None:
    posts = [a_post(key=f"k{n}.md", added=EPOCH + timedelta(days=(n * 7) % 20), metadata=dated(n)) for n in range(20)]
    for post in posts:
        record(table, post)
    rejected = a_post(key="r.md", status=Status.REJECTED)
    record(table, rejected)
    expected = [post.id for post in sorted(posts, key=lambda post: post.added)]
    assert by_addition(table, name("all"), ascending=True) == expected
    assert by_addition(table, name("all"), ascending=False) == expected[::-1]
    assert by_addition(table, name("status", "rejected"), ascending=True) == [rejected.id]
    with pytest.raises(ValueError, match="not kept by when posts were added"):
        table[2].rows(name("tag", "茶"), after=None, low=None, high=None, limit=4, sort=Sort.ADDED)


def test_listings_run_oldest_first_within_dates(table: Table) -> None:
    posts = [a_post(key=f"k{n}.md", metadata=dated(n)) for n in range(9)]
    for post in posts:
        record(table, post)
    low, high = instant(EPOCH + timedelta(days=2)), instant(EPOCH + timedelta(days=7))
    seen, after = list[str](), None
    while rows := table[2].rows(name("all"), after=after, low=low, high=high, limit=2, ascending=True):
        seen += [row.post_id for row in rows]
        after = rows[-1].order
    assert seen == [post.id for post in posts[2:7]]
    assert table[2].rows(name("all"), after=None, low=high, high=low, limit=2, ascending=True) == []


def test_the_first_pictures_of_posts_are_given(table: Table) -> None:
    many = pictures(3)
    posts = [a_post(key=f"k{n}.md") for n in range(4)]
    for post, lead in zip(posts, [many[1].id, "", "none", ""], strict=True):
        table[0].offer(post)
        settle(table, post, Rendered(replace(RENDITION, lead=lead), "茶。"))
        own = [replace(picture, edition=edition(1, 1)) for picture in many]
        table[1].arrange(post.id, add=[*own, *(replace(picture, edition=edition(1, 2)) for picture in own)], remove=())
    stored = [*table[2].posts([post.id for post in posts[:3]]).values(), posts[3]]
    assert {post.rendition.lead for post in stored if post.rendition} == {many[1].id, "", "none"}
    assert table[2].leads(stored) == {posts[0].id: replace(many[1], edition=edition(1, 1))}
    assert table[2].leads([]) == {}


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
@pytest.mark.parametrize("ascending", [False, True])
def test_a_post_that_is_changing_is_listed_once_and_hides_no_other(table: Table, limit: int, ascending: bool) -> None:
    """Its second tag has become its first, and its row as a further one is there until its text is settled."""
    for number in range(4):
        first = a_post(f"{number}.md", metadata=replace(dated(number), tags=("茶", "山")))
        record(table, first)
        if number in {1, 2}:
            changed = next_of(first, 2, metadata=replace(first.metadata, tags=("山", "茶")))
            table[0].replace(changed, replacing=first)
    met: list[str] = []
    after: str | None = None
    while rows := table[2].rows(name("tag", "山"), after=after, low=None, high=None, limit=limit, ascending=ascending):
        assert len(rows) == min(limit, 4 - len(met)), "a short page counts as the last one"
        met += [row.post_id for row in rows]
        after = rows[-1].order
    expected = [post_id(f"{number}.md") for number in range(4)]
    assert met == (expected if ascending else expected[::-1])
