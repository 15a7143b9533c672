"""Authors and their posts are invented for the tests."""

import itertools
import json
import random
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from postkeep.post import Metadata
from postkeep_local.commands.learn import learn
from postkeep_local.operations.learning import Found, Learning, encode
from postkeep_local.operations.reading import files_in, posts_of
from render_post.blocks import Block, Listing, Paragraph, Run
from render_post.learnt import Learnt
from render_post.units import fingerprint

NOTICE = "欢迎每天来山下的茶馆坐坐。"
ADDRESS = "茶馆的网站：https://tea.example/a"
STORIES = [
    "山上下了一场大雪",
    "河里的鱼都不见了",
    "村口来了一位客人",
    "老树在夜里开了花",
    "集市上的米涨价了",
    "木桥被洪水冲走了",
    "小店换了新的招牌",
    "猫在屋顶睡了一天",
]


def post(
    number: int, text: str, *, author: str = "陆羽", title: str = "", host: str = "www.youtube.com", month: int | None = None
) -> tuple[Metadata, list[Block]]:
    metadata = Metadata(
        title=title or f"{STORIES[number % 8]}{number}",
        author=author,
        published=datetime(2021, month or number % 4 + 1, 1, tzinfo=UTC),
        source_url=f"https://{host}/watch?v={author}{number}",
    )
    return metadata, [Paragraph([Run(text)])]


def found(posts: list[tuple[Metadata, list[Block]]], **options: Any) -> Found:
    learning = Learning(**options)
    for metadata, blocks in posts:
        learning.add(metadata, blocks)
    return learning.found()


def texts(posts: list[tuple[Metadata, list[Block]]], **options: Any) -> set[str]:
    return {unit.text for group in found(posts, **options).groups for unit in group.units}


def story(number: int) -> str:
    return f"{STORIES[number % 8]}，这是第{number}天的事。"


def test_what_stands_below_each_post_is_learnt_and_the_posts_are_not() -> None:
    posts = [post(n, story(n) + NOTICE + ADDRESS) for n in range(8)]
    result = found(posts)
    (group,) = result.groups
    assert (result.posts, group.kind, group.name, group.posts) == (8, "author", "陆羽", 8)
    assert {unit.text: unit.posts for unit in group.units} == {NOTICE: 8, ADDRESS: 8}
    assert 0.5 < group.share < 0.9


def test_the_order_of_posts_does_not_matter() -> None:
    posts = [post(n, story(n) + NOTICE.replace("山", " 山") * (n % 2) + NOTICE) for n in range(12)]
    posts += [post(n, story(n) + NOTICE + ADDRESS) for n in range(6)]
    first = encode(found(posts), date(2024, 1, 1), fingerprints_only=False)
    for seed in range(5):
        shuffled = posts.copy()
        random.Random(seed).shuffle(shuffled)  # noqa: S311 (no secret)
        assert encode(found(shuffled), date(2024, 1, 1), fingerprints_only=False) == first


def test_few_posts_teach_nothing() -> None:
    assert texts([post(n, story(n) + NOTICE) for n in range(4)]) == set()
    assert texts([post(n, story(n) + NOTICE) for n in range(4)], min_posts=4) == {NOTICE}


def test_a_small_share_teaches_nothing() -> None:
    posts = [post(n, story(n) + (NOTICE if n < 6 else "")) for n in range(40)]
    assert texts(posts) == {NOTICE}
    assert texts(posts, min_share=0.2) == set()


def test_copies_of_one_article_count_once() -> None:
    same = [post(1, NOTICE, month=month) for month in (1, 2, 3, 4, 5, 6)]
    assert texts(same) == set()
    for number, (metadata, _) in enumerate(same):
        object.__setattr__(metadata, "source_url", f"https://youtu.be/{number}")
    assert found(same).posts == 1
    for metadata, _ in same:
        object.__setattr__(metadata, "source_url", None)
    assert found(same).posts == 1


def test_the_same_text_below_other_titles_is_no_copy() -> None:
    assert texts([post(n, NOTICE) for n in range(8)]) == {NOTICE}


def test_a_synopsis_shared_within_few_weeks_is_content() -> None:
    assert texts([post(n, story(n) + NOTICE, month=n % 2 + 1) for n in range(10)]) == set()
    burst = [post(n, story(n) + NOTICE, month=1 if n < 9 else n - 6) for n in range(11)]
    assert texts(burst) == set()


def test_the_synopsis_of_a_series_is_content_and_so_is_what_stands_beside_it() -> None:
    synopsis = "茶经夜读一共五十讲由陆羽主讲。"
    beside = "轻松有趣而又获益匪浅的一夜。"
    series = [post(n, synopsis + beside + story(n), title=f"茶经夜读（{n}）") for n in range(8)]
    others = [post(n, story(n) + NOTICE) for n in range(8, 20)]
    assert texts(series + others) == {NOTICE}


def test_titles_of_other_posts_are_content() -> None:
    title = "一杯茶里到底能有多少水呢"
    posts = [post(n, story(n) + title + "。" + NOTICE) for n in range(8)]
    assert texts(posts) == {title + "。", NOTICE}
    assert texts([*posts, post(20, story(20), title=title)]) == {NOTICE}
    question = [post(n, story(n) + f"为什么茶叶会浮起来呢？陆羽讲茶https://youtu.be/aB3_dE-gH1k。{NOTICE}") for n in range(8)]
    assert "为什么茶叶会浮起来呢？" not in texts(question)


