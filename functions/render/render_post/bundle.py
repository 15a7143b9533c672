"""Published rules: files that an archive's keepers put beside those that ship, all in one object of the archive bucket.

``rules/current.json`` is what is in force; ``rules/versions/000007.json`` is what was published as version 7, and never changes.
docs/rules.md tells how they come there, docs/decisions/0006-published-rules.md why it is so.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from postkeep.errors import RulesInvalid
from postkeep.listing import instant
from render_post import rules
from render_post.learnt import Learnt
from render_post.rendition import VERSIONS
from render_post.rulebook import GENERIC, RuleBook, shipped

FOLDER = "rules/"
CURRENT = FOLDER + "current.json"
HISTORY = FOLDER + "versions/"

TESTS = ".tests.toml"
"""The ending of the tests beside a file of rules, which are not published."""

LAST_VERSION = VERSIONS - 1

MAX_BYTES = 4 * 1024 * 1024
"""Of the whole object; read once a minute by each instance of render."""

MAX_FILES = 500
MAX_NOTE = 1_000
"""Characters."""

_FORM = 1
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,119}\.(toml|json)")
_FIELDS = {"v": int, "version": int, "published": str, "note": str, "files": dict}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What was published at one time.

    Attributes:
        version: from 1 to :data:`LAST_VERSION`; later ones are greater.
        published: when (aware, UTC).
        note: what its keeper said of it.
        files: the texts of the files, by their names.
    """

    version: int
    published: datetime
    note: str = ""
    files: Mapping[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The object's bytes.

        Raises:
            RulesInvalid: if they are too many, or if the version or the note is out of bounds.
        """
        if not 0 < self.version <= LAST_VERSION:
            raise RulesInvalid(f"version {self.version}", f"versions go from 1 to {LAST_VERSION:,}")
        if len(self.note) > MAX_NOTE:
            raise RulesInvalid("note", f"it has {len(self.note):,} characters; at most {MAX_NOTE:,} are kept")
        said = {
            "v": _FORM,
            "version": self.version,
            "published": instant(self.published),
            "note": self.note,
            "files": dict(sorted(self.files.items())),
        }
        # A lone surrogate, which a command line can hold, has no UTF-8; JSON's escape stands for it.
        body = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
        if len(body) > MAX_BYTES:
            raise RulesInvalid("the files together", f"they have {len(body):,} bytes; at most {MAX_BYTES:,} are published")
        return body

    @classmethod
    def decode(cls, body: bytes, name: str) -> "Bundle":
        """Read an object; what its files say is not looked at.

        Args:
            body: at most :data:`MAX_BYTES`.
            name: the object's key, for messages.

        Raises:
            RulesInvalid: if it cannot be read; with what is wrong.
        """
        try:
            fields = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise RulesInvalid(name, f"it is not JSON in UTF-8: {str(error)[:200]}") from None
        if not isinstance(fields, dict) or fields.get("v") != _FORM:
            raise RulesInvalid(name, f"v: this version of Postkeep reads {_FORM}")
        for wanted, kind in _FIELDS.items():
            if type(fields.get(wanted)) is not kind:
                raise RulesInvalid(name, f"{wanted}: it is missing, or of another type")
        if not 0 < fields["version"] <= LAST_VERSION:
            raise RulesInvalid(name, f"version: versions go from 1 to {LAST_VERSION:,}")
        files: dict[str, Any] = fields["files"]
        if len(files) > MAX_FILES or not all(_NAME.fullmatch(key) and isinstance(text, str) for key, text in files.items()):
            raise RulesInvalid(name, f"files: give texts by names, at most {MAX_FILES}")
        return cls(
            version=fields["version"], published=_read_instant(fields["published"], name), note=fields["note"], files=files
        )

    def book(self) -> RuleBook:
        """The rules that ship, with these.

        Raises:
            RulesInvalid: if one of the files cannot be used.
        """
        return shipped().with_files([(name, _bytes(text, name)) for name, text in sorted(self.files.items())], self.version)


def version_key(version: int) -> str:
    """Where a version is kept."""
    return f"{HISTORY}{version:06d}.json"


def check(files: Mapping[str, str]) -> None:
    """Hold files against all that is asked of them, each by itself and all together.

    Raises:
        RulesInvalid: naming the file and what is wrong in it.
    """
    if len(files) > MAX_FILES:
        raise RulesInvalid("the files together", f"there are {len(files):,}; at most {MAX_FILES} are published")
    of: dict[tuple[str, str], str] = {}
    for name, text in sorted(files.items()):
        source = check_file(name, text)
        if source is None:
            continue
        for kind, values in (("hosts", source.hosts), ("authors", source.authors)):
            for value in values:
                if (other := of.setdefault((kind, value), name)) != name:
                    raise RulesInvalid(name, f"{kind}: {value!r} has its rules in {other}; put them into one file")


def check_file(name: str, text: str) -> rules.SourceRules | None:
    """Hold one file against all that is asked of it; gives the rules of a source, and None for what was learnt.

    Raises:
        RulesInvalid: naming the file and what is wrong in it.
    """
    if not _NAME.fullmatch(name):
        raise RulesInvalid(name, "name: give it one of small letters, digits, dots and hyphens that ends in .toml or .json")
    if name.endswith(TESTS):
        raise RulesInvalid(name, "name: tests stay beside their rules; they are not published")
    if name == f"{GENERIC}.toml":
        raise RulesInvalid(name, "name: it is that of the rules for every post, which ship with Postkeep")
    body = _bytes(text, name)
    if name.endswith(".json"):
        Learnt.read(body, name)
        return None
    source = rules.parse(body, name)
    rules.check(source, name)
    return source


def _bytes(text: str, name: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise RulesInvalid(name, f"it has no UTF-8 (character {error.start})") from None


def _read_instant(text: str, name: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise RulesInvalid(name, "published: it is no instant") from None
