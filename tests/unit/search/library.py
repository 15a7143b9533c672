"""Documents for search, and an index of them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp

from search_posts.documents import Document
from search_posts.engine import Index, Part, build

TEA = Document(
    post_id="tea",
    title="雨前茶",
    text="清晨的第一杯茶。",
    author="陆羽",
    tags=("茶",),
    categories=("随笔",),
    site="tea.example",
    published=datetime(2021, 6, 29, 1, 39, 2, tzinfo=UTC),
    added=datetime(2026, 1, 1, tzinfo=UTC),
    has_image=False,
    language="zh-Hans",
    archive="tea",
    source_url="https://tea.example/posts/1",
)


def texts(*found: str, title: str = "") -> list[Document]:
    """A post for each text; its id is the text."""
    return [replace(TEA, post_id=text, title=title, text=text, tags=(), categories=()) for text in found]


def part_of(documents: Iterable[Document], folder: Path, dead: Iterable[str] = ()) -> Part:
    place = Path(mkdtemp(dir=folder))
    build(documents, place)
    return Part(folder=place, dead=frozenset(dead))


def index_of(documents: Sequence[Document], folder: Path, parts: int = 1) -> Index:
    """An index of several parts."""
    made = [part_of(documents[number::parts], folder) for number in range(parts)]
    return Index.assemble(made, Path(mkdtemp(dir=folder)))
