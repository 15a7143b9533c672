"""The search engine in memory's stead: lines of JSON, which cost a model test nothing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from postkeep.errors import SegmentInvalid
from search_posts.documents import Document, decode
from search_posts.engine import Part

_FILE = "documents.lines"


@dataclass(frozen=True)
class LinesIndex:
    """What it reads."""

    found: tuple[Document, ...]

    def documents(self) -> Iterator[Document]:
        return iter(self.found)


@dataclass
class LinesEngine:
    """Engine: documents as they are.

    Attributes:
        refused: ids of the posts that it does not take.
        built: how many documents each segment had.
    """

    refused: set[str] = field(default_factory=set)
    built: list[int] = field(default_factory=list)

    def build(self, documents: Iterable[Document], folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        known = list(documents)
        if any(document.post_id in self.refused for document in known):
            raise ValueError("refused")
        self.built.append(len(known))
        (folder / _FILE).write_text("\n".join(document.encode().hex() for document in known), "ascii")

    def assemble(self, parts: Sequence[Part], at: Path) -> LinesIndex:
        at.mkdir(parents=True, exist_ok=True)
        found: dict[str, Document] = {}
        for part in parts:
            if not (part.folder / _FILE).exists():
                raise SegmentInvalid(part.folder.name, "no lines")
            for line in (part.folder / _FILE).read_text("ascii").splitlines():
                document = decode(bytes.fromhex(line))
                if document.post_id not in part.dead:
                    assert document.post_id not in found, "alive in two segments"
                    found[document.post_id] = document
        return LinesIndex(tuple(found.values()))
