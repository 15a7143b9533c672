"""`postkeep show` and `postkeep open`, on a fake of the API."""

import json
import webbrowser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import click
import httpx
import pytest
from click.testing import CliRunner, Result
from rich.cells import cell_len

from postkeep_local.cli import main
from unit.cli.reading import FOLDER, ID, KEY, URL, FakeArchive, detail, picture, problem

HOSTILE = "\x1b[2J \x9b2J \u202e \x07\x00\u200b"
STEERING = set("\x1b\x9b\u202e\x07\x00\u200b\r")


def run(*arguments: str, status: int = 0) -> Result:
    result = CliRunner().invoke(main, [*arguments, "--api", URL])
    assert result.exit_code == status, result.output
    return result


# ---- show: a post and its text ----


def test_a_post_is_shown_with_its_text(fake: FakeArchive) -> None:
    fake.has(picture(), picture("https://pictures.example/b.jpg", "failed"))
    shown = run("show", ID).stdout
    assert shown.splitlines()[0] == "雨前茶"
    rows = dict(line.split("  ", 1) for line in shown.split("\n───")[0].splitlines()[1:])
    assert {name: value.strip() for name, value in rows.items()} == {
        "author": "陆羽",
        "published": "2021-06-29T01:39:02.000Z",
        "article": "https://tea.example/posts/1",
        "tags": "茶, 山",
        "categories": "随笔",
        "status": "ready",
        "text": "1,200 words, 1,234 characters, zh-Hans, 4 min to read",
        "pictures": "1 ready, 1 failed",
        "removed": "11 characters, by generic/sharing (2)",
        "history": "2 revisions",
        "key": KEY,
        "id": ID,
    }
    assert "第一杯茶。" in shown  # the emphasis is laid out
    assert not any(line.endswith(" ") for line in shown.splitlines())


@pytest.mark.parametrize("name", [KEY, ID, "https://tea.example/posts/1?utm_source=x", "HTTP://tea.example/a.html"])
def test_a_post_has_three_names(fake: FakeArchive, name: str) -> None:
    fake.has()
    fake.gives("/posts/by-url", detail(others=[], truncated=False))
    assert ID in run("show", name).stdout
    if name.lower().startswith("http"):
        assert fake.asked[0].url.params["url"] == name


def test_an_article_with_several_posts_says_so(fake: FakeArchive) -> None:
    fake.has()
    fake.gives("/posts/by-url", detail(others=[detail(), detail()]))
    assert run("show", "https://tea.example/posts/1").stderr.startswith("2 more posts are of this article")


@pytest.mark.parametrize("name", ["", "x", "tea/a.pdf", ID[:-1], ID.upper(), "a\x1b[2J", "ftp://tea.example/1"])
def test_what_names_no_post_is_wrong_usage(fake: FakeArchive, name: str) -> None:
    result = run("show", name, status=2)
    assert "is no key (they end in .md, .markdown, .html, .txt), no id and no address." in result.stderr
    assert "\x1b" not in result.stderr
    assert fake.asked == []


def test_a_key_that_no_bucket_could_have_is_not_there(fake: FakeArchive) -> None:
    run("show", "\udcff.md", status=3)


@pytest.mark.parametrize(
    "answer", [{}, {"id": "../x", "others": []}, {"id": ID}, {"id": ID, "others": 3}, {"id": 7, "others": []}]
)
def test_an_address_leads_to_a_post_or_nowhere(fake: FakeArchive, answer: dict[str, Any]) -> None:
    fake.gives("/posts/by-url", answer)
    run("show", "https://tea.example/1", status=1)
    assert fake.paths() == ["/posts/by-url"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (problem(404, "post-unknown", "there is no post x"), "There is no post x. (post-unknown, HTTP 404)"),
        (problem(410, "post-deleted", "the post x was deleted"), "The post x was deleted. (post-deleted, HTTP 410)"),
    ],
)
def test_a_post_that_is_not_there_has_an_exit_status_of_its_own(fake: FakeArchive, answer: httpx.Response, said: str) -> None:
    fake.answers[f"/posts/{ID}"] = answer
    for arguments in (["show", ID], ["show", ID, "--json"], ["open", ID, "--print"]):
        assert run(*arguments, status=3).stderr == f"Error: {said}\n"


