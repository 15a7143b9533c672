"""What `postkeep export` reads and writes, on an archive in memory."""

import json
import os
import re
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fakes.memory import MemoryBucket, MemoryTable
from postkeep.characters import encodable, in_xml, one_line
from postkeep.frontmatter import parse
from postkeep.ports import Row
from postkeep.post import Metadata, Picture, PictureStatus, Post, Rendition, Status, Thumbnail, picture_id
from postkeep.renditions import Removal, RenditionObject, RenditionPicture
from postkeep_local.operations import exporting
from postkeep_local.operations.book import BookEmpty
from postkeep_local.operations.export import Exported, export_book, export_files, export_lines
from postkeep_local.operations.exporting import Document, Exporting, RawFile, Selection, Unread, chosen_thumbnail
from postkeep_local.operations.lines import markdown
from postkeep_local.operations.targets import FolderFiles, NotWritable, TargetTaken, ZipFiles, written
from postkeep_local.operations.xhtml import link
from support.books import check_book
from support.posts import EPOCH, METADATA, a_post, dated
from support.template import ROOT

ADDRESS = "https://pictures.example/茶 园.jpg"
HTML = (
    '<p>清晨&nbsp;的<br><strong>第一</strong>杯茶 &amp; <a href="https://x.example/?a=1&amp;b=|" rel="nofollow">链接</a></p>\n'
    '<figure><img src="https://pictures.example/%E8%8C%B6 %E5%9B%AD.jpg" alt="茶园" loading="lazy"></figure>\n<hr>\n'
)
DAY = timedelta(days=1)


class Archive:
    """An archive in memory."""

    def __init__(self) -> None:
        self.table, self.posts, self.archive = MemoryTable(), MemoryBucket(), MemoryBucket()
        self.case = Exporting(self.table, self.posts, self.archive)

    def put(self, key: str, metadata: Metadata = METADATA, html: str | None = HTML, **changes: Any) -> Post:
        """A post with its file and, unless the HTML is None, its text."""
        self.posts.put(key, f"---\n---\n{key}".encode(), content_type="")
        post = a_post(key, metadata=metadata, **changes)
        if html is not None:
            counted = Rendition(f"renditions/{post.id}", 1, 5, 1, "zh-Hant", 5, 1)
            post = replace(post, status=Status.READY, rendition=counted, summary="清晨的第一杯茶。")
            rendition = RenditionObject(
                post_id=post.id,
                generation=1,
                rules=1,
                markdown="清晨的**第一**杯茶\n",
                text="清晨的第一杯茶\n\n二",
                html=html,
                pictures=(RenditionPicture(id=picture_id(ADDRESS), address=ADDRESS, alt="茶园", caption=""),),
                summary="",
                warnings=(),
                removed=(Removal(rule="generic/sharing", text="分享"),),
            )
            self.archive.put(counted.key, rendition.encode(), content_type="")
        self.table.add(post)
        return post

    def picture(self, post: Post, content: bytes | None = b"JPEG", **changes: Any) -> None:
        """The post's picture is there, as two thumbnails."""
        names = [f"{'ab' * 32}-1/{name}" for name in ("320.webp", "640.jpeg")]
        thumbnails = tuple(Thumbnail(name, 640, 480, 4) for name in names)
        fields: dict[str, Any] = {"edition": post.edition, "status": PictureStatus.READY, "thumbnails": thumbnails}
        picture = Picture(id=picture_id(ADDRESS), address=ADDRESS, **(fields | changes))
        self.table.arrange(post.id, add=[picture], remove=())
        if content is not None:
            self.archive.put(thumbnails[1].object_key, content, content_type="")

    def documents(self, *, pictures: bool = True, **selection: Any) -> list[Document | Unread]:
        return list(self.case.documents(Selection(**selection), pictures=pictures))


@pytest.fixture
def archive() -> Archive:
    return Archive()


def quiet(_: Exported) -> None:
    return


