"""Each input that the repository keeps, given to its target without atheris, wherever the tests run."""

import time
from pathlib import Path

import pytest

from fuzz.targets import FOLDER, NAMES, Target, kept

_SECONDS = 5
"""Of the processor, for one input: a hundred times what the slowest takes."""

_MOST = 200_000
"""Bytes of all kept inputs."""

INPUTS = [(name, file) for name in NAMES for file in kept(name)]


@pytest.mark.parametrize(("name", "file"), INPUTS, ids=[f"{name}/{file.name}" for name, file in INPUTS])
def test_a_kept_input_holds(name: str, file: Path) -> None:
    target = Target.load(name)
    data = file.read_bytes()
    begun = time.process_time()
    target.check(data)
    assert time.process_time() - begun < _SECONDS


@pytest.mark.parametrize("name", NAMES)
def test_each_target_has_inputs_that_a_run_would_take_whole(name: str) -> None:
    target = Target.load(name)
    assert len(kept(name)) > 3
    assert all(file.stat().st_size <= target.longest for file in kept(name))


def test_the_kept_inputs_are_small_and_each_of_a_target() -> None:
    assert sum(file.stat().st_size for _, file in INPUTS) < _MOST
    folders = {folder.name for kind in ("corpus", "regressions") for folder in (FOLDER / kind).iterdir()}
    assert folders <= set(NAMES)
    modules = {file.stem for file in FOLDER.glob("*.py")}
    assert set(NAMES) <= modules


@pytest.mark.parametrize("name", NAMES)
def test_nothing_and_noise_hold(name: str) -> None:
    target = Target.load(name)
    for data in (b"", b"\n", b"\n\n\n\n", b"\0" * 64, bytes(range(256)), "茶".encode() * 20, b"\xff\xfe\xf0\x9f" * 9):
        target.check(data)


def test_there_is_no_other_target() -> None:
    with pytest.raises(KeyError):
        Target.load("engine")
