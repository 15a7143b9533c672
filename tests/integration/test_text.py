"""What render made of a post, in each form of it, through the real handlers on moto."""

import json
from dataclasses import replace
from typing import Any

import pytest

import query_posts.handler
from integration.conftest import Aws, Context, api_event, s3_event
from integration.test_pipeline import KEY, POST, ask, drop, parse, render
from postkeep.post import post_id
from postkeep.renditions import Removal, RenditionObject
from postkeep.web import answers
from query_posts import routes

ID = post_id(KEY)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
REMOVED = (Removal(rule="generic/sharing", text="分享到"), Removal(rule="generic/related", text='延伸閱讀：“一”\n"二"'))


def answer(path: str, query: str = "", **headers: str) -> dict[str, Any]:
    found: dict[str, Any] = query_posts.handler.handler(api_event(path, query, headers=headers), Context())
    return found


def rendered(aws: Aws, **fields: Any) -> None:
    """Have a post whose stored rendition says what is given."""
    drop(aws, POST, "01")
    render(aws.messages(aws.render_queue))
    change(aws, **fields)


def change(aws: Aws, **fields: Any) -> None:
    """Have the stored rendition say what is given."""
    (entry,) = aws.s3.list_objects_v2(Bucket=aws.archive, Prefix="renditions/")["Contents"]
    stored = RenditionObject.decode(aws.s3.get_object(Bucket=aws.archive, Key=entry["Key"])["Body"].read())
    aws.s3.put_object(Bucket=aws.archive, Key=entry["Key"], Body=replace(stored, **fields).encode())


def as_version_1(aws: Aws) -> None:
    """Make the stored rendition one of the form before."""
    rendered(aws)
    (entry,) = aws.s3.list_objects_v2(Bucket=aws.archive, Prefix="renditions/")["Contents"]
    fields = json.loads(aws.s3.get_object(Bucket=aws.archive, Key=entry["Key"])["Body"].read())
    del fields["html"], fields["removed"]
    aws.s3.put_object(Bucket=aws.archive, Key=entry["Key"], Body=json.dumps(fields | {"v": 1}).encode())


def test_the_html_of_a_post(aws: Aws) -> None:
    drop(aws, POST, "01")
    render(aws.messages(aws.render_queue))
    status, html = ask(f"/posts/{ID}/text", "format=html")
    assert status == 200
    assert html.startswith("<p>清晨的第一杯茶，总是最香的。</p>")
    assert '<img src="https://pictures.example/1.jpg" alt="茶园"' in html


@pytest.mark.parametrize(("query", "accept"), [("format=html", "*/*"), ("", "text/html"), ("", BROWSER)])
def test_html_is_shown_without_scripts(aws: Aws, query: str, accept: str) -> None:
    rendered(aws, html="<p>茶</p>")
    found = answer(f"/posts/{ID}/text", query, accept=accept)
    assert (found["statusCode"], found["body"]) == (200, "<p>茶</p>")
    assert {
        name: found["headers"][name] for name in found["headers"] if name not in {"Content-Length", "ETag", "Last-Modified"}
    } == {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "default-src 'none'; img-src https: http: data:; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept, Accept-Encoding",
        "Cache-Control": "no-cache",
        "Text-Length": "8",
        "Text-From": "0",
        "Text-To": "8",
    }


@pytest.mark.parametrize(
    ("query", "accept", "kind"),
    [
        ("", "*/*", "text/markdown"),
        ("", "", "text/markdown"),
        ("", "text/*;q=0.5, text/html;q=0.4", "text/markdown"),
        ("", "text/plain, text/html;q=0.9", "text/plain"),
        ("format=plain", "text/html", "text/plain"),
        ("format=markdown", BROWSER, "text/markdown"),
    ],
)
def test_other_forms_are_as_they_were(aws: Aws, query: str, accept: str, kind: str) -> None:
    rendered(aws, html="<p>茶</p>")
    found = answer(f"/posts/{ID}/text", query, accept=accept)
    assert (found["statusCode"], found["headers"]["Content-Type"]) == (200, f"{kind}; charset=utf-8")
    assert "<p>" not in found["body"]
    assert "Content-Security-Policy" not in found["headers"]
    assert found["headers"]["X-Content-Type-Options"] == "nosniff"


