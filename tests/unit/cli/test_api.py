from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postkeep.errors import PostkeepError
from postkeep_local import api as module
from postkeep_local.api import MOST_BYTES, Api, ApiProblem, ApiUnusable
from unit.cli.reading import URL, FakeArchive, listed, problem


def api(archive: FakeArchive, url: str = URL, token: str = "", tries: int = 4) -> Api:
    return Api(url, token=token, tries=tries, transport=httpx.MockTransport(archive), sleep=archive.slept.append)


@pytest.fixture
def archive() -> FakeArchive:
    return FakeArchive()


# ---- Addresses and tokens ----


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://archive.example", "https://archive.example/posts"),
        ("https://archive.example/", "https://archive.example/posts"),
        ("https://archive.example/prod/", "https://archive.example/prod/posts"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/posts"),
        ("http://[::1]:8080", "http://[::1]:8080/posts"),
    ],
)
def test_paths_are_below_the_apis_address(archive: FakeArchive, url: str, asked: str) -> None:
    archive.gives("/posts", {})
    archive.gives("/prod/posts", {})
    api(archive, url).value("/posts")
    assert str(archive.asked[0].url) == asked


@pytest.mark.parametrize(
    "url",
    [
        "",
        "archive.example",
        "ftp://archive.example",
        "file:///etc/passwd",
        "https://",
        "https://a.example?x=1",
        "https://a.example#x",
        "https://me:secret@a.example",
        "https://a.example:x",
        "https://\x1b[2J",
    ],
)
def test_what_is_no_address_is_refused(archive: FakeArchive, url: str) -> None:
    with pytest.raises(ApiUnusable, match="no address of an API") as caught:
        api(archive, url)
    assert "\x1b" not in str(caught.value)


def test_a_token_goes_with_every_question_over_https_and_on_this_machine(archive: FakeArchive) -> None:
    archive.gives("/posts", {})
    for url in (URL, "http://localhost:8080", "http://127.0.0.1:8080"):
        api(archive, url, token="abc-._~+/9==").value("/posts")
    assert [request.headers["Authorization"] for request in archive.asked] == ["Bearer abc-._~+/9=="] * 3
    api(archive).value("/posts")
    assert "Authorization" not in archive.asked[-1].headers


@pytest.mark.parametrize("token", ["a b", "a\r\nX: y", "茶", "=a"])
def test_what_is_no_token_is_refused(archive: FakeArchive, token: str) -> None:
    with pytest.raises(ApiUnusable, match="The token is none") as caught:
        api(archive, token=token)
    assert token not in str(caught.value)


def test_a_token_does_not_go_where_it_can_be_read_on_its_way(archive: FakeArchive) -> None:
    with pytest.raises(ApiUnusable, match="no https address"):
        api(archive, "http://archive.example", token="abc")


@pytest.mark.parametrize("path", ["//evil.example/x", "https://evil.example/x", "@evil.example/"])
def test_a_path_never_leads_to_another_host(archive: FakeArchive, path: str) -> None:
    with pytest.raises(ApiProblem):
        api(archive, token="abc").get(path)
    assert {request.url.host for request in archive.asked} == {"archive.example"}


# ---- A busy API ----


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_api_is_asked_again_after_as_long_as_it_says(archive: FakeArchive, status: int) -> None:
    answers = iter(
        [httpx.Response(status, headers={"Retry-After": "7"}), httpx.Response(status), httpx.Response(200, json={"a": 1})]
    )
    archive.answers["/x"] = lambda _: next(answers)
    assert api(archive).value("/x") == {"a": 1}
    assert archive.slept == [7, 1]


def test_it_is_not_asked_for_ever(archive: FakeArchive) -> None:
    archive.answers["/x"] = problem(503, "text-pending", "the text is not made yet", **{"Retry-After": "2"})
    with pytest.raises(ApiProblem, match=r"The text is not made yet\. \(text-pending, HTTP 503\)"):
        api(archive).get("/x")
    assert (len(archive.asked), archive.slept) == (4, [2, 2, 2])
    with pytest.raises(ApiProblem):
        api(archive, tries=1).get("/x")
    assert len(archive.asked) == 5


