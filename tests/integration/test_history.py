"""A post's history, asked for through the real handler, on moto."""

import base64
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import quote

import pytest

import parse_post.handler
import query_posts.handler
import query_posts.history_routes
from integration.conftest import Aws, Context, api_event, s3_event
from postkeep.post import post_id

KEY = 'tea/_posts/2021-06-29-一杯茶 "路" #1.md'
PATH = f"/posts/{post_id(KEY)}"


def post(title: str, body: str = "<p>一。二。</p>") -> str:
    return f'---\ntitle: "{title}"\ndate: 2021-06-29T01:39:02Z\nauthor: 陆羽\n---\n{body}\n'


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    # moto orders versions by time, and S3 says times to the second.
    minutes = count()
    monkeypatch.setattr("moto.s3.models.utcnow", lambda: datetime(2021, 6, 29) + timedelta(minutes=next(minutes)))  # noqa: DTZ001 (as moto has it)


def answer(path: str, query: str = "", **headers: str) -> dict[str, Any]:
    found: dict[str, Any] = query_posts.handler.handler(api_event(path, query, headers=headers), Context())
    return found


def ask(path: str, query: str = "", **headers: str) -> tuple[int, Any]:
    found = answer(path, query, **headers)
    return found["statusCode"], json.loads(found["body"]) if "json" in found["headers"]["Content-Type"] else found["body"]


def problem(path: str, query: str = "", **headers: str) -> tuple[int, str]:
    status, body = ask(path, query, **headers)
    return status, body["type"].removeprefix("urn:postkeep:problem:")


