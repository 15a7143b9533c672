"""One post, through the real handlers on moto: by its article's address, its pictures, its file."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import pytest
import requests

import query_posts.handler
from integration.conftest import Aws, Context, api_event, s3_event
from integration.test_listing import kept
from integration.test_pipeline import KEY, POST, ask, drop, parse, render
from postkeep.aws.dynamodb import DynamoPosts
from postkeep.post import post_id
from postkeep.web import answers
from query_posts import post_routes
from query_posts.views import PostDetail
from support.posts import METADATA, a_post, dated

ADDRESS = "https://tea.example/1"


def by_url(url: str) -> tuple[int, Any]:
    event = api_event("/posts/by-url")
    event["rawQueryString"] = urlencode({"url": url})
    answer = query_posts.handler.handler(event, Context())
    return answer["statusCode"], json.loads(answer["body"])


@pytest.mark.parametrize(
    "url", [ADDRESS, "http://www.TEA.example:80/1/?utm_source=rss#top", " https://tea.example/1", "HTTPS://tea.example/%31"]
)
def test_a_post_is_found_by_its_articles_address(aws: Aws, url: str) -> None:
    drop(aws, POST, "01")
    render(aws.messages(aws.render_queue))
    status, found = by_url(url)
    assert status == 200
    alone = ask(f"/posts/{post_id(KEY)}")[1]
    assert found == alone | {"others": [], "truncated": False}
    assert found["picture_items"][0]["alt"] == "茶园"
    assert set(alone) == set(PostDetail.__struct_fields__)


def test_the_newest_of_several_posts_of_an_address_tells_the_others(aws: Aws) -> None:
    for key, day in (("a.md", "03"), ("b.md", "05"), ("c.md", "04")):
        drop(aws, POST.replace("2021-06-29T", f"2021-06-{day}T"), "01", key=key)
    status, found = by_url(ADDRESS)
    assert (status, found["key"], [other["key"] for other in found["others"]]) == (200, "b.md", ["c.md", "a.md"])
    assert found["truncated"] is False


def test_others_that_are_too_many_are_cut(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(6):
        kept(a_post(key=f"{n}.md", metadata=dated(n)))
    url = METADATA.source_url or ""
    assert len(by_url(url)[1]["others"]) == 5
    monkeypatch.setattr(post_routes, "_MOST", 4)
    found = by_url(url)[1]
    assert (found["key"], len(found["others"]), found["truncated"]) == ("5.md", 3, True)
    whole = answers.size(json.dumps(found, ensure_ascii=False, separators=(",", ":")))
    monkeypatch.setattr(answers, "MAX_ANSWER", whole - 1)
    found = by_url(url)[1]
    assert (found["key"], [other["key"] for other in found["others"]], found["truncated"]) == ("5.md", ["4.md"], True)


def test_a_post_that_has_left_an_address_is_not_found_by_it(aws: Aws) -> None:
    drop(aws, POST, "01")
    assert by_url("https://tea.example/other")[1]["type"] == "urn:postkeep:problem:address-unknown"
    aws.s3.delete_object(Bucket=aws.posts, Key=KEY)
    parse(s3_event(aws.posts, KEY, "02", "ObjectRemoved:DeleteMarkerCreated"))
    assert by_url(ADDRESS)[0] == 404


def test_an_entry_that_is_behind_its_record_is_passed_over(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    drop(aws, POST, "01")
    listings = query_posts.routes.wiring().listings
    moved = {post_id(KEY): replace(a_post(key=KEY), metadata=dated(9))}
    monkeypatch.setattr(type(listings), "posts", lambda self, ids: moved)
    assert by_url(ADDRESS)[0] == 404


@pytest.mark.parametrize("url", ["", "tea.example/1", "javascript:alert(1)", "ftp://tea.example/1"])
def test_what_is_no_address_is_refused(aws: Aws, url: str) -> None:
    status, problem = by_url(url)
    assert (status, problem["type"]) == (400, "urn:postkeep:problem:parameter-invalid")
    assert ask("/posts/by-url")[0] == 400


@pytest.mark.parametrize(
    "url", ["https://", "http://[", "https://tea.example:port/1", "https://\u2100.example/", "https://x/%ff%00"]
)
def test_an_odd_address_is_unknown(aws: Aws, url: str) -> None:
    assert by_url(url)[1]["type"] == "urn:postkeep:problem:address-unknown"


def test_the_pictures_of_a_post(aws: Aws) -> None:
    drop(aws, POST.replace('alt="茶园">', 'alt="茶园"><img src="https://pictures.example/0.jpg">'), "01")
    assert ask(f"/posts/{post_id(KEY)}/pictures")[1] == {"id": post_id(KEY), "pictures": []}
    render(aws.messages(aws.render_queue))
    status, found = ask(f"/posts/{post_id(KEY)}/pictures")
    assert status == 200
    assert [(picture["address"], picture["alt"], picture["status"]) for picture in found["pictures"]] == [
        ("https://pictures.example/1.jpg", "茶园", "pending"),
        ("https://pictures.example/0.jpg", "", "pending"),
    ]
    assert found["pictures"] == ask(f"/posts/{post_id(KEY)}")[1]["picture_items"]
    assert ask(f"/posts/{'a' * 26}/pictures")[0] == 404


@pytest.mark.parametrize("path", ["", "/pictures"])
def test_an_answer_that_is_too_large_is_a_problem(aws: Aws, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    drop(aws, POST, "01")
    monkeypatch.setattr(answers, "MAX_ANSWER", 20)
    status, problem = ask(f"/posts/{post_id(KEY)}{path}")
    assert (status, problem["type"]) == (413, "urn:postkeep:problem:answer-too-large")


def raw(key: str = KEY) -> dict[str, Any]:
    answer: dict[str, Any] = query_posts.handler.handler(api_event(f"/posts/{post_id(key)}/raw"), Context())
    return answer


def test_the_file_of_a_post_is_had_by_a_redirect(aws: Aws) -> None:
    drop(aws, POST, "01")
    answer = raw()
    assert (answer["statusCode"], answer["body"], answer["headers"]["Cache-Control"]) == (307, "", "no-store")
    where = answer["headers"]["Location"]
    query = parse_qs(urlsplit(where).query)
    assert query["X-Amz-Expires"] == ["300"]
    file = requests.get(where, timeout=5)
    assert file.content.decode() == POST
    assert file.headers["Content-Type"] == "text/plain; charset=utf-8"
    name = file.headers["Content-Disposition"].partition("filename*=UTF-8''")[2]
    assert unquote(name) == "2021-06-29-一杯茶的 路 #1.md"


def test_the_file_is_the_version_that_the_record_is_of(aws: Aws) -> None:
    drop(aws, POST, "01")
    aws.put(KEY, "not parsed yet")
    drop(aws, "no front matter", "02", key="rejected.md")
    stored = DynamoPosts(aws.table).get(post_id(KEY))
    assert stored is not None
    assert parse_qs(urlsplit(raw()["headers"]["Location"]).query)["versionId"] == [stored.revision.version_id]
    assert requests.get(raw()["headers"]["Location"], timeout=5).content.decode() == POST
    assert requests.get(raw("rejected.md")["headers"]["Location"], timeout=5).content == b"no front matter"


def test_a_post_that_is_not_there_has_no_file(aws: Aws) -> None:
    assert raw()["statusCode"] == 404
    drop(aws, POST, "01")
    aws.s3.delete_object(Bucket=aws.posts, Key=KEY)
    parse(s3_event(aws.posts, KEY, "02", "ObjectRemoved:DeleteMarkerCreated"))
    assert raw()["statusCode"] == 410
