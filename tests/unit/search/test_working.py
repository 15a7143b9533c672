"""Folders for a moment, and those that processes leave behind which are killed."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from search_posts import working


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def _folder(temporary: Path, name: str) -> Path:
    made = temporary / name
    made.mkdir()
    (made / "segment").write_bytes(b"x")
    return made


def _gone() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_folders_of_processes_that_are_gone_are_deleted(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone, mine = _gone(), os.getpid()
    left = [_folder(temporary, f"postkeep-search-{pid}-a") for pid in (gone, mine, 10**12)]
    stay = [
        _folder(temporary, name)
        for name in (f"postkeep-search-{os.getppid()}-a", f"postkeep-index-{gone}-a", "postkeep-search-x-a")
    ]
    working.clear(working.SEARCHING)
    assert not any(folder.exists() for folder in left)
    assert all(folder.exists() for folder in stay)

    def strangers(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", strangers)
    other = _folder(temporary, f"postkeep-search-{gone}-b")
    working.clear(working.SEARCHING)
    assert other.exists(), "a process of somebody else lives"


def test_what_is_made_is_cleared_away_after_a_kill(temporary: Path) -> None:
    with working.scratch() as folder:
        (folder / "file").write_bytes(b"x")
        working.clear(working.SEARCHING)
        assert folder.is_dir()
        working.clear(working.INDEXING)  # as one that begins with the same number does
        assert not folder.exists()
        folder.mkdir()
    own = working.own_folder()
    assert own.parent == temporary
    working.clear(working.INDEXING)
    assert own.is_dir()
    working.clear(working.SEARCHING)
    assert list(temporary.iterdir()) == []
