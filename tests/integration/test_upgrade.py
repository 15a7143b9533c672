"""Archives that earlier versions wrote, under the functions of this one: before, during and after `postkeep upgrade`."""

import contextlib
import hashlib
import io
import json
import traceback
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner, Result

import parse_post.handler
import query_posts.handler
import render_post.handler
import search_posts.handler
import search_posts.index_handler
from integration.conftest import Aws, Context, api_event, s3_event, sqs_event, standing
from integration.test_roles import Tomorrow
from integration.test_search_index import Patient
from postkeep.aws.ledger import PARTITION
from postkeep.errors import PostRejected
from postkeep.frontmatter import parse
from postkeep.post import Metadata, Post, Status, post_id
from postkeep_local.cli import main
from postkeep_local.commands import options
from postkeep_local.commands import upgrade as command
from postkeep_local.migrations import editions, registry
from postkeep_local.operations.archive import Archive
from support import older
from support.older import ADDRESS, Age

ONE, TWO, BAD, GONE = "tea/_posts/one.md", "tea/_posts/two.md", "tea/_posts/bad.md", "tea/_posts/gone.md"


def a_file(title: str, tags: str, body: str) -> bytes:
    head = f'title: "{title}"\ndate: 2021-06-29T01:39:02.000Z\nauthor: 陆羽\nfrom: https://tea.example/{title}\ntags: [ {tags} ]'
    return f"---\n{head}\n---\n<p>{body}</p>\n".encode()


NOTHING = b"---\n---\n"

FILES = {
    ONE: a_file("雨前茶", "茶", f'清晨的第一杯茶，总是最香的。</p><p><img src="{ADDRESS}" alt="茶园">'),
    TWO: a_file("山路", "茶, 山, 路", "山路上没有茶馆，只有泉水。"),
    BAD: b"no front matter",
}


