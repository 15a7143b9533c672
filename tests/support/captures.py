"""The transcripts of docs/first-hour.md: typed by a program, so that they are what comes. ``make captures`` writes them.

What differs from run to run is masked where a transcript is compared, and nowhere else.
"""

import html
import io
import re
import shutil
import sys
import tempfile
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from postkeep_local.stack import control
from support.template import ROOT
from support.workplace import Workplace

DOCUMENT = ROOT / "docs" / "first-hour.md"
IMAGES = ROOT / "docs" / "images"
PICTURED = {"find": "postkeep find 茶"}
"""Commands whose answers are drawn as well, by the name of the image."""

_API, _EMULATOR = "http://127.0.0.1:8080", "http://127.0.0.1:4566"
"""Where they are, unless somebody listens there already."""

_LONGEST = 28
"""Lines of an answer that are shown; of a longer one the middle is left out."""

_BLOCK = re.compile(r"(?<=^```console\n)(.*?)(?=^```$)", re.MULTILINE | re.DOTALL)
_PASSING = re.compile(r"^(?:[A-Z][^\n:]*: [\d,]+ of [\d,]+|setup: |build: ).*\n", re.MULTILINE)
"""How far it got, which on a terminal is one line that is wiped away; what was installed and built before."""

_VARYING = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?"), "TIME"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "VERSION"),
    (re.compile(r"\b\d+(\.\d+)? (ms|s|KB|MB|kB|bytes)\b"), "SO MUCH"),
    (re.compile(r" +"), " "),  # tables are as wide as what is in them
    (re.compile(r"[─━]+"), "─"),
)

# Without a font from elsewhere, which rich's own form asks for.
_SVG = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: {char_height}px;
line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>
{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">
{matrix}
</g></g></svg>
"""


_LENGTH = re.compile(r'(textLength=")[\d.]+("[^>]*>)([^<]*)<')
_CELL = 12.2
"""How wide a cell is, in the image's units: rich's line height of 20 and its ratio of 0.61."""


def masked(text: str) -> str:
    """A document without what differs from run to run."""
    for pattern, instead in _VARYING:
        text = pattern.sub(instead, text)
    return "\n".join(line.rstrip() for line in text.split("\n"))


def typed(workplace: Workplace) -> tuple[str, dict[str, str]]:
    """Type the document's commands in their order, in the folder of the repository.

    Returns:
        The document with what came, and the answers of the commands in PICTURED, coloured, by their names.
    """
    coloured: dict[str, str] = {}

    def block(match: re.Match[str]) -> str:
        lines = re.findall(r"^\$ (.*)$", match[0], re.MULTILINE)
        answers = []
        for line in lines:
            answers.append(f"$ {line}\n{_answer(workplace, line)}")
            for name, pictured in PICTURED.items():
                if pictured == line:
                    coloured[name] = f"$ {line}\n" + workplace.run(line, inside=True, FORCE_COLOR="1").stdout
        return "".join(answers)

    return _BLOCK.sub(block, DOCUMENT.read_text("utf-8")), coloured


def _answer(workplace: Workplace, line: str) -> str:
    _await(workplace, line)
    outputs = workplace.outputs()
    result = workplace.run(line.replace(_API, outputs.get("api_url", _API)), inside=True)
    assert result.returncode == 0, f"{line}\n{result.stdout[-3000:]}"
    outputs = workplace.outputs() or outputs
    said = _PASSING.sub("", result.stdout)
    for here, there in ((str(workplace.home), "~"), (outputs.get("api_url"), _API), (outputs.get("endpoint_url"), _EMULATOR)):
        said = said.replace(here or there, there)
    lines = [text.rstrip() for text in said.strip("\n").split("\n")]
    if len(lines) > _LONGEST:
        lines[_LONGEST - 8 : -6] = ["…"]
    return "".join(f"{text}\n" for text in lines) if any(lines) else ""


def _await(workplace: Workplace, line: str) -> None:
    """Wait as a reader does, who needs longer to type: until nothing is left to do, and for what is counted until it is."""
    if workplace.outputs() and not line.startswith("make "):
        assert control.await_idle(workplace.outputs_file.parent, seconds=100).idle
    if line.startswith("postkeep counts"):
        workplace.configure()
        workplace.count()


def drawn(text: str) -> str:
    """What a terminal showed, as SVG."""
    console = Console(record=True, width=118, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(text.rstrip("\n")))
    image = console.export_svg(title="postkeep", code_format=_SVG, unique_id="terminal")
    # rich reckons a character for a cell, and Chinese ones take two.
    return _LENGTH.sub(lambda match: f"{match[1]}{_CELL * cell_len(html.unescape(match[3])):g}{match[2]}{match[3]}<", image)


def main() -> int:
    """Write the transcripts and the images; 0."""
    folder = Path(tempfile.mkdtemp(prefix="postkeep-captures-"))
    try:
        workplace = Workplace.furnished(folder)
        try:
            document, coloured = typed(workplace)
        finally:
            workplace.leave()
        DOCUMENT.write_text(document, "utf-8")
        for name, text in coloured.items():
            (IMAGES / f"{name}.svg").write_text(drawn(text), "utf-8")
    finally:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
