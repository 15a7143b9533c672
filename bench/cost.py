"""What Postkeep costs at AWS: counted calls, measured time and memory, and list prices.

    make bench-cost [ARGS="--write"]
    python bench/cost.py [--recorded] [--only PART] [--write] [--build .aws-sam/local] [--runtime .venv-runtime]

Everything is measured anew, which takes some ten minutes on a machine that does nothing else, and the page is printed.
``--write`` keeps what was measured in bench/measured.json and writes docs/cost.md; a test holds the page to the file.
``--recorded`` measures nothing and takes what the file has, as after a change of prices.toml or of the template; ``--only``
measures one part anew (power, ingest, …). The posts are the real ones for load, or the examples where those are not at hand; the
page says which.
"""

import argparse
import io
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]  # what measures lies beside this script and among the tests

os.environ |= {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "POWERTOOLS_METRICS_NAMESPACE": "Postkeep",
    "POWERTOOLS_SERVICE_NAME": "bench",
}

from bench import cost_page, counting  # noqa: E402 (found by the path above; Powertools reads the environment when imported)

from postkeep_local.stack.control import BUILD, RUNTIME  # noqa: E402

MEASURED = ROOT / "bench" / "measured.json"
DOCUMENT = ROOT / "docs" / "cost.md"


def main(argv: Sequence[str] | None = None) -> int:
    """Run as the module's docstring says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recorded", action="store_true", help="measure nothing")
    parser.add_argument("--only", action="append", default=[], metavar="PART", help="measure this alone; may be repeated")
    parser.add_argument("--write", action="store_true", help="write bench/measured.json and docs/cost.md")
    parser.add_argument("--build", type=Path, default=ROOT / BUILD)
    parser.add_argument("--runtime", type=Path, default=ROOT / RUNTIME)
    arguments = parser.parse_args(argv)
    if arguments.recorded:
        measured = counting.read(MEASURED)
    else:
        logging.disable(logging.CRITICAL)
        with redirect_stdout(io.StringIO()):  # functions that run in this process write their metrics there
            known = counting.read(MEASURED) if arguments.only else None
            measured = counting.rounded(counting.measure(arguments.build, arguments.runtime, arguments.only, known))
        logging.disable(logging.NOTSET)
        if arguments.write:
            counting.write(MEASURED, measured)
    page = cost_page.page(measured)
    print(page)
    if arguments.write:
        DOCUMENT.write_text(page, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
