import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postkeep_local.folder import (
    MAX_PICTURE_BYTES,
    Ignored,
    NotAPostFile,
    PictureFile,
    PostFile,
    Unusable,
    key_of,
    printable,
    walk,
)


def write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")


def keys(folder: Path, prefix: str = "") -> list[str]:
    return [found.key for found in walk(folder, prefix) if isinstance(found, PostFile)]


def test_posts_come_in_the_order_of_their_bytes(tmp_path: Path) -> None:
    write(tmp_path, "b.md", "a/z.txt", "a.html", "a/é.markdown", "茶/x.md", "B.md")
    assert keys(tmp_path) == ["B.md", "a.html", "a/z.txt", "a/é.markdown", "b.md", "茶/x.md"]


def test_the_prefix_is_put_before_every_key_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "b/c.md")
    assert keys(tmp_path, "old-") == ["old-a.md", "old-b/c.md"]


@pytest.mark.parametrize(
    "name", ["a b #1 100% +?&.md", "trailing .md", "“引號”｜🍵.md", "-- 18--05--21.md", "back\\slash.md", ".md", "a\u200bb.md"]
)
def test_odd_names_are_keys_byte_for_byte(tmp_path: Path, name: str) -> None:
    write(tmp_path, name)
    assert keys(tmp_path) == [name]


def test_two_normal_forms_of_a_name_stay_two(tmp_path: Path) -> None:
    write(tmp_path, "caf\u00e9.md", "cafe\u0301.md")
    if len(list(tmp_path.iterdir())) == 1:
        pytest.skip("this file system keeps one normal form")
    assert sorted(keys(tmp_path)) == ["cafe\u0301.md", "caf\u00e9.md"]


def test_what_is_no_post_is_ignored_and_told(tmp_path: Path) -> None:
    write(tmp_path, "notes.MD", "film.mp4", "picture.svg", "a.md", ".git/info.md")
    found = list(walk(tmp_path))
    assert [f.name for f in found if isinstance(f, Ignored)] == ["film.mp4", "notes.MD", "picture.svg"]
    assert keys(tmp_path) == ["a.md"]


def test_pictures_are_told_from_posts(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "images/b.jpg", "images/C.JPEG", "d.png.md", "茶.webp")
    assert keys(tmp_path) == ["a.md", "d.png.md"]
    assert [f.key for f in walk(tmp_path, "x/") if isinstance(f, PictureFile)] == [
        "x/images/C.JPEG",
        "x/images/b.jpg",
        "x/茶.webp",
    ]


def test_pictures_that_cannot_be_used_are_ignored(tmp_path: Path) -> None:
    outside = tmp_path / "secret.png"
    outside.write_bytes(b"secret")
    folder = tmp_path / "archive"
    write(folder, "large.png", "largest.png", "a" * 250 + ".png")
    for name, size in (("large.png", MAX_PICTURE_BYTES), ("largest.png", MAX_PICTURE_BYTES + 1)):
        with (folder / name).open("wb") as file:
            file.truncate(size)
    (folder / "leak.png").symlink_to(outside)
    (folder / "nowhere.png").symlink_to("gone.png")
    (folder / os.fsdecode(b"\xff.png")).write_bytes(b"x")
    found = list(walk(folder, "p/" * 400))
    assert [f.key for f in found if isinstance(f, PictureFile)] == ["p/" * 400 + "large.png", "p/" * 400 + "nowhere.png"]
    assert {f.name: f.reason for f in found if isinstance(f, Ignored)} == {
        "a" * 250 + ".png": "its key would have 1,054 bytes; S3 takes 1,024",
        "largest.png": "a picture of more than 20 MiB",
        "leak.png": "a link that leads out of the folder",
        "\\xff.png": "its name is not UTF-8, which keys must be",
    }
    assert not [f for f in found if isinstance(f, Unusable)]


def test_links_are_followed_to_files_inside_only(tmp_path: Path) -> None:
    archive, outside = tmp_path / "archive", tmp_path / "outside"
    write(archive, "real.md", "folder/x.md")
    write(outside, "secret.md")
    (archive / "inner.md").symlink_to("real.md")
    (archive / "leak.md").symlink_to(outside / "secret.md")
    (archive / "all").symlink_to(outside)
    (archive / "loop.md").symlink_to(archive)
    found = list(walk(archive))
    assert keys(archive) == ["folder/x.md", "inner.md", "real.md"]
    ignored = {f.name: f.reason for f in found if isinstance(f, Ignored)}
    assert set(ignored) == {"all", "leak.md", "loop.md"}
    assert "out of the folder" in ignored["leak.md"]


def test_a_dangling_link_is_left_to_fail_when_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "gone.md").symlink_to("nowhere.md")
    assert keys(tmp_path) == ["gone.md"]


def test_a_named_pipe_is_ignored(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    assert list(walk(tmp_path)) == [Ignored("pipe.md", "not a regular file")]


def test_a_name_that_is_not_utf_8_is_unusable(tmp_path: Path) -> None:
    if sys.platform == "darwin":
        pytest.skip("macOS keeps no such names")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xb2\xe8.md")).write_text("x", encoding="utf-8")
    (found,) = walk(tmp_path)
    assert isinstance(found, Unusable)
    assert found.name == "\\xb2\\xe8.md"
    assert "UTF-8" in found.reason


def test_an_unreadable_folder_is_told_and_the_rest_is_walked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a.md", "closed/b.md")
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert list(walk(tmp_path)) == [PostFile(tmp_path / "a.md", "a.md"), Unusable("closed", "Permission denied")]


def test_a_key_has_1024_bytes_at_most() -> None:
    assert key_of("茶" * 341, "p") == "p" + "茶" * 341
    with pytest.raises(NotAPostFile, match="1,026"):
        key_of("茶" * 342)


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_printable_text_holds_nothing_that_a_terminal_obeys(text: str) -> None:
    shown = printable(text)
    assert all(c.isprintable() or c in "\u3000\u00a0\u200d" for c in shown)
    shown.encode()


def test_printable_text_keeps_what_is_harmless() -> None:
    assert printable("「茶」　👩\u200d🍳 a\u00a0b") == "「茶」　👩\u200d🍳 a\u00a0b"
    assert printable("a\x1b[2Jb\nc\u202e\udcff\ud800") == "a\\x1b[2Jb\\nc\\u202e\\xff\\ud800"
