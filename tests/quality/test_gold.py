"""The cleaning on the repository's own gold: floors under its figures, wherever the tests run."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from postkeep.frontmatter import ParsedPost, parse
from render_post.language import language_of
from render_post.rendition import RenderedText, render
from render_post.rulebook import RuleBook, generic_only, shipped
from support.accounting import account
from support.gold import FOLDER, Fixture, fixtures
from support.scoring import Output, Score, digest_of

DIGEST = "6ec006c4c1b2c83c4c9c7677add8b38f0f1e7af3836d93580af885d0349a931b"
"""Of the gold that the floors were set for: both change together."""


@cache
def read() -> list[tuple[Fixture, ParsedPost]]:
    return [(fixture, parse(fixture.body, fixture.key)) for fixture in fixtures()]


@cache
def rendered(book: Callable[[], RuleBook]) -> list[RenderedText]:
    rules = book()
    return [render(post.body, post.metadata, fixture.key, rules) for fixture, post in read()]


def told(post: ParsedPost, made: RenderedText) -> dict[str, Any]:
    metadata = post.metadata
    return {
        "title": metadata.title,
        "author": metadata.author,
        "published": metadata.published and metadata.published.isoformat(),
        "source_url": metadata.source_url,
        "tags": list(metadata.tags),
        "categories": list(metadata.categories),
        "language": language_of(made.text, metadata.title),
    }


def score(book: Callable[[], RuleBook]) -> Score:
    total = Score()
    for (fixture, post), made in zip(read(), rendered(book), strict=True):
        total.add(fixture.gold, Output(made.text, tuple(picture.address for picture in made.pictures), told(post, made)))
    return total


def test_the_gold_is_the_one_that_the_floors_are_for() -> None:
    assert digest_of(FOLDER.glob("*.toml")) == DIGEST


def faults_of(total: Score) -> str:
    return "\n".join([*total.faults, *(f"softly: {leak}" for leak in total.soft_leaks)])


def test_with_all_rules() -> None:
    total = score(shipped)
    assert total.perfect >= 71, faults_of(total)
    assert total.kept == total.must, faults_of(total)
    assert total.leaked <= 6, faults_of(total)
    assert total.soft_leaked <= 12, faults_of(total)
    assert total.first_right == total.firsts, faults_of(total)
    assert total.right == total.fields, faults_of(total)


def test_without_the_rules_of_sources_and_what_was_learnt() -> None:
    total = score(generic_only)
    assert total.perfect >= 70, faults_of(total)
    assert total.kept == total.must, faults_of(total)
    assert total.leaked <= 10, faults_of(total)
    assert total.soft_leaked <= 12, faults_of(total)
    assert total.first_right == total.firsts, faults_of(total)
    assert total.right == total.fields, faults_of(total)


@pytest.mark.parametrize("book", [shipped, generic_only])
def test_lines_are_lines(book: Callable[[], RuleBook]) -> None:
    faults = []
    for (fixture, _), made in zip(read(), rendered(book), strict=True):
        lines = {line.strip() for line in made.text.split("\n")}
        faults += [f"{fixture.gold.name}: {line}" for line in fixture.lines if line not in lines]
    assert faults == []


@pytest.mark.parametrize("book", [shipped, generic_only])
def test_every_visible_character_is_in_the_text_or_in_what_was_removed(book: Callable[[], RuleBook]) -> None:
    faults = []
    for (fixture, post), made in zip(read(), rendered(book), strict=True):
        lost = account(post.body, post.metadata, fixture.key, made).lost
        faults += [f"{fixture.gold.name}: {''.join(lost.elements())}"] if lost else []
    assert faults == []