@pytest.mark.parametrize("said", ["21", "3600", "9" * 400])
def test_a_long_pause_is_not_waited_for(archive: FakeArchive, said: str) -> None:
    archive.answers["/x"] = httpx.Response(429, headers={"Retry-After": said})
    with pytest.raises(ApiProblem):
        api(archive).get("/x")
    assert archive.slept == []


@pytest.mark.parametrize("said", ["soon", "-1", "1.5", "٣", "Tue, 99 Foo 2021 25:00:00 GMT"])
def test_a_pause_that_is_not_understood_is_as_none(archive: FakeArchive, said: str) -> None:
    archive.answers["/x"] = httpx.Response(429, headers={b"Retry-After": said.encode()})
    with pytest.raises(ApiProblem):
        api(archive, tries=3).get("/x")
    assert archive.slept == [0.5, 1]


def test_a_pause_may_be_named_by_its_end(archive: FakeArchive) -> None:
    for moment in (datetime.now(UTC) + timedelta(seconds=9), datetime(2020, 1, 1, tzinfo=UTC)):
        archive.answers["/x"] = httpx.Response(503, headers={"Retry-After": format_datetime(moment, usegmt=True)})
        with pytest.raises(ApiProblem):
            api(archive, tries=2).get("/x")
    assert 5 <= archive.slept[0] <= 9
    assert archive.slept[1:] == [0]


@pytest.mark.parametrize("status", [400, 401, 404, 410, 500, 502, 504])
def test_other_refusals_are_final(archive: FakeArchive, status: int) -> None:
    archive.answers["/x"] = httpx.Response(status)
    with pytest.raises(ApiProblem) as caught:
        api(archive).get("/x")
    assert (caught.value.status, len(archive.asked)) == (status, 1)


# ---- Answers that are none ----


def test_a_problem_is_a_sentence_with_its_type(archive: FakeArchive) -> None:
    archive.answers["/x"] = problem(404, "post-unknown", "there is no post [b]\x1b[2J\u202e" + "x" * 1000)
    with pytest.raises(ApiProblem) as caught:
        api(archive).get("/x")
    said = str(caught.value)
    assert said.startswith("There is no post [b]\\x1b[2J\\u202exxx")
    assert said.endswith("x. (post-unknown, HTTP 404)")
    assert len(said) < 600


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(500, json={"message": "Internal Server Error"}), "The API answers: Internal Server Error. (HTTP 500)"),
        (httpx.Response(502, content=b"<html>"), "The API answers: Bad Gateway. (HTTP 502)"),
        (httpx.Response(500, content=b"[" * 100_000), "The API answers: Internal Server Error. (HTTP 500)"),
        (httpx.Response(500, json={"type": 1, "detail": 2}), "The API answers: Internal Server Error. (HTTP 500)"),
        (problem(400, "date-invalid", ""), "The API gives no reason. (date-invalid, HTTP 400)"),
        (
            httpx.Response(403, json={"message": "Forbidden"}),
            "The API answers: Forbidden; its key is given by --token or POSTKEEP_TOKEN. (HTTP 403)",
        ),
        (
            httpx.Response(301, headers={"Location": "https://b.example/x"}),
            "The API is elsewhere: https://b.example/x. (HTTP 301)",
        ),
    ],
)
def test_whatever_refuses_is_told(archive: FakeArchive, answer: httpx.Response, said: str) -> None:
    archive.answers["/x"] = answer
    with pytest.raises(ApiProblem) as caught:
        api(archive).get("/x")
    assert str(caught.value) == said
    assert len(archive.asked) == 1


@pytest.mark.parametrize(
    ("status", "kind", "absent"),
    [
        (404, "post-unknown", True),
        (410, "post-deleted", True),
        (404, "counts-none", True),
        (404, "", False),
        (404, "route-unknown", False),
        (410, "cursor-expired", False),
        (400, "post-unknown", False),
    ],
)
def test_what_is_not_there_is_told_from_what_was_asked_wrongly(status: int, kind: str, absent: bool) -> None:
    assert ApiProblem(status, kind, "x").absent is absent


