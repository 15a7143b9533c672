import time

import pytest
from frontmatter.default_handlers import YAMLHandler
from hypothesis import given
from hypothesis import strategies as st

from postkeep.errors import PostRejected
from postkeep.postfile import MAX_FRONT_MATTER, split


def rejected(content: bytes) -> PostRejected:
    with pytest.raises(PostRejected) as caught:
        split(content)
    return caught.value


def test_a_file_is_split_at_its_fences() -> None:
    found = split("---\ntitle: 茶\n---\n\n正文\n---\n完\n\n".encode())
    assert (found.front_matter.strip(), found.first_line, found.body) == ("title: 茶", 1, "正文\n---\n完")


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf"])
def test_line_ends_and_byte_order_marks_make_no_difference(ends: str, mark: bytes) -> None:
    text = "\n---\na: 1\n---\nb\n\nc\n"
    assert split(mark + text.replace("\n", ends).encode()) == split(text.encode())


def test_a_body_may_be_empty_and_hold_nulls() -> None:
    assert split(b"---\na: 1\n---").body == ""
    assert split(b"---\na: 1\n---\na\0b").body == "a\0b"


def test_the_front_matter_may_be_empty_and_the_fences_long() -> None:
    assert split(b"---\n---\nb").body == "b"
    assert split(b"----- \na: 1\n----\nb").front_matter.strip() == "a: 1"


@pytest.mark.parametrize("content", [b"", b"text", b"-- \na: 1\n---\n", b"\n\n", b"# ---\n", b"\xef\xbb\xbf", b"--- a: 1\n---\n"])
def test_a_file_without_front_matter_is_rejected(content: bytes) -> None:
    error = rejected(content)
    assert (error.reason, error.detail) == ("no-front-matter", "the file does not begin with a line of ---")


def test_an_unclosed_front_matter_is_rejected() -> None:
    error = rejected(b"---\na: 1\n")
    assert (error.reason, error.detail) == ("no-front-matter", "the front matter has no closing line of ---")


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"---\ntitle: " + "茶".encode("gbk") + b"\n---\n", "line 2, byte 11: not UTF-8: b2 e8 0a 2d"),
        (b"\xef\xbb\xbf---\r\na: 1\r\rb: \xff\r\n", "line 4, byte 17: not UTF-8: ff 0d 0a"),
        (b"---\na: \xe8\x8c", "line 2, byte 7: not UTF-8: e8 8c"),
        (b"---\na: \xed\xa0\x80\n---\n", "line 2, byte 7: not UTF-8: ed a0 80 0a"),
        ("---\n".encode("utf-16"), "line 1, byte 0: not UTF-8: ff fe 2d 00; it looks like UTF-16"),
        (b"\xfe\xff\0-", "line 1, byte 0: not UTF-8: fe ff 00 2d; it looks like UTF-16"),
        ("---\n".encode("utf-32"), "line 1, byte 0: not UTF-8: ff fe 00 00; it looks like UTF-32"),
        ("\ufeff---".encode("gb18030"), "line 1, byte 0: not UTF-8: 84 31 95 33; it looks like GB 18030"),
    ],
)
def test_bytes_that_are_no_utf_8_are_rejected_with_their_place(content: bytes, detail: str) -> None:
    error = rejected(content)
    assert (error.reason, error.detail) == ("not-utf-8", detail)


@pytest.mark.parametrize("character", ["x", "茶"])
def test_the_front_matter_is_bounded(character: str) -> None:
    room = (MAX_FRONT_MATTER - len("\na: \n")) // len(character.encode())
    assert split(f"---\na: {character * room}\n---\n".encode())
    error = rejected(f"---\na: {character * (room + 10)}\n---\n".encode())
    assert error.reason == "front-matter-too-large"
    assert error.detail.endswith(" bytes; the limit is 65,536")


@pytest.mark.parametrize("piece", [b"-", b"---\n", b"--- x\n", b" ", b"\r", b"\xef\xbb\xbf", b"---   ", b"\n---\n\n\n"])
def test_long_files_take_little_time(piece: bytes) -> None:
    content = b"---\na: 1\n" + piece * (2_000_000 // len(piece)) + b"x"
    begun = time.process_time()
    for written in (content, content[9:]):
        try:
            split(written)
        except PostRejected:
            continue
    assert time.process_time() - begun < 2


@given(st.text("-\n a:é\r", max_size=40))
def test_the_fences_are_python_frontmatters(text: str) -> None:
    # The library is asked for the same split, of text with the line ends and without the mark that we normalise.
    handler = YAMLHandler()
    normal = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    try:
        found = split(text.encode())
    except PostRejected:
        assert not handler.detect(normal) or len(handler.FM_BOUNDARY.split(normal, 2)) < 3
        return
    front_matter, body = handler.split(normal + "\n")
    assert (found.front_matter, found.body) == (front_matter, body.strip())
