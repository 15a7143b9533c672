"""Pictures that take their decoder down, or would; stand-ins for it where no picture is known that does."""

import gc
import os
import signal
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from make_thumbnail import isolation, limits, workshop
from make_thumbnail.isolation import Workshop
from make_thumbnail.resize import resize
from make_thumbnail.resizing import Format, unpack
from postkeep.errors import DecoderLost, PictureRefused
from unit.thumbnail.drawing import a_picture, encoded

COVERED = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
CONTENT = encoded(a_picture(), "JPEG")

type Staged = Callable[[str], Workshop]


@pytest.fixture(autouse=True)
def _covered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "_PASSED", (*isolation._PASSED, *COVERED))


@pytest.fixture
def bench() -> Iterator[Workshop]:
    made = Workshop()
    yield made
    made.close()


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[Staged]:
    """A workshop in whose forks a function `resize` of the test's own takes the place of the real one."""
    made = []

    def stage(body: str) -> Workshop:
        script = tmp_path / "staged.py"
        lines = [
            "import os, resource, signal, sys, time",
            "from make_thumbnail import limits, workshop",
            "def resize(content, *, avif):",
            textwrap.indent(textwrap.dedent(body), "    "),
            "workshop.resize = resize",
            "workshop.main(int(sys.argv[1]), int(sys.argv[2]))",
        ]
        script.write_text("\n".join(lines), "utf-8")
        made.append(Workshop(wall_seconds=8, command=(sys.executable, str(script))))
        return made[-1]

    yield stage
    for one in made:
        one.close()


def test_as_in_the_same_process(bench: Workshop) -> None:
    assert bench.resize(CONTENT) == resize(CONTENT)
    # What the encoder of AVIF writes depends on the number of its threads, which is one there.
    shapes = [[(t.format, t.width, t.height) for t in way(CONTENT, avif=True).thumbnails] for way in (bench.resize, resize)]
    assert shapes[0] == shapes[1]
    assert bench.resize(CONTENT, avif=True) == bench.resize(CONTENT, avif=True)


def test_one_picture_after_the_other(bench: Workshop) -> None:
    large, small = encoded(a_picture(1_500, 900), "PNG"), encoded(a_picture(8, 8), "GIF")
    pids = set()
    for content in (large, small, large, small):
        assert bench.resize(content) == resize(content)
        assert bench._process is not None
        pids.add(bench._process.pid)
    assert len(pids) == 1


def test_refusals_come_through(bench: Workshop) -> None:
    for content, reason in ((b"<svg/>", "unsupported-format"), (b"", "not-a-picture"), (CONTENT[:200], "corrupt")):
        with pytest.raises(PictureRefused) as refused:
            bench.resize(content)
        assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("body", "reason", "word"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "codec-crashed", "SIGSEGV"),
        ("os.kill(os.getpid(), signal.SIGBUS)", "codec-crashed", "SIGBUS"),
        ("os.abort()", "too-complex", "MiB"),
        ("return bytearray(limits.MEMORY)", "too-complex", "832 MiB"),
        ("os.kill(os.getpid(), signal.SIGXCPU)", "too-complex", "20 seconds"),
        ("time.sleep(60)", "too-complex", "8 seconds"),
        ("os.kill(os.getpid(), signal.SIGSTOP)", "too-complex", "8 seconds"),
        ("os.truncate(int(sys.argv[2]), limits.MAX_RESULT + 1)", "too-complex", "64 MiB"),
        ("os.pwrite(int(sys.argv[2]), b'{}', 0); os._exit(0)", "codec-crashed", "no outcome"),
        ("os._exit(0)", "codec-crashed", "no outcome"),
    ],
)
def test_the_end_of_a_decoder_is_the_pictures_outcome(staged: Staged, body: str, reason: str, word: str) -> None:
    ended = staged(
        f"if content == b'x': {body}\nfrom make_thumbnail.resize import resize as real\nreturn real(content, avif=avif)"
    )
    with pytest.raises(PictureRefused, match=word) as refused:
        ended.resize(b"x")
    assert refused.value.reason == reason
    assert ended.resize(CONTENT).width == 800  # and nobody else's


def test_the_processor_is_limited(staged: Staged) -> None:
    busy = staged("resource.setrlimit(resource.RLIMIT_CPU, (1, 2))\nwhile True: pass")
    begun = time.monotonic()
    with pytest.raises(PictureRefused, match="too-complex"):
        busy.resize(b"x")
    assert time.monotonic() - begun < 7