@pytest.mark.parametrize("error", [httpx.ConnectError("refused \x1b[2J"), httpx.ReadTimeout(""), httpx.RemoteProtocolError("x")])
def test_an_api_that_is_not_to_be_reached_is_told(archive: FakeArchive, error: httpx.HTTPError) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    archive.answers["/x"] = fail
    with pytest.raises(ApiUnusable, match=r"The API at https://archive\.example/v1 cannot be reached: \w+") as caught:
        api(archive).get("/x")
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b"1", b"\xff", b"[" * 100_000, b'{"a": ' + b"1" * 5_000 + b"}"])
def test_an_answer_that_is_no_object_is_none(archive: FakeArchive, body: bytes) -> None:
    archive.answers["/x"] = httpx.Response(200, content=body)
    with pytest.raises(ApiUnusable, match=r"v1/x is no API of Postkeep"):
        api(archive).value("/x")


def test_an_answer_is_not_read_without_end(archive: FakeArchive) -> None:
    archive.answers["/x"] = httpx.Response(200, content=b"x" * (MOST_BYTES + 1))
    with pytest.raises(ApiUnusable, match="more than 6,291,456 bytes"):
        api(archive).get("/x")
    archive.answers["/x"] = httpx.Response(200, content=b"x" * MOST_BYTES)
    assert len(api(archive).get("/x")) == MOST_BYTES


