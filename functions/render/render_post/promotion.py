"""The word lists of what promotes a channel, ``rules/promotion.toml``: read, checked and compiled at the first description."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from postkeep.errors import RulesInvalid
from render_post.rules import compiled

if TYPE_CHECKING:
    import re2

NAME = "promotion.toml"
USES = ("call", "label", "handle", "section", "payment", "profile", "kept")
_FIELDS = ("name", "use", "comment", "patterns")
_MAX_PATTERNS = 200
_MAX_LENGTH = 1_000


@dataclass(frozen=True, slots=True)
class Promotion:
    """The word lists by their use, one pattern each; the file's head says what the uses are."""

    call: "re2._Regexp[str]"
    label: "re2._Regexp[str]"
    handle: "re2._Regexp[str]"
    section: "re2._Regexp[str]"
    payment: "re2._Regexp[str]"
    profile: "re2._Regexp[str]"
    kept: "re2._Regexp[str]"


@cache
def shipped() -> Promotion:
    """The lists that come with this version.

    Raises:
        RulesInvalid: if they cannot be used.
    """
    return read(files("render_post").joinpath("rules", NAME).read_bytes(), NAME)


def read(body: bytes, name: str) -> Promotion:
    """Read a file of word lists.

    Args:
        body: TOML in UTF-8.
        name: the file's, for messages.

    Raises:
        RulesInvalid: with what is wrong, and in which list.
    """
    try:
        fields = tomllib.loads(body.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RulesInvalid(name, f"it is not TOML in UTF-8: {error}") from None
    lists = fields.get("list")
    if set(fields) != {"list"} or not isinstance(lists, list) or not all(isinstance(one, dict) for one in lists):
        raise RulesInvalid(name, "write [[list]] for each list, and nothing beside")
    found: dict[str, list[str]] = {use: [] for use in USES}
    for number, one in enumerate(lists, 1):
        use, patterns = _list(one, number, name)
        found[use] += patterns
    if empty := [use for use in USES if not found[use]]:
        raise RulesInvalid(name, f"there is no list for the use {empty[0]!r}")
    return Promotion(**{use: _joined(patterns, use, name) for use, patterns in found.items()})


def _joined(patterns: list[str], use: str, name: str) -> "re2._Regexp[str]":
    try:
        joined = compiled("|".join(f"(?:{one})" for one in patterns))
    except ValueError:
        joined = None
    if joined is None or joined.search(""):
        # Each by itself, which takes as long again, to say which it is.
        for pattern in patterns:
            _check(pattern, f"the lists for {use!r}", name)
        raise RulesInvalid(name, f"the lists for {use!r}: their patterns are too large together")
    return joined


def _list(one: Mapping[str, Any], number: int, name: str) -> tuple[str, list[str]]:
    for field in _FIELDS:
        if field not in one:
            raise RulesInvalid(name, f"list {number}: {field}: it is missing")
    where = f"list {one['name']!r}"
    if unknown := sorted(set(one) - set(_FIELDS)):
        raise RulesInvalid(name, f"{where}: {unknown[0]}: no such field; there are {', '.join(_FIELDS)}")
    for field in ("name", "comment"):
        if not isinstance(one[field], str) or not one[field].strip():
            raise RulesInvalid(name, f"{where}: {field}: give a text")
    if one["use"] not in USES:
        raise RulesInvalid(name, f"{where}: use: {one['use']!r} is none of {', '.join(USES)}")
    patterns = one["patterns"]
    if not isinstance(patterns, list) or not 0 < len(patterns) <= _MAX_PATTERNS:
        raise RulesInvalid(name, f"{where}: patterns: give a list of 1 to {_MAX_PATTERNS}")
    if not all(isinstance(pattern, str) and 0 < len(pattern) <= _MAX_LENGTH for pattern in patterns):
        raise RulesInvalid(name, f"{where}: patterns: each is a text of 1 to {_MAX_LENGTH:,} characters")
    return one["use"], patterns


def _check(pattern: str, where: str, name: str) -> None:
    try:
        empty = compiled(pattern).search("")
    except ValueError as error:
        raise RulesInvalid(name, f"{where}: {pattern!r} is no pattern that RE2 takes: {error}") from None
    if empty:
        raise RulesInvalid(name, f"{where}: {pattern!r} matches what is empty")
