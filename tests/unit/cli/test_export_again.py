"""An archive is exported, and what was written is put into an empty one: they are the same."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from zipfile import ZipFile

import pytest

from postkeep_local.folder import PostFile, walk
from postkeep_local.operations.export import export_files
from postkeep_local.operations.exporting import Selection
from postkeep_local.operations.targets import FolderFiles, ZipFiles
from support.archives import WholeArchive

type Written = Callable[[WholeArchive, Path], dict[str, bytes]]

_BYTES = pytest.mark.skipif(sys.platform == "darwin", reason="the file system takes two of the names for one")

PAGE = """---
title: "雨前茶: #1 \\"好\\""
date: 2021-06-29T01:39:02.123Z
author: 陆羽 &amp; 皎然
from: https://www.tea.example/posts/1?a=1&amp;b=2
tags: [ 茶, 山, 007, null ]
categories: 随笔
comments: true
---
<!--1624930742000--><div><p>清晨的第一杯茶，总是最香的。</p>
<p><img src="https://pictures.example/茶.jpg" alt="茶园"></p></div>
"""

FILES: Mapping[str, bytes] = {
    "tea/_posts/2021-06-29-雨 #1%|?+\u3000.md": PAGE.encode(),
    "tea/archived/2021-06-29-雨 #1%|?+\u3000.md": PAGE.replace("007", "008").encode(),
    "a copy.md": PAGE.encode(),
    "café.md": PAGE.encode(),
    "cafe\u0301.md": PAGE.encode(),
    " *\\\"'\x01\x7f\u200b\ufffd🍵 .html": PAGE.encode(),
    "no date.txt": "---\ntitle: 無\n---\n山水之间\r\n\r\n两行".encode(),
    "2020-02-03-named.markdown": b"---\n---\n*tea*",
    "empty.md": b"",
    "no-front-matter.md": b"plain",
    "bad-yaml.md": b"---\ntitle: [\n---\n",
    "latin.md": b"---\ntitle: \xff\xfe\n---\nx",
    "bom.md": b"\xef\xbb\xbf---\r\ntitle: x\r\n---\r\ny\r\n",
    "large.md": b"---\n---\n" + b"x" * (5 * 1024 * 1024),
    "picture.jpg": b"no post",
}


@pytest.fixture(scope="module")
def archive() -> WholeArchive:
    archive = WholeArchive()
    archive.fill(FILES)
    return archive


def of_folder(archive: WholeArchive, path: Path) -> dict[str, bytes]:
    path.mkdir()
    done = export_files(FolderFiles(path), archive.exporting.files(Selection()), lambda _: None)
    assert done.failed == []
    return {found.key: found.path.read_bytes() for found in walk(path) if isinstance(found, PostFile)}


def of_zip(archive: WholeArchive, path: Path) -> dict[str, bytes]:
    with ZipFiles(path) as files:
        done = export_files(files, archive.exporting.files(Selection()), lambda _: None)
    assert done.failed == []
    with ZipFile(path) as written:
        return {key: written.read(key) for key in written.namelist()}


@pytest.mark.parametrize("written", [pytest.param(of_folder, marks=_BYTES), of_zip])
def test_what_is_put_again_is_the_same_archive(archive: WholeArchive, written: Written, tmp_path: Path) -> None:
    files = written(archive, tmp_path / "x")
    assert files == {key: body for key, body in FILES.items() if key != "picture.jpg"}
    again = WholeArchive()
    again.fill(dict(reversed(files.items())))
    assert len(again.records()) == len(FILES) - 1
    assert again.records() == archive.records()
    assert again.texts() == archive.texts()


@_BYTES
def test_cleaned_texts_say_the_same_when_they_are_put_again(archive: WholeArchive, tmp_path: Path) -> None:
    documents = archive.exporting.documents(Selection())
    done = export_files(FolderFiles(tmp_path), documents, lambda _: None)
    assert (done.failed, done.posts + done.without_text) == ([], len(FILES) - 1)
    again = WholeArchive()
    again.fill({found.key: found.path.read_bytes() for found in walk(tmp_path) if isinstance(found, PostFile)})
    before, after = archive.records(), again.records()
    assert len(after) == done.posts
    for key, post in after.items():
        first = before.get(key) or before[key.removesuffix(".md")]
        ours, theirs = post.metadata, first.metadata
        assert (ours.title, ours.author, ours.published) == (theirs.title, theirs.author, theirs.published)
        assert (ours.source_url, ours.tags, ours.categories) == (theirs.source_url, theirs.tags, theirs.categories)
        assert post.summary == first.summary
