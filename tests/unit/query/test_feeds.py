"""Feeds: what posts become as entries, within the bounds of an answer, and as Atom and JSON Feed."""

import json
from dataclasses import replace
from typing import Any

import pytest

from fakes.memory import MemoryBucket
from postkeep.post import Metadata, Picture, PictureStatus, Post, Rendition, Status, Thumbnail, picture_id
from postkeep.renditions import RenditionObject, RenditionPicture
from query_posts import feed_routes, feeds
from query_posts.feeds import CONTENTS, ENTRIES, Contents, Feed, Place, cost, feed_of
from query_posts.syndication import atom, json_feed, opml, sitemap
from support.feeds import check_atom, check_json_feed, listed_feeds, sitemap_addresses
from support.posts import EPOCH, METADATA, a_post
from support.template import ROOT

BASE = "https://api.example"
ADDRESS = "https://pictures.example/1.jpg"
HOSTILE = {
    "controls": "a\x00\x08\x0b\x0c\x1bb\x7f\ufffe",
    "end of a section": "]]></title><script>alert(1)</script>",
    "markup": '<img src=x onerror="alert(1)">&amp;&#x1F375;',
    "lone surrogate": "茶\ud83c\udc00",
    "half of one": "茶\udcff",
    "long": "長" * 10_000,
    "blank": " \u3000\u200b",
    "empty": "",
    "lines": "一\r\n二\u2028三",
}


def feed(*posts: Post, **asked: str) -> Feed:
    return feed_of(posts, {}, Place(base=BASE, path="/feeds/atom", asked=asked, more={}))


def both(found: Feed) -> tuple[Any, dict[str, Any]]:
    return check_atom(atom(found)), check_json_feed(json_feed(found))


def ready(n: int, html: str = "<p>茶</p>", **changes: Any) -> tuple[Post, RenditionObject]:
    key = f"renditions/{n}"
    post = a_post(
        f"{n}.md", status=Status.READY, rendition=Rendition(key, 1, 1, 1, "zh-Hant"), summary="清晨的第一杯茶。", **changes
    )
    picture = RenditionPicture(id=picture_id(ADDRESS), address=ADDRESS, alt="", caption="")
    rendition = RenditionObject(
        post_id=post.id, generation=1, rules=1, markdown="", text="", html=html, pictures=(picture,), summary="", warnings=()
    )
    return post, rendition


def a_picture(post: Post, status: PictureStatus, thumbnails: tuple[Thumbnail, ...] = ()) -> Picture:
    return Picture(id=picture_id(ADDRESS), address=ADDRESS, edition=post.edition, status=status, thumbnails=thumbnails)


def contents(*pairs: tuple[Post, RenditionObject]) -> tuple[Contents, list[Post]]:
    bucket = MemoryBucket()
    for post, rendition in pairs:
        assert post.rendition
        bucket.put(post.rendition.key, rendition.encode(), content_type="")
    return Contents(bucket), [post for post, _ in pairs]


def test_an_entry_says_what_the_record_says() -> None:
    post, _ = ready(1)
    parsed, value = both(feed(post, author="陆羽", tag="a&b"))
    assert parsed.feed.title == value["title"] == "Postkeep: author 陆羽, tag a&b"
    assert value["feed_url"] == f"{BASE}/feeds/atom?author=%E9%99%86%E7%BE%BD&tag=a%26b"
    assert value["home_page_url"] == f"{BASE}/posts?author=%E9%99%86%E7%BE%BD&tag=a%26b"
    (entry,) = parsed.entries
    assert (entry.title, entry.author) == ("雨前茶", "陆羽")
    assert entry.published.startswith("2021-06-29T01:39:02")
    assert [tag.term for tag in entry.tags] == ["茶", "山", "随笔"]
    assert entry.summary == "清晨的第一杯茶。"
    assert {link.rel: link.href for link in entry.links} == {
        "alternate": f"{BASE}/posts/{post.id}/text?format=html",
        "via": "https://www.tea.example/posts/1",
    }
    assert value["items"] == [
        {
            "id": f"urn:postkeep:post:{post.id}",
            "url": f"{BASE}/posts/{post.id}/text?format=html",
            "external_url": "https://www.tea.example/posts/1",
            "title": "雨前茶",
            "content_text": "清晨的第一杯茶。",
            "date_published": "2021-06-29T01:39:02.123Z",
            "date_modified": "2021-06-29T01:39:02.123Z",
            "authors": [{"name": "陆羽"}],
            "tags": ["茶", "山", "随笔"],
            "language": "zh-Hant",
        }
    ]
    assert ' xml:lang="zh-Hant"' in atom(feed(post))


