import base64
import gzip
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from postkeep.settings import ReadAccess
from postkeep.web.access import Access
from postkeep.web.delivery import Delivery
from postkeep.web.exchange import Answer
from postkeep.web.routing import Parameter, Router
from support.logs import captured

LONG = json.dumps({"text": "茶" * 2000}, ensure_ascii=False)
SHORT = '{"text":"茶"}'
PICTURE = b"RIFF" * 1000
KEY, OTHER = "a key of 32 random bytes", "the key that comes after it"
MODIFIED = "Tue, 29 Jun 2021 01:39:02 GMT"


def said(body: str) -> Callable[[], Answer]:
    return lambda: Answer.json(body.encode())


def text() -> Answer:
    fields = {"Vary": "Accept", "Cache-Control": "max-age=5, s-maxage=9", "ETag": '"own"', "Last-Modified": MODIFIED}
    return Answer.text("text/plain", "茶" * 2000, fields)


def broken() -> Answer:
    raise RuntimeError("a secret")


ANSWERS: dict[str, Callable[..., Any]] = {
    "/posts": said('{"posts":[],"next":"abc-_"}'),
    "/last": said('{"posts":[],"next":null}'),
    "/changes": said('{"next":"later","more":false}'),
    "/list": said('[{"next":"x"}]'),
    "/within": said('{"posts":[{"next":"x"}]}'),
    "/quoted": said(json.dumps({"text": '"next":"x"'})),
    "/counts": said(SHORT),
    "/healthz": said(SHORT),
    "/long": said(LONG),
    "/short": said(SHORT),
    "/huge": said(json.dumps({"text": "\x01" * 1_000_000})),
    "/fits": said(json.dumps({"text": "x" * 2_000_000})),
    "/text": text,
    "/undated": lambda: Answer.text("text/plain", "x", {"Last-Modified": "once"}),
    "/file": lambda: Answer.file("text/plain", b"\xff" * 2000),
    "/picture": lambda: Answer.file("image/webp", PICTURE, {"Cache-Control": "public, max-age=9"}),
    "/poster": lambda: Answer.file("image/webp", b"\0" * 5_000_000, {"Cache-Control": "public, max-age=9"}),
    "/weak": lambda: Answer.text("text/plain", "x", {"ETag": 'W/"w"'}),
    "/elsewhere": lambda: Answer(307, {"Location": "https://bucket.example/", "Cache-Control": "no-store"}),
    "/broken": broken,
}
CACHES = {"/changes": "no-store", "/healthz": "no-store", "/counts": "max-age=60"}


def named(name: str) -> Answer:
    return Answer.json(name)


GIVEN = [Parameter(name, str, "") for name in ("a", "A", "b", "limit", "cursor", "tag", "\ufffd", "\ud800", "%zz")]


def routes() -> Router:
    router = Router()

    def add(path: str, handler: Callable[[], Any]) -> None:
        router.get(path, summary="", tag="", cache=CACHES.get(path, "no-cache"), given=GIVEN)(lambda **_: handler())

    for path, handler in ANSWERS.items():
        add(path, handler)
    router.get("/posts/{name}", summary="", tag="")(named)
    return router


ROUTES = routes()


def event(path: str, query: str = "", method: str = "GET", headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": dict(headers or {}),
        "requestContext": {"stage": "$default", "http": {"method": method, "path": path}},
    }


def ask(
    path: str,
    query: str = "",
    method: str = "GET",
    access: Access | None = None,
    origin: str = "",
    fields: Mapping[str, str] | None = None,
    **headers: str,
) -> dict[str, Any]:
    fields = {name.replace("_", "-"): value for name, value in ({**(fields or {}), **headers}).items()}
    delivery = Delivery(ROUTES, access or Access(ReadAccess.PUBLIC), origin, ["Text-Length"])
    return delivery(event(path, query, method, fields))


def kind(answer: dict[str, Any]) -> str:
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert answer["headers"]["Cache-Control"] == "no-store"
    return str(json.loads(answer["body"])["type"].removeprefix("urn:postkeep:problem:"))


def content(answer: dict[str, Any]) -> bytes:
    body = answer["body"]
    raw = base64.b64decode(body) if answer["isBase64Encoded"] else body.encode()
    return gzip.decompress(raw) if answer["headers"].get("Content-Encoding") == "gzip" else raw


