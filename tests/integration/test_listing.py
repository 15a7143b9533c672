"""The listing and what it is asked by, through the real handlers on moto."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

import count_posts.handler
import query_posts.handler
import query_posts.routes
from integration.conftest import Aws, Context, api_event
from integration.test_pipeline import KEY, POST, ask, drop, render
from postkeep.aws.dynamodb import DynamoListings, DynamoPictures, DynamoPosts
from postkeep.ports import Rendered
from postkeep.post import Metadata, Original, Picture, PictureStatus, Post, Rendition, Status, Thumbnail, picture_id, post_id
from postkeep.web.cursor import LIFE, Place
from query_posts import listing_routes
from query_posts.browse import Criteria
from query_posts.filters import FILTERS
from query_posts.views import ListedPost
from support.contract import made
from support.posts import EPOCH, a_post, dated

HASH = "a" * 64


def kept(post: Post, lead: str = "", language: str = "zh-Hant") -> Post:
    """Have a post with a text, and with a picture where it has a lead; both are recorded, neither is there."""
    store = DynamoPosts("posts")
    store.offer(post)
    filed = store.filed(post.id)
    assert filed is not None
    rendition = Rendition("renditions/x.json", 1, 100, int(bool(lead)), language, 90, 14, picture_id(lead) if lead else "")
    store.settle(filed, Rendered(rendition, "清晨的第一杯茶。"), changed=EPOCH)
    return replace(post, status=Status.READY, rendition=rendition)


def titles(query: str = "") -> list[str]:
    status, page = ask("/posts", query)
    assert status == 200, page
    return [post["title"] for post in page["posts"]]


def some_posts() -> None:
    """Ten posts, a day apart, added in the reverse order."""
    for n in range(10):
        metadata = replace(dated(n), title=str(n), author="陆羽" if n % 2 else "蔡襄", tags=("茶",) if n < 5 else ("水", "茶"))
        post = a_post(key=f"{'tea' if n < 7 else 'river'}/_posts/{n}.md", metadata=metadata, added=EPOCH - timedelta(days=n))
        kept(post, lead="https://pictures.example/1.jpg" if n == 3 else "", language="zh-Hant" if n < 8 else "en-GB")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "9876543210"),
        ("order=asc", "0123456789"),
        ("order=asc&limit=3", "012"),
        ("sort=added", "0123456789"),
        ("sort=added&order=asc&author=陆羽", "97531"),
        ("author=陆羽&tag=茶&archive=tea", "531"),
        ("tag=水&order=asc", "56789"),
        ("archive=river&category=随笔", "987"),
        ("host=WWW.TEA.example&limit=2", "98"),
        ("host=tea.example&author=nobody", ""),
        ("language=zh&order=asc", "01234567"),
        ("language=EN", "98"),
        ("language=en-US", ""),
        ("has_image=true", "3"),
        ("has_image=false&limit=9&order=asc", "012456789"),
        ("status=ready&limit=1", "9"),
        ("status=pending", ""),
        ("year=2021&month=6", "10"),
        ("month=2021-07&order=asc", "23456789"),
        ("year=2021&from=2021-07-02&to=2021-07-04", "543"),
        ("month=2021-06&from=2021-07-02", ""),
        ("year=2020", ""),
        ("sort=added&order=asc&to=2021-07-01T00:00:00Z", "10"),
        ("sort=added&month=2021-06", "01"),
    ],
)
def test_posts_are_found_by_any_combination(aws: Aws, query: str, expected: str) -> None:
    some_posts()
    assert "".join(titles(query)) == expected


def test_pages_follow_each_other_in_every_order(aws: Aws) -> None:
    some_posts()
    for query in ("sort=added", "order=asc&tag=茶", "author=陆羽&has_image=false", "language=zh&sort=added&order=asc"):
        whole, seen, cursor = titles(f"{query}&limit=100"), list[str](), ""
        while True:
            page = ask("/posts", f"{query}&limit=2" + (f"&cursor={cursor}" if cursor else ""))[1]
            seen += [post["title"] for post in page["posts"]]
            cursor = page["next"]
            if not cursor:
                break
        assert seen == whole


def test_a_page_says_how_far_the_search_got(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    some_posts()
    page = ask("/posts", "limit=3")[1]
    assert (page["searched"], page["searched_until"]) == (3, "2021-07-06T01:39:02.123Z")
    end = ask("/posts", "language=en-US")[1]
    assert (end["posts"], end["next"], end["searched"], end["searched_until"]) == ([], None, 10, None)
    monkeypatch.setattr("query_posts.browse.FURTHER_STRETCHES", 0)
    short = ask("/posts", "language=en-US&limit=4&sort=added")[1]
    assert (short["posts"], short["searched"], short["searched_until"]) == ([], 4, "2021-06-26T01:39:02.123Z")
    assert short["next"]


def test_where_only_posts_without_a_date_are_left_no_instant_is_told(aws: Aws) -> None:
    for n in range(3):
        kept(a_post(key=f"{n}.md", metadata=Metadata(title=str(n))))
    page = ask("/posts", "limit=2")[1]
    assert (len(page["posts"]), page["next"] is not None, page["searched_until"]) == (2, True, None)


def test_the_listing_with_the_fewest_posts_is_read_once_they_are_counted(aws: Aws) -> None:
    some_posts()
    query = "author=陆羽&tag=水"
    for n in range(3):
        kept(a_post(key=f"more/{n}.md", metadata=replace(dated(20 + n), title=f"m{n}", author="陆羽", tags=("茶",))))
    assert ask("/posts", query)[1]["searched"] == 8
    count_posts.handler.handler({}, Context())
    query_posts.routes.wiring.cache_clear()
    page = ask("/posts", query)[1]
    # Five of that tag, eight of that author.
    assert ([post["title"] for post in page["posts"]], page["searched"]) == (["9", "7", "5"], 5)


def test_a_cursor_goes_on_with_the_listing_that_it_began_with(aws: Aws) -> None:
    some_posts()
    first = ask("/posts", "author=陆羽&tag=茶&limit=2")[1]
    count_posts.handler.handler({}, Context())
    query_posts.routes.wiring.cache_clear()
    second = ask("/posts", f"author=陆羽&tag=茶&limit=20&cursor={first['next']}")[1]
    assert [post["title"] for post in first["posts"] + second["posts"]] == ["9", "7", "5", "3", "1"]


@pytest.mark.parametrize("chosen", ["nobody", "category", "language", "status"])
def test_a_cursor_signed_for_a_listing_that_is_not_asked_for_is_refused(aws: Aws, chosen: str) -> None:
    # Whoever has found the key gets no faults by it.
    some_posts()
    reading = query_posts.routes.wiring()
    bound = Criteria(filters={"tag": "茶", "language": "zh"}).fingerprint()
    cursor = reading.cursors.encode(Place("2021-06-29T01:39:02.123Z#a", chosen), bound)
    status, problem = ask("/posts", f"tag=茶&language=zh&cursor={cursor}")
    assert (status, problem["type"]) == (400, "urn:postkeep:problem:cursor-invalid")


def a_lead(post: Post, **changes: Any) -> Picture:
    address = "https://pictures.example/1.jpg"
    return replace(Picture(id=picture_id(address), address=address, edition=post.edition), **changes)


def test_a_list_shows_the_first_picture(aws: Aws) -> None:
    store = DynamoPictures("posts")
    bare, waiting = kept(a_post(key="bare.md", metadata=dated(1))), kept(a_post(key="waiting.md", metadata=dated(2)), lead="x")
    post = kept(a_post(key="ready.md", metadata=dated(3)), lead="https://pictures.example/1.jpg")
    original = Original(
        sha256=HASH, bytes=9, kind="jpeg", fetched=EPOCH, placeholder="1QcSHQRnh493V4dIh4eXh1h4kJUI", colour="#0a0b0c"
    )
    thumbnails = tuple(Thumbnail(f"{HASH}-1/{width}.webp", width, width // 2, 900) for width in (320, 640))
    lead = a_lead(post, status=PictureStatus.READY, width=1200, height=600, original=original, thumbnails=thumbnails)
    store.arrange(post.id, add=[lead], remove=())
    page = ask("/posts")[1]
    shown = {listed["key"]: listed["picture"] for listed in page["posts"]}
    assert shown[bare.key] is None
    assert shown[waiting.key] is None
    assert shown[post.key] == {
        "id": lead.id,
        "address": lead.address,
        "status": "ready",
        "width": 1200,
        "height": 600,
        "placeholder": "1QcSHQRnh493V4dIh4eXh1h4kJUI",
        "colour": "#0a0b0c",
        "thumbnails": [
            {"url": f"/thumbnails/{HASH}-1/{width}.webp", "format": "webp", "width": width, "height": width // 2, "bytes": 900}
            for width in (320, 640)
        ],
    }
    store.arrange(waiting.id, add=[replace(a_lead(waiting), id=picture_id("x"))], remove=())
    pending = {listed["key"]: listed["picture"] for listed in ask("/posts")[1]["posts"]}[waiting.key]
    assert (pending["status"], pending["placeholder"], pending["colour"], pending["thumbnails"]) == ("pending", "", "", [])


def test_render_names_the_first_picture(aws: Aws) -> None:
    drop(aws, POST.replace('alt="茶园">', 'alt="茶园"><img src="https://pictures.example/2.jpg">'), "01")
    render(aws.messages(aws.render_queue))
    (post,) = ask("/posts")[1]["posts"]
    assert (post["pictures"], post["picture"]["address"]) == (2, "https://pictures.example/1.jpg")
    drop(aws, POST.replace("<img", "<i"), "02")
    render(aws.messages(aws.render_queue))
    (post,) = ask("/posts")[1]["posts"]
    assert (post["pictures"], post["picture"]) == (0, None)


def test_a_record_of_before_lists_had_pictures_shows_none(aws: Aws) -> None:
    drop(aws, POST, "01")
    render(aws.messages(aws.render_queue))
    aws.dynamodb.update_item(
        TableName=aws.table,
        Key={"pk": {"S": f"POST#{post_id(KEY)}"}, "sk": {"S": "POST"}},
        UpdateExpression="REMOVE rendition.#l SET rendition.later = :x",
        ExpressionAttributeNames={"#l": "lead"},
        ExpressionAttributeValues={":x": {"S": "of a later version"}},
    )
    (post,) = ask("/posts")[1]["posts"]
    assert (post["pictures"], post["picture"]) == (1, None)


def test_only_the_fields_that_are_asked_for_are_told(aws: Aws) -> None:
    some_posts()
    page = ask("/posts", "limit=1&fields=title,%20published%0A")[1]
    assert page["posts"] == [{"title": "9", "published": "2021-07-08T01:39:02.123Z"}]
    assert page["next"]
    assert set(ask("/posts", "limit=1")[1]["posts"][0]) == set(ListedPost.__struct_fields__)


def test_pictures_are_read_only_where_they_are_asked_for(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    some_posts()
    asked = list[int]()

    def leads(_: DynamoListings, posts: Sequence[Post]) -> dict[str, Picture]:
        asked.append(len(posts))
        return {}

    monkeypatch.setattr(DynamoListings, "leads", leads)
    ask("/posts", "fields=title")
    assert asked == []
    ask("/posts", "fields=title,picture")
    assert asked == [10]


def test_a_page_that_is_too_large_for_an_answer_is_cut(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    some_posts()
    whole = titles()
    monkeypatch.setattr(listing_routes, "MAX_ANSWER", 2_000 + 2_500)
    seen, cursor, pages = list[str](), "", 0
    while True:
        page = ask("/posts", f"cursor={cursor}" if cursor else "")[1]
        assert page["posts"]
        seen += [post["title"] for post in page["posts"]]
        cursor, pages = page["next"], pages + 1
        if not cursor:
            break
        assert page["searched_until"] == page["posts"][-1]["published"]
    assert seen == whole
    assert pages > 2
    monkeypatch.setattr(listing_routes, "MAX_ANSWER", 0)
    assert titles() == ["9"]


def test_a_rejected_post_is_sifted_too(aws: Aws) -> None:
    drop(aws, "---\ntitle: [\n---\n", "01", key="a/_posts/x.md")
    drop(aws, "---\ntitle: [\n---\n", "01", key="b/_posts/x.md")
    assert [post["key"] for post in ask("/posts", "status=rejected&archive=b")[1]["posts"]] == ["b/_posts/x.md"]
    assert titles("status=rejected&sort=added&order=asc") == ["", ""]


def test_posts_of_the_buckets_root_are_an_archive(aws: Aws) -> None:
    drop(aws, POST, "01", key="root.md")
    drop(aws, POST, "01")
    assert [post["key"] for post in ask("/posts", "archive=")[1]["posts"]] == ["root.md"]


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("limit=0", "parameter-invalid"),
        ("limit=101", "parameter-invalid"),
        ("sort=title", "parameter-invalid"),
        ("order=up", "parameter-invalid"),
        ("has_image=perhaps", "parameter-invalid"),
        ("tag=", "parameter-invalid"),
        ("host=", "parameter-invalid"),
        ("language=", "parameter-invalid"),
        ("author=" + "x" * 513, "parameter-invalid"),
        ("year=0", "parameter-invalid"),
        ("year=9999", "parameter-invalid"),
        ("month=13", "parameter-invalid"),
        ("month=2021-00", "parameter-invalid"),
        ("month=6", "month-invalid"),
        ("month=0000-01", "month-invalid"),
        ("month=9999-12", "month-invalid"),
        ("year=2020&month=2021-06", "month-invalid"),
        ("from=yesterday", "date-invalid"),
        ("fields=", "parameter-invalid"),
        ("fields=title,text", "parameter-invalid"),
        ("fields=" + "x" * 401, "parameter-invalid"),
        ("cursor=zzz", "cursor-invalid"),
        ("cursor=" + "z" * 601, "parameter-invalid"),
    ],
)
def test_what_cannot_be_asked_is_a_problem(aws: Aws, query: str, kind: str) -> None:
    status, problem = ask("/posts", query)
    assert (status, problem["type"]) == (400, f"urn:postkeep:problem:{kind}")


def test_a_cursor_is_bound_to_its_query_but_for_what_is_told(aws: Aws) -> None:
    some_posts()
    cursor = ask("/posts", "limit=2&tag=茶")[1]["next"]
    assert titles(f"tag=茶&limit=3&fields=title&cursor={cursor}") == ["7", "6", "5"]
    for other in (
        "tag=水",
        "tag=茶&author=陆羽",
        "tag=茶&order=asc",
        "tag=茶&sort=added",
        "tag=茶&year=2021",
        "tag=茶&status=ready",
    ):
        status, problem = ask("/posts", f"{other}&cursor={cursor}")
        assert (status, problem["type"]) == (400, "urn:postkeep:problem:cursor-invalid")
        assert "other filters" in problem["detail"]


def test_a_cursor_is_refused_after_its_days_or_with_another_key(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    some_posts()
    cursor = ask("/posts", "limit=2")[1]["next"]
    monkeypatch.setenv("CURSOR_KEY", "another key")
    query_posts.routes.wiring.cache_clear()
    status, problem = ask("/posts", f"cursor={cursor}")
    assert (status, problem["type"], "key" in problem["detail"]) == (400, "urn:postkeep:problem:cursor-invalid", True)
    monkeypatch.setenv("CURSOR_KEY", "a key")
    query_posts.routes.wiring.cache_clear()
    late = query_posts.routes.wiring().cursors.now() + LIFE
    monkeypatch.setattr("query_posts.routes._now", lambda: late)
    query_posts.routes.wiring.cache_clear()
    status, problem = ask("/posts", f"cursor={cursor}")
    assert (status, problem["type"]) == (410, "urn:postkeep:problem:cursor-expired")


def test_every_parameter_is_described() -> None:
    document = made()
    found = {parameter["name"]: parameter for parameter in document["paths"]["/posts"]["get"]["parameters"]}
    others = {"status", "year", "month", "from", "to", "sort", "order", "limit", "fields", "cursor"}
    assert found.keys() == FILTERS.keys() | others
    for name, parameter in found.items():
        assert parameter["in"] == "query"
        assert not parameter.get("required")
        assert parameter["schema"].get("description") or parameter.get("description"), name
    assert found["tag"]["description"] == FILTERS["tag"].description
    page = document["components"]["schemas"]["PostPage"]["properties"]
    assert set(page) == {"posts", "next", "searched", "searched_until"}


def test_the_example_event_is_answered(aws: Aws) -> None:
    some_posts()
    answer = query_posts.handler.handler(api_event("/posts", "limit=1"), Context())
    assert answer["headers"]["Content-Type"] == "application/json"
    assert json.loads(answer["body"])["posts"][0]["title"] == "9"
