"""The index: segments of the engine (tantivy), laid side by side into one."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self, cast

import tantivy

from postkeep.errors import SegmentInvalid
from search_posts.documents import Document, decode
from search_posts.matching import engine_query, only_after, only_before
from search_posts.query import Node
from search_posts.schema import VERSION, entry, schema

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


@dataclass(frozen=True, slots=True)
class Found:
    """A post of an answer.

    Attributes:
        address: where the engine has it, in the index that found it.
        order: see :attr:`search_posts.documents.Document.order`.
        score: by relevance; None by date.
    """

    address: tantivy.DocAddress
    order: int
    score: float | None = None


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


class _Counted(Protocol):
    """What the engine's own types leave out."""

    count: int


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
        with _refusing(at):
            index = tantivy.Index.open(str(at))
        index.config_reader("manual")  # without a thread that looks for new commits: there are none
        return cls(index)

    def __len__(self) -> int:
        """How many posts live in it."""
        return int(self._searcher.num_docs)

    @property
    def segments(self) -> int:
        """Of how many of the engine's segments it is made."""
        return int(self._searcher.num_segments)

    def documents(self) -> Iterator[Document]:
        """All living documents, in no order that means anything."""
        if not len(self):
            return
        for _, address in self._searcher.search(tantivy.Query.all_query(), limit=len(self), count=False).hits:
            yield decode(self._searcher.doc(address)["stored"][0])

    def query(self, node: Node) -> tantivy.Query:
        """A query as the engine takes it."""
        return engine_query(node, self._schema)

    def count(self, query: tantivy.Query) -> int:
        """How many posts a query finds."""
        return cast("_Counted", self._searcher.search(query, limit=1, order_by_field="order")).count

    def aggregate(self, query: tantivy.Query, request: Mapping[str, Any]) -> dict[str, Any]:
        """What the engine counts of a query's posts."""
        answer: dict[str, Any] = self._searcher.aggregate(query, dict(request))
        return answer

    def ranked(self, query: tantivy.Query, limit: int) -> list[Found]:
        """The best posts; the newest first of those that are equal, so that the order depends on the posts alone."""
        wanted = limit + 1
        while True:
            hits = self._searcher.search(query, wanted, count=False, weight_by_field="freshness").hits
            if len(hits) < wanted or hits[-1][0] < hits[limit - 1][0]:
                break
            wanted *= 2
        orders = self._searcher.fast_field_values("order", [address for _, address in hits])
        found = [Found(address, int(order or 0), score) for (score, address), order in zip(hits, orders, strict=True)]
        return sorted(found, key=lambda each: (-(each.score or 0.0), -each.order))[:limit]

    def dated(self, query: tantivy.Query, limit: int, after: int | None, *, newest_first: bool) -> list[Found]:
        """Posts by date.

        Args:
            query: which.
            limit: how many at least, where there are as many; all that have the order of the last of these are among them, and
                one more, where there is one.
            after: the order to go on behind; None for the beginning.
            newest_first: whether to begin with the newest.
        """
        if after is not None:
            query = (only_before if newest_first else only_after)(query, after, self._schema)
        order = tantivy.Order.Desc if newest_first else tantivy.Order.Asc
        wanted = limit + 1
        while True:
            hits = self._searcher.search(query, wanted, count=False, order_by_field="order", order=order).hits
            if len(hits) < wanted or hits[-1][0] != hits[limit - 1][0]:
                break
            wanted *= 2
        return [Found(address, int(place)) for place, address in hits]

    def document(self, found: Found) -> Document:
        """A post that was found."""
        return decode(self._searcher.doc(found.address)["stored"][0])

    def names(self, prefix: str) -> list[tuple[str, int]]:
        """Terms of ``name`` that begin so, with how many living posts have them."""
        found: list[tuple[str, int]] = self._searcher.terms_with_prefix("name", prefix, tantivy.Query.all_query())
        return found


@contextmanager
def _refusing(folder: Path) -> Iterator[None]:
    """Have the engine's errors say whose files are at fault."""
    try:
        yield
    except ValueError as error:
        raise SegmentInvalid(folder.name, f"the engine cannot read it: {error}") from error


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
    with _refusing(part.folder):
        index = tantivy.Index.open(str(folder))
        writer = index.writer(_EDIT_HEAP, 1)
        writer.delete_documents_by_query(tantivy.Query.term_set_query(index.schema, "id", sorted(part.dead)))
        writer.commit()
        writer.wait_merging_threads()
    return folder
