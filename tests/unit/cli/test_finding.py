import json
from typing import Any

import httpx
import pytest

from unit.cli.reading import FakeArchive, problem
from unit.cli.test_listing import run


def hit(**changes: Any) -> dict[str, Any]:
    return {
        "id": "a" * 26,
        "title": "雨前茶",
        "title_highlights": [{"start": 2, "end": 3}],
        "snippet": {"text": "清晨的茶\n最香。", "start": 0, "cut": False, "highlights": [{"start": 3, "end": 4}]},
        "author": "陆羽",
        "published": "2021-06-29T01:39:02.000Z",
        **changes,
    }


def answered(*posts: dict[str, Any], **changes: Any) -> httpx.Response:
    return httpx.Response(200, json={"posts": list(posts), "total": 30, "understood": '"茶"', "notes": [], **changes})


def test_what_is_found_is_shown(fake: FakeArchive) -> None:
    fake.answers["/search"] = answered(hit(), notes=["a `-` was left out"])
    result = run("find", "茶", "-", "tag:水", "--sort", "newest", "--limit", "5")
    assert result.stdout.splitlines() == ["雨前茶", f"2021-06-29  陆羽  {'a' * 26}", "清晨的茶 最香。", ""]
    assert result.stderr.splitlines() == ["note: a `-` was left out", '1 of 30 posts, understood as "茶"']
    assert dict(fake.asked[0].url.params) == {"q": "茶 - tag:水", "sort": "newest", "limit": "5"}


def test_as_json_the_answer_is_as_the_api_gives_it(fake: FakeArchive) -> None:
    given = answered(hit(title="\x9b\u202e茶"))
    fake.answers["/search"] = given
    result = run("find", "茶", "--json")
    assert json.loads(result.stdout) == given.json()
    assert "\x9b" not in result.stdout


@pytest.mark.parametrize(
    "post",
    [
        {},
        {"title": 5, "snippet": "x", "published": None},
        hit(title="\x1b[2J[bold]x[/]\u202e"),
        hit(snippet={"text": "茶" * 400, "highlights": [{"start": 399, "end": 400}, 5, {"start": "x"}, {"start": 3, "end": 1}]}),
        hit(snippet={"text": "茶茶", "highlights": [{"start": 0, "end": 2}, {"start": 1, "end": 2}]}),
        hit(snippet={"text": None, "highlights": {}}),
    ],
)
def test_whatever_an_answer_holds_steers_no_terminal(fake: FakeArchive, post: dict[str, Any]) -> None:
    fake.answers["/search"] = answered(post, total="many", notes=[5])
    result = run("find", "茶")
    assert not set("\x1b\x9b\u202e") & set(result.stdout)
    assert "1 of 1 post, understood" in result.stderr


def test_what_cannot_be_understood_is_told(fake: FakeArchive) -> None:
    fake.answers["/search"] = problem(400, "query-invalid", "a parenthesis is missing")
    assert "A parenthesis is missing" in run("find", "(", status=1).stderr
    run("find", status=2)
    run("find", "x", "--limit", "101", status=2)
