"""Following, related posts and counts, through the real handlers on moto."""

import json
from datetime import timedelta
from typing import Any

import pytest

import count_posts.handler
import query_posts.routes
from integration.conftest import Aws, Context, s3_event
from integration.test_pipeline import POST, ask, drop, parse, render
from postkeep.counts import KINDS
from postkeep.post import post_id
from postkeep.web.cursor import decode
from postkeep.web.problems import Problem
from query_posts.changes import START, Following
from support.posts import EPOCH


def follow(cursor: str = "", limit: int = 100) -> dict[str, Any]:
    query = f"limit={limit}" + (f"&cursor={cursor}" if cursor else "")
    status, page = ask("/changes", query)
    assert status == 200
    found: dict[str, Any] = page
    return found


def keys(page: dict[str, Any]) -> list[tuple[str, str]]:
    return [(post["key"], post["status"]) for post in page["posts"]]


def test_a_mirror_hears_of_everything(aws: Aws) -> None:
    for n in range(3):
        drop(aws, POST, "01", key=f"{n}.md")
    drop(aws, "no front matter", "01", key="bad.md")
    first = follow()
    assert keys(first) == [("0.md", "pending"), ("1.md", "pending"), ("2.md", "pending"), ("bad.md", "rejected")]
    assert not first["more"]
    assert follow(first["next"])["posts"] == []
    render(aws.messages(aws.render_queue))
    aws.s3.delete_object(Bucket=aws.posts, Key="1.md")
    parse(s3_event(aws.posts, "1.md", "02", "ObjectRemoved:DeleteMarkerCreated"))
    second = follow(first["next"])
    assert sorted(keys(second)) == [("0.md", "ready"), ("1.md", "deleted"), ("2.md", "ready")]
    assert second["until"] > first["until"]


def test_stretches_follow_each_other_and_miss_nothing(aws: Aws) -> None:
    for n in range(7):
        drop(aws, POST, "01", key=f"{n}.md")
    seen, cursor, more = [], "", True
    while more:
        page = follow(cursor, limit=3)
        seen += keys(page)
        cursor, more = page["next"], page["more"]
    assert seen == [(f"{n}.md", "pending") for n in range(7)]


def test_readers_stay_behind(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHANGES_LAG_SECONDS", "3600")
    drop(aws, POST, "01")
    page = follow()
    assert (page["posts"], page["more"]) == ([], False)


def test_a_reader_that_was_away_for_too_long_begins_anew(aws: Aws) -> None:
    drop(aws, POST, "01")
    cursor = follow()["next"]
    reading = query_posts.routes.wiring()
    later = Following(reading.listings, timedelta(0), timedelta(days=90), lambda: EPOCH.replace(year=2100))
    with pytest.raises(Problem) as caught:
        later(decode(cursor, {"feed": "changes"}), 10)
    assert (caught.value.status, caught.value.kind) == (410, "cursor-expired")
    assert [post.key for post in later(START, 10).posts]


@pytest.mark.parametrize("cursor", ["zzz", "x" * 601, "WzEsIiIsIiJd"])
def test_what_is_no_cursor_of_the_changes_is_refused(aws: Aws, cursor: str) -> None:
    status, problem = ask("/changes", f"cursor={cursor}")
    assert (status, problem["type"].rpartition(":")[2]) in {(400, "cursor-invalid"), (400, "parameter-invalid")}


def test_a_cursor_of_a_listing_is_none_of_the_changes(aws: Aws) -> None:
    for n in range(3):
        drop(aws, POST, "01", key=f"{n}.md")
    cursor = ask("/posts", "limit=2")[1]["next"]
    assert ask("/changes", f"cursor={cursor}")[1]["type"] == "urn:postkeep:problem:cursor-invalid"


def test_copies_of_a_post_are_found(aws: Aws) -> None:
    drop(aws, POST, "01", key="a.md")
    drop(aws, POST, "01", key="other/a.md")
    drop(
        aws,
        POST.replace("https://tea.example/1", "http://www.tea.example:80/1?utm_source=rss#top").replace("茶", "水"),
        "01",
        key="b.md",
    )
    drop(aws, POST.replace("tea.example/1", "tea.example/2"), "01", key="c.md")
    status, related = ask(f"/posts/{post_id('a.md')}/related")
    assert status == 200
    assert {post["key"] for post in related["same_address"]} == {"other/a.md", "b.md"}
    assert [post["key"] for post in related["same_content"]] == ["other/a.md"]
    assert related["truncated"] is False
    assert ask(f"/posts/{post_id('c.md')}/related")[1] == {"same_address": [], "same_content": [], "truncated": False}
    assert ask(f"/posts/{post_id('none')}/related")[0] == 404


def test_rejected_copies_are_related_by_their_content(aws: Aws) -> None:
    for key in ("a.md", "b.md"):
        drop(aws, "no front matter", "01", key=key)
    assert [post["key"] for post in ask(f"/posts/{post_id('a.md')}/related")[1]["same_content"]] == ["b.md"]


def test_many_copies_are_cut(aws: Aws) -> None:
    for n in range(103):
        drop(aws, POST, "01", key=f"{n}.md")
    related = ask(f"/posts/{post_id('0.md')}/related")[1]
    assert (len(related["same_address"]), len(related["same_content"]), related["truncated"]) == (100, 100, True)


def test_posts_are_counted(aws: Aws) -> None:
    assert ask("/counts")[1]["type"] == "urn:postkeep:problem:counts-none"
    count_posts.handler.handler({}, Context())
    assert ask("/counts") == (200, {"as_of": "", "statuses": {}, "values": dict.fromkeys(KINDS[1:], 0)})
    assert ask("/tags") == (200, {"as_of": "", "counts": [], "total": 0})
    drop(aws, POST, "01", key="a.md")
    drop(aws, POST.replace("[ 茶 ]", "[ 茶, 水 ]").replace("2021-06", "2020-01"), "01", key="b.md")
    drop(aws, "no front matter", "01", key="c.md")
    render(aws.messages(aws.render_queue))
    assert count_posts.handler.handler({}, Context()) == {"counted": 3}
    assert count_posts.handler.handler({}, Context()) == {"counted": 0}
    counts = ask("/counts")[1]
    assert counts["statuses"] == {"ready": 2, "rejected": 1}
    assert (counts["values"]["tags"], counts["values"]["authors"]) == (2, 1)
    tags = ask("/tags")[1]
    assert tags["counts"] == [{"value": "茶", "posts": 2}, {"value": "水", "posts": 1}]
    assert tags["total"] == 2
    assert ask("/tags", "limit=1&offset=1")[1]["counts"] == [{"value": "水", "posts": 1}]
    assert [entry["value"] for entry in ask("/months")[1]["counts"]] == ["2021-06", "2020-01"]
    assert ask("/languages")[1]["counts"] == [{"value": "zh-Hans", "posts": 2}]
    assert ask("/everything")[0] == 404


def test_a_count_that_meets_another_leaves_it_the_work(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    drop(aws, POST, "01", key="a.md")
    real = aws.s3.put_object
    count_posts.handler.handler({}, Context())
    drop(aws, POST, "01", key="b.md")
    counting = count_posts.handler.wiring()
    swap = counting.archive.swap

    def overtaken(key: str, body: bytes, *, replacing: str | None) -> None:
        real(Bucket=aws.archive, Key=key, Body=json.dumps({"v": 1, "other": True}))
        swap(key, body, replacing=replacing)

    monkeypatch.setattr(counting.archive, "swap", overtaken)
    assert count_posts.handler.handler({}, Context()) == {"counted": 0}
