"""The functions in real containers, as `sam local` runs them: two posts from the file to the API's answer.

`sam local invoke` ends with 0 whatever the function did, so the answers are what is held.
"""

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest

from postkeep.aws.items import picture_item
from postkeep.post import Picture, picture_id, post_id
from sam.cli import SAM, environment, sam
from sam.services import ARCHIVE, POSTS, TABLE, Services, end, event, free_port
from support.template import ROOT

pytestmark = pytest.mark.sam

type Invoke = Callable[[str, str], Any]

_START_SECONDS = 120.0
_SENTENCE = "山里的雨停了"
_PICTURE = "https://pictures.postkeep.example/rain.jpg"


def keys(name: str) -> list[str]:
    return [unquote_plus(record["s3"]["object"]["key"]) for record in event(name)["Records"]]


def bodies(name: str) -> list[dict[str, Any]]:
    return [json.loads(record["body"]) for record in event(name)["Records"]]


def file_of(title: str) -> bytes:
    front_matter = f"---\ntitle: {title}\nauthor: 陆羽\ndate: 2021-06-29\n---\n"
    return f'{front_matter}<p>{_SENTENCE}。</p>\n<p><img src="{_PICTURE}" alt="茶"></p>\n'.encode()


@pytest.fixture(scope="module")
def invoke(services: Services, local_options: list[str]) -> Invoke:
    """Run a function in a container on an event of events/, and give what it answered."""

    def run(function: str, name: str) -> Any:
        ran = sam("local", "invoke", function, "--event", str(ROOT / "events" / f"{name}.json"), *local_options)
        assert ran.code == 0, ran.errors
        try:
            answer = json.loads(ran.output.splitlines()[-1])
        except (IndexError, ValueError):
            pytest.fail(f"{function} gave no answer:\n{ran.output}\n{ran.errors[-4000:]}")
        if "errorType" in answer or answer.get("batchItemFailures") or answer.get("statusCode", 0) >= 500:
            pytest.fail(f"{function} failed: {json.dumps(answer)}\n{ran.output[-4000:]}\n{ran.errors[-2000:]}")
        return answer

    return run


@pytest.fixture(scope="module")
def recorded(services: Services, invoke: Invoke) -> list[Any]:
    """Both posts lie in the bucket, and parse was told: of the first, then of both and of a file that is no post."""
    for number, key in enumerate(keys("s3-multi")):
        services.s3.put_object(Bucket=POSTS, Key=key, Body=file_of(f"第{number}篇"))
    return [invoke("ParseFunction", "s3-put"), invoke("ParseFunction", "s3-multi")]


@pytest.fixture(scope="module")
def rendered(invoke: Invoke, recorded: list[Any]) -> Any:
    return invoke("RenderFunction", "render-batch")


def test_the_events_speak_of_the_same_posts() -> None:
    first, second, other = keys("s3-multi")
    assert keys("s3-put") == keys("s3-delete") == [first]
    assert [body["post_id"] for body in bodies("render-batch")] == [post_id(first), post_id(second)]
    assert not other.endswith(".md")


def test_parse_records_posts(services: Services, recorded: list[Any]) -> None:
    assert recorded == [{"outcomes": ["recorded"]}, {"outcomes": ["unchanged", "recorded", "ignored"]}]
    requests = services.messages("render")
    assert {request["post_id"] for request in requests} == {post_id(key) for key in keys("s3-multi")[:2]}


def test_render_makes_texts_and_asks_for_thumbnails(services: Services, rendered: Any) -> None:
    assert rendered == {"batchItemFailures": []}
    found = services.s3.list_objects_v2(Bucket=ARCHIVE, Prefix="renditions/")["Contents"]
    assert {entry["Key"].split("/")[1] for entry in found} == {body["post_id"] for body in bodies("render-batch")}
    asked = {(request["post_id"], request["picture_id"], request["address"]) for request in services.messages("thumbnail")}
    assert asked == {(body["post_id"], picture_id(_PICTURE), _PICTURE) for body in bodies("render-batch")}