def test_a_rejected_post_is_shown_with_its_reason_and_nothing_more_is_asked(fake: FakeArchive) -> None:
    fake.has(status="rejected", reason="front-matter-invalid", detail="line 3: did not find expected key", title="")
    shown = run("show", ID).stdout
    assert "without a title" in shown
    assert "rejected (front-matter-invalid): line 3: did not find expected key" in shown
    assert "removed" not in shown
    assert fake.paths() == [f"/posts/{ID}", f"/posts/{ID}/revisions"]


def test_what_cannot_be_had_is_said_in_its_place(fake: FakeArchive) -> None:
    fake.has()
    fake.answers[f"/posts/{ID}/removed"] = problem(404, "text-outdated", "the text is old")
    fake.answers[f"/posts/{ID}/text"] = problem(413, "text-too-large", "the text has 9 characters")
    fake.answers[f"/posts/{ID}/revisions"] = problem(500, "fault", "something went wrong")
    shown = run("show", ID).stdout
    for said in ("The text is old. (", "The text has 9 characters. (", "Something went wrong. (fault, HTTP 500)"):
        assert said in shown


def test_a_long_history_is_counted_as_far_as_it_is_read(fake: FakeArchive) -> None:
    fake.has(date_source="file-name")
    fake.gives(f"/posts/{ID}/removed", {"removed": []})
    fake.gives(f"/posts/{ID}/revisions", {"revisions": [{}] * 20, "next": "x"})
    shown = run("show", ID).stdout
    assert "20 or more revisions" in shown
    assert "2021-06-29T01:39:02.000Z (from the file name)" in shown
    assert "removed     nothing" in shown
    fake.gives(f"/posts/{ID}/revisions", {"revisions": [{}], "next": None})
    assert "1 revision\n" in run("show", ID).stdout


def test_pictures_are_listed_on_request(fake: FakeArchive) -> None:
    failed = picture(
        "https://pictures.example/\x1bb.jpg", "failed", reason="not-found", detail="[b] 404", width=0, thumbnails=None
    )
    fake.has(picture(), failed)
    shown = run("show", ID, "--pictures").stdout
    assert "https://pictures.example/a.jpg" in shown
    assert "1,200 × 800" in shown
    assert "not-found: [b] 404" in " ".join(shown.split())
    assert "\\x1bb.jpg" in shown
    assert "pictures.example" not in run("show", ID).stdout
    for option in (["--format", "text"], ["--json"]):
        run("show", ID, "--pictures", *option, status=2)
    fake.has()
    assert run("show", ID, "--pictures").stdout == run("show", ID).stdout


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize(
    "markdown",
    [
        HOSTILE,
        "&#27;[2J &#x9b;2J &#x202e; &#7; &#x200b;",
        f"# {HOSTILE}\n\n    {HOSTILE}\n\n```\n{HOSTILE}\n```\n\n> {HOSTILE}\n\n- {HOSTILE}\n",
        f"[{HOSTILE}](https://evil.example/\x1b) ![{HOSTILE}](x) <https://evil.example/&#x202e;>",
        f"| a | {HOSTILE} |\n| - | - |\n| &#x202e; | `&#x202e;\u202e` |\n",
    ],
)
def test_no_text_steers_a_terminal(fake: FakeArchive, request: pytest.FixtureRequest, markdown: str, *, seen: bool) -> None:
    if seen:
        request.getfixturevalue("terminal")
    fake.has(markdown=markdown, title=HOSTILE, author=HOSTILE, tags=[HOSTILE, 7], warnings=[HOSTILE])
    for arguments in (["show", ID, "--no-pager"], *([["show", ID, "--no-pager", "--format", "markdown"]] if seen else [])):
        assert not STEERING & set(run(*arguments).stdout)


