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
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_a_byte_order_mark_make_no_difference(ends: str, mark: bytes) -> None:
    text = "\n---\na: 1\n---\nb\n\nc\n"
    assert split(mark + text.replace("\n", ends).encode()) == split(text.encode())


def test_a_body_may_be_empty_and_hold_nulls() -> None:
    assert split(b"---\na: 1\n---").body == ""
    assert split(b"---\na: 1\n---\na\0b").body == "a\0b"


@pytest.mark.parametrize("content", [b"", b"text", b"-- \na: 1\n---\n", b"\n\n", b"# ---\n"])
def test_a_file_without_front_matter_is_rejected(content: bytes) -> None:
    assert rejected(content).reason == "no-front-matter"


def test_an_unclosed_front_matter_is_rejected() -> None:
    error = rejected(b"---\na: 1\n")
    assert (error.reason, error.detail) == ("no-front-matter", "the front matter has no closing line of ---")


def test_bytes_that_are_no_utf_8_are_rejected_with_their_place() -> None:
    error = rejected(b"---\ntitle: " + "茶".encode("gbk") + b"\n---\n")
    assert (error.reason, error.detail) == ("not-utf-8", "line 2, byte 11: not UTF-8: b2 e8 0a 2d")


def test_the_front_matter_is_bounded() -> None:
    room = MAX_FRONT_MATTER - len("\na: \n")
    assert split(b"---\na: " + b"x" * room + b"\n---\n")
    assert rejected(b"---\na: " + b"x" * (room + 10) + b"\n---\n").reason == "front-matter-too-large"


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