# ---- Validators ----------------------------------------------------------------------------------------------------------------


def test_an_answer_has_a_strong_tag_of_its_bytes() -> None:
    one, again, other = ask("/short"), ask("/counts"), ask("/last")
    assert one["headers"]["ETag"] == again["headers"]["ETag"] != other["headers"]["ETag"]
    assert one["headers"]["ETag"].startswith('"')
    assert one["headers"]["ETag"].endswith('"')
    assert ask("/text")["headers"]["ETag"] == '"own"'
    assert ask("/text", accept_encoding="gzip")["headers"]["ETag"] == '"own-gzip"'


@pytest.mark.parametrize(
    ("field", "status"),
    [
        ("{tag}", 304),
        ("W/{tag}", 304),
        ('"other", {tag}', 304),
        ('"other",{tag},"third"', 304),
        ('"a,b", {tag}', 304),
        ("*", 304),
        (" * ", 304),
        ('"other"', 200),
        ('W/"other"', 200),
        ("", 200),
        ("{bare}", 200),
        ('"*"', 200),
        ("{tag-gzip}", 200),
        ("w/{tag}", 304),  # its opaque part alone is understood
        ('"unfinished', 200),
    ],
)
def test_what_the_reader_has_is_not_sent_again(field: str, status: int) -> None:
    full = ask("/short")
    tag = full["headers"]["ETag"]
    filled = field.replace("{tag-gzip}", f'{tag[:-1]}-gzip"').replace("{tag}", tag).replace("{bare}", tag[1:-1])
    answer = ask("/short", if_none_match=filled)
    assert answer["statusCode"] == status
    if status == 304:
        assert (answer["body"], answer["isBase64Encoded"]) == ("", False)
        # RFC 9110, 15.4.5: what a cache needs, and nothing of the body that is not there.
        assert answer["headers"] == {name: full["headers"][name] for name in ("Cache-Control", "ETag", "Vary")}


def test_a_zipped_answer_is_known_by_a_tag_of_its_own() -> None:
    plain, zipped = ask("/long"), ask("/long", accept_encoding="gzip")
    assert plain["headers"]["ETag"] != zipped["headers"]["ETag"]
    tag = zipped["headers"]["ETag"]
    again = ask("/long", accept_encoding="gzip", if_none_match=tag)
    assert (again["statusCode"], again["headers"]["ETag"]) == (304, tag)
    assert "Content-Encoding" not in again["headers"]
    assert ask("/long", if_none_match=tag)["statusCode"] == 200


@pytest.mark.parametrize(
    ("path", "field", "status"),
    [
        ("/text", '"own"', 200),
        ("/text", "*", 200),
        ("/text", '"a", "own"', 200),
        ("/text", '"other"', 412),
        ("/text", 'W/"own"', 412),  # the comparison is a strong one
        ("/weak", 'W/"w"', 412),
        ("/text", "", 412),
    ],
)
def test_what_is_asked_for_on_a_condition_is_given_on_it(path: str, field: str, status: int) -> None:
    answer = ask(path, if_match=field)
    assert answer["statusCode"] == status
    if status == 412:
        assert kind(answer) == "precondition-failed"


@pytest.mark.parametrize(
    ("path", "since", "tag", "status"),
    [
        ("/text", MODIFIED, None, 304),
        ("/text", "Wed, 30 Jun 2021 00:00:00 GMT", None, 304),
        ("/text", "Tue, 29 Jun 2021 01:39:02 -0000", None, 304),
        ("/text", "Tue, 29 Jun 2021 01:39:01 GMT", None, 200),
        ("/text", "yesterday", None, 200),
        ("/text", "", None, 200),
        ("/text", MODIFIED, '"other"', 200),  # the tag knows better
        ("/short", MODIFIED, None, 200),
        ("/undated", MODIFIED, None, 200),
    ],
)
def test_what_did_not_change_since_is_not_sent_again(path: str, since: str, tag: str | None, status: int) -> None:
    headers = {"if_modified_since": since} | ({"if_none_match": tag} if tag else {})
    assert ask(path, fields=headers)["statusCode"] == status


