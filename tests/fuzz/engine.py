"""One target under atheris: ``python -m fuzz.engine NAME FOLDER [libFuzzer's options and folders]``.

:mod:`fuzz.running` starts it. Its words are written into the folder, where libFuzzer reads them.

Only here is atheris needed. What is imported within its context is instrumented: our own packages, and those in Python alone that
strangers' text goes through.
"""

import shlex
import sys
from pathlib import Path

import atheris

INSTRUMENTED = [
    *("postkeep", "parse_post", "render_post", "make_thumbnail", "query_posts", "search_posts"),
    *("html2text", "markdown_it"),
]


def main(arguments: list[str]) -> None:
    """Run a target; libFuzzer ends the process."""
    with atheris.instrument_imports(include=INSTRUMENTED):
        from fuzz.targets import Target  # noqa: PLC0415 (what is imported before is not seen into)

        target = Target.load(arguments[0])
    words = Path(arguments[1]) / "words"
    words.write_text("".join(f'"{_escaped(token)}"\n' for token in dict.fromkeys(target.tokens)), "ascii")
    # By which libFuzzer, to merge, starts itself through a shell.
    again = shlex.join([sys.executable, "-m", "fuzz.engine", *arguments[:2]])
    atheris.Setup([again, f"-max_len={target.longest}", f"-dict={words}", *arguments[2:]], target.check)
    atheris.Fuzz()


def _escaped(token: str) -> str:
    """As a libFuzzer dictionary has it: what is no plain character in hexadecimal."""
    raw = token.encode("utf-8", "surrogateescape")
    return "".join(chr(byte) if chr(byte).isalnum() and byte < 0x80 else f"\\x{byte:02x}" for byte in raw)


if __name__ == "__main__":
    main(sys.argv[1:])