def test_the_limits_hold_in_the_fork(staged: Staged) -> None:
    says = staged(
        """
        from postkeep.errors import PictureRefused
        names = ("AS", "CPU", "FSIZE", "CORE")
        raise PictureRefused("corrupt", repr([resource.getrlimit(getattr(resource, "RLIMIT_" + name))[0] for name in names]))
        """
    )
    with pytest.raises(PictureRefused) as refused:
        says.resize(b"x")
    memory = limits.MEMORY if sys.platform == "linux" else "any"
    assert refused.value.detail == repr([memory, limits.CPU_SECONDS, limits.MAX_RESULT, 0])


def test_the_decoder_is_given_no_credentials(staged: Staged, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret of the tests")
    monkeypatch.setenv("TABLE_NAME", "posts")
    says = staged('from postkeep.errors import PictureRefused\nraise PictureRefused("corrupt", " ".join(os.environ))')
    with pytest.raises(PictureRefused) as refused:
        says.resize(b"x")
    names = set(refused.value.detail.split()) - set(COVERED)
    assert names <= {*isolation._PASSED, *isolation._SETTINGS, "PYTHONPATH", "LC_CTYPE"}
    assert "VIPS_CONCURRENCY" in names


def test_the_decoder_has_no_descriptor_but_its_two_files(staged: Staged) -> None:
    says = staged(
        """
        from postkeep.errors import PictureRefused
        found = sorted(int(name) for name in os.listdir("/dev/fd"))
        raise PictureRefused("corrupt", repr([sorted(map(int, sys.argv[1:])), found]))
        """
    )
    with pytest.raises(PictureRefused) as refused:
        says.resize(b"x")
    files, found = eval(refused.value.detail)  # noqa: S307 - two lists that the lines above wrote
    assert set(files) <= set(found) <= {*files, 2, 0}  # the standard error, and the listing's own, which takes the first free


def test_a_bug_of_ours_is_not_the_pictures_fault(staged: Staged) -> None:
    with pytest.raises(DecoderLost, match="exit code 1"):
        staged("1 / 0").resize(b"x")


def test_who_is_killed_from_outside_is_started_anew(staged: Staged) -> None:
    lost = staged("os.kill(os.getpid() if content == b'x' else os.getppid(), signal.SIGKILL); time.sleep(0.2)")
    with pytest.raises(DecoderLost, match="-9"):
        lost.resize(b"x")
    with pytest.raises(DecoderLost, match="ended"):
        lost.resize(b"y")
    with pytest.raises(DecoderLost, match="-9"):
        lost.resize(b"x")


def test_one_that_cannot_start_says_so() -> None:
    broken = Workshop(command=(sys.executable, "-c", "raise SystemExit"))
    with pytest.raises(DecoderLost):
        broken.resize(CONTENT)
    broken.close()


def test_one_that_ends_before_it_is_asked() -> None:
    broken = Workshop(command=("/bin/true",))
    broken.start()
    assert broken._process is not None
    broken._process.wait()
    process, broken._process.poll = broken._process, lambda: None  # type: ignore[method-assign]
    with pytest.raises(DecoderLost, match="while it was started"):
        broken.resize(CONTENT)
    assert process.returncode == 0


def test_starting_twice_starts_once(bench: Workshop) -> None:
    bench.start()
    first = bench._process
    bench.start()
    assert bench._process is first
    bench.close()
    bench.close()


def test_the_process_ends_with_its_input(bench: Workshop) -> None:
    bench.resize(CONTENT)
    process = bench._process
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(10) == 0


def test_the_functions_workshop_is_one() -> None:
    assert isolation.workshop() is isolation.workshop()
    assert isolation.resize(CONTENT).thumbnails[-1].format is Format.JPEG
    isolation.workshop().close()
    isolation.workshop.cache_clear()
    gc.collect()


def test_what_the_fork_writes(tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(CONTENT)
    with (tmp_path / "picture").open("rb") as file:
        assert unpack(workshop.make(file.fileno(), avif=False)) == resize(CONTENT)
    (tmp_path / "picture").write_bytes(b"none")
    with (tmp_path / "picture").open("rb") as file, pytest.raises(PictureRefused, match="not-a-picture"):
        unpack(workshop.make(file.fileno(), avif=False))


def test_every_signal_has_a_meaning() -> None:
    fatal = {signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP, signal.SIGABRT, signal.SIGXCPU}
    for one in fatal:
        assert isinstance(isolation._failure(-one), PictureRefused)
    for one in (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        assert isinstance(isolation._failure(-one), DecoderLost)
