"""The proxy that lets requests fail: that it changes nothing else, that the SDK sees AWS's faults; and Postkeep in a storm."""

import asyncio
import http.client
import json
import os
import random
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from aiohttp import web
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from postkeep.errors import PostRejected
from postkeep.frontmatter import parse
from postkeep.post import post_id
from postkeep_local.stack import control, faults
from postkeep_local.stack.emulator import Clients, free_port
from postkeep_local.stack.errors import StackFailed
from postkeep_local.stack.fault_proxy import application, main
from postkeep_local.stack.faults import LOST_ANSWER, Proxy
from postkeep_local.stack.processes import Spawner
from support.built import needs_build
from support.template import ROOT

_KEYS = [
    "a b/c  d .md",
    "100% +1 a+b%20c%2F.md",
    "茶/_posts/2021-06-29-一杯茶🍵　路 #1?x=1&y.md",
    "a/../b/./c//d.md",
    "~!*'();:@$,[]|\\\"<>^`{}.md",
    "line\nfeed\ttab\x7f.md",
    "\u200bzero\u00a0width\ufffd.md",
]


_AWAY = "away"
"""The bucket for which the upstream closes the connection without an answer."""


@dataclass
class Upstream:
    """A server that answers everything and remembers what it was asked."""

    address: str = ""
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    body: bytes = b"\x00\xffanswer"


@pytest.fixture(scope="module")
def server() -> Iterator[Upstream]:
    made = Upstream()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            made.asked.append((self.command, self.path, {n.lower(): v for n, v in self.headers.items()}, content))
            self.send_response(200, "Fine")
            if self.path.startswith(f"/{_AWAY}/"):
                self.close_connection = True
                return
            body = b"" if self.command == "PUT" else made.body  # the SDK takes a body after a PUT for an error
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", '"e"')
            self.send_header("x-amz-version-id", "v")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _answer  # noqa: N815 - http.server's names

        def log_message(self, *_: Any) -> None:
            """Keep the tests' output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        made.address = f"http://127.0.0.1:{listening.server_address[1]}"
        yield made
        listening.shutdown()


@pytest.fixture
def upstream(server: Upstream) -> Upstream:
    server.asked.clear()
    server.body = b"\x00\xffanswer"
    return server


type Start = Callable[..., Proxy]
type Faulty = Callable[..., str]


@pytest.fixture
def start(server: Upstream, spawner: Spawner, tmp_path: Path) -> Iterator[Start]:
    """Start a proxy of the test's own."""
    started: list[Proxy] = []

    def begin(*rules: faults.Rule, seed: int = 0) -> Proxy:
        chosen = {"rules": list(rules), "seed": seed}
        started.append(Proxy(spawner, server.address, chosen, folder=tmp_path, log=tmp_path / "faults.log"))
        return started[-1]

    yield begin
    for proxy in started:
        proxy.kill()


@pytest.fixture(scope="module")
def shared(server: Upstream) -> Iterator[str]:
    """The proxy on a thread of this process, so that what it does is measured with the tests."""
    state, loop, port = random.getstate(), asyncio.new_event_loop(), free_port(0)
    runner = web.AppRunner(application(server.address, [], 0), access_log=None)

    async def begin() -> None:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()

    with ThreadPoolExecutor(1) as executor:
        executor.submit(loop.run_until_complete, begin()).result()
        running = executor.submit(loop.run_forever)
        yield f"http://127.0.0.1:{port}"
        loop.call_soon_threadsafe(loop.stop)
        running.result()
        executor.submit(loop.run_until_complete, runner.cleanup()).result()
    loop.close()
    random.setstate(state)


@pytest.fixture
def faulty(shared: str) -> Faulty:
    """The address of a proxy that several tests use, with rules of the test's own."""

    def follow(*rules: faults.Rule) -> str:
        faults.change(shared, rules)
        return shared

    return follow