def test_what_was_removed(aws: Aws) -> None:
    rendered(aws, removed=REMOVED, rules=7)
    assert ask(f"/posts/{ID}/removed") == (
        200,
        {
            "id": ID,
            "rules": 7,
            "characters": 3 + len(REMOVED[1].text),
            "removed": [
                {"rule": "generic/sharing", "text": "分享到"},
                {"rule": "generic/related", "text": '延伸閱讀：“一”\n"二"'},
            ],
        },
    )
    found = answer(f"/posts/{ID}/removed")
    assert "分享到" in found["body"]
    assert found["headers"]["X-Content-Type-Options"] == "nosniff"


def test_nothing_was_removed(aws: Aws) -> None:
    rendered(aws, removed=())
    assert ask(f"/posts/{ID}/removed")[1]["removed"] == []


@pytest.mark.parametrize("path", ["text", "removed"])
def test_a_post_without_a_text(aws: Aws, path: str) -> None:
    assert ask(f"/posts/{ID}/{path}")[1]["type"] == "urn:postkeep:problem:post-unknown"
    drop(aws, POST, "01")
    pending = answer(f"/posts/{ID}/{path}")
    assert (pending["statusCode"], pending["headers"]["Retry-After"]) == (503, "2")
    aws.s3.delete_object(Bucket=aws.posts, Key=KEY)
    parse(s3_event(aws.posts, KEY, "02", "ObjectRemoved:DeleteMarkerCreated"))
    assert ask(f"/posts/{ID}/{path}")[1]["type"] == "urn:postkeep:problem:post-deleted"
    drop(aws, "no front matter", "03")
    assert ask(f"/posts/{ID}/{path}")[1]["type"] == "urn:postkeep:problem:text-none"
    assert ask(f"/posts/UPPER/{path}")[1]["type"] == "urn:postkeep:problem:parameter-invalid"


def test_a_rendition_of_the_form_before(aws: Aws) -> None:
    as_version_1(aws)
    assert "最香" in ask(f"/posts/{ID}/text")[1]
    for path, query, accept in (("text", "format=html", "*/*"), ("text", "", "text/html"), ("removed", "", "*/*")):
        status, problem = ask(f"/posts/{ID}/{path}", query, accept=accept)
        assert (status, problem["type"]) == (404, "urn:postkeep:problem:text-outdated")
    # A browser takes Markdown where there is no HTML.
    found = answer(f"/posts/{ID}/text", accept=BROWSER)
    assert (found["statusCode"], found["headers"]["Content-Type"]) == (200, "text/markdown; charset=utf-8")