class World:
    """A stack of this version, over data of an earlier one."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws

    def have(self, age: Age, only: str = "") -> None:
        """Write an archive of two posts, a rejected one and a deleted one, or of one of them, as that version did."""
        for key, body in FILES.items():
            if only not in {"", key}:
                continue
            version = self.aws.put(key, body)
            post = self.recorded(key, body)
            post = replace(post, revision=replace(post.revision, version_id=version))
            pictures = int(key == ONE)
            self.write(older.record(age, post, pictures=pictures))
            if post.status is Status.READY:
                self.aws.s3.put_object(
                    Bucket=self.aws.archive, Key=older.text_key(age, post), Body=older.text(age, post, pictures=pictures)
                )
            if pictures:
                self.write(older.picture(age, post))
        for listing in ("tag#山", "tag#路"):
            place = f"2021-06-29T01:39:02.000Z#{post_id(TWO)}"
            row = {"pk": f"POST#{post_id(TWO)}", "sk": f"ROW#{listing}", "tag": listing.partition("#")[2], "published": place}
            self.write({name: {"S": value} for name, value in row.items()})
        gone = older.recorded(GONE, NOTHING, status=Status.DELETED, metadata=Metadata(), content_hash="", size=0, summary="")
        self.write(older.record(age, gone))

    @staticmethod
    def recorded(key: str, body: bytes) -> Post:
        """What is recorded of a file."""
        if key != BAD:
            return older.recorded(key, body)
        with pytest.raises(PostRejected) as rejected:
            parse(body, key)
        return replace(
            older.recorded(key, NOTHING, status=Status.REJECTED, metadata=Metadata(), summary=""),
            size=len(body),
            content_hash=hashlib.sha256(body).hexdigest(),
            reason=rejected.value.reason,
            detail=rejected.value.detail,
        )

    def write(self, item: dict[str, Any]) -> None:
        self.aws.dynamodb.put_item(TableName=self.aws.table, Item=item)

    def parse(self, key: str, sequencer: str = "B1") -> None:
        parse_post.handler.handler(s3_event(self.aws.posts, key, sequencer), Context())

    def work(self) -> None:
        """Let render and index do all that they are asked."""
        for url in (self.aws.render_queue, self.aws.backlog_queue):
            if messages := self.aws.messages(url):
                assert not render_post.handler.handler(sqs_event(messages), Context())["batchItemFailures"]
        if messages := self.aws.messages(self.aws.index_queue):
            assert not search_posts.index_handler.handler(sqs_event(messages), Patient())["batchItemFailures"]

    def ask(self, path: str, query: str = "") -> tuple[int, Any]:
        handler = search_posts.handler if path == "/search" else query_posts.handler
        search_posts.handler.wiring.cache_clear()  # a reader looks for a new index every two seconds only
        answer = handler.handler(api_event(path, query), Context())
        body = answer["body"]
        return answer["statusCode"], json.loads(body) if "json" in answer["headers"]["Content-Type"] else body

    def archive(self) -> Archive:
        queues = {"RenderBacklogQueue": self.aws.backlog_queue, "ThumbnailQueue": self.aws.thumbnail_queue}
        buckets = {"PostsBucket": self.aws.posts, "ArchiveBucket": self.aws.archive}
        return Archive(
            "keep", "us-east-1", "", buckets, {"PostsTable": self.aws.table}, queues, {"ParseFunction": "parse"}, version="0.1.0"
        )


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with ExitStack() as stack:
        yield enter(stack, monkeypatch)


def enter(stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> World:
    """A stack whose functions work while the command waits for them."""
    aws, _ = stack.enter_context(standing(monkeypatch))
    found = World(aws)
    monkeypatch.setattr(options, "open_archive", lambda *_: found.archive())

    def slept(_seconds: float) -> None:
        with contextlib.redirect_stdout(io.StringIO()):  # the functions' own is no output of the command
            found.work()

    monkeypatch.setattr("postkeep_local.migrations.registry.time.sleep", slept)
    return found


def upgrade(*arguments: str) -> Result:
    result = CliRunner().invoke(main, ["upgrade", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


IDS = {post_id(key) for key in (ONE, TWO, BAD, GONE)}
_OF_NOW = {"added", "changed", "revision", "version_id", "generation"}


def shown(world: World) -> dict[str, Any]:
    """All that readers see, but when it came about and what only pictures' hosts can tell."""
    found: dict[str, Any] = {}
    for query in (
        "",
        "status=rejected",
        "status=deleted",
        "tag=山",
        "author=陆羽",
        "archive=tea",
        "host=tea.example",
        "has_image=true",
    ):
        status, page = world.ask("/posts", query)
        found[query] = status, [_plain(post) for post in page["posts"]]
    for identity in sorted(IDS):
        for what in ("", "/pictures", "/text?format=plain", "/text?format=html", "/text?format=markdown", "/removed", "/related"):
            path, _, query = f"/posts/{identity}{what}".partition("?")
            status, body = world.ask(path, query)
            found[f"{identity}{what}"] = status, _plain(body) if isinstance(body, dict) else body
    for words in ("清晨", "泉水", "旧的"):
        status, body = world.ask("/search", urlencode({"q": words}))
        found[words] = status, [post["id"] for post in body.get("posts", [])]
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: _plain(inner) for name, inner in value.items() if name not in _OF_NOW}
        if "thumbnails" in kept:
            return {name: kept[name] for name in ("id", "address", "alt", "caption") if name in kept}
        return kept
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def from_scratch(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    with ExitStack() as stack:
        world = enter(stack, monkeypatch)
        for key, body in FILES.items():
            world.aws.put(key, body)
            world.parse(key)
        world.aws.put(GONE, b"x")
        world.parse(GONE)
        world.aws.s3.delete_object(Bucket=world.aws.posts, Key=GONE)
        world.parse(GONE, "B2")
        world.work()
        return shown(world)


def thumbnails(world: World) -> list[tuple[str, str]]:
    _, body = world.ask(f"/posts/{post_id(ONE)}/pictures")
    return [(picture["status"], thumbnail["url"]) for picture in body["pictures"] for thumbnail in picture["thumbnails"]]


@pytest.mark.parametrize("age", Age)
def test_an_older_archive_becomes_what_one_from_scratch_is(age: Age, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = from_scratch(monkeypatch)
    with ExitStack() as stack:
        world = enter(stack, monkeypatch)
        world.have(age)
        before, pictures = shown(world), thumbnails(world)
        assert {status for status, _ in before.values()} <= {200, 404, 410, 503}
        assert before[""][0] == before[f"{post_id(ONE)}/text?format=plain"][0] == 200
        assert (before[f"{post_id(ONE)}/text?format=html"][0] == 404) is (age is Age.EDITIONS)
        assert before != expected

        result = upgrade()
        assert result.exit_code == 0, result.output
        assert "The archive's data is of this version." in result.stdout
        assert "not done" not in result.stderr
        after = shown(world)
        assert after == expected
        assert thumbnails(world) == pictures, "what a host may not have any more is kept"
        assert pictures

        items = world.aws.dynamodb.scan(TableName=world.aws.table)["Items"]
        assert "done" not in {item["status"]["S"] for item in items if "status" in item}
        assert upgrade("--check").exit_code == 0
        again = upgrade("--again", "all")
        assert again.exit_code == 0
        assert shown(world) == expected


def test_a_changed_file_is_recorded_after_the_upgrade(world: World) -> None:
    world.have(Age.EDITIONS)
    world.aws.put(TWO, FILES[TWO].replace("泉水".encode(), "清茶".encode()))
    with pytest.raises(UserWarning) as failed:  # of the metrics: there are none
        world.parse(TWO)
    assert "Conflict" in "".join(traceback.format_exception(failed.value))
    result = upgrade()
    assert "postkeep dlq redrive ParseFailureQueue" in result.stdout
    world.parse(TWO)
    world.work()
    assert "清茶" in world.ask(f"/posts/{post_id(TWO)}/text", "format=plain")[1]


def test_the_command_says_what_it_would_do_and_does_it_once(world: World) -> None:
    world.have(Age.EDITIONS)
    check = upgrade("--check")
    assert check.exit_code == 1
    assert "Nothing is recorded of this archive" in check.stdout
    dry = upgrade("--dry-run")
    assert dry.exit_code == 0
    assert "would change 4 of 4" in dry.stdout
    assert "would change 2 of 2" in dry.stdout
    assert world.aws.messages(world.aws.backlog_queue) == []
    values = json.loads(upgrade("--dry-run", "--json").stdout)
    assert values["recorded"] is False
    assert [(one["name"], one["state"], one["would_change"]) for one in values["migrations"]] == [
        ("editions", "due", 4),
        ("search", "due", 2),
        ("texts", "due", 2),
    ]
    done = json.loads(upgrade("--json").stdout)
    assert [(one["state"], one["changed"], one["left"]) for one in done["migrations"]] == [("done", n, 0) for n in (4, 2, 2)]
    once_more = upgrade()
    assert once_more.exit_code == 0
    assert "1 editions: " not in once_more.stderr


def test_long_work_is_told_of_line_by_line_where_there_is_no_terminal(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_LOOKED_A_LINE", 2)
    monkeypatch.setattr(editions, "_PAGE", 3)
    world.have(Age.EDITIONS)
    lines = [line for line in upgrade().stderr.splitlines() if " editions: " in line]
    assert lines[0].startswith("1 editions: writes onto each record")
    assert lines[-1] == "1 editions: done, 4 of 4 changed"
    assert lines[-2].startswith("1 editions: 4 looked at, ")
    assert len(lines) < 6


def test_texts_need_not_be_waited_for(world: World) -> None:
    world.have(Age.SEARCHLESS)
    result = upgrade("--no-wait")
    assert result.exit_code == 0
    assert "run the command again later" in result.stderr
    assert "3 texts     under way since" in result.stdout
    assert json.loads(upgrade("--json", "--no-wait").stdout)["migrations"][2]["state"] == "underway"
    world.work()
    assert upgrade().exit_code == 0
    assert upgrade("--check").exit_code == 0


def test_a_post_that_cannot_be_made_anew_is_named(world: World) -> None:
    world.have(Age.SEARCHLESS)
    key = {"pk": {"S": f"POST#{post_id(TWO)}"}, "sk": {"S": "POST"}}
    version = world.aws.dynamodb.get_item(TableName=world.aws.table, Key=key)["Item"]["version_id"]["S"]
    world.aws.s3.delete_object(Bucket=world.aws.posts, Key=TWO, VersionId=version)
    world.aws.put(TWO, b"a version whose event has not come")
    world.work = lambda: _failing(world)  # type: ignore[method-assign]
    result = upgrade()
    assert result.exit_code == 1
    assert f"not done: {TWO}" in result.stderr
    assert "1 of 2 changed" not in result.stdout
    assert "2 of 3 changed, 1 left" in result.stdout


def _failing(world: World) -> None:
    for url in (world.aws.render_queue, world.aws.backlog_queue):
        if messages := world.aws.messages(url):
            render_post.handler.handler(sqs_event(messages), Context())


def test_a_new_archive_has_nothing_to_do(world: World) -> None:
    assert upgrade("--check").exit_code == 0
    assert world.aws.dynamodb.scan(TableName=world.aws.table)["Count"] == 0, "to look changes nothing"
    assert upgrade().exit_code == 0
    world.aws.put(ONE, FILES[ONE])
    world.parse(ONE)
    assert upgrade("--check").exit_code == 0
    assert "1 editions: " not in upgrade().stderr


@pytest.mark.parametrize(("deployed", "said"), [("", "an earlier version"), ("0.0.9", "version 0.0.9")])
def test_a_stack_of_another_version_is_left_alone(
    world: World, monkeypatch: pytest.MonkeyPatch, deployed: str, said: str
) -> None:
    world.have(Age.EDITIONS)
    monkeypatch.setattr(options, "open_archive", lambda *_: replace(world.archive(), version=deployed))
    result = upgrade()
    assert result.exit_code == 1
    assert f"keep runs {said} of Postkeep" in result.stderr
    assert "UPGRADE" not in str(world.aws.dynamodb.scan(TableName=world.aws.table)["Items"])


def test_what_is_asked_for_must_be_there(world: World) -> None:
    assert "There is no migration nothing; there are: editions, search, texts." in upgrade("--again", "nothing").stderr
    assert upgrade("--check", "--dry-run").exit_code == 2


# ---- dying ----


class Killed(BaseException):
    """kill -9, as far as a test can: nothing goes out of the process any more, whatever it would still do."""


def dies(world: World, monkeypatch: pytest.MonkeyPatch, moment: int) -> bool:
    """Upgrade, and die before the n-th of the command's own calls; gives whether it came to that."""
    left = [moment]

    def called(**_: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed

    make = Archive.client

    def client(archive: Archive, service: Any, **more: Any) -> Any:
        made = make(archive, service, **more)
        made.meta.events.register("before-call", called)
        return made

    with monkeypatch.context() as patches:
        patches.setattr(Archive, "client", client)
        try:
            upgrade()
        except Killed:
            return True
    return False


def there(world: World) -> dict[str, Any]:
    """All that an archive consists of, but for instants and the ledger."""
    items = world.aws.dynamodb.scan(TableName=world.aws.table)["Items"]
    table = {
        (item["pk"]["S"], item["sk"]["S"]): {n: value for n, value in item.items() if n not in {"changed", "version_id"}}
        for item in items
        if item["pk"]["S"] != PARTITION
    }
    keys = [entry["Key"] for entry in world.aws.s3.list_objects_v2(Bucket=world.aws.archive)["Contents"]]
    _, found = world.ask("/search", urlencode({"q": "泉水"}))
    return {
        "table": table,
        "texts": [key for key in keys if "renditions" in key],
        "found": [post["id"] for post in found["posts"]],
    }


_APART = 6


@pytest.mark.parametrize("first", range(_APART))
def test_a_run_that_dies_at_any_call_is_gone_on_with(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before its n-th call of AWS, for each n: the next run comes to the same end."""

    def after(moment: int) -> tuple[bool, dict[str, Any]]:
        with ExitStack() as stack:
            world = enter(stack, monkeypatch)
            world.have(Age.EDITIONS, only=TWO)
            died = dies(world, monkeypatch, moment)
            with monkeypatch.context() as patches:
                patches.setattr(registry, "datetime", Tomorrow)  # when the one that died counts as dead
                assert upgrade().exit_code == 0
            assert registry.ledger_of(world.archive()).read().due == ()
            return died, there(world)

    moment, died = first, True
    never, expected = after(10_000)
    assert not never
    assert expected["found"] == [post_id(TWO)]
    while died:
        died, found = after(moment)
        assert found == expected, f"after a death before call {moment}"
        moment += _APART
    assert moment > 20