# ---- Which posts ----


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({}, ["new.md", "old.md", "other.md", "undated.md", "rejected.md"]),
        ({"author": "陆羽"}, ["new.md", "old.md", "undated.md"]),
        ({"author": "皎然", "tag": "茶"}, ["other.md"]),
        ({"author": "皎然", "tag": "水"}, []),
        ({"tag": "山"}, ["new.md", "old.md", "other.md", "undated.md"]),
        ({"since": EPOCH}, ["new.md", "old.md", "other.md"]),
        ({"since": EPOCH + DAY}, ["new.md", "old.md"]),
        ({"until": EPOCH + DAY}, ["other.md"]),
        ({"until": EPOCH}, []),
        ({"since": EPOCH + DAY, "until": EPOCH + 2 * DAY, "tag": "茶"}, ["old.md"]),
    ],
)
def test_a_selection_takes_what_fits_all_of_it(archive: Archive, selection: dict[str, Any], expected: list[str]) -> None:
    archive.put("old.md", dated(1))
    archive.put("new.md", dated(2))
    archive.put("other.md", replace(METADATA, author="皎然"))
    archive.put("undated.md", replace(METADATA, published=None))
    archive.put("rejected.md", Metadata(), None, status=Status.REJECTED, reason="not-utf-8", detail="line 1")
    archive.table.add(a_post("deleted.md", status=Status.DELETED, metadata=Metadata()))
    found = [one.post.key for one in archive.documents(**selection) if isinstance(one, Document)]
    assert found == expected
    files = [one.key for one in archive.case.files(Selection(**selection)) if isinstance(one, RawFile)]
    assert sorted(files) == sorted(expected)


def test_a_large_archive_is_read_a_few_posts_at_a_time(archive: Archive) -> None:
    for n in range(1_050):
        archive.posts.put(f"{n:04}.md", b"x", content_type="")
        archive.table.offer(a_post(f"{n:04}.md", metadata=replace(METADATA, tags=())))
    archive.posts.put("notes.pdf", b"x", content_type="")
    reads: list[str] = []
    get = archive.posts.get

    def counted(key: str, **options: Any) -> Any:
        reads.append(key)
        return get(key, **options)

    archive.posts.get = counted  # type: ignore[method-assign]
    found = archive.case.files(Selection())
    assert next(found) == RawFile("0000.md", b"x")
    assert len(reads) <= 2 * exporting.WORKERS
    assert len(list(found)) == 1_049
    assert len(list(archive.case.documents(Selection()))) == 1_050


def test_reading_ends_with_who_reads(archive: Archive) -> None:
    for n in range(50):
        archive.put(f"{n}.md")
    before = threading.active_count()
    found = archive.case.files(Selection())
    next(found)
    assert isinstance(found, Iterator)
    found.close()  # type: ignore[attr-defined]
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and "ThreadPoolExecutor" in thread.name:
            thread.join(5)
    assert threading.active_count() <= before


@pytest.mark.parametrize("status", [Status.REJECTED, Status.DELETED])
def test_what_a_listing_does_not_know_yet_the_record_says(status: Status) -> None:
    assert not Selection().takes(a_post(status=status))
    assert Selection(since=EPOCH).takes(a_post())
    assert not Selection(until=EPOCH).takes(a_post())