class Dropping:
    """Drops versions of a post, and tells parse of each."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws
        self.events = count(1)

    def put(self, content: str | bytes, key: str = KEY) -> str:
        version = self.aws.put(key, content)
        self.told(key, "ObjectCreated:Put")
        return version

    def delete(self) -> str:
        marker = str(self.aws.s3.delete_object(Bucket=self.aws.posts, Key=KEY)["VersionId"])
        self.told(KEY, "ObjectRemoved:DeleteMarkerCreated")
        return marker

    def purge(self, version: str) -> None:
        self.aws.s3.delete_object(Bucket=self.aws.posts, Key=KEY, VersionId=version)

    def told(self, key: str, name: str) -> None:
        parse_post.handler.handler(s3_event(self.aws.posts, key, f"{next(self.events):04X}", name), Context())


@pytest.fixture
def dropping(aws: Aws) -> Dropping:
    return Dropping(aws)


def test_the_history_of_an_edited_post(dropping: Dropping) -> None:
    first = dropping.put(post("一"))
    second = dropping.put("---\ntitle: [\n---\n")
    third = dropping.put(post("三"))
    dropping.put(post("別的"), key=KEY + ".md")
    status, page = ask(f"{PATH}/revisions")
    assert status == 200
    assert [(r["version"], r["status"], r["reason"], r["title"], r["current"]) for r in page["revisions"]] == [
        (third, "ok", "", "三", True),
        (second, "rejected", "front-matter-invalid", None, False),
        (first, "ok", "", "一", False),
    ]
    newest = page["revisions"][0]
    assert (newest["author"], newest["published"], newest["deleted"]) == ("陆羽", "2021-06-29T01:39:02.000Z", False)
    assert (newest["size"], len(newest["etag"])) == (len(post("三").encode()), 32)
    assert newest["modified"].startswith("2021-06-29T00:")
    assert page["next"] is None


def test_pages_of_a_history_follow_each_other(dropping: Dropping) -> None:
    put = [dropping.put(post(str(n))) for n in range(5)]
    seen, query, pages = [], "limit=2", 0
    while query:
        page = ask(f"{PATH}/revisions", query)[1]
        seen += [revision["version"] for revision in page["revisions"]]
        query = f"limit=2&cursor={page['next']}" if page["next"] else ""
        pages += 1
    assert (seen, pages) == (put[::-1], 3)


def test_a_cursor_belongs_to_its_post(dropping: Dropping) -> None:
    other = "other.md"
    for n in range(3):
        dropping.put(post(str(n)))
        dropping.put(post(str(n)), key=other)
    cursor = ask(f"{PATH}/revisions", "limit=1")[1]["next"]
    assert problem(f"/posts/{post_id(other)}/revisions", f"cursor={cursor}") == (400, "cursor-invalid")


def test_a_cursor_that_s3_does_not_take_is_invalid(dropping: Dropping, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(2):
        dropping.put(post(str(n)))
    cursor = ask(f"{PATH}/revisions", "limit=1")[1]["next"]
    versions = query_posts.routes.wiring().versions
    s3 = versions._s3  # type: ignore[attr-defined]  # it is the adapter
    monkeypatch.setattr(s3, "list_object_versions", refusing(s3, "InvalidArgument"))
    assert problem(f"{PATH}/revisions", f"limit=1&cursor={cursor}") == (400, "cursor-invalid")


def refusing(s3: Any, code: str) -> Callable[..., Any]:
    def refuse(**_: Any) -> Any:
        raise s3.exceptions.ClientError({"Error": {"Code": code, "Message": code}}, "")

    return refuse


def test_a_deleted_post_shows_its_history(dropping: Dropping) -> None:
    first = dropping.put(post("一"))
    marker = dropping.delete()
    assert problem(PATH) == (410, "post-deleted")
    page = ask(f"{PATH}/revisions")[1]
    assert [(r["version"], r["deleted"], r["status"], r["title"]) for r in page["revisions"]] == [
        (marker, True, "deleted", None),
        (first, False, "ok", "一"),
    ]
    assert ask(f"{PATH}/revisions/{first}") == (200, post("一"))
    text = ask(f"{PATH}/diff")[1]
    assert f"+++ /dev/null\t2021-06-29T00:01:00.000Z\t{marker}" in text
    assert "-<p>一。" in text
    assert "-title: 一\n" in text


def test_a_deletion_has_no_file_where_s3_says_so(dropping: Dropping, monkeypatch: pytest.MonkeyPatch) -> None:
    dropping.put(post("一"))
    s3 = query_posts.routes.wiring().versions._s3  # type: ignore[attr-defined]
    monkeypatch.setattr(s3, "get_object", refusing(s3, "MethodNotAllowed"))
    assert problem(f"{PATH}/revisions/x") == (404, "revision-deleted")
    found = ask(f"{PATH}/diff", "from=x&to=y&format=json")[1]
    assert (found["from"]["deleted"], found["to"]["deleted"], found["hunks"], found["fields"]) == (True, True, [], [])


def test_a_purged_post_has_an_empty_history(dropping: Dropping) -> None:
    first = dropping.put(post("一"))
    dropping.purge(dropping.delete())
    dropping.purge(first)
    assert ask(f"{PATH}/revisions") == (200, {"revisions": [], "next": None})
    assert problem(f"{PATH}/revisions/{first}") == (404, "revision-unknown")
    assert problem(f"{PATH}/diff") == (404, "revision-unknown")


def test_a_version_purged_between_listing_and_reading(dropping: Dropping, monkeypatch: pytest.MonkeyPatch) -> None:
    dropping.put(post("一"))
    s3 = query_posts.routes.wiring().versions._s3  # type: ignore[attr-defined]
    monkeypatch.setattr(s3, "get_object", refusing(s3, "NoSuchVersion"))
    (revision,) = ask(f"{PATH}/revisions")[1]["revisions"]
    assert (revision["status"], revision["reason"], revision["title"]) == ("unread", "purged", None)
    assert problem(f"{PATH}/diff") == (404, "revision-unknown")


@pytest.mark.parametrize("content", [post("一"), "\ufeff" + post("一").replace("\n", "\r\n"), "", "<script>alert(1)</script>"])
def test_a_revision_is_given_byte_by_byte_and_is_no_page(dropping: Dropping, content: str) -> None:
    version = dropping.put(content)
    dropping.put(post("二"))
    found = answer(f"{PATH}/revisions/{version}")
    assert (found["statusCode"], found["body"], found["isBase64Encoded"]) == (200, content, False)
    assert found["headers"]["Content-Type"] == "text/plain; charset=utf-8"
    assert found["headers"]["X-Content-Type-Options"] == "nosniff"
    assert found["headers"]["Cache-Control"] == "no-cache"
    name = quote(KEY.rpartition("/")[2], safe="")
    assert found["headers"]["Content-Disposition"] == f"attachment; filename*=UTF-8''{name}"


def test_a_revision_that_is_no_utf_8_is_given_as_bytes(dropping: Dropping) -> None:
    version = dropping.put(b"\xff\x00a")
    found = answer(f"{PATH}/revisions/{version}")
    assert (found["isBase64Encoded"], base64.b64decode(found["body"])) == (True, b"\xff\x00a")
    assert found["headers"]["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"a" * 5_400_000, 200),
        (b'"' * 4_000_000, 200),
        (b"\xff" * 4_000_000, 200),
        (b'"' * 4_200_000, 413),
        (b"\xff" * 4_200_000, 413),
        (b"a" * 5_600_000, 413),
        (b"a" * 6_300_000, 413),
    ],
    ids=["text", "text with escapes", "bytes", "escapes", "too many bytes", "too much text", "more than is read"],
)
def test_an_answer_fits_into_lambdas(dropping: Dropping, content: bytes, status: int) -> None:
    version = dropping.put(content)
    found = answer(f"{PATH}/revisions/{version}")
    assert found["statusCode"] == status
    assert len(json.dumps(found, ensure_ascii=False).encode()) < 6 * 1024 * 1024
    if status == 200:
        body = found["body"]
        assert (base64.b64decode(body) if found["isBase64Encoded"] else body.encode()) == content
    else:
        assert json.loads(found["body"])["type"] == "urn:postkeep:problem:revision-too-large"


def test_a_diff_is_text_or_json(dropping: Dropping) -> None:
    first = dropping.put(post("一", "<p>一。二。三。</p>"))
    second = dropping.put(post("二", "<p>一。二！三。</p>"))
    found = answer(f"{PATH}/diff")
    assert found["headers"]["Content-Type"] == "text/plain; charset=utf-8"
    assert (found["headers"]["X-Content-Type-Options"], found["headers"]["Vary"]) == ("nosniff", "Accept, Accept-Encoding")
    assert found["body"] == (
        f"--- {KEY} (front matter)\t2021-06-29T00:00:00.000Z\t{first}\n"
        f"+++ {KEY} (front matter)\t2021-06-29T00:01:00.000Z\t{second}\n"
        "@@ -1 +1 @@\n-title: 一\n+title: 二\n"
        f"--- {KEY}\t2021-06-29T00:00:00.000Z\t{first}\n"
        f"+++ {KEY}\t2021-06-29T00:01:00.000Z\t{second}\n"
        "@@ -1,3 +1,3 @@\n <p>一。\n-二。\n+二！\n 三。</p>\n"
    )
    as_json = {
        "from": {"version": first, "modified": "2021-06-29T00:00:00.000Z", "deleted": False},
        "to": {"version": second, "modified": "2021-06-29T00:01:00.000Z", "deleted": False},
        "fields": [{"field": "title", "from": "一", "to": "二"}],
        "hunks": [
            {
                "from_line": 1,
                "from_count": 3,
                "to_line": 1,
                "to_count": 3,
                "lines": [" <p>一。", "-二。", "+二！", " 三。</p>"],
                "compared": True,
            }
        ],
        "breaks_alone": False,
    }
    assert ask(f"{PATH}/diff", "format=json") == (200, as_json)
    assert ask(f"{PATH}/diff", f"from={first}&to={second}", accept="application/json") == (200, as_json)
    assert ask(f"{PATH}/diff", f"from={second}&to={first}")[1].count("-二！") == 1
    assert ask(f"{PATH}/diff", "format=text", accept="application/json")[1] == found["body"]
    assert ask(f"{PATH}/diff", f"to={first}")[1].startswith("--- /dev/null\n")


@pytest.mark.parametrize(
    ("path", "query", "status", "kind"),
    [
        ("/posts/" + "a" * 26 + "/revisions", "", 404, "post-unknown"),
        ("/posts/" + "a" * 26 + "/revisions/x", "", 404, "post-unknown"),
        ("/posts/" + "a" * 26 + "/diff", "", 404, "post-unknown"),
        ("/posts/UPPER/revisions", "", 400, "parameter-invalid"),
        ("/posts/UPPER/diff", "", 400, "parameter-invalid"),
        (PATH + "/revisions", "limit=0", 400, "parameter-invalid"),
        (PATH + "/revisions", "limit=21", 400, "parameter-invalid"),
        (PATH + "/revisions", "cursor=zzz", 400, "cursor-invalid"),
        (PATH + "/revisions", "cursor=" + "z" * 601, 400, "parameter-invalid"),
        (PATH + "/revisions/unknown", "", 404, "revision-unknown"),
        (PATH + "/revisions/null", "", 404, "revision-unknown"),
        (PATH + "/revisions/" + "x" * 256, "", 404, "revision-unknown"),
        (PATH + "/revisions/" + "x" * 257, "", 400, "parameter-invalid"),
        (PATH + "/revisions/a b", "", 400, "parameter-invalid"),
        (PATH + "/revisions/茶", "", 400, "parameter-invalid"),
        (PATH + "/revisions/%00", "", 400, "parameter-invalid"),
        (PATH + "/revisions/x&versionId=y", "", 400, "parameter-invalid"),
        (PATH + "/revisions/../..", "", 404, "route-unknown"),
        (PATH + "/diff", "from=unknown", 404, "revision-unknown"),
        (PATH + "/diff", "to=unknown", 404, "revision-unknown"),
        (PATH + "/diff", "to=", 400, "parameter-invalid"),
        (PATH + "/diff", "from=" + "x" * 257, 400, "parameter-invalid"),
        (PATH + "/diff", "from=\x00", 400, "parameter-invalid"),
        (PATH + "/diff", "from=x\n", 400, "parameter-invalid"),
        (PATH + "/diff", "format=pdf", 400, "parameter-invalid"),
    ],
)
def test_what_cannot_be_answered_is_a_problem(dropping: Dropping, path: str, query: str, status: int, kind: str) -> None:
    dropping.put(post("一"))
    assert problem(path, query) == (status, kind)


def test_a_format_that_is_not_offered_is_refused(aws: Aws) -> None:
    assert problem(f"{PATH}/diff", accept="image/png") == (406, "format-unknown")


def test_a_version_of_another_key_is_unknown(dropping: Dropping) -> None:
    mine = dropping.put(post("一"))
    other = dropping.put(post("二"), key=KEY + ".md")
    assert problem(f"{PATH}/revisions/{other}") == (404, "revision-unknown")
    assert problem(f"{PATH}/diff", f"from={mine}&to={other}") == (404, "revision-unknown")


def test_a_version_too_large_to_compare_is_said(dropping: Dropping) -> None:
    dropping.put("a" * 5_300_000)
    dropping.put(post("一"))
    assert problem(f"{PATH}/diff") == (413, "revision-too-large")
    assert ask(f"{PATH}/revisions")[1]["revisions"][1]["reason"] == "too-large"


def test_the_history_is_documented(aws: Aws) -> None:
    document = ask("/openapi.json")[1]
    diff = document["paths"]["/posts/{post_id}/diff"]["get"]
    assert set(diff["responses"]["200"]["content"]) == {"text/plain", "application/json"}
    assert {parameter["name"] for parameter in diff["parameters"]} == {"post_id", "from", "to", "format"}
    assert {"RevisionPage", "DiffView", "HunkView"} <= set(document["components"]["schemas"])
    file = document["paths"]["/posts/{post_id}/revisions/{version}"]["get"]
    assert "text/plain" in file["responses"]["200"]["content"]
