"""`postkeep ls` and `postkeep counts`, on a fake of the API."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result
from rich.cells import cell_len

from postkeep.post import post_id
from postkeep_local.cli import main
from postkeep_local.stack import control
from unit.cli.deployed import REGION, STACK, deploy
from unit.cli.reading import ID, URL, FakeArchive, listed, problem
from unit.cli.test_cli import OUTPUTS


def run(*arguments: str, status: int = 0, url: str = URL) -> Result:
    result = CliRunner().invoke(main, [*arguments, *(["--api", url] if url else [])])
    assert result.exit_code == status, result.output
    return result


# ---- ls ----


def test_posts_are_a_table(fake: FakeArchive) -> None:
    fake.lists([listed(), listed("b.md", title="A Pot", author="Ann", words=1234567, pictures=0, published=None)])
    result = run("ls")
    heading, first, second = result.stdout.splitlines()
    assert heading.split() == ["published", "author", "title", "words", "pics", "id"]
    assert first.split() == ["2021-06-29", "陆羽", "雨前茶", "1,200", "2", ID]
    assert second.split()[:3] == ["Ann", "A", "Pot"]
    assert result.stderr == "2 posts\n"


TITLES = [
    "茶",
    "Tea",
    "一" * 200,
    "a" * 300,
    "雨前茶 and a long English title that goes on and on, and on",
    "👩‍👩‍👧‍👦 emoji ☁️ and 全角！",
    "e\u0301" * 100,
    "",
    "\x1b[31mred\x1b[0m",
    "rtl \u202etxt.exe",
    "[bold]x[/bold][/]",
    "a\r\nb\tc\x00\x9b2J",
    "zero\u200bwidth",
    "U+3000\u3000space",
]


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize("title", TITLES)
def test_rows_are_aligned_and_harmless_whatever_the_titles(
    fake: FakeArchive, request: pytest.FixtureRequest, title: str, *, seen: bool
) -> None:
    if seen:
        request.getfixturevalue("terminal")
    fake.lists([listed(), listed("b.md", title=title, author=title)])
    lines = run("ls").stdout.splitlines()
    # The id, which is the last column, begins in the same cell, and nothing goes beyond the width.
    assert [line[-26:] for line in lines[1:3]] == [ID, post_id("b.md")]
    assert {cell_len(line) for line in lines[1:3]} == ({80} if seen else {120})
    assert not set("\x1b\x00\x9b\r\t\u202e\u200b") & set("".join(lines))


def test_posts_that_are_not_ready_say_so(fake: FakeArchive) -> None:
    fake.lists([listed("b.md", status="rejected", reason="no-front-matter", title=""), listed("c.md", status="pending")])
    assert "[no-front-matter] b.md" in run("ls", "--status", "rejected").stdout
    assert "[pending] 雨前茶" in run("ls").stdout
    assert fake.asked[0].url.params["status"] == "rejected"


def test_conditions_are_those_of_the_api(fake: FakeArchive) -> None:
    fake.lists([])
    where = "--author 陆羽 --tag 茶 --category 随笔 --host tea.example --archive tea --status ready --language zh"
    when = "--from 2021-01-01 --to 2021-12-31 --sort added --reverse"
    assert "0 posts" in run("ls", *where.split(), *when.split()).stderr
    assert dict(fake.asked[0].url.params) == {
        "author": "陆羽",
        "tag": "茶",
        "category": "随笔",
        "host": "tea.example",
        "archive": "tea",
        "status": "ready",
        "language": "zh",
        "from": "2021-01-01",
        "to": "2021-12-31",
        "sort": "added",
        "order": "asc",
        "limit": "20",
    }
    run("ls", "--archive", "")
    assert dict(fake.asked[1].url.params) == {"archive": "", "limit": "20"}


def test_as_many_as_are_asked_for(fake: FakeArchive) -> None:
    fake.lists([listed(f"{n}.md") for n in range(230)])
    assert run("ls").stderr == "20 posts; there may be more: --limit N, or --all\n"
    assert len(run("ls", "--limit", "123").stdout.splitlines()) == 124
    result = run("ls", "--all")
    assert (len(result.stdout.splitlines()), result.stderr) == (231, "230 posts\n")
    assert result.stdout.count("published") == 1
    assert run("ls", "--limit", "1", "--json").stdout.count("\n") == 1
    assert "exclude each other" in run("ls", "--all", "--limit", "3", status=2).stderr
    run("ls", "--limit", "0", status=2)


def test_as_json_each_post_is_a_line_as_the_api_gives_it(fake: FakeArchive) -> None:
    posts = [listed(f"{n}.md", title="\x9b\u202e茶", new_field=[n]) for n in range(150)]
    fake.lists(posts)
    result = run("ls", "--all", "--json")
    assert [json.loads(line) for line in result.stdout.splitlines()] == posts
    assert result.stdout.isascii()
    assert result.stderr == ""


def test_pages_are_printed_as_they_come(fake: FakeArchive) -> None:
    def page(request: httpx.Request) -> httpx.Response:
        if "cursor" in request.url.params:
            return problem(410, "cursor-expired", "the cursor is too old")
        return httpx.Response(200, json={"posts": [listed()], "next": "x"})

    fake.answers["/posts"] = page
    result = run("ls", "--all", "--json", status=1)
    assert json.loads(result.stdout)["id"] == ID
    assert result.stderr == "Error: The cursor is too old. (cursor-expired, HTTP 410)\n"
    assert ID in run("ls", "--all", status=1).stdout


@pytest.mark.usefixtures("terminal")
def test_on_a_terminal_it_says_how_far_it_is(fake: FakeArchive) -> None:
    fake.lists([listed(f"{n}.md") for n in range(3)], size=2)
    assert run("ls", "--all").stdout.endswith("3 posts\n")
    assert len(run("ls", "--all", "--json").stdout.splitlines()) == 3


@pytest.mark.parametrize(
    "odd", [{}, {"id": 1, "words": "x", "title": None, "published": 5, "status": []}, {"words": 10**30, "title": "x" * 10**5}]
)
def test_posts_of_odd_shapes_are_shown_as_far_as_they_go(fake: FakeArchive, odd: dict[str, Any]) -> None:
    fake.gives("/posts", {"posts": [odd], "next": None})
    assert len(run("ls").stdout.splitlines()) == 2


# ---- counts ----


def counted(request: httpx.Request) -> httpx.Response:
    start, limit = int(request.url.params["offset"]), int(request.url.params["limit"])
    counts = [{"value": f"陆羽\x1b{n}", "posts": 5000 - n} for n in range(start, min(2500, start + limit))]
    return httpx.Response(200, json={"as_of": "2021-06-29T01:39:02Z", "counts": counts, "total": 2500})


def test_values_are_counted(fake: FakeArchive) -> None:
    fake.answers["/authors"] = counted
    result = run("counts", "authors")
    lines = result.stdout.splitlines()
    assert [lines[0].split(), lines[1].split(), lines[-1]] == [
        ["posts", "authors"],
        ["5,000", "陆羽\\x1b0"],
        "20 of 2500 authors, as of 2021-06-29T01:39:02Z",
    ]
    assert len(lines) == 22
    assert [line.split()[1] for line in run("counts", "authors", "--top", "2").stdout.splitlines()[1:3]] == [
        "陆羽\\x1b0",
        "陆羽\\x1b1",
    ]


def test_as_many_values_as_there_are(fake: FakeArchive) -> None:
    fake.answers["/tags"] = counted
    found = json.loads(run("counts", "tags", "--top", "9999", "--json").stdout)
    assert [found["as_of"], found["total"], len(found["counts"])] == ["2021-06-29T01:39:02Z", 2500, 2500]
    assert [request.url.params["offset"] for request in fake.asked] == ["0", "1000", "2000"]
    assert len(json.loads(run("counts", "tags", "--top", "1100", "--json").stdout)["counts"]) == 1100


def test_what_is_not_counted_yet_is_said(fake: FakeArchive) -> None:
    fake.answers["/months"] = problem(404, "counts-none", "nothing was counted yet", **{"Retry-After": "300"})
    assert "Nothing was counted yet. (counts-none, HTTP 404)" in run("counts", "months", status=3).stderr
    run("counts", "colours", status=2)


# ---- Which API ----


def test_the_local_stacks_api_is_asked(fake: FakeArchive, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake.lists([listed()])
    monkeypatch.setattr(control, "outputs", lambda _state: OUTPUTS)
    run("ls", "--state", str(tmp_path), url="")
    assert str(fake.asked[0].url).startswith(OUTPUTS.api_url + "/posts")


def test_without_a_local_stack_it_says_what_to_do(fake: FakeArchive, tmp_path: Path) -> None:
    assert "No local stack is running" in run("ls", "--state", str(tmp_path), url="", status=1).stderr
    assert fake.asked == []


@pytest.mark.usefixtures("deployed")
def test_a_deployed_stacks_api_is_its_output(fake: FakeArchive) -> None:
    where = ["--stack", STACK, "--region", REGION]
    assert "keep has no API." in run("ls", *where, url="", status=1).stderr


def test_a_deployed_stacks_api_is_asked(fake: FakeArchive) -> None:
    from moto import mock_aws  # noqa: PLC0415 (as the fixture that deploys without an API)

    fake.lists([listed()])
    with mock_aws():
        deploy(URL + "/")
        run("ls", "--stack", STACK, "--region", REGION, url="")
    assert fake.paths() == ["/posts"]


@pytest.mark.parametrize("option", ["--stack", "--region", "--profile", "--endpoint-url"])
def test_an_api_by_its_address_excludes_a_stack(fake: FakeArchive, option: str) -> None:
    assert "--api excludes" in run("ls", option, "x", status=2).stderr
    assert fake.asked == []


def test_the_token_is_sent(fake: FakeArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.lists([])
    run("ls", "--token", "one")
    run("ls", "--api-key", "two")
    monkeypatch.setenv("POSTKEEP_TOKEN", "three")
    run("ls")
    assert [request.headers["Authorization"] for request in fake.asked] == ["Bearer one", "Bearer two", "Bearer three"]
    assert "The token is none" in run("ls", "--token", "a b", status=1).stderr


def test_an_api_that_is_away_is_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POSTKEEP_TOKEN", raising=False)
    result = run("ls", url="http://127.0.0.1:1", status=1)
    assert "The API at http://127.0.0.1:1 cannot be reached" in result.stderr
    assert "no address of an API" in run("ls", url="127.0.0.1", status=1).stderr