def test_a_post_that_is_met_twice_is_taken_once(archive: Archive, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    archive.put("b.md", dated(2))
    archive.put("a.md", dated(1), None, status=Status.REJECTED, reason="x")
    rows = archive.table.rows

    def again(listing: str, **options: Any) -> list[Row]:
        found = rows(listing, **options)
        return [*found, *(Row("0", row.post_id) for row in found)]  # each was dated anew after it was read

    monkeypatch.setattr(archive.table, "rows", again)
    done = export_files(FolderFiles(tmp_path), archive.case.files(Selection(tag="茶")), quiet)
    assert (done.posts, done.failed) == (1, [])
    assert [one.post.key for one in archive.documents() if isinstance(one, Document)] == ["b.md", "a.md"]


def test_a_text_of_what_was_there_before_is_none(archive: Archive) -> None:
    post = archive.put("a.md")
    archive.picture(post)
    (found,) = archive.documents(pictures=False)
    assert isinstance(found, Document)
    assert found.rendition
    assert found.pictures == {}
    changed = archive.case._document(replace(post, status=Status.PENDING), pictures=True)
    assert changed == Document(replace(post, status=Status.PENDING))


def test_a_text_that_is_damaged_costs_the_others_nothing(archive: Archive, tmp_path: Path) -> None:
    for n, body in enumerate([b"", b"{", b"[]", b"{}", b'{"v":9}', b'{"v":2,"pictures":1}', b'{"v":2,"text":"\xff"}']):
        post = archive.put(f"{n}.md")
        assert post.rendition
        archive.archive.put(post.rendition.key, body, content_type="")
    archive.put("good.md")
    done = export_lines(tmp_path / "x", archive.documents(), quiet)
    assert (done.posts, sorted(key for key, _ in done.failed)) == (1, [f"{n}.md" for n in range(7)])
    assert {reason.partition(" (")[0] for _, reason in done.failed} == {"its text cannot be read"}


def test_what_cannot_be_read_is_told(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    gone, large = archive.put("gone.md"), archive.put("large.md")
    archive.posts.delete(["gone.md"])
    assert gone.rendition
    archive.archive.delete([gone.rendition.key])
    monkeypatch.setattr(exporting, "_LARGEST_FILE", 10)
    monkeypatch.setattr(exporting, "_LARGEST_TEXT", 10)
    files = sorted(archive.case.files(Selection(author="陆羽")), key=lambda one: one.key)
    assert files[0] == Unread("gone.md", "it was deleted meanwhile")
    assert files[1] == Unread("large.md", "it has 16 bytes; 10 are read")
    texts = {one.key if isinstance(one, Unread) else one.post.key: one for one in archive.documents()}
    assert isinstance(texts["gone.md"], Document)
    assert texts["gone.md"].rendition is None, "its text is being made again"
    assert isinstance(texts["large.md"], Unread)
    assert texts[large.key].reason.startswith("its text has ")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], None),
        (["320.avif"], None),
        (["320.webp", "640.webp"], "640.webp"),
        (["320.webp", "1280.webp"], "320.webp"),
        (["1280.webp"], "1280.webp"),
        (["320.webp", "640.jpeg", "320.jpeg"], "640.jpeg"),
    ],
)
def test_the_thumbnail_for_a_book(names: list[str], expected: str | None) -> None:
    thumbnails = [Thumbnail(f"x-1/{name}", int(name.partition(".")[0]), 1, 1) for name in names]
    chosen = chosen_thumbnail(thumbnails)
    assert (chosen.name.removeprefix("x-1/") if chosen else None) == expected


# ---- Lines of JSON ----


def lines(archive: Archive, path: Path) -> list[dict[str, Any]]:
    told: list[int] = []
    done = export_lines(path, archive.documents(), lambda so_far: told.append(so_far.looked))
    assert told == list(range(1, done.looked + 1))
    return [json.loads(one) for one in path.read_bytes().splitlines()]


def test_a_line_says_all_of_a_post(archive: Archive, tmp_path: Path) -> None:
    post = archive.put("tea/_posts/雨.md")
    (value,) = lines(archive, tmp_path / "x")
    assert value == {
        "id": post.id,
        "key": "tea/_posts/雨.md",
        "archive": "tea",
        "status": "ready",
        "title": "雨前茶",
        "author": "陆羽",
        "published": "2021-06-29T01:39:02.123Z",
        "date_source": "front-matter",
        "source_url": "https://www.tea.example/posts/1",
        "tags": ["茶", "山"],
        "categories": ["随笔"],
        "extra": {"comments": "true"},
        "summary": "清晨的第一杯茶。",
        "text": "清晨的第一杯茶\n\n二",
        "markdown": "清晨的**第一**杯茶\n",
        "html": HTML,
        "removed": [{"rule": "generic/sharing", "text": "分享"}],
        "pictures": [{"id": picture_id(ADDRESS), "address": ADDRESS, "alt": "茶园", "caption": ""}],
        "language": "zh-Hant",
        "words": 5,
        "size": 10,
        "content_hash": "ab" * 32,
        "added": "2021-06-29T01:39:02.123Z",
        "changed": "2021-06-29T01:39:02.123Z",
        "rejected": None,
        "detail": None,
        "warnings": [],
    }


