import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postkeep_local.stack.http_event import Request, event, match, response
from postkeep_local.stack.template import Route

_ROUTES = [
    Route("ANY", "/{proxy+}", "Everything"),
    Route("GET", "/posts", "Posts"),
    Route("GET", "/posts/{id}", "Post"),
    Route("ANY", "/posts/{id}", "AnyPost"),
    Route("GET", "/posts/{id}/text", "Text"),
    Route("GET", "/posts/recent", "Recent"),
    Route("GET", "/files/{path+}", "File"),
]


@pytest.mark.parametrize(
    ("method", "path", "function", "parameters"),
    [
        ("GET", "/posts", "Posts", {}),
        ("GET", "/posts/", "Posts", {}),
        ("POST", "/posts", "Everything", {"proxy": "posts"}),
        ("GET", "/posts/abc", "Post", {"id": "abc"}),
        ("PUT", "/posts/abc", "AnyPost", {"id": "abc"}),
        ("GET", "/posts/recent", "Recent", {}),
        ("GET", "/posts/abc/text", "Text", {"id": "abc"}),
        ("GET", "/posts/abc/more/still", "Everything", {"proxy": "posts/abc/more/still"}),
        ("GET", "/files/a/b/c", "File", {"path": "a/b/c"}),
        ("GET", "/雨", "Everything", {"proxy": "雨"}),
    ],
)
def test_the_most_specific_route_takes_a_request(method: str, path: str, function: str, parameters: dict[str, str]) -> None:
    found = match(_ROUTES, method, path)
    assert found
    assert (found[0].function, found[1]) == (function, parameters)


def test_a_greedy_route_does_not_take_the_root() -> None:
    assert match(_ROUTES, "GET", "/") is None
    assert match([Route("GET", "/posts", "Posts")], "GET", "/post") is None
    assert match([Route("GET", "/posts/{id}", "Post")], "GET", "/posts") is None


def test_the_default_route_takes_what_is_left() -> None:
    routes = [Route("ANY", "$default", "Rest"), Route("ANY", "/{proxy+}", "Everything")]
    found = match(routes, "GET", "/")
    assert found
    assert found[0].function == "Rest"
    found = match(routes, "GET", "/a")
    assert found
    assert found[0].function == "Everything"


def _event(request: Request) -> dict[str, Any]:
    return event(request, Route("GET", "/posts/{id}", "Post"), {"id": "雨"})


def test_a_request_as_an_event_of_payload_version_2() -> None:
    request = Request(
        "GET",
        "/posts/%E9%9B%A8?tag=a&tag=b%20c&empty=&q=%E8%8C%B6",
        [
            ("Host", "127.0.0.1:8080"),
            ("User-Agent", "curl/8"),
            ("X-Twice", "1"),
            ("x-twice", "2"),
            ("Cookie", "a=1; b=2"),
            ("Cookie", "c=3"),
        ],
        source="127.0.0.2",
    )
    made = _event(request)
    context = made.pop("requestContext")
    assert made == {
        "version": "2.0",
        "routeKey": "GET /posts/{id}",
        "rawPath": "/posts/雨",
        "rawQueryString": "tag=a&tag=b%20c&empty=&q=%E8%8C%B6",
        "cookies": ["a=1", "b=2", "c=3"],
        "headers": {"host": "127.0.0.1:8080", "user-agent": "curl/8", "x-twice": "1,2"},
        "queryStringParameters": {"tag": "a,b c", "empty": "", "q": "茶"},
        "pathParameters": {"id": "雨"},
        "isBase64Encoded": False,
    }
    assert context["http"] == {
        "method": "GET",
        "path": "/posts/雨",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.2",
        "userAgent": "curl/8",
    }
    assert context["stage"] == "$default"
    assert context["routeKey"] == "GET /posts/{id}"
    assert context["domainName"] == "127.0.0.1:8080"


def test_what_a_request_lacks_its_event_lacks() -> None:
    made = event(Request("GET", "/"), Route("ANY", "$default", "Rest"), {})
    assert made["routeKey"] == "$default"
    assert {"cookies", "queryStringParameters", "pathParameters", "body"}.isdisjoint(made)


