"""The repository's own gold: invented posts in the shapes of real ones, and what somebody who read them says of each.

One TOML file a post, in ``tests/quality/gold``; its README.md has the form.
"""

import html
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from postkeep.errors import PostRejected
from postkeep.frontmatter import parse
from postkeep.post import is_post_key
from support.scoring import Gold, squeezed
from support.template import ROOT

FOLDER = ROOT / "tests" / "quality" / "gold"

_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\.toml")
_TAG = re.compile(r"<[^<>]*>")
_MARKDOWN = re.compile(r"[*~`]")
_TEXTS = ("about", "key", "post")
_PASSAGES = ("must_contain", "must_not_contain", "soft_not_contain")
_LISTS = (*_PASSAGES, "lines", "first_picture")
_FIELDS = (*_TEXTS, *_LISTS, "metadata")
_METADATA: Mapping[str, type] = {
    "title": str,
    "author": str,
    "published": str,
    "source_url": str,
    "tags": list,
    "categories": list,
    "language": str,
}


class FixtureInvalid(ValueError):
    """A gold file that cannot be used: which, and what is wrong with it."""

    def __init__(self, name: str, fault: str) -> None:
        super().__init__(f"{name}: {fault}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixture:
    """A post and its gold.

    Attributes:
        about: the shape that it stands for, in a sentence.
        gold: see :class:`support.scoring.Gold`.
        key: of the post's object.
        body: the object's bytes.
        lines: what stands on lines of its own in the plain text: verses, items, a speaker's words.
    """

    about: str
    gold: Gold
    key: str
    body: bytes
    lines: tuple[str, ...] = ()


def fixture_posts(folder: Path = FOLDER) -> list[tuple[Gold, str, bytes]]:
    """The posts with gold: for each its gold, its object's key and the object's bytes.

    Raises:
        FixtureInvalid: if a file cannot be used.
    """
    return [(fixture.gold, fixture.key, fixture.body) for fixture in fixtures(folder)]


def fixtures(folder: Path = FOLDER) -> list[Fixture]:
    """The fixtures of a folder, in the order of their names.

    Raises:
        FixtureInvalid: if a file cannot be used, or two have the same key.
    """
    found: dict[str, Fixture] = {}
    for path in sorted(folder.glob("*.toml")):
        fixture = read(path.read_bytes(), path.name)
        if fixture.key in found:
            raise FixtureInvalid(path.name, f"key: {fixture.key!r} is that of {found[fixture.key].gold.name} too")
        found[fixture.key] = fixture
    return list(found.values())


def read(body: bytes, name: str) -> Fixture:
    """Read a gold file.

    Passages are held against the post: each that must be kept or must go has to stand in the file, as it is compared; so a slip
    of the pen fails here and cannot pass for a success of the cleaning.

    Args:
        body: TOML in UTF-8.
        name: the file's.

    Raises:
        FixtureInvalid: with what is wrong.
    """
    if not _NAME.fullmatch(name):
        raise FixtureInvalid(name, "name it in small letters, digits and hyphens, ending in .toml")
    try:
        fields = tomllib.loads(body.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FixtureInvalid(name, f"it is not TOML in UTF-8: {error}") from None
    if unknown := sorted(set(fields) - set(_FIELDS)):
        raise FixtureInvalid(name, f"{unknown[0]}: no such field; there are {', '.join(_FIELDS)}")
    for field in _TEXTS:
        if not isinstance(fields.get(field), str) or not fields[field].strip():
            raise FixtureInvalid(name, f"{field}: give a text")
    lists = {field: _texts(fields.get(field, []), field, name) for field in _LISTS}
    fixture = Fixture(
        about=fields["about"],
        gold=Gold(
            name=name,
            path=fields["key"],
            must_contain=lists["must_contain"],
            must_not_contain=lists["must_not_contain"],
            soft_not_contain=lists["soft_not_contain"],
            metadata=_metadata(fields.get("metadata"), name),
            first_picture=lists["first_picture"],
        ),
        key=fields["key"],
        body=fields["post"].encode("utf-8"),
        lines=lists["lines"],
    )
    _check(fixture)
    return fixture


def _texts(value: Any, field: str, name: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) and text.strip() for text in value):
        raise FixtureInvalid(name, f"{field}: give a list of texts")
    if doubles := sorted(text for text in set(value) if value.count(text) > 1):
        raise FixtureInvalid(name, f"{field}: {doubles[0]!r} stands there twice")
    return tuple(value)


def _metadata(value: Any, name: str) -> dict[str, tuple[Any, ...]]:
    if not isinstance(value, dict) or not value:
        raise FixtureInvalid(name, f"metadata: give a table of {', '.join(_METADATA)}")
    for field, right in value.items():
        if field not in _METADATA:
            raise FixtureInvalid(name, f"metadata.{field}: no such field; there are {', '.join(_METADATA)}")
        if not isinstance(right, _METADATA[field]):
            raise FixtureInvalid(name, f"metadata.{field}: give a {'list' if _METADATA[field] is list else 'text'}")
    if "published" in value:
        _check_instant(value["published"], name)
    return {field: (right,) for field, right in value.items()}


def _check_instant(text: str, name: str) -> None:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise FixtureInvalid(name, f"metadata.published: {text!r} is no instant with its offset, such as 2021-06-29T01:39:02Z")


def _check(fixture: Fixture) -> None:
    gold = fixture.gold
    if not is_post_key(fixture.key):
        raise FixtureInvalid(gold.name, f"key: {fixture.key!r} is none of a post")
    try:
        parse(fixture.body, fixture.key)
    except PostRejected as rejected:
        raise FixtureInvalid(gold.name, f"post: it is rejected: {rejected}") from None
    wanted = (*gold.must_contain, *fixture.lines)
    for passage in (*gold.must_not_contain, *gold.soft_not_contain):
        if around := next((text for text in wanted if squeezed(passage) in squeezed(text)), None):
            raise FixtureInvalid(gold.name, f"{passage!r} must not be there, and is part of {around!r}, which must")
    written = fixture.body.decode("utf-8")
    seen = html.unescape(_TAG.sub("", written))
    places = [_unspaced(text) for text in (written, seen, _MARKDOWN.sub("", seen))]
    for passage in (*wanted, *gold.must_not_contain, *gold.soft_not_contain):
        if not any(_unspaced(passage) in place for place in places):
            raise FixtureInvalid(gold.name, f"{passage!r} does not stand in the post")


def _unspaced(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split())