def test_the_fields_of_a_line_are_documented(archive: Archive, tmp_path: Path) -> None:
    archive.put("a.md")
    (value,) = lines(archive, tmp_path / "x")
    described = (ROOT / "docs" / "cli.md").read_text("utf-8").partition("| field of `jsonl` |")[2].partition("\n\n")[0]
    rows = [row.split("|")[1] for row in described.splitlines() if row.startswith("| `")]
    assert sorted(name for row in rows for name in re.findall(r"`(\w+)`", row)) == sorted(value)


def test_posts_without_a_text_have_a_line_too(archive: Archive, tmp_path: Path) -> None:
    archive.put("pending.md", Metadata(), None)
    archive.put("rejected.md", Metadata(), None, status=Status.REJECTED, reason="not-utf-8", detail="line 1: \x1b[2J")
    pending, rejected = lines(archive, tmp_path / "x")
    assert (pending["text"], pending["html"], pending["published"], pending["language"]) == (None, None, None, None)
    assert (rejected["rejected"], rejected["detail"], rejected["status"]) == ("not-utf-8", "line 1: \x1b[2J", "rejected")


def test_a_text_of_an_older_form_has_no_html(archive: Archive, tmp_path: Path) -> None:
    post = archive.put("old.md")
    assert post.rendition
    stored = RenditionObject.decode(archive.archive.get(post.rendition.key, limit=10**6).body)
    older = replace(stored, version=1, html="", removed=())
    (tmp_path / "a").mkdir()
    document = Document(post, older)
    export_lines(tmp_path / "x", [document], quiet)
    assert json.loads((tmp_path / "x").read_bytes())["html"] is None
    export_book(tmp_path / "b", "t", [document], quiet)
    assert "<p>清晨的第一杯茶</p><p>二</p>" in check_book(tmp_path / "b").pages[0]