# ---- Compression ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "zipped"),
    [
        (None, False),
        ("", False),
        ("identity", False),
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("br, gzip;q=0.5", True),
        ("gzip, deflate, br", True),
        ("*", True),
        ("deflate, *;q=0.1", True),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("gzip;Q=0", False),
        ("*, gzip;q=0", False),
        ("gzip;q=0.5, identity", False),
        ("gzip;q=0.5, identity;q=0.5", True),
        ("identity;q=0.1, gzip;q=0.2", True),
        ("gzip;q=many", True),
        ("gzip;q=1.7", True),
        ("*;q=0, gzip", True),
        (";;;,,,", False),
        ("," * 60 + "gzip", False),  # nobody accepts so many
    ],
)
def test_text_is_zipped_for_those_who_take_it(field: str | None, zipped: bool) -> None:
    answer = ask("/long", fields={} if field is None else {"accept_encoding": field})
    assert answer["headers"].get("Content-Encoding") == ("gzip" if zipped else None)
    assert answer["isBase64Encoded"] == zipped
    assert content(answer) == LONG.encode()
    assert answer["headers"]["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(("path", "zipped"), [("/short", False), ("/picture", False), ("/file", True), ("/text", True)])
def test_only_what_gets_shorter_is_zipped(path: str, zipped: bool) -> None:
    answer = ask(path, accept_encoding="gzip")
    assert ("Content-Encoding" in answer["headers"]) == zipped
    assert content(answer) == content(ask(path))


@pytest.mark.parametrize("field", ["identity;q=0", "*;q=0", "br, identity;q=0", "gzip;q=0, *;q=0"])
def test_who_takes_nothing_gets_nothing(field: str) -> None:
    answer = ask("/short", accept_encoding=field)
    assert (answer["statusCode"], kind(answer)) == (406, "encoding-unacceptable")


def test_who_takes_gzip_alone_gets_it_however_short() -> None:
    answer = ask("/short", accept_encoding="gzip, identity;q=0")
    assert (answer["headers"]["Content-Encoding"], content(answer)) == ("gzip", SHORT.encode())
    assert ask("/picture", accept_encoding="identity;q=0")["statusCode"] == 200  # a picture has no other form


def test_the_same_bytes_are_zipped_to_the_same_bytes() -> None:
    first, second = (ask("/long", accept_encoding="gzip") for _ in range(2))
    assert first == second


def test_an_answer_varies_by_what_it_depends_on() -> None:
    assert ask("/text")["headers"]["Vary"] == "Accept, Accept-Encoding"
    assert "Vary" not in ask("/picture")["headers"]


# ---- Lambda's bound ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/huge", "/poster"])
def test_what_lambda_would_not_take_is_a_problem(path: str) -> None:
    answer = ask(path)
    assert (answer["statusCode"], kind(answer)) == (413, "answer-too-large")
    assert "gzip" in json.loads(answer["body"])["detail"]


def test_what_lambda_takes_is_answered() -> None:
    assert ask("/fits")["statusCode"] == 200
    zipped = ask("/huge", accept_encoding="gzip")
    assert zipped["statusCode"] == 200
    assert len(zipped["body"]) < 100_000


# ---- Caching -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "public", "private"),
    [
        ("/healthz", "no-store", "no-store"),
        ("/changes", "no-store", "no-store"),
        ("/counts", "max-age=60", "private, max-age=60"),
        ("/posts", "no-cache", "private, no-cache"),
        ("/posts/x", "no-cache", "private, no-cache"),
        ("/text", "max-age=5, s-maxage=9", "private, max-age=5"),
        ("/picture", "public, max-age=9", "private, max-age=9"),
        ("/elsewhere", "no-store", "no-store"),
        ("/nowhere", "no-store", "no-store"),
    ],
)
def test_an_answer_says_how_long_it_may_be_kept(path: str, public: str, private: str) -> None:
    assert ask(path)["headers"]["Cache-Control"] == public
    assert ask(path, access=Access(ReadAccess.JWT))["headers"]["Cache-Control"] == private
    # What is never kept needs no tag.
    assert ("ETag" in ask(path)["headers"]) == (public != "no-store")


def test_no_answer_is_taken_for_anything_else() -> None:
    assert ask("/short")["headers"]["X-Content-Type-Options"] == "nosniff"
    assert ask("/nowhere")["headers"]["X-Content-Type-Options"] == "nosniff"