def _client(service: str, endpoint: str, attempts: int = 1) -> Any:
    config = Config(retries={"mode": "standard", "total_max_attempts": attempts}, s3={"addressing_style": "path"}, proxies={})
    return boto3.client(service, endpoint_url=endpoint, config=config)  # type: ignore[call-overload]


_VARYING = {"host", "x-amz-date", "authorization", "amz-sdk-invocation-id", "connection", "expect", "user-agent"}


def _without_time(asked: tuple[str, str, dict[str, str], bytes]) -> Any:
    method, path, headers, body = asked
    return method, path, {name: value for name, value in headers.items() if name not in _VARYING}, body


def test_requests_and_answers_pass_as_they_are(upstream: Upstream, faulty: Faulty) -> None:
    endpoint = faulty()

    def ask(s3: Any) -> list[Any]:
        answers = []
        for key in _KEYS:
            s3.put_object(Bucket="b", Key=key, Body=key.encode() * 100, ContentType="text/markdown", Metadata={"k": "v %41"})
            s3.put_object(Bucket="b", Key=key, Body=b"")
            got = s3.get_object(Bucket="b", Key=key, VersionId="a+b/c=d e")
            answers += [got["Body"].read(), got["ContentLength"], got["ETag"], got["VersionId"]]
            answers += [s3.head_object(Bucket="b", Key=key)["ContentLength"]]
        return answers

    plain = ask(_client("s3", upstream.address))
    expected = [_without_time(asked) for asked in upstream.asked]
    upstream.asked.clear()
    before = faults.fired(endpoint)
    assert ask(_client("s3", endpoint)) == plain
    assert [_without_time(asked) for asked in upstream.asked] == expected
    assert len(expected) == 4 * len(_KEYS)
    signed = [(asked[2]["authorization"].split(" ")[0], asked[2]["host"], asked[2]["user-agent"][:5]) for asked in upstream.asked]
    assert set(signed) == {("AWS4-HMAC-SHA256", endpoint.removeprefix("http://"), "Boto3")}, "as they were signed"
    assert faults.fired(endpoint) == before


