"""Reading the product's own archive on the local stack, by the command line alone: what was put is listed, shown and opened.

``make test`` builds the functions first.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from click.testing import CliRunner, Result

from postkeep_local.cli import main
from postkeep_local.demo import NO_OTHER_HOST, PICTURE_HOST
from postkeep_local.pictures_server import serve
from postkeep_local.stack import control
from support.built import needs_build
from support.template import ROOT

_EXAMPLES = ROOT / "examples"
_KEY = "tea/_posts/2022-08-09-How a Teapot Pours.md"

pytestmark = [pytest.mark.stack, needs_build]

type Run = Callable[..., Result]


@pytest.fixture(scope="module")
def postkeep(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The command, on a stack that holds the examples."""
    state = tmp_path_factory.mktemp("reading") / "state"

    def run(*arguments: str, status: int = 0) -> Result:
        result = CliRunner().invoke(main, [*arguments, "--state", str(state)])
        assert result.exit_code == status, result.output
        return result

    with serve(_EXAMPLES / "pictures") as pictures:
        try:
            control.up(
                ROOT,
                state=state,
                parameters={"FetchPictures": "true"},
                picture_hosts={PICTURE_HOST: pictures, **NO_OTHER_HOST},
                api_port=0,
                endpoint_port=0,
                retry_seconds=0.2,
                echo=lambda _: None,
            )
            run("put", str(_EXAMPLES / "posts"))
            assert control.await_idle(state, seconds=100).idle
            yield run
        finally:
            control.down(state, lambda _: None)


def test_posts_are_listed(postkeep: Run) -> None:
    posts = [json.loads(line) for line in postkeep("ls", "--all", "--json").stdout.splitlines()]
    rejected = postkeep("ls", "--status", "rejected").stdout.splitlines()[1:]
    files = [path for path in (_EXAMPLES / "posts").rglob("*") if path.is_file()]
    assert len(posts) + len(rejected) == len(files)
    assert _KEY in {post["key"] for post in posts}
    assert [post["published"] for post in posts] == sorted((post["published"] for post in posts), reverse=True)
    added = [json.loads(line) for line in postkeep("ls", "--all", "--json", "--sort", "added", "--reverse").stdout.splitlines()]
    assert [post["added"] for post in added] == sorted(post["added"] for post in posts)
    assert "How a Teapot Pours" in postkeep("ls", "--language", "en").stdout


def test_a_post_is_shown_by_each_of_its_names(postkeep: Run) -> None:
    record = json.loads(postkeep("show", _KEY, "--json").stdout)
    shown = postkeep("show", _KEY).stdout
    assert "less to hold on to" in shown
    assert "generic/sharing" in shown
    assert "1 revision" in shown
    assert postkeep("show", record["id"]).stdout == shown
    assert postkeep("show", record["source_url"].replace("https://", "http://www.")).stdout == shown
    assert postkeep("show", _KEY, "--format", "raw").stdout_bytes == (_EXAMPLES / "posts" / _KEY).read_bytes()
    assert "Share this" in postkeep("show", _KEY, "--format", "removed").stdout
    assert postkeep("show", _KEY, "--format", "html").stdout.startswith("<p>")


def test_a_post_is_opened_with_its_pictures(postkeep: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    address = postkeep("open", _KEY, "--print").stdout.strip()
    page = Path(unquote(urlsplit(address).path)).read_text(encoding="utf-8")
    assert '<img src="data:image/webp;base64,' in page
    assert "pictures.postkeep.example" not in page


def test_what_is_not_there_is_said(postkeep: Run) -> None:
    assert "(post-unknown, HTTP 404)" in postkeep("show", "none.md", status=3).stderr
    assert "HTTP 404" in postkeep("show", "https://nowhere.example/", status=3).stderr
    assert "(date-invalid, HTTP 400)" in postkeep("ls", "--from", "yesterday", status=1).stderr