def test_a_fault_is_told_without_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    answer = ask("/broken")
    assert (answer["statusCode"], kind(answer)) == (500, "fault")
    assert "secret" not in answer["body"]


POST = "a2" * 13


@pytest.mark.parametrize(
    ("path", "query", "method", "expected"),
    [
        (
            f"/posts/{POST}/text",
            "q=hush",
            "GET",
            {"status": 200, "outcome": "answered", "route": "/posts/{post_id}/text", "post_id": POST},
        ),
        ("/posts/hush/text", "", "GET", {"status": 200, "outcome": "answered", "route": "/posts/{post_id}/text"}),
        ("/hush", "", "GET", {"status": 404, "outcome": "refused", "reason": "route-unknown"}),
        ("/broken", "", "GET", {"status": 500, "outcome": "failed", "reason": "fault", "route": "/broken"}),
        ("/short", "", "HUSH", {"status": 405, "outcome": "refused", "reason": "method-not-allowed"}),
    ],
)
def test_an_answer_is_told_with_its_route_and_nothing_of_what_was_asked(
    monkeypatch: pytest.MonkeyPatch, path: str, query: str, method: str, expected: dict[str, object]
) -> None:
    router = routes()
    router.get("/posts/{post_id}/text", summary="", tag="")(_of_post)
    asked = event(path, query, method, {"authorization": "hush"})
    asked["requestContext"] |= {"requestId": "JKJaXmPLvHcESHA="}
    with captured(monkeypatch) as logged:
        Delivery(router, Access(ReadAccess.PUBLIC))(asked)
    (line,) = logged.values(message="answered")
    assert line.items() >= {"step": "answer", "correlation_id": "JKJaXmPLvHcESHA=", **expected}.items()
    assert {name for name in ("route", "post_id", "reason") if name in line} == {"route", "post_id", "reason"} & set(expected)
    assert "hush" not in logged.getvalue().lower()


def _of_post(post_id: str, q: str = "") -> Answer:
    del post_id, q
    return Answer.json(b"{}")


# ---- Methods -------------------------------------------------------------------------------------------------------------------

PATHS = ["/posts", "/posts/x", "/text", "/picture", "/healthz", "/elsewhere", "/nowhere"]


@pytest.mark.parametrize("path", PATHS)
def test_head_is_answered_as_get(path: str) -> None:
    asked = event(path, method="HEAD")
    # API Gateway takes the body's length and sends none; see tests/stack/test_http_api.py.
    assert ask(path, method="HEAD") == ask(path)
    Delivery(ROUTES, Access(ReadAccess.PUBLIC))(asked)
    assert asked == event(path, method="HEAD")


@pytest.mark.parametrize("path", PATHS)
def test_head_is_conditional_too(path: str) -> None:
    tag = ask(path)["headers"].get("ETag")
    if tag:
        assert ask(path, method="HEAD", if_none_match=tag)["statusCode"] == 304


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW" * 9])
@pytest.mark.parametrize("path", ["/posts", "/posts/x", "/picture"])
def test_other_methods_are_not_allowed(path: str, method: str) -> None:
    answer = ask(path, method=method)
    assert (answer["statusCode"], kind(answer)) == (405, "method-not-allowed")
    assert answer["headers"]["Allow"] == "GET, HEAD, OPTIONS"
    assert len(answer["body"]) < 250


@pytest.mark.parametrize("method", ["POST", "OPTIONS", "DELETE"])
@pytest.mark.parametrize("path", ["/", "/nowhere", "/posts/x/y", "//", "/posts//"])
def test_what_is_not_there_takes_no_method(path: str, method: str) -> None:
    answer = ask(path, method=method)
    assert (answer["statusCode"], kind(answer)) == (404, "route-unknown")


def test_options_says_what_can_be_done() -> None:
    answer = ask("/posts/x", method="OPTIONS")
    assert (answer["statusCode"], answer["body"]) == (204, "")
    assert answer["headers"] == {"Allow": "GET, HEAD, OPTIONS"}