HOSTILE = [
    "a\x00\x08\x0b\x0c\x1bb\x7f\ufffe",
    "]]></title><script>alert(1)</script>",
    '<img src=x onerror="alert(1)">&amp;&#x1F375;',
    "茶\ud83c\udc00",
    "茶\udcff",
    "長" * 10_000,
    " \u3000\u200b",
    "",
    "一\r\n二\u2028三",
    "'\"\\: #-@*&![]{}",
    "---",
    "007",
    "null",
    "2021-06-29",
    "a&#12;&#8;&#xD800;b",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_strangers_write_every_format_holds_it(archive: Archive, text: str, tmp_path: Path) -> None:
    metadata = replace(
        METADATA, title=text, author=text, tags=(text, "茶"), categories=(), source_url="https://x.example/a b?<茶>%|^`"
    )
    document = Document(
        a_post("x.md", metadata=metadata, summary=text, status=Status.READY, rendition=Rendition("k", 1, 1, 1)),
        RenditionObject(
            post_id="",
            generation=1,
            rules=1,
            markdown=text,
            text=text,
            html=f"<p>{text}</p><ol start='x'><li><a href='javascript:{text}'>a</a></ol></blockquote>"
            f"<p><a href='http://a/{text[:50]}'><a href='http://b'>c<img alt='{text}' src='{text[:50]}'><video>d",
            pictures=(),
            summary="",
            warnings=(),
        ),
    )
    export_lines(tmp_path / "x.jsonl", [document], quiet)
    assert json.loads((tmp_path / "x.jsonl").read_bytes())["title"] in {text, encodable(text)}
    export_book(tmp_path / "x.epub", text, [document], quiet)
    book = check_book(tmp_path / "x.epub")
    assert len(book.pages) == 1
    assert "javascript:" not in book.pages[0]
    metadata = replace(metadata, title=text[:1000], author=text[:1000], tags=(text[:200], "茶"))  # as records are
    _, body = markdown(replace(document, post=replace(document.post, metadata=metadata)))
    said = parse(body, "x.md").metadata
    assert said.published == EPOCH
    assert said.title == one_line(in_xml(metadata.title))
    assert said.author == said.title
    assert said.tags == tuple(filter(None, (one_line(in_xml(metadata.tags[0])), "茶")))


# ---- Markdown ----


def test_files_are_those_of_the_bucket(archive: Archive, tmp_path: Path) -> None:
    keys = ["tea/_posts/雨 #1%|?.md", "a.html", "b/c/d.txt", "rejected.md", "tea/_posts/*\\\u3000 .md"]
    for key in keys:
        archive.put(key, html=None)
    done = export_files(FolderFiles(tmp_path), archive.case.files(Selection()), quiet)
    assert (done.posts, done.failed) == (5, [])
    found = {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {key: f"---\n---\n{key}" for key in keys}


UNUSABLE = ["../x.md", "/etc/x.md", "a//b.md", "a/./b.md", "a/../../x.md", "x\x00.md", ".."]


@pytest.mark.parametrize("key", UNUSABLE)
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_a_key_that_leads_elsewhere_is_refused(key: str, kind: str, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    files = FolderFiles(inside) if kind == "folder" else ZipFiles(tmp_path / "x.zip")
    done = export_files(files, [RawFile(key, b""), RawFile("good.md", b"x")], quiet)
    assert (done.posts, [one for one, _ in done.failed]) == (1, [key])
    if isinstance(files, ZipFiles):
        files.close()
        assert zipfile.ZipFile(tmp_path / "x.zip").namelist() == ["good.md"]
    assert {path.name for path in tmp_path.iterdir()} <= {"inside", "x.zip"}


@pytest.mark.parametrize("key", [f"{'長' * 100}.md", "good.md/x.md", "good.md", "a", "\ud800.md"])
def test_a_key_that_the_file_system_cannot_hold_is_refused(key: str, tmp_path: Path) -> None:
    files = FolderFiles(tmp_path)
    files.add("good.md", b"first")
    files.add("a/b.md", b"first")
    with pytest.raises(NotWritable):
        files.add(key, b"")
    assert (tmp_path / "good.md").read_bytes() == b"first"


def test_a_full_disk_is_no_fault_of_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OSError, match="No space"):
        FolderFiles(tmp_path).add("x.md", b"")


def test_a_zip_holds_a_name_once(tmp_path: Path) -> None:
    with ZipFiles(tmp_path / "x.zip") as files:
        files.add("x.md", b"1")
        with pytest.raises(NotWritable):
            files.add("x.md", b"2")
        files.add("X.md", b"3")
        with pytest.raises(NotWritable):
            files.add("\ud800.md", b"4")
    found = zipfile.ZipFile(tmp_path / "x.zip").infolist()
    assert [(info.filename, info.date_time) for info in found] == [(name, (1980, 1, 1, 0, 0, 0)) for name in ("x.md", "X.md")]


def test_the_same_posts_make_the_same_bytes(archive: Archive, tmp_path: Path) -> None:
    archive.picture(archive.put("a.md"))
    for name in ("1", "2"):
        export_book(tmp_path / name, "t", archive.documents(), quiet)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_cleaned_texts_are_posts_again(archive: Archive, tmp_path: Path) -> None:
    archive.put("tea/_posts/雨.md")
    archive.put("a.html", Metadata())
    archive.put("pending.md", html=None)
    done = export_files(FolderFiles(tmp_path), archive.documents(pictures=False), quiet)
    assert (done.posts, done.without_text, done.failed) == (2, 1, [])
    parsed = parse((tmp_path / "tea/_posts/雨.md").read_bytes(), "tea/_posts/雨.md")
    assert parsed.metadata == replace(METADATA, extra={})
    assert (parsed.body, parsed.warnings) == ("清晨的**第一**杯茶", ())
    assert (tmp_path / "tea/_posts/雨.md").read_bytes().endswith("第一**杯茶\n".encode())
    assert (tmp_path / "a.html.md").read_text() == "---\n---\n清晨的**第一**杯茶\n"


# ---- Books ----


def test_a_book_has_a_chapter_for_each_post(archive: Archive, tmp_path: Path) -> None:
    archive.picture(archive.put("a.md", dated(1), changed=EPOCH + DAY))
    archive.picture(archive.put("b.md", replace(dated(400), title="二")))
    archive.put("c.md", replace(METADATA, author="皎然", title="三 <&>"))
    archive.put("d.md", Metadata(title="四"))
    archive.put("pending.md", html=None)
    done = export_book(tmp_path / "x.epub", "茶 & 山", archive.documents(), quiet)
    assert (done.posts, done.without_text) == (4, 1)
    book = check_book(tmp_path / "x.epub")
    assert (book.title, book.language, book.creators) == ("茶 & 山", "zh-Hant", [])
    assert book.modified == "2021-06-30T01:39:02Z"
    assert book.toc == [
        (1, "皎然"),
        (2, "2021-06"),
        (3, "三 <&>"),
        (1, "陆羽"),
        (2, "2021-06"),
        (3, "雨前茶"),
        (2, "2022-08"),
        (3, "二"),
        (1, "Unknown author"),
        (2, "Undated"),
        (3, "四"),
    ]
    assert list(book.pictures.values()) == [b"JPEG"], "a picture of two posts is there once"
    first = book.pages[0]
    assert '<strong>第一</strong>杯茶 &amp; <a href="https://x.example/?a=1&amp;b=%7C">链接</a>' in first
    assert '<figure><a href="https://pictures.example/%E8%8C%B6%20%E5%9B%AD.jpg">[茶园]</a></figure>' in first
    assert f'<img src="../pictures/{"ab" * 32}-1-640.jpeg" alt="茶园" />' in book.pages[1]
    assert '<a href="https://www.tea.example/posts/1">https://www.tea.example/posts/1</a>' in first


def test_a_book_of_one_author_names_him_and_lists_months(archive: Archive, tmp_path: Path) -> None:
    archive.put("a.md")
    export_book(tmp_path / "x.epub", "", archive.documents(), quiet)
    book = check_book(tmp_path / "x.epub")
    assert (book.title, book.creators, book.toc) == ("Postkeep", ["陆羽"], [(1, "2021-06"), (2, "雨前茶")])


@pytest.mark.parametrize("changes", [{"status": PictureStatus.FAILED}, {"edition": "00000009-0001"}, {"thumbnails": ()}, {}])
def test_a_picture_that_is_not_there_is_a_link(archive: Archive, changes: dict[str, Any], tmp_path: Path) -> None:
    archive.picture(archive.put("a.md"), None if not changes else b"JPEG", **changes)
    export_book(tmp_path / "x.epub", "x", archive.documents(), quiet)
    book = check_book(tmp_path / "x.epub")
    assert book.pictures == {}
    assert "[茶园]</a>" in book.pages[0]


def test_a_picture_that_the_text_does_not_show_comes_before_it(archive: Archive, tmp_path: Path) -> None:
    archive.picture(archive.put("video.md", html="<p>一段錄像</p>"))
    export_book(tmp_path / "x.epub", "x", archive.documents(), quiet)
    book = check_book(tmp_path / "x.epub")
    assert f'<figure><img src="../pictures/{"ab" * 32}-1-640.jpeg" alt="茶园" /></figure><p>一段錄像</p>' in book.pages[0]


OWN = "<p>甲</p><figure><img alt='一&#12;' loading='lazy'></figure><p>乙<img src='https://pictures.example/2.jpg' alt='二'></p>"


@pytest.mark.parametrize("twice", [False, True])
def test_the_archives_own_pictures_are_where_the_text_has_them(archive: Archive, twice: bool, tmp_path: Path) -> None:
    post = archive.put("a.md", html=OWN.replace("'", '"') + twice * '<p><img alt="一" loading="lazy"></p>')
    archive.picture(post)
    found = archive.documents()[0]
    assert isinstance(found, Document)
    assert found.rendition
    addresses = ("post:img/茶 1.jpg", "https://pictures.example/2.jpg")
    pictures = tuple(RenditionPicture(id=picture_id(a), address=a, alt="一", caption="") for a in addresses)
    there = {pictures[0].id: found.pictures[picture_id(ADDRESS)]}
    document = replace(found, rendition=replace(found.rendition, pictures=pictures), pictures=there)
    export_book(tmp_path / "x.epub", "x", [document], quiet)
    page = check_book(tmp_path / "x.epub").pages[0]
    image = f'<figure><img src="../pictures/{"ab" * 32}-1-640.jpeg" alt="一" /></figure>'
    text = '<p>乙<a href="https://pictures.example/2.jpg">[二]</a></p>'
    if twice:
        assert f"{image}<p>甲</p><figure>[一]</figure>{text}<p>[一]</p>" in page
    else:
        assert f"<p>甲</p>{image.replace('一', '一 ')}{text}</div>" in page


def test_a_picture_within_a_link_becomes_its_text(archive: Archive, tmp_path: Path) -> None:
    archive.put("a.md", html='<p><a href="https://x.example/"><img src="https://y.example/" alt=""></a></p>')
    export_book(tmp_path / "x.epub", "x", archive.documents(), quiet)
    assert '<a href="https://x.example/">[🖼]</a>' in check_book(tmp_path / "x.epub").pages[0]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://x.example/a b?<茶>%|^`#1#2", "https://x.example/a%20b?%3C%E8%8C%B6%3E%25%7C%5E%60#1%232"),
        ("HTTP://User:pw@X.example:8080", "http://x.example:8080"),
        ("http://[::1]:80/[1]", "http://[::1]:80/%5B1%5D"),
        ("https://例え.テスト/é", "https://xn--r8jz45g.xn--zckzah/%C3%A9"),
        ("https://%E4%BE%8B.example/%E4%BE%8B", "https://xn--fsq.example/%E4%BE%8B"),
        ("mailto:a b@x.example?subject=茶", "mailto:a%20b@x.example?subject=%E8%8C%B6"),
        (" http://x.example/\ud800\x0c ", "http://x.example/%EF%BF%BD"),
        ("mailto:nobody", None),
        ("http://x.example:99999/", None),
        ("http://x.example:port/", None),
        ("http://[::1/", None),
        ("http://a b/", None),
        ("http://a..b/", None),
        (f"http://{'例' * 80}.example/", None),
        ("http:///x", None),
        ("javascript:alert(1)", None),
        ("/relative", None),
        ("", None),
    ],
)
def test_addresses_in_a_book_are_valid_ones(address: str, expected: str | None) -> None:
    assert link(address) == expected


