"""Bodies that are made to hurt: nothing of them is lost, and memory is bounded. bench/hostile.py measures the time they take."""

import subprocess
import sys
from pathlib import Path

import pytest

from postkeep.post import Metadata
from render_post.rendition import render
from support.accounting import account
from support.hostile import ARTICLE, VIDEO, bodies

SIZE = 20_000
BODIES = bodies(SIZE)

_MEGABYTES = 256
_PEAK = """
from pathlib import Path
from render_post.rendition import render
from support.hostile import ARTICLE, VIDEO, bodies
for body in bodies().values():
    for metadata in (ARTICLE, VIDEO):
        render(body, metadata, "a.md")
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(status["VmHWM"].split()[0]) // 1024)
"""


@pytest.mark.parametrize("metadata", [ARTICLE, VIDEO], ids=["article", "video"])
@pytest.mark.parametrize("name", BODIES)
def test_nothing_is_lost(name: str, metadata: Metadata) -> None:
    body = BODIES[name]
    rendered = render(body, metadata, "a.md")
    found = account(body, metadata, "a.md", rendered)
    assert not found, str(found)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the peak of one process")
def test_memory_is_bounded() -> None:
    # Not ru_maxrss, which a child takes over from the process that started it.
    child = subprocess.run(
        [sys.executable, "-c", _PEAK], check=True, capture_output=True, text=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert int(child.stdout) < _MEGABYTES