# ---- Other origins -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/posts", "/nowhere"])
def test_a_preflight_is_answered_where_the_archive_lets_pages_in(path: str) -> None:
    headers = {"access_control_request_method": "GET"}
    answer = ask(path, method="OPTIONS", origin="https://tea.example", fields=headers)
    assert answer["statusCode"] == 204
    assert answer["headers"]["Access-Control-Allow-Origin"] == "https://tea.example"
    assert answer["headers"]["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert {"Authorization", "X-Api-Key", "If-None-Match"} <= set(answer["headers"]["Access-Control-Allow-Headers"].split(", "))
    assert answer["headers"]["Access-Control-Max-Age"] == "3600"
    closed = ask("/posts", method="OPTIONS", fields=headers)
    assert not [name for name in closed["headers"] if name.startswith("Access-Control")]


@pytest.mark.parametrize("origin", ["https://tea.example", "*"])
@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [("/short", {}, 200), ("/short", {"if_none_match": "*"}, 304), ("/nowhere", {}, 404), ("/text", {"if_match": '"x"'}, 412)],
)
def test_every_answer_can_be_read_by_pages_that_are_let_in(origin: str, path: str, headers: dict[str, str], status: int) -> None:
    answer = ask(path, origin=origin, fields=headers)
    assert answer["statusCode"] == status
    assert answer["headers"]["Access-Control-Allow-Origin"] == origin
    assert {"ETag", "Link", "Retry-After", "Text-Length"} <= set(answer["headers"]["Access-Control-Expose-Headers"].split(", "))
    assert "Origin" not in answer["headers"].get("Vary", "")
    assert "Access-Control-Allow-Origin" not in ask(path, fields=headers)["headers"]


# ---- Addresses -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "query", "location"),
    [
        ("/posts/", "", "../posts"),
        ("/posts/", "tag=%E8%8C%B6&limit=2", "../posts?tag=%E8%8C%B6&limit=2"),
        ("/posts/x/", "", "../x"),
        ("/posts/雨/", "a=茶\r\nx", "../%E9%9B%A8?a=%E8%8C%B6%0D%0Ax"),
    ],
)
def test_a_slash_too_much_leads_to_the_address_without(path: str, query: str, location: str) -> None:
    answer = ask(path, query)
    assert (answer["statusCode"], answer["headers"]["Location"]) == (308, location)
    assert answer["body"] == ""


@pytest.mark.parametrize("path", ["/", "/nowhere/", "/posts//", "//posts", ""])
def test_other_slashes_lead_nowhere(path: str) -> None:
    assert ask(path)["statusCode"] == 404


@pytest.mark.parametrize(
    ("path", "query", "link"),
    [
        ("/posts", "", '<?>; rel="first", <?cursor=abc-_>; rel="next"'),
        ("/posts", "limit=2&cursor=old", '<?limit=2>; rel="first", <?limit=2&cursor=abc-_>; rel="next"'),
        ("/posts", "tag=茶>&a", '<?tag=%E8%8C%B6%3E&a=>; rel="first", <?tag=%E8%8C%B6%3E&a=&cursor=abc-_>; rel="next"'),
        ("/last", "limit=2", '<?limit=2>; rel="first"'),
        ("/changes", "", '<?>; rel="first"'),  # there is nothing more for now
        ("/list", "", None),
        ("/within", "", None),
        ("/quoted", "", None),
        ("/text", "", None),
        ("/nowhere", "", None),
    ],
)
def test_pages_are_linked(path: str, query: str, link: str | None) -> None:
    assert ask(path, query)["headers"].get("Link") == link


@pytest.mark.parametrize(
    ("path", "query", "status", "problem"),
    [
        ("/posts", "a=" + "x" * 8_184, 200, ""),
        ("/posts", "a=" + "x" * 8_185, 414, "address-too-long"),
        ("/" + "茶" * 2_731, "", 414, "address-too-long"),
        ("/posts", "a=1&b=2", 200, ""),
        ("/posts", "a=1&A=2", 200, ""),
        ("/posts", "a=1,2", 200, ""),
        ("/posts", "a=1&a=1", 400, "parameter-repeated"),
        ("/posts", "a=&a", 400, "parameter-repeated"),
        ("/posts", "%61=1&a=2", 400, "parameter-repeated"),
        ("/nowhere", "a=1&a=2", 400, "parameter-repeated"),
        ("/posts", "&&&", 200, ""),
        ("/posts", "%FF=1&%FE=2", 400, "parameter-repeated"),  # both are U+FFFD
        ("/posts", "%FF=1&\ud800=2", 400, "parameter-repeated"),  # likewise
        ("/posts", "%zz", 200, ""),
        ("/nowhere/\ud800", "", 404, ""),
        ("/posts/\ud800/", "a=\ud800", 308, ""),
    ],
)
def test_what_is_asked_has_bounds(path: str, query: str, status: int, problem: str) -> None:
    answer = ask(path, query)
    assert answer["statusCode"] == status
    if problem:
        assert kind(answer) == problem
        assert len(answer["body"]) < 300


