"""Ways to search the same folded texts: Postkeep's index, and what SQLite has to offer."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import batched
from pathlib import Path
from typing import Any, Final, Protocol

from search_posts.documents import Document
from search_posts.elements import bare
from search_posts.engine import Index, Part, build
from search_posts.folding import fold
from search_posts.query import And, Node, Phrase
from search_posts.searching import SearchRequest, search
from search_posts.terms import characters, terms

BEST: Final = 20
"""Posts of a page."""

SEGMENT: Final = 10_000
"""Posts of a part of Postkeep's index: ten of them at 100,000 posts, as merging leaves them."""

_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What is searched for: pieces that must all be found, each as a row of neighbouring characters or words."""

    pieces: tuple[str, ...]

    @property
    def node(self) -> Node:
        """As Postkeep's query."""
        phrases = tuple(map(Phrase, self.pieces))
        return phrases[0] if len(phrases) == 1 else And(phrases)


class Contender(Protocol):
    """A way to search."""

    name: str

    def build(self, documents: Iterable[Document], folder: Path) -> None:
        """Index documents, of which the number in the order is the id."""
        ...

    def sizes(self) -> tuple[int, int]:
        """Bytes of the index alone, and of the texts beside it."""
        ...

    def best(self, asked: Asked) -> int:
        """Find the best posts, or where nothing ranks them the newest; give how many there are in all."""
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...


class Postkeep:
    """The index that ships."""

    name = "Postkeep (tantivy, pairs)"

    def build(self, documents: Iterable[Document], folder: Path) -> None:
        """See the protocol."""
        parts = []
        for number, batch in enumerate(batched(documents, SEGMENT, strict=False)):
            build(batch, folder / f"part-{number}")
            parts.append(Part(folder=folder / f"part-{number}", dead=()))
        self._files = [file for part in parts for file in part.folder.iterdir()]
        self.index = Index.assemble(parts, folder / "index")

    def sizes(self) -> tuple[int, int]:
        """See the protocol."""
        sizes = {file: file.stat().st_size for file in self._files}
        stored = sum(size for file, size in sizes.items() if file.suffix == ".store")
        return sum(sizes.values()) - stored, stored

    def best(self, asked: Asked) -> int:
        """See the protocol."""
        query = self.index.query(asked.node)
        self.index.ranked(query, BEST)
        return self.index.count(query)

    def close(self) -> None:
        """See the protocol."""
        del self.index

    def answer(self, asked: Asked) -> int:
        """Everything that an answer has: the query read, 20 posts with highlights and snippets, and the counts."""
        return search(self.index, SearchRequest(query=str(asked.node), limit=BEST)).total


class _Sqlite:
    """A database of its own for each."""

    name = ""
    _table = ""
    _insert = ""
    _has_texts = False

    def build(self, documents: Iterable[Document], folder: Path) -> None:
        """See the protocol."""
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "index.sqlite"
        self._database = sqlite3.connect(self._path)
        for line in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1000000", "mmap_size=8000000000"):
            self._database.execute(f"PRAGMA {line}")
        self._database.execute(self._table)
        self._texts = 0
        for batch in batched(enumerate(documents), _BATCH, strict=False):
            rows = [self._row(number, document) for number, document in batch]
            self._texts += sum(len(_text(document).encode()) for _, document in batch)
            self._database.executemany(self._insert, rows)
        self._database.commit()

    def sizes(self) -> tuple[int, int]:
        """See the protocol."""
        size = self._path.stat().st_size
        return (0, size) if self._has_texts else (size, self._texts)

    def close(self) -> None:
        """See the protocol."""
        self._database.close()

    def _row(self, number: int, document: Document) -> Sequence[Any]:
        raise NotImplementedError

    def _ranked(self, match: str) -> int:
        self._database.execute(
            f"SELECT rowid FROM posts WHERE posts MATCH ? ORDER BY rank LIMIT {BEST}",  # noqa: S608 (a number of ours)
            [match],
        ).fetchall()
        return int(self._database.execute("SELECT count(*) FROM posts WHERE posts MATCH ?", [match]).fetchone()[0])


class Trigrams(_Sqlite):
    """SQLite's own tokenizer for texts without spaces."""

    name = "SQLite FTS5, trigram"
    _table = "CREATE VIRTUAL TABLE posts USING fts5(body, content='', tokenize='trigram case_sensitive 1')"
    _insert = "INSERT INTO posts (rowid, body) VALUES (?, ?)"

    def _row(self, number: int, document: Document) -> Sequence[Any]:
        return number, _text(document)

    def best(self, asked: Asked) -> int:
        """See the protocol."""
        return self._ranked(" AND ".join(f'"{fold(piece)}"' for piece in asked.pieces))


class Pairs(_Sqlite):
    """The terms of Postkeep's index, in SQLite's."""

    name = "SQLite FTS5, the same pairs"
    _table = (
        "CREATE VIRTUAL TABLE posts USING fts5(body, character, content='', "
        "tokenize=\"unicode61 remove_diacritics 0 tokenchars '|+'\")"
    )
    _insert = "INSERT INTO posts (rowid, body, character) VALUES (?, ?, ?)"

    def _row(self, number: int, document: Document) -> Sequence[Any]:
        text = _text(document)
        return number, " ".join(terms(text)), " ".join(characters(text))

    def best(self, asked: Asked) -> int:
        """See the protocol."""
        return self._ranked(" AND ".join(map(_pairs, asked.pieces)))


class Like(_Sqlite):
    """A look into each text; nothing ranks, the newest come first."""

    name = "SQLite LIKE"
    _table = "CREATE TABLE posts (number INTEGER PRIMARY KEY, published INTEGER, body TEXT)"
    _insert = "INSERT INTO posts VALUES (?, ?, ?)"
    _has_texts = True

    def _row(self, number: int, document: Document) -> Sequence[Any]:
        return number, document.order, _text(document)

    def best(self, asked: Asked) -> int:
        """See the protocol."""
        condition = " AND ".join("body LIKE ?" for _ in asked.pieces)
        found = self._database.execute(
            f"SELECT number, count(*) OVER () FROM posts WHERE {condition} ORDER BY published DESC LIMIT {BEST}",  # noqa: S608 (marks)
            [f"%{fold(piece)}%" for piece in asked.pieces],
        ).fetchall()
        return int(found[0][1]) if found else 0


def contenders() -> Iterator[Contender]:
    """All of them, ours first."""
    yield Postkeep()
    yield Trigrams()
    yield Pairs()
    yield Like()


@cache
def _pairs(piece: str) -> str:
    found = terms(piece)
    return f'body : "{" ".join(found)}"' if found else f'character : "{characters(piece)[0]}"'


def _text(document: Document) -> str:
    return bare(fold(f"{document.title}\n{document.text}"))
