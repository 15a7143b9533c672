"""The drill of docs/recovery.md: everything but the posts bucket is lost, and comes back.

``make test`` builds the functions first. The tests run in their order on one stack.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from click.testing import CliRunner, Result

from postkeep.post import SUFFIXES, post_id
from postkeep_local.cli import main
from postkeep_local.pictures_server import serve
from postkeep_local.stack import control
from stack.test_end_to_end import Running
from support.built import needs_build
from support.template import ROOT

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_EXAMPLES = ROOT / "examples"

pytestmark = [pytest.mark.stack, needs_build]

EDITED = "tea/_posts/2022-08-09-How a Teapot Pours.md"
GONE = "drill/_posts/gone.md"
HOSTILE = "drill/_posts/a b+c%20d#e?f\u3000|“茶”🍵\t.md"
EVERYWHERE = "the OR 的"
"""What nearly every post says."""

LOST = {"added", "changed", "generation", "fetched"}
"""What only the table knows: when a post was first recorded and last changed, and how often."""


type Answers = Mapping[str, Any]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serve(_EXAMPLES / "pictures") as pictures:
        running = Running(tmp_path_factory.mktemp("stack") / "state", pictures)
        running.up()
        fill(running)
        yield running
        control.down(running.state, lambda _: None)


def fill(stack: Running) -> None:
    """Drop the examples and a few more, edit one, delete one."""
    folder = _EXAMPLES / "posts"
    posts = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.suffix in SUFFIXES}
    own = b"---\ntitle: drill\ntags: [a, b, c]\n---\n<p>It was here.</p>\n"
    stack.put({**posts, GONE: own, HOSTILE: own, "drill/notes.htm": b"no post"})
    stack.settle()
    stack.put({EDITED: posts[EDITED] + b"\n<p>Edited since.</p>\n"})
    with closing(stack.clients()) as clients:
        clients.s3.delete_object(Bucket=stack.outputs.posts_bucket, Key=GONE)
    assert not any(stack.settle().dead_letters.values())


def answers(stack: Running) -> Answers:
    """What the API answers of everything that there is, but for what only the table knows."""

    def lasting(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: lasting(inner) for name, inner in value.items() if name not in LOST}
        return [lasting(inner) for inner in value] if isinstance(value, list) else value

    found: dict[str, Any] = {"posts": lasting(stack.listed()), "rejected": lasting(stack.listed(status="rejected"))}
    for tag in ("a", "b", "c"):
        found[f"tag {tag}"] = sorted(stack.listed(tag=tag))
    for key in [*found["posts"], *found["rejected"]]:
        post = stack.get(f"/posts/{post_id(key)}").json()
        found[f"post {key}"] = lasting(post)
        for picture in post.get("picture_items") or []:
            for thumbnail in picture["thumbnails"]:
                found[thumbnail["url"]] = stack.get(thumbnail["url"]).content
        text = stack.get(f"/posts/{post_id(key)}/text", format="markdown")
        found[f"text {key}"] = (text.status_code, text.text if text.status_code == 200 else "")
    time.sleep(2.2)  # a reader of the index looks for a new one every two seconds
    hits = stack.get("/search", q=EVERYWHERE, limit="100").json()["posts"]
    found["searched"] = {hit["id"]: hit["snippet"] for hit in hits}
    return found


def table(stack: Running) -> "DynamoDBClient":
    return boto3.client("dynamodb", "us-east-1", endpoint_url=stack.outputs.endpoint_url)


def lose_everything(stack: Running) -> None:
    """Delete all items of the table and all objects of the archive bucket."""
    name = stack.outputs.table
    with closing(table(stack)) as dynamodb, closing(stack.clients()) as clients:
        for page in dynamodb.get_paginator("scan").paginate(TableName=name, ProjectionExpression="pk, sk"):
            for item in page["Items"]:
                dynamodb.delete_item(TableName=name, Key=item)
        assert dynamodb.scan(TableName=name)["Count"] == 0
        for listing in clients.s3.get_paginator("list_objects_v2").paginate(Bucket=stack.outputs.archive_bucket):
            for entry in listing.get("Contents", []):
                clients.s3.delete_object(Bucket=stack.outputs.archive_bucket, Key=entry["Key"])
    assert stack.listed() == {}


def postkeep(stack: Running, *arguments: str) -> Result:
    result = CliRunner().invoke(main, [*arguments, "--state", str(stack.state)])
    assert result.exit_code == 0, result.output
    return result


def test_the_drill(stack: Running) -> None:
    before = answers(stack)
    assert any(name.startswith("/thumbnails/") for name in before)
    assert set(before["tag c"]) == {HOSTILE}
    assert post_id(EDITED) in before["searched"]
    lose_everything(stack)
    told = postkeep(stack, "reconcile").stdout
    assert f"missing     {len(before['posts']) + len(before['rejected'])}" in told
    assert not any(stack.settle().dead_letters.values())
    assert answers(stack) == before


def test_afterwards_everything_agrees(stack: Running) -> None:
    told = postkeep(stack, "reconcile", "--check-only").stdout
    assert "Everything agrees with the posts bucket." in told
    assert "1 object is no post by its key: .htm (1)" in told


def test_texts_are_made_anew(stack: Running) -> None:
    before = answers(stack)
    told = postkeep(stack, "reprocess", "--prefix", "tea/", "--force").stdout
    assert "asked for" in told
    assert not any(stack.settle().dead_letters.values())
    assert answers(stack) == before


def test_a_purged_post_leaves_its_tombstone_alone(stack: Running) -> None:
    before = answers(stack)
    postkeep(stack, "purge", "--yes", EDITED)
    stack.settle()
    assert stack.get(f"/posts/{post_id(EDITED)}").status_code == 410
    after = answers(stack)
    assert set(before["posts"]) - set(after["posts"]) == {EDITED}
    assert before["searched"].keys() - after["searched"].keys() == {post_id(EDITED)}
    with closing(stack.clients()) as clients:
        assert "Versions" not in clients.s3.list_object_versions(Bucket=stack.outputs.posts_bucket, Prefix=EDITED)
    assert "Everything agrees" in postkeep(stack, "reconcile").stdout