@pytest.mark.parametrize(
    "unit",
    [
        "主持：陆羽和他的朋友们。",
        "00:00 开场白和一首老歌。",
        "【茶馆里的故事系列】",
        "第三集讲茶馆里的故事。",
        "背景音乐来自山下的茶馆 Music by Lu。",
        "本文转载自山下茶馆的旧报纸。",
        "水" * 501 + "。",
        "#茶 #山 #水",
    ],
)
def test_what_is_never_learnt(unit: str) -> None:
    posts = [post(n, f"{story(n)}\n{unit}\n{NOTICE}") for n in range(8)]
    assert texts(posts) == {NOTICE}


def test_articles_need_whole_sentences_and_descriptions_also_teach_greetings() -> None:
    parts = "\n大家好！\n《茶馆日报》\nThe Tea House Times\n" + NOTICE
    assert texts([post(n, story(n) + parts) for n in range(8)]) == {"大家好！", "The Tea House Times", NOTICE}
    assert texts([post(n, story(n) + parts, host="tea.example") for n in range(8)]) == {NOTICE}


def test_what_several_authors_of_a_host_repeat_is_the_hosts() -> None:
    names = itertools.cycle(["陆羽", "皎然", "张又新", "蔡襄"])
    posts = [post(n, story(n) + NOTICE, author=next(names), host="tea.example") for n in range(16)]
    (group,) = found(posts).groups
    assert (group.kind, group.name, [unit.text for unit in group.units]) == ("host", "tea.example", [NOTICE])
    alone = [post(n, story(n) + NOTICE, host="tea.example") for n in range(8)]
    assert [group.kind for group in found(alone).groups] == ["author"]


def test_quotes_and_lists_count() -> None:
    posts = [post(n, story(n)) for n in range(8)]
    for _, blocks in posts:
        blocks.append(Listing(items=[[Paragraph([Run(NOTICE)])]]))
    assert texts(posts) == {NOTICE}


def test_files_are_read_back() -> None:
    result = found([post(n, story(n) + NOTICE) for n in range(8)])
    for fingerprints_only in (True, False):
        body = encode(result, date(2024, 1, 2), fingerprints_only=fingerprints_only)
        assert Learnt.read(body, "x.json").of("陆羽", "") == {fingerprint(NOTICE)}
        fields = json.loads(body)
        assert (fields["v"], fields["made"], fields["posts"]) == (1, "2024-01-02", 8)
        assert fields["groups"][0]["units"][0].get("text") == (None if fingerprints_only else NOTICE)
    assert json.loads(encode(found([]), date(2024, 1, 2), fingerprints_only=True))["groups"] == []


FILE = '---\ntitle: "{title}"\nauthor: 陆羽\ndate: 2021-0{month}-01\nfrom: https://www.youtube.com/watch?v=a{number}\n---\n<div>{text}</div>\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    archive = tmp_path / "archive"
    archive.mkdir()
    for n in range(8):
        text = FILE.format(title=f"{STORIES[n]}", month=n % 4 + 1, number=n, text=story(n) + NOTICE)
        (archive / f"{n}.md").write_text(text, encoding="utf-8")
    (archive / "broken.md").write_text("no front matter", encoding="utf-8")
    (archive / "gone.md").symlink_to("nowhere")
    (archive / "picture.jpg").write_bytes(b"")
    return archive


def test_the_command_tells_and_writes(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "learnt.json"
    result = CliRunner().invoke(learn, [str(folder), "--output", str(output)])
    assert result.exit_code == 0, result.output
    assert "1 texts repeat in 8 posts (10 files, 2 not read)" in result.output
    assert "陆羽" in result.output
    assert f"8 × {NOTICE}" in result.output
    fields = json.loads(output.read_bytes())
    assert fields["made"] == f"{datetime.now(UTC).date()}"
    assert fields["groups"][0]["units"] == [{"fingerprint": f"{fingerprint(NOTICE):016x}", "posts": 8, "text": NOTICE}]


def test_the_options_are_heard(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "learnt.json"
    result = CliRunner().invoke(learn, [str(folder), "--output", str(output), "--fingerprints-only", "--examples", "0"])
    assert result.exit_code == 0, result.output
    assert NOTICE not in result.output
    assert NOTICE not in output.read_text(encoding="utf-8")
    result = CliRunner().invoke(learn, [str(folder), "--min-posts", "9"])
    assert "0 texts repeat" in result.output
    result = CliRunner().invoke(learn, [str(folder), "--output", str(tmp_path / "no" / "such")])
    assert result.exit_code == 1
    assert "No such file" in result.output


def test_posts_are_read_as_render_reads_them(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = list(posts_of(files_in([folder])))
    assert len(read) == 10
    assert next(one for one in read if one is not None)[1] == [Paragraph([Run(story(0) + NOTICE)])]
    assert read.count(None) == 2
    monkeypatch.setattr("postkeep_local.operations.reading.MAX_CHARACTERS", 1)
    assert list(posts_of(files_in([folder]))) == [None] * 10
