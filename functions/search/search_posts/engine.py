"""The index: segments of the engine (tantivy), laid side by side into one."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import tantivy

from postkeep.errors import SegmentInvalid
from search_posts.documents import Document, decode
from search_posts.schema import VERSION, entry, schema
from search_posts.terms import terms

_META = "meta.json"
_SETTINGS = "index_settings"
_LOCKS = frozenset({".tantivy-meta.lock", ".tantivy-writer.lock", ".managed.json"})
_BUILD_HEAP = 256_000_000
"""Bytes that the engine may hold before it begins another of its segments; more than one of them in a part does no harm."""

_EDIT_HEAP = 15_000_000
"""The least that the engine takes; deleting needs none of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A folder that :func:`build` made.

    Attributes:
        folder: which; it is only read.
        dead: ids of its posts that are not there any more, or in a newer part.
    """

    folder: Path
    dead: Collection[str]


def build(documents: Iterable[Document], folder: Path) -> None:
    """Index documents.

    Args:
        documents: each post once.
        folder: an empty folder, or none yet. It then holds what :meth:`Index.assemble` needs, and nothing else.
    """
    folder.mkdir(parents=True, exist_ok=True)
    writer = tantivy.Index(schema(), path=str(folder)).writer(_BUILD_HEAP, 1)
    for document in documents:
        writer.add_document(entry(document))
    writer.commit()
    writer.wait_merging_threads()
    for name in _LOCKS:
        (folder / name).unlink(missing_ok=True)


class Index:
    """Several parts as one index, to read from."""

    def __init__(self, index: tantivy.Index) -> None:
        self._index = index
        self._searcher = index.searcher()
        self._schema = index.schema

    @classmethod
    def assemble(cls, parts: Sequence[Part], at: Path) -> Self:
        """Lay parts side by side.

        Args:
            parts: a post lives in one of them at most.
            at: an empty folder, or none yet, on the parts' file system. Their files are linked there, so that the parts' own
                folders may go afterwards.

        Raises:
            SegmentInvalid: if a part is none, or of another version.
        """
        at.mkdir(parents=True, exist_ok=True)
        expected = _expected(at)
        segments: list[Any] = []
        for number, part in enumerate(parts):
            meta = _meta(part.folder)
            if meta.get("schema") != expected["schema"] or meta.get(_SETTINGS) != expected[_SETTINGS]:
                raise SegmentInvalid(part.folder.name, f"not of version {VERSION}")
            folder = _without(part, at / f"part-{number}") if part.dead else part.folder
            segments += _meta(folder)["segments"]
            _link(folder, at)
        _write_meta(at, {**expected, "segments": segments})
        return cls(tantivy.Index.open(str(at)))

    def __len__(self) -> int:
        """How many posts live in it."""
        return int(self._searcher.num_docs)

    def documents(self) -> Iterator[Document]:
        """All living documents, in no order that means anything."""
        if not len(self):
            return
        for _, address in self._searcher.search(tantivy.Query.all_query(), limit=len(self), count=False).hits:
            yield decode(self._searcher.doc(address)["stored"][0])

    def search(self, words: str, limit: int = 10) -> list[Document]:
        """Posts that hold all of the words."""
        queries = [
            tantivy.Query.phrase_query(self._schema, "body", found) if len(found := terms(word)) > 1
            else tantivy.Query.term_query(self._schema, "body", found[0]) if found
            else tantivy.Query.term_query(self._schema, "character", word)
            for word in words.split()
        ]  # fmt: skip
        query = tantivy.Query.boolean_query([(tantivy.Occur.Must, part) for part in queries])
        hits = self._searcher.search(query, limit, weight_by_field="freshness").hits
        return [decode(self._searcher.doc(address)["stored"][0]) for _, address in hits]


def _expected(at: Path) -> dict[str, Any]:
    tantivy.Index(schema(), path=str(at))
    return _meta(at)


def _meta(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / _META).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SegmentInvalid(folder.name, "its list of files cannot be read") from error
    if not isinstance(found, dict):
        raise SegmentInvalid(folder.name, "its list of files is none")
    return found


def _write_meta(folder: Path, meta: dict[str, Any]) -> None:
    # The engine's own writer numbers its commits from here on, and deletes by these numbers: there are none before.
    (folder / _META).write_text(json.dumps({**meta, "opstamp": 0}), encoding="utf-8")


def _link(source: Path, target: Path) -> None:
    for file in source.iterdir():
        if file.is_file() and file.name != _META and file.name not in _LOCKS:
            (target / file.name).hardlink_to(file)


def _without(part: Part, folder: Path) -> Path:
    """A part without its dead posts, as the engine itself deletes them: a copy, made of links."""
    folder.mkdir()
    _link(part.folder, folder)
    _write_meta(folder, _meta(part.folder))
    index = tantivy.Index.open(str(folder))
    writer = index.writer(_EDIT_HEAP, 1)
    writer.delete_documents_by_query(tantivy.Query.term_set_query(index.schema, "id", sorted(part.dead)))
    writer.commit()
    writer.wait_merging_threads()
    return folder
