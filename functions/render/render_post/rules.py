"""Rules as data: what a file of rules says, and whether it can be used. One small TOML file a source, or the generic one.

docs/rules.md is the reference of the form, for those who write such files.
"""

import tomllib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from postkeep.errors import RulesInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    import re2

MAX_BYTES = 64 * 1024
"""Of one file; the largest that ships has 4 KB."""

_MAX_ENTRIES = 200
_MAX_LENGTH = 1_000
_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_FIELDS = {"hosts", "authors", "article", "keep", "drop"}
_KINDS = ("select", "paragraphs", "first", "last", "lists", "rest")

NOT_CONTENT = "script, style, template, link, meta, base, title, input, param"
"""Elements whose text no reader of the page saw as text."""


@dataclass(frozen=True)
class DropRule:
    """What one rule removes; each kind of it is a tuple, mostly empty.

    Attributes:
        name: as the list of what was removed shows it: the file's name and the rule's, ``nei.st/advertisements``.
        select: a CSS selector of elements; "" for none.
        paragraphs: patterns (RE2); a paragraph that one of them matches as a whole goes.
        first: likewise, only before the article's first words.
        last: likewise, only after which nothing but such paragraphs and pictures follow.
        lists: likewise, short ones after which links follow, together with these.
        rest: likewise, with everything that follows it.
    """

    name: str
    select: str = ""
    paragraphs: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()

    @cached_property
    def patterns(self) -> "Mapping[str, re2._Regexp[str]]":
        """The compiled patterns, by kind; those of a kind are one pattern. Compiled at the first use."""
        return {kind: compiled("|".join(f"(?:{one})" for one in some)) for kind in _KINDS[1:] if (some := getattr(self, kind))}


@dataclass(frozen=True)
class SourceRules:
    """The rules of one file.

    Attributes:
        name: the file's, without its ending.
        hosts: they hold for articles of these hosts and of hosts below them.
        authors: they hold for posts of these authors, as the front matter names them.
        article: a selector; where it matches text, the article is what it matches, in the page's order. "" for none.
        keep: a selector of what no other rule removes. "" for none.
        drops: what is removed.
    """

    name: str
    hosts: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    article: str = ""
    keep: str = ""
    drops: tuple[DropRule, ...] = ()


def compiled(pattern: str) -> "re2._Regexp[str]":
    """A pattern in RE2's syntax, whose matching takes linear time whatever the text.

    Raises:
        ValueError: if it is none; with what is wrong with it.
    """
    # Imported here: 12 ms of a cold start (measured), which most posts' rules do not need.
    import re2  # noqa: PLC0415

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        detail = error.args[0]
        raise ValueError(detail.decode() if isinstance(detail, bytes) else str(detail)) from None


