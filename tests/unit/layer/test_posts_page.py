"""docs/posts.md against the code."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from postkeep.address import MAX_ADDRESS
from postkeep.dates import YEARS, read
from postkeep.frontmatter import KNOWN, MAX_DEPTH, MAX_WARNINGS, parse
from postkeep.listing import MAX_VALUES
from postkeep.post import SUFFIXES
from postkeep.postfile import MAX_FRONT_MATTER
from postkeep.values import MAX_NAME, MAX_TEXT
from postkeep_local.preview import MAX_POST_BYTES
from render_post.bounds import MAX_CHARACTERS

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "posts.md").read_text("utf-8")
SOURCES = [*ROOT.glob("functions/*/*/*.py"), *ROOT.glob("layers/postkeep/postkeep/**/*.py")]
# PostRejected("…"), a call that passes its reason on (self._rejected("…")), and a record made with reason="…".
_RAISED = re.compile(r'(?:PostRejected\(|_rejected\(|status=Status\.REJECTED,[^)]*reason=)\s*"([a-z0-9-]+)"')


def table(heading: str) -> list[list[str]]:
    """The rows of a section's table, without its head."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.split(" | ")] for line in section.splitlines() if line.startswith("| ")]
    return rows[2:]


def test_every_reason_is_on_the_page_and_none_besides() -> None:
    code = "".join(path.read_text("utf-8") for path in SOURCES)
    raised = set(_RAISED.findall(code))
    assert {"too-large", "front-matter-aliases", "not-utf-8", "body-too-large"} <= raised
    assert {row[0].strip("| `") for row in table("Rejected files")} == raised


def test_every_field_is_on_the_page() -> None:
    assert set(re.findall(r"`(\w+)`", "".join(row[0] for row in table("Fields")))) >= KNOWN


def test_the_numbers_are_the_codes() -> None:
    text = " ".join(PAGE.split())
    for piece in (
        f"{MAX_TEXT:,} characters of a title",
        f"{MAX_NAME} of a tag",
        f"{MAX_ADDRESS:,} bytes of an address",
        f"the first {MAX_VALUES} of each",
        f"Years before {YEARS[0]} and after {YEARS[-1]}",
        f"{MAX_POST_BYTES >> 20} MiB",
        f"{MAX_FRONT_MATTER:,} bytes",
        f"more than {MAX_DEPTH} levels",
        f"{MAX_CHARACTERS:,} characters of body",
        f"{MAX_WARNINGS} sentences",
    ):
        assert piece in text


def test_the_endings_are_the_codes() -> None:
    assert tuple(re.findall(r"`(\.\w+)`", PAGE.partition(":")[0])) == SUFFIXES


def test_the_example_is_understood() -> None:
    example = "\n".join(line[4:] for line in PAGE.splitlines() if line.startswith("    "))
    found = parse(example.encode(), "a.md")
    assert (found.metadata.title, found.metadata.tags, found.warnings) == ("雨前茶", ("茶", "山"), ())
    assert found.metadata.published == datetime(2021, 6, 29, 1, 39, 2, tzinfo=UTC)
    assert parse(example.replace("date: 2021", "when: 2021").encode(), "a.md").metadata.date_source == "comment"


def test_the_dates_are_understood() -> None:
    paragraph = PAGE.partition("\n`date` may be ")[2].partition(". A date without")[0]
    dates = [date for date in re.findall(r"`([^`]+)`", paragraph) if date not in {"/", "."}]
    assert len(dates) == 6
    assert all(read(date) for date in dates)


@pytest.mark.parametrize("row", table("Dates"), ids=lambda row: row[0])
def test_the_sources_of_dates_are_the_codes(row: list[str]) -> None:
    source = row[0].strip("| `")
    bodies = {"front-matter": "date: 2021-06-29", "comment": "", "file-name": "", "unknown": ""}
    body = "<!--1624930742000-->" if source == "comment" else ""
    key = "2021-06-29-title.md" if source == "file-name" else "a.md"
    assert parse(f"---\n{bodies[source]}\n---\n{body}".encode(), key).metadata.date_source == source