@pytest.fixture(scope="module")
def indexed(invoke: Invoke, rendered: Any) -> Any:
    return invoke("IndexFunction", "index-batch")


def test_what_is_indexed_is_found(services: Services, invoke: Invoke, indexed: Any) -> None:
    told = {request["post_id"] for request in services.messages("index")}
    assert told == {body["post_id"] for body in bodies("index-batch")} == {body["post_id"] for body in bodies("render-batch")}
    assert indexed == {"batchItemFailures": []}
    answer = invoke("SearchFunction", "search-query")
    found = json.loads(answer["body"])
    assert (answer["statusCode"], found["total"]) == (200, 2)
    assert found["posts"][0]["snippet"]["text"].startswith(_SENTENCE)


def test_thumbnail_records_that_a_picture_cannot_be_had(services: Services, invoke: Invoke) -> None:
    requests = bodies("thumbnail-batch")
    for request in requests:
        picture = Picture(id=request["picture_id"], address=request["address"])
        services.dynamodb.put_item(TableName=TABLE, Item=picture_item(request["post_id"], picture))
    # Their host does not exist: whether that is for now or for ever, the messages are done with and each picture says why.
    assert invoke("ThumbnailFunction", "thumbnail-batch") == {"batchItemFailures": []}
    for request in requests:
        item = services.item(f"PICTURES#{request['post_id']}", f"00000001-0001#{request['picture_id']}")
        assert item["status"]["S"] in {"waiting", "failed"}
        assert item["reason"]["S"]


def test_query_answers(invoke: Invoke, rendered: Any) -> None:
    assert invoke("QueryFunction", "api-healthz")["statusCode"] == 200
    listed = invoke("QueryFunction", "api-posts")
    assert listed["statusCode"] == 200
    assert {post["key"] for post in json.loads(listed["body"])["posts"]} == set(keys("s3-multi")[:2])
    shown = json.loads(invoke("QueryFunction", "api-post")["body"])
    assert (shown["title"], shown["status"]) == ("第0篇", "ready")
    text = invoke("QueryFunction", "api-text")
    assert (text["statusCode"], text["headers"]["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert _SENTENCE in text["body"]


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=120) as answer:  # noqa: S310 - http on loopback
        return json.load(answer)


@pytest.fixture(scope="module")
def api(local_options: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The HTTP API as `sam local start-api` serves it."""
    port = free_port("127.0.0.1")
    log = tmp_path_factory.mktemp("api") / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(SAM), "local", "start-api", "--host", "127.0.0.1", "--port", str(port), *local_options],
            cwd=ROOT,
            env=environment(),
            stdout=output,
            stderr=output,
        )
    try:
        _await_listening(port, process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        end(process, 60)  # it ends its containers


def _await_listening(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    pytest.fail(f"sam local start-api does not listen:\n{log.read_text()[-4000:]}")


def test_start_api_serves_the_api(api: str, rendered: Any, indexed: Any) -> None:
    assert _get(f"{api}/healthz")["status"] == "ok"
    assert {post["key"] for post in _get(f"{api}/posts?limit=5")["posts"]} == set(keys("s3-multi")[:2])
    assert _get(f"{api}/search?q=%E9%9B%A8")["total"] == 2
    with pytest.raises(urllib.error.HTTPError) as error:
        _get(f"{api}/posts/{'a' * 26}")
    assert error.value.code == 404
    error.value.close()


def test_parse_records_a_deletion(services: Services, invoke: Invoke, recorded: list[Any]) -> None:
    key = keys("s3-multi")[0]
    services.s3.delete_object(Bucket=POSTS, Key=key)
    assert invoke("ParseFunction", "s3-delete") == {"outcomes": ["deleted"]}
    assert services.item(f"POST#{post_id(key)}", "POST")["status"]["S"] == "deleted"
