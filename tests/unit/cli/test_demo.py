"""The demonstration over a fake stack: the emulator's S3, and an API that answers from a script."""

import io
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from moto import mock_aws
from rich.console import Console

from postkeep_local import demo as demo_module
from postkeep_local.cli import main
from postkeep_local.demo import NO_OTHER_HOST, PICTURE_HOST, Demonstration, Drop
from postkeep_local.stack import control
from postkeep_local.stack.errors import StackFailed
from postkeep_local.upload import s3_client
from unit.cli.api import FakeApi, FakePost, picture

BUCKET = "posts"


ENDPOINT = "https://s3.us-east-1.amazonaws.com"
"""As moto's in-process mock knows it; nothing leaves the process."""


class FakeStack:
    """What takes the place of the local stack's control."""

    def __init__(self, api: FakeApi) -> None:
        self.api = api
        self.up_with: dict[str, Any] = {}
        self.picture: bytes = b""
        self.downs: list[Path] = []
        self.fails = False
        self.client = s3_client(ENDPOINT, "us-east-1", local=True)
        self.client.create_bucket(Bucket=BUCKET)

    def up(self, root: Path, **settings: Any) -> control.Outputs:
        if self.fails:
            raise StackFailed("it does not come up")
        self.up_with = {"root": root, **settings}
        settings["echo"]("up")
        address = settings["picture_hosts"][PICTURE_HOST]
        with urllib.request.urlopen(f"{address}/one.gif") as answer:  # noqa: S310 (the demonstration's own server)
            self.picture = answer.read()
        return control.Outputs("http://127.0.0.1:9", ENDPOINT, BUCKET, "archive", "table", "us-east-1", {})

    def down(self, state: Path, echo: Any) -> bool:
        echo("down")
        self.downs.append(state)
        return True

    def keys(self) -> list[str]:
        return [found["Key"] for found in self.client.list_objects_v2(Bucket=BUCKET).get("Contents", ())]


@pytest.fixture
def api() -> FakeApi:
    return FakeApi(
        [
            FakePost("tea/a.md", [("pending", []), ("ready", [picture("ready", thumbnails=2), picture("failed", "not-found")])]),
            FakePost("tea/b.md", [("rejected", [])], reason="not-utf-8"),
        ]
    )


@pytest.fixture
def aws() -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture
def stack(aws: None, api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> FakeStack:
    stack = FakeStack(api)
    monkeypatch.setattr(control, "up", stack.up)
    monkeypatch.setattr(control, "down", stack.down)
    real = httpx.Client

    def client(**settings: Any) -> httpx.Client:
        return real(base_url=settings["base_url"], transport=httpx.MockTransport(api.answer))

    monkeypatch.setattr(demo_module.httpx, "Client", client)  # type: ignore[attr-defined]

    class QuickWatch(demo_module.Watch):  # type: ignore[misc, name-defined]
        def __init__(self, client: httpx.Client, patience: float) -> None:
            now = iter(range(10_000))
            super().__init__(client, patience, lambda: float(next(now)), lambda _: api.next_round())
            api.next_round()

    monkeypatch.setattr(demo_module, "Watch", QuickWatch)
    return stack


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path / "examples/posts", {"tea/a.md": "one", "tea/b.md": "two"})
    (tmp_path / "examples/pictures").mkdir()
    (tmp_path / "examples/pictures/one.gif").write_bytes(b"GIF89a")
    return tmp_path


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def run(root: Path, *drops: Drop, pictures: bool = False) -> tuple[bool, str]:
    file = io.StringIO()
    drops = (Drop("The examples", root / "examples/posts", "", in_full=True), *drops)
    console = Console(file=file, width=120)
    good = Demonstration(root, root / "build", drops, pictures, 3, console, patience=20).run()
    return good, file.getvalue()


def test_all_is_well_and_everything_is_shown(root: Path, stack: FakeStack) -> None:
    good, text = run(root)
    assert good
    assert stack.keys() == ["tea/a.md", "tea/b.md"]
    for expected in (
        "Dropping The examples: 2 of 2",
        "Posts in their final state: 2 of 2",
        "not-utf-8",
        "because of not-utf-8",
        "Posts: 2 (1 ready, 1 rejected)",
        "Pictures: 2 (1 failed, 1 ready); thumbnails: 2",
        "GET /healthz → 200",
        "GET /posts?tag=觀鳥 → 200",
        "GET /posts?status=rejected&limit=1 → 200",
        "(4 bytes)",
        "一杯茶。",
        "\\x1b[2J第二行",
    ):
        assert expected in text
    assert "\x1b" not in text


def test_the_stack_is_its_own_and_is_stopped_and_removed(root: Path, stack: FakeStack) -> None:
    run(root)
    state = stack.up_with["state"]
    assert stack.downs == [state]
    assert state.parent == root / ".postkeep/demo"
    assert not state.exists()
    assert (stack.up_with["root"], stack.up_with["build"], stack.up_with["workers"]) == (root, root / "build", 3)
    assert (stack.up_with["api_port"], stack.up_with["endpoint_port"]) == (0, 0)
    assert stack.up_with["parameters"] == {"FetchPictures": "true"}