def test_header_fields_have_bounds() -> None:
    assert ask("/posts", cookie="x" * 12_000)["statusCode"] == 200
    assert kind(ask("/posts", cookie="x" * 12_300)) == "headers-too-large"
    assert kind(ask("/posts", fields={f"x{n}": "y" * 100 for n in range(200)})) == "headers-too-large"


# ---- Access --------------------------------------------------------------------------------------------------------------------


def digests(*keys: str) -> list[bytes]:
    return [hashlib.sha256(key.encode()).digest() for key in keys]


KEYED = Access(ReadAccess.KEY, digests(KEY, OTHER))


def basic(credentials: str) -> str:
    return f"Basic {base64.b64encode(credentials.encode()).decode()}"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"authorization": f"Bearer {KEY}"}, 200),
        ({"authorization": f"bearer  {KEY} "}, 200),
        ({"authorization": f"Bearer {OTHER}"}, 200),
        ({"x_api_key": KEY}, 200),
        ({"authorization": basic(f"anyone:{KEY}")}, 200),
        ({"authorization": basic(f":{KEY}")}, 200),
        ({"authorization": "Digest x", "x_api_key": KEY}, 200),
        ({}, 401),
        ({"authorization": ""}, 401),
        ({"authorization": "Bearer"}, 401),
        ({"authorization": "Bearer "}, 401),
        ({"authorization": f"Bearer {KEY}x"}, 401),
        ({"authorization": f"Bearer {KEY[:-1]}"}, 401),
        ({"authorization": KEY}, 401),
        ({"authorization": f"Bearer {digests(KEY)[0].hex()}"}, 401),  # the digest is no key
        ({"authorization": "Bearer 茶\ud800"}, 401),
        ({"authorization": "Bearer wrong", "x_api_key": KEY}, 401),
        ({"authorization": basic(f"{KEY}:wrong")}, 401),
        ({"authorization": basic(KEY)}, 401),
        ({"authorization": "Basic %%%"}, 401),
        ({"authorization": "Basic /w=="}, 401),
        ({"x_api_key": ""}, 401),
    ],
)
def test_an_archive_with_a_key_is_read_with_it(headers: dict[str, str], status: int) -> None:
    answer = ask("/posts", access=KEYED, fields=headers)
    assert answer["statusCode"] == status
    if status == 401:
        assert kind(answer) == "key-required"
        assert answer["headers"]["WWW-Authenticate"].startswith('Bearer realm="postkeep"')
        assert KEY not in str(answer)
    # Whether there is such an address is for readers to know.
    assert ask("/nowhere", access=KEYED, fields=headers)["statusCode"] == (404 if status == 200 else 401)
    assert ask("/posts/", access=KEYED, fields=headers)["statusCode"] == (308 if status == 200 else 401)


def test_an_archive_without_a_valid_key_is_read_by_nobody() -> None:
    assert ask("/posts", access=Access(ReadAccess.KEY), x_api_key="")["statusCode"] == 401


@pytest.mark.parametrize("access", [KEYED, Access(ReadAccess.JWT), Access(ReadAccess.PUBLIC)])
def test_whether_the_api_answers_is_told_to_all(access: Access) -> None:
    for method in ("GET", "HEAD", "OPTIONS"):
        assert ask("/healthz", method=method, access=access)["statusCode"] in {200, 204}


def test_a_preflight_carries_no_key() -> None:
    answer = ask("/posts", method="OPTIONS", access=KEYED, origin="*", access_control_request_method="GET")
    assert answer["statusCode"] == 204


def test_a_page_that_is_let_in_can_read_that_it_needs_a_key() -> None:
    assert ask("/posts", access=KEYED, origin="*")["headers"]["Access-Control-Allow-Origin"] == "*"


def test_keys_are_not_shown() -> None:
    assert digests(KEY)[0].hex()[:8] not in repr(KEYED)
    assert "digests" not in repr(KEYED)