@pytest.mark.parametrize(
    ("content_type", "body", "expected", "encoded"),
    [
        ("application/json", '{"a":"雨"}'.encode(), '{"a":"雨"}', False),
        ("text/plain; charset=utf-8", b"x", "x", False),
        ("text/plain", b"\xff", "/w==", True),
        ("image/webp", b"RIFF", "UklGRg==", True),
        ("application/x-www-form-urlencoded", b"a=1", "YT0x", True),
        ("", b"x", "eA==", True),
    ],
)
def test_bodies_are_text_or_base64(content_type: str, body: bytes, expected: str, encoded: bool) -> None:
    made = _event(Request("POST", "/", [("Content-Type", content_type)], body))
    assert (made["body"], made["isBase64Encoded"]) == (expected, encoded)


@given(
    st.text(max_size=40),
    st.lists(st.tuples(st.text(max_size=10), st.text(max_size=10)), max_size=4),
    st.binary(max_size=40),
    st.sampled_from(["GET", "POST", "DELETE"]),
)
def test_every_request_has_an_event_that_json_carries(
    target: str, headers: list[tuple[str, str]], body: bytes, method: str
) -> None:
    request = Request(method, f"/{target}", headers, body)
    made = event(request, Route("ANY", "$default", "Rest"), {})
    assert json.loads(json.dumps(made)) == made
    if body:
        carried = base64.b64decode(made["body"]) if made["isBase64Encoded"] else made["body"].encode()
        assert carried == body


def test_an_answer_with_all_that_there_is() -> None:
    made = response(
        {
            "statusCode": "201",
            "headers": {
                "Content-Type": "text/html",
                "X-Count": 3,
                "X-Last": True,
                "Transfer-Encoding": "chunked",
                "Content-Length": 9,
            },
            "cookies": ["a=1", "b=2"],
            "body": "雨",
        }
    )
    assert made.status == 201
    assert made.body == "雨".encode()
    assert list(made.headers) == [
        ("content-type", "text/html"),
        ("x-count", "3"),
        ("x-last", "true"),
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
    ]


def test_a_binary_answer() -> None:
    made = response({"statusCode": 200, "headers": {"content-type": "image/webp"}, "body": "UklGRg==", "isBase64Encoded": True})
    assert made.body == b"RIFF"


@pytest.mark.parametrize(
    ("answer", "body"),
    [({"a": "雨"}, '{"a": "雨"}'), (["a"], '["a"]'), ("plain", "plain"), (7, "7"), (None, "null")],
)
def test_an_answer_without_status_is_the_body_itself(answer: Any, body: str) -> None:
    made = response(answer)
    assert (made.status, made.body.decode()) == (200, body)
    assert list(made.headers) == [("content-type", "application/json")]


def test_an_answer_without_content_type_is_text() -> None:
    assert list(response({"statusCode": 200, "body": "x"}).headers) == [("content-type", "text/plain;charset=UTF-8")]
    assert list(response({"statusCode": 204}).headers) == []


@pytest.mark.parametrize(
    "answer",
    [
        {"statusCode": "many"},
        {"statusCode": None},
        {"statusCode": 99},
        {"statusCode": 600},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "body": "x", "isBase64Encoded": True},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "headers": {"a": ["b"]}},
        {"statusCode": 200, "headers": {"a": "b\r\nset-cookie: c"}},
        {"statusCode": 200, "headers": {"a\r\nb": "c"}},
        {"statusCode": 200, "headers": {"": "c"}},
        {"statusCode": 200, "cookies": [None]},
        {"statusCode": 200, "cookies": ["\ud800"]},
        {"statusCode": 200, "body": "\ud800"},
        {"statusCode": 200, "cookies": 7},
    ],
)
def test_an_answer_that_cannot_be_understood_is_an_internal_error(answer: Any) -> None:
    made = response(answer)
    assert (made.status, made.body) == (500, b'{"message":"Internal Server Error"}')


_ANSWERS = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 1000) | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["statusCode", "headers", "cookies", "body", "isBase64Encoded", "x"]), inner, max_size=5
        )
    ),
    max_leaves=12,
)


@given(_ANSWERS)
def test_no_answer_upsets_the_api(answer: Any) -> None:
    made = response(answer)
    assert 100 <= made.status <= 599
    for name, value in made.headers:
        assert name
        assert not set("\r\n") & set(name + value)
