"""docs/cost.md: that it is what the recorded measurements come to, that its sums add up, and that all of it is measured."""

import importlib
import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from postkeep.post import post_id
from support.template import ROOT
from unit.search.library import TEA

DOCUMENT = ROOT / "docs" / "cost.md"
ARCHIVES = (1_000, 50_000, 1_000_000)


@pytest.fixture
def cost(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("bench.cost")


@pytest.fixture
def measured(cost: ModuleType) -> dict[str, Any]:
    found: dict[str, Any] = cost.counting.read(cost.MEASURED)
    return found


def test_the_page_is_what_the_recorded_measurements_come_to(cost: ModuleType, measured: dict[str, Any]) -> None:
    assert DOCUMENT.read_text("utf-8") == cost.cost_page.page(measured), "run .venv/bin/python bench/cost.py --recorded --write"


def test_what_is_recorded_is_rounded_and_names_no_place(cost: ModuleType, measured: dict[str, Any]) -> None:
    text = cost.MEASURED.read_text("utf-8")
    assert cost.counting.rounded(measured) == measured
    assert str(ROOT) not in text
    assert re.fullmatch(r"\d+-core \w+", measured["machine"])


def test_everything_that_can_be_measured_is_recorded(cost: ModuleType, measured: dict[str, Any]) -> None:
    assert cost.counting.parts(Path(), Path()).keys() <= measured.keys()


def amount(cell: str) -> float:
    found = cell.strip("* ")
    return 0.0 if found == "–" else float(found.lstrip("$").replace(",", ""))


def test_the_lines_of_each_table_add_up() -> None:
    tables = [
        [[cell.strip() for cell in line.strip("|\n").split("|")] for line in block.splitlines()]
        for block in re.findall(r"(?:^\|.*\|\n)+", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    ]
    summed = [rows for rows in tables if rows[-1][0] == "**together**"]
    assert len(summed) == 4
    for _, _, *rows, together in summed:
        for place in range(1, len(together)):
            whole = amount(together[place])
            # Each line is rounded by half a cent at most.
            assert sum(amount(row[place]) for row in rows) == pytest.approx(whole, abs=0.006 * len(rows))


def test_recorded_measurements_are_written_as_a_page(
    cost: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cost, "DOCUMENT", tmp_path / "cost.md")
    assert cost.main(["--recorded"]) == 0
    assert not (tmp_path / "cost.md").exists()
    assert cost.main(["--recorded", "--write"]) == 0
    assert (tmp_path / "cost.md").read_text("utf-8") == DOCUMENT.read_text("utf-8")
    assert "# What it costs at AWS" in capsys.readouterr().out


def test_one_part_is_measured_and_the_others_stay(
    cost: ModuleType, measured: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept = tmp_path / "measured.json"
    kept.write_text(cost.MEASURED.read_text("utf-8"), "utf-8")
    monkeypatch.setattr(cost, "MEASURED", kept)
    monkeypatch.setattr(cost, "DOCUMENT", tmp_path / "cost.md")
    monkeypatch.setattr(cost.counting.wheels, "measure", lambda: {"functions/parse": 41})
    assert cost.main(["--only", "wheels", "--write"]) == 0
    found = cost.counting.read(kept)
    assert found["wheels"] == {"functions/parse": 41}
    assert found["power"] == measured["power"]
    assert "All 41 packages" in (tmp_path / "cost.md").read_text("utf-8")


def test_without_the_real_posts_it_measures_the_examples(cost: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost.counting, "bulk_posts", lambda _: iter(()))
    name, posts = cost.counting.source()
    assert name == "examples"
    profile = cost.counting.profile(posts)
    assert profile["posts"] == len(posts) > 5
    assert 0 < profile["share_with_pictures"] < 1


def test_the_page_says_that_it_is_of_the_examples(cost: ModuleType, measured: dict[str, Any]) -> None:
    assert "the examples in `examples/posts`" in cost.cost_page.page({**measured, "source": "examples"})


def test_posts_are_counted_the_whole_way(cost: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    posts = [
        ("a/_posts/2021-06-29-a.md", b"---\ntitle: a\n---\n<p>words and words</p>\n"),
        ("a/_posts/2021-06-30-b.md", b"---\ntitle: b\n---\n<p>words <img src=https://p.example/1.jpg></p>\n"),
        ("a/_posts/2021-06-30-c.md", b"no front matter"),
    ]
    found = cost.counting.ingest(posts, sample=2)
    for way in ("at once", "one by one"):
        for content in ("text", "pictures"):
            new = found[way][content]["new"]
            assert new["calls"]["render"] > 0
            assert new["stored"]["table"] > 500
    single = found["one by one"]["pictures"]["new"]
    assert single["invocations"] == {"parse": 1, "render": 1, "index": 1}
    # A picture is one message more and one item more.
    more, less = (found["at once"][content]["new"]["amounts"] for content in ("pictures", "text"))
    assert more["dynamodb-write-units"] > less["dynamodb-write-units"]


def test_runs_are_counted_in_archives_of_two_sizes(cost: ModuleType) -> None:
    found = cost.counting.scheduled((20, 2_000))
    assert found["retry, nothing"]["amounts"]["dynamodb-read-units"] == 1
    assert found["count, nothing"]["20"]["amounts"] == found["count, nothing"]["2000"]["amounts"]
    assert found["count, a change"]["2000"]["amounts"]["s3-get-requests"] == 3  # work, a shard, the totals
    assert found["count, a change"]["2000"]["amounts"]["s3-put-requests"] == 4  # these three again, and a LIST
    few, many = (found["reconcile"][size]["amounts"] for size in ("20", "2000"))
    assert many["s3-put-requests"] > few["s3-put-requests"]
    assert many["dynamodb-read-units"] == pytest.approx(100 * few["dynamodb-read-units"], rel=0.3)


def test_answers_read_the_same_of_archives_of_two_sizes(cost: ModuleType) -> None:
    for sizes in cost.counting.queries((300, 900)).values():
        assert sizes["300"]["calls"] == sizes["900"]["calls"] > 0


def test_indexes_grow_with_their_texts(cost: ModuleType) -> None:
    tea = replace(TEA, post_id=post_id("tea.md"))
    found = cost.counting.indexes([tea], (20, 60))
    assert found["60"]["bytes"] > found["20"]["bytes"]
    assert found["20"]["warm"]["gets"] == 1


def test_pictures_are_written_as_the_settings_say(cost: ModuleType) -> None:
    found = cost.counting.pictures()
    assert found["with originals"]["written"] == found["usual"]["written"] + found["usual"]["fetched"]
    assert found["with AVIF"]["written"] > found["usual"]["written"]


def test_packages_are_measured_as_they_are_packed(cost: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"x" * 100_000)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_bytes(b"y" * 1_000)
    assert 0 < cost.counting.packages(tmp_path) < 1_000


def test_a_lock_is_resolved_without_what_comes_as_source(cost: ModuleType, tmp_path: Path) -> None:
    wheels = cost.counting.wheels
    lock = ROOT / "functions" / "thumbnail" / "requirements.txt"
    kept = wheels.without(lock.read_text("utf-8"), wheels.FROM_SOURCE)
    assert "\npyvips==" not in kept
    assert "\npyvips-binary==" in kept
    asked = tmp_path / "asked"
    script = f"import sys; open({str(asked)!r}, 'w').write(' '.join(sys.argv[1:]))"
    assert wheels.resolved(lock, ["python3", "-c", script]) == kept.count("==") - kept.count("python_version ==")
    assert "--only-binary :all:" in asked.read_text()
    assert "aarch64" in asked.read_text()
