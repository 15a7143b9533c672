"""Cleaned texts against gold: what must be in a text, what must not, and which pictures and metadata belong to the post."""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

_FIELDS = ("title", "author", "source_url", "tags", "categories", "published")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gold:
    """What somebody who read a post says of it.

    Attributes:
        name: of the file that says so.
        path: the post's key.
        must_contain: passages of the article.
        must_not_contain: passages that are no part of it.
        soft_not_contain: passages that had better not be in it.
        metadata: the values that are right, by field.
        first_picture: addresses of which the first picture has one; () where nothing is said.
    """

    name: str
    path: str
    must_contain: tuple[str, ...] = ()
    must_not_contain: tuple[str, ...] = ()
    soft_not_contain: tuple[str, ...] = ()
    metadata: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    first_picture: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """What was made of a post.

    Attributes:
        text: the cleaned text.
        pictures: the pictures' addresses in order; None where they are not told.
        metadata: by field; None where it is not told.
    """

    text: str
    pictures: tuple[str, ...] | None = None
    metadata: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Score:
    """Counts over posts; each right number next to the number of those asked.

    Attributes:
        posts: how many there were.
        perfect: those without a fault; what leaks softly is none.
        textual: those in whose text nothing is lost and nothing leaked, whatever else is wrong.
        kept: passages of the article that are there, of ``must``.
        leaked: passages that must not be there and are, of ``must_not``.
        soft_leaked: likewise, of ``soft``.
        right: fields of metadata, of ``fields``.
        first_right: first pictures, of ``firsts``.
        faults: what is wrong, a line each.
        soft_leaks: what leaked softly, a line each.
    """

    posts: int = 0
    perfect: int = 0
    textual: int = 0
    kept: int = 0
    must: int = 0
    leaked: int = 0
    must_not: int = 0
    soft_leaked: int = 0
    soft: int = 0
    right: int = 0
    fields: int = 0
    first_right: int = 0
    firsts: int = 0
    faults: list[str] = field(default_factory=list)
    soft_leaks: list[str] = field(default_factory=list)

    def add(self, gold: Gold, output: Output | None) -> None:
        """Count one post; ``None`` stands for one of which nothing was made."""
        self.posts += 1
        output = output or Output("", (), {})
        faults = self._text(gold, output.text)
        self.textual += not faults
        if output.metadata is not None:
            faults += self._metadata(gold, output.metadata)
        if output.pictures is not None:
            faults += self._pictures(gold, output.pictures)
        self.perfect += not faults
        self.faults += [f"{gold.name}: {fault}" for fault in faults]

    def _text(self, gold: Gold, text: str) -> list[str]:
        text = squeezed(text)
        lost = [passage for passage in gold.must_contain if squeezed(passage) not in text]
        leaked = [passage for passage in gold.must_not_contain if squeezed(passage) in text]
        softly = [passage for passage in gold.soft_not_contain if squeezed(passage) in text]
        self.must += len(gold.must_contain)
        self.kept += len(gold.must_contain) - len(lost)
        self.must_not += len(gold.must_not_contain)
        self.leaked += len(leaked)
        self.soft += len(gold.soft_not_contain)
        self.soft_leaked += len(softly)
        self.soft_leaks += [f"{gold.name}: {passage[:40]}" for passage in softly]
        return [f"lost: {passage[:40]}" for passage in lost] + [f"leaked: {passage[:40]}" for passage in leaked]

    def _metadata(self, gold: Gold, metadata: Mapping[str, Any]) -> list[str]:
        wrong = []
        for name, accepted in gold.metadata.items():
            got = metadata.get(name)
            same = _instant(got) == _instant(accepted[0]) if name == "published" else got in accepted
            self.fields += 1
            self.right += same
            if not same:
                wrong.append(f"{name}: {got!r} is not {accepted[0]!r}"[:120])
        return wrong

    def _pictures(self, gold: Gold, pictures: tuple[str, ...]) -> list[str]:
        faults = []
        if gold.first_picture:
            same = bool(pictures) and pictures[0] in gold.first_picture
            self.firsts += 1
            self.first_right += same
            if not same:
                faults.append(f"first picture: {pictures[:1]}")
        return faults


def squeezed(text: str) -> str:
    """A text in NFC with each run of white space as one space, as passages are compared."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip()


def _instant(text: str | None) -> datetime | None:
    if not text:
        return None
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)


def corpus_gold(folder: Path) -> list[Gold]:
    """The gold for the real posts: a JSON file a post."""
    found = []
    for file in sorted(folder.glob("*.json")):
        fields = json.loads(file.read_text(encoding="utf-8"))
        first = fields.get("first_image_origin_url")
        accepted = {name: (fields[name],) for name in _FIELDS if name in fields}
        if "title" in accepted:
            accepted["title"] += tuple(fields.get("title_accept", ()))
        found.append(
            Gold(
                name=file.name,
                path=fields["path"],
                must_contain=tuple(fields["must_contain"]),
                must_not_contain=tuple(fields["must_not_contain"]),
                soft_not_contain=tuple(fields.get("soft_not_contain", ())),
                metadata=accepted,
                first_picture=(first, *fields.get("first_image_accept", ())) if first else (),
            )
        )
    return found


def digest_of(files: Iterable[Path]) -> str:
    """What changes when one of the files does, is added or taken away; hexadecimal."""
    total = sha256()
    for file in sorted(files, key=lambda file: file.name):
        total.update(file.name.encode() + b"\0" + sha256(file.read_bytes()).digest())
    return total.hexdigest()
