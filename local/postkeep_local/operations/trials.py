"""The tests beside a file of rules: read, and tried. docs/rules.md has their form."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import ndiff
from typing import Any

from postkeep.errors import RulesInvalid
from postkeep.post import Metadata
from render_post.bundle import TESTS
from render_post.rendition import render
from render_post.rulebook import RuleBook, shipped
from render_post.rules import SourceRules

MAX_BYTES = 1024 * 1024
MAX_TRIALS = 500

_KEY = "source/_posts/post.html"
_FIELDS = {"title": str, "html": str, "text": str, "removed": list, "silent": list}
_REQUIRED = ("title", "html", "text", "removed")


@dataclass(frozen=True, slots=True)
class Trial:
    """One test.

    Attributes:
        title: of the post, and of the test.
        html: the post's body.
        text: what is to be left of it.
        removed: the rules that are to remove something, in the order of the page.
        silent: those that remove what has no text.
    """

    title: str
    html: str
    text: str
    removed: tuple[str, ...]
    silent: tuple[str, ...] = ()


def name_of_tests(name: str) -> str:
    """The name of the file of tests beside a file of rules."""
    return name.removesuffix(".toml") + TESTS


def read_trials(body: bytes, name: str) -> list[Trial]:
    """Read a file of tests.

    Args:
        body: TOML in UTF-8.
        name: the file's name, for messages.

    Raises:
        RulesInvalid: if it cannot be used; with what is wrong in it, and where.
    """
    if len(body) > MAX_BYTES:
        raise RulesInvalid(name, f"it has {len(body):,} bytes; at most {MAX_BYTES:,} are read")
    try:
        fields = tomllib.loads(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise RulesInvalid(name, f"it is not UTF-8 (byte {error.start})") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RulesInvalid(name, f"it is not TOML: {error}") from None
    found = fields.get("tests")
    if set(fields) - {"tests"} or not isinstance(found, list) or not 0 < len(found) <= MAX_TRIALS:
        raise RulesInvalid(name, f"tests: write [[tests]] for each, at most {MAX_TRIALS}, and nothing else")
    return [_trial(one, f"test {number}", name) for number, one in enumerate(found, 1)]


def _trial(fields: Any, where: str, name: str) -> Trial:
    if not isinstance(fields, dict):
        raise RulesInvalid(name, f"{where}: write [[tests]]")
    if unknown := sorted(set(fields) - set(_FIELDS)):
        raise RulesInvalid(name, f"{where}: {unknown[0]}: no such field; there are {', '.join(sorted(_FIELDS))}")
    for field, kind in _FIELDS.items():
        value = fields.get(field)
        if field not in fields and field not in _REQUIRED:
            continue
        if not isinstance(value, kind) or (kind is list and not all(isinstance(rule, str) for rule in value)):
            raise RulesInvalid(name, f"{where}: {field}: give {'a text' if kind is str else 'a list of rules'}")
    return Trial(
        fields["title"], fields["html"], fields["text"].strip(), tuple(fields["removed"]), tuple(fields.get("silent", ()))
    )


def book_with(name: str, body: bytes) -> RuleBook:
    """The rules that ship, with one file more: what its tests are tried on.

    Raises:
        RulesInvalid: if it cannot be used.
    """
    return shipped().with_files([(name, body)], version=0)


def failures(trial: Trial, source: SourceRules, book: RuleBook) -> list[str]:
    """What is otherwise than a test has it, as lines for people; none where it passes.

    Args:
        trial: the test.
        source: the rules that it is of: the post is of their first host, or else of their first author.
        book: all rules that hold.
    """
    address = f"https://{source.hosts[0]}/post" if source.hosts else None
    author = "" if source.hosts else source.authors[0]
    rendered = render(trial.html, Metadata(title=trial.title, author=author, source_url=address), _KEY, book)
    removed = [dropped.rule for dropped in rendered.removed]
    return [
        *_differences("text", trial.text.splitlines(), rendered.text.splitlines()),
        *_differences("removed", trial.removed, removed),
    ]


def _differences(what: str, expected: Iterable[str], found: Iterable[str]) -> list[str]:
    wanted, there = list(expected), list(found)
    if wanted == there:
        return []
    lines = [line for line in ndiff(wanted, there) if not line.startswith("?")]
    return [f"{what} is otherwise: - is wanted, + is there", *(f"  {line}" for line in lines)]


def untried(source: SourceRules, trials: Iterable[Trial]) -> list[str]:
    """The rules of a file that no test shows."""
    shown = {rule for trial in trials for rule in (*trial.removed, *trial.silent)}
    return [drop.name for drop in source.drops if drop.name not in shown]
