"""The engine, from the store's side."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from search_posts.documents import Document
from search_posts.engine import Index, Part, build


class Assembled(Protocol):
    """Several segments as one index."""

    def documents(self) -> Iterator[Document]:
        """All living documents."""
        ...


class Engine[Found: Assembled](Protocol):
    """What makes segments and reads them."""

    def build(self, documents: Iterable[Document], folder: Path) -> None:
        """Index documents into a folder, which is empty or not there yet."""
        ...

    def assemble(self, parts: Sequence[Part], at: Path) -> Found:
        """Lay segments side by side, in a folder that is empty or not there yet.

        Raises:
            SegmentInvalid: if one of them cannot be used.
        """
        ...


class Tantivy:
    """:class:`Engine`: the one that is used."""

    def build(self, documents: Iterable[Document], folder: Path) -> None:
        """See the protocol."""
        build(documents, folder)

    def assemble(self, parts: Sequence[Part], at: Path) -> Index:
        """See the protocol."""
        return Index.assemble(parts, at)