def test_markup_is_text(fake: FakeArchive) -> None:
    fake.has(markdown="a [bold]b[/bold] [/] c", title="[bold]x[/bold][/]")
    shown = run("show", ID).stdout
    assert "[bold]x[/bold][/]" in shown
    assert "a [bold]b[/bold] [/] c" in shown


def test_addresses_of_links_are_shown(fake: FakeArchive) -> None:
    fake.has(markdown="[https://good.example](https://evil.example/x)")
    assert "https://good.example (https://evil.example/x)" in run("show", ID).stdout


def test_a_very_long_text_is_plain(fake: FakeArchive) -> None:
    fake.has(markdown="**茶** " * 125_001)
    assert "**茶** **茶**" in run("show", ID).stdout


@pytest.mark.usefixtures("terminal")
def test_lines_fit_the_terminal(fake: FakeArchive) -> None:
    fake.has(markdown="清晨的第一杯茶" * 60 + "\n\n" + "tea " * 60)
    lines = run("show", ID, "--no-pager").stdout.splitlines()
    assert max(map(cell_len, lines)) == 80


# ---- show: one form ----


@pytest.mark.parametrize(("form", "body"), [("text", "第一杯茶。"), ("markdown", "第一杯**茶**。"), ("html", "<p>\x1b茶</p>")])
def test_a_form_is_printed_as_it_is(fake: FakeArchive, form: str, body: str) -> None:
    fake.has(html="<p>\x1b茶</p>")
    assert run("show", ID, "--format", form).stdout_bytes == body.encode()
    assert fake.paths() == [f"/posts/{ID}/text"]


def test_the_file_is_printed_byte_by_byte(fake: FakeArchive, request: pytest.FixtureRequest) -> None:
    fake.answers[f"/posts/{ID}/raw"] = httpx.Response(307, headers={"Location": "https://bucket.example/a"})
    fake.answers["/a"] = httpx.Response(200, content=b"---\r\n\xff\x1b[2J\n")
    assert run("show", ID, "--format", "raw").stdout_bytes == b"---\r\n\xff\x1b[2J\n"
    request.getfixturevalue("terminal")
    assert run("show", ID, "--format", "raw", "--no-pager").stdout == "---\n\\xff\\x1b[2J\n"


def test_a_text_that_is_not_there_is_said(fake: FakeArchive) -> None:
    fake.answers[f"/posts/{ID}/text"] = problem(404, "text-none", "the post was rejected: x")
    result = run("show", ID, "--format", "text", status=3)
    assert (result.stdout, result.stderr) == ("", "Error: The post was rejected: x. (text-none, HTTP 404)\n")


def test_the_record_is_json_as_the_api_gives_it(fake: FakeArchive) -> None:
    fake.has(picture(), title=HOSTILE + "茶", new_field=[1])
    for arguments in (["--json"], ["--format", "json"], ["--format", "json", "--json"]):
        result = run("show", ID, *arguments)
        assert json.loads(result.stdout) == detail(picture(), title=HOSTILE + "茶", new_field=[1])
        assert result.stdout.isascii()
    run("show", ID, "--json", "--format", "text", status=2)


def test_what_was_removed_is_shown_with_its_rules(fake: FakeArchive) -> None:
    fake.has()
    assert run("show", ID, "--format", "removed").stdout == "generic/sharing\nShare\nthis\n\ngeneric/sharing\nx\n"
    found = json.loads(run("show", ID, "--format", "removed", "--json").stdout)
    assert found["removed"][0] == {"rule": "generic/sharing", "text": "Share\nthis"}
    fake.gives(f"/posts/{ID}/removed", {"removed": [{"rule": HOSTILE, "text": HOSTILE}, {}, {"text": 7}]})
    assert not STEERING & set(run("show", ID, "--format", "removed").stdout)
    fake.gives(f"/posts/{ID}/removed", {"removed": []})
    assert run("show", ID, "--format", "removed").stdout == "Nothing was removed.\n"


