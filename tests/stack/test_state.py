import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from postkeep_local.stack.errors import StackFailed
from postkeep_local.stack.log import BoundedLog
from postkeep_local.stack.processes import Spawner, kill_leftovers, leftovers
from postkeep_local.stack.state import Settings, StateFolder, read_json, write_json


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    build = tmp_path / "build"
    (build / "F").mkdir(parents=True)
    (build / "template.yaml").write_text("Resources: {}")
    (build / "F" / "f.py").write_text("x = 1")
    return Settings(build=build, runtime=tmp_path / "runtime", parameters={"A": "1"}, picture_hosts={"h": "u"})


def test_settings_survive_their_file(settings: Settings, tmp_path: Path) -> None:
    write_json(tmp_path / "settings.json", settings.encode())
    assert Settings.decode(read_json(tmp_path / "settings.json")) == settings
    assert read_json(tmp_path / "absent.json") is None


def test_a_fingerprint_tells_of_every_change(settings: Settings) -> None:
    before = settings.fingerprint()
    assert settings.fingerprint() == before
    (settings.build / "F" / "__pycache__").mkdir()
    (settings.build / "F" / "__pycache__" / "f.pyc").write_bytes(b"x")
    (settings.build / "F" / "f.py").touch()
    assert settings.fingerprint() == before, "neither bytecode nor times matter"

    assert replace(settings, parameters={"A": "2"}).fingerprint() != before
    assert replace(settings, picture_hosts={}).fingerprint() != before
    (settings.build / "F" / "f.py").write_text("x = 2")
    assert settings.fingerprint() != before


def test_a_folder_has_one_owner(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state")
    assert not state.is_locked()
    assert state.owner() is None
    state.prepare()
    assert not state.is_locked()
    with state.locked():
        assert state.is_locked()
        assert state.owner() == os.getpid()
        with pytest.raises(StackFailed, match="another stack runs"), StateFolder(tmp_path / "state").locked():
            pass
    assert not state.is_locked()
    assert state.owner() is None


def _own(path: Path, owned: threading.Event) -> None:
    with StateFolder(path).locked():
        owned.set()
        signal.pause()


def test_a_killed_owner_leaves_its_name_but_not_its_lock(tmp_path: Path) -> None:
    StateFolder(tmp_path).prepare()
    context = multiprocessing.get_context("spawn")
    owned = context.Event()
    process = context.Process(target=_own, args=(tmp_path, owned))
    process.start()
    assert owned.wait(30)
    assert StateFolder(tmp_path).is_locked()
    process.kill()
    process.join()
    assert not StateFolder(tmp_path).is_locked()
    assert StateFolder(tmp_path).owner() == process.pid


def test_a_log_is_bounded_and_keeps_the_newest(tmp_path: Path) -> None:
    path = tmp_path / "f.log"
    log = BoundedLog(path, limit=100)
    for number in range(30):
        log.write(f"line {number:04}\n".encode())
    log.close()
    log.write(b"too late\n")
    kept = (path.read_bytes() + path.with_name("f.log.1").read_bytes()).decode()
    assert "line 0029" in path.read_text()
    assert "too late" not in kept
    assert path.stat().st_size <= 100
    assert path.with_name("f.log.1").stat().st_size <= 100


def test_a_log_copies_a_pipe_to_its_end(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "f.log")
    ours, theirs = os.pipe()
    os.write(theirs, b"one\ntwo without end")
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        log.copy(pipe)
    log.close()
    assert (tmp_path / "f.log").read_bytes() == b"one\ntwo without end"


def _parent(folder: Path) -> None:
    child = Spawner().start(
        [sys.executable, "-c", "import time; time.sleep(600)", "-m awslambdaric"],
        environment={},
        folder=folder,
        output=os.open(os.devnull, os.O_WRONLY),
    )
    (folder / "pid.new").write_text(str(child.pid))
    (folder / "pid.new").rename(folder / "pid")
    signal.pause()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_children_die_with_a_killed_parent(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_parent, args=(tmp_path,))
    process.start()
    pause = threading.Event()
    while not (tmp_path / "pid").exists():
        assert process.is_alive()
        pause.wait(0.02)
    child = int((tmp_path / "pid").read_text())
    os.kill(child, 0)
    process.kill()
    process.join()
    for _ in range(500):
        if not _runs(child):
            break
        pause.wait(0.02)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    """Whether a process is there and not merely waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_what_a_killed_stack_left_is_found_by_its_group_and_killed() -> None:
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    ours = subprocess.Popen([*sleep, "-m awslambdaric"], process_group=0)
    another = subprocess.Popen([*sleep, "of somebody else"], process_group=ours.pid)
    try:
        pause = threading.Event()
        for _ in range(500):
            if leftovers(ours.pid) == [ours.pid]:  # it has become the command
                break
            pause.wait(0.02)
        assert kill_leftovers(ours.pid) == 1
        assert ours.wait(30) == -signal.SIGKILL
        assert another.poll() is None
        assert kill_leftovers(ours.pid) == 0
    finally:
        another.kill()
        another.wait()


def test_what_lies_in_the_temporary_folder_is_deleted(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state")
    state.prepare()
    kept = tmp_path / "kept"
    kept.mkdir()
    (state.temporary / "postkeep-search-1-a" / "segments").mkdir(parents=True)
    (state.temporary / "postkeep-search-1-a" / "segments" / "a").write_bytes(b"x")
    (state.temporary / "file").write_bytes(b"x")
    (state.temporary / "link").symlink_to(kept)
    state.clear_temporary()
    assert list(state.temporary.iterdir()) == []
    assert kept.is_dir()
