import sys
from pathlib import Path

import pytest

from fuzz import __main__ as command
from fuzz import running
from fuzz.running import Run, is_found, read, run, run_all
from fuzz.targets import corpus
from support.template import ROOT

LOG = """INFO: Seed: 1
#2\tINITED cov: 71 ft: 80 corp: 1/1b exec/s: 0 rss: 52Mb
#9\tNEW    cov: 305 ft: 1234 corp: 9/99b lim: 4 exec/s: 0 rss: 53Mb L: 1/1 MS: 1 ChangeBit-
Done 4567 runs in 11 second(s)
stat::number_of_executed_units: 4567
stat::average_exec_per_sec:     415
stat::new_units_added:          8
stat::slowest_unit_time_sec:    0
stat::peak_rss_mb:              63
"""
TOLD = """AssertionError: lost
Traceback (most recent call last):
  File "bodies.py", line 4, in check
AssertionError: lost"""
TRACE = f"""
 === Uncaught Python exception: ===
{TOLD}

==12== ERROR: libFuzzer: fuzz target exited
SUMMARY: libFuzzer: fuzz target exited
"""


def test_a_good_log_is_read() -> None:
    assert read("posts", 0, LOG, ()) == Run(
        "posts", executions=4567, per_second=415, added=8, coverage=305, features=1234, memory=63
    )


@pytest.mark.parametrize(
    ("code", "log", "why"),
    [
        (77, LOG + TRACE, TOLD),
        (70, "==1== ERROR: libFuzzer: timeout after 20 seconds\n", "==1== ERROR: libFuzzer: timeout after 20 seconds"),
        (1, "", "it ended with 1 and said nothing"),
        (None, LOG, "it did not end"),
    ],
)  # fmt: skip
def test_what_failed_is_told(code: int | None, log: str, why: str) -> None:
    assert read("posts", code, log, ()).why == why


def test_an_input_that_failed_is_a_failure_whatever_the_status() -> None:
    found = read("posts", 0, LOG, (Path("slow-unit"),))
    assert found.why
    assert found.findings == (Path("slow-unit"),)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A program in the engine's place, which a test writes."""
    place = tmp_path / "modules" / "fuzz"
    place.mkdir(parents=True)
    (place / "__init__.py").touch()
    monkeypatch.setattr(running, "FOLDER", place)
    return place / "engine.py"


def test_a_run_gives_the_engine_its_bounds_and_its_folders(engine: Path, tmp_path: Path) -> None:
    engine.write_text(f"import sys\nprint(*sys.argv[1:], sep='\\n')\nprint({LOG!r})\n")
    done = run("posts", 7, tmp_path)
    assert (done.executions, done.why) == (4567, "")
    said = (tmp_path / "posts" / "log").read_text().splitlines()
    assert said[:2] == ["posts", str(tmp_path / "posts")]
    assert {"-max_total_time=7", "-timeout=20", "-rss_limit_mb=1024"} <= set(said)
    assert said.index(str(tmp_path / "posts" / "corpus")) < said.index(str(corpus("posts")))


def test_what_a_run_left_is_found_and_what_an_earlier_one_left_is_not(engine: Path, tmp_path: Path) -> None:
    prefix = "next(a for a in sys.argv if a.startswith('-artifact_prefix='))[17:]"
    engine.write_text(f"import sys\nopen({prefix} + 'crash-1', 'w').close()\nsys.exit(77)\n")
    assert run("posts", 1, tmp_path).findings == (tmp_path / "posts" / "failed" / "crash-1",)
    engine.write_text("")
    assert run("posts", 1, tmp_path) == Run("posts")


def test_a_run_without_end_is_ended(engine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(running, "_GRACE", 0)
    assert [one.why for one in run_all(["posts", "rules"], 1, 2, tmp_path)] == ["it did not end"] * 2


def test_merging_keeps_what_has_a_name_and_the_fewest_that_were_found(
    engine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    for name, data in {"written": "a", "0" * 40: "old"}.items():
        (kept / name).write_text(data)
    monkeypatch.setattr(running, "corpus", lambda _: kept)
    # The folder to write into comes after the options.
    chosen = "next(a for a in sys.argv[3:] if not a.startswith('-'))"
    engine.write_text(
        f"import sys\nfrom pathlib import Path\nto = Path({chosen})\n"
        "(to / ('1' * 40)).write_text('a')\n(to / ('2' * 40)).write_text('new')\n"
    )
    assert running.merge("posts", tmp_path) == [kept / ("2" * 40)]
    assert sorted(file.name for file in kept.iterdir()) == ["2" * 40, "written"]
    assert is_found(kept / ("2" * 40))
    assert not is_found(kept / "written")
    engine.write_text("raise SystemExit('no')")
    with pytest.raises(RuntimeError, match="no"):
        running.merge("posts", tmp_path)


def test_the_command_tells_what_to_do_about_an_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(command, "available", lambda: True)
    monkeypatch.setattr(command, "run_all", lambda names, *_: [Run(name, executions=1234) for name in names])
    assert command.main(["posts"]) == 0
    assert "posts" in capsys.readouterr().out
    failed = Run("posts", findings=(ROOT / "build/fuzz/posts/failed/crash-1",), why="AssertionError: lost")
    monkeypatch.setattr(command, "run_all", lambda *_: [failed])
    assert command.main([]) == 1
    said = capsys.readouterr().err
    assert "AssertionError: lost" in said
    assert "make fuzz TARGET=posts INPUT=build/fuzz/posts/failed/crash-1" in said
    assert "tests/fuzz/regressions/posts/" in said


def test_the_command_tries_one_input_again_without_atheris(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x").write_bytes(b"a.md\n---\ntitle: a\n---\n")
    assert command.main(["posts", "--again", str(tmp_path / "x")]) == 0
    assert "posts holds for" in capsys.readouterr().out
    assert "atheris" not in sys.modules


@pytest.mark.parametrize("arguments", [["nobody"], ["--again", "x"], ["posts", "rules", "--again", "x"]])
def test_what_the_command_does_not_know_it_refuses(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(arguments)


def test_the_command_says_where_there_is_no_atheris(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(command, "available", lambda: False)
    assert command.main([]) == 2
    assert "make test" in capsys.readouterr().err


def test_the_command_merges(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(command, "available", lambda: True)
    monkeypatch.setattr(command, "merge", lambda _: [Path("x")])
    assert command.main(["posts", "--merge"]) == 0
    assert capsys.readouterr().out == "posts: 1 inputs kept of what was found\n"
