"""Feeds and sitemaps through the real handlers on moto."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import count_posts.handler
import query_posts.handler
from integration.conftest import Aws, Context, api_event
from integration.test_pipeline import KEY, POST, drop, render
from postkeep.counts import TOTALS_KEY, Totals
from postkeep.post import post_id
from support.feeds import check_atom, check_json_feed, listed_feeds, sitemap_addresses

BASE = "https://abcdef1234.execute-api.us-east-1.amazonaws.com"


def get(path: str, query: str = "", host: str = "", **headers: str) -> tuple[int, str, str]:
    event = api_event(path, query, headers={"x-forwarded-proto": "https", **headers})
    if host:
        event["requestContext"]["domainName"] = host
    answer = query_posts.handler.handler(event, Context())
    return answer["statusCode"], answer["headers"]["Content-Type"], answer["body"]


def problem(path: str, query: str = "", host: str = "") -> str:
    status, kind, body = get(path, query, host)
    assert (status >= 400, kind) == (True, "application/problem+json")
    return str(json.loads(body)["type"]).rpartition(":")[2]


def feed(form: str, query: str = "") -> Any:
    status, kind, body = get(f"/feeds/{form}", query)
    assert status == 200
    if form == "json":
        assert kind == "application/feed+json; charset=utf-8"
        return check_json_feed(body)
    assert kind == "application/atom+xml; charset=utf-8"
    return check_atom(body)


def posts(aws: Aws, count: int = 1) -> None:
    for n in range(count):
        drop(aws, POST.replace("2021-06-29", f"2021-0{n + 1}-28"), "01", key=f"{n}.md")


def test_a_listing_is_a_feed_newest_first(aws: Aws) -> None:
    posts(aws, 3)
    drop(aws, POST.replace("陆羽", "皎然"), "01")
    atom, value = feed("atom"), feed("json")
    assert [entry.id for entry in atom.entries] == [item["id"] for item in value["items"]]
    assert value["items"][0]["authors"] == [{"name": "皎然"}]
    assert [item["date_published"][:7] for item in value["items"]] == ["2021-06", "2021-03", "2021-02", "2021-01"]
    assert value["feed_url"] == f"{BASE}/feeds/json"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("author=陆羽", {"0.md", "1.md", "2.md"}),
        ("author=陆", set()),
        ("tag=茶&from=2021-02-28", {"1.md", "2.md"}),
        ("to=2021-02-28", {"0.md", "1.md"}),
        ("from=2021-02-28&to=2021-02-28&host=tea.example", {"1.md"}),
        ("category=x", set()),
        ("archive=", {"0.md", "1.md", "2.md"}),
        ("status=rejected", {"bad.md"}),
        ("status=ready", set()),
        ("year=2021&month=2", {"1.md"}),
        ("year=2021&month=2&to=2021-02-27", set()),
        ("has_image=true", set()),
        ("has_image=false&sort=added", {"0.md", "1.md", "2.md"}),
    ],
)
def test_a_feed_takes_the_filters_of_the_listing(aws: Aws, query: str, expected: set[str]) -> None:
    posts(aws, 3)
    drop(aws, "no front matter", "01", key="bad.md")
    wanted = {f"urn:postkeep:post:{post_id(key)}" for key in expected}
    assert {item["id"] for item in feed("json", query)["items"]} == wanted
    assert {entry.id for entry in feed("atom", query).entries} == wanted


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("/feeds/rss", "", "parameter-invalid"),
        ("/feeds/atom", "content=all", "parameter-invalid"),
        ("/feeds/atom", "from=yesterday", "date-invalid"),
        ("/feeds/json", f"author={'x' * 513}", "parameter-invalid"),
        ("/sitemaps/2021-13.xml", "", "parameter-invalid"),
        ("/sitemaps/2021-06", "", "parameter-invalid"),
        ("/sitemap.xml", "", "counts-none"),
        ("/feeds/opml", "", "counts-none"),
    ],
)
def test_what_cannot_be_answered_is_explained(aws: Aws, path: str, query: str, expected: str) -> None:
    assert problem(path, query) == expected


def test_a_feed_may_go_by_what_was_added_last(aws: Aws) -> None:
    for day in ("02", "03", "01"):
        drop(aws, POST.replace("2021-06-29", f"2021-06-{day}"), "01", key=f"{day}.md")
    value = feed("json", "sort=added&has_image=false")
    assert [item["date_published"][8:10] for item in value["items"]] == ["01", "03", "02"]
    assert value["feed_url"] == f"{BASE}/feeds/json?has_image=false&sort=added"
    assert value["title"] == "Postkeep: has_image false, sort added"


def test_content_is_given_to_who_asks_for_it(aws: Aws) -> None:
    drop(aws, POST, "01")
    render(aws.messages(aws.render_queue))
    (item,) = feed("json", "content=full")["items"]
    assert item["content_html"].startswith("<p>清晨的第一杯茶，总是最香的。</p>")
    assert item["summary"] == "清晨的第一杯茶，总是最香的。"
    # feedparser leaves out what it knows no attributes of.
    assert feed("atom", "content=full").entries[0].content[0].value.startswith("<p>清晨的第一杯茶，总是最香的。</p>")
    (item,) = feed("json")["items"]
    assert item["content_text"] == "清晨的第一杯茶，总是最香的。"


def test_feeds_may_be_kept_for_minutes_and_are_never_taken_for_pages(aws: Aws) -> None:
    answer = query_posts.handler.handler(api_event("/feeds/atom"), Context())
    assert answer["headers"]["Cache-Control"] == "max-age=300"
    assert answer["headers"]["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("host", "proto", "base"),
    [
        ("127.0.0.1:8080", "http", "http://127.0.0.1:8080"),
        ("[::1]:8080", "", "http://[::1]:8080"),
        ("posts.example", "https", "https://posts.example"),
    ],
)
def test_addresses_are_those_that_the_api_was_asked_at(aws: Aws, host: str, proto: str, base: str) -> None:
    drop(aws, POST, "01")
    _, _, body = get("/feeds/json", host=host, **{"x-forwarded-proto": proto})
    assert json.loads(body)["items"][0]["url"] == f"{base}/posts/{post_id(KEY)}/text?format=html"


@pytest.mark.parametrize("host", ['a"b', "a b", "a/b", "a:123456"])
def test_an_address_that_is_none_is_refused(aws: Aws, host: str) -> None:
    assert problem("/feeds/json", host=host) == "host-invalid"


def counted(aws: Aws) -> None:
    count_posts.handler.handler({}, Context())


def test_the_authors_feeds_are_listed_and_work(aws: Aws) -> None:
    posts(aws, 2)
    drop(aws, POST.replace("陆羽", "皎然 & <co>"), "01")
    counted(aws)
    status, kind, body = get("/feeds/opml")
    assert (status, kind) == (200, "text/x-opml; charset=utf-8")
    feeds = listed_feeds(body)
    assert list(feeds) == ["陆羽", "皎然 & <co>"]
    asked = [parse_qs(urlsplit(address).query)["author"] for address in feeds.values()]
    assert asked == [["陆羽"], ["皎然 & <co>"]]


def totals(aws: Aws, **counts: dict[str, int]) -> None:
    found = Totals(as_of="2021-06-29T00:00:00.000Z")
    for kind, values in counts.items():
        found.counts[kind].update(values)
    aws.s3.put_object(Bucket=aws.archive, Key=TOTALS_KEY, Body=found.encode())


def test_the_list_of_feeds_is_bounded_and_names_none_that_cannot_be_asked_for(aws: Aws) -> None:
    totals(aws, authors={"x" * 600: 9, **{f"作者{n:05}{'&' * 100}": 1 for n in range(5000)}})
    _, _, body = get("/feeds/opml")
    assert len(body.encode()) < 1_000_000
    feeds = listed_feeds(body)
    assert 300 < len(feeds) < 5000
    assert next(iter(feeds)).startswith("作者00000")


def test_a_sitemap_has_a_months_posts(aws: Aws) -> None:
    posts(aws, 3)
    drop(aws, POST.replace("date: 2021-06-29T01:39:02.000Z\n", "").replace("<!--1624930742000-->", ""), "01", key="undated.md")
    counted(aws)
    status, kind, body = get("/sitemap.xml")
    assert (status, kind) == (200, "application/xml; charset=utf-8")
    maps = sitemap_addresses(body, "sitemap")
    assert maps == [f"{BASE}/sitemaps/{name}.xml" for name in ("2021-03", "2021-02", "2021-01", "undated")]
    for address, key in zip(maps, ("2.md", "1.md", "0.md", "undated.md"), strict=True):
        _, _, body = get(urlsplit(address).path)
        assert sitemap_addresses(body, "url") == [f"{BASE}/posts/{post_id(key)}/text?format=html"]
    assert sitemap_addresses(get("/sitemaps/2021-03-28.xml")[2], "url") != []
    assert sitemap_addresses(get("/sitemaps/2021-03-27.xml")[2], "url") == []


def test_a_crowded_month_is_listed_by_days(aws: Aws) -> None:
    totals(aws, months={"2020-02": 10_001, "2020-01": 10_000}, statuses={"ready": 20_001})
    maps = sitemap_addresses(get("/sitemap.xml")[2], "sitemap")
    assert maps[0] == f"{BASE}/sitemaps/2020-02-29.xml"
    assert (len(maps), maps[-1]) == (30, f"{BASE}/sitemaps/2020-01.xml")


def test_a_sitemap_is_bounded(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("query_posts.feed_routes._STRETCH", 2)
    monkeypatch.setattr("query_posts.feed_routes.MAX_ADDRESSES", 4)
    for n in range(7):
        drop(aws, POST.replace("01:39:02", f"01:39:0{n}"), "01", key=f"{n}.md")
    found = sitemap_addresses(get("/sitemaps/2021-06.xml")[2], "url")
    assert found == [f"{BASE}/posts/{post_id(f'{n}.md')}/text?format=html" for n in (6, 5, 4, 3)]