def test_a_file_may_be_larger_and_not_without_end_either(archive: FakeArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    archive.answers["/posts/x/raw"] = httpx.Response(307, headers={"Location": "https://bucket.example/a.md"})
    archive.answers["/a.md"] = httpx.Response(200, content=b"x" * (MOST_BYTES + 1))
    assert len(api(archive).file("/posts/x/raw")) == MOST_BYTES + 1
    monkeypatch.setattr(module, "_MOST_FILE", MOST_BYTES)
    with pytest.raises(ApiUnusable, match="more than"):
        api(archive).file("/posts/x/raw")


def test_what_no_utf_8_can_say_is_not_asked(archive: FakeArchive) -> None:
    with pytest.raises(ApiUnusable, match="no UTF-8"):
        api(archive).value("/posts", {"author": "\udcff"})


@given(st.binary(max_size=200), st.sampled_from([200, 204, 301, 400, 404, 503]))
def test_no_answer_is_a_fault_of_ours(body: bytes, status: int) -> None:
    fake = FakeArchive({"/posts": httpx.Response(status, content=body)})
    try:
        list(api(fake).pages({}, 3))
    except PostkeepError as error:
        assert str(error).isprintable()  # noqa: PT017 (that it is raised is not what is tested)


# ---- Files elsewhere ----


def test_a_file_is_fetched_where_it_lies_and_the_token_stays_here(archive: FakeArchive) -> None:
    archive.answers["/posts/x/raw"] = httpx.Response(307, headers={"Location": "https://bucket.example/a.md?X-Amz-Signature=1"})
    archive.answers["/a.md"] = httpx.Response(200, content=b"\xff---")
    assert api(archive, token="abc").file("/posts/x/raw") == b"\xff---"
    first, second = archive.asked
    assert first.headers["Authorization"] == "Bearer abc"
    assert "Authorization" not in second.headers
    assert str(second.url) == "https://bucket.example/a.md?X-Amz-Signature=1"


def test_a_file_may_be_the_answer(archive: FakeArchive) -> None:
    archive.says("/posts/x/raw", "茶")
    assert api(archive).file("/posts/x/raw") == "茶".encode()


@pytest.mark.parametrize("where", ["/relative", "file:///etc/passwd", "https://", "https://a.example:x/", "ftp://a.example/x"])
def test_a_file_is_nowhere_but_in_the_web(archive: FakeArchive, where: str) -> None:
    archive.answers["/posts/x/raw"] = httpx.Response(307, headers={"Location": where})
    with pytest.raises(PostkeepError):
        Api(URL, transport=_Guarded(archive), sleep=archive.slept.append).file("/posts/x/raw")
    assert archive.paths() == ["/posts/x/raw"]


class _Guarded(httpx.MockTransport):
    """As the network does, it takes http and https alone."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.scheme not in {"http", "https"} or not request.url.host:
            raise httpx.UnsupportedProtocol("x")
        return super().handle_request(request)


def test_a_file_that_is_gone_is_a_problem_and_one_that_leads_on_is_not_followed(archive: FakeArchive) -> None:
    archive.answers["/posts/x/raw"] = httpx.Response(307, headers={"Location": "https://bucket.example/a.md"})
    archive.answers["/a.md"] = httpx.Response(403, content=b"<Error/>")
    with pytest.raises(ApiProblem, match="HTTP 403"):
        api(archive).file("/posts/x/raw")
    archive.answers["/a.md"] = httpx.Response(302, headers={"Location": "https://c.example/"})
    with pytest.raises(ApiProblem, match="elsewhere"):
        api(archive).file("/posts/x/raw")


# ---- Pages ----


def found(archive: FakeArchive, most: int | None, **parameters: str) -> list[str]:
    return [str(post["key"]) for page in api(archive).pages(parameters, most) for post in page.posts]


@pytest.mark.parametrize(("most", "pages"), [(None, ["100"] * 4), (250, ["100", "100", "50"]), (7, ["7"]), (100, ["100"])])
def test_pages_are_followed_as_far_as_is_asked(archive: FakeArchive, most: int | None, pages: list[str]) -> None:
    posts = [listed(f"{n}.md") for n in range(320)]
    archive.lists(posts)
    assert found(archive, most, author="陆羽") == [f"{n}.md" for n in range(most or 320)]
    assert [request.url.params["limit"] for request in archive.asked] == pages
    assert {request.url.params["author"] for request in archive.asked} == {"陆羽"}


def test_short_and_empty_pages_are_followed_too(archive: FakeArchive) -> None:
    pages = {"": ([], "1"), "1": ([listed("a.md")], "2"), "2": ([], "3"), "3": ([listed("b.md")], None)}

    def page(request: httpx.Request) -> httpx.Response:
        posts, following = pages[request.url.params.get("cursor", "")]
        return httpx.Response(200, json={"posts": posts, "next": following})

    archive.answers["/posts"] = page
    assert found(archive, 2) == ["a.md", "b.md"]


def test_more_posts_than_were_asked_for_are_cut(archive: FakeArchive) -> None:
    archive.gives("/posts", {"posts": [listed(f"{n}.md") for n in range(9)], "next": "x"})
    assert len(found(archive, 5)) == 5


def test_cursors_in_a_circle_come_to_an_end(archive: FakeArchive) -> None:
    archive.gives("/posts", {"posts": [], "next": "again"})
    with pytest.raises(ApiUnusable, match="no API of Postkeep"):
        found(archive, None)
    assert len(archive.asked) == 2


@pytest.mark.parametrize("value", [{}, {"posts": None}, {"posts": {}}, {"posts": [1]}, {"posts": "x"}])
def test_a_page_without_posts_is_none(archive: FakeArchive, value: Any) -> None:
    archive.gives("/posts", value)
    with pytest.raises(ApiUnusable, match="no API of Postkeep"):
        found(archive, None)


def test_a_page_says_how_far_the_search_got(archive: FakeArchive) -> None:
    archive.lists([listed()])
    (page,) = api(archive).pages({})
    assert (page.searched_until, page.more) == ("2021-06-29T01:39:02Z", False)
    archive.gives("/posts", {"posts": [], "next": 7, "searched_until": 7})
    (page,) = api(archive).pages({})
    assert (page.searched_until, page.more) == ("", False)


def test_it_closes_what_it_opened(archive: FakeArchive) -> None:
    with api(archive) as opened:
        assert not opened._client.is_closed
    assert opened._client.is_closed
