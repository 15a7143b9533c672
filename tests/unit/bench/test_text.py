"""The measurement of the cleaning beside other tools: its own logic, without any of them."""

import argparse
import gc
import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from postkeep.frontmatter import ParsedPost, parse
from support.scoring import Gold, Output, Score
from support.template import ROOT

_POST = """---
title: 雨
date: 2021-06-29
from: https://tea.example/rain
---
<p>清晨下雨。</p><img src="https://p.example/1.jpg"><p>廣告：買傘</p>
"""

_GOLD = """{"path": "tea/_posts/2021-06-29-雨.md", "must_contain": ["清晨下雨。"], "must_not_contain": ["買傘"],
"first_image_origin_url": "https://p.example/1.jpg"}"""


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))  # taken back together with what bench.text adds


@pytest.fixture
def timing() -> ModuleType:
    return importlib.import_module("bench.timing")


@pytest.fixture
def tables() -> ModuleType:
    return importlib.import_module("bench.tables")


@pytest.fixture
def tools() -> ModuleType:
    return importlib.import_module("bench.tools")


@pytest.fixture
def text() -> ModuleType:
    return importlib.import_module("bench.text")


class Clock:
    """Stands still but where a piece takes its time."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_every_way_does_each_piece_before_the_next_and_another_begins_each_time(timing: ModuleType) -> None:
    clock, done = Clock(), []

    def way(name: str, factor: float) -> Any:
        def run(piece: int) -> None:
            done.append((name, piece))
            clock.now += piece * factor
            assert not (warm and gc.isenabled())

        return run

    warm = False
    ways = {"a": way("a", 1), "b": way("b", 2)}
    gc.enable()
    first = timing.measure(ways, [1, 2, 3], 1, clock)
    assert gc.isenabled()
    # The warming comes first, and is not timed.
    assert done == [(name, n) for n in (1, 2, 3) for name in "ab"] + [("a", 1), ("b", 1), ("b", 2), ("a", 2), ("a", 3), ("b", 3)]
    assert first == {"a": [[1, 2, 3]], "b": [[2, 4, 6]]}
    done.clear()
    assert timing.measure(ways, [1, 2], 2, clock) == {"a": [[1, 2]] * 2, "b": [[2, 4]] * 2}
    assert done[4:] == [("a", 1), ("b", 1), ("b", 2), ("a", 2), ("b", 1), ("a", 1), ("a", 2), ("b", 2)]


def test_the_collector_is_off_while_a_way_is_timed_and_as_before_afterwards(timing: ModuleType) -> None:
    seen: list[bool] = []
    timing.measure({"a": lambda _: seen.append(gc.isenabled())}, [1], 1)
    assert (seen, gc.isenabled(), gc.get_freeze_count()) == ([True, False], True, 0)
    with pytest.raises(ZeroDivisionError):
        timing.measure({"a": lambda piece: 1 // (piece - 1) if len(seen) > 5 else seen.extend([True] * 9)}, [1], 1)
    assert (gc.isenabled(), gc.get_freeze_count()) == (True, 0)
    gc.disable()
    try:
        timing.measure({"a": lambda _: None}, [1], 1)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_figures_are_of_medians_over_the_rounds_and_the_spread_of_single_rounds(timing: ModuleType) -> None:
    times = {
        "ours": [[1.0, 3.0, 100.0], [2.0, 3.0, 4.0], [9.0, 3.0, 5.0]],
        "theirs": [[1.0, 1.0, 2.0], [1.0, 1.0, 1.0], [1.0, 1.0, 2.0]],
    }
    assert timing.medians(times["ours"]) == [2.0, 3.0, 5.0]
    speed = timing.speed(times, "ours", "theirs")
    # The medians add up to less than any round: 10 / 4 beside 104 / 4, 9 / 3 and 17 / 4.
    assert speed == timing.Speed(total=10, ratio=2.5, low=2.5, high=26.0, median=3.0, p99=5.0, longest=5.0)


@pytest.mark.parametrize(("pieces", "p99"), [(1, 1), (99, 99), (100, 99), (200, 198), (201, 199)])
def test_p99_is_the_nearest_rank(timing: ModuleType, pieces: int, p99: int) -> None:
    times = {"a": [[float(n) for n in range(pieces, 0, -1)]]}
    assert timing.speed(times, "a", "a").p99 == p99


def a_row(tables: ModuleType, timing: ModuleType, name: str, output: Output) -> Any:
    score = Score()
    score.add(Gold(name="1", path="x", must_contain=("雨",), must_not_contain=("傘",), first_picture=("p",)), output)
    return tables.Row(name, score, timing.Speed(1.234, 2, 1.9, 2.15, 0.0012, 0.0405, 0.1), 7)


def test_a_table(tables: ModuleType, timing: ModuleType) -> None:
    rows = [a_row(tables, timing, "a", Output("雨", ("q",))), a_row(tables, timing, "b", Output("雨傘"))]
    head, rule, first, second = tables.table(rows).splitlines()
    assert {line.count("|") for line in (head, rule, first, second)} == {14}
    speed = "7 | 1.23 s | 2.00 (1.90–2.15) | 1.2 ms | 40.5 ms | 100.0 ms |"
    assert first == f"| a | 0/1 | 1/1 | 1/1 | 0/1 | 0/0 | 0/1 | {speed}"
    # What tells no pictures is not held to them, and is not called perfect either.
    assert second == f"| b | – | 0/1 | 1/1 | 1/1 | 0/0 | – | {speed}"


def test_what_another_tool_has_and_ours_has_not(tables: ModuleType) -> None:
    gold = Gold(name="1", path="x", must_contain=("雨：a", "茶"), must_not_contain=("傘",), first_picture=("p",))

    def score(output: Output) -> Score:
        total = Score()
        total.add(gold, output)
        return total

    ours, theirs = score(Output("傘", ("q",))), score(Output("雨：a", ("p",)))
    assert tables.advantages(ours, theirs) == ["1: lost: 雨：a", "1: first picture"]
    assert tables.advantages(theirs, ours) == []
    # A tool that tells no pictures has none.
    assert tables.advantages(ours, score(Output("雨：a"))) == ["1: lost: 雨：a"]
    # Both have a wrong first picture, though not the same.
    assert tables.advantages(ours, score(Output("", ("r",)))) == []


def test_the_table_takes_its_place_in_a_document(tables: ModuleType) -> None:
    document = f"# A\n\n{tables.BEGIN}old\n{tables.END}\nrest\n"
    once = tables.replaced(document, "new\n")
    assert once == f"# A\n\n{tables.BEGIN}\nnew\n\n{tables.END}\nrest\n"
    assert tables.replaced(once, "new") == once


@pytest.mark.parametrize("wrong", ["", "{begin}", "{end}", "{end}{begin}", "{begin}{begin}{end}", "{begin}{end}{end}"])
def test_a_document_without_its_place_is_left_alone(tables: ModuleType, wrong: str) -> None:
    with pytest.raises(ValueError, match="once each"):
        tables.replaced(wrong.format(begin=tables.BEGIN, end=tables.END), "new")


@pytest.mark.parametrize(
    ("markdown", "addresses"),
    [
        ("a ![b](https://p.example/1.jpg) c ![](//p.example/2.jpg)", ("https://p.example/1.jpg", "//p.example/2.jpg")),
        ('![a\\]b](<https://p.example/雨(1).jpg> "title")', ("https://p.example/雨(1).jpg",)),
        ("[![a](x.jpg)](y.html) ![a](x\\(1\\).jpg) ![](y(1).jpg)", ("x.jpg", "x(1).jpg", "y(1).jpg")),
        ("![a](x (y).jpg) [b](z.jpg) ![c] (d)", ()),
        ("![" * 50_000, ()),
    ],
)
def test_pictures_in_markdown(tools: ModuleType, markdown: str, addresses: tuple[str, ...]) -> None:
    assert tools.from_markdown(markdown) == Output(markdown, addresses)


def test_what_is_not_installed_is_named_with_the_way_to_get_it(
    tools: ModuleType, text: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tools, "find_spec", lambda module: None if module in {"trafilatura", "readability"} else module)
    assert tools.missing() == ["readability-lxml", "trafilatura"]
    assert text.main([]) == 2
    told = capsys.readouterr().err
    assert "not installed: readability-lxml, trafilatura\n" in told
    assert "`make bench-text` installs" in told


def test_each_tool_that_must_be_installed_is_locked(tools: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "find_spec", lambda _: None)
    lines = (ROOT / "bench" / "requirements.in").read_text("utf-8").splitlines()
    named = {line for line in lines if line and not line.startswith("#")}
    assert set(tools.missing()) == named | {"Postkeep", "html2text"}


def test_each_tool_is_asked_for_the_text_of_the_body_and_answers_with_its_pictures(
    tools: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Any, ...]] = []

    def answer(*given: Any, **settings: Any) -> Any:
        asked.append((*given, settings))
        return None if "favor_precision" in settings else "雨 ![](1.jpg)"

    def convert(*given: Any) -> Any:
        asked.append(given)
        return converted

    converted = SimpleNamespace(content=None, metadata=SimpleNamespace(images=[SimpleNamespace(src="2.jpg")]))
    modules = {
        "trafilatura": SimpleNamespace(extract=answer),
        "resiliparse.extract.html2text": SimpleNamespace(extract_plain_text=answer),
        "readability": SimpleNamespace(Document=lambda markup: SimpleNamespace(summary=lambda **_: f"{markup}<img src=3.jpg>")),
        "html_to_markdown": SimpleNamespace(ConversionOptions=dict, convert=convert),
    }
    monkeypatch.setattr(tools, "import_module", modules.__getitem__)
    post = parse(b"---\ntitle: x\n---\n<p>a</p>", "a.md")
    outputs = {tool.name: tool.output(tool.run("a.md", post)) for tool in tools.load()}
    whole = "<html><body><article><p>a</p></article></body></html>"
    assert asked == [
        ("<p>a</p>", {"output_format": "plain"}),
        (whole, {"include_images": True, "favor_recall": True}),
        (whole, {"include_images": True, "favor_precision": True, "include_comments": False}),
        (whole, {"main_content": True, "comments": False, "post_meta": False}),
    ]
    assert outputs["html-to-markdown"] == Output("", ("2.jpg",))
    assert outputs["trafilatura, for recall"] == Output("雨 ![](1.jpg)", ("1.jpg",))
    assert outputs["trafilatura, for precision"] == Output("", ())  # None: it found no text
    assert outputs["readability-lxml"].text.split() == ["a", "![](3.jpg)"]
    assert outputs["readability-lxml"].pictures == ("3.jpg",)
    assert outputs["resiliparse"] == Output("雨 ![](1.jpg)", None)
    assert outputs["Postkeep"] == Output("a", ()) == outputs["Postkeep, generic rules alone"]


def made(tools: ModuleType, *, fails: bool = False, pictures: bool = True) -> Any:
    def run(key: str, post: ParsedPost) -> str:
        if fails:
            raise KeyError(key)
        return post.body

    return tools.Tool("html2text", "", run, tools.from_markdown if pictures else Output, pictures=pictures)


def material(text: ModuleType, folder: Path) -> Any:
    (folder / "tea" / "_posts").mkdir(parents=True)
    (folder / "gold").mkdir()
    (folder / "tea" / "_posts" / "2021-06-29-雨.md").write_text(_POST, "utf-8")
    (folder / "tea" / "_posts" / "2021-06-30-plain.md").write_text("---\ntitle: x\n---\nA line.\n", "utf-8")
    (folder / "tea" / "_posts" / "2021-07-01-bad.md").write_text("---\ntitle: [\n---\n", "utf-8")
    (folder / "gold" / "1.json").write_text(_GOLD, "utf-8")
    return text.corpus(folder, folder / "gold", 0)


def test_the_posts_of_a_folder_with_their_gold(text: ModuleType, tmp_path: Path) -> None:
    found = material(text, tmp_path)
    assert list(found.posts) == ["tea/_posts/2021-06-29-雨.md", "tea/_posts/2021-06-30-plain.md"]
    assert [key for key, _ in found.in_html()] == ["tea/_posts/2021-06-29-雨.md"]
    assert found.post_of(found.gold[0]) == ("tea/_posts/2021-06-29-雨.md", found.posts["tea/_posts/2021-06-29-雨.md"])
    assert found.post_of(Gold(name="2", path="tea/_posts/none.md")) is None


def test_a_tool_that_fails_has_an_empty_text_and_is_told_of(
    tools: ModuleType, text: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = material(text, tmp_path)
    score = text.score(made(tools, fails=True), found)
    assert (score.kept, score.must, score.leaked, score.first_right, score.firsts) == (0, 1, 0, 0, 1)
    assert "html2text fails on tea/_posts/2021-06-29-雨.md: KeyError" in capsys.readouterr().err
    assert text.score(made(tools, fails=True, pictures=False), found).firsts == 0


def test_gold_without_its_post_counts_as_a_fault(tools: ModuleType, text: ModuleType, tmp_path: Path) -> None:
    found = material(text, tmp_path)
    lacking = text.Material("x", [Gold(name="2", path="none.md", must_contain=("雨",))], found.posts)
    assert (text.score(made(tools), lacking).posts, text.score(made(tools), lacking).kept) == (1, 0)


def test_without_real_posts_the_own_ones_are_taken_unless_others_were_named(
    tools: ModuleType, text: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gold = Gold(name="1", path="tea/_posts/2021-06-29-a.md", must_contain=("雨",))
    monkeypatch.setattr(text, "fixture_posts", lambda: [(gold, gold.path, _POST.encode())])
    monkeypatch.setattr(text, "CORPUS", tmp_path / "none")
    monkeypatch.setattr(
        text, "bulk_posts", lambda limit: [(f"_posts/2021-06-{10 + n}-b.md", _POST.encode()) for n in range(limit)]
    )

    def read(**named: Any) -> Any:
        return text.read(argparse.Namespace(**{"posts": None, "gold": None, "fixtures": False, "bulk": 0} | named))

    found = read()
    assert (found.name, found.gold, [key for key, _ in found.in_html()]) == ("the repository's own", [gold], [gold.path])
    assert text.score(made(tools), found).kept == 1
    assert [key for key, _ in read(bulk=2).in_html()] == [gold.path, "_posts/2021-06-10-b.md", "_posts/2021-06-11-b.md"]
    assert read(posts=tmp_path) is None
    assert read(posts=tmp_path, fixtures=True).gold == [gold]
    material(text, tmp_path)
    both = read(posts=tmp_path, gold=tmp_path / "gold", bulk=1)
    assert (both.name, len(both.posts), len(both.more)) == ("real", 2, 1)
    assert read(posts=tmp_path, gold=tmp_path / "gold", fixtures=True).gold == [gold]


@pytest.mark.parametrize("fails", [True, False])
def test_tools_are_scored_and_timed(tools: ModuleType, text: ModuleType, tmp_path: Path, *, fails: bool) -> None:
    rows, times = text.measure([made(tools, fails=fails)], material(text, tmp_path), 2)
    (row,) = rows
    assert (row.score.kept, row.score.leaked, row.empty) == ((0, 0, 1) if fails else (1, 1, 0))
    assert [len(pieces) for pieces in times["html2text"]] == [1, 1]


def test_a_body_counts_where_it_is_html_with_something_to_do(text: ModuleType) -> None:
    def counts(body: str) -> bool:
        return bool(text.is_marked_up("a.md", parse(f"---\ntitle: x\n---\n{body}".encode(), "a.md")))

    assert counts("<p>雨</p>")
    assert counts('<div><img src="1.jpg"></div>')
    assert not counts("<div>雨</div>")
    assert not counts("# 雨\n\n- a\n- b <p")


def test_the_whole_way(
    tools: ModuleType, text: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    material(text, tmp_path)
    document = tmp_path / "quality.md"
    document.write_text(f"# Q\n{text.tables.BEGIN}{text.tables.END}", "utf-8")
    ours = tools._ENTRIES[:3]
    assert [entry.name for entry in ours] == ["Postkeep", "Postkeep, generic rules alone", "html2text"]
    monkeypatch.setattr(tools, "_ENTRIES", ours)
    monkeypatch.setattr(text, "DOCUMENT", document)
    arguments = ["--posts", str(tmp_path), "--gold", str(tmp_path / "gold"), "--rounds", "2", "--slowest", "3", "--write"]
    assert text.main(arguments) == 0
    printed = capsys.readouterr().out
    assert "1 posts with gold (real), 1 posts in HTML; 2 rounds; " in printed
    assert "| html2text | 0/1 | 0/1 | 1/1 | 1/1 | 0/0 | 1/1 | 0 |" in printed
    assert "html2text, ms\n" in printed
    assert printed.rstrip().endswith("tea/_posts/2021-06-29-雨.md")
    written = document.read_text("utf-8")
    assert written.startswith(f"# Q\n{text.tables.BEGIN}\n1 posts with gold")
    assert "| Postkeep | " in written


@pytest.mark.parametrize("folders", [("none", "gold"), ("tea", "none"), ("tea", "tea")])
def test_without_posts_or_gold_nothing_is_measured(
    tools: ModuleType,
    text: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    folders: tuple[str, str],
) -> None:
    material(text, tmp_path)
    monkeypatch.setattr(tools, "find_spec", lambda module: module)
    assert text.main(["--posts", str(tmp_path / folders[0]), "--gold", str(tmp_path / folders[1])]) == 2
    assert "no posts with gold" in capsys.readouterr().err


def test_the_processor_has_a_name(text: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    assert text.processor()
    monkeypatch.setattr(Path, "read_text", lambda *_: (_ for _ in ()).throw(FileNotFoundError()))
    assert text.processor()


def test_it_starts_as_a_script(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "bench" / "text.py"), "--posts", str(tmp_path), "--gold", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert run.returncode == 2, run.stderr
    assert run.stdout == ""


def test_the_document_has_a_place_for_the_table(tables: ModuleType) -> None:
    document = (ROOT / "docs" / "quality.md").read_text("utf-8")
    assert "| Postkeep |" in document.partition(tables.BEGIN)[2]
    tables.replaced(document, "")