def test_the_pictures_are_served_and_no_other_host_is_asked(root: Path, stack: FakeStack) -> None:
    run(root)
    assert stack.picture == b"GIF89a"
    assert stack.up_with["picture_hosts"].keys() == {PICTURE_HOST, *NO_OTHER_HOST}


def test_other_hosts_are_asked_when_that_is_wanted(root: Path, stack: FakeStack) -> None:
    run(root, pictures=True)
    assert stack.up_with["picture_hosts"].keys() == {PICTURE_HOST}


def test_a_post_that_does_not_get_there_fails_it_and_the_logs_are_kept(root: Path, stack: FakeStack, api: FakeApi) -> None:
    api.posts[0].steps = [("pending", [])]
    good, text = run(root)
    assert not good
    assert "pending (not done)" in text
    assert stack.up_with["state"].is_dir()
    assert f"The stack's logs are kept in {stack.up_with['state']}" in text.replace("\n", "")


def test_a_file_that_cannot_be_uploaded_fails_it(root: Path, stack: FakeStack) -> None:
    (root / "examples/posts/gone.md").symlink_to("nowhere")
    good, text = run(root)
    assert not good
    assert "Not uploaded: gone.md: No such file or directory" in text
    assert len(stack.downs) == 1


def test_nothing_ready_is_shown_without_a_text(root: Path, stack: FakeStack, api: FakeApi) -> None:
    api.posts = [FakePost(key, [("rejected", [])], reason="not-utf-8") for key in stack.keys() or ("tea/a.md", "tea/b.md")]
    good, text = run(root)
    assert good
    assert "A post's cleaned text" not in text


@pytest.mark.usefixtures("stack")
def test_a_large_folder_is_shown_in_part_what_is_not_done_first(root: Path, tmp_path: Path, api: FakeApi) -> None:
    more = tmp_path / "more"
    write(more, {f"{n:03}.md": str(n) for n in range(60)})
    for n in range(60):
        api.posts.append(FakePost(f"corpus/{n:03}.md", [("pending" if n == 59 else "ready", [])], title=f"title-{n}."))
    good, text = run(root, Drop("Real posts", more, "corpus/"))
    assert not good
    assert "title-59." in text
    assert "title-6." in text
    assert "title-7." not in text
    assert "… and 52 more" in text
    assert "Posts: 60 (1 pending, 59 ready)" in text


def test_a_stack_that_does_not_come_up_is_told_and_stopped(root: Path, stack: FakeStack) -> None:
    stack.fails = True
    with pytest.raises(StackFailed):
        run(root)
    assert len(stack.downs) == 1


# ---- The command ----


class FakeDemonstration:
    """Takes what the command gives."""

    made: "list[FakeDemonstration]" = []  # noqa: RUF012 (one list for the test that reads it)
    answer: bool | Exception = True

    def __init__(self, *arguments: Any) -> None:
        self.root, self.build, self.drops, self.pictures, self.workers, self.console = arguments
        self.made.append(self)

    def run(self) -> bool:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> type[FakeDemonstration]:
    FakeDemonstration.made.clear()
    monkeypatch.setattr(FakeDemonstration, "answer", True)
    monkeypatch.setattr(demo_module, "Demonstration", FakeDemonstration)
    return FakeDemonstration


@pytest.mark.parametrize(("answer", "code"), [(True, 0), (False, 1)])
def test_the_exit_status_says_whether_all_is_well(fake: type[FakeDemonstration], answer: bool, code: int) -> None:
    fake.answer = answer
    assert CliRunner().invoke(main, ["demo"]).exit_code == code


def test_a_stack_that_fails_is_a_message_and_no_traceback(fake: type[FakeDemonstration]) -> None:
    fake.answer = StackFailed("it does not come up", "the log's end")
    result = CliRunner().invoke(main, ["demo"])
    assert result.exit_code == 1
    assert "it does not come up\nthe log's end" in result.stderr


def prefixes(fake: type[FakeDemonstration], *arguments: str) -> list[str]:
    assert CliRunner().invoke(main, ["demo", *arguments]).exit_code == 0
    return [drop.prefix for drop in fake.made[-1].drops]


def test_the_corpus_is_dropped_where_it_is(fake: type[FakeDemonstration], tmp_path: Path) -> None:
    assert prefixes(fake, "--corpus", str(tmp_path)) == ["", "corpus/"]
    assert prefixes(fake, "--corpus", str(tmp_path / "none")) == [""]


def test_folders_of_the_users_take_the_corpus_place(fake: type[FakeDemonstration], tmp_path: Path) -> None:
    given = ("--corpus", str(tmp_path), "--posts", str(tmp_path), "--posts", str(tmp_path))
    assert prefixes(fake, *given) == ["", "posts-1/", "posts-2/"]
    assert fake.made[-1].pictures is False


def test_pictures_of_other_hosts_are_asked_for(fake: type[FakeDemonstration]) -> None:
    CliRunner().invoke(main, ["demo", "--pictures", "--workers", "4"])
    assert (fake.made[-1].pictures, fake.made[-1].workers) == (True, 4)
