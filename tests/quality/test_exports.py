"""Real posts, where they are at hand, exported: put again they are the same archive, and a book of them is a valid one."""

from pathlib import Path

import pytest

from postkeep_local.folder import PostFile, walk
from postkeep_local.operations.export import export_book, export_files, export_lines
from postkeep_local.operations.exporting import Selection
from postkeep_local.operations.targets import FolderFiles
from support.archives import WholeArchive
from support.books import check_book
from support.corpus import CORPUS, bulk_posts, dev_posts

_SAMPLE = 100
"""Posts of the bulk, evenly spaced."""

pytestmark = pytest.mark.skipif(not (CORPUS / "dev").is_dir(), reason="the corpus of real posts is not here")


@pytest.fixture(scope="module")
def archive() -> WholeArchive:
    archive = WholeArchive()
    archive.fill(dev_posts() | {f"bulk/{key}": body for key, body in bulk_posts(_SAMPLE)})
    return archive


def test_what_is_put_again_is_the_same_archive(archive: WholeArchive, tmp_path: Path) -> None:
    done = export_files(FolderFiles(tmp_path), archive.exporting.files(Selection()), lambda _: None)
    assert done.failed == []
    assert done.posts == len(archive.records()) > 300
    again = WholeArchive()
    again.fill({found.key: found.path.read_bytes() for found in walk(tmp_path) if isinstance(found, PostFile)})
    assert again.records() == archive.records()
    assert again.texts() == archive.texts()


def test_cleaned_texts_keep_what_the_records_say(archive: WholeArchive, tmp_path: Path) -> None:
    done = export_files(FolderFiles(tmp_path), archive.exporting.documents(Selection()), lambda _: None)
    assert done.failed == []
    again = WholeArchive()
    again.fill({found.key: found.path.read_bytes() for found in walk(tmp_path) if isinstance(found, PostFile)})
    before = archive.records()
    assert len(again.records()) == done.posts
    for key, post in again.records().items():
        ours, theirs = post.metadata, (before.get(key) or before[key.removesuffix(".md")]).metadata
        assert (ours.title, ours.author, ours.published) == (theirs.title, theirs.author, theirs.published)
        assert (ours.source_url, ours.tags, ours.categories) == (theirs.source_url, theirs.tags, theirs.categories)


def test_a_book_of_them_is_valid(archive: WholeArchive, tmp_path: Path) -> None:
    done = export_book(tmp_path / "x.epub", "x", archive.exporting.documents(Selection()), lambda _: None)
    assert done.failed == []
    book = check_book(tmp_path / "x.epub")
    assert len(book.pages) == done.posts
    assert done.posts + done.without_text == len(archive.records())


def test_lines_have_all_of_them(archive: WholeArchive, tmp_path: Path) -> None:
    done = export_lines(tmp_path / "x", archive.exporting.documents(Selection()), lambda _: None)
    assert done.failed == []
    assert len((tmp_path / "x").read_bytes().split(b"\n")) - 1 == done.posts == len(archive.records())