def test_lists_begin_where_they_began(archive: Archive, tmp_path: Path) -> None:
    archive.put("a.md", html='<ol start="-3"><li>a</li></ol><ol start="1x"><li>b</li></ol><ul start="2"><li>c</li></ul>')
    export_book(tmp_path / "x.epub", "x", archive.documents(), quiet)
    expected = '<ol start="-3"><li>a</li></ol><ol><li>b</li></ol><ul><li>c</li></ul>'
    assert expected in check_book(tmp_path / "x.epub").pages[0]


def test_endless_nesting_is_flattened(archive: Archive, tmp_path: Path) -> None:
    archive.put("a.md", html="<blockquote>" * 5_000 + "深" + "</blockquote>" * 5_000)
    export_book(tmp_path / "x.epub", "x", archive.documents(), quiet)
    assert "深" in check_book(tmp_path / "x.epub").pages[0]


@pytest.mark.parametrize("author", ["", "\u200b", " \u3000"])
def test_a_chapter_is_always_called_something(archive: Archive, author: str, tmp_path: Path) -> None:
    archive.put("a/雨 1.md", Metadata(author=author, title=""), summary="x")
    document = archive.documents()[0]
    assert isinstance(document, Document)
    export_book(tmp_path / "x.epub", "", [replace(document, post=replace(document.post, summary=""))], quiet)
    assert check_book(tmp_path / "x.epub").toc == [(1, "Undated"), (2, "雨 1.md")]


