"""The search index on moto: from a post's event to a reader's answer, with the real engine and the real adapters."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest

import parse_post.handler
import query_posts.handler
import render_post.handler
import search_posts.handler
import search_posts.index_handler
from integration.conftest import Aws, Context, api_event, s3_event, sqs_event
from postkeep.errors import ObjectChanged
from postkeep.post import post_id
from postkeep.web.cursor import LIFE
from search_posts.store import MANIFEST_KEY, SEGMENTS
from support.metering import Meter
from support.template import table_definition

POST = "---\ntitle: {}\nauthor: 陆羽\ntags: [ 茶 ]\ndate: 2021-06-29T01:39:02Z\nfrom: https://tea.example/{}\n---\n<p>{}</p>"


class Patient(Context):
    """A context with time for merges."""

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 300_000


def key(name: str) -> str:
    return f"tea/_posts/{name}.md"


def put(aws: Aws, name: str, text: str) -> None:
    aws.put(key(name), POST.format(name, name, text))
    settle(aws, name)


def settle(aws: Aws, name: str) -> None:
    settle.count += 1  # type: ignore[attr-defined]
    parse_post.handler.handler(s3_event(aws.posts, key(name), f"{settle.count:08X}"), Context())  # type: ignore[attr-defined]
    assert render_post.handler.handler(sqs_event(aws.messages(aws.render_queue)), Context()) == {"batchItemFailures": []}


settle.count = 0  # type: ignore[attr-defined]


def index(messages: list[dict[str, Any]]) -> list[str]:
    answer = search_posts.index_handler.handler(sqs_event(messages), Patient())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def found(words: str) -> set[str]:
    search_posts.handler.wiring()._looked = None
    opened = search_posts.handler.wiring().open()
    return {document.title for document in opened.index.documents() if words in document.text}


def searched(query: str, **parameters: str) -> dict[str, Any]:
    """What the API answers."""
    event = api_event("/search", urlencode({"q": query, **parameters}))
    answer: dict[str, Any] = json.loads(search_posts.handler.handler(event, Context())["body"])
    return answer


def text(name: str) -> str:
    path = f"/posts/{post_id(key(name))}/text"
    answer = query_posts.handler.handler(api_event(path, "format=plain"), Context())
    return str(answer["body"])


def removed(name: str) -> str:
    return str(query_posts.handler.handler(api_event(f"/posts/{post_id(key(name))}/removed"), Context())["body"])


def keys(aws: Aws, prefix: str) -> list[str]:
    return [entry["Key"] for entry in aws.s3.list_objects_v2(Bucket=aws.archive, Prefix=prefix).get("Contents", [])]


def test_a_post_is_found_once_it_is_settled_and_no_more_once_it_is_deleted(aws: Aws) -> None:
    put(aws, "a", "雨前茶最香")
    put(aws, "b", "山里的茶")
    assert index(aws.messages(aws.index_queue)) == []
    assert found("茶") == {"a", "b"}
    put(aws, "a", "雨前水")
    assert index(aws.messages(aws.index_queue)) == []
    assert found("茶") == {"b"}
    assert found("水") == {"a"}
    aws.s3.delete_object(Bucket=aws.posts, Key=key("b"))
    settle(aws, "b")
    assert index(aws.messages(aws.index_queue)) == []
    assert (found("茶"), found("水")) == (set(), {"a"})
    assert search_posts.handler.wiring().open().manifest.version == 4
    assert [one["title"] for one in searched("水")["posts"]] == ["a"]


def test_many_commits_are_merged(aws: Aws) -> None:
    for number in range(9):
        put(aws, f"{number}", f"茶 {number}")
        assert index(aws.messages(aws.index_queue)) == []
    assert found("茶") == {f"{number}" for number in range(9)}
    opened = search_posts.handler.wiring().open()
    assert len(opened.segments) == 3


def test_what_is_no_request_fails_alone(aws: Aws) -> None:
    put(aws, "a", "茶")
    (message,) = aws.messages(aws.index_queue)
    bad = {**message, "MessageId": "bad", "Body": "{}"}
    assert index([bad, message]) == ["bad"]
    assert found("茶") == {"a"}


def test_a_message_that_comes_for_the_third_time_has_a_commit_of_its_own(aws: Aws) -> None:
    put(aws, "a", "茶")
    put(aws, "b", "茶")
    first, second = aws.messages(aws.index_queue)
    event = sqs_event([first, second])
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "3"
    assert search_posts.index_handler.handler(event, Patient()) == {"batchItemFailures": []}
    assert search_posts.handler.wiring().open().manifest.version == 3, "two commits, and when it was swept"
    assert found("茶") == {"a", "b"}


def test_a_post_that_cannot_be_indexed_is_received_again_by_itself(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    put(aws, "a", "茶")
    put(aws, "b", "茶")
    messages = aws.messages(aws.index_queue)
    bad = post_id(key("b"))
    engine = search_posts.index_handler.wiring().indexing.engine
    build = type(engine).build

    def refusing(self: Any, documents: Any, folder: Path) -> None:
        known = list(documents)
        if any(document.post_id == bad for document in known):
            raise ValueError("refused")
        build(self, known, folder)

    monkeypatch.setattr(type(engine), "build", refusing)
    (failed,) = index(messages)
    assert bad in next(message["Body"] for message in messages if message["MessageId"] == failed)
    assert found("茶") == {"a"}


def test_a_broken_manifest_has_every_message_come_again(aws: Aws) -> None:
    put(aws, "a", "茶")
    aws.s3.put_object(Bucket=aws.archive, Key=MANIFEST_KEY, Body=b"?")
    messages = aws.messages(aws.index_queue)
    assert index(messages) == [message["MessageId"] for message in messages]


def test_two_writers_of_one_manifest_on_s3(aws: Aws) -> None:
    put(aws, "a", "茶")
    store = search_posts.index_handler.wiring().indexing.store
    none = store.standing()
    index(aws.messages(aws.index_queue))
    with pytest.raises(ObjectChanged):
        store.swap(none.manifest, none)
    first = store.standing()
    put(aws, "b", "茶")
    index(aws.messages(aws.index_queue))
    with pytest.raises(ObjectChanged):
        store.swap(first.manifest, first)
    assert store.newer(first) == store.standing()
    assert store.newer(store.standing()) is None
    assert found("茶") == {"a", "b"}


def test_what_a_commit_and_a_reader_cost(aws: Aws) -> None:
    """Nobody adds a call unknowingly."""
    meter = Meter({aws.table: table_definition()}, aws.dynamodb)
    boto3.setup_default_session()
    session = boto3.DEFAULT_SESSION
    assert session is not None
    meter.watch(session.events)
    with pytest.MonkeyPatch.context() as one_thread:
        # The meter counts for one thread at a time.
        one_thread.setattr(search_posts.index_handler, "in_parallel", lambda work, given: list(map(work, given)))
        for name in ("a", "b"):
            put(aws, name, "茶")
        index(aws.messages(aws.index_queue))
        put(aws, "c", "茶")
        with meter.part("index") as indexing:
            index(aws.messages(aws.index_queue))
        assert sorted(indexing.calls.elements()) == sorted(
            [
                *["dynamodb.GetItem", "s3.GetObject"],  # the record, the text
                *["s3.GetObject", "s3.PutObject", "s3.PutObject"],  # the manifest, the segment, the manifest
                *["s3.GetObject", "s3.GetObject"],  # whether a merge is due, and a sweep
            ]
        )
        with meter.part("search") as searching:
            found("茶")
        assert sorted(searching.calls.elements()) == ["s3.GetObject"] * 3, "the manifest and two segments"
        with meter.part("warm") as warm:
            found("茶")
        assert sorted(warm.calls.elements()) == ["s3.GetObject"]
    boto3.setup_default_session()
    assert len(keys(aws, SEGMENTS)) == 2


def test_a_reader_goes_on_with_what_it_has(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    put(aws, "a", "茶")
    index(aws.messages(aws.index_queue))
    assert found("茶") == {"a"}
    aws.s3.put_object(Bucket=aws.archive, Key=MANIFEST_KEY, Body=b"?")
    search_posts.handler.wiring()._looked = None
    assert searched("茶")["total"] == 1
    assert "SearchIndexNotRead" in capsys.readouterr().out


def test_what_was_cleaned_away_is_neither_found_nor_shown(aws: Aws) -> None:
    put(aws, "a", '雨前茶最香</p><div class="sharedaddy">分享到微博</div><p>山里的茶也好')
    index(aws.messages(aws.index_queue))
    search_posts.handler.wiring()._looked = None
    assert searched("分享到微博")["total"] == 0
    (hit,) = searched("茶")["posts"]
    assert hit["snippet"]["text"] == "雨前茶最香\n\n山里的茶也好"
    assert hit["snippet"]["text"] in text("a")
    assert "分享到微博" in removed("a")


@pytest.mark.parametrize(
    ("query", "status", "kind"),
    [
        ({"q": "("}, 400, "query-invalid"),
        ({"q": "茶", "cursor": "x"}, 400, "cursor-invalid"),
        ({"q": ""}, 400, "parameter-invalid"),
        ({"q": "茶" * 501}, 400, "parameter-invalid"),
        ({}, 400, "parameter-missing"),
        ({"q": "茶", "sorted": "x"}, 400, "parameter-unknown"),
    ],
)
def test_what_cannot_be_answered_is_a_problem(aws: Aws, query: dict[str, str], status: int, kind: str) -> None:
    answer = search_posts.handler.handler(api_event("/search", urlencode(query)), Context())
    problem = json.loads(answer["body"])
    assert (answer["statusCode"], problem["type"]) == (status, f"urn:postkeep:problem:{kind}")
    assert ("position" in problem) == (kind == "query-invalid")


def test_an_index_that_cannot_be_read_is_told_of(aws: Aws) -> None:
    aws.s3.put_object(Bucket=aws.archive, Key=MANIFEST_KEY, Body=b"?")
    for path in ("/search", "/suggest"):
        answer = search_posts.handler.handler(api_event(path, urlencode({"q": "茶"})), Context())
        assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "5")


def test_pages_go_on_after_each_other(aws: Aws) -> None:
    for number in range(5):
        put(aws, f"{number}", "茶" * (number + 1))
    index(aws.messages(aws.index_queue))
    search_posts.handler.wiring()._looked = None
    for sort in ("relevance", "newest", "oldest"):
        seen, cursor = list[str](), ""
        while True:
            page = searched("茶", sort=sort, limit="2", counts="false", **({"cursor": cursor} if cursor else {}))
            assert (page["total"], page["counts"], page["sort"]) == (5, None, sort)
            seen += [post["title"] for post in page["posts"]]
            cursor = page["next"]
            if not cursor:
                break
        assert sorted(seen) == ["0", "1", "2", "3", "4"]
    (first,) = searched("茶", limit="1")["posts"]
    cursor = searched("茶", limit="1")["next"]
    event = api_event("/search", urlencode({"q": "水", "cursor": cursor}))
    assert json.loads(search_posts.handler.handler(event, Context())["body"])["type"].endswith("cursor-invalid")
    assert searched("茶", limit="1")["counts"]["years"] == [{"value": "2021", "posts": 5}]
    assert first["score"] > 0


def test_an_expired_cursor_is_told_of(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        put(aws, f"{number}", "茶")
    index(aws.messages(aws.index_queue))
    search_posts.handler.wiring()._looked = None
    cursor = searched("茶", limit="1")["next"]
    late = datetime.now(UTC) + LIFE
    monkeypatch.setattr(search_posts.handler, "_now", lambda: late)
    search_posts.handler.app.cache_clear()
    event = api_event("/search", urlencode({"q": "茶", "limit": "1", "cursor": cursor}))
    answer = search_posts.handler.handler(event, Context())
    assert (answer["statusCode"], json.loads(answer["body"])["type"]) == (410, "urn:postkeep:problem:cursor-expired")


def test_suggestions(aws: Aws) -> None:
    put(aws, "tea time", "茶")
    index(aws.messages(aws.index_queue))
    search_posts.handler.wiring()._looked = None
    answer = search_posts.handler.handler(api_event("/suggest", urlencode({"q": "陆"})), Context())
    assert json.loads(answer["body"]) == {"suggestions": [{"kind": "author", "text": "陆羽", "posts": 1, "id": None}]}
    answer = search_posts.handler.handler(api_event("/suggest", urlencode({"q": "tea t"})), Context())
    found = json.loads(answer["body"])["suggestions"]
    assert [(one["kind"], one["text"]) for one in found] == [("title", "tea time")]
