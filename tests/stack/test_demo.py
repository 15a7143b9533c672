"""What a new user runs first, as they run it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.template import ROOT

POST = "---\ntitle: {0}\ndate: 2021-06-29T01:39:02Z\n---\n<p>第{0}杯茶。</p>\n"


@pytest.mark.stack
def test_the_demonstration_brings_every_post_to_its_final_state(tmp_path: Path) -> None:
    assert (ROOT / ".aws-sam" / "local").is_dir(), "run `make build` first"
    for number in range(3):
        (tmp_path / f"2021-06-29-{number}.md").write_text(POST.format(number), "utf-8")
    command = [str(Path(sys.executable).parent / "postkeep"), "demo", "--posts", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "200"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Posts: 19 (16 ready, 3 rejected)" in done.stdout
    assert "Pictures: 12 (2 failed, 10 ready); thumbnails: 39" in done.stdout
    assert re.search(r"corrupt.*premature end", done.stdout)
    for reason in ("not-utf-8", "front-matter-invalid", "no-front-matter"):
        assert reason in done.stdout