def test_a_giant_post_is_a_chapter_like_others(archive: Archive, tmp_path: Path) -> None:
    archive.put("a.md", html="<p>茶&amp;<em>水</em></p>" * 50_000)
    export_book(tmp_path / "x.epub", "x", archive.documents(), quiet)
    assert check_book(tmp_path / "x.epub").pages[0].count("<em>水</em>") == 50_000


def test_a_book_without_chapters_is_none(archive: Archive, tmp_path: Path) -> None:
    archive.put("pending.md", html=None)
    with pytest.raises(BookEmpty):
        export_book(tmp_path / "x.epub", "x", archive.documents(), quiet)


def test_unread_posts_are_named_in_every_format(tmp_path: Path) -> None:
    unread = Unread("x.md", "why")
    assert export_lines(tmp_path / "1", [unread], quiet).failed == [("x.md", "why")]
    assert export_files(FolderFiles(tmp_path), [unread], quiet).failed == [("x.md", "why")]
    document = Document(a_post(), RenditionObject.decode(_empty_rendition()))
    assert export_book(tmp_path / "2", "x", [unread, document], quiet).failed == [("x.md", "why")]


def _empty_rendition() -> bytes:
    return RenditionObject(post_id="", generation=1, rules=1, markdown="", text="", pictures=(), summary="", warnings=()).encode()