def test_a_post_that_says_nothing_is_an_entry_all_the_same() -> None:
    parsed, value = both(feed(a_post("tea/_posts/雨.md", metadata=Metadata())))
    assert (parsed.entries[0].title, parsed.entries[0].author) == ("雨.md", "unknown")
    assert "published" not in parsed.entries[0]
    assert set(value["items"][0]) == {"id", "url", "title", "content_text", "date_modified"}


def test_a_rejected_post_says_why_and_leads_to_its_record() -> None:
    post = a_post("bad.md", status=Status.REJECTED, metadata=Metadata(), reason="not-utf-8", detail="line 1: <not> UTF-8")
    parsed, value = both(feed(post, status="rejected"))
    assert parsed.entries[0].link == value["items"][0]["url"] == f"{BASE}/posts/{post.id}"
    assert value["items"][0]["content_text"] == "line 1: <not> UTF-8"
    assert "&amp;lt;not&amp;gt;" in atom(feed(post)), "a summary is shown as HTML, and is plain text"


def test_an_empty_feed_is_one() -> None:
    parsed, value = both(feed(author="nobody"))
    assert parsed.entries == value["items"] == []
    assert parsed.feed.updated == "1970-01-01T00:00:00+00:00", "of now, it would be another one each time"


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_whatever_strangers_write_both_feeds_are_valid(text: str) -> None:
    metadata = replace(
        METADATA, title=text, author=text, tags=(text, "茶"), categories=(text,), source_url="https://x.example/a b?<茶>&\x07\"'"
    )
    post = a_post("x.md", metadata=metadata, summary=text, detail=text, status=Status.READY)
    parsed, value = both(feed(post, author=text))
    assert len(parsed.entries) == len(value["items"]) == 1
    assert "<script>" not in atom(feed(post))
    assert value["items"][0]["external_url"] == "https://x.example/a%20b?%3C%E8%8C%B6%3E&%22'"
    assert len(value["items"][0]["title"]) <= 300


def test_ids_hang_on_what_is_asked_for_alone() -> None:
    post, _ = ready(1)
    asked = {"author": "a"}
    one = feed_of([post], {}, Place(base=BASE, path="/feeds/atom", asked=asked, more={}))
    elsewhere = Place(base="https://elsewhere.example", path="/feeds/json", asked=asked, more={"content": "full"})
    other = feed_of([post], {}, elsewhere)
    assert (one.id, one.entries[0].id) == (other.id, other.entries[0].id)
    assert feed(tag="a").id != one.id
    assert other.url == "https://elsewhere.example/feeds/json?author=a&content=full"


def test_the_first_picture_is_shown_by_a_thumbnail() -> None:
    post, _ = ready(1)
    thumbnails = tuple(Thumbnail(f"{'ab' * 32}-1/{name}", 640, 480, 12_345) for name in ("320.webp", "640.jpeg"))
    for shown, name, kind in ((thumbnails, "640.jpeg", "image/jpeg"), (thumbnails[:1], "320.webp", "image/webp")):
        leads = {post.id: a_picture(post, PictureStatus.READY, shown)}
        parsed, value = both(feed_of([post], leads, Place(base=BASE, path="/feeds/atom", asked={}, more={})))
        url = f"{BASE}/thumbnails/{'ab' * 32}-1/{name}"
        assert value["items"][0]["image"] == url
        assert value["items"][0]["attachments"] == [{"url": url, "mime_type": kind, "size_in_bytes": 12_345}]
        (enclosure,) = parsed.entries[0].enclosures
        assert (enclosure.href, enclosure.type, enclosure.length) == (url, kind, "12345")


@pytest.mark.parametrize("status", [PictureStatus.FAILED, PictureStatus.READY])
def test_a_picture_without_thumbnails_is_not_shown(status: PictureStatus) -> None:
    post, _ = ready(1)
    found = feed_of([post], {post.id: a_picture(post, status)}, Place(base=BASE, path="/feeds/atom", asked={}, more={}))
    assert found.entries[0].lead is None


def test_content_is_the_text() -> None:
    case, posts = contents(ready(1))
    parsed, value = both(case(feed(*posts), posts))
    assert parsed.entries[0].content[0].value == value["items"][0]["content_html"] == "<p>茶</p>"
    assert value["items"][0]["summary"] == "清晨的第一杯茶。"