def test_uploads_in_chunks_and_large_ones_pass(upstream: Upstream, faulty: Faulty) -> None:
    large = os.urandom(6_000_000)
    with closing(http.client.HTTPConnection(faulty().removeprefix("http://"))) as connection:
        connection.request(
            "PUT", "/b/k%2Bk", iter([large[:10], large[10:]]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
        )
        answer = connection.getresponse()
        assert (answer.status, answer.reason, answer.read()) == (200, "Fine", b"")
    assert [(path, body == large) for _, path, _, body in upstream.asked] == [("/b/k%2Bk", True)]


_CALLS: dict[str, Callable[[Any], Any]] = {
    "dynamodb": lambda client: client.get_item(TableName="t", Key={"k": {"S": "v"}}),
    "s3": lambda client: client.list_objects_v2(Bucket="b"),
    "sqs": lambda client: client.get_queue_url(QueueName="q"),
}


@pytest.mark.parametrize(
    ("service", "code", "status", "again"),
    [
        ("dynamodb", "ThrottlingException", 400, True),
        ("dynamodb", "ProvisionedThroughputExceededException", 400, True),
        ("dynamodb", "InternalServerError", 500, True),
        ("dynamodb", "TransactionConflictException", 400, False),
        ("s3", "SlowDown", 503, True),
        ("s3", "InternalError", 500, True),
        ("sqs", "RequestThrottled", 400, False),
        ("sqs", "ServiceUnavailable", 503, True),
    ],
)
def test_the_sdk_sees_awss_errors_and_tries_again(
    upstream: Upstream, faulty: Faulty, service: str, code: str, status: int, again: bool
) -> None:
    endpoint = faulty({"service": service, "times": 2, "error": {"code": code}})
    upstream.body = b"" if service == "s3" else b"{}"
    with pytest.raises(ClientError) as raised:
        _CALLS[service](_client(service, endpoint))
    error = raised.value.response
    assert error["Error"]["Code"].removeprefix("AWS.SimpleQueueService.") == code
    assert error["ResponseMetadata"]["HTTPStatusCode"] == status
    assert not upstream.asked
    try:
        answer = _CALLS[service](_client(service, endpoint, attempts=2))
    except ClientError as error:
        assert not again
        assert error.response["ResponseMetadata"]["RetryAttempts"] == 0  # noqa: PT017 - whether it raises is what is asked
    else:
        assert again
        assert answer["ResponseMetadata"]["RetryAttempts"] == 1


def test_a_conflict_of_transactions_has_its_reasons(faulty: Faulty) -> None:
    endpoint = faulty(*(rule for rule in faults.storm(5.0) if rule.get("operation") == "TransactWriteItems"))
    client = _client("dynamodb", endpoint)
    with pytest.raises(client.exceptions.TransactionCanceledException) as raised:
        client.transact_write_items(TransactItems=[{"Delete": {"TableName": "t", "Key": {"k": {"S": "v"}}}}])
    assert raised.value.response["CancellationReasons"][0]["Code"] == "TransactionConflict"


_REQUESTS: dict[str, Callable[[str], Any]] = {
    "PUT": lambda endpoint: _client("s3", endpoint).put_object(Bucket="b", Key="k", Body=b"x"),
    "GET": lambda endpoint: _client("s3", endpoint).get_object(Bucket="b", Key="k"),
    "POST": lambda endpoint: _client("dynamodb", endpoint).delete_item(TableName="t", Key={"k": {"S": "v"}}),
}


@pytest.mark.parametrize("method", _REQUESTS)
@pytest.mark.parametrize(("rule", "arrived"), [({"service": "*", "reset": True}, 0), ({"service": "*", **LOST_ANSWER}, 1)])
def test_a_connection_is_lost_before_or_after(
    upstream: Upstream, faulty: Faulty, method: str, rule: faults.Rule, arrived: int
) -> None:
    endpoint = faulty(rule)
    with pytest.raises(ConnectionClosedError):
        _REQUESTS[method](endpoint)
    assert [asked[0] for asked in upstream.asked] == [method] * arrived


def test_the_same_seed_draws_the_same(start: Start) -> None:
    rule = {"service": "s3", "probability": 0.5, "error": {"code": "SlowDown"}}

    def draws(seed: int) -> list[bool]:
        client = _client("s3", start(rule, seed=seed).endpoint)
        failed = []
        for _ in range(40):
            try:
                client.head_object(Bucket="b", Key="k")
            except ClientError:
                failed.append(True)
            else:
                failed.append(False)
        return failed

    first = draws(1)
    assert 5 < sum(first) < 35
    assert draws(1) == first


def test_rules_change_while_it_runs(faulty: Faulty) -> None:
    endpoint = faulty(faults.outage(1_000, service="s3"))
    before = faults.fired(endpoint)
    client = _client("s3", endpoint)
    with pytest.raises(ClientError):
        client.head_object(Bucket="b", Key="k")
    faults.change(endpoint)
    client.head_object(Bucket="b", Key="k")
    assert faults.fired(endpoint) - before == {("s3", "HeadObject", "error:InternalServerError"): 1}
    with pytest.raises(StackFailed, match="refuses POST rules"):
        faults.change(endpoint, [{"probability": "much"}])


def test_an_upstream_that_goes_away(upstream: Upstream, faulty: Faulty) -> None:
    with pytest.raises(ClientError, match="502"):
        _client("s3", faulty()).head_object(Bucket=_AWAY, Key="k")
    assert upstream.asked


def test_a_proxy_that_cannot_start_says_why(start: Start) -> None:
    with pytest.raises(StackFailed, match="ended while starting") as raised:
        start({"service": "s3", "latency": {"preset": "no such"}})
    assert "no such" in str(raised.value)


def test_it_ends_with_its_owner(start: Start) -> None:
    proxy = start()
    proxy.kill()
    assert proxy.process.poll() is not None
    with pytest.raises(OSError, match="refused"):
        faults.fired(proxy.endpoint)


def test_something_else_at_its_place() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(StackFailed, match="refuses GET metrics: 501"):
            faults.fired(f"http://127.0.0.1:{server.server_address[1]}")
        server.shutdown()


def test_bad_rules_are_refused_at_once() -> None:
    with pytest.raises(ValueError, match="no such"):
        application("http://127.0.0.1:1", [{"latency": {"preset": "no such"}}], 0)


def test_the_process_listens_on_loopback_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(web, "run_app", lambda _, **options: asked.append(options))
    main(["http://127.0.0.1:1", "7", "[]", "0"])
    assert [(options["host"], options["port"]) for options in asked] == [("127.0.0.1", 7)]


# ---- Postkeep in a storm -----------------------------------------------------------------------------------------------------

_NAMES = ["plain", "a b  c ", "100%", "a+b%20c", "一杯茶　路", "🍵茶🍵", "x #1?&=", "tail  "]


def _post(number: int, edition: int, draw: random.Random) -> bytes:
    if draw.random() < 0.1:
        return f"---\ntitle: [\n---\nrejected {number} {edition}\n".encode()
    tags = ", ".join(draw.sample(["茶", "水", "山", "雨", "風"], 2))
    front = f"title: 第{number}篇，第{edition}版\ndate: 2021-06-{number % 28 + 1:02}\ntags: [ {tags} ]"
    return f"---\n{front}\n---\n<p>文字 {number} {edition}。</p>\n".encode()


@dataclass
class Storm:
    """What happens to the posts of one key: contents, and None for a deletion."""

    key: str
    events: list[bytes | None]


def _plan(posts: int, seed: int) -> list[Storm]:
    draw = random.Random(seed)  # noqa: S311 - the same plan at each run
    plan = []
    for number in range(posts):
        events: list[bytes | None] = [_post(number, 1, draw)]
        match number % 6:
            case 0:
                events.append(_post(number, 2, draw))
            case 1:
                events.append(None)
            case 2:
                events += [None, _post(number, 3, draw)]
            case 3:
                events.append(events[0])  # the same bytes again
            case _:
                pass
        plan.append(Storm(f"storm/_posts/2021-06-{number % 28 + 1:02}-{_NAMES[number % len(_NAMES)]}{number}.md", events))
    return plan


def _expected(body: bytes, key: str) -> tuple[str, str, list[str]]:
    try:
        metadata = parse(body, key).metadata
    except PostRejected:
        return "rejected", "", []
    return "ready", metadata.title, list(metadata.tags)


def _listed(api: httpx.Client, **parameters: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    cursor = ""
    while True:
        page = api.get("/posts", params={"limit": "50", **parameters, **({"cursor": cursor} if cursor else {})})
        found |= {post["key"]: post for post in page.raise_for_status().json()["posts"]}
        cursor = page.json()["next"]
        if not cursor:
            return found


@pytest.mark.stack
@needs_build
def test_the_archive_converges_in_a_storm_of_faults(tmp_path: Path) -> None:
    state = tmp_path / "state"
    # At its beginning an outage of DynamoDB. Only parse's four workers call it then, so one of them fails at least five times in
    # a row, which is all that the SDK tries, and its event is tried again by Lambda.
    rules = [faults.outage(20), *faults.storm(0.25)]
    outputs = control.up(
        ROOT,
        state=state,
        parameters={"FetchPictures": "false"},
        workers=4,  # they wait most of the time
        api_port=0,
        endpoint_port=0,
        retry_seconds=0.2,
        faults={"rules": rules, "seed": 7},
        echo=lambda _: None,
    )
    try:
        with closing(Clients(int(outputs.endpoint_url.rsplit(":", 1)[1]))) as clients:
            # Long enough for a batch whose calls are tried again and again, short enough for this test: a batch in which one call
            # failed at all its tries comes again after this time, not after the template's many minutes.
            for queue, seconds in (("RenderQueue", "12"), ("IndexQueue", "30")):
                clients.sqs.set_queue_attributes(QueueUrl=outputs.queues[queue], Attributes={"VisibilityTimeout": seconds})
            plan = _plan(60, seed=7)

            def happen(storm: Storm) -> None:
                for body in storm.events:
                    if body is None:
                        clients.s3.delete_object(Bucket=outputs.posts_bucket, Key=storm.key)
                    else:
                        clients.s3.put_object(Bucket=outputs.posts_bucket, Key=storm.key, Body=body)

            with ThreadPoolExecutor(4) as executor:
                list(executor.map(happen, plan))
            backlog = control.await_idle(state, seconds=240)
        injected = faults.fired(outputs.faults_url)
        faults.change(outputs.faults_url)
        _check_view(outputs, plan)
    finally:
        control.down(state, lambda _: None)
    assert backlog.idle, backlog
    assert not any(backlog.dead_letters.values()), backlog.dead_letters
    _check_faults(injected)
    assert re.search(r"FIRED .* dynamodb ", (state / "logs" / "faults.log").read_text())
    with pytest.raises(OSError, match="refused"):
        faults.fired(outputs.faults_url)


def _check_view(outputs: control.Outputs, plan: list[Storm]) -> None:
    """The API shows what a clean reading of the bucket's contents gives."""
    wanted = {storm.key: _expected(storm.events[-1], storm.key) for storm in plan if storm.events[-1] is not None}
    gone = {storm.key for storm in plan if storm.events[-1] is None}
    with httpx.Client(base_url=outputs.api_url, timeout=60, trust_env=False) as api:
        rejected, live = _listed(api, status="rejected"), _listed(api)
        assert {key for key, (status, *_) in wanted.items() if status == "rejected"} == set(rejected)
        assert {key: (post["status"], post["title"], post["tags"]) for key, post in live.items()} == {
            key: expected for key, expected in wanted.items() if expected[0] == "ready"
        }
        assert set(_listed(api, status="deleted")) == gone
        for storm in plan:
            detail, text = api.get(f"/posts/{post_id(storm.key)}"), api.get(f"/posts/{post_id(storm.key)}/text")
            if storm.key in gone:
                assert detail.status_code == 410
                continue
            status, title, tags = wanted[storm.key]
            assert (detail.json()["status"], detail.json()["title"], detail.json()["tags"]) == (status, title, tags)
            assert (text.status_code == 200) == (status == "ready")
            if status == "ready":
                paragraph = (storm.events[-1] or b"").decode().partition("<p>")[2].partition("</p>")[0]
                assert paragraph in text.text


def _check_faults(injected: Any) -> None:
    by_service = {s: sum(n for (service, _, _), n in injected.items() if service == s) for s in ("dynamodb", "s3", "sqs")}
    assert by_service["dynamodb"] >= 40, injected
    assert by_service["s3"] >= 20, injected
    assert by_service["sqs"] >= 5, injected
    by_kind: dict[str, int] = {}
    for (_, _, kind), number in injected.items():
        by_kind[kind] = by_kind.get(kind, 0) + number
    floors = {
        "error:InternalServerError": 20,
        "error:ThrottlingException": 3,
        "error:SlowDown": 2,
        "error:InternalError": 2,
        "reset": 5,
    }
    for kind, floor in floors.items():
        assert by_kind.get(kind, 0) >= floor, json.dumps(by_kind)
    lost = sum(number for kind, number in by_kind.items() if kind.startswith("response"))
    assert lost >= 5, json.dumps(by_kind)
