"""The measurement of taking posts in: that it runs."""

import subprocess
import sys
from pathlib import Path

from support.template import ROOT


def test_it_runs(tmp_path: Path) -> None:
    for number in range(6):
        path = tmp_path / "_posts" / f"2021-06-0{number + 1}-雨.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"---\ntitle: 雨 {number}\n---\n<p>文字。<img src=https://p.example/{number}.jpg></p>\n", "utf-8")
    command = [sys.executable, str(ROOT / "bench" / "ingest.py"), "--source", str(tmp_path), "--posts", "3", "--archives", "4,6"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "calls of parse" in run.stdout
    assert "calls of index" in run.stdout