def test_a_long_text_is_begun_and_leads_to_the_rest() -> None:
    case, posts = contents(ready(1, "<p>茶茶茶茶茶茶</p>\n" * 20_000))
    found = case(feed(*posts), posts)
    content = found.entries[0].content
    assert content.startswith("<p>茶茶茶茶茶茶</p>\n<p>茶")
    assert content.endswith(f'</p>\n<p><a href="{BASE}/posts/{posts[0].id}/text?format=html">…</a></p>')
    assert 90_000 < cost(content) <= 100_000
    both(found)


def test_a_text_whose_first_block_is_too_long_leaves_the_summary() -> None:
    case, posts = contents(ready(1, f"<p>{'茶' * 60_000}</p>"))
    assert case(feed(*posts), posts).entries[0].content == ""


def test_the_newest_have_content_as_long_as_there_is_room() -> None:
    pairs = [ready(n, "<p>&amp;&quot;茶茶茶</p>\n" * 3_000) for n in range(ENTRIES)]
    case, posts = contents(*pairs)
    found = case(feed(*posts), posts)
    assert all(entry.content for entry in found.entries[:5])
    assert not any(entry.content for entry in found.entries[10:])
    for text in (atom(found), json_feed(found)):
        assert len(json.dumps(text, ensure_ascii=False).encode()) < 1_000_000
    both(found)


def test_at_most_so_many_texts_are_read() -> None:
    case, posts = contents(*(ready(n) for n in range(ENTRIES)))
    assert [bool(entry.content) for entry in case(feed(*posts), posts).entries] == [n < CONTENTS for n in range(ENTRIES)]


def test_what_has_no_text_or_too_large_a_one_keeps_its_summary() -> None:
    gone, large, old = ready(1), ready(2, "x" * 4_200_000), ready(3, "")
    case, posts = contents(gone, large, old)
    assert isinstance(case.archive, MemoryBucket)
    case.archive.delete(["renditions/1"])
    posts += [a_post("pending.md"), a_post("rejected.md", status=Status.REJECTED)]
    found = case(feed(*posts), posts)
    assert [entry.content for entry in found.entries] == [""] * 5
    assert both(found)[1]["items"][0]["content_text"] == "清晨的第一杯茶。"


def test_endless_titles_and_tags_leave_no_room_for_more_entries() -> None:
    metadata = replace(METADATA, author="&" * 1000, tags=tuple(f"{n:03}{'&' * 197}" for n in range(500)), categories=())
    posts = [a_post(f"{n}.md", metadata=metadata, summary="<" * 200) for n in range(ENTRIES)]
    found = feed(*posts)
    assert 5 < len(found.entries) < ENTRIES
    assert len(found.entries[0].categories) == 20
    for text in (atom(found), json_feed(found)):
        assert len(text.encode()) < 400_000
    both(found)


def test_a_list_of_feeds_and_a_sitemap_hold_any_address() -> None:
    text = opml([('陆羽 & "sons" <', f"{BASE}/feeds/atom?author=%E9%99%86&x=1")], "2021-06-29T00:00:00.000Z")
    assert listed_feeds(text) == {'陆羽 & "sons" <': f"{BASE}/feeds/atom?author=%E9%99%86&x=1"}
    assert sitemap_addresses(sitemap([f"{BASE}/?a=1&b=2"]), "url") == [f"{BASE}/?a=1&b=2"]


def test_moments_are_those_of_the_record() -> None:
    later = EPOCH.replace(year=2024)
    assert both(feed(a_post("x.md", changed=later)))[1]["items"][0]["date_modified"] == "2024-06-29T01:39:02.123Z"


def test_the_page_says_the_numbers_of_the_code() -> None:
    page = (ROOT / "docs" / "feeds.md").read_text("utf-8")
    for told in (
        f"the newest {ENTRIES} posts",
        f"the newest {CONTENTS} have their",
        f"more than {feeds._LONGEST:,} bytes",
        f"have taken {feeds._CONTENT:,} bytes",
        f"{feeds._TITLE} characters at most",
        f"more than {feed_routes.MAX_MONTH:,} posts",
        f"more than {feed_routes.MAX_ADDRESSES:,}",
        f"more than {feed_routes._LONGEST_NAME} characters",
    ):
        assert told in page, told
