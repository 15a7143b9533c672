"""docs/search.md says what is so."""

import re

from search_posts import counting, highlights, language, searching
from search_posts.language import parse
from support.template import ROOT

PAGE = (ROOT / "docs" / "search.md").read_text(encoding="utf-8")


def spans(text: str) -> list[str]:
    return [span.replace(r"\|", "|") for span in re.findall(r"`([^`]+)`", text)]


def examples() -> list[str]:
    """What the first table says to write."""
    table = PAGE.split("## What to write")[1].split("\n\n")[1]
    return [span for line in table.splitlines()[2:] for span in spans(line.split(" | ")[0])]


def test_what_it_says_to_write_is_understood() -> None:
    assert len(examples()) > 15
    for query in examples():
        assert parse(query).notes == (), query


def test_every_filter_is_told() -> None:
    written = " ".join(examples())
    assert [name for name in language.NAMES if f"{name}:" not in written] == []


def test_the_numbers_are_those_of_the_code() -> None:
    text = " ".join(PAGE.split())
    for sentence in (
        f"A query has at most {language.MAX_LENGTH} characters and {language.MAX_TERMS} words and filters",
        f"The first {searching.MAX_RANKED:,} posts can be had",
        f"the {highlights.SNIPPET} characters with most different words",
        f"by tag (the {counting.SHOWN} with most posts)",
    ):
        assert sentence in text
    assert language.MAX_DEPTH == 8, "parentheses, up to eight deep"
    assert language.MIN_PREFIX == 2, "two letters or digits at least"
    assert searching.Sort.__members__.keys() == {"RELEVANCE", "NEWEST", "OLDEST"}


def test_the_example_of_a_note() -> None:
    query, understood, sign = spans(PAGE.split("in notes what was left out:")[1])[:3]
    assert str(parse(query)) == understood
    assert sign in parse(query).notes[0]
