"""Measure what thumbnails cost: Postkeep beside Pillow and beside vipsthumbnail, on pictures that this draws.

    python bench/thumbnails.py [--rounds 5] [--megapixels 2] [--pictures build/photographs]

For each picture the ways take turns, another one first in each round, each in fresh processes with one thread. Compared is the
processor's time. vipsthumbnail's (Debian: apt-get install libvips-tools) is that of the four processes that the four files take;
it knows no other way, and on small pictures most of it is starting. Of the others it is the time without their start, which a
function pays once in its life and which stands in a table of its own. Memory is the most that was resident in any process. Ratios
are medians of those of the rounds, with the extremes.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import distribution, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.photographs import MEGAPIXELS, Photograph, photographs  # noqa: E402 (found by the path above)

HERE = ROOT / "bench"
REFERENCE = "vipsthumbnail"
WAYS = ("postkeep", "pillow")
PACKAGES = {"postkeep": ("pyvips", "pyvips-binary", "cffi", "pycparser"), "pillow": ("pillow",)}

_TARGET_RATIO, _TARGET_MEMORY = 1.3, 150


@dataclass(frozen=True, slots=True)
class Cost:
    """What one way took for one picture.

    Attributes:
        seconds: of the processor.
        peak: MiB.
        load: seconds of the processor for the start; 0 where it is in the seconds.
        bytes: of the files, by name.
    """

    seconds: float
    peak: float
    load: float
    bytes: dict[str, int]


def environment() -> dict[str, str]:
    """One thread, everywhere."""
    return {**os.environ, "VIPS_CONCURRENCY": "1", "MALLOC_ARENA_MAX": "1"}


def ours(way: str, file: Path, folder: Path) -> Cost:
    """Run a way of thumbnailers.py."""
    command = [sys.executable, str(HERE / "thumbnailers.py"), way, str(file), str(folder)]
    said = json.loads(subprocess.run(command, env=environment(), check=True, capture_output=True).stdout)
    return Cost(said["work"], said["peak"], said["load"], said["bytes"])


def reference(program: str, file: Path, folder: Path) -> Cost:
    """Run vipsthumbnail for each of the files."""
    seconds = peak = 0.0
    runs = [
        *((width, f"{width}.webp[Q=80,strip]") for width in ("320", "640", "1280")),
        ("640", "640.jpeg[Q=80,strip,optimize_coding]"),
    ]
    for width, output in runs:
        command = [program, str(file), "--size", f"{width}x>", "--output", str(folder / output)]
        child = os.posix_spawn(program, command, environment())
        _, status, used = os.wait4(child, 0)
        if status:
            sys.exit(f"{' '.join(command)} failed")
        seconds += used.ru_utime + used.ru_stime
        peak = max(peak, used.ru_maxrss / 1024)
    return Cost(seconds, peak, 0.0, {path.name: path.stat().st_size for path in folder.iterdir()})


def measure(pictures: Path, wanted: Sequence[Photograph], ways: Sequence[str], rounds: int) -> dict[tuple[str, str], list[Cost]]:
    """Let all ways take turns on all pictures, after one turn that is not counted."""
    program = shutil.which(REFERENCE) or ""
    costs: dict[tuple[str, str], list[Cost]] = {(one.name, way): [] for one in wanted for way in ways}
    for turn in range(rounds + 1):
        for photograph in wanted:
            for number in range(len(ways)):
                way = ways[(turn + number) % len(ways)]
                with tempfile.TemporaryDirectory() as folder:
                    file = pictures / photograph.name
                    cost = reference(program, file, Path(folder)) if way == REFERENCE else ours(way, file, Path(folder))
                if turn:
                    costs[photograph.name, way].append(cost)
        print(f"round {turn} of {rounds}", file=sys.stderr)
    return costs


def ratio(costs: Sequence[Cost], base: Sequence[Cost]) -> str:
    """The median of the rounds' ratios, and the extremes."""
    ratios = sorted(one.seconds / other.seconds for one, other in zip(costs, base, strict=True))
    return f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f})"


def milliseconds(costs: Sequence[Cost]) -> str:
    """The median."""
    return f"{1000 * statistics.median(cost.seconds for cost in costs):.0f}"


def mebibytes(costs: Sequence[Cost]) -> str:
    """The greatest."""
    return f"{max(cost.peak for cost in costs):.0f}"


def table(rows: Sequence[Sequence[str]]) -> str:
    """As Markdown, the first row being the head."""
    head, *rest = rows
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rest])


def unpacked(names: Sequence[str]) -> float:
    """The size of some packages as they are installed, in MB, without their compiled bytecode."""
    files = {
        path for name in names for entry in distribution(name).files or () if (path := Path(str(entry.locate()))).suffix != ".pyc"
    }
    return sum(path.stat().st_size for path in files if path.is_file()) / 1e6


def comparison(costs: dict[tuple[str, str], list[Cost]], wanted: Sequence[Photograph], ways: Sequence[str]) -> list[list[str]]:
    """A row for each picture."""
    has_reference = REFERENCE in ways
    head = ["picture", "MP"]
    head += (
        [f"{REFERENCE}, ms", "Postkeep", "Pillow", "Pillow to Postkeep"]
        if has_reference
        else ["Postkeep, ms", "Pillow to Postkeep"]
    )
    rows = [[*head, *(f"MiB: {way}" for way in ways)]]
    for photograph in wanted:
        by = {way: costs[photograph.name, way] for way in ways}
        row = [photograph.kind, photograph.megapixels]
        if has_reference:
            row += [milliseconds(by[REFERENCE]), *(ratio(by[way], by[REFERENCE]) for way in WAYS)]
        else:
            row.append(milliseconds(by["postkeep"]))
        rows.append([*row, ratio(by["pillow"], by["postkeep"]), *(mebibytes(by[way]) for way in ways)])
    return rows