# ---- show: the pager ----


@pytest.fixture
def paged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(click, "echo_via_pager", found.append)
    return found


@pytest.mark.usefixtures("terminal")
def test_what_is_longer_than_a_terminal_is_paged(fake: FakeArchive, paged: list[str]) -> None:
    fake.has(markdown="茶\n\n" * 40)
    assert run("show", ID).stdout == ""
    assert "雨前茶" in paged[0]
    run("show", ID, "--format", "markdown")
    assert paged[1].count("茶") == 40
    assert len(run("show", ID, "--no-pager").stdout.splitlines()) > 80
    assert len(paged) == 2


@pytest.mark.usefixtures("terminal")
def test_what_fits_is_not_paged(fake: FakeArchive, paged: list[str]) -> None:
    fake.has()
    assert "第一杯茶" in run("show", ID).stdout
    assert paged == []


def test_nothing_is_paged_off_a_terminal(fake: FakeArchive, paged: list[str]) -> None:
    fake.has(markdown="茶\n\n" * 40)
    assert "雨前茶" in run("show", ID).stdout
    assert paged == []


# ---- open ----


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    found: list[str] = []

    def open_(address: str) -> bool:
        found.append(address)
        return True

    monkeypatch.setattr(webbrowser, "open", open_)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return found


def test_a_post_is_opened_as_a_page(fake: FakeArchive, opened: list[str]) -> None:
    fake.has(picture(), html='<p>茶</p><figure><img src="https://pictures.example/a.jpg" alt="x"></figure>')
    fake.answers[f"{FOLDER}/640.webp"] = httpx.Response(200, content=b"RIFF")
    result = run("open", KEY)
    assert result.stdout == f"{opened[0]}\n"
    path = Path(unquote(urlsplit(opened[0]).path))
    assert path.name == f"{ID}.html"
    assert path.parent.stat().st_mode & 0o077 == 0
    assert 'src="data:image/webp;base64,UklGRg=="' in path.read_text(encoding="utf-8")


def test_the_article_is_opened_at_its_own_address(fake: FakeArchive, opened: list[str]) -> None:
    fake.has()
    assert run("open", ID, "--original").stdout == "https://tea.example/posts/1\n"
    assert opened == ["https://tea.example/posts/1"]
    assert json.loads(run("open", ID, "--original", "--json").stdout) == {"id": ID, "address": opened[1], "opened": True}
    assert fake.paths() == [f"/posts/{ID}"] * 2


def test_it_may_only_print(fake: FakeArchive, opened: list[str]) -> None:
    fake.has()
    assert run("open", ID, "--original", "--print").stdout == "https://tea.example/posts/1\n"
    assert run("open", ID, "--print").stdout.startswith("file:///")
    assert json.loads(run("open", ID, "--print", "--json").stdout)["opened"] is False
    assert opened == []


def test_without_a_browser_the_address_is_left(fake: FakeArchive, opened: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    fake.has()
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    result = run("open", ID)
    assert result.stdout.startswith("file:///")
    assert result.stderr == "No browser is to be had here.\n"
    assert opened == []


@pytest.mark.parametrize(
    "address",
    ["file:///etc/passwd", "javascript:alert(1)", "-P", "https://a.example/ -x", "https://a.example/\x1b[2J", "https://a\u202e/"],
)
def test_an_address_that_is_no_web_page_is_not_opened(fake: FakeArchive, opened: list[str], address: str) -> None:
    fake.has(source_url=address)
    result = run("open", ID, "--original", status=1)
    assert "This address is not opened" in result.stderr
    assert not STEERING & set(result.stderr)
    assert opened == []


@pytest.mark.parametrize("address", [None, "", 7])
def test_an_article_without_an_address_is_not_opened(fake: FakeArchive, opened: list[str], address: object) -> None:
    fake.has(source_url=address)
    assert "does not say where its article is" in run("open", ID, "--original", status=1).stderr
    assert opened == []
