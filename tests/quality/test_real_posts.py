"""The cleaning on real posts, where they are at hand: floors under its figures, and an account of every visible character."""

from functools import cache

import pytest

from postkeep.errors import PostRejected
from postkeep.frontmatter import ParsedPost, parse
from postkeep.post import Metadata
from render_post.rendition import RenderedText, render
from render_post.rulebook import RuleBook, generic_only, shipped
from support.accounting import account
from support.corpus import CORPUS, bulk_posts, dev_posts, same_path
from support.scoring import Output, Score, corpus_gold, digest_of

GOLD = CORPUS / "gold"
DIGEST = "f11a057c6b24849952987c21213ae49f8e655d36add94d28566768e59c07a431"
"""Of the gold that the floors were set for."""

_SAMPLE = 400
"""Posts of the bulk, evenly spaced."""

pytestmark = pytest.mark.skipif(not GOLD.is_dir(), reason="the corpus of real posts is not here")


@cache
def posts() -> dict[str, ParsedPost]:
    """The posts to work on that are not rejected."""
    found = {}
    for key, body in dev_posts().items():
        try:
            found[key] = parse(body, key)
        except PostRejected:
            continue
    return found


def score(book: RuleBook) -> Score:
    """The cleaning by these rules, held against the gold."""
    total = Score()
    for gold in corpus_gold(GOLD):
        key = next((key for key in posts() if same_path(key, gold.path)), None)
        output = None
        if key is not None:
            rendered = render(posts()[key].body, posts()[key].metadata, key, book)
            output = Output(rendered.text, tuple(picture.address for picture in rendered.pictures))
        total.add(gold, output)
    return total


def test_the_gold_is_the_one_that_the_floors_are_for() -> None:
    assert digest_of(GOLD.glob("*.json")) == DIGEST


def test_with_all_rules() -> None:
    total = score(shipped())
    assert (total.perfect, total.posts) >= (41, 41), total.faults
    assert total.kept == total.must, total.faults
    assert total.leaked == 0, total.faults
    assert total.soft_leaked == 0, total.soft_leaks
    assert total.first_right == total.firsts, total.faults


def test_without_the_rules_of_sources_and_what_was_learnt() -> None:
    total = score(generic_only())
    assert total.perfect >= 39, total.faults
    assert total.kept == total.must, total.faults
    assert total.leaked <= 3, total.faults
    assert total.soft_leaked <= 1, total.soft_leaks
    assert total.first_right == total.firsts, total.faults


def _fault(key: str, body: str, metadata: Metadata, rendered: RenderedText) -> list[str]:
    found = account(body, metadata, key, rendered)
    return [f"{key}: {found}"] if found else []


def test_every_visible_character_is_in_the_text_or_in_what_was_removed() -> None:
    faults: list[str] = []
    for key, post in posts().items():
        faults += _fault(key, post.body, post.metadata, render(post.body, post.metadata, key))
    for key, body in bulk_posts(_SAMPLE):
        bulk = parse(body, key)
        faults += _fault(key, bulk.body, bulk.metadata, render(bulk.body, bulk.metadata, key))
    assert faults == []