def parse(body: bytes, name: str) -> SourceRules:
    """Read a file of rules. Patterns are compiled only when they are needed: :func:`check` finds those that cannot be.

    Args:
        body: TOML in UTF-8.
        name: the file's name, for messages and for what was removed.

    Raises:
        RulesInvalid: if the file cannot be used; with what is wrong in it, and where.
    """
    if len(body) > MAX_BYTES:
        raise RulesInvalid(name, f"it has {len(body):,} bytes; at most {MAX_BYTES:,} are read")
    try:
        fields = tomllib.loads(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise RulesInvalid(name, f"it is not UTF-8 (byte {error.start})") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RulesInvalid(name, f"it is not TOML: {error}") from None
    title = name.removesuffix(".toml")
    _no_others(fields, _FIELDS, name, "")
    drops = fields.get("drop", [])
    if not isinstance(drops, list) or not all(isinstance(drop, dict) for drop in drops) or len(drops) > _MAX_ENTRIES:
        raise RulesInvalid(name, f"drop: write [[drop]] for each rule, at most {_MAX_ENTRIES}")
    return SourceRules(
        name=title,
        hosts=tuple(host.lower().removeprefix("www.") for host in _texts(fields, "hosts", name)),
        authors=_texts(fields, "authors", name),
        article=", ".join(_texts(fields, "article", name)),
        keep=", ".join(_texts(fields, "keep", name)),
        drops=tuple(_drop(drop, title, name, number) for number, drop in enumerate(drops, 1)),
    )


def check(rules: SourceRules, name: str) -> None:
    """Try each selector and each pattern of a file.

    Raises:
        RulesInvalid: naming the first that cannot be used.
    """
    if not rules.hosts and not rules.authors:
        raise RulesInvalid(name, "hosts or authors: it says for which posts the rules are; give at least one")
    page = LexborHTMLParser("<p>a", is_fragment=True)
    selectors = [("article", rules.article), ("keep", rules.keep), *((drop.name, drop.select) for drop in rules.drops)]
    for where, selector in selectors:
        if selector and not _is_selector(selector, page):
            raise RulesInvalid(name, f"{where}: {selector!r} is no CSS selector")
    for drop in rules.drops:
        for kind in _KINDS[1:]:
            for pattern in getattr(drop, kind):
                _try(pattern, f"{drop.name}: {kind}", name)
        try:
            # Those of a kind are matched as one, which RE2 may find too large where it took each.
            _ = drop.patterns
        except ValueError as error:
            raise RulesInvalid(name, f"{drop.name}: its patterns together: {error}") from None


def _is_selector(text: str, page: LexborHTMLParser) -> bool:
    """Whether a text is a selector, and is at its end.

    CSS ends by itself what is open at the end of a text (``[a``, ``:is(a``, ``"a``), but selectors of several files are read as
    one.
    """
    return _parses(text, page) and _parses(f"{text}, p", page) and not _parses(f"{text})", page)


def _parses(selector: str, page: LexborHTMLParser) -> bool:
    try:
        page.css(selector)
    except SelectolaxError:
        return False
    return True


def _try(pattern: str, where: str, name: str) -> None:
    try:
        found = compiled(pattern)
    except ValueError as error:
        raise RulesInvalid(name, f"{where}: {pattern!r} is no pattern that RE2 takes: {error}") from None
    if found.fullmatch(""):
        raise RulesInvalid(name, f"{where}: {pattern!r} matches what is empty")


def _drop(fields: dict[str, Any], title: str, file: str, number: int) -> DropRule:
    name = fields.get("name")
    if not isinstance(name, str) or not name or not _NAME.issuperset(name):
        raise RulesInvalid(file, f"drop {number}: name: give it a name of small letters, digits and hyphens")
    where = f"drop {name}: "
    _no_others(fields, {"name", *_KINDS}, file, where)
    found = {kind: _texts(fields, kind, file, where) for kind in _KINDS}
    if not any(found.values()):
        raise RulesInvalid(file, f"{where}give at least one of {', '.join(_KINDS)}")
    return DropRule(f"{title}/{name}", **{**found, "select": ", ".join(found["select"])})  # type: ignore[arg-type]  # by kind


def _no_others(fields: dict[str, Any], known: set[str], file: str, where: str) -> None:
    if unknown := sorted(set(fields) - known):
        raise RulesInvalid(file, f"{where}{unknown[0]}: no such field; there are {', '.join(sorted(known))}")


def _texts(fields: dict[str, Any], field: str, file: str, where: str = "") -> tuple[str, ...]:
    found = fields.get(field, [])
    if not isinstance(found, list) or not all(isinstance(one, str) and 0 < len(one) <= _MAX_LENGTH for one in found):
        raise RulesInvalid(file, f"{where}{field}: give a list of texts, each of 1 to {_MAX_LENGTH:,} characters")
    if len(found) > _MAX_ENTRIES:
        raise RulesInvalid(file, f"{where}{field}: at most {_MAX_ENTRIES} are read")
    return tuple(found)
