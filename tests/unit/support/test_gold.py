from pathlib import Path
from typing import Any

import pytest

from support.gold import FixtureInvalid, fixture_posts, fixtures, read

NAME = "spring-tea.toml"
POST = '---\ntitle: "雨前茶"\n---\n<p>清晨的<b>第一杯</b>茶 &amp; 水。</p><div class="ad">买茶</div>\n'


def text(post: str = POST, **changes: Any) -> bytes:
    fields = {
        "about": '"A tea."',
        "key": '"tea/_posts/2021-06-29-雨前茶.md"',
        "post": f"'''\n{post}'''",
        "must_contain": '["清晨的第一杯茶 & 水。"]',
        "must_not_contain": '["买茶", "class="]',
        "lines": '["清晨的第一杯茶 & 水。"]',
        "first_picture": '["https://tea.example/1.jpg"]',
        "metadata": '{ title = "雨前茶", tags = [], published = "2021-06-29T00:00:00Z" }',
    }
    fields.update(changes)
    return "\n".join(f"{name} = {value}" for name, value in fields.items() if value is not None).encode()


def test_a_fixture() -> None:
    fixture = read(text(), NAME)
    assert fixture.body == POST.encode()
    assert (fixture.about, fixture.key, fixture.lines) == (
        "A tea.",
        "tea/_posts/2021-06-29-雨前茶.md",
        ("清晨的第一杯茶 & 水。",),
    )
    gold = fixture.gold
    assert (gold.name, gold.path) == (NAME, fixture.key)
    assert (gold.must_contain, gold.must_not_contain, gold.soft_not_contain) == (fixture.lines, ("买茶", "class="), ())
    assert gold.metadata == {"title": ("雨前茶",), "tags": ([],), "published": ("2021-06-29T00:00:00Z",)}
    assert gold.first_picture == ("https://tea.example/1.jpg",)


def test_passages_may_stand_across_elements_lines_and_marks_of_markdown() -> None:
    post = "---\ntitle: 雨\n---\n一截**毛竹**，\n 一把`尺`。\n"
    assert read(text(post, must_contain='["一截毛竹，一把尺。"]', must_not_contain='["**"]', lines="[]"), NAME)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"about": None}, "about: give a text"),
        ({"about": '" "'}, "about: give a text"),
        ({"key": "7"}, "key: give a text"),
        ({"key": '"tea/notes.pdf"'}, "key: 'tea/notes.pdf' is none of a post"),
        ({"post": '"no front matter"'}, "post: it is rejected: "),
        ({"must_keep": "[]"}, "must_keep: no such field; there are about, key, post, must_contain,"),
        ({"must_contain": '"清晨"'}, "must_contain: give a list of texts"),
        ({"must_contain": "[7]"}, "must_contain: give a list of texts"),
        ({"must_contain": '[" "]'}, "must_contain: give a list of texts"),
        ({"must_contain": '["清晨", "清晨"]'}, "must_contain: '清晨' stands there twice"),
        ({"must_contain": '["傍晚的茶"]'}, "'傍晚的茶' does not stand in the post"),
        ({"must_not_contain": '["卖茶"]'}, "'卖茶' does not stand in the post"),
        ({"soft_not_contain": '["卖茶"]'}, "'卖茶' does not stand in the post"),
        ({"lines": '["茶"]', "must_contain": "[]", "soft_not_contain": '["卖茶"]'}, "'卖茶' does not stand"),
        ({"must_not_contain": '["第一杯"]'}, "'第一杯' must not be there, and is part of '清晨的第一杯茶 & 水。', which must"),
        ({"soft_not_contain": '["清晨的第一杯茶 & 水。"]'}, "must not be there, and is part of"),
        ({"first_picture": "[[]]"}, "first_picture: give a list of texts"),
        ({"metadata": None}, "metadata: give a table of title, author,"),
        ({"metadata": "{}"}, "metadata: give a table of title, author,"),
        ({"metadata": '{ name = "雨" }'}, "metadata.name: no such field; there are title, author,"),
        ({"metadata": "{ title = 7 }"}, "metadata.title: give a text"),
        ({"metadata": '{ tags = "茶" }'}, "metadata.tags: give a list"),
        ({"metadata": '{ published = "yesterday" }'}, "metadata.published: 'yesterday' is no instant with its offset"),
        ({"metadata": '{ published = "2021-06-29T00:00:00" }'}, "is no instant with its offset"),
    ],
)
def test_what_is_wrong_is_told(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(FixtureInvalid) as raised:
        read(text(**changes), NAME)
    assert str(raised.value).startswith(f"{NAME}: ")
    assert fault in str(raised.value)


@pytest.mark.parametrize("body", [b"\xff", b"about = ", b"about = 1\nabout = 2"])
def test_what_is_no_toml(body: bytes) -> None:
    with pytest.raises(FixtureInvalid, match="it is not TOML in UTF-8"):
        read(body, NAME)


@pytest.mark.parametrize("name", ["Tea.toml", "spring_tea.toml", "spring tea.toml", "tea.json", "-tea.toml"])
def test_names_are_plain(name: str) -> None:
    with pytest.raises(FixtureInvalid, match="name it in small letters, digits and hyphens"):
        read(text(), name)


def test_a_folder_in_the_order_of_its_names(tmp_path: Path) -> None:
    (tmp_path / "b.toml").write_bytes(text())
    (tmp_path / "a.toml").write_bytes(text(key='"tea/_posts/2021-06-30-雨后.md"'))
    (tmp_path / "README.md").write_bytes(b"no fixture")
    assert [(gold.name, key[-9:-3], body) for gold, key, body in fixture_posts(tmp_path)] == [
        ("a.toml", "-30-雨后", POST.encode()),
        ("b.toml", "29-雨前茶", POST.encode()),
    ]


def test_a_key_stands_for_one_post(tmp_path: Path) -> None:
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_bytes(text())
    with pytest.raises(FixtureInvalid, match=r"b\.toml: key: .* is that of a\.toml too"):
        fixtures(tmp_path)


def test_the_gold_that_ships_can_be_read() -> None:
    assert len(fixture_posts()) >= 40