@pytest.mark.parametrize("form", ["html", "plain", "markdown"])
def test_a_text_that_no_answer_holds(aws: Aws, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    monkeypatch.setattr(answers, "MAX_ANSWER", 100)
    rendered(aws, html="文" * 32, text="文" * 32, markdown="文" * 32)
    assert ask(f"/posts/{ID}/text", f"format={form}")[0] == 200
    # Each quotation mark takes two bytes in the JSON that the answer is sent in.
    change(aws, html='"' * 50, text='"' * 50, markdown='"' * 50)
    status, problem = ask(f"/posts/{ID}/text", f"format={form}")
    assert (status, problem["type"]) == (413, "urn:postkeep:problem:text-too-large")


def test_removals_that_no_answer_holds(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MAX_ANSWER", 300)
    rendered(aws, removed=(Removal(rule="r", text="文" * 100),))
    status, problem = ask(f"/posts/{ID}/removed")
    assert (status, problem["type"]) == (413, "urn:postkeep:problem:answer-too-large")


def test_a_rendition_that_is_too_large_to_read(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered(aws)
    monkeypatch.setattr(routes, "_MAX_RENDITION", 10)
    status, problem = ask(f"/posts/{ID}/text")
    assert (status, problem["type"]) == (413, "urn:postkeep:problem:text-too-large")


def test_the_contract_tells_of_the_forms(aws: Aws) -> None:
    paths = ask("/openapi.json")[1]["paths"]
    text = paths["/posts/{post_id}/text"]["get"]
    assert set(text["responses"]["200"]["content"]) == {"text/markdown", "text/plain", "text/html"}
    assert "html" in json.dumps(text["parameters"])
    assert "RemovedView" in json.dumps(paths["/posts/{post_id}/removed"])


LONG = "".join(chr(0x4E00 + n) for n in range(20))


@pytest.mark.parametrize(
    ("query", "expected", "begin", "end"),
    [
        ("", LONG, 0, 20),
        ("from=5", LONG[5:], 5, 20),
        ("to=5", LONG[:5], 0, 5),
        ("from=5&to=9", LONG[5:9], 5, 9),
        ("from=0&to=0", "", 0, 0),
        ("from=9&to=5", "", 9, 9),
        ("from=15&to=99", LONG[15:], 15, 20),
        ("from=99", "", 20, 20),
    ],
)
@pytest.mark.parametrize("form", ["plain", "markdown"])
def test_a_part_of_a_text(aws: Aws, form: str, query: str, expected: str, begin: int, end: int) -> None:
    rendered(aws, text=LONG, markdown=LONG)
    found = answer(f"/posts/{ID}/text", f"format={form}&{query}".rstrip("&"))
    assert (found["statusCode"], found["body"]) == (200, expected)
    told = [found["headers"][name] for name in ("Text-Length", "Text-From", "Text-To")]
    assert told == ["20", str(begin), str(end)]


def test_a_part_of_a_text_is_never_html(aws: Aws) -> None:
    rendered(aws, text=LONG, markdown=LONG, html=f"<p>{LONG}</p>")
    status, problem = ask(f"/posts/{ID}/text", "format=html&to=5")
    assert (status, problem["type"]) == (400, "urn:postkeep:problem:part-of-html")
    found = answer(f"/posts/{ID}/text", "to=5", accept=BROWSER)
    assert (found["headers"]["Content-Type"], found["body"]) == ("text/markdown; charset=utf-8", LONG[:5])
    assert ask(f"/posts/{ID}/text", "to=5", accept="text/html")[1]["type"] == "urn:postkeep:problem:format-unknown"


@pytest.mark.parametrize("query", ["from=-1", "to=-1", "from=a", "to=1.5"])
def test_what_is_no_part_is_a_problem(aws: Aws, query: str) -> None:
    status, problem = ask(f"/posts/{ID}/text", query)
    assert (status, problem["type"]) == (400, "urn:postkeep:problem:parameter-invalid")


def test_a_text_that_no_answer_holds_is_had_in_parts(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered(aws, text="文" * 100)
    monkeypatch.setattr(answers, "MAX_ANSWER", 150)
    status, problem = ask(f"/posts/{ID}/text", "format=plain")
    assert (status, problem["type"]) == (413, "urn:postkeep:problem:text-too-large")
    assert "has 100 characters" in problem["detail"]
    parts = [ask(f"/posts/{ID}/text", f"format=plain&from={begin}&to={begin + 40}")[1] for begin in range(0, 100, 40)]
    assert "".join(parts) == "文" * 100


def test_a_page_of_another_origin_is_told_how_long_a_text_is(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered(aws)
    monkeypatch.setenv("CORS_ORIGIN", "https://tea.example")
    query_posts.handler.app.cache_clear()
    found = answer(f"/posts/{ID}/text", origin="https://tea.example")
    assert {"Text-Length", "Text-From", "Text-To"} <= set(found["headers"]["Access-Control-Expose-Headers"].split(", "))


def test_a_text_says_when_it_was_another_one(aws: Aws) -> None:
    rendered(aws, html="<p>茶</p>")
    for path in ("text", "removed"):
        moment = answer(f"/posts/{ID}/{path}")["headers"]["Last-Modified"]
        headers = {"if-modified-since": moment}
        assert query_posts.handler.handler(api_event(f"/posts/{ID}/{path}", headers=headers), Context())["statusCode"] == 304
