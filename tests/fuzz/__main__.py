"""``make fuzz``: all targets or some, a table of what they did, and exit status 1 where something failed."""

import argparse
import sys
from pathlib import Path

from fuzz.running import Run, available, merge, run_all
from fuzz.targets import FOLDER, NAMES, Target
from support.template import ROOT


def main(arguments: list[str]) -> int:
    """Do what is asked for."""
    parser = argparse.ArgumentParser(prog="make fuzz")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; all by default")
    parser.add_argument("--seconds", type=int, default=10, help="for each")
    parser.add_argument("--jobs", type=int, default=2, help="at a time")
    parser.add_argument("--again", type=Path, help="try this one input, without atheris")
    parser.add_argument("--merge", action="store_true", help="keep what was found: the fewest inputs that reach as much")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.names) - set(NAMES):
        parser.error(f"there is no {min(unknown)}; there are {', '.join(NAMES)}")
    names = asked.names or list(NAMES)
    if asked.again:
        if len(asked.names) != 1:
            parser.error("an input is of one target: name it")
        Target.load(names[0]).check(asked.again.read_bytes())
        print(f"{names[0]} holds for {asked.again}")
        return 0
    if not available():
        print(
            "There is no atheris for this machine, but for Linux on x86_64 alone; make test tries the kept inputs.",
            file=sys.stderr,
        )
        return 2
    if asked.merge:
        for name in names:
            print(f"{name}: {len(merge(name))} inputs kept of what was found")
        return 0
    return _told(run_all(names, asked.seconds, asked.jobs))


def _told(runs: list[Run]) -> int:
    print(f"{'target':<12}{'executions':>11}{'a second':>10}{'new':>7}{'coverage':>10}{'features':>10}{'MiB':>6}{'failed':>8}")
    for one in runs:
        print(
            f"{one.name:<12}{one.executions:>11,}{one.per_second:>10,}{one.added:>7,}{one.coverage:>10,}{one.features:>10,}"
            f"{one.memory:>6,}{len(one.findings):>8}"
        )
    failed = [one for one in runs if one.why]
    for one in failed:
        print(f"\n{one.name} failed:\n{one.why}", file=sys.stderr)
        for file in one.findings:
            place = file.relative_to(ROOT) if file.is_relative_to(ROOT) else file
            print(f"\nThe input is {place}. To try it again:\n\n    make fuzz TARGET={one.name} INPUT={place}\n", file=sys.stderr)
            keep = (FOLDER / "regressions" / one.name).relative_to(ROOT)
            print(f"Once it is mended, keep the input under a name that says what it was, in {keep}/.", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
