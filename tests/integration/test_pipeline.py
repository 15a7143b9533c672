"""A post's whole way through the real handlers, on moto."""

import json
from typing import Any

import pytest

import parse_post.handler
import query_posts.handler
import render_post.handler
from integration.conftest import Aws, Context, api_event, s3_event, sqs_event
from postkeep.post import post_id
from support.template import ROOT

KEY = "tea/_posts/2021-06-29-一杯茶的 路 #1.md"
POST = """---
title: "一杯茶"
date: 2021-06-29T01:39:02.000Z
author: 陆羽
from: https://tea.example/1
tags: [ 茶 ]
---
<!--1624930742000-->
[一杯茶](https://tea.example/1)
------

<div>
<p>清晨的第一杯茶，总是最香的。</p><p><img src="https://pictures.example/1.jpg" alt="茶园"></p>
</div>
"""


def parse(event: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = parse_post.handler.handler(event, Context())
    return answer


def render(messages: list[dict[str, Any]]) -> list[str]:
    answer = render_post.handler.handler(sqs_event(messages), Context())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def ask(path: str, query: str = "", **headers: str) -> tuple[int, Any]:
    answer = query_posts.handler.handler(api_event(path, query, headers=headers), Context())
    body = answer["body"]
    kind = answer["headers"]["Content-Type"]
    return answer["statusCode"], json.loads(body) if "json" in kind else body


def drop(aws: Aws, content: str, sequencer: str, key: str = KEY) -> None:
    aws.put(key, content)
    parse(s3_event(aws.posts, key, sequencer))


def test_a_post_goes_from_the_bucket_to_an_answer(aws: Aws) -> None:
    drop(aws, POST, "01")
    status, listing = ask("/posts")
    assert (status, [post["status"] for post in listing["posts"]]) == (200, ["pending"])
    assert ask(f"/posts/{post_id(KEY)}/text")[0] == 503

    assert render(aws.messages(aws.render_queue)) == []
    status, listing = ask("/posts", "author=陆羽&tag=茶&from=2021-06-29&to=2021-06-29")
    (post,) = listing["posts"]
    assert post["id"] == post_id(KEY)
    assert (post["status"], post["title"], post["published"]) == ("ready", "一杯茶", "2021-06-29T01:39:02.000Z")
    assert post["characters"] > 10
    assert post["summary"].startswith("清晨的第一杯茶")
    status, text = ask(f"/posts/{post_id(KEY)}/text", "format=plain")
    assert (status, text.strip()) == (200, "清晨的第一杯茶，总是最香的。")
    status, markdown = ask(f"/posts/{post_id(KEY)}/text", accept="text/markdown")
    assert "https://pictures.example/1.jpg" in markdown
    (message,) = aws.messages(aws.thumbnail_queue)
    assert json.loads(message["Body"])["address"] == "https://pictures.example/1.jpg"
    status, detail = ask(f"/posts/{post_id(KEY)}")
    assert [(p["address"], p["alt"], p["status"]) for p in detail["picture_items"]] == [
        ("https://pictures.example/1.jpg", "茶园", "pending")
    ]


def test_an_edited_post_leaves_its_old_tags_and_text(aws: Aws) -> None:
    drop(aws, POST, "01")
    render(aws.messages(aws.render_queue))
    drop(aws, POST.replace("[ 茶 ]", "[ 水 ]").replace("最香", "最淡"), "02")
    render(aws.messages(aws.render_queue))
    assert ask("/posts", "tag=茶")[1]["posts"] == []
    assert len(ask("/posts", "tag=水")[1]["posts"]) == 1
    assert "最淡" in ask(f"/posts/{post_id(KEY)}/text")[1]
    assert len(list(aws.s3.list_objects_v2(Bucket=aws.archive, Prefix="renditions/")["Contents"])) == 1


def test_a_deleted_post_is_gone_and_listed_among_the_deleted(aws: Aws) -> None:
    drop(aws, POST, "01")
    render(aws.messages(aws.render_queue))
    aws.s3.delete_object(Bucket=aws.posts, Key=KEY)
    parse(s3_event(aws.posts, KEY, "02", "ObjectRemoved:DeleteMarkerCreated"))
    assert render(aws.messages(aws.render_queue)) == []
    assert ask("/posts")[1]["posts"] == []
    assert [post["key"] for post in ask("/posts", "status=deleted")[1]["posts"]] == [KEY]
    status, problem = ask(f"/posts/{post_id(KEY)}")
    assert (status, problem["type"]) == (410, "urn:postkeep:problem:post-deleted")
    assert "Contents" not in aws.s3.list_objects_v2(Bucket=aws.archive)
    assert (
        aws.dynamodb.query(
            TableName=aws.table,
            KeyConditionExpression="pk = :p",
            ExpressionAttributeValues={":p": {"S": f"PICTURES#{post_id(KEY)}"}},
        )["Count"]
        == 0
    )


def test_a_rejected_post_is_shown_with_its_reason(aws: Aws) -> None:
    drop(aws, "---\ntitle: [\n---\n", "01")
    assert render(aws.messages(aws.render_queue)) == []
    (post,) = ask("/posts", "status=rejected")[1]["posts"]
    assert (post["status"], post["reason"]) == ("rejected", "front-matter-invalid")
    assert ask(f"/posts/{post['id']}")[0] == 200
    assert ask(f"/posts/{post['id']}/text")[1]["type"] == "urn:postkeep:problem:text-none"


def test_a_late_event_is_superseded(aws: Aws) -> None:
    drop(aws, POST, "02")
    assert parse(s3_event(aws.posts, KEY, "01")) == {"outcomes": ["superseded"]}


def test_every_record_of_an_event_is_tried_before_it_fails(aws: Aws) -> None:
    event: dict[str, Any] = json.loads((ROOT / "events" / "s3-multi.json").read_text("utf-8"))
    aws.put("tea/_posts/2020-01-05-雨天.md", POST)
    event["Records"].insert(0, s3_event("no-such-bucket", KEY)["Records"][0])
    with pytest.raises(ExceptionGroup, match="1 of 4 records failed"):
        parse(event)
    assert [post["key"] for post in ask("/posts")[1]["posts"]] == ["tea/_posts/2020-01-05-雨天.md"]


@pytest.mark.parametrize(("file", "outcome"), [("s3-put", "recorded"), ("s3-delete", "deleted")])
def test_the_example_events_are_handled(aws: Aws, file: str, outcome: str) -> None:
    event = json.loads((ROOT / "events" / f"{file}.json").read_text("utf-8"))
    if outcome == "recorded":
        aws.put(KEY, POST)
    assert parse(event) == {"outcomes": [outcome]}


def test_a_message_that_cannot_be_done_is_received_again_alone(aws: Aws) -> None:
    drop(aws, POST, "01")
    (good,) = aws.messages(aws.render_queue)
    bad = {**good, "MessageId": "bad", "Body": "{}"}
    batch = json.loads((ROOT / "events" / "render-batch.json").read_text("utf-8"))
    assert render([bad, good]) == ["bad"]
    assert ask("/posts")[1]["posts"][0]["status"] == "ready"
    answer = render_post.handler.handler(batch, Context())
    assert answer["batchItemFailures"] == []  # of its two posts one is there and one is not known: nothing is to be done for it


def test_pages_follow_each_other(aws: Aws) -> None:
    for n in range(5):
        drop(aws, POST.replace("T01:39", f"T0{n}:39"), "01", key=f"k{n}.md")
    seen, cursor = [], ""
    while True:
        page = ask("/posts", "limit=2" + (f"&cursor={cursor}" if cursor else ""))[1]
        seen += [post["key"] for post in page["posts"]]
        cursor = page["next"]
        if not cursor:
            break
    assert seen == ["k4.md", "k3.md", "k2.md", "k1.md", "k0.md"]
    first = ask("/posts", "limit=2")[1]["next"]
    assert ask("/posts", f"limit=2&tag=茶&cursor={first}")[1]["type"] == "urn:postkeep:problem:cursor-invalid"


@pytest.mark.parametrize(
    ("path", "query", "status", "kind"),
    [
        ("/posts", "limit=0", 400, "parameter-invalid"),
        ("/posts", "limit=101", 400, "parameter-invalid"),
        ("/posts", "limit=many", 400, "parameter-invalid"),
        ("/posts", "status=lost", 400, "parameter-invalid"),
        ("/posts", "from=yesterday", 400, "date-invalid"),
        ("/posts", "cursor=zzz", 400, "cursor-invalid"),
        ("/posts", "author=" + "x" * 513, 400, "parameter-invalid"),
        ("/posts/" + "a" * 26, "", 404, "post-unknown"),
        ("/posts/UPPER", "", 400, "parameter-invalid"),
        ("/posts/" + "a" * 26 + "/text", "format=pdf", 400, "parameter-invalid"),
        ("/thumbnails/" + "0" * 64 + "-1/320.webp", "", 404, "thumbnail-unknown"),
        ("/thumbnails/" + "0" * 64 + "-1/made.json", "", 400, "parameter-invalid"),
        ("/thumbnails/" + "0" * 64 + ".webp", "", 404, "thumbnail-unknown"),
        ("/thumbnails/..%2Frenditions", "", 400, "parameter-invalid"),
        ("/nowhere", "", 404, "route-unknown"),
    ],
)
def test_what_cannot_be_answered_is_a_problem(aws: Aws, path: str, query: str, status: int, kind: str) -> None:
    found, problem = ask(path, query)
    assert (found, problem["type"], problem["status"]) == (status, f"urn:postkeep:problem:{kind}", status)


def test_a_format_that_is_not_offered_is_refused(aws: Aws) -> None:
    assert ask("/posts/" + "a" * 26 + "/text", accept="image/png")[0] == 406


def test_a_fault_is_logged_and_tells_nothing(aws: Aws) -> None:
    aws.dynamodb.delete_table(TableName=aws.table)
    status, problem = ask("/posts")
    assert (status, problem["type"]) == (500, "urn:postkeep:problem:fault")
    assert "posts" not in problem["detail"]


def test_the_service_answers_for_itself(aws: Aws) -> None:
    event = json.loads((ROOT / "events" / "api-healthz.json").read_text("utf-8"))
    answer = query_posts.handler.handler(event, Context())
    assert json.loads(answer["body"])["status"] == "ok"
    document = ask("/openapi.json")[1]
    assert set(document["paths"]) == {
        "/posts",
        "/posts/{post_id}",
        "/posts/by-url",
        "/posts/{post_id}/pictures",
        "/posts/{post_id}/raw",
        "/posts/{post_id}/text",
        "/posts/{post_id}/removed",
        "/posts/{post_id}/revisions",
        "/posts/{post_id}/revisions/{version}",
        "/posts/{post_id}/diff",
        "/posts/{post_id}/related",
        "/changes",
        "/counts",
        "/authors",
        "/tags",
        "/categories",
        "/months",
        "/hosts",
        "/languages",
        "/archives",
        "/docs",
        "/search",
        "/suggest",
        "/openapi.json",
        "/thumbnails/{folder}/{name}",
        "/feeds/{form}",
        "/feeds/opml",
        "/sitemap.xml",
        "/sitemaps/{name}",
        "/healthz",
    }


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("0" * 64 + "-1/640.webp", "image/webp"),
        ("0" * 64 + "-1/640.jpeg", "image/jpeg"),
        ("0" * 64 + "-12/1280.avif", "image/avif"),
        ("0" * 64 + ".webp", "image/webp"),
    ],
)
def test_a_thumbnail_is_served_as_it_is(aws: Aws, name: str, kind: str) -> None:
    aws.s3.put_object(Bucket=aws.archive, Key=f"thumbnails/{name}", Body=b"RIFF")
    answer = query_posts.handler.handler(api_event(f"/thumbnails/{name}"), Context())
    assert (answer["isBase64Encoded"], answer["body"]) == (True, "UklGRg==")
    assert answer["headers"]["Content-Type"] == kind
    assert answer["headers"]["Cache-Control"] == "public, max-age=31536000, immutable"


def test_browsers_are_let_in_where_the_archive_says_so(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    event = api_event("/healthz", headers={"origin": "https://tea.example"})
    plain = query_posts.handler.handler(event, Context())
    assert "Access-Control-Allow-Origin" not in plain["headers"]
    monkeypatch.setenv("CORS_ORIGIN", "https://tea.example")
    query_posts.handler.app.cache_clear()
    allowed = query_posts.handler.handler(event, Context())
    assert allowed["headers"]["Access-Control-Allow-Origin"] == "https://tea.example"


def test_a_text_whose_rendition_is_being_replaced_is_asked_for_again(aws: Aws) -> None:
    drop(aws, POST, "01")
    render(aws.messages(aws.render_queue))
    for entry in aws.s3.list_objects_v2(Bucket=aws.archive)["Contents"]:
        aws.s3.delete_object(Bucket=aws.archive, Key=entry["Key"])
    answer = query_posts.handler.handler(api_event(f"/posts/{post_id(KEY)}/text"), Context())
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "2")
