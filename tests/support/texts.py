"""What the cleaning makes of the repository's gold, as it was recorded for its number.

Two texts of one number must be the same text: an archive keeps what it has while the number stays (``postkeep reprocess`` and
``postkeep upgrade`` ask for nothing else). A cleaning that changed under its number would leave texts that no longer come out.

``python -m support.texts`` (``make texts``) records anew, and refuses while ``RULES`` is what it was and a text is not.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

from postkeep.frontmatter import parse
from render_post.rendition import RULES, encode, render
from render_post.rulebook import generic_only, shipped
from support.gold import fixtures
from support.template import ROOT

RECORD = ROOT / "tests" / "quality" / "texts.json"


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of a version of the cleaning.

    Attributes:
        rules: its number.
        gold: the first 16 hexadecimal digits of the SHA-256 of each post file, to know a text that changed with its post from one
            that the cleaning changed.
        digests: the same of each text's object, by the name of its gold and of its rules.
    """

    rules: int
    gold: Mapping[str, str]
    digests: Mapping[str, str]

    @classmethod
    def made(cls) -> Self:
        """As the cleaning makes them now."""
        digests, gold = {}, {}
        for fixture in fixtures():
            post = parse(fixture.body, fixture.key)
            gold[fixture.gold.name] = _digest(fixture.key.encode() + b"\0" + fixture.body)
            for book, rules in (("shipped", shipped()), ("generic", generic_only())):
                rendered = render(post.body, post.metadata, fixture.key, rules)
                digests[f"{fixture.gold.name} {book}"] = _digest(encode("p", 1, 1, rendered))
        return cls(RULES, gold, digests)

    @classmethod
    def recorded(cls, path: Path = RECORD) -> Self:
        """As they were recorded."""
        return cls(**json.loads(path.read_text("utf-8")))

    def changed(self, now: Self) -> list[str]:
        """Which texts are others now though their posts are the same."""
        return [
            name
            for name, digest in self.digests.items()
            if now.digests.get(name, digest) != digest and now.gold[name.partition(" ")[0]] == self.gold[name.partition(" ")[0]]
        ]

    def faults(self, now: Self) -> list[str]:
        """What forbids to put ``now`` in the place of this, in sentences."""
        if now.rules < self.rules:
            return [f"RULES was {self.rules} and is {now.rules}: it is never taken back"]
        if now.rules > self.rules:
            return []
        return [f"{name}: another text under the same number: make RULES {self.rules + 1}" for name in self.changed(now)]


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()[:16]


def record(path: Path = RECORD) -> list[str]:
    """Record the texts as they are made now; gives why not, if not."""
    now = Texts.made()
    faults = Texts.recorded(path).faults(now) if path.exists() else []
    if not faults:
        path.write_text(json.dumps(asdict(now), ensure_ascii=False, indent=1) + "\n", "utf-8")
    return faults


if __name__ == "__main__":  # pragma: no cover
    sys.exit("\n".join(record()) or None)