# ---- Wholly or not at all ----


@pytest.mark.parametrize("folder", [True, False])
def test_an_interrupted_export_leaves_nothing(folder: bool, tmp_path: Path) -> None:
    def interrupted() -> None:
        with written(tmp_path / "x", folder=folder) as path:
            (path / "a" if folder else path).open("w").close()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_a_finished_export_is_there_under_its_name(tmp_path: Path) -> None:
    with written(tmp_path / "file") as path:
        path.write_text("x")
        assert not (tmp_path / "file").exists()
    (tmp_path / "folder").mkdir()
    with written(tmp_path / "folder", folder=True) as path:
        (path / "a").write_text("x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["a"]
    assert (tmp_path / "file").stat().st_mode & 0o777 == (tmp_path / "folder" / "a").stat().st_mode & 0o777
    assert (tmp_path / "folder").stat().st_mode & 0o700 == 0o700


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("file", {}, "--replace"),
        ("file", {"folder": True}, "is there already"),
        ("file", {"folder": True, "replace": True}, "is there already"),
        ("full", {"folder": True, "replace": True}, "is there already"),
        ("full", {"replace": True}, "is there already"),
        ("none/x", {}, "no folder"),
        ("file/x", {}, "no folder"),
        ("pipe", {"replace": True}, "is there already"),
        ("nowhere", {"replace": True}, "is there already"),
        ("link", {"folder": True}, "is there already"),
        ("empty/..", {"folder": True}, "no name"),
    ],
)
def test_what_is_there_stays(name: str, options: dict[str, bool], message: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    os.mkfifo(tmp_path / "pipe")  # as devices are, which root could replace
    (tmp_path / "nowhere").symlink_to("none")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").write_text("mine")
    there = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(TargetTaken, match=message), written(tmp_path / name, **options):
        pass
    assert (tmp_path / "file").read_text() == (tmp_path / "full" / "a").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == there


@pytest.mark.parametrize("target", [".", "..", "/"])
def test_the_folder_that_one_is_in_is_no_target(target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TargetTaken, match="no name"), written(Path(target), folder=True):
        pass


@pytest.mark.parametrize("folder", [True, False])
def test_what_came_meanwhile_stays(folder: bool, tmp_path: Path) -> None:
    with pytest.raises(TargetTaken), written(tmp_path / "x", folder=folder):
        (tmp_path / "x").write_text("mine")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_text() == "mine"


@pytest.mark.parametrize("folder", [True, False])
def test_where_nothing_can_be_written_is_said_at_once(folder: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkdtemp", refused)
    monkeypatch.setattr("tempfile.mkstemp", refused)
    with pytest.raises(TargetTaken, match="Permission denied"), written(tmp_path / "x", folder=folder):
        pass


def test_a_file_is_replaced_for_who_says_so(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("before")
    with written(tmp_path / "x", replace=True) as path:
        path.write_text("after")
        assert (tmp_path / "x").read_text() == "before"
    assert (tmp_path / "x").read_text() == "after"