def isolation_rows(rounds: int) -> list[list[str]]:
    """What a process of its own costs a picture: time on the clock for one of a single pixel, where little else is done."""
    import pyvips  # noqa: PLC0415 - this process stays small while others are measured

    from make_thumbnail.isolation import Workshop  # noqa: PLC0415 - likewise
    from make_thumbnail.resize import resize  # noqa: PLC0415 - likewise

    tiny = pyvips.Image.black(1, 1).pngsave_buffer()
    workshop = Workshop(environment=environment())
    ways = {"in the same process": resize, "in the workshop": workshop.resize}
    times: dict[str, list[float]] = {name: [] for name in ways}
    begun = time.perf_counter()
    workshop.resize(tiny)
    first = 1000 * (time.perf_counter() - begun)
    resize(tiny)
    for _ in range(20 * rounds):
        for name, way in ways.items():
            begun = time.perf_counter()
            way(tiny)
            times[name].append(1000 * (time.perf_counter() - begun))
    workshop.close()
    rows = [["a picture of one pixel", "ms on the clock (of 100: the 5th, the 50th, the 95th)"]]
    for name, found in times.items():
        cuts = statistics.quantiles(found, n=20)
        rows.append([name, f"{cuts[0]:.1f}, {cuts[9]:.1f}, {cuts[18]:.1f}"])
    return [*rows, ["in the workshop, the first one, which starts it", f"{first:.0f}"]]


def avif_rows(costs: dict[tuple[str, str], list[Cost]], wanted: Sequence[Photograph]) -> list[list[str]]:
    """What AVIF costs, and what it saves."""
    rows = [["picture", "MP", "ms without", "ms with", "ratio", "bytes of WebP", "bytes of AVIF", "saved"]]
    for photograph in wanted:
        with_it, without = costs[photograph.name, "avif"], costs[photograph.name, "postkeep"]
        sizes = {kind: sum(n for name, n in with_it[0].bytes.items() if name.endswith(kind)) for kind in ("webp", "avif")}
        rows.append(
            [
                photograph.kind,
                photograph.megapixels,
                milliseconds(without),
                milliseconds(with_it),
                ratio(with_it, without),
                f"{sizes['webp']:,}",
                f"{sizes['avif']:,}",
                f"{1 - sizes['avif'] / sizes['webp']:.0%}",
            ]
        )
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megapixels", choices=MEGAPIXELS, action="append", help="only pictures of these sizes")
    parser.add_argument("--pictures", type=Path, default=Path("build/photographs"), help="where they are drawn, and kept")
    options = parser.parse_args()
    wanted = [one for one in photographs() if not options.megapixels or one.megapixels in options.megapixels]
    subprocess.run([sys.executable, str(HERE / "photographs.py"), str(options.pictures)], check=True)

    ways = [*WAYS, REFERENCE] if shutil.which(REFERENCE) else [*WAYS]
    if REFERENCE not in ways:
        print("vipsthumbnail is absent: nothing from outside to compare with (Debian: apt-get install libvips-tools)\n")
    else:
        said = subprocess.run([REFERENCE, "--vips-version"], check=True, capture_output=True, text=True).stdout.strip()
        print(f"Reference: vipsthumbnail of {said}")
    releases = ", ".join(f"{name} {version(name)}" for name in ("pyvips", "pyvips-binary", "pillow"))
    print(f"{releases}; {options.rounds} rounds\n")
    costs = measure(options.pictures, wanted, [*ways, "avif"], options.rounds)
    print(table(comparison(costs, wanted, ways)), "\n")
    every = {way: [cost for one in wanted for cost in costs[one.name, way]] for way in WAYS}
    start = [["", "start, ms of the processor", "packages, MB unpacked"]]
    start += [
        [way, f"{1000 * statistics.median(cost.load for cost in every[way]):.0f}", f"{unpacked(PACKAGES[way]):.1f}"]
        for way in WAYS
    ]
    print(table(start), "\n")
    print(table(isolation_rows(options.rounds)), "\n")
    print(table(avif_rows(costs, wanted)), "\n")
    if REFERENCE in ways:
        verdict(costs, wanted)


def verdict(costs: dict[tuple[str, str], list[Cost]], wanted: Sequence[Photograph]) -> None:
    """Hold Postkeep to its targets."""
    for one in wanted:
        ours_, theirs = costs[one.name, "postkeep"], costs[one.name, REFERENCE]
        worst = statistics.median(a.seconds / b.seconds for a, b in zip(ours_, theirs, strict=True))
        if one.megapixels == "2" and worst > _TARGET_RATIO:
            print(f"MISSED: {one.name} takes {worst:.2f} of vipsthumbnail's time; the target is {_TARGET_RATIO}")
        if max(cost.peak for cost in ours_) > _TARGET_MEMORY:
            print(f"MISSED: {one.name} takes {mebibytes(ours_)} MiB; the target is {_TARGET_MEMORY}")


if __name__ == "__main__":
    main()
